"""Attacks: pictures changed so little that a person sees no difference, or in one pixel, and the network is fooled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import _script
import numpy as np

import gradus
from gradus import Trainer, datasets, optim
from gradus.data import Subset
from gradus.draw import draw_attack, new_figure, styled, success_rates
from gradus.inspect import fgsm, one_pixel, pgd
from gradus.models import ConvNet

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHOWN = 4  # examples of each attack
TITLES = {"digits": "Digits", "mnist": "MNIST", "fashion_mnist": "Fashion-MNIST"}


def trained(train: Any, epochs: int) -> Trainer:
    """A small convolutional network that reads the pictures of a data set."""
    gradus.seed(0)
    _, channels, *size = train.arrays[0].shape
    model = ConvNet(channels, tuple(size))
    trainer = Trainer(model, "cross_entropy", optim.Adam(model.parameters(), lr=1e-3))
    trainer.fit(train, epochs=epochs, batch_size=64, progress=False)
    return trainer


def measure(fast: bool, say: Callable[..., None]) -> dict[str, Any]:
    eps = [0.0, 0.1, 0.2] if fast else [0.0, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3]
    names, epochs, many, few = (["digits"], 5, 100, 6) if fast else (["mnist", "fashion_mnist"], 3, 1000, 50)
    found: dict[str, Any] = {"eps": eps, "rates": {}, "examples": {}, "pixels": {}}
    for name in names:
        train, test = datasets.load(name)
        trainer = trained(train, epochs)
        model, title = trainer.model, TITLES[name]
        say(f"{title}: test accuracy {trainer.evaluate(test)['accuracy']:.1%}; {many:,} test pictures attacked")
        x, y = Subset(test, np.arange(many)).arrays
        strong = {e: pgd(model, x, y, e) for e in eps}
        rates = {
            "FGSM, one step": [fgsm(model, x, y, e).success_rate for e in eps],
            "PGD, 20 steps": [attack.success_rate for attack in strong.values()],
        }
        say("  fooled with eps  " + "".join(f"{e:8g}" for e in eps))
        for attack, shares in rates.items():
            say(f"  {attack:16} " + "".join(f"{s:8.1%}" for s in shares))
        steps = 20 if fast else 100
        single, three = (one_pixel(model, x[:few], y[:few], pixels=k, steps=steps) for k in (1, 3))
        pixels = single.success_rate, three.success_rate
        say(f"  of {few} pictures by one pixel of {x[0, 0].size}: {pixels[0]:.1%}, by three: {pixels[1]:.1%}")
        found["rates"][title] = rates | {"pixels": pixels}
        shown = "one pixel" if single.fooled.sum() >= SHOWN else "three pixels"
        found["examples"][title] = [strong[0.1], single if shown == "one pixel" else three]
        found["pixels"][title] = shown
        found["classes"] = found.get("classes", {}) | {title: train.classes}
    return found


def draw(found: dict[str, Any]) -> Figure:
    with styled():
        figure = new_figure(12, 4.6 * len(found["rates"]))
        rows = np.atleast_1d(figure.subfigures(len(found["rates"]), 1, hspace=0.03))
        for row, (name, rates) in zip(rows, found["rates"].items(), strict=True):
            left, middle, right = row.subfigures(1, 3, width_ratios=[1, 1.25, 1.25], wspace=0.02)
            axes = left.add_subplot()
            success_rates(axes, found["eps"], {k: v for k, v in rates.items() if k != "pixels"})
            share = "by one pixel {:.0%}, by three {:.0%}".format(*rates["pixels"])
            axes.set_title(f"{name}: how often it is fooled\n({share})", fontsize=10)
            titles = "PGD, each pixel by up to 0.1", f"{found['pixels'][name]}, by any amount"
            for part, attack, title in zip((middle, right), found["examples"][name], titles, strict=True):
                shown = np.flatnonzero(attack.fooled)[:SHOWN]
                if len(shown):
                    kept = (a[shown] for a in (attack.x, attack.attacked, attack.before, attack.after))
                    draw_attack(part, *kept, found["classes"][name])
                part.suptitle(f"{name}: {title}", fontsize=10)
        return figure


def main(arguments: Sequence[str] | None = None) -> dict[str, Any]:
    return _script.run(__file__, measure, draw, arguments)


if __name__ == "__main__":
    main()
