"""Weights that are made of other numbers at each call: a length and a direction, or divided by what they stretch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from ... import random
from ...autograd import no_grad
from ...errors import ArgumentError
from ...functional.checks import at_least_one
from ...tensor import Tensor, tensor
from ..core.module import Module, Parameter

__all__ = ["remove_weight_norm", "spectral_norm", "weight_norm"]

M = TypeVar("M", bound=Module)


def _length(v: Tensor, axis: int | None) -> Tensor:
    """The root of the sum of squares over all axes but one."""
    if axis is None:
        return (v * v).sum().sqrt()
    return (v * v).sum(tuple(a for a in range(v.ndim) if a != axis % v.ndim), keepdims=True).sqrt()


def _parameter(module: Module, name: str) -> Tensor:
    found = dict(module.named_parameters()).get(name)
    if found is None:
        raise ArgumentError(f"{type(module).__name__} has no parameter {name!r} of its own to be made of others")
    return found


def _made(module: M, name: str, make: Callable[[Any], Tensor]) -> M:
    """Have an attribute worked out whenever it is asked for: by a class of the module's own, derived from its class."""
    kind = type(module)
    own = type(kind.__name__, (kind,), {name: property(make), "__doc__": kind.__doc__, "__module__": kind.__module__})
    object.__setattr__(module, "__class__", own)
    return module


def weight_norm(module: M, name: str = "weight", axis: int | None = 0) -> M:
    """The weight as a length g times a direction v / |v|, each trained (Salimans and Kingma, 2016).

    Args:
        module: which is changed, and given back: `weight_g` and `weight_v` take the place of `weight`.
        name: of the parameter.
        axis: each place along it has its length; None for one length.

    >>> from gradus import nn
    >>> [n for n, _ in weight_norm(nn.Linear(3, 2)).named_parameters()]
    ['bias', 'weight_g', 'weight_v']
    """
    weight = _parameter(module, name)
    with no_grad():
        length = _length(weight, axis)
    del vars(module)[name]
    setattr(module, f"{name}_g", Parameter(length))
    setattr(module, f"{name}_v", Parameter(weight))

    def make(owner: Any) -> Tensor:
        g, v = getattr(owner, f"{name}_g"), getattr(owner, f"{name}_v")
        return v * (g / _length(v, axis))  # type: ignore[no-any-return]

    return _made(module, name, make)


def remove_weight_norm(module: M, name: str = "weight") -> M:
    """`weight_norm` undone: the product is the parameter again.

    >>> from gradus import nn
    >>> [n for n, _ in remove_weight_norm(weight_norm(nn.Linear(3, 2))).named_parameters()]
    ['bias', 'weight']
    """
    if f"{name}_v" not in vars(module):
        raise ArgumentError(f"{type(module).__name__}: {name!r} has no weight norm to be taken away")
    with no_grad():
        weight = Parameter(getattr(module, name))
    del vars(module)[f"{name}_g"], vars(module)[f"{name}_v"]
    object.__setattr__(module, "__class__", next(k for k in type(module).__mro__ if name not in vars(k)))
    setattr(module, name, weight)
    return module


def spectral_norm(module: M, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12) -> M:
    """The weight divided by its largest singular value, so that it stretches nothing (Miyato et al., 2018).

    Which is u^T W v, with u and v kept as buffers and brought nearer at each call in training, by v <- W^T u / |W^T u|,
    u <- W v / |W v|. W is the weight with all axes after the first as one.

    Args:
        module: which is changed, and given back: `weight_orig` takes the place of `weight`.
        name: of the parameter.
        n_power_iterations: how often u and v are brought nearer at each call.

    >>> import gradus
    >>> from gradus import nn
    >>> layer = spectral_norm(nn.Linear(2, 2, bias=False), n_power_iterations=50)
    >>> layer(gradus.eye(2)).square().sum().item() <= 2.0001
    True
    """
    at_least_one("spectral_norm", n_power_iterations=n_power_iterations)
    weight = _parameter(module, name)
    rows = weight.shape[0]
    del vars(module)[name]
    setattr(module, f"{name}_orig", Parameter(weight))
    for which, size in (("u", rows), ("v", weight.size // max(rows, 1))):
        start = random.randn(size, dtype=weight.dtype)
        setattr(module, f"{name}_{which}", tensor(start / (start * start).sum().sqrt().maximum(eps)))

    def nearer(owner: Any, inputs: tuple[Any, ...]) -> None:
        w, u, v = (getattr(owner, f"{name}_{which}") for which in ("orig", "u", "v"))
        if not owner.training:
            return
        with no_grad():
            matrix, new_u, new_v = w.detach().reshape(rows, -1), u, v
            for _ in range(n_power_iterations):
                new_v = _unit(matrix.T @ new_u, eps)
                new_u = _unit(matrix @ new_v, eps)
            u.assign_(new_u)
            v.assign_(new_v)

    def make(owner: Any) -> Tensor:
        w, u, v = (getattr(owner, f"{name}_{which}") for which in ("orig", "u", "v"))
        largest = (u.copy() * (w.reshape(rows, -1) @ v.copy())).sum()  # copies, as both change before the backward
        return w / largest  # type: ignore[no-any-return]

    module.register_forward_pre_hook(nearer)
    return _made(module, name, make)


def _unit(x: Tensor, eps: float) -> Tensor:
    return x / (x * x).sum().sqrt().maximum(eps)
