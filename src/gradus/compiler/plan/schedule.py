"""From a graph to a list of kernels: which values are stored, which are worked out where they are used, and in what
order the kernels run.

A *root* is a node whose value is stored (or at least given a kernel). Everything else is fused: it is worked out anew,
in registers, by each kernel that needs it. Kernels over the same domain are joined when one only needs of the other
what it has at the same place, so that a whole optimizer update, or a loss and its gradient, is one loop.
"""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ...ops.core.places import Index, Loop, flatten
from ..graph.graph import Graph, Node, consumers
from ..graph.lowerings import (
    Piece,
    effort,
    has_own_kernel,
    is_constant,
    is_elementwise,
    is_indexed,
    is_reduction,
    is_view,
    terms,
)
from ..graph.reads import Read, at, in_rows, loops_over, reads, strides
from ..rewrite.convolution import ALONG_ROWS, ATTENTION, IMAGES
from ..rewrite.layouts import batch_inside, blocks, images_together
from ..rewrite.pieces import Piece as Stretches
from ..rewrite.pieces import is_written_in_pieces, pieces_of
from .expressions import Expressions
from .order import Before, in_order
from .parts import needs_parts, part_places

HOSTS = ("map", "reduce", "matmul", "scatter_add", *IMAGES, *ALONG_ROWS, "join_images")  # others may be joined to them
RECOMPUTE_UP_TO = 4  # operations that are done again rather than stored
MUCH = 1 << 16  # bytes that are better used while they are in the caches
FULL = 1500  # instructions, about, from which on nothing is joined to a kernel
ACCESS = 8  # instructions for what is read or written


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


class Schedule:
    """The kernels of a graph, in order, for a processor with vectors of `lanes` numbers and so many registers.

    Nothing that is given is written over before all that it is `decided` by, which are results, is there.
    """

    def __init__(self, graph: Graph, lanes: int, registers: int, decided: Sequence[Node] = ()) -> None:
        self.graph, self.lanes, self.registers = graph, lanes, registers
        self.nodes = graph.nodes()
        self.users = consumers(self.nodes)
        self.outputs = set(graph.outputs())
        self.roots: set[Node] = set()
        self.joined = {n: pieces_of(n) for n in self.nodes if is_written_in_pieces(n, self.users, self.outputs)}
        self.pieces: dict[Node, Stretches] = {x: p for found in self.joined.values() for x, p in found.items()}
        self.expressions = Expressions(self.is_buffer)
        self._find_roots()
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

    def is_buffer(self, n: Node) -> bool:
        """Whether a node's value is found in memory, or in a kernel that can hand it on."""
        return n.op is None or n in self.roots

    def place(self, n: Node, index: tuple[Index, ...]) -> Index:
        """Where an element of a buffer lies, from its first number."""
        if n.batched:
            return batch_inside(index, n.shape, images_together(n.dtype, self.lanes)).opened()
        return self.in_memory(n, in_rows(n, index))

    def in_memory(self, n: Node, flat: Index) -> Index:
        """The same of a buffer that lies in rows, for its number `flat`."""
        return self.pieces[n].place(flat) if n in self.pieces else flat

    def span(self, n: Node) -> int:
        """How many numbers it is from a buffer's first to after its last."""
        if n.batched:
            together = images_together(n.dtype, self.lanes)
            return n.size // n.shape[0] * together * blocks(n.shape[0], together)
        return self.pieces[n].span(n.size) if n in self.pieces else n.size

    def matrix(self, x: Node, loops: list[Loop]) -> tuple[Node, Index] | None:
        """The buffer that a product's operand lies in and where, if that is with fixed strides."""
        found = strides([Piece(x, at(loops))], loops, self.is_buffer)
        if found is None:
            return None
        n, flat = found
        place = self.in_memory(n, flat)
        return (n, place) if place.is_linear() else None

    def by_place(self, x: Node) -> tuple[Node, int, int] | None:
        """The buffer in which a value lies whose places along the first axis are in one piece each, and from which of
        its numbers on, and how far the next place is; None if it does not lie so."""
        if is_constant(x) and not self.is_buffer(x):
            return None
        loops = loops_over(x.shape)
        found = self.matrix(x, loops)
        if found is None:
            return None
        n, flat = found
        inner = [flat.coefficient(loop) for loop in loops[1:]]
        whole = [math.prod(x.shape[a + 1 :]) for a in range(1, len(x.shape))]
        if any(step != wanted for step, wanted, length in zip(inner, whole, x.shape[1:], strict=True) if length > 1):
            return None
        return n, flat.constant, flat.coefficient(loops[0]) if loops else 0

    def whole(self, x: Node) -> tuple[Node, int, int] | None:
        """The same, if the places follow each other, too."""
        found = self.by_place(x)
        follow = found is not None and (not x.shape or x.shape[0] <= 1 or found[2] == x.size // x.shape[0])
        return found if follow else None

    # -- which nodes are roots ----------------------------------------------------------------------------------------

    def _find_roots(self) -> None:
        for n in self.nodes:
            if n.op is None:
                continue
            if n in self.outputs or _is_main(n):
                self.roots.add(n)
            if n in self.joined:
                self.roots.update((n, *self.joined[n]))
            if (_is_special(n) and n.kind not in ("loop", *ATTENTION)) or is_indexed(n):
                stored = n.inputs[1:] if n.kind == "scatter_add" else n.inputs  # each of its terms is added just once
                self.roots.update(x for x in stored if x.op is not None)
        for n in self.nodes:
            self.roots.update(self.expressions.add(n))
            if is_elementwise(n) and n not in self.roots and self._worth_storing(n):
                self.roots.add(n)
        for n in self.nodes:
            if n.kind == "matmul":
                for x in n.inputs:
                    self._operand(x)
            if n.kind in ATTENTION:
                for x in n.inputs[: ATTENTION[n.kind]]:
                    self._operand(x, in_rows=True)
            if n.kind == "loop":
                constants, starts, arrays = n.params["region"].given(n.inputs)
                self.roots.update(x for x in arrays if x.op is not None and self.by_place(x) is None)
                self.roots.update(x for x in (*constants, *starts) if x.op is not None and self.whole(x) is None)

    def _worth_storing(self, n: Node) -> bool:
        effort = self._effort(n)
        if effort <= RECOMPUTE_UP_TO:
            return False
        return len(self.users[n]) > 1 or any(self._stretched(n, user) for user in self.users[n])

    def _effort(self, n: Node) -> int:
        """About how many operations it takes to work a node out from what is stored."""
        total, seen, stack = 0, set(), [n]
        while stack and total <= RECOMPUTE_UP_TO:
            x = stack.pop()
            if x in seen or (x is not n and self.is_buffer(x)) or is_constant(x):
                continue
            seen.add(x)
            total += effort(x)
            stack.extend(x.inputs)
        return total

    def _stretched(self, n: Node, user: Node) -> bool:
        """Whether a view repeats the node's elements."""
        while is_view(user):
            if user.size > n.size:
                return True
            if len(self.users[user]) != 1:
                return False
            user = self.users[user][0]
        return is_reduction(user) and user.size > n.size

    def _operand(self, x: Node, in_rows: bool = False) -> None:
        """An operand of a product must lie in memory with fixed strides; else it is stored for it.

        `in_rows`: and its rows in one piece.
        """
        loops = loops_over(x.shape)
        if is_constant(x):
            self.roots.add(x)
        elif self.matrix(x, loops) is None:
            below = x
            while below.kind in ("permute", "reshape", "broadcast_to") and below.inputs[0].kind not in ("full", "iota"):
                below = below.inputs[0]
            self.roots.add(below if below.op is not None else x)
            if self.matrix(x, loops) is None:
                self.roots.add(x)
        found = self.matrix(x, loops) if in_rows and x.shape[-1] > 1 else None
        if found is not None and found[1].coefficient(loops[-1]) != 1:
            self.roots.add(x)

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
        (kernel.main if _is_main(n) or n in self.joined else kernel.maps).append(n)
        kernel.work += self.expressions.size[n].work + ACCESS * (1 + len({r.node for r in self.needs(n)}))
        for what in before - _takes(kernel):
            self._open[what].remove(kernel)
        for what in _takes(kernel) - before:
            insort(self._open.setdefault(what, []), kernel, key=lambda k: k.number)

    def _new_kernel(self, n: Node) -> Kernel:
        kind = "joined" if n in self.joined else "map" if not _is_main(n) else "reduce" if is_reduction(n) else n.kind
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
        if _is_main(n):
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


def _is_main(n: Node) -> bool:
    return is_reduction(n) or has_own_kernel(n)


def _is_special(n: Node) -> bool:
    return has_own_kernel(n) and n.kind != "matmul"


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
