"""Standardizer: numbers to predict, brought to mean 0 and deviation 1, and back."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np

from ...bounded.saved import made, parsed
from ...errors import DataError
from ...functional.checks import floats
from ...names.elsewhere import tell
from ...tensor import Tensor

__all__ = ["Standardizer"]

_FAR = 400  # the exponent from which on squares, and sums of them, may leave float64


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
        v = _logarithm(y, name) if log else floats("Standardizer", name or "the target", y)
        if not v.size:
            raise DataError(f"{name or 'the target'} holds no numbers to learn a mean from")
        if not np.isfinite(v).all():
            raise DataError(f"{name or 'the target'} is not finite everywhere: fill or leave out what is missing")
        mean, std = spread(v)
        return cls(mean, std, log, name)

    def transform(self, y: Any) -> np.ndarray:
        """y standardised, float32 of the same shape."""
        v = _logarithm(y, self.name) if self.log else floats("Standardizer", self.name or "the target", y)
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
            found = made(cls, parsed(text))
            if found.std <= 0:
                raise ValueError(f"std is {found.std}; expected a number above 0")
        except (AttributeError, TypeError, ValueError) as problem:
            raise DataError(f"this is no Standardizer written by to_json: {problem}") from None
        return found


def spread(v: np.ndarray) -> tuple[float, float]:
    """The mean and the deviation of finite numbers; 1 where that is nothing but the rounding of equal ones.

    Squares of numbers beyond 1e154 are none, nor those below 1e-162: a power of two brings them near 1, which rounds
    nothing.

    >>> spread(np.array([1e200, 3e200]))
    (2e+200, 1e+200)
    """
    exponent = int(np.frexp(np.abs(v).max())[1])
    exponent = exponent if abs(exponent) > _FAR else 0
    near = np.ldexp(v, -exponent)
    mean, std = float(near.mean()), float(near.std())
    std = std if std > 1e-14 * abs(mean) else 0.0
    return float(np.ldexp(mean, exponent)), float(np.ldexp(std, exponent)) or 1.0


def _logarithm(y: Any, name: str) -> np.ndarray:
    values = floats("Standardizer", name or "the target", y)
    if not (values > 0).all():
        place = np.argwhere(~(values > 0))[0]
        raise DataError(
            f"{name or 'the target'} must be above 0 for a logarithm; number {place.tolist()} is {values[tuple(place)]}"
        )
    logarithms: np.ndarray = np.log(values)
    return logarithms


tell(Standardizer, "data.Standardizer")
