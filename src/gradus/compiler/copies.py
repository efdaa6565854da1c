"""Copying and pickling compiled functions: the function and how it is compiled, no programs. A copy compiles anew."""

from __future__ import annotations

import copy
import sys
import types
from collections.abc import Callable
from typing import Any, ClassVar, Self, TypeVar

from ..errors import ArgumentError

C = TypeVar("C", bound="Copied")


class Copied:
    """What a compiled function does when it is copied.

    Attributes:
        function: what is compiled.
        settings: the names of the arguments it was made with, and of the attributes that keep them.
    """

    function: Callable[..., Any]
    __name__: str
    settings: ClassVar[tuple[str, ...]] = ("function", "target", "precision", "winograd")

    def like(self, function: Callable[..., Any]) -> Self:
        """Another function compiled in the same manner."""
        new = _blank(type(self))
        new.__setstate__({**self.__getstate__(), "function": function})
        return new

    def __copy__(self) -> Self:
        return self.like(self.function)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        new = memo[id(self)] = _blank(type(self))  # what it is bound to may hold it
        new.__setstate__({**self.__getstate__(), "function": copy.deepcopy(self.function, memo)})
        return new

    def __reduce__(self) -> Any:
        function, named = self.function, vars(self).get("__qualname__", "")
        module = vars(self).get("__module__", "")
        if _found(module, named) is self:  # a decorated function: Python finds it by its name, as others
            return named
        if isinstance(function, types.FunctionType) and _found(module, named) is not function:
            raise ArgumentError(
                f"the compiled function {self.__name__} cannot be pickled: Python finds a function again by its name "
                f"in its module, and there is no {named} in {module}. Define it there with def, not as a lambda or "
                "inside another function."
            )
        state = self.__getstate__()
        if isinstance(function, types.MethodType):
            of, name = function.__self__, function.__name__
            for kind in type(of).__mro__:
                found = vars(kind).get(name)
                if isinstance(found, Copied) and found.function is function.__func__:
                    state |= {"function": None, "of": (of, kind, name)}  # what is found under its name is compiled
        return _blank, (type(self),), state

    def __getstate__(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.settings}

    def __setstate__(self, state: dict[str, Any]) -> None:
        instance, kind, name = state.pop("of", (None, None, ""))
        if instance is not None:
            state["function"] = vars(kind)[name].function.__get__(instance, type(instance))
        self.__init__(**state)  # type: ignore[misc]


def _blank(kind: type[C]) -> C:
    return kind.__new__(kind)


def _found(module: str, name: str) -> Any:
    """What is found under a name, such as `Model.step`, in a module; None if nothing is."""
    thing: Any = sys.modules.get(module)
    for part in name.split("."):
        thing = getattr(thing, part, None)
    return thing
