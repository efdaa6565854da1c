"""`gradus look gradients`: how large the gradient is in each layer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from ...train.experiment import Experiment


@click.command(short_help="How large the gradient is in each layer: does it vanish?")
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--samples", default=256, show_default=True, type=click.IntRange(1), help="Training samples to look at.")
@click.option("--out", type=click.Path(path_type=Path), help="The picture; by default gradients.png in RUN.")
def gradients(run: Path, samples: int, out: Path | None) -> None:
    """The norm of the loss' gradient to each layer's weights in RUN's model, before and after training.

    RUN is a folder that `gradus train` made.
    """
    import numpy as np

    from ...inspect import gradient_norms
    from ._before_and_after import before_and_after, picture

    def look(experiment: Experiment) -> Any:
        batch = experiment.train[np.arange(min(samples, len(experiment.train)))]
        return gradient_norms(experiment.model, experiment.trainer.loss, *batch)

    found = before_and_after(run, look)
    names = [layer.name.removesuffix(".weight") for layer in found["before training"]]
    wide = max(map(len, [*names, "layer"]))
    click.echo(f"{'layer':{wide}}  " + "  ".join(f"{when:>15}" for when in found))
    for name, *layers in zip(names, *found.values(), strict=True):
        click.echo(f"{name:{wide}}  " + "  ".join(f"{layer.gradient:15.3e}" for layer in layers))

    def drawn() -> object:
        from ...draw import by_layer

        lines = {when: [layer.gradient for layer in layers] for when, layers in found.items()}
        return by_layer(lines, "norm of the gradient to the weights", "Gradient by layer, from the input", names)

    picture(drawn, out or run / "gradients.png")
