"""From where to where an argument's numbers are drawn, and the drawing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ...errors import ArgumentError
from ...random import Generator
from ...tensor import Tensor

Range = tuple[float, float]


def ends(where_: str, name: str, value: Any, least: float = -math.inf, most: float = math.inf) -> Range:
    """Two numbers, the first not above the second, both within bounds.

    >>> ends("ColorJitter", "hue", (-0.1, 0.7), -0.5, 0.5)
    Traceback (most recent call last):
    gradus.errors.ArgumentError: ColorJitter: hue is two numbers from -0.5 to 0.5, in order, got (-0.1, 0.7)
    """
    two: list[Any] = [*value] if isinstance(value, Sequence) and len(value) == 2 else []
    if not two or not all(isinstance(v, (int, float)) for v in two) or not least <= two[0] <= two[1] <= most:
        raise ArgumentError(f"{where_}: {name} is two numbers from {least:g} to {most:g}, in order, got {value!r}")
    return float(two[0]), float(two[1])


def around(where_: str, name: str, value: Any, middle: float, least: float, most: float = math.inf) -> Range:
    """Two numbers as they are; of one the range from `middle` less it to `middle` and it.

    >>> around("ColorJitter", "brightness", 0.25, 1, 0)
    (0.75, 1.25)
    """
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if not value >= 0:
            raise ArgumentError(f"{where_}: {name} is a number of 0 or more, or a range of two, got {value!r}")
        value = max(middle - float(value), least), middle + float(value)
    return ends(where_, name, value, least, most)


def uniform(numbers: Generator, n: int, between: Range) -> Tensor:
    """A number for each sample, (n,), all between two equally likely; where these are one, exactly that."""
    low, high = between
    drawn: Tensor = numbers.rand(n) * (high - low) + low
    return drawn
