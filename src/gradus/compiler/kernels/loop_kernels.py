"""Loop nests: maps, reductions and the few primitives that have a loop of their own."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from ... import dtypes
from ...ops.core.cascade import RUN
from ...ops.core.places import Index, Loop, flatten, unflatten, variable
from ..emit.accumulators import store
from ..emit.body import Body
from ..emit.cascade import Cascade, Here, Stretch, spans
from ..emit.code import Ref
from ..emit.folding import into_one
from ..emit.kit import Kit, memory_type
from ..emit.nest import Nest
from ..emit.value import Value
from ..graph.batches import Batch
from ..graph.graph import Node
from ..graph.lowerings import Piece, terms
from ..graph.reads import Read, at, loops_over, reads

LONG = 64  # terms of a sum for which it pays to look at several vectors of results at once
FEW = 4  # terms for which no lanes are brought together
WRITTEN_OUT = 9  # elements of a window whose terms are written out rather than looped over


def _across(loops: Sequence[Loop]) -> Loop:
    """The loop that the lanes lie along."""
    return loops[0] if isinstance(loops[0], Batch) else loops[-1]


class LoopKernel(Nest):
    """Emits maps, reductions, and what else has a loop of its own."""

    # -- maps ----------------------------------------------------------------------------------------------------------

    def _map(self) -> None:
        loops = self._merged_loops()

        def inside(registers: dict[Loop, Ref], tail: Value | None) -> None:
            self.finish(self.body(self.lanes, _across(loops), registers, tail), self.place(loops))

        self.places(loops, self.lanes, inside)

    def finish(self, body: Body, flat: Index) -> None:
        """Work out and store the kernel's elementwise nodes at a place of its domain."""
        for n in self.kernel.maps:
            body.root(n, unflatten(flat, n.shape))
        for n in self.kernel.stored:
            for index in self.at_place(n, flat):
                body.store(n, index, body.root(n, index))

    def at_place(self, n: Node, flat: Index) -> list[tuple[Index, ...]]:
        """Where the numbers of a node are that belong to a place of the domain."""
        return [unflatten(flat, n.shape)]

    def _merged_loops(self) -> list[Loop]:
        """The domain's loops, neighbours joined wherever every access runs on from one to the next."""
        loops = [loop for loop in self.loops() if loop.extent != 1] or [Loop("i", 1)]
        first = 1 if isinstance(loops[0], Batch) else 0  # it stays as it is
        edge = self.shared.extent * self.shared.step if self.shared else 0  # the axis that is shared begins there
        joined = True
        while joined:
            joined = False
            for axis in range(first, len(loops) - 1):
                a, b = loops[axis : axis + 2]
                merged = [*loops[:axis], Loop(a.name, a.extent * b.extent), *loops[axis + 2 :]]
                after = math.prod(loop.extent for loop in loops[axis + 1 :])
                if after != edge and self._stays_linear(merged):
                    loops, joined = merged, True
                    break
        return loops

    def _stays_linear(self, loops: Sequence[Loop]) -> bool:
        flat = self.place(loops)
        found = [r for n in self.kernel.maps for r in self.reads_of(n, flat)]
        places = [r.flat for r in found] + [c.index for r in found for c in r.conditions]
        places += [self.schedule.place(n, unflatten(flat, n.shape)) for n in self.kernel.stored]
        return all(place.is_linear() for place in places)

    def reads_of(self, n: Node, flat: Index) -> list[Read]:
        """What an elementwise node reads at a place of the domain, and where that lies in memory."""
        here = [Piece(n, unflatten(flat, n.shape))]
        return reads(here, lambda x: x is not n and self.schedule.is_buffer(x), self.schedule.place)

    # -- reductions ----------------------------------------------------------------------------------------------------

    def _reduce(self) -> None:
        how = terms(self.kernel.main[0])
        kept, reduced = self.loops(), loops_over(how.extents, "r")
        kept = [loop for loop in kept if loop.extent != 1] or [Loop("i", 1)]
        reduced = self._batch_inside(kept, reduced)
        if self._runs_along(reduced, kept):
            self._along(kept, [r for r in reduced if r.extent != 1])
        else:
            self._across(kept, reduced)

    def place(self, kept: Sequence[Loop]) -> Index:
        return flatten(at(kept), [loop.extent for loop in kept])

    def _terms(self, body: Body, kept: Sequence[Loop], reduced: Sequence[Loop]) -> list[Value]:
        """Each main node's term where the loops stand."""
        values = []
        for n in self.kernel.main:
            how = terms(n)
            by_axis = iter(reduced)
            r = [variable(next(by_axis)) if e != 1 else Index() for e in how.extents]
            piece = how.term(unflatten(self.place(kept), n.shape), tuple(r))
            values.append(body.pieces([piece], 0, n.dtype))
        return values

    def _batch_inside(self, kept: Sequence[Loop], reduced: Sequence[Loop]) -> list[Loop]:
        """The reduced loops; one over a batch that lies inside comes to the end, so that the lanes lie along it."""
        for i, loop in enumerate(reduced):
            batch = Batch(loop.extent, self.schedule.lanes)
            tried = [*reduced[:i], batch, *reduced[i + 1 :]]
            batched = [r for r in self._term_reads(kept, tried) if r.node.batched]
            if loop.extent > 1 and any(r.flat.coefficient(batch) == 1 and r.flat.is_linear() for r in batched):
                return tried
        return list(reduced)

    def _term_reads(self, kept: Sequence[Loop], reduced: Sequence[Loop]) -> list[Read]:
        """What the terms read, as functions of the loops."""
        r = [variable(loop) for loop in reduced]
        pieces = [terms(n).term(unflatten(self.place(kept), n.shape), tuple(r)) for n in self.kernel.main]
        return reads(pieces, self.schedule.is_buffer, self.schedule.place)

    def _runs_along(self, reduced: Sequence[Loop], kept: Sequence[Loop]) -> bool:
        """Whether the lanes should lie along the reduced axis: where its neighbours are neighbours in memory."""
        if all(r.extent == 1 for r in reduced) or isinstance(kept[0], Batch):
            return False
        if kept[-1].extent == 1 or any(isinstance(r, Batch) for r in reduced):
            return True
        if any(terms(n).combine == "sum" and n.kind == "sliding_window_adjoint" for n in self.kernel.main):
            return False
        last = [r for r in reduced if r.extent != 1][-1]
        if math.prod(r.extent for r in reduced) <= FEW and 2 * kept[-1].extent >= self.lanes:
            return False
        found = self._term_reads(kept, reduced)
        along = sum(read.flat.coefficient(last) == 1 for read in found)
        across = sum(read.flat.coefficient(kept[-1]) == 1 for read in found)
        return along > across or (along == across and kept[-1].extent < min(last.extent, self.lanes))

    def _start(self, kit: Kit, n: Node) -> Value:
        if terms(n).combine == "sum":
            return kit.constant(0, n.dtype)
        return kit.constant(dtypes.limits(n.dtype)[0], n.dtype)

    def combine(self, kit: Kit, n: Node, a: Value, b: Value) -> Value:
        if terms(n).combine == "max":
            return kit.bitwise_or(a, b) if n.dtype == dtypes.bool_ else kit.maximum(a, b)
        return a + b

    def _accumulate(self, accumulators: list[Ref], body: Body, values: list[Value]) -> None:
        for n, memory, term in zip(self.kernel.main, accumulators, values, strict=True):
            so_far = self._so_far(body.kit, n, memory)
            total = self.combine(body.kit, n, so_far, term)
            if body.tail is not None and body.across in self._across_reduced:
                total = body.kit.where(body.tail, total, so_far)
            self.code.do(f"store {total.type} {total.ref}, ptr {memory}")

    def _so_far(self, kit: Kit, n: Node, memory: Ref) -> Value:
        return Value(kit, n.dtype, self.code.op(f"load {kit.type(n.dtype)}, ptr {memory}"))

    def _emptied(self, kit: Kit, into: list[Ref], accumulators: list[Ref]) -> None:
        """Bring accumulators into others."""
        for n, total, memory in zip(self.kernel.main, into, accumulators, strict=True):
            both = self.combine(kit, n, self._so_far(kit, n, total), self._so_far(kit, n, memory))
            self.code.do(f"store {both.type} {both.ref}, ptr {total}")

    @property
    def _in_pieces(self) -> bool:
        """Whether the order of a reduction's terms makes a difference."""
        return any(terms(n).combine == "sum" and dtypes.is_float(n.dtype) for n in self.kernel.main)

    def _new_accumulators(self, kit: Kit) -> list[Ref]:
        found = []
        for n in self.kernel.main:
            memory, start = self.code.variable(kit.type(n.dtype)), self._start(kit, n)
            self.code.do(f"store {start.type} {start.ref}, ptr {memory}")
            found.append(memory)
        return found

    def _across(self, kept: Sequence[Loop], reduced: Sequence[Loop]) -> None:
        """Lanes across results: each lane gathers the terms of one result."""
        self._across_reduced: set[Loop] = set()
        loops, last = [r for r in reduced if r.extent != 1], _across(kept)
        few = math.prod(loop.extent for loop in loops) <= WRITTEN_OUT and self._better_written_out(kept, reduced)
        count = self._vectors_at_once(kept, loops)

        def inside(registers: dict[Loop, Ref], tail: Value | None) -> None:
            kit = Kit(self.code, self.lanes)
            vectors = [self.code.add(registers[last], v * self.lanes) for v in range(count)]

            def new() -> list[list[Ref]]:
                return [self._new_accumulators(kit) for _ in vectors]

            def add(at_place: dict[Loop, Ref], memory: list[list[Ref]]) -> None:
                for vector, sums in zip(vectors, memory, strict=True):
                    body = self.body(self.lanes, last, at_place | {last: vector}, tail)
                    self._accumulate(sums, body, self._terms(body, kept, loops))

            def empty(into: list[list[Ref]], memory: list[list[Ref]]) -> None:
                for total, sums in zip(into, memory, strict=True):
                    self._emptied(kit, total, sums)

            memory = new()
            if few:
                for steps in itertools.product(*(range(loop.extent) for loop in loops)):
                    add(registers | dict(zip(loops, map(str, steps), strict=True)), memory)
            else:
                cascade = Cascade(self.code, new, empty, lambda here: add(here.registers, here.sums))
                cascade.run(
                    spans([Stretch(r, r.extent) for r in loops], self._in_pieces), Here(registers, {}, tail, memory)
                )
            for vector, sums in zip(vectors, memory, strict=True):
                at_vector = registers | {last: vector}
                self._finish_reduction(self.body(self.lanes, last, at_vector, tail), kept, sums)

        self.places(kept, self.lanes * count, inside)

    def _better_written_out(self, kept: Sequence[Loop], reduced: Sequence[Loop]) -> bool:
        """Whether places divide the reduced loops' variables, as those in a window do, or a batch lies inside."""
        return isinstance(kept[0], Batch) or not all(r.flat.is_linear() for r in self._term_reads(kept, reduced))

    def _vectors_at_once(self, kept: Sequence[Loop], reduced: Sequence[Loop]) -> int:
        """How many vectors of results to work out side by side: long sums then read longer pieces of each row."""
        if isinstance(kept[0], Batch):
            return 1
        units, rest = divmod(kept[-1].extent, self.lanes)
        units *= math.prod(loop.extent for loop in kept[:-1])
        if rest or math.prod(loop.extent for loop in reduced) < LONG:
            return 1
        together = self.shared.block if self.shared is not None and self.shared.step == 1 else kept[-1].extent
        return next((n for n in (8, 4, 2) if together % (n * self.lanes) == 0 and units % (4 * n) == 0), 1)

    def _along(self, kept: Sequence[Loop], reduced: Sequence[Loop]) -> None:
        """Lanes along the terms of one result, brought together at the end."""

        def inside(registers: dict[Loop, Ref], _: Value | None) -> None:
            memory = self.gathered(registers, kept, reduced)
            self._finish_reduction(self.body(0, None, registers), kept, memory, fold=Kit(self.code, self.lanes))

        self.places(kept, 0, inside)

    def gathered(self, registers: dict[Loop, Ref], kept: Sequence[Loop], reduced: Sequence[Loop]) -> list[Ref]:
        """The terms of one result of each main node, gathered in vectors along a batch or the last reduced loop."""
        batch = next((r for r in reduced if isinstance(r, Batch)), None)
        last = batch or reduced[-1]
        outer = [Stretch(r, r.extent) for r in reduced if r is not last]
        self._across_reduced = {last}
        kit = Kit(self.code, self.lanes)

        def new() -> list[Ref]:
            return self._new_accumulators(kit)

        def inside(here: Here[list[Ref]]) -> None:
            body = self.body(self.lanes, last, here.registers, here.tail)
            self._accumulate(here.sums, body, self._terms(body, kept, reduced))

        def enter(loop: Loop, here: Here[list[Ref]], deeper: Callable[[Here[list[Ref]]], None]) -> None:
            if batch is None or loop is not batch.block:
                deeper(here)
                return
            block = here.registers[loop]
            here = here._replace(registers=here.registers | self.in_block(batch, block))
            self.by_block(batch, block, lambda tail: deeper(here._replace(tail=tail)))

        if batch is None:
            whole, rest = last.extent // self.lanes * self.lanes, last.extent % self.lanes
            loops = [*outer, Stretch(last, whole, self.lanes, self._tail(rest, self.lanes) if rest else None)]
        else:
            loops = [Stretch(batch.block, batch.block.extent), *outer]
        memory = new()
        cascade = Cascade(self.code, new, lambda a, b: self._emptied(kit, a, b), inside, enter)
        cascade.run(spans(loops, self._in_pieces), Here(registers, {}, None, memory))
        return memory

    def _finish_reduction(self, body: Body, kept: Sequence[Loop], memory: list[Ref], fold: Kit | None = None) -> None:
        flat = self.place(kept)
        for n, m in zip(self.kernel.main, memory, strict=True):
            kit = fold or body.kit
            value = self._so_far(kit, n, m)
            if fold is not None:
                value = into_one(value, lambda kit, a, b, n=n: self.combine(kit, n, a, b))  # type: ignore[misc]
            body.set(n, unflatten(flat, n.shape), Value(body.kit, n.dtype, value.ref))
        self.finish(body, flat)

    # -- primitives with a loop of their own ---------------------------------------------------------------------------

    def _argmax(self) -> None:
        n = self.kernel.main[0]
        x, axis = n.inputs[0], n.params["axis"]
        kept = loops_over(n.shape)
        along = Loop("r", x.shape[axis])

        def inside(registers: dict[Loop, Ref], _: Value | None) -> None:
            kit = Kit(self.code, 0)
            best, place = self.code.variable(kit.type(x.dtype)), self.code.variable("i64")
            index = at(kept)

            def term(r: Index, body: Body) -> Value:
                return body.value(x, (*index[:axis], r, *index[axis:]))

            first = term(Index(), self.body(0, None, registers))
            self.code.do(f"store {first.type} {first.ref}, ptr {best}")
            self.code.do(f"store i64 0, ptr {place}")
            with self.code.loop(1, along.extent) as i:
                value = term(variable(along), self.body(0, None, registers | {along: i}))
                so_far = Value(kit, x.dtype, self.code.op(f"load {value.type}, ptr {best}"))
                larger = value > so_far
                if dtypes.is_float(x.dtype):
                    fresh_nan = kit.bitwise_and(kit.isnan(value), self._not(kit.isnan(so_far)))
                    larger = kit.bitwise_and(kit.bitwise_or(larger, fresh_nan), self._not(kit.isnan(so_far)))
                with self.code.when(larger.ref):
                    self.code.do(f"store {value.type} {value.ref}, ptr {best}")
                    self.code.do(f"store i64 {i}, ptr {place}")
            body = self.body(0, None, registers)
            found = Value(kit, dtypes.int64, self.code.op(f"load i64, ptr {place}"))
            body.store(n, index, found)

        self.places(kept or [Loop("i", 1)], 0, inside)

    def _not(self, a: Value) -> Value:
        return a.kit.bitwise_xor(a, True)

    def _cumsum(self) -> None:
        """Running sums; floats in float64, and in pieces, each from 0 and added to what the pieces before it gave."""
        n = self.kernel.main[0]
        axis, wide = n.params["axis"], dtypes.float64 if dtypes.is_float(n.dtype) else n.dtype
        others = [loop for a, loop in enumerate(loops_over(n.shape)) if a != axis]
        along, kit = Loop("r", n.shape[axis]), Kit(self.code, 0)
        piece = math.isqrt(along.extent) if along.extent > RUN else max(along.extent, 1)
        zero = kit.constant(0, wide)

        def so_far(memory: Ref) -> Value:
            return Value(kit, wide, self.code.op(f"load {zero.type}, ptr {memory}"))

        def inside(registers: dict[Loop, Ref], _: Value | None) -> None:
            before, total = self.code.variable(zero.type), self.code.variable(zero.type)
            store(zero, before)
            with self.code.loop(0, along.extent, piece) as start:
                store(zero, total)
                end = self.code.least(self.code.add(start, piece), str(along.extent))
                with self.code.loop(start, end) as i:
                    body = self.body(0, None, registers | {along: i})
                    rest = at(others)
                    index = (*rest[:axis], variable(along), *rest[axis:])
                    store(so_far(total) + kit.cast(body.value(n.inputs[0], index), wide), total)
                    body.store(n, index, kit.cast(so_far(before) + so_far(total), n.dtype))
                store(so_far(before) + so_far(total), before)

        self.places(others or [Loop("i", 1)], 0, inside)

    def _put(self) -> None:
        """A copy, then every element where it belongs, in their order; each thread has its own part of the rows."""
        n = self.kernel.main[0]
        x, v, indices = n.inputs
        after, spread, row = loops_over(n.shape[1:], "a"), loops_over(indices.shape, "s"), Loop("r", n.shape[0])

        def inside(registers: dict[Loop, Ref], _: Value | None) -> None:
            with self.code.loop(0, row.extent) as i:
                body = self.body(0, None, registers | {row: i})
                index = (variable(row), *at(after))
                body.store(n, index, body.value(x, index))

            def put(registers: dict[Loop, Ref]) -> None:
                body = self.body(0, None, registers)
                value, type_ = body.value(v, (*at(spread), *at(after))), memory_type(n.dtype)
                with self._at_computed(body, indices, spread, flatten((Index(), *at(after)), n.shape)) as address:
                    ref = self.code.op(f"zext i1 {value.ref} to i8") if n.dtype == dtypes.bool_ else value.ref
                    self.code.do(f"store {type_} {ref}, ptr {address}")

            self._one_by_one(spread, registers, put)

        self.places(after or [Loop("i", 1)], 0, inside)

    def _one_by_one(self, loops: Sequence[Loop], registers: dict[Loop, Ref], inside: Callable[..., None]) -> None:
        """Loops in their order, one number at a time."""
        if not loops:
            inside(registers)
            return
        with self.code.loop(0, loops[0].extent) as i:
            self._one_by_one(loops[1:], registers | {loops[0]: i}, inside)

    @contextmanager
    def _at_computed(self, body: Body, indices: Node, spread: Sequence[Loop], rest: Index) -> Iterator[Ref]:
        """A block for the address of an element in a computed row, if there is such a row."""
        n, kit = self.kernel.main[0], body.kit
        length, stride = n.shape[0], math.prod(n.shape[1:])
        place = kit.cast(body.value(indices, at(spread)), dtypes.int64)
        place = kit.where(place < 0, place + length, place)
        flat = self.code.add(body.scalar(rest), self.code.mul(place.ref, stride))
        with self.code.when(kit.bitwise_and(place >= 0, place < length).ref):
            yield self.code.element(memory_type(n.dtype), self.pointer(n), flat)
