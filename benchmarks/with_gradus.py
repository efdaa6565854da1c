"""The workloads in gradus."""

from __future__ import annotations

import numpy as np

import gradus
from gradus import functional as F
from gradus import nn, optim
from gradus.tensor import Tensor

from .runner import Runner
from .workloads import Product, Training, initial


def training(w: Training) -> Runner:
    """Training steps, each a call of one native program; an epoch as one call."""
    model = w.model(nn)
    for name, p in model.named_parameters():
        p.assign_(gradus.tensor(initial(name, p.shape)))
    optimizer = getattr(optim, w.optimizer)(model.parameters(), lr=w.lr)
    loss_function = getattr(F, w.loss)

    @gradus.compile
    def step(x: Tensor, y: Tensor) -> Tensor:
        optimizer.zero_grad()
        loss = loss_function(w.output(model(x)), y)
        loss.backward()
        optimizer.step()
        return loss  # type: ignore[no-any-return]

    x, y = (gradus.tensor(a) for a in w.data())
    y = y if w.y else x
    if w.batch is None:
        return Runner(lambda: float(step(x, y)))
    batches = w.batches()
    return Runner(lambda: step.epoch((x, y), batches), len(batches))


def product(w: Product) -> Runner:
    """A product as one native program."""
    a, b = (gradus.tensor(m) for m in w.data())
    multiply = gradus.compile(lambda a, b: a @ b)
    return Runner(lambda: multiply(a, b), values=lambda c: [np.abs(c.numpy()).mean(), c.numpy()[1, 2]])
