"""Stochastic gradient descent, plain and with momentum."""

from __future__ import annotations

from collections.abc import Iterable

from ..errors import ArgumentError
from ..tensor import Tensor
from .optimizer import Optimizer, Schedule

__all__ = ["SGD"]


class SGD(Optimizer):
    """Stochastic gradient descent: p <- p - lr g; with momentum, a velocity v gathers the gradients.

    v <- momentum v + g;  p <- p - lr v, or with Nesterov's look ahead p <- p - lr (g + momentum v).

    Args:
        params, lr, weight_decay: see Optimizer.
        momentum: how much of the velocity is kept, in [0, 1) (Polyak, 1964).
        nesterov: look ahead (Nesterov, 1983; in this form Sutskever et al., 2013); needs a momentum.

    >>> import gradus
    >>> x = gradus.tensor([1.0], requires_grad=True)
    >>> optimizer = SGD([x], lr=0.1)
    >>> (x * x).backward()
    >>> optimizer.step()
    >>> x
    tensor([0.8], requires_grad=True)
    """

    momentum: float
    nesterov: bool

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float | Schedule,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float = 0.0,
    ) -> None:
        if nesterov and not momentum:
            raise ArgumentError("SGD: nesterov=True needs a momentum above 0")
        self.slots = ("velocity",) if momentum else ()
        super().__init__(params, lr, weight_decay, momentum=momentum, nesterov=nesterov)

    def update(self, p: Tensor, g: Tensor, state: dict[str, Tensor], *numbers: Tensor) -> Tensor:
        (lr,) = numbers
        if self.momentum:
            v = state["velocity"].assign_(self.momentum * state["velocity"] + g)
            g = g + self.momentum * v if self.nesterov else v
        return p - lr * g
