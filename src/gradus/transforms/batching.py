"""One example's function for a batch of examples at once.

While it runs, a tensor of one example stands for those of all: its data are a tensor with one axis more, in front. An
interpreter carries each primitive out on those. It has a rule for each kind of primitive; where there is none, the
primitive is carried out example by example, and what it gave is stacked.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import numpy as np

from .. import dtypes, interpret
from ..errors import ArgumentError, ShapeError, TraceError
from ..interpret import Explain, Interpreter, Wrong
from ..ops import arange, expand_dims, moveaxis, stack, where
from ..ops.core.lowering import Elementwise
from ..ops.core.primitive import Primitive, bind
from ..tensor import Tensor

Axes = int | None


class Batched:
    """The data of a tensor that stands for those of all examples."""

    __slots__ = ("dtype", "level", "shape", "tensor")

    def __init__(self, tensor: Tensor, level: Examples) -> None:
        self.tensor, self.level = tensor, level
        self.shape, self.dtype = tensor.shape[1:], tensor.dtype


class Examples:
    """The interpreter that carries out primitives on all examples; `outer` is the one around it."""

    in_place = False

    def __init__(self, outer: Interpreter, count: int) -> None:
        self.outer, self.count = outer, count

    def of(self, t: Tensor) -> Tensor | None:
        """The tensor of all examples that one stands for here."""
        return t.data.tensor if isinstance(t.data, Batched) and t.data.level is self else None

    @contextmanager
    def _outside(self) -> Any:
        token = interpret.current.set(self.outer)
        try:
            yield
        finally:
            interpret.current.reset(token)

    def apply(self, primitive: Primitive, inputs: tuple[Tensor, ...], params: dict[str, Any]) -> Any:
        wholes = [self.of(t) for t in inputs]
        if all(w is None for w in wholes):
            return self.outer.apply(primitive, inputs, params)
        shaped = primitive.rule(*(t.data for t in inputs), **params)  # what does not fit is explained for one example
        with self._outside():
            rule = _elementwise if isinstance(primitive.lower, Elementwise) else _RULES.get(primitive.name)
            mixed = [t if w is None else w for t, w in zip(inputs, wholes, strict=True)]
            batched = [w is not None for w in wholes]
            found = rule(self.count, primitive, mixed, batched, params) if rule is not None else None
            if found is None:
                found = _one_by_one(self.count, primitive, mixed, batched, params)
        if found.shape[1:] != tuple(shaped.shape):
            raise TraceError(f"vmap: {primitive.name} gave {found.shape[1:]} for {shaped.shape}, an error of gradus")
        return Batched(found, self)

    def assign(self, target: Tensor, value: Tensor, followed: bool = False) -> None:
        self._refuse("writes into a tensor (x[key] = value, assign_, or random numbers, whose generator counts)")

    def put(self, target: Tensor, key: Any, value: Tensor) -> bool:
        return False

    def sees(self, view: Tensor, base: Tensor) -> bool:
        return False

    def concrete(self, tensor: Tensor, what_for: str = "") -> np.ndarray:
        if self.of(tensor) is not None:
            how = f" for {what_for}" if what_for else ", by .numpy(), .item(), float(), print, a mask or a Python `if`"
            self._refuse(f"looks at a value{how}")
        return self.outer.concrete(tensor, what_for)

    def shown(self, tensor: Tensor) -> None:
        if self.of(tensor) is None:
            self.outer.shown(tensor)

    def _refuse(self, what: str) -> None:
        raise self.refusal(
            f"the function given to vmap {what}, which would be another for each example. Compute new tensors, choose "
            "by gradus.where, give random numbers as an argument, or write the loop over examples out."
        )

    def met(self, tensor: Tensor) -> None:
        if self.of(tensor) is None:
            self.outer.met(tensor)

    def walk(self, ys: list[Tensor]) -> AbstractContextManager[interpret.Follower]:
        return nullcontext()

    def loop(self, step: Callable[..., Any], state: Any, xs: Any, reverse: bool) -> Any:
        return None

    def check(self, subject: Tensor, wrong: Wrong, explain: Explain, by_forward: bool = False) -> None:
        whole = self.of(subject)
        with self._outside():
            self.outer.check(subject if whole is None else whole, wrong, explain)

    def refusal(self, message: str, mistake: str = "") -> TraceError:
        return self.outer.refusal(message, mistake)


# -- the rules: each gives the tensor of all results, from those of all inputs, or from ones that all examples share ---

Rule = Callable[[int, Primitive, list[Tensor], list[bool], dict[str, Any]], "Tensor | None"]


def _whole(x: Tensor, batched: bool, count: int) -> Tensor:
    return x if batched else expand_dims(x, 0).broadcast_to((count, *x.shape))


def _all(count: int, xs: list[Tensor], batched: list[bool]) -> list[Tensor]:
    return [_whole(x, b, count) for x, b in zip(xs, batched, strict=True)]


def _elementwise(count: int, p: Primitive, xs: list[Tensor], batched: list[bool], params: dict[str, Any]) -> Tensor:
    """Shared operands are stretched; where some have fewer axes, as beside a number, axes are put in."""
    most = max(x.ndim - b for x, b in zip(xs, batched, strict=True))
    whole = [x.reshape((x.shape[0], *(1,) * (most + 1 - x.ndim), *x.shape[1:])) for x in _all(count, xs, batched)]
    return bind(p, *whole, **params)


def _reshape(count: int, p: Primitive, xs: list[Tensor], batched: list[bool], params: dict[str, Any]) -> Tensor:
    return xs[0].reshape((count, *params["shape"]))


def _broadcast_to(count: int, p: Primitive, xs: list[Tensor], batched: list[bool], params: dict[str, Any]) -> Tensor:
    x, shape = xs[0], params["shape"]
    return x.reshape((count, *(1,) * (len(shape) + 1 - x.ndim), *x.shape[1:])).broadcast_to((count, *shape))


def _permute(count: int, p: Primitive, xs: list[Tensor], batched: list[bool], params: dict[str, Any]) -> Tensor:
    return xs[0].permute(0, *(a + 1 for a in params["axes"]))


def _ranges(count: int, p: Primitive, xs: list[Tensor], batched: list[bool], params: dict[str, Any]) -> Tensor:
    return bind(p, *_all(count, xs, batched), ranges=((0, count, 1), *params["ranges"]))


def _pad(count: int, p: Primitive, xs: list[Tensor], batched: list[bool], params: dict[str, Any]) -> Tensor:
    return bind(p, xs[0], widths=((0, 0, 0), *params["widths"]), value=params["value"])


def _along_axis(count: int, p: Primitive, xs: list[Tensor], batched: list[bool], params: dict[str, Any]) -> Tensor:
    """What says by `axis` alone along which axes of its inputs it runs."""
    axis = params["axis"]
    moved = tuple(a + 1 for a in axis) if isinstance(axis, tuple) else axis + 1
    return bind(p, *_all(count, xs, batched), **params | {"axis": moved})


def _windows(count: int, p: Primitive, xs: list[Tensor], batched: list[bool], params: dict[str, Any]) -> Tensor:
    """Windows lie along the last axes."""
    shape = {"shape": (count, *params["shape"])} if "shape" in params else {}
    return bind(p, xs[0], **params | shape)


def _matmul(count: int, p: Primitive, xs: list[Tensor], batched: list[bool], params: dict[str, Any]) -> Tensor:
    a, b = xs
    if not batched[1] and b.ndim == 2:
        return a @ b  # one large product
    return _whole(a, batched[0], count) @ _whole(b, batched[1], count)


def _leading(count: int, p: Primitive, xs: list[Tensor], batched: list[bool], params: dict[str, Any]) -> Tensor:
    """What runs along its last axes and takes any number before them."""
    return bind(p, *_all(count, xs, batched), **params)


def _places(indices: Tensor, length: int) -> Tensor:
    """Places in rows of so many, as places in all examples' rows, one after the other."""
    first = (arange(indices.shape[0]) * length).reshape((indices.shape[0], *(1,) * (indices.ndim - 1)))
    return where(indices < 0, indices + length, indices) + first


def _take(count: int, p: Primitive, xs: list[Tensor], batched: list[bool], params: dict[str, Any]) -> Tensor:
    x, indices = xs
    axis = params["axis"]
    if not batched[1]:
        return bind(p, x, indices, axis=axis + 1)
    if not batched[0]:
        return moveaxis(bind(p, x, indices, axis=axis), axis, 0)
    rows = moveaxis(x, axis + 1, 1)
    flat = rows.reshape((count * rows.shape[1], *rows.shape[2:]))
    found = bind(p, flat, _places(indices, rows.shape[1]), axis=0)
    return moveaxis(found, tuple(range(1, indices.ndim)), tuple(range(axis + 1, axis + indices.ndim)))


def _scatter_add(count: int, p: Primitive, xs: list[Tensor], batched: list[bool], params: dict[str, Any]) -> Tensor:
    x, indices = xs
    axis, length = params["axis"], params["length"]
    if not batched[1]:
        return bind(p, x, indices, axis=axis + 1, length=length)
    x = _whole(x, batched[0], count)
    over = indices.ndim - 1
    rows = moveaxis(x, tuple(range(axis + 1, axis + 1 + over)), tuple(range(1, 1 + over)))
    found = bind(p, rows, _places(indices, length), axis=0, length=count * length)
    return moveaxis(found.reshape((count, length, *found.shape[1:])), 1, axis + 1)


def _put(count: int, p: Primitive, xs: list[Tensor], batched: list[bool], params: dict[str, Any]) -> Tensor:
    x, v, indices = _all(count, xs, batched)
    length = x.shape[1]
    found = bind(p, x.reshape((count * length, *x.shape[2:])), v, _places(indices, length), **params)
    return found.reshape(x.shape)


_RULES: dict[str, Rule] = {
    "reshape": _reshape,
    "broadcast_to": _broadcast_to,
    "permute": _permute,
    "slice": _ranges,
    "put_slice": _ranges,
    "pad": _pad,
    "sliding_window": _windows,
    "sliding_window_adjoint": _windows,
    "matmul": _matmul,
    "take": _take,
    "scatter_add": _scatter_add,
    "put": _put,
}
_RULES |= dict.fromkeys(("factors", "solve"), _leading)
_RULES |= dict.fromkeys(("flip", "sum", "max", "argmax", "cumsum", "concatenate"), _along_axis)


def _one_by_one(count: int, p: Primitive, xs: list[Tensor], batched: list[bool], params: dict[str, Any]) -> Tensor:
    each = [[x[i] if b else x for x, b in zip(xs, batched, strict=True)] for i in range(count)]
    return stack([bind(p, *inputs, **params) for inputs in each])


# -- vmap --------------------------------------------------------------------------------------------------------------


def vmap(
    function: Callable[..., Any], in_axes: Axes | Sequence[Any] = 0, out_axes: Axes | Sequence[Any] = 0
) -> Callable[..., Any]:
    """A function of one example, as one of a batch of them (as `jax.vmap`, and `torch.vmap`).

    Args:
        function: of tensors, of tuples, lists and dicts of them, and of whatever else; gives such. In it gradients may
            be asked for, of each example by itself. It may use tensors from around it, which all examples share. It
            writes nothing, draws no random numbers and looks at no values.
        in_axes: which axis of the arguments counts the examples, or None for one that all share; for all arguments, or
            a tuple of one for each.
        out_axes: where that axis stands in what is returned, likewise.

    Raises:
        ShapeError: the arguments hold different numbers of examples.
        TraceError: the function does what would be another thing for each example.

    >>> import gradus
    >>> dot = gradus.vmap(lambda a, b: (a * b).sum(), in_axes=(0, None))
    >>> dot(gradus.tensor([[1, 2], [3, 4]]), gradus.tensor([1, 10]))
    tensor([21, 43])
    """

    @functools.wraps(function)
    def call(*args: Any) -> Any:
        axes = list(in_axes) if isinstance(in_axes, (tuple, list)) else [in_axes] * len(args)
        if len(axes) != len(args):
            raise ArgumentError(f"vmap: in_axes names {len(axes)} arguments, the function is given {len(args)}")
        level = Examples(interpret.current.get(), _count(args, axes))
        inner = [_each(a, axis, lambda t, axis: _inside(t, axis, level)) for a, axis in zip(args, axes, strict=True)]
        token = interpret.current.set(level)
        try:
            out = function(*inner)
        finally:
            interpret.current.reset(token)
        if isinstance(out_axes, (tuple, list)):
            if not isinstance(out, (tuple, list)) or len(out) != len(out_axes):
                raise ArgumentError(f"vmap: out_axes names {len(out_axes)} results, the function gave {_said(out)}")
            return type(out)(
                _each(o, a, lambda t, axis: _outside(t, axis, level)) for o, a in zip(out, out_axes, strict=True)
            )
        return _each(out, out_axes, lambda t, axis: _outside(t, axis, level))

    return call


def _said(x: Any) -> str:
    return f"{len(x)}" if isinstance(x, (tuple, list)) else f"a {type(x).__name__}"


def _each(thing: Any, axis: Any, change: Callable[[Tensor, Any], Any]) -> Any:
    """A tree with its tensors changed."""
    if isinstance(thing, Tensor):
        return change(thing, axis)
    if isinstance(thing, dict):
        return {k: _each(v, axis, change) for k, v in thing.items()}
    if isinstance(thing, (tuple, list)):
        parts = [_each(v, axis, change) for v in thing]
        return type(thing)(*parts) if hasattr(thing, "_fields") else type(thing)(parts)
    return thing


def _count(args: Sequence[Any], axes: Sequence[Any]) -> int:
    """How many examples the arguments hold."""
    found: dict[int, Tensor] = {}

    def look(t: Tensor, axis: Any) -> None:
        if axis is None:
            return
        if not isinstance(axis, int) or not -t.ndim <= axis < t.ndim:
            raise ShapeError(f"vmap: there is no axis {axis!r} in an argument of shape {t.shape}")
        found.setdefault(t.shape[axis], t)

    for a, axis in zip(args, axes, strict=True):
        _each(a, axis, look)
    if not found:
        raise ArgumentError("vmap: no argument counts the examples: give one a tensor, and an axis in in_axes")
    if len(found) > 1 or 0 in found:
        numbers = " and ".join(map(str, found))
        raise ShapeError(f"vmap: the arguments hold {numbers} examples", "Give equally many, 1 or more.")
    return next(iter(found))


def _inside(t: Tensor, axis: Any, level: Examples) -> Tensor:
    if axis is None:
        return t
    inner = Tensor(Batched(moveaxis(t, axis, 0), level))
    if dtypes.is_float(t.dtype):
        inner.requires_grad = t.requires_grad
    return inner


def _outside(t: Tensor, axis: Any, level: Examples) -> Tensor:
    whole = level.of(t)
    if whole is None:
        whole = expand_dims(t, 0).broadcast_to((level.count, *t.shape))
    if axis is None:
        raise ArgumentError("vmap: a result is one for each example; out_axes says where that axis stands")
    return whole if axis == 0 else moveaxis(whole, 0, axis)


__all__ = ["vmap"]
