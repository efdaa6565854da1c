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
from .approximation import Fit, built_fits, curve_fit, trained_fits
from .geometry import (
    Factors,
    Plane,
    Stage,
    Untangled,
    chain,
    decision_plane,
    grid_lines,
    hidden_points,
    layer_stages,
    network_stages,
    rotation_scaling_rotation,
    untangle,
)
from .regions import LinePieces, PlanePieces, line_pieces, plane_pieces

__all__ = [
    "Factors",
    "Fit",
    "LinePieces",
    "Plane",
    "PlanePieces",
    "Stage",
    "Untangled",
    "built_fits",
    "chain",
    "curve_fit",
    "decision_plane",
    "grid_lines",
    "hidden_points",
    "layer_stages",
    "line_pieces",
    "network_stages",
    "plane_pieces",
    "rotation_scaling_rotation",
    "trained_fits",
    "untangle",
]
