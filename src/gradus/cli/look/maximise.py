"""`gradus look maximise`: the pictures that excite the classes, or a layer's features, most."""

from __future__ import annotations

from pathlib import Path

import click

from ._picture import opened, out_option, run_argument, write

MOST = 16  # units that are drawn


@click.command(short_help="The pictures that excite the classes, or a layer's features, most.")
@run_argument
@click.option("--layer", help="The layer's name; by default the model's outputs, the classes.")
@click.option("--unit", "units", type=int, multiple=True, help="Which, from 0; may be given again.")
@click.option("--steps", default=200, show_default=True, help="Of the gradient ascent.")
@click.option("--variation", default=30.0, show_default=True, help="How much smoothness counts.")
@out_option
def maximise(
    run: Path, layer: str | None, units: tuple[int, ...], steps: int, variation: float, out: Path | None
) -> None:
    """Draw pictures, found by gradient ascent, that excite classes or features of RUN's model most."""
    from ... import draw, inspect

    experiment = opened(run)
    of = experiment.preprocessing
    names = of.classes if layer is None else None
    count = inspect.unit_count(experiment.model, of.input_shape, layer)
    cells = []
    for unit in units or range(min(count, MOST)):
        found = inspect.maximise(experiment.model, of.input_shape, unit, layer, steps, variation=variation)
        name = names[unit] if names else f"{layer} {unit}"
        click.echo(f"{name:16s} {found.course[0]:8.3g} -> {found.course[-1]:.3g}")
        cells.append((name, found.picture))
    rows = [("", cells[i : i + 8]) for i in range(0, len(cells), 8)]
    write(draw.picture_rows(rows), out, run, "maximise")
