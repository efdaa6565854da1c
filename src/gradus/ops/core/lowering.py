"""What a compiler needs to know of a primitive besides its meaning: its kind, and where its elements are found.

An elementwise primitive needs nothing more: its `forward`, handed an array namespace whose functions emit
instructions, is how it is compiled. A view moves no numbers, so it says where an element of the result is found in its
inputs, as a formula of the index (`places.py`). A reduction says where its terms are found. Everything else has a
kernel of its own in the compiler, under the primitive's name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from .places import Condition, Index

Indices = tuple[Index, ...]
Shape = tuple[int, ...]


class Found(NamedTuple):
    """Where an element is: in which input, at which index, and under which conditions."""

    source: int
    at: Indices
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True)
class Elementwise:
    """y[i] = f(x[i]). `effort` is about how many instructions it takes."""

    effort: int = 1


@dataclass(frozen=True)
class View:
    """The same numbers elsewhere: `pull(index, *shapes of the inputs, **params)` lists where an element may be
    found; where no condition holds, it is the parameter `value`, or 0."""

    pull: Callable[..., list[Found]]


@dataclass(frozen=True)
class Reduction:
    """Many numbers become one, by "sum" or "max".

    Attributes:
        extents: `(shape of the input, **params)` -> the lengths of the axes it runs over.
        term: `(index, reduced index, shape of the input, **params)` -> where a term is found in the input.
    """

    combine: str
    extents: Callable[..., Shape]
    term: Callable[..., Found]


@dataclass(frozen=True)
class Constant:
    """Made from nothing: a number everywhere (`full`), or the index itself (`iota`)."""


@dataclass(frozen=True)
class OwnKernel:
    """A kernel of its own. With `indexed`, it reads its first input at places that its second holds."""

    indexed: bool = False


@dataclass(frozen=True)
class Uncompiled:
    """None: a compiled function refuses it, and says what to do instead."""

    remedy: str


Lowering = Elementwise | View | Reduction | Constant | OwnKernel | Uncompiled
