"""Distributions with a place and a width: what is drawn is loc + scale times what a standard one gives."""

from __future__ import annotations

import math
from typing import Any

from .. import dtypes, random
from ..ops import erf, erfinv, exp, expm1, log, log1p, maximum, sign, where
from ..ops.core.primitive import cast, promote
from ..ops.core.wide import in_float32
from ..tensor import Tensor
from .core import NOT_NEGATIVE, POSITIVE, Distribution

__all__ = ["Gumbel", "Laplace", "LogNormal", "Normal", "Uniform"]

EULER = 0.57721566490153286061


class _Located(Distribution):
    names = ("loc", "scale")
    allowed = {"scale": POSITIVE}  # noqa: RUF012 - it stands in the base as a ClassVar
    loc: Tensor
    scale: Tensor

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        self._set(validate_args, loc=loc, scale=scale)

    def _standard(self, shape: tuple[int, ...], dtype: dtypes.Dtype) -> Tensor:
        """Numbers of the distribution with loc 0 and scale 1."""
        raise NotImplementedError

    def _drawn(self, shape: tuple[int, ...]) -> Tensor:
        wide = dtypes.accumulator(self.loc.dtype)
        drawn = self.loc + self._standard(shape + self.batch_shape, wide) * self.scale
        return cast(drawn, self.loc.dtype)


class _Symmetric(_Located):
    """What is as likely on either side of its loc, and nowhere likelier than there."""

    @property
    def mean(self) -> Tensor:
        return self.loc

    @property
    def mode(self) -> Tensor:
        return self.loc


@in_float32
def _normal_log_prob(x: Tensor, loc: Tensor, scale: Tensor) -> Tensor:
    z = (x - loc) / scale
    return -0.5 * z * z - log(scale) - 0.5 * math.log(2 * math.pi)


@in_float32
def _normal_cdf(x: Tensor, loc: Tensor, scale: Tensor) -> Tensor:
    return 0.5 * (1 + erf((x - loc) / (scale * math.sqrt(2))))


class Normal(_Symmetric):
    """The normal distribution: density e^(-z^2 / 2) / (sqrt(2 pi) scale) with z = (x - loc) / scale.

    Args:
        loc: the mean.
        scale: the standard deviation, above 0.
        validate_args: whether numbers are checked; they are unless False.

    >>> normal = Normal(1.0, 2.0)
    >>> normal.log_prob(1.0), normal.mean, normal.variance, normal.cdf(1.0)
    (tensor(-1.6120857), tensor(1.), tensor(4.), tensor(0.5))
    """

    @property
    def stddev(self) -> Tensor:
        return self.scale

    @property
    def variance(self) -> Tensor:
        return self.scale * self.scale

    def _standard(self, shape: tuple[int, ...], dtype: dtypes.Dtype) -> Tensor:
        return random.randn(shape, dtype=dtype)

    def log_prob(self, value: Any) -> Tensor:
        return _normal_log_prob(self._value(value), self.loc, self.scale)

    def entropy(self) -> Tensor:
        return 0.5 + 0.5 * math.log(2 * math.pi) + log(self.scale)

    def cdf(self, value: Any) -> Tensor:
        return _normal_cdf(self._value(value), self.loc, self.scale)

    def icdf(self, probability: Any) -> Tensor:
        return self.loc + self.scale * erfinv(2 * self._chance(probability, self.loc) - 1) * math.sqrt(2)


class LogNormal(_Located):
    """The distribution of e^y where y is normal: density that of log x, divided by x.

    Args:
        loc: the mean of the logarithm.
        scale: the standard deviation of the logarithm, above 0.
        validate_args: whether numbers are checked; they are unless False.

    >>> LogNormal(0.0, 1.0).log_prob(1.0), LogNormal(0.0, 1.0).cdf(1.0)
    (tensor(-0.9189385), tensor(0.5))
    """

    support = POSITIVE

    @property
    def _logarithm(self) -> Normal:
        return Normal(self.loc, self.scale, validate_args=False)

    @property
    def mean(self) -> Tensor:
        return exp(self.loc + self.scale * self.scale / 2)

    @property
    def mode(self) -> Tensor:
        return exp(self.loc - self.scale * self.scale)

    @property
    def variance(self) -> Tensor:
        square = self.scale * self.scale
        return expm1(square) * exp(2 * self.loc + square)

    def _drawn(self, shape: tuple[int, ...]) -> Tensor:
        return exp(self._logarithm._drawn(shape))

    def log_prob(self, value: Any) -> Tensor:
        y = log(promote(self._value(value), floats=True)[0])
        return self._logarithm.log_prob(y) - y

    def entropy(self) -> Tensor:
        return self._logarithm.entropy() + self.loc

    def cdf(self, value: Any) -> Tensor:
        return self._logarithm.cdf(log(self._value(value)))

    def icdf(self, probability: Any) -> Tensor:
        return exp(self._logarithm.icdf(self._chance(probability, self.loc)))


@in_float32
def _laplace_log_prob(x: Tensor, loc: Tensor, scale: Tensor) -> Tensor:
    return -log(2 * scale) - (x - loc).absolute() / scale


@in_float32
def _laplace_cdf(x: Tensor, loc: Tensor, scale: Tensor) -> Tensor:
    z = x - loc
    return 0.5 - 0.5 * sign(z) * expm1(-z.absolute() / scale)


class Laplace(_Symmetric):
    """The Laplace distribution: density e^(-|x - loc| / scale) / (2 scale).

    Args:
        loc: the mean.
        scale: how wide it is, above 0; the variance is 2 scale^2.
        validate_args: whether numbers are checked; they are unless False.

    >>> Laplace(0.0, 0.5).log_prob([1.0, 2.0]), Laplace(0.0, 0.5).variance
    (tensor([-2., -4.]), tensor(0.5))
    """

    @property
    def variance(self) -> Tensor:
        return 2 * self.scale * self.scale

    def _standard(self, shape: tuple[int, ...], dtype: dtypes.Dtype) -> Tensor:
        middle = 2.0**-53 if dtype == dtypes.float64 else 2.0**-24
        u = 2 * random.rand(shape, dtype=dtype) - 1 + middle  # between -1 and 1, neither of which it is
        return -sign(u) * log1p(-u.absolute())

    def log_prob(self, value: Any) -> Tensor:
        return _laplace_log_prob(self._value(value), self.loc, self.scale)

    def entropy(self) -> Tensor:
        return 1 + log(2 * self.scale)

    def cdf(self, value: Any) -> Tensor:
        return _laplace_cdf(self._value(value), self.loc, self.scale)

    def icdf(self, probability: Any) -> Tensor:
        term = self._chance(probability, self.loc) - 0.5
        return self.loc - self.scale * sign(term) * log1p(-2 * term.absolute())


@in_float32
def _gumbel_log_prob(x: Tensor, loc: Tensor, scale: Tensor) -> Tensor:
    z = (x - loc) / scale
    return -(z + exp(-z)) - log(scale)


@in_float32
def _gumbel_cdf(x: Tensor, loc: Tensor, scale: Tensor) -> Tensor:
    return exp(-exp(-(x - loc) / scale))


class Gumbel(_Located):
    """The distribution of the largest of many: density e^(-z - e^-z) / scale with z = (x - loc) / scale.

    Args:
        loc: the likeliest value.
        scale: how wide it is, above 0; the variance is (pi scale)^2 / 6.
        validate_args: whether numbers are checked; they are unless False.

    >>> Gumbel(0.0, 1.0).log_prob(0.0), Gumbel(0.0, 1.0).mean
    (tensor(-1.), tensor(0.5772157))
    """

    @property
    def mean(self) -> Tensor:
        return self.loc + self.scale * EULER

    @property
    def mode(self) -> Tensor:
        return self.loc

    @property
    def variance(self) -> Tensor:
        return self.scale * self.scale * (math.pi**2 / 6)

    def _standard(self, shape: tuple[int, ...], dtype: dtypes.Dtype) -> Tensor:
        least = 2.0**-54 if dtype == dtypes.float64 else 2.0**-25  # in place of 0, which has no logarithm
        return -log(-log(maximum(random.rand(shape, dtype=dtype), least)))

    def log_prob(self, value: Any) -> Tensor:
        return _gumbel_log_prob(self._value(value), self.loc, self.scale)

    def entropy(self) -> Tensor:
        return log(self.scale) + (1 + EULER)

    def cdf(self, value: Any) -> Tensor:
        return _gumbel_cdf(self._value(value), self.loc, self.scale)

    def icdf(self, probability: Any) -> Tensor:
        return self.loc - self.scale * log(-log(self._chance(probability, self.loc)))


class Uniform(Distribution):
    """The same density, 1 / (high - low), everywhere between low and high.

    Args:
        low: the least value.
        high: the end, above low.
        validate_args: whether numbers are checked; they are unless False.

    >>> Uniform(0.0, 4.0).mean, Uniform(0.0, 4.0).cdf(1.0)
    (tensor(2.), tensor(0.25))
    """

    names = ("low", "high")
    low: Tensor
    high: Tensor

    def __init__(self, low: Any, high: Any, validate_args: bool | None = None) -> None:
        self._set(validate_args, low=low, high=high)
        self._require("high - low", self.high - self.low, POSITIVE)

    @property
    def mean(self) -> Tensor:
        return (self.low + self.high) / 2

    @property
    def stddev(self) -> Tensor:
        return (self.high - self.low) / math.sqrt(12)

    @property
    def variance(self) -> Tensor:
        return (self.high - self.low) ** 2 / 12

    def _drawn(self, shape: tuple[int, ...]) -> Tensor:
        u = random.rand(shape + self.batch_shape, dtype=dtypes.accumulator(self.low.dtype))
        return cast(self.low + u * (self.high - self.low), self.low.dtype)

    def log_prob(self, value: Any) -> Tensor:
        x = self._value(value)
        self._require("the value's distance above low", x - self.low, NOT_NEGATIVE)
        self._require("the value's distance below high", self.high - x, NOT_NEGATIVE)
        return where((x >= self.low) & (x < self.high), -log(self.high - self.low), -math.inf)

    def entropy(self) -> Tensor:
        return log(self.high - self.low)

    def cdf(self, value: Any) -> Tensor:
        return ((self._value(value) - self.low) / (self.high - self.low)).clip(0, 1)

    def icdf(self, probability: Any) -> Tensor:
        return self.low + self._chance(probability, self.low) * (self.high - self.low)
