"""Long sums made short: what a loop over time leaves in its gradient.

A weight that is used at every time step gets the sum of as many products as there are steps, its bias the sum of as
many sums, and an input that was cut into steps the sum of as many padded pieces. Each of these is one operation on the
steps joined together:

    A1 B1 + A2 B2 + ...        = [A1 A2 ...] [B1; B2; ...]
    sum(x1) + sum(x2) + ...    = sum([x1; x2; ...])
    pad(x1) + pad(x2) + ...    = [x1; x2; ...]

Of a sum of weighted sums, the weights that are the same for all terms come out:

    sum(u a - v b) = u sum(a) - v sum(b), where u and v do not vary along the axes that are summed over

A normalisation's gradient is such a sum, u g + v (x - mean), which is needed at each place, too: it would be stored,
summed, read again and changed by its mean. But the sums of g and of x - mean are wanted in any case, or are made on
the way: with them each place is worked out at once. So it is done only where what is summed has other users, and where
for each of a and b there is a sum over the same axes that reads it.

Products and sums are joined in groups, so that what a group joins is still in the caches when it is used, and its
memory free again for the next.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from ... import dtypes
from ..graph.graph import Graph, Node, consumers
from .rewriting import call

FEWEST = 4  # terms that are worth joining
TOGETHER = 256  # rows of a group
TINY = 32  # multiplications of a product that are as well written as a sum
MANY = 1 << 14  # numbers whose total is worth sharing between threads
MOST_WEIGHTED = 8  # terms of a sum that are looked into


def join(parts: Sequence[Node], axis: int) -> Node:
    """Parts beside each other; of parts that are joined along this axis themselves, their parts."""
    flat: list[Node] = []
    for part in parts:
        inside = part.kind == "concatenate" and part.params["axis"] == axis
        flat += part.inputs if inside else (part,)
    return call("concatenate", flat, axis=axis)


def flattened(n: Node) -> Node | None:
    """What is joined of joined pieces is joined at once."""
    if n.kind != "concatenate":
        return None
    whole = join(n.inputs, n.params["axis"])
    return whole if len(whole.inputs) != len(n.inputs) else None


def unstacked(n: Node) -> Node | None:
    """Pieces with an axis of length 1 in front, joined along it: the pieces joined as they are, then reshaped."""
    if n.kind != "concatenate" or n.params["axis"] != 0:
        return None
    if any(x.kind != "reshape" or x.shape != (1, *x.inputs[0].shape) or len(x.shape) < 2 for x in n.inputs):
        return None
    return call("reshape", [join([x.inputs[0] for x in n.inputs], 0)], shape=n.shape)


def unsplit(n: Node) -> Node | None:
    """The sum over several axes that a reshape made of the first one: the sum over that one."""
    if n.kind != "sum" or n.inputs[0].kind != "reshape":
        return None
    x, split, axes = n.inputs[0].inputs[0], n.inputs[0].shape, n.params["axis"]
    if len(axes) < 2 or axes != tuple(range(len(axes))) or x.shape[1:] != split[len(axes) :] or not x.shape:
        return None
    return call("sum", [x], axis=(0,))


def summed_at_once(n: Node) -> Node | None:
    """The sum of a sum over what comes out of a loop: over all axes at once."""
    if n.kind != "sum" or n.inputs[0].kind != "sum" or n.inputs[0].inputs[0].kind != "part":
        return None
    first, x = n.inputs[0].params["axis"], n.inputs[0].inputs[0]
    left = [a for a in range(len(x.shape)) if a not in first]
    return call("sum", [x], axis=tuple(sorted((*first, *(left[a] for a in n.params["axis"])))))


def tiny_product(n: Node) -> Node | None:
    """A product of few numbers: the sum of what it multiplies, for which no tiles have to be made."""
    if n.kind != "matmul" or len(n.shape) != 2 or not 0 < n.size * n.inputs[0].shape[1] <= TINY:
        return None
    (a, b), (rows, columns), depth = n.inputs, n.shape, n.inputs[0].shape[1]
    if a.dtype != n.dtype:  # pairs of bfloat16
        return None
    left = call("reshape", [a], shape=(rows, 1, depth))
    right = call("reshape", [call("permute", [b], axes=(1, 0))], shape=(1, columns, depth))
    whole = (rows, columns, depth)
    terms = call("multiply", [call("broadcast_to", [x], shape=whole) for x in (left, right)])
    return call("sum", [terms], axis=(2,))


def by_rows(n: Node) -> Node | None:
    """The sum, or the largest, of a whole array: of each of its rows, which threads can share, and then of those.

    How the rows are cut does not depend on the threads.
    """
    if n.kind not in ("sum", "max") or n.shape or n.inputs[0].size < MANY:
        return None
    x = n.inputs[0]
    if len(x.shape) < 2 or x.shape[0] < FEWEST:
        return None
    rows = call(n.kind, [x], axis=tuple(range(1, len(x.shape))))
    return call(n.kind, [rows], axis=(0,))


def joined_pads(graph: Graph) -> dict[Node, Node]:
    """Sums of pieces, each padded with zeros where the others are: the pieces side by side."""
    users = consumers(graph.nodes())
    becomes: dict[Node, Node] = {}
    for n in graph.nodes():
        if n.kind == "add" and not _inside_a_sum(n, users):
            pieces = _side_by_side_pads(_terms(n, users))
            if pieces is not None:
                becomes[n] = pieces
    return becomes


def _side_by_side_pads(terms: list[Node]) -> Node | None:
    """Pads along one axis whose pieces cover it, each place once."""
    if any(t.kind != "pad" or t.params["value"] != 0 for t in terms):
        return None
    padded = {a for t in terms for a, widths in enumerate(t.params["widths"]) if widths != (0, 0, 0)}
    if len(padded) != 1:
        return None
    axis = padded.pop()
    ends = 0
    in_order = sorted(terms, key=lambda t: t.params["widths"][axis][0])
    for t in in_order:
        before, _, gap = t.params["widths"][axis]
        if gap or before != ends:
            return None
        ends += t.inputs[0].shape[axis]
    return join([t.inputs[0] for t in in_order], axis) if ends == terms[0].shape[axis] else None


def joined_terms(graph: Graph) -> dict[Node, Node]:
    """What sums of many products, or of many sums, become."""
    users = consumers(graph.nodes())
    becomes: dict[Node, Node] = {}
    for n in graph.nodes():
        if n.kind == "add" and not _inside_a_sum(n, users):
            terms = _terms(n, users)
            left = _in_groups(terms, [t for t in terms if _is_product(t, users)], _product)
            left = _in_groups(left, [t for t in left if _is_sum(t, users)], _sum)
            if len(left) < len(terms):
                becomes[n] = _added(left)
    return becomes


def _inside_a_sum(n: Node, users: dict[Node, list[Node]]) -> bool:
    return len(users[n]) == 1 and users[n][0].kind == "add"


def _terms(root: Node, users: dict[Node, list[Node]]) -> list[Node]:
    """The terms of a sum, from left to right."""
    terms, stack = [], [root]
    while stack:
        n = stack.pop()
        if n is root or (n.kind == "add" and len(users[n]) == 1):
            stack.extend(reversed(n.inputs))
        else:
            terms.append(n)
    return terms


def _is_product(n: Node, users: dict[Node, list[Node]]) -> bool:
    return n.kind == "matmul" and len(n.shape) == 2 and len(users[n]) == 1


def _is_sum(n: Node, users: dict[Node, list[Node]]) -> bool:
    return n.kind == "sum" and n.params["axis"] == (0,) and len(users[n]) == 1 and bool(n.shape)


def _in_groups(terms: list[Node], some: list[Node], joined: Callable[[list[Node]], Node]) -> list[Node]:
    """The terms, but some of them in groups, from the last on.

    Gradients come in from the last step to the first, each added in front: the last group is whole first.
    """
    if len(some) < FEWEST:
        return terms
    size = max(TOGETHER // max(some[0].inputs[0].size // some[0].shape[0], 1), 1)
    groups = [some[max(end - size, 0) : end] for end in range(len(some), 0, -size)]
    rest = set(some)
    return [*map(joined, groups), *(t for t in terms if t not in rest)]


def _product(products: list[Node]) -> Node:
    left, right = zip(*(p.inputs for p in products), strict=True)
    return call("matmul", [_side_by_side(left, 1), _side_by_side(right, 0)])


def _side_by_side(matrices: Sequence[Node], axis: int) -> Node:
    """Matrices joined along an axis; transposes before they are turned, so that memory is joined in order."""
    if all(m.kind == "permute" for m in matrices):
        return call("permute", [join([m.inputs[0] for m in matrices], 1 - axis)], axes=(1, 0))
    return join(matrices, axis)


def _sum(sums: list[Node]) -> Node:
    return call("sum", [join([s.inputs[0] for s in sums], 0)], axis=(0,))


def _added(terms: list[Node]) -> Node:
    total = terms[0]
    for t in terms[1:]:
        total = call("add", [total, t])
    return total


# -- weighted sums ----------------------------------------------------------------------------------------------------


class Weighted(NamedTuple):
    """A term: by what it is multiplied or divided, which is the same for all places that are summed, and its sign."""

    of: Node
    weight: Node
    kind: str
    negative: bool


def weights_taken_out(graph: Graph) -> dict[Node, Node]:
    """What becomes of the sums."""
    nodes = graph.nodes()
    users, summed = consumers(nodes), [n for n in nodes if n.kind == "sum"]
    seen: dict[tuple[int, ...], set[Node]] = {}
    for n in summed:
        x = n.inputs[0]
        seen.setdefault(n.params["axis"], set()).update((x, *(x.inputs if x.kind == "multiply" else ())))
    becomes = {}
    for n in summed:
        axes = n.params["axis"]
        exact = dtypes.is_float(n.dtype) and dtypes.accumulator(n.dtype) == n.dtype  # a sum of halves may be too large
        terms = _weighted_terms(n.inputs[0], axes, users) if exact else []
        if len(terms) > 1 and all(t.of in seen[axes] for t in terms):
            becomes[n] = _together(terms, n)
    return becomes


def _weighted_terms(x: Node, axes: tuple[int, ...], users: dict[Node, list[Node]]) -> list[Weighted]:
    """The weighted terms of what is summed, or none if it is no such sum, or nothing else needs it."""
    found: list[Weighted] = []
    stack, shared = [(x, False)], False
    while stack:
        n, negative = stack.pop()
        shared |= len(users[n]) > 1
        if n.kind == "negative":
            stack.append((n.inputs[0], not negative))
        elif n.kind in ("add", "subtract"):
            stack += [(n.inputs[1], negative != (n.kind == "subtract")), (n.inputs[0], negative)]
        else:
            term = _weighted(n, axes, negative) if shared else None
            if term is None or len(found) == MOST_WEIGHTED:
                return []
            found.append(term)
    return found


def _weighted(n: Node, axes: tuple[int, ...], negative: bool) -> Weighted | None:
    if n.kind not in ("multiply", "divide"):
        return None
    a, b = n.inputs
    for of, by in ((a, b), (b, a))[: 2 if n.kind == "multiply" else 1]:
        if by.kind == "broadcast_to" and _is_same(by, axes):
            return Weighted(of, by.inputs[0], n.kind, negative)
    return None


def _is_same(by: Node, axes: tuple[int, ...]) -> bool:
    """Whether what is stretched does not vary along the axes."""
    of = (1,) * (len(by.shape) - len(by.inputs[0].shape)) + by.inputs[0].shape
    return all(of[a] == 1 for a in axes)


def _together(terms: list[Weighted], n: Node) -> Node:
    values = []
    for of, weight, kind, negative in terms:
        value = call(kind, [call("sum", [of], axis=n.params["axis"]), _of_results(weight, n)])
        values.append(call("negative", [value]) if negative else value)
    return _added(values)


def _of_results(weight: Node, n: Node) -> Node:
    """A weight in the shape of the sum's result."""
    rank = len(n.inputs[0].shape)
    whole = (1,) * (rank - len(weight.shape)) + weight.shape
    shape = tuple(length for a, length in enumerate(whole) if a not in n.params["axis"])
    reshaped = weight if shape == weight.shape else call("reshape", [weight], shape=shape)
    return reshaped if math.prod(shape) == n.size else call("broadcast_to", [reshaped], shape=n.shape)
