"""Values without elements: they, and what is added up from them, are constants, so that no later pass meets one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..graph.graph import Node

SUMS = ("sum", "matmul", "scatter_add", "sliding_window_adjoint")  # 0, of no terms


def without(n: Node, full: Callable[[Any, Node], Node]) -> Node | None:
    """What a node becomes that has no elements, or reads a value that has none; `full` makes a constant like a node."""
    if n.size == 0:
        return full(0, n)
    given = tuple(x for x in n.inputs if x.size)
    if len(given) == len(n.inputs):
        return None
    if n.kind in SUMS:
        return full(0, n)
    if n.kind == "pad":
        return full(n.params["value"], n)
    if n.kind in ("put", "put_slice"):
        return n.inputs[0]
    if n.kind == "concatenate":
        return given[0] if len(given) == 1 else Node(n.op, given, n.params, n.shape, n.dtype)
    return None  # a choice from nothing, which is refused when it is made
