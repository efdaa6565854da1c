"""Reverse mode: walk back from a result to everything it came from, handing gradients on.

A primitive y = f(x1, x2, ...) knows how a gradient g to y becomes gradients to its inputs (its `vjp`). The walk visits
results before their inputs, so that each gradient is complete, a sum over all uses, before it is handed on.
Gradients are computed with Tensor operations; with `create_graph=True` they have a history too and can be
differentiated again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import ContextDecorator
from contextvars import ContextVar, Token
from typing import TYPE_CHECKING, Any, TypeVar, overload

from . import interpret
from ._methods import method
from .errors import ArgumentError, GradientError, ShapeError
from .mistakes import noticed
from .names.elsewhere import door as _door
from .tensor import WALL, Origin, Tensor, as_tensor, writes_of

F = TypeVar("F", bound=Callable[..., Any])

_recording: ContextVar[bool] = ContextVar("recording", default=True)

recording = _recording.get


class _Recording(ContextDecorator):
    """Switches the recording of origins on or off, for a block or a function; it may be nested."""

    def __init__(self, wanted: bool) -> None:
        self.wanted = wanted
        self.tokens: list[Token[bool]] = []

    def __enter__(self) -> None:
        self.tokens.append(_recording.set(self.wanted))

    def __exit__(self, *exc: object) -> None:
        _recording.reset(self.tokens.pop())

    def _recreate_cm(self) -> _Recording:
        """ContextDecorator's hook: a new block for each call of a decorated function, which threads may run at once."""
        return _Recording(self.wanted)


def block_or_decorated(where: str, block: Any, function: Any) -> Any:
    """What stands behind `with`, or the function that it decorates without brackets."""
    if function is None:
        return block
    if not callable(function):
        raise ArgumentError(
            f"{where} takes nothing, or a function that it decorates, got {function!r:.80}. "
            f"Write: with gradus.{where}(): ..."
        )
    return block(function)


@overload
def no_grad() -> _Recording: ...
@overload
def no_grad(function: F) -> F: ...
def no_grad(function: Any = None) -> Any:
    """Within this block, or this decorated function, nothing is recorded: results have no history.

    As a decorator it may stand without its brackets.

    >>> import gradus
    >>> x = gradus.tensor(2.0, requires_grad=True)
    >>> with no_grad():
    ...     y = x * x
    >>> y.requires_grad
    False
    """
    return block_or_decorated("no_grad", _Recording(False), function)


@overload
def enable_grad() -> _Recording: ...
@overload
def enable_grad(function: F) -> F: ...
def enable_grad(function: Any = None) -> Any:
    """Record again, inside a `no_grad` block.

    >>> import gradus
    >>> x = gradus.tensor(2.0, requires_grad=True)
    >>> with no_grad(), enable_grad():
    ...     y = x * x
    >>> y.requires_grad
    True
    """
    return block_or_decorated("enable_grad", _Recording(True), function)


@method("backward")
def backward(y: Tensor, gradient: Tensor | None = None, create_graph: bool = False) -> None:
    """Add the gradient of `y` to `grad` of every leaf that requires one.

    `gradient` is the gradient to `y` itself, of y's shape; a scalar's is 1.

    >>> import gradus
    >>> x = gradus.tensor(3.0, requires_grad=True)
    >>> (x ** 2).backward()
    >>> x.grad
    tensor(6.)
    """
    again = gradient is None and noticed.again(y)
    with _Recording(create_graph):
        reached = _walk([y], [_seed(y, gradient)], None)
        for leaf, g, own in reached:
            before = leaf.grad
            leaf.grad = before + g if before is not None else g if own else g.copy()
            if before is not None:
                noticed.added(before, leaf.grad, again)
                again = False
    noticed.walked(y, [leaf for leaf, *_ in reached])


def grad(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    grad_outputs: Tensor | Sequence[Tensor | None] | None = None,
    create_graph: bool = False,
) -> Any:
    """The gradient of `outputs` (a scalar, or weighted by `grad_outputs`) to `inputs`, each of its input's shape.

    One Tensor for one input, a tuple for several. Nothing is left in `grad`. An input that the outputs do not depend
    on gets zeros. With `create_graph=True` the result can be differentiated again:

    >>> import gradus
    >>> x = gradus.tensor(2.0, requires_grad=True)
    >>> dx = grad(x ** 3, x, create_graph=True)
    >>> dx.item(), grad(dx, x).item()
    (12.0, 12.0)
    """
    ys = [outputs] if isinstance(outputs, Tensor) else list(outputs)
    xs = [inputs] if isinstance(inputs, Tensor) else list(inputs)
    given = [grad_outputs] * len(ys) if grad_outputs is None or isinstance(grad_outputs, Tensor) else list(grad_outputs)
    if len(given) != len(ys):
        raise GradientError(f"grad: {len(ys)} outputs but {len(given)} grad_outputs")
    with _Recording(create_graph):
        seeds = [_seed(y, g) for y, g in zip(ys, given, strict=True)]
        found = {id(x): g for x, g, _ in _walk(ys, seeds, xs)}
        result = tuple(found[id(x)].copy() if id(x) in found else x.full_like(0) for x in xs)
    return result[0] if isinstance(inputs, Tensor) else result


def vjp(function: Callable[..., Tensor], *inputs: Tensor) -> tuple[Tensor, Callable[[Tensor], Any]]:
    """`function(*inputs)` and a function that pulls a gradient to the result back to the inputs.

    >>> import gradus
    >>> y, pull = vjp(lambda x: x * x, gradus.tensor([1.0, 2.0]))
    >>> pull(gradus.tensor([1.0, 10.0]))
    tensor([ 2., 40.])
    """
    leaves = [x.detach().requires_grad_() for x in inputs]
    with enable_grad():
        y = function(*leaves)

    def pull(gradient: Tensor) -> Any:
        return grad(y, leaves[0] if len(leaves) == 1 else leaves, gradient)

    return y.detach(), pull


def _seed(y: Tensor, gradient: Tensor | None) -> Tensor:
    if not y.requires_grad:
        raise GradientError(
            "there is no gradient to walk back: nothing this tensor was computed from requires one (or it was computed "
            "under no_grad, or in a compiled function that walked back itself, or is not floating point). Create the "
            "leaves with requires_grad=True.",
            mistake="no-gradient-to-walk-back",
        )
    if gradient is None:
        if y.size != 1:
            raise GradientError(
                f"the gradient of a tensor with shape {y.shape} needs to be told its weights: pass a tensor of that "
                "shape, or reduce it first with .sum() or .mean().",
                mistake="backward-of-many",
            )
        return y.full_like(1)
    gradient = as_tensor(gradient)
    if gradient.shape != y.shape:
        raise ShapeError(
            f"the gradient has shape {gradient.shape}, the tensor it belongs to {y.shape}",
            mistake="gradient-of-another-shape",
        )
    return gradient.astype(y.dtype)


def reached(
    ys: list[Tensor], seeds: list[Tensor], xs: list[Tensor], create_graph: bool = False
) -> dict[int, Tensor]:
    """By the ids of those of the xs that a gradient reaches, their gradients, given those to the ys. The walk ends at
    each x: nothing is handed on from one to another that it was computed from, and no hook of theirs is called.

    >>> import gradus
    >>> x = gradus.tensor(3.0, requires_grad=True)
    >>> y = x * 2
    >>> found = reached([y * x], [gradus.tensor(1.0)], [x, y])
    >>> found[id(x)], found[id(y)]
    (tensor(6.), tensor(3.))
    """
    with _Recording(create_graph):
        return {id(x): g for x, g, _ in _walk(ys, seeds, xs, beyond=False)}


def _walk(
    ys: list[Tensor], seeds: list[Tensor], targets: list[Tensor] | None, beyond: bool = True
) -> list[tuple[Tensor, Tensor, bool]]:
    """Each target (by default each leaf) that a gradient reaches, with its gradient, and whether that is in memory of
    its own; `beyond`: and on from there."""
    with interpret.current.get().walk(ys) as told:
        return _walked(ys, seeds, targets, beyond, told)


def _walked(
    ys: list[Tensor], seeds: list[Tensor], targets: list[Tensor] | None, beyond: bool, told: interpret.Follower
) -> list[tuple[Tensor, Tensor, bool]]:
    order = inputs_first(ys, _wanted_inputs)
    wanted = _on_the_way(order, targets)
    stops = None if targets is None else {id(t) for t in targets}
    gradients = _Gradients()
    for y, seed in zip(ys, seeds, strict=True):
        gradients.add(y, seed)
    reached = []
    with interpret.silently():
        for t in reversed(order):
            g, own = gradients.taken(t)
            if g is None or id(t) not in wanted:
                continue
            is_target = t.origin is None if stops is None else id(t) in stops
            if is_target and not beyond:
                reached.append((t, g, own))
                continue
            for hook in tuple(t.hooks or ()):  # which may take itself away
                replaced = hook(g)
                g, own = g if replaced is None else replaced, False
            if is_target:
                reached.append((t, g, own and t.origin is None))  # what goes on may be held by others
            if told is not None:
                told(t, g)
            if t.origin is not None:
                _hand_on(t, g, wanted, gradients)
    return reached


def handed_back(y: Tensor, g: Tensor) -> list[tuple[int, Tensor]]:
    """What the primitive that gave `y` makes of its gradient `g`: for each input that wants one, its number and it.

    >>> import gradus
    >>> a, b = gradus.tensor(3.0, requires_grad=True), gradus.tensor(4.0, requires_grad=True)
    >>> handed_back(a * b, gradus.tensor(1.0))
    [(0, tensor(4.)), (1, tensor(3.))]
    """
    with _Recording(False):
        return _handed_back(y, g, {id(x) for x in y.origin.inputs if x.requires_grad} if y.origin else set())


def _hand_on(y: Tensor, g: Tensor, wanted: set[int], gradients: _Gradients) -> None:
    primitive, inputs, params, *_ = _unwritten_origin(y)
    if primitive.gather is None or not gradients.in_place:
        for i, pulled in _handed_back(y, g, wanted):
            gradients.add(inputs[i], pulled)
    elif id(inputs[0]) in wanted:
        primitive.gather(gradients.own(inputs[0]).data, g.data, **params)


class _Gradients:
    """The gradients that have come so far, by the ids of what they belong to.

    A sum that was made here belongs to nobody else yet, so more is added to it in place, where there are numbers and
    no history is kept.
    """

    def __init__(self) -> None:
        self._found: dict[int, Tensor] = {}
        self._own: set[int] = set()
        self.in_place = interpret.current.get().in_place and not recording()

    def taken(self, x: Tensor) -> tuple[Tensor | None, bool]:
        """The gradient of `x`, which is complete, and whether it is in memory that nobody else holds."""
        return self._found.pop(id(x), None), id(x) in self._own

    def add(self, x: Tensor, g: Tensor) -> None:
        """Another part of the gradient of `x`."""
        before = self._found.get(id(x))
        if before is None:
            self._found[id(x)] = g
        elif id(x) in self._own and before.data.dtype == g.data.dtype:
            before.data += g.data
        else:
            self._found[id(x)] = before + g
            if self.in_place:
                self._own.add(id(x))

    def own(self, x: Tensor) -> Tensor:
        """What has come so far for `x`, or zeros, in memory to which more may be added."""
        if id(x) not in self._own:
            before = self._found.get(id(x))
            self._found[id(x)] = x.full_like(0) if before is None else before.copy()
            self._own.add(id(x))
        return self._found[id(x)]


def _handed_back(y: Tensor, g: Tensor, wanted: set[int]) -> list[tuple[int, Tensor]]:
    if y.origin is None:
        return []
    primitive, inputs, params, *_ = _unwritten_origin(y)
    found = []
    if primitive.pull is not None:
        all_of_them = enumerate(primitive.pull(g, y, *inputs, **params))
        return [(i, pulled) for i, pulled in all_of_them if id(inputs[i]) in wanted and pulled is not None]
    for i, x in enumerate(inputs):
        if id(x) in wanted:
            pull = primitive.pullback(i)
            pulled = None if pull is None else pull(g, y, *inputs, **params)
            if pulled is not None:  # of a loop's inputs not all need be reached
                found.append((i, pulled))
    return found


def _unwritten_origin(y: Tensor) -> Origin:
    """Where a computed tensor came from, if that still holds the numbers it was computed from."""
    origin: Origin = y.origin  # type: ignore[assignment]
    if origin.writes != writes_of(origin.inputs):
        raise GradientError(
            f"a tensor that {origin.primitive.name} was computed from has been overwritten since (assign_, or an "
            "optimizer's step), so its gradient would be wrong. Call backward() before the step, or compute the result "
            "again.",
            mistake="overwritten-before-backward",
        )
    return origin


def _wanted_inputs(t: Tensor) -> Iterable[Tensor]:
    """What a tensor came from that requires a gradient."""
    return [x for x in came_from(t) if x.requires_grad]


def came_from(t: Tensor) -> tuple[Tensor, ...]:
    """What a tensor was computed from. Where that has been assigned to since, element by element, its origin is made to
    name what it was then: so the old numbers' gradient is theirs, and no tensor is among those it came from."""
    if t.origin is None:
        return ()
    inputs, writes = t.origin.inputs, t.origin.writes
    if any(x.writes[0] and x.origin is not None for x in inputs):
        then = tuple(_as_of(x, count) for x, count in zip(inputs, writes, strict=True))
        if any(a is not b for a, b in zip(then, inputs, strict=True)):
            t.origin = t.origin._replace(inputs=then)
            return then
    return inputs


def _as_of(x: Tensor, count: int) -> Tensor:
    """What x was when its memory had been written so often, or x itself, where that is not known."""
    while x.origin is not None and x.origin.before is not None and count < x.origin.since:
        x = x.origin.before
    view = x.origin
    shares = view is not None and view.primitive.view and view.inputs[0].writes is x.writes
    if view is None or not shares or view.writes[0] == x.writes[0] == count:
        return x
    if x.writes[0] == count:  # it was used after what it is a view of was assigned to
        x.origin = view._replace(writes=(count,))
        return x
    base = _as_of(view.inputs[0], count)
    if base.writes[0] != count:
        return x
    then = Tensor(interpret.current.get().apply(view.primitive, (base,), view.params))
    then.writes, then.requires_grad = base.writes, base.requires_grad
    then.origin = view._replace(inputs=(base,), writes=(count,))
    return then


def inputs_first(ys: Iterable[Tensor], inputs: Callable[[Tensor], Iterable[Tensor]]) -> list[Tensor]:
    """The ys and everything they came from, `inputs` before results; without recursion, so of any depth."""
    order: list[Tensor] = []
    seen: set[int] = set()
    stack = [(y, False) for y in ys]
    while stack:
        t, inputs_done = stack.pop()
        if inputs_done:
            order.append(t)
        elif id(t) not in seen:
            seen.add(id(t))
            stack.append((t, True))
            stack += [(x, False) for x in inputs(t) if id(x) not in seen]
    return order


def _on_the_way(order: list[Tensor], targets: list[Tensor] | None) -> set[int]:
    """The tensors through which a gradient reaches a target, or a wall; all of them where every leaf is a target."""
    if targets is None:
        return {id(t) for t in order}
    wanted = {id(t) for t in targets}
    for t in order:
        if t.origin is None:
            continue
        if t.origin.primitive.name == WALL:
            wanted.update(map(id, t.origin.inputs))
        if any(id(x) in wanted for x in t.origin.inputs):
            wanted.add(id(t))
    return wanted


if not TYPE_CHECKING:  # type checkers know the names, and find misspelt ones
    __getattr__ = _door("autograd")
