"""What need not be done step by step is taken out of loops, and done for all places at once.

    before the loop   x_t W for every t          one product of all rows
    after it          sum over t of A_t B_t      one product, as deep as all steps together
                      y_t W, which no step needs     one product of all rows

A loop's steps are then left with what really depends on the step before.
"""

from __future__ import annotations

from ..graph.copier import dependent
from ..graph.graph import Graph, Node, consumers, ordered
from ..graph.loop_nodes import loop, part
from ..graph.lowerings import is_constant, is_elementwise
from ..graph.regions import Region
from .rewriting import call, redirected

FEW = 1 << 10  # numbers of a step's term, up to which the terms of all steps are kept and then added up


def taken_out(graph: Graph) -> dict[Node, Node]:
    """Loops, and what comes out of them, with what is done outside."""
    users = consumers(graph.nodes())
    becomes: dict[Node, Node] = {}
    for n in graph.nodes():
        if n.kind == "loop":
            becomes |= _Outside(n, users.get(n, [])).becomes()
    return becomes


class _Outside:
    """One loop: its region as it will be, and what is worked out around it."""

    def __init__(self, old_loop: Node, parts: list[Node]) -> None:
        old: Region = old_loop.params["region"]
        self.old_loop, self.parts, self.length = old_loop, parts, old.length
        lists = (old.constants, old.carried, old.sliced, old.new, old.stacked)
        self.region = Region(old.length, old.reverse, *map(list, lists))
        constants, starts, arrays = old.given(old_loop.inputs)
        self.constants, self.starts, self.arrays = list(constants), list(starts), list(arrays)
        self.loop = loop(old_loop.inputs, self.region)
        self._lifted: dict[Node, tuple[Node, bool] | None] = {}
        self._kept: dict[Node, Node] = {}
        self._look()

    def _look(self) -> None:
        """What depends on the step before, and who uses what, in the body as it is now."""
        region = self.region
        roots = [*region.new, *region.stacked]
        self.changing = dependent(roots, region.carried)
        self.users = consumers(ordered(roots))
        self.ends = set(roots)

    def becomes(self) -> dict[Node, Node]:
        """The loop and its parts, replaced; nothing if there is nothing to take out."""
        before = self._products_before()
        made: dict[Node, Node] = {}
        finals = {p.params["index"]: p for p in self.parts if p.params["what"] == "final"}
        histories = {p.params["index"] for p in self.parts if p.params["what"] == "history"}
        sums = [(k, p) for k, p in finals.items() if k not in histories and self._term(k) is not None]
        for products in (True, False):  # these say what is kept of each step
            for k, p in sums:
                if p not in made:
                    total = self._total(self._term(k), products)
                    if total is not None:
                        zero = is_constant(_below(self.starts[k])) and _below(self.starts[k]).params.get("value") == 0
                        made[p] = total if zero else call("add", [self.starts[k], total])
        for p in self.parts:
            if p.params["what"] == "stack":
                product = self._product_after(p.params["index"])
                if product is not None:
                    made[p] = product
        if not before and not made:
            return {}
        self.loop.inputs = (*self.constants, *self.starts, *self.arrays)
        becomes = {self.old_loop: self.loop} | made
        for p in self.parts:
            if p not in made:
                becomes[p] = self._part(**p.params)
        return becomes

    # -- before the loop -----------------------------------------------------------------------------------------------

    def _products_before(self) -> bool:
        """Products of what is given of each place become arrays that are given."""
        region = self.region
        instead: dict[Node, Node] = {}
        for n in region.graph.nodes():
            if n.kind == "matmul" and len(n.shape) == 2 and n not in self.changing:
                found = self._rows_times(n, self._lift(n.inputs[0]))
                if found is not None:
                    instead[n] = Node(None, (), {}, n.shape, n.dtype)
                    region.sliced.append(instead[n])
                    self.arrays.append(found)
        if instead:
            graph = redirected(Graph(region.inputs, [*region.new, *region.stacked]), instead)
            region.new, region.stacked = graph.results[: len(region.new)], graph.results[len(region.new) :]
            self._lifted.clear()
            self._look()
        return bool(instead)

    def _rows_times(self, n: Node, left: tuple[Node, bool] | None) -> Node | None:
        """A product for all places at once, if its left side is at hand for all, and its right the same for all."""
        right = self._lift(n.inputs[1])
        if left is None or right is None or not left[1] or right[1]:
            return None
        rows, depth = n.inputs[0].shape
        flat = call("reshape", [left[0]], shape=(self.length * rows, depth))
        return call("reshape", [call("matmul", [flat, right[0]])], shape=(self.length, *n.shape))

    def _lift(self, n: Node) -> tuple[Node, bool] | None:
        """What a node of the body is outside of it, and whether that has an axis of places; None if it has no such."""
        for x in ordered([n], lambda y: y not in self._lifted and y not in self.changing):
            if x not in self._lifted:
                self._lifted[x] = None if x in self.changing else self._lift_one(x)
        return self._lifted[n]

    def _lift_one(self, n: Node) -> tuple[Node, bool] | None:
        region = self.region
        if n in region.constants:
            return self.constants[region.constants.index(n)], False
        if n in region.sliced:
            return self.arrays[region.sliced.index(n)], True
        below = [self._lifted.get(x) for x in n.inputs]
        if any(x is None for x in below):
            return None
        given = [x for x in below if x is not None]
        if not any(batched for _, batched in given):
            return Node(n.op, tuple(x for x, _ in given), n.params, n.shape, n.dtype), False
        found = _for_all(n, [x if batched else self._everywhere(x) for x, batched in given], self.length)
        return None if found is None else (found, True)

    def _everywhere(self, n: Node) -> Node:
        return call("broadcast_to", [n], shape=(self.length, *n.shape))

    # -- after the loop ------------------------------------------------------------------------------------------------

    def _term(self, k: int) -> Node | None:
        """What each step adds to a carried value that it does nothing else with."""
        old, new = self.region.carried[k], self.region.new[k]
        alone = self.users.get(old) == [new] and old not in self.ends and new not in self.users_of_new(k)
        if new.kind != "add" or not alone or old not in new.inputs:
            return None
        a, b = new.inputs
        return b if a is old else a

    def users_of_new(self, k: int) -> set[Node]:
        """The carried value's new one, if something else uses it."""
        new = self.region.new[k]
        others = [n for i, n in enumerate(self.region.new) if i != k]
        return {new} if self.users.get(new) or new in others or new in self.region.stacked else set()

    def _total(self, n: Node | None, products: bool) -> Node | None:
        """The sum of a node's values at all places; only of `products`, or of whatever is kept or small."""
        if n is None:
            return None
        if n.kind in ("permute", "reshape", "copy"):
            below = self._total(n.inputs[0], products)
            return None if below is None else Node(n.op, (below,), n.params, n.shape, n.dtype)
        if n.kind == "add":
            both = [self._total(x, products) for x in n.inputs]
            if all(x is not None for x in both):
                return Node(n.op, tuple(x for x in both if x is not None), {}, n.shape, n.dtype)
        if n.kind == "matmul" and len(n.shape) == 2:
            return self._deep_product(n)
        if products:
            return None
        if n.kind == "sum" and self._at_hand(n.inputs[0]):
            axes = (0, *(a + 1 for a in n.params["axis"]))
            return call("sum", [self._by_place(n.inputs[0])], axis=axes)
        if self._at_hand(n) or n.size <= FEW:
            return call("sum", [self._by_place(n)], axis=(0,))
        return None

    def _deep_product(self, n: Node) -> Node:
        """The sum over places of A B: [A1 A2 ...] [B1; B2; ...]."""
        (a, b), (rows, columns), depth = n.inputs, n.shape, n.inputs[0].shape[1]
        deep = self.length * depth
        if a.kind == "permute":
            left = call("reshape", [self._by_place(a.inputs[0])], shape=(deep, rows))
            left = call("permute", [left], axes=(1, 0))
        else:
            turned = call("permute", [self._by_place(a)], axes=(1, 0, 2))
            left = call("reshape", [turned], shape=(rows, deep))
        return call("matmul", [left, call("reshape", [self._by_place(b)], shape=(deep, columns))])

    def _product_after(self, j: int) -> Node | None:
        """What is kept of each step, if it is a product that no step needs: of all rows at once."""
        n = self.region.stacked[j]
        while n.kind == "copy" and n not in self.users:
            n = n.inputs[0]
        used = self.users.get(n, [])
        needed = any(u is not self.region.stacked[j] for u in used) or n in self.region.new
        if n.kind != "matmul" or len(n.shape) != 2 or needed or n not in self.changing:
            return None
        right = self._lift(n.inputs[1])
        if right is None or right[1]:
            return None
        return self._rows_times(n, (self._by_place(n.inputs[0]), True))

    def _at_hand(self, n: Node) -> bool:
        """Whether a node's values at all places are there in any case."""
        region = self.region
        while n.kind in ("permute", "reshape", "copy"):
            n = n.inputs[0]
        known = n in region.carried or n in region.new or n in region.stacked or n in self._kept
        return known or (n not in self.changing and self._lift(n) is not None)

    def _by_place(self, n: Node) -> Node:
        """A node's values at all places; kept from now on, if they are not yet."""
        if n in self._kept:
            return self._kept[n]
        region = self.region
        lifted = None if n in self.changing else self._lift(n)
        if lifted is not None:
            found = lifted[0] if lifted[1] else self._everywhere(lifted[0])
        elif n in region.carried or n in region.new:
            found = self._history(n)
        elif n.kind in ("permute", "reshape", "copy"):
            below = _for_all(n, [self._by_place(n.inputs[0])], self.length)
            if below is None:
                raise AssertionError(f"no view for all places: {n.kind}")
            found = below
        else:
            if n not in region.stacked:
                region.stacked.append(n)
            found = self._part("stack", region.stacked.index(n))
        self._kept[n] = found
        return found

    def _history(self, n: Node) -> Node:
        """The values of what is carried, by place: before, or after, the step there."""
        region = self.region
        before = n in region.carried
        history = self._part("history", (region.carried if before else region.new).index(n))
        return call("slice", [history], ranges=region.rows(before, n.shape))

    def _part(self, what: str, index: int) -> Node:
        return part(self.loop, what, index)


def _for_all(n: Node, inputs: list[Node], length: int) -> Node | None:
    """The same operation with an axis of places in front."""
    kind, params, shape = n.kind, n.params, (length, *n.shape)
    if is_elementwise(n) or kind == "copy":
        return Node(n.op, tuple(inputs), params, shape, n.dtype)
    if kind == "permute":
        return call(kind, inputs, axes=(0, *(a + 1 for a in params["axes"])))
    if kind == "reshape":
        return call(kind, inputs, shape=shape)
    if kind == "broadcast_to":
        x = inputs[0]
        missing = len(shape) - len(x.shape)
        return call(kind, [call("reshape", [x], shape=(length, *(1,) * missing, *x.shape[1:]))], shape=shape)
    if kind == "slice":
        return call(kind, inputs, ranges=((0, length, 1), *params["ranges"]))
    return None


def _below(n: Node) -> Node:
    """What is repeated or reshaped."""
    while n.kind in ("broadcast_to", "reshape", "permute"):
        n = n.inputs[0]
    return n


