"""What a kernel has to do at the least: floating-point operations, and bytes that come and go."""

from __future__ import annotations

import math
import re

from ... import dtypes
from ..emit.code import Code
from ..emit.kit import Kit
from ..emit.value import Value
from ..graph.convolutions import ATTENTION, PRODUCTS, multiplications
from ..graph.graph import Node, ordered
from ..graph.lowerings import is_elementwise, is_reduction, terms
from ..graph.reads import Read
from ..plan.kernel import Kernel
from ..plan.schedule import Schedule

_ARITHMETIC = re.compile(r"= f(add|sub|mul|div|rem|neg|cmp)\b|@llvm\.(\w+)\.f\d")


def fused(kernel: Kernel, schedule: Schedule) -> list[Node]:
    """The nodes a kernel works out in registers, inputs first: its roots, and all between them and what it reads."""
    return _below(kernel.nodes, schedule)


def _below(roots: list[Node], schedule: Schedule) -> list[Node]:
    """The roots, and all between them and what lies in memory."""
    return ordered(roots, lambda n: n in roots or not schedule.is_buffer(n))


def flops(kernel: Kernel, schedule: Schedule) -> int:
    """Floating-point operations, counted in the instructions that are emitted for one element."""
    total, mapped = 0, set(fused(kernel, schedule))
    for n in kernel.main:
        terms = set(_below([n], schedule)) - {n}
        mapped -= terms | {n}
        total += _main_flops(n, sum(map(_element_flops, terms)))
    return total + math.prod(kernel.shape) * sum(map(_element_flops, mapped))


def _main_flops(n: Node, for_each_term: int) -> int:
    if n.kind in (*PRODUCTS, *ATTENTION) and dtypes.is_float(n.dtype):
        return 2 * multiplications(n)
    if not dtypes.is_float(n.inputs[0].dtype):
        return 0
    added = n.size * math.prod(terms(n).extents) if is_reduction(n) else n.inputs[0].size
    return added * (1 + for_each_term)


def _element_flops(n: Node) -> int:
    """The operations for one element of an elementwise node: its `forward` is run and its instructions are counted."""
    if not is_elementwise(n):
        return 0
    code = Code("count")
    kit = Kit(code, 0)
    n.primitive.forward(kit, *(Value(kit, x.dtype, "%x") for x in n.inputs), **n.params)
    found = (_ARITHMETIC.search(line) for line in code.lines)
    return sum(2 if m[2] in ("fma", "fmuladd") else 1 for m in found if m)


def bytes_moved(kernel: Kernel, schedule: Schedule) -> int:
    """Bytes that are read and written, each place counted once."""
    total = sum(n.size * n.dtype.itemsize for n in kernel.stored)
    touched: dict[Node, int] = {}
    for n in kernel.nodes:
        for r in schedule.needs(n):
            if r.node not in kernel.nodes:
                touched[r.node] = min(r.node.size, touched.get(r.node, 0) + _places(r, n))
    return total + sum(count * n.dtype.itemsize for n, count in touched.items())


def _places(r: Read, n: Node) -> int:
    """How many places a read touches while its loops run."""
    return n.size if r.dynamic else math.prod(loop.extent for loop in r.flat.loops())
