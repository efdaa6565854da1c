"""Approximation: curves built of ReLUs and of sigmoids, the error against the width, and straight pieces, counted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import _script
import numpy as np

import gradus
from gradus import datasets, draw, inspect, models, nn, optim
from gradus.nn import functional as F


def curve(x: np.ndarray) -> np.ndarray:
    """What is to be approximated: two waves, one of them quick."""
    return np.sin(np.pi * x) + 0.3 * np.sin(3 * np.pi * x)


STEEPEST = np.pi**2 + 0.3 * (3 * np.pi) ** 2  # of its second derivative, no more than this


def exact(fast: bool, say: Callable[..., None]) -> dict[str, Any]:
    """A curve of real data, weekly means of a page's views, as one hidden layer of ReLUs: exactly."""
    if fast:
        days = np.random.default_rng(0).normal(1000, 100, 8 * 7)
    else:
        train, _ = datasets.daily_views(history=1)
        days = np.asarray(train.target.inverse(train.arrays[0])).ravel()[-52 * 7 :]
    weeks = days.reshape(-1, 7).mean(axis=1)
    places = np.arange(len(weeks), dtype=np.float64)
    network = models.relu_curve(places, weeks)
    t = np.linspace(-1, len(weeks), 1000)
    y = network(gradus.tensor(t[:, None])).numpy().ravel()
    worst = float(np.abs(y - np.interp(t, places, weeks)).max())
    say(f"weekly views: {len(weeks)} points, {len(weeks)} ReLUs; largest difference {worst:.1e} of {weeks.max():,.0f}")
    return {"places": places, "weeks": weeks, "t": t, "y": y}


def errors(fast: bool, say: Callable[..., None]) -> dict[str, Any]:
    """The error (root mean square) against the width, built and trained."""
    widths = [4, 8] if fast else [4, 8, 16, 32, 64]
    found = {
        "built of ReLUs": inspect.built_fits(models.relu_curve, curve, widths),
        "built of sigmoids": inspect.built_fits(models.sigmoid_curve, curve, widths),
    }
    options = {"epochs": 2, "seeds": (0,)} if fast else {"epochs": 800, "seeds": (0, 1, 2)}
    for hidden in (1, 2):
        name = f"trained, {hidden} hidden layer{'s' * (hidden > 1)}"
        found[name] = inspect.trained_fits(curve, widths, hidden, **options)
    say(f"\nerror (rms)    {'':<16}" + "".join(f"{f'{w} units':>11}" for w in widths))
    for name, fits in found.items():
        say(f"{name:<31}" + "".join(f"{fit.rms:>11.4f}" for fit in fits))
    lines = {name: (widths, [fit.rms for fit in fits]) for name, fits in found.items()}
    bound = [STEEPEST * (2 / w) ** 2 / 8 for w in widths]
    say(f"{'bound max|f″| h² / 8':<31}" + "".join(f"{b:>11.4f}" for b in bound))
    return {"lines": {**lines, "bound of the ReLUs'": (widths, bound)}, "fits": found}


def random_pieces(depth: int, width: int, seeds: int, inputs: int = 1) -> float:
    """Pieces of networks with first values of He: of 1 input along a line from -10 to 10, of 2 over a square."""
    counts = []
    for seed in range(seeds):
        gradus.seed(seed)
        model = models.MLP([inputs, *[width] * depth, 1])
        for name, p in model.named_parameters():
            nn.init.kaiming_normal_(p) if name.endswith("weight") else nn.init.normal_(p)
        if inputs == 1:
            counts.append(len(inspect.line_pieces(model, [-10.0], [10.0])))
        else:
            counts.append(len(inspect.plane_pieces(model, [0, 0], [1, 0], [0, 1], (-10, 10), (-10, 10))))
    return float(np.mean(counts))


def growth(fast: bool, say: Callable[..., None]) -> dict[str, Any]:
    """Straight pieces against the number of units, for wide, deep, and the sawtooth networks."""
    depths = list(range(1, 5 if fast else 11))
    saw = [len(inspect.line_pieces(models.sawtooth(depth), [0.0], [1.0])) for depth in depths]
    say(f"\nsawtooth, depth {depths[0]} to {depths[-1]}: {', '.join(map(str, saw))} pieces, 2^depth each: "
        f"{saw == [2**depth for depth in depths]}")  # fmt: skip
    lines = {"sawtooth, 2 units a layer: 2^depth": ([2 * depth for depth in depths], saw)}
    units = [4, 8, 16] if fast else [4, 8, 16, 32, 64, 128]
    for depth in (1, 2, 4):
        counts = [random_pieces(depth, u // depth, 3 if fast else 20) for u in units]
        lines[f"{depth} hidden layer{'s' * (depth > 1)}, random"] = (units, counts)
        say(f"random, {depth} hidden: " + ", ".join(f"{u} units {c:.1f}" for u, c in zip(units, counts, strict=True)))
    for depth in (1, 2, 4):
        counts = [random_pieces(depth, u // depth, 3 if fast else 10, inputs=2) for u in units[:5]]
        say(f"over a square, {depth} hidden: "
            + ", ".join(f"{u} units {c:.1f}" for u, c in zip(units, counts, strict=False)))  # fmt: skip
    lines["1 hidden layer, at most"] = (units, [u + 1 for u in units])
    return lines


def pictures(fast: bool, say: Callable[..., None]) -> dict[str, Any]:
    """A network trained on pictures: its pieces on the way between test pictures, and over the plane through three."""
    train, test = datasets.digits() if fast else datasets.mnist()
    gradus.seed(0)
    model = models.MLP([train.arrays[0][0].size, *([16] if fast else [64, 64]), 10])
    x, y = test.arrays
    rng = np.random.default_rng(0)
    ways = rng.integers(0, len(x), (3 if fast else 30, 2))
    before = np.mean([len(inspect.line_pieces(model, *x[way])) for way in ways])
    trainer = gradus.Trainer(model, "cross_entropy", optim.Adam(model.parameters(), lr=1e-3))
    trainer.fit(train, epochs=1 if fast else 5, batch_size=64, progress=False)
    after = np.mean([len(inspect.line_pieces(model, *x[way])) for way in ways])
    right = trainer.evaluate(test)["accuracy"]
    say(f"\n{train.name}: {right:.1%} of the test pictures right; pieces between two of them, mean of {len(ways)}: "
        f"{before:.1f} before training, {after:.1f} after")  # fmt: skip
    a, b, c = (x[int(np.flatnonzero(y == digit)[0])] for digit in (3, 8, 5))
    line, plane = inspect.line_pieces(model, a, b), inspect.plane_pieces(model, a, b, c, (-0.5, 1.5), (-0.5, 1.5))
    say(f"from a 3 to an 8: {len(line)} pieces; over the plane through a 3, an 8 and a 5: {len(plane)}")
    t = np.linspace(0, 1, 400)
    middles = np.array([corners.mean(axis=0) for corners in plane.polygons])
    scores = plane.constant + middles[:, :1] * plane.along_u + middles[:, 1:] * plane.along_v
    probabilities = F.softmax(line(t)).numpy()
    return {
        "line": (t, probabilities, line.breaks),
        "plane": (plane.polygons, scores.argmax(1)),
        "names": train.classes,
    }


def measure(fast: bool, say: Callable[..., None]) -> dict[str, Any]:
    return {
        "exact": exact(fast, say),
        "errors": errors(fast, say),
        "growth": growth(fast, say),
        "pictures": pictures(fast, say),
    }


def sums() -> dict[str, tuple[Any, Any]]:
    """A curve of four pieces as the sum of hard sigmoids, each drawn by itself, and with soft ones."""
    x, y = np.array([0.0, 1.0, 2.0, 3.0, 4.0]), np.array([0.0, 2.0, 1.0, 3.0, 0.5])
    t = np.linspace(-0.5, 4.5, 500)
    lines = {
        "sum of hard sigmoids": (t, models.hard_sigmoid_curve(x, y)(gradus.tensor(t[:, None])).numpy().ravel()),
        "sum of sigmoids": (t, models.sigmoid_curve(x, y)(gradus.tensor(t[:, None])).numpy().ravel()),
    }
    for i in range(4):
        one = models.hard_sigmoid_curve(x[i : i + 2], y[i : i + 2] - y[i])
        lines[f"_{i}"] = (t, one(gradus.tensor(t[:, None])).numpy().ravel())
    return lines


def picture(found: dict[str, Any]) -> Any:
    with draw.styled():
        figure = draw.new_figure(12, 12)
        panels = figure.subplots(3, 2)
        e = found["exact"]
        draw.curve_panel(
            panels[0, 0], {f"network of {len(e['places'])} ReLUs": (e["t"], e["y"])},
            "Any curve of straight pieces, exactly", "week", "views a day, mean of the week",
            dots=(e["places"], e["weeks"]),
        )  # fmt: skip
        title = "A constant plus one hard sigmoid (thin) for each piece"
        draw.curve_panel(panels[0, 1], sums(), title, "x", "y")
        title = "More units, less error: sin πx + 0.3 sin 3πx"
        draw.error_panel(panels[1, 0], found["errors"]["lines"], title, "units in each hidden layer", "error (rms)")
        title = "Straight pieces: depth can double them, at random it does not"
        across = "units in all hidden layers"
        draw.error_panel(panels[1, 1], found["growth"], title, across, "straight pieces along a line")
        panels[1, 1].set_ylim(1, 20_000)
        names = found["pictures"]["names"]
        title = "Between two test pictures, a 3 and an 8"
        draw.line_panel(panels[2, 0], *found["pictures"]["line"], names, title, ("a 3", "an 8"))
        polygons, classes = found["pictures"]["plane"]
        marks = {"3": (0, 0), "8": (1, 0), "5": (0, 1)}
        title = f"The plane through three test pictures: {len(polygons):,} pieces"
        draw.plane_panel(panels[2, 1], polygons, classes, title, marks, names)
        panels[2, 1].set_xlabel("from the 3 to the 8")
        panels[2, 1].set_ylabel("from the 3 to the 5")
        return figure


def main(arguments: Sequence[str] | None = None) -> None:
    _script.run(__file__, measure, picture, arguments)


if __name__ == "__main__":
    main()
