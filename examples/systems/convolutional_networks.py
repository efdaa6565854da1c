"""Convolutional networks: the size of what each layer gives, four networks trained, and their first filters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import _script
import numpy as np

import gradus
from gradus import datasets, draw, inspect, models, nn, random
from gradus.data import Subset


class Plan(NamedTuple):
    """How a network is trained: on so many pictures, so often, in batches of so many."""

    model: str
    samples: int
    epochs: int
    batch: int
    lr: float
    tested: int


FULL = (
    Plan("lenet", 60_000, 3, 64, 4e-3, 10_000),
    Plan("simpleconvnet", 60_000, 2, 100, 1e-3, 10_000),
    Plan("deepconvnet", 60_000, 3, 100, 2e-3, 10_000),
    Plan("alexnet", 1_280, 1, 32, 1e-4, 300),
)
FAST = (Plan("convnet", 600, 4, 32, 4e-3, 300), Plan("simpleconvnet", 600, 2, 60, 2e-3, 300))


def measure(fast: bool, say: Callable[..., None]) -> list[dict[str, Any]]:
    train, test = datasets.digits() if fast else datasets.fashion_mnist()
    model = models.ConvNet() if fast else models.AlexNet()
    sizes(model, (1, 8, 8) if fast else (1, 224, 224), say)
    columns = f"{'parameters':>11s} {'pictures seen':>14s} {'test accuracy':>14s} {'first filters moved by':>23s}"
    say(f"\n{'network':14s} {columns}")
    return [trained(plan, train, test, say) for plan in (FAST if fast else FULL)]


def sizes(model: nn.Module, shape: tuple[int, ...], say: Callable[..., None]) -> None:
    """The table of a network's windows."""
    say(f"{type(model).__name__}, layer by layer: places = (length + 2 padding - kernel) / stride + 1, rounded down")
    say(f"{'layer':13s} {'kind':10s} length kernel stride padding places  sees")
    for row in inspect.window_sizes(model, shape):
        numbers = (row.length, row.kernel, row.stride, row.padding, row.places, row.sees)
        cells = (f"{pair[0]:>{w}d}" for pair, w in zip(numbers, (6, 6, 6, 7, 6, 5), strict=True))
        say(f"{row.name:13s} {row.kind:10s}", *cells)


def trained(plan: Plan, train: Any, test: Any, say: Callable[..., None]) -> dict[str, Any]:
    """One network, trained as planned: its numbers, and its first filters before and after."""
    random.seed(0)
    model = models.build(plan.model, train.arrays[0].shape[1:], 10)
    before = inspect.filters(model)
    steps = -(-plan.samples // plan.batch) * plan.epochs
    rate = gradus.optim.schedules.one_cycle(plan.lr, steps)
    trainer = gradus.Trainer(model, "cross_entropy", gradus.optim.Adam(model.parameters(), lr=rate))
    trainer.fit(Subset(train, np.arange(plan.samples)), epochs=plan.epochs, batch_size=plan.batch, progress=False)
    accuracy = trainer.evaluate(Subset(test, np.arange(plan.tested)))["accuracy"]
    after = inspect.filters(model)
    moved = float(np.linalg.norm(after - before) / np.linalg.norm(before))  # of their length
    name, parameters = type(model).__name__, nn.summary(model).parameters
    say(f"{name:14s} {parameters:11,d} {plan.samples * plan.epochs:14,d} {accuracy:14.1%} {moved:23.0%}")
    return {"name": name, "accuracy": accuracy, "before": before, "after": after, "moved": moved}


def picture(found: list[dict[str, Any]]) -> Any:
    with draw.styled():
        figure = draw.new_figure(12, 2.2 * len(found))
        grid = figure.subplots(len(found), 3, squeeze=False)
        for axes, net in zip(grid, found, strict=True):
            n, _, h, w = net["before"].shape
            draw.draw_filters(axes[0], f"{net['name']}: its {n} first filters, {h}x{w}", net["before"])
            draw.draw_filters(axes[1], f"after training ({net['accuracy']:.1%} right)", net["after"])
            change = f"the change ({net['moved']:.0%} of what they were)"
            draw.draw_filters(axes[2], change, net["after"] - net["before"])
        return figure


def main(arguments: Any = None) -> Any:
    return _script.run(__file__, measure, picture, arguments)


if __name__ == "__main__":
    main()
