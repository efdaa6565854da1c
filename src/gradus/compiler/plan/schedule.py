"""From stored values to a list of kernels: which kernel works out which root, and in what order the kernels run.

Each root (`buffers.py`) is worked out by a kernel. Kernels over the same domain are joined when one only needs of the
other what it has at the same place, so that a whole optimizer update, or a loss and its gradient, is one loop.
"""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections.abc import Iterable, Sequence

from ...ops.core.places import Index, flatten
from ..graph.graph import Graph, Node
from ..graph.lowerings import (
    Piece,
    has_own_kernel,
    is_reduction,
    terms,
)
from ..graph.reads import Read, at, loops_over, reads
from .buffers import Buffers, is_main
from .kernel import Kernel
from .order import Before, in_order
from .parts import needs_parts, part_places

MUCH = 1 << 16  # bytes that are better used while they are in the caches
FULL = 1500  # instructions, about, from which on nothing is joined to a kernel
ACCESS = 8  # instructions for what is read or written


class Schedule(Buffers):
    """The kernels of a graph, in order, for a processor with vectors of `lanes` numbers and so many registers.

    Nothing that is given is written over before all that it is `decided` by, which are results, is there.
    """

    def __init__(self, graph: Graph, lanes: int, registers: int, decided: Sequence[Node] = ()) -> None:
        super().__init__(graph, lanes)
        self.registers = registers
        self.kernels: list[Kernel] = []
        self._needs: dict[Node, list[Read]] = {}  # known once the roots are
        self._join()
        self._drop_unread()
        self._inputs = {k: {r.node for r in self._reads[k] if self._home.get(r.node) is not k} for k in self.kernels}
        self.readers: dict[Node, list[Kernel]] = {}
        for k, nodes in self._inputs.items():
            for n in nodes:
                self.readers.setdefault(n, []).append(k)
        self._cut_alike()
        self.order = self._in_order()
        self.position = {k: i for i, k in enumerate(self.order)}
        self.undecided = max((self.position[self._home[n]] for n in decided), default=-1)

    # -- joining ------------------------------------------------------------------------------------------------------

    def _join(self) -> None:
        self._home: dict[Node, Kernel] = {}
        self._reads: dict[Kernel, list[Read]] = {}
        self._open: dict[object, list[Kernel]] = {}  # by what can be joined to them, in order
        for n in self.nodes:
            if n.kind == "part":  # it comes out of a loop, which is a kernel
                self._home[n] = self._home[n.inputs[0]]
                self._home[n].main.append(n)
                self._needs[n] = []
            elif n in self.roots:
                needs = self.needs(n)
                kernel = self._kernel_for(n, needs) or self._new_kernel(n)
                self._take_in(kernel, n)
                self._home[n] = kernel
                self._reads.setdefault(kernel, []).extend(needs)

    def _take_in(self, kernel: Kernel, n: Node) -> None:
        before = _takes(kernel)
        if math.prod(n.shape) < math.prod(kernel.shape):
            kernel.cut(n.shape)
        (kernel.main if is_main(n) or n in self.joined else kernel.maps).append(n)
        kernel.work += self.expressions.size[n].work + ACCESS * (1 + len({r.node for r in self.needs(n)}))
        for what in before - _takes(kernel):
            self._open[what].remove(kernel)
        for what in _takes(kernel) - before:
            insort(self._open.setdefault(what, []), kernel, key=lambda k: k.number)

    def _new_kernel(self, n: Node) -> Kernel:
        kind = "joined" if n in self.joined else "map" if not is_main(n) else "reduce" if is_reduction(n) else n.kind
        kernel = Kernel(kind, n.shape, len(self.kernels), batched=n.batched)
        self.kernels.append(kernel)
        return kernel

    def needs(self, n: Node) -> list[Read]:
        """What working out an element of a root reads, as a function of its place in the root's own shape."""
        if n not in self._needs:
            self._needs[n] = self._work_out_needs(n)
        return self._needs[n]

    def _work_out_needs(self, n: Node) -> list[Read]:
        if n in self.joined:
            return [Read(x, Index(), ()) for x in self.joined[n]]
        loops = loops_over(n.shape)
        index = at(loops)
        if is_reduction(n):
            how = terms(n)
            return reads([how.term(index, at(loops_over(how.extents, "r")))], self.is_buffer)
        if is_main(n):
            return reads([Piece(x, at(loops_over(x.shape, f"x{k}"))) for k, x in enumerate(n.inputs)], self.is_buffer)
        return reads([Piece(n, index)], lambda x: x is not n and self.is_buffer(x))

    def _kernel_for(self, n: Node, needs: list[Read]) -> Kernel | None:
        """The earliest kernel that can take the node in without any value being needed before it is there."""
        given = [self._home[r.node].number for r in needs if r.node in self._home]
        first = max(given, default=-1)
        if given and self._fits(n, needs, self.kernels[first]):  # none after it works out what n needs
            return self.kernels[first]
        if (has_own_kernel(n) and not is_reduction(n)) or n in self.joined:
            return None
        candidates = self._open.get(_as_reduction(n) if is_reduction(n) else (n.shape, n.batched), [])
        for i in range(bisect_left(candidates, first + 1, key=lambda k: k.number), len(candidates)):
            if self._fits(n, needs, candidates[i]):
                return candidates[i]
        return None

    def _fits(self, n: Node, needs: list[Read], k: Kernel) -> bool:
        own = [r for r in needs if self._home.get(r.node) is k]
        if n.batched is not k.batched or k.work >= FULL:
            return False
        if is_reduction(n):
            return not own and _as_reduction(n) in _takes(k) and self._reads_the_same(needs, k)
        if has_own_kernel(n) or n in self.joined or k.special:
            return False
        if k.kind == "matmul" and not k.maps and n.shape and 0 < n.size < math.prod(k.shape):
            return bool(own) and self._in_parts(k.main[0], n, own)
        if math.prod(n.shape) != math.prod(k.shape) or (n.shape != k.shape and not own):
            return False
        here = flatten(at(loops_over(n.shape)), n.shape)
        return all(not r.dynamic and str(r.flat) in _own_places(k, r.node, here) for r in own)

    def _in_parts(self, product: Node, n: Node, of_product: list[Read]) -> bool:
        return needs_parts(n, product, of_product, self.lanes, self.registers)

    def _cut_alike(self) -> None:
        """Cut products as those who read them are cut: each thread then works out what it needs itself."""
        for k in self.kernels:
            if k.kind == "matmul" and k.nodes == k.main == k.stored:
                readers = self.readers.get(k.main[0], [])
                shapes = {reader.shape for reader in readers if self._reads_in_parts(reader, k.main[0])}
                if len(shapes) == 1:
                    k.cut(shapes.pop())

    def _reads_in_parts(self, k: Kernel, product: Node) -> bool:
        """Whether a kernel that is itself cut reads a product in the same parts."""
        read = {n: [r for r in self.needs(n) if r.node is product] for n in k.nodes}
        return k.parts > 1 and all(self._in_parts(product, n, found) for n, found in read.items() if found)

    def _reads_the_same(self, needs: list[Read], k: Kernel) -> bool:
        """Whether a kernel reads some of it in any case: else much of it need not wait for what the others need."""
        wanted = {r.node for r in needs}
        return _bytes(wanted) <= MUCH or not wanted.isdisjoint(r.node for r in self._reads[k])

    def _drop_unread(self) -> None:
        """Store what is an output, or read by another kernel; a kernel that has nothing to store goes."""
        left: list[Kernel] = []
        while len(left) != len(self.kernels):
            left = self.kernels
            read_elsewhere = {r.node for k in left for r in self._reads[k] if self._home.get(r.node) is not k}
            for k in left:
                k.stored = [n for n in k.nodes if n in self.outputs or n in read_elsewhere]
            self.kernels = [k for k in left if k.stored]

    # -- order --------------------------------------------------------------------------------------------------------

    def inputs_of(self, k: Kernel) -> set[Node]:
        """The buffers a kernel reads that others wrote, or that were given."""
        return self._inputs[k]

    def home(self, n: Node) -> Kernel | None:
        """The kernel that works a root out."""
        return self._home.get(n)

    def in_place(self, target: Node, value: Node) -> bool:
        """Whether a new value may be written straight over the old: nothing later, no other place needs the old."""
        k = self._home.get(value)
        if k is None or target.shape != value.shape or k.special or self.position[k] <= self.undecided:
            return False
        if any(other is not k and self.position[other] > self.position[k] for other in self.readers.get(target, ())):
            return False
        here = str(flatten(at(loops_over(value.shape)), value.shape))
        if k.kind != "map" and any(r.node is target for m in k.main for r in self.needs(m)):
            return False
        of_target = [r for n in k.maps for r in self.needs(n) if r.node is target]
        return all(not r.dynamic and str(r.flat) == here for r in of_target)

    def _in_order(self) -> list[Kernel]:
        """As joined, but updates of what is given come after all who read the old value, where that can be, and what
        gathers up much in little as soon as it can: its inputs are still in the caches, and leave their memory."""
        homes = {k: [self._home[n] for n in self.inputs_of(k) if n in self._home] for k in self.kernels}
        known = Before(self.kernels, homes)
        for target, value in self.graph.writes:
            writer = self._home.get(value)
            for k in self.readers.get(target, ()):
                if writer is not None and k is not writer:
                    known.put(k, writer)

        def readers(k: Kernel) -> Iterable[Kernel]:
            return dict.fromkeys(reader for n in k.stored for reader in self.readers.get(n, ()))

        return in_order(known, self.kernels, readers, self._gathers)

    def _gathers(self, k: Kernel) -> bool:
        """Whether a kernel stores less than what it reads of what others worked out, and that is much."""
        worked_out = _bytes(n for n in self.inputs_of(k) if n.op is not None)
        return k.kind == "joined" or max(MUCH, _bytes(k.stored)) < worked_out


def _bytes(nodes: Iterable[Node]) -> int:
    return sum(n.size * n.dtype.itemsize for n in nodes)


def _own_places(k: Kernel, n: Node, here: Index) -> set[str]:
    """The numbers of a kernel's node that a thread has at a place of the domain."""
    return {str(place) for place in part_places(n, k.parts if n in k.main else 1, here)}


def _as_reduction(n: Node) -> object:
    """What reductions that can be one loop have in common."""
    return n.shape, n.batched, terms(n).extents, _axes(n)


def _takes(k: Kernel) -> set[object]:
    """Under what a kernel is found that others may be joined to."""
    if k.special or not k.nodes or k.work >= FULL:
        return set()
    found: set[object] = {(k.shape, k.batched)}
    return found | {_as_reduction(k.main[0])} if k.kind == "reduce" else found


def _axes(n: Node) -> object:
    return n.params.get("axis", n.params.get("kernel")), n.inputs[0].shape
