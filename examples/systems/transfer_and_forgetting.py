"""Transfer and forgetting: features of one task help another with few samples; learning it wipes the first one out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import _script
import numpy as np

import gradus
from gradus import Trainer, datasets, nn, optim
from gradus.data import TensorDataset
from gradus.datasets import Splits
from gradus.draw import draw_few_samples, draw_in_turn, new_figure, styled
from gradus.inspect import learn_in_turn, learning_curve
from gradus.models import ConvNet
from gradus.train import transferred

if TYPE_CHECKING:
    from matplotlib.figure import Figure

KEPT = 100  # samples of the first task that rehearsal mixes in


def only(splits: Splits, labels: range, first: int = 0) -> Splits:
    """The pictures of some classes, labelled from `first` on."""
    parts = []
    for part in splits:
        x, y = part.arrays
        chosen = np.isin(y, labels)
        parts.append(TensorDataset(x[chosen], y[chosen] - labels.start + first, classes=part.classes[first:]))
    return Splits(*parts)


def trainer_of(model: nn.Module, lr: float = 1e-3) -> Trainer:
    return Trainer(model, "cross_entropy", optim.Adam(model.parameters(), lr=lr))


def transfer(old: Splits, new: Splits, classes: int, fast: bool) -> dict[str, Any]:
    """Test accuracy on the new task, by the number of its samples, from scratch and with the old task's features."""
    sizes, steps, repeats = ([10, 100], 20, 1) if fast else ([10, 30, 100, 300, 1000, 3000], 300, 3)
    size = old.train.arrays[0].shape[2:]
    gradus.seed(0)
    known = ConvNet(1, size, 10)
    trainer_of(known).fit(old.train, epochs=4 if fast else 3, batch_size=64, progress=False)
    ways: dict[str, Callable[[], nn.Module]] = {
        "from scratch": lambda: ConvNet(1, size, classes),
        "features frozen": lambda: transferred(known, classes),
        "fine-tuned": lambda: transferred(known, classes, frozen=False),
    }
    curves = {
        name: learning_curve(lambda make=make: trainer_of(make()), new.train, new.test, sizes, steps, 50, repeats)
        for name, make in ways.items()
    }
    return {"sizes": sizes, "accuracy": {name: curve.test["accuracy"] for name, curve in curves.items()}}


def forgetting(tasks: dict[str, Splits], kept: int, fast: bool) -> Any:
    """Two tasks, one after the other, by one network with one set of outputs."""
    gradus.seed(0)
    size = next(iter(tasks.values())).train.arrays[0].shape[2:]
    looks, lr, batch_size = (4, 3e-3, 16) if fast else (20, 1e-3, 64)
    return learn_in_turn(trainer_of(ConvNet(1, size), lr), tasks, looks, kept, batch_size)


def measure(fast: bool, say: Callable[..., None]) -> dict[str, Any]:
    digits = datasets.digits() if fast else datasets.mnist()
    low, high = only(digits, range(5)), only(digits, range(5, 10))
    pairs = {"digits 0-4, then digits 5-9": (low, high, 5)}
    tasks = {"digits 0-4": low, "digits 5-9": only(digits, range(5, 10), first=5)}
    if not fast:
        pairs["Fashion-MNIST, then digits"] = (datasets.fashion_mnist(), digits, 10)
    found: dict[str, Any] = {"transfer": {}, "forgetting": {}}
    for title, (old, new, classes) in pairs.items():
        found["transfer"][title] = table = transfer(old, new, classes, fast)
        say(f"{title}: test accuracy on the new task, by the number of its training samples")
        say(f"  {'':16}" + "".join(f"{n:>8,}" for n in table["sizes"]))
        for way, accuracy in table["accuracy"].items():
            say(f"  {way:16}" + "".join(f"{a:8.1%}" for a in accuracy.mean(axis=1)))
    for title, kept in {"nothing of the first is seen again": 0, f"{KEPT} of the first are mixed in": KEPT}.items():
        found["forgetting"][title] = course = forgetting(tasks, kept, fast)
        first, second = (values["accuracy"] for values in course.values.values())
        turn = int(np.flatnonzero(course.at == course.starts["digits 5-9"])[0])
        say(f"digits 0-4, then 5-9; {title}:")
        say(f"  digits 0-4: {first[turn]:.1%} after their turn, then {first[turn + 1]:.1%} at the next look")
        say(f"  at the end digits 0-4: {first[-1]:.1%}, digits 5-9: {second[-1]:.1%}")
    return found


def draw(found: dict[str, Any]) -> Figure:
    with styled():
        figure = new_figure(12, 8.4)
        axes = figure.subplots(2, 2)
        for one, (title, table) in zip(axes[0], found["transfer"].items(), strict=False):
            draw_few_samples(one, table["sizes"], table["accuracy"])
            one.set_title(f"Transfer: {title}\n(band: lowest to highest of the repeats)")
        for one in axes[0, len(found["transfer"]) :]:
            one.remove()
        for one, (title, course) in zip(axes[1], found["forgetting"].items(), strict=True):
            draw_in_turn(one, course)
            one.set_title(f"Forgetting: {title}", pad=34)
        return figure


def main(arguments: Sequence[str] | None = None) -> dict[str, Any]:
    return _script.run(__file__, measure, draw, arguments)


if __name__ == "__main__":
    main()
