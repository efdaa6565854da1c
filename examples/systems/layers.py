"""What a layer does: y = a(W x + b) as rotation, scaling, rotation, translation, bending, until a line separates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import _script
import numpy as np

import gradus
from gradus import data, draw, inspect, models, nn, optim

TASKS = {
    "moons": (data.moons, [2, 2, 2, 2, 2], 0.02),
    "rings": (data.rings, [2, 3, 2, 2], 0.02),
    "spirals": (data.spirals, [2, 32, 32, 2, 2], 0.01),
}


class Found(NamedTuple):
    """A network that untangled its data, and where they and a grid are after each step."""

    data: data.TensorDataset
    trained: inspect.Untangled
    stages: list[inspect.Stage]
    grids: list[np.ndarray]
    plane: inspect.Plane


def train(name: str, n: int) -> Found:
    make, sizes, lr = TASKS[name]
    points = make(n)
    gradus.seed(0)
    model = models.MLP(sizes, nn.Tanh)
    trained = inspect.untangle(model, optim.Adam(model.parameters(), lr=lr), points)
    grid = inspect.grid_lines(lines=7)
    moved = inspect.network_stages(model, grid.reshape(-1, 2))
    grids = [stage.points.reshape(*grid.shape[:2], -1) for stage in moved]
    x = points.arrays[0]
    plane = inspect.decision_plane(model, (-2.3, 2.3), (-2.3, 2.3))
    return Found(points, trained, inspect.network_stages(model, x), grids, plane)


def measure(fast: bool, say: Callable[..., None]) -> dict[str, Found]:
    found = {}
    for name in ("rings",) if fast else TASKS:
        found[name] = one = train(name, 80 if fast else 300)
        x, y = one.data.arrays
        sizes = " - ".join(map(str, TASKS[name][1]))
        say(f"{name}: {len(x)} points, layers {sizes}, {one.trained.epochs} epochs, {one.trained.accuracy:.1%} right")
        layers = ["the data", *(f"behind hidden layer {i}" for i in range(1, len(one.trained.margins)))]
        for where, margin in zip(layers, one.trained.margins, strict=True):
            how = f"a straight boundary, margin {margin.gamma:.4f}" if margin.separable else "NO straight boundary"
            say(f"  {where:<24}{how}")
        last = inspect.hidden_points(one.trained.model, x)[-1]
        say(f"  a perceptron on the last: {models.Perceptron(last.shape[1]).learn(last, y).message}")
    return found


def panels(one: Found, layer: int) -> list[draw.Panel]:
    """The points before a layer, and after each of its steps."""
    y = one.data.arrays[1]
    first = next(i for i, stage in enumerate(one.stages) if stage.layer == layer)
    last_hidden = len(one.trained.margins) - 2
    drawn = []
    for i in range(first - 1, first + 5):
        stage = one.stages[i]
        title = f"{stage.name} {stage.detail.replace(' dimensions', '-D')}"
        if i < first:
            title = "data" if layer == 0 else f"from layer {layer}"
        ends = layer == last_hidden and i == first + 4
        margin = one.trained.margins[-1]
        line = (margin.weight, margin.bias) if ends else None
        drawn.append(draw.Panel(title, stage.points, y, one.grids[i], line))
    return drawn


def spirals(one: Found) -> list[draw.Panel]:
    """The decision boundary in the plane, and each hidden layer along its two widest directions."""
    x, y = one.data.arrays
    plane = one.plane
    drawn = [draw.Panel("how the plane is divided", x, y, plane=(plane.x, plane.y, plane.predicted))]
    for i, points in enumerate(inspect.hidden_points(one.trained.model, x)[1:], 1):
        centred = points - points.mean(axis=0)
        flat = centred @ np.linalg.svd(centred, full_matrices=False)[2][:2].T if points.shape[1] > 2 else points
        seen = f": 2 of {points.shape[1]} dimensions" if points.shape[1] > 2 else ": a line separates"
        margin = one.trained.margins[-1]
        line = None if points.shape[1] > 2 else (margin.weight, margin.bias)
        drawn.append(draw.Panel(f"layer {i}{seen}", flat, y, boundary=line))
    return drawn


def picture(found: dict[str, Found]) -> Any:
    rows = []
    if "moons" in found:
        rows += [(f"moons, layer {i + 1}: 2 → 2, the plane is bent", panels(found["moons"], i)) for i in range(3)]
    rows.append(("rings, layer 1: 2 → 3, up into space", panels(found["rings"], 0)))
    rows.append(("rings, layer 2: 3 → 2, and down again, where a line separates them", panels(found["rings"], 1)))
    if "spirals" in found:
        rows.append(("spirals, through 32 - 32 - 2 units", spirals(found["spirals"])))
    note = (
        "Axes: the two or three numbers that each point consists of, without unit. Colours: the two classes.\n"
        "Grey: a square grid that goes the same way. Red: the line with the widest margin."
    )
    return draw.point_panels(rows, size=1.75, note=note)


def main(arguments: Sequence[str] | None = None) -> None:
    _script.run(__file__, measure, picture, arguments)


if __name__ == "__main__":
    main()
