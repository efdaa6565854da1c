"""Writing elements by their places: `x[key] = value` with all of NumPy's keys.

Where no gradient is recorded, the memory is written. Where one is, the numbers are never overwritten: what the tensor
held goes on in a tensor of its own, for all that was computed from it, and the tensor comes from this assignment.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ... import dtypes, interpret
from ..._methods import method
from ...autograd import no_grad, recording
from ...errors import DtypeError, GradientError, ShapeError
from ...tensor import Origin, Tensor, as_tensor
from ..core.lowering import Found, Indices, Shape, View
from ..core.places import Condition
from ..core.primitive import (
    PRIMITIVES,
    Primitive,
    Shaped,
    bind,
    broadcast_shapes,
    cast,
    constant,
    require_in_range,
)
from ..elementwise.arithmetic import copy
from ..elementwise.choice import where
from ..making.create import iota
from ..reductions.reduce import cumsum
from ..shapes.movement import flip
from ..shapes.slicing import slice_
from .index import Cut, along, as_places, cut_by, is_answer, keys_of, require_places, take_rule

__all__: list[str] = []

# -- put: rows in places that are computed; put_slice: a block in places that are known ------------------------------


def _put_rule(x: Any, v: Any, indices: Any, distinct: bool) -> Shaped:
    if v.shape != (*indices.shape, *x.shape[1:]):
        raise ShapeError(f"put: {v.shape} are not elements for indices of shape {indices.shape} in {x.shape}")
    take_rule(x, indices, 0)
    return Shaped(x.shape, x.dtype)


def _put_forward(xp: Any, x: Any, v: Any, indices: Any, distinct: bool) -> Any:
    out = x.copy()
    out[indices] = v
    return out


def _put_of_value(g: Tensor, y: Tensor, x: Tensor, v: Tensor, indices: Tensor, distinct: bool) -> Tensor:
    """g where a value stands in the result; of those that came to one place, only the last does."""
    found = g.take(indices, 0)
    if distinct:
        return found
    number = iota(indices.size).reshape(indices.shape)
    last = bind(_put, constant(x.shape[:1], 0, dtypes.int64), number, indices, distinct=False)
    stands = last.take(indices, 0) == number
    return where(stands.reshape((*indices.shape, *(1 for _ in x.shape[1:]))), found, 0)


_put: Primitive = Primitive(
    "put",
    rule=_put_rule,
    forward=_put_forward,
    vjp=(
        lambda g, y, x, v, indices, distinct: bind(_put, g, v.full_like(0), indices, distinct=distinct),
        _put_of_value,
        None,
    ),
)


def put(x: Tensor, v: Tensor, indices: Tensor, distinct: bool = False) -> Tensor:
    """x with the elements of v at `indices` of its first axis; of equal indices the last counts.

    >>> import gradus
    >>> put(gradus.zeros(4), gradus.tensor([1.0, 2.0, 3.0]), gradus.tensor([0, 2, 0]))
    tensor([3., 0., 2., 0.])
    """
    places = as_places(indices)
    require_places(places, 0, x.shape[0])
    return bind(_put, x, v, places, distinct=distinct)


Ranges = tuple[tuple[int, int, int], ...]


def _put_slice_rule(x: Any, v: Any, ranges: Ranges) -> Shaped:
    lengths = tuple(len(range(*r)) for r in ranges)
    if v.shape != lengths:
        raise ShapeError(f"put_slice: a value of shape {v.shape} for places of shape {lengths}")
    return Shaped(x.shape, x.dtype)


def _put_slice_forward(xp: Any, x: Any, v: Any, ranges: Ranges) -> Any:
    out = x.copy()
    out[tuple(slice(*r) for r in ranges)] = v
    return out


def _pull_put_slice(index: Indices, x: Shape, v: Shape, ranges: Ranges) -> list[Found]:
    """In x, but where the places are, in v."""
    places, conditions = [], []
    for i, length, (start, _, step) in zip(index, v, ranges, strict=True):
        places.append((i - start) // step)
        conditions += [Condition((i - start) % step, 0, 1), Condition(places[-1], 0, length)]
    if any(c.never() for c in conditions):
        return [Found(0, index)]
    return [Found(0, index), Found(1, tuple(places), tuple(c for c in conditions if not c.always()))]


_put_slice: Primitive = Primitive(
    "put_slice",
    rule=_put_slice_rule,
    forward=_put_slice_forward,
    vjp=(
        lambda g, y, x, v, ranges: bind(_put_slice, g, v.full_like(0), ranges=ranges),
        lambda g, y, x, v, ranges: slice_(g, ranges),
    ),
    lower=View(_pull_put_slice),
)

# -- x[key] = value ----------------------------------------------------------------------------------------------------


@method("__setitem__")
def setitem(x: Tensor, key: Any, value: Any) -> None:
    """x[key] = value, with all of NumPy's keys; the value is broadcast to the places, of equal ones the last counts.

    While gradients are recorded, x then comes from the assignment: a gradient to it goes to the value, and to what x
    was elsewhere. What was computed from x before keeps what x was; views of x see the change. A leaf that requires a
    gradient is written under `no_grad`.

    >>> import gradus
    >>> x, v = gradus.zeros((2, 2)), gradus.tensor([1.0, 2.0], requires_grad=True)
    >>> x[:, 0] = v * 3
    >>> x[x > 5] = 5
    >>> x
    tensor([[3., 0.],
            [5., 0.]], from=copy)
    >>> x.sum().backward()
    >>> v.grad
    tensor([3., 0.])
    """
    value = as_value(x, value)
    followed = recording() and (x.requires_grad or value.requires_grad)
    _require_changeable(x, followed)
    if not followed and interpret.current.get().put(x, key, value):
        x.writes[0] += 1
        return
    _replace(x, lambda old: assigned(old, key, value), followed)


def as_value(x: Tensor, value: Any) -> Tensor:
    """What is to be assigned, as a tensor that x can hold."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, (bool, int, float)):
        return constant((), _fitting(x, value), x.dtype)
    if not isinstance(value, Tensor):
        value = as_tensor(value, x.dtype if dtypes.is_float(x.dtype) and not hasattr(value, "dtype") else None)
    if not np.can_cast(value.dtype, x.dtype, "same_kind"):
        raise _cannot_hold(x, f"{value.dtype}", ": value.astype(...)")
    return cast(value, x.dtype)


def _fitting(x: Tensor, number: bool | int | float) -> bool | int | float:
    if dtypes.is_float(x.dtype):
        return number
    if isinstance(number, float) or (x.dtype == dtypes.bool_ and number not in (0, 1)):
        raise _cannot_hold(x, f"{number!r}")
    if x.dtype != dtypes.bool_:
        require_in_range(x.dtype, number, "Convert the tensor to a wider type first: x.astype(int).")
    return bool(number) if x.dtype == dtypes.bool_ else int(number)


def _cannot_hold(x: Tensor, what: str, how: str = ": x.astype(...)") -> DtypeError:
    return DtypeError(f"x[...] = value: a tensor of {x.dtype} cannot hold {what}. Convert one of them{how}.")


def _root(x: Tensor) -> Tensor:
    """What a view is a view of, in the end."""
    while x.origin is not None and x.origin.primitive.view and x.origin.inputs[0].writes is x.writes:
        x = x.origin.inputs[0]
    return x


def _require_changeable(x: Tensor, followed: bool) -> None:
    root = _root(x)
    if not x.requires_grad or not root.requires_grad:  # what it is a view of may have been assigned to as a whole
        return
    is_leaf = root.is_leaf
    if followed and is_leaf:
        what = "a leaf that requires a gradient" if x.is_leaf else "a view of a leaf that requires a gradient"
        raise GradientError(
            f"{what} is not assigned to (x[...] = value) while gradients are recorded. Write `with gradus.no_grad():` "
            "around it, or assign to a copy: x = x.copy()."
        )
    if not followed and not is_leaf:
        raise GradientError(
            "a tensor that was computed, and whose gradient is recorded, is assigned to (x[...] = value) under "
            "no_grad: its gradient would be wrong. Assign outside of no_grad, or to a copy without history: "
            "x.detach().copy()."
        )


def _replace(t: Tensor, new: Callable[[Tensor], Tensor], followed: bool) -> None:
    """Make a tensor hold what `new` makes of what it holds; a view, by way of what it is a view of."""
    if t.origin is not None and t.origin.primitive.view:
        primitive, (base, *_), params, *_ = t.origin
        if interpret.current.get().sees(t, base):
            back = _BACK.get(primitive.name)
            if back is None:
                raise GradientError(
                    f"x[...] = value: x is a view made by {primitive.name}, of which several elements may be one. "
                    "Assign to a copy: x = x.copy()."
                )
            _replace(base, lambda old: back(old, new(bind(primitive, old, **params)), params), followed)
            return
    with no_grad():
        old = copy(t)
    old.writes = t.writes[:1]
    if not followed:
        interpret.current.get().assign(t, new(old))
        t.writes[0] += 1
        return
    old.requires_grad, old.origin, old.hooks = t.requires_grad, t.origin, t.hooks
    made = new(old)
    interpret.current.get().assign(t, made, followed=made.requires_grad)
    t.writes[0] += 1
    t.requires_grad, t.hooks = made.requires_grad, None
    t.origin = Origin(PRIMITIVES["copy"], (made,), {}, (made.writes[0],), since=t.writes[0], before=old)
    if made.origin is not None and made.origin.inputs[0] is old:
        t.origin = made.origin._replace(since=t.writes[0], before=old)
    for known in t.writes[1] if len(t.writes) > 1 else ():
        view = known()
        if view is not None and view.origin is not None:
            view.requires_grad = made.requires_grad


def _back_in_slice(x: Tensor, v: Tensor, params: dict[str, Any]) -> Tensor:
    return bind(_put_slice, x, v, ranges=params["ranges"])


# For each primitive that makes views: what they are views of, with a new value of the view in its place.
_BACK: dict[str, Callable[[Tensor, Tensor, dict[str, Any]], Tensor]] = {
    "slice": _back_in_slice,
    "reshape": lambda x, v, params: v.reshape(x.shape),
    "permute": lambda x, v, params: v.permute(*(params["axes"].index(i) for i in range(x.ndim))),
    "flip": lambda x, v, params: flip(v, params["axis"]),
}


# -- the new value of all of x -----------------------------------------------------------------------------------------


def assigned(x: Tensor, key: Any, value: Tensor) -> Tensor:
    """x with the value at the places of the key."""
    if is_answer(key):
        return assigned(x.reshape((1, *x.shape)), as_tensor(key).reshape(1), value).reshape(x.shape)
    mask = _only_mask(x, key)
    if mask is not None:
        found = _masked(x, *mask, value)
        if found is not None:
            return found
    keys, apart, distinct = keys_of(key, x.shape)
    c = cut_by(x.shape, keys)
    if not c.arrays:
        return _into_slice(x, c, _broadcast(value, c.shape))
    inner = c.of(x)
    a = along(inner.shape, c.arrays, apart)
    found = put(a.rows(inner), a.value_rows(_broadcast(value, a.shape)), a.place, distinct)
    return _into_slice(x, c, a.from_rows(found))


def _broadcast(value: Tensor, shape: tuple[int, ...]) -> Tensor:
    """A value stretched to its places; as in NumPy it may have more axes in front, of length 1."""
    extra = value.ndim - len(shape)
    if extra > 0 and value.shape[:extra] == (1,) * extra:
        value = value.reshape(value.shape[extra:])
    if broadcast_shapes("x[...] = value", value.shape, shape) != shape:
        raise ShapeError(f"x[...] = value: a value of shape {value.shape} does not fit in places of shape {shape}")
    return value.broadcast_to(shape)


def _into_slice(x: Tensor, c: Cut, value: Tensor) -> Tensor:
    """x with a value in place of what a cut gives of it."""
    value = value.reshape(tuple(len(range(*r)) for r in c.ranges))
    if c.backwards:
        value = flip(value, c.backwards)
    return value if value.shape == x.shape else bind(_put_slice, x, value, ranges=c.ranges)


def _only_mask(x: Tensor, key: Any) -> tuple[Tensor, int] | None:
    """The mask, and its first axis, if a key is one mask, alone or beside whole axes."""
    parts = list(key) if isinstance(key, tuple) else [key]
    arrays = [i for i, k in enumerate(parts) if isinstance(k, (list, np.ndarray, Tensor))]
    if len(arrays) != 1:
        return None
    at = arrays[0]
    mask = as_tensor(parts[at])
    others = parts[:at] + parts[at + 1 :]
    whole = all(k is Ellipsis or (isinstance(k, slice) and k == slice(None)) for k in others)
    if mask.dtype != dtypes.bool_ or not mask.ndim or not whole or others.count(Ellipsis) > 1:
        return None
    dots = next((i for i, k in enumerate(parts) if k is Ellipsis), len(parts))
    axis = at if at < dots else x.ndim - mask.ndim - (len(parts) - 1 - at)
    if len(others) - others.count(Ellipsis) + mask.ndim > x.ndim or x.shape[axis : axis + mask.ndim] != mask.shape:
        return None  # which is explained where keys are read
    return mask, axis


def _masked(x: Tensor, mask: Tensor, axis: int, value: Tensor) -> Tensor | None:
    """x with a value where a mask is true: one for all of these places, or for each its own."""
    after = x.shape[axis + mask.ndim :]
    if axis == 0 and value.ndim == len(after) + 1 and value.shape[0] == 1:
        value = value.squeeze(0)
    one_for_all = value.ndim <= len(after)
    if not one_for_all and (isinstance(mask.data, np.ndarray) or axis or value.ndim != len(after) + 1):
        return None
    chosen = mask.reshape((*mask.shape, *(1 for _ in after))).broadcast_to(x.shape)
    if one_for_all:
        return where(chosen, _broadcast(value, after).broadcast_to(x.shape), x)
    return masked(x, mask, value)


def masked(x: Tensor, mask: Tensor, value: Tensor, more: bool = False) -> Tensor:
    """x with the rows of a value where a mask of its first axes is true; there may be `more` of them than that."""
    number = cumsum(mask.reshape(-1).astype(int), 0)
    count = value.shape[0]
    if not count:
        value = constant((1, *value.shape[1:]), 0, x.dtype)
    interpret.current.get().check(
        number[-1:], lambda n: n > count if more else n != count, lambda n: _count_differs(int(n[0]), count)
    )
    place = (number - 1).clip(0, value.shape[0] - 1).reshape(mask.shape)
    chosen = mask.reshape((*mask.shape, *(1 for _ in value.shape[1:]))).broadcast_to(x.shape)
    return where(chosen, value.take(place, 0).broadcast_to(x.shape), x)


def _count_differs(true: int, given: int) -> None:
    raise ShapeError(f"x[mask] = value: the mask is true {true} times, the value has {given} elements")

