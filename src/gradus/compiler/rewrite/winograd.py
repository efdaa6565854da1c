"""Winograd's algorithm: convolution by small kernels with a fraction of the multiplications.

A tile of m by m results of an r by r kernel is y = A' [(G g G') * (B' d B)] A, where d are the n by n pixels that it
sees, n = m + r - 1, and * multiplies element by element: n^2 multiplications in place of m^2 r^2. Summed over channels,
each of the n^2 elements is a matrix product. The matrices come from polynomials: a convolution is their product, which
is found from its values at n - 1 points and at infinity (Winograd, Arithmetic Complexity of Computations, 1980; Lavin
and Gray, Fast Algorithms for Convolutional Neural Networks, 2016).
"""

from __future__ import annotations

import functools
import math

from ... import dtypes
from ..graph.convolutions import NAMES, Sizes, Window, multiplications
from ..graph.graph import Graph, Node
from ..graph.winograd_matrices import SIZE, tiles
from .rewriting import call, own_kernel
from .rewriting import node as new

KERNELS = (3, 5)  # r: tiles are then 4 and 2 results wide
MOVED = 26  # multiplications in the time that a number takes to be written to memory and read again
TRANSFORMED = 15  # the same of a number that a thread transforms for itself, and that stays in its caches
FOLDED = 96  # the same of an element of a weight's gradient, whose sum's lanes are added up
STORED = 1 << 25  # numbers that are stored, at most, to be multiplied for the gradient to the kernels
GAIN = 1.25  # by how much it must be faster than the direct way before it is taken

WINOGRAD = own_kernel("winograd")
WINOGRAD_WEIGHT = own_kernel("winograd_weight")
WINOGRAD_TILES = own_kernel("winograd_tiles")
WINOGRAD_BACK = own_kernel("winograd_back")


# -- the pass ----------------------------------------------------------------------------------------------------------


def found(graph: Graph, lanes: int) -> dict[Node, Node]:
    """What becomes of convolutions, and of their gradients, for which it pays."""
    becomes: dict[Node, Node] = {}
    for n in graph.nodes():
        if pays(n):
            becomes[n] = _weight(n, lanes) if n.kind == "convolution_weight" else _rewritten(n)
    return becomes


def pays(n: Node, direct: float = 1.0) -> bool:
    """Whether it takes less time than the direct way, at so many times the multiplications a second."""
    theirs = multiplications(n) if n.kind in NAMES else 0
    if n.kind in ("convolution", "convolution_input") and _applies(n, n.inputs[1].shape[2:]):
        ours = _cost(n)
    elif n.kind == "convolution_weight" and n.shape[0] == 1 and _applies(n, n.shape[3:]):
        ours, theirs = _cost_of_weight(n), theirs + FOLDED * n.size
    else:
        return False
    return theirs > GAIN * direct * ours


def _applies(n: Node, kernel: Sizes) -> bool:
    window = Window(*(n.params[name] for name in Window._fields))
    return n.inputs[0].dtype == dtypes.float32 and suits(n.params["groups"], kernel, window)


def suits(groups: int, kernel: Sizes, window: Window) -> bool:
    """Whether it can be done at all."""
    plain = groups == 1 and set(window.stride) == set(window.dilation) == {1}
    return plain and len(kernel) == 2 and kernel[0] == kernel[1] and kernel[0] in KERNELS


def _cost(n: Node) -> int:
    """The time it takes, counted in multiplications."""
    source, weight = n.inputs
    return time(n.shape[0], source.shape[1], n.shape[1], n.shape[2:], weight.shape[2])


def time(batch: int, channels: int, out: int, places: Sizes, r: int) -> int:
    """The same of so many images; the kernels are transformed, too."""
    pixels = SIZE * SIZE * batch * math.prod(tiles(places, r))
    kernels = MOVED * SIZE * SIZE * out * channels
    return pixels * out * channels + TRANSFORMED * pixels * (out + channels) + kernels


def _cost_of_weight(n: Node) -> int:
    """The same for the gradient to the kernels."""
    source, g = n.inputs
    return time_of_weight(g.shape[0], source.shape[1], g.shape[1], g.shape[2:], n.shape[3])


def time_of_weight(batch: int, channels: int, out: int, places: Sizes, r: int) -> int:
    """The same of so many images: all that is transformed goes through memory."""
    pixels = SIZE * SIZE * batch * math.prod(tiles(places, r))
    kernels = MOVED * SIZE * SIZE * out * channels
    return pixels * out * channels + MOVED * pixels * (out + 2 * channels) + kernels


def _rewritten(n: Node) -> Node:
    """A convolution, or, with the kernel turned round, a gradient to an input, which is one too."""
    source, weight = n.inputs
    r, back = weight.shape[2], n.kind == "convolution_input"
    before = tuple(r - 1 - b for b in n.params["before"]) if back else n.params["before"]
    u = new(WINOGRAD_WEIGHT, (weight,), (SIZE * SIZE, *weight.shape[:2]), turned=back)
    return new(WINOGRAD, (source, u), n.shape, kernel=r, before=before)


def _weight(n: Node, lanes: int) -> Node:
    """dK = G' (sum over tiles (A g A') (B' x B)) G; a few blocks of images at a time, so that little is stored."""
    source, g = n.inputs
    each = SIZE * SIZE * math.prod(tiles(g.shape[2:], n.shape[3])) * lanes * (g.shape[1] + source.shape[1])
    blocks, at_once = -(-g.shape[0] // lanes), max(1, STORED // each)
    parts = [_tiles_product(n, (first, min(first + at_once, blocks)), lanes) for first in range(0, blocks, at_once)]
    total = functools.reduce(lambda a, b: call("add", [a, b]), parts)
    return call("reshape", [new(WINOGRAD_BACK, (total,), n.shape[1:])], shape=n.shape)


def _tiles_product(n: Node, blocks: tuple[int, int], lanes: int) -> Node:
    """The product over the tiles of some blocks of images."""
    (source, g), r = n.inputs, n.shape[3]
    places = g.shape[2:]
    columns = (blocks[1] - blocks[0]) * lanes * math.prod(tiles(places, r))
    how = {"kernel": r, "places": places, "blocks": blocks}
    shapes = (g.shape[1], SIZE * SIZE, columns), (SIZE * SIZE, columns, source.shape[1])
    gradients = new(WINOGRAD_TILES, (g,), shapes[0], before=(0, 0), of_gradient=True, **how)
    pixels = new(WINOGRAD_TILES, (source,), shapes[1], before=n.params["before"], of_gradient=False, **how)
    return call("matmul", [call("permute", [gradients], axes=(1, 0, 2)), pixels])
