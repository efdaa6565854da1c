"""The picture of docs/examples.md: what the programs have to show, in panels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradus import draw

from .record import ROOT, RUNS

PICTURE = ROOT / "docs" / "pictures" / "examples.png"
Shown = dict[str, np.ndarray]


def draw_sheet() -> None:
    """Draw a panel for each program that has left something to show, and write the picture."""
    panels = {name: panel for name, panel in PANELS.items() if (RUNS / f"{name}.npz").exists()}
    if not panels:
        return
    columns = 4
    with draw.styled():
        figure = draw.new_figure(13, 3.2 * -(-len(panels) // columns))
        grid = figure.subplots(-(-len(panels) // columns), columns, squeeze=False).ravel()
        for axes in grid:
            axes.set_axis_off()
        for axes, (name, (title, panel)) in zip(grid, panels.items(), strict=False):
            with np.load(RUNS / f"{name}.npz") as kept:
                panel(axes, dict(kept))
            axes.set_title(title, fontsize=10)
        PICTURE.parent.mkdir(exist_ok=True)
        draw.save_png(figure, PICTURE)


def _points(axes: Any, kept: Shown) -> None:
    axes.scatter(*kept["shown"].T, s=2, color=draw.BLUE, alpha=0.5, linewidths=0)
    axes.set_aspect("equal")


def _labelled(axes: Any, kept: Shown) -> None:
    """Codes in the plane of their two widest directions, coloured by what they are."""
    codes = kept["shown"] - kept["shown"].mean(axis=0)
    plane = codes @ np.linalg.svd(codes, full_matrices=False)[2][:2].T
    for colour, digit in zip((draw.BLUE, draw.ORANGE, draw.GREEN), np.unique(kept["new_y"]), strict=True):
        axes.scatter(*plane[kept["new_y"] == digit].T, s=2, color=colour, alpha=0.5, linewidths=0)
        axes.text(*plane[kept["new_y"] == digit].mean(axis=0), str(digit), fontsize=14, weight="bold")


def _map(axes: Any, kept: Shown) -> None:
    axes.imshow(kept["shown"], cmap="Blues", aspect="auto")


def _letters(axes: Any, kept: Shown) -> None:
    _map(axes, kept)
    axes.set_axis_on()
    letters = [".", *map(chr, range(ord("a"), ord("z") + 1))]
    axes.set_xticks(range(27), letters, fontsize=6)
    axes.set_yticks(range(27), letters, fontsize=6)
    axes.tick_params(length=0)


def _digits(axes: Any, kept: Shown) -> None:
    side = int(kept["shown"].shape[1] ** 0.5)
    draw.image_grid(axes, kept["shown"].reshape(-1, side, side), 8)


def _rows(axes: Any, kept: Shown) -> None:
    draw.image_grid(axes, kept["shown"].reshape(3, 10, 28, 28)[:, :8].reshape(-1, 28, 28).clip(0, 1), 8)


def _photographs(axes: Any, kept: Shown) -> None:
    pictures = kept["shown"].transpose(0, 2, 3, 1)
    axes.imshow(np.concatenate([np.concatenate(pictures[:2], axis=1), pictures[2].repeat(2, axis=0).repeat(2, axis=1)]))


def _series(axes: Any, kept: Shown) -> None:
    for key, colour, name in (("true", draw.INK, "measured"), ("shown", draw.ORANGE, "foretold")):
        axes.plot(kept[key][-120:], color=colour, linewidth=1, label=name)
    axes.legend(frameon=False, fontsize=8)


def _curve(axes: Any, kept: Shown) -> None:
    axes.set_axis_on()
    axes.plot(kept["shown"], color=draw.BLUE)
    axes.set_ylim(bottom=0)


def _members(axes: Any, kept: Shown) -> None:
    """Who met whom, and on whose side the network thinks they are."""
    met, said = kept["adjacency"] - np.eye(len(kept["adjacency"])) > 0, kept["shown"]
    place = _places(met)
    for i, j in np.argwhere(np.triu(met, 1)):
        axes.plot(*place[[i, j]].T, color="#bbbbbb", linewidth=0.6, zorder=1)
    axes.scatter(*place.T, c=said, cmap="coolwarm", vmin=0, vmax=1, s=40, zorder=2, edgecolors=draw.INK, linewidths=0.5)


def _places(met: np.ndarray) -> np.ndarray:
    """Points of the plane about as far apart as the ways between them are long (classical scaling), a little moved."""
    ways = np.where(met, 1.0, np.inf)
    np.fill_diagonal(ways, 0)
    for middle in range(len(ways)):
        ways = np.minimum(ways, ways[:, [middle]] + ways[[middle]])
    centred = np.eye(len(ways)) - 1 / len(ways)
    values, vectors = np.linalg.eigh(-centred @ ways**2 @ centred / 2)
    return vectors[:, -2:] * np.sqrt(values[-2:]) + np.random.default_rng(0).normal(0, 0.12, (len(ways), 2))


def _written(axes: Any, kept: Shown) -> None:
    lines = str(kept["shown"]).strip().splitlines()[:14]
    axes.text(0, 1, "\n".join(line[:42] for line in lines), va="top", family="monospace", fontsize=6.5,
              transform=axes.transAxes)  # fmt: skip


PANELS: dict[str, tuple[str, Callable[[Any, Shown], None]]] = {
    "numbers/graph_network": ("graph_network: two sides of a club", _members),
    "numbers/policy_gradient": ("policy_gradient: steps a pole stays up", _curve),
    "numbers/gan": ("gan: points made of noise", _points),
    "numbers/diffusion": ("diffusion: points made of noise", _points),
    "numbers/forecast": ("forecast: views of a page, last 120 days", _series),
    "pictures/siamese": ("siamese: digits never seen in training", _labelled),
    "pictures/denoising": ("denoising: clean, noisy, mended", _rows),
    "pictures/vae": ("vae: digits made of noise", _digits),
    "pictures/style_transfer": ("style_transfer: photograph, style, both", _photographs),
    "text/bigram": ("bigram: which letter follows which", _letters),
    "text/shakespeare": ("shakespeare: written letter by letter", _written),
    "text/dates": ("dates: where the writer looks", _map),
}
