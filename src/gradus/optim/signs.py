"""Steps by the signs of gradients: of momentum, and of each gradient with the one before."""

from __future__ import annotations

from ..errors import ArgumentError
from ..functional.checks import in_range
from ..ops import where
from ..tensor import Tensor, tensor
from .groups import Params
from .optimizer import Optimizer, Schedule, two_numbers

__all__ = ["Lion", "Rprop"]


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


class Rprop(Optimizer):
    """Rprop (Riedmiller and Braun, 1993): p <- p - s sign(g), for whole data sets, not for batches.

    s <- 1.2 s where g has the sign it had, 0.5 s where it has the other; there the step is left out, and the next one
    is made with s as it is.

    Args:
        params, weight_decay, maximize: see Optimizer.
        lr: what s is at first.
        etas: the factors of s, in (0, 1) where signs differ, and above 1 where they agree.
        step_sizes: the smallest and the largest s.

    >>> import gradus
    >>> x = gradus.tensor([1.0], requires_grad=True)
    >>> optimizer = Rprop([x], lr=0.25)
    >>> (x * x).backward()
    >>> optimizer.step()
    >>> x
    tensor([0.75], requires_grad=True)
    """

    elementwise = True
    etas: tuple[float, float]
    step_sizes: tuple[float, float]
    slots = ("before", "size")

    def __init__(
        self,
        params: Params,
        lr: float | Schedule = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50.0),
        weight_decay: float = 0.0,
        maximize: bool = False,
    ) -> None:
        less, more = two_numbers("Rprop", etas, "etas")
        in_range("Rprop", "etas[0]", less, "(0, 1)")
        in_range("Rprop", "etas[1]", more, "(1, inf)")
        smallest, largest = two_numbers("Rprop", step_sizes, "step_sizes")
        if not 0 <= smallest <= largest:
            raise ArgumentError(f"Rprop: step_sizes are the smallest and the largest, got {step_sizes!r}")
        self.starts = {"size": float(lr(tensor(0.0, "float64")) if callable(lr) else lr)}
        super().__init__(params, lr, weight_decay, maximize, etas=(less, more), step_sizes=(smallest, largest))

    def update(self, p: Tensor, g: Tensor, state: dict[str, Tensor], *numbers: Tensor) -> Tensor:
        same = (g * state["before"]).sign()
        size, (less, more) = state["size"], self.etas
        size = size.assign_(where(same > 0, size * more, where(same < 0, size * less, size)).clip(*self.step_sizes))
        g = state["before"].assign_(where(same < 0, 0, g))
        return p - size * g.sign()
