"""The graph of a traced function: a list of nodes, each a primitive applied to earlier nodes."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import numpy as np

from ... import interpret
from ...dtypes import Dtype
from ...errors import TraceError, caller, is_ours
from ...interpret import Explain, Wrong
from ...ops.core.primitive import Primitive

T = TypeVar("T", bound=Hashable)
R = TypeVar("R")


@dataclass(eq=False)
class Node:
    """A value that the program computes, or is given.

    Attributes:
        op: the primitive; None for an input.
        inputs: the nodes it is applied to.
        params: the primitive's parameters.
        shape, dtype: of the value.
        name: for people.
        batched: whether its batch lies inside where it is stored (`layouts.py`).
        kind: the primitive's name; "input" if there is none.
    """

    op: Primitive | None
    inputs: tuple[Node, ...]
    params: dict[str, Any]
    shape: tuple[int, ...]
    dtype: Dtype
    name: str = ""
    batched: bool = False
    kind: str = field(init=False)

    def __post_init__(self) -> None:
        self.kind = "input" if self.op is None else self.op.name  # asked for too often to be worked out each time

    @property
    def primitive(self) -> Primitive:
        """What it is computed by; an input is not."""
        if self.op is None:
            raise TypeError("an input is not computed")
        return self.op

    @property
    def size(self) -> int:
        n = 1
        for length in self.shape:
            n *= length
        return n

    def __repr__(self) -> str:
        return f"%{self.name}"

    def __array__(self, *_: Any, **__: Any) -> NoReturn:
        raise self._no_array()

    if not TYPE_CHECKING:  # type checkers find misspelt attributes

        def __getattr__(self, name: str) -> Any:
            raise AttributeError(name) if name.startswith("__") else self._no_array()

    def _no_array(self) -> TraceError:
        return interpret.current.get().refusal(
            f"a compiled function uses the array behind a tensor (t.data), at {caller()}. While it is traced there is "
            "none. Use the tensor, with gradus's functions, or leave the function uncompiled."
        )


def _no_operator(self: Node, *_: Any) -> NoReturn:
    raise self._no_array()


def _but_for_ours(otherwise: Callable[..., bool]) -> Callable[..., bool]:
    """A question that every object answers, and gradus asks of nodes: a user asks it of an array."""

    def asked(self: Node, *others: Any) -> bool:
        if is_ours(sys._getframe(1).f_code.co_filename):
            return otherwise(self, *others)
        raise self._no_array()

    return asked


for _operator in ("add", "sub", "mul", "truediv", "floordiv", "mod", "divmod", "pow", "matmul", "and", "or", "xor"):
    for _name in (f"__{_operator}__", f"__r{_operator}__"):
        setattr(Node, _name, _no_operator)
for _operator in ("neg", "abs", "invert", "lt", "le", "gt", "ge", "getitem", "setitem", "len", "contains", "iter"):
    setattr(Node, f"__{_operator}__", _no_operator)
for _operator in ("float", "int", "complex", "index", "round", "trunc", "floor", "ceil"):
    setattr(Node, f"__{_operator}__", _no_operator)
Node.__bool__ = _but_for_ours(lambda node: True)  # type: ignore[attr-defined]
Node.__eq__ = _but_for_ours(lambda node, other: node is other)  # type: ignore[method-assign]
Node.__ne__ = _but_for_ours(lambda node, other: node is not other)  # type: ignore[method-assign]
Node.__hash__ = object.__hash__  # type: ignore[method-assign]


@dataclass(frozen=True, eq=False)
class Check:
    """What must not be, whenever the program runs (`checks.py`).

    Attributes:
        mask: booleans, true where a number is wrong.
        failed: whether any is.
        subject: the numbers that are looked at.
        wrong, explain: see `interpret.Interpreter.check`.
        place: the user's line.
    """

    mask: Node
    failed: Node
    subject: Node
    wrong: Wrong
    explain: Explain
    place: str


@dataclass
class Graph:
    """What a traced function reads, computes and leaves.

    Attributes:
        inputs: the nodes that are given, arguments first, then what the function read besides.
        results: the nodes it returns.
        writes: (input, node): what it writes into the memory of an input at the end.
        checks: what refuses a call; as traced only, `checks.parted` makes results of them.
    """

    inputs: list[Node] = field(default_factory=list)
    results: list[Node] = field(default_factory=list)
    writes: list[tuple[Node, Node]] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    _known: tuple[list[Node], list[Node]] | None = field(default=None, init=False, repr=False, compare=False)

    def outputs(self) -> list[Node]:
        return [*self.results, *(value for _, value in self.writes)]

    def nodes(self) -> list[Node]:
        """Every node that an output depends on, inputs before what uses them; not to be changed."""
        outputs = self.outputs()
        if self._known is None or self._known[0] != outputs:
            self._known = outputs, ordered(outputs)
        return self._known[1]

    def does(self, besides: Sequence[Node] = ()) -> list[Any]:
        """All it does, with its inputs by number: equal for graphs that do the same. `besides`: more that is wanted."""
        numbers = {n: str(i) for i, n in enumerate(self.inputs)}
        return written([*self.outputs(), *(target for target, _ in self.writes), *besides], numbers)

    def __str__(self) -> str:
        number(self)
        lines = [f"input  {n!r:>6} {describe(n)}" for n in self.inputs]
        lines += [f"{n!r:>13} {describe(n)} = {call(n)}" for n in self.nodes() if n.op is not None]
        lines += [f"write  {target!r} <- {value!r}" for target, value in self.writes]
        lines.append(f"return {', '.join(map(repr, self.results))}")
        return "\n".join(lines)


def describe(node: Node) -> str:
    """`float32[256, 10]`."""
    return f"{node.dtype.name}[{', '.join(map(str, node.shape))}]"


def call(node: Node, name: Callable[[Node], str] = repr) -> str:
    """`sum(%3, axis=(0,))`; parameters that only repeat its shape or dtype are left out."""
    said = {k: v for k, v in node.params.items() if not (k == "shape" and v == node.shape) and k != "dtype"}
    return f"{node.kind}({', '.join([*map(name, node.inputs), *(f'{k}={_short(v)}' for k, v in said.items())])})"


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) < 50 else text[:47] + "..."


def ordered(roots: Iterable[Node], enter: Callable[[Node], bool] | None = None) -> list[Node]:
    """The roots and all they depend on, as far as `enter` allows, inputs first; iterative, so of any depth."""
    done: dict[Node, None] = {}
    entered: set[Node] = set()
    stack = list(reversed(list(roots)))
    while stack:
        n = stack[-1]
        if n in entered:
            done[n] = None
            stack.pop()
        else:
            entered.add(n)
            stack.extend([i for i in reversed(n.inputs) if i not in entered and (enter is None or enter(i))])
    return list(done)


def worked_out(root: T, below: Callable[[T], Sequence[T]], make: Callable[[T, list[R]], R], known: dict[T, R]) -> R:
    """What `make` makes of a thing and of what it made of those below it: each once, and without recursion."""
    stack = [root]
    while stack:
        x = stack[-1]
        missing = [] if x in known else [y for y in below(x) if y not in known]
        if missing:
            stack += missing
            continue
        if x not in known:
            known[x] = make(x, [known[y] for y in below(x)])
        stack.pop()
    return known[root]


def written(roots: Sequence[Node], names: dict[Node, str]) -> list[Any]:
    """The operations that nodes depend on, in order, and which of these the nodes are: equal for graphs that do the
    same. What is given goes by its name, or is itself."""
    lines: list[Any] = []
    known = dict(names)
    for n in ordered(roots):
        if n in known:
            continue
        if n.op is None:
            known[n] = f"@{id(n)}"
            continue
        known[n] = f"%{len(lines)}"
        lines.append((n.kind, n.shape, n.dtype.str, [known[x] for x in n.inputs], said(n.params)))
    return [lines, [known[n] for n in roots]]


def said(params: dict[str, Any]) -> str:
    """Parameters in words: the same if they are the same. What NumPy says of a type takes long."""
    return repr([(k, v.str if isinstance(v, np.dtype) else v) for k, v in sorted(params.items())])


def evaluate(nodes: Iterable[Node], known: dict[Node, Any], xp: Any = np) -> None:
    """Work out the nodes, inputs first, in the functions of an array namespace, and add them to what is known."""
    with np.errstate(all="ignore"):
        for n in nodes:
            if n not in known:
                known[n] = np.asarray(n.primitive.forward(xp, *(known[i] for i in n.inputs), **n.params))


def number(graph: Graph) -> None:
    """Give every node that has no name yet a number for one, in order."""
    nodes = list(dict.fromkeys([*graph.inputs, *graph.nodes()]))
    if all(n.name for n in nodes):
        return
    free = itertools.count(1 + max((int(n.name) for n in nodes if n.name), default=-1))
    for n in nodes:
        n.name = n.name or str(next(free))


def consumers(nodes: Iterable[Node]) -> dict[Node, list[Node]]:
    """For each node those that use it."""
    users: dict[Node, list[Node]] = {}
    for n in nodes:
        users.setdefault(n, [])
        for i in n.inputs:
            users.setdefault(i, []).append(n)
    return users
