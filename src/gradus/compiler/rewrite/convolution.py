"""Convolutions found in the graph: what the texts write as a product over a sliding window becomes one node.

    y = K columns(x)        -> convolution(x, K)
    columns'(K^T g)         -> convolution_input(g, K), the gradient to x; also a transposed convolution
    g columns(x)^T          -> convolution_weight(x, g), the gradient to K

The columns are then never stored. x is (n, c, *lengths), K is (o, c / groups, *kernel), y and g are (n, o, *places);
for the gradient to x the kernels are turned, (c, o / groups, *kernel), so that they are read in order.
Zeros around x are not stored either: `before` says how many stand in front of each axis, the shapes how many behind.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

from ..graph.convolutions import NAMES, Sizes, Window
from ..graph.graph import Graph, Node
from .rewriting import call, node, own_kernel

UNITS = 64  # parts that a weight's gradient is cut into, at least: enough for many threads


CONVOLUTION = own_kernel("convolution")
CONVOLUTION_INPUT = own_kernel("convolution_input")
CONVOLUTION_WEIGHT = own_kernel("convolution_weight")


class Columns(NamedTuple):
    """What a product's operand was read from: windows over x, (groups, c / groups x kernel, n x places)."""

    x: Node
    kernel: Sizes
    places: Sizes
    window: Window


# -- the pass ----------------------------------------------------------------------------------------------------------


def found(graph: Graph, lanes: int, needs_columns: Callable[[Node], bool]) -> dict[Node, Node]:
    """What becomes of products over windows but those, as convolutions, that do need columns."""
    becomes: dict[Node, Node] = {}
    for n in graph.nodes():
        new = _product(n, lanes) if n.kind == "matmul" else _adjoint(n) if n.kind == ADJOINT else None
        if new is not None and not needs_columns(_convolution(new)):
            becomes[n] = new
        elif n.kind == "slice" and n.inputs[0] in becomes:
            cut = _cut(n, becomes[n.inputs[0]])
            if cut is not None:
                becomes[n] = cut
    return becomes


ADJOINT = "sliding_window_adjoint"


def _convolution(new: Node) -> Node:
    while new.kind not in NAMES:
        new = new.inputs[0]
    return new


def _columns(n: Node) -> Columns | None:
    """If a product's operand is windows laid out as columns: what they are windows of."""
    if n.kind != "reshape" or n.inputs[0].kind != "permute" or len(n.shape) != 3:
        return None
    moved = n.inputs[0]
    windows = moved.inputs[0]
    if windows.kind != "sliding_window":
        return None
    kernel, d = windows.params["kernel"], len(windows.params["kernel"])
    x, places = windows.inputs[0], windows.shape[2 : 2 + d]
    wanted = (1, *range(2 + d, 2 + 2 * d), 0, *range(2, 2 + d))
    groups, rows, columns = n.shape
    whole = len(x.shape) == d + 2 and groups * rows == x.shape[1] * math.prod(kernel) and x.shape[1] % groups == 0
    if moved.params["axes"] != wanted or not whole or columns != x.shape[0] * math.prod(places):
        return None
    before = (0,) * d
    if _pads_with_zeros(x):
        before = tuple(w[0] for w in x.params["widths"][2:])
        x = x.inputs[0]
    return Columns(x, kernel, places, Window(windows.params["stride"], windows.params["dilation"], before))


def _pads_with_zeros(x: Node) -> bool:
    if x.kind != "pad" or x.params["value"] != 0:
        return False
    widths = x.params["widths"]
    return widths[:2] == ((0, 0, 0),) * 2 and all(a >= 0 and b >= 0 and gap == 0 for a, b, gap in widths[2:])


def _product(n: Node, lanes: int) -> Node | None:
    """A convolution, or the gradient to its weight."""
    a, b = n.inputs
    if (found := _columns(b)) is not None:
        return _forward(n, a, found)
    if b.kind == "permute" and b.params["axes"] == (0, 2, 1) and (found := _columns(b.inputs[0])) is not None:
        return _weight(n, a, found, lanes)
    return None


def _forward(n: Node, kernels: Node, c: Columns) -> Node:
    groups, each, _ = n.shape
    out, batch = groups * each, c.x.shape[0]
    weight = _reshaped(kernels, (out, c.x.shape[1] // groups, *c.kernel))
    y = node(CONVOLUTION, (c.x, weight), (batch, out, *c.places), groups=groups, **c.window._asdict())
    return _reshaped(_swapped(y), n.shape)


def _weight(n: Node, g: Node, c: Columns, lanes: int) -> Node:
    """The gradient to the weight."""
    groups, each, _ = n.shape
    shape = (groups * each, c.x.shape[1] // groups, *c.kernel)
    images = _images(g, c.x.shape[0], c.places)
    return _reshaped(weight_gradient(c.x, images, shape, lanes, groups=groups, **c.window._asdict()), n.shape)


def weight_gradient(x: Node, g: Node, shape: Sizes, lanes: int, **params: Any) -> Node:
    """The gradient to a weight (o, c / groups, *kernel); where it has few elements the batch is cut, and the parts are
    added up."""
    blocks = -(-x.shape[0] // lanes)
    together = 24 if math.prod(shape[2:]) > 1 else 24 * 9  # elements that are worked out in one go, about
    parts = min(blocks, -(-UNITS // max(math.prod(shape) // together, 1)))
    partial = node(CONVOLUTION_WEIGHT, (x, g), (parts, *shape), **params)
    return call("sum", [partial], axis=(0,)) if parts > 1 else _reshaped(partial, shape)


def _adjoint(n: Node) -> Node | None:
    """The gradient to a convolution's input."""
    moved = n.inputs[0]
    kernel, d = n.params["kernel"], len(n.params["kernel"])
    wanted = (1 + d, 0, *range(2 + d, 2 + 2 * d), *range(1, 1 + d))
    if moved.kind != "permute" or moved.params["axes"] != wanted or moved.inputs[0].kind != "reshape":
        return None
    spread, product = moved.inputs[0], moved.inputs[0].inputs[0]
    if product.kind != "matmul" or len(product.shape) != 3 or len(n.shape) != d + 2:
        return None
    batch, channels = n.shape[:2]
    places = spread.shape[2 + d :]
    groups, rows, _ = product.shape
    if spread.shape != (channels, *kernel, batch, *places) or groups * rows != channels * math.prod(kernel):
        return None
    turned, g = product.inputs
    each = turned.shape[2]
    by_group = _reshaped(turned, (groups, channels // groups, math.prod(kernel), each))
    weight = _turned(by_group, (channels, each, *kernel))
    window = Window(n.params["stride"], n.params["dilation"], (0,) * d)
    return node(CONVOLUTION_INPUT, (_images(g, batch, places), weight), n.shape, groups=groups, **window._asdict())


def _turned(n: Node, shape: Sizes) -> Node:
    """A weight (groups, c / groups, kernel, o / groups) as (c, o / groups, *kernel), as the gradient's sums run."""
    return _reshaped(_permuted(n, (0, 1, 3, 2)), shape)


def _cut(n: Node, found: Node) -> Node | None:
    """A slice of the gradient to a padded input: the gradient to the input itself."""
    ranges = n.params["ranges"]
    if found.kind != "convolution_input" or any(step != 1 for _, _, step in ranges) or n.shape[:2] != found.shape[:2]:
        return None
    before = tuple(b + start for b, (start, _, _) in zip(found.params["before"], ranges[2:], strict=True))
    return node(CONVOLUTION_INPUT, found.inputs, n.shape, **{**_params(found), "before": before})


def _params(n: Node) -> dict[str, Any]:
    return {k: v for k, v in n.params.items() if k != "shape"}


def _images(g: Node, batch: int, places: Sizes) -> Node:
    """(groups, channels of each, n x places) as (n, channels, *places)."""
    channels = g.shape[0] * g.shape[1]
    return _swapped(_reshaped(g, (channels, batch, *places)))


def _swapped(n: Node) -> Node:
    return _permuted(n, (1, 0, *range(2, len(n.shape))))


def _permuted(n: Node, axes: Sizes) -> Node:
    if n.kind == "permute":
        axes, n = tuple(n.params["axes"][a] for a in axes), n.inputs[0]
    return n if axes == tuple(range(len(axes))) else call("permute", [n], axes=axes)


def _reshaped(n: Node, shape: Sizes) -> Node:
    n = n.inputs[0] if n.kind == "reshape" else n
    return n if n.shape == shape else call("reshape", [n], shape=shape)


# -- one axis ----------------------------------------------------------------------------------------------------------


__all__ = ["found", "weight_gradient"]
