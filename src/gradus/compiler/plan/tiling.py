"""How a matrix product C = A B is cut: into tiles that fit the registers, and blocks that fit the caches.

A tile is `height` rows by `width` columns of C, its sums held in registers. `width` is one or two vectors; a column of
tiles is a *panel*. Where what follows needs the same place of several parts of C beside each other (the gates of a
recurrent cell), a tile has a vector of each part: all that belongs together is at hand.

A product too large for the caches is *blocked*: k is cut into pieces, A and B are packed piece by piece, and the sums
of a tile wait in memory from one piece to the next.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, Protocol

from ... import dtypes
from ...errors import TraceError
from ..graph.graph import Node
from ..graph.reads import loops_over
from .kernel import Kernel
from .parts import of_few_rows
from .schedule import Schedule

SPARE = 4  # vector registers that hold no sums, but a row piece of B and a number of A
PIECE = 1024  # the most of k that a blocked product takes at a time
CHUNK = 6  # tiles below each other that share a panel's piece: their piece of A fits a second cache of 2^19 bytes
MOST_ON_STACK = 1 << 21  # bytes of the second cache that count: what is packed there lies on a thread's stack
FEW = 3  # tiles below each other for which packing is not worth its while
MANY = 16  # tiles below each other for which a thread copies a panel that it has for itself
DEEP = 512  # sums up to this length need no blocks
UNBLOCKED = 1 << 27  # multiplications up to which a product needs no blocks, with a third cache of 2^22 bytes
SHARED = 1 << 26  # bytes from which on a third cache is that of very many processors, and far from each:
FAR = 1 << 20  # then so many bytes of it count
APART = 1 << 18  # bytes over which the numbers of A that meet one of C may lie, in rows far from each other


class Processor(Protocol):
    """What cutting a product asks of a CPU: see `native.target.Target`, which says what its numbers mean."""

    @property
    def vector_bytes(self) -> int: ...
    @property
    def registers(self) -> int: ...
    @property
    def first_cache(self) -> int: ...
    @property
    def second_cache(self) -> int: ...
    @property
    def third_cache(self) -> int: ...


class Operand(NamedTuple):
    """A matrix in memory: its buffer, and the steps from row to row, from column to column, and over the batch axes."""

    node: Node
    start: int
    row: int
    column: int
    batch: tuple[int, ...]


def operand(n: Node, schedule: Schedule) -> Operand:
    """Where a product's operand lies."""
    loops = loops_over(n.shape)
    found = schedule.matrix(n, loops)
    if found is None:
        raise TraceError(f"{n.kind} as an operand of a matrix product does not lie in memory")
    buffer, flat = found
    steps = [flat.coefficient(loop) for loop in loops]
    return Operand(buffer, flat.constant, steps[-2], steps[-1], tuple(steps[:-2]))


@dataclass(frozen=True)
class Tiling:
    """The sizes of a product and of the parts it is cut into.

    Attributes:
        batch: the lengths of the axes before the last two.
        rows, columns, depth: C is rows by columns, the sums run over depth.
        lanes: numbers in a vector.
        target: the processor, for its registers and caches.
        parts: how many parts beside each other C has for what follows.
        plain: whether C is stored as it is, and in one stretch.
    """

    a: Operand
    b: Operand
    dtype: dtypes.Dtype
    batch: tuple[int, ...]
    rows: int
    columns: int
    depth: int
    lanes: int
    target: Processor
    parts: int
    plain: bool

    @cached_property
    def of_pairs(self) -> bool:
        """Whether A and B hold words, each two numbers of bfloat16 that follow each other along k."""
        return self.a.node.dtype == dtypes.uint32 != self.dtype

    @cached_property
    def pair_step(self) -> int:
        """In B, from a number to the one that it is paired with when B is packed; 0 where its pairs are made before."""
        return self.b.row // 2 if self.of_pairs and self.b.node.dtype == dtypes.float32 else 0

    @cached_property
    def numbers(self) -> str:
        """What is multiplied, for the names of functions."""
        return "pairs" if self.of_pairs else self.dtype.name

    @cached_property
    def vectors(self) -> int:
        """Vectors in a row of a tile."""
        if self.parts > 1:
            return self.parts
        return 1 if self.columns <= self.lanes or self._of_few_rows else 2

    @cached_property
    def width(self) -> int:
        """Columns of a tile."""
        return self.vectors * self.lanes

    @cached_property
    def apart(self) -> int:
        """Columns of C from a tile's vector to its next."""
        return self.columns // self.parts if self.parts > 1 else self.lanes

    @cached_property
    def stretch(self) -> int:
        """Columns of a tile that lie in one piece: from panel to panel."""
        return self.lanes if self.parts > 1 else self.width

    @cached_property
    def height(self) -> int:
        """Rows of a tile: as many as the registers hold sums for, but all tiles of about the same height."""
        most = (self.target.registers - max(SPARE, self.vectors + 2)) // self.vectors
        return -(-self.rows // -(-self.rows // most)) if self.rows else 1

    @cached_property
    def panels(self) -> int:
        """Tiles beside each other."""
        return -(-self.columns // self.width)

    @cached_property
    def row_blocks(self) -> int:
        """Tiles below each other."""
        return -(-self.rows // self.height)

    @cached_property
    def blocked(self) -> bool:
        """Whether the caches are too small for the product as a whole."""
        near = self.target.third_cache if self.target.third_cache <= SHARED else FAR
        large = self.rows * self.columns * self.depth > UNBLOCKED * near >> 22
        apart = self.a.column * self.depth * self.dtype.itemsize > APART  # a column of tiles is on very many pages
        return self.depth > DEEP and (large or apart) and self.row_blocks >= FEW

    @cached_property
    def chunk(self) -> int:
        """Tiles below each other that share a panel's piece: their piece of A fits the second cache."""
        return max(1, CHUNK * min(self.target.second_cache, MOST_ON_STACK) >> 19)

    @cached_property
    def narrow(self) -> bool:
        """Whether vectors rather lie along k: of columns that fill few lanes, or of rows too few to pack B for."""
        return self._of_few_rows or (self._along_k and 4 * self.columns <= 3 * self.lanes and not self.blocked)

    @cached_property
    def _along_k(self) -> bool:
        """Whether k lies in one piece in A and B, and is some vectors long."""
        return self.a.column == self.b.row == 1 and self.depth >= 2 * self.lanes

    @cached_property
    def _of_few_rows(self) -> bool:
        return self._along_k and of_few_rows(self.rows, self.lanes)

    @cached_property
    def direct(self) -> bool:
        """Whether tiles are made in their places in C."""
        return self.plain and not self.narrow

    @cached_property
    def piece(self) -> int:
        """How much of k is taken at a time."""
        if not self.blocked:
            return self.depth
        pieces = -(-self.depth // PIECE)
        return -(-self.depth // (pieces * self.lanes)) * self.lanes

    @cached_property
    def run(self) -> int:
        """How much of k is added up in registers before these sums are emptied into the tile."""
        return emptied_after(self.piece)

    @cached_property
    def packed(self) -> bool:
        """Whether B is copied into panels first: where its rows do not lie in one piece."""
        return (self.b.column != 1 or self.pair_step != 0) and not self.narrow and not self.blocked

    @cached_property
    def by_panel(self) -> bool:
        """Whether each panel can be packed just before it is used: it then stays in the second cache."""
        return self.packed and 2 * self.depth * self.width * self.dtype.itemsize <= self.target.second_cache

    @cached_property
    def padded(self) -> bool:
        """Whether panels of B have all their columns, if need be zeros."""
        return self.packed or self.blocked

    @cached_property
    def stays(self) -> bool:
        """Whether a panel of B stays in the first cache while the tiles below each other use it."""
        return self.depth * self.width * self.dtype.itemsize <= self.target.first_cache

    @cached_property
    def copied(self) -> bool:
        """Whether a thread copies each of its panels first: rows far apart share few places of the first cache."""
        far = not self.padded and not self.narrow and self.b.row > self.width and self.columns % self.width == 0
        return far and self.parts == 1 and self.stays and self.row_blocks >= MANY

    @cached_property
    def panels_at_once(self) -> int:
        """Panels of which a piece is packed at a time."""
        fitting = self.target.third_cache // 4 // (self.piece * self.width)
        return min(self.panels, max(1, fitting)) if self.blocked else self.panels

    @cached_property
    def packed_size(self) -> int:
        """How many numbers the packed B takes."""
        copies = 1 if self.blocked else math.prod(self.batch)
        return copies * self.panels_at_once * self.width * self.piece if self.padded else 0

    @cached_property
    def sums_size(self) -> int:
        """How many numbers the sums that wait in memory take, if it is not C where they wait."""
        waits = self.piece < self.depth and not self.direct
        return self.row_blocks * self.height * self.panels_at_once * self.width if waits else 0


def emptied_after(terms: int) -> int:
    """After how many terms sums in registers are emptied into others, so that neither get very many.

    >>> emptied_after(1000), emptied_after(3200), emptied_after(10**8)
    (1000, 800, 10000)
    """
    pieces = -(-terms // max(PIECE, math.isqrt(terms)))
    return -(-terms // pieces) if pieces > 1 else terms


def tiling(kernel: Kernel, schedule: Schedule, target: Processor) -> Tiling:
    """How a product's kernel is cut for a processor."""
    n = kernel.main[0]
    a, b = (operand(x, schedule) for x in n.inputs)
    if a.node.dtype == dtypes.uint32 and b.node.dtype == dtypes.float32:
        b = b._replace(row=2 * b.row)  # of words, which are made when it is packed
    *batch, rows, columns = n.shape
    lanes = target.vector_bytes // n.dtype.itemsize
    whole = n not in schedule.pieces or schedule.pieces[n].in_one_stretch
    plain = kernel.stored == [n] and not kernel.maps and whole
    sizes = tuple(batch), rows, columns, n.inputs[0].shape[-1]
    return Tiling(a, b, n.dtype, *sizes, lanes, target, kernel.parts, plain)


def cases(length: int, size: int) -> list[tuple[int, str]]:
    """The sizes of the blocks that `length` is cut into, each with the test of its number against the last one.

    >>> cases(30, 10), cases(7, 10), cases(32, 10)
    ([(10, '')], [(7, '')], [(10, 'ne'), (2, 'eq')])
    """
    rest = length % size
    if not rest:
        return [(size, "")]
    return [(rest, "")] if length < size else [(size, "ne"), (rest, "eq")]
