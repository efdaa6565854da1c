"""Views of memory while a function is traced: which there are, and what they are after the memory was written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from ...errors import ArgumentError, TraceError, caller
from ...ops.core.primitive import Primitive
from ...tensor import Tensor
from ..graph.graph import Node
from .aliases import READ_ONLY


class View(NamedTuple):
    """What a tensor that may share another's memory was made of: the other's data, how, and its writes then."""

    of: Any  # an array, or the node that stands for one
    primitive: Primitive
    params: dict[str, Any]
    writes: list[int]
    before: int


class Views:
    """What a tracer knows of views. A slice, a permutation or a flip is one always, a reshape only if it need not copy:
    of arrays around the function that is known, of what the function works out it is not."""

    _current: dict[int, Node]  # the tracer's: what memory holds at this point of the program
    _given: set[int]

    def __init__(self) -> None:
        self.views: dict[Node, View] = {}
        self._again: dict[tuple[Node, int], Node] = {}  # views taken again, after so many writes
        self._parted: dict[int, str] = {}  # memory of which a reshape, which may have copied it, was written: where

    def refusal(self, message: str, mistake: str = "") -> TraceError:
        """The tracer's error."""
        raise NotImplementedError

    def memory(self, t: Tensor) -> Any:
        """What stands for the memory of a tensor."""
        raise NotImplementedError

    def own(self, node: Node) -> Node:
        """Make a node one of the tracer's graph."""
        raise NotImplementedError

    def sees(self, view: Tensor, base: Tensor) -> bool:
        """Whether what is written is a view of memory that others look at. What a reshape copied is memory of its own;
        where it is not known whether it did, the other is not used any more."""
        if view.writes is not base.writes or isinstance(view.data, np.ndarray):  # of around: it is written itself
            return False
        root = [self.memory(base), *self.below(self.memory(base))][-1]
        shares = self._shares(view.data)
        if shares or id(root) in self._given:
            return True
        if shares is None:
            self._parted[id(root)] = caller()
        for node in [n for n in self.views if any(of is view.data for of in self.below(n))]:
            self.views[node] = self.views[node]._replace(before=-1)
        del self.views[view.data]
        view.writes = view.writes[:1]
        return False

    def _shares(self, data: Any) -> bool | None:
        """Whether what was made as a view is one eagerly: a reshape may be a copy. None where that is not known."""
        view = self.views.get(data)
        if view is None or view.primitive.name != "reshape":
            return True
        lengths = [[n for n in shape if n != 1] for shape in (view.of.shape, data.shape)]
        if lengths[0] == lengths[1]:  # to put an axis of 1 in or out never copies
            return True
        below = self._array(view.of)
        return None if below is None else np.may_share_memory(below.reshape(data.shape), below)

    def _array(self, data: Any) -> np.ndarray | None:
        """The array that stands for a value eagerly, if it is a view of what is around the function."""
        view = self.views.get(data) if isinstance(data, Node) else None
        if view is None:
            return data if isinstance(data, np.ndarray) else None
        below = self._array(view.of)
        return None if below is None else np.asarray(view.primitive.forward(np, below, **view.params))

    def below(self, node: Any) -> Iterator[Any]:
        """What a view is a view of, one after the other."""
        while isinstance(node, Node) and node in self.views:
            node = self.views[node].of
            yield node

    def check_view(self, node: Node) -> None:
        """Refuse to write what may be a view: here nothing else would change."""
        view = self.views.get(node)
        if view is not None and view.primitive.name == "broadcast_to":
            raise ArgumentError(READ_ONLY.format(caller()))
        if view is not None:
            raise self.refusal(
                f"a compiled function writes into a view, made by {view.primitive.name}, of another "
                f"tensor, at {caller()}. Write into the tensor itself, the whole of it: gradus.where and "
                "gradus.concatenate put a new value together; or copy() the view first."
            )

    def check_fresh(self, t: Tensor) -> None:
        """Refuse a view of memory that was written after the view was taken: eagerly it has the new numbers."""
        if self._parted and any(id(n) in self._parted for n in (t.data, *self.below(t.data))):
            place = next(self._parted[id(n)] for n in (t.data, *self.below(t.data)) if id(n) in self._parted)
            raise self.refusal(
                f"a compiled function uses, at {caller()}, a tensor after a reshape of it was assigned to, at {place}. "
                "Whether the two are one memory depends on how it lies. Use the reshape from there on, or assign to a "
                "copy of it, whichever is meant."
            )
        stale = [n for n in (t.data, *self.below(t.data)) if self._written_since(n)]
        if any(self.views[n].before < 0 or self._shares(n) is None for n in stale):
            view = self.views[stale[0]]
            raise self.refusal(
                f"a compiled function uses a view of a tensor ({view.primitive.name}) that was written after the view "
                f"was taken, at {caller()}. Take the view again after assign_, or copy() it before, whichever is meant."
            )

    def _written_since(self, data: Any) -> bool:
        """Whether it is a view whose memory was written after the view was taken."""
        view = self.views.get(data) if isinstance(data, Node) else None
        return view is not None and view.writes[0] != view.before

    def now(self, data: Any) -> Node:
        """The node of a value as it is now: a view of what was written since is taken again."""
        if not self._written_since(data) or not self._shares(data):
            found: Node = self._current.get(id(data), data)
            return found
        view = self.views[data]
        key = (data, view.writes[0])
        if key not in self._again:
            below = self.now(view.of)
            made = Node(view.primitive, (below,), view.params, data.shape, data.dtype)
            self._again[key] = self.own(made)
        return self._again[key]
