"""`gradus predict`: use a trained model on new pictures or tables."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..errors import ArgumentError

if TYPE_CHECKING:
    from ..train.predictor import Predictor

MOST = 3  # classes shown for a picture


@click.command(short_help="Use a trained model on pictures or tables.")
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--invert", is_flag=True, help="Swap dark and light first, for dark drawings on a light ground.")
def predict(run: Path, files: tuple[Path, ...], invert: bool) -> None:
    """What the model of RUN sees in pictures, or predicts for the rows of CSV files.

    Pictures may have any size and colour. A CSV file needs the columns of the table that the model was trained on.

    \b
    Examples:
      gradus predict runs/convnet-digits-1 seven.png --invert
      gradus predict runs/linear-king_county-1 houses.csv
    """
    from ..train.predictor import Predictor

    predictor = Predictor.open(run)
    if not predictor.facts.pictures:
        if invert:
            raise ArgumentError(f"--invert is for pictures, but {run} was trained on a table")
        _tables(predictor, files)
    else:
        _pictures(predictor, files, invert)


def _pictures(predictor: Predictor, files: tuple[Path, ...], invert: bool) -> None:
    channels, height, width = predictor.facts.input_shape
    steps = f"{'made grey, ' if channels == 1 else ''}scaled to {width}x{height}{', inverted' if invert else ''}"
    click.echo(f"Pictures are {steps}.", err=True)
    doubtful = False
    for file in files:
        seen = predictor.picture(file, invert)
        best = zip(seen.classes[:MOST], seen.probabilities[:MOST], strict=True)
        click.echo(f"{file}: " + ", ".join(f"{name} {p:.1%}" for name, p in best))
        doubtful = doubtful or seen.inverted_suits
    if doubtful:
        usual = "light on dark" if (predictor.facts.brightness or 0) < 0.5 else "dark on light"
        way = "without --invert" if invert else "with --invert"
        click.echo(f"The training pictures are {usual}, this looks the other way round: try again {way}.", err=True)


def _tables(predictor: Predictor, files: tuple[Path, ...]) -> None:
    """The predictions as CSV on standard output, so that another program can read them."""
    from csv import writer

    name = predictor.facts.target.name if predictor.facts.target else "prediction"
    found = [(file, predictor.table(file)) for file in files]  # all, before the first is written
    rows = writer(sys.stdout, lineterminator="\n")
    rows.writerow(["file", "row", name])
    for file, values in found:
        rows.writerows([file, i, f"{value:.6g}"] for i, value in enumerate(values, 1))
