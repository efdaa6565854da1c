"""Pictures of plain data, with matplotlib (the extra `plot`): numbers in, a Figure out."""

from .attacks import attack_examples, confusions, success_rates
from .report import Curves, confusion, curves, pictures, regression
from .style import BLUE, GREEN, INK, ORANGE, RED, available, few, new_figure, save_png, styled, thousands, to_svg

__all__ = [
    "BLUE",
    "GREEN",
    "INK",
    "ORANGE",
    "RED",
    "Curves",
    "attack_examples",
    "available",
    "confusion",
    "confusions",
    "curves",
    "few",
    "new_figure",
    "pictures",
    "regression",
    "save_png",
    "styled",
    "success_rates",
    "thousands",
    "to_svg",
]
