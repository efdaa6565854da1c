"""`gradus look graph`: the computation graph of an expression, with values and gradients."""

from __future__ import annotations

from pathlib import Path

import click

from ...errors import ArgumentError


@click.command(short_help="The computation graph of an expression, with values and gradients.")
@click.argument("expression")
@click.option("--let", "given", multiple=True, metavar="NAME=NUMBER", help="A number for a name; one for each name.")
@click.option("--out", type=click.Path(path_type=Path), default="graph.png", show_default=True, help="The picture.")
def graph(expression: str, given: tuple[str, ...], out: Path) -> None:
    """Walk through EXPRESSION node by node: values forward, then gradients backward, and draw both.

    It is made of numbers, names, + - * / **, parentheses, and exp, log, log1p, sqrt, sin, cos, tanh, sigmoid, relu,
    softplus, erf, absolute, maximum, minimum.

    \b
    Example:
      gradus look graph "(2 * apple + 3 * orange) * tax" --let apple=100 --let orange=150 --let tax=1.1
    """
    from ... import inspect
    from ._before_and_after import picture

    found = inspect.expression(expression, dict(map(_number, given)))
    walked = inspect.graph(found.result, found.variables)
    click.echo("Forward, node by node:")
    for step in walked.forward():
        click.echo(f"  {step.text}")
    click.echo("\nBackward:")
    for step in walked.backward():
        click.echo(f"  {step.text}")

    def drawn() -> object:
        from ...draw import graph as draw

        return draw(walked.drawing(), expression)

    picture(drawn, out)


def _number(given: str) -> tuple[str, float]:
    name, _, number = given.partition("=")
    try:
        return name.strip(), float(number)
    except ValueError:
        raise ArgumentError(f"--let takes NAME=NUMBER, as --let apple=100, got {given!r}") from None
