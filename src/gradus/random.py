"""Random numbers that are a function of the seed and a counter: Philox-4x32-10 (`ops/making/_philox.py`).

The same seed gives the same numbers everywhere: run after run, eagerly or compiled, on one thread or many.
A fresh process starts with seed 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextvars import ContextVar
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np

from . import dtypes, interpret
from .autograd import no_grad
from .errors import ArgumentError, DtypeError
from .interpret import Outside
from .names.elsewhere import door as _door
from .names.elsewhere import missing_from as _missing_from
from .ops.core.primitive import cast, promote
from .ops.elementwise.arithmetic import minimum
from .ops.making._philox import counters_used
from .ops.making.create import as_shape, in_64_bits, iota, random_bits
from .ops.order.searching import searchsorted
from .ops.order.sorting import argsort, topk
from .ops.shapes.slicing import concatenate
from .tensor import Tensor, as_tensor

_MANTISSA = {dtypes.bfloat16: 8, dtypes.float16: 11, dtypes.float32: 24}  # bits, the leading one included


class Generator:
    """A source of random numbers: a seed, and a counter of how many were drawn.

    Attributes:
        state: a Tensor of two uint64, seed and counter. Saved and restored, the numbers go on where they stopped.

    >>> Generator(1).rand(2)
    tensor([0.89025915, 0.67199826])
    """

    def __init__(self, seed: int = 0) -> None:
        self.state = Tensor(np.zeros(2, np.uint64))
        self.seed(seed)

    def seed(self, seed: int) -> None:
        """Start anew from a seed, an integer from 0 to 2^64 - 1."""
        if not isinstance(seed, Integral) or not 0 <= int(seed) < 2**64:
            raise ArgumentError(f"a seed is an integer from 0 to 2^64 - 1, got {seed!r}")
        self.state.assign_(Tensor(np.array([seed, 0], np.uint64)))

    def bits(self, shape: tuple[int, ...]) -> Tensor:
        """Random uint32 numbers, uniform over all 32 bits."""
        words = random_bits(self.state, shape)
        used = counters_used(math.prod(shape))
        self.state.assign_(self.state + iota(2, dtypes.uint64) * used)
        return words

    def rand(self, *shape: Any, dtype: Any = dtypes.DEFAULT_FLOAT) -> Tensor:
        """Uniform numbers in [0, 1): multiples of 2^-24 in float32, of 2^-53 in float64."""
        lengths, wanted = _shape(shape), dtypes.as_dtype(dtype)
        if not dtypes.is_float(wanted):
            raise DtypeError(f"rand gives floating-point numbers, not {wanted}. Use randint for integers.")
        with no_grad():
            if wanted == dtypes.float64:
                words = self.bits((2, *lengths))
                high, low = cast(words[0] >> 5, wanted), cast(words[1] >> 6, wanted)
                return (high * 2.0**26 + low) * 2.0**-53
            bits = _MANTISSA[wanted]
            return cast(self.bits(lengths) >> (32 - bits), wanted) * 2.0**-bits

    def randn(self, *shape: Any, dtype: Any = dtypes.DEFAULT_FLOAT) -> Tensor:
        """Numbers from the normal distribution, mean 0, standard deviation 1, in pairs by Box and Muller (1958):
        sqrt(-2 log u) cos(2 pi v) and sqrt(-2 log u) sin(2 pi v)."""
        lengths, wanted = _shape(shape), dtypes.as_dtype(dtype)
        size = math.prod(lengths)
        exact = wanted if wanted == dtypes.float64 else dtypes.float32
        with no_grad():
            u = self.rand(2, -(-size // 2), dtype=exact)
            radius, angle = (-2.0 * (1.0 - u[0]).log()).sqrt(), 2.0 * math.pi * u[1]
            both = concatenate([radius * angle.cos(), radius * angle.sin()])
            return cast(both[:size].reshape(lengths), wanted)

    def randint(self, low: int, high: int, shape: Any, dtype: Any = dtypes.DEFAULT_INT) -> Tensor:
        """Integers from low to high - 1, all equally likely, up to (high - low) / 2^53; from 2^32 on / 2^64."""
        wanted = dtypes.as_dtype(dtype)
        low, span = _checked_range(low, high, wanted)
        word = dtypes.uint64 if wanted == dtypes.uint64 else dtypes.int64
        if span <= 2**32:
            below = (self.rand(as_shape(shape), dtype=dtypes.float64) * span).floor().astype(word)
        else:
            below = cast(self._below(span, as_shape(shape)), word)
        return cast(below + in_64_bits(low, word), wanted)

    def _below(self, span: int, shape: tuple[int, ...]) -> Tensor:
        """floor(w span / 2^64) of random words w of 64 bits, as uint64: products of halves of 32 bits, put together."""
        words = cast(self.bits((2, *shape)), dtypes.uint64)
        high, low = words[0], words[1]
        if span == 2**64:
            return high * 2**32 + low
        s1, s0 = divmod(span, 2**32)
        middle = high * s0 + (low * s0 >> 32)
        return high * s1 + (middle >> 32) + (low * s1 + (middle & (2**32 - 1)) >> 32)

    def bernoulli(self, p: Any, shape: Any = None) -> Tensor:
        """1.0 with probability p, else 0.0; `p` is a number (with `shape`) or a tensor of probabilities."""
        if isinstance(p, Tensor):
            wide = dtypes.accumulator(p.dtype)  # numbers of half precision are too coarse to be compared with
            return self.rand(p.shape, dtype=wide).less(cast(p, wide)).astype(p.dtype)
        if not 0 <= p <= 1:
            raise ArgumentError(f"bernoulli: a probability is from 0 to 1, got {p}")
        return self.rand(as_shape(shape)).less(p).astype(dtypes.DEFAULT_FLOAT)

    if not TYPE_CHECKING:  # type checkers know the attributes, and find misspelt ones

        def __getattr__(self, name: str) -> Any:
            raise _missing_from(self, "Generator", name)

    def permutation(self, n: int) -> np.ndarray:
        """The numbers 0 to n - 1 in a random order, for indexing."""
        return self.randperm(n).numpy()

    def randperm(self, n: int) -> Tensor:
        """The numbers 0 to n - 1 in a random order, as a Tensor."""
        return argsort(self.rand(n, dtype=dtypes.float64))

    def multinomial(self, p: Any, count: int, replacement: bool = False) -> Tensor:
        """Indices drawn with the probabilities p (..., n), which need not add up to 1: (..., count).

        Each at most once unless with `replacement`: those with the largest of log p - log(-log u) (Gumbel's trick).
        """
        weights = cast(promote(p, floats=True)[0].detach(), dtypes.float64)
        if not weights.ndim or not weights.shape[-1] or (count > weights.shape[-1] and not replacement) or count < 0:
            raise ArgumentError(f"multinomial: cannot draw {count} of probabilities of shape {weights.shape}")
        least = 1 if replacement else count
        fit = cast((weights >= 0) & (weights < math.inf), dtypes.int64)
        _check(fit, Outside(1, 1), "probabilities are 0 or more, and finite")
        above = (weights > 0).sum(-1)
        _check(above, Outside(least, math.inf), f"{least} or more probabilities of each row are above 0")
        with no_grad():
            if replacement:
                total = weights.cumsum(-1)
                u = self.rand(*weights.shape[:-1], count, dtype=dtypes.float64) * total[..., -1:]
                return minimum(searchsorted(total, u, "right"), (weights > 0).cumsum(-1).argmax(-1, keepdims=True))
            u = self.rand(*weights.shape, dtype=dtypes.float64)
            return topk(weights.log() - (-(1.0 - u).log()).log(), count).indices


def _check(numbers: Tensor, wrong: Outside, must: str) -> None:
    def explain(found: np.ndarray) -> None:
        raise ArgumentError(f"multinomial: {must}; {int(wrong(found).sum())} of {found.size} are not so")

    interpret.current.get().check(numbers, wrong, explain)


def _checked_range(low: int, high: int, dtype: dtypes.Dtype) -> tuple[int, int]:
    """The lowest number and how many there are, if they are numbers of the dtype."""
    if not isinstance(low, Integral) or not isinstance(high, Integral):
        raise ArgumentError(f"randint: low and high are integers, got {low!r} and {high!r}")
    low, high = int(low), int(high)
    if high <= low:
        raise ArgumentError(f"randint: high must be above low, got {low} and {high}")
    exact = 2 ** _MANTISSA.get(dtype, 53)  # floats hold all integers up to it
    first, last = (-exact, exact) if dtypes.is_float(dtype) else dtypes.limits(dtype)
    if not first <= low < high <= last + 1:
        raise ArgumentError(
            f"randint: {dtype} holds the integers from {first} to {last}, got {low} to {high - 1}. "
            "Ask for a wider dtype."
        )
    return low, high - low


def _shape(lengths: tuple[Any, ...]) -> tuple[int, ...]:
    return as_shape(lengths[0] if len(lengths) == 1 else lengths)


def stream(seed: int, number: int) -> Generator:
    """One of the streams of a seed: its numbers from `number` times 2^40 on, so that no two streams draw the same ones.

    Stream 0 is what `Generator(seed)` draws; 1 and on are the shuffles of the epochs; from 2^23 on, other uses.
    """
    generator = Generator(seed)
    generator.state.assign_(Tensor(np.array([seed, number << 40], np.uint64)))
    return generator


default = Generator(0)  # with the threads, gradus' only global state
# What gives another generator, in one thread for the time being: while a sample is read, that of the sample.
instead: ContextVar[Callable[[], Generator] | None] = ContextVar("instead", default=None)


def here() -> Generator:
    """What the functions below draw from: the default generator, or what stands for it where samples are read.

    >>> here() is default
    True
    """
    other = instead.get()
    return default if other is None else other()


def seed(value: int) -> None:
    """Start the default generator anew: everything random that follows is determined.

    >>> seed(0)
    >>> a = rand(3)
    >>> seed(0)
    >>> bool((a == rand(3)).all())
    True
    """
    default.seed(value)


def rand(*shape: Any, dtype: Any = dtypes.DEFAULT_FLOAT) -> Tensor:
    """Uniform random numbers in [0, 1).

    >>> rand(2, 3).shape
    (2, 3)
    """
    return here().rand(*shape, dtype=dtype)


def randn(*shape: Any, dtype: Any = dtypes.DEFAULT_FLOAT) -> Tensor:
    """Normal random numbers, mean 0, standard deviation 1.

    >>> randn(2, 3).shape
    (2, 3)
    """
    return here().randn(*shape, dtype=dtype)


def randint(low: int, high: Any = None, shape: Any = (), dtype: Any = dtypes.DEFAULT_INT) -> Tensor:
    """Random integers from low to high - 1; `randint(6, (2, 3))` from 0 to 5.

    >>> bool((randint(1, 7, (100,)) <= 6).all())
    True
    """
    if isinstance(high, (tuple, list)):
        high, shape = None, high
    low, high = (0, low) if high is None else (low, high)
    return here().randint(low, high, shape, dtype)


def bernoulli(p: Any, shape: Any = None) -> Tensor:
    """1.0 with probability p, else 0.0.

    >>> bernoulli(1.0, (2,))
    tensor([1., 1.])
    """
    return here().bernoulli(p, shape)


def rand_like(x: Any, dtype: Any = None) -> Tensor:
    """Uniform random numbers in [0, 1), with the shape and, unless given, the dtype of x.

    >>> rand_like([1.0, 2.0]).shape
    (2,)
    """
    like = as_tensor(x)
    return here().rand(like.shape, dtype=like.dtype if dtype is None else dtype)


def randn_like(x: Any, dtype: Any = None) -> Tensor:
    """Normal random numbers, with the shape and, unless given, the dtype of x.

    >>> randn_like([1.0, 2.0]).shape
    (2,)
    """
    like = as_tensor(x)
    return here().randn(like.shape, dtype=like.dtype if dtype is None else dtype)


def randint_like(x: Any, low: int, high: int | None = None, dtype: Any = None) -> Tensor:
    """Random integers from low to high - 1 (0 to low - 1), with the shape and, unless given, the dtype of x.

    >>> randint_like([1.0, 2.0], 1, 2)
    tensor([1., 1.])
    """
    like = as_tensor(x)
    low, high = (0, low) if high is None else (low, high)
    return here().randint(low, high, like.shape, like.dtype if dtype is None else dtype)


def multinomial(p: Any, count: int, replacement: bool = False) -> Tensor:
    """Indices drawn with the probabilities p (..., n), which need not add up to 1: (..., count); each at most once.

    With `replacement` one may be drawn again.

    >>> multinomial([0.0, 1.0, 0.0], 2, replacement=True)
    tensor([1, 1])
    """
    return here().multinomial(p, count, replacement)


def randperm(n: int) -> Tensor:
    """The numbers 0 to n - 1 in a random order.

    >>> randperm(3).sort()
    tensor([0, 1, 2])
    """
    return here().randperm(n)


def permutation(n: int) -> np.ndarray:
    """The numbers 0 to n - 1 in a random order, as a NumPy array.

    >>> sorted(permutation(3).tolist())
    [0, 1, 2]
    """
    return here().permutation(n)


if not TYPE_CHECKING:  # type checkers know the names, and find misspelt ones
    __getattr__ = _door("random")
