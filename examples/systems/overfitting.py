"""Overfitting: a network of seven layers learns 300 pictures by heart; weight decay and dropout narrow the gap."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import _script
import numpy as np

import gradus
from gradus import Trainer, datasets, nn, optim
from gradus.data import Subset
from gradus.draw import draw_course, draw_learning_curve, new_figure, styled
from gradus.inspect import Course, learning_curve, watch_fit
from gradus.models import MLP

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FEW = 300  # training pictures
REMEDIES: dict[str, dict[str, float]] = {
    "nothing": {},
    "weight decay 0.1": {"weight_decay": 0.1},
    "dropout 0.2": {"dropout": 0.2},
    "both": {"weight_decay": 0.1, "dropout": 0.2},
}


def network(pixels: int, lr: float = 0.01, weight_decay: float = 0.0, dropout: float = 0.0) -> Trainer:
    """Six hidden layers of 100 with He's first weights, trained by SGD."""
    model = MLP([pixels, *6 * [100], 10], dropout=dropout)
    for name, p in model.named_parameters():
        nn.init.kaiming_normal_(p) if name.endswith("weight") else nn.init.zeros_(p)
    return Trainer(model, "cross_entropy", optim.SGD(model.parameters(), lr=lr, weight_decay=weight_decay))


def measure(fast: bool, say: Callable[..., None]) -> dict[str, Any]:
    train, test = datasets.digits() if fast else datasets.mnist()
    epochs, seeds, lr = (30, 1, 0.05) if fast else (200, 3, 0.01)
    sizes, steps = ([100, 1000], 100) if fast else ([100, 300, 1000, 3000, 10000, 30000, 60000], 3000)
    pixels = int(np.prod(train.arrays[0].shape[1:]))
    few = Subset(train, np.arange(FEW))

    say(f"{FEW} training pictures, {epochs} epochs, the mean of {seeds} trainings: accuracy on them and on test data")
    courses = {}
    for name, remedy in REMEDIES.items():
        trainings = []
        for seed in range(seeds):
            gradus.seed(seed)
            trainer = network(pixels, lr, **remedy)
            trainings.append(watch_fit(trainer, few, {"train": few, "test": test}, epochs, every=10, batch_size=100))
        courses[name] = trainings
        course = mean(trainings)
        at_end = [course.values[part]["accuracy"][-1] for part in ("train", "test")]
        gaps = [t.gap()[-1] for t in trainings]
        say(f"  {name:16}  train {at_end[0]:6.1%}  test {at_end[1]:6.1%}  gap {course.gap()[-1]:5.1%} "
            f"({min(gaps):.1%} to {max(gaps):.1%})")  # fmt: skip

    say(f"{steps} steps on more and more pictures, without a remedy")
    curve = learning_curve(lambda: network(pixels, lr), train, test, sizes, steps, batch_size=100)
    for n, learned, unseen, gap in zip(
        sizes, curve.train["accuracy"][:, 0], curve.test["accuracy"][:, 0], curve.gap(), strict=True
    ):
        say(f"  {n:6,} pictures  train {learned:6.1%}  test {unseen:6.1%}  gap {gap:5.1%}")
    return {"courses": courses, "curve": curve}


def mean(trainings: Sequence[Course]) -> Course:
    values = {
        part: {"accuracy": np.mean([t.values[part]["accuracy"] for t in trainings], axis=0)}
        for part in ("train", "test")
    }
    return Course(trainings[0].at, values)


def draw(found: dict[str, Any]) -> Figure:
    with styled():
        figure = new_figure(12, 7.4)
        axes = figure.subplots(2, 4, gridspec_kw={"height_ratios": [1, 1.1]})
        for one, (name, trainings) in zip(axes[0], found["courses"].items(), strict=True):
            course = mean(trainings)
            draw_course(one, course)
            one.set_ylim(0, 1.05)
            if one is not axes[0, 0]:
                one.set_ylabel("")
                one.get_legend().remove()
            one.set_title(f"{FEW} pictures, remedy: {name}\ngap at the end {course.gap()[-1]:.1%}", fontsize=10)
        grid = axes[1, 0].get_gridspec()
        for one in axes[1]:
            one.remove()
        for half, metric in zip((slice(0, 2), slice(2, 4)), ("accuracy", "loss"), strict=True):
            one = figure.add_subplot(grid[1, half])
            draw_learning_curve(one, found["curve"], metric)
            one.set_title(f"{metric} against the number of training pictures, no remedy", fontsize=10)
        return figure


def main(arguments: Sequence[str] | None = None) -> dict[str, Any]:
    return _script.run(__file__, measure, draw, arguments)


if __name__ == "__main__":
    main()
