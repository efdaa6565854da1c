"""Gradient clipping, between `backward` and the optimizer's step. Gradients are replaced, never written into."""

from __future__ import annotations

import functools
from collections.abc import Iterable

from .. import dtypes
from ..autograd import no_grad
from ..functional.checks import in_range
from ..ops import stack
from ..ops.core.primitive import cast
from ..tensor import Tensor, tensor

__all__ = ["clip_grad_norm_", "clip_grad_value_"]


@no_grad()
def clip_grad_norm_(params: Iterable[Tensor], max_norm: float) -> Tensor:
    """Shrink all gradients by one factor, min(1, max_norm / norm), where norm is the length of all of them together.

    Keeps the direction of the step (Pascanu et al., 2013).

    Args:
        params: as from `model.parameters()`; those without a gradient are passed over.
        max_norm: the greatest length, 0 or more.

    Returns:
        The norm before clipping, of shape ().

    >>> import gradus
    >>> x = gradus.tensor([3.0, 4.0], requires_grad=True)
    >>> (x * x).sum().backward()
    >>> clip_grad_norm_([x], max_norm=1.0).item(), x.grad.numpy().round(3).tolist()
    (10.0, [0.6000000238418579, 0.800000011920929])
    """
    in_range("clip_grad_norm_", "max_norm", max_norm, "[0, inf]")
    owners = _with_gradient(params)
    if not owners:
        return tensor(0.0)
    wide = [cast(p.grad, dtypes.accumulator(p.dtype)) for p in owners]  # type: ignore[arg-type]
    squares = [(g * g).sum() for g in (cast(g, dtypes.float64) for g in wide)]  # of large numbers infinite in float32
    norm = stack(squares).sum().sqrt()
    factor = (max_norm / (norm + 1e-6)).minimum(1)
    for p, g in zip(owners, wide, strict=True):
        p.grad = cast(g * cast(factor, g.dtype), p.dtype)
    return cast(norm, functools.reduce(dtypes.promote, (g.dtype for g in wide)))


@no_grad()
def clip_grad_value_(params: Iterable[Tensor], value: float) -> None:
    """Take every element of the gradients into [-value, value].

    >>> import gradus
    >>> x = gradus.tensor([3.0, 0.1], requires_grad=True)
    >>> (x * x).sum().backward()
    >>> clip_grad_value_([x], 1.0)
    >>> x.grad
    tensor([1. , 0.2])
    """
    in_range("clip_grad_value_", "value", value, "[0, inf]")
    for p in _with_gradient(params):
        p.grad = p.grad.clip(-value, value)  # type: ignore[union-attr]


def _with_gradient(params: Iterable[Tensor]) -> list[Tensor]:
    listed = [params] if isinstance(params, Tensor) else params
    return [p for p in listed if p.grad is not None]
