"""The workloads in PyTorch, eager and through torch.compile."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import nn, optim

from .contestants import CORES
from .runner import Runner
from .workloads import Product, Training, initial

torch.set_num_threads(CORES)


def training(w: Training, compiled: bool = False) -> Runner:
    """Training steps; eager with the fused optimizer, compiled with the optimizer compiled too, each the faster way."""
    model = w.model(nn)
    with torch.no_grad():
        for name, p in model.named_parameters():
            p.copy_(torch.from_numpy(initial(name, tuple(p.shape))))
    optimizer = getattr(optim, w.optimizer)(model.parameters(), lr=w.lr, fused=None if compiled else True)
    loss_function, update = getattr(F, w.loss), optimizer.step

    def loss_of(x: Any, y: Any) -> Any:
        return loss_function(w.output(model(x)), y)

    if compiled:
        loss_of, update = torch.compile(loss_of), torch.compile(update)

    def step(x: Any, y: Any) -> float:
        optimizer.zero_grad()
        loss = loss_of(x, y)
        loss.backward()
        update()
        return float(loss.item())

    x, y = (torch.from_numpy(a) for a in w.data())
    y = y if w.y else x
    if w.batch is None:
        return Runner(lambda: step(x, y))
    order, size = torch.from_numpy(w.batches().ravel()), w.batch

    def epoch() -> list[float]:
        return [step(a, b) for a, b in zip(torch.split(x[order], size), torch.split(y[order], size), strict=True)]

    return Runner(epoch, len(order) // size)


def product(w: Product) -> Runner:
    """A product."""
    a, b = (torch.from_numpy(m) for m in w.data())
    return Runner(lambda: a @ b, values=lambda c: [float(c.abs().mean()), float(c[1, 2])])
