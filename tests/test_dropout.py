"""Dropout in all its forms: what falls out, together with what, and that sizes are kept on the average."""

from __future__ import annotations

import numpy as np
import pytest

import gradus
from gradus import functional as F

FORMS = {  # by how many axes fall out together
    F.dropout: 0,
    F.dropout1d: 1,
    F.dropout2d: 2,
    F.dropout3d: 3,
    F.alpha_dropout: 0,
    F.feature_alpha_dropout: 2,
}


@pytest.mark.parametrize("function", FORMS)
def test_outside_training_and_without_a_chance_nothing_falls_out(function) -> None:
    x = gradus.ones((2, 3, 2, 2, 2)[: 2 + FORMS[function]])
    assert function(x, 0.9, training=False).tolist() == function(x, 0.0).tolist() == x.tolist()


@pytest.mark.parametrize("function", FORMS)
def test_half_falls_out_unless_told(function) -> None:
    places = (2,) * FORMS[function]
    x = gradus.ones((40, 50, *places), "float64")
    for options, share in (({}, 0.5), ({"p": 0.2}, 0.2)):
        y = function(x, **options).numpy().reshape(40, 50, -1)
        assert (y == y[..., :1]).all(), "a whole channel"
        kept = y.max()
        assert set(np.unique(y)) == {y.min(), kept}
        assert abs((y[..., 0] != kept).mean() - share) < 0.04


@pytest.mark.parametrize("function", [F.alpha_dropout, F.feature_alpha_dropout])
def test_alpha_dropout_keeps_mean_and_spread(function) -> None:
    x = np.random.default_rng(0).normal(size=(400, 500))
    for p in (0.1, 0.5):
        y = function(gradus.tensor(x), p).numpy()
        assert abs(y.mean()) < 0.01
        assert abs(y.std() - 1) < 0.01
        values, counts = np.unique(y, return_counts=True)
        least = -1.0507009873554805 * 1.6732632423543772
        scale = 1 / np.sqrt((1 - p) * (1 + p * least**2))
        assert values[counts.argmax()] == pytest.approx(scale * (least - least * p)), "what falls out takes one value"
        kept = y != values[counts.argmax()]
        np.testing.assert_allclose(y[kept], scale * (x[kept] - least * p), rtol=1e-10)


def test_classes_are_as_many_as_the_largest_label_says() -> None:
    assert F.one_hot([2, 0]).tolist() == [[0, 0, 1], [1, 0, 0]]


def test_nothing_is_normalised_and_surrounded_to_nothing() -> None:
    assert F.instance_norm(gradus.zeros((0, 2, 1))).shape == (0, 2, 1)
    assert F.pad(gradus.ones(2), ()).tolist() == [1, 1]
