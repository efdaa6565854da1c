"""The innermost loop of a matrix product: a tile of C in registers, summed over k.

At each k it takes a row piece of B (one or two vectors) and, for each row of the tile, one number of A spread over a
vector: sums[row][vector] += A[row, k] B[k, vector].
"""

from __future__ import annotations

from .code import Code, Ref
from .kit import Kit, Value
from .tiling import Tiling


def micro_name(t: Tiling, rows: int, columns: int, step_a: tuple[int, int], step_b: int, goes_on: bool) -> str:
    """The name of a micro-kernel, which says all that it depends on in a program."""
    steps = "_".join(str(s).replace("-", "m") for s in (*step_a, step_b))
    how = ("p" if t.packed else "") + ("s" if goes_on else "")
    return f"micro_{t.dtype.name}_{rows}x{columns}{how}_{t.width}_{steps}"


def micro_kernel(t: Tiling, rows: int, columns: int, step_a: tuple[int, int], step_b: int, goes_on: bool) -> Code:
    """A function (a, b, tile, depth) that fills a tile, or goes on with the sums in it.

    Args:
        rows, columns: of the tile; fewer than `t.height` and `t.width` at C's edges.
        step_a: from row to row and from k to k of A.
        step_b: from k to k of B.
        goes_on: whether the tile holds sums already.
    """
    name = micro_name(t, rows, columns, step_a, step_b, goes_on)
    code = Code(name, "ptr noalias %a, ptr noalias %b, ptr noalias %tile, i64 %depth")
    kit, scalars = Kit(code, t.lanes), Kit(code, 0)
    scalar, vector, size = scalars.type(t.dtype), kit.type(t.dtype), t.dtype.itemsize
    places = [(r, v) for r in range(rows) for v in range(-(-columns // t.lanes))]
    sums = {place: code.variable(vector) for place in places}

    def in_tile(place: tuple[int, int]) -> Ref:
        return code.element(scalar, "%tile", place[0] * t.width + place[1] * t.lanes)

    for place, memory in sums.items():
        start = code.op(f"load {vector}, ptr {in_tile(place)}, align {size}") if goes_on else "zeroinitializer"
        code.do(f"store {vector} {start}, ptr {memory}")
    with code.loop(0, "%depth") as k:
        pieces = [_piece_of_b(t, kit, code.mul(k, step_b), v, columns) for v in range(-(-columns // t.lanes))]
        at_k = code.element(scalar, "%a", code.mul(k, step_a[1]))
        for r in range(rows):
            number = code.op(f"load {scalar}, ptr {code.element(scalar, at_k, r * step_a[0])}")
            spread = kit.splat(number, t.dtype)
            for v, piece in enumerate(pieces):
                memory = sums[r, v]
                so_far = Value(kit, t.dtype, code.op(f"load {vector}, ptr {memory}"))
                code.do(f"store {vector} {kit.fma(spread, piece, so_far).ref}, ptr {memory}")
    for place, memory in sums.items():
        code.do(f"store {vector} {code.op(f'load {vector}, ptr {memory}')}, ptr {in_tile(place)}, align {size}")
    return code


def _piece_of_b(t: Tiling, kit: Kit, at_k: Ref, v: int, columns: int) -> Value:
    """Vector v of a row of B; beyond its last column, where it was not packed, zeros."""
    code, vector, size = kit.code, kit.type(t.dtype), t.dtype.itemsize
    address = code.element(Kit(code, 0).type(t.dtype), "%b", code.add(at_k, v * t.lanes))
    inside = min(t.lanes, columns - v * t.lanes)
    if inside == t.lanes or t.packed:
        return Value(kit, t.dtype, code.op(f"load {vector}, ptr {address}, align {size}"))
    mask = "<" + ", ".join(f"i1 {'true' if i < inside else 'false'}" for i in range(t.lanes)) + ">"
    loaded = code.call(
        vector,
        f"llvm.masked.load.{kit.suffix(t.dtype)}.p0",
        f"ptr {address}",
        f"i32 {size}",
        f"<{t.lanes} x i1> {mask}",
        f"{vector} zeroinitializer",
    )
    return Value(kit, t.dtype, loaded)
