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


def signs(*shape):
    return rng.choice([-1.0, 1.0], shape)


WEIGHT = rng.uniform(0.2, 3.0, 5)
VECTORS = normal(6, 3)
SEVERAL = np.array([[3, 0, -1, 1, 2], [4, -1, 0, 0, 0], [-1, 1, 2, 3, 4], [0, 1, 2, 3, 4], [2, 2, 1, -1, 0]])

# name: the function of both, the argument that is learned, further arguments, options
OPTIONS = {
    "labels weighted": ("cross_entropy", normal(7, 5), [LABELS], {"weight": WEIGHT}),
    "labels ignored": ("cross_entropy", normal(7, 5), [LABELS], {"ignore_index": int(LABELS[0])}),
    "labels weighted, ignored, smoothed": (
        "cross_entropy",
        normal(7, 5),
        [LABELS],
        {"weight": WEIGHT, "ignore_index": int(LABELS[0]), "label_smoothing": 0.3},
    ),
    "pixels weighted, ignored": ("cross_entropy", normal(3, 5, 4, 2), [PIXELS], {"weight": WEIGHT, "ignore_index": 2}),
    "soft weighted, smoothed": (
        "cross_entropy",
        normal(7, 5),
        [probabilities(7, 5)],
        {"weight": WEIGHT, "label_smoothing": 0.3},
    ),
    "one sample": ("cross_entropy", normal(5), [np.array(3)], {"weight": WEIGHT}),
    "nll weighted, ignored": ("nll_loss", normal(7, 5), [LABELS], {"weight": WEIGHT, "ignore_index": int(LABELS[1])}),
    "nll ignored": ("nll_loss", normal(7, 5), [LABELS], {"ignore_index": int(LABELS[1])}),
    "nll of one sample": ("nll_loss", normal(5), [np.array(3)], {"weight": WEIGHT}),
    "bce weighted": ("binary_cross_entropy", probabilities(7, 5), [probabilities(7, 5)], {"weight": WEIGHT}),
    "bce logits weighted": (
        "binary_cross_entropy_with_logits",
        normal(7, 5),
        [probabilities(7, 5)],
        {"weight": WEIGHT, "pos_weight": WEIGHT[::-1].copy()},
    ),
    "bce logits, yes weighted": (
        "binary_cross_entropy_with_logits",
        30 * normal(7, 5),
        [probabilities(7, 5)],
        {"pos_weight": WEIGHT},
    ),
    "kl of logarithms": ("kl_div", log_probabilities(7, 5), [log_probabilities(7, 5)], {"log_target": True}),
    "smooth l1": ("smooth_l1_loss", normal(7, 3), [normal(7, 3)], {"beta": 0.3}),
    "smooth l1 of 0": ("smooth_l1_loss", normal(7, 3), [normal(7, 3)], {"beta": 0.0}),
    "smooth l1, as it comes": ("smooth_l1_loss", 3 * normal(7, 3), [normal(7, 3)], {}),
    "huber, as it comes": ("huber_loss", 3 * normal(7, 3), [normal(7, 3)], {}),
    "poisson": ("poisson_nll_loss", normal(7), [rng.integers(0, 5, 7).astype(float)], {"full": True}),
    "poisson of means": (
        "poisson_nll_loss",
        probabilities(7, 5),
        [rng.integers(0, 5, (7, 5)).astype(float)],
        {"log_input": False, "eps": 1e-3},
    ),
    "gaussian": ("gaussian_nll_loss", normal(7, 5), [normal(7, 5), probabilities(7, 5)], {"full": True}),
    "gaussian of rows": ("gaussian_nll_loss", normal(7, 5), [normal(7, 5), rng.uniform(0, 1, 7)], {"eps": 0.4}),
    "gaussian of columns": ("gaussian_nll_loss", normal(7, 5), [normal(7, 5), rng.uniform(0, 1, (7, 1))], {}),
    "ranking": ("margin_ranking_loss", normal(7), [normal(7), signs(7)], {"margin": 0.3}),
    "hinge embedding": ("hinge_embedding_loss", normal(7), [signs(7)], {"margin": 0.7}),
    "hinge embedding, as it comes": ("hinge_embedding_loss", normal(7), [signs(7)], {}),
    "soft margin": ("soft_margin_loss", 30 * normal(7), [signs(7)], {}),
    "multi margin": ("multi_margin_loss", normal(7, 5), [LABELS], {}),
    "multi margin of one": ("multi_margin_loss", normal(5), [np.array(3)], {"weight": WEIGHT}),
    "multi margin squared": ("multi_margin_loss", normal(7, 5), [LABELS], {"p": 2, "margin": 0.7, "weight": WEIGHT}),
    "several labels": ("multilabel_margin_loss", normal(5, 5), [SEVERAL], {}),
    "several labels of one": ("multilabel_margin_loss", normal(5), [SEVERAL[0]], {}),
    "yes or no": (
        "multilabel_soft_margin_loss",
        normal(7, 5),
        [rng.integers(0, 2, (7, 5)).astype(float)],
        {"weight": WEIGHT},
    ),
    "cosines": ("cosine_embedding_loss", VECTORS, [normal(6, 3), signs(6)], {"margin": -0.3}),
    "cosines of short ones": ("cosine_embedding_loss", 1e-5 * VECTORS, [normal(6, 3), signs(6)], {}),
    "triplets": ("triplet_margin_loss", VECTORS, [normal(6, 3), normal(6, 3)], {"margin": 0.5, "p": 1, "eps": 0.1}),
    "triplets swapped": ("triplet_margin_loss", VECTORS, [normal(6, 3), normal(6, 3)], {"swap": True}),
    "triplets of a distance": ("triplet_margin_with_distance_loss", VECTORS, [normal(6, 3), normal(6, 3)], {}),
}


@pytest.mark.filterwarnings("ignore:reduction:UserWarning")
@pytest.mark.filterwarnings("ignore:nll_loss. logarithms")
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("name", OPTIONS)
def test_options(name, reduction):
    function, predictions, targets, options = OPTIONS[name]
    results = []
    for functions, tensor in ((F, gradus.tensor), (TF, torch.tensor)):
        x = tensor(predictions, requires_grad=True)
        given = {key: tensor(a) if isinstance(a, np.ndarray) else a for key, a in options.items()}
        y = getattr(functions, function)(x, *map(tensor, targets), **given, reduction=reduction)
        weights = np.cos(np.arange(y.numel() if functions is TF else y.size)).reshape(tuple(y.shape))
        (y * tensor(weights)).sum().backward()
        results.append((y.detach().numpy(), x.grad.numpy()))
    for ours, theirs in zip(*results, strict=True):
        assert ours.shape == theirs.shape
        np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("form", ["rows", "one row", "one sample", "too little time"])
def test_labels_along_time_in_all_forms(form, reduction):
    rng = np.random.default_rng(0)
    z = rng.normal(size=(7, 3, 5))
    labels, times, lengths, options = np.array([[1, 1, 2], [3, 2, 1], [0, 3, -5]]), [7, 6, 5], [3, 1, 2], {"blank": 4}
    if form == "one row":
        labels = np.array([1, 1, 2, 3, 0, 3])
    elif form == "one sample":
        z, labels, times, lengths = z[:, 0], labels[0], 7, 3
    elif form == "too little time":
        times, options = [7, 6, 1], {"blank": 4, "zero_infinity": True}
    ours, theirs = gradus.tensor(z, requires_grad=True), torch.tensor(z, requires_grad=True)
    y = F.ctc_loss(F.log_softmax(ours, -1), labels, times, lengths, reduction=reduction, **options)
    clean = torch.tensor(np.maximum(labels, 0))  # which torch wants, though nobody looks there
    wanted = TF.ctc_loss(
        theirs.log_softmax(-1), clean, torch.tensor(times), torch.tensor(lengths), reduction=reduction, **options
    )
    y.sum().backward()
    wanted.sum().backward()
    assert y.shape == tuple(wanted.shape)
    np.testing.assert_allclose(y.detach().numpy(), wanted.detach().numpy(), rtol=1e-10)
    np.testing.assert_allclose(ours.grad.numpy(), theirs.grad.numpy(), rtol=1e-8, atol=1e-12)
