"""PyTorch's reductions of what a mask leaves: in gradus `where`, with what changes nothing in place of the rest."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import gradus
from gradus.nn import functional as F


def _kept(x: Any, mask: Any, other: float) -> Any:
    return x if mask is None else gradus.where(mask, x, other)


def _reduced(function: Callable[..., Any], neutral: float) -> Callable[..., Any]:
    """A reduction, of neutral numbers where the mask is false."""

    def reduced(x: Any, dim: Any = None, *, keepdim: bool = False, mask: Any = None, dtype: Any = None) -> Any:
        x = x if dtype is None else x.astype(dtype)
        return function(_kept(x, mask, neutral), dim, keepdims=keepdim)

    return reduced


def _along(function: Callable[..., Any], neutral: float) -> Callable[..., Any]:
    """A function along an axis, likewise."""

    def along(x: Any, dim: int, *, mask: Any = None, dtype: Any = None) -> Any:
        x = x if dtype is None else x.astype(dtype)
        return function(_kept(x, mask, neutral), dim)

    return along


def _mean(x: Any, dim: Any = None, *, keepdim: bool = False, mask: Any = None, dtype: Any = None) -> Any:
    return _average(x, dim, keepdim, mask)


def _average(x: Any, dim: Any, keepdims: bool, mask: Any) -> Any:
    there = gradus.ones_like(x) if mask is None else gradus.where(mask, 1.0, gradus.zeros_like(x))
    return (_kept(x, mask, 0)).sum(dim, keepdims=keepdims) / there.sum(dim, keepdims=keepdims)


def _var(
    x: Any,
    dim: Any = None,
    unbiased: bool | None = None,
    *,
    correction: float | None = None,
    keepdim: bool = False,
    mask: Any = None,
    dtype: Any = None,
) -> Any:
    ddof = correction if correction is not None else 1 if unbiased is None else int(unbiased)
    there = gradus.ones_like(x) if mask is None else gradus.where(mask, 1.0, gradus.zeros_like(x))
    away = _kept(x - _average(x, dim, True, mask), mask, 0)
    count = there.sum(dim, keepdims=keepdim) - ddof
    return (away * away).sum(dim, keepdims=keepdim) / gradus.maximum(count, 0)


def _norm(
    x: Any, ord: float = 2, dim: Any = None, *, keepdim: bool = False, mask: Any = None, dtype: Any = None
) -> Any:
    return gradus.norm(_kept(x, mask, math.inf if ord == -math.inf else 0), ord, dim, keepdim)


def _normalize(x: Any, ord: float, dim: int, *, eps: float = 1e-12, mask: Any = None, dtype: Any = None) -> Any:
    x = _kept(x, mask, 0)
    return x / gradus.maximum(gradus.norm(x, ord, dim, keepdims=True), eps)


def _logaddexp(x: Any, y: Any, *, dtype: Any = None, input_mask: Any = None, other_mask: Any = None) -> Any:
    return gradus.logaddexp(_kept(x, input_mask, -math.inf), _kept(y, other_mask, -math.inf))


MASKED: dict[str, Callable[..., Any]] = {
    "masked.sum": _reduced(gradus.sum, 0),
    "masked.prod": _reduced(gradus.prod, 1),
    "masked.amax": _reduced(gradus.max, -math.inf),
    "masked.amin": _reduced(gradus.min, math.inf),
    "masked.argmax": _reduced(lambda x, *args, **k: gradus.argmax(x, *args, **k).astype(x.dtype), -math.inf),
    "masked.argmin": _reduced(lambda x, *args, **k: gradus.argmin(x, *args, **k).astype(x.dtype), math.inf),
    "masked.logsumexp": _reduced(gradus.logsumexp, -math.inf),
    "masked.mean": _mean,
    "masked.var": _var,
    "masked.std": lambda *args, **options: gradus.sqrt(_var(*args, **options)),
    "masked.norm": _norm,
    "masked.normalize": _normalize,
    "masked.logaddexp": _logaddexp,
    "masked.cumsum": _along(gradus.cumsum, 0),
    "masked.cumprod": _along(gradus.cumprod, 1),
    "masked.softmax": _along(F.softmax, -math.inf),
    "masked.log_softmax": _along(F.log_softmax, -math.inf),
    "masked.softmin": _along(F.softmin, math.inf),
}
