"""What a distribution is, and several independent ones as one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

from ..autograd import no_grad
from ..errors import ArgumentError, ShapeError
from ..functional.checks import at_least, refuse
from ..names.elsewhere import missing_from
from ..ops.core.primitive import broadcast, broadcast_shapes, promote
from ..ops.making.create import as_shape
from ..tensor import Tensor

__all__ = ["Distribution", "Independent"]


@dataclass(frozen=True)
class Unfit:
    """Whether a number does not lie in an interval, as `in_range` writes them; NaN does not. `whole`: only integers do.

    >>> import numpy as np
    >>> Unfit("(0, inf)")(np.array([0.0, 3.0]))
    array([ True, False])
    """

    interval: str
    whole: bool = False

    def __call__(self, x: Any) -> Any:
        lowest, highest = (float(end) for end in self.interval[1:-1].split(","))
        wrong = x != x
        if lowest > float("-inf"):
            wrong = wrong | (x < lowest if "[" in self.interval else x <= lowest)
        if highest < float("inf"):
            wrong = wrong | (x > highest if "]" in self.interval else x >= highest)
        return wrong | (x % 1 != 0) if self.whole else wrong

    def __str__(self) -> str:
        return ("integers in " if self.whole else "in ") + self.interval


REAL, POSITIVE, NOT_NEGATIVE, SHARE = map(Unfit, ("(-inf, inf)", "(0, inf)", "[0, inf)", "[0, 1]"))


class Distribution:
    """The base of distributions: `batch_shape` independent ones, each of values with the axes of `event_shape`.

    A kind says how it is sampled (`_drawn`), what the logarithm of its density is, and so on. Numbers outside of what
    a parameter or a value may be are refused, unless `validate_args` is False.

    >>> from gradus.distributions import Normal
    >>> normal = Normal([0.0, 1.0], 1.0)
    >>> normal.batch_shape, normal.event_shape, normal.sample((3,)).shape, normal.log_prob(0.0).shape
    ((2,), (), (3, 2), (2,))
    """

    names: ClassVar[tuple[str, ...]] = ()  # its parameters
    allowed: ClassVar[dict[str, Unfit]] = {}  # of each parameter, where that is not any number
    support: ClassVar[Unfit] = REAL  # of its values
    has_rsample: ClassVar[bool] = True  # whether gradients flow through its samples
    batch_shape: tuple[int, ...] = ()
    event_shape: tuple[int, ...] = ()

    if not TYPE_CHECKING:  # type checkers know the attributes, and find misspelt ones

        def __getattr__(self, name: str) -> Any:
            raise missing_from(self, "Distribution", name)

    def _set(self, validate_args: bool | None, **parameters: Any) -> None:
        """Keep parameters, which are numbers of one dtype, broadcast to one shape."""
        found = self._checked(validate_args, **parameters)
        vars(self).update(zip(parameters, found, strict=True))
        self.batch_shape = found[0].shape

    def _checked(self, validate_args: bool | None, **parameters: Any) -> list[Tensor]:
        self.validate_args = validate_args is None or validate_args
        found = broadcast(type(self).__name__, *promote(*parameters.values(), floats=True))
        for name, value in zip(parameters, found, strict=True):
            self._require(name, value, self.allowed.get(name, REAL))
        return found

    def _require(self, name: str, x: Tensor, unfit: Unfit) -> None:
        if self.validate_args:
            refuse(type(self).__name__, x, unfit, f"{name}[{{place}}] is {{value}}, and must be {unfit}")

    def _value(self, value: Any) -> Tensor:
        """A value that the distribution may take, of a shape that fits."""
        x = promote(value)[0]
        if x.shape[x.ndim - len(self.event_shape) :] != self.event_shape:
            raise ShapeError(f"{type(self).__name__}: a value has the axes {self.event_shape} last, this has {x.shape}")
        broadcast_shapes(type(self).__name__, x.shape, self.batch_shape + self.event_shape)
        self._require("the value", x, self.support)
        return x

    def _chance(self, probability: Any, like: Tensor) -> Tensor:
        """A probability, in the dtype of what it is computed with."""
        p = promote(probability, like)[0]
        self._require("the probability", p, SHARE)
        return p

    def _split(self, parameter: Tensor) -> None:
        """The last axis of a parameter is the value's, the others are the batch's."""
        if not parameter.ndim or not parameter.shape[-1]:
            what = f"{type(self).__name__}: {self.names[0]} have no last axis of one or more"
            raise ShapeError(f"{what}, but shape {parameter.shape}")
        self.batch_shape, self.event_shape = parameter.shape[:-1], parameter.shape[-1:]

    @property
    def mean(self) -> Tensor:
        """The expected value."""
        raise self._without("mean")

    @property
    def variance(self) -> Tensor:
        """The expected square of the distance from the mean."""
        raise self._without("variance")

    @property
    def mode(self) -> Tensor:
        """The likeliest value."""
        raise self._without("mode")

    @property
    def stddev(self) -> Tensor:
        """The square root of the variance."""
        return self.variance.sqrt()

    def sample(self, sample_shape: int | Sequence[int] = ()) -> Tensor:
        """Random values, sample_shape + batch_shape + event_shape; no gradient flows through them."""
        with no_grad():
            return self._drawn(as_shape(sample_shape))

    def rsample(self, sample_shape: int | Sequence[int] = ()) -> Tensor:
        """Random values that are a function of the parameters, so that gradients flow to these."""
        if not self.has_rsample:
            raise self._without("rsample", "Use sample(), and the gradient of log_prob.")
        return self._drawn(as_shape(sample_shape))

    def _drawn(self, shape: tuple[int, ...]) -> Tensor:
        raise self._without("sample")

    def log_prob(self, value: Any) -> Tensor:
        """The logarithm of the density, or of the probability, of a value."""
        raise self._without("log_prob")

    def cdf(self, value: Any) -> Tensor:
        """The probability of what is not above a value."""
        raise self._without("cdf")

    def icdf(self, probability: Any) -> Tensor:
        """The value that what is drawn is not above with some probability."""
        raise self._without("icdf")

    def entropy(self) -> Tensor:
        """The expected -log_prob, in nats."""
        raise self._without("entropy")

    def perplexity(self) -> Tensor:
        """e to the entropy."""
        return self.entropy().exp()

    def expand(self, batch_shape: Sequence[int]) -> Self:
        """The same distribution, for a batch of a larger shape."""
        shape = as_shape(batch_shape)
        own = {name: self._stretched(getattr(self, name), shape) for name in self.names}
        kind: Callable[..., Self] = type(self)
        return kind(**own, validate_args=self.validate_args)

    def _stretched(self, parameter: Tensor, shape: tuple[int, ...]) -> Tensor:
        return parameter.broadcast_to(shape)

    def _without(self, what: str, remedy: str = "") -> ArgumentError:
        return ArgumentError(f"{type(self).__name__} has no {what}. {remedy}".rstrip())

    def __repr__(self) -> str:
        shown = ((name, getattr(self, name)) for name in self.names)
        parts = ", ".join(f"{name}={t!r}" if t.size == 1 else f"{name}={t.shape}" for name, t in shown)
        return f"{type(self).__name__}({parts})"


class Independent(Distribution):
    """A distribution, of which the last axes of the batch count as one value: their log-probabilities are added up.

    `Independent(Normal(mean, scale), 1)` is the multivariate normal distribution with a diagonal covariance.

    Args:
        base_distribution: what it is made of.
        reinterpreted_batch_ndims: how many axes of the batch become axes of the value.

    >>> from gradus.distributions import Normal
    >>> point = Independent(Normal([[0.0, 0.0, 0.0]], 1.0), 1)
    >>> point.batch_shape, point.event_shape, point.log_prob([0.0, 0.0, 0.0])
    ((1,), (3,), tensor([-2.7568154]))
    """

    def __init__(
        self, base_distribution: Distribution, reinterpreted_batch_ndims: int, validate_args: bool | None = None
    ) -> None:
        at_least(0, "Independent", reinterpreted_batch_ndims=reinterpreted_batch_ndims)
        if not isinstance(base_distribution, Distribution):
            raise ArgumentError(f"Independent: is made of a distribution, got {base_distribution!r:.80}")
        batch, count = base_distribution.batch_shape, reinterpreted_batch_ndims
        if count > len(batch):
            raise ArgumentError(f"Independent: a batch of shape {batch} has no {count} axes that become a value's")
        self.base_dist, self.reinterpreted_batch_ndims = base_distribution, count
        self.batch_shape = batch[: len(batch) - count]
        self.event_shape = batch[len(batch) - count :] + base_distribution.event_shape
        self.has_rsample = base_distribution.has_rsample  # type: ignore[misc]
        self.validate_args = validate_args is None or validate_args

    def added(self, x: Tensor) -> Tensor:
        """Logarithms of the probabilities of parts, added up to those of values."""
        count = self.reinterpreted_batch_ndims
        return x.sum(tuple(range(-count, 0))) if count else x

    @property
    def mean(self) -> Tensor:
        return self.base_dist.mean

    @property
    def variance(self) -> Tensor:
        return self.base_dist.variance

    @property
    def mode(self) -> Tensor:
        return self.base_dist.mode

    def _drawn(self, shape: tuple[int, ...]) -> Tensor:
        return self.base_dist._drawn(shape)

    def log_prob(self, value: Any) -> Tensor:
        return self.added(self.base_dist.log_prob(value))

    def entropy(self) -> Tensor:
        return self.added(self.base_dist.entropy())

    def expand(self, batch_shape: Sequence[int]) -> Independent:
        shape = as_shape(batch_shape) + self.event_shape[: self.reinterpreted_batch_ndims]
        return Independent(self.base_dist.expand(shape), self.reinterpreted_batch_ndims)

    def __repr__(self) -> str:
        return f"Independent({self.base_dist!r}, {self.reinterpreted_batch_ndims})"

