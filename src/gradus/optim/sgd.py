"""Stochastic gradient descent, plain and with momentum."""

from __future__ import annotations

from collections.abc import Iterable

from ..errors import ArgumentError
from ..tensor import Tensor
from .optimizer import Optimizer, Schedule


class SGD(Optimizer):
    """Stochastic gradient descent: p <- p - lr g; with momentum, a velocity v gathers the gradients.

    v <- momentum v + g;  p <- p - lr v, or with Nesterov's look ahead p <- p - lr (g + momentum v).

    Args:
        momentum: how much of the velocity is kept, in [0, 1).
        nesterov: look ahead (Nesterov, 1983; in this form Sutskever et al., 2013); needs a momentum.

    >>> import gradus
    >>> x = gradus.tensor([1.0], requires_grad=True)
    >>> optimizer = SGD([x], lr=0.1)
    >>> (x * x).backward()
    >>> optimizer.step()
    >>> x.tolist()
    [0.800000011920929]
    """

    slots = ("velocity",)

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float | Schedule,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float = 0.0,
    ) -> None:
        if not 0 <= momentum < 1:
            raise ArgumentError(f"momentum must be in [0, 1), got {momentum}")
        if nesterov and not momentum:
            raise ArgumentError("nesterov=True needs a momentum above 0")
        self.momentum, self.nesterov = momentum, nesterov
        if not momentum:
            self.slots = ()
        super().__init__(params, lr, weight_decay)

    def update(self, p: Tensor, g: Tensor, state: dict[str, Tensor], lr: Tensor) -> None:
        if self.momentum:
            v = state["velocity"].assign_(self.momentum * state["velocity"] + g)
            g = g + self.momentum * v if self.nesterov else v
        p.assign_(p - lr * g)
