"""Distributions of positive numbers and of shares: the exponential one, and those made of gamma distributions."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import dtypes, random
from ..functional.checks import refuse
from ..interpret import Outside
from ..ops import digamma, exp, expm1, lgamma, log, log1p, maximum, sigmoid, softmax, take_along_axis, where, xlogy
from ..ops.core.primitive import cast
from ..ops.core.wide import in_float32
from ..tensor import Tensor
from .core import NOT_NEGATIVE, POSITIVE, SHARE, Distribution

__all__ = ["Beta", "Dirichlet", "Exponential", "Gamma"]

ROUNDS = 10  # of candidates, of which at least 0.95 are taken: all are refused once in 10^13 numbers


def log_gamma_numbers(concentration: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Logarithms of numbers of the gamma distributions with rate 1, of the given shape.

    Of Marsaglia and Tsang (2000): d v with v = (1 + x / sqrt(9 d))^3 and x normal, taken with a probability; below
    a concentration of 1 that of one more, times u^(1 / concentration). In logarithms, so that small ones stay apart.
    """
    dtype = concentration.dtype
    d = maximum(concentration, 0) + where(concentration < 1, 1, 0) - 1 / 3
    x = random.randn((ROUNDS, *shape), dtype=dtype)
    u = 1 - random.rand((ROUNDS, *shape), dtype=dtype)
    root = 1 + x / (9 * d).sqrt()
    v = where(root > 0, root, 1) ** 3
    taken = (root > 0) & (log(u) < 0.5 * x * x + d * (1 - v + log(v)))
    first = taken.argmax(0, keepdims=True)
    chosen = take_along_axis(where(taken, log(v), 0), first, axis=0)[0]
    rest = log(1 - random.rand(shape, dtype=dtype)) / concentration
    return log(d) + chosen + where(concentration < 1, rest, 0)


class Exponential(Distribution):
    """The exponential distribution, of times between events: density rate e^(-rate x) for x from 0 on.

    Args:
        rate: how many events a unit of time has, above 0.
        validate_args: whether numbers are checked; they are unless False.

    >>> Exponential(2.0).log_prob(1.0), Exponential(2.0).mean
    (tensor(-1.3068528), tensor(0.5))
    """

    names = ("rate",)
    allowed = {"rate": POSITIVE}  # noqa: RUF012 - it stands in the base as a ClassVar
    support = NOT_NEGATIVE
    rate: Tensor

    def __init__(self, rate: Any, validate_args: bool | None = None) -> None:
        self._set(validate_args, rate=rate)

    @property
    def mean(self) -> Tensor:
        return 1 / self.rate

    @property
    def mode(self) -> Tensor:
        return self.rate.full_like(0)

    @property
    def variance(self) -> Tensor:
        return 1 / (self.rate * self.rate)

    def _drawn(self, shape: tuple[int, ...]) -> Tensor:
        u = random.rand(shape + self.batch_shape, dtype=dtypes.accumulator(self.rate.dtype))
        return cast(-log1p(-u) / self.rate, self.rate.dtype)

    def log_prob(self, value: Any) -> Tensor:
        return log(self.rate) - self.rate * self._value(value)

    def entropy(self) -> Tensor:
        return 1 - log(self.rate)

    def cdf(self, value: Any) -> Tensor:
        return -expm1(-self.rate * self._value(value))

    def icdf(self, probability: Any) -> Tensor:
        return -log1p(-self._chance(probability, self.rate)) / self.rate


@in_float32
def _gamma_log_prob(x: Tensor, a: Tensor, rate: Tensor) -> Tensor:
    return a * log(rate) + xlogy(a - 1, x) - rate * x - lgamma(a)


@in_float32
def _gamma_entropy(a: Tensor, rate: Tensor) -> Tensor:
    return a - log(rate) + lgamma(a) + (1 - a) * digamma(a)


class Gamma(Distribution):
    """The gamma distribution: density rate^a x^(a - 1) e^(-rate x) / Gamma(a) for x above 0, with a the concentration.

    No gradient flows through its samples.

    Args:
        concentration: a, above 0.
        rate: one over the scale, above 0.
        validate_args: whether numbers are checked; they are unless False.

    >>> Gamma(3.0, 2.0).mean, Gamma(1.0, 2.0).log_prob(1.0)
    (tensor(1.5), tensor(-1.3068528))
    """

    names = ("concentration", "rate")
    allowed = {"concentration": POSITIVE, "rate": POSITIVE}  # noqa: RUF012 - it stands in the base as a ClassVar
    support = NOT_NEGATIVE
    has_rsample = False
    concentration: Tensor
    rate: Tensor

    def __init__(self, concentration: Any, rate: Any, validate_args: bool | None = None) -> None:
        self._set(validate_args, concentration=concentration, rate=rate)

    @property
    def mean(self) -> Tensor:
        return self.concentration / self.rate

    @property
    def mode(self) -> Tensor:
        return maximum((self.concentration - 1) / self.rate, 0)

    @property
    def variance(self) -> Tensor:
        return self.concentration / (self.rate * self.rate)

    def _drawn(self, shape: tuple[int, ...]) -> Tensor:
        wide = cast(self.concentration, dtypes.accumulator(self.concentration.dtype))
        drawn = exp(log_gamma_numbers(wide, shape + self.batch_shape)) / self.rate
        return cast(maximum(drawn, np.finfo(wide.dtype).tiny.item()), self.concentration.dtype)

    def log_prob(self, value: Any) -> Tensor:
        return _gamma_log_prob(self._value(value), self.concentration, self.rate)

    def entropy(self) -> Tensor:
        return _gamma_entropy(self.concentration, self.rate)


@in_float32
def _beta_log_prob(x: Tensor, a: Tensor, b: Tensor) -> Tensor:
    return xlogy(a - 1, x) + xlogy(b - 1, 1 - x) + lgamma(a + b) - lgamma(a) - lgamma(b)


@in_float32
def _beta_entropy(a: Tensor, b: Tensor) -> Tensor:
    both = a + b
    logarithm = lgamma(a) + lgamma(b) - lgamma(both)
    return logarithm - (a - 1) * digamma(a) - (b - 1) * digamma(b) + (both - 2) * digamma(both)


class Beta(Distribution):
    """The beta distribution: density x^(a - 1) (1 - x)^(b - 1) / B(a, b) for x from 0 to 1.

    No gradient flows through its samples.

    Args:
        concentration1: a, above 0.
        concentration0: b, above 0.
        validate_args: whether numbers are checked; they are unless False.

    >>> Beta(1.0, 3.0).mean, Beta(1.0, 1.0).log_prob(0.3)
    (tensor(0.25), tensor(0.))
    """

    names = ("concentration1", "concentration0")
    allowed = dict.fromkeys(names, POSITIVE)
    support = SHARE
    has_rsample = False
    concentration1: Tensor
    concentration0: Tensor

    def __init__(self, concentration1: Any, concentration0: Any, validate_args: bool | None = None) -> None:
        self._set(validate_args, concentration1=concentration1, concentration0=concentration0)

    @property
    def mean(self) -> Tensor:
        return self.concentration1 / (self.concentration1 + self.concentration0)

    @property
    def variance(self) -> Tensor:
        total = self.concentration1 + self.concentration0
        return self.concentration1 * self.concentration0 / (total * total * (total + 1))

    def _drawn(self, shape: tuple[int, ...]) -> Tensor:
        wide = dtypes.accumulator(self.concentration1.dtype)
        both = (cast(c, wide) for c in (self.concentration1, self.concentration0))
        a, b = (log_gamma_numbers(c, shape + self.batch_shape) for c in both)
        return cast(sigmoid(a - b), self.concentration1.dtype)

    def log_prob(self, value: Any) -> Tensor:
        return _beta_log_prob(self._value(value), self.concentration1, self.concentration0)

    def entropy(self) -> Tensor:
        return _beta_entropy(self.concentration1, self.concentration0)


@in_float32
def _dirichlet_log_prob(x: Tensor, a: Tensor) -> Tensor:
    return xlogy(a - 1, x).sum(-1) + lgamma(a.sum(-1)) - lgamma(a).sum(-1)


@in_float32
def _dirichlet_entropy(a: Tensor) -> Tensor:
    total = a.sum(-1)
    logarithm = lgamma(a).sum(-1) - lgamma(total)
    return logarithm - (a.shape[-1] - total) * digamma(total) - ((a - 1) * digamma(a)).sum(-1)


class Dirichlet(Distribution):
    """The Dirichlet distribution, of shares that add up to 1: density prod x_i^(a_i - 1) / B(a).

    No gradient flows through its samples.

    Args:
        concentration: a, (..., k), above 0.
        validate_args: whether numbers are checked; they are unless False.

    >>> Dirichlet([1.0, 3.0]).mean, Dirichlet([1.0, 3.0]).event_shape
    (tensor([0.25, 0.75]), (2,))
    """

    names = ("concentration",)
    allowed = {"concentration": POSITIVE}  # noqa: RUF012 - it stands in the base as a ClassVar
    support = SHARE
    has_rsample = False
    concentration: Tensor

    def __init__(self, concentration: Any, validate_args: bool | None = None) -> None:
        self._set(validate_args, concentration=concentration)
        self._split(self.concentration)

    def _stretched(self, parameter: Tensor, shape: tuple[int, ...]) -> Tensor:
        return parameter.broadcast_to(shape + self.event_shape)

    @property
    def mean(self) -> Tensor:
        return self.concentration / self.concentration.sum(-1, keepdims=True)

    @property
    def variance(self) -> Tensor:
        total = self.concentration.sum(-1, keepdims=True)
        return self.concentration * (total - self.concentration) / (total * total * (total + 1))

    def _drawn(self, shape: tuple[int, ...]) -> Tensor:
        wide = cast(self.concentration, dtypes.accumulator(self.concentration.dtype))
        drawn = softmax(log_gamma_numbers(wide, shape + wide.shape), axis=-1)
        return cast(drawn, self.concentration.dtype)

    def log_prob(self, value: Any) -> Tensor:
        x = self._value(value)
        if self.validate_args:
            off = "the shares of [{place}] add up to 1 and {value}"
            refuse("Dirichlet", x.sum(-1) - 1, Outside(-1e-6, 1e-6), off)
        return _dirichlet_log_prob(x, self.concentration)

    def entropy(self) -> Tensor:
        return _dirichlet_entropy(self.concentration)
