"""`gradus evaluate`: how good a trained model is on the test data."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(short_help="Test a trained model, class by class.")
@click.argument("run", type=click.Path(path_type=Path))
def evaluate(run: Path) -> None:
    """Test the model of RUN: metrics, each class, and the classes most often confused.

    Writes the run's report.html anew. RUN is a folder that `gradus train` made.
    """
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
