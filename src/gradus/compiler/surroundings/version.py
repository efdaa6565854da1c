"""One version of a compiled function: what it computes for arguments of one kind, and which calls that serves.

Nothing here knows of native code: its graph may become a program of any machine's, run now or written to a file.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations
from operator import is_
from typing import Any

import numpy as np

from ... import interpret
from ...autograd import recording
from ...errors import TraceError
from ...tensor import Tensor
from ..trace.alike import alike
from ..trace.results import Results, wall, wish
from ..trace.tree import Leaf, agree, alone, flatten, unflatten
from .sound import soundly

MANY = 5  # arguments of which not each two are compared


class Version:
    """A function traced for arguments of one kind.

    Attributes:
        name: what the function is called.
        graph: what it computes, writes and checks.
        specs: the shape and dtype of each tensor among the arguments.
        only_tensors: whether all arguments are tensors.
        plain: whether all tensors among the arguments stand at the top, not inside lists or dicts.
        read: the tensors that it reads besides: (tensor, its array, whether it wants a gradient, its hooks).
        written: the tensors that it writes, and where the function writes them.
        bound_tensors: those that it depends on, in the form of `read`.
        effects: what it leaves somewhere, at every call the same: (holder, key, value).
        forgotten: the leaves whose gradients it takes away, or replaces by those of the call, which end with it.
        arrangement: how its results are arranged; `single` if it is one tensor.
        made: how they are made from the arrays that a program fills.
    """

    def __init__(
        self, function: Callable[..., Any], arguments: tuple[Any, ...], around: Callable[..., Any], name: str
    ) -> None:
        """`around`: the function whose surroundings are watched."""
        self.name = name
        given: list[Tensor] = []
        arrangement = flatten(arguments, given)
        self.specs = tuple((t.data.shape, t.data.dtype) for t in given)
        self._recording = recording()
        self.plain = not any(isinstance(a, (list, tuple, dict)) for a in arguments)
        self._like = tuple(map(_likeness, arguments))
        self.only_tensors = self.plain and len(self.specs) == len(arguments)
        places = [i for i, a in enumerate(arguments) if isinstance(a, Tensor)]
        self._pairs = tuple(combinations(places, 2)) if len(places) < MANY else ()
        self._tensors = places if len(places) >= MANY else []
        self._repeated = alone(given) is not None
        self._trace(function, around, arrangement, given)

    def _trace(
        self, function: Callable[..., Any], around: Callable[..., Any], arrangement: Any, given: list[Tensor]
    ) -> None:
        first = alone(given) or range(len(given))
        symbols: list[Tensor] = []

        def run() -> Any:
            tracer: Any = interpret.current.get()
            symbols[:] = [self._symbol(tracer, i, t) for i, t in enumerate(given)]
            for t in symbols:
                tracer.give(t)
            named = [symbols[i] for i in first]
            before = [(t.data, t.requires_grad) for t in named]
            handed = unflatten(arrangement, named)
            result = function(*handed)
            self._require_unchanged(arrangement, handed, named, before)
            return result

        traced = soundly(around, unflatten(arrangement, given), run, self.name)
        tracer, self.graph, self.arrangement = traced.tracer, traced.graph, traced.arrangement
        self._guard, self.effects, self.forgotten = traced.guard, traced.effects, tracer.forgotten
        self.single = self.arrangement is Leaf
        self.made = Results(tracer, traced.results, symbols, self.name)
        self.read = [(t, t.data, t.requires_grad, t.hooks) for t in tracer.read_from[len(given) :]]
        positions = {id(n): i for i, n in enumerate(self.graph.inputs)}
        self.written = [tracer.read_from[positions[id(target)]] for target, _ in self.graph.writes]
        arrays = [tracer.captured[positions[id(target)]] for target, _ in self.graph.writes]
        self.written_at = [tracer.written_at[id(array)] for array in arrays]
        del traced  # and with it what was only made on the way
        known = {id(t) for t, *_ in self.read}
        others = [(t, array, t.requires_grad, t.hooks) for t, array in tracer.outside() if id(t) not in known]
        self.bound_tensors = [*self.read, *others]
        self._guard.watch_tensors(self.bound_tensors)
        self._around = {id(t) for t, *_ in self.bound_tensors}

    def _require_unchanged(self, arrangement: Any, handed: Any, named: list[Tensor], before: list[Any]) -> None:
        """Refuse a function that changes an argument: the caller's would stay as it is."""
        left: list[Tensor] = []
        kept = [t.data is data and t.requires_grad is wanted for t, (data, wanted) in zip(named, before, strict=True)]
        if agree(flatten(handed, left), arrangement) and all(map(is_, left, named)) and all(kept):
            return
        tracer: Any = interpret.current.get()
        raise tracer.refusal(
            f"the compiled function {self.name} changes a list, a dict or a tensor that it is given, which would "
            "happen once, while it is traced, and not to what later calls are given. Change a copy, as dict(batch), "
            "and return what is new."
        )

    def _symbol(self, tracer: Any, i: int, given: Tensor) -> Tensor:
        """What an argument is while the function is traced."""
        wanted = wish(given)
        t = type(given).__new__(type(given))
        Tensor.__init__(t, given.data, requires_grad=wanted is True)
        if wanted and given.grad is not None:
            t.grad = tracer.before(given)
        if wanted is False:
            t.requires_grad, t.origin = True, wall(
                f"a gradient would flow out of the compiled function {self.name}, to what its argument {i} was "
                "computed from. Compute that inside the function, or pass the argument without its history: detach()."
            )
        return t

    # -- which calls it serves ----------------------------------------------------------------------------------------

    def accepts(self, arguments: tuple[Any, ...]) -> bool:
        """Whether this version is made for these arguments, now."""
        if not self.plain or len(arguments) != len(self._like):
            return False
        for a, (kind, like, dtype, wanted) in zip(arguments, self._like):  # noqa: B905 - lengths were compared
            if kind is Tensor and type(a) is Tensor:
                array = a.data
                if array.shape != like or (array.dtype is not dtype and array.dtype != dtype):
                    return False
                if (a.origin is None if a.requires_grad else None) is not wanted:
                    return False
                if wanted and (a.grad is not None or a.hooks or id(a) in self._around):
                    return False
            elif a is not like and not (type(a) is kind and alike(a, like)):
                return False
        for i, j in self._pairs:
            if arguments[i] is arguments[j]:
                return False  # the same tensor twice: made for that or not, is asked elsewhere
        if self._tensors and len({id(arguments[i]) for i in self._tensors}) < len(self._tensors):
            return False
        return not self._repeated and self.holds()

    def require_alone(self, given: Sequence[Tensor]) -> None:
        """Refuse an argument that wants a gradient and has hooks, or is from around the function, too: one sum."""
        for i, t in enumerate(given):
            if t.hooks:
                raise TraceError(
                    f"argument {i} of the compiled function {self.name} has hooks, which would not be called. Register "
                    "them inside the function, on what it computes, or give the argument without them: detach()."
                )
            if wish(t) and id(t) in self._around:
                raise TraceError(
                    f"argument {i} of the compiled function {self.name} wants a gradient and is a tensor that the "
                    "function uses from around it, too: eagerly both would have one gradient. Use the argument alone, "
                    "or pass detach() of it."
                )

    def accepts_rows(self, data: list[np.ndarray], batch: int) -> bool:
        """Whether this version is made for so many rows of these arrays, now."""
        if not self.only_tensors or len(data) != len(self.specs) or any(like[3] is not None for like in self._like):
            return False
        for a, (shape, dtype) in zip(data, self.specs):  # noqa: B905 - lengths were compared
            if (batch, *a.shape[1:]) != shape or a.dtype != dtype:
                return False
        return self.holds()

    def holds(self) -> bool:
        """Whether all that it depends on besides its arguments is as it was."""
        return recording() is self._recording and self._guard.same()

    def changed(self) -> str | None:
        """What it depends on and is not as it was, by its name; None if nothing around it is."""
        return self._guard.changed()


def _likeness(argument: Any) -> tuple[Any, Any, Any, Any]:
    """What another argument must agree with, to be given to the same program."""
    if type(argument) is Tensor:
        return Tensor, argument.data.shape, argument.data.dtype, wish(argument)
    return type(argument), None if isinstance(argument, Tensor) else argument, None, None
