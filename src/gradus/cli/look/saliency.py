"""`gradus look saliency`: which parts of a picture a classifier's answer depends on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
import numpy as np

from ...errors import ArgumentError
from ._picture import guess, opened, out_option, picture_of, run_argument, sample_option, write

if TYPE_CHECKING:
    from ...nn import Module

METHODS = ("saliency", "gradcam", "occlusion", "deconvolution")
OF_MAPS = ("gradcam", "deconvolution")  # they look at what a convolution gives


@click.command(short_help="Which parts of a picture the answer depends on.")
@run_argument
@sample_option
@click.option("--method", "methods", type=click.Choice(METHODS), multiple=True, help="Default: all that it allows.")
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
    classes = experiment.preprocessing.classes or ()
    chosen, left_out = _chosen(experiment.model, methods, layer)
    x, target = picture_of(experiment, sample)
    looks = [(m, *_look(experiment.model, x, target, m, layer, feature, size)) for m in chosen]
    seen, p = guess(experiment, x)
    click.echo(f"Test picture {sample}: {classes[target]}; seen as {classes[seen]}, {p:.1%}")
    cells = [(classes[target], x)]
    for method, shown, line in looks:
        click.echo(f"{method:13s}  {line}")
        cells.append((method, shown))
    if left_out:
        click.echo(left_out)
    write(draw.picture_rows([("", cells)], side=2.2), out, run, "saliency")


def _chosen(model: Module, methods: tuple[str, ...], layer: str | None) -> tuple[tuple[str, ...], str]:
    """The methods asked for, or all that the model allows, and a line about those left out."""
    from ... import inspect
    from ...nn import Conv2d

    if layer is not None:
        inspect.layer_output(model, layer)  # refuses an unknown one
    if any(isinstance(part, Conv2d) for part in model.modules()):
        return methods or METHODS, ""
    kind = type(model).__name__
    others = tuple(m for m in METHODS if m not in OF_MAPS)
    refused = [m for m in methods if m in OF_MAPS]
    if refused:
        raise ArgumentError(
            f"look saliency: {' and '.join(refused)} cannot be drawn: {kind} has no convolution. Take --method "
            f"{' or --method '.join(others)}, or a convolutional network, as lenet."
        )
    return methods or others, "" if methods else f"Left out: {' and '.join(OF_MAPS)}: {kind} has no convolution"


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
