"""Running a compiled function both ways, eagerly and natively, from the same state, and comparing what they give.

Eager code runs first; what it wrote is noted and taken back; then the program runs, and what it leaves stays. A value
may differ from the eager one by the tolerance of its dtype times its own size plus that of the values around it (the
root mean square of the tensor). With precision="bf16" eager products round their operands, too. Where more is found,
eager code runs again with the last bits of all that it reads changed: what then changes as much, as where rounding
decides the sign of a gradient that is zero, is no difference. Integers and booleans must be equal.
"""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from .. import dtypes, interpret
from ..errors import VerifyError
from ..ops.core.primitive import Primitive
from ..tensor import Tensor
from .compiled import Compiled
from .native.job import first_of, one_by_one
from .native.step import Step
from .surroundings.where import where_is
from .trace.trace import Tracer
from .trace.tree import agree, flatten, is_tensor, unflatten

TOLERANCES = {"float64": 1e-10, "float32": 1e-4, "float16": 4e-3, "bfloat16": 3e-2}
BF16 = 4e-3  # with precision="bf16": a number that is rounded to the other side is away by that much
_RUNS = 16  # at most, with other last bits
_ROOM = 4.0  # times what such a run changes
_LAST_BIT = {"float64": 2.0**-52, "float32": 2.0**-23, "float16": 2.0**-10, "bfloat16": 2.0**-7}

Values = list[tuple[str, np.ndarray]]


class Verified(Compiled):
    """A compiled function that is computed eagerly, too, at each call: what `compile(verify=True)` gives."""

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        if isinstance(interpret.current.get(), Tracer):
            return self.function(*arguments, **options)
        return both_ways(self, super().__call__, arguments, options)

    def prepare(self, data: Sequence[Any], batches: Any) -> None:
        """Nothing is made ready: `slices` makes step after step."""

    def slices(self, data: Sequence[Any], batches: Any) -> Iterator[list[np.ndarray]]:
        """As `Compiled.slices`, a step at a time, each one verified."""
        return one_by_one(self, data, batches)

    def epoch(self, data: Sequence[Any], batches: Any) -> np.ndarray:
        """As `Compiled.epoch`, each step verified."""
        return first_of(self.slices(data, batches))


def both_ways(
    compiled: Compiled, native: Callable[..., Any], arguments: tuple[Any, ...], options: dict[str, Any]
) -> Any:
    """What a call gives natively, compared with what it gives eagerly.

    Raises:
        VerifyError: they differ.
    """
    step = compiled.version(arguments, options)
    given: list[Tensor] = []
    arrangement = flatten((arguments, options), given)
    memory = Memory(step)

    def eagerly(
        tensors: Iterable[Tensor], rng: np.random.Generator | None = None
    ) -> tuple[Any, list[np.ndarray]]:
        args, named = unflatten(arrangement, list(tensors))
        with memory.watched(compiled.precision, rng):
            found: list[Tensor] = []
            kind = flatten(compiled.function(*args, **named), found, is_tensor)
            memory.leave_out(found)
            return kind, [t.numpy().copy() for t in found]

    kind, expected = eagerly(given)
    wanted = memory.taken_back()
    result = native(*arguments, **options)
    found: list[Tensor] = []
    same_kind = agree(flatten(result, found, is_tensor), kind)
    got = memory.values([t.numpy() for t in found])
    if not same_kind:
        raise VerifyError(f"the compiled function {compiled.__name__} returns something else than eagerly: {result!r}")
    told = memory.named(compiled.function, len(found))
    comparison = Comparison(told, [*expected, *wanted], got, compiled.precision)
    if comparison.differs() and not comparison.explained(memory.perturbed(eagerly, given)):
        raise VerifyError(f"the compiled function {compiled.__name__} differs from eager code: {comparison.first()}")
    return result


class Memory:
    """The memory that a call may write, and how it was before."""

    def __init__(self, step: Step) -> None:
        self._read = [t for t, *_ in step.version.bound_tensors]
        self._before: dict[int, tuple[weakref.ref[Tensor], np.ndarray, np.ndarray, int]] = {}
        for t in step.version.written:
            self.note(t)
        self._known = set(self._before)
        self._gradients = [(t, t.grad) for t in self._read]

    def note(self, t: Tensor) -> None:
        """Keep a copy of what a tensor holds, before it is written for the first time."""
        if isinstance(t.data, np.ndarray) and t.is_leaf:
            self._before.setdefault(id(t.data), (weakref.ref(t), t.data, t.data.copy(), t.writes[0]))

    def leave_out(self, results: list[Tensor]) -> None:
        """Forget what is gone since: tensors that the function made, wrote and dropped, or returned."""
        own = {id(t) for t in results}
        alive = {k: ref() for k, (ref, _, _, _) in self._before.items()}
        gone = {k for k, t in alive.items() if k not in self._known and (t is None or id(t) in own)}
        self._before = {k: v for k, v in self._before.items() if k not in gone}

    @contextlib.contextmanager
    def watched(self, precision: str, rng: np.random.Generator | None = None) -> Iterator[None]:
        """Run eager code in this block, at this precision, and note what it writes; `rng`: with other last bits."""
        token = interpret.current.set(_Watching(self, precision, rng))
        try:
            yield
        finally:
            interpret.current.reset(token)

    def taken_back(self) -> list[np.ndarray]:
        """What the memory holds; it is then put back to what it held before, and so are the gradients."""
        now = [array.copy() for _, array, _, _ in self._before.values()]
        for ref, array, before, writes in self._before.values():
            np.copyto(array, before)
            t = ref()
            if t is not None:
                t.writes[0] = writes
        for t, gradient in self._gradients:
            t.grad = gradient
        return now

    def values(self, results: list[np.ndarray]) -> list[np.ndarray]:
        """Copies of the results, and then of what the memory holds."""
        return [a.copy() for a in (*results, *(array for _, array, _, _ in self._before.values()))]

    def named(self, function: Any, results: int) -> list[str]:
        """What a person calls the results and the tensors of this memory."""
        one = ["the result"] if results == 1 else [f"result {i} of {results}" for i in range(results)]
        arrays = (array for _, array, _, _ in self._before.values())
        return one + [where_is(function, a) or f"a tensor of shape {a.shape} that is written" for a in arrays]

    def perturbed(self, eagerly: Callable[..., Any], given: Sequence[Tensor]) -> Generator[list[np.ndarray]]:
        """What eager code gives and writes where the last bits of what it reads, and of every result on the way, are
        others, as often as asked."""
        left = {id(t.data): (t.data, t.data.copy()) for t in self._read}
        left |= {key: (array, array.copy()) for key, (_, array, _, _) in self._before.items()}
        counts = [(t, t.writes[0]) for t in self._read]
        rng = np.random.default_rng(0)
        try:
            for _ in range(_RUNS):
                self.taken_back()
                kept = [(t.data, t.data.copy()) for t in self._read if t.data.flags.writeable]
                for array, _ in kept:
                    array[...] = _other_bits(array, rng)
                try:
                    results = eagerly([_like(t, _other_bits(t.data, rng)) for t in given], rng)[1]
                    found = [*results, *(array.copy() for _, array, _, _ in self._before.values())]
                finally:
                    for array, before in kept:
                        np.copyto(array, before)
                yield found
        finally:
            self.taken_back()
            for array, after in left.values():
                if array.flags.writeable:
                    np.copyto(array, after)
            for t, count in counts:
                t.writes[0] = count


class _Watching(interpret.Eager):
    """Computes at once, notes what is written, and rounds the operands of products as the compiler does; the last bits
    of all results are others where there is an `rng` (Parker, Monte Carlo arithmetic, 1997)."""

    def __init__(self, memory: Memory, precision: str, rng: np.random.Generator | None) -> None:
        self._memory, self._rounds, self._rng = memory, precision == "bf16", rng
        self.in_place = not self._rounds and rng is None  # else each operation is to pass through here

    def apply(self, primitive: Primitive, inputs: tuple[Tensor, ...], params: dict[str, Any]) -> Any:
        if self._rounds and primitive.name == "matmul":
            inputs = tuple(_rounded(t) if t.dtype == np.float32 else t for t in inputs)
        out = super().apply(primitive, inputs, params)
        return out if self._rng is None or primitive.view else _other_bits(out, self._rng)

    def assign(self, target: Tensor, value: Tensor, followed: bool = False) -> None:
        self._memory.note(target)
        super().assign(target, value)

    def put(self, target: Tensor, key: Any, value: Tensor) -> bool:
        self._memory.note(target)
        return super().put(target, key, value)


def _other_bits(array: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Numbers whose last bits are others; those without axes are settings, which stay."""
    if not dtypes.is_float(array.dtype) or not array.ndim:
        return array.copy()
    noise = rng.uniform(-4, 4, array.shape) * _LAST_BIT[array.dtype.name]
    with np.errstate(all="ignore"):
        return (array.astype(np.float64) * (1 + noise)).astype(array.dtype)


def _rounded(t: Tensor) -> Tensor:
    return Tensor(t.data.astype(dtypes.bfloat16).astype(np.float32))


def _like(t: Tensor, array: np.ndarray) -> Tensor:
    return Tensor(array, requires_grad=t.requires_grad and t.is_leaf)


class Comparison:
    """Eager values against compiled ones, and how far each may be away."""

    def __init__(self, names: list[str], expected: list[np.ndarray], got: list[np.ndarray], precision: str) -> None:
        self._names, self._expected, self._got = names, expected, got
        self._allowed = [_allowed(a, precision) for a in expected]

    def _wrong(self, i: int) -> np.ndarray:
        a, b = self._expected[i], self._got[i]
        if a.shape != b.shape or a.dtype != b.dtype:
            return np.ones(a.shape, bool)
        x, y = _wide(a), _wide(b)
        with np.errstate(all="ignore"):
            near = (np.abs(x - y) <= self._allowed[i]) & (np.isinf(x) == np.isinf(y))
        return np.asarray(~(near | (x == y) | (np.isnan(x) & np.isnan(y)) | np.isinf(self._allowed[i])))

    def differs(self) -> bool:
        """Whether any value is further away than it may be."""
        return any(self._wrong(i).any() for i in range(len(self._expected)))

    def explained(self, others: Generator[list[np.ndarray]]) -> bool:
        """Whether no value is any more, once each may be as far away as these others are."""
        with contextlib.closing(others):
            for found in others:
                for i, (a, b) in enumerate(zip(self._expected, found, strict=False)):
                    with np.errstate(all="ignore"):
                        apart = _ROOM * np.abs(_wide(a) - _wide(b))
                    apart = np.where(_wide(a) == _wide(b), 0, np.where(np.isnan(apart), np.inf, apart))
                    apart = np.where((apart > 0) & (not dtypes.is_float(a.dtype)), np.inf, apart)
                    self._allowed[i] = np.maximum(self._allowed[i], apart)
                if not self.differs():
                    return True
        return False

    def first(self) -> str:
        """The first value that differs, and how many do."""
        i = next(i for i in range(len(self._expected)) if self._wrong(i).any())
        a, b, wrong = self._expected[i], self._got[i], self._wrong(i)
        if a.shape != b.shape or a.dtype != b.dtype:
            return f"{self._names[i]} is {a.dtype}{a.shape} eagerly, {b.dtype}{b.shape} compiled."
        place = tuple(int(k) for k in np.argwhere(wrong)[0]) if a.ndim else ()
        at = f" at {place}" if place else ""
        return (
            f"{self._names[i]}{at} is {a[place]} eagerly, {b[place]} compiled; {int(wrong.sum())} of {a.size} values "
            "differ by more than rounding explains. What the function depends on may have changed unseen, or the "
            "compiler is at fault: leave the function uncompiled (Trainer(..., compile=False)), and please report it."
        )


def _wide(a: np.ndarray) -> np.ndarray:
    return a.astype(np.float64) if dtypes.is_float(a.dtype) or a.dtype == np.bool_ else a.astype(np.longdouble)


def _allowed(expected: np.ndarray, precision: str) -> np.ndarray:
    """How far each compiled value may be from the eager one."""
    if not dtypes.is_float(expected.dtype):
        return np.zeros(expected.shape)
    tolerance = max(TOLERANCES[expected.dtype.name], BF16 if precision == "bf16" else 0)
    sizes = np.abs(expected.astype(np.float64))
    finite = sizes[np.isfinite(sizes)]
    largest = finite.max(initial=0.0) or 1.0  # of the numbers as parts of it no square is too large, or too small
    around = largest * np.sqrt(np.mean((finite / largest) ** 2)) if finite.size else 0.0
    return np.asarray(tolerance * np.where(np.isfinite(sizes), sizes, 0) + tolerance * around)
