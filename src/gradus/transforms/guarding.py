"""Where a NaN or an infinity comes from: within `guard()` each operation is looked at, forwards and backwards.

What is not finite is written down, with what it was made from. It is an error only where it arrives: in a number that
is looked at, in what a gradient is taken of, in the gradient of a leaf, in memory that is written. So a branch that
`where` leaves out, or a mask of -inf, is none. The error names the operation at the other end of that way, the first
that made what is not finite of what was.
"""

from __future__ import annotations

import itertools
import sys
import weakref
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

import numpy as np

from .. import dtypes, interpret
from ..autograd import block_or_decorated
from ..errors import NonFiniteError, is_users
from ..interpret import Eager, Follower
from ..names.options import understood
from ..ops.core.primitive import Primitive
from ..tensor import Origin, Tensor

__all__ = ["guard"]

REMEMBERED = 10_000  # operations whose places are known when their gradients are worked out
REMEDIES = {
    "log": "Keep its input above 0, as clip(x, 1e-12) does, or use log_softmax, log1p, logsumexp.",
    "exp": "Subtract the largest first, as softmax and logsumexp do.",
    "sqrt": "Its slope at 0 is infinite: write sqrt(x + 1e-12), or norm, whose gradient there is 0.",
    "divide": "Keep the divisor away from 0: x / (y + 1e-12).",
    "reciprocal": "Keep its input away from 0.",
    "power": "Keep the base above 0.",
    "square": "Make the numbers smaller first.",
}


class Place(NamedTuple):
    """Where an operation stands in the user's program: the file and line, and the modules that were being called."""

    file: str
    line: int
    modules: list[Any]

    def __str__(self) -> str:
        text = f", at {Path(self.file).name}:{self.line}" if self.file else ""
        if not self.modules:
            return text
        outer, inner = self.modules[0], self.modules[-1]
        name = next((n for n, m in outer.named_modules() if m is inner), "") or type(outer).__name__
        return f"{text}, in {name} ({type(inner).__name__})"


class Note(NamedTuple):
    """An operation whose result is not finite.

    Attributes:
        number: how many notes there were before.
        name: the primitive.
        result: what it gave, for people.
        given: what it was given, for people.
        place: where it stands, or where stands what it is a gradient of.
        gradient_of: the name of that; the empty string on the way forwards.
        made: whether what it was given was finite, or had no NaN where the result has one.
        before: the notes of what it was given.
    """

    number: int
    name: str
    result: str
    given: str
    place: Place
    gradient_of: str
    made: bool
    before: tuple[Note, ...]


class Guarded(Eager):
    """Computes at once, and knows of all that is not finite where it comes from."""

    in_place = False  # numbers that are added to in place have no origin

    def __init__(self) -> None:
        self._notes: dict[int, tuple[weakref.ref[np.ndarray], Note]] = {}  # by the ids of arrays that are still there
        self._places: OrderedDict[int, tuple[Any, Place]] = OrderedDict()  # by the ids of parameters, which are kept
        self._count = itertools.count()
        self._pulled: Origin | None = None  # where that came from whose gradient is being handed on

    def apply(self, primitive: Primitive, inputs: tuple[Tensor, ...], params: dict[str, Any]) -> Any:
        out = super().apply(primitive, inputs, params)
        place = _place()
        self._places[id(params)] = params, place
        if len(self._places) > REMEMBERED:
            self._places.popitem(last=False)
        if not _finite(out):
            key = id(out)
            forgotten = weakref.ref(out, lambda _: self._notes.pop(key, None))
            self._notes[key] = forgotten, self._note(primitive, inputs, out, place)
        return out

    def _note(self, primitive: Primitive, inputs: tuple[Tensor, ...], out: np.ndarray, place: Place) -> Note:
        arrays = [t.data for t in inputs]
        whole = all(map(_finite, arrays))
        made = bool(inputs) and (whole or (_any_nan(out) and not any(map(_any_nan, arrays))))
        before = tuple(self._notes[id(a)][1] for a in arrays if id(a) in self._notes)
        given = ", ".join(map(_described, arrays))
        of = self._pulled
        name = "" if of is None else of.primitive.name
        if of is not None:
            place = self._places.get(id(of.params), (None, place))[1]
            given = ", ".join(_described(t.data) for t in of.inputs)
        return Note(next(self._count), primitive.name, _first_bad(out), given, place, name, made, before)

    def assign(self, target: Tensor, value: Tensor, followed: bool = False) -> None:
        self._require_finite(value.data, "is to be written into a tensor")
        super().assign(target, value, followed)

    def put(self, target: Tensor, key: Any, value: Tensor) -> bool:
        self._require_finite(value.data, "is to be written into a tensor")
        return super().put(target, key, value)

    def concrete(self, tensor: Tensor, what_for: str = "") -> np.ndarray:
        self._require_finite(tensor.data, "is looked at")
        return super().concrete(tensor, what_for)

    @contextmanager
    def walk(self, ys: list[Tensor]) -> Iterator[Follower]:
        for y in ys:
            self._require_finite(y.data, "is differentiated")
        around = self._pulled
        try:
            with super().walk(ys):
                yield self._hand_on
        finally:
            self._pulled = around

    def _hand_on(self, t: Tensor, g: Tensor) -> None:
        self._pulled = t.origin
        if t.origin is None:
            self._require_finite(g.data, "is a gradient")

    def _require_finite(self, array: Any, happens: str) -> None:
        """Refuse numbers that an operation made, or that were given as NaN; infinities of the user's own are none."""
        if _finite(array):
            return
        found = self._notes.get(id(array))
        made = [] if found is None else [note for note in _before(found[1]) if note.made]
        if made:
            first = min(made)
            raise NonFiniteError(_told(first, happens), REMEDIES.get(first.gradient_of or first.name, ""))
        if _any_nan(array):
            raise NonFiniteError(
                f"{_first_bad(array)} {happens}, and no operation made it: it was there before, in the data or in the "
                "parameters. Look for it there: np.isnan(array).any()."
            )


def _before(note: Note) -> Iterator[Note]:
    """A note, and those of all that led to it."""
    seen, stack = set[int](), [note]
    while stack:
        n = stack.pop()
        if n.number not in seen:
            seen.add(n.number)
            yield n
            stack += n.before


def _told(note: Note, happens: str) -> str:
    name = note.gradient_of or note.name
    of = f"{note.gradient_of}'s gradient" if note.gradient_of else note.name
    return f"{of} made {note.result}{note.place}. {name} was given {note.given}. What came of it {happens}."


# -- what stands around ------------------------------------------------------------------------------------------------


def _place() -> Place:
    modules: list[Any] = []
    file, line = "", 0
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        code = frame.f_code
        if code.co_name == "__call__" and hasattr(frame.f_locals.get("self"), "named_modules"):
            modules.insert(0, frame.f_locals["self"])
        elif not file and is_users(code.co_filename):
            file, line = code.co_filename, frame.f_lineno
        frame = frame.f_back
    return Place("" if file.startswith("<frozen") else file, line, modules)


# -- numbers -----------------------------------------------------------------------------------------------------------


def _finite(array: Any) -> bool:
    return not isinstance(array, np.ndarray) or not dtypes.is_float(array.dtype) or bool(np.isfinite(array).all())


def _any_nan(array: Any) -> bool:
    return dtypes.is_float(array.dtype) and bool(np.isnan(array).any())


def _first_bad(array: np.ndarray) -> str:
    """The first number that is not finite, a NaN before an infinity, and where it is."""
    bad = np.isnan(array) if _any_nan(array) else ~np.isfinite(array)
    place = tuple(map(int, np.argwhere(bad)[0])) if array.ndim else ()
    count = int(bad.sum())
    more = f", and {count - 1} more" if count > 1 else ""
    return f"{float(array[place]):g} at {list(place)} of {_kind(array)}{more}" if place else f"{float(array):g}"


def _kind(array: np.ndarray) -> str:
    return f"{array.dtype.name}{list(array.shape)}"


def _described(array: np.ndarray) -> str:
    if not dtypes.is_float(array.dtype) or not array.size:
        return _kind(array)
    finite = array[np.isfinite(array)].astype(np.float64)
    ranged = f" from {finite.min():.3g} to {finite.max():.3g}" if finite.size else ""
    odd = array.size - finite.size
    return f"{_kind(array)}{ranged}" + (f" and {odd} that are not finite" if odd else "")


@contextmanager
def _guarded() -> Iterator[None]:
    token = interpret.current.set(Guarded())
    try:
        yield
    finally:
        interpret.current.reset(token)


@understood  # type: ignore[arg-type]
def guard(function: Any = None) -> Any:
    """Within this block, or this decorated function, a NaN or an infinity is an error that names where it comes from.

    The error tells the first operation, on the way forwards or backwards, that made one of finite numbers: the line,
    the module, and the range of what it was given. It is raised where what is not finite is looked at, differentiated,
    the gradient of a leaf, or written into a tensor; a branch left out by `where` and a mask of -inf are none. Compiled
    functions are computed eagerly in it, operation by operation, and each result is looked through: small steps take
    longer than eager ones.

    Raises:
        NonFiniteError: as said.

    >>> import gradus
    >>> x = gradus.tensor([0.0, 4.0], requires_grad=True)
    >>> with guard():
    ...     x.sqrt().sum().backward()
    ...     print(x.grad.tolist())
    Traceback (most recent call last):
    gradus.errors.NonFiniteError: sqrt's gradient made inf at [0] of float32[2], at <doctest ...
    """
    return block_or_decorated("guard", _guarded(), function)

