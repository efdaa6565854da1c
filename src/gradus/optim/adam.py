"""Adam, and AdamW, which decays the weights apart from the gradient."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tensor import Tensor
from .groups import Params
from .optimizer import Optimizer, Schedule, two_numbers

__all__ = ["Adam", "AdamW"]


class Adam(Optimizer):
    """Adam (Kingma and Ba, 2015): p <- p - lr m' / (sqrt(v') + eps), from running averages of g and g^2.

    m <- beta1 m + (1 - beta1) g;  v <- beta2 v + (1 - beta2) g^2; as both start at 0, after t steps
    m' = m / (1 - beta1^t) and v' = v / (1 - beta2^t).

    Args:
        params, lr, weight_decay, maximize: see Optimizer.
        betas: how much of the averages of g and of g^2 is kept, each in [0, 1).
        eps: keeps the quotient finite.
        amsgrad: divide by the largest v' so far (Reddi et al., 2018).

    >>> import gradus
    >>> x = gradus.tensor([1.0], "float64", requires_grad=True)
    >>> optimizer = Adam([x], lr=0.1)
    >>> (x * x).backward()
    >>> optimizer.step()
    >>> round(x.item(), 6)
    0.9
    """

    elementwise = True
    betas: tuple[float, float]
    eps: float
    amsgrad: bool = False
    slots: tuple[str, ...] = ("m", "v")
    stateful = frozenset({"amsgrad"})

    def __init__(
        self,
        params: Params,
        lr: float | Schedule = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        amsgrad: bool = False,
        maximize: bool = False,
    ) -> None:
        if amsgrad:
            self.slots = ("m", "v", "largest")
        options: dict[str, Any] = {"betas": two_numbers(type(self).__name__, betas), "eps": eps, "amsgrad": amsgrad}
        super().__init__(params, lr, weight_decay, maximize, **options)

    def numbers(self, lr: Tensor, t: Tensor, present: np.ndarray) -> tuple[Tensor, ...]:
        beta1, beta2 = self.betas
        root = (1 - beta2**t).sqrt()  # p's step, by it above and below: a division of v' less for each element
        return lr / (1 - beta1**t) * root, self.eps * root

    def update(self, p: Tensor, g: Tensor, state: dict[str, Tensor], *numbers: Tensor) -> Tensor:
        lr, eps = numbers
        m, v = self.averages(g, state)
        if self.amsgrad:
            v = state["largest"].assign_(state["largest"].maximum(v))
        return p - lr * m / (v.sqrt() + eps)

    def averages(self, g: Tensor, state: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        """m and v, with this gradient in them."""
        beta1, beta2 = self.betas
        m = state["m"].assign_(beta1 * state["m"] + (1 - beta1) * g)
        return m, state["v"].assign_(beta2 * state["v"] + (1 - beta2) * g * g)


class AdamW(Adam):
    """Adam with decoupled weight decay (Loshchilov and Hutter, 2019): first p <- p - lr weight_decay p, then Adam.

    Args:
        params, lr, maximize: see Optimizer.
        betas, eps, amsgrad: see Adam.
        weight_decay: how fast weights shrink, in units of the learning rate.

    >>> import gradus
    >>> x = gradus.tensor([1.0], "float64", requires_grad=True)
    >>> optimizer = AdamW([x], lr=0.1, weight_decay=0.5)
    >>> (x * x).backward()
    >>> optimizer.step()
    >>> round(x.item(), 6)
    0.85
    """

    elementwise = True
    decoupled = True

    def __init__(
        self,
        params: Params,
        lr: float | Schedule = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad, maximize)
