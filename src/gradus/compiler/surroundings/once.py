"""One run of a function under the tracer, and where two runs come apart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ...tensor import Tensor
from ..graph.graph import Graph
from ..graph.loop_nodes import WriteOut
from ..trace.alike import alike, is_plain
from ..trace.trace import Tracer, Watch, trace
from ..trace.tree import flatten, is_tensor
from .around import Around
from .guards import Snapshot
from .where import short


class Once(NamedTuple):
    """What one run of the function came to; `kept` is what it was told to hand on."""

    tracer: Tracer
    graph: Graph
    arrangement: Any
    results: list[Tensor]
    kept: frozenset[int]


def once(run: Callable[[], Any], leaves: Sequence[Tensor], kept: frozenset[int]) -> Once:
    """Trace once; with loops written out, if a step of one is not the same each time, or leaves something.

    `kept`: the ids of lists and dicts from around the function: one that is returned is handed on.
    """
    try:
        return _traced(run, leaves, kept, _watch)
    except WriteOut:
        return _traced(run, leaves, kept, None)


def _traced(run: Callable[[], Any], leaves: Sequence[Tensor], kept: frozenset[int], watch: Watch | None) -> Once:
    tracer, result = trace(run, leaves, watch)
    returned: list[Tensor] = []
    arrangement = flatten(result, returned, is_tensor, kept)
    return Once(tracer, tracer.finish(returned), arrangement, returned, kept)


def _watch(step: Callable[..., Any]) -> Callable[[], bool]:
    """Look at what stands around a loop's step: whether it has changed since."""
    around = Around(step, ())
    state = Snapshot(around.holders)

    def order() -> list[list[int]]:  # a dict of which one takes what was used longest ago
        return [list(map(id, h.copy())) for h in around.holders if h.ordered]

    before = order()
    return lambda: around.opaque or order() != before or bool(state.changes())


def difference(first: Once, second: Once) -> str:
    """Where two runs of a function come apart; empty if they do not."""
    if not _same_result(first.arrangement, second.arrangement):
        return f"it returns {_other(first.arrangement, second.arrangement)}"
    g1, g2 = first.graph, second.graph
    if len(g1.inputs) != len(g2.inputs):
        return f"it reads {len(g1.inputs)} tensors, then {len(g2.inputs)}"
    for n, a, b in zip(g1.inputs, first.tracer.captured, second.tracer.captured, strict=True):
        if not _same_array(a, b):
            return f"a tensor or array of shape {n.shape} holds other numbers"
    (lines, ends), (others, other_ends) = (g.does() for g in (g1, g2))
    for (kind, shape, *a), (other, other_shape, *b) in zip(lines, others, strict=False):
        if (kind, shape, a) != (other, other_shape, b):
            return f"{kind} of shape {shape}, then {other} of shape {other_shape}, or with other numbers"
    if len(lines) != len(others):
        return f"{len(lines)} operations, then {len(others)}"
    return "" if ends == other_ends else "the same operations, whose results it uses otherwise"


def _same_array(a: np.ndarray, b: np.ndarray) -> bool:
    if a is b:
        return True
    if a.shape != b.shape or a.dtype != b.dtype or a.strides != b.strides:
        return False
    return a.__array_interface__["data"] == b.__array_interface__["data"] or a.tobytes() == b.tobytes()


def _same_result(a: Any, b: Any) -> bool:
    """Whether two arrangements of results are the same; objects are if they are one object, which is handed on."""
    if isinstance(a, tuple) and isinstance(b, tuple) and len(a) == len(b):
        return all(map(_same_result, a, b))
    return alike(a, b)


def _other(a: Any, b: Any) -> str:
    """What is another in two arrangements of results, for people."""
    if isinstance(a, tuple) and isinstance(b, tuple) and len(a) == len(b):
        return next(_other(p, q) for p, q in zip(a, b, strict=True) if not _same_result(p, q))
    if is_plain(a) or isinstance(a, type):
        return f"{short(a)}, then {short(b)}"
    kind = type(a).__name__
    return f"an object of the class {kind}, another at each call; tensors are returned in lists, tuples and dicts"
