"""gradus.compile: a Python function of Tensors becomes one native program."""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from ..tensor import Tensor, as_tensor
from .program import Program
from .target import Loaded, compile_object, host
from .runtime import num_threads, pool
from .trace import trace


class Step:
    """One traced version of a function: native code bound to the memory it works on."""

    def __init__(self, function: Callable[..., Any], arguments: list[Any]) -> None:
        tensors = [Tensor(a.data) if isinstance(a, Tensor) else a for a in arguments]
        given = [t for t in tensors if isinstance(t, Tensor)]
        self._returned: list[Tensor] = []

        def run() -> Any:
            tracer_now = trace_now()
            for t in given:
                tracer_now.node_of(t)
            return function(*tensors)

        from .. import interpret

        trace_now: Any = interpret.current.get
        tracer, result = trace(run)
        self.shape_of_result = result
        leaves = [result] if isinstance(result, Tensor) else list(result or ())
        self.graph = tracer.finish(leaves)
        self.single = isinstance(result, Tensor)
        self.nothing = result is None
        self.captured = tracer.captured[len(given) :]
        self.count = len(given)
        self.program = Program(self.graph, host())
        self.text = self.program.text()
        self.loaded = Loaded(compile_object(self.text, host()), host())
        self._call = self.loaded.function(
            "step", ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64
        )
        p = self.program.plan
        self.arena = np.empty(p.arena + 64, np.uint8)
        base = (self.arena.ctypes.data + 63) // 64 * 64
        self.table = np.zeros(max(p.count, 1), np.uint64)
        for slot, offset in p.offsets.items():
            self.table[slot] = base + offset
        for i, array in enumerate(self.captured):
            self.table[self.count + i] = array.ctypes.data
        self.sync = np.zeros(32, np.uint64)
        self._table_at, self._sync_at = self.table.ctypes.data, self.sync.ctypes.data
        self._address = self.loaded._engine.get_function_address("step")

    def __call__(self, arguments: list[Any]) -> Any:
        arrays = [np.ascontiguousarray(a.data) for a in arguments if isinstance(a, Tensor)]
        for i, a in enumerate(arrays):
            self.table[i] = a.ctypes.data
        out = {}
        for slot, n in self.program.plan.results.items():
            out[n] = np.empty(n.shape, n.dtype)
            self.table[slot] = out[n].ctypes.data
        threads = num_threads()
        if threads == 1:
            self._call(self._table_at, self._sync_at, 0, 1)
        else:
            pool().run(self._call, self._address, self._table_at, self._sync_at, threads)
        results = [Tensor(out[n]) for n in self.program.graph.results]
        if self.nothing:
            return None
        return results[0] if self.single else tuple(results)


def compile(function: Callable[..., Any]) -> Callable[..., Any]:
    steps: dict[Any, Step] = {}

    @functools.wraps(function)
    def call(*arguments: Any) -> Any:
        arguments = tuple(as_tensor(a) if isinstance(a, np.ndarray) else a for a in arguments)
        key = tuple((a.shape, a.dtype) if isinstance(a, Tensor) else a for a in arguments)
        if key not in steps:
            steps[key] = Step(function, list(arguments))
        return steps[key](list(arguments))

    call.steps = steps  # type: ignore[attr-defined]
    return call
