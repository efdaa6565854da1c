"""Between which numbers a value lies, whatever the program is given: what needs no check."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np

from ... import dtypes
from ...interpret import Outside
from .graph import Node, ordered

Range = tuple[float, float]

ANYTHING = -math.inf, math.inf

_KEPT = ("reshape", "permute", "flip", "copy", "slice", "broadcast_to", "take", "max", "floor")
_ROUNDED = ("add", "subtract", "multiply", "remainder", "cast")  # to floating point: past bounds that are no floats
_EXACT = 256  # integers up to this are numbers of every floating-point type


def same_numbers(n: Node) -> Node:
    """The node that a view, a copy or a wider integer has all its numbers from, none left out.

    To look at those is to look at fewer and narrower ones.
    """
    while n.op is not None and n.size:
        x = n.inputs[0] if n.inputs else n
        wider = n.kind == "cast" and n.dtype.kind in "iu" and np.can_cast(x.dtype, n.dtype, "safe")
        if not (wider or n.kind in ("reshape", "permute", "flip", "copy", "broadcast_to")):
            break
        n = x
    return n


class Bounds:
    """The smallest and the largest number that each node may hold, or beyond: an estimate. NaN may always be there.

    What was checked holds too, since nothing runs on where it does not.
    """

    def __init__(self) -> None:
        self._known: dict[Node, Range] = {}

    def within(self, n: Node, wrong: Outside) -> bool:
        """Whether none can be wrong."""
        low, high = self.of(n)
        return wrong.low <= low and high <= wrong.high

    def narrow(self, n: Node, wrong: Outside) -> None:
        """From here on, none of the node's numbers is wrong."""
        low, high = self.of(n)
        self._known[n] = max(low, wrong.low), min(high, wrong.high)

    def of(self, n: Node) -> Range:
        """Between which numbers a node's lie."""
        for x in ordered([n], lambda x: x not in self._known):
            if x not in self._known:
                self._known[x] = self._work_out(x)
        return self._known[n]

    def _work_out(self, n: Node) -> Range:
        least, most = dtypes.limits(n.dtype)
        low, high = self._unlimited(n, [self._known[x] for x in n.inputs])
        fits = least <= low and high <= most  # else it may have wrapped
        return (low, high) if fits else (least, most)

    def _unlimited(self, n: Node, given: list[Range]) -> Range:
        """As if numbers of its dtype had no limits."""
        if n.kind == "full":
            return n.params["value"], n.params["value"]
        if n.kind == "iota":
            return 0, max(n.size - 1, 0)
        if n.kind == "argmax":
            return 0, n.inputs[0].shape[n.params["axis"]] - 1
        if n.kind == "argsort":
            return 0, max(n.shape[-1] - 1, 0)
        if n.kind == "sigmoid":
            return 0, 1
        if n.kind == "where":
            return _joined([given[1], self._where_not(n.inputs[0], n.inputs[2])])
        if n.kind in ("concatenate", "put_slice"):
            return _joined(given)
        if n.kind == "put":
            return _joined(given[:2])
        if n.kind == "pad":
            return _joined([*given, (n.params["value"],) * 2])
        if n.kind in _KEPT:
            return given[0]
        found = _cast(n, *given) if n.kind == "cast" else _RULES.get(n.kind, _any)(*given)
        if n.kind in _ROUNDED and dtypes.is_float(n.dtype):
            return found if all(map(_is_exact, (*found, *itertools.chain(*given)))) else ANYTHING
        return found

    def _where_not(self, condition: Node, n: Node) -> Range:
        """Between which numbers a node's lie where a condition does not hold, as n < 3."""
        low, high = self._known[n]
        if condition.kind not in ("less", "greater") or condition.inputs[0] is not n:
            return low, high
        least, most = self._known[condition.inputs[1]]
        if dtypes.is_float(n.dtype) and least != most:  # it may be NaN, and nothing is beyond that
            return low, high
        return (max(low, least), high) if condition.kind == "less" else (low, min(high, most))


def _is_exact(end: float) -> bool:
    return abs(end) <= _EXACT and end == int(end)


def _any(*given: Range) -> Range:
    return ANYTHING


def _cast(n: Node, x: Range) -> Range:
    """NaN becomes any integer."""
    return ANYTHING if dtypes.is_float(n.inputs[0].dtype) and not dtypes.is_float(n.dtype) else x


def _joined(ranges: list[Range]) -> Range:
    return min(low for low, _ in ranges), max(high for _, high in ranges)


def _products(a: Range, b: Range) -> Range:
    corners = [x * y for x in a for y in b if not (0 in (x, y) and (math.isinf(x) or math.isinf(y)))]
    return (min(0, *corners), max(0, *corners)) if len(corners) > 1 else ANYTHING


def _remainder(a: Range, b: Range) -> Range:
    """With the sign of the divisor; 0 by 0."""
    return min(b[0] + 1, 0), max(b[1] - 1, 0)


_RULES: dict[str, Callable[..., Range]] = {
    "add": lambda a, b: (a[0] + b[0], a[1] + b[1]),
    "subtract": lambda a, b: (a[0] - b[1], a[1] - b[0]),
    "multiply": _products,
    "negative": lambda a: (-a[1], -a[0]),
    "maximum": lambda a, b: (max(a[0], b[0]), max(a[1], b[1])),
    "minimum": lambda a, b: (min(a[0], b[0]), min(a[1], b[1])),
    "relu": lambda a: (max(a[0], 0), max(a[1], 0)),
    "absolute": lambda a: (max(a[0], -a[1], 0), max(-a[0], a[1])),
    "remainder": _remainder,
    "bitwise_and": lambda a, b: (0, min(a[1], b[1])) if min(a[0], b[0]) >= 0 else ANYTHING,
}
