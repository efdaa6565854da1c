"""Tracing a function so that its program gives what the function gives, or saying why there is no such program.

The function runs twice on symbols. The first run tells what Python ran and read, and what it changed; the second must
come to the same graph and change nothing more, for the program will do what the tensors did, and nothing else.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from ...errors import TraceError
from ...tensor import Tensor
from ..trace.alike import alike, is_plain
from ..trace.graph import Graph, Node
from ..trace.loops import WriteOut
from ..trace.trace import Tracer, Watch, trace
from ..trace.tree import flatten, is_tensor
from .around import Around
from .guards import Guard, Snapshot, memories, owner
from .holders import MISSING, Draws, Holder, Numbers, Position
from .named import mentions
from .ran import Ran
from .trial import candidates, worked_with

OUTSIDE = "Do that outside the compiled function, or leave it uncompiled."


class Traced(NamedTuple):
    """What came of tracing.

    Attributes:
        tracer: what the function read.
        graph: what it computed.
        arrangement: how its results are arranged.
        results: the tensors among them.
        guard: what else it depends on.
        effects: values that it leaves somewhere, at every call the same: (holder, key, value).
    """

    tracer: Tracer
    graph: Graph
    arrangement: Any
    results: list[Tensor]
    guard: Guard
    effects: list[tuple[Holder, Any, Any]]


class Once(NamedTuple):
    """What one run of the function came to."""

    tracer: Tracer
    graph: Graph
    arrangement: Any
    results: list[Tensor]
    kept: frozenset[int]


def soundly(
    function: Callable[..., Any], arguments: Sequence[Any], run: Callable[[], Any], name: str = "<function>"
) -> Traced:
    """Trace a function; `run` calls it on symbols.

    Raises:
        TraceError: the function does more than compute with tensors. Then, as after any error of the function's own,
            all that it changed is as it was before.
    """
    around = Around(function, arguments)
    before = Snapshot(around.holders)
    leaves = [t for t, _ in around.tensors if t.requires_grad and t.is_leaf]
    kept = frozenset(id(h.thing) for h in around.holders if isinstance(h.thing, (list, dict)))
    ran = Ran()
    ran.all_attributes = around.reads_by_name
    with _undone_after_an_error(around, before):
        first = _once(lambda: ran.watch(run), leaves, kept)
        _refuse_asking(ran, name)
        changes = before.changes()
        _refuse_symbols(changes, name, ran)
        _refuse_changes([change for change in changes if isinstance(change[0], (Numbers, Position))], name, ran)
        seen = Around(function, arguments, ran)
        guard = Guard(seen, first.tracer.captured, [t for t, _ in first.tracer.looked_at])
        between = Snapshot(_together(around.holders, Around(function, arguments).holders))
        second = _once(run, leaves, kept)
        _refuse_changes(between.changes(), name, ran)
        _refuse_difference(first, second, name)
        _refuse_reuse(first, name)
        if any("grad" in mentions(code) for code in ran.codes):
            _refuse_first_call(run, leaves, second, between, name)
        _watch_what_numpy_used(run, leaves, second, between, (seen, guard), name)
        if not guard.same():
            what = guard.changed() or "the numbers of an array"
            raise TraceError(f"the compiled function {name} changes {what}, which it reads. {OUTSIDE}")
    _let_go(first, second)
    effects = [(h, key, now) for h, key, _, now in changes if now is not MISSING and not isinstance(h, Draws)]
    return Traced(second.tracer, second.graph, second.arrangement, second.results, guard, effects)


@contextmanager
def _undone_after_an_error(around: Around, before: Snapshot) -> Iterator[None]:
    """Let everything be as it was before, if this block ends in an error."""
    tensors = [(t, t.grad, t.writes, t.writes[0]) for t, _ in around.tensors]
    caches = [(c, c.cache_info().misses) for c in around.caches]
    try:
        yield
    except BaseException:
        before.put_back()
        for t, gradient, writes, count in tensors:
            t.grad, t.writes, writes[0] = gradient, writes, count
        for cache, misses in caches:
            if cache.cache_info().misses != misses:  # it may hold tensors without numbers
                cache.cache_clear()
        raise


def _refuse_reuse(once: Once, name: str) -> None:
    """Refuse an array that the function itself changes after the program has read it: it is read as it is last."""
    array = once.tracer.seen.changed()
    if array is not None:
        raise TraceError(
            f"the compiled function {name} changes a NumPy array of shape {array.shape} after a use of it. The program "
            "would read it as it is at the end. Give each use an array of its own, as a.copy(), or compute with "
            "gradus's functions."
        )


def _refuse_asking(ran: Ran, name: str) -> None:
    if ran.asked:
        what, place = ran.asked[0]
        raise TraceError(
            f"the compiled function {name} {what}, at {place}. That would happen once, while it is traced, and not at "
            f"each call. {OUTSIDE}"
        )


def _once(run: Callable[[], Any], leaves: Sequence[Tensor], kept: frozenset[int]) -> Once:
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


def _let_go(first: Once, second: Once) -> None:
    """Let what the function makes anew at each call, as by `tensor(0.0)`, begin there as it was made.

    Each run made its own, so it lies elsewhere. Nobody sees what is written into it, but where it is returned.
    """
    tracer, graph = second.tracer, second.graph
    both = zip(first.tracer.captured, tracer.captured, strict=True)
    tracer.fresh = {id(new) for old, new in both if new is not old and new.ctypes.data != old.ctypes.data}
    made = {id(n) for n, a in zip(graph.inputs, tracer.captured, strict=True) if id(a) in tracer.fresh}
    graph.writes[:] = [(target, value) for target, value in graph.writes if id(target) not in made]


def _refuse_first_call(
    run: Callable[[], Any], leaves: Sequence[Tensor], usual: Once, state: Snapshot, name: str
) -> None:
    """Refuse a function that does something else when there are no gradients yet, as before the first backward()."""
    kept = [t.grad for t in leaves]
    for t in leaves:
        t.grad = None
    try:
        found = _difference(usual, _once(run, (), usual.kept))
    except Exception as problem:
        found = f"it raises {type(problem).__name__}: {problem}"
    finally:
        for t, gradient in zip(leaves, kept, strict=True):
            t.grad = gradient
    changes = state.changes()
    state.put_back()
    if found or changes:
        what = found or f"it changes {changes[0][0].name(changes[0][1])}"
        raise TraceError(
            f"the compiled function {name} does something else when its parameters have no gradients yet, as at the "
            f"first call: {what}. A call takes those of an earlier one to be there. Begin with zero_grad(), and ask "
            "for grad after backward()."
        )


def _watch_what_numpy_used(
    run: Callable[[], Any], leaves: Sequence[Tensor], usual: Once, state: Snapshot, to: tuple[Around, Guard], name: str
) -> None:
    """Watch the numbers of arrays that the program reads and NumPy has worked with besides; refuse to change those."""
    seen, guard = to
    tracer, graph, *_ = usual
    known = [t.data for t, _ in tracer.looked_at]

    def matter(stands_for: dict[int, np.ndarray]) -> bool:
        try:
            other = _once(run, leaves, usual.kept)
            left = any(id(now) not in stands_for for *_, now in state.changes())
        except Exception:
            return True
        finally:
            state.put_back()
        captured = other.tracer.captured
        captured[:] = [stands_for.get(id(a), a) for a in captured]
        return left or bool(_difference(usual, other))

    found = worked_with(candidates(seen, tracer.captured, known), matter)
    targets = {id(target) for target, _ in graph.writes}
    written = memories([a for n, a in zip(graph.inputs, tracer.captured, strict=True) if id(n) in targets])
    for array, label, _ in found:
        if id(owner(array)) in written:
            raise TraceError(
                f"the compiled function {name} works with the numbers of {label} by NumPy or Python, as through "
                "`.data`, and writes them. They would be those of the time when it was traced. Use the tensor itself, "
                f"with detach() or under no_grad. {OUTSIDE}"
            )
    guard.watch([array for array, _, _ in found])


def _together(first: Sequence[Holder], second: Sequence[Holder]) -> list[Holder]:
    """Holders of both, each thing's once."""
    return list({(id(h.thing), type(h), getattr(h, "keys", None) is None): h for h in (*first, *second)}.values())


# -- what is refused ---------------------------------------------------------------------------------------------------


def holds_symbol(value: Any) -> bool:
    """Whether a value is, or holds, a tensor that has no numbers."""
    if isinstance(value, Node):
        return True
    if isinstance(value, Tensor):
        return isinstance(value.data, Node)
    if isinstance(value, dict):
        return any(map(holds_symbol, value.values()))
    return isinstance(value, (list, tuple, set)) and any(map(holds_symbol, value))


def _refuse_symbols(changes: list[tuple[Holder, Any, Any, Any]], name: str, ran: Ran) -> None:
    for holder, key, _, now in changes:
        if holds_symbol(now):
            raise TraceError(
                f"the compiled function {name} puts a tensor that it computes into {holder.name(key)}"
                f"{_at(ran.where_written(key))}, which would be the same at every call. Make it a tensor beforehand "
                "and write into it with assign_, or return the value."
            )


def _refuse_changes(changes: list[tuple[Holder, Any, Any, Any]], name: str, ran: Ran) -> None:
    for holder, key, then, now in changes:
        where = _at(ran.where_written(key))
        if isinstance(holder, Draws):
            raise TraceError(
                f"the compiled function {name} draws random numbers from {holder.label}, which would be the same at "
                "every call. Draw them with gradus (gradus.rand, nn.Dropout), or draw them outside and hand them in."
            )
        grows = then is MISSING and isinstance(holder.thing, list)
        what = f"{holder.label}, which gets longer," if grows else holder.name(key)
        said = isinstance(holder, (Numbers, Position)) or grows
        how = "" if said else f" (from {_short(then)} to {_short(now)} and so on)"
        raise TraceError(
            f"the compiled function {name} changes {what}{where}{how}, which would happen "
            "once, while it is traced, and not at each call. Make it a tensor (a buffer) and write "
            "into it with assign_, change it outside, or leave the function uncompiled."
        )


def _refuse_difference(first: Once, second: Once, name: str) -> None:
    found = _difference(first, second)
    if found:
        raise TraceError(
            f"the compiled function {name} does something else when it runs again: {found}. It depends on something "
            "that changes by itself (an iterator that goes on, random numbers of another library, an object that "
            "counts). Give it as an argument, draw with gradus, or leave the function uncompiled."
        )


def _difference(first: Once, second: Once) -> str:
    """Where two runs of a function come apart; empty if they do not."""
    (t1, g1, a1, *_), (t2, g2, a2, *_) = first, second
    if not _same_result(a1, a2):
        return f"it returns {_other(a1, a2)}"
    if len(g1.inputs) != len(g2.inputs):
        return f"it reads {len(g1.inputs)} tensors, then {len(g2.inputs)}"
    number: dict[Node, int] = {}
    for i, (a, b) in enumerate(zip(g1.inputs, g2.inputs, strict=True)):
        if not _same_array(t1.captured[i], t2.captured[i]):
            return f"a tensor or array of shape {a.shape} holds other numbers"
        number[a] = number[b] = i
    n1, n2 = (_in_order(g, number) for g in (g1, g2))
    for one, other in zip(n1, n2, strict=False):
        if not _same_operation(one, other, number):
            return f"{one.kind} of shape {one.shape}, then {other.kind} of shape {other.shape}, or with other numbers"
        number[one] = number[other] = len(number)
    ends1, ends2 = ([number.get(n) for n in (*g.outputs(), *(t for t, _ in g.writes))] for g in (g1, g2))
    return "" if len(n1) == len(n2) and ends1 == ends2 else f"{len(n1)} operations, then {len(n2)}"


def _in_order(graph: Graph, given: dict[Node, int]) -> list[Node]:
    return [n for n in graph.nodes() if n not in given]


def _same_operation(a: Node, b: Node, number: dict[Node, int]) -> bool:
    if a.kind != b.kind or a.shape != b.shape or a.dtype != b.dtype or len(a.inputs) != len(b.inputs):
        return False
    if any(number.get(x) != number.get(y) for x, y in zip(a.inputs, b.inputs, strict=True)):
        return False
    if a.params == b.params and a.kind != "full":  # 1, True and 1.0 are equal, and constants of different types
        return True
    return repr(sorted(a.params.items())) == repr(sorted(b.params.items()))


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
        return f"{_short(a)}, then {_short(b)}"
    kind = type(a).__name__
    return f"an object of the class {kind}, another at each call; tensors are returned in lists, tuples and dicts"


def name_of(function: Any) -> str:
    """What a thing that can be called is called: itself, what a partial is of, or its class."""
    while isinstance(function, functools.partial):
        function = function.func
    name = getattr(function, "__name__", None)
    return name if isinstance(name, str) else type(function).__name__


def _at(place: str) -> str:
    return f", at {place}" if place else ""


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) < 40 else text[:37] + "..."
