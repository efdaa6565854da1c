"""Functions with loops, eagerly and compiled alike: what tests of loops have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

import gradus
from gradus.compiler.native.program import Program
from gradus.compiler.native.runtime import num_threads
from gradus.compiler.native.stages import Stages

T, N, H = 11, 5, 7


@pytest.fixture(autouse=True)
def shared_by_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """However small a program is."""
    monkeypatch.setattr("gradus.compiler.native.stages.WORTH_SHARING", 0)


def loops(compiled: Any) -> list[Stages]:
    """The bodies of the loops of a compiled function's last program."""
    program: Program = compiled._last.program
    return list(program.inner.values())


def everything(f: Callable[..., Any], xs: Sequence[gradus.Tensor]) -> list[gradus.Tensor]:
    """The results of a function, and the gradients of all that wants one."""
    leaves = [x.detach().requires_grad_() if x.dtype == gradus.float32 else x for x in xs]
    wanted = [x for x in leaves if x.requires_grad]
    results = f(*leaves)
    results = list(results) if isinstance(results, (list, tuple)) else [results]
    total = sum((r * r).sum() for r in results if r.requires_grad)
    found = list(gradus.grad(total, wanted)) if isinstance(total, gradus.Tensor) else []
    return [r.detach() for r in results] + found


def same(f: Callable[..., Any], *xs: gradus.Tensor, count: int | None = None, tolerance: float = 2e-5) -> Any:
    """Eagerly and compiled alike, on one thread and on three to the bit; `count` loops are left in the program."""
    expected = [t.numpy() for t in everything(f, xs)]
    runs = []
    for threads in (1, 3):
        before = num_threads()
        gradus.set_num_threads(threads)
        try:
            compiled = gradus.compile(lambda *given: everything(f, given))
            runs.append([t.numpy().copy() for t in compiled(*xs)])
            again = [t.numpy() for t in compiled(*xs)]
        finally:
            gradus.set_num_threads(before)
        assert all(map(np.array_equal, runs[-1], again))
    for e, one, three in zip(expected, *runs, strict=True):
        scale = 1 + np.abs(e).max(initial=0)
        np.testing.assert_allclose(one / scale, e / scale, rtol=0, atol=tolerance)
        assert np.array_equal(one, three)
    if count is not None:
        assert len(loops(compiled)) == count
    return compiled


def r(*shape: int, seed: int = 0) -> gradus.Tensor:
    rng = np.random.default_rng([seed, *shape])
    return gradus.tensor(rng.normal(size=shape).astype(np.float32))


def a_cell(s: Any, x: Any, w: Any) -> Any:
    h = gradus.tanh(s[0] @ w + x)
    return (h,), h
