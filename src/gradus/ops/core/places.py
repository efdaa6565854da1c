"""Indices as formulas of loop variables: c0 + c1 i1 + c2 i2 + ..., so that views cost nothing.

A view (reshape, permute, slice, window ...) does not move numbers; it changes the formula by which they are found.
Where a formula is not linear, as after a reshape that cuts across axes, quotients and remainders stand in it as
variables of their own.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, eq=False)
class Loop:
    """A loop variable that runs from 0 to extent - 1."""

    name: str
    extent: int

    @property
    def bounds(self) -> tuple[int, int]:
        return 0, self.extent - 1


@dataclass(frozen=True)
class Quotient:
    """inner // divisor, rounded down."""

    inner: Index
    divisor: int

    @property
    def bounds(self) -> tuple[int, int]:
        low, high = self.inner.bounds
        return low // self.divisor, high // self.divisor


@dataclass(frozen=True)
class Remainder:
    """inner % divisor."""

    inner: Index
    divisor: int

    @property
    def bounds(self) -> tuple[int, int]:
        return 0, self.divisor - 1


@dataclass(frozen=True)
class Within:
    """inner, where a condition holds low <= inner < high: so its bounds are known."""

    inner: Index
    low: int
    high: int

    @property
    def bounds(self) -> tuple[int, int]:
        return self.low, self.high - 1


Atom = Loop | Quotient | Remainder | Within


@dataclass(frozen=True)
class Index:
    """constant + sum of coefficient x atom."""

    constant: int = 0
    terms: tuple[tuple[Atom, int], ...] = ()

    @property
    def bounds(self) -> tuple[int, int]:
        """The smallest and the largest value it can take (or beyond: it is an estimate)."""
        low = high = self.constant
        for atom, c in self.terms:
            a, b = (c * v for v in atom.bounds)
            low, high = low + min(a, b), high + max(a, b)
        return low, high

    def coefficient(self, atom: Atom) -> int:
        return next((c for a, c in self.terms if a == atom), 0)

    def __add__(self, other: Index | int) -> Index:
        if isinstance(other, int):
            return Index(self.constant + other, self.terms)
        if not self.terms or not other.terms:
            return Index(self.constant + other.constant, self.terms or other.terms)
        return _sum(self.constant + other.constant, (*self.terms, *other.terms))

    def __sub__(self, other: Index | int) -> Index:
        return self + other * -1

    def __mul__(self, factor: int) -> Index:
        if factor == 0:
            return Index()
        if factor == 1:
            return self
        return Index(self.constant * factor, tuple((a, c * factor) for a, c in self.terms))

    def __floordiv__(self, divisor: int) -> Index:
        return divmod(self, divisor)[0]

    def __mod__(self, divisor: int) -> Index:
        return divmod(self, divisor)[1]

    def __divmod__(self, divisor: int) -> tuple[Index, Index]:
        if divisor == 1:
            return self, Index()
        whole, rest = self._split(divisor)
        low, high = rest.bounds
        if low // divisor == high // divisor:
            return whole + low // divisor, rest + -(low // divisor * divisor)
        return whole + Index(0, ((Quotient(rest, divisor), 1),)), Index(0, ((Remainder(rest, divisor), 1),))

    def _split(self, divisor: int) -> tuple[Index, Index]:
        """self = whole x divisor + rest, with every multiple of the divisor taken out of the rest."""
        whole = tuple((a, c // divisor) for a, c in self.terms if c % divisor == 0)
        rest = tuple((a, c) for a, c in self.terms if c % divisor)
        return Index(self.constant // divisor, whole), Index(self.constant % divisor, rest)

    def loops(self) -> set[Loop]:
        """The loop variables it depends on."""
        found: set[Loop] = set()
        for atom, _ in self.terms:
            found |= {atom} if isinstance(atom, Loop) else atom.inner.loops()
        return found

    def opened(self) -> Index:
        """The same without what conditions tell of its bounds."""
        if self.is_linear():
            return self
        total = Index(self.constant)
        for atom, c in self.terms:
            if isinstance(atom, Within):
                total += atom.inner.opened() * c
            elif isinstance(atom, Loop):
                total += Index(0, ((atom, c),))
            else:
                total += Index(0, ((type(atom)(atom.inner.opened(), atom.divisor), c),))
        return total

    def is_linear(self) -> bool:
        return all(isinstance(a, Loop) for a, _ in self.terms)

    def __str__(self) -> str:
        parts = [f"{c}*{_name(a)}" if c != 1 else _name(a) for a, c in self.terms]
        return " + ".join(parts + ([str(self.constant)] if self.constant or not parts else []))


def _name(atom: Atom) -> str:
    if isinstance(atom, Loop):
        return atom.name
    if isinstance(atom, Within):
        return f"({atom.inner})"
    return f"({atom.inner} {'//' if isinstance(atom, Quotient) else '%'} {atom.divisor})"


def _sum(constant: int, terms: Iterable[tuple[Atom, int]]) -> Index:
    gathered: dict[Atom, int] = {}
    for atom, c in terms:
        gathered[atom] = gathered.get(atom, 0) + c
    constant += _rejoin(gathered)
    return Index(constant, _in_order((a, c) for a, c in gathered.items() if c))


def _in_order(terms: Iterable[tuple[Atom, int]]) -> tuple[tuple[Atom, int], ...]:
    """Terms in the one order that all sums of them have: equal formulas are then equal, however they came about."""
    return tuple(sorted(terms, key=lambda term: (-abs(term[1]), _name(term[0]))))


def _rejoin(terms: dict[Atom, int]) -> int:
    """c d (e // d) + c (e % d) is c e; the constant that comes of it."""
    constant = 0
    for atom in list(terms):
        if isinstance(atom, Remainder) and terms.get(atom):
            twin, c = Quotient(atom.inner, atom.divisor), terms[atom]
            if terms.get(twin) == c * atom.divisor:
                del terms[atom], terms[twin]
                constant += atom.inner.constant * c
                for a, k in atom.inner.terms:
                    terms[a] = terms.get(a, 0) + k * c
    return constant


def variable(loop: Loop) -> Index:
    """The index that is a loop variable; of a loop that runs once, 0."""
    return Index(0, ((loop, 1),)) if loop.extent != 1 else Index()


def flatten(index: Sequence[Index], shape: Sequence[int]) -> Index:
    """The place of an element in memory, rows first."""
    constant, terms, step = 0, [], 1
    for i, n in zip(reversed(index), reversed(shape), strict=True):
        constant += i.constant * step
        terms.append([(a, c * step) for a, c in i.terms])
        step *= n
    several = [part for part in reversed(terms) if part]
    if len(several) > 1:
        return _sum(constant, itertools.chain.from_iterable(several))
    return Index(constant, tuple((a, c) for a, c in several[0] if c) if several else ())


def unflatten(flat: Index, shape: Sequence[int]) -> tuple[Index, ...]:
    """The index in `shape` of a place in memory."""
    index: list[Index] = []
    for n in reversed(shape):
        flat, place = divmod(flat, n) if n else (Index(), Index())
        index.append(place)
    return tuple(reversed(index))


@dataclass(frozen=True)
class Condition:
    """low <= index < high: where a padded or joined tensor has an element of its own."""

    index: Index
    low: int
    high: int

    def bounded(self) -> Index:
        """The index, known to be inside."""
        return self.index if self.always() else Index(0, ((Within(self.index, self.low, self.high), 1),))

    def always(self) -> bool:
        low, high = self.index.bounds
        return self.low <= low and high < self.high

    def never(self) -> bool:
        low, high = self.index.bounds
        return high < self.low or low >= self.high
