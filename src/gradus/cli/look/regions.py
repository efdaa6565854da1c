"""`gradus look regions`: the straight pieces of a trained ReLU network between two test samples."""

from __future__ import annotations

from pathlib import Path

import click

STEPS, SHOWN = 500, 7  # places at which the curves are drawn, and pictures along the way


@click.command(short_help="The straight pieces of a ReLU network between two test samples.")
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--from", "start", default=0, show_default=True, help="The test sample it starts at, counted from 0.")
@click.option("--to", "end", default=1, show_default=True, help="The test sample it goes to.")
@click.option("--third", type=int, help="A third one: count the pieces of the plane through the three, too.")
@click.option("--out", type=click.Path(path_type=Path), help="The picture; by default regions.png in RUN.")
def regions(run: Path, start: int, end: int, third: int | None, out: Path | None) -> None:
    """Count, exactly, the straight pieces of the network of RUN on the way from one test sample to another.

    Between two breakpoints all its scores are straight lines. RUN is a folder that `gradus train` made, of a model of
    linear layers and ReLUs, for classes: gradus train mlp.
    """
    import numpy as np

    from ...draw import available, save_png, way
    from ...errors import ArgumentError
    from ...functional import softmax
    from ...inspect import line_pieces, plane_pieces
    from ...train.experiment import Experiment

    experiment = Experiment.open(run)
    experiment.load(run)
    names = experiment.preprocessing.classes
    if not names:
        raise ArgumentError(f"{run} predicts numbers; regions are looked at in networks for classes: gradus train mlp")
    x, y = experiment.test.arrays
    for i in (start, end) if third is None else (start, end, third):
        if not 0 <= i < len(x):
            raise ArgumentError(f"there is no test sample {i}: {experiment.recipe.name} has 0 to {len(x) - 1}")
    found = line_pieces(experiment.model, x[start], x[end])
    t = np.linspace(0, 1, STEPS)
    p = softmax(found(t)).numpy()
    ends = tuple(f"{i} ({names[int(y[i])]})" for i in (start, end))
    click.echo(f"from test sample {ends[0]} to {ends[1]}: {len(found)} straight pieces")
    seen = p.argmax(axis=1)
    changes = [0, *(np.flatnonzero(np.diff(seen)) + 1)]
    click.echo("taken for: " + ", then ".join(f"{names[seen[i]]} from {t[i]:.0%}" for i in changes))
    if third is not None:
        plane = plane_pieces(experiment.model, x[start], x[end], x[third])
        click.echo(f"over the parallelogram with test sample {third}: {len(plane)} pieces")
    if available():
        along = np.array([x[start] + s * (x[end] - x[start]) for s in np.linspace(0, 1, SHOWN)])
        pictures = along.transpose(0, 2, 3, 1).squeeze() if experiment.preprocessing.pictures else None
        title = f"{experiment.recipe.model} on {experiment.recipe.name}: {len(found)} straight pieces"
        out = out or run / "regions.png"
        save_png(way(t, p, found.breaks, names, pictures, title, (ends[0], ends[1])), out)
        click.echo(f"\nPicture  {out}")
