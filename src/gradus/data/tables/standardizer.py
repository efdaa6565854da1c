"""Standardizer: numbers to predict, brought to mean 0 and deviation 1, and back."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np

from ...errors import DataError
from ...names.elsewhere import tell
from ...tensor import Tensor

__all__ = ["Standardizer"]


@dataclass(frozen=True)
class Standardizer:
    """z = (v - mean) / std, where v is y, or log y; and back.

    Args:
        mean: of v, in the units of y (of log y, without a unit, when `log` is set).
        std: of v, in the same units.
        log: y is positive and spreads over orders of magnitude, as prices do.
        name: what y is.

    >>> scale = Standardizer.fit([1.0, 3.0])
    >>> scale.transform([1.0, 5.0]).tolist(), scale.inverse(np.array([-1.0, 3.0])).tolist()
    ([-1.0, 3.0], [1.0, 5.0])
    """

    mean: float
    std: float
    log: bool = False
    name: str = ""

    @classmethod
    def fit(cls, y: Any, log: bool = False, name: str = "") -> Self:
        """The mean and standard deviation of y, numbers of any shape; y that is all one number is not divided."""
        v = _logarithm(y, name) if log else np.asarray(y, np.float64)
        mean, std = float(v.mean()), float(v.std())
        if not np.isfinite(mean) or not np.isfinite(std):
            raise DataError(f"{name or 'the target'} is not finite everywhere: fill or leave out what is missing")
        return cls(mean, divisor(mean, std), log, name)

    def transform(self, y: Any) -> np.ndarray:
        """y standardised, float32 of the same shape."""
        v = _logarithm(y, self.name) if self.log else np.asarray(y, np.float64)
        return ((v - self.mean) / self.std).astype(np.float32)

    def inverse(self, z: Any) -> Any:
        """Predictions, a Tensor or an array, in the units of y again."""
        values: Any = z if isinstance(z, Tensor) else np.asarray(z)
        v = values * self.std + self.mean
        if not self.log:
            return v
        return v.exp() if isinstance(v, Tensor) else np.exp(v)

    def to_json(self) -> str:
        """The standardiser as JSON text."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The standardiser that `to_json` wrote."""
        try:
            return cls(**json.loads(text))
        except (TypeError, ValueError) as problem:
            raise DataError(f"this is no Standardizer written by to_json: {problem}") from None


def divisor(mean: float, std: float) -> float:
    """The deviation, or 1 where it is nothing but the rounding of equal numbers."""
    return std if std > 1e-14 * abs(mean) else 1.0


def _logarithm(y: Any, name: str) -> np.ndarray:
    values = np.asarray(y, np.float64)
    if not (values > 0).all():
        place = np.argwhere(~(values > 0))[0]
        raise DataError(
            f"{name or 'the target'} must be above 0 for a logarithm; number {place.tolist()} is {values[tuple(place)]}"
        )
    return np.log(values)


tell(Standardizer, "data.Standardizer")
