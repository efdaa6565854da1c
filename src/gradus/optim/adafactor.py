"""Adafactor: of the squares of a matrix's gradients, those of rows and of columns."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import dtypes
from ..frozen import Frozen
from ..functional.checks import in_range
from ..nn.core.unsized import require_sized
from ..ops import zeros
from ..tensor import Tensor
from .groups import Params
from .optimizer import Optimizer, Schedule

__all__ = ["Adafactor"]


class Adafactor(Optimizer):
    """Adafactor (Shazeer and Stern, 2018): p <- p - max(eps2, rms(p)) rho u / max(1, rms(u) / d), u = g / sqrt(v).

    v is an average of g^2, of which t^beta2_decay is new in step t; of a matrix those of rows and of columns are kept,
    whose product, divided by the rows' mean, is v: m + n numbers in place of m n. rho = min(lr, 1 / sqrt(t)).

    Args:
        params, lr, maximize: see Optimizer.
        beta2_decay: the power of t, 0 or less.
        eps: what keeps the quotients finite, by default what the dtype can tell from 1; and the least size of steps.
        d: how large u is at most, 1 or more.
        weight_decay: how fast weights shrink, in units of the learning rate.

    >>> import gradus
    >>> x = gradus.tensor([1.0], "float64", requires_grad=True)
    >>> optimizer = Adafactor([x], lr=0.1)
    >>> (x * x).backward()
    >>> optimizer.step()
    >>> round(x.item(), 6)
    0.9
    """

    beta2_decay: float
    eps: tuple[float | None, float]
    d: float
    decoupled = True
    ranges = {  # noqa: RUF012 - it stands in the base as a ClassVar
        **{name: interval for name, interval in Optimizer.ranges.items() if name != "eps"},
        "beta2_decay": "(-inf, 0]",
        "d": "[1, inf)",
    }

    def __init__(
        self,
        params: Params,
        lr: float | Schedule = 1e-2,
        beta2_decay: float = -0.8,
        eps: tuple[float | None, float] = (None, 1e-3),
        d: float = 1.0,
        weight_decay: float = 0.0,
        maximize: bool = False,
    ) -> None:
        least, smallest = eps
        for number in (0.0 if least is None else least, smallest):
            in_range("Adafactor", "eps", number, "[0, inf)")
        options: dict[str, Any] = {"beta2_decay": beta2_decay, "eps": (least, smallest), "d": d}
        super().__init__(params, lr, weight_decay, maximize, **options)

    def _state_of(self, p: Tensor) -> Frozen:
        require_sized("Adafactor", [p])
        wide = dtypes.accumulator(p.dtype)
        if p.ndim < 2:
            return Frozen({"squares": zeros(p.shape, wide)})
        rows, columns = (*p.shape[:-1], 1), (*p.shape[:-2], 1, p.shape[-1])
        return Frozen({"rows": zeros(rows, wide), "columns": zeros(columns, wide)})

    def numbers(self, lr: Tensor, t: Tensor, present: np.ndarray) -> tuple[Tensor, ...]:
        return lr, lr.minimum(1 / t.sqrt()), t**self.beta2_decay

    def decayed(self, p: Tensor, g: Tensor, lr: Tensor) -> tuple[Tensor, Tensor]:
        return p, g  # in `update`: the size of steps is that of the weights before

    def update(self, p: Tensor, g: Tensor, state: dict[str, Tensor], *numbers: Tensor) -> Tensor:
        lr, rho, new = numbers
        least = float(np.finfo(p.dtype).eps) if self.eps[0] is None else self.eps[0]
        u = g / self._squares(g * g, state, new, least).maximum(least * least).sqrt()
        step = _rms(p).maximum(self.eps[1]) * rho / (_rms(u) / self.d).maximum(1.0)
        return p * (1 - lr * self.weight_decay) - step * u

    def _squares(self, square: Tensor, state: dict[str, Tensor], new: Tensor, least: float) -> Tensor:
        """The averages of the gradients' squares."""
        if "squares" in state:
            return state["squares"].assign_(state["squares"] * (1 - new) + square * new)
        rows = state["rows"].assign_(state["rows"] * (1 - new) + square.mean(-1, keepdims=True) * new)
        columns = state["columns"].assign_(state["columns"] * (1 - new) + square.mean(-2, keepdims=True) * new)
        return rows @ columns / rows.mean(-2, keepdims=True).maximum(least)


def _rms(x: Tensor) -> Tensor:
    """The root of the mean square."""
    root: Tensor = (x * x).sum().sqrt() / math.sqrt(x.size)
    return root
