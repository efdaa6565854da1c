"""Weights that are made of other numbers at each use: a length and a direction, or divided by what they stretch.

What makes a weight stands under its name in the module's `_made`, where `Module` looks for what it does not have.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from ... import random
from ...autograd import no_grad
from ...errors import ArgumentError
from ...functional.checks import at_least_one
from ...tensor import Tensor, tensor
from ..core.module import Module, Parameter

__all__ = ["remove_spectral_norm", "remove_weight_norm", "spectral_norm", "weight_norm"]

M = TypeVar("M", bound=Module)


def _length(v: Tensor, axis: int | None) -> Tensor:
    """The root of the sum of squares over all axes but one."""
    if axis is None:
        return (v * v).sum().sqrt()
    return (v * v).sum(tuple(a for a in range(v.ndim) if a != axis % v.ndim), keepdims=True).sqrt()


def _unit(x: Tensor, eps: float) -> Tensor:
    return x / (x * x).sum().sqrt().maximum(eps)


def _replace(module: Module, name: str, made: Callable[[Any], Tensor], others: dict[str, Tensor]) -> None:
    """Have a parameter made of other tensors, which take its place."""
    del vars(module)[name]
    for other, value in others.items():
        setattr(module, f"{name}_{other}", value)
    module._made = {**vars(module).get("_made", {}), name: made}


def _restore(module: M, name: str, kind: type, others: tuple[str, ...], what: str) -> M:
    """The parameter as it is made now, in place of what it is made of."""
    made = vars(module).get("_made", {})
    if not isinstance(made.get(name), kind):
        raise ArgumentError(f"{type(module).__name__}: {name!r} has no {what} norm to be taken away")
    with no_grad():
        weight = Parameter(made[name](module))
    for other in others:
        del vars(module)[f"{name}_{other}"]
    module._made = {n: m for n, m in made.items() if n != name}
    setattr(module, name, weight)
    return module


def _parameter(module: Module, name: str) -> Tensor:
    found = vars(module).get(name)
    if not isinstance(found, Tensor) or not found.requires_grad:
        raise ArgumentError(f"{type(module).__name__} has no parameter {name!r} of its own to be made of others")
    return found


@dataclass(frozen=True)
class _Direction:
    """v (g / |v|)."""

    name: str
    axis: int | None

    def __call__(self, module: Any) -> Tensor:
        g, v = getattr(module, f"{self.name}_g"), getattr(module, f"{self.name}_v")
        made: Tensor = v * (g / _length(v, self.axis))
        return made


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
    _replace(module, name, _Direction(name, axis), {"g": Parameter(length), "v": Parameter(weight)})
    return module


def remove_weight_norm(module: M, name: str = "weight") -> M:
    """`weight_norm` undone: the product is the parameter again.

    >>> from gradus import nn
    >>> [n for n, _ in remove_weight_norm(weight_norm(nn.Linear(3, 2))).named_parameters()]
    ['bias', 'weight']
    """
    return _restore(module, name, _Direction, ("g", "v"), "weight")


@dataclass(frozen=True)
class _Unstretched:
    """W / (u^T W v)."""

    name: str
    axis: int
    iterations: int
    eps: float

    def _of(self, module: Any) -> tuple[Tensor, Tensor, Tensor]:
        w, u, v = (getattr(module, f"{self.name}_{which}") for which in ("orig", "u", "v"))
        return w, u, v

    def matrix(self, w: Tensor) -> Tensor:
        """The weight with all axes but one as one."""
        others = [a for a in range(w.ndim) if a != self.axis]
        return w.permute(self.axis, *others).reshape(w.shape[self.axis], -1)

    def __call__(self, module: Any) -> Tensor:
        w, u, v = self._of(module)
        largest = (u.copy() * (self.matrix(w) @ v.copy())).sum()  # copies, as both change before the backward
        made: Tensor = w / largest
        return made

    def nearer(self, module: Any, inputs: tuple[Any, ...]) -> None:
        """Bring u and v nearer, in training: a hook before the forward."""
        w, u, v = self._of(module)
        if not module.training:
            return
        with no_grad():
            matrix, new_u, new_v = self.matrix(w.detach()), u, v
            for _ in range(self.iterations):
                new_v = _unit(matrix.T @ new_u, self.eps)
                new_u = _unit(matrix @ new_v, self.eps)
            u.assign_(new_u)
            v.assign_(new_v)


def spectral_norm(
    module: M, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12, axis: int | None = None
) -> M:
    """The weight divided by its largest singular value, so that it stretches nothing (Miyato et al., 2018).

    Which is u^T W v, with u and v kept as buffers and brought nearer at each call in training, by v <- W^T u / |W^T u|,
    u <- W v / |W v|. W is the weight with all axes but one as one.

    Args:
        module: which is changed, and given back: `weight_orig` takes the place of `weight`.
        name: of the parameter.
        n_power_iterations: how often u and v are brought nearer at each call.
        axis: of the rows of W: that of the outputs unless given, which is 1 for transposed convolutions.

    >>> import gradus
    >>> from gradus import nn
    >>> layer = spectral_norm(nn.Linear(2, 2, bias=False), n_power_iterations=50)
    >>> layer(gradus.eye(2)).square().sum().item() <= 2.0001
    True
    """
    at_least_one("spectral_norm", n_power_iterations=n_power_iterations)
    weight = _parameter(module, name)
    rows = int(getattr(module, "transposed", False)) if axis is None else axis
    made = _Unstretched(name, rows, n_power_iterations, eps)
    others: dict[str, Tensor] = {"orig": Parameter(weight)}
    for which, size in zip("uv", made.matrix(weight.detach()).shape, strict=True):
        start = random.randn(size, dtype=weight.dtype)
        others[which] = tensor(_unit(start, eps))
    _replace(module, name, made, others)
    module.register_forward_pre_hook(made.nearer)
    return module


def remove_spectral_norm(module: M, name: str = "weight") -> M:
    """`spectral_norm` undone: the quotient is the parameter again.

    >>> from gradus import nn
    >>> [n for n, _ in remove_spectral_norm(nn.spectral_norm(nn.Linear(3, 2))).named_parameters()]
    ['bias', 'weight']
    """
    made = vars(module).get("_made", {}).get(name)
    _restore(module, name, _Unstretched, ("orig", "u", "v"), "spectral")
    hooks = module._forward_pre_hooks
    module._forward_pre_hooks = tuple(h for h in hooks if getattr(h, "func", None) != getattr(made, "nearer", h))
    return module
