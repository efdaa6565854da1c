"""Losses: reference values, gradients to second order, what they refuse."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special, stats

import gradus
from gradus import functional as F
from gradus import nn
from gradus.errors import ArgumentError, DataError, DtypeError, GradusError, ShapeError
from gradus.tensor import Tensor

rng = np.random.default_rng(0)
X, Y = rng.normal(size=(2, 6, 4))
P, Q = special.softmax(X, 1), special.softmax(Y, 1)
LABELS = rng.integers(0, 4, 6)
SIGNS = rng.choice([-1, 1], 6)
ROWS = np.arange(6)


def crammer_singer(scores, labels):
    others = np.where(np.eye(4, dtype=bool)[labels], -np.inf, scores).max(1)
    return np.maximum(0, 1 - scores[ROWS, labels] + others)


# name: function, predictions, targets, options, the losses of the samples by NumPy or SciPy
CASES = {
    "l1": (F.l1_loss, X, Y, {}, abs(X - Y)),
    "mse": (F.mse_loss, X, Y, {}, (X - Y) ** 2),
    "huber": (F.huber_loss, X, Y, {"delta": 0.7}, special.huber(0.7, X - Y)),
    "labels": (F.cross_entropy, X, LABELS, {}, -special.log_softmax(X, 1)[ROWS, LABELS]),
    "soft": (F.cross_entropy, X, Q, {}, -(Q * special.log_softmax(X, 1)).sum(1)),
    "one-hot": (F.cross_entropy, X, np.eye(4, dtype=int)[LABELS], {}, -special.log_softmax(X, 1)[ROWS, LABELS]),
    "smoothed": (
        F.cross_entropy,
        X,
        LABELS,
        {"label_smoothing": 0.2},
        -((0.8 * np.eye(4)[LABELS] + 0.05) * special.log_softmax(X, 1)).sum(1),
    ),
    "nll": (F.nll_loss, np.log(P), LABELS, {}, -np.log(P)[ROWS, LABELS]),
    "bce": (F.binary_cross_entropy, P, Q, {}, stats.entropy([Q, 1 - Q]) + stats.entropy([Q, 1 - Q], [P, 1 - P])),
    "bce logits": (
        F.binary_cross_entropy_with_logits,
        X,
        Q,
        {},
        -(Q * special.log_expit(X) + (1 - Q) * special.log_expit(-X)),
    ),
    "hinge": (F.hinge_loss, X[:, 0], SIGNS, {}, np.maximum(0, 1 - SIGNS * X[:, 0])),
    "hinge classes": (F.hinge_loss, X, LABELS, {}, crammer_singer(X, LABELS)),
    "kl": (F.kl_div, np.log(P), Q, {}, special.rel_entr(Q, P)),
}


@pytest.mark.parametrize("name", CASES)
def test_values(name):
    function, x, y, options, expected = CASES[name]
    x, y = gradus.tensor(x), gradus.tensor(y)
    for reduction, wanted in {"none": expected, "sum": expected.sum(), "mean": expected.mean()}.items():
        found = function(x, y, reduction=reduction, **options)
        np.testing.assert_allclose(found.numpy(), wanted, rtol=1e-12, err_msg=reduction)


def directional(f, x, v, eps):
    return (f(x + eps * v) - f(x - eps * v)) / (2 * eps)


@pytest.mark.parametrize("name", CASES)
def test_gradients_to_second_order(name):
    function, x, y, options, _ = CASES[name]
    v, w = np.random.default_rng(1).normal(size=(2, *x.shape))

    def slope(a):
        """The derivative of the loss along v, at a, and the leaf it was worked out at."""
        leaf = gradus.tensor(a, requires_grad=True)
        dx = gradus.grad(function(leaf, y, **options), leaf, create_graph=True)
        return (dx * v).sum(), leaf

    first, leaf = slope(x)
    second = gradus.grad(first, leaf) if first.requires_grad else gradus.zeros(x.shape, "float64")
    assert first.item() == pytest.approx(directional(lambda a: function(a, y, **options).item(), x, v, 1e-6), abs=1e-7)
    wanted = directional(lambda a: slope(a)[0].item(), x, w, 1e-6)
    assert (second * w).sum().item() == pytest.approx(wanted, abs=1e-7)


def test_curvature_where_formulas_have_a_seam():
    zero = gradus.tensor(0.0, "float64", requires_grad=True)
    for loss, curvature in [
        (F.huber_loss(zero, 0.0), 1),
        (F.binary_cross_entropy_with_logits(zero, 1.0), 0.25),
        (F.mse_loss(zero, 0.0), 2),
    ]:
        dx = gradus.grad(loss, zero, create_graph=True)
        assert gradus.grad(dx, zero).item() == curvature


def test_extreme_scores_stay_finite():
    z = gradus.tensor([[1e4, 0.0], [-1e4, 0.0], [-np.inf, 0.0]], "float64", requires_grad=True)
    loss = F.cross_entropy(z, [1, 0, 1], reduction="none")
    loss.sum().backward()
    assert loss.tolist() == [1e4, 1e4, 0]
    assert np.isfinite(z.grad.numpy()).all()
    z = gradus.tensor([800.0, -800.0], requires_grad=True)
    loss = F.binary_cross_entropy_with_logits(z, [0.0, 1.0], reduction="none")
    loss.sum().backward()
    assert (loss.tolist(), z.grad.tolist()) == ([800, 800], [1, -1])
    p = gradus.tensor([0.0, 1.0], requires_grad=True)
    F.binary_cross_entropy(p, [1.0, 0.0]).backward()
    assert np.isfinite(p.grad.numpy()).all()


def test_large_scores_lose_no_digits():
    z = gradus.tensor([[30000.5, 30000.0]], "float32")
    assert F.cross_entropy(z, [1]).item() == pytest.approx(np.log1p(np.exp(0.5)), rel=1e-6)


def test_kl_div_default_is_the_mean_over_samples():
    assert F.kl_div(np.log(P), Q, reduction="batchmean").item() == pytest.approx(special.rel_entr(Q, P).sum() / 6)
    assert nn.KLDivLoss()(gradus.tensor(np.log(P)), Q).item() == F.kl_div(np.log(P), Q).item()


def test_dtype_is_that_of_the_predictions():
    for dtype in ("float16", "float32", "float64"):
        z = gradus.tensor(X, dtype)
        assert F.cross_entropy(z, LABELS).dtype == dtype
        assert F.mse_loss(z, gradus.tensor(Y, dtype)).dtype == dtype


@pytest.mark.parametrize(
    "function",
    [F.l1_loss, F.mse_loss, F.huber_loss, F.binary_cross_entropy_with_logits, F.binary_cross_entropy, F.kl_div],
)
def test_shapes_that_would_broadcast_are_refused(function):
    column, row = gradus.full((6, 1), 0.5), gradus.full(6, 0.5)
    with pytest.raises(ShapeError, match=r"predictions have shape \(6, 1\), but targets \(6,\)") as caught:
        function(column, row)
    assert f"{function.__name__}: " in str(caught.value)
    assert "targets.reshape(6, 1)" in str(caught.value)
    with pytest.raises(ShapeError, match="one shape"):
        function(column, 0.5)


def test_hinge_refuses_a_row_against_a_column():
    with pytest.raises(ShapeError, match=r"hinge_loss: .*\(6, 1\)"):
        F.hinge_loss(gradus.ones(6), gradus.ones((6, 1)))
    with pytest.raises((ShapeError, DtypeError, DataError)):
        F.hinge_loss(gradus.ones((6, 1)), gradus.ones(6))


def test_label_out_of_range():
    labels = np.zeros(256, int)
    labels[37] = 10
    with pytest.raises(DataError) as caught:
        F.cross_entropy(gradus.zeros((256, 10)), labels)
    assert str(caught.value) == (
        "cross_entropy: logits have 10 classes (shape (256, 10)), but targets hold the label 10 at targets[37]. "
        "Labels run from 0 to 9. (gradus help label-without-an-output)"
    )
    labels[37] = -1
    with pytest.raises(DataError, match=r"nll_loss: .*label -1 at targets\[37\]"):
        F.nll_loss(gradus.zeros((256, 10)), labels)
    with pytest.raises(DataError, match=r"targets\[1, 2\]"):
        F.cross_entropy(gradus.zeros((2, 3, 4)), [[0, 0, 0, 0], [0, 0, 3, 0]])


def test_classes_of_wrong_kinds():
    z = gradus.zeros((6, 4))
    with pytest.raises(DtypeError, match=r"labels are integers.*float32.*astype\(int\)"):
        F.cross_entropy(z, gradus.zeros(6))
    with pytest.raises(ShapeError, match=r"logits have shape \(6, 4\), targets \(6, 1\).*here \(6,\)"):
        F.cross_entropy(z, gradus.zeros((6, 1), int))
    with pytest.raises(ShapeError, match=r"\(5,\)"):
        F.cross_entropy(z, gradus.zeros(5, int))
    with pytest.raises(ShapeError, match="with_logits"):
        F.cross_entropy(gradus.zeros((6, 1)), gradus.zeros((6, 1)))
    with pytest.raises(ShapeError, match="classes"):
        F.cross_entropy(gradus.zeros(()), gradus.zeros((), int))
    assert F.cross_entropy(gradus.zeros(6), gradus.tensor(2)).item() == pytest.approx(np.log(6))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: F.binary_cross_entropy([0.5, 1.5], [1.0, 1.0]), r"probabilities\[1\] is 1.5.*sigmoid"),
        (lambda: F.binary_cross_entropy([0.5], [2.0]), r"targets\[0\] is 2.0"),
        (lambda: F.binary_cross_entropy_with_logits([0.5], [-1.0]), r"targets\[0\] is -1.0"),
        (lambda: F.hinge_loss([0.5, 0.5], [1, 0]), r"targets\[1\] is 0\..*2 \* targets - 1"),
    ],
)
def test_targets_out_of_range(call, message):
    with pytest.raises(DataError, match=message):
        call()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: F.mse_loss([1.0], [1.0], reduction="avg"), "mse_loss: unknown reduction 'avg'.*Known: mean, sum"),
        (lambda: nn.MSELoss(reduction="men"), "MSELoss: unknown reduction 'men'. Did you mean 'mean'"),
        (lambda: F.cross_entropy(X, LABELS, label_smoothing=1.1), r"label_smoothing must be in \[0, 1\], got 1.1"),
        (lambda: nn.CrossEntropyLoss(label_smoothing=-1), "CrossEntropyLoss: label_smoothing"),
        (lambda: F.huber_loss([1.0], [1.0], delta=0), r"delta must be in \(0, inf\), got 0"),
        (lambda: nn.HuberLoss(delta="1"), "HuberLoss: delta .* got '1'"),
    ],
)
def test_arguments_out_of_range(call, message):
    with pytest.raises(ArgumentError, match=message):
        call()


MODULES = {
    nn.L1Loss: ("l1", {}),
    nn.MSELoss: ("mse", {}),
    nn.HuberLoss: ("huber", {"delta": 0.7}),
    nn.CrossEntropyLoss: ("smoothed", {"label_smoothing": 0.2}),
    nn.NLLLoss: ("nll", {}),
    nn.BCELoss: ("bce", {}),
    nn.BCEWithLogitsLoss: ("bce logits", {}),
    nn.HingeLoss: ("hinge", {}),
    nn.KLDivLoss: ("kl", {}),
}


@pytest.mark.parametrize("module", MODULES)
def test_modules_are_their_functions(module):
    name, options = MODULES[module]
    _, x, y, _, expected = CASES[name]
    loss = module(reduction="sum", **options)
    assert loss(gradus.tensor(x), gradus.tensor(y)).item() == pytest.approx(expected.sum())
    assert "reduction='sum'" in repr(loss)
    assert not list(loss.parameters())


def test_what_has_no_numbers_is_not_looked_at():
    """Where only shapes are known (`summary`), there is a shape and a dtype, and no numbers."""
    from gradus.functional.checks import refuse

    class Shaped:
        shape, dtype = (3,), np.dtype("int64")

    refuse("f", Tensor(Shaped()), lambda y: y < 0, "never")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: F.multilabel_margin_loss([[0.1, 0.2]], [[9, -1]]), r"targets\[0, 0\] is 9"),
        (lambda: F.multi_margin_loss([[0.1, 0.2]], [1], p=3), "p is 1 or 2"),
        (lambda: F.ctc_loss(gradus.zeros((3, 1, 2)), [[5]], [3], [1]), "is 5. Labels run from 0 to 1"),
        (lambda: F.ctc_loss(gradus.zeros((3, 1, 2)), [[1]], [3], [1], blank=7), "blank is 7"),
        (lambda: F.ctc_loss(gradus.zeros((3, 1, 2)), [[1]], [3], [1], blank=2), "blank is 2"),
        (lambda: F.ctc_loss(gradus.zeros((3, 1, 2)), [[1]], [4], [1]), r"input_lengths\[0\] is 4"),
        (lambda: F.ctc_loss(gradus.zeros((3, 1, 2)), [[1]], [3], [2]), r"target_lengths\[0\] is 2"),
        (lambda: F.ctc_loss(gradus.zeros((3, 1, 2)), [[2]], [3], [1]), "is 2. Labels run from 0 to 1"),
        (lambda: F.ctc_loss(gradus.zeros((3, 2, 2)), [1, 1, 1], [3, 3], [1, 1]), "2 samples have 2 labels"),
        (lambda: F.ctc_loss(gradus.zeros((3, 2, 2)), [1], [3], [1]), "2 samples have 1 labels"),
        (lambda: F.ctc_loss(gradus.zeros((3, 1, 2, 2)), [[1]], [3], [1]), r"log_probs are \(t, n, classes\)"),
        (lambda: F.cross_entropy(X, LABELS, weight=[1.0, 2.0, 3.0]), r"weight has shape \(3,\), logits \(6, 4\)"),
        (lambda: F.nll_loss(X, LABELS, weight=[[1.0], [2.0]]), r"nll_loss: weight has shape \(2, 1\)"),
        (lambda: F.cross_entropy(X, Q, ignore_index=1), "ignore_index is a label"),
        (lambda: F.multilabel_margin_loss(gradus.zeros((1, 2, 2)), gradus.zeros((1, 2, 2), int)), "or .classes,.*got"),
        (lambda: F.multilabel_margin_loss(1.0, 0), r"got \(\)"),
        (lambda: F.kl_div(np.log(P), 2 * Q), r"kl_div: targets.* Targets are probabilities"),
        (lambda: F.kl_div(np.log(P), Q, reduction="batchmen"), "kl_div: unknown reduction.* Did you mean 'batchmean'"),
        (lambda: F.gaussian_nll_loss([1.0], [1.0], [-1.0]), "A variance is 0 or more"),
        (lambda: F.smooth_l1_loss([1.0], [1.0], beta=-1.0), r"smooth_l1_loss: beta must be in \[0, inf\)"),
        (lambda: F.triplet_margin_loss([[1.0]], [[1.0]], [[1.0]], margin=0.0), "triplet_margin_loss: margin must be"),
        (lambda: F.margin_ranking_loss([1.0], [1.0], [0.0]), r"margin_ranking_loss: targets\[0\] is 0"),
        (lambda: F.hinge_loss(1.0, [1.0, 1.0]), "hinge_loss: "),
    ],
)
@pytest.mark.filterwarnings("ignore::gradus.errors.MistakeWarning")  # of what the cases are not about
def test_what_no_loss_can_mean(call, message):
    with pytest.raises(GradusError, match=message):
        call()


@pytest.mark.parametrize("reduction", [np.mean, np.sum, np.array])
@pytest.mark.parametrize("options", [{}, {"alpha": None}, {"alpha": 0.7, "gamma": 3.0}, {"alpha": None, "gamma": 0}])
def test_focal_loss(options, reduction):
    alpha, gamma = options.get("alpha", 0.25), options.get("gamma", 2.0)
    name = {np.mean: "mean", np.sum: "sum", np.array: "none"}[reduction]
    right = Q * special.expit(X) + (1 - Q) * special.expit(-X)
    share = 1.0 if alpha is None else alpha * Q + (1 - alpha) * (1 - Q)
    losses = share * (1 - right) ** gamma * -(Q * special.log_expit(X) + (1 - Q) * special.log_expit(-X))
    np.testing.assert_allclose(F.focal_loss(X, Q, **options, reduction=name).numpy(), reduction(losses), rtol=1e-10)
    of_labels = (1.0 if alpha is None else alpha) * (1 - P[ROWS, LABELS]) ** gamma * -np.log(P[ROWS, LABELS])
    found = F.focal_loss(X, LABELS, **options, reduction=name)
    np.testing.assert_allclose(found.numpy(), reduction(of_labels), rtol=1e-10)


def test_labels_along_no_time():
    """Where there is no time, only no label fits; whole numbers are logarithms, too."""
    p = np.zeros((3, 2, 4), int)
    found = F.ctc_loss(p, [[1], [2]], [0, 0], [0, 1], reduction="none")
    assert found.tolist() == [0, np.inf]
    np.testing.assert_array_equal(
        *(F.ctc_loss(x, [[1], [2]], [3, 2], [1, 1]).numpy() for x in (p, p.astype("float32")))
    )


def test_kl_div_of_one_number():
    p, q = 0.5, np.log(0.25)
    for reduction in ("batchmean", "mean", "none"):
        assert F.kl_div(q, p, reduction=reduction).item() == pytest.approx(0.5 * np.log(2))


def test_numbers_are_not_rounded_to_float32():
    x = gradus.tensor([0.3], "float64")
    assert F.gaussian_nll_loss(x, [0.0], 0.1).item() == pytest.approx((np.log(0.1) + 0.09 / 0.1) / 2, rel=1e-12)
    assert F.l1_loss(x[0], 0.1).item() == pytest.approx(0.2, rel=1e-12)


def test_hinge_of_a_table_of_signs_is_of_each():
    found = F.hinge_loss(X, np.sign(Y), reduction="none")
    np.testing.assert_allclose(found.numpy(), np.maximum(0, 1 - np.sign(Y) * X))


def test_one_sample_is_a_batch_of_one():
    for function, x in ((F.cross_entropy, X[0]), (F.nll_loss, np.log(P[0]))):
        for reduction in ("mean", "none"):
            one = function(x, LABELS[0], reduction=reduction)
            assert (one.shape, one.item()) == ((), function(x[None], LABELS[:1]).item())


def test_what_is_ignored_has_no_place_in_the_mean():
    labels = np.where(np.arange(6) % 2, LABELS, 9)
    for function, x in ((F.cross_entropy, X), (F.nll_loss, np.log(P))):
        found = function(x, labels, ignore_index=9)
        assert found.item() == pytest.approx(function(x[1::2], LABELS[1::2]).item(), rel=1e-12)
        alone = function(x, labels, ignore_index=9, reduction="none").numpy()
        np.testing.assert_array_equal(alone == 0, np.arange(6) % 2 == 0)


def test_pooling_by_powers_of_nothing_has_no_gradient():
    x = gradus.zeros((1, 4), requires_grad=True)
    F.lp_pool1d(x, 2, 2).sum().backward()
    assert x.grad.tolist() == [[0, 0, 0, 0]]
