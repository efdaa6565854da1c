"""Tensor: a value, and where it came from."""

from __future__ import annotations

import copy
import math
import weakref
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from . import dtypes, interpret
from ._methods import Methods
from .errors import ArgumentError, DtypeError, GradientError, MistakeWarning, ShapeError, warn
from .mistakes import noticed
from .names.elsewhere import Elsewhere

if TYPE_CHECKING:
    from .ops.core.primitive import Primitive

Hook = Callable[["Tensor"], "Tensor | None"]

WALL = "compiled"  # the primitive by which a tensor came from where no gradient can follow, out of a compiled function


class Origin(NamedTuple):
    """Where a Tensor came from: the primitive, what it was applied to, and how."""

    primitive: Primitive
    inputs: tuple[Tensor, ...]
    params: dict[str, Any]
    writes: tuple[int, ...]  # how often each input's memory had been written when the primitive was applied
    since: int = 0  # from how many writes of its own memory on the tensor came from here; earlier it was
    before: Tensor | None = None  # this, a tensor that holds what it held then


class Views(list["weakref.ref[Tensor]"]):
    """The tensors without a gradient that look into a memory, as views made while gradients are recorded. A copy of
    the memory has none."""

    def add(self, t: Tensor) -> None:
        if len(self) % 64 == 63:
            self[:] = [known for known in self if known() is not None]
        self.append(weakref.ref(t))

    def __reduce__(self) -> tuple[Any, ...]:
        return Views, ()


class Size(int):
    """A number of elements; called, as PyTorch's method of that name, it gives lengths: `x.size(0)` is `x.shape[0]`."""

    shape: tuple[int, ...]

    def __call__(self, dim: int | None = None) -> Any:
        return self.shape if dim is None else self.shape[dim]

    def __reduce__(self) -> tuple[Any, ...]:
        return int, (int(self),)


@lru_cache(4096)
def _size(shape: tuple[int, ...]) -> Size:
    size = Size(math.prod(shape))
    size.shape = shape
    return size


class _Keeping:
    """The hook by which a tensor keeps its gradient. One that held the tensor would make a cycle, and memory wait."""

    def __init__(self, t: Tensor) -> None:
        self.whose = weakref.ref(t)

    def __call__(self, gradient: Tensor) -> None:
        t = self.whose()
        if t is not None:
            t.grad = gradient.copy() if t.grad is None else t.grad + gradient


class Tensor(Methods):
    """An array of numbers that remembers how it was computed, so that gradients can flow back.

    Every NumPy-like function of gradus is also a method or an operator of Tensor.

    Attributes:
        data: the array (NumPy's).
        requires_grad: whether a gradient is wanted, or flows through.
        grad: the gradient that `backward` gathered, or None.
        origin: where the value came from; None for a leaf, but for a view of another.
        writes: a list, first how often the memory was written; tensors that share memory share it.

    >>> import gradus
    >>> x = gradus.tensor([1.0, 2.0, 3.0], requires_grad=True)
    >>> y = (x * x).sum()
    >>> y.backward()
    >>> x.grad
    tensor([2., 4., 6.])
    """

    __slots__ = ("__weakref__", "data", "grad", "hooks", "origin", "requires_grad", "writes")

    def __init__(self, data: Any, requires_grad: bool = False, origin: Origin | None = None) -> None:
        if type(data) is not np.ndarray:
            check_data(data)
        self.data = data
        self.origin = origin
        self.grad: Tensor | None = None
        self.hooks: list[Hook] | None = None
        self.writes: list[Any] = [0]
        self.requires_grad = False
        if requires_grad:
            self.requires_grad_()

    # -- what it is ---------------------------------------------------------------------------------------------

    @property
    def shape(self) -> tuple[int, ...]:
        """The length of each axis."""
        return self.data.shape  # type: ignore[no-any-return]

    @property
    def dtype(self) -> dtypes.Dtype:
        """The type of the numbers."""
        return self.data.dtype  # type: ignore[no-any-return]

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.data.shape)

    @property
    def size(self) -> Size:
        """The number of elements; `size()` and `size(0)` are `shape` and `shape[0]`, as in PyTorch."""
        return _size(self.data.shape)

    @property
    def is_leaf(self) -> bool:
        """Whether nothing computed this tensor; `backward` leaves gradients in leaves."""
        return self.origin is None or not self.requires_grad

    # -- its numbers --------------------------------------------------------------------------------------------

    def numpy(self) -> np.ndarray:
        """The numbers as a NumPy array that shares the tensor's memory."""
        if self.origin is not None and noticed.looks:
            noticed.took()
        return interpret.current.get().concrete(self)

    def item(self) -> Any:
        """The only element, as a Python number."""
        try:
            return self.numpy().item()
        except ValueError:
            if self.size == 1:
                raise
            message = f"item() needs one element, this tensor has shape {self.shape}"
            raise ShapeError(message, "Use tolist().", mistake="item-of-many") from None

    def tolist(self) -> Any:
        """The numbers as nested Python lists."""
        return self.numpy().tolist()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self.numpy(), dtype=dtype, copy=copy)

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __index__(self) -> int:
        if dtypes.is_float(self.dtype):
            raise DtypeError(f"a tensor of {self.dtype} is no index. Convert it: int(t).")
        return int(self.item())

    def __bool__(self) -> bool:
        if self.size != 1:
            raise ShapeError(
                f"the truth of a tensor with {self.size} elements is ambiguous",
                "Use .any() or .all(), or where().",
                mistake="truth-of-many",
            )
        return bool(self.item())

    def __format__(self, spec: str) -> str:
        return format(self.item() if self.size == 1 and spec else str(self), spec)

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("a tensor without axes has no length")
        return self.shape[0]

    def __iter__(self) -> Iterator[Tensor]:
        return (self[i] for i in range(len(self)))

    def __contains__(self, value: Any) -> bool:
        """Whether any element equals the value."""
        return bool(np.any(self.numpy() == np.asarray(value)))

    __hash__ = object.__hash__

    def __reduce__(self) -> tuple[Any, ...]:
        """What copies are made from (copy, deepcopy, other processes): the numbers, without history and hooks."""
        data = interpret.current.get().concrete(self)
        return _restored, (type(self), data, self.writes, self.requires_grad and self.is_leaf, self.grad)

    def __copy__(self) -> Tensor:
        """Another tensor of the same memory."""
        interpret.current.get().met(self)
        return _restored(type(self), self.data, self.writes, self.requires_grad and self.is_leaf, self.grad)

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        """A tensor of its own; while a function is traced, one that is copied at each call."""
        if isinstance(interpret.current.get(), interpret.Eager):
            make, parts = self.__reduce__()
            return make(*copy.deepcopy(parts, memo))  # type: ignore[no-any-return]
        data, gradient = self.detach().copy().data, copy.deepcopy(self.grad, memo)
        return _restored(type(self), data, [0], self.requires_grad and self.is_leaf, gradient)

    def __str__(self) -> str:
        """What `print` shows: a look at the numbers, like `numpy()`, and refused where there are none."""
        interpret.current.get().concrete(self)
        return repr(self)

    def __repr__(self) -> str:
        """The same, for messages and debuggers, which get it even where there are no numbers."""
        numbers = self.data
        interpret.current.get().shown(self)
        if not isinstance(numbers, np.ndarray):
            return f"tensor(<traced>, shape={self.shape}, dtype={self.dtype})"
        text = np.array2string(numbers, separator=", ", prefix="tensor(")
        if self.dtype not in (dtypes.DEFAULT_FLOAT, dtypes.DEFAULT_INT, dtypes.bool_):
            text += f", dtype={self.dtype.name}"
        if not self.is_leaf and self.origin is not None:
            name = self.origin.primitive.name
            text += f", from={name}" if name != WALL else ""
        elif self.requires_grad:
            text += ", requires_grad=True"
        return f"tensor({text})"

    # -- its gradient -------------------------------------------------------------------------------------------

    def requires_grad_(self, wanted: bool = True) -> Tensor:
        """Say that a gradient is wanted for this leaf."""
        if wanted and not dtypes.is_float(self.dtype):
            raise DtypeError(
                f"only floating-point tensors have gradients, this is {self.dtype}. Use astype(float).",
                mistake="gradient-of-integers",
            )
        if not wanted and not self.is_leaf:
            raise GradientError("a computed tensor cannot stop requiring a gradient. Use detach().")
        if not self.requires_grad:
            self.origin = None  # what was a view is a variable of its own
        self.requires_grad = wanted
        return self

    def detach(self) -> Tensor:
        """The same numbers (and memory) without their history."""
        interpret.current.get().met(self)
        out = Tensor(self.data)
        out.writes = self.writes
        return out

    def register_hook(self, hook: Hook) -> Callable[[], None]:
        """Call `hook(gradient)` when this tensor's gradient is known; what it returns, if not None, replaces it.

        Returns a function that takes the hook away again.
        """
        if not self.requires_grad:
            raise GradientError("no gradient reaches this tensor: it does not require one. Use requires_grad_().")
        hooks = self.hooks = [] if self.hooks is None else self.hooks
        registered = partial(hook)  # which may be there twice
        hooks.insert(len(hooks) - self._keeps(), registered)
        return lambda: hooks.remove(registered) if registered in hooks else None

    def _keeps(self) -> bool:
        """Whether its gradient is kept, by the last hook."""
        return any(isinstance(hook, _Keeping) for hook in self.hooks or ())

    def retain_grad(self) -> None:
        """Have `backward` leave this tensor's gradient in `grad` though it is no leaf: after all hooks, and once."""
        if not self.is_leaf and not self._keeps():
            self.hooks = self.hooks or []
            self.hooks.append(_Keeping(self))

    # -- writing ------------------------------------------------------------------------------------------------

    def assign_(self, value: Any) -> Tensor:
        """Write `value` into this leaf's own memory: how optimizers update.

        A Tensor, array or nested list of the same shape, or a Python number, which fills.
        """
        if not isinstance(value, Tensor):
            value = self._as_mine(value)
        if value.shape != self.shape:
            raise ShapeError(f"assign_: this tensor has shape {self.shape}, the new value {value.shape}")
        if not self.is_leaf:
            raise GradientError("assign_ writes leaves only; this tensor was computed. Use detach() first.")
        interpret.current.get().assign(self, value)
        self.writes[0] += 1
        return self

    def _as_mine(self, value: Any) -> Tensor:
        """What is no Tensor as one to assign; Python's numbers take this tensor's width, if it has fractions."""
        wide = dtypes.is_float(self.dtype) and not hasattr(value, "dtype")
        made = as_tensor(value, self.dtype if wide else None)
        return made.broadcast_to(self.shape) if isinstance(value, (bool, int, float)) else made

    def __dir__(self) -> list[str]:
        return [name for name in object.__dir__(self) if not isinstance(vars(Methods).get(name), Elsewhere)]


def writes_of(tensors: tuple[Tensor, ...]) -> tuple[int, ...]:
    """How often the memory of each was written."""
    return tuple([t.writes[0] for t in tensors])


def check_data(data: Any) -> None:
    """Refuse what is no array (NumPy's, or what stands for one while a graph is traced) as a tensor's data."""
    if isinstance(data, Tensor) or not hasattr(data, "shape"):
        raise DtypeError(
            f"a tensor's data is an array, not a {type(data).__name__}. Make a tensor with gradus.tensor(...), and "
            "write into one with t.assign_(...).",
            mistake="tensor-class-called",
        )
    dtypes.kind(data.dtype)  # refuses text, objects and complex numbers


def _restored(kind: type[Tensor], data: Any, writes: list[int], requires_grad: bool, gradient: Tensor | None) -> Tensor:
    out = kind.__new__(kind)
    Tensor.__init__(out, data, requires_grad)
    out.writes, out.grad = writes, gradient
    return out


def tensor(data: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """A new Tensor with a copy of the data: numbers, nested lists, a NumPy array or a Tensor.

    Arrays keep their dtype; Python floats become float32 and integers int64 unless `dtype` says otherwise.

    >>> tensor([[1, 2], [3, 4]], dtype="float64")
    tensor([[1., 2.],
            [3., 4.]], dtype=float64)
    """
    if isinstance(data, Tensor) and data.requires_grad and data.origin is not None:
        _warn_of_history("a tensor", "tensor-of-a-tensor")
    return Tensor(_as_array(data, dtype, copy=True), requires_grad)


def _warn_of_history(what: str, mistake: str) -> None:
    warn(
        f"{what} is made anew, without the history by which gradients come back. Use it as it is, or stack([...]) what "
        "belongs together; for the numbers alone, detach() first.",
        MistakeWarning,
        mistake=mistake,
    )


def as_tensor(data: Any, dtype: Any = None) -> Tensor:
    """The data as a Tensor, sharing memory where that can be.

    >>> as_tensor([1, 2])
    tensor([1, 2])
    """
    if isinstance(data, Tensor) and dtype is None:
        return data
    return Tensor(_as_array(data, dtype, copy=False))


def _as_array(data: Any, dtype: Any, copy: bool) -> np.ndarray:
    if isinstance(data, Tensor):
        data = data.numpy()
    elif isinstance(data, (list, tuple)) and any(isinstance(d, Tensor) for d in data):
        if any(isinstance(d, Tensor) and d.requires_grad and d.origin is not None for d in data):
            _warn_of_history("a list of tensors", "list-of-tensors")
        parts = [_as_array(d, None, copy=False) for d in data]
        shapes = list(dict.fromkeys(p.shape for p in parts))
        if len(shapes) > 1:
            several = " and ".join(map(str, shapes[:2]))
            raise ShapeError(f"tensor: tensors of shapes {several} do not form one", "Join them with concatenate().")
        data = np.stack(parts)
    try:
        array = np.asarray(data)
    except ValueError as problem:
        raise ShapeError(
            f"tensor: the nested lists do not form a box of numbers ({problem})",
            mistake="lists-of-unlike-lengths",
        ) from None
    if not array.dtype.isnative:  # as read from files of another byte order
        array = array.astype(array.dtype.newbyteorder("="))
    found = dtypes.kind(array.dtype)  # refuses text, objects and complex numbers
    if dtype is not None:
        wanted = dtypes.as_dtype(dtype)
    elif isinstance(data, (np.ndarray, np.generic)):
        wanted = array.dtype
    else:
        wanted = dtypes.DEFAULTS[found]
    if dtypes.kind(wanted) == dtypes.INTEGER and array.size and not isinstance(data, (np.ndarray, np.generic)):
        _require_within(array, wanted)
    return dtypes.converted(array, wanted, copy)


def _require_within(array: np.ndarray, wanted: dtypes.Dtype) -> None:
    """Numbers that are written down are those that are meant: none is wrapped around, as an array's are by astype."""
    least, most = dtypes.limits(wanted)
    for number in (array.min(), array.max()):
        if not least <= number <= most:  # NaN, too
            raise ArgumentError(
                f"tensor: {number} is no number of {wanted}, which run from {least} to {most}. Ask for a wider dtype."
            )
