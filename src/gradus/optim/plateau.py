"""A learning rate that falls when a metric no longer improves."""

from __future__ import annotations

import math
from typing import Any

from ..errors import CheckpointError, one_of
from ..functional.checks import in_range
from ..tensor import Tensor, tensor
from .optimizer import Optimizer

__all__ = ["ReduceOnPlateau"]

_KEPT = ("best", "bad", "cooling")


class ReduceOnPlateau:
    """Multiplies an optimizer's rate by `factor` when a metric has not improved for more than `patience` calls.

    Works on `optimizer.scale`, so beside any schedule. It looks at a number, so it belongs after an epoch, not into a
    compiled step.

    Args:
        optimizer: whose rate falls.
        mode: "min" if the metric should fall, "max" if it should rise.
        factor: what the rate is multiplied by, in (0, 1).
        patience: how many calls without improvement are borne.
        threshold: the least improvement that counts, relative to the best so far.
        cooldown: how many calls after a reduction are not counted.
        min_lr: the rate, of several groups the smallest, is not taken below it.

    >>> import gradus
    >>> optimizer = gradus.optim.SGD([gradus.tensor([1.0], requires_grad=True)], lr=0.1)
    >>> plateau = ReduceOnPlateau(optimizer, factor=0.5, patience=1)
    >>> for loss in [1.0, 0.9, 0.9, 0.9]:
    ...     plateau.step(loss)
    >>> optimizer.lr
    0.05
    """

    def __init__(
        self,
        optimizer: Optimizer,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ) -> None:
        where = type(self).__name__
        one_of(where, "mode", mode, ("min", "max"))
        in_range(where, "factor", factor, "(0, 1)")
        counts = {"patience": patience, "threshold": threshold, "cooldown": cooldown, "min_lr": min_lr}
        for name, value in counts.items():
            in_range(where, name, value, "[0, inf)")
        self.optimizer, self.mode = optimizer, mode
        self.factor, self.patience, self.threshold = factor, patience, threshold
        self.cooldown, self.min_lr = cooldown, min_lr
        self.best = math.inf if mode == "min" else -math.inf
        self.bad = self.cooling = 0

    def step(self, metric: float | Tensor) -> None:
        """Tell the metric's newest value; NaN counts as no improvement."""
        value = float(metric)
        if self._better(value):
            self.best, self.bad = value, 0
        else:
            self.bad += 1
        if self.cooling:
            self.cooling, self.bad = self.cooling - 1, 0
        if self.bad > self.patience:
            self._reduce()
            self.bad, self.cooling = 0, self.cooldown

    def _better(self, value: float) -> bool:
        if math.isinf(self.best):
            return value < self.best if self.mode == "min" else value > self.best
        margin = self.threshold * abs(self.best)
        return value < self.best - margin if self.mode == "min" else value > self.best + margin

    def _reduce(self) -> None:
        rate = min(group["lr"] for group in self.optimizer.param_groups) * self.optimizer.scale.item()
        if rate > self.min_lr:
            factor = max(self.factor, self.min_lr / rate)
            self.optimizer.scale.assign_(self.optimizer.scale * factor)

    def state_dict(self) -> dict[str, Tensor]:
        """What changes from call to call; the scale is in the optimizer's."""
        return {name: tensor(float(getattr(self, name)), "float64") for name in _KEPT}

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        """Go on from a saved state."""
        if set(saved) != set(_KEPT):
            raise CheckpointError(f"this state is not of a ReduceOnPlateau: it holds {sorted(saved)}, not {_KEPT}")
        self.best = float(saved["best"])
        self.bad, self.cooling = int(float(saved["bad"])), int(float(saved["cooling"]))
