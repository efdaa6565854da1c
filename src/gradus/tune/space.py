"""The space of hyper-parameters: ranges and choices, and their places in the unit cube, in which samplers look."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np

from ..errors import ArgumentError


@dataclass(frozen=True)
class Range:
    """The numbers from `low` to `high`, both included.

    Args:
        low, high: the ends.
        log: equal shares of the range are equal factors, as suits a learning rate: 10^U(log10 low, log10 high).
        whole: whole numbers only.

    Raises:
        ArgumentError: ends that are no range, or a logarithm of what is not above 0.

    >>> Range(1e-6, 1e-2).at(0.5)
    0.0001
    >>> Range(16, 256, whole=True).at(0.5)
    64
    """

    low: float
    high: float
    log: bool = True
    whole: bool = False

    def __post_init__(self) -> None:
        if not all(isinstance(end, Real) for end in (self.low, self.high)):
            raise ArgumentError(f"a range goes from a number to a larger one, got {self.low!r} to {self.high!r}")
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise ArgumentError(f"a range goes from a number to a larger one, got {self.low!r} to {self.high!r}")
        if self.log and self.low <= 0:
            raise ArgumentError(f"a logarithmic range begins above 0, got {self.low:g}. Or give log=False.")
        if self.whole and not (float(self.low).is_integer() and float(self.high).is_integer()):
            raise ArgumentError(f"a range of whole numbers has whole ends, got {self.low!r} to {self.high!r}")

    @property
    def width(self) -> int:
        """Coordinates in the unit cube: one."""
        return 1

    def at(self, u: float) -> float | int:
        """The number at a place from 0 to 1."""
        low, high = self._scaled(self.low), self._scaled(self.high)
        x = low + u * (high - low)
        x = min(max(float(f"{10**x:.12g}") if self.log else x, self.low), self.high)
        return round(x) if self.whole else x

    def place(self, value: Any) -> list[float]:
        """The place, from 0 to 1, of a number."""
        low, high = self._scaled(self.low), self._scaled(self.high)
        return [(self._scaled(value) - low) / (high - low)]

    def of(self, u: Sequence[float]) -> float | int:
        """The number at these coordinates."""
        return self.at(float(u[0]))

    def _scaled(self, x: float) -> float:
        return math.log10(x) if self.log else float(x)

    def __str__(self) -> str:
        return f"{self.low:g}:{self.high:g}"


@dataclass(frozen=True)
class Choice:
    """One of several values: names, or numbers that have no order.

    In the unit cube it has a coordinate for each; the largest one is chosen.

    >>> Choice(("sgd", "adam")).of([0.2, 0.7])
    'adam'
    """

    options: tuple[Any, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "options", tuple(self.options))
        if not all(isinstance(option, str | Real | None) for option in self.options):
            raise ArgumentError(f"a choice is among names and numbers, got {list(self.options)}")
        if len(self.options) < 2 or len(set(self.options)) < len(self.options):
            raise ArgumentError(f"a choice is among two or more different values, got {list(self.options)}")

    @property
    def width(self) -> int:
        """Coordinates in the unit cube: one for each option."""
        return len(self.options)

    def place(self, value: Any) -> list[float]:
        """1 for the option that is chosen, 0 for the others."""
        return [float(option == value) for option in self.options]

    def of(self, u: Sequence[float]) -> Any:
        """The option with the largest coordinate."""
        return self.options[int(np.argmax(u))]

    def __str__(self) -> str:
        return ",".join(map(str, self.options))


Space = Mapping[str, Range | Choice]


def to_unit(space: Space, params: Mapping[str, Any]) -> np.ndarray:
    """The place (d,) of hyper-parameters in the unit cube.

    >>> to_unit({"lr": Range(1e-4, 1e-2), "optimizer": Choice(("sgd", "adam"))}, {"lr": 1e-3, "optimizer": "adam"})
    array([0.5, 0. , 1. ])
    """
    return np.array([u for name, part in space.items() for u in part.place(params[name])])


def from_unit(space: Space, u: np.ndarray) -> dict[str, Any]:
    """The hyper-parameters at a place (d,) of the unit cube.

    >>> from_unit({"lr": Range(1e-4, 1e-2)}, np.array([0.5]))
    {'lr': 0.001}
    """
    found, first = {}, 0
    for name, part in space.items():
        found[name] = part.of(list(u[first : first + part.width]))
        first += part.width
    return found


def parsed(name: str, text: str, kind: type = float, log: bool = True) -> Any:
    """What is written for a hyper-parameter: LOW:HIGH is a range, A,B,C a choice, and anything else one value.

    Args:
        name: of the hyper-parameter, for messages.
        text: what is written.
        kind: float, int or str.
        log: whether a range is logarithmic.

    Raises:
        ArgumentError: no number where one is needed, or no range.

    >>> parsed("lr", "1e-4:1e-1")
    Range(low=0.0001, high=0.1, log=True, whole=False)
    >>> parsed("optimizer", "sgd,adam", str), parsed("batch_size", "64", int)
    (Choice(options=('sgd', 'adam')), 64)
    """
    try:
        if ":" in text and kind is not str:
            low, high = (kind(end) for end in text.split(":"))
            return Range(low, high, log=log, whole=kind is int)
        values = [kind(part.strip()) for part in text.split(",")]
        return Choice(tuple(values)) if len(values) > 1 else values[0]
    except ArgumentError as problem:
        raise ArgumentError(f"{name}: {problem}") from None
    except ValueError:
        example = "sgd,adam" if kind is str else "16:256" if kind is int else "1e-4:1e-1"
        raise ArgumentError(
            f"{name}: {text!r} is not understood; expected LOW:HIGH, A,B or a value: {example}"
        ) from None


def to_json(space: Space) -> dict[str, Any]:
    """A space as JSON can hold it.

    >>> to_json({"lr": Range(1e-4, 1e-2)})
    {'lr': {'low': 0.0001, 'high': 0.01, 'log': True, 'whole': False}}
    """
    return {n: list(p.options) if isinstance(p, Choice) else dict(vars(p)) for n, p in space.items()}


def from_json(saved: Mapping[str, Any]) -> dict[str, Range | Choice]:
    """A space from what `to_json` gave.

    >>> from_json({"lr": ["a", "b"]})
    {'lr': Choice(options=('a', 'b'))}
    """
    return {n: Choice(tuple(p)) if isinstance(p, list) else Range(**p) for n, p in saved.items()}


def check_space(space: Space) -> None:
    """Refuse what is no space.

    >>> check_space({"lr": 0.1})
    Traceback (most recent call last):
    gradus.errors.ArgumentError: the space's 'lr' is 0.1; expected a Range or a Choice: Range(1e-4, 1e-1)
    """
    if not space:
        raise ArgumentError("the space is empty: there is nothing to search. Give a range: {'lr': Range(1e-4, 1e-1)}")
    for name, part in space.items():
        if not isinstance(part, (Range, Choice)):
            raise ArgumentError(f"the space's {name!r} is {part!r}; expected a Range or a Choice: Range(1e-4, 1e-1)")
