"""Test accuracy on real data, with three seeds. Minutes each: run with `pytest -m long`."""

from __future__ import annotations

import functools

import numpy as np
import pytest

import gradus
from gradus import datasets, models, optim
from gradus.errors import DataError
from gradus.train import Trainer
from gradus.train.recipe import SCHEDULES

pytestmark = pytest.mark.long

EPOCHS, SEEDS = 10, (0, 1, 2)


def accuracies(name, data, epochs, make=None, **options):
    """The test accuracy of a ready model, trained with its own settings, `make` apart, with each seed."""
    try:
        train, test = datasets.load(data)
    except DataError as problem:
        pytest.skip(f"{data} is not here: {problem}")
    settings = models.defaults(name)
    found = []
    for seed in SEEDS:
        gradus.seed(seed)
        model = models.build(name, train.arrays[0].shape[1:], len(train.classes))
        lr = SCHEDULES[settings.schedule](settings.lr, epochs * -(-len(train) // settings.batch_size))
        optimizer = (make or getattr(optim, settings.optimizer))(model.parameters(), lr=lr)
        trainer = Trainer(model, "cross_entropy", optimizer, **options)
        trainer.fit(train, epochs=epochs, batch_size=settings.batch_size, seed=seed)
        found.append(trainer.evaluate(test)["accuracy"])
    print(f"{name} on {data}, {epochs} epochs, {options}: {found}, mean {np.mean(found):.4f}")
    return found


@pytest.mark.parametrize(("name", "least"), [("softmax", 0.83), ("mlp", 0.86), ("lenet", 0.89)])
def test_fashion_mnist(name, least):
    assert np.mean(accuracies(name, "fashion_mnist", EPOCHS)) >= least


def test_digits():
    assert np.mean(accuracies("convnet", "digits", models.defaults("convnet").epochs)) >= 0.97


@pytest.mark.parametrize("precision", ["float32", "bf16"])
def test_lenet_reads_mnist(precision):
    decaying = functools.partial(optim.AdamW, weight_decay=0.05)  # so many epochs learn the digits by heart without
    assert min(accuracies("lenet", "mnist", 15, decaying, precision=precision)) >= 0.990


def test_the_command_for_lenet():
    assert min(accuracies("lenet", "fashion_mnist", 2)) >= 0.88
