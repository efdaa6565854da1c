"""Looking inside: what a network computes, how it learns, and what it has learned; all results are plain data."""

from .attacks import Attack, every_target, fgsm, pgd
from .evolution import Evolved, differential_evolution
from .one_pixel import PixelAttack, one_pixel

__all__ = [
    "Attack",
    "Evolved",
    "PixelAttack",
    "differential_evolution",
    "every_target",
    "fgsm",
    "one_pixel",
    "pgd",
]
