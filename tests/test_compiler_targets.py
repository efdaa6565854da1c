"""Other processors: the same results with narrower vectors and without fused multiplication; assembly for arm64."""

from __future__ import annotations

import platform
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from programs import Program, programs
from test_compiler_ops import CASES, arrays, check
from test_compiler_programs import compare

import gradus
from gradus import nn, optim
from gradus.compiler.program import Program as Native
from gradus.compiler.target import Target, arm64, avx2, avx512, host, sse2
from gradus.compiler.trace import trace
from gradus.nn import functional as F
from gradus.ops.primitive import Case, Function

X86 = platform.machine() in ("x86_64", "AMD64")
TARGETS = [avx512, avx2, sse2]
QUIET: dict[str, Any] = {"deadline": None, "suppress_health_check": list(HealthCheck)}
pytestmark = pytest.mark.skipif(not X86, reason="forces the features of x86-64 processors")


def runs(target: Target) -> bool:
    return target.vector_bytes <= host().vector_bytes


@pytest.mark.parametrize("make", [avx2, sse2])
@pytest.mark.parametrize(("f", "c"), CASES)
def test_the_op_table(f: Function, c: Case, make: Any) -> None:
    if not runs(make()):
        pytest.skip("this processor lacks it")
    dtype = "float32" if c.dtype == "float64" else c.dtype
    check(lambda *xs: f.function(*xs, *c.args, **c.params), arrays(c, dtype), target=make())


@pytest.mark.parametrize("make", TARGETS)
@settings(max_examples=40, **QUIET)
@given(program=programs())
def test_random_programs(make: Any, program: Program) -> None:
    if runs(make()):
        compare(program, "float32", target=make())


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
