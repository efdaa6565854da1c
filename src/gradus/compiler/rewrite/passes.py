"""Rewrites of a graph into a smaller one that means the same: a short list of passes, applied in order.

A pass is a function of a graph that returns a graph; most rewrite node by node. Dead code needs no pass: a graph is
what its outputs depend on, so what nobody needs any more is no longer in it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ... import dtypes
from ...ops.core.primitive import PRIMITIVES
from ...ops.places.index import gathered_in
from ..graph import pieces
from ..graph.graph import Graph, Node, consumers, number, said
from ..graph.lowerings import is_elementwise
from . import convolution, empties, few_images, joins, outside, sums, unused
from . import winograd as winograd_rewrite
from .bfloat16 import Rounding
from .layouts import lay_out
from .rewriting import call, redirected, rewritten

Range = tuple[int, int, int]


def simplify(graph: Graph, lanes: int, rounding: Rounding | None = None, winograd: bool = True) -> Graph:
    """The graph after all passes, for vectors of so many numbers."""
    *_, (_, last) = stages(graph, lanes, rounding, winograd)
    return last


def stages(
    graph: Graph, lanes: int, rounding: Rounding | None = None, winograd: bool = True
) -> Iterator[tuple[str, Graph]]:
    """The name of each pass, and the graph after it; values keep their numbers. `rounding`: in bfloat16."""
    number(graph)
    wanted = {in_bfloat16: rounding is not None, use_winograd: winograd}
    given: dict[Any, tuple[Any, ...]] = {in_bfloat16: (rounding,), use_winograd: (lanes,)}
    images = max(lanes, 2 * rounding.lanes if rounding else 0)  # that fill a vector, of bfloat16 twice as many
    given |= dict.fromkeys((find_convolutions, fill_vectors), (images, winograd))
    for one in PASSES:
        if not wanted.get(one, True):
            continue
        graph = one(graph, *given.get(one, ()))
        number(graph)
        yield one.__name__.replace("_", " "), graph


# -- loops -------------------------------------------------------------------------------------------------------------


def take_out_of_loops(graph: Graph) -> Graph:
    """What need not be done step by step is done for all steps at once (`outside.py`)."""
    return rewritten(redirected(graph, outside.taken_out(graph)), sums.summed_at_once)


def trim_loops(graph: Graph) -> Graph:
    """What nobody needs of a loop is not worked out (`unused.py`)."""
    graph = redirected(graph, unused.as_histories(graph))
    return redirected(graph, unused.trimmed(graph))


# -- constants ---------------------------------------------------------------------------------------------------------


def fold_constants(graph: Graph) -> Graph:
    """What is worked out from constants alone is worked out now."""
    return rewritten(graph, _folded)


def _folded(n: Node) -> Node | None:
    if not is_elementwise(n):
        return None
    values = [constant(x) for x in n.inputs]
    if any(v is None for v in values):
        return None
    arrays = (np.asarray(v, x.dtype) for v, x in zip(values, n.inputs, strict=True))
    with np.errstate(all="ignore"):
        value = np.asarray(n.primitive.forward(np, *arrays, **n.params)).astype(n.dtype).item()
    return _full(value, n)


def _full(value: Any, like: Node) -> Node:
    """One number everywhere: a `full` without axes, broadcast."""
    scalar = Node(PRIMITIVES["full"], (), {"shape": (), "value": value, "dtype": like.dtype}, (), like.dtype)
    return Node(PRIMITIVES["broadcast_to"], (scalar,), {"shape": like.shape}, like.shape, like.dtype)


def constant(n: Node) -> Any:
    """The one number a node holds everywhere, if it does."""
    while n.kind in ("broadcast_to", "reshape", "permute"):
        n = n.inputs[0]
    return n.params["value"] if n.kind == "full" else None


def leave_out_empties(graph: Graph) -> Graph:
    """Values without elements are constants (`empties.py`)."""
    return rewritten(graph, lambda n: empties.without(n, _full))


# -- algebra -----------------------------------------------------------------------------------------------------------


def algebra(graph: Graph) -> Graph:
    """x - 0, x * 1, where(true, x, y) and the like are x; x^2 is x x, and x^(1/2) the root."""
    return rewritten(graph, lambda n: _neutral(n) or _chosen(n) or _small_power(n))


def _neutral(n: Node) -> Node | None:
    """x + 0, x - 0, x * 1, x / 1, x^1, a copy, x joined with nothing, and a cast to the type it has, are x."""
    if n.kind in ("add", "subtract", "multiply", "divide", "power"):
        neutral = _is_nothing if n.kind in ("add", "subtract") else _is_one
        a, b = n.inputs
        if neutral(b, n.kind):
            return a
        if n.kind in ("add", "multiply") and neutral(a, n.kind):
            return b
    alone = n.kind == "concatenate" and len(n.inputs) == 1
    if n.kind == "copy" or alone or (n.kind == "cast" and n.dtype == n.inputs[0].dtype):
        return n.inputs[0]
    return None


def _is_one(n: Node, kind: str) -> bool:
    return bool(constant(n) == 1)


def _is_nothing(n: Node, kind: str) -> bool:
    """A 0 that changes no number: of floats -0.0 is added, or 0.0 subtracted, as -0.0 + 0.0 is 0.0."""
    value = constant(n)
    if value != 0 or value is None:
        return False
    return not dtypes.is_float(n.dtype) or math.copysign(1, value) == (-1 if kind == "add" else 1)


def _chosen(n: Node) -> Node | None:
    """A choice that is always the same."""
    condition = constant(n.inputs[0]) if n.kind == "where" else None
    return None if condition is None else n.inputs[1] if condition else n.inputs[2]


def _small_power(n: Node) -> Node | None:
    """x^2 is x x, x^3 is x x x, and x^(1/2) the root, as in NumPy, but of half types: of -0 it is -0, of -inf NaN."""
    exponent = constant(n.inputs[1]) if n.kind == "power" else None
    x = n.inputs[0] if exponent in (0.5, 2, 3) else None
    if x is None:
        return None
    if exponent == 0.5:
        return Node(PRIMITIVES["sqrt"], (x,), {}, n.shape, n.dtype) if n.dtype.itemsize > 2 else None
    square = Node(PRIMITIVES["multiply"], (x, x), {}, n.shape, n.dtype)
    return square if exponent == 2 else Node(PRIMITIVES["multiply"], (square, x), {}, n.shape, n.dtype)


# -- views -------------------------------------------------------------------------------------------------------------


def merge_views(graph: Graph) -> Graph:
    """Views of views become one view; views that change nothing go."""
    return rewritten(graph, _merged)


def _merged(n: Node) -> Node | None:
    if n.kind not in ("reshape", "broadcast_to", "permute"):
        return None
    x = n.inputs[0]
    if n.kind == "permute":
        axes = n.params["axes"]
        if x.kind == "permute":
            axes, x = tuple(x.params["axes"][a] for a in axes), x.inputs[0]
        changes, params = axes != tuple(range(len(axes))), {"axes": axes}
    else:
        x = x.inputs[0] if x.kind == n.kind else x
        changes, params = n.shape != x.shape, n.params
    if not changes:
        return x
    return None if x is n.inputs[0] else Node(n.op, (x,), params, n.shape, n.dtype)


def merge_slices(graph: Graph) -> Graph:
    """A slice of a slice is one slice; a slice of what is padded lies inside it, beside it, or stays."""
    return rewritten(graph, lambda n: _cut(n) if n.kind == "slice" else None)


def _cut(n: Node) -> Node | None:
    x, ranges = n.inputs[0], n.params["ranges"]
    if x.kind == "slice":
        outer, x = x.params["ranges"], x.inputs[0]
        ranges = tuple(_range_of(r, o, length) for r, o, length in zip(ranges, outer, n.shape, strict=True))
    if x.kind == "pad" and n.size:
        inside = [_in_padded(*axis) for axis in zip(ranges, x.params["widths"], x.inputs[0].shape, strict=True)]
        if () in inside:
            return _full(x.params["value"], n)
        if None not in inside:
            ranges, x = tuple(inside), x.inputs[0]
    if x is n.inputs[0]:
        return None
    return x if n.shape == x.shape else Node(n.op, (x,), {"ranges": ranges}, n.shape, n.dtype)


def _in_padded(taken: Range, widths: Range, length: int) -> Range | tuple[()] | None:
    """What a range of a padded axis takes of what was padded: (), if nothing; None, if padding too."""
    (start, stop, step), (low, _, gap) = taken, widths
    if stop <= low or start >= low + length + max(length - 1, 0) * gap:
        return ()
    whole = gap == 0 and low <= start and stop <= low + length
    return (start - low, stop - low, step) if whole else None


def _range_of(inner: Range, outer: Range, length: int) -> Range:
    """The range that takes from an axis what `inner` takes of what `outer` takes."""
    start, step = outer[0] + inner[0] * outer[2], inner[2] * outer[2]
    return start, start + (length - 1) * step + 1 if length else start, step


def turn_products(graph: Graph) -> Graph:
    """(A B)^T = B^T A^T: then what follows can be fused to the product."""
    return rewritten(graph, _turned)


def _turned(n: Node) -> Node | None:
    if n.kind != "permute" or n.inputs[0].kind != "matmul":
        return None
    product, axes = n.inputs[0], n.params["axes"]
    last = len(axes) - 1
    if axes[-2:] != (last, last - 1) or axes[:-2] != tuple(range(last - 1)):
        return None
    turned = []
    for x in product.inputs[::-1]:
        shape = (*x.shape[:-2], x.shape[-1], x.shape[-2])
        node = Node(n.op, (x,), {"axes": axes}, shape, x.dtype)
        turned.append(_merged(node) or node)
    return Node(product.op, tuple(turned), product.params, n.shape, n.dtype)


# -- convolutions ------------------------------------------------------------------------------------------------------


def find_convolutions(graph: Graph, lanes: int, winograd: bool) -> Graph:
    """Products over the columns of a window become convolutions, which store no columns (`convolution.py`)."""
    return redirected(graph, convolution.found(graph, lanes, lambda n: few_images.needs_columns(n, lanes, winograd)))


def fill_vectors(graph: Graph, lanes: int, winograd: bool) -> Graph:
    """Convolutions of few images are cut into pieces, or take pieces of rows for vectors (`few_images.py`)."""
    return redirected(graph, few_images.found(graph, lanes, winograd))


def use_winograd(graph: Graph, lanes: int) -> Graph:
    """Convolutions by small kernels, where it pays, with a fraction of the multiplications (`winograd.py`)."""
    return redirected(graph, winograd_rewrite.found(graph, lanes))


# -- long sums -------------------------------------------------------------------------------------------------------


def join_sums(graph: Graph) -> Graph:
    """Sums of many products, sums or padded pieces become one operation on what is joined (`sums.py`)."""
    graph = redirected(graph, sums.joined_pads(graph))
    graph = rewritten(rewritten(graph, sums.flattened), sums.unstacked)
    return rewritten(redirected(graph, sums.joined_terms(graph)), sums.unsplit)


def weigh_sums(graph: Graph) -> Graph:
    """Weights that are the same for all terms come out of a sum (`sums.py`)."""
    return redirected(graph, sums.weights_taken_out(graph))


def share_pieces(graph: Graph) -> Graph:
    """Pieces that several joined values have in common are stored once (`joins.py`)."""
    graph = rewritten(graph, joins.rows_that_follow)
    return redirected(graph, joins.shared(graph))


def open_products(graph: Graph) -> Graph:
    """Products of very few numbers become sums, which others can be fused to (`sums.py`)."""
    return rewritten(graph, sums.tiny_product)


def split_totals(graph: Graph) -> Graph:
    """The total of very many numbers is the total of those of their rows (`sums.py`)."""
    return rewritten(graph, sums.by_rows)


def separate_pieces(graph: Graph) -> Graph:
    """Pieces that are written where they are joined become nodes of their own (`pieces.py`)."""
    nodes, outputs = graph.nodes(), set(graph.outputs())
    users = consumers(nodes)
    taken: set[Node] = set()

    def own(x: Node, whole: Node) -> Node:
        below = pieces.stored_as(x)
        if below in taken or not pieces.can_be_piece(below, whole, users, outputs):
            x = below = Node(PRIMITIVES["copy"], (x,), {}, x.shape, x.dtype)
        taken.add(below)
        return x

    wholes = [n for n in nodes if pieces.is_written_in_pieces(n, users, outputs)]
    own_pieces = {n: tuple(own(x, n) for x in n.inputs) for n in wholes}
    return redirected(graph, {n: Node(n.op, own_pieces[n], n.params, n.shape, n.dtype, n.name) for n in wholes})


# -- the same twice ----------------------------------------------------------------------------------------------------


def share_common(graph: Graph) -> Graph:
    """The same primitive of the same inputs is worked out once."""
    known: dict[Any, Node] = {}
    return rewritten(graph, lambda n: known.setdefault(_key(n), n))


def _key(n: Node) -> Any:
    return n.kind, tuple(map(id, n.inputs)), said(n.params), n.shape, n.dtype


def separate_outputs(graph: Graph) -> Graph:
    """Each result and each write gets a node of its own, which is no input: then each has one place in memory.

    What is written in pieces gets there by a copy.
    """
    taken: set[Node] = set()
    users = consumers(graph.nodes())

    def own(n: Node) -> Node:
        in_pieces = pieces.has_many_pieces(n) or (users[n] and pieces.is_written_in_pieces(n, users, ()))
        if n.op is None or n in taken or in_pieces:
            n = Node(PRIMITIVES["copy"], (n,), {}, n.shape, n.dtype)
        taken.add(n)
        return n

    writes = [(t, own(v)) for t, v in graph.writes if v is not t]
    return Graph(graph.inputs, [own(n) for n in graph.results], writes)


# -- half precision ----------------------------------------------------------------------------------------------------


def gather_wide(graph: Graph) -> Graph:
    """Half precision is added up in float32, much in little in float64, and booleans are counted: as in eager mode."""
    return rewritten(graph, _wide)


def _wide(n: Node) -> Node | None:
    wide = _gathered_in(n)
    if wide == n.dtype:
        return None
    inputs = tuple(call("cast", [x], dtype=wide) if x.dtype == n.dtype else x for x in n.inputs)
    exact = Node(n.op, inputs, n.params, n.shape, wide)
    return call("cast", [exact], dtype=n.dtype)


def _gathered_in(n: Node) -> dtypes.Dtype:
    """The type in which a node's terms are added up."""
    if n.kind == "scatter_add":
        return gathered_in(n.dtype, n.inputs[1].size, n.params["length"])
    if n.kind not in ("sum", "matmul"):
        return n.dtype
    return dtypes.int32 if n.dtype == dtypes.bool_ else dtypes.accumulator(n.dtype)


def in_bfloat16(graph: Graph, rounding: Rounding) -> Graph:
    """The operands of products and convolutions are rounded to bfloat16 (`bfloat16.py`)."""
    return rewritten(graph, rounding)


PASSES: tuple[Callable[..., Graph], ...] = (
    trim_loops,
    take_out_of_loops,
    trim_loops,
    leave_out_empties,
    merge_slices,
    fold_constants,
    algebra,
    merge_views,
    gather_wide,
    turn_products,
    find_convolutions,
    fill_vectors,
    join_sums,
    weigh_sums,
    share_pieces,
    split_totals,
    merge_views,
    in_bfloat16,
    open_products,
    use_winograd,
    share_common,
    separate_outputs,
    separate_pieces,
    lay_out,
)
