"""`gradus look attack`: how easily a trained classifier is fooled."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ._picture import opened

if TYPE_CHECKING:
    import numpy as np

    from ...inspect import Attack
    from ...nn import Module

SHOWN = 8  # pictures that are drawn


@click.command(short_help="Fool a classifier of pictures by small changes, and count how often.")
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--method", type=click.Choice(("fgsm", "pgd", "one-pixel")), default="fgsm", show_default=True)
@click.option("--samples", type=click.IntRange(1), default=100, show_default=True, help="Test pictures to attack.")
@click.option("--eps", type=float, default=0.1, show_default=True, help="Largest change of a pixel; not for one-pixel.")
@click.option("--out", type=click.Path(path_type=Path), help="The picture's file.  [default: RUN/attack.png]")
def attack(run: Path, method: str, samples: int, eps: float, out: Path | None) -> None:
    """Attack the model of RUN on the first test pictures of its data, and draw what fooled it."""
    from ... import draw

    experiment = opened(run)
    x, y = (a[:samples] for a in experiment.test.arrays)
    found = _attack(method, experiment.model, x, y, eps)
    n = int(found.right.sum())
    click.echo(f"{method}: of {len(x):,} test pictures the model sees {n:,} rightly; {_changes(method, eps)}")
    click.echo(f"fooled: {int(found.fooled.sum()):,} of {n:,}" + (f", {found.success_rate:.1%}" if n else ""))
    click.echo(f"accuracy: {(n / len(x)):.1%} before, {found.accuracy:.1%} after")
    if draw.available():
        shown = [*found.fooled.nonzero()[0], *(~found.fooled).nonzero()[0]][:SHOWN]
        x, attacked, before, after = (a[shown] for a in (found.x, found.attacked, found.before, found.after))
        out = out or run / "attack.png"
        draw.save_png(draw.attack_examples(x, attacked, before, after, experiment.preprocessing.classes or ()), out)
        click.echo(f"Picture  {out}")


def _attack(method: str, model: Module, x: np.ndarray, y: np.ndarray, eps: float) -> Attack:
    from ... import inspect

    if method == "one-pixel":
        return inspect.one_pixel(model, x, y)
    return (inspect.fgsm if method == "fgsm" else inspect.pgd)(model, x, y, eps=eps)


def _changes(method: str, eps: float) -> str:
    return "one pixel may change" if method == "one-pixel" else f"each pixel may change by {eps:g}"
