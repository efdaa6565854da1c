"""A function that says its own gradient, and one whose steps are worked out again for it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from .. import dtypes, random
from ..autograd import came_from, enable_grad, inputs_first, reached, recording
from ..errors import ArgumentError, GradientError, ShapeError
from ..ops import concatenate
from ..ops.core.primitive import Primitive, cast
from ..tensor import Origin, Tensor, writes_of

Pull = Callable[..., Any]


class _Handed(NamedTuple):
    """What a function's own gradient gave, for the gradient to its result."""

    g: Tensor
    found: Sequence[Tensor | None]


def _pullback(index: int) -> Callable[..., Tensor | None]:
    def pull(g: Tensor, y: Tensor, *inputs: Tensor, gradients: Callable[[Tensor], Sequence[Tensor | None]]) -> Any:
        return gradients(g)[index]

    return pull


_CUSTOM = Primitive("custom", lambda *xs, **_: xs[0], lambda xp, *xs, **_: xs[0], _pullback, listed=False)


def _once(gradients: Callable[[Tensor], Sequence[Tensor | None]]) -> Callable[[Tensor], Sequence[Tensor | None]]:
    """The same, worked out once for each gradient to the result, though each input asks."""
    last: list[_Handed] = []

    def handed(g: Tensor) -> Sequence[Tensor | None]:
        if not last or last[0].g is not g:
            last[:] = [_Handed(g, gradients(g))]
        return last[0].found

    return handed


def _connected(y: Tensor, inputs: tuple[Tensor, ...], gradients: Callable[[Tensor], Sequence[Tensor | None]]) -> Tensor:
    """The same numbers, whose gradient goes to the inputs in the way that is given."""
    out = y.detach()
    if recording() and dtypes.is_float(y.dtype) and any(x.requires_grad for x in inputs):
        out.requires_grad = True
        out.origin = Origin(_CUSTOM, inputs, {"gradients": _once(gradients)}, writes_of(inputs))
    return out


def _joined(ys: Sequence[Tensor]) -> Tensor:
    return concatenate([y.reshape(-1) for y in ys])


def _apart(joined: Tensor, like: Sequence[Tensor]) -> list[Tensor]:
    """Several tensors from their elements one after the other."""
    found, start = [], 0
    for y in like:
        found.append(cast(joined[start : start + y.size].reshape(y.shape), y.dtype))
        start += y.size
    return found


def custom_gradient(function: Callable[..., tuple[Any, Pull]]) -> Callable[..., Any]:
    """A function that gives its result and, beside it, how a gradient goes back (as `jax.custom_gradient`).

    Args:
        function: of tensors (and whatever else), gives `(y, pull)`. `pull(g)` takes the gradient to y and gives those
            to the tensors among the arguments, in their order, as a tuple, or the only one; None where none flows. For
            a tuple of results, `pull` takes as many gradients. `pull` is written with Tensor operations; if it is to be
            differentiated again, of the arguments and what was computed from them.

    Returns:
        The function of the same arguments that gives y alone.

    >>> import gradus
    >>> @gradus.custom_gradient
    ... def halved_backwards(x):
    ...     return x * 1, lambda g: g / 2
    >>> x = gradus.tensor([1.0, 2.0], requires_grad=True)
    >>> gradus.grad(halved_backwards(x).sum(), x)
    tensor([0.5, 0.5])
    """

    @functools.wraps(function)
    def call(*args: Any, **options: Any) -> Any:
        name = getattr(function, "__name__", "function")
        inputs = tuple(a for a in (*args, *options.values()) if isinstance(a, Tensor))
        given = function(*args, **options)
        if not isinstance(given, tuple) or len(given) != 2 or not callable(given[1]):
            raise ArgumentError(
                f"custom_gradient: {name} gives (y, pull): its result, and a function from the gradient to y to those "
                f"to its tensors. It gave {given!r}"
            )
        y, pull = given
        if isinstance(y, Tensor):
            return _connected(y, inputs, lambda g: _fitting(name, pull(g), inputs))
        several = list(y) if isinstance(y, (tuple, list)) else []
        if not several or not all(isinstance(t, Tensor) and dtypes.is_float(t.dtype) for t in several):
            raise ArgumentError(f"custom_gradient: {name} gives a tensor or a tuple of floating-point tensors as y")
        whole = _connected(_joined(several), inputs, lambda g: _fitting(name, pull(*_apart(g, several)), inputs))
        return tuple(_apart(whole, several))

    return call


def _fitting(name: str, found: Any, inputs: tuple[Tensor, ...]) -> Sequence[Tensor | None]:
    """The gradients that a pull gave, one for each input and of its shape."""
    gradients = tuple(found) if isinstance(found, (tuple, list)) else (found,)
    if len(gradients) != len(inputs):
        raise GradientError(
            f"custom_gradient: the gradient of {name} gave {len(gradients)} gradients for {len(inputs)} tensors. Give "
            "one for each, None where none flows."
        )
    for i, (g, x) in enumerate(zip(gradients, inputs, strict=True)):
        if g is not None and not isinstance(g, Tensor):
            raise GradientError(f"custom_gradient: the gradient of {name} to tensor {i} is a {type(g).__name__}")
        if g is not None and g.shape != x.shape:
            raise ShapeError(
                f"custom_gradient: the gradient of {name} to tensor {i} has shape {g.shape}, the tensor {x.shape}"
            )
    return [g if g is None else cast(g, x.dtype) for g, x in zip(gradients, inputs, strict=True)]


def checkpoint(function: Callable[..., Tensor], *inputs: Any) -> Tensor:
    """function(*inputs), of which nothing is kept: for the gradient it is worked out again.

    So a deep network needs the memory of a part of it.

    Layers' parameters and other tensors that the function uses get their gradients too. Random numbers of gradus's own
    generator come out the same the second time. What the function writes, as running statistics, is written twice. In a
    compiled function it changes nothing: the compiler sees that both are the same, and plans the memory itself.

    >>> import gradus
    >>> x = gradus.tensor([0.5, 1.0], requires_grad=True)
    >>> y = gradus.checkpoint(lambda x: x * x, x)
    >>> gradus.grad(y.sum(), x)
    tensor([1., 2.])
    """
    if not recording():
        return function(*inputs)
    state, counted = random.default.state.copy(), random.default.state.writes[0]
    tensors = tuple(x for x in inputs if isinstance(x, Tensor))
    leaves = [_leaf(x) for x in tensors]
    y = function(*_in_place_of(inputs, leaves))
    draws = random.default.state.writes[0] != counted
    if not isinstance(y, Tensor):
        raise ArgumentError(f"checkpoint: the function gives one tensor, got a {type(y).__name__}")
    own = {id(x) for x in leaves}
    order = inputs_first([y], lambda t: [x for x in came_from(t) if x.requires_grad]) if y.requires_grad else []
    others = tuple(t for t in order if t.origin is None and id(t) not in own)

    def gradients(g: Tensor) -> Sequence[Tensor | None]:
        now = random.default.state.copy()
        if draws:
            random.default.state.assign_(state)
        again = [x.copy() if recording() and x.requires_grad else _leaf(x) for x in tensors]
        with enable_grad():
            result = function(*_in_place_of(inputs, again))
        if draws:
            random.default.state.assign_(now)
        wanted = [*again, *others]
        found = reached([result], [g], wanted, create_graph=recording())
        return [found.get(id(x)) for x in wanted]

    return _connected(y, (*tensors, *others), gradients)


def _leaf(x: Tensor) -> Tensor:
    """The same numbers, from which a gradient is taken if x wants one."""
    leaf = x.detach()
    return leaf.requires_grad_() if x.requires_grad else leaf


def _in_place_of(inputs: Sequence[Any], tensors: Sequence[Tensor]) -> list[Any]:
    rest = iter(tensors)
    return [next(rest) if isinstance(x, Tensor) else x for x in inputs]


__all__ = ["checkpoint", "custom_gradient"]
