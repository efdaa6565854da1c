"""`gradus look activations`: what comes out of each layer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from ...train.experiment import Experiment


@click.command(short_help="Histograms of what comes out of each layer.")
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--samples", default=256, show_default=True, type=click.IntRange(1), help="Training samples to look at.")
@click.option("--out", type=click.Path(path_type=Path), help="The picture; by default activations.png in RUN.")
def activations(run: Path, samples: int, out: Path | None) -> None:
    """The spread of what each layer of RUN's model gives for training samples, before and after training.

    `zeros` is the share of exact zeros, as ReLU gives; `response` the standard deviation of one unit over the samples,
    averaged. RUN is a folder that `gradus train` made.
    """
    import numpy as np

    from ...inspect import activations as watch
    from ...inspect import histogram
    from ._before_and_after import before_and_after, picture

    def look(experiment: Experiment) -> Any:
        x = experiment.train[np.arange(min(samples, len(experiment.train)))][0]
        kinds = {name or type(m).__name__: type(m).__name__ for name, m in experiment.model.named_modules()}
        return {f"{name} ({kinds[name.partition('#')[0]]})": a for name, a in watch(experiment.model.eval(), x).items()}

    found = before_and_after(run, look)
    values = np.concatenate([a.ravel() for layers in found.values() for a in layers.values()])
    low, high = (float(q) for q in np.percentile(values, [0.5, 99.5]))
    ends = (low, high if high > low else low + 1)
    histograms = {when: [histogram(a, name) for name, a in layers.items()] for when, layers in found.items()}
    wide = max(max(map(len, layers)) for layers in found.values())
    for when, layers in histograms.items():
        click.echo(f"{when}\n  {'layer':{wide}}       mean        std    zeros   response")
        for h in layers:
            click.echo(f"  {h.name:{wide}} {h.mean:10.3g} {h.std:10.3g} {h.zeros:8.1%} {h.response:10.3g}")

    def drawn() -> object:
        from ...draw import Ridges, ridges

        panels = [Ridges.of(when, layers, ends, bins=60) for when, layers in found.items()]
        return ridges(panels, "activation (the outermost 1 % are in the end bars)\nbeside each layer: its spread")

    picture(drawn, out or run / "activations.png")
