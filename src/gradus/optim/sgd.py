"""Stochastic gradient descent, with momentum; and the average of where plain steps have been."""

from __future__ import annotations

import numpy as np

from ..errors import ArgumentError
from ..ops import where
from ..tensor import Tensor
from .groups import Params
from .optimizer import Optimizer, Schedule

__all__ = ["ASGD", "SGD"]


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


class ASGD(Optimizer):
    """Averaged stochastic gradient descent (Polyak and Juditsky, 1992): p <- (1 - lambd eta) p - eta g.

    In step t, eta = lr / (1 + lambd lr (t - 1))^alpha. The average of p from step t0 on is in `state`, as "average"; it
    is not what the model computes with: `optim.AveragedModel` is a model that does.

    Args:
        params, lr, weight_decay, maximize: see Optimizer.
        lambd: how fast weights shrink, and the rate falls.
        alpha: the power with which it falls, in [0, 1).
        t0: the step from which on the average is taken; before it is p itself.

    >>> import gradus
    >>> x = gradus.tensor([1.0], requires_grad=True)
    >>> optimizer = ASGD([x], lr=0.1, lambd=0.0)
    >>> (x * x).backward()
    >>> optimizer.step()
    >>> x, optimizer.state[0]["average"]
    (tensor([0.8], requires_grad=True), tensor([0.8]))
    """

    elementwise = True
    lambd: float
    alpha: float
    t0: float
    slots = ("average",)
    ranges = {**Optimizer.ranges, "lambd": "[0, inf)", "t0": "[0, inf)"}  # noqa: RUF012 - it stands in the base

    def __init__(
        self,
        params: Params,
        lr: float | Schedule = 1e-2,
        lambd: float = 1e-4,
        alpha: float = 0.75,
        t0: float = 1e6,
        weight_decay: float = 0.0,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, lr, weight_decay, maximize, lambd=lambd, alpha=alpha, t0=t0)

    def numbers(self, lr: Tensor, t: Tensor, present: np.ndarray) -> tuple[Tensor, ...]:
        return lr / (1 + self.lambd * lr * (t - 1)) ** self.alpha, 1 / (t - 1 - self.t0).maximum(1.0)

    def update(self, p: Tensor, g: Tensor, state: dict[str, Tensor], *numbers: Tensor) -> Tensor:
        eta, mu = numbers
        p = p * (1 - self.lambd * eta) - eta * g
        average = state["average"]
        average.assign_(average * (1 - mu) + p * mu)
        return p
