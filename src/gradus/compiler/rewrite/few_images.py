"""Convolutions of fewer images than a vector has lanes: what the lanes lie along, decided here and nowhere else.

- Along *pieces*: images are cut until there are enough, and joined afterwards (`cut.py`).
- Along *rows*: a vector is some neighbouring pixels of one image (`rows.py`). Nothing is moved but to put zeros around
  images; lanes beyond the ends of rows are idle, and the gradient to the kernels has no such way.
- Along the *columns* of windows, of a product that stores them: where there are fewer results than lanes.

What takes the least time is taken. Times are counted in multiplications, as many of which are done at once as there are
lanes; so the choice depends on the sizes and on how wide vectors are, and not on a machine.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from functools import lru_cache
from typing import Literal, NamedTuple

from ... import dtypes
from ..graph.batches import blocks
from ..graph.convolutions import BACK, NAMES, Sizes, Window
from ..graph.graph import Graph, Node
from . import cut, rows, winograd
from .cut import CutAxis
from .rewriting import call

MOVED = winograd.MOVED  # multiplications in the time that a number takes to be written to memory and read again
TURNED = 10  # the same of a number that is turned in a square; and of one that is not, in the first cache
COLUMN = 128  # the same of a number of the columns, which is packed, too
MOST = 16  # blocks of pieces, at most, that are thought of

Way = tuple[CutAxis, ...] | Literal["rows", "columns"]


class Job(NamedTuple):
    """What the time depends on that a convolution of few images, or one of its gradients, takes.

    Of the gradient to an input the source is what comes to the results; that to the kernels counts as the convolution.
    """

    kind: str
    batch: int
    source: int
    result: int
    groups: int
    places: Sizes
    kernel: Sizes
    window: Window
    by_winograd: bool

    @property
    def back(self) -> bool:
        """Whether it is a gradient to an input."""
        return self.kind in BACK

    @property
    def of_weight(self) -> bool:
        """Whether it is the gradient to the kernels."""
        return self.kind == "convolution_weight"

    @property
    def elements(self) -> int:
        """Of the weight."""
        return self.source // self.groups * self.result * math.prod(self.kernel)

    def work(self, places: Sizes) -> float:
        """Multiplications for so many results of each channel, directly."""
        return self.elements * math.prod(places) / (math.prod(self.window.stride) if self.back else 1)

    def cut(self, pieces: int, *axis: int) -> CutAxis:
        """An axis (places, kernel, stride, dilation, before) cut into so many pieces."""
        return (cut.of_source if self.back else cut.of_result)(pieces, *axis)


# -- the pass ----------------------------------------------------------------------------------------------------------


def found(graph: Graph, lanes: int, by_winograd: bool) -> dict[Node, Node]:
    """What becomes of convolutions of few images."""
    few = (n for n in graph.nodes() if n.kind in NAMES and 0 < _batch(n) < lanes)
    return {n: _product(n) if _sees_one_pixel(n) else _filled(n, lanes, by_winograd) for n in few}


def _filled(n: Node, lanes: int, by_winograd: bool) -> Node:
    """A convolution whose vectors are filled."""
    how = chosen(job_of(n, by_winograd), lanes, columns=False)
    if isinstance(how, str):
        return rows.along_rows(n)
    if all(a.pieces == 1 for a in how):
        return n
    return cut.weight(n, how, lanes) if n.kind == "convolution_weight" else cut.convolution(n, how)


def needs_columns(n: Node, lanes: int, by_winograd: bool) -> bool:
    """Whether a convolution stays the product that it was."""
    if _batch(n) >= lanes:
        return False
    if 0 in n.shape:
        return True
    if _sees_one_pixel(n):  # columns are its pixels as they are; of many, each image can have a product of its own
        return math.prod(n.inputs[0].shape[2:]) < lanes
    return chosen(job_of(n, by_winograd), lanes) == "columns"


def _sees_one_pixel(n: Node) -> bool:
    """Whether each result sees one pixel, and each pixel is seen."""
    p, of_weight = n.params, n.kind == "convolution_weight"
    kernel, result = (n.shape[3:], n.inputs[1]) if of_weight else (n.inputs[1].shape[2:], n)
    alone = {*kernel, *p["stride"], p["groups"]} == {1} and not any(p["before"])
    return alone and n.inputs[0].shape[2:] == result.shape[2:]


def _product(n: Node) -> Node:
    """What sees one pixel at a time as a product for each image, y = K x, or dK = g x', which are then added up."""
    images, other = n.inputs
    x = _flat(images, 2)
    if n.kind == "convolution_weight":
        each = call("matmul", [_flat(other, 2), call("permute", [x], axes=(0, 2, 1))])
        y = call("sum", [each], axis=(0,))
    else:
        k = _flat(other, 1)
        y = call("matmul", [call("broadcast_to", [k], shape=(x.shape[0], *k.shape)), x])
    return call("reshape", [y], shape=n.shape)


def _flat(n: Node, others: int) -> Node:
    """With all axes after so many others as one."""
    return call("reshape", [n], shape=(*n.shape[:others], math.prod(n.shape[others:])))


def _batch(n: Node) -> int:
    return n.inputs[0].shape[0]


def job_of(n: Node, by_winograd: bool) -> Job:
    """What a convolution's time depends on."""
    p, (source, weight) = n.params, n.inputs
    window = Window(p["stride"], p["dilation"], p["before"])
    result, kernel = (weight, n.shape[3:]) if n.kind == "convolution_weight" else (n, weight.shape[2:])
    by_winograd = by_winograd and n.dtype == dtypes.float32
    sizes = source.shape[1], result.shape[1], p["groups"], result.shape[2:], kernel, window, by_winograd
    return Job(n.kind, source.shape[0], *sizes)


# -- the decision ------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1 << 12)
def chosen(job: Job, lanes: int, columns: bool = True) -> Way:
    """How the axes are cut; or "rows"; or "columns", where these may still be had.

    >>> image = Job("convolution", 1, 64, 64, 1, (56, 56), (3, 3), Window((1, 1), (1, 1), (1, 1)), False)
    >>> [axis.pieces for axis in chosen(image, 16)], chosen(image._replace(places=(1, 1)), 16)
    ([4, 4], 'columns')
    """
    ways: list[tuple[float, Way]] = [(_time_of_pieces(job, how, lanes), how) for how in _cuts(job, lanes)]
    if columns:
        ways.append((_time_of_columns(job), "columns"))
    if not job.of_weight and _has_rows(job):
        ways.append((_time_of_rows(job, lanes), "rows"))
    return min(ways, key=lambda way: way[0])[1]


def _cuts(job: Job, lanes: int) -> Iterator[tuple[CutAxis, ...]]:
    """The ways to cut images."""
    most = MOST * lanes // job.batch
    axes = zip(job.places, job.kernel, *job.window, strict=True)
    each = [dict.fromkeys(job.cut(pieces, *axis) for pieces in range(1, min(axis[0], most) + 1)) for axis in axes]
    return (how for how in itertools.product(*each) if math.prod(a.pieces for a in how) <= most)


def _time_of_pieces(job: Job, how: tuple[CutAxis, ...], lanes: int) -> float:
    pieces = blocks(job.batch * math.prod(a.pieces for a in how), lanes) * lanes
    places = tuple(a.size for a in how)
    seen = _moved(tuple(a.length for a in how), lanes)
    moved = job.source * seen + job.result * _moved(places, lanes)
    work = pieces * job.work(places) + (winograd.FOLDED * job.elements if job.of_weight else 0)
    if job.by_winograd and winograd.suits(job.groups, job.kernel, job.window):
        how_long = winograd.time_of_weight if job.of_weight else winograd.time
        quick = how_long(pieces, job.source, job.result, places, job.kernel[0])
        work = quick if winograd.GAIN * quick < work else work
    return work + TURNED * pieces * moved


def _moved(lengths: Sizes, lanes: int) -> int:
    """How many numbers are moved of so many; row by row, in whole vectors, they are turned, too."""
    return math.prod(lengths[:-1]) * (lengths[-1] + blocks(lengths[-1], lanes) * lanes)


def _time_of_rows(job: Job, lanes: int) -> float:
    row, taps, stride = job.places[-1], job.kernel[-1], job.window.stride[-1]
    idle = blocks(row, lanes) * lanes / row
    padded = 1.0 if job.back else -(-taps // stride) * stride / taps
    axes = zip(job.places, job.kernel, *job.window, strict=True)
    seen = math.prod(job.cut(1, *axis).length for axis in axes)
    return job.batch * (job.work(job.places) * idle * padded + MOVED * job.source * seen)


def _has_rows(job: Job) -> bool:
    """Whether a stride along the rows, if there is one, can be taken apart."""
    stride, dilation = job.window.stride[-1], job.window.dilation[-1]
    return stride == 1 or not (job.back or dilation > 1)


def _time_of_columns(job: Job) -> float:
    images = job.result / math.prod(job.window.stride) if job.back else job.source
    columns = images * math.prod(job.kernel) * math.prod(job.places)
    return job.batch * (job.work(job.places) + COLUMN * columns)


__all__ = ["chosen", "found", "needs_columns"]
