"""Options that say how a file or folder of one's own is read, and what is predicted of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

_OPTIONS = (
    click.option("--target", metavar="COLUMN", help="Of a table: the column to be predicted."),
    click.option("--task", metavar="NAME", help="Of a table: classes or numbers.  [default: found out]"),
    click.option("--id", metavar="COLUMN", help="Of a table: the column that names its rows."),
    click.option("--leave-out", multiple=True, metavar="COLUMN", help="Of a table: not to be learned from."),
    click.option("--text", multiple=True, metavar="COLUMN", help="Of a table: text, not numbers."),
    click.option("--size", type=int, metavar="PIXELS", help="Of pictures: the height and width to scale all to."),
    click.option("--grey/--colour", default=None, help="Of pictures: one channel or three.  [default: found out]"),
)
NAMES = ("target", "task", "id", "leave_out", "text", "size", "grey")


def reading_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def taken_from(options: dict[str, Any]) -> dict[str, Any]:
    """Take the options that were given out of all options of a command."""
    given = {name: options.pop(name, None) for name in NAMES}
    return {name: list(v) if isinstance(v, tuple) else v for name, v in given.items() if v is not None and v != ()}
