"""Distributions of yes and no, and of one of several classes, from probabilities or from scores."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar, Self

from .. import dtypes, random
from ..errors import ArgumentError
from ..functional.linear import one_hot
from ..functional.losses.common import weighted
from ..ops import arange, log, log1p, log_softmax, sigmoid, softmax, softplus, take_along_axis, where
from ..ops.core.primitive import broadcast_shapes, cast, promote
from ..ops.core.wide import in_float32
from ..ops.making.create import as_shape
from ..tensor import Tensor
from .core import NOT_NEGATIVE, POSITIVE, REAL, SHARE, Distribution, Unfit

__all__ = ["Bernoulli", "Categorical", "OneHotCategorical"]


def _inside(p: Tensor) -> Tensor:
    """Probabilities as far from 0 and 1 as the numbers allow, so that logarithms are finite, as in PyTorch."""
    eps = 2.0 ** {dtypes.float64: -52, dtypes.float16: -10, dtypes.bfloat16: -7}.get(p.dtype, -23)
    return p.clip(eps, 1 - eps)


class _Chosen(Distribution):
    """What is drawn is one of some values, of which probabilities or scores (`logits`) are given."""

    has_rsample = False
    probabilities: ClassVar[Unfit] = SHARE

    def _choose(self, probs: Any, logits: Any, validate_args: bool | None) -> Tensor:
        if (probs is None) == (logits is None):
            raise ArgumentError(f"{type(self).__name__}: give probs or logits, one of the two")
        self.names = ("probs",) if logits is None else ("logits",)  # type: ignore[misc]
        self.allowed = {"probs": self.probabilities, "logits": REAL}  # type: ignore[misc]
        return self._checked(validate_args, **{self.names[0]: probs if logits is None else logits})[0]


@in_float32
def _yes_or_no(x: Tensor, z: Tensor) -> Tensor:
    """x log sigmoid(z) + (1 - x) log sigmoid(-z), with no difference of large numbers."""
    return weighted(where(z > 0, x - 1, x), z) - softplus(where(z > 0, -z, z))


class Bernoulli(_Chosen):
    """Yes (1) with a probability, else no (0).

    Args:
        probs: the probability of yes, in [0, 1]; or
        logits: its score, log(p / (1 - p)).
        validate_args: whether numbers are checked; they are unless False.

    >>> coin = Bernoulli(logits=0.0)
    >>> coin.probs, coin.log_prob(1.0), coin.entropy()
    (tensor(0.5), tensor(-0.6931472), tensor(0.6931472))
    """

    support = Unfit("[0, 1]", whole=True)

    def __init__(self, probs: Any = None, logits: Any = None, validate_args: bool | None = None) -> None:
        self._given = self._choose(probs, logits, validate_args)
        self.batch_shape = self._given.shape

    @property
    def probs(self) -> Tensor:
        """The probability of yes."""
        return self._given if self.names == ("probs",) else sigmoid(self._given)

    @property
    def logits(self) -> Tensor:
        """The score of yes, log(p / (1 - p))."""
        if self.names == ("logits",):
            return self._given
        p = _inside(self._given)
        return log(p) - log1p(-p)

    @property
    def mean(self) -> Tensor:
        return self.probs

    @property
    def mode(self) -> Tensor:
        """The likelier of 0 and 1; NaN where both are alike, as in PyTorch."""
        return where(self.probs == 0.5, math.nan, cast(self.probs > 0.5, self._given.dtype))

    @property
    def variance(self) -> Tensor:
        return self.probs * (1 - self.probs)

    def _drawn(self, shape: tuple[int, ...]) -> Tensor:
        return random.bernoulli(self.probs.detach().broadcast_to(shape + self.batch_shape))

    def log_prob(self, value: Any) -> Tensor:
        return _yes_or_no(promote(self._value(value), self._given, floats=True)[0], self.logits)

    def entropy(self) -> Tensor:
        return -_yes_or_no(self.probs, self.logits)

    def enumerate_support(self, expand: bool = True) -> Tensor:
        """The two values, (2, 1, ...), or (2, *batch_shape) where expanded."""
        return _values(2, self.batch_shape, expand).astype(self._given.dtype)


def _values(count: int, batch_shape: tuple[int, ...], expand: bool) -> Tensor:
    values = arange(count).reshape(count, *(1 for _ in batch_shape))
    return values.broadcast_to((count, *batch_shape)) if expand else values


class Categorical(_Chosen):
    """One of k classes, 0 to k - 1, with a probability each.

    Args:
        probs: the probabilities (..., k), or numbers in proportion to them, 0 or more; or
        logits: their scores (..., k): the probabilities are the softmax.
        validate_args: whether numbers are checked; they are unless False.

    >>> die = Categorical([1.0, 1.0, 2.0])
    >>> die.probs, die.log_prob(2), die.sample((4,)).shape
    (tensor([0.25, 0.25, 0.5 ]), tensor(-0.6931472), (4,))
    """

    probabilities = NOT_NEGATIVE

    def __init__(self, probs: Any = None, logits: Any = None, validate_args: bool | None = None) -> None:
        given = self._choose(probs, logits, validate_args)
        self._split(given)
        self.event_shape, self.classes = (), given.shape[-1]
        self._given = log_softmax(given, -1) if self.names == ("logits",) else self._shares(given)
        self.support = Unfit(f"[0, {self.classes - 1}]", whole=True)  # type: ignore[misc]

    def _shares(self, numbers: Tensor) -> Tensor:
        total = numbers.sum(-1, keepdims=True)
        self._require("the sum of probs", total, POSITIVE)
        return numbers / total

    @property
    def probs(self) -> Tensor:
        """The probabilities, which add up to 1."""
        return self._given if self.names == ("probs",) else softmax(self._given, -1)

    @property
    def logits(self) -> Tensor:
        """The logarithms of the probabilities."""
        return self._given if self.names == ("logits",) else log(_inside(self._given))

    @property
    def param_shape(self) -> tuple[int, ...]:
        """The shape of the probabilities."""
        return self._given.shape

    @property
    def mean(self) -> Tensor:
        """NaN: classes are no numbers."""
        return self._given[..., 0].full_like(math.nan)

    @property
    def variance(self) -> Tensor:
        """NaN: classes are no numbers."""
        return self.mean

    @property
    def mode(self) -> Tensor:
        return self._given.argmax(-1)

    def _drawn(self, shape: tuple[int, ...]) -> Tensor:
        drawn = random.multinomial(self.probs, math.prod(shape), replacement=True)
        return drawn.moveaxis(-1, 0).reshape(shape + self.batch_shape)

    def log_prob(self, value: Any) -> Tensor:
        label = self._value(value)
        shape = broadcast_shapes(type(self).__name__, label.shape, self.batch_shape)
        places = cast(label, dtypes.int64).broadcast_to(shape).expand_dims(-1)
        log_p = self.logits.broadcast_to((*shape, self.classes))
        return take_along_axis(log_p, places, axis=-1).squeeze(-1)

    def entropy(self) -> Tensor:
        return -weighted(self.probs, self.logits).sum(-1)

    def expand(self, batch_shape: Sequence[int]) -> Self:
        shape = (*as_shape(batch_shape), self.classes)
        return type(self)(**{self.names[0]: self._given.broadcast_to(shape)}, validate_args=self.validate_args)

    def enumerate_support(self, expand: bool = True) -> Tensor:
        """The classes, (k, 1, ...), or (k, *batch_shape) where expanded."""
        return _values(self.classes, self.batch_shape, expand)


class OneHotCategorical(Categorical):
    """One of k classes, as a row of k numbers, of which one is 1 and the others 0; otherwise as Categorical.

    >>> OneHotCategorical([0.0, 1.0]).sample(), OneHotCategorical([1.0, 3.0]).log_prob([1.0, 0.0])
    (tensor([0., 1.]), tensor(-1.3862944))
    """

    def __init__(self, probs: Any = None, logits: Any = None, validate_args: bool | None = None) -> None:
        super().__init__(probs, logits, validate_args)
        self.event_shape, self.support = (self.classes,), Unfit("[0, 1]", whole=True)  # type: ignore[misc]

    @property
    def mean(self) -> Tensor:
        return self.probs

    @property
    def variance(self) -> Tensor:
        return self.probs * (1 - self.probs)

    @property
    def mode(self) -> Tensor:
        return one_hot(self._given.argmax(-1), self.classes).astype(self._given.dtype)

    def _drawn(self, shape: tuple[int, ...]) -> Tensor:
        return one_hot(super()._drawn(shape), self.classes).astype(self._given.dtype)

    def log_prob(self, value: Any) -> Tensor:
        x = self._value(value)
        self._require("the sum of the value", x.sum(-1), Unfit("[1, 1]"))
        return weighted(promote(x, self._given)[0], self.logits).sum(-1)

    def enumerate_support(self, expand: bool = True) -> Tensor:
        """The rows, (k, 1, ..., k), or (k, *batch_shape, k) where expanded."""
        return one_hot(super().enumerate_support(expand), self.classes).astype(self._given.dtype)
