"""What a layer has learned: deconvolution, inversion, and the pictures that excite features and classes most."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import _script
import numpy as np
from _colour_network import LAYERS, step, trained

from gradus import draw, inspect, nn
from gradus.data import read_image

Cells = list[tuple[str, np.ndarray]]
Rows = list[tuple[str, Cells]]
COLUMNS = 8
FEATURES = (("2", 1), ("6", 2), ("6", 4), ("10", 2), ("10", 4))  # that are followed back: layer, and which
KEPT = ("2", "3", "6", "7", "10", "11")  # the layers that are inverted
COMPILED_FROM = 50  # steps; for fewer, making the program takes longer than it saves


def measure(fast: bool, say: Callable[..., None]) -> Rows:
    model, test = trained(fast, say)
    x, _ = test.arrays
    say("\nDeconvolution: the four strongest activations of a feature")
    rows = [excited(model, x, layer, feature, say) for layer, feature in FEATURES]
    steps = 8 if fast else 400
    rows.append(("inversion", inverted(model[:12], photo(x[0], fast), ("0", *KEPT), steps, say)))
    rows.append(("inversion", inverted(model, x[7], (*KEPT, "14"), steps, say)))
    say("\nMaximised: the activation by a grey picture with noise, and by the picture found")
    wanted = [(f"layer {layer}, feature {unit}", layer, unit, 20.0) for layer in LAYERS[1:] for unit in (1, 2, 5)]
    wanted += [(name, None, unit, 400.0) for unit, name in enumerate(test.classes)]
    found = [maximised(model, x.shape[1:], *what, 8 if fast else 200, say) for what in wanted[:: 3 if fast else 1]]
    return rows + [("maximised", found[i : i + COLUMNS]) for i in range(0, len(found), COLUMNS)]


def excited(model: nn.Module, x: np.ndarray, layer: str, feature: int, say: Callable[..., None]) -> tuple[str, Cells]:
    """The patches that excite a feature most, each beside what the way back through the network leaves of it."""
    best = inspect.strongest(model, x, layer, feature, COLUMNS // 2)
    found = inspect.deconvolution(model, x[best], layer, feature)
    cells: Cells = []
    for number, back, activation in zip(best, found.pictures, found.activations, strict=True):
        seen = inspect.extent(back)
        cells.append((f"activation {activation:.1f}", square(x[number], *seen)))
        cells.append(("what excites", square(draw.contrast(back), *seen)))
    say(f"layer {layer:>2s}, feature {feature}:", *(f"{a:.2f}" for a in found.activations))
    return "{}, {}\nlayer {}\nfeature {}".format(*step(model, layer), layer, feature), cells


def square(picture: np.ndarray, rows: slice, columns: slice) -> np.ndarray:
    """A part of a picture; where it was cut off at the border, white makes it a square."""
    part = picture[:, rows, columns]
    missing = [max(part.shape[1:]) - length for length in part.shape[1:]]
    return np.pad(part, [(0, 0), *((0, n) for n in missing)], constant_values=1.0)


def inverted(stack: Any, x: np.ndarray, layers: tuple[str, ...], steps: int, say: Callable[..., None]) -> Cells:
    """Pictures that layers take for this one."""
    say(f"\nInversion of a picture of {x.shape[1]}x{x.shape[2]} pixels, {steps} steps: the relative error of what the")
    say("layer gives, and the root mean square difference of the pixels")
    cells = [("the picture", x)]
    for layer in layers:
        found = inspect.invert(stack, x, layer, steps, compile=steps > COMPILED_FROM)
        apart = np.sqrt(((found.picture - x) ** 2).mean())
        block, kind = step(stack, layer)
        say(f"layer {layer:>2s}, {block}, {kind:14s} {found.course[-1]:7.1%} {apart:7.3f}")
        cells.append((f"{layer}: {block},\n{kind}", found.picture))
    return cells


def maximised(
    model: nn.Module,
    shape: Any,
    name: str,
    layer: str | None,
    unit: int,
    variation: float,
    steps: int,
    say: Callable[..., None],
) -> tuple[str, np.ndarray]:
    """The picture that excites a unit most."""
    compiled = steps > COMPILED_FROM
    found = inspect.maximise(model, shape, unit, layer, steps, variation=variation, compile=compiled)
    say(f"{name:19s} {found.course[0]:6.2f} -> {found.course[-1]:.2f}")
    return name.replace("feature", "\nfeature"), found.picture


def photo(otherwise: np.ndarray, fast: bool) -> np.ndarray:
    """The head of a cat, photos/chelsea.png of $GRADUS_DATA, where it is there."""
    path = Path(os.environ.get("GRADUS_DATA", ".")) / "photos" / "chelsea.png"
    if fast or not path.exists():
        return otherwise
    return read_image(path, size=(100, 150))[:, 2:98, 24:120]


def picture(rows: Rows) -> Any:
    return draw.picture_rows(rows, side=1.0)


def main(arguments: Any = None) -> Any:
    return _script.run(__file__, measure, picture, arguments)


if __name__ == "__main__":
    main()
