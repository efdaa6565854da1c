"""How the threads share a kernel's work, and what each of them keeps to itself.

A thread has a stretch of one axis of the kernel's domain. Where the next kernel is shared along the same axis in the
same blocks, and reads only what belongs to its stretch, each thread finds there what it wrote itself: nobody has to
wait between the two, and the numbers are still in that thread's cache.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from ...ops.core.places import Index, Loop
from ..graph.convolutions import ALONG_ROWS
from ..graph.graph import Node
from ..graph.reads import Read
from .kernel import Kernel
from .schedule import Schedule
from .tiling import Tiling

OWN_UNITS = (*ALONG_ROWS, "join_images")  # kernels whose units go to threads as they come
LITTLE = 8  # threads may lack a block each, as long as those are no more than a part in eight of all
NEIGHBOURS = (128, 64, 32, 16)  # numbers in a block of a domain with one axis, so that threads share no line of a cache


class Share(NamedTuple):
    """An axis in blocks: of n blocks, thread t of T has number n t / T to n (t + 1) / T.

    Attributes:
        extent: the axis' length.
        step: from a place of the axis to the next, in the flat order of the array.
        block: how many places stay together.
    """

    extent: int
    step: int
    block: int

    @property
    def blocks(self) -> int:
        return -(-self.extent // self.block)

    def axis(self, shape: Sequence[int]) -> int | None:
        """Which axis of a shape it divides."""
        for a, n in enumerate(shape):
            if n == self.extent and math.prod(shape[a + 1 :]) == self.step:
                return a
        return None


ALONE = Share(1, 1, 1)  # all of it is the first thread's


def part(flat: Index, along: Loop, block: int) -> Share | None:
    """Of which share the places of a formula are; None if places with different `along` belong together.

    With (flat // step) % extent == along, whoever has a stretch of the loop has that stretch of the array's axis.
    """
    step = flat.coefficient(along)
    around = step * along.extent
    if step <= 0 or not flat.is_linear():
        return None
    low = flat.constant % around
    for atom, c in flat.terms:
        if atom is not along and c % around:
            low += c * atom.bounds[1] if c > 0 else step
    return Share(along.extent, step, block) if low < step else None


def _in_value(n: Node, k: Kernel, share: Share) -> Share:
    """The share of a value, given that of its kernel's domain: a row of a product has as many rows of it as parts."""
    return share._replace(step=share.step * k.parts) if n in k.main and share.step > 1 else share


class Shares:
    """The share of each kernel that has one, and the values of which each thread touches only its own part.

    Attributes:
        of: kernels that are shared along an axis.
        own: for each kernel, what each thread touches only in its part.
        group: numbers of kernels; those between which nobody waits have the same one.
    """

    def __init__(
        self, schedule: Schedule, tilings: dict[Kernel, Tiling], threads: int, constants: Collection[Node] = ()
    ) -> None:
        """`constants`: what is given and stays as it is while the kernels run again and again: it is packed once."""
        self.schedule, self.tilings, self.threads, self.constants = schedule, tilings, threads, constants
        self.of: dict[Kernel, Share] = {}
        self.own: dict[Kernel, dict[Node, Share]] = {}
        for k in schedule.order:
            share = self._chosen(k)
            if share is not None:
                self.of[k] = share
            self.own[k] = self._kept(k, share)
        self.group = self._groups()

    # -- which share ---------------------------------------------------------------------------------------------------

    def _chosen(self, k: Kernel) -> Share | None:
        if self.threads == 1 or math.prod(k.shape) == 0 or k.special or k.batched or k.kind in OWN_UNITS:
            return None
        if k.kind == "matmul":
            return self._of_product(self.tilings[k])
        if k.kind == "scatter_add":
            return self._of_places(k.main[0])
        return self._as_its_inputs(k) or self._of_reduction(k)

    def _even(self, blocks: int) -> bool:
        """Whether so many blocks keep all threads busy."""
        return -blocks % self.threads <= blocks // LITTLE

    def _of_product(self, t: Tiling) -> Share | None:
        """Whole panels, or blocks of rows: if there is one panel, or if what A's rows are made of is at hand.

        So a layer's weight, its gradient and what made that are all shared by the layer's units. Any other cut is the
        product's own.
        """
        if t.blocked or math.prod(t.batch) != 1:
            return None
        if (t.panels == 1 or self._has_rows_of_a(t)) and self._even(t.row_blocks):
            return Share(t.rows, t.columns // t.parts, t.height)
        return Share(t.columns // t.parts, 1, t.stretch) if t.panels % self.threads == 0 else None

    def _has_rows_of_a(self, t: Tiling) -> bool:
        """Whether each thread made a stretch of what A's rows are: the columns of a value that is turned."""
        given = self.own.get(self.schedule.home(t.a.node), {}).get(t.a.node)  # type: ignore[arg-type]
        return given is not None and given.blocks > 1 and (given.extent, given.step, t.a.row) == (t.rows, 1, 1)

    def _as_its_inputs(self, k: Kernel) -> Share | None:
        """The share by which most of what the kernel reads is at hand."""
        sizes: dict[Share, int] = {}
        for n, r in self._reads(k):
            given = self.own.get(self.schedule.home(r.node), {}).get(r.node)  # type: ignore[arg-type]
            for a, extent in enumerate(n.shape):
                if given is not None and given.blocks > 1 and given.extent == extent:
                    share = Share(extent, math.prod(n.shape[a + 1 :]), given.block)
                    if self._part(n, r, share) == given:
                        sizes[share] = sizes.get(share, 0) + r.node.size
        return max(sizes, key=lambda share: sizes[share], default=None)

    def _of_reduction(self, k: Kernel) -> Share | None:
        """The first axis of a reduction's results."""
        extent = next((n for n in k.shape if n != 1), 1)
        step = math.prod(k.shape) // extent
        if extent == step == 1:
            return ALONE
        blocks = NEIGHBOURS if step == 1 else ()
        block = next((b for b in blocks if extent % b == 0 and self._even(extent // b)), 1)
        return Share(extent, step, block) if k.kind == "reduce" and self._even(extent // block) else None

    def _of_places(self, n: Node) -> Share:
        """The axis to which terms are added by their indices: whoever owns a place gathers all of its terms."""
        step = math.prod(n.shape[n.params["axis"] + 1 :])
        return Share(n.params["length"], step, -(-NEIGHBOURS[-1] // step))

    def packed_before(self, k: Kernel) -> bool:
        """Whether a whole B is packed before; else, if at all, a thread packs each panel as it comes to it."""
        t, share = self.tilings.get(k), self.of.get(k)
        if t is None or not t.packed:
            return False
        by_rows = share is not None and (share.step > 1 or t.panels == 1)
        few = share is None and math.prod(t.batch) * t.panels < self.threads
        return not t.by_panel or by_rows or few or t.b.node in self.constants

    # -- what belongs to it --------------------------------------------------------------------------------------------

    def _reads(self, k: Kernel) -> Iterator[tuple[Node, Read]]:
        """What a kernel finds in memory, each with the node that needs it."""
        for n in k.nodes:
            yield from ((n, r) for r in self.schedule.needs(n) if self.schedule.home(r.node) is not k)

    def _part(self, n: Node, r: Read, share: Share) -> Share | None:
        """What a thread with this share of a node's places reads."""
        axis = share.axis(n.shape)
        along = next((loop for loop in r.flat.loops() if loop.name == f"i{axis}"), None)
        return None if along is None or r.dynamic else part(r.flat, along, share.block)

    def _kept(self, k: Kernel, share: Share | None) -> dict[Node, Share]:
        if share is None:
            return {}
        if share.blocks == 1:
            return dict.fromkeys((*self.schedule.inputs_of(k), *k.stored), ALONE)
        found: dict[Node, set[Share | None]] = {n: {_in_value(n, k, share)} for n in k.stored}
        for n, r in self._reads(k):
            of = self._rows_of_a(k, r) if n.kind == "matmul" else self._part(n, r, share)
            found.setdefault(r.node, set()).add(of)
        agreed = {n: next(iter(parts)) for n, parts in found.items() if len(parts) == 1}
        return {n: of for n, of in agreed.items() if of is not None}

    def _rows_of_a(self, k: Kernel, r: Read) -> Share | None:
        """A product in one panel reads only its own rows of A."""
        t = self.tilings[k]
        if t.panels > 1 or r.node is not t.a.node or r.node is t.b.node or t.a.start:
            return None
        return Share(t.rows, t.a.row, t.height) if t.a.column * (t.depth - 1) < t.a.row else None

    # -- what runs without waiting -------------------------------------------------------------------------------------

    def _groups(self) -> dict[Kernel, int]:
        found: dict[Kernel, int] = {}
        since: set[Kernel] = set()
        number = 0
        for k in self.schedule.order:
            if self.packed_before(k) or any(self._must_wait(k, n, since) for n in self.schedule.inputs_of(k)):
                number, since = number + 1, set()
            since.add(k)
            found[k] = number
        return found

    def _must_wait(self, k: Kernel, n: Node, since: set[Kernel]) -> bool:
        """Whether a value that a kernel reads was written since all have waited, and perhaps by another thread."""
        writer = self.schedule.home(n)
        if writer not in since:
            return False
        own = self.own[k].get(n)
        return own is None or own != self.own[writer].get(n)
