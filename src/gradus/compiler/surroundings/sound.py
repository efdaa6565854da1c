"""Tracing a function so that its program gives what the function gives, or saying why there is no such program.

The function runs twice on symbols. The first run tells what Python ran and read, and what it changed; the second must
come to the same graph and change nothing more, for the program will do what the tensors did, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from ...errors import TraceError
from ...tensor import Tensor
from ..graph.graph import Graph
from ..trace.alike import is_plain
from ..trace.trace import Tracer
from .around import Around
from .guards import Guard, Snapshot, memories, owner
from .holders import MISSING, Bare, Holder, Named, Numbers, Slots
from .named import mentions
from .once import Once, difference, once
from .ran import Ran
from .refused import OUTSIDE, refuse_asking, refuse_changes, refuse_difference, refuse_reuse, refuse_symbols
from .sources import Draws, Position
from .trial import candidates, worked_with


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
    held = (h.thing.container if isinstance(h.thing, Bare) else h.thing for h in around.holders)
    kept = frozenset(id(thing) for thing in held if isinstance(thing, (list, dict)))
    ran = Ran()
    ran.all_attributes = around.reads_by_name
    with _undone_after_an_error(around, before):
        first = once(lambda: ran.watch(run), leaves, kept)
        refuse_asking(ran, name)
        _refuse_histories(first.tracer, around, name)
        changes = before.changes()
        refuse_symbols(changes, name, ran)
        refuse_changes([change for change in changes if isinstance(change[0], (Numbers, Position))], name, ran)
        seen = Around(function, arguments, ran)
        guard = Guard(seen, first.tracer.captured, [t for t, _ in first.tracer.looked_at])
        between = Snapshot(_together(around.holders, Around(function, arguments).holders))
        marks = _marks(around, ran)
        second = once(run, leaves, kept)
        left_again = _left_again(marks)
        refuse_changes(between.changes(), name, ran)
        refuse_difference(first, second, name)
        refuse_reuse(first, name)
        if any("grad" in mentions(code) for code in ran.codes):
            _refuse_first_call(run, leaves, second, between, name)
        _watch_what_numpy_used(run, leaves, second, between, (seen, guard), name)
        if not guard.same():
            what = guard.changed() or "the numbers of an array"
            raise TraceError(f"the compiled function {name} changes {what}, which it reads. {OUTSIDE}")
    _let_go(first, second)
    effects = [(h, key, now) for h, key, _, now in changes if now is not MISSING and not isinstance(h, Draws)]
    effects += [effect for effect in left_again if effect[:2] not in [(h, key) for h, key, _ in effects]]
    return Traced(second.tracer, second.graph, second.arrangement, second.results, guard, effects)


def _marks(around: Around, ran: Ran) -> list[tuple[Holder, Any, Any]]:
    """Put a mark in place of each plain value whose name the function only assigns: (holder, key, value).

    What it leaves there may be what is there already, and so no change; and yet it is left again at each call.
    """
    names = ran.own - ran.names
    if not names or ran.all_attributes:
        return []
    holders = [h for h in around.holders if type(h) in (Named, Slots) and not h.ordered]
    holders = [h for h in holders if not isinstance(h.thing, Tensor)]
    marks = [(h, key, value) for h in holders for key, value in h.copy().items() if key in names and is_plain(value)]
    for holder, key, _ in marks:
        holder.put(key, MISSING)
    return marks


def _left_again(marks: list[tuple[Holder, Any, Any]]) -> list[tuple[Holder, Any, Any]]:
    """Those of the marks in whose place something was left: (holder, key, what). The others give way to what was."""
    found = []
    for holder, key, value in marks:
        now = holder.copy().get(key, value)
        if now is MISSING:
            holder.put(key, value)
        else:
            found.append((holder, key, now))
    return found


@contextmanager
def _undone_after_an_error(around: Around, before: Snapshot) -> Iterator[None]:
    """Let everything be as it was before, if this block ends in an error."""
    tensors = [(t, t.grad, t.requires_grad, t.origin, t.writes, t.writes[0]) for t, _ in around.tensors]
    caches = [(c, c.cache_info().misses) for c in around.caches]
    try:
        yield
    except BaseException:
        before.put_back()
        for t, gradient, wanted, origin, writes, count in tensors:
            t.grad, t.requires_grad, t.origin, t.writes, writes[0] = gradient, wanted, origin, writes, count
        for cache, misses in caches:
            if cache.cache_info().misses != misses:  # it may hold tensors without numbers
                cache.cache_clear()
        raise


def _refuse_histories(tracer: Tracer, around: Around, name: str) -> None:
    """Refuse to leave a history in a tensor from around the function."""
    known = {id(t) for t, _ in around.tensors}
    for t, place in tracer.followed:
        if id(t) in known:
            raise TraceError(
                f"the compiled function {name} assigns, at {place}, a value with a history to elements of a tensor "
                "from around it. A gradient lasts no longer than the call. Assign value.detach(), or to a tensor that "
                "the function makes."
            )


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
        found = difference(usual, once(run, (), usual.kept))
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

    def matter(stands_for: dict[int, Any]) -> bool:
        try:
            other = once(run, leaves, usual.kept)
            left = any(id(now) not in stands_for for *_, now in state.changes())
        except Exception:
            return True
        finally:
            state.put_back()
        captured = other.tracer.captured
        captured[:] = [stands_for.get(id(a), a) for a in captured]
        return left or bool(difference(usual, other))

    found = worked_with(candidates(seen, tracer.captured, known), seen.within, matter)
    targets = {id(target) for target, _ in graph.writes}
    written = memories([a for n, a in zip(graph.inputs, tracer.captured, strict=True) if id(n) in targets])
    for c in found:
        if id(owner(c.array)) in written:
            raise TraceError(
                f"the compiled function {name} works with the numbers of {c.label} by NumPy or Python, as through "
                "`.data`, and writes them. They would be those of the time when it was traced. Use the tensor itself, "
                f"with detach() or under no_grad. {OUTSIDE}"
            )
    guard.watch([c.array for c in found])


def _together(first: Sequence[Holder], second: Sequence[Holder]) -> list[Holder]:
    """Holders of both, each thing's once."""
    return list({(id(h.thing), type(h), getattr(h, "keys", None) is None): h for h in (*first, *second)}.values())
