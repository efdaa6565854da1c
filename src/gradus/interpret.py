"""The one door through which every primitive is carried out.

A primitive is bound to Tensors by `ops.core.primitive.bind`, which asks the *interpreter* in force for the result. The
eager interpreter computes it at once with NumPy. A tracing interpreter would put a graph node in its place; nothing
else in gradus would notice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from . import dtypes
from .aligned import keep_freed_memory
from .errors import ArgumentError, DtypeError, TraceError

if TYPE_CHECKING:
    from .ops.core.primitive import Primitive
    from .tensor import Tensor

READ_ONLY = "assign_: this tensor is a read-only view (of a broadcast){}. Use copy() first."  # with the place, if known

Wrong = Callable[[Any], Any]  # of an array or a Tensor: booleans, true where a number is wrong
Follower = Callable[["Tensor", "Tensor"], None] | None  # of a tensor and its gradient; None where nobody asks
Explain = Callable[[np.ndarray], None]  # raises, given the numbers of which some are wrong


class Interpreter(Protocol):
    """What carries out primitives, writes, checks, and looks at values.

    Attributes:
        in_place: whether there are numbers, to which others may be added in place.
    """

    in_place: bool

    def apply(self, primitive: Primitive, inputs: tuple[Tensor, ...], params: dict[str, Any]) -> Any:
        """The data of the primitive's result."""

    def assign(self, target: Tensor, value: Tensor, followed: bool = False) -> None:
        """Write `value` into the memory of `target`; `followed`: where gradients go on to the value."""

    def put(self, target: Tensor, key: Any, value: Tensor) -> bool:
        """Write `value` at the places of a key, if that can be done at once; whether it was."""

    def sees(self, view: Tensor, base: Tensor) -> bool:
        """Whether a tensor that is to be written is a view of memory that others look at."""

    def concrete(self, tensor: Tensor, what_for: str = "") -> np.ndarray:
        """The tensor's numbers, as a NumPy array; `what_for` is said where there are none yet."""

    def shown(self, tensor: Tensor) -> None:
        """The tensor's numbers are shown, as far as they are there, by `repr`."""

    def met(self, tensor: Tensor) -> None:
        """The tensor's memory is given to another tensor."""

    def walk(self, ys: list[Tensor]) -> AbstractContextManager[Follower]:
        """A block in which gradients are walked back from `ys`; what it gives is told each tensor that is passed."""

    def loop(self, step: Callable[..., Any], state: Any, xs: Any, reverse: bool) -> Any:
        """What `control.scan` gives; None if its steps are to be carried out one by one."""

    def check(self, subject: Tensor, wrong: Wrong, explain: Explain, by_forward: bool = False) -> None:
        """Refuse wrong numbers, now or whenever the program runs: `explain` raises.

        `by_forward`: what is done next looks at them itself, where there are numbers.
        """

    def refusal(self, message: str, mistake: str = "") -> TraceError:
        """The error of what cannot be done here, to be raised; noted where a function that catches it is refused."""


_silent: ContextVar[bool] = ContextVar("silent", default=False)
_NOTHING = nullcontext()


class Eager:
    """Computes at once, with the functions of an array namespace (NumPy here)."""

    xp = np
    in_place = True

    def apply(self, primitive: Primitive, inputs: tuple[Tensor, ...], params: dict[str, Any]) -> Any:
        arrays = [t.data for t in inputs]
        try:
            with _NOTHING if primitive.view or _silent.get() else np.errstate(all="ignore"):
                out = primitive.forward(self.xp, *arrays, **params)  # infinities and NaN follow IEEE 754, silently
        except Exception:
            for t in inputs:
                _require_array(t)
            primitive.rule(*arrays, **params)  # explains in the user's words what does not fit
            raise
        if type(out) is np.ndarray:
            return out
        for t in inputs:  # NumPy's functions take tensors, too
            if type(t.data) is not np.ndarray:
                _require_array(t)
        return np.asarray(out)

    def assign(self, target: Tensor, value: Tensor, followed: bool = False) -> None:
        try:
            with _NOTHING if _silent.get() else np.errstate(all="ignore"):
                np.copyto(target.data, value.data, casting="same_kind")
        except TypeError:
            raise DtypeError(f"assign_: a tensor of {target.dtype} cannot hold {value.dtype}. Use astype().") from None
        except ValueError:
            raise ArgumentError(READ_ONLY.format("")) from None

    def put(self, target: Tensor, key: Any, value: Tensor) -> bool:
        array = self.concrete(target)
        if not array.flags.writeable:
            raise ArgumentError(READ_ONLY.format(""))
        try:
            with np.errstate(all="ignore"):
                array[_plain(key)] = value.data
        except (IndexError, ValueError, TypeError):
            return False  # and is explained
        return True

    def sees(self, view: Tensor, base: Tensor) -> bool:
        return view.writes is base.writes

    def concrete(self, tensor: Tensor, what_for: str = "") -> np.ndarray:
        if type(tensor.data) is not np.ndarray:
            _require_array(tensor)
        return tensor.data  # type: ignore[no-any-return]

    def shown(self, tensor: Tensor) -> None:
        pass

    def met(self, tensor: Tensor) -> None:
        pass

    def walk(self, ys: list[Tensor]) -> AbstractContextManager[Follower]:
        keep_freed_memory()
        return nullcontext()

    def loop(self, step: Callable[..., Any], state: Any, xs: Any, reverse: bool) -> Any:
        return None

    def check(self, subject: Tensor, wrong: Wrong, explain: Explain, by_forward: bool = False) -> None:
        if not by_forward and isinstance(subject.data, np.ndarray) and np.any(wrong(subject.data)):
            explain(subject.data)

    def refusal(self, message: str, mistake: str = "") -> TraceError:
        return TraceError(message, mistake=mistake)


@dataclass(frozen=True)
class Outside:
    """Whether a number lies outside [low, high]. NaN does not.

    >>> Outside(0, 2)(np.array([0, 3, -1]))
    array([False,  True,  True])
    """

    low: float
    high: float

    def __call__(self, x: Any) -> Any:
        least, most = dtypes.limits(x.dtype)
        if self.high < least or most < self.low:
            return x == x
        below = x < self.low if least < self.low else None
        above = x > self.high if self.high < most else None
        if below is None or above is None:
            found = above if below is None else below
            return x != x if found is None else found
        return below | above


@dataclass(frozen=True)
class OtherThan:
    """Whether a number is none of those allowed, of which every dtype has one.

    >>> OtherThan((0, 1))(np.array([0, 3, 1]))
    array([False,  True, False])
    """

    allowed: tuple[int, ...]

    def __call__(self, x: Any) -> Any:
        least, most = dtypes.limits(x.dtype)
        first, *others = [x != number for number in self.allowed if least <= number <= most]
        for other in others:
            first = first & other
        return first


def _plain(key: Any) -> Any:
    """A key of NumPy's."""
    if isinstance(key, tuple):
        return tuple(map(_plain, key))
    if isinstance(key, (bool, np.bool_, set)):
        raise TypeError
    return key.data if hasattr(key, "writes") else key


def _require_array(t: Tensor) -> None:
    if type(t.data).__name__ == "Node":
        raise DtypeError(
            "this tensor was made while a compiled function was traced, and has no value. Return what is needed later; "
            "a compiled function computes in one thread."
        )
    if not isinstance(t.data, np.ndarray):
        raise DtypeError(
            f"the data of a tensor were set to a {type(t.data).__name__}, and are no array any more. "
            "Write into a tensor with t.assign_(...), or under no_grad with t -= ..."
        )


@contextmanager
def silently() -> Iterator[None]:
    """What is computed in this block warns of no infinities and NaN: said once, where many primitives follow."""
    token = _silent.set(True)
    try:
        with np.errstate(all="ignore"):
            yield
    finally:
        _silent.reset(token)


current: ContextVar[Interpreter] = ContextVar("interpreter", default=Eager())  # noqa: B039 - it has no state
# A boolean tensor without axes, in a loop whose steps are all traced: checks hold only while it is true.
conditional: ContextVar[Tensor | None] = ContextVar("conditional", default=None)
