"""Tracing: run ordinary Tensor code once, with graph nodes in place of arrays.

What the function reads besides its arguments (parameters, state, the random counter) becomes an input of the graph;
what it writes with `assign_` becomes a write to the same memory.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import interpret
from ..errors import TraceError, caller
from ..ops.primitive import Primitive
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

    def apply(self, primitive: Primitive, inputs: tuple[Tensor, ...], params: dict[str, Any]) -> Node:
        nodes = tuple(self.node_of(t) for t in inputs)
        out = primitive.rule(*nodes, **params)
        return Node(primitive, nodes, params, tuple(out.shape), out.dtype)

    def assign(self, target: Tensor, value: Tensor) -> None:
        node = self.node_of(value)
        if isinstance(target.data, Node):
            target.data = node
        else:
            self.node_of(target)
            self._current[id(target.data)] = node

    def concrete(self, tensor: Tensor) -> np.ndarray:
        if not isinstance(tensor.data, Node) and id(tensor.data) not in self._current:
            return np.asarray(tensor.data)  # nothing here depends on it: it is a constant of the surroundings
        raise TraceError(
            f"a compiled function looks at a value, at {caller()}: by .numpy(), .item(), float(), print or a Python "
            "`if` or `while` on a tensor. While it is traced there are no values yet. Use gradus.where for a choice, "
            "return the value and look at it outside, or leave the function uncompiled."
        )

    def node_of(self, t: Tensor) -> Node:
        """The node a Tensor stands for; a new input if it is an array that was not met before."""
        if isinstance(t.data, Node):
            return t.data
        key = id(t.data)
        if key not in self._current:
            node = Node(None, (), {}, t.data.shape, t.data.dtype)
            self.graph.inputs.append(node)
            self.captured.append(t.data)
            self.read_from.append(t)
            self._current[key] = self._input[key] = node
        return self._current[key]

    def give(self, argument: Tensor) -> None:
        """Make a tensor an argument: an input of its own, even where its array is one that was met before."""
        node = Node(None, (), {}, argument.shape, argument.dtype)
        self.graph.inputs.append(node)
        self.captured.append(argument.data)
        self.read_from.append(argument)
        argument.data = node

    def finish(self, results: list[Tensor]) -> Graph:
        """The graph, once the function has run."""
        self.graph.results = [self.node_of(t) for t in results]
        for array in list(self.captured):
            given, now = self._input.get(id(array)), self._current.get(id(array))
            if given is not None and now is not None and now is not given:
                self.graph.writes.append((given, now))
        return self.graph


def trace(function: Callable[[], Any]) -> tuple[Tracer, Any]:
    """Run a function of no arguments under a tracer; the tracer and what the function returned."""
    tracer = Tracer()
    token = interpret.current.set(tracer)
    try:
        result = function()
    finally:
        interpret.current.reset(token)
        for t in tracer.read_from:
            if t.grad is not None and isinstance(t.grad.data, Node):
                t.grad = None
    return tracer, result
