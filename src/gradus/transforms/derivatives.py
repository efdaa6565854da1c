"""Derivatives whole: along a direction, of every result to every number, and of second order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..autograd import enable_grad, grad, recording
from ..errors import ArgumentError, GradientError, ShapeError
from ..ops import eye
from ..tensor import Tensor
from .batching import vmap

Inputs = Tensor | tuple[Tensor, ...]


def _starts(name: str, inputs: Any) -> tuple[tuple[Tensor, ...], bool]:
    """The tensors to differentiate at, each as one of its own, and whether what is found goes on to those given."""
    given = (inputs,) if isinstance(inputs, Tensor) else tuple(inputs)
    if not given or not all(isinstance(x, Tensor) for x in given):
        raise ArgumentError(f"{name}: differentiates at a tensor or a tuple of tensors, got {inputs!r}")
    follow = recording() and any(x.requires_grad for x in given)
    return tuple(x.copy() if follow and x.requires_grad else x.detach().requires_grad_() for x in given), follow


def _value(name: str, function: Callable[..., Tensor], xs: tuple[Tensor, ...]) -> Tensor:
    with enable_grad():
        y = function(*xs)
    if not isinstance(y, Tensor):
        raise ArgumentError(f"{name}: the function gives one tensor, got a {type(y).__name__}")
    return y


def _as_given(found: tuple[Tensor, ...], inputs: Inputs) -> Any:
    return found[0] if isinstance(inputs, Tensor) else found


def jvp(function: Callable[..., Tensor], inputs: Inputs, directions: Inputs) -> tuple[Tensor, Tensor]:
    """function(*inputs), and its derivative along a direction: J v (as `jax.jvp`).

    Worked out by differentiating twice backwards: J^T u is linear in u, and its derivative to u along v is J v.

    >>> import gradus
    >>> x, v = gradus.tensor([1.0, 2.0]), gradus.tensor([1.0, 0.5])
    >>> gradus.jvp(lambda x: x * x, x, v)
    (tensor([1., 4.]), tensor([2., 2.]))
    """
    xs, follow = _starts("jvp", inputs)
    vs = (directions,) if isinstance(directions, Tensor) else tuple(directions)
    if [v.shape for v in vs] != [x.shape for x in xs]:
        raise ShapeError(f"jvp: the directions have shapes {[v.shape for v in vs]}, the inputs {[x.shape for x in xs]}")
    y = _value("jvp", function, xs)
    if not y.requires_grad:
        return y, y.full_like(0)
    with enable_grad():
        u = y.full_like(0).requires_grad_()
        gradients = grad(y, list(xs), u, create_graph=True)
        along = sum(((g * v).sum() for g, v in zip(gradients, vs, strict=True)), start=0 * u.sum())
        follow = follow or (recording() and any(v.requires_grad for v in vs))
        derivative = grad(along, u, create_graph=follow)
    return (y if follow else y.detach()), derivative


def jacobian(function: Callable[..., Tensor], inputs: Inputs) -> Any:
    """Every result's derivative to every number: of shape y.shape + x.shape (as `torch.autograd.functional.jacobian`).

    For a tuple of inputs, a tuple. All results are walked back at once, by `vmap`.

    >>> import gradus
    >>> gradus.jacobian(lambda x: x[:2] * x[1], gradus.tensor([1.0, 2.0, 3.0]))
    tensor([[2., 1., 0.],
            [0., 4., 0.]])
    """
    xs, follow = _starts("jacobian", inputs)
    y = _value("jacobian", function, xs)
    if not y.requires_grad:
        zeros = tuple(x.full_like(0).broadcast_to((*y.shape, *x.shape)) for x in xs)
        return _as_given(zeros, inputs)
    one_each = eye(y.size, dtype=y.dtype).reshape((y.size, *y.shape))
    rows = vmap(lambda g: grad(y, list(xs), g, create_graph=follow))(one_each)
    return _as_given(tuple(r.reshape((*y.shape, *x.shape)) for r, x in zip(rows, xs, strict=True)), inputs)


def hessian(function: Callable[..., Tensor], inputs: Inputs) -> Any:
    """The second derivatives of a function with one result: of shape x.shape + x.shape.

    For a tuple of inputs, a tuple of tuples.

    >>> import gradus
    >>> gradus.hessian(lambda x: x[0] ** 2 * x[1], gradus.tensor([1.0, 2.0]))
    tensor([[4., 2.],
            [2., 0.]])
    """

    def slope(i: int) -> Callable[..., Tensor]:
        def gradient(*xs: Tensor) -> Tensor:
            y = _value("hessian", function, xs)
            if y.size != 1:
                raise GradientError(f"hessian: of a function with one result, got shape {y.shape}. Use .sum().")
            if not y.requires_grad:
                return xs[i].full_like(0)
            found: Tensor = grad(y.reshape(()), list(xs), create_graph=True)[i]
            return found

        return gradient

    count = 1 if isinstance(inputs, Tensor) else len(inputs)
    return _as_given(tuple(jacobian(slope(i), inputs) for i in range(count)), inputs)


__all__ = ["hessian", "jacobian", "jvp"]
