"""What `gradus.compile` gives: a Python function of Tensors that runs as native programs, one for each kind of call."""

from __future__ import annotations

import functools
import gc
import threading
import time
import types
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import interpret
from ..autograd import recording
from ..errors import ArgumentError, RetraceWarning, warn
from ..names.elsewhere import missing_from
from ..process.forks import Lock
from ..tensor import Tensor, as_tensor
from .copies import Copied
from .native.job import Job, check_rows, first_of, one_by_one, rows_of
from .native.outline import Native
from .native.stages import Manner
from .native.step import Step, collect_dropped
from .native.target import Target, default
from .surroundings.around import Wrapper
from .surroundings.version import Version
from .surroundings.where import name_of
from .trace.results import wish
from .trace.trace import Tracer
from .trace.tree import agree, alone, flatten, is_array

VERSIONS = 64  # kept of a function, the newest
OFTEN = 16  # versions for arguments of one kind: then it is said why there is one more
PAST = 1 << 26  # bytes of arrays of the past that its versions may hold, or twice the newest's, if that is more
_PYTHON = (types.FunctionType, types.MethodType)
_tracing = Lock()  # one function is traced at a time: meanwhile leaves have symbols for gradients


class Compiled(Copied, Wrapper):
    """A function that runs as native code: what `compile` gives. Of a Module it has the attributes, `parameters()` too.

    >>> import gradus
    >>> double = gradus.compile(lambda x: x * 2)
    >>> double(gradus.tensor([1.0, 2.0]))
    tensor([2., 4.])
    """

    __name__: str
    machinery = frozenset(
        {"function", "target", "precision", "winograd", "around", "_attribute", "_place", "_steps", "_last", "_jobs"}
    )

    def __init__(
        self,
        function: Callable[..., Any],
        target: Target | None = None,
        precision: str = "float32",
        winograd: bool = True,
    ) -> None:
        if isinstance(function, (*_PYTHON, Compiled)):
            functools.update_wrapper(self, function)
        else:  # what else can be called keeps its attributes to itself: a module's are its layers
            functools.update_wrapper(self, function, updated=())
            self.__name__ = name_of(function)
        self.function, self._attribute = function, self.__name__
        self._place = f"_compiled {getattr(self, '__qualname__', self.__name__)}"  # where an instance keeps its own
        self.target, self.precision, self.winograd = target, precision, winograd
        self.around: Callable[[], AbstractContextManager[Any]] = nullcontext  # in which a version is made
        self._steps: list[tuple[Any, Step]] = []  # the versions, and for what arguments each is; the newest at the end
        self._last: Step | None = None
        self._jobs: list[Job] = []  # the last epoch's, unless one is running

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        if _is_python():
            return self.function(*arguments, **options)
        step = self._last
        if step is None or options or not step.accepts(arguments):
            with _tracing, self.around():
                arguments, step = self._step_for(arguments, options)
        return step.run(arguments if step.version.only_tensors else _leaves(arguments))

    def version(self, arguments: tuple[Any, ...], options: dict[str, Any]) -> Step:
        """The program for these arguments; it is not run."""
        with _tracing, self.around():
            return self._step_for(arguments, options)[1]

    # -- as a method --------------------------------------------------------------------------------------------------

    def __set_name__(self, owner: type, name: str) -> None:
        self._attribute, self._place = name, f"_compiled {owner.__qualname__}.{name}"

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        """As a method: one compiled function for each instance, also for a shallow copy of one."""
        if instance is None or not hasattr(type(self.function), "__get__"):  # what Python does not bind either
            return self
        kept = getattr(instance, "__dict__", None)
        if kept is None:
            raise ArgumentError(
                f"objects of the class {type(instance).__name__} have no place for their own compiled "
                f"{self._attribute}. Add '__dict__' to its __slots__, or compile a function that takes the object."
            )
        if self._attribute in kept and _static(type(instance), self._attribute) is self:  # not asked by super()
            return kept[self._attribute]
        held = kept.get(self._place)
        if held is not None and _is_bound(held.function, self.function, instance):
            return held
        bound = self.function.__get__(instance, owner)
        if isinstance(interpret.current.get(), Tracer):
            return bound
        made = self.like(bound)
        if isinstance(instance, type):  # a class method
            setattr(instance, self._place, made)
        else:
            kept[self._place] = made
        return made

    def __set__(self, instance: Any, value: Any) -> None:
        instance.__dict__[self._attribute] = value

    def __delete__(self, instance: Any) -> None:
        instance.__dict__.pop(self._attribute, None)

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            function = vars(self).get("function")
            if function is None or name.startswith("__") or isinstance(function, _PYTHON):
                raise missing_from(self, "Compiled", name)
            return getattr(function, name)

    def _step_for(self, arguments: tuple[Any, ...], options: dict[str, Any]) -> tuple[tuple[Any, ...], Step]:
        """The version of the program for these arguments, in these surroundings; traced if it is new."""
        function, names = self.function, tuple(options)
        if options:
            arguments += tuple(options.values())

            def function(*values: Any) -> Any:
                positional = len(values) - len(names)
                return self.function(*values[:positional], **dict(zip(names, values[positional:], strict=True)))

        arguments = tuple(as_tensor(a) if is_array(a) else a for a in arguments)
        given: list[Tensor] = []
        arrangement = flatten(arguments, given)
        shapes = tuple((t.shape, t.dtype, wish(t), type(t), wish(t) and t.grad is not None) for t in given)
        key = (arrangement, shapes, alone(given), names, recording())
        try:
            hash(key)
        except TypeError:
            raise ArgumentError(
                f"the compiled function {self.__name__} was given something that can neither be traced nor compared "
                "from call to call. Give it tensors, arrays, numbers, strings, or lists, tuples and dicts of them."
            ) from None
        known = next((step for of, step in reversed(self._steps) if agree(of, key) and step.holds()), None)
        if known is None:
            self._say_if_often([step for of, step in self._steps if agree(of, key)])
            collect_dropped()
            lock = self._steps[0][1].lock if self._steps else threading.Lock()  # versions may write the same memory
            # nor is that written while one is traced, which would be taken for the function's doing
            with lock, _uncollected():
                known = self._made(function, arguments)
            known.lock = lock
            self._steps.append((key, known))
            self._steps[:] = _worth_keeping(self._steps[-VERSIONS:])
        known.version.require_alone(given)
        self._last = known if not options else None
        return arguments, known

    def _made(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> Step:
        """A new version of the program: traced, planned, compiled, and bound to its memory."""
        times = [time.perf_counter()]
        version = Version(function, arguments, self.function, self.__name__)
        times.append(time.perf_counter())
        manner = Manner(self.target or default(), self.precision, self.winograd)
        native = Native(version.graph, manner, len(version.specs))
        times.append(time.perf_counter())
        step = Step(version, native)
        step.timings = {"tracing": times[1] - times[0], "native code": times[2] - times[1]}
        return step

    def _say_if_often(self, versions: Sequence[Step]) -> None:
        """Warn where there are many versions for arguments of one kind."""
        if len(versions) == OFTEN:
            what = versions[-1].version.changed() or "a tensor's array"
            warn(
                f"the compiled function {self.__name__} is traced for the {OFTEN + 1}th time for arguments of one "
                f"kind, because {what} is not what it was. What changes often is best a tensor, written with assign_, "
                "or an argument; a list or an object that is made anew counts as another, though it be equal.",
                RetraceWarning,
            )

    def prepare(self, data: Sequence[Any], batches: Any) -> None:
        """Make ready what `slices` or `epoch` will run over the same data and batches, and run nothing of it."""
        job = self._job(data, batches)
        self._jobs[:] = [] if job is None else [job]

    def slices(self, data: Sequence[Any], batches: Any) -> Iterator[list[np.ndarray]]:
        """Run the function natively over mini-batches of data in memory, a slice of them at a time.

        Args:
            data: the arrays, whole; the function's arguments are taken from their rows.
            batches: (steps, batch size) row numbers.

        Yields:
            About ten times a second, for each tensor that the function returns, the values of the steps since: an
            array (steps, *shape).
        """
        if _is_python():
            yield from one_by_one(self.function, data, batches)
            return
        job = self._job(data, batches)
        while job is not None and job.left:
            yield job.slice()
        self._jobs[:] = [] if job is None else [job]

    def _job(self, data: Sequence[Any], batches: Any) -> Job | None:
        """The job for an epoch, if possible the one before; None if there is nothing to do."""
        try:
            job = self._jobs.pop()
            if job.again(data, batches):
                self._last = job.step
                return job
        except IndexError:  # there is none, or another thread has taken it
            pass
        arrays = [a.numpy() if isinstance(a, Tensor) else as_tensor(a).numpy() for a in data]
        whole = [np.ascontiguousarray(a) for a in arrays]
        rows = rows_of(batches)
        if not len(rows):
            return None
        check_rows(rows, whole)
        step = self._last
        if step is None or not step.version.accepts_rows(whole, rows.shape[1]):
            with _tracing, self.around():
                _, step = self._step_for(tuple(Tensor(a[rows[0]]) for a in whole), {})
        for i, a in enumerate(arrays):
            step.require_apart(a, f"array {i} of the data of the compiled function {self.__name__}")
        job = Job(step, whole)
        job.begin(whole, rows)
        return job

    def epoch(self, data: Sequence[Any], batches: Any) -> np.ndarray:
        """Run the function natively over mini-batches: `[f(X[b], Y[b]) for b in batches]`, the first result of each.

        >>> import gradus, numpy as np
        >>> w = gradus.tensor(0.0)
        >>> @gradus.compile
        ... def step(x):
        ...     return w.assign_(w + x.sum())
        >>> step.epoch((np.arange(4.0, dtype="float32"),), [[0, 1], [2, 3]])
        array([1., 6.], dtype=float32)
        """
        if _is_python():
            return first_of(one_by_one(self.function, data, batches))
        job = self._job(data, batches)
        if job is None:
            return np.empty(0, np.float32)
        results = job.slice()
        if not results:
            raise ArgumentError(f"epoch() collects what {self.__name__} returns, which is no tensor. Return the loss.")
        if job.left:
            parts = [results[0]]
            while job.left:
                parts.append(job.slice()[0])
            results = [np.concatenate(parts)]
        self._jobs[:] = [job]
        return results[0]

    def working_memory(self) -> int:
        """The bytes that the last version works in, besides its arguments and what it reads and writes."""
        if self._last is None:
            raise ArgumentError("working_memory() knows nothing yet: call the compiled function once")
        return self._last.outline.arena

    def explain(self, page: str | None = None) -> str:
        """What the last version of the program does, as text; with `page`, also as an HTML page of that name."""
        from .explain import explain, explain_page

        if self._last is None:
            raise ArgumentError("explain() has nothing to show yet: call the compiled function once")
        found = explain.gather(self._last)
        if page is not None:
            Path(page).write_text(explain_page.render(found), encoding="utf-8")
        return explain.text(found)


def _is_python() -> bool:
    """Whether a compiled function is carried out as the Python it is: as a part of another, or in `guard`."""
    return type(interpret.current.get()) is not interpret.Eager


@contextmanager
def _uncollected() -> Iterator[None]:
    """Python's collector waits meanwhile: it would look through all the nodes again and again, and find nothing."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def _worth_keeping(versions: list[tuple[Any, Step]]) -> list[tuple[Any, Step]]:
    """Versions without those that hold too much memory of the past, as when `data` is replaced before each call."""
    held: set[int] = set()
    kept: list[tuple[Any, Step]] = []
    left = 0
    for of, step in reversed(versions):
        arrays = {id(a): a.nbytes for _, a, *_ in step.version.bound_tensors}
        size = sum(n for i, n in arrays.items() if i not in held)
        if not kept:
            left = max(PAST, 2 * size)
        elif size > left:
            continue
        else:
            left -= size
        held |= set(arrays)
        kept.append((of, step))
    return kept[::-1]


def _is_bound(method: Any, function: Any, instance: Any) -> bool:
    """Whether a method is this function's, of this instance, and not of another, from which it was copied."""
    return not isinstance(method, types.MethodType) or (method.__self__ is instance and method.__func__ is function)


def _static(kind: type, name: str) -> Any:
    """What a class or its bases have under a name."""
    return next((vars(base)[name] for base in kind.__mro__ if name in vars(base)), None)


def _leaves(arguments: Any) -> list[Tensor]:
    leaves: list[Tensor] = []
    flatten(arguments, leaves)
    return leaves
