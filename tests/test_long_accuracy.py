"""Test accuracy on real data, the mean over three seeds. Minutes each: run with `pytest -m long`."""

from __future__ import annotations

import numpy as np
import pytest

import gradus
from gradus import datasets, models, optim
from gradus.errors import DataError
from gradus.train import Trainer

pytestmark = pytest.mark.long

EPOCHS, SEEDS = 10, (0, 1, 2)


def mean_accuracy(name, data, epochs):
    """The test accuracy of a ready model, trained with its own settings, averaged over the seeds."""
    try:
        train, test = datasets.load(data)
    except DataError as problem:
        pytest.skip(f"{data} is not here: {problem}")
    settings = models.defaults(name)
    found = []
    for seed in SEEDS:
        gradus.seed(seed)
        model = models.build(name, train.arrays[0].shape[1:], len(train.classes))
        optimizer = getattr(optim, settings.optimizer)(model.parameters(), lr=settings.lr)
        trainer = Trainer(model, "cross_entropy", optimizer)
        trainer.fit(train, epochs=epochs, batch_size=settings.batch_size, seed=seed)
        found.append(trainer.evaluate(test)["accuracy"])
    print(f"{name} on {data}, {epochs} epochs: {found}, mean {np.mean(found):.4f}")
    return np.mean(found)


@pytest.mark.parametrize(("name", "least"), [("softmax", 0.83), ("mlp", 0.86), ("lenet", 0.89)])
def test_fashion_mnist(name, least):
    assert mean_accuracy(name, "fashion_mnist", EPOCHS) >= least


def test_digits():
    assert mean_accuracy("convnet", "digits", models.defaults("convnet").epochs) >= 0.97
