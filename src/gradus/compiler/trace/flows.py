"""Which values of a loop want a gradient, and which get one: the same as if each step were written out.

That a step hands a gradient on from one of its values to another is seen once; whether one is there to be handed on
changes from step to step, as a state that starts from a constant comes to depend on weights.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from ...autograd import came_from
from ...tensor import Tensor


class Flows:
    """The ways of gradients through a step.

    Args:
        carried, sliced: what a step is given.
        new, stacked: what it gives.
        is_given: whether a tensor is from around the step, and does not depend on which step it is.

    Attributes:
        given: such tensors that a gradient may be handed to, by their ids.
        inside: the tensors on the way.
    """

    def __init__(
        self,
        carried: Sequence[Tensor],
        sliced: Sequence[Tensor],
        new: Sequence[Tensor],
        stacked: Sequence[Tensor],
        is_given: Callable[[Tensor], bool],
    ) -> None:
        self.given: dict[int, Tensor] = {}
        self.inside: dict[int, Tensor] = {}
        self._carried = {id(t): k for k, t in enumerate(carried)}
        self._sliced = {id(t): i for i, t in enumerate(sliced)}
        self._of_new, self._of_stacked = ([self._sources(t, is_given) for t in some] for some in (new, stacked))

    def _sources(self, root: Tensor, is_given: Callable[[Tensor], bool]) -> set[int]:
        """The ids of what a step is given, or takes from around it, that a gradient to one of its values reaches."""
        found: set[int] = set()
        seen: set[int] = set()
        stack = [root] if root.requires_grad else []
        while stack:
            t = stack.pop()
            if id(t) in seen:
                continue
            seen.add(id(t))
            if is_given(t):
                self.given[id(t)] = t
                found.add(id(t))
                continue
            self.inside[id(t)] = t
            if t.origin is None:
                found.add(id(t))
            else:
                stack += [x for x in came_from(t) if x.requires_grad]
        return found

    def hooked(self) -> bool:
        """Whether a hook is to be called at each step."""
        made = [t for t in self.given.values() if t.origin is not None]  # by the step, perhaps
        return any(t.hooks for t in (*self.inside.values(), *made))

    def wanting(self, starts: Sequence[bool], arrays: Sequence[bool], length: int) -> tuple[list[bool], list[bool]]:
        """Of what is carried, after so many steps, and of what is kept of each: whether it wants a gradient, if of what
        the loop starts from, and of the arrays whose places go to the steps, these do."""
        now, stacked = list(starts), [False] * len(self._of_stacked)

        def wants(sources: Iterable[int]) -> bool:
            return any(
                now[self._carried[i]] if i in self._carried else arrays[self._sliced[i]] if i in self._sliced else True
                for i in sources
            )

        for _ in range(length):
            stacked = [known or wants(of) for known, of in zip(stacked, self._of_stacked, strict=True)]
            after = [wants(of) for of in self._of_new]
            if after == now:
                break
            now = after
        return now, stacked

    def reached(self, finals: Iterable[int], stacks: Iterable[int], length: int) -> tuple[set[int], set[int], set[int]]:
        """Where gradients to these last values, and to these kept of each step, come to.

        Returns:
            The ids of what some step is given by place, or takes from around it; which carried values have a gradient
            after or before some step; which before the first.
        """
        kept = set().union(*(self._of_stacked[j] for j in stacks))
        now, found, ever = set(finals), set(kept), set(finals)
        for _ in range(length):
            sources = kept.union(*(self._of_new[k] for k in now))
            found |= sources
            before = {self._carried[i] for i in sources if i in self._carried}
            ever |= before
            if before == now:
                break
            now = before
        return found, ever, now
