"""What looks at a run before and after its training share, and the writing of their picture."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from ...train.experiment import Experiment


def picture(draw: Callable[[], Any], out: Path) -> None:
    """Draw and write a picture, and say where it is; or say what is needed for it."""
    from ...draw import available, save_png

    if not available():
        click.echo("\nNo picture: matplotlib is not installed. Install it: pip install 'gradus[plot]'")
        return
    out.parent.mkdir(parents=True, exist_ok=True)
    save_png(draw(), out)
    click.echo(f"\nPicture  {out}")


def before_and_after(run: Path, look: Callable[[Experiment], Any]) -> dict[str, Any]:
    """What a look finds in a run's model with its first weights, and with those it was trained to."""
    from ...train.experiment import Experiment

    experiment = Experiment.open(run)
    before = look(experiment)
    experiment.load(run)
    return {"before training": before, "after training": look(experiment)}
