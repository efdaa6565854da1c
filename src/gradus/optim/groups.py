"""Groups of parameters, each with options of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any

from ..errors import ArgumentError, nearest
from ..tensor import Tensor

if TYPE_CHECKING:
    from typing import Protocol

    class Part(Protocol):
        """What is asked of the optimizer of a group."""

        params: tuple[Tensor, ...]
        _options: tuple[str, ...]

        def _check(self, name: str, value: Any) -> None: ...


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
        return list(self.part.params) if name == "params" else getattr(self.part, name)

    def __setitem__(self, name: str, value: Any) -> None:
        if name == "params" or name not in self:
            raise ArgumentError(f"a group has no {name!r} to set. {nearest(name, self)}")
        self.part._check(name, value)
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
