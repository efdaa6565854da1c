"""The Kullback-Leibler divergence of one distribution from another, by kinds."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeVar

from ..errors import ArgumentError
from ..linalg import solve_triangular
from ..ops import digamma, exp, lgamma, log, softplus, where
from ..ops.core.primitive import broadcast_shapes
from ..tensor import Tensor
from .classes import Bernoulli, Categorical
from .core import Distribution, Independent
from .gammas import Beta, Dirichlet, Exponential, Gamma
from .located import EULER, Gumbel, Laplace, LogNormal, Normal, Uniform
from .multivariate import MultivariateNormal

__all__ = ["kl_divergence", "register_kl"]

Formula = Callable[[Any, Any], Tensor]
F = TypeVar("F", bound=Formula)
_FORMULAS: dict[tuple[type, type], Formula] = {}


def register_kl(type_p: type[Distribution], type_q: type[Distribution]) -> Callable[[F], F]:
    """Say how the divergence is computed for two kinds, one's own say: a decorator of a function of p and q.

    >>> from gradus.distributions import Normal
    >>> class Standard(Normal):
    ...     def __init__(self): super().__init__(0.0, 1.0)
    >>> @register_kl(Standard, Standard)
    ... def nothing(p, q): return 0.0 * p.loc
    >>> kl_divergence(Standard(), Standard())
    tensor(0.)
    """

    def register(formula: F) -> F:
        _FORMULAS[type_p, type_q] = formula
        return formula

    return register


def kl_divergence(p: Distribution, q: Distribution) -> Tensor:
    """KL(p | q), the expectation of log p(x) - log q(x) where x is drawn from p, in nats: batch_shape.

    Raises:
        ArgumentError: there is no formula for the two kinds.

    >>> from gradus.distributions import Normal
    >>> kl_divergence(Normal(1.0, 1.0), Normal(0.0, 1.0))
    tensor(0.5)
    """
    for kind_p in type(p).__mro__:
        for kind_q in type(q).__mro__:
            if (kind_p, kind_q) in _FORMULAS:
                return _FORMULAS[kind_p, kind_q](p, q)
    kinds = f"a {type(p).__name__} from a {type(q).__name__}"
    raise ArgumentError(
        f"kl_divergence: there is no formula for {kinds}. Estimate it: x = p.rsample((1000,)), "
        "(p.log_prob(x) - q.log_prob(x)).mean(0); or write one: register_kl."
    )


@register_kl(Independent, Independent)
def _independent(p: Independent, q: Independent) -> Tensor:
    if p.reinterpreted_batch_ndims != q.reinterpreted_batch_ndims:
        raise ArgumentError(f"kl_divergence: values have other axes: {p.event_shape} and {q.event_shape}")
    return p.added(kl_divergence(p.base_dist, q.base_dist))


@register_kl(MultivariateNormal, MultivariateNormal)
def _multivariate(p: MultivariateNormal, q: MultivariateNormal) -> Tensor:
    shape = broadcast_shapes("kl_divergence", p.batch_shape, q.batch_shape)
    p, q = p.expand(shape), q.expand(shape)
    ratio = solve_triangular(q.scale_tril, p.scale_tril, upper=False)
    square = (ratio * ratio).sum((-2, -1)) + q.distance(q.loc - p.loc)
    return q.log_root() - p.log_root() + 0.5 * (square - p.event_shape[0])


@register_kl(LogNormal, LogNormal)
@register_kl(Normal, Normal)
def _normal(p: Normal | LogNormal, q: Normal | LogNormal) -> Tensor:
    ratio, apart = (p.scale / q.scale) ** 2, (p.loc - q.loc) / q.scale
    return 0.5 * (ratio + apart * apart - 1 - log(ratio))


@register_kl(Laplace, Laplace)
def _laplace(p: Laplace, q: Laplace) -> Tensor:
    ratio, apart = p.scale / q.scale, (p.loc - q.loc).absolute()
    return -log(ratio) + apart / q.scale + ratio * exp(-apart / p.scale) - 1


@register_kl(Gumbel, Gumbel)
def _gumbel(p: Gumbel, q: Gumbel) -> Tensor:
    ratio, apart = p.scale / q.scale, (q.loc - p.loc) / q.scale
    return -log(ratio) - apart + ratio * EULER + exp(apart + lgamma(1 + ratio)) - (1 + EULER)


@register_kl(Uniform, Uniform)
def _uniform(p: Uniform, q: Uniform) -> Tensor:
    return where((q.low > p.low) | (q.high < p.high), math.inf, log((q.high - q.low) / (p.high - p.low)))


@register_kl(Uniform, Normal)
def _uniform_normal(p: Uniform, q: Normal) -> Tensor:
    width, apart = p.high - p.low, (p.high + p.low) / 2 - q.loc
    return log(math.sqrt(2 * math.pi) * q.scale / width) + 0.5 * (width * width / 12 + apart * apart) / q.scale**2


@register_kl(Exponential, Exponential)
def _exponential(p: Exponential, q: Exponential) -> Tensor:
    ratio = q.rate / p.rate
    return ratio - 1 - log(ratio)


@register_kl(Gamma, Gamma)
def _gamma(p: Gamma, q: Gamma) -> Tensor:
    a, b = p.concentration, q.concentration
    rates = b * log(p.rate / q.rate) + (q.rate - p.rate) * (a / p.rate)
    return rates + lgamma(b) - lgamma(a) + (a - b) * digamma(a)


@register_kl(Beta, Beta)
def _beta(p: Beta, q: Beta) -> Tensor:
    of_p, of_q = ((d.concentration1, d.concentration0) for d in (p, q))
    total, other = of_p[0] + of_p[1], of_q[0] + of_q[1]
    parts = [lgamma(b) - lgamma(a) + (a - b) * digamma(a) for a, b in zip(of_p, of_q, strict=True)]
    return parts[0] + parts[1] + lgamma(total) - lgamma(other) + (other - total) * digamma(total)


@register_kl(Dirichlet, Dirichlet)
def _dirichlet(p: Dirichlet, q: Dirichlet) -> Tensor:
    a, b = p.concentration, q.concentration
    total = a.sum(-1, keepdims=True)
    parts = lgamma(b) - lgamma(a) + (a - b) * (digamma(a) - digamma(total))
    return lgamma(total[..., 0]) - lgamma(b.sum(-1)) + parts.sum(-1)


@register_kl(Bernoulli, Bernoulli)
def _bernoulli(p: Bernoulli, q: Bernoulli) -> Tensor:
    yes = _part(p.probs, q.probs, softplus(-q.logits) - softplus(-p.logits))
    return yes + _part(1 - p.probs, 1 - q.probs, softplus(q.logits) - softplus(p.logits))


@register_kl(Categorical, Categorical)
def _categorical(p: Categorical, q: Categorical) -> Tensor:
    return _part(p.probs, q.probs, p.logits - q.logits).sum(-1)


def _part(p: Tensor, q: Tensor, logarithm: Tensor) -> Tensor:
    """p log(p / q): nothing where p is 0, infinite where only q is."""
    return where(p == 0, 0, where(q == 0, math.inf, p * where((p == 0) | (q == 0), 0, logarithm)))
