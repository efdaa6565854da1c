"""`gradus evaluate`: how good a trained model is on the test data, or on a file."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(short_help="Test a trained model, class by class.")
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("file", required=False, type=click.Path(path_type=Path))
def evaluate(run: Path, file: Path | None) -> None:
    """Test the model of RUN: metrics, each class, and the classes most often confused.

    Without FILE on the test data, and the run's report.html is written anew. FILE is a file or folder such as the model
    was trained on, with the targets.

    \b
    Examples:
      gradus evaluate runs/convnet-digits-1
      gradus evaluate runs/tabular-houses-1 sold_later.csv
    """
    if file is not None:
        _on_file(run, file)
        return
    from ..train import report
    from ..train.experiment import Experiment

    experiment = Experiment.open(run)
    experiment.load(run)
    found = report.collect(experiment, run)
    click.echo(report.results_text(found))
    classes = report.classes_text(found)
    if classes:
        click.echo(f"\n{classes}")
    report.write(found, run / "report.html")
    click.echo(f"\nReport  {run / 'report.html'}")


def _on_file(run: Path, file: Path) -> None:
    from ..train.page import number
    from ..train.predictor import Predictor

    predictor = Predictor.open(run)
    raw = predictor.read(file)
    found = predictor.evaluate(raw)
    click.echo(f"{len(raw):,} samples  " + "  ".join(f"{name} {number(value)}" for name, value in found.items()))
