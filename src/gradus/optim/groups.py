"""Parameters together: groups with options of their own, and small ones that an eager step changes as one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..errors import ArgumentError, nearest
from ..frozen import Frozen
from ..tensor import Tensor

if TYPE_CHECKING:
    from typing import Protocol

    class Part(Protocol):
        """What is asked of the optimizer of a group."""

        params: tuple[Tensor, ...]
        _options: tuple[str, ...]

        @property
        def unscaled_lr(self) -> float: ...

        @property
        def schedule(self) -> Callable[[Tensor], Tensor] | None: ...


SMALL = 1 << 12  # numbers of a parameter that is joined with others


class Changed(NamedTuple):
    """A parameter, its gradient, its state, and its place among the parameters."""

    p: Tensor
    g: Any
    state: Frozen
    place: int = 0


Params = Iterable[Tensor] | Iterable[Mapping[str, Any]]


class Group(MutableMapping[str, Any]):
    """One group as a dict, for those who set the rates of groups by hand: a look at its optimizer, and no copy."""

    def __init__(self, part: Part) -> None:
        self.part = part

    def __contains__(self, name: object) -> bool:
        return name in tuple(self)

    def __getitem__(self, name: str) -> Any:
        if name not in self:
            raise KeyError(name)
        if name == "params":
            return list(self.part.params)
        return self.part.unscaled_lr if name == "lr" else getattr(self.part, name)

    def __setitem__(self, name: str, value: Any) -> None:
        if name == "params" or name not in self:
            raise ArgumentError(f"a group has no {name!r} to set. {nearest(name, self)}")
        setattr(self.part, name, value)

    def __delitem__(self, name: str) -> None:
        raise ArgumentError(f"a group keeps its {name!r}. Set it to another value.")

    def __iter__(self) -> Iterator[str]:
        return iter(("params", "lr", *self.part._options))

    def __len__(self) -> int:
        return 2 + len(self.part._options)


def grouped(name: str, params: Any) -> tuple[Any, list[dict[str, Any]]]:
    """All parameters, and the groups they are in, if they are."""
    if isinstance(params, (Tensor, Mapping)) or not isinstance(params, Iterable):
        return params, []
    found = list(params)
    if not any(isinstance(p, Mapping) for p in found):
        return found, []
    groups = []
    for p in found:
        if not isinstance(p, Mapping) or "params" not in p:
            got = f"the keys {sorted(p)}" if isinstance(p, Mapping) else f"a {type(p).__name__}"
            raise ArgumentError(f'{name}: each group is a dict with "params", got {got}')
        members = p["params"]
        groups.append({**p, "params": [members] if isinstance(members, Tensor) else list(members)})
    return [p for group in groups for p in group["params"]], groups


def separated(parts: list[Changed], counts: np.ndarray) -> tuple[list[list[Changed]], list[Changed]]:
    """Those that are changed together, by type and how often they were, and those that are changed each by itself."""
    small: dict[tuple[np.dtype, float], list[Changed]] = {}
    others: list[Changed] = []
    for part in parts:
        dtype = part.p.data.dtype
        plain = dtype.itemsize > 2 and all(t.data.dtype == dtype for t in (part.g, *part.state.values()))
        key = dtype, counts[part.place]
        (small.setdefault(key, []) if plain and part.p.size <= SMALL else others).append(part)
    others += [found[0] for found in small.values() if len(found) == 1]
    return [found for found in small.values() if len(found) > 1], others


class Joined:
    """Several parameters as one, with one gradient and one state, in memory of their own.

    >>> import gradus
    >>> p, q, g = gradus.ones(2), gradus.ones(1), gradus.full((1,), 0.5)
    >>> joined = Joined([Changed(p, gradus.zeros(2), {}), Changed(q, g, {})])
    >>> joined.part(joined.p - joined.g)
    >>> p, q
    (tensor([1., 1.]), tensor([0.5]))
    """

    def __init__(self, parts: list[Changed]) -> None:
        self._parts = parts
        self.p, self.g = _join([part.p for part in parts]), _join([part.g for part in parts])
        self.state = {name: _join([part.state[name] for part in parts]) for name in parts[0].state}

    def part(self, new: Tensor) -> None:
        """Write the new values, and the state, to where they belong."""
        start = 0
        for p, _, state, _ in self._parts:
            for to, all_of_them in ((p, new), *((state[name], t) for name, t in self.state.items())):
                to.assign_(Tensor(all_of_them.data[start : start + p.size].reshape(p.shape)))
            start += p.size


def _join(tensors: list[Tensor]) -> Tensor:
    return Tensor(np.concatenate([t.data.reshape(-1) for t in tensors]))
