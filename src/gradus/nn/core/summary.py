"""A model as a table: layer, output shape, parameters, multiply-adds. Nothing is computed to fill it in.

The model's own forward runs, under an interpreter that applies only the shape rules of the primitives.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from ... import dtypes, interpret
from ...autograd import no_grad
from ...errors import ArgumentError, caller
from ...interpret import Eager, Explain, Wrong
from ...ops.core.primitive import Primitive, Shaped
from ...ops.making.create import as_shape
from ...tensor import Tensor

__all__ = ["Summary", "summary"]


class Model(Protocol):
    """What the table asks of a Module. That stands above this file, for as text a module is its table."""

    def forward(self, *inputs: Any, **options: Any) -> Any: ...
    def __call__(self, *inputs: Any, **options: Any) -> Any: ...
    def modules(self) -> Iterator[Model]: ...
    def children(self) -> Iterator[Model]: ...
    def named_modules(self) -> Iterator[tuple[str, Model]]: ...
    def _own_parameters(self) -> Iterator[Tensor]: ...


@dataclass
class Row:
    """One layer: its dotted name, its class, its output's shape, and what is its own, not its parts'.

    `output_shape` and `multiply_adds` are None for a layer that was not run.
    """

    name: str
    kind: str
    parameters: int
    output_shape: tuple[int, ...] | None = None
    multiply_adds: int | None = None


@dataclass(frozen=True)
class Summary:
    """The table that `summary` returns: `rows` as data, totals, and as text what is printed."""

    model: str
    rows: tuple[Row, ...]

    @property
    def parameters(self) -> int:
        """The numbers that training changes; a shared one counts once."""
        return sum(row.parameters for row in self.rows)

    @property
    def multiply_adds(self) -> int | None:
        """The multiplications, each with its addition, of all matrix products; None if the shapes are not known."""
        counts = [row.multiply_adds for row in self.rows if row.multiply_adds is not None]
        return sum(counts) if counts else None

    def __str__(self) -> str:
        lines = [("Layer", "Output shape", "Parameters", "Multiply-adds")]
        for row in self.rows:
            name = f"{row.name} ({row.kind})" if row.name else row.kind
            lines.append((name, _shape(row.output_shape), _number(row.parameters), _number(row.multiply_adds)))
        lines.append((f"Total of {self.model}", "", _number(self.parameters), _number(self.multiply_adds)))
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        if self.multiply_adds is None:
            lines, widths = [(name, "", n, "") for name, _, n, _ in lines], [widths[0], 0, widths[2], 0]
        text = [_line(line, widths) for line in lines]
        rule = "-" * max(map(len, text))
        return "\n".join([text[0], rule, *text[1:-1], rule, text[-1]])

    __repr__ = __str__


def _line(cells: tuple[str, ...], widths: list[int]) -> str:
    name, shape, *numbers = cells
    parts = [name.ljust(widths[0]), shape.ljust(widths[1])]
    parts += [n.rjust(w) for n, w in zip(numbers, widths[2:], strict=True)]
    return "  ".join(part for part, width in zip(parts, widths, strict=True) if width).rstrip()


def _shape(shape: tuple[int, ...] | None) -> str:
    return "" if shape is None else str(shape)


def _number(count: int | None) -> str:
    return "" if count is None else f"{count:,}"


def summary(model: Model, *inputs: Any) -> Summary:
    """The table of a model's layers, for inputs of the given shapes; nothing is computed and nothing changed.

    The model runs as after `eval()`. Multiply-adds are those of the matrix products, in which convolutions are done.

    Args:
        inputs: for each input of the model its shape (float32 is assumed), batch axis included, or an example tensor.
            With none, layers and parameters only.

    Raises:
        ShapeError: the shapes do not fit the model.
        ArgumentError: the model looks at the values of a tensor, and there are none.

    >>> from gradus import nn
    >>> summary(nn.Sequential(nn.Flatten(), nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 10)), (64, 1, 28, 28))
    Layer                Output shape  Parameters  Multiply-adds
    ------------------------------------------------------------
    0 (Flatten)          (64, 784)              0              0
    1 (Linear)           (64, 256)        200,960     12,845,056
    2 (ReLU)             (64, 256)              0              0
    3 (Linear)           (64, 10)           2,570        163,840
    ------------------------------------------------------------
    Total of Sequential                   203,530     13,008,896
    """
    rows = _rows(model)
    if inputs:
        shapes = Shapes(rows)
        token = interpret.current.set(shapes)
        try:
            with no_grad(), _watched(model, shapes):
                model(*map(_example, inputs))
                for m, row in _rows(model).items():  # layers that find their sizes now have them
                    rows[m].parameters = row.parameters
        finally:
            interpret.current.reset(token)
    kept = [row for m, row in rows.items() if row.parameters or row.multiply_adds or not any(m.children())]
    return Summary(type(model).__name__, tuple(kept))


class Shapes(interpret.Eager):
    """An interpreter that knows shapes and dtypes only, and counts multiply-adds for the module that is running."""

    in_place = False

    def __init__(self, rows: dict[Model, Row]) -> None:
        self.rows = rows
        self.running: list[Row] = []

    def apply(self, primitive: Primitive, inputs: tuple[Tensor, ...], params: dict[str, Any]) -> Shaped:
        out = primitive.rule(*(t.data for t in inputs), **params)
        if primitive.name == "matmul" and self.running:
            row = self.running[-1]
            row.multiply_adds = (row.multiply_adds or 0) + math.prod(out.shape) * inputs[0].shape[-1]
        return out

    def assign(self, target: Tensor, value: Tensor, followed: bool = False) -> None:
        pass

    def put(self, target: Tensor, key: Any, value: Tensor) -> bool:
        return False

    def check(self, subject: Tensor, wrong: Wrong, explain: Explain, by_forward: bool = False) -> None:
        Eager().check(subject, wrong, explain, by_forward)

    def concrete(self, tensor: Tensor, what_for: str = "") -> np.ndarray:
        if isinstance(tensor.data, np.ndarray):
            return tensor.data
        layer = self.running[-1].kind if self.running else "the model"
        raise ArgumentError(
            f"summary: {layer} looks at the values of a tensor (at {caller() or 'the prompt'}), but only shapes are "
            "known. Use gradus.where(...) in place of a branch, or call summary(model) without shapes."
        )

    def run(self, module: Model, forward: Callable[..., Any], inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
        """The module's forward, with its output's shape noted."""
        row = self.rows[module]
        self.running.append(row)
        row.multiply_adds = row.multiply_adds or 0
        try:
            out = forward(*inputs, **options)
        finally:
            self.running.pop()
        row.output_shape = next((t.shape for t in _tensors(out)), None)
        return out


@contextmanager
def _watched(model: Model, shapes: Shapes) -> Iterator[None]:
    """Every forward goes through `shapes.run`, in evaluation mode and without hooks; then all is as it was."""
    before = {m: dict(vars(m)) for m in model.modules()}
    try:
        for m in before:
            watched = _through(shapes, m, m.forward)
            vars(m).update(forward=watched, training=False, _forward_hooks=())
        yield
    finally:
        for m, attributes in before.items():
            vars(m).clear()
            vars(m).update(attributes)


def _through(shapes: Shapes, module: Model, forward: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *inputs, **options: shapes.run(module, forward, inputs, options)


def _rows(model: Model) -> dict[Model, Row]:
    """A row for every module, outermost first; a shared parameter is the first one's."""
    seen: set[int] = set()
    rows = {}
    for name, m in model.named_modules():
        own = [p for p in m._own_parameters() if id(p) not in seen]
        seen.update(id(p) for p in own)
        rows[m] = Row(name, type(m).__name__, sum(p.size for p in own))
    return rows


def _example(given: Any) -> Tensor:
    if isinstance(given, (Tensor, np.ndarray)):
        return Tensor(Shaped(given.shape, given.dtype))
    if isinstance(given, Shaped):
        return Tensor(given)
    return Tensor(Shaped(as_shape(given), dtypes.DEFAULT_FLOAT))


def _tensors(out: Any) -> Iterator[Tensor]:
    if isinstance(out, Tensor):
        yield out
    elif isinstance(out, (tuple, list, dict)):
        for part in out.values() if isinstance(out, dict) else out:
            yield from _tensors(part)
