"""precision="bf16": the operands of products and convolutions are rounded to bfloat16, their sums stay in float32.

A cast goes below the views that a product reads an operand through, so that a weight and its transpose are rounded
once, and what only products read is stored in half the memory. All else stays as it is: the weights themselves, losses,
statistics, the optimizer's state.
"""

from __future__ import annotations

from .. import dtypes
from ..errors import ArgumentError, nearest
from .convolution import PRODUCTS
from .graph import Node
from .sums import call

PRECISIONS = ("float32", "bf16")
THROUGH = ("permute", "reshape", "broadcast_to", "slice", "concatenate")


def check_precision(name: str) -> None:
    """Refuse what is no precision."""
    if name not in PRECISIONS:
        raise ArgumentError(f"there is no precision {name!r}. {nearest(str(name), PRECISIONS)}")


class Rounding:
    """A rule for one graph: what becomes of its products."""

    def __init__(self) -> None:
        self._known: dict[Node, Node] = {}

    def __call__(self, n: Node) -> Node | None:
        if n.kind not in PRODUCTS or n.dtype != dtypes.float32:
            return None
        return Node(n.op, tuple(self._wide(self._rounded(x)) for x in n.inputs), n.params, n.shape, n.dtype)

    def _rounded(self, x: Node) -> Node:
        if x not in self._known:
            if x.kind in THROUGH:
                below = tuple(map(self._rounded, x.inputs))
                self._known[x] = Node(x.op, below, x.params, x.shape, dtypes.bfloat16)
            else:
                self._known[x] = call("cast", [x], dtype=dtypes.bfloat16)
        return self._known[x]

    def _wide(self, x: Node) -> Node:
        """Rounded numbers as float32 again: any processor multiplies these."""
        if x.kind in THROUGH:
            return Node(x.op, tuple(map(self._wide, x.inputs)), x.params, x.shape, dtypes.float32)
        return call("cast", [x], dtype=dtypes.float32)


__all__ = ["PRECISIONS", "Rounding", "check_precision"]
