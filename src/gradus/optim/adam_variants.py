"""Kin of Adam: by the largest gradient, with a look ahead, with a slow start."""

from __future__ import annotations

import numpy as np

from ..ops import where
from ..tensor import Tensor, tensor
from .adam import Adam
from .groups import Params
from .optimizer import Optimizer, Schedule, two_numbers

__all__ = ["Adamax", "NAdam", "RAdam"]


class Adamax(Optimizer):
    """Adamax (Kingma and Ba, 2015, section 7): p <- p - lr / (1 - beta1^t) m / u, with u <- max(beta2 u, |g| + eps).

    m <- beta1 m + (1 - beta1) g, as in Adam.

    Args:
        params, lr, weight_decay, maximize: see Optimizer.
        betas: how much of m and of u is kept, each in [0, 1).
        eps: keeps the quotient finite.

    >>> import gradus
    >>> x = gradus.tensor([1.0], "float64", requires_grad=True)
    >>> optimizer = Adamax([x], lr=0.1)
    >>> (x * x).backward()
    >>> optimizer.step()
    >>> round(x.item(), 6)
    0.9
    """

    elementwise = True
    betas: tuple[float, float]
    eps: float
    slots = ("m", "largest")

    def __init__(
        self,
        params: Params,
        lr: float | Schedule = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, lr, weight_decay, maximize, betas=two_numbers("Adamax", betas), eps=eps)

    def numbers(self, lr: Tensor, t: Tensor, present: np.ndarray) -> tuple[Tensor, ...]:
        return (lr / (1 - self.betas[0] ** t),)

    def update(self, p: Tensor, g: Tensor, state: dict[str, Tensor], *numbers: Tensor) -> Tensor:
        (lr,) = numbers
        beta1, beta2 = self.betas
        m = state["m"].assign_(beta1 * state["m"] + (1 - beta1) * g)
        u = state["largest"].assign_((beta2 * state["largest"]).maximum(g.absolute() + self.eps))
        return p - lr * m / u


class NAdam(Adam):
    """Adam with Nesterov's look ahead (Dozat, 2016): in place of m' what m' will be after this gradient.

    p <- p - lr ((1 - mu_t) / (1 - M_t) g + mu_{t+1} / (1 - M_t mu_{t+1}) m) / (sqrt(v') + eps), where
    mu_t = beta1 (1 - 0.96^(t momentum_decay) / 2) and M_t = mu_1 ... mu_t.

    Args:
        params, lr, weight_decay, maximize: see Optimizer.
        betas, eps: see Adam.
        momentum_decay: how fast mu rises to beta1.
        decoupled_weight_decay: weights decay apart from the gradient, as AdamW's.

    >>> import gradus
    >>> x = gradus.tensor([1.0], "float64", requires_grad=True)
    >>> optimizer = NAdam([x], lr=0.1)
    >>> (x * x).backward()
    >>> optimizer.step()
    >>> round(x.item(), 4)
    0.8944
    """

    elementwise = True
    momentum_decay: float

    def __init__(
        self,
        params: Params,
        lr: float | Schedule = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum_decay: float = 4e-3,
        maximize: bool = False,
        decoupled_weight_decay: bool = False,
    ) -> None:
        options = {"betas": two_numbers("NAdam", betas), "eps": eps, "momentum_decay": momentum_decay}
        decoupled = {"decoupled_weight_decay": decoupled_weight_decay}
        Optimizer.__init__(self, params, lr, weight_decay, maximize, **options, **decoupled)
        self._products = tensor(np.ones(len(self.params)))  # M of each

    def numbers(self, lr: Tensor, t: Tensor, present: np.ndarray) -> tuple[Tensor, ...]:
        beta1, beta2 = self.betas
        now, after = (beta1 * (1 - 0.5 * 0.96 ** (n * self.momentum_decay)) for n in (t, t + 1))
        new = self._products * now
        product = self._products.assign_(new if present.all() else where(tensor(present), new, self._products))
        return lr * (1 - now) / (1 - product), lr * after / (1 - product * after), (1 - beta2**t).sqrt()

    def update(self, p: Tensor, g: Tensor, state: dict[str, Tensor], *numbers: Tensor) -> Tensor:
        of_g, of_m, root = numbers
        m, v = self.averages(g, state)
        return p - (of_g * g + of_m * m) / (v.sqrt() / root + self.eps)

    def _tensors(self) -> dict[str, Tensor]:
        parts = self._parts or (self,)
        return super()._tensors() | {f"products.{k}": part._products for k, part in enumerate(parts)}  # type: ignore[attr-defined]


class RAdam(Adam):
    """Adam that waits for its second average (Liu et al., 2020): p <- p - lr r m' / sqrt(v'), or p - lr m' at first.

    rho = 2 / (1 - beta2) - 1, rho_t = rho - 2 t beta2^t / (1 - beta2^t), and where rho_t > 5
    r^2 = (rho_t - 4) (rho_t - 2) rho / ((rho - 4) (rho - 2) rho_t).

    Args:
        params, lr, weight_decay, maximize: see Optimizer.
        betas, eps: see Adam.
        decoupled_weight_decay: weights decay apart from the gradient, as AdamW's.

    >>> import gradus
    >>> x = gradus.tensor([1.0], "float64", requires_grad=True)
    >>> optimizer = RAdam([x], lr=0.1)
    >>> (x * x).backward()
    >>> optimizer.step()
    >>> round(x.item(), 6)
    0.8
    """

    elementwise = True

    def __init__(
        self,
        params: Params,
        lr: float | Schedule = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        maximize: bool = False,
        decoupled_weight_decay: bool = False,
    ) -> None:
        options = {"betas": two_numbers("RAdam", betas), "eps": eps}
        decoupled = {"decoupled_weight_decay": decoupled_weight_decay}
        Optimizer.__init__(self, params, lr, weight_decay, maximize, **options, **decoupled)

    def numbers(self, lr: Tensor, t: Tensor, present: np.ndarray) -> tuple[Tensor, ...]:
        beta1, beta2 = self.betas
        rho = 2 / (1 - beta2) - 1
        left = 1 - beta2**t
        now = rho - 2 * t * beta2**t / left
        ready = now > 5
        some = where(ready, now, 6)
        r = ((some - 4) * (some - 2) * rho / ((rho - 4) * (rho - 2) * some) * left).sqrt()
        lr = lr / (1 - beta1**t)
        return where(ready, 0, lr), where(ready, lr * r, 0)

    def update(self, p: Tensor, g: Tensor, state: dict[str, Tensor], *numbers: Tensor) -> Tensor:
        plain, adaptive = numbers
        m, v = self.averages(g, state)
        return p - plain * m - adaptive * m / (v.sqrt() + self.eps)
