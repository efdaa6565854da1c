"""`gradus look invert`: what a layer keeps of a picture."""

from __future__ import annotations

from pathlib import Path

import click

from ._picture import opened, out_option, picture_of, run_argument, sample_option, write


@click.command(short_help="What each layer keeps of a picture: pictures that it takes for the same.")
@run_argument
@sample_option
@click.option("--layer", "layers", multiple=True, help="A layer's name; may be given again. By default all.")
@click.option("--steps", default=300, show_default=True, help="Of the gradient descent.")
@out_option
def invert(run: Path, sample: int, layers: tuple[str, ...], steps: int, out: Path | None) -> None:
    """Draw pictures that layers of RUN's model take for the same as a test picture, found by gradient descent."""
    from ... import draw, inspect

    experiment = opened(run)
    x, _ = picture_of(experiment, sample)
    names = layers or [r.name for r in inspect.run_through(experiment.model, x[None]) if "Dropout" not in repr(r.layer)]
    cells = [("picture", x)]
    for name in names:
        found = inspect.invert(experiment.model, x, name, steps=steps)
        click.echo(f"{name:16s} relative error of what the layer gives: {found.course[-1]:.1%}")
        cells.append((name, found.picture))
    rows = [("", cells[i : i + 7]) for i in range(0, len(cells), 7)]
    write(draw.picture_rows(rows), out, run, "invert")
