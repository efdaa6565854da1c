"""One version of a compiled function: its program, bound to the memory it works on."""

from __future__ import annotations

import ctypes
import gc
import sys
import threading
import weakref
from collections.abc import Sequence
from typing import Any, NoReturn

import numpy as np

from ...errors import ArgumentError, DataError
from ...process.forks import in_child
from ...tensor import Tensor
from ..graph.graph import Node
from ..surroundings.version import Version
from ..trace.address import address
from ..trace.aliases import READ_ONLY, Written, overlaps
from ..trace.tree import unflatten
from .checks import Refusal, refusal, worked_out
from .entry import GIVEN
from .outline import Native
from .program import Program
from .room import Room
from .runtime import Call, num_threads

MUCH = 1 << 26  # bytes from which on it is asked whether steps that hold them are still wanted
SMALL = 1 << 14  # bytes up to which a result is copied out, rather than written to an array of its own


class Step:
    """A program, loaded and bound to the memory that it works on.

    Attributes:
        version: what the program computes, and for which calls.
        native: its code, and how it is run.
        timings: how long each part of making it took, in seconds.
    """

    room = Room()  # where their memory comes from

    def __init__(self, version: Version, native: Native) -> None:
        self.version, self.native, self.outline = version, native, native.outline
        self.name, self.accepts, self.holds = version.name, version.accepts, version.holds
        self.from_cache = native.from_cache
        self.timings: dict[str, float] = {}
        self._bind_memory()
        self.lock = threading.Lock()  # its memory serves one call at a time
        _steps.add(self)

    @property
    def program(self) -> Program:
        """Its graphs, kernels and plan."""
        return self.native.program

    @property
    def text(self) -> str:
        """What is compiled, as one module in LLVM's language."""
        return self.program.text()

    # -- making it ----------------------------------------------------------------------------------------------------

    def _bind_memory(self) -> None:
        outline, version = self.outline, self.version
        self._made, self._arrangement, self._single = version.made, version.arrangement, version.single
        self._effects, self._forgotten, given = version.effects, version.forgotten, len(version.specs)
        self.memory = Written(t.data for t in version.written)
        self._until = self.memory.until
        addresses, self._arena = self.room.arena(self.native)
        self.table = (ctypes.c_uint64 * max(outline.slots, 1))()
        self._keep: dict[int, np.ndarray] = {}
        for slot, place in addresses.items():
            self.table[slot] = place
        self._apart: list[tuple[np.ndarray, np.ndarray]] = []  # what does not lie in one piece, with a copy that does
        self._back: list[tuple[np.ndarray, np.ndarray]] = []  # those of them that are written
        ids = {id(t.data) for t in version.written}
        for i, (_, array, _, _) in enumerate(version.read):
            whole = array if array.flags.c_contiguous else array.copy()
            if whole is not array:
                self._apart.append((array, whole))
                self._back += [(array, whole)] if id(array) in ids else []
            self._keep[given + i] = whole
            self.table[given + i] = whole.ctypes.data
        self._results: list[tuple[int, np.ndarray, bool]] = []
        results = list(zip(outline.results, self.native.checks.graph.results, strict=True))
        returned = len(version.graph.results)
        for slot, n in results[:returned]:
            own = self.room.result(n.shape, n.dtype)
            self._results.append((slot, own, own.nbytes <= SMALL))
            self.table[slot] = own.ctypes.data
        self._all_small = all(small for _, _, small in self._results)
        self._bind_checks(results[returned:])
        self._write_counts = [t.writes for t in version.written]
        self._bound: list[Any] = [None] * given
        self._job: Any = None
        self._shared = outline.shared
        written = [t.data for t in version.written]
        self._once, self._epoch = (Call(self.native.loaded, name, self.table, written) for name in ("step", "epoch"))
        one_number = self._single and self._made.plain and self._all_small
        self._simple = one_number and not (self._shared or self._apart or self._effects or outline.word)

    def _bind_checks(self, looked_at: Sequence[tuple[int, Node]]) -> None:
        """Memory for what says whether a call was refused, and why."""
        word = self.outline.word
        self._refused: Any = None
        self._cleared = word is not None and word[1]
        self._looked_at_by_checks: list[np.ndarray] = []
        if word is None:
            return
        self._refused = ctypes.c_uint64(0)
        self.table[word[0]] = ctypes.addressof(self._refused)
        for slot, n in looked_at:
            self._looked_at_by_checks.append(self.room.result(n.shape, n.dtype))
            self.table[slot] = self._looked_at_by_checks[-1].ctypes.data

    def given(self) -> list[np.ndarray]:
        """The arrays behind the graph's inputs, as last used."""
        return [self._keep[i] for i in range(len(self.version.graph.inputs))]

    # -- running it ---------------------------------------------------------------------------------------------------

    def run(self, leaves: Sequence[Tensor]) -> Any:
        """Run it once on these arguments."""
        with self.lock:
            bound = self._bound
            for i, t in enumerate(leaves):
                if t.data is not bound[i]:
                    self._bind(i, t.data)
            if self._simple:
                self._execute_simply()
                return Tensor(self._results[0][1].copy())
            if not self._all_small:
                self._new_results()
            self._execute(self._once)
            if self._refused is not None and self._refused.value:
                raise self._refusal().error()
            if not self._made.plain:
                arrays = [own.copy() if small else own for _, own, small in self._results]
                return unflatten(self._arrangement, self._made.made(leaves, arrays))
            if self._single:
                _, own, small = self._results[0]
                return Tensor(own.copy() if small else own)
            results = [Tensor(own.copy() if small else own) for _, own, small in self._results]
            return unflatten(self._arrangement, results)

    def run_epoch(self, batch: Sequence[np.ndarray], job: Any) -> Refusal | None:
        """Run it over mini-batches, gathered into these arrays; the job (a ctypes array) says which.

        What is wrong with the batch at which it ended, if it was refused.
        """
        with self.lock:
            for i, buffer in enumerate(batch):
                if self._bound[i] is not buffer:
                    self._bind(i, buffer)
            if not self._all_small:
                self._new_results()
            if self._job is not job:
                self.table[self.outline.job] = ctypes.addressof(job)
                self._job = job
            self._execute(self._epoch)
            return self._refusal() if self._refused is not None and self._refused.value else None

    def _refusal(self) -> Refusal:
        """Why the call was refused: the first check that failed, as the function was written."""
        graph, given, checks = self.version.graph, self.given(), self.native.checks
        if self._refused.value == GIVEN:
            looked_at = [(c, worked_out(c.subject, given, graph)) for c, _ in checks.before]
        else:
            looked_at = list(zip(checks.within, self._looked_at_by_checks[len(checks.within) :], strict=True))
        for check, subject in looked_at:
            found = refusal(check, subject, given, graph)
            if found is not None:
                return found
        return Refusal(DataError("a number that this compiled function checks is wrong."), "")

    def _execute_simply(self) -> None:
        """The same with nothing around it, for small steps, of which Python's own work is the greater part."""
        if self._once.run(1):
            self._refuse_to_write()
        self._leave()

    def _leave(self) -> None:
        """What a call leaves with the tensors: that they were written, and no gradients of before."""
        for count in self._write_counts:
            count[0] += 1
        for t in self._forgotten:
            if t.grad is not None:
                t.grad = None

    def _refuse_to_write(self) -> NoReturn:
        written = zip(self.version.written, self.version.written_at, strict=True)
        place = next(place for t, place in written if not t.data.flags.writeable)
        raise ArgumentError(READ_ONLY.format(place))

    def _execute(self, call: Call) -> None:
        if self._cleared:
            self._refused.value = 0
        for array, whole in self._apart:
            whole[...] = array
        if call.run(num_threads() if self._shared else 1):
            self._refuse_to_write()
        for array, whole in self._back:
            array[...] = whole
        self._leave()
        for holder, key, value in self._effects:
            holder.put(key, value)

    def _new_results(self) -> None:
        """Let large results be written to arrays that the caller may keep: new ones, where the last is still held.

        A new array costs more than its memory: the system clears its pages first.
        """
        for k in range(len(self._results)):
            if not self._results[k][2] and _holders(self._results, k) != UNHELD:
                slot, last, _ = self._results[k]
                self._results[k] = slot, self.room.result(last.shape, last.dtype), False
                self.table[slot] = address(self._results[k][1])

    def _bind(self, i: int, array: np.ndarray) -> None:
        usable = array if array.flags.c_contiguous else np.ascontiguousarray(array)
        start = address(usable)
        if usable is not array or (start < self._until and self.memory.near(start, start + usable.nbytes)):
            self.require_apart(array, f"argument {i} of the compiled function {self.name}")
        self._keep[i] = usable
        self.table[i] = start
        self._bound[i] = array if usable is array else None

    def bind_anew(self) -> None:
        """Let the next call bind all that calls bind: the last one may have been left in the middle of that."""
        self._bound, self._job = [None] * len(self._bound), None
        for slot, own, _ in self._results:
            self.table[slot] = address(own)

    def require_apart(self, array: np.ndarray, what: str) -> None:
        """Refuse what lies over memory that the program writes."""
        if self.memory.meets(array):
            raise overlaps(what)


def _holders(results: Sequence[tuple[int, np.ndarray, bool]], k: int) -> int:
    """How many hold a result's array: its views, and whoever has its buffer, among them."""
    return sys.getrefcount(results[k][1])


UNHELD = _holders([(0, np.empty(0), False)], 0)  # by no one but the list of results


_steps: weakref.WeakSet[Step] = weakref.WeakSet()
_left = 0  # bytes that they held after the last look


def collect_dropped() -> None:
    """Have Python's collector look, once steps hold twice the memory that was left after its last look.

    An object and what its own compiled method holds hold each other; and the collector comes when there are many
    objects, be they large or small. So models that nobody has any more would fill the memory, a few of them being few.
    """
    global _left
    if gc.isenabled() and _held() > max(2 * _left, MUCH):
        gc.collect()
        _left = _held()


def _held() -> int:
    """The bytes of all arrays that steps hold, and of what they work in."""
    steps = list(_steps)
    arrays: dict[int, int] = {id(array): array.nbytes for step in steps for _, array, *_ in step.version.bound_tensors}
    return sum(arrays.values()) + sum(step.outline.arena for step in steps)


@in_child
def _after_fork() -> None:
    """In a child process: another thread, which has stayed with the parent, may have been running a step."""
    renewed: dict[int, threading.Lock] = {}  # those of one function share one
    for step in _steps:
        step.lock = renewed.setdefault(id(step.lock), threading.Lock())
        step.bind_anew()
