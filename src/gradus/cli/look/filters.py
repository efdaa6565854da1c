"""`gradus look filters`: the filters of a convolution, before and after training."""

from __future__ import annotations

from pathlib import Path

import click

from ._picture import opened, out_option, run_argument, write


@click.command(short_help="The filters of a convolution, before and after training.")
@run_argument
@click.option("--layer", help="The convolution's name, as features.3; by default the first.")
@out_option
def filters(run: Path, layer: str | None, out: Path | None) -> None:
    """Draw the filters of a convolution of RUN, as they were before training and as they are."""
    from ... import draw, inspect, models, random

    experiment = opened(run)
    after = inspect.filters(experiment.model, layer)
    random.seed(experiment.recipe.seed)  # the same first weights again
    new = models.build(experiment.recipe.model, experiment.preprocessing.input_shape, experiment.preprocessing.outputs)
    before = inspect.filters(new, layer)
    n, c, h, w = after.shape
    click.echo(f"{n} filters of {c} channels, {h}x{w}")
    for name, weights in (("before", before), ("after", after)):
        click.echo(f"{name:7s} standard deviation {weights.std():.4f}, largest {abs(weights).max():.4f}")
    write(draw.filters({"before training": before, "after training": after}), out, run, "filters")
