"""What a primitive is, how it is applied to Tensors, and the table of all of them."""

from __future__ import annotations

import operator as operators
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

import numpy as np

from ... import dtypes, interpret
from ..._methods import method, reflected
from ...autograd import recording
from ...errors import ArgumentError, DtypeError, GradientError, ShapeError
from ...tensor import Origin, Tensor, Views, as_tensor, writes_of
from .lowering import Constant, Elementwise, Found, Indices, Lowering, OwnKernel, View
from .places import Index

F = TypeVar("F", bound=Callable[..., Any])
Vjp = Callable[..., Tensor | None]  # None for no gradient, as of what a loop does not reach


class Shaped(NamedTuple):
    """What is known of an array before its numbers: an argument and the result of shape rules."""

    shape: tuple[int, ...]
    dtype: dtypes.Dtype


@dataclass(frozen=True, eq=False)
class Primitive:
    """An operation that is not composed of others. Everything known of it stands in one place.

    Attributes:
        name: its name in graphs and messages.
        rule: `(*inputs: Shaped, **params) -> Shaped`, the shape and dtype of the result; raises ShapeError or
            DtypeError, in the user's words, where the inputs do not fit.
        forward: `(xp, *arrays, **params) -> array`, its meaning, in the functions of an array namespace `xp`.
        vjp: one function for each input, `(g, y, *inputs, **params) -> Tensor`, written with Tensor operations: the
            gradient to that input, from the gradient `g` to the result `y`. None where no gradient flows. For any
            number of inputs, one function of the input's index that returns such a function.
        lower: of which kind it is, and where its elements are found: what a compiler needs (`lowering.py`).
        view: whether the result may share the memory of the first input.
        listed: whether eager code and compiled functions may hold it; the others are for one of the two.
        gather: of a view of a small part, `(total, g, **params)` that adds g to an array where the part was taken from:
            what the vjp says without the zeros around it.
        pull: in place of `vjp`, `(g, y, *inputs, **params)` that gives the gradients to all inputs at once.
    """

    name: str
    rule: Callable[..., Shaped]
    forward: Callable[..., Any]
    vjp: Sequence[Vjp | None] | Callable[[int], Vjp | None]
    lower: Lowering = OwnKernel()  # noqa: RUF009 - it is frozen
    view: bool = False
    listed: bool = True
    gather: Callable[..., None] | None = None
    pull: Callable[..., Sequence[Tensor | None]] | None = None

    def __post_init__(self) -> None:
        if self.listed:
            PRIMITIVES[self.name] = self

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"

    def pullback(self, index: int) -> Vjp | None:
        """The function that gives the gradient to input number `index`, or None."""
        return self.vjp(index) if callable(self.vjp) else self.vjp[index]


PRIMITIVES: dict[str, Primitive] = {}


def bind(primitive: Primitive, *inputs: Tensor, **params: Any) -> Tensor:
    """Apply a primitive to Tensors: the result knows its origin if a gradient may be wanted."""
    out = Tensor(interpret.current.get().apply(primitive, inputs, params))
    if primitive.view and _same_memory(out.data, inputs[0].data):
        out.writes = inputs[0].writes
        if recording():
            _look_into(out, Origin(primitive, inputs, params, (out.writes[0],)))
        return out
    for x in inputs:
        if x.requires_grad:
            if recording() and dtypes.is_float(out.dtype):
                out.requires_grad = True
                out.origin = Origin(primitive, inputs, params, writes_of(inputs))
            break
    return out


def _same_memory(view: Any, data: Any) -> bool:
    """Whether a view shares memory, as far as is known: a reshape of what is not in one piece copies."""
    if type(data) is not np.ndarray or data.flags.c_contiguous:
        return True
    if type(view) is not np.ndarray:  # a symbol, of an array that a compiled function has around it
        return True
    return np.may_share_memory(view, data)


def _look_into(view: Tensor, origin: Origin) -> None:
    """Let a view know what it is a view of, gradient or not: that may be assigned to, or through the view."""
    view.origin = origin
    if origin.inputs[0].requires_grad:
        view.requires_grad = True
    elif dtypes.is_float(view.dtype):
        if len(view.writes) == 1:
            view.writes.append(Views())
        view.writes[1].add(view)


# -- the table of public functions: what methods, stubs and tests are derived from ---------------------------------


@dataclass(frozen=True)
class Case:
    """What to try a function with: arrays of the shapes, random numbers from `domain`, then arguments, parameters.

    `lead` are arguments before the arrays; `listed` if the function takes the arrays as one list.
    """

    shapes: tuple[tuple[int, ...], ...]
    args: tuple[Any, ...] = ()
    params: dict[str, Any] = field(default_factory=dict)
    domain: tuple[float, float] = (-2.0, 2.0)
    dtype: str = "float64"
    lead: tuple[Any, ...] = ()
    listed: bool = False

    def call(self, function: Callable[..., Any], arrays: Sequence[Any]) -> Any:
        """The function of some arrays, in the manner of the case."""
        return function(*self.lead, *([list(arrays)] if self.listed else arrays), *self.args, **self.params)


class Function(NamedTuple):
    """A public function of arrays: what it should equal, and what to try it with.

    `gives` is the dtype of what it gives: that of its arguments ("same"); that, but float32 of integers ("float") or
    int64 of them ("sum"); or always the one named. `refuses` are the kinds of numbers it has no meaning for.
    """

    function: Callable[..., Any]
    reference: Callable[..., Any]
    cases: tuple[Case, ...]
    methods: tuple[str, ...]
    elementwise: bool
    gives: str = "same"
    refuses: tuple[str, ...] = ()


FUNCTIONS: dict[str, Function] = {}


def case(
    *shapes: tuple[int, ...],
    args: tuple[Any, ...] = (),
    domain: tuple[float, float] = (-2.0, 2.0),
    dtype: str = "float64",
    lead: tuple[Any, ...] = (),
    listed: bool = False,
    **params: Any,
) -> Case:
    """A Case, shortly written: `case((2, 3), axis=1)`."""
    return Case(shapes, args, params, domain, dtype, lead, listed)


def public(
    *cases: Case,
    reference: Callable[..., Any] | None = None,
    methods: tuple[str, ...] | None = None,
    operator: str | None = None,
    elementwise: bool = False,
    gives: str = "same",
    refuses: tuple[str, ...] = (),
) -> Callable[[F], F]:
    """Enter a function into the table and make it a method of Tensor, and an operator if one is named.

    `reference` is NumPy's function of the same name unless given; `methods` defaults to the function's own name; for
    `gives` and `refuses` see `Function`.
    """

    def register(function: F) -> F:
        name = function.__name__
        names = (name,) if methods is None else methods
        if operator:
            names += (f"__{operator}__",)
            if hasattr(operators, f"i{operator}"):  # what Python has x += y for
                reflected(f"__r{operator}__", function)
                method(f"__i{operator}__")(_in_place(function))
        method(*names)(function)
        found = reference or getattr(np, name)
        FUNCTIONS[name] = Function(function, found, cases, names, elementwise, gives, refuses)
        return function

    return register


def _in_place(function: Callable[..., Any]) -> Callable[..., Tensor]:
    """The operator that writes, for leaves that want a gradient: `w -= step` under no_grad. For others x = x + y.

    Only those are written whose owner says, by wanting a gradient, that they are variables: the memory of others may
    be shared.
    """

    def write(x: Tensor, other: Any) -> Tensor:
        if not x.requires_grad or not x.is_leaf:
            return function(x, other)  # type: ignore[no-any-return]
        if recording():
            raise GradientError(
                f"a leaf that requires a gradient is not changed in place ({function.__name__}) while gradients are "
                "recorded. Write `with gradus.no_grad():` around it, or let an optimizer do it.",
                mistake="leaf-written",
            )
        return x.assign_(function(x, other))

    write.__name__ = f"{function.__name__}_"
    return write


# -- what is common to all, done once --------------------------------------------------------------------------------


def promote(*operands: Any, floats: bool = False) -> list[Tensor]:
    """The operands as Tensors of one dtype; with `floats` a floating-point one. Python numbers have no width."""
    dtype, numbers = None, False
    for x in operands:  # nearly always they are alike, or Python's numbers stand beside floats
        if isinstance(x, Tensor):
            if dtype is None:
                dtype = x.data.dtype
            elif x.data.dtype != dtype:
                return _promoted(operands, floats)
        elif type(x) is float or type(x) is int:
            numbers = True
        else:
            return _promoted(operands, floats)
    if dtype is None or ((floats or numbers) and not dtypes.is_float(dtype)):
        return _promoted(operands, floats)
    return [x if isinstance(x, Tensor) else _number(x, dtype) for x in operands] if numbers else list(operands)


def _number(x: float, dtype: dtypes.Dtype) -> Tensor:
    """A number as a tensor of floats; made at once where that can raise no flag and needs no node of a program."""
    if dtype.itemsize > 2 and (1e-30 < abs(x) < 1e30 or not x) and interpret.current.get().in_place:
        return Tensor(np.array(x, dtype))
    return constant((), x, dtype)


def _promoted(operands: tuple[Any, ...], floats: bool) -> list[Tensor]:
    operands = tuple(x if isinstance(x, (Tensor, bool, int, float)) else _array_operand(x) for x in operands)
    dtype = dtypes.DEFAULT_FLOAT if floats else dtypes.bool_
    arrays = [x.dtype for x in operands if isinstance(x, Tensor)]
    if arrays:
        dtype = arrays[0]
        for other in arrays[1:]:
            dtype = dtypes.promote(dtype, other)
        if floats and not dtypes.is_float(dtype):
            dtype = dtypes.DEFAULT_FLOAT
    for x in operands:
        if not isinstance(x, Tensor):
            dtype = dtypes.scalar_dtype(x, dtype)
    return [cast(x, dtype) if isinstance(x, Tensor) else constant((), x, dtype) for x in operands]


def _array_operand(x: Any) -> Tensor | bool | int | float:
    if isinstance(x, np.generic):
        return x.item()  # type: ignore[no-any-return]
    if isinstance(x, (np.ndarray, list, tuple)):
        return as_tensor(x)
    raise DtypeError(f"expected a Tensor, an array or a number, got {type(x).__name__} ({x!r})")


def broadcast(name: str, *operands: Tensor) -> list[Tensor]:
    """The operands stretched to one common shape, by NumPy's rule."""
    first = operands[0].shape
    if all(x.shape == first for x in operands[1:]):
        return list(operands)
    shape = broadcast_shapes(name, *(x.shape for x in operands))
    return [x if x.shape == shape else bind(broadcast_to_p, x, shape=shape) for x in operands]


def broadcast_shapes(name: str, *shapes: tuple[int, ...]) -> tuple[int, ...]:
    """The common shape of NumPy's rule: aligned at the last axis, lengths equal or 1.

    >>> broadcast_shapes("add", (3, 1), (4,))
    (3, 4)
    """
    ndim = max(map(len, shapes))
    padded = [(1,) * (ndim - len(s)) + s for s in shapes]
    out = []
    for axis, lengths in enumerate(zip(*padded, strict=True)):
        longest = next((n for n in lengths if n != 1), 1)
        if any(n not in (1, longest) for n in lengths):
            listed = " and ".join(map(str, shapes))
            unequal = " against ".join(map(str, dict.fromkeys(n for n in lengths if n != 1)))
            raise ShapeError(
                f"{name}: the shapes {listed} do not fit together: axis {axis - ndim} is {unequal}",
                "Lengths must be equal or 1, counted from the last axis.",
                mistake="shapes-do-not-meet",
            )
        out.append(longest)
    return tuple(out)


def normalize_axis(name: str, axis: int, ndim: int) -> int:
    """An axis counted from the front, from one that may count from the back."""
    if not isinstance(axis, (int, np.integer)):
        raise DtypeError(f"{name}: an axis is an integer, got {axis!r}")
    if not -ndim <= axis < ndim:
        raise ShapeError(f"{name}: there is no axis {axis} in a tensor with {ndim} axes", mistake="no-such-axis")
    return int(axis) % ndim


def normalize_axes(name: str, axis: int | Sequence[int] | None, ndim: int) -> tuple[int, ...]:
    """Several axes counted from the front; None stands for all, as do 0 and -1 where there is none."""
    if axis is None or (ndim == 0 and axis in (0, -1, (0,), (-1,), [0], [-1])):
        return tuple(range(ndim))
    axes = tuple(normalize_axis(name, a, ndim) for a in (axis if isinstance(axis, (tuple, list)) else (axis,)))
    if len(set(axes)) != len(axes):
        raise ShapeError(f"{name}: the axes {axis} name one axis twice")
    return axes


def require_float(name: str, x: Any) -> None:
    """For shape rules: refuse what is not floating point."""
    if not dtypes.is_float(x.dtype):
        raise DtypeError(f"{name}: needs floating-point numbers, got {x.dtype}. Use astype(float).")


# -- the three primitives the engine itself needs ----------------------------------------------------------------------

cast_p = Primitive(
    "cast",
    rule=lambda x, dtype: Shaped(x.shape, dtype),
    forward=lambda xp, x, dtype: x.astype(dtype),
    vjp=(lambda g, y, x, dtype: cast(g, x.dtype),),
    lower=Elementwise(),
)


def _pull_broadcast(index: Indices, x: tuple[int, ...], shape: tuple[int, ...]) -> list[Found]:
    last = index[len(index) - len(x) :]
    return [Found(0, tuple(Index() if length == 1 else i for i, length in zip(last, x, strict=True)))]


broadcast_to_p = Primitive(
    "broadcast_to",
    rule=lambda x, shape: Shaped(broadcast_shapes("broadcast_to", x.shape, shape), x.dtype),
    forward=lambda xp, x, shape: xp.broadcast_to(x, shape),
    vjp=(lambda g, y, x, shape: unbroadcast(g, x.shape),),
    lower=View(_pull_broadcast),
    view=True,
)


def require_in_range(dtype: dtypes.Dtype, value: float, remedy: str) -> None:
    """Refuse what is no number of a dtype of integers."""
    least, most = dtypes.limits(dtype)
    if not least <= value <= most:  # NaN, too
        raise ArgumentError(
            f"{value} is no number of {dtype}, which run from {least} to {most}. {remedy}",
            mistake="number-too-large",
        )


def _full_rule(shape: tuple[int, ...], value: bool | int | float, dtype: dtypes.Dtype) -> Shaped:
    if dtypes.kind(dtype) == dtypes.INTEGER:
        require_in_range(dtype, value, "Convert the tensor it meets to a wider type first: x.astype(int).")
    return Shaped(shape, dtype)


full_p = Primitive(
    "full",
    rule=_full_rule,
    forward=lambda xp, shape, value, dtype: xp.full(shape, value, dtype),
    vjp=(),
    lower=Constant(),
)


def cast(x: Tensor, dtype: dtypes.Dtype) -> Tensor:
    """The same numbers in another dtype."""
    return x if x.dtype == dtype else bind(cast_p, x, dtype=dtype)


def constant(shape: tuple[int, ...], value: bool | int | float, dtype: dtypes.Dtype) -> Tensor:
    """A constant."""
    return bind(full_p, shape=shape, value=value, dtype=dtype)


def unbroadcast(g: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Sum a gradient over the axes along which a value of `shape` was stretched: broadcasting undone, once for all."""
    if g.shape == shape:
        return g
    extra = g.ndim - len(shape)
    stretched = [i + extra for i, n in enumerate(shape) if n == 1 and g.shape[i + extra] != 1]
    return g.sum(axis=(*range(extra), *stretched)).reshape(shape)
