"""A loop of the program: its body's stages again and again, on the places of arrays and on what is carried."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from typing import NamedTuple

from ..emit.code import THREAD, WAIT, Code, Ref
from ..graph.graph import Node
from ..graph.regions import Region
from ..plan.kernel import Kernel
from ..plan.memory import ALIGNMENT, Plan, Scratch
from .entry import Stage


class Iteration(NamedTuple):
    """What a loop repeats.

    Attributes:
        once: stages that run before it.
        again: those of each iteration.
        waits: before which of these threads wait for each other.
        offsets: slots of the body's own memory, and where in it.
        constants, entry, sliced, exit, stacked: the slots of its inputs, and of its results.
    """

    once: Sequence[Stage]
    again: Sequence[Stage]
    waits: Sequence[bool]
    offsets: Mapping[int, int]
    constants: Sequence[int]
    entry: Sequence[int]
    sliced: Sequence[int]
    exit: Sequence[int]
    stacked: Sequence[int]


def region_of(k: Kernel) -> Region:
    """The region that a kernel runs."""
    region: Region = k.main[0].params["region"]
    return region


def part(k: Kernel, what: str, index: int) -> Node | None:
    """What comes out of a loop, if it is stored."""
    return next((n for n in k.stored if (n.params["what"], n.params["index"]) == (what, index)), None)


def has_history(k: Kernel, index: int) -> bool:
    """Whether all values of what is carried are kept; else there are two, the last and the next."""
    return part(k, "history", index) is not None


def scratch_of(k: Kernel, body: Plan) -> list[Scratch]:
    """The memory that a loop works in: its body's, and the last and the next of what is carried."""
    states = [2 * _aligned(n) for i, n in enumerate(region_of(k).carried) if not has_history(k, i)]
    return [Scratch("body", k, body.arena), Scratch("states", k, sum(states))]


def _size(n: Node) -> int:
    return n.size * n.dtype.itemsize


def _aligned(n: Node) -> int:
    return -(-_size(n) // ALIGNMENT) * ALIGNMENT


class _Moving(NamedTuple):
    """Memory of which each iteration has another part: from where on, and how far apart; or one of two in turn."""

    slot: int
    start: int
    step: int
    in_turn: bool = False


class Repeated:
    """Emits a loop as one function, like a kernel's.

    Args:
        k: the kernel.
        slot: where a value of the graph around the loop lies.
        by_place: where a value that the loop is given lies, from which number on, and how far apart its places are.
        scratch: the slots of what kernels work in.
        iteration: what is repeated.
        alone: whether one thread does all of it; others, if there are any, have nothing to do.
    """

    def __init__(
        self,
        k: Kernel,
        slot: Callable[[Node], int],
        by_place: Callable[[Node], tuple[Node, int, int] | None],
        scratch: Mapping[Scratch, int],
        iteration: Iteration,
        alone: bool,
    ) -> None:
        self.kernel, self.region, self.iteration, self.alone = k, region_of(k), iteration, alone
        self.code = Code("loop")
        self.arguments: dict[tuple[int, int], Ref] = {}
        self.shared = None
        self._slot, self._by_place = slot, by_place
        self._body, self._states = (scratch[s] for s in scratch if s.owner is k)
        self._places = self._all_places()

    def address(self, slot: int, offset: int = 0) -> Ref:
        """The address in a slot of the table, so many bytes further: an argument of the function."""
        return self.arguments.setdefault((slot, offset), f"%a{len(self.arguments)}")

    # -- where everything lies -----------------------------------------------------------------------------------------

    def _all_places(self) -> dict[int, _Moving]:
        """Where the slots of the body lie, in the memory around it."""
        region, iteration, k = self.region, self.iteration, self.kernel
        constants, starts, arrays = region.given(k.main[0].inputs)
        places = {slot: self._given(n)._replace(step=0) for slot, n in zip(iteration.constants, constants, strict=True)}
        places |= {slot: self._given(array) for slot, array in zip(iteration.sliced, arrays, strict=True)}
        for j, (slot, n) in enumerate(zip(iteration.stacked, region.stacked, strict=True)):
            stack = part(k, "stack", j)
            if stack is None:
                raise AssertionError("a loop gives what nobody uses")
            places[slot] = _Moving(self._slot(stack), 0, _size(n))
        places |= {slot: _Moving(self._body, offset, 0) for slot, offset in iteration.offsets.items()}
        start = 0
        for i, n in enumerate(region.carried):
            history = part(k, "history", i)
            if history is not None:
                for slot, before in ((iteration.entry[i], True), (iteration.exit[i], False)):
                    places[slot] = _Moving(self._slot(history), region.beside(before) * _size(n), _size(n))
            else:
                places[iteration.entry[i]] = _Moving(self._states, start, _aligned(n), True)
                places[iteration.exit[i]] = _Moving(self._states, start + _aligned(n), -_aligned(n), True)
                start += 2 * _aligned(n)
        self._starts = [self._given(n) for n in starts]
        return places

    def _given(self, n: Node) -> _Moving:
        """Where a value lies that the loop is given."""
        found = self._by_place(n)
        if found is None:
            raise AssertionError("a loop is given what does not lie in memory")
        buffer, start, step = found
        return _Moving(self._slot(buffer), start * n.dtype.itemsize, step * n.dtype.itemsize)

    def _value(self, i: int, steps: int) -> Ref:
        """Where a carried value stands after so many steps."""
        n, at, region = self.region.carried[i], self._places[self.iteration.entry[i]], self.region
        if at.in_turn:
            return self.address(at.slot, at.start + steps % 2 * at.step)
        return self.address(at.slot, (region.length - steps if region.reverse else steps) * _size(n))

    # -- the function --------------------------------------------------------------------------------------------------

    def emit(self) -> Code:
        with self.code.when(self.code.op("icmp eq i64 %thread, 0")) if self.alone else nullcontext():
            self._all_steps()
        return self.code

    def _all_steps(self) -> None:
        code, region, iteration = self.code, self.region, self.iteration
        values = range(len(region.carried))
        starts = [self.address(at.slot, at.start) for at in self._starts]
        self._copy([(self._value(i, 0), starts[i], _size(region.carried[i])) for i in values])
        for stage in iteration.once:
            self._call(stage, {}, ())
        if not self.alone:
            code.do(WAIT)
        with code.loop(0, region.length) as step:
            place = code.op(f"sub i64 {region.length - 1}, {step}") if region.reverse else step
            known: dict[tuple[int, int], Ref] = {}
            for stage, wait in zip(iteration.again, iteration.waits, strict=True):
                if wait:
                    code.do(WAIT)
                self._call(stage, known, (step, place))
        last = [(i, part(self.kernel, "final", i)) for i in values]
        finals = [(i, n) for i, n in last if n is not None]
        if finals and not self.alone:
            code.do(WAIT)
        self._copy([(self.address(self._slot(n)), self._value(i, region.length), _size(n)) for i, n in finals])

    def _copy(self, copies: Sequence[tuple[Ref, Ref, int]]) -> None:
        """Copy what is carried: to where, of what, how many bytes; the first thread does."""
        code = self.code
        with nullcontext() if self.alone else code.when(code.op("icmp eq i64 %thread, 0")):
            for to, of, size in copies:
                code.call("void", "llvm.memcpy.p0.p0.i64", f"ptr {to}", f"ptr {of}", f"i64 {size}", "i1 false")

    def _call(self, stage: Stage, known: dict[tuple[int, int], Ref], now: Sequence[Ref]) -> None:
        """Call a stage's function; `now`: the number of the step, and its place."""
        for argument in stage.arguments:
            if argument not in known:
                known[argument] = self._now(*argument, now)
        given = [f"ptr {known[a]}" for a in stage.arguments]
        self.code.do(f"call void @{stage.function}({', '.join([*given, THREAD])})")

    def _now(self, slot: int, offset: int, now: Sequence[Ref]) -> Ref:
        """An address of the body's, in this iteration."""
        code, at = self.code, self._places[slot]
        base = self.address(at.slot, at.start + offset)
        if not at.step:
            return base
        step, place = now
        turn = code.op(f"and i64 {step}, 1") if at.in_turn else place
        return code.element("i8", base, code.mul(turn, at.step))
