"""Lion: only the sign of what momentum says."""

from __future__ import annotations

from ..tensor import Tensor
from .groups import Params
from .optimizer import Optimizer, Schedule, two_numbers

__all__ = ["Lion"]


class Lion(Optimizer):
    """Lion (Chen et al., 2023): p <- p - lr sign(beta1 m + (1 - beta1) g), then m <- beta2 m + (1 - beta2) g.

    The weight decay is AdamW's: first p <- p - lr weight_decay p. Rates are some ten times smaller than Adam's.

    Args:
        params, lr, maximize: see Optimizer.
        betas: how much of m counts in the step, and how much is kept, each in [0, 1).
        weight_decay: how fast weights shrink, in units of the learning rate.

    >>> import gradus
    >>> x = gradus.tensor([1.0], requires_grad=True)
    >>> optimizer = Lion([x], lr=0.25)
    >>> (x * x).backward()
    >>> optimizer.step()
    >>> x
    tensor([0.75], requires_grad=True)
    """

    elementwise = True
    betas: tuple[float, float]
    slots = ("m",)
    decoupled = True

    def __init__(
        self,
        params: Params,
        lr: float | Schedule = 1e-4,
        betas: tuple[float, float] = (0.9, 0.99),
        weight_decay: float = 0.0,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, lr, weight_decay, maximize, betas=two_numbers("Lion", betas))

    def update(self, p: Tensor, g: Tensor, state: dict[str, Tensor], *numbers: Tensor) -> Tensor:
        (lr,) = numbers
        beta1, beta2 = self.betas
        step: Tensor = (beta1 * state["m"] + (1 - beta1) * g).sign()
        state["m"].assign_(beta2 * state["m"] + (1 - beta2) * g)
        return p - lr * step
