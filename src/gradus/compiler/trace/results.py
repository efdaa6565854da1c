"""What a call of a compiled function returns, and whose memory that is.

Most results are arrays of their own. What eager code would only hand on, it hands on, too: an argument, a tensor from
around the function, a view of one of these or of another result.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import GradientError, named
from ...ops.core.primitive import Primitive
from ...tensor import WALL, Origin, Tensor
from ..graph.graph import Node
from .trace import Tracer
from .views import View

Recipe = Callable[[Sequence[Tensor], list[Any]], Tensor]  # from the arguments and the results that are there already


@dataclass(frozen=True, eq=False)
class _Wall(Primitive):
    """What a gradient would have to pass to go into a compiled function, or out of it; carried out nowhere."""

    def __post_init__(self) -> None:
        pass


def _stop(index: int) -> Callable[..., Tensor]:
    def pull(g: Tensor, y: Tensor, *inputs: Tensor, message: str) -> Tensor:
        raise GradientError(message)

    return pull


_WALL = _Wall(WALL, lambda *xs, **params: xs[0], lambda xp, *xs, **params: xs[0], _stop)
_ANCHOR = Tensor(np.zeros(()), requires_grad=True)


def wall(message: str) -> Origin:
    """The origin of a tensor to which a gradient flows, and no further."""
    return Origin(_WALL, (_ANCHOR,), {"message": message}, (0,))


def wish(t: Tensor) -> bool | None:
    """Whether a tensor is a leaf that wants a gradient (True), hands one on (False), or neither (None)."""
    return (t.origin is None) if t.requires_grad else None


class Results:
    """How what a function returned is made again at each call.

    Attributes:
        plain: whether all are arrays of their own, to which no gradient flows.
    """

    def __init__(self, tracer: Tracer, returned: Sequence[Tensor], arguments: Sequence[Tensor], name: str) -> None:
        self._arguments = {id(t.data): i for i, t in enumerate(arguments)}
        self._symbols = {id(t): i for i, t in enumerate(arguments)}
        self._own: dict[int, int] = {}  # by its node, the number of the result whose memory it is
        self._later: list[tuple[int, Recipe]] = []  # what is made from others
        self._fresh = tracer.fresh
        chains = [_chain(tracer, t) for t in returned]
        for k, (root, views) in enumerate(chains):
            if not views and not self._from_around(root) and id(root) not in self._arguments:
                self._own.setdefault(id(root), k)
        first: dict[int, int] = {}  # by its id, the number of a tensor that is returned several times
        for k, t in enumerate(returned):
            if first.setdefault(id(t), k) != k:
                self._later.append((k, _again(first[id(t)])))
            else:
                recipe = self._recipe(k, t, *chains[k])
                self._later += [] if recipe is None else [(k, recipe)]
        message = (
            f"this tensor came out of the compiled function {name}, and no gradient flows back into one. Call "
            "backward() inside it, and the optimizer's step() too: compile the whole step, a function that calls the "
            "model, the loss, backward() and step()."
        )
        self._message = named(message, "backward-outside")
        self._wishes = [None if tracer.walked else wish(t) for t in returned]
        self.plain = not self._later and all(wanted is None for wanted in self._wishes)

    def _recipe(self, k: int, t: Tensor, root: Any, views: list[View]) -> Recipe | None:
        """How to make result k, if it is no array of its own."""
        number = self._symbols.get(id(t))
        if number is not None:
            return lambda given, done: given[number]
        if not views and self._from_around(root):
            return lambda given, done: t
        base = self._base(k, root, views)
        return None if base is None else lambda given, done: _view(base(given, done), views)

    def _from_around(self, root: Any) -> bool:
        """Whether memory is there before a call."""
        return not isinstance(root, Node) and id(root) not in self._fresh

    def _base(self, k: int, root: Any, views: list[View]) -> Recipe | None:
        """Whose memory result k lies in, if not its own."""
        if self._from_around(root):
            tensor = Tensor(root)
            if views:
                tensor.writes = views[0].writes
            return lambda given, done: tensor
        if id(root) in self._arguments:
            return _argument(self._arguments[id(root)])
        owner = self._own.get(id(root), k)
        return None if owner == k else _again(owner)

    def made(self, given: Sequence[Tensor], arrays: Sequence[np.ndarray]) -> list[Tensor]:
        """The results of a call, of the arguments and the arrays that the program has filled."""
        done = [Tensor(a) for a in arrays]
        for k, recipe in self._later:
            done[k] = recipe(given, done)
        for t, wanted in zip(done, self._wishes, strict=True):
            if wanted is not None and t.origin is None:
                t.requires_grad, t.origin = True, None if wanted else wall(self._message)
        return done


def _chain(tracer: Tracer, t: Tensor) -> tuple[Any, list[View]]:
    """What memory a tensor lies in, and the views, from there on, by which it does."""
    memory, views = tracer.memory(t), []
    while isinstance(memory, Node) and memory in tracer.views:
        views.append(tracer.views[memory])
        memory = views[-1].of
    return memory, views[::-1]


def _again(number: int) -> Recipe:
    return lambda given, done: done[number]


def _argument(number: int) -> Recipe:
    return lambda given, done: given[number]


def _view(base: Tensor, views: list[View]) -> Tensor:
    """The view of a tensor, as eager code makes it."""
    data = base.data
    for view in views:
        data = view.primitive.forward(np, data, **view.params)
    out = Tensor(data)
    out.writes = base.writes
    return out
