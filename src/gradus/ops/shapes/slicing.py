"""A part of a tensor cut out, a tensor put into a larger one, and tensors joined."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...errors import ShapeError
from ...tensor import Tensor
from ..core.lowering import Found, Indices, Shape, View
from ..core.places import Condition
from ..core.primitive import Primitive, Shaped, bind, case, normalize_axis, promote, public
from ..core.whole import require_whole
from .axes import atleast_1d, atleast_2d, atleast_3d
from .movement import expand_dims, reshape

__all__ = ["column_stack", "concatenate", "dstack", "hstack", "stack", "vstack"]

# -- slice and pad, each the other's gradient --------------------------------------------------------------------------


def _sliced_length(start: int, stop: int, step: int) -> int:
    return len(range(start, stop, step))


def _pull_slice(index: Indices, x: Shape, ranges: tuple[tuple[int, int, int], ...]) -> list[Found]:
    return [Found(0, tuple(i * step + start for i, (start, _, step) in zip(index, ranges, strict=True)))]


def _slices(ranges: tuple[tuple[int, int, int], ...]) -> tuple[slice, ...]:
    return tuple([slice(*r) for r in ranges])


def _gather(total: Any, g: Any, ranges: tuple[tuple[int, int, int], ...]) -> None:
    total[_slices(ranges)] += g


_slice = Primitive(
    "slice",
    rule=lambda x, ranges: Shaped(tuple(_sliced_length(*r) for r in ranges), x.dtype),
    forward=lambda xp, x, ranges: x[_slices(ranges)],
    vjp=(lambda g, y, x, ranges: _unslice(g, x, ranges),),
    view=True,
    gather=_gather,
    lower=View(_pull_slice),
)


def slice_(x: Tensor, ranges: tuple[tuple[int, int, int], ...]) -> Tensor:
    """For each axis a (start, stop, step), counted from the front, with a step above 0."""
    if all(r == (0, n, 1) for r, n in zip(ranges, x.shape, strict=True)):
        return x
    return bind(_slice, x, ranges=ranges)


def cut(x: Tensor, axis: int, start: int, stop: int, step: int = 1) -> Tensor:
    """From start to stop along one axis, counted from the front."""
    require_whole("slice", "a place, or how many are taken,", start, stop)
    axis %= x.ndim
    return slice_(x, tuple((start, stop, step) if a == axis else (0, n, 1) for a, n in enumerate(x.shape)))


def _unslice(g: Tensor, x: Tensor, ranges: tuple[tuple[int, int, int], ...]) -> Tensor:
    """Zeros in the shape of x, with g in the places that were sliced."""
    widths = []
    for n, length, (start, _, step) in zip(g.shape, x.shape, ranges, strict=True):
        reach = start + (n - 1) * step + 1 if n else 0
        widths.append((start if n else length, length - reach if n else 0, step - 1))
    return bind(pad_p, g, widths=tuple(widths), value=0)


def _pad_rule(x: Any, widths: tuple[tuple[int, int, int], ...], value: float) -> Shaped:
    lengths = (lo + n + max(n - 1, 0) * gap + hi for n, (lo, hi, gap) in zip(x.shape, widths, strict=True))
    return Shaped(tuple(lengths), x.dtype)


def _pad_forward(xp: Any, x: Any, widths: tuple[tuple[int, int, int], ...], value: float) -> Any:
    out = xp.full(_pad_rule(x, widths, value).shape, value, x.dtype)
    out[_inside(x.shape, widths)] = x
    return out


def _inside(shape: tuple[int, ...], widths: tuple[tuple[int, int, int], ...]) -> tuple[slice, ...]:
    """Where the elements of a padded tensor stand."""
    return tuple(
        slice(lo, lo + (n - 1) * (gap + 1) + 1 if n else lo, gap + 1)
        for n, (lo, _, gap) in zip(shape, widths, strict=True)
    )


def _pull_pad(
    index: Indices, x: Shape, widths: tuple[tuple[int, int, int], ...], value: float
) -> list[Found]:
    places, conditions = [], []
    for i, length, (low, _, gap) in zip(index, x, widths, strict=True):
        inside = i - low
        places.append(inside // (gap + 1))
        conditions += [Condition(inside % (gap + 1), 0, 1), Condition(places[-1], 0, length)]
    if any(c.never() for c in conditions):
        return []
    return [Found(0, tuple(places), tuple(c for c in conditions if not c.always()))]


pad_p = Primitive(
    "pad",
    rule=_pad_rule,
    forward=_pad_forward,
    vjp=(lambda g, y, x, widths, value: slice_(g, tuple((s.start, s.stop, s.step) for s in _inside(x.shape, widths))),),
    lower=View(_pull_pad),
)


def dilate(x: Tensor, gaps: tuple[int, ...]) -> Tensor:
    """Zeros put between neighbours: gaps[i] of them along axis i."""
    return x if not any(gaps) else bind(pad_p, x, widths=tuple((0, 0, gap) for gap in gaps), value=0)


# -- concatenate and stack ---------------------------------------------------------------------------------------------


def _concatenate_rule(*xs: Any, axis: int) -> Shaped:
    first = xs[0].shape
    for i, x in enumerate(xs):
        if (*x.shape[:axis], *x.shape[axis + 1 :]) != (*first[:axis], *first[axis + 1 :]):
            raise ShapeError(
                f"concatenate: tensor 0 has shape {first}, tensor {i} {x.shape}",
                f"They may differ in axis {axis} only.",
                mistake="joined-shapes",
            )
    return Shaped((*first[:axis], sum(x.shape[axis] for x in xs), *first[axis + 1 :]), xs[0].dtype)


def _concatenate_vjp(index: int) -> Any:
    def pull(g: Tensor, y: Tensor, *xs: Tensor, axis: int) -> Tensor:
        start = sum(x.shape[axis] for x in xs[:index])
        stop = start + xs[index].shape[axis]
        return slice_(g, tuple((start, stop, 1) if i == axis else (0, n, 1) for i, n in enumerate(g.shape)))

    return pull


def _pull_concatenate(index: Indices, *xs: Shape, axis: int) -> list[Found]:
    start, found = 0, []
    for k, x in enumerate(xs):
        place = index[axis] - start
        here = Condition(place, 0, x[axis])
        if not here.never():
            at = (*index[:axis], place, *index[axis + 1 :])
            found.append(Found(k, at, () if here.always() else (here,)))
        start += x[axis]
    return found


_concatenate = Primitive(
    "concatenate",
    rule=_concatenate_rule,
    forward=lambda xp, *xs, axis: xp.concatenate(xs, axis),
    vjp=_concatenate_vjp,
    lower=View(_pull_concatenate),
)


def _several(name: str, tensors: Sequence[Any]) -> list[Tensor]:
    if isinstance(tensors, Tensor) or not len(tensors):
        raise ShapeError(f"{name}: expects a list of at least one tensor, got {tensors!r}")
    return promote(*tensors)


@public(
    case((2, 3), (1, 3), (4, 3), listed=True),
    case((2, 3), (2, 0), listed=True, axis=-1),
    case((2, 3), (2,), listed=True, axis=None),
    methods=(),
)
def concatenate(tensors: Sequence[Any], axis: int | None = 0) -> Tensor:
    """Tensors joined along an axis they have; with axis None, flattened, as one row. Gradient: each its part of g.

    >>> concatenate([[1, 2], [3]])
    tensor([1, 2, 3])
    """
    xs = _several("concatenate", tensors)
    if axis is None:
        xs, axis = [reshape(x, -1) for x in xs], 0
    return bind(_concatenate, *xs, axis=normalize_axis("concatenate", axis, xs[0].ndim))


@public(case((2, 3), (2, 3), listed=True), case((2,), (2,), (2,), listed=True, axis=-1), methods=())
def stack(tensors: Sequence[Any], axis: int = 0) -> Tensor:
    """Tensors of one shape joined along a new axis.

    >>> stack([[1, 2], [3, 4]], axis=1)
    tensor([[1, 3],
            [2, 4]])
    """
    return concatenate([expand_dims(x, axis) for x in _several("stack", tensors)], axis)


@public(case((2, 3), (1, 3), listed=True), case((2,), (2,), listed=True), methods=())
def vstack(tensors: Sequence[Any]) -> Tensor:
    """Tensors joined along the first axis; those with one axis are rows.

    >>> vstack([[1, 2], [3, 4]])
    tensor([[1, 2],
            [3, 4]])
    """
    return concatenate([atleast_2d(x) for x in _several("vstack", tensors)])


@public(case((2, 3), (2, 1), listed=True), case((2,), (3,), listed=True), methods=())
def hstack(tensors: Sequence[Any]) -> Tensor:
    """Tensors joined along the second axis; those with one axis, along that.

    >>> hstack([[1, 2], [3]])
    tensor([1, 2, 3])
    """
    xs = [atleast_1d(x) for x in _several("hstack", tensors)]
    return concatenate(xs, 0 if xs[0].ndim == 1 else 1)


@public(case((2, 3), (2, 1), listed=True), case((2,), (2,), listed=True), methods=())
def column_stack(tensors: Sequence[Any]) -> Tensor:
    """Tensors joined along the second axis; those with one axis are columns.

    >>> column_stack([[1, 2], [3, 4]])
    tensor([[1, 3],
            [2, 4]])
    """
    xs = [atleast_1d(x) for x in _several("column_stack", tensors)]
    return concatenate([x if x.ndim > 1 else expand_dims(x, 1) for x in xs], 1)


@public(case((2, 3), (2, 3), listed=True), case((2,), (2,), listed=True), methods=())
def dstack(tensors: Sequence[Any]) -> Tensor:
    """Tensors joined along the third axis.

    >>> dstack([[1, 2], [3, 4]])
    tensor([[[1, 3],
             [2, 4]]])
    """
    return concatenate([atleast_3d(x) for x in _several("dstack", tensors)], 2)
