"""What the looks at networks of pictures share: opening a run, taking a sample, writing the PNG."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from ...errors import ArgumentError, DataError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ...train.experiment import Experiment

run_argument = click.argument("run", type=click.Path(path_type=Path))
out_option = click.option("--out", type=click.Path(path_type=Path), help="The PNG file; by default in RUN.")
sample_option = click.option("--sample", default=0, show_default=True, help="Which of the test pictures, from 0.")


def opened(run: Path) -> Experiment:
    """The trained experiment of a run whose model classifies pictures."""
    from ...train.experiment import Experiment

    experiment = Experiment.open(run)
    of = experiment.preprocessing
    if not of.pictures or not of.classes:
        raise DataError(
            f"{experiment.recipe.model} was trained on the table {experiment.recipe.data}: this look is for a "
            "classifier of pictures. Train one: gradus train lenet --data mnist"
        )
    experiment.load(run)
    return experiment


def picture_of(experiment: Experiment, sample: int) -> tuple[np.ndarray, int]:
    """A test picture (c, h, w), and its class."""
    x, y = experiment.test.arrays
    if not 0 <= sample < len(x):
        raise ArgumentError(f"--sample: {experiment.recipe.data} has {len(x):,} test pictures, 0 to {len(x) - 1}")
    return x[sample], int(y[sample])


def write(figure: Figure, out: Path | None, run: Path, name: str) -> None:
    """Write the picture, and say where."""
    from ...draw import save_png

    path = out or run / f"{name}.png"
    save_png(figure, path)
    click.echo(f"Picture  {path}")


def guess(experiment: Experiment, picture: np.ndarray) -> tuple[int, float]:
    """The class that the model sees in a picture, and its probability."""
    from ...functional import softmax

    probabilities: Any = softmax(experiment.trainer.predict(picture[None]), axis=1).numpy()[0]
    return int(probabilities.argmax()), float(probabilities.max())
