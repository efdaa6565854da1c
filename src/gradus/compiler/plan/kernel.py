"""One kernel of a program, as it is planned."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from ..graph.convolutions import ALONG_ROWS, IMAGES
from ..graph.graph import Node

HOSTS = ("map", "reduce", "matmul", "scatter_add", *IMAGES, *ALONG_ROWS, "join_images")  # others may be joined to them


@dataclass(eq=False)
class Kernel:
    """One stage of the program.

    Attributes:
        kind: "map", "reduce", "matmul", or the name of a special primitive.
        number: the order in which kernels were made.
        shape: the domain: one result for each of its places.
        main: the reductions or the product it is built around; none for a map.
        maps: elementwise nodes worked out at each place, after the main nodes.
        parts: how many parts beside each other a product has of which these need the same place of each.
        stored: those of its nodes that are written to memory.
        batched: whether these lie with the batch inside.
        work: about how many instructions a place takes.
    """

    kind: str
    shape: tuple[int, ...]
    number: int = 0
    main: list[Node] = field(default_factory=list)
    maps: list[Node] = field(default_factory=list)
    parts: int = 1
    stored: list[Node] = field(default_factory=list)
    batched: bool = False
    work: int = 0

    @property
    def special(self) -> bool:
        """Whether nothing can be joined to it."""
        return self.kind not in HOSTS

    @property
    def nodes(self) -> list[Node]:
        return [*self.main, *self.maps]

    def cut(self, shape: tuple[int, ...]) -> None:
        """Let a place of the domain stand for the same place in each part of a product."""
        self.parts, self.shape = math.prod(self.shape) // math.prod(shape), shape

    def __repr__(self) -> str:
        return f"{self.kind}{list(self.shape)}({', '.join(n.kind for n in self.nodes)})"
