"""Arrays that tell whether their numbers were asked for, while a function is traced: by NumPy, or by Python.

A spy is a view of an array, over the same memory. What tells only of shapes, and what makes another view, asks for no
numbers, nor does gradus, which makes a tensor of it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

_SHAPES = frozenset({  # of an array's attributes and methods, and of NumPy's functions, those that need no numbers
    *("shape", "dtype", "ndim", "size", "strides", "itemsize", "nbytes", "flags", "base", "ctypes", "T", "mT"),
    *("reshape", "transpose", "swapaxes", "squeeze", "view", "diagonal", "setflags", "iscomplexobj", "isrealobj"),
    *("broadcast_to", "broadcast_shapes", "expand_dims", "moveaxis", "rollaxis", "atleast_1d", "atleast_2d"),
    *("atleast_3d", "ravel", "split", "array_split", "result_type", "may_share_memory", "shares_memory"),
    *("zeros_like", "ones_like", "empty_like", "full_like"),
})


class Spy(np.ndarray):
    """A view of an array; `asked` holds the ids of the arrays whose numbers were asked for.

    >>> spy = spy_on(np.ones((2, 3)), asked := set(), 7)
    >>> _ = spy.shape, spy[1:].T, np.asarray(spy), np.reshape(spy, -1)
    >>> asked
    set()
    >>> bool((spy[0] > 5).any()), asked
    (False, {7})
    """

    asked: set[int] | None = None
    number: int = 0

    def __array_finalize__(self, of: Any) -> None:
        if isinstance(of, Spy) and of.asked is not None:
            self.asked, self.number = of.asked, of.number
            if not np.may_share_memory(self.view(np.ndarray), of.view(np.ndarray)):  # a copy
                self.tell()

    def tell(self) -> None:
        """The numbers were asked for."""
        if self.asked is not None:
            self.asked.add(self.number)

    def __getattribute__(self, name: str) -> Any:
        if name not in _SHAPES and name not in _OWN and not name.startswith("__"):
            self.tell()
        return super().__getattribute__(name)

    def __getitem__(self, key: Any) -> Any:
        found = super().__getitem__(key)
        if not isinstance(found, np.ndarray):
            self.tell()
        return found

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        if any(hasattr(type(i), "__array_ufunc__") and not isinstance(i, (np.ndarray, np.generic)) for i in inputs):
            return NotImplemented  # a tensor, which takes the array for one, too
        inputs = tuple(map(_told, inputs))
        if "out" in options:
            options["out"] = tuple(map(_told, options["out"]))
        return getattr(ufunc, method)(*inputs, **options)

    def __array_function__(self, function: Any, types: Any, args: Any, options: Any) -> Any:
        if not all(issubclass(kind, np.ndarray) for kind in types):
            return NotImplemented
        if function.__name__ not in _SHAPES:
            self.tell()
        return super().__array_function__(function, types, args, options)


_OWN = frozenset({"asked", "number", "tell"})


def _told(thing: Any) -> Any:
    """The array itself, of a spy, which has told."""
    if isinstance(thing, Spy):
        thing.tell()
        return thing.view(np.ndarray)
    return thing


def _asking(name: str) -> Any:
    def ask(self: Spy, *args: Any) -> Any:
        self.tell()
        return getattr(np.ndarray, name)(self, *args)

    return ask


for _name in (
    *("bool", "float", "int", "complex", "index", "contains", "str", "repr", "format", "copy", "deepcopy"),
    *("reduce", "reduce_ex", "setitem", "dlpack"),
):
    setattr(Spy, f"__{_name}__", _asking(f"__{_name}__"))


def spy_on(array: np.ndarray, asked: set[int], number: int) -> np.ndarray:
    """A spy that puts a number into `asked` when the array's numbers are asked for."""
    spy = array.view(Spy)
    spy.asked, spy.number = asked, number
    return spy
