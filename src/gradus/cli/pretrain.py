"""`gradus pretrain`: learn without labels, and look at what was learned."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .. import startup
from ..errors import ArgumentError
from ..train.fitting.every import USUALLY

if TYPE_CHECKING:
    from ..train.pretraining import Pretrained, Pretraining


@click.command(short_help="Learn without labels: an RBM, a deep belief network or an autoencoder.")
@click.argument("kind", type=click.Choice(("rbm", "dbn", "autoencoder")), required=False)
@click.option("--data", metavar="NAME", help="Data set of pictures; `gradus data` lists them.  [default: digits]")
@click.option("--hidden", metavar="N,N,...", help="Units of each hidden layer.  [default: 256]")
@click.option("--epochs", type=int, help="Of each layer.  [default: 10]")
@click.option("--batch-size", type=int, help="Samples a step.  [default: 100]")
@click.option("--lr", type=float, help="Learning rate.  [default: 0.1, autoencoder 0.001]")
@click.option("--noise", type=float, help="Share of a picture that is hidden from an autoencoder.  [default: 0]")
@click.option("--persistent", is_flag=True, default=None, help="Chains of an rbm or dbn go on from step to step.")
@click.option("--seed", type=int, help="Same seed, same weights.  [default: 0]")
@click.option("--limit", type=int, metavar="N", help="Learn from N samples only.")
@click.option("--out", type=click.Path(path_type=Path), metavar="RUN", help="Folder to make.  [default: runs/...]")
@click.option("--resume", type=click.Path(path_type=Path), metavar="RUN", help="Go on with an interrupted run.")
@click.option("--checkpoint-every", metavar="OFTEN", default=USUALLY, help="Steps, or a time.  [default: 10min]")
@click.option("-q", "--quiet", is_flag=True, help="Show no progress, only the result.")
def pretrain(
    kind: str | None,
    hidden: str | None,
    out: Path | None,
    resume: Path | None,
    checkpoint_every: str,
    quiet: bool,
    **options: Any,
) -> None:
    """Learn the features of a data set's pictures, layer by layer, and draw them.

    The folder gets config.json, history.jsonl, model.safetensors and, with matplotlib, pretrain.png: weights of the
    first layer, reconstructions of test pictures, and what Gibbs chains come to.

    \b
    Examples:
      gradus pretrain rbm
      gradus pretrain dbn --data mnist --hidden 500,500,2000
      gradus pretrain autoencoder --data fashion_mnist --hidden 500,30 --noise 0.3
      gradus pretrain --resume runs/dbn-mnist-1
    """
    from ..train.pretraining import pretrain as run_it

    given = {name: value for name, value in options.items() if value is not None}
    given |= {"hidden": _sizes(hidden)} if hidden else {}
    settings, folder = _settings(kind, given, out, resume)
    try:
        found = run_it(settings, folder, False if quiet else None, resume is not None, checkpoint_every)
    except KeyboardInterrupt as stop:
        begun = (folder / "checkpoint.safetensors").exists()
        click.echo(f"\nInterrupted. {f'Go on with: gradus pretrain --resume {folder}' if begun else ''}", err=True)
        raise click.exceptions.Exit(startup.status(stop)) from None
    _finish(settings, found, folder)


def _settings(
    kind: str | None, given: dict[str, Any], out: Path | None, resume: Path | None
) -> tuple[Pretraining, Path]:
    """What is pre-trained, and where."""
    from ..train.experiment import free_folder
    from ..train.pretraining import Pretraining, settings_of

    if resume is not None:
        fixed = [*given, *(["KIND"] if kind else []), *(["out"] if out else [])]
        if fixed:
            raise ArgumentError(f"--resume goes on with the settings of {resume}: leave out {', '.join(fixed)}")
        return settings_of(resume), resume
    if kind is None:
        raise click.UsageError("Missing argument 'KIND': rbm, dbn or autoencoder.")
    settings = Pretraining(kind, **given)
    return settings, out or free_folder(f"{kind}-{settings.data}")


def _finish(settings: Pretraining, found: Pretrained, folder: Path) -> None:
    """Say what came out, and draw it."""
    from .. import draw
    from ..train.pretraining import FILTERS

    for i, history in enumerate(found.histories):
        errors = history["reconstruction"]
        part = f"layer {i + 1}" if i < len(settings.hidden) and len(found.histories) > 1 else "all layers"
        click.echo(f"{part:11} reconstruction {errors[0]:.4g} in epoch 1, {errors[-1]:.4g} in epoch {len(errors)}")
    click.echo(f"test        mean squared error {found.error:.4f} a number")
    click.echo(f"Run folder  {folder}")
    if draw.available():
        draw.save_png(draw.pretrained(found.filters[:FILTERS], found.rows), folder / "pretrain.png")
        click.echo(f"Picture     {folder / 'pretrain.png'}")


def _sizes(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(word) for word in text.split(","))
    except ValueError:
        raise ArgumentError(f"--hidden takes numbers with commas between them, as 500,500,2000; got {text!r}") from None
