"""`gradus help`: what a name means, of gradus or of another framework."""

from __future__ import annotations

import click


@click.command("help", short_help="What a name of gradus, PyTorch, NumPy, Keras means.")
@click.argument("name")
def help_command(name: str) -> None:
    """Say what NAME is and how it is called; for a name of another framework, what to write in gradus; for a mistake
    that a message names, a wrong and a right program.

    \b
    Examples:
      gradus help softmax
      gradus help nn.Conv2d
      gradus help Trainer.fit
      gradus help torch.nn.utils.rnn.pad_sequence
      gradus help keras.layers.Dense
      gradus help labels-with-a-point
    """
    from ..names.reference import help_text

    click.echo(help_text(name))
