"""`gradus look data`: what is in a file or folder, before anything is learned from it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click


@click.command(short_help="What is in a file or folder: columns, classes, sizes, what is missing.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), metavar="PNG", help="Draw it, too, into this file.")
def data(file: Path, out: Path | None) -> None:
    """Show what is in FILE, a table or arrays, or in a folder of pictures, and what `gradus train --data` takes it for.

    \b
    Examples:
      gradus look data houses.csv
      gradus look data pictures/ --out pictures.png
    """
    from ...data import PicturePreprocessing, TablePreprocessing, overview, preprocessing_for, read_csv
    from ...data.preprocessing.kinds import kind_of
    from ...draw import column_panels, sample_panels, save_png

    click.echo(str(overview(file)))
    if out is None:
        return
    kind = kind_of(file)
    if kind == TablePreprocessing.kind:
        figure = column_panels(read_csv(file).columns)
    else:
        raw: Any = preprocessing_for(file).read(file)
        figure = sample_panels(raw.x, raw.labels if kind == PicturePreprocessing.kind else raw.y)
    save_png(figure, out)
    click.echo(f"\nPicture  {out}")
