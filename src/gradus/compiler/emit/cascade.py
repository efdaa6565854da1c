"""Long sums in pieces: no accumulator takes more than a few terms before it is emptied into another.

A sum of n terms, one after the other, loses up to n roundings of its last digit, and of equal terms all in the same
direction: ten million times 0.1 was 0.6 % off. Here each piece of a sum is a sum of its own, and so are the pieces of
these. How a sum is cut depends on the lengths of its loops alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Generic, NamedTuple, TypeVar

from ...ops.core.cascade import PIECE
from ...ops.core.places import Loop
from .code import Code, Ref
from .value import Value

WHOLE = 64  # terms up to which a sum is not cut

Registers = dict[Loop, Ref]
Sums = TypeVar("Sums")  # accumulators, of whatever kind


class Stretch(NamedTuple):
    """A loop from its start to `stop`, `step` by `step`, and for the innermost the lanes that are left, if any."""

    loop: Loop
    stop: int
    step: int = 1
    rest: Value | None = None


class Span(NamedTuple):
    """A stretch, or one of the loops that it was cut into: over its pieces, or within one of them.

    Attributes:
        first: whether it is the outermost of these.
        begins: whether it begins a piece of the sum, which has accumulators of its own.
    """

    stretch: Stretch
    step: int
    first: bool = False
    begins: bool = False


def spans(stretches: Sequence[Stretch], cut: bool = True) -> list[Span]:
    """The loops of a nest, from the outermost, that gathers its terms in pieces.

    >>> x, y = Loop("x", 1000), Loop("y", 50)
    >>> [(s.step, s.begins) for s in spans([Stretch(x, 1000)])]
    [(256, False), (16, True), (1, True)]
    >>> [(s.step, s.begins) for s in spans([Stretch(y, 50)])]
    [(1, False)]
    """
    counts = [max(-(-s.stop // s.step), 1) for s in stretches]
    most = PIECE if cut and math.prod(counts) > WHOLE else math.prod(counts)
    found: list[Span] = []
    terms = 1  # of the piece so far
    for s, count in zip(reversed(stretches), reversed(counts), strict=True):
        step = s.step
        while terms * count > most:
            size = -(-count // -(-count // (most // terms)))  # so that the pieces are about equally long
            if size > 1:
                found.insert(0, Span(s, step, begins=True))
                step, count = step * size, -(-count // size)
            else:
                found[0] = found[0]._replace(begins=True)
            terms = 1
        found.insert(0, Span(s, step, first=True))
        terms *= count
    return found


class Here(NamedTuple, Generic[Sums]):
    """A place in the nest: the loops' registers, where their pieces end, the lanes that are inside, and the sums."""

    registers: Registers
    ends: dict[Loop, Ref]
    tail: Value | None
    sums: Sums


class Cascade(Generic[Sums]):
    """Emits a nest of loops whose innermost part adds terms to accumulators.

    Args:
        code: where instructions go.
        new: gives accumulators, empty.
        empty: `empty(into, sums)` adds accumulators to others.
        inside: adds what there is at a place.
        enter: what is done at each step of a stretch: `enter(loop, here, deeper)` calls `deeper` with the place.
    """

    def __init__(
        self,
        code: Code,
        new: Callable[[], Sums],
        empty: Callable[[Sums, Sums], None],
        inside: Callable[[Here[Sums]], None],
        enter: Callable[[Loop, Here[Sums], Callable[[Here[Sums]], None]], None] | None = None,
    ) -> None:
        self.code, self.new, self.empty, self.inside = code, new, empty, inside
        self.enter = enter or (lambda _, here, deeper: deeper(here))

    def run(self, loops: Sequence[Span], here: Here[Sums]) -> None:
        """Emit the loops, at a place that those outside of them lead to."""
        if not loops:
            self.inside(here)
        elif loops[0].begins:
            own = here._replace(sums=self.new())
            self._over(loops[0], loops[1:], own)
            self.empty(here.sums, own.sums)
        else:
            self._over(loops[0], loops[1:], here)

    def _over(self, span: Span, further: Sequence[Span], here: Here[Sums]) -> None:
        code, (loop, stop, step, rest) = self.code, span.stretch
        first, last = ("0", str(stop)) if span.first else (here.registers[loop], here.ends[loop])
        if stop:
            with code.loop(first, last, span.step) as i:
                inner = here._replace(registers=here.registers | {loop: i})
                if span.step == step:
                    self.enter(loop, inner, lambda here: self.run(further, here))
                else:
                    end = code.add(i, span.step)
                    end = end if stop % span.step == 0 else code.least(end, last)
                    self.run(further, inner._replace(ends=here.ends | {loop: end}))
        if span.first and rest is not None:
            self.inside(here._replace(registers=here.registers | {loop: str(stop)}, tail=rest))
