"""Convolutions of few images whose lanes lie along the rows of the result.

Where the window moves by one element along a row, the vector that neighbouring pixels meet at a tap is a piece of a row
of the source, read where it lies. The rewrites here bring a convolution into a form in which that always holds:

- zeros around the source are stored, so that every window lies inside;
- a stride s along the rows is taken apart. Elements s apart become neighbours, the s ways to begin become an axis that
  the window covers as a whole, and along the rows it moves by one;
- a single axis gets one of length 1 before it, since tiles are made of pieces of rows that lie below each other.
"""

from __future__ import annotations

from ..graph.convolutions import BACK, Sizes
from ..graph.graph import Node
from .rewriting import call, node, own_kernel

ROWS = own_kernel("row_convolution")
ROWS_BACK = own_kernel("row_convolution_input")
WINDOW = ("stride", "dilation", "before")


def along_rows(n: Node) -> Node:
    """What becomes of a convolution, or of the gradient to its input."""
    if len(n.shape) == 3:
        return call("reshape", [along_rows(_with_two_axes(n))], shape=n.shape)
    if n.kind in BACK:
        return _gradient(n)
    return _result(n) if n.params["stride"][-1] == 1 else call("reshape", [_result(_apart(n))], shape=n.shape)


def _changed(n: Node, x: Node, weight: Node, shape: Sizes, **params: object) -> Node:
    """A convolution of something else, in another way."""
    return node(n.primitive, (x, weight), shape, **{k: v for k, v in {**n.params, **params}.items() if k != "shape"})


def _with_two_axes(n: Node) -> Node:
    x, weight = (call("reshape", [a], shape=(*a.shape[:2], 1, a.shape[2])) for a in n.inputs)
    window = {name: ((0 if name == "before" else 1), *n.params[name]) for name in WINDOW}
    return _changed(n, x, weight, (*n.shape[:2], 1, n.shape[2]), **window)


def _apart(n: Node) -> Node:
    """With elements that are a stride apart along the rows beside each other: axes (the stride, ..., rows)."""
    x, weight = n.inputs
    stride, dilation, before = (n.params[name] for name in WINDOW)
    s, taps = stride[-1], -(-weight.shape[-1] // stride[-1])
    length = (n.shape[-1] + taps - 1) * s
    x = _fitted(x, before[-1], length)
    weight = _fitted(weight, 0, taps * s)
    window = {"stride": (1, *stride[:-1], 1), "dilation": (1, *dilation), "before": (0, *before[:-1], 0)}
    return _changed(n, _phases(x, s), _phases(weight, s), (*n.shape[:2], 1, *n.shape[2:]), **window)


def _phases(x: Node, s: int) -> Node:
    """(a, b, ..., length) as (a, b, s, ..., length / s)."""
    axes = len(x.shape)
    split = call("reshape", [x], shape=(*x.shape[:-1], x.shape[-1] // s, s))
    return call("permute", [split], axes=(0, 1, axes, *range(2, axes)))


def _fitted(x: Node, before: int, length: int) -> Node:
    """The last axis with zeros in front, and behind it zeros, or less of it, so that it has this length."""
    left = max(length - before - x.shape[-1], 0)
    x = _padded(x, [*((0, 0),) * (len(x.shape) - 1), (before, left)])
    if x.shape[-1] == length:
        return x
    ranges = (*((0, size, 1) for size in x.shape[:-1]), (0, length, 1))
    return call("slice", [x], ranges=ranges)


def _padded(x: Node, widths: list[tuple[int, int]]) -> Node:
    if not any(low or high for low, high in widths):
        return x
    return call("pad", [x], widths=tuple((low, high, 0) for low, high in widths), value=0)


def _result(n: Node) -> Node:
    """A convolution whose windows all lie inside its padded source."""
    x, weight = n.inputs
    widths = [(0, 0), (0, 0)]
    each = zip(x.shape[2:], n.shape[2:], weight.shape[2:], *(n.params[name] for name in WINDOW), strict=True)
    for length, places, kernel, stride, dilation, before in each:
        reach = (places - 1) * stride + (kernel - 1) * dilation + 1
        widths.append((before, max(reach - before - length, 0)))
    params = {**n.params, "before": (0,) * len(widths[2:])}
    return node(ROWS, (_padded(x, widths), weight), **params)


def _gradient(n: Node) -> Node:
    """The same of the gradient to the source, which is summed over the places whose windows saw an element."""
    g, weight = n.inputs
    widths, starts = [(0, 0), (0, 0)], []
    each = zip(n.shape[2:], g.shape[2:], weight.shape[2:], *(n.params[name] for name in WINDOW), strict=True)
    for length, places, kernel, stride, dilation, before in each:
        low = max(-((before - (kernel - 1) * dilation) // stride), 0)
        high = max((length - 1 + before) // stride - places + 1, 0)
        widths.append((low, high))
        starts.append(before + low * stride)
    return node(ROWS_BACK, (_padded(g, widths), weight), **{**n.params, "before": tuple(starts)})


__all__ = ["along_rows"]
