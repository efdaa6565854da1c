"""Other processors: the same results with narrower vectors and without fused multiplication; assembly for arm64."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from programs import Program, programs
from test_compiler_ops import CASES, arrays, check, one
from test_compiler_programs import compare

import gradus
from gradus import nn, optim
from gradus.compiler.native import target as targets
from gradus.compiler.native.program import Program as Native
from gradus.compiler.native.target import Target, arm64, avx2, avx512, host, sse2, told
from gradus.compiler.trace.trace import trace
from gradus.errors import ArgumentError
from gradus.nn import functional as F
from gradus.ops.core.primitive import Case, Function

X86 = platform.machine() in ("x86_64", "AMD64")
TARGETS = [avx512, avx2, sse2]
QUIET: dict[str, Any] = {"deadline": None, "suppress_health_check": list(HealthCheck)}
pytestmark = pytest.mark.skipif(not X86, reason="forces the features of x86-64 processors")


def runs(target: Target) -> bool:
    return target.vector_bytes <= host().vector_bytes


def test_a_target_can_be_told() -> None:
    assert told("") == told("host") == host()
    assert told(" sse2 , third_cache=4096 ") == replace(sse2(), third_cache=4096)
    assert told("first_cache=64") == replace(host(), first_cache=64)
    for text in (
        "sse3",
        "sse2,caches=1",
        "sse2,first_cache=",
        "sse2,first_cache",
        "sse2,first_cache=0",
        "avx2;",
        ",",
        "a=1",
    ):
        with pytest.raises(ArgumentError, match=r"GRADUS_TARGET=.*host, sse2.*first_cache=BYTES"):
            told(text)


def test_a_target_that_this_processor_lacks_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(targets, "host", sse2)
    with pytest.raises(ArgumentError, match=r"GRADUS_TARGET='avx2': this processor, x86-64, lacks avx2"):
        told("avx2")


PROGRAM = """
import gradus
f = gradus.compile(lambda x: x + 1)
f(gradus.zeros(3))
print(f.explain().splitlines()[-1], "/", gradus.compiler.num_threads())
"""


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"GRADUS_TARGET": "sse2", "GRADUS_THREADS": "3!"}, "for x86-64, vectors of 16 bytes / 3"),
        ({"GRADUS_TARGET": "pentium"}, "ArgumentError: GRADUS_TARGET='pentium' names no target"),
        ({"GRADUS_THREADS": "many"}, "ArgumentError: GRADUS_THREADS='many' is no number of threads"),
    ],
)
def test_what_the_surroundings_say_is_compiled_for(variables: dict[str, str], said: str) -> None:
    path = {"PYTHONPATH": str(Path(gradus.__file__).parents[1])}
    command = [sys.executable, "-c", PROGRAM]
    run = subprocess.run(command, capture_output=True, text=True, env=os.environ | path | variables)
    assert said in run.stdout + run.stderr


def blocked(x: gradus.Tensor, y: gradus.Tensor) -> gradus.Tensor:
    return x @ y + 1


@pytest.mark.parametrize("make", TARGETS)
@pytest.mark.parametrize("third", [1, 1 << 14, 1 << 22])
def test_the_caches_decide_how_products_are_cut(make: Any, third: int) -> None:
    if not runs(make()):
        pytest.skip("this processor lacks it")
    target = replace(make(), first_cache=256, second_cache=1 << 16, third_cache=third)
    rng = np.random.default_rng(third)
    x, y = (gradus.tensor(rng.normal(size=n), "float32") for n in ((45, 530), (530, 70)))
    f = gradus.compile(blocked, target=target)
    np.testing.assert_allclose(f(x, y).numpy(), x.numpy().astype(float) @ y.numpy() + 1, atol=1e-4)
    (tiling,) = f._last.program.tilings.values()
    assert tiling.blocked is (third < 1 << 22)
    assert tiling.chunk == 1


@pytest.mark.parametrize("make", [avx2, sse2])
@pytest.mark.parametrize(("f", "c"), CASES)
def test_the_op_table(f: Function, c: Case, make: Any) -> None:
    if not runs(make()):
        pytest.skip("this processor lacks it")
    dtype = "float32" if c.dtype == "float64" else c.dtype
    check(lambda *xs: one(c.call(f.function, xs)), arrays(c, dtype), target=make())


def compare_on(make: Any, program: Program) -> None:
    if runs(make()):
        compare(program, "float32", target=make())


@pytest.mark.parametrize("make", TARGETS)
@settings(max_examples=12, **QUIET)
@given(program=programs())
def test_random_programs(make: Any, program: Program) -> None:
    compare_on(make, program)


@pytest.mark.long
@pytest.mark.parametrize("make", TARGETS)
@settings(max_examples=3000, **QUIET)
@given(program=programs())
def test_many_random_programs(make: Any, program: Program) -> None:
    compare_on(make, program)


@pytest.mark.parametrize("make", TARGETS)
@pytest.mark.parametrize("n", [1, 5, 17, 40])
def test_products_in_blocks_of_any_width(make: Any, n: int) -> None:
    if not runs(make()):
        pytest.skip("this processor lacks it")
    rng = np.random.default_rng(n)
    for dtype in ("float32", "float64"):
        a, b = gradus.tensor(rng.normal(size=(30, n)), dtype), gradus.tensor(rng.normal(size=(n, 35)), dtype)
        check(lambda a, b: a @ b + 1, [a, b], target=make())
        check(lambda a, b: a @ b.T, [a, gradus.tensor(b.numpy().T.copy())], target=make())


@pytest.mark.parametrize("make", TARGETS)
@pytest.mark.parametrize("size", [1, 15, 16, 63, 64, 65, 200])
def test_random_numbers_are_the_same_everywhere(make: Any, size: int) -> None:
    if not runs(make()):
        pytest.skip("this processor lacks it")
    gradus.seed(7)
    expected = [gradus.rand(size).numpy() for _ in range(2)]
    gradus.seed(7)
    draw = gradus.compile(lambda: gradus.rand(size), target=make())
    for e in expected:
        np.testing.assert_array_equal(draw().numpy(), e)


def assembly(target: Target) -> str:
    """A training step of a small net as assembly."""
    model = nn.Sequential(nn.Linear(20, 32), nn.Tanh(), nn.Linear(32, 10))
    optimizer = optim.SGD(model.parameters(), 0.1)
    x, y = gradus.rand(16, 20), gradus.randint(0, 10, (16,))

    def step() -> Any:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    tracer, loss = trace(step)
    return target.assembly(Native(tracer.finish([loss]), target).text())


def test_arm64_has_vector_instructions() -> None:
    text = assembly(arm64())
    assert "fmla\tv" in text
    assert ".4s" in text
    assert "ldr\tq" in text or "ldp\tq" in text


@pytest.mark.parametrize(("make", "has", "lacks"), [(avx512, "zmm", None), (avx2, "ymm", "zmm"), (sse2, "xmm", "ymm")])
def test_registers_are_those_of_the_target(make: Any, has: str, lacks: str | None) -> None:
    text = assembly(make())
    assert has in text
    assert lacks is None or lacks not in text
    assert ("vfmadd" in text) is (make is not sse2)
