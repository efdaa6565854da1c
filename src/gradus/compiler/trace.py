"""Tracing: run ordinary Tensor code once, with graph nodes in place of arrays.

What the function reads besides its arguments (parameters, state, the random counter) becomes an input of the graph;
what it writes with `assign_` becomes a write to the same memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from .. import interpret
from ..errors import DtypeError, TraceError, caller
from ..ops.primitive import PRIMITIVES, Primitive
from ..tensor import Tensor
from .graph import Graph, Node


class Tracer:
    """The interpreter that builds a graph."""

    def __init__(self) -> None:
        self.graph = Graph()
        self.captured: list[np.ndarray] = []  # the arrays behind the inputs, in order
        self.read_from: list[Tensor] = []  # a tensor that holds each of them
        self._current: dict[int, Node] = {}  # what the memory of an array holds at this point of the program
        self._input: dict[int, Node] = {}
        self.looked_at: list[tuple[Tensor, int]] = []  # whose numbers became part of the program, and their writes
        self._given: set[int] = set()
        self._gradients: dict[int, np.ndarray] = {}  # by their ids: what backward left outside
        self._earlier: dict[Node, str] = {}  # gradients that an earlier call may have left, and where they are used
        self._unused: set[Node] = set()  # gradients that this call leaves
        self._nodes: set[Node] = set()  # those of this graph

    def apply(self, primitive: Primitive, inputs: tuple[Tensor, ...], params: dict[str, Any]) -> Node:
        nodes = tuple(self.node_of(t) for t in inputs)
        out = primitive.rule(*nodes, **params)
        made = Node(primitive, nodes, params, tuple(out.shape), out.dtype)
        self._nodes.add(made)
        return made

    def assign(self, target: Tensor, value: Tensor) -> None:
        node = self.node_of(value)
        if id(target.data) in self._given:
            raise TraceError(
                f"a compiled function writes into an argument with assign_, at {caller()}. It writes only tensors from "
                "around it, as parameters: compute a new one and return it."
            )
        if node.dtype != target.dtype:
            if not np.can_cast(node.dtype, target.dtype, "same_kind"):
                raise DtypeError(f"assign_: a tensor of {target.dtype} cannot hold {node.dtype}. Use astype().")
            node = self.apply(PRIMITIVES["cast"], (value,), {"dtype": target.dtype})
        if isinstance(target.data, Node):
            target.data = node
        else:
            self.node_of(target)
            self._current[id(target.data)] = node

    def concrete(self, tensor: Tensor) -> np.ndarray:
        if not isinstance(tensor.data, Node) and id(tensor.data) not in self._current:
            self.looked_at.append((tensor, tensor.writes[0]))
            return np.asarray(tensor.data)  # nothing here depends on it: a constant, until it is written
        raise TraceError(
            f"a compiled function looks at a value, at {caller()}: by .numpy(), .item(), float(), print or a Python "
            "`if` or `while` on a tensor. While it is traced there are no values yet. Use gradus.where for a choice, "
            "return the value and look at it outside, or leave the function uncompiled."
        )

    def node_of(self, t: Tensor) -> Node:
        """The node a Tensor stands for; a new input if it is an array that was not met before."""
        if isinstance(t.data, Node):
            if t.data not in self._nodes:
                raise TraceError(
                    f"a tensor that was made while another function was traced is used, at {caller()}. It never had a "
                    "value: return what is needed later from the compiled function that makes it."
                )
            if self._earlier.get(t.data) == "":
                self._earlier[t.data] = caller()
            return t.data
        key = id(t.data)
        if key in self._gradients and key not in self._current:
            self._current[key] = self._before(t)
            self._earlier[self._current[key]] = caller()
        if key not in self._current:
            node = Node(None, (), {}, t.data.shape, t.data.dtype)
            self.graph.inputs.append(node)
            self.captured.append(t.data)
            self.read_from.append(t)
            if t.grad is not None and not isinstance(t.grad.data, Node):
                self._gradients[id(t.grad.data)] = t.grad.data
            self._current[key] = self._input[key] = node
            self._nodes.add(node)
        elif t.requires_grad and t.is_leaf:  # it may have been met without its gradient, detached
            self.read_from[self.graph.inputs.index(self._input[key])] = t
        return self._current[key]

    def give(self, argument: Tensor) -> None:
        """Make a tensor an argument: an input of its own, even where its array is one that was met before."""
        node = Node(None, (), {}, argument.shape, argument.dtype)
        self.graph.inputs.append(node)
        self.captured.append(argument.data)
        self.read_from.append(argument)
        argument.data = node
        self._nodes.add(node)
        self._given.add(id(node))

    # -- gradients, which last no longer than a call ------------------------------------------------------------------

    def _before(self, t: Tensor) -> Node:
        """What stands for a gradient of this shape that an earlier call may have left."""
        node = Node(None, (), {}, t.shape, t.dtype)
        self._nodes.add(node)
        self._earlier[node] = ""
        return node

    def begin(self, leaves: Iterable[Tensor]) -> None:
        """Let each leaf have a gradient from before the call: eagerly, the last call would have left one."""
        for t in leaves:
            if t.grad is None:
                t.grad = Tensor(self._before(t))
            else:
                self._gradients[id(t.grad.data)] = t.grad.data

    def end(self, leaves: Iterable[Tensor]) -> None:
        """Take back the gradients that are symbols."""
        for t in (*leaves, *self.read_from):
            if t.grad is not None and isinstance(t.grad.data, Node):
                self._unused.add(t.grad.data)
                t.grad = None

    def _check_gradients(self, used: set[Node]) -> None:
        for node, place in self._earlier.items():
            if node in used:
                raise TraceError(
                    f"a compiled function uses a gradient that was there before it, at {place}. It begins without "
                    "gradients: call zero_grad() first in the function, and backward() in it too."
                )
        left = self._unused - set(self._earlier)
        if left and not left & used:
            raise TraceError(
                "a compiled function calls backward(), and nothing uses the gradients, which last only until the call "
                "ends. Call the optimizer's step() in the function too, or return the gradients."
            )

    def finish(self, results: list[Tensor]) -> Graph:
        """The graph, once the function has run."""
        self.graph.results = [self.node_of(t) for t in results]
        for array in list(self.captured):
            given, now = self._input.get(id(array)), self._current.get(id(array))
            if given is not None and now is not None and now is not given:
                self.graph.writes.append((given, now))
        self._check_gradients(set(self.graph.nodes()))
        return self.graph


def trace(function: Callable[[], Any], leaves: Sequence[Tensor] = ()) -> tuple[Tracer, Any]:
    """Run a function of no arguments under a tracer; the tracer and what the function returned.

    `leaves` are the tensors around the function in whose `grad` an earlier call may have left something.
    """
    tracer = Tracer()
    tracer.begin(leaves)
    token = interpret.current.set(tracer)
    try:
        result = function()
    finally:
        interpret.current.reset(token)
        tracer.end(leaves)
    return tracer, result
