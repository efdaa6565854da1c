"""A learning rate for each number, smaller the larger its gradients were: always, or lately."""

from __future__ import annotations

import numpy as np

from ..tensor import Tensor
from .groups import Params
from .optimizer import Optimizer, Schedule

__all__ = ["Adadelta", "Adagrad"]


class Adagrad(Optimizer):
    """Adagrad (Duchi et al., 2011): s <- s + g^2;  p <- p - lr g / (sqrt(s) + eps).

    Args:
        params, lr, weight_decay, maximize: see Optimizer.
        eps: keeps the quotient finite.
        lr_decay: the rate is divided by 1 + lr_decay t, t steps after the first.
        initial_accumulator_value: where s starts.

    >>> import gradus
    >>> x = gradus.tensor([1.0], requires_grad=True)
    >>> optimizer = Adagrad([x], lr=0.1)
    >>> (x * x).backward()
    >>> optimizer.step()
    >>> x
    tensor([0.9], requires_grad=True)
    """

    elementwise = True
    eps: float
    lr_decay: float
    initial_accumulator_value: float
    slots = ("squares",)

    def __init__(
        self,
        params: Params,
        lr: float | Schedule = 1e-2,
        weight_decay: float = 0.0,
        eps: float = 1e-10,
        lr_decay: float = 0.0,
        initial_accumulator_value: float = 0.0,
        maximize: bool = False,
    ) -> None:
        start = initial_accumulator_value
        options = {"eps": eps, "lr_decay": lr_decay, "initial_accumulator_value": start}
        self.starts = {"squares": start}
        super().__init__(params, lr, weight_decay, maximize, **options)

    def numbers(self, lr: Tensor, t: Tensor, present: np.ndarray) -> tuple[Tensor, ...]:
        return (lr / (1 + (t - 1) * self.lr_decay) if self.lr_decay else lr,)

    def update(self, p: Tensor, g: Tensor, state: dict[str, Tensor], *numbers: Tensor) -> Tensor:
        (lr,) = numbers
        s = state["squares"].assign_(state["squares"] + g * g)
        return p - lr * g / (s.sqrt() + self.eps)


class Adadelta(Optimizer):
    """Adadelta (Zeiler, 2012): p <- p - lr d, with d = sqrt(u + eps) / sqrt(s + eps) g.

    s <- rho s + (1 - rho) g^2 and then u <- rho u + (1 - rho) d^2.

    Args:
        params, lr, weight_decay, maximize: see Optimizer.
        rho: how much of the averages of squares is kept, in [0, 1).
        eps: keeps the quotient finite, and starts the first steps.

    >>> import gradus
    >>> x = gradus.tensor([1.0], "float64", requires_grad=True)
    >>> optimizer = Adadelta([x], eps=1e-2)
    >>> (x * x).backward()
    >>> optimizer.step()
    >>> round(x.item(), 4)
    0.6877
    """

    elementwise = True
    rho: float
    eps: float
    slots = ("squares", "steps_squared")

    def __init__(
        self,
        params: Params,
        lr: float | Schedule = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0.0,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, lr, weight_decay, maximize, rho=rho, eps=eps)

    def update(self, p: Tensor, g: Tensor, state: dict[str, Tensor], *numbers: Tensor) -> Tensor:
        (lr,) = numbers
        s = state["squares"].assign_(self.rho * state["squares"] + (1 - self.rho) * g * g)
        d = ((state["steps_squared"] + self.eps) / (s + self.eps)).sqrt() * g
        state["steps_squared"].assign_(self.rho * state["steps_squared"] + (1 - self.rho) * d * d)
        return p - lr * d
