"""One version of a compiled function: its program, bound to the memory it works on."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from .. import interpret
from ..tensor import Tensor
from . import cache
from .guards import Surroundings
from .program import Program
from .runtime import run_threads
from .target import Loaded, Target, compile_object
from .trace import trace
from .tree import flatten, unflatten

SMALL = 1 << 14  # bytes up to which a result is copied out, rather than written to an array of its own
SLICE = 0.1  # seconds of an epoch between two looks at the clock, the progress and Ctrl-C
SLICE_BYTES = 1 << 25  # what the results kept in that time may take


class Step:
    """A traced, compiled and loaded program.

    Attributes:
        program: its graphs, kernels and plan.
        only_tensors: whether all arguments are tensors.
        plain: whether all tensors among the arguments stand at the top, not inside lists or dicts.
    """

    def __init__(
        self, function: Callable[..., Any], arguments: tuple[Any, ...], target: Target, leaves: Sequence[Tensor] = ()
    ) -> None:
        self.timings: dict[str, float] = {}
        started = time.perf_counter()
        graph = self._trace(function, arguments, leaves)
        self.program = Program(graph, target, len(self._specs))
        self.text = self.program.text()
        self.timings["trace and schedule"] = time.perf_counter() - started
        self._load(target)
        self._bind_memory()
        self._surroundings: Surroundings | None = None
        self._snapshot: Any = None
        self.held: list[Any] = []  # what the key of this version names by its id

    # -- making it ----------------------------------------------------------------------------------------------------

    def _trace(self, function: Callable[..., Any], arguments: tuple[Any, ...], leaves: Sequence[Tensor]) -> Any:
        given: list[Tensor] = []
        arrangement = flatten(arguments, given)
        symbols = [Tensor(t.data, requires_grad=t.requires_grad and t.is_leaf) for t in given]
        self._specs = tuple((t.data.shape, t.data.dtype) for t in given)
        self.plain = not any(isinstance(a, (list, tuple, dict)) for a in arguments)
        self._like = tuple((a.data.shape, a.data.dtype) if isinstance(a, Tensor) else a for a in arguments)
        self.only_tensors = self.plain and len(self._specs) == len(arguments)

        def run() -> Any:
            tracer: Any = interpret.current.get()
            for t in symbols:
                tracer.give(t)
            return function(*unflatten(arrangement, list(symbols)))

        tracer, result = trace(run, leaves)
        returned: list[Tensor] = []
        self._result = flatten(result, returned)
        self._looked_at = tracer.looked_at
        self._single = self._result is Tensor
        graph = tracer.finish(returned)
        self._read = [(t, t.data, t.requires_grad) for t in tracer.read_from[len(given) :]]
        positions = {id(n): i for i, n in enumerate(graph.inputs)}
        self._written = [tracer.read_from[positions[id(target)]] for target, _ in graph.writes]
        return graph

    def _load(self, target: Target) -> None:
        started = time.perf_counter()
        name = cache.key(self.text, target)
        code = cache.load(name)
        self.from_cache = code is not None
        if code is None:
            code = compile_object(self.text, target)
            cache.save(name, code)
        self._loaded = Loaded(code, target)
        self.timings["native code"] = time.perf_counter() - started

    def _bind_memory(self) -> None:
        plan = self.program.plan
        self._arena = np.empty(plan.arena + 64, np.uint8)
        base = -(-self._arena.ctypes.data // 64) * 64
        self.table = (ctypes.c_uint64 * max(plan.count, 1))()
        self._keep: dict[int, np.ndarray] = {}
        for slot, offset in plan.offsets.items():
            self.table[slot] = base + offset
        self._apart: list[tuple[np.ndarray, np.ndarray]] = []  # what does not lie in one piece, with a copy that does
        for i, (_, array, _) in enumerate(self._read):
            whole = array if array.flags.c_contiguous else array.copy()
            if whole is not array:
                self._apart.append((array, whole))
            self._keep[len(self._specs) + i] = whole
            self.table[len(self._specs) + i] = whole.ctypes.data
        self._results = []
        for n in self.program.graph.results:
            slot = self.program.slot(n)
            own = np.empty(n.shape, n.dtype)
            self._results.append((slot, own, own.nbytes <= SMALL))
            self.table[slot] = own.ctypes.data
        self._all_small = all(small for _, _, small in self._results)
        self._write_counts = [t.writes for t in self._written]
        self._batch: list[np.ndarray] | None = None  # where the rows of a batch are gathered
        self._bound: list[Any] = [None] * len(self._specs)

    def watch(self, surroundings: Surroundings) -> None:
        """Compare these surroundings before each call."""
        self._surroundings, self._snapshot = surroundings, surroundings.snapshot()

    # -- whether it still holds ---------------------------------------------------------------------------------------

    def still_bound(self) -> bool:
        """Whether the tensors it read still lie where they lay."""
        for t, array, wanted in self._read:
            if t.data is not array or t.requires_grad is not wanted:
                return False
        return not self._looked_at or all(t.writes[0] == count for t, count in self._looked_at)

    def accepts(self, arguments: tuple[Any, ...]) -> bool:
        """Whether this version is made for these arguments, now."""
        if not self.plain or len(arguments) != len(self._like):
            return False
        for a, like in zip(arguments, self._like):  # noqa: B905 - lengths were compared
            if not isinstance(a, Tensor):
                if type(a) is not type(like) or a != like:
                    return False
            elif not isinstance(like, tuple) or a.data.shape != like[0] or a.data.dtype != like[1]:
                return False
        return self._holds()

    def accepts_rows(self, data: list[np.ndarray], batch: int) -> bool:
        """Whether this version is made for so many rows of these arrays, now."""
        if not self.only_tensors or len(data) != len(self._specs):
            return False
        for a, (shape, dtype) in zip(data, self._specs):  # noqa: B905 - lengths were compared
            if (batch, *a.shape[1:]) != shape or a.dtype != dtype:
                return False
        return self._holds()

    def _holds(self) -> bool:
        return self.still_bound() and self._surroundings.snapshot() == self._snapshot  # type: ignore[union-attr]

    def given(self) -> list[np.ndarray]:
        """The arrays behind the graph's inputs, as last used."""
        return [self._keep[i] for i in range(len(self.program.graph.inputs))]

    # -- running it ---------------------------------------------------------------------------------------------------

    def run(self, leaves: Sequence[Tensor]) -> Any:
        """Run it once on these arguments."""
        for i, t in enumerate(leaves):
            if t.data is not self._bound[i]:
                self._bind(i, t.data)
        if not self._all_small:
            self._new_results()
        self._execute("step")
        for count in self._write_counts:
            count[0] += 1
        tensors = [Tensor(own.copy() if small else own) for _, own, small in self._results]
        return tensors[0] if self._single else unflatten(self._result, tensors)

    def _execute(self, entry: str) -> None:
        for array, whole in self._apart:
            whole[...] = array
        run_threads(self._loaded, entry, self.program.threads, self.table)
        for array, whole in self._apart:
            if array.flags.writeable:
                array[...] = whole

    def _new_results(self) -> None:
        """Let large results be written to arrays of their own, which the caller then keeps."""
        for k, (slot, own, small) in enumerate(self._results):
            if not small:
                fresh = np.empty_like(own)
                self._results[k] = slot, fresh, False
                self.table[slot] = fresh.ctypes.data

    def _bind(self, i: int, array: np.ndarray) -> None:
        usable = array if array.flags.c_contiguous else np.ascontiguousarray(array)
        self._bound[i] = array if usable is array else None
        self._keep[i] = usable
        self.table[i] = usable.ctypes.data

    def slices(self, data: list[np.ndarray], batches: np.ndarray) -> Iterator[list[np.ndarray]]:
        """Run it over mini-batches, about `SLICE` seconds at a time in native code.

        After each slice, what the steps returned: for each result an array (steps of the slice, *its shape).
        """
        if self._batch is None:
            self._batch = [np.empty(shape, dtype) for shape, dtype in self._specs]
        for i, buffer in enumerate(self._batch):
            if self._bound[i] is not buffer:
                self._bind(i, buffer)
        self._new_results()
        results = [own for _, own, _ in self._results]
        most = max(1, SLICE_BYTES // max(sum(own.nbytes for own in results), 1))
        sources, rows_at = [a.ctypes.data for a in data], batches.ctypes.data
        done, at_once = 0, self.program.steps_at_once
        while done < len(batches):
            count = min(at_once, most, len(batches) - done)
            kept = [np.empty((count, *own.shape), own.dtype) for own in results]
            job = [count, rows_at + done * batches.strides[0], len(results), *sources]
            for (slot, own, _), k in zip(self._results, kept, strict=True):
                job += [self.table[slot], k.ctypes.data, own.nbytes]
            native = (ctypes.c_uint64 * len(job))(*job)
            self.table[self.program.job_slot] = ctypes.addressof(native)
            started = time.perf_counter()
            self._execute("epoch")
            taken = max(time.perf_counter() - started, 1e-6)
            for writes in self._write_counts:
                writes[0] += 1
            done += count
            at_once = max(1, min(2 * count, int(count * SLICE / taken)))
            yield kept
