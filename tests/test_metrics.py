"""Metrics: against scikit-learn, and gathered over batches against the whole."""

from __future__ import annotations

import numpy as np
import pytest

from gradus import tensor
from gradus.errors import ArgumentError, DataError, ShapeError
from gradus.train import metrics as M

sklearn = pytest.importorskip("sklearn.metrics")
RNG = np.random.default_rng(0)
SCORES = RNG.normal(size=(203, 5)).astype(np.float32)
LABELS = RNG.integers(0, 4, 203)  # class 4 does not occur among the targets
PREDICTED = SCORES.argmax(1)
Y = (1e4 + RNG.normal(size=(203, 2))).astype(np.float64)
F = Y + 0.5 * RNG.normal(size=Y.shape)


def gathered(name, outputs, targets, size=50):
    found = M.metric(name)
    for i in range(0, len(outputs), size):
        found.update(outputs[i : i + size], targets[i : i + size])
    return found.value()


REFERENCES = {
    "accuracy": lambda: sklearn.accuracy_score(LABELS, PREDICTED),
    "top_2": lambda: sklearn.top_k_accuracy_score(LABELS, SCORES, k=2, labels=range(5)),
    "precision": lambda: sklearn.precision_score(LABELS, PREDICTED, average="macro", zero_division=0),
    "recall": lambda: sklearn.recall_score(LABELS, PREDICTED, average="macro", zero_division=0),
    "f1": lambda: sklearn.f1_score(LABELS, PREDICTED, average="macro", zero_division=0),
}
NUMBERS = {
    "mae": lambda: sklearn.mean_absolute_error(Y, F),
    "rmse": lambda: np.sqrt(sklearn.mean_squared_error(Y, F)),
    "r2": lambda: sklearn.r2_score(Y, F),
}


@pytest.mark.parametrize("name", REFERENCES)
def test_classes_agree_with_scikit_learn(name):
    expected = REFERENCES[name]()
    assert M.metric(name)(SCORES, LABELS) == pytest.approx(expected, abs=1e-12)
    assert gathered(name, SCORES, LABELS) == pytest.approx(expected, abs=1e-12)
    one_hot = np.eye(5)[LABELS]
    assert gathered(name, tensor(SCORES), tensor(one_hot), size=300) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_agree_with_scikit_learn(name):
    expected = NUMBERS[name]()
    assert M.metric(name)(F, Y) == pytest.approx(expected, rel=1e-10)
    assert gathered(name, F, Y) == pytest.approx(expected, rel=1e-10)


def test_plain_functions():
    assert M.accuracy(SCORES, LABELS) == REFERENCES["accuracy"]()
    assert M.top_k(SCORES, LABELS, k=2) == REFERENCES["top_2"]()
    assert M.top_k(SCORES, LABELS, k=5) == 1
    np.testing.assert_array_equal(
        M.confusion_matrix(SCORES, LABELS), sklearn.confusion_matrix(LABELS, PREDICTED, labels=range(5))
    )
    for ours, theirs in (
        (M.precision, sklearn.precision_score),
        (M.recall, sklearn.recall_score),
        (M.f1, sklearn.f1_score),
    ):
        expected = theirs(LABELS, PREDICTED, average=None, labels=range(5), zero_division=0)
        np.testing.assert_allclose(ours(SCORES, LABELS, average=None), expected)
    assert M.mae(F, Y) == pytest.approx(NUMBERS["mae"]())
    assert M.rmse(F[:, :1], Y[:, 0]) == pytest.approx(np.sqrt(np.mean((F[:, 0] - Y[:, 0]) ** 2)))
    assert M.r2(F, Y) == pytest.approx(NUMBERS["r2"]())


def test_labels_as_outputs_meet_new_classes_batch_by_batch():
    found = M.metric("f1")
    for part in (slice(0, 1), slice(1, 4), slice(4, None)):
        found.update(PREDICTED[part], LABELS[part])
    assert found.value() == pytest.approx(REFERENCES["f1"]())


def test_one_score_a_sample_is_a_logit():
    assert M.accuracy([-1.0, 2.0, 0.5], [0, 1, 0]) == pytest.approx(2 / 3)
    assert M.accuracy([[-1.0], [2.0]], [[0.0], [1.0]]) == 1


def test_own_function_is_averaged_over_samples():
    def biggest(outputs, targets):
        return outputs.max()

    assert gathered(biggest, np.array([1.0, 1.0, 4.0]), np.zeros(3), size=2) == 2
    assert M.metric(biggest).name == "biggest"
    assert gathered(M.rmse, F, Y) == pytest.approx(NUMBERS["rmse"]())


def test_fresh_metrics_share_nothing():
    first, second = M.metric("accuracy"), M.metric("accuracy")
    first.update([1], [1])
    assert np.isnan(second.value())
    assert np.isnan(M.r2([1.0, 2.0], [3.0, 3.0]))


@pytest.mark.parametrize(
    ("error", "says", "call"),
    [
        (ArgumentError, "Did you mean 'accuracy'", lambda: M.metric("acuracy")),
        (ArgumentError, "macro", lambda: M.f1([1], [1], average="micro")),
        (ArgumentError, "top_9", lambda: M.top_k(SCORES, LABELS, k=9)),
        (DataError, "rmse", lambda: M.accuracy(SCORES, LABELS + 0.5)),
        (DataError, "labels 0 to 8", lambda: M.accuracy(SCORES, LABELS + LABELS // 3 * 5)),
        (ShapeError, "do not belong", lambda: M.accuracy(SCORES, LABELS[:3])),
        (ShapeError, "must be the same", lambda: M.rmse(F, Y[:, 0])),
    ],
)
def test_what_is_refused(error, says, call):
    with pytest.raises(error, match=says):
        call()
