"""Modules made of modules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Self

from ...errors import ArgumentError, CallError, nearest
from .module import Module

__all__ = ["ModuleDict", "ModuleList", "Sequential"]


def _checked(part: Any, owner: Module) -> Module:
    if isinstance(part, Module):
        return part
    what = f"the class {part.__name__}" if isinstance(part, type) else repr(part)
    hint = f"Make one: {part.__name__}(...)." if isinstance(part, type) else "Write it as a Module."
    raise ArgumentError(
        f"{type(owner).__name__}: its parts are modules, got {what}. {hint}",
        mistake="class-in-place-of-a-layer" if isinstance(part, type) else "function-in-place-of-a-layer",
    )


def part_name(name: str, owner: Module) -> str:
    """A name that can stand in a dotted path and hides nothing that the container can do."""
    if not isinstance(name, str) or not name or name.startswith("_") or "." in name or hasattr(type(owner), name):
        raise ArgumentError(
            f"{type(owner).__name__}: {name!r} cannot be a part's name. Take a string without dots and leading "
            "underscores that is no method of the container."
        )
    return name


class ModuleList(Module):
    """A list of modules, whose parameters are found. (A plain list in an attribute does the same.)

    It has no `forward`: the model that owns it says how its parts are used.

    Raises:
        CallError: it is called.

    >>> parts = ModuleList([Module(), Module()])
    >>> len(parts), parts[-1] is parts[1]
    (2, True)
    """

    def __init__(self, modules: Iterable[Module] = ()) -> None:
        self.extend(modules)

    def forward(self, *inputs: Any, **options: Any) -> Any:
        raise CallError(
            "a ModuleList does not say in which order its parts are used. Write a Sequential, or a loop over them in "
            "the forward of the model that owns it.",
            mistake="list-called",
        )

    def append(self, module: Module) -> Self:
        """Add a module at the end."""
        vars(self)[str(len(self))] = _checked(module, self)
        return self

    def extend(self, modules: Iterable[Module]) -> Self:
        """Add several modules at the end."""
        for module in modules:
            self.append(module)
        return self

    def __len__(self) -> int:
        return sum(1 for _ in self.children())

    def __iter__(self) -> Iterator[Module]:
        return self.children()

    def __getitem__(self, index: int | slice) -> Any:
        """One part, or a container of the same kind with several of them, numbered anew."""
        if isinstance(index, int):
            return vars(self)[self._name_at(index)]
        kind = Sequential if isinstance(self, Sequential) else ModuleList
        return kind().extend(list(self)[index]).train(self.training)

    def __setitem__(self, index: int, module: Module) -> None:
        vars(self)[self._name_at(index)] = _checked(module, self)

    def _name_at(self, index: int) -> str:
        names = [name for name, _ in self.named_children()]
        if not -len(names) <= index < len(names):
            raise IndexError(f"{type(self).__name__} has {len(names)} parts, there is no part {index}")
        return names[index]


class Sequential(ModuleList):
    """Layers one after the other: each gets what the one before it made.

    Args:
        layers: the layers, named by their numbers, or a list of them; or one dict of layers, with names of its own.

    >>> import gradus
    >>> from gradus import nn
    >>> model = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
    >>> model(gradus.ones((5, 4))).shape, list(model.state_dict())
    ((5, 2), ['0.weight', '0.bias', '2.weight', '2.bias'])
    """

    def __init__(self, *layers: Module | Mapping[str, Module] | Sequence[Module]) -> None:
        for layer in layers:
            if isinstance(layer, Sequence):  # as Keras has them
                self.extend(layer)
            elif isinstance(layer, Mapping):
                vars(self).update({part_name(n, self): _checked(m, self) for n, m in layer.items()})
            else:
                self.append(layer)

    def forward(self, x: Any) -> Any:
        for layer in self.children():
            x = layer(x)
        return x


class ModuleDict(Module):
    """Modules by name, whose parameters are found. It has no `forward`.

    >>> heads = ModuleDict({"digit": Module()})
    >>> "digit" in heads, list(heads)
    (True, ['digit'])
    """

    def __init__(self, modules: Mapping[str, Module] | None = None) -> None:
        for name, module in (modules or {}).items():
            self[name] = module

    def __setitem__(self, name: str, module: Module) -> None:
        vars(self)[part_name(name, self)] = _checked(module, self)

    def __getitem__(self, name: str) -> Module:
        try:
            return dict(self.named_children())[name]
        except KeyError:
            raise KeyError(f"there is no module {name!r}. {nearest(str(name), self)}") from None

    def __delitem__(self, name: str) -> None:
        del vars(self)[name]

    def __contains__(self, name: object) -> bool:
        return name in dict(self.named_children())

    def __len__(self) -> int:
        return sum(1 for _ in self.children())

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self.named_children())

    def keys(self) -> Iterator[str]:
        """The names."""
        return iter(self)

    def values(self) -> Iterator[Module]:
        """The modules."""
        return self.children()

    def items(self) -> Iterator[tuple[str, Module]]:
        """The names with the modules."""
        return self.named_children()
