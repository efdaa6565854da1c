"""Parameters in a list, and by name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Self

from ...errors import nearest
from ...tensor import Tensor
from .containers import part_name
from .module import Module, Parameter

__all__ = ["ParameterDict", "ParameterList"]


def _parameter(value: Any) -> Tensor:
    return value if isinstance(value, Parameter) else Parameter(value)


class ParameterList(Module):
    """A list of parameters. (A plain list in an attribute does the same.) Other numbers are made parameters.

    >>> weights = ParameterList([[1.0], [2.0, 3.0]])
    >>> len(weights), weights[-1], [name for name, _ in weights.named_parameters()]
    (2, tensor([2., 3.], requires_grad=True), ['0', '1'])
    """

    def __init__(self, values: Iterable[Any] = ()) -> None:
        self.extend(values)

    def append(self, value: Any) -> Self:
        """Add a parameter at the end."""
        vars(self)[str(len(self))] = _parameter(value)
        return self

    def extend(self, values: Iterable[Any]) -> Self:
        """Add several parameters at the end."""
        for value in values:
            self.append(value)
        return self

    def __len__(self) -> int:
        return len(list(iter(self)))

    def __iter__(self) -> Iterator[Tensor]:
        return self._own_parameters()

    def __getitem__(self, index: int | slice) -> Any:
        """One parameter, or a list of several."""
        return list(self)[index] if isinstance(index, int) else ParameterList(list(self)[index])

    def __setitem__(self, index: int, value: Any) -> None:
        at = range(len(self))[index]  # raises where there is none
        vars(self)[str(at)] = _parameter(value)


class ParameterDict(Module):
    """Parameters by name. Other numbers are made parameters.

    >>> scales = ParameterDict({"left": [1.0]})
    >>> scales["right"] = [2.0]
    >>> list(scales), [name for name, _ in scales.named_parameters()]
    (['left', 'right'], ['left', 'right'])
    """

    def __init__(self, values: Mapping[str, Any] | Iterable[tuple[str, Any]] | None = None) -> None:
        self.update(values or {})

    def update(self, values: Mapping[str, Any] | Iterable[tuple[str, Any]]) -> None:
        """Add several, or replace them."""
        for name, value in dict(values).items():
            self[name] = value

    def __setitem__(self, name: str, value: Any) -> None:
        vars(self)[part_name(name, self)] = _parameter(value)

    def __getitem__(self, name: str) -> Tensor:
        try:
            return dict(self.items())[name]
        except KeyError:
            raise KeyError(f"there is no parameter {name!r}. {nearest(str(name), self)}") from None

    def __delitem__(self, name: str) -> None:
        self[name]
        del vars(self)[name]

    def __contains__(self, name: object) -> bool:
        return name in dict(self.items())

    def __len__(self) -> int:
        return len(list(iter(self)))

    def __iter__(self) -> Iterator[str]:
        return self.keys()

    def keys(self) -> Iterator[str]:
        """The names."""
        return (name for name, _ in self.items())

    def values(self) -> Iterator[Tensor]:
        """The parameters."""
        return (value for _, value in self.items())

    def items(self) -> Iterator[tuple[str, Tensor]]:
        """The names with the parameters."""
        return ((name, value) for name, value in vars(self).items() if isinstance(value, Tensor))
