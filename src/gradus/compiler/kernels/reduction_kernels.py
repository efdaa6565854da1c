"""Reductions that a loop over the terms of each result does not fit: of short rows, and of terms that lists say.

A short row's terms are gathered in a vector, as many rows at a time as a vector has lanes, and the lanes of all these
vectors are brought together at once. What follows, as the logarithm of a row's sum, is then worked out for all of the
rows in one vector.

Sums of what belongs to a place by its index are the gradient of `take`. First the terms of each place are strung
together, last to first, so that a list begins with its first: `first[place]` is the number of a term or -1,
`next[term]` that after it. Then every result is gathered along its list, in the order of the terms, and what is
elementwise after it goes on from the registers: of a table of words of which a batch has few, the update reads no
gradient that was zeros written before. A thread strings only its own places together.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ... import dtypes
from ...ops.core.places import Index, Loop, unflatten, variable
from ..emit.accumulators import load, store
from ..emit.body import Body
from ..emit.code import Ref
from ..emit.folding import folded
from ..emit.kit import Kit
from ..emit.value import Value
from ..graph.graph import Node
from ..graph.reads import at, loops_over
from ..plan.kernel import Kernel
from .loop_kernels import LoopKernel

SHORT = 4  # vectors of terms, up to which bringing a row's lanes together is a large part of the work
NUMBER = "i32"  # of a term, in the lists


class RowKernel(LoopKernel):
    """A reduction; if its lanes lie along short rows, it takes several rows at a time."""

    def _along(self, kept: Sequence[Loop], reduced: Sequence[Loop]) -> None:
        long = math.prod(loop.extent for loop in reduced) > SHORT * self.lanes
        if long or 2 * kept[-1].extent < self.lanes or any(type(loop) is not Loop for loop in (*kept, *reduced)):
            super()._along(kept, reduced)
            return
        kit, rows = Kit(self.code, self.lanes), kept[-1]
        types = [kit.type(n.dtype) for n in self.kernel.main]
        kept_sums = [self.code.variable(f"[{self.lanes} x {type_}]") for type_ in types]

        def inside(registers: dict[Loop, Ref], tail: Value | None) -> None:
            with self.code.loop(0, self.lanes) as i:
                row = self.code.least(self.code.add(registers[rows], i), str(rows.extent - 1))
                for memory, sums, type_ in zip(
                    self.gathered(registers | {rows: row}, kept, reduced), kept_sums, types, strict=True
                ):
                    value = self.code.op(f"load {type_}, ptr {memory}")
                    self.code.do(f"store {type_} {value}, ptr {self.code.element(type_, sums, i)}")
            body, flat = self.body(self.lanes, rows, registers, tail), self.place(kept)
            for n, sums, type_ in zip(self.kernel.main, kept_sums, types, strict=True):
                places = (self.code.element(type_, sums, i) for i in range(self.lanes))
                vectors = [Value(kit, n.dtype, self.code.op(f"load {type_}, ptr {place}")) for place in places]
                total = folded(vectors, lambda a, b, n=n: self.combine(kit, n, a, b))  # type: ignore[misc]
                body.set(n, unflatten(flat, n.shape), total)
            self.finish(body, flat)

        self.places(kept, self.lanes, inside)


def lists_size(n: Node) -> int:
    """Bytes that the lists take."""
    return 4 * int(n.params["length"] + n.inputs[1].size)


class ScatterKernel(LoopKernel):
    """Emits `scatter_add` and the maps after it; `lists` is the slot of the memory for the lists."""

    def __init__(self, k: Kernel, *others: Any, lists: int) -> None:
        super().__init__(k.kind, k, *others)
        self.lists = lists

    def _scatter_add(self) -> None:
        (n,) = self.kernel.main
        axis, length = n.params["axis"], n.params["length"]
        before, after = loops_over(n.shape[:axis], "b"), loops_over(n.shape[axis + 1 :], "a")
        row = Loop("r", length)
        loops = [*before, row, *after]
        if n.size == 0:
            return
        self.first = self.address(self.lists)
        self.next = self.address(self.lists, 4 * length)
        low, high = ("0", str(length)) if self.shared is None else self._stretch(loops, self.shared)[1:]
        self._string(n, low, high)
        lanes = self.lanes if after and after[-1].extent > 1 else 0
        across = after[-1] if lanes else None

        def inside(registers: dict[Loop, Ref], tail: Value | None) -> None:
            kit = Kit(self.code, lanes)
            memory = self.code.variable(kit.type(n.dtype))
            store(kit.constant(0, n.dtype), memory)
            with self._listed(registers[row]) as term:
                spread = Loop("s", n.inputs[1].size)
                body = self.body(lanes, across, registers | {spread: term}, tail)
                places = unflatten(variable(spread), n.inputs[1].shape)
                value = body.value(n.inputs[0], (*at(before), *places, *at(after)))
                store(load(kit, n.dtype, memory) + value, memory)
            self._given(n, loops, self.body(lanes, across, registers, tail), load(kit, n.dtype, memory))

        self.places(loops, lanes, inside)

    def _given(self, n: Node, loops: Sequence[Loop], body: Body, value: Value) -> None:
        """Go on with a result."""
        flat = self.place(loops)
        body.set(n, unflatten(flat, n.shape), Value(body.kit, n.dtype, value.ref))
        self.finish(body, flat)

    def _string(self, n: Node, low: Ref, high: Ref) -> None:
        """String the terms of the places from low to high together."""
        code, kit, indices = self.code, Kit(self.code, 0), n.inputs[1]
        with code.loop(low, high) as i:
            code.do(f"store {NUMBER} -1, ptr {code.element(NUMBER, self.first, i)}")
        spread, last = Loop("s", indices.size), Index(indices.size - 1)
        with code.loop(0, indices.size) as i:
            body = self.body(0, None, {spread: i})
            term = last - variable(spread)
            place = kit.cast(body.value(indices, unflatten(term, indices.shape)), dtypes.int64)
            place = kit.where(place < 0, place + n.params["length"], place)
            own = [Value(kit, dtypes.int64, bound) for bound in (low, high)]
            with code.when(kit.bitwise_and(place >= own[0], place < own[1]).ref):
                first = code.element(NUMBER, self.first, place.ref)
                number = body.scalar(term)
                following = code.element(NUMBER, self.next, number)
                code.do(f"store {NUMBER} {code.op(f'load {NUMBER}, ptr {first}')}, ptr {following}")
                code.do(f"store {NUMBER} {code.op(f'trunc i64 {number} to {NUMBER}')}, ptr {first}")

    @contextmanager
    def _listed(self, place: Ref) -> Iterator[Ref]:
        """For each term of a place, in order."""
        code = self.code
        head, body, done = (code.fresh(s) for s in ("head", "body", "done"))
        here = code.variable("i64")

        def go_to(address: Ref) -> None:
            number = code.op(f"load {NUMBER}, ptr {address}")
            code.do(f"store i64 {code.op(f'sext {NUMBER} {number} to i64')}, ptr {here}")
            code.do(f"br label %{head}")

        go_to(code.element(NUMBER, self.first, place))
        code.label(head)
        term = code.op(f"load i64, ptr {here}")
        code.branch(code.op(f"icmp sge i64 {term}, 0"), body, done)
        code.label(body)
        yield term
        go_to(code.element(NUMBER, self.next, term))
        code.label(done)
