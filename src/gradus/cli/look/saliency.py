"""`gradus look saliency`: which parts of a picture a classifier's answer depends on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
import numpy as np

from ._picture import guess, opened, out_option, picture_of, run_argument, sample_option, write

if TYPE_CHECKING:
    from ...nn import Module

METHODS = ("saliency", "gradcam", "occlusion", "deconvolution")


@click.command(short_help="Which parts of a picture the answer depends on.")
@run_argument
@sample_option
@click.option("--method", "methods", type=click.Choice(METHODS), multiple=True, help="One or more; default: all.")
@click.option("--layer", help="Of gradcam and deconvolution: the layer's name; by default the last with maps.")
@click.option("--feature", type=int, help="Of deconvolution: which map of the layer; by default the most active.")
@click.option("--size", default=8, show_default=True, help="Of occlusion: the side of the grey square, in pixels.")
@out_option
def saliency(
    run: Path,
    sample: int,
    methods: tuple[str, ...],
    layer: str | None,
    feature: int | None,
    size: int,
    out: Path | None,
) -> None:
    """Draw what in a test picture speaks for its true class, to the model of RUN."""
    from ... import draw

    experiment = opened(run)
    classes = experiment.facts.classes or ()
    x, target = picture_of(experiment, sample)
    seen, p = guess(experiment, x)
    click.echo(f"Test picture {sample}: {classes[target]}; seen as {classes[seen]}, {p:.1%}")
    cells = [(classes[target], x)]
    for method in methods or METHODS:
        shown, line = _look(experiment.model, x, target, method, layer, feature, size)
        click.echo(f"{method:13s}  {line}")
        cells.append((method, shown))
    write(draw.picture_rows([("", cells)], side=2.2), out, run, "saliency")


def _look(
    model: Module, x: np.ndarray, target: int, method: str, layer: str | None, feature: int | None, size: int
) -> tuple[np.ndarray, str]:
    """What a method gives, to be drawn, and a line about it."""
    from ... import draw, inspect

    if method == "occlusion":
        map_ = inspect.occlusion(model, x, target, size)
        i, j = np.unravel_index(map_.argmin(), map_.shape)
        return map_, f"the true class falls to {map_.min():.1%} with the square at row {i}, column {j}"
    if method == "deconvolution":
        layer = layer or inspect.last_maps(model, x[None])
        feature = inspect.most_active(model, x, layer) if feature is None else feature
        found = inspect.deconvolution(model, x[None], layer, feature)
        i, j = found.places[0]
        line = f"{layer}, feature {feature}: {found.activations[0]:.3g} at row {i}, column {j}"
        return draw.contrast(found.pictures[0]), line
    map_ = inspect.saliency(model, x[None], target)[0]
    if method == "gradcam":
        map_ = inspect.grad_cam(model, x[None], target, layer)[0]
    i, j = np.unravel_index(map_.argmax(), map_.shape)
    return map_, f"largest, {map_.max():.3g}, at row {i}, column {j}"
