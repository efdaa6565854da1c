"""RMSprop: Adagrad that forgets."""

from __future__ import annotations

from ..tensor import Tensor
from .groups import Params
from .optimizer import Optimizer, Schedule

__all__ = ["RMSprop"]


class RMSprop(Optimizer):
    """RMSprop (Tieleman and Hinton, 2012): s <- alpha s + (1 - alpha) g^2;  p <- p - lr g / (sqrt(s) + eps).

    Centred, the variance takes the place of s: s - a^2, with a <- alpha a + (1 - alpha) g (Graves, 2013). With
    momentum, v <- momentum v + the quotient;  p <- p - lr v.

    Args:
        params, lr, weight_decay, maximize: see Optimizer.
        alpha: how much of the average of squares is kept, in [0, 1).
        eps: keeps the quotient finite.
        momentum: how much of the velocity is kept, in [0, 1).
        centered: divide by the standard deviation of the gradient.

    >>> import gradus
    >>> x = gradus.tensor([1.0], "float64", requires_grad=True)
    >>> optimizer = RMSprop([x], lr=0.01)
    >>> (x * x).backward()
    >>> optimizer.step()
    >>> round(x.item(), 6)
    0.9
    """

    elementwise = True
    alpha: float
    eps: float
    momentum: float
    centered: bool
    stateful = frozenset({"momentum", "centered"})

    def __init__(
        self,
        params: Params,
        lr: float | Schedule = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
        maximize: bool = False,
    ) -> None:
        self.slots = ("squares", *(["average"] if centered else []), *(["velocity"] if momentum else []))
        options = {"alpha": alpha, "eps": eps, "momentum": momentum, "centered": centered}
        super().__init__(params, lr, weight_decay, maximize, **options)

    def update(self, p: Tensor, g: Tensor, state: dict[str, Tensor], *numbers: Tensor) -> Tensor:
        (lr,) = numbers
        s = state["squares"].assign_(self.alpha * state["squares"] + (1 - self.alpha) * g * g)
        if self.centered:
            a = state["average"].assign_(self.alpha * state["average"] + (1 - self.alpha) * g)
            s = (s - a * a).maximum(0)  # rounding may take it below
        v = g / (s.sqrt() + self.eps)
        if self.momentum:
            v = state["velocity"].assign_(self.momentum * state["velocity"] + v)
        return p - lr * v
