"""The error surface, and how optimizers walk on it: a valley of two numbers, and a network's own surface."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

import _script
import numpy as np

import gradus
from gradus import datasets
from gradus.data import TensorDataset
from gradus.draw import BLUE, INK, ORANGE, PATH_COLOURS, RED, draw_path, new_figure, styled, surface_map
from gradus.errors import DivergedError
from gradus.functional import cross_entropy
from gradus.inspect import (
    BOOK_OPTIMIZERS,
    Surface,
    Trail,
    descend,
    loss_surface,
    principal_plane,
    random_directions,
    valley,
    zigzag,
)
from gradus.models import MLP
from gradus.optim import SGD, Adagrad, Adam, RMSprop

if TYPE_CHECKING:
    from matplotlib.figure import Figure

VALLEY_RATES = {"too small: 0.02": 0.02, "right: 0.6": 0.6, "too large: 1.02": 1.02}
NETWORK_RATES = {"too small: 0.001": 0.001, "right: 0.2": 0.2, "too large: 5": 5.0}
TRAINED_BY = {
    "SGD": lambda params: SGD(params, lr=0.1),
    "Momentum": lambda params: SGD(params, lr=0.02, momentum=0.9),
    "Adagrad": lambda params: Adagrad(params, lr=0.01),
    "RMSprop": lambda params: RMSprop(params, lr=1e-3),
    "Adam": lambda params: Adam(params, lr=1e-3),
}
PLACES = ("layers.0.weight[3,{middle}]", "layers.2.bias[0]")


class Found(NamedTuple):
    """Paths on the valley, for optimizers and for learning rates; three surfaces of a network; its losses by epoch."""

    paths: dict[str, np.ndarray]
    rates: dict[str, np.ndarray]
    plane: Surface
    trails: dict[str, np.ndarray]
    share: float
    random: Surface
    two: Surface
    losses: dict[str, list[float]]


def measure(fast: bool, say) -> Found:
    paths = {name: descend(valley, make) for name, make in BOOK_OPTIMIZERS.items()}
    say("30 steps on x^2/20 + y^2 from (-7, 2):")
    say(f"  {'':10s}turns back  path / distance  f at the end")
    for name, path in paths.items():
        z = zigzag(path)
        say(f"  {name:10s}{z.reversals:10.0%}{z.detour:17.2f}{valley(*gradus.tensor(path[-1])).item():14.4f}")
    rates = {name: descend(valley, lambda params, lr=lr: SGD(params, lr=lr)) for name, lr in VALLEY_RATES.items()}
    say(
        "SGD with learning rates: "
        + ", ".join(
            f"{name} leads to f = {valley(*gradus.tensor(path[-1])).item():.3g}" for name, path in rates.items()
        )
    )

    data, epochs, points = digits_or_clothes(fast)
    trails, losses = {}, {}
    for name, make in TRAINED_BY.items():
        model, trail, _ = trained(data, make, epochs)
        trails[name] = trail.places
    start = network(data)
    plane = principal_plane(start, trails)
    x, y = data.arrays
    x, y = x[:2000], y[:2000]
    a, b = (around([p[:, i] for p in plane.paths.values()], points) for i in range(2))
    walked = loss_surface(start, cross_entropy, x, y, plane.first, plane.second, a, b)
    side = np.linspace(-1, 1, points)
    random = loss_surface(model, cross_entropy, x, y, *random_directions(model), side, side)
    places = [p.format(middle=x[0].size // 2 + x.shape[-1] // 2) for p in PLACES]
    two = loss_surface(model, cross_entropy, x, y, *places, 8 * side, 8 * side)
    say(
        f"\nA network of {sum(p.size for p in start.parameters()):,} parameters on {len(data):,} pictures, "
        f"{epochs} epochs: the plane holds {plane.share:.0%} of the squared distances from the start"
    )
    for name, path in plane.paths.items():
        say(
            f"  {name:10s} ends {np.linalg.norm(trails[name][-1] - trails[name][0]):5.1f} from the start, "
            f"{np.linalg.norm(path[-1]):5.1f} on the plane"
        )
    say(
        f"  random directions: loss {random.loss.min():.3f} to {random.loss.max():.3f}; "
        f"two numbers: {two.loss.min():.3f} to {two.loss.max():.3f}"
    )
    for name, lr in NETWORK_RATES.items():
        *_, losses[name] = trained(data, lambda params, lr=lr: SGD(params, lr=lr), epochs)
        say(f"  SGD, learning rate {name:17s} training loss {losses[name][-1]:.3f} after {len(losses[name])} epochs")
    return Found(paths, rates, walked, plane.paths, plane.share, random, two, losses)


def digits_or_clothes(fast: bool) -> tuple[TensorDataset, int, int]:
    """The data, the epochs, and how many points a side of a surface has."""
    if fast:
        return datasets.digits().train, 3, 9
    x, y = datasets.fashion_mnist().train[:5000]
    return TensorDataset(x, y), 20, 41


def network(data: TensorDataset) -> MLP:
    """The same first weights each time."""
    gradus.seed(0)
    return MLP([data.arrays[0][0].size, 32, 10])


def trained(data: TensorDataset, make, epochs: int) -> tuple[MLP, Trail, list[float]]:
    """The network, where it was after each epoch, and the loss of each; one that diverges ends there."""
    model, trail = network(data), Trail()
    trainer = gradus.Trainer(model, "cross_entropy", make(list(model.parameters())))
    with suppress(DivergedError):
        trainer.fit(data, epochs=epochs, batch_size=50, callbacks=[trail], progress=False)
    return model, trail, [record["loss"] for record in trainer.history]


def around(values: list[np.ndarray], points: int) -> np.ndarray:
    """Coordinates from a little below all values to a little above."""
    low, high = np.concatenate(values).min(), np.concatenate(values).max()
    room = 0.2 * (high - low)
    return np.linspace(low - room, high + room, points)


# -- the picture -----------------------------------------------------------------------------------------------------


def draw(found: Found) -> Figure:
    with styled():
        figure = new_figure(11.0, 14.0)
        top, bottom = figure.subfigures(2, 1, height_ratios=[1, 1.28])
        top.suptitle("30 steps on f(x, y) = x²/20 + y² from the ring to the star; + is the minimum", fontsize=12)
        panels = top.subplots(2, 3).ravel()
        for i, (name, path) in enumerate(found.paths.items()):
            draw_valley(panels[i], {name: path}, PATH_COLOURS[i : i + 1])
            z = zigzag(path)
            panels[i].set_title(f"{name}: {z.reversals:.0%} of its turns go back", fontsize=11)
        draw_valley(panels[5], found.rates, (BLUE, ORANGE, RED))
        panels[5].set_title("SGD by its learning rate", fontsize=11)
        panels[5].legend(frameon=True, fontsize=8.5, loc="lower right")
        bottom.suptitle("A network learns clothes: how it walks, and the surface of its loss", fontsize=12)
        draw_network(figure, bottom.subplots(2, 2).ravel(), found)
        return figure


def draw_valley(axes, paths: dict[str, np.ndarray], colours) -> None:
    x, y = np.linspace(-10, 10, 81), np.linspace(-4.5, 4.5, 81)
    surface_map(axes, x, y, x**2 / 20 + y[:, None] ** 2 + 0.05, ("x", "y"))
    for (name, path), colour in zip(paths.items(), colours, strict=True):
        draw_path(axes, path, name, colour)
    axes.plot(0, 0, "+", color=INK, markersize=11, markeredgewidth=2)


def draw_network(figure, panels, found: Found) -> None:
    titles = (
        f"Trained by five optimizers (the plane holds {found.share:.0%} of the way)",
        "Around the trained network: two random directions",
        "Around it: two of its numbers",
    )
    for axes, s, title in zip(panels, (found.plane, found.random, found.two), titles, strict=False):
        first = s is found.plane
        drawn = surface_map(axes, *s[:4], None if first else s.start, found.trails if first else None)
        bar = figure.colorbar(drawn, ax=axes, shrink=0.9)
        bar.set_label("loss")
        bar.ax.set_yticks(drawn.levels[::4], [f"{v:.2g}" for v in drawn.levels[::4]])
        axes.set_title(title, fontsize=11)
    panels[0].legend(frameon=True, fontsize=9)
    for (name, losses), colour in zip(found.losses.items(), (BLUE, ORANGE, RED), strict=True):
        panels[3].semilogy(range(1, len(losses) + 1), losses, color=colour, marker="o", markersize=3.5, label=name)
    panels[3].set_yticks([0.3, 1, 3, 10], ["0.3", "1", "3", "10"])
    panels[3].set_yticks([], minor=True)
    panels[3].xaxis.get_major_locator().set_params(integer=True)
    panels[3].set_xlabel("epoch")
    panels[3].set_ylabel("training loss")
    panels[3].set_title("SGD by its learning rate, on the network", fontsize=11)
    panels[3].legend(frameon=False)


def main(arguments=None):
    return _script.run(__file__, measure, draw, arguments)


if __name__ == "__main__":
    main()
