"""`gradus predict`: use a trained model on new pictures, tables and whatever else it was trained on."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..errors import ArgumentError

if TYPE_CHECKING:
    from ..data import Table
    from ..train.predictor import Predictor

MOST = 3  # classes shown for a picture


@click.command(short_help="Use a trained model on new pictures or tables.")
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="A CSV file to write the answers to.")
@click.option("--probabilities", is_flag=True, help="Of classes, the probability of each, too.")
@click.option("--id", "name", metavar="COLUMN", help="Of a table: the column that names its rows.")
@click.option("--invert", is_flag=True, help="Swap dark and light first, for dark drawings on a light ground.")
def predict(
    run: Path, files: tuple[Path, ...], out: Path | None, probabilities: bool, name: str | None, invert: bool
) -> None:
    """What the model of RUN sees in pictures, or predicts for the rows of CSV files, and of folders.

    Files are read as those it was trained on; a table needs its columns, all but the target. The answers are CSV, a
    row a sample; pictures that are given one by one are answered in words, unless --out is given.

    \b
    Examples:
      gradus predict runs/convnet-digits-1 seven.png --invert
      gradus predict runs/tabular-houses-1 new_houses.csv --id Id --out predictions.csv
    """
    from ..data import PicturePreprocessing
    from ..train.predictor import Predictor

    predictor = Predictor.open(run)
    of_pictures = isinstance(predictor.preprocessing, PicturePreprocessing)
    if invert and not of_pictures:
        raise ArgumentError(f"--invert is for pictures, but {run} was trained on {predictor.preprocessing.kind}")
    if of_pictures and out is None and not probabilities and all(file.is_file() for file in files):
        _pictures(predictor, files, invert)
        return
    if invert:
        raise ArgumentError("--invert is for pictures that are given one by one, without --out and --probabilities")
    _write(_answers(predictor, files, probabilities, name), out)


def _answers(predictor: Predictor, files: tuple[Path, ...], probabilities: bool, name: str | None) -> Table:
    """The answers for all files, before the first is written; of several files, of which each is."""
    from ..data import Table, TablePreprocessing

    if name is not None:
        if not isinstance(predictor.preprocessing, TablePreprocessing):
            raise ArgumentError(f"--id is for tables, and the model was trained on {predictor.preprocessing.kind}")
        predictor.preprocessing.id = name
    found = [predictor.predict(file, probabilities) for file in files]
    if len(found) == 1:
        return found[0]
    rows = [dict(zip(t.names, row, strict=True)) for t in found for row in zip(*t.columns.values(), strict=True)]
    of_files = [str(file) for file, table in zip(files, found, strict=True) for _ in range(len(table))]
    columns = {n: [row[n] for row in rows] for n in found[0].names}
    return Table(columns if "file" in columns else {"file": of_files} | columns)


def _write(answers: Table, out: Path | None) -> None:
    """As CSV to a file, whole or not at all, or to standard output, so that another program can read it."""
    from ..data.tables.csv import csv_text
    from ..train.runs.checkpoint import write_atomically

    text = csv_text(answers)
    if out is None:
        sys.stdout.write(text)
        return
    write_atomically(out, text)
    click.echo(f"{len(answers):,} rows  {out}")


def _pictures(predictor: Predictor, files: tuple[Path, ...], invert: bool) -> None:
    of = predictor.preprocessing
    channels, height, width = of.input_shape
    steps = f"{'made grey, ' if channels == 1 else ''}scaled to {width}x{height}{', inverted' if invert else ''}"
    click.echo(f"Pictures are {steps}.", err=True)
    doubtful = False
    for file in files:
        seen = predictor.picture(file, invert)
        best = zip(seen.classes[:MOST], seen.probabilities[:MOST], strict=True)
        click.echo(f"{file}: " + ", ".join(f"{name} {p:.1%}" for name, p in best))
        doubtful = doubtful or seen.inverted_suits
    if doubtful:
        usual = "light on dark" if (getattr(of, "brightness", None) or 0) < 0.5 else "dark on light"
        way = "without --invert" if invert else "with --invert"
        click.echo(f"The training pictures are {usual}, this looks the other way round: try again {way}.", err=True)
