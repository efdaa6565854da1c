"""The command `gradus`: each command is a thin file here; what it does is reachable in Python too.

Importing this loads neither rich nor Pillow nor matplotlib; commands import what they need when they run.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import click

from .. import __version__, startup
from ..errors import GradusError, named, nearest
from .data import data
from .doctor import doctor
from .evaluate import evaluate
from .help import help_command
from .look import look
from .predict import predict
from .pretrain import pretrain
from .train import train
from .tune import tune

__all__ = ["main"]

FAULT = 2


class Fault(click.ClickException):
    """A user's mistake: one message on standard error, exit status 2, no traceback."""

    exit_code = FAULT

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(f"gradus: error: {self.format_message()}", file=file, err=file is None)


@contextmanager
def _warnings_as_messages() -> Iterator[None]:
    """A warning is one line of text, without the place in the source."""
    before = warnings.formatwarning
    warnings.formatwarning = lambda message, *_, **__: f"gradus: warning: {message}\n"
    try:
        yield
    finally:
        warnings.formatwarning = before


class Commands(click.Group):
    """A group that turns gradus's own errors into messages and knows misspelt commands."""

    def invoke(self, ctx: click.Context) -> Any:
        startup.done()
        try:
            with _warnings_as_messages():
                return super().invoke(ctx)
        except GradusError as error:
            raise Fault(str(error)) from error
        except BrokenPipeError:
            raise  # click knows: the reader of a pipe has gone
        except OSError as error:
            raise Fault(f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}") from error
        except KeyboardInterrupt as stop:
            click.echo("gradus: interrupted", err=True)
            raise click.exceptions.Exit(startup.status(stop)) from None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and args[0] not in self.commands:
            hint = nearest(args[0], self.commands)
            raise Fault(named(f"there is no command {args[0]!r}. {hint}", "misspelt-command"))
        return super().resolve_command(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)  # in the order of use rather than of the alphabet


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, "-V", "--version", prog_name="gradus", message="%(prog)s %(version)s")
def main() -> None:
    """Train, test and use neural networks.

    \b
    Examples:
      gradus train                                         a small convolutional network on digits, in seconds
      gradus train lenet --data fashion_mnist --epochs 10
      gradus train linear --data king_county               house prices from a table
      gradus evaluate RUN                                  how good it is, class by class
      gradus predict RUN picture.png                       what it sees in a picture
      gradus data                                          the data sets and where they are

    `gradus COMMAND --help` explains a command and its options.
    """


for command in (train, pretrain, evaluate, predict, tune, look, data, doctor, help_command):
    main.add_command(command)
