"""Random programs, eager against compiled; the same bits on any number of threads, and in every run."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from limits import at_most
from programs import Program, programs

import gradus
from gradus import nn, optim
from gradus.compiler.native.runtime import set_num_threads
from gradus.nn import functional as F
from gradus.tensor import Tensor

TOLERANCE = {"float64": 1e-9, "float32": 3e-4}
QUIET: dict[str, Any] = {"deadline": None, "suppress_health_check": list(HealthCheck)}
DRAWS = int(os.environ.get("GRADUS_DRAWS", "25"))  # programs of each kind in a quick run
some, many = settings(max_examples=DRAWS, **QUIET), settings(max_examples=10_000, **QUIET)
SECONDS = 120  # in which a program is compiled and run, on a busy machine


def compare(program: Program, dtype: str, **options: Any) -> None:
    with at_most(SECONDS, f"{program} in {dtype}"):
        _compare(program, dtype, **options)


def _compare(program: Program, dtype: str, **options: Any) -> None:
    eager, eager_state = program.function(dtype)
    function, state = program.function(dtype)
    compiled = gradus.compile(function, **options)
    for seed in range(2):  # the second time the state is what the first left
        xs = program.arguments(dtype, seed)
        wanted, found = eager(*xs), compiled(*xs)
        assert len(wanted) == len(found)
        for a, b in zip([*found, *state], [*wanted, *eager_state], strict=True):
            assert (a.shape, a.dtype) == (b.shape, b.dtype)
            tolerance = TOLERANCE[dtype]
            scale = max(1.0, float(np.abs(b.numpy()).max())) if b.size else 1.0
            np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=tolerance, atol=tolerance * scale)


@some
@given(programs())
def test_programs_in_float64(program: Program) -> None:
    compare(program, "float64")


@some
@given(programs())
def test_programs_in_float32(program: Program) -> None:
    compare(program, "float32")


@some
@given(programs(joining=True))
def test_joining_programs_in_float64(program: Program) -> None:
    compare(program, "float64")


@some
@given(programs(joining=True))
def test_joining_programs_in_float32(program: Program) -> None:
    compare(program, "float32")


@pytest.mark.long
@many
@given(programs(joining=True))
def test_many_joining_programs_in_float64(program: Program) -> None:
    compare(program, "float64")


@pytest.mark.long
@many
@given(programs(joining=True))
def test_many_joining_programs_in_float32(program: Program) -> None:
    compare(program, "float32")


@pytest.mark.long
@many
@given(programs())
def test_many_programs_in_float64(program: Program) -> None:
    compare(program, "float64")


@pytest.mark.long
@many
@given(programs())
def test_many_programs_in_float32(program: Program) -> None:
    compare(program, "float32")


# -- the same bits ---------------------------------------------------------------------------------------------------


def bits(tensors: list[Tensor]) -> list[bytes]:
    return [t.numpy().tobytes() for t in tensors]


@pytest.mark.usefixtures("shared")
@settings(max_examples=6, **QUIET)
@given(programs())
def test_the_bits_do_not_depend_on_the_threads(program: Program) -> None:
    outcomes = []
    for threads in (1, 2, 4, 1):
        set_num_threads(threads)
        function, state = program.function("float32")
        compiled = gradus.compile(function)
        outcomes.append([bits([*compiled(*program.arguments("float32", seed)), *state]) for seed in range(2)])
    assert all(o == outcomes[0] for o in outcomes)


def _trained() -> list[bytes]:
    gradus.seed(3)
    model = nn.Sequential(nn.Linear(20, 40), nn.BatchNorm1d(40), nn.ReLU(), nn.Dropout(0.3), nn.Linear(40, 5))
    optimizer = optim.Adam(model.parameters(), 1e-2)
    x, y = gradus.rand(37, 20), gradus.randint(0, 5, (37,))

    @gradus.compile
    def step(x: Tensor, y: Tensor) -> Tensor:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    losses = [step(x, y) for _ in range(5)]
    return bits([*losses, *model.parameters()])


@pytest.mark.usefixtures("shared")
def test_training_with_dropout_gives_the_same_bits_on_any_number_of_threads_and_again() -> None:
    outcomes = []
    for threads in (1, 2, 4, 2):
        set_num_threads(threads)
        outcomes.append(_trained())
    assert all(o == outcomes[0] for o in outcomes)
