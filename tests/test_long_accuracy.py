"""Test accuracy on real data, with three seeds. Minutes each: run with `pytest -m long`."""

from __future__ import annotations

import numpy as np
import pytest

import gradus
from gradus import datasets, models, optim
from gradus.errors import DataError
from gradus.train import Trainer

pytestmark = pytest.mark.long

EPOCHS, SEEDS = 10, (0, 1, 2)


def accuracies(name, data, epochs, schedule=lambda lr, steps: lr):
    """The test accuracy of a ready model, trained with its own settings, with each seed."""
    try:
        train, test = datasets.load(data)
    except DataError as problem:
        pytest.skip(f"{data} is not here: {problem}")
    settings = models.defaults(name)
    found = []
    for seed in SEEDS:
        gradus.seed(seed)
        model = models.build(name, train.arrays[0].shape[1:], len(train.classes))
        lr = schedule(settings.lr, epochs * -(-len(train) // settings.batch_size))
        optimizer = getattr(optim, settings.optimizer)(model.parameters(), lr=lr)
        trainer = Trainer(model, "cross_entropy", optimizer)
        trainer.fit(train, epochs=epochs, batch_size=settings.batch_size, seed=seed)
        found.append(trainer.evaluate(test)["accuracy"])
    print(f"{name} on {data}, {epochs} epochs: {found}, mean {np.mean(found):.4f}")
    return found


@pytest.mark.parametrize(("name", "least"), [("softmax", 0.83), ("mlp", 0.86), ("lenet", 0.89)])
def test_fashion_mnist(name, least):
    assert np.mean(accuracies(name, "fashion_mnist", EPOCHS)) >= least


def test_digits():
    assert np.mean(accuracies("convnet", "digits", models.defaults("convnet").epochs)) >= 0.97


def test_lenet_reads_mnist():
    assert min(accuracies("lenet", "mnist", 15, optim.schedules.cosine)) >= 0.990
