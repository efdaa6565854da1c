"""One version of a compiled function: its program, bound to the memory it works on."""

from __future__ import annotations

import ctypes
import os
import sys
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from itertools import combinations
from operator import is_
from typing import Any, NoReturn

import numpy as np

from ... import interpret
from ...autograd import recording
from ...errors import ArgumentError, DataError, TraceError
from ...tensor import Tensor
from ..surroundings.sound import soundly
from ..trace.address import address
from ..trace.aliases import READ_ONLY, Written, overlaps
from ..trace.alike import alike
from ..trace.results import Results, wall, wish
from ..trace.tree import agree, alone, flatten, unflatten
from . import cache
from .checks import Refusal, refusal, worked_out
from .entry import GIVEN
from .program import Program
from .room import Room
from .runtime import Call, num_threads
from .target import Loaded, Target

MANY = 5  # arguments of which not each two are compared
SMALL = 1 << 14  # bytes up to which a result is copied out, rather than written to an array of its own


class Step:
    """A traced, compiled and loaded program.

    Attributes:
        program: its graphs, kernels and plan.
        only_tensors: whether all arguments are tensors.
        plain: whether all tensors among the arguments stand at the top, not inside lists or dicts.
        written: the tensors that it writes.
        bound_tensors: those that it depends on, with their arrays then, and whether they wanted a gradient.
    """

    room = Room()  # where their memory comes from

    def __init__(
        self,
        function: Callable[..., Any],
        arguments: tuple[Any, ...],
        target: Target,
        precision: str = "float32",
        winograd: bool = True,
        around: Callable[..., Any] | None = None,
        name: str = "",
    ) -> None:
        """`around`: the function whose surroundings are watched, if it is not this one."""
        self.name = name
        self.timings: dict[str, float] = {}
        started = time.perf_counter()
        graph = self._trace(function, arguments, around or function)
        self.program = Program(graph, target, len(self._specs), precision, winograd)
        self.text = self.program.text()
        self.timings["trace and schedule"] = time.perf_counter() - started
        self._load(target)
        self._bind_memory()
        self.lock = threading.Lock()  # its memory serves one call at a time
        _steps.add(self)

    # -- making it ----------------------------------------------------------------------------------------------------

    def _trace(self, function: Callable[..., Any], arguments: tuple[Any, ...], around: Callable[..., Any]) -> Any:
        given: list[Tensor] = []
        arrangement = flatten(arguments, given)
        self._specs = tuple((t.data.shape, t.data.dtype) for t in given)
        self._recording = recording()
        self.plain = not any(isinstance(a, (list, tuple, dict)) for a in arguments)
        self._like = tuple(map(_likeness, arguments))
        self.only_tensors = self.plain and len(self._specs) == len(arguments)

        places = [i for i, a in enumerate(arguments) if isinstance(a, Tensor)]
        self._pairs = tuple(combinations(places, 2)) if len(places) < MANY else ()
        self._tensors = places if len(places) >= MANY else []
        self._repeated = alone(given) is not None
        first = alone(given) or range(len(given))
        symbols: list[Tensor] = []

        def run() -> Any:
            tracer: Any = interpret.current.get()
            symbols[:] = [self._symbol(tracer, i, t) for i, t in enumerate(given)]
            for t in symbols:
                tracer.give(t)
            named = [symbols[i] for i in first]
            before = [(t.data, t.requires_grad) for t in named]
            handed = unflatten(arrangement, named)
            result = function(*handed)
            self._require_unchanged(arrangement, handed, named, before)
            return result

        traced = soundly(around, arguments, run, self.name)
        tracer, graph, self._result = traced.tracer, traced.graph, traced.arrangement
        self._guard, self._effects = traced.guard, traced.effects
        self._single = self._result is Tensor
        self._made = Results(tracer, traced.results, symbols, self.name)
        self._read = [(t, t.data, t.requires_grad, t.hooks) for t in tracer.read_from[len(given) :]]
        positions = {id(n): i for i, n in enumerate(graph.inputs)}
        self.written = [tracer.read_from[positions[id(target)]] for target, _ in graph.writes]
        self._written_at = [tracer.written_at[id(tracer.captured[positions[id(target)]])] for target, _ in graph.writes]
        self.memory = Written(t.data for t in self.written)
        self._until = self.memory.until
        del traced  # and with it what was only made on the way
        known = {id(t) for t, *_ in self._read}
        others = [(t, array, t.requires_grad, t.hooks) for t, array in tracer.outside() if id(t) not in known]
        self.bound_tensors = self._guard.tensors = [*self._read, *others]
        self._around = {id(t) for t, *_ in self.bound_tensors}
        return graph

    def _require_unchanged(self, arrangement: Any, handed: Any, named: list[Tensor], before: list[Any]) -> None:
        """Refuse a function that changes an argument: the caller's would stay as it is."""
        left: list[Tensor] = []
        kept = [t.data is data and t.requires_grad is wanted for t, (data, wanted) in zip(named, before, strict=True)]
        if agree(flatten(handed, left), arrangement) and all(map(is_, left, named)) and all(kept):
            return
        tracer: Any = interpret.current.get()
        raise tracer.refusal(
            f"the compiled function {self.name} changes a list, a dict or a tensor that it is given, which would "
            "happen once, while it is traced, and not to what later calls are given. Change a copy, as dict(batch), "
            "and return what is new."
        )

    def _symbol(self, tracer: Any, i: int, given: Tensor) -> Tensor:
        """What an argument is while the function is traced."""
        wanted = wish(given)
        t = type(given).__new__(type(given))
        Tensor.__init__(t, given.data, requires_grad=wanted is True)
        if wanted and given.grad is not None:
            t.grad = tracer.before(given)
        if wanted is False:
            t.requires_grad, t.origin = True, wall(
                f"a gradient would flow out of the compiled function {self.name}, to what its argument {i} was "
                "computed from. Compute that inside the function, or pass the argument without its history: detach()."
            )
        return t

    def _load(self, target: Target) -> None:
        started = time.perf_counter()
        code, self.from_cache = cache.compiled(self.text, target)
        self._loaded = Loaded(code, target)
        self.timings["native code"] = time.perf_counter() - started

    def _bind_memory(self) -> None:
        plan = self.program.plan
        addresses, self._arena = self.room.arena(self.program)
        self.table = (ctypes.c_uint64 * max(plan.count, 1))()
        self._keep: dict[int, np.ndarray] = {}
        for slot, place in addresses.items():
            self.table[slot] = place
        self._apart: list[tuple[np.ndarray, np.ndarray]] = []  # what does not lie in one piece, with a copy that does
        self._back: list[tuple[np.ndarray, np.ndarray]] = []  # those of them that are written
        ids = {id(t.data) for t in self.written}
        for i, (_, array, _, _) in enumerate(self._read):
            whole = array if array.flags.c_contiguous else array.copy()
            if whole is not array:
                self._apart.append((array, whole))
                self._back += [(array, whole)] if id(array) in ids else []
            self._keep[len(self._specs) + i] = whole
            self.table[len(self._specs) + i] = whole.ctypes.data
        self._results: list[tuple[int, np.ndarray, bool]] = []
        for n in self.program.graph.results[: self.program.returned]:
            slot = self.program.slot(n)
            own = self.room.result(n.shape, n.dtype)
            self._results.append((slot, own, own.nbytes <= SMALL))
            self.table[slot] = own.ctypes.data
        self._all_small = all(small for _, _, small in self._results)
        self._bind_checks()
        self._write_counts = [t.writes for t in self.written]
        self._bound: list[Any] = [None] * len(self._specs)
        self._job: Any = None
        self._shared = self.program.worth_sharing
        written = [t.data for t in self.written]
        self._once, self._epoch = (Call(self._loaded, name, self.table, written) for name in ("step", "epoch"))
        one_number = self._single and self._made.plain and self._all_small
        self._simple = one_number and not (self._shared or self._apart or self._effects or self.program.refusal)

    def _bind_checks(self) -> None:
        """Memory for what says whether a call was refused, and why."""
        program = self.program
        self._refused: Any = None
        self._cleared = program.refusal is not None and program.refusal.wait
        self._looked_at_by_checks: list[np.ndarray] = []
        if program.refusal is None:
            return
        self._refused = ctypes.c_uint64(0)
        self.table[program.refusal.slot] = ctypes.addressof(self._refused)
        for n in program.graph.results[program.returned :]:
            self._looked_at_by_checks.append(self.room.result(n.shape, n.dtype))
            self.table[program.slot(n)] = self._looked_at_by_checks[-1].ctypes.data

    # -- whether it still holds ---------------------------------------------------------------------------------------

    def accepts(self, arguments: tuple[Any, ...]) -> bool:
        """Whether this version is made for these arguments, now."""
        if not self.plain or len(arguments) != len(self._like):
            return False
        for a, (kind, like, dtype, wanted) in zip(arguments, self._like):  # noqa: B905 - lengths were compared
            if kind is Tensor and type(a) is Tensor:
                array = a.data
                if array.shape != like or (array.dtype is not dtype and array.dtype != dtype):
                    return False
                if (a.origin is None if a.requires_grad else None) is not wanted:
                    return False
                if wanted and (a.grad is not None or a.hooks or id(a) in self._around):
                    return False
            elif a is not like and not (type(a) is kind and alike(a, like)):
                return False
        for i, j in self._pairs:
            if arguments[i] is arguments[j]:
                return False  # the same tensor twice: made for that or not, is asked elsewhere
        if self._tensors and len({id(arguments[i]) for i in self._tensors}) < len(self._tensors):
            return False
        return not self._repeated and self.holds()

    def require_alone(self, given: Sequence[Tensor]) -> None:
        """Refuse an argument that wants a gradient and has hooks, or is from around the function, too: one sum."""
        for i, t in enumerate(given):
            if t.hooks:
                raise TraceError(
                    f"argument {i} of the compiled function {self.name} has hooks, which would not be called. Register "
                    "them inside the function, on what it computes, or give the argument without them: detach()."
                )
            if wish(t) and id(t) in self._around:
                raise TraceError(
                    f"argument {i} of the compiled function {self.name} wants a gradient and is a tensor that the "
                    "function uses from around it, too: eagerly both would have one gradient. Use the argument alone, "
                    "or pass detach() of it."
                )

    def accepts_rows(self, data: list[np.ndarray], batch: int) -> bool:
        """Whether this version is made for so many rows of these arrays, now."""
        if not self.only_tensors or len(data) != len(self._specs) or any(like[3] is not None for like in self._like):
            return False
        for a, (shape, dtype) in zip(data, self._specs):  # noqa: B905 - lengths were compared
            if (batch, *a.shape[1:]) != shape or a.dtype != dtype:
                return False
        return self.holds()

    def holds(self) -> bool:
        """Whether all that it depends on besides its arguments is as it was."""
        return recording() is self._recording and self._guard.same()

    def changed(self) -> str | None:
        """What it depends on and is not as it was, by its name; None if nothing around it is."""
        return self._guard.changed()

    def given(self) -> list[np.ndarray]:
        """The arrays behind the graph's inputs, as last used."""
        return [self._keep[i] for i in range(len(self.program.graph.inputs))]

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
                return unflatten(self._result, self._made.made(leaves, arrays))
            if self._single:
                _, own, small = self._results[0]
                return Tensor(own.copy() if small else own)
            return unflatten(self._result, [Tensor(own.copy() if small else own) for _, own, small in self._results])

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
                self.table[self.program.job_slot] = ctypes.addressof(job)
                self._job = job
            self._execute(self._epoch)
            return self._refusal() if self._refused is not None and self._refused.value else None

    def _refusal(self) -> Refusal:
        """Why the call was refused: the first check that failed, as the function was written."""
        program, given, checks = self.program, self.given(), self.program.checks
        if self._refused.value == GIVEN:
            looked_at = [(c, worked_out(c.subject, given, program.traced)) for c, _ in checks.before]
        else:
            looked_at = list(zip(checks.within, self._looked_at_by_checks[len(checks.within) :], strict=True))
        for check, subject in looked_at:
            found = refusal(check, subject, given, program.traced)
            if found is not None:
                return found
        return Refusal(DataError("a number that this compiled function checks is wrong."), "")

    def _execute_simply(self) -> None:
        """The same with nothing around it, for small steps, of which Python's own work is the greater part."""
        if self._once.run(1):
            self._refuse_to_write()
        for count in self._write_counts:
            count[0] += 1

    def _refuse_to_write(self) -> NoReturn:
        place = next(p for t, p in zip(self.written, self._written_at, strict=True) if not t.data.flags.writeable)
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
        for count in self._write_counts:
            count[0] += 1
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

    def require_apart(self, array: np.ndarray, what: str) -> None:
        """Refuse what lies over memory that the program writes."""
        if self.memory.meets(array):
            raise overlaps(what)


def _holders(results: Sequence[tuple[int, np.ndarray, bool]], k: int) -> int:
    """How many hold a result's array: its views, and whoever has its buffer, among them."""
    return sys.getrefcount(results[k][1])


UNHELD = _holders([(0, np.empty(0), False)], 0)  # by no one but the list of results


def _likeness(argument: Any) -> tuple[Any, Any, Any, Any]:
    """What another argument must agree with, to be given to the same program."""
    if type(argument) is Tensor:
        return Tensor, argument.data.shape, argument.data.dtype, wish(argument)
    return type(argument), None if isinstance(argument, Tensor) else argument, None, None


_steps: weakref.WeakSet[Step] = weakref.WeakSet()


def _after_fork() -> None:
    """In a child process: another thread, which has stayed with the parent, may have held a lock."""
    renewed: dict[int, threading.Lock] = {}  # those of one function share one
    for step in _steps:
        step.lock = renewed.setdefault(id(step.lock), threading.Lock())


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
