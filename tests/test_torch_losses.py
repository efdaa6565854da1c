"""Losses against PyTorch: values and gradients, in float32 and float64."""

from __future__ import annotations

import numpy as np
import pytest

import gradus
from gradus import functional as F

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

TF = torch.nn.functional
TOLERANCE = {"float32": 1e-5, "float64": 1e-10}
rng = np.random.default_rng(0)


def normal(*shape):
    return rng.normal(size=shape)


def probabilities(*shape):
    e = np.exp(normal(*shape))
    return e / e.sum(1, keepdims=True)


def log_probabilities(*shape):
    return np.log(probabilities(*shape))


LABELS = rng.integers(0, 5, 7)
PIXELS = rng.integers(0, 5, (3, 4, 2))

# name: gradus' function, torch's, predictions, targets, options of gradus, options of torch if others
CASES = {
    "l1": (F.l1_loss, TF.l1_loss, normal(7, 3), normal(7, 3), {}),
    "mse": (F.mse_loss, TF.mse_loss, normal(7, 3), normal(7, 3), {}),
    "huber": (F.huber_loss, TF.huber_loss, normal(7, 3), normal(7, 3), {"delta": 0.7}),
    "labels": (F.cross_entropy, TF.cross_entropy, normal(7, 5), LABELS, {}),
    "large": (F.cross_entropy, TF.cross_entropy, 1e3 * normal(7, 5), LABELS, {}),
    "pixels": (F.cross_entropy, TF.cross_entropy, normal(3, 5, 4, 2), PIXELS, {}),
    "soft": (F.cross_entropy, TF.cross_entropy, normal(7, 5), probabilities(7, 5), {}),
    "smoothed": (F.cross_entropy, TF.cross_entropy, normal(7, 5), LABELS, {"label_smoothing": 0.1}),
    "soft smoothed": (F.cross_entropy, TF.cross_entropy, normal(7, 5), probabilities(7, 5), {"label_smoothing": 0.1}),
    "pixels smoothed": (F.cross_entropy, TF.cross_entropy, normal(3, 5, 4, 2), PIXELS, {"label_smoothing": 0.3}),
    "nll": (F.nll_loss, TF.nll_loss, log_probabilities(7, 5), LABELS, {}),
    "bce": (F.binary_cross_entropy, TF.binary_cross_entropy, probabilities(7, 5), probabilities(7, 5), {}),
    "bce logits": (
        F.binary_cross_entropy_with_logits,
        TF.binary_cross_entropy_with_logits,
        np.concatenate([[-200.0, 0.0, 200.0], normal(4)]),
        np.array([0.0, 1, 1, 0, 1, 0.5, 1]),
        {},
    ),
    "kl": (F.kl_div, TF.kl_div, log_probabilities(7, 5), probabilities(7, 5), {}),
}


@pytest.mark.filterwarnings("ignore:reduction:UserWarning")  # torch on its own kl_div
@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("name", CASES)
def test_value_and_gradient(name, reduction, dtype):
    ours, theirs, predictions, targets, options = CASES[name]
    targets = targets if targets.dtype.kind == "i" else targets.astype(dtype)
    x = gradus.tensor(predictions.astype(dtype), requires_grad=True)
    xt = torch.tensor(predictions.astype(dtype), requires_grad=True)
    y = ours(x, gradus.tensor(targets), reduction=reduction, **options)
    yt = theirs(xt, torch.tensor(targets), reduction=reduction, **options)
    weights = rng.normal(size=y.shape).astype(dtype)
    (y * weights).sum().backward()
    (yt * torch.tensor(weights)).sum().backward()
    tolerance = TOLERANCE[dtype]
    assert y.dtype == x.grad.dtype == dtype
    np.testing.assert_allclose(y.numpy(), yt.detach().numpy(), rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(x.grad.numpy(), xt.grad.numpy(), rtol=tolerance, atol=tolerance)


def test_kl_div_batchmean():
    q, p = log_probabilities(7, 5), probabilities(7, 5)
    expected = TF.kl_div(torch.tensor(q), torch.tensor(p), reduction="batchmean").item()
    assert F.kl_div(q, p, reduction="batchmean").item() == pytest.approx(expected, abs=1e-10)


def test_binary_cross_entropy_of_certain_errors_is_100():
    p, y = np.array([0.0, 1.0, 0.0, 1.0]), np.array([1.0, 0.0, 0.0, 1.0])
    expected = TF.binary_cross_entropy(torch.tensor(p), torch.tensor(y), reduction="none").numpy()
    np.testing.assert_array_equal(F.binary_cross_entropy(p, y, reduction="none").numpy(), expected)


@pytest.mark.parametrize("lengths", [(3, 3, 2), (0, 1, 2)])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_labels_along_time(lengths: tuple[int, ...], reduction: str) -> None:
    rng = np.random.default_rng(0)
    z = rng.normal(size=(7, 3, 5))
    labels, times = np.array([[1, 1, 2], [3, 2, 1], [4, 4, 1]]), np.array([7, 6, 5])
    weights = rng.uniform(size=3 if reduction == "none" else ())
    x, y = gradus.tensor(z, requires_grad=True), torch.tensor(z, requires_grad=True)
    given = (torch.tensor(labels), torch.tensor(times), torch.tensor(lengths))
    theirs = torch.nn.functional.ctc_loss(y.log_softmax(2), *given, reduction=reduction)
    (theirs * torch.tensor(weights)).sum().backward()
    for compiled in (False, True):

        def ours(x):
            loss = F.ctc_loss(F.log_softmax(x, 2), labels, times, lengths, reduction=reduction)
            return loss, gradus.grad((loss * gradus.tensor(weights)).sum(), x)

        loss, gradient = (gradus.compile(ours) if compiled else ours)(x)
        np.testing.assert_allclose(loss.detach().numpy(), theirs.detach().numpy(), rtol=1e-10)
        np.testing.assert_allclose(gradient.numpy(), y.grad.numpy(), rtol=1e-8, atol=1e-12)
