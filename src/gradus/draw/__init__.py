"""Pictures of plain data, with matplotlib (the extra `plot`): numbers in, a Figure out."""

from .approximation import curve_panel, error_panel, line_panel, plane_panel, way
from .attacks import attack_examples, confusions, draw_attack, success_rates
from .features import contrast, draw_filters, draw_picture, filters, mosaic, picture_rows
from .learning import draw_course, draw_few_samples, draw_in_turn, draw_learning_curve, draw_repeats
from .networks.graph import Drawing, graph, graph_on, graph_size
from .networks.layers import Panel, point_panels
from .networks.layout import Layout, layered
from .networks.neurons import neurons
from .networks.through_layers import Ridges, by_layer, by_layer_on, ridges, ridges_on
from .precision import Measured, precisions
from .report import Curves, confusion, curves, pictures, regression
from .samples import column_panels, sample_panels
from .style import BLUE, GREEN, INK, ORANGE, RED, available, few, new_figure, save_png, styled, thousands, to_svg
from .surface import PATH_COLOURS, draw_path, error_surface, surface_map
from .tiles import image_grid, image_rows, pretrained, tiled
from .trials import trials

__all__ = [
    "BLUE",
    "GREEN",
    "INK",
    "ORANGE",
    "PATH_COLOURS",
    "RED",
    "Curves",
    "Drawing",
    "Layout",
    "Measured",
    "Panel",
    "Ridges",
    "attack_examples",
    "available",
    "by_layer",
    "by_layer_on",
    "column_panels",
    "confusion",
    "confusions",
    "contrast",
    "curve_panel",
    "curves",
    "draw_attack",
    "draw_course",
    "draw_few_samples",
    "draw_filters",
    "draw_in_turn",
    "draw_learning_curve",
    "draw_path",
    "draw_picture",
    "draw_repeats",
    "error_panel",
    "error_surface",
    "few",
    "filters",
    "graph",
    "graph_on",
    "graph_size",
    "image_grid",
    "image_rows",
    "layered",
    "line_panel",
    "mosaic",
    "neurons",
    "new_figure",
    "picture_rows",
    "pictures",
    "plane_panel",
    "point_panels",
    "precisions",
    "pretrained",
    "regression",
    "ridges",
    "ridges_on",
    "sample_panels",
    "save_png",
    "styled",
    "success_rates",
    "surface_map",
    "thousands",
    "tiled",
    "to_svg",
    "trials",
    "way",
]
