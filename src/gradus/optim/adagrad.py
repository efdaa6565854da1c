"""Adagrad: a learning rate for each number, smaller the larger its gradients were."""

from __future__ import annotations

import numpy as np

from ..tensor import Tensor
from .groups import Params
from .optimizer import Optimizer, Schedule

__all__ = ["Adagrad"]


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
