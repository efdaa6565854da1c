"""Random programs, eager against compiled; the same bits on any number of threads, and in every run."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from programs import Program, programs

from gradus.compiler.compiled import compile

TOLERANCE = {"float64": 1e-9, "float32": 3e-4}
QUIET = dict(deadline=None, suppress_health_check=list(HealthCheck))


def compare(program: Program, dtype: str, **options: Any) -> None:
    eager, eager_state = program.function(dtype)
    function, state = program.function(dtype)
    compiled = compile(function, **options)
    for seed in range(2):  # the second time the state is what the first left
        xs = program.arguments(dtype, seed)
        wanted, found = eager(*xs), compiled(*xs)
        assert len(wanted) == len(found)
        for a, b in zip([*found, *state], [*wanted, *eager_state], strict=True):
            assert (a.shape, a.dtype) == (b.shape, b.dtype)
            tolerance = TOLERANCE[dtype]
            scale = max(1.0, float(np.abs(b.numpy()).max())) if b.size else 1.0
            np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=tolerance, atol=tolerance * scale)


@settings(max_examples=150, **QUIET)
@given(programs())
def test_programs_in_float64(program: Program) -> None:
    compare(program, "float64")


@settings(max_examples=150, **QUIET)
@given(programs())
def test_programs_in_float32(program: Program) -> None:
    compare(program, "float32")


@pytest.mark.long
@settings(max_examples=10_000, **QUIET)
@given(programs())
def test_many_programs_in_float64(program: Program) -> None:
    compare(program, "float64")


@pytest.mark.long
@settings(max_examples=10_000, **QUIET)
@given(programs())
def test_many_programs_in_float32(program: Program) -> None:
    compare(program, "float32")
