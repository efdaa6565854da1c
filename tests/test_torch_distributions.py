"""Distributions against torch.distributions: densities, entropies, divergences, and all that they have besides."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

import gradus  # noqa: E402
from gradus import distributions as D  # noqa: E402

A, B = np.array([[0.3, 1.2, 2.5]]), np.array([[0.7], [1.5]])
P = np.array([[0.2, 0.3, 0.5], [0.6, 0.39, 0.01]])
REAL, ABOVE, SHARES = np.array([-1.3, 0.4, 2.2]), np.array([0.2, 1.1, 3.4]), np.array([0.1, 0.5, 0.93])
# For each kind parameters, others of the same shape, and values.
CASES: dict[str, tuple[dict[str, Any], dict[str, Any], np.ndarray]] = {
    "Normal": ({"loc": A, "scale": B}, {"loc": B, "scale": A}, REAL),
    "LogNormal": ({"loc": A, "scale": B}, {"loc": B, "scale": A}, ABOVE),
    "Laplace": ({"loc": A, "scale": B}, {"loc": B, "scale": A}, REAL),
    "Gumbel": ({"loc": A, "scale": B}, {"loc": B, "scale": A}, REAL),
    "Uniform": ({"low": -A, "high": A + B}, {"low": -A - B, "high": A + 1.2 * B}, np.array([-0.3, 0.4, 2.2])),
    "Exponential": ({"rate": A}, {"rate": A + 1}, ABOVE),
    "Gamma": ({"concentration": A, "rate": B}, {"concentration": B, "rate": A}, ABOVE),
    "Beta": ({"concentration1": A, "concentration0": B}, {"concentration1": B, "concentration0": A}, SHARES),
    "Dirichlet": ({"concentration": A + B}, {"concentration": A * B}, P),
    "Bernoulli": ({"probs": SHARES}, {"probs": SHARES[::-1].copy()}, np.array([0.0, 1.0, 1.0])),
    "Bernoulli logits": ({"logits": REAL * 30}, {"logits": REAL}, np.array([0.0, 1.0, 1.0])),
    "Categorical": ({"probs": P * 2}, {"probs": P[::-1].copy()}, np.array([[0, 1], [2, 2]])),
    "Categorical logits": ({"logits": REAL * 10}, {"logits": REAL}, np.array([0, 1, 2])),
    "OneHotCategorical": ({"probs": P}, {"probs": P[::-1].copy()}, np.eye(3)[:2]),
}


def both(kind: str, parameters: dict[str, Any]) -> tuple[Any, Any, list[Any], list[Any]]:
    name = kind.split()[0]
    ours = {n: gradus.tensor(v, requires_grad=True) for n, v in parameters.items()}
    theirs = {n: torch.tensor(v, requires_grad=True) for n, v in parameters.items()}
    made = getattr(D, name)(**ours), getattr(torch.distributions, name)(**theirs)
    return *made, list(ours.values()), list(theirs.values())


def same(ours: Any, theirs: Any, rtol: float = 1e-9) -> None:
    assert ours.shape == tuple(theirs.shape)
    np.testing.assert_allclose(ours.numpy(), theirs.detach().numpy(), rtol=rtol, atol=1e-12)


def same_with_gradients(ours: Any, theirs: Any, leaves: list[Any], others: list[Any]) -> None:
    same(ours, theirs)
    if not theirs.requires_grad:
        return
    weights = np.linspace(0.5, 1.5, ours.size).reshape(ours.shape)
    found = gradus.grad((ours * gradus.tensor(weights)).sum(), leaves)
    total = (theirs * torch.tensor(weights)).sum()
    expected = torch.autograd.grad(total, others, retain_graph=True, allow_unused=True)
    for a, b, of in zip(found, expected, others, strict=True):
        same(a, torch.zeros_like(of) if b is None else b, 1e-8)


@pytest.mark.parametrize("kind", CASES)
def test_densities_and_what_stands_beside_them(kind: str) -> None:
    parameters, _, values = CASES[kind]
    ours, theirs, leaves, others = both(kind, parameters)
    assert ours.batch_shape == tuple(theirs.batch_shape)
    assert ours.event_shape == tuple(theirs.event_shape)
    assert ours.sample((2,)).shape == tuple(theirs.sample((2,)).shape)
    x, y = gradus.tensor(values), torch.tensor(values)
    same_with_gradients(ours.log_prob(x), theirs.log_prob(y), leaves, others)
    same_with_gradients(ours.entropy(), theirs.entropy(), leaves, others)
    for name in ("mean", "variance", "stddev", "mode", "probs", "logits"):
        if hasattr(theirs, name) and not (name == "mode" and kind in ("Beta", "Dirichlet", "Uniform")):
            same(getattr(ours, name), getattr(theirs, name))


@pytest.mark.parametrize("kind", ["Normal", "LogNormal", "Laplace", "Gumbel", "Uniform", "Exponential"])
def test_cumulated(kind: str) -> None:
    parameters, _, values = CASES[kind]
    ours, theirs, leaves, others = both(kind, parameters)
    same_with_gradients(ours.cdf(gradus.tensor(values)), theirs.cdf(torch.tensor(values)), leaves, others)
    p = np.array([0.1, 0.5, 0.8])
    same_with_gradients(ours.icdf(gradus.tensor(p)), theirs.icdf(torch.tensor(p)), leaves, others)


@pytest.mark.parametrize("kind", CASES)
def test_divergences(kind: str) -> None:
    parameters, changed, _ = CASES[kind]
    p, their_p, leaves, others = both(kind, parameters)
    q, their_q, more, and_more = both(kind, changed)
    ours, theirs = D.kl_divergence(p, q), torch.distributions.kl_divergence(their_p, their_q)
    same_with_gradients(ours, theirs, leaves + more, others + and_more)


COVARIANCES = np.array([[[2.0, 0.5, 0.1], [0.5, 1.0, -0.3], [0.1, -0.3, 1.5]], np.diag([1.0, 2.0, 0.5])])


@pytest.mark.parametrize("given", ["covariance_matrix", "precision_matrix", "scale_tril"])
def test_vectors_whose_numbers_depend_on_each_other(given: str) -> None:
    matrices = np.linalg.cholesky(COVARIANCES) if given == "scale_tril" else COVARIANCES
    p, their_p, leaves, others = both("MultivariateNormal", {"loc": A, given: matrices})
    q, their_q, _more, _and_more = both("MultivariateNormal", {"loc": REAL, "covariance_matrix": COVARIANCES[0] * 2})
    for name in ("batch_shape", "event_shape"):
        assert getattr(p, name) == tuple(getattr(their_p, name))
    for name in ("mean", "mode", "variance", "covariance_matrix", "precision_matrix", "scale_tril"):
        same(getattr(p, name), getattr(their_p, name))
    x, y = gradus.tensor(P[:, None]), torch.tensor(P[:, None])
    value, expected = p.log_prob(x), their_p.log_prob(y)
    same(value, expected)
    g, h = gradus.grad(value.sum(), leaves), torch.autograd.grad(expected.sum(), others, retain_graph=True)
    same(g[0], h[0], 1e-8)
    same(g[1] + g[1].mT, h[1] + h[1].mT, 1e-8) if given != "scale_tril" else same(g[1].tril(), h[1].tril(), 1e-8)
    same(p.entropy(), their_p.entropy())
    same(D.kl_divergence(p, q), torch.distributions.kl_divergence(their_p, their_q))
    same(p.expand((3, 2)).log_prob(x[0]), their_p.expand((3, 2)).log_prob(y[0]))
    gradus.seed(0)
    drawn = p.rsample((20000,))
    assert drawn.shape == (20000, 2, 3) and gradus.grad(drawn.sum(), leaves)[1].shape == matrices.shape
    found = np.array([np.cov(drawn.numpy()[:, i].T) for i in range(2)])
    np.testing.assert_allclose(found, p.covariance_matrix.numpy(), atol=0.1)


def test_divergences_of_unlike_kinds_and_of_several() -> None:
    ours = D.kl_divergence(D.Uniform(-A, B), D.Normal(B, A))
    t = torch.distributions
    a, b = torch.tensor(A), torch.tensor(B)
    same(ours, t.kl_divergence(t.Uniform(-a, b), t.Normal(b, a)))
    one, two = (D.Independent(D.Normal(x, y), 1) for x, y in ((A, B), (B, A)))
    one_, two_ = (t.Independent(t.Normal(x, y), 1) for x, y in ((a, b), (b, a)))
    same(D.kl_divergence(one, two), t.kl_divergence(one_, two_))
    for name in ("mean", "variance", "stddev"):
        same(getattr(one, name), getattr(one_, name))
    same(one.entropy(), one_.entropy())
    same(one.log_prob(gradus.tensor(REAL)), one_.log_prob(torch.tensor(REAL)))
    apart, apart_ = D.Uniform(0.0, 2.0), t.Uniform(0.0, 2.0)
    same(D.kl_divergence(apart, D.Uniform(1.0, 3.0)), t.kl_divergence(apart_, t.Uniform(1.0, 3.0)))


def test_certain_choices() -> None:
    """Probabilities 0 and 1, and scores of minus infinity."""
    t = torch.distributions
    sure, sure_ = D.Bernoulli(gradus.tensor([0.0, 1.0], "float64")), t.Bernoulli(torch.tensor([0.0, 1.0]).double())
    same(sure.log_prob([0.0, 1.0]), sure_.log_prob(torch.tensor([0.0, 1.0]).double()))
    same(sure.log_prob([1.0, 0.0]), sure_.log_prob(torch.tensor([1.0, 0.0]).double()))
    even, even_ = D.Bernoulli(gradus.full((2,), 0.5, "float64")), t.Bernoulli(torch.full((2,), 0.5).double())
    same(D.kl_divergence(sure, even), t.kl_divergence(sure_, even_))
    same(D.kl_divergence(even, sure), t.kl_divergence(even_, sure_))
    z = np.array([0.5, -np.inf, 1.0])
    masked, masked_ = D.Categorical(logits=z), t.Categorical(logits=torch.tensor(z))
    same(masked.entropy(), masked_.entropy())
    same(masked.log_prob([0, 1, 2]), masked_.log_prob(torch.tensor([0, 1, 2])))
    open_, open__ = D.Categorical(logits=REAL), t.Categorical(logits=torch.tensor(REAL))
    same(D.kl_divergence(masked, open_), t.kl_divergence(masked_, open__))
    same(D.kl_divergence(open_, masked), t.kl_divergence(open__, masked_))
