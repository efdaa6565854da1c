"""The settings of PyTorch's optimizer tests through its optimizers and gradus's: weights after each of some steps."""

from __future__ import annotations

import itertools
import warnings
from typing import Any

import numpy as np
import torch
from torch.testing._internal.common_optimizers import optim_db

import gradus
from gradus import optim
from gradus.errors import GradusError

from .compare import DIFFERENT, EQUAL, FOREIGN, REFUSED, Verdict

SHAPES = ((3, 2), (4, 5), (2, 3), (5, 5))
STEPS = 6
TOLERANCE = {torch.float64: 1e-9, torch.float32: 2e-5}
# PyTorch's search along a line takes other points, too; all end where the loss changes by less than 1e-9.
COARSE = {"Muon": 1e-3, "NAdam": 1e-6}  # PyTorch rounds their steps to bfloat16, and a product to float32
EXPLAINED: dict[str, str] = {}


def verdicts(dtype: torch.dtype, compiled: bool, only: set[str] | None = None) -> dict[str, Any]:
    """What came of the settings of each optimizer; None for one that gradus does not have."""
    found: dict[str, list[Verdict] | None] = {}
    for info in optim_db:
        name = f"optim.{info.name}"
        if not only or name in only:
            ours = getattr(optim, info.name, None)
            given = info.optim_inputs_func(device="cpu", dtype=dtype)
            found[name] = None if ours is None else [verdict(ours, info, one.kwargs, dtype, compiled) for one in given]
    return found


def verdict(ours: Any, info: Any, settings: dict[str, Any], dtype: torch.dtype, compiled: bool) -> Verdict:
    """Compare some steps with one choice of settings.

    A parameter begins late, and another pauses; but for those that ask for the loss again, which stays the same.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            expected = _theirs(info.optim_cls, settings, dtype, info.step_requires_closure)
            found = _ours(ours, settings, dtype, info.step_requires_closure, compiled)
        except GradusError as problem:
            return Verdict(REFUSED, f"{type(problem).__name__}: {str(problem).splitlines()[0][:160]}")
        except Exception as problem:
            return Verdict(FOREIGN, f"{type(problem).__name__}: {str(problem)[:160]}")
    tolerance = max(TOLERANCE[dtype], COARSE.get(info.name, 0), 1e-6 * ("line_search_fn" in settings))
    for step, (one, other) in enumerate(zip(found, expected, strict=True), 1):
        for k, (a, b) in enumerate(zip(one, other, strict=True)):
            if not np.allclose(a, b, rtol=tolerance, atol=tolerance):
                return Verdict(DIFFERENT, f"{settings}: parameter {k} after step {step}")
    return Verdict(EQUAL)


def _numbers(same: bool) -> tuple[list[np.ndarray], list[list[np.ndarray]]]:
    """First values, and what each parameter is drawn to in each step."""
    rng = np.random.default_rng(0)
    first = [rng.normal(size=s) for s in SHAPES]
    aims = [[rng.normal(size=s) for s in SHAPES] for _ in range(STEPS)]
    return first, [aims[0]] * STEPS if same else aims


def _far(p: Any, t: Any) -> Any:
    """How far a parameter is from where it is drawn to: no parabola, whose bottom is found at once."""
    d = p - t
    return (d * d).sum() + (d * d * d * d).sum() / 10


def _takes_part(k: int, step: int) -> bool:
    """Parameter 1 has its first gradient in the third step; parameter 2 has none in the fourth."""
    return not (k == 1 and step < 2) and not (k == 2 and step == 3)


def _theirs(kind: Any, settings: dict[str, Any], dtype: torch.dtype, closure: bool) -> list[list[np.ndarray]]:
    first, aims = _numbers(closure)
    parameters = [torch.tensor(p, dtype=dtype, requires_grad=True) for p in first]
    optimizer, seen = kind(parameters, **settings), []
    for step, aim in enumerate(aims):
        targets = [torch.tensor(a, dtype=dtype) for a in aim]

        def loss(step: int = step, targets: Any = targets) -> Any:
            optimizer.zero_grad()
            pairs = enumerate(zip(parameters, targets, strict=True))
            pairs = [pair for k, pair in pairs if closure or _takes_part(k, step)]
            total = sum(_far(p, t) for p, t in pairs)
            total.backward()
            return total

        if not closure:
            loss()
        optimizer.step(*[loss] * closure)
        seen.append([p.detach().numpy().copy() for p in parameters])
    return seen


def _ours(
    kind: Any, settings: dict[str, Any], dtype: torch.dtype, closure: bool, compiled: bool
) -> list[list[np.ndarray]]:
    first, aims = _numbers(closure)
    name = str(dtype).removeprefix("torch.")
    parameters = [gradus.tensor(p, name, requires_grad=True) for p in first]
    options = {n: v.item() if isinstance(v, torch.Tensor) else v for n, v in settings.items()}
    optimizer, seen = kind(parameters, **options), []

    def loss(present: tuple[bool, ...], *targets: Any) -> Any:
        optimizer.zero_grad()
        total: Any = 0.0
        for p, t in itertools.compress(zip(parameters, targets, strict=True), present):
            total = total + _far(p, t)
        total.backward()
        return total

    def whole(present: tuple[bool, ...], *targets: Any) -> Any:
        total = loss(present, *targets)
        optimizer.step()
        return total.detach()

    program = gradus.compile(whole) if compiled else whole
    for step, aim in enumerate(aims):
        targets = [gradus.tensor(a, name) for a in aim]
        present = tuple(closure or _takes_part(k, step) for k in range(len(SHAPES)))
        if closure:
            optimizer.step(lambda present=present, targets=targets: loss(present, *targets))
        else:
            program(present, *targets)
        seen.append([p.numpy().copy() for p in parameters])
    return seen
