"""Random programs that lean on loops, eager against compiled; the same bits on one thread and on three."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from limits import at_most
from loop_programs import LoopProgram, loop_programs

import gradus
from gradus.compiler.native import target
from gradus.tensor import Tensor

QUIET: dict[str, Any] = {"deadline": None, "suppress_health_check": list(HealthCheck)}
SECONDS = 120  # in which a program is compiled and run, on a busy machine
TOLERANCE = {"float64": 1e-9, "float32": 3e-4, "float16": 5e-2, "bfloat16": 3e-1}
ROUNDING = {"float64": 2.0**-52, "float32": 2.0**-23, "float16": 2.0**-10, "bfloat16": 2.0**-7}
STEPS_OF_ROUNDING = 100  # by so many times what one rounding of the arguments does results may be apart

pytestmark = pytest.mark.usefixtures("shared")


def _target(name: str) -> Any:
    found, host = getattr(target, name)(), target.host()
    return found if found.vector_bytes <= host.vector_bytes else host


def _ran(program: LoopProgram, dtype: str, threads: int, xs: list[Tensor]) -> list[np.ndarray]:
    gradus.set_num_threads(threads)
    compiled = gradus.compile(program.function(dtype), target=_target(program.target))
    first, again = compiled(*xs), compiled(*xs)
    assert [a.numpy().tobytes() for a in first] == [b.numpy().tobytes() for b in again]
    return [a.numpy() for a in first]


def compare(program: LoopProgram, dtype: str, threads: tuple[int, ...] = (3, 1)) -> None:
    with at_most(SECONDS, f"{program} in {dtype}"):
        _compare(program, dtype, threads)


def _compare(program: LoopProgram, dtype: str, threads: tuple[int, ...]) -> None:
    """To eager mode's results, as far as rounding leaves them determined."""
    function, xs = program.function(dtype), program.arguments(dtype)
    with np.errstate(all="ignore"):
        wanted = [t.numpy() for t in function(*xs)]
        moved = [
            [t.numpy() for t in function(*program.arguments(dtype, moved=sign * ROUNDING[dtype]))] for sign in (1, -1)
        ]
    found = [_ran(program, dtype, n, xs) for n in threads]
    assert all([a.tobytes() for a in f] == [a.tobytes() for a in found[0]] for f in found)
    for ours, theirs, *others in zip(found[0], wanted, *moved, strict=True):
        assert (ours.shape, ours.dtype) == (theirs.shape, theirs.dtype)
        a, b, *c = (x.astype(np.float64) for x in (ours, theirs, *others))
        known = np.isfinite(b) & np.all([np.isfinite(x) for x in c], axis=0)
        assert np.isfinite(a[known]).all()
        scale = max(1.0, np.abs(b[known]).max(initial=0))
        apart = max(np.abs(x[known] - b[known]).max(initial=0) for x in c)
        np.testing.assert_allclose(
            a[known], b[known], rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype] * scale + STEPS_OF_ROUNDING * apart
        )


@settings(max_examples=12, **QUIET)
@given(loop_programs())
def test_loops_in_float64(program: LoopProgram) -> None:
    compare(program, "float64", threads=(3,))


@settings(max_examples=5, **QUIET)
@given(loop_programs())
def test_loops_in_float32(program: LoopProgram) -> None:
    compare(program, "float32")


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@settings(max_examples=2, **QUIET)
@given(program=loop_programs())
def test_loops_in_half_precision(dtype: str, program: LoopProgram) -> None:
    compare(program, dtype)


@pytest.mark.long
@pytest.mark.parametrize("dtype", list(TOLERANCE))
@settings(max_examples=3_000, **QUIET)
@given(program=loop_programs())
def test_many_loops(dtype: str, program: LoopProgram) -> None:
    compare(program, dtype)
