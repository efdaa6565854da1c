"""Where a network looks: occlusion maps, saliency and Grad-CAM of test pictures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import _script
import numpy as np
from _colour_network import trained

from gradus import draw, inspect, nn, no_grad, tensor
from gradus.functional import softmax

Rows = list[tuple[str, list[tuple[str, np.ndarray]]]]


def measure(fast: bool, say: Callable[..., None]) -> Rows:
    model, test = trained(fast, say)
    x, y = test.arrays
    with no_grad():
        p = softmax(model(tensor(x)), axis=1).numpy()
    own = p[np.arange(len(y)), y]
    sure = [int(np.where(y == c, abs(own - 0.9), 1).argmin()) for c in range(10)]  # of each class, but not too sure
    side = x.shape[2] // 4
    say(f"\nA grey square of {side}x{side} pixels is slid over each picture; the probability of its class:")
    say(f"{'picture':11s} {'whole':>7s} {'lowest':>7s}  with the square at")
    order = [0, 3] if fast else [7, 5, 8, 1]
    return [looked_at(model, x[sure[c]], c, test.classes[c], own[sure[c]], side, say) for c in order]


def looked_at(
    model: nn.Module, x: np.ndarray, target: int, name: str, p: float, side: int, say: Callable[..., None]
) -> tuple[str, list[tuple[str, np.ndarray]]]:
    """A picture and its three maps."""
    hidden = inspect.occlusion(model, x, target, side)
    row, column = np.unravel_index(hidden.argmin(), hidden.shape)
    say(f"{name:11s} {p:7.1%} {hidden.min():7.1%}  row {row}, column {column}")
    worst = x.copy()
    top, left = max(row - side // 2, 0), max(column - side // 2, 0)
    worst[:, top : row - side // 2 + side, left : column - side // 2 + side] = 0.5
    return "", [
        (f"{name}: {p:.0%}", x),
        (f"occlusion: dark {hidden.min():.0%}, light {hidden.max():.0%}", hidden),
        (f"hidden here: {hidden.min():.0%}", worst),
        ("saliency: light counts", inspect.saliency(model, x[None], target)[0]),
        ("Grad-CAM: light counts", inspect.grad_cam(model, x[None], target)[0]),
    ]


def picture(rows: Rows) -> Any:
    return draw.picture_rows(rows, side=2.0)


def main(arguments: Any = None) -> Any:
    return _script.run(__file__, measure, picture, arguments)


if __name__ == "__main__":
    main()
