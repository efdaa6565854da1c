"""`gradus look`: look at data, and inside a network; each look is a thin file here."""

from __future__ import annotations

import click

from ..waiting import while_waiting
from .activations import activations
from .attack import attack
from .data import data
from .filters import filters
from .gradients import gradients
from .graph import graph
from .invert import invert
from .maximise import maximise
from .regions import regions
from .saliency import saliency
from .surface import surface

LOOKS: tuple[click.Command, ...] = (
    data,
    activations,
    attack,
    regions,
    surface,
    filters,
    saliency,
    invert,
    maximise,
    gradients,
    graph,
)


@click.group(short_help="Look at data, and inside a trained network.")
def look() -> None:
    """Look at data, or inside a network: each look prints its figures and, with matplotlib, draws a picture.

    `gradus look LOOK --help` explains a look and its options.
    """


for command in LOOKS:
    if command.callback is not None:
        command.callback = while_waiting(f"look {command.name}", command.callback)
    look.add_command(command)
