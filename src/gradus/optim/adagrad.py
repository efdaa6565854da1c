"""Adagrad: a learning rate for each number, smaller the larger its gradients were."""

from __future__ import annotations

from collections.abc import Iterable

from ..tensor import Tensor
from .optimizer import Optimizer, Schedule

__all__ = ["Adagrad"]


class Adagrad(Optimizer):
    """Adagrad (Duchi et al., 2011): s <- s + g^2;  p <- p - lr g / (sqrt(s) + eps).

    Args:
        params, lr, weight_decay: see Optimizer.
        eps: keeps the quotient finite.

    >>> import gradus
    >>> x = gradus.tensor([1.0], requires_grad=True)
    >>> optimizer = Adagrad([x], lr=0.1)
    >>> (x * x).backward()
    >>> optimizer.step()
    >>> x
    tensor([0.9], requires_grad=True)
    """

    eps: float
    slots = ("squares",)

    def __init__(
        self, params: Iterable[Tensor], lr: float | Schedule = 1e-2, weight_decay: float = 0.0, eps: float = 1e-10
    ) -> None:
        super().__init__(params, lr, weight_decay, eps=eps)

    def update(self, p: Tensor, g: Tensor, state: dict[str, Tensor], *numbers: Tensor) -> Tensor:
        (lr,) = numbers
        s = state["squares"].assign_(state["squares"] + g * g)
        return p - lr * g / (s.sqrt() + self.eps)
