"""What is known of a convolution from its node: its kinds, how its window moves along each axis, and its work.

`rewrite/convolution.py` says what the nodes mean.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

from ...dtypes import uint32
from .graph import Node

Sizes = tuple[int, ...]
IMAGES = ("convolution", "convolution_input", "winograd")  # whose results are batches of images
NAMES = (*IMAGES, "convolution_weight", "winograd_tiles")
ALONG_ROWS = ("row_convolution", "row_convolution_input")  # of few images (`rows.py`)
BACK = ("convolution_input", "row_convolution_input")
PRODUCTS = ("matmul", *IMAGES, "convolution_weight", *ALONG_ROWS)
ATTENTION = {"attention": 3, "attention_gradients": 4}  # made of products, and of how many operands


class Window(NamedTuple):
    """How the window moves: for each axis it slides over."""

    stride: Sizes
    dilation: Sizes
    before: Sizes


def multiplications(n: Node) -> int:
    """How many multiplications a product or a convolution takes; those with zeros around the images count.

    Of Winograd's algorithm, those that the direct way would take.
    """
    if n.kind == "matmul":
        return n.size * n.inputs[0].shape[-1] * _in_one(n, 0)
    if n.kind in ATTENTION:
        back = ATTENTION[n.kind] - 3
        q, k, v = n.inputs[back : back + 3]
        return q.size * k.shape[-2] * (1 + 2 * back) + q.size // q.shape[-1] * v.shape[-2] * v.shape[-1] * (1 + back)
    a, b = n.inputs
    if n.kind == "convolution_weight":
        return math.prod(n.shape[1:]) * b.size // b.shape[1]
    if n.kind == "winograd":
        return n.size * a.shape[1] * int(n.params["kernel"]) ** 2
    places = n.size // n.shape[1]
    if n.kind in BACK:  # of what comes to the results, and of the input, no more than the fewer meet all taps
        places = min(a.size // a.shape[1], places // math.prod(n.params["stride"]))
    return places * b.size * _in_one(n, 1)


def _in_one(n: Node, operand: int) -> int:
    """How many numbers an element of a product's operand holds: words hold two of bfloat16."""
    return 2 if n.inputs[operand].dtype == uint32 != n.dtype else 1


# -- one axis ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Axis:
    """One axis as the results see it that stand at first, first + step, ...

    Result number i adds up, over the taps j, the kernel's element tap + j tap_step times what stands in the source at
    i scale + offset + j reach, if that is inside.
    """

    first: int
    step: int
    count: int
    taps: int
    tap: int
    tap_step: int
    scale: int
    offset: int
    reach: int
    length: int

    @property
    def inner(self) -> tuple[int, int]:
        """The results, first and last + 1, all of whose taps are inside."""
        low = max(0, -(self.offset // self.scale))
        high = (self.length - 1 - self.offset - (self.taps - 1) * self.reach) // self.scale + 1
        return min(low, self.count), max(min(low, self.count), min(high, self.count))


def axes(n: Node) -> list[list[Axis]]:
    """For each axis the window slides over, the classes its results fall into."""
    source, weight = n.inputs
    if n.kind == "convolution_weight":
        source, result, kernel = n.inputs[0], n.inputs[1], n.shape[3:]
    else:
        result, kernel = n, weight.shape[2:]
    p = n.params
    each = zip(source.shape[2:], result.shape[2:], kernel, p["stride"], p["dilation"], p["before"], strict=True)
    if n.kind in BACK:
        return [_classes(*sizes) for sizes in each]
    return [[Axis(0, 1, places, k, 0, 1, s, -b, d, length)] for length, places, k, s, d, b in each]


def _classes(places: int, length: int, kernel: int, stride: int, dilation: int, before: int) -> list[Axis]:
    """The gradient to an input: element i met tap t at place (i + before - t dilation) / stride, where that is whole.

    For a stride of 2, odd and even elements met different taps: each residue is a class of its own.
    """
    found = []
    for first in range(min(stride, length)):
        taps = [t for t in range(kernel) if (first + before - t * dilation) % stride == 0][::-1]
        between = taps[0] - taps[1] if len(taps) > 1 else 0
        offset = (first + before - taps[0] * dilation) // stride if taps else 0
        reach = between * dilation // stride or 1
        count = -(-(length - first) // stride)
        found.append(Axis(first, stride, count, len(taps), taps[0] if taps else 0, -between, 1, offset, reach, places))
    return found
