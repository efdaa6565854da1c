"""The nodes `loop`, which stands for all steps of a region, and `part`, which is what comes out of one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...autograd import recording
from ...dtypes import float32
from ...ops.core.lowering import OwnKernel
from ...ops.core.primitive import Primitive, Shaped
from ...tensor import Tensor
from .graph import Node, evaluate
from .regions import Region

Gradients = Callable[[dict[tuple[str, int], Tensor]], list[Tensor | None]]  # to what comes out -> to what goes in


def _run(xp: Any, *arrays: np.ndarray, region: Region) -> dict[tuple[str, int], np.ndarray]:
    """All steps, with NumPy: what comes out, by its name."""
    constants, state, xs = region.given(arrays)
    state = list(state)
    found = {("history", k): np.empty((region.length + 1, *s.shape), s.dtype) for k, s in enumerate(state)}
    kept = {("stack", j): np.empty((region.length, *n.shape), n.dtype) for j, n in enumerate(region.stacked)}
    for k, s in enumerate(state):
        found["history", k][region.first] = s
    for place in region.places():
        known = dict(zip(region.inputs, (*constants, *state, *(x[place] for x in xs)), strict=True))
        evaluate(region.graph.nodes(), known, xp)
        state = [known[n] for n in region.new]
        for k, s in enumerate(state):
            found["history", k][place + region.beside(before=False)] = s
        for j, n in enumerate(region.stacked):
            kept["stack", j][place] = known[n]
    return found | kept | {("final", k): s for k, s in enumerate(state)}


class Cotangents:
    """The gradients of what comes out of a loop, and once they are pulled back, of what goes in."""

    def __init__(self, of: dict[tuple[str, int], Tensor]) -> None:
        self.of = of
        self.pulled: list[Tensor | None] | None = None

    def __add__(self, other: Cotangents) -> Cotangents:
        both = dict(self.of)
        for what, g in other.of.items():
            both[what] = both[what] + g if what in both else g
        return Cotangents(both)


class WriteOut(BaseException):  # no Exception: a user's function could catch it
    """A loop cannot stay one: the function is to be traced with its steps written out."""


def _pull_loop(index: int) -> Callable[..., Tensor | None]:
    def pull(g: Cotangents, y: Tensor, *inputs: Tensor, gradients: Gradients) -> Tensor | None:
        if recording():  # a gradient of a gradient
            raise WriteOut
        if g.pulled is None:
            g.pulled = gradients(g.of)
        return g.pulled[index]

    return pull


def _pull_part(g: Tensor, y: Tensor, loop: Tensor, what: str, index: int) -> Any:
    return Cotangents({(what, index): g})


LOOP = Primitive("loop", lambda *xs, region: Shaped((), float32), _run, _pull_loop, OwnKernel(), listed=False)
PART = Primitive(
    "part",
    lambda x, what, index: Shaped(*x.params["region"].part(what, index)),
    lambda xp, found, what, index: found.item()[what, index],  # an array of one object
    (_pull_part,),
    OwnKernel(),
    listed=False,
)


def loop(inputs: Sequence[Node], region: Region) -> Node:
    """A node that stands for all steps; its value is what `part` takes from."""
    return Node(LOOP, tuple(inputs), {"region": region}, (), float32)


def part(of: Node, what: str, index: int) -> Node:
    """A node for what comes out of a loop."""
    return Node(PART, (of,), {"what": what, "index": index}, *of.params["region"].part(what, index))
