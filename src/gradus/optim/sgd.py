"""Stochastic gradient descent, plain and with momentum."""

from __future__ import annotations

import numpy as np

from ..errors import ArgumentError
from ..ops import where
from ..tensor import Tensor
from .groups import Params
from .optimizer import Optimizer, Schedule

__all__ = ["SGD"]


class SGD(Optimizer):
    """Stochastic gradient descent: p <- p - lr g; with momentum, a velocity v gathers the gradients.

    v <- momentum v + (1 - dampening) g, the first time g;  p <- p - lr v, or with Nesterov's look ahead
    p <- p - lr (g + momentum v).

    Args:
        params, lr, weight_decay, maximize: see Optimizer.
        momentum: how much of the velocity is kept, in [0, 1) (Polyak, 1964).
        nesterov: look ahead (Nesterov, 1983; in this form Sutskever et al., 2013); needs a momentum.
        dampening: how much less of the gradient enters the velocity, in [0, 1].

    >>> import gradus
    >>> x = gradus.tensor([1.0], requires_grad=True)
    >>> optimizer = SGD([x], lr=0.1)
    >>> (x * x).backward()
    >>> optimizer.step()
    >>> x
    tensor([0.8], requires_grad=True)
    """

    elementwise = True
    momentum: float
    nesterov: bool
    dampening: float
    stateful = frozenset({"momentum"})

    def __init__(
        self,
        params: Params,
        lr: float | Schedule = 1e-3,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float = 0.0,
        dampening: float = 0.0,
        maximize: bool = False,
    ) -> None:
        if nesterov and (not momentum or dampening):
            raise ArgumentError("SGD: nesterov=True needs a momentum above 0, and no dampening")
        self.slots = ("velocity",) if momentum else ()
        options = {"momentum": momentum, "nesterov": nesterov, "dampening": dampening}
        super().__init__(params, lr, weight_decay, maximize, **options)

    def numbers(self, lr: Tensor, t: Tensor, present: np.ndarray) -> tuple[Tensor, ...]:
        return (lr, where(t == 1, 1.0, 1 - self.dampening)) if self.dampening else (lr,)

    def update(self, p: Tensor, g: Tensor, state: dict[str, Tensor], *numbers: Tensor) -> Tensor:
        lr, *share = numbers
        if self.momentum:
            new = share[0] * g if share else g
            v = state["velocity"].assign_(self.momentum * state["velocity"] + new)
            g = g + self.momentum * v if self.nesterov else v
        return p - lr * g
