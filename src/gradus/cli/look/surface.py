"""`gradus look surface`: the loss over two parameters, or over two random directions, of a trained network."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(short_help="The loss around a trained network, over two parameters or two random directions.")
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--over",
    "places",
    nargs=2,
    metavar="PARAMETER PARAMETER",
    help="Two numbers, as 'layers.0.weight[0,1]'; by default two random directions of all weights.",
)
@click.option("--reach", default=1.0, show_default=True, help="How far to go to each side.")
@click.option("--points", default=41, show_default=True, help="Points along a side.")
@click.option("--samples", default=1000, show_default=True, help="Training samples that the loss is taken over.")
@click.option("--seed", default=0, show_default=True, help="Of the random directions.")
@click.option("--out", type=click.Path(path_type=Path), help="The picture; by default surface.png in RUN.")
def surface(
    run: Path, places: tuple[str, str] | None, reach: float, points: int, samples: int, seed: int, out: Path | None
) -> None:
    """Draw the error surface around the network of RUN, a folder that `gradus train` made.

    Random directions are filter-normalised (Li et al., 2018): at 1 every filter has moved by its own length.

    \b
    Examples:
      gradus look surface RUN
      gradus look surface RUN --over "layers.0.weight[0,1]" "layers.2.bias[0]" --reach 2
    """
    import numpy as np

    from ...draw import available, error_surface, save_png
    from ...functional.checks import at_least, at_least_one, in_range
    from ...inspect import element, loss_surface, random_directions
    from ...train.experiment import Experiment

    at_least(2, "look surface", points=points)
    at_least_one("look surface", samples=samples)
    in_range("look surface", "reach", reach, "(0, inf)")
    experiment = Experiment.open(run)
    experiment.load(run)
    model = experiment.model
    first, second = (element(model, p) for p in places) if places else random_directions(model, seed)
    x, y = (part[:samples] for part in experiment.train.arrays)
    around = np.linspace(-reach, reach, points)
    found = loss_surface(
        model, experiment.trainer.loss, x, y, first, second, around + first.start, around + second.start
    )
    here = loss_surface(model, experiment.trainer.loss, x, y, first, second, [first.start], [second.start])
    least = np.unravel_index(np.nanargmin(found.loss), found.loss.shape)
    click.echo(f"loss of {len(x):,} training samples over {first.name} and {second.name}, {points} x {points} points")
    click.echo(f"where the network stands  {here.loss[0, 0]:.4g}  at ({first.start:.4g}, {second.start:.4g})")
    click.echo(
        f"least on the grid         {found.loss[least]:.4g}  at ({found.a[least[1]]:.4g}, {found.b[least[0]]:.4g})"
    )
    click.echo(f"largest on the grid       {np.nanmax(found.loss):.4g}")
    if available():
        file = out or run / "surface.png"
        save_png(error_surface(*found), file)
        click.echo(f"Picture  {file}")
