"""Distributions: their samples follow them, gradients flow through these, checks hold, and compiled functions agree."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

import gradus
from gradus import Tensor
from gradus import distributions as D
from gradus.errors import ArgumentError, DataError, ShapeError

N = 20_000
CONTINUOUS = {
    "normal": (lambda: D.Normal(1.0, 2.0), stats.norm(1, 2)),
    "log-normal": (lambda: D.LogNormal(0.5, 0.75), stats.lognorm(0.75, scale=math.exp(0.5))),
    "laplace": (lambda: D.Laplace(1.0, 0.5), stats.laplace(1, 0.5)),
    "gumbel": (lambda: D.Gumbel(1.0, 2.0), stats.gumbel_r(1, 2)),
    "uniform": (lambda: D.Uniform(-1.0, 3.0), stats.uniform(-1, 4)),
    "exponential": (lambda: D.Exponential(2.0), stats.expon(scale=0.5)),
    "gamma": (lambda: D.Gamma(2.5, 2.0), stats.gamma(2.5, scale=0.5)),
    "gamma of a small concentration": (lambda: D.Gamma(0.25, 2.0), stats.gamma(0.25, scale=0.5)),
    "gamma of concentration 1": (lambda: D.Gamma(1.0, 1.0), stats.expon()),
    "beta": (lambda: D.Beta(0.5, 2.0), stats.beta(0.5, 2)),
}


@pytest.mark.parametrize("kind", CONTINUOUS)
def test_samples_follow_their_distribution(kind: str) -> None:
    make, known = CONTINUOUS[kind]
    drawn = make().sample((N,))
    assert drawn.shape == (N,)
    assert not drawn.requires_grad
    assert stats.kstest(drawn.numpy().astype(float), known.cdf).pvalue > 1e-3
    if kind != "log-normal":
        assert drawn.numpy().mean() == pytest.approx(known.mean(), abs=4 * known.std() / N**0.5)


def test_batches_are_drawn_each_from_its_own() -> None:
    drawn = D.Gamma(gradus.tensor([0.5, 1.0, 4.0]), 1.0).sample((N,)).numpy()
    for column, shape in zip(drawn.T, (0.5, 1.0, 4.0), strict=True):
        assert stats.kstest(column.astype(float), stats.gamma(shape).cdf).pvalue > 1e-3
    shares = D.Dirichlet([1.0, 2.0, 5.0]).sample((N,)).numpy()
    np.testing.assert_allclose(shares.sum(-1), 1, rtol=1e-5)
    for column, a in zip(shares.T, (1, 2, 5), strict=True):
        assert stats.kstest(column.astype(float), stats.beta(a, 8 - a).cdf).pvalue > 1e-3


def test_choices_are_as_likely_as_said() -> None:
    p = np.array([[0.1, 0.2, 0.7], [0.5, 0.5, 0.0]])
    for die in (D.Categorical(p), D.Categorical(logits=np.log(np.maximum(p, 1e-300)))):
        drawn = die.sample((N,)).numpy()
        assert drawn.shape == (N, 2)
        for column, row in zip(drawn.T, p, strict=True):
            counts = np.bincount(column, minlength=3)
            assert (counts[row == 0] == 0).all()
            assert stats.chisquare(counts[row > 0], row[row > 0] * N).pvalue > 1e-3
    rows = D.OneHotCategorical(p).sample((5,)).numpy()
    assert rows.shape == (5, 2, 3)
    assert (rows.sum(-1) == 1).all()
    coin = D.Bernoulli([0.0, 0.3, 1.0]).sample((N,)).numpy()
    np.testing.assert_allclose(coin.mean(0), [0, 0.3, 1], atol=4 * 0.5 / N**0.5)


def test_small_concentrations_give_no_nan() -> None:
    a = gradus.full((1000,), 1e-3)
    for drawn in (D.Gamma(a, 1.0).sample(), D.Beta(a, a).sample(), D.Dirichlet(gradus.full((50, 4), 1e-3)).sample()):
        assert np.isfinite(drawn.numpy()).all()


def test_the_seed_decides() -> None:
    def draw() -> list[list[float]]:
        gradus.seed(3)
        return [make().sample((3,)).tolist() for make, _ in CONTINUOUS.values()]

    assert draw() == draw()


@pytest.mark.parametrize("make", [D.Normal, D.Laplace, D.Gumbel, D.Uniform, D.LogNormal])
def test_gradients_flow_through_samples(make: Callable[[Tensor, Tensor], D.Distribution]) -> None:
    a, b = (gradus.tensor(v, "float64", requires_grad=True) for v in (0.25, 1.5))
    drawn = make(a, b).rsample((4,))
    gradus.seed(7)
    drawn = make(a, b).rsample((4,))
    ga, gb = gradus.grad(drawn.sum(), [a, b])
    step = 1e-6

    def total(x: float, y: float) -> float:
        gradus.seed(7)
        return make(gradus.tensor(x, "float64"), gradus.tensor(y, "float64")).sample((4,)).sum().item()

    assert ga.item() == pytest.approx((total(0.25 + step, 1.5) - total(0.25 - step, 1.5)) / (2 * step), rel=1e-5)
    assert gb.item() == pytest.approx((total(0.25, 1.5 + step) - total(0.25, 1.5 - step)) / (2 * step), rel=1e-5)


def test_what_has_no_gradient_through_samples_says_so() -> None:
    with pytest.raises(ArgumentError, match=r"Gamma has no rsample\. Use sample"):
        D.Gamma(1.0, 1.0).rsample()
    with pytest.raises(ArgumentError, match="Independent has no rsample"):
        D.Independent(D.Bernoulli([0.5]), 1).rsample()


def test_shapes() -> None:
    normal = D.Normal(gradus.zeros((3, 1)), gradus.ones(2))
    assert (normal.batch_shape, normal.event_shape) == ((3, 2), ())
    assert normal.sample().shape == (3, 2)
    assert normal.rsample((4, 5)).shape == (4, 5, 3, 2)
    assert normal.log_prob(gradus.zeros((7, 1, 1))).shape == (7, 3, 2)
    point = D.Independent(normal, 1)
    assert (point.batch_shape, point.event_shape) == ((3,), (2,))
    assert point.sample((4,)).shape == (4, 3, 2)
    assert point.log_prob(point.sample((4,))).shape == (4, 3)
    assert point.entropy().shape == (3,)
    assert point.expand((6, 3)).sample().shape == (6, 3, 2)
    assert normal.expand((4, 3, 2)).log_prob(0.0).shape == (4, 3, 2)
    assert D.Categorical(logits=gradus.zeros((3, 5))).expand((2, 3)).sample().shape == (2, 3)
    assert D.Bernoulli(gradus.full((3,), 0.5)).enumerate_support().shape == (2, 3)
    assert D.Categorical(gradus.ones((3, 5))).enumerate_support(expand=False).shape == (5, 1)


def test_half_precision_goes_in_and_comes_out() -> None:
    for dtype in ("float16", "bfloat16"):
        normal = D.Normal(gradus.tensor([1.0], dtype), 2.0)
        exact = stats.norm(1, 2).logpdf(0.5)
        found = normal.log_prob(gradus.tensor([0.5], dtype))
        assert normal.sample().dtype == found.dtype == getattr(gradus, dtype)
        assert found.item() == pytest.approx(exact, rel=1e-2)


# -- wrong numbers -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: D.Normal([0.0, 1.0], [1.0, 0.0]), r"Normal: scale\[1\] is 0.0, and must be in \(0, inf\)"),
        (lambda: D.Normal(math.nan, 1.0), r"Normal: loc\[\] is nan"),
        (lambda: D.Bernoulli(1.5), r"Bernoulli: probs\[\] is 1.5, and must be in \[0, 1\]"),
        (lambda: D.Categorical([-1.0, 2.0]), r"Categorical: probs\[0\] is -1.0"),
        (lambda: D.Categorical([0.0, 0.0]), r"the sum of probs\[0\] is 0.0"),
        (lambda: D.Categorical([0.5, 0.5]).log_prob(2), r"the value\[\] is 2, and must be integers in \[0, 1\]"),
        (lambda: D.Categorical([0.5, 0.5]).log_prob(0.5), r"the value\[\] is 0.5"),
        (lambda: D.Uniform(1.0, 1.0), "high - low"),
        (lambda: D.Uniform(0.0, 1.0).log_prob(2.0), "distance below high"),
        (lambda: D.Exponential(1.0).log_prob(-1.0), "the value"),
        (lambda: D.Bernoulli(0.5).log_prob(0.5), "integers"),
        (lambda: D.Dirichlet([1.0, 1.0]).log_prob([0.5, 0.25]), "add up to 1"),
        (lambda: D.Normal(0.0, 1.0).icdf(1.5), "the probability"),
        (lambda: D.Exponential(1.0).icdf(1.5), "the probability"),
        (lambda: D.Uniform(0.0, 1.0).icdf(1.5), "the probability"),
    ],
)
def test_wrong_numbers_are_refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises(DataError, match=message):
        make()


def test_wrong_numbers_are_let_through_if_asked() -> None:
    assert D.Uniform(0.0, 1.0, validate_args=False).log_prob(2.0).item() == -math.inf
    assert math.isnan(D.Normal(0.0, -1.0, validate_args=False).log_prob(0.0).item())


def test_wrong_shapes_and_missing_things() -> None:
    with pytest.raises(ShapeError, match="Normal: the shapes"):
        D.Normal(gradus.zeros(2), gradus.ones(3))
    with pytest.raises(ShapeError, match="Normal: the shapes"):
        D.Normal(gradus.zeros(2), 1.0).log_prob(gradus.zeros(3))
    with pytest.raises(ArgumentError, match="give probs or logits"):
        D.Bernoulli(0.5, logits=0.0)
    with pytest.raises(ArgumentError, match="give probs or logits"):
        D.Categorical()
    with pytest.raises(ShapeError, match="no last axis"):
        D.Categorical(0.5)
    with pytest.raises(ArgumentError, match="no 2 axes"):
        D.Independent(D.Normal([0.0], 1.0), 2)
    with pytest.raises(ArgumentError, match="a Laplace from a Normal"):
        D.kl_divergence(D.Laplace(0.0, 1.0), D.Normal(0.0, 1.0))
    with pytest.raises(ArgumentError, match="Beta has no cdf"):
        D.Beta(1.0, 1.0).cdf(0.5)
    with pytest.raises(ArgumentError, match=r"give one of covariance_matrix.*got none"):
        D.MultivariateNormal([0.0])
    with pytest.raises(ShapeError, match=r"a mean of shape \(2,\) and a matrix of shape \(3, 3\)"):
        D.MultivariateNormal([0.0, 0.0], np.eye(3))
    with pytest.raises(DataError, match=r"not symmetric: at \[0, 1\] it differs by 1"):
        D.MultivariateNormal([0.0, 0.0], [[1.0, 1.0], [0.0, 1.0]])
    with pytest.raises(DataError, match=r"the diagonal of scale_tril\[1\] is -1"):
        D.MultivariateNormal([0.0, 0.0], scale_tril=[[1.0, 0.0], [0.0, -1.0]])
    with pytest.raises(DataError, match=r"lower triangle, and \[0, 1\] above it is 2"):
        D.MultivariateNormal([0.0, 0.0], scale_tril=[[1.0, 2.0], [0.0, 1.0]])


# -- compiled ----------------------------------------------------------------------------------------------------------

W = np.linspace(0.5, 1.5, 4)


@pytest.mark.parametrize(
    "make",
    [
        lambda w: D.Normal(w, w * w),
        lambda w: D.Laplace(w, w),
        lambda w: D.Gumbel(w, w),
        lambda w: D.LogNormal(w, w),
        lambda w: D.Uniform(-w, w),
        lambda w: D.Exponential(w),
        lambda w: D.Gamma(w, w),
        lambda w: D.Beta(w, w),
        lambda w: D.Dirichlet(w),
        lambda w: D.Bernoulli(logits=w),
        lambda w: D.Bernoulli(w / 2),
        lambda w: D.Categorical(w),
        lambda w: D.Categorical(logits=w.reshape(2, 2)),
        lambda w: D.OneHotCategorical(logits=w),
        lambda w: D.Independent(D.Normal(w.reshape(2, 2), 1.0), 1),
    ],
)
def test_compiled_functions_do_the_same(make: Callable[[Tensor], D.Distribution]) -> None:
    def everything(w: Tensor) -> tuple[Tensor, ...]:
        one = make(w)
        drawn = one.rsample((3,)) if one.has_rsample else one.sample((3,))
        again = make(w + 0.25)
        log_p = one.log_prob(drawn.detach())
        total = log_p.sum() + one.entropy().sum() + D.kl_divergence(one, again).sum()
        if one.has_rsample:
            total = total + drawn.sum()
        return drawn.detach(), log_p.detach(), total.detach(), gradus.grad(total, w)

    w = gradus.tensor(W, requires_grad=True)
    gradus.seed(5)
    eager = everything(w)
    gradus.seed(5)
    compiled = gradus.compile(everything)(w)
    for a, b in zip(eager, compiled, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-9, atol=1e-12)


def test_compiled_functions_refuse_wrong_numbers() -> None:
    density = gradus.compile(lambda scale: D.Normal(0.0, scale).log_prob(1.0))
    assert density(gradus.tensor(1.0)).item() == pytest.approx(-1.4189385)
    with pytest.raises(DataError, match="scale"):
        density(gradus.tensor(-1.0))


def test_a_policy_learns_by_its_log_probabilities() -> None:
    """The gradient of log_prob, weighted by rewards, finds the best of three arms, compiled."""
    scores = gradus.zeros(3).requires_grad_()
    optimizer = gradus.optim.SGD([scores], lr=0.5)
    rewards = gradus.tensor([0.0, 1.0, 0.2])

    @gradus.compile
    def step() -> Tensor:
        policy = D.Categorical(logits=scores)
        actions = policy.sample((64,))
        gains = rewards[actions]
        loss = -((gains - gains.mean()) * policy.log_prob(actions)).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.detach()

    for _ in range(60):
        step()
    assert D.Categorical(logits=scores).probs[1].item() > 0.9
