"""Looking inside: what a network computes, how it learns, and what it has learned; all results are plain data."""

from .attacks.attacks import Attack, every_target, fgsm, pgd
from .attacks.evolution import Evolved, differential_evolution
from .attacks.one_pixel import PixelAttack, one_pixel
from .backpropagation.expression import Expression, expression
from .backpropagation.gradient_check import GradientCheck, check_gradients, check_model_gradients
from .backpropagation.gradients import gradient_norms, gradients_by_depth
from .backpropagation.graph import Graph, graph, written
from .error_surface.paths import (
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
from .error_surface.surface import Direction, Surface, element, loss_surface, random_directions
from .expressivity.approximation import Fit, built_fits, curve_fit, trained_fits
from .expressivity.geometry import (
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
from .expressivity.regions import LinePieces, PlanePieces, line_pieces, plane_pieces
from .features.deconvolution import Projection, back_through, deconvolution, extent, most_active, strongest
from .features.filters import filters
from .features.inversion import Sought, invert, maximise, total_variation, unit_count
from .features.layers import Ran, layer_output, run_through
from .features.saliency import enlarged, grad_cam, last_maps, occlusion, saliency
from .features.sizes import WindowRow, window_sizes
from .training.activations import INITIAL_VALUES, Histogram, activation_histograms, activations, histogram, signals
from .training.batch_norm import SCALES, ScaleRun, compare_batch_norm
from .training.forgetting import InTurn, learn_in_turn
from .training.learning_curve import Course, LearningCurve, learning_curve, watch_fit
from .training.precision import NumberType, StepCost, number_type, step_cost

__all__ = [
    "BOOK_OPTIMIZERS",
    "INITIAL_VALUES",
    "SCALES",
    "Attack",
    "Course",
    "Direction",
    "Evolved",
    "Expression",
    "Factors",
    "Fit",
    "GradientCheck",
    "Graph",
    "Histogram",
    "InTurn",
    "LearningCurve",
    "LinePieces",
    "NumberType",
    "PixelAttack",
    "Plane",
    "PlanePieces",
    "Projection",
    "Ran",
    "ScaleRun",
    "Sought",
    "Stage",
    "StepCost",
    "Surface",
    "Trail",
    "TrailPlane",
    "Untangled",
    "WindowRow",
    "Zigzag",
    "activation_histograms",
    "activations",
    "back_through",
    "built_fits",
    "chain",
    "check_gradients",
    "check_model_gradients",
    "compare_batch_norm",
    "curve_fit",
    "decision_plane",
    "deconvolution",
    "descend",
    "differential_evolution",
    "element",
    "enlarged",
    "every_target",
    "expression",
    "extent",
    "fgsm",
    "filters",
    "flat_parameters",
    "grad_cam",
    "gradient_norms",
    "gradients_by_depth",
    "graph",
    "grid_lines",
    "hidden_points",
    "histogram",
    "invert",
    "last_maps",
    "layer_output",
    "layer_stages",
    "learn_in_turn",
    "learning_curve",
    "line_pieces",
    "loss_surface",
    "maximise",
    "most_active",
    "network_stages",
    "number_type",
    "occlusion",
    "one_pixel",
    "pgd",
    "plane_pieces",
    "principal_plane",
    "random_directions",
    "rotation_scaling_rotation",
    "run_through",
    "saliency",
    "signals",
    "step_cost",
    "strongest",
    "total_variation",
    "trained_fits",
    "unit_count",
    "untangle",
    "valley",
    "watch_fit",
    "window_sizes",
    "written",
    "zigzag",
]
