"""Looking inside: what a network computes, how it learns, and what it has learned; all results are plain data."""

from .approximation import Fit, built_fits, curve_fit, trained_fits
from .attacks import Attack, every_target, fgsm, pgd
from .evolution import Evolved, differential_evolution
from .forgetting import InTurn, learn_in_turn
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
from .learning_curve import Course, LearningCurve, learning_curve, watch_fit
from .one_pixel import PixelAttack, one_pixel
from .paths import (
    BOOK_OPTIMIZERS,
    Trail,
    TrailPlane,
    Zigzag,
    descend,
    flat_parameters,
    principal_plane,
    valley,
    zigzag,
)
from .precision import NumberType, StepCost, number_type, step_cost
from .regions import LinePieces, PlanePieces, line_pieces, plane_pieces
from .surface import Direction, Surface, element, loss_surface, random_directions

__all__ = [
    "BOOK_OPTIMIZERS",
    "Attack",
    "Course",
    "Direction",
    "Evolved",
    "Factors",
    "Fit",
    "InTurn",
    "LearningCurve",
    "LinePieces",
    "NumberType",
    "PixelAttack",
    "Plane",
    "PlanePieces",
    "Stage",
    "StepCost",
    "Surface",
    "Trail",
    "TrailPlane",
    "Untangled",
    "Zigzag",
    "built_fits",
    "chain",
    "curve_fit",
    "decision_plane",
    "descend",
    "differential_evolution",
    "element",
    "every_target",
    "fgsm",
    "flat_parameters",
    "grid_lines",
    "hidden_points",
    "layer_stages",
    "learn_in_turn",
    "learning_curve",
    "line_pieces",
    "loss_surface",
    "network_stages",
    "number_type",
    "one_pixel",
    "pgd",
    "plane_pieces",
    "principal_plane",
    "random_directions",
    "rotation_scaling_rotation",
    "step_cost",
    "trained_fits",
    "untangle",
    "valley",
    "watch_fit",
    "zigzag",
]
