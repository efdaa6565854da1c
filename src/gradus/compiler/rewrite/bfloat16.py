"""precision="bf16": the operands of products and convolutions are rounded to bfloat16, their sums stay in float32.

A cast goes below the views that a product reads an operand through, so that a weight and its transpose are rounded
once, and what only products read is stored in half the memory. All else stays as it is: the weights themselves, losses,
statistics, the optimizer's state.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from ... import dtypes
from ...errors import ArgumentError, nearest
from ...ops.core.lowering import Elementwise
from ...ops.core.primitive import Primitive, Shaped
from ..graph.convolutions import NAMES, PRODUCTS
from ..graph.graph import Node, worked_out
from . import winograd
from .rewriting import call

PRECISIONS = ("float32", "bf16")
FASTER = 2.0  # dot products of bfloat16 than multiplications of float32
LARGE = 1 << 20  # numbers of a second operand that are rounded when they are packed, rather than stored before
THROUGH = ("permute", "reshape", "broadcast_to", "slice", "concatenate")


def check_precision(name: str) -> None:
    """Refuse what is no precision."""
    if name not in PRECISIONS:
        raise ArgumentError(f"there is no precision {name!r}. {nearest(str(name), PRECISIONS)}")


def _pairs(xp: Any, first: Any, second: Any) -> Any:
    return xp.pair(first, second)


def _pairs_rule(first: Any, second: Any) -> Shaped:
    return Shaped(first.shape, dtypes.uint32)


PAIRS = Primitive("pairs", _pairs_rule, _pairs, vjp=(None, None), lower=Elementwise(effort=8), listed=False)


def pairs(x: Node, axis: int, known: dict[tuple[Node, int], Node] | None = None) -> Node:
    """Neighbours along an axis, each two in one word; they are made of what a view shows, where it leaves them so."""
    return worked_out((x, axis), _shown, _paired, {} if known is None else known)


def _shown(along: tuple[Node, int]) -> list[tuple[Node, int]]:
    below = _below(*along)
    return below.inputs if below is not None else []


def _paired(along: tuple[Node, int], inputs: list[Node]) -> Node:
    (x, axis), below = along, _below(*along)
    if below is not None:
        return Node(x.op, tuple(inputs), below.params, _halved(x.shape, axis), dtypes.uint32)
    ranges = [tuple((0, length, 1) for length in x.shape)] * 2
    each = [(*r[:axis], (start, x.shape[axis], 2), *r[axis + 1 :]) for start, r in enumerate(ranges)]
    first, second = (call("slice", [x], ranges=r) for r in each)
    return Node(PAIRS, (first, second), {}, first.shape, dtypes.uint32)


class _Below(NamedTuple):
    """The inputs of a view, each with the axis that the pairs lie along, and the view's parameters for pairs."""

    inputs: list[tuple[Node, int]]
    params: dict[str, Any]


def _below(x: Node, axis: int) -> _Below | None:
    """None if it is no view, or tears neighbours apart."""
    whole, params = (0, x.shape[axis], 1), x.params
    if x.kind == "permute":
        return _Below([(x.inputs[0], params["axes"][axis])], params)
    if x.kind == "concatenate" and (params["axis"] != axis or all(y.shape[axis] % 2 == 0 for y in x.inputs)):
        return _Below([(y, axis) for y in x.inputs], params)
    if x.kind == "slice" and x.inputs[0].shape[axis] == x.shape[axis] and params["ranges"][axis] == whole:
        ranges = (*params["ranges"][:axis], (0, x.shape[axis] // 2, 1), *params["ranges"][axis + 1 :])
        return _Below([(x.inputs[0], axis)], {"ranges": ranges})
    if x.kind in ("broadcast_to", "reshape"):
        y = x.inputs[0]
        own = axis + len(y.shape) - len(x.shape)
        last = axis == len(x.shape) - 1 or x.kind == "broadcast_to"
        if last and own >= 0 and y.shape[own] == x.shape[axis]:
            return _Below([(y, own)], {"shape": _halved(x.shape, axis)})
    return None


def _halved(shape: tuple[int, ...], axis: int) -> tuple[int, ...]:
    return (*shape[:axis], shape[axis] // 2, *shape[axis + 1 :])


class Rounding:
    """A rule for one graph: what becomes of its products.

    Args:
        lanes: of the processor's dot products; 0 if it has none. What they do not suit is rounded, and widened again.
        winograd: whether convolutions may be left to Winograd's algorithm, in float32, where that is faster still.
    """

    def __init__(self, lanes: int, winograd: bool) -> None:
        self.lanes, self.winograd = lanes, winograd
        self._narrow: dict[Node, Node] = {}
        self._wide: dict[Node, Node] = {}
        self._pairs: dict[tuple[Node, int], Node] = {}

    def __call__(self, n: Node) -> Node | None:
        if n.kind not in PRODUCTS or n.dtype != dtypes.float32:
            return None
        return Node(n.op, self._operands(n), n.params, n.shape, n.dtype)

    def _operands(self, n: Node) -> tuple[Node, ...]:
        if self.lanes and n.kind == "matmul" and n.inputs[0].shape[-1] % 2 == 0:
            a, b = n.inputs
            return self._paired(a, len(a.shape) - 1), b if b.size >= LARGE else self._paired(b, len(b.shape) - 2)
        if self.lanes and n.kind in NAMES and not (self.winograd and winograd.pays(n, FASTER)):
            images, other = n.inputs
            if images.shape[0] > self.lanes and n.kind == "convolution_weight":
                return self._rounded(images), self._rounded(other)
            if images.shape[0] > self.lanes and other.shape[1] % 2 == 0:
                return self._rounded(images), self._paired(other, 1)
        return tuple(self._widened(self._rounded(x)) for x in n.inputs)

    def _paired(self, x: Node, axis: int) -> Node:
        return pairs(x, axis, self._pairs)

    def _rounded(self, x: Node) -> Node:
        return self._through(x, dtypes.bfloat16, self._narrow)

    def _widened(self, x: Node) -> Node:
        """Rounded numbers as float32 again: any processor multiplies these."""
        return self._through(x, dtypes.float32, self._wide)

    @staticmethod
    def _through(x: Node, dtype: dtypes.Dtype, known: dict[Node, Node]) -> Node:
        """A cast, made of what a view shows."""

        def make(n: Node, inputs: list[Node]) -> Node:
            if n.kind in THROUGH:
                return Node(n.op, tuple(inputs), n.params, n.shape, dtype)
            return call("cast", [n], dtype=dtype)

        return worked_out(x, lambda n: n.inputs if n.kind in THROUGH else (), make, known)


__all__ = ["PRECISIONS", "Rounding", "check_precision"]
