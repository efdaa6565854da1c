"""Looking inside: what a network computes, how it learns, and what it has learned; all results are plain data."""

from .approximation import Fit, built_fits, curve_fit, trained_fits
from .attacks import Attack, every_target, fgsm, pgd
from .evolution import Evolved, differential_evolution
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
from .one_pixel import PixelAttack, one_pixel
from .precision import NumberType, StepCost, number_type, step_cost
from .regions import LinePieces, PlanePieces, line_pieces, plane_pieces

__all__ = [
    "Attack",
    "Evolved",
    "Factors",
    "Fit",
    "LinePieces",
    "NumberType",
    "PixelAttack",
    "Plane",
    "PlanePieces",
    "Stage",
    "StepCost",
    "Untangled",
    "built_fits",
    "chain",
    "curve_fit",
    "decision_plane",
    "differential_evolution",
    "every_target",
    "fgsm",
    "grid_lines",
    "hidden_points",
    "layer_stages",
    "line_pieces",
    "network_stages",
    "number_type",
    "one_pixel",
    "pgd",
    "plane_pieces",
    "rotation_scaling_rotation",
    "step_cost",
    "trained_fits",
    "untangle",
]
