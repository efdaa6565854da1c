"""How attention is cut: into chunks of queries whose scores, of all keys, lie in a thread's own memory.

The weights are so never stored; what a thread works in grows with the number of keys, not with its square.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from ...aligned import LINE
from ..graph.graph import Node
from .tiling import Operand, Processor, Tiling

ROWS = 64  # queries in a chunk, at most: products of so many rows lose little
CAUSAL_ROWS = 32  # the same where what lies beyond a chunk's last query is left out
SCORES = 1 << 17  # bytes that a chunk's scores take at most, if they have some rows
FAR = 1 << 12  # rows so many bytes apart share a set of the first cache


@dataclass(frozen=True)
class Inside(Tiling):
    """A product within a kernel: its operands are in the caches, and B was packed or lies in rows."""

    in_panels: bool = False

    @cached_property
    def blocked(self) -> bool:
        return False

    @cached_property
    def narrow(self) -> bool:
        return False

    @cached_property
    def packed(self) -> bool:
        return self.in_panels


class Cut:
    """The sizes of an attention, or of its gradients, and of the parts that it is cut into.

    Attributes:
        queries, keys, features, values: l, s, d and e of q (l, d), k (s, d), v (s, e).
        causal: whether a query looks at no key after it.
        rows, chunks: queries in a chunk, and how many of these there are.
        width, panels: keys in a panel of a packed operand, and how many of these there are.
        stride: from the scores of a query to those of the next.
    """

    def __init__(self, n: Node, target: Processor) -> None:
        self.target, self.dtype = target, n.dtype
        self.back = n.kind == "attention_gradients"
        q, _, v = n.inputs[self.back : self.back + 3]
        (self.queries, self.features), (self.keys, self.values) = q.shape[-2:], v.shape[-2:]
        self.batch, self.causal = q.shape[:-2], bool(n.params["is_causal"])
        self.lanes = target.vector_bytes // n.dtype.itemsize
        self.width = self.lanes * (1 if self.keys <= self.lanes else 2)
        self.panels = -(-self.keys // self.width)
        self.stride = self.panels * self.width
        self.stride += self.lanes if self.stride * n.dtype.itemsize % FAR == 0 else 0
        fitting = SCORES // (self.stride * n.dtype.itemsize)
        most = max(target.registers // 2, min(CAUSAL_ROWS if self.causal else ROWS, fitting))
        self.chunks = -(-self.queries // most)
        self.rows = -(-self.queries // self.chunks)

    def inside(self, a: Operand, b: Operand, sizes: tuple[int, int, int], in_panels: bool = False) -> Inside:
        """A product of so many rows, columns and depth."""
        return Inside(a, b, self.dtype, (), *sizes, self.lanes, self.target, 1, True, in_panels)

    @property
    def parts(self) -> dict[str, int]:
        """What a thread works in, and how many numbers each takes: whole lines of the caches."""
        scores = self.rows * self.stride
        sizes = {"keys": self.stride * self.features, "scores": scores}
        if self.back:
            sizes |= {"values": self.stride * self.values, "slopes": scores}
        line = LINE // self.dtype.itemsize
        return {name: -(-size // line) * line for name, size in sizes.items()}

    @property
    def scratch(self) -> int:
        """The bytes that a thread works in."""
        return sum(self.parts.values()) * self.dtype.itemsize
