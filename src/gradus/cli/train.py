"""`gradus train`: train a model on a data set, test it, and leave a run folder behind."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .. import startup
from ..errors import ArgumentError
from ..train.fitting.every import USUALLY
from .reading import reading_options, taken_from

if TYPE_CHECKING:
    from ..train.experiment import Experiment
    from ..train.recipe import Recipe

MAY_CHANGE = ("epochs", "eager", "verify", "guard")  # of a run that goes on


@click.command(short_help="Train a model on a data set, test it, write a report.")
@click.argument("model", required=False)
@click.option("--data", metavar="NAME", help="Data set (`gradus data` lists them), file or folder.  [default: digits]")
@reading_options
@click.option("--epochs", type=int, help="Times that the training data are gone through.")
@click.option("--batch-size", type=int, help="Samples a step.")
@click.option("--lr", type=float, help="Learning rate.")
@click.option("--optimizer", metavar="NAME", help="sgd, momentum, nesterov, adagrad, rmsprop, adam or adamw.")
@click.option("--schedule", metavar="NAME", help="Of the learning rate: constant, cosine or one_cycle.")
@click.option("--weight-decay", type=float, help="Weight decay of the optimizer.")
@click.option("--seed", type=int, help="Same seed, same weights.  [default: 0]")
@click.option("--limit", type=int, metavar="N", help="Train on N samples only.")
@click.option("--eager", is_flag=True, default=None, help="Compute with NumPy, without compiling the step.")
@click.option("--precision", metavar="NAME", help="Of what is multiplied: float32 or bf16.  [default: float32]")
@click.option("--verify", type=int, metavar="N", help="Compare the first N compiled steps with eager ones.")
@click.option("--guard", is_flag=True, default=None, help="Look through each step for what is not finite; slow.")
@click.option("--out", type=click.Path(path_type=Path), metavar="RUN", help="Folder to make.  [default: runs/...]")
@click.option("--resume", type=click.Path(path_type=Path), metavar="RUN", help="Go on with an interrupted run.")
@click.option("--allow-changes", is_flag=True, help="With --resume: go on with other settings, given here.")
@click.option("--checkpoint-every", metavar="OFTEN", default=USUALLY, help="Steps, or a time.  [default: 10min]")
@click.option("-q", "--quiet", is_flag=True, help="Show no progress, only the result.")
def train(
    out: Path | None, resume: Path | None, allow_changes: bool, checkpoint_every: str, quiet: bool, **options: Any
) -> None:
    """Train MODEL and test it: linear, softmax, mlp, tabular, convnet, simpleconvnet, deepconvnet, lenet, lenet1998,
    alexnet.

    Without arguments: a small convolutional network on handwritten digits, a few seconds. What is not given is chosen
    to suit the data and the model. A tenth of the training data is kept for validation; the test data are used once,
    at the end. Of a file or folder of your own a fifth is the test data: a table (CSV), a folder with a folder of
    pictures for each class, arrays (npz, idx).

    \b
    Examples:
      gradus train
      gradus train lenet --data fashion_mnist --epochs 10
      gradus train linear --data king_county
      gradus train --data houses.csv --target price
      gradus train --data pictures/
      gradus train --resume runs/lenet-fashion_mnist-1
      gradus train --resume runs/lenet-fashion_mnist-1 --lr 0.001 --allow-changes
    """
    from ..train.experiment import Experiment, epochs_done, new_folder

    reading = taken_from(options)
    given = {name: value for name, value in options.items() if value is not None}
    given |= {"reading": reading} if reading else {}
    if resume is not None:
        experiment, folder = _reopened(resume, out, given, allow_changes), resume
    elif allow_changes:
        raise ArgumentError("--allow-changes is for a run that goes on: --resume RUN")
    else:
        experiment = Experiment(_recipe(given))
        folder = new_folder(out, experiment.recipe)
    for said in experiment.preprocessing.said:
        click.echo(said, err=True)
    click.echo(experiment.describe())
    if resume is not None and (done := epochs_done(resume)) == experiment.recipe.epochs:
        laid = "" if experiment.recipe.schedule == "constant" else " --allow-changes"  # the schedule over more epochs
        click.echo(
            f"All {done} epochs are done, nothing is left to train. To train on: "
            f"gradus train --resume {resume} --epochs {2 * done}{laid}",
            err=True,
        )
    try:
        shown = False if quiet else None
        experiment.fit(folder, resume is not None, shown, checkpoint_every, allow_changes)
    except KeyboardInterrupt as stop:
        begun = (folder / "checkpoint.safetensors").exists()
        click.echo(f"\nInterrupted. {f'Go on with: gradus train --resume {folder}' if begun else ''}", err=True)
        raise click.exceptions.Exit(startup.status(stop)) from None
    _finish(experiment, folder)


def _recipe(given: dict[str, Any]) -> Recipe:
    from ..train.recipe import Recipe

    return Recipe(**given)


def _reopened(run: Path, out: Path | None, given: dict[str, Any], allow_changes: bool) -> Experiment:
    """The experiment of a run's folder, perhaps with more epochs, or with what is changed."""
    from ..train.experiment import Experiment

    fixed = [name for name in given if name not in MAY_CHANGE and not allow_changes] + (["out"] if out else [])
    if fixed:
        raise ArgumentError(
            f"--resume goes on with the settings of {run}: leave out {', '.join(fixed)}. "
            f"{', '.join(f'--{name}' for name in MAY_CHANGE)} may be given; to change others: --allow-changes."
        )
    return Experiment.open(run, **given)


def _finish(experiment: Experiment, folder: Path) -> None:
    """Test, write the report, and say what came out."""
    from ..train import report

    found = report.collect(experiment, folder)
    click.echo()
    click.echo(report.results_text(found))
    report.write(found, folder / "report.html")
    click.echo(f"\nRun folder  {folder}\nReport      {folder / 'report.html'}")
    example = {"table": "table.csv", "pictures": "picture.png"}.get(experiment.preprocessing.kind, "FILE")
    click.echo(f"Next        gradus evaluate {folder}\n            gradus predict {folder} {example}")
