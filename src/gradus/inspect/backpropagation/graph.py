"""The computation graph of any expression: its nodes with values and gradients, and walks along it, node by node."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np

from ...autograd import came_from, handed_back, inputs_first
from ...draw.networks.graph import Drawing
from ...errors import ArgumentError, GradientError, ShapeError
from ...functional.checks import require_tensor
from ...tensor import Tensor

_LISTED = 3  # numbers of a vector that are written out


class Node(NamedTuple):
    """A value of a computation.

    Attributes:
        name: its label, or its operation with a number where several are alike; of a constant its value.
        op: the primitive's name, "" for what was given and not computed.
        value: the numbers, of any shape.
        gradient: that of the result to it, of the same shape; None where none is wanted.
    """

    name: str
    op: str
    value: np.ndarray
    gradient: np.ndarray | None


class Edge(NamedTuple):
    """A value that goes from the node `source` into the node `target`; the `gradient` comes back on the same way."""

    source: int
    target: int
    gradient: np.ndarray | None


class Step(NamedTuple):
    """One node's turn: its number, the numbers of the edges on which it passes something on, and what, in words."""

    node: int
    edges: tuple[int, ...]
    text: str


class Graph(NamedTuple):
    """A computation: its nodes, each after those it is computed from and the result last, and the edges between them.

    The gradient of a node is the sum of those that its edges bring back.

    >>> import gradus
    >>> x = gradus.tensor(3.0, requires_grad=True)
    >>> for step in graph(x * x + 1, {"x": x}).backward():
    ...     print(step.text)
    add has the gradient 1 and hands back 1 x 1 = 1 to multiply
    multiply has the gradient 1 and hands back 1 x 3 = 3 to x, 1 x 3 = 3 to x
    x has the gradient 6
    """

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]

    def forward(self) -> Iterator[Step]:
        """Node by node from what is given to the result: what each gets and what it makes of it."""
        for i, node in enumerate(self.nodes):
            given = [self.nodes[e.source] for e in self.edges if e.target == i]
            said = ", ".join(_named(n) for n in given)
            text = f"{node.name} = {written(node.value)}"
            if node.op:
                text = f"{node.name} gets {said} and passes on {written(node.value)}"
            yield Step(i, tuple(k for k, e in enumerate(self.edges) if e.source == i), text)

    def backward(self) -> Iterator[Step]:
        """Node by node from the result back: the gradient of each, and what it hands back to those before it.

        Where numbers are single ones, the product is written out: gradient x local derivative.
        """
        for i, node in reversed(list(enumerate(self.nodes))):
            if node.gradient is None:
                continue
            back = tuple(k for k, e in enumerate(self.edges) if e.target == i and e.gradient is not None)
            said = [f"{_product(node, self.edges[k])} to {self.nodes[self.edges[k].source].name}" for k in back]
            text = f"{node.name} has the gradient {written(node.gradient)}"
            yield Step(i, back, f"{text} and hands back {', '.join(said)}" if said else text)

    def drawing(self, forward: int | None = None, backward: int | None = None, result: str = "") -> Drawing:
        """What `gradus.draw.graph` draws: values above the edges, gradients below, as far as the walks have come.

        Args:
            forward: how many steps of the walk forward are done; None for all.
            backward: how many steps of the walk back are done; None for all.
            result: what the result is called.

        >>> import gradus
        >>> x = gradus.tensor(3.0, requires_grad=True)
        >>> graph(x * x, {"x": x}).drawing(backward=0).above
        ['3', '3', '9']
        """
        last = len(self.nodes) - 1
        known = {k for step in list(self.forward())[:forward] for k in (*step.edges, -1 - step.node)}
        steps = list(self.backward())[:backward]
        back = {k for step in steps for k in step.edges}
        above = [written(self.nodes[e.source].value) if k in known else "" for k, e in enumerate(self.edges)]
        below = [_short(e.gradient) if k in back else "" for k, e in enumerate(self.edges)]
        end = self.nodes[last]
        return Drawing(
            [n.op or n.name for n in self.nodes] + [result],
            [(e.source, e.target) for e in self.edges] + [(last, last + 1)],
            [*above, written(end.value) if -1 - last in known else ""],
            [*below, _short(end.gradient) if steps else ""],
        )


def graph(y: Tensor, labels: Mapping[str, Tensor] | None = None, gradient: Tensor | None = None) -> Graph:
    """The computation graph of a result: every value it came from, and the gradient of the result to each.

    The chain rule, walked back from the result: dL/dx = sum over all uses y of x of dL/dy dy/dx. Nothing is left in
    `grad`. Hooks on tensors are not called.

    Args:
        y: a tensor that was computed from leaves which require a gradient.
        labels: what tensors on the way are called, `{"price": price}` or `dict(model.named_parameters())`.
        gradient: the gradient to `y`, of its shape; ones if not given, so that gradients are those of y's sum.

    Raises:
        GradientError: y was not computed from anything that requires a gradient, or it was overwritten since.
        ArgumentError: a label of a tensor that y does not come from.
        ShapeError: a gradient of another shape than y.

    Source: Saitoh, "Deep Learning from Scratch" (2016), chapter 5.

    >>> import gradus
    >>> price = gradus.tensor(100.0, requires_grad=True)
    >>> found = graph(price * 2 * 1.5, {"price": price})
    >>> [(node.name, float(node.value)) for node in found.nodes]
    [('price', 100.0), ('2', 2.0), ('multiply 1', 200.0), ('1.5', 1.5), ('multiply 2', 300.0)]
    >>> float(found.nodes[0].gradient)
    3.0
    """
    require_tensor("graph", y=y)
    if not y.requires_grad:
        raise GradientError(
            "graph: this tensor has no history: nothing it was computed from requires a gradient (or it was computed "
            "under no_grad). Create the leaves with requires_grad=True."
        )
    if gradient is not None and gradient.shape != y.shape:
        raise ShapeError(f"graph: the gradient has shape {gradient.shape}, the tensor it belongs to {y.shape}")
    order = inputs_first([y], lambda t: reversed(_inputs(t)))
    number = {id(t): i for i, t in enumerate(order)}
    names = _names(order, labels or {}, number)
    gradients, back = _walk_back(order, y.full_like(1) if gradient is None else gradient)
    edges = [
        Edge(number[id(x)], i, _plain(back.get((id(t), slot))))
        for i, t in enumerate(order)
        for slot, x in enumerate(_inputs(t))
    ]
    nodes = [
        Node(name, _made_by(t), np.array(t.numpy()), _plain(gradients.get(id(t))))
        for t, name in zip(order, names, strict=True)
    ]
    return Graph(tuple(nodes), tuple(edges))


def _walk_back(order: list[Tensor], g_y: Tensor) -> tuple[dict[int, Tensor], dict[tuple[int, int], Tensor]]:
    """The gradient to each tensor, and what each hands back to each of its inputs; results come before their inputs."""
    gradients = {id(order[-1]): g_y}
    back = {}
    for y in reversed(order):
        if id(y) in gradients:
            for slot, g in handed_back(y, gradients[id(y)]):
                x = _inputs(y)[slot]
                back[id(y), slot] = g
                gradients[id(x)] = gradients[id(x)] + g if id(x) in gradients else g
    return gradients, back


def _made_by(t: Tensor) -> str:
    return "" if t.is_leaf or t.origin is None else t.origin.primitive.name


def _inputs(t: Tensor) -> tuple[Tensor, ...]:
    return () if t.is_leaf else came_from(t)


def _names(order: list[Tensor], labels: Mapping[str, Tensor], number: dict[int, int]) -> list[str]:
    by_tensor = {id(t): name for name, t in labels.items()}
    for name, t in labels.items():
        if id(t) not in number:
            raise ArgumentError(f"graph: the result was not computed from the tensor labelled {name!r}. Leave it out.")
    ops = [_made_by(t) for t in order]
    alike, so_far = Counter(ops), Counter[str]()
    names = []
    for t, op in zip(order, ops, strict=True):
        so_far[op] += 1
        unnamed = f"{op} {so_far[op]}" if alike[op] > 1 else op
        names.append(by_tensor.get(id(t), unnamed if op else written(t.numpy())))
    return names


def _plain(g: Tensor | None) -> np.ndarray | None:
    return None if g is None else np.array(g.numpy())


def written(value: np.ndarray) -> str:
    """Numbers as short words: one number, a few in brackets, or the shape and the length (root of the sum of squares).

    >>> written(np.array(2.5)), written(np.array([1.0, 2.0])), written(np.ones((2, 8)))
    ('2.5', '[1, 2]', '(2, 8), length 4')
    """
    if value.ndim == 0:
        return f"{value + 0.0:.6g}"  # never -0
    if value.size <= _LISTED and value.ndim == 1:
        return "[" + ", ".join(f"{v:.4g}" for v in value) + "]"
    return f"{value.shape}, length {np.linalg.norm(value):.3g}"


def _short(value: np.ndarray | None) -> str:
    return "" if value is None else written(value)


def _named(node: Node) -> str:
    said = written(node.value)
    return said if node.name == said else f"{node.name} {said}"


def _product(node: Node, edge: Edge) -> str:
    """`gradient x local derivative = product` for single numbers, else what is handed back."""
    g, passed = node.gradient, edge.gradient
    if g is None or passed is None or g.ndim or passed.ndim or not g:
        return _short(passed)
    return f"{g:.6g} x {passed / g:.6g} = {passed:.6g}"
