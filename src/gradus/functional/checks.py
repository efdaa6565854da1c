"""What functions, layers and optimizers check of their arguments, each check written once.

Shapes and dtypes are always known. While a graph is traced a tensor has no numbers: a check of values is then recorded
(`interpret.Interpreter.check`), and made whenever the program runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from numbers import Integral
from typing import Any

import numpy as np

from .. import interpret
from ..errors import ArgumentError, DataError, PlaceError, ShapeError
from ..interpret import Wrong
from ..tensor import Tensor


def in_range(
    where: str, name: str, value: float, interval: str, mistake: str = "option-outside-its-range"
) -> None:
    """Refuse an argument outside an interval written as in mathematics: a round bracket leaves the end out.

    >>> in_range("SGD", "momentum", 1.0, "[0, 1)")
    Traceback (most recent call last):
    gradus.errors.ArgumentError: SGD: momentum must be in [0, 1), got 1.0 (gradus help option-outside-its-range)
    """
    lowest, highest = (float(end) for end in interval[1:-1].split(","))
    try:
        fits = (lowest <= value if "[" in interval else lowest < value) and (
            value <= highest if "]" in interval else value < highest
        )
    except TypeError:
        fits = False
    if not fits:
        raise ArgumentError(f"{where}: {name} must be in {interval}, got {value!r}", mistake=mistake)


def at_least(least: int, where: str, **counts: int) -> None:
    """Refuse a count (of layers, steps, features) that is no integer or below the least; True is no count.

    >>> at_least(0, "DataLoader", prefetch=-1)
    Traceback (most recent call last):
    gradus.errors.ArgumentError: DataLoader: prefetch must be an integer of 0 or more, got -1 (gradus help no-count)
    """
    for name, count in counts.items():
        if isinstance(count, bool) or not isinstance(count, Integral) or int(count) < least:
            raise ArgumentError(
                f"{where}: {name} must be an integer of {least} or more, got {count!r}", mistake="no-count"
            )


def at_least_one(where: str, **counts: int) -> None:
    """Refuse a count that is no integer or below 1."""
    at_least(1, where, **counts)


def flags(where: str, **values: Any) -> None:
    """Refuse what is to be True or False and is neither: often a number that was meant for another argument.

    >>> flags("LSTM", bias=0.5)
    Traceback (most recent call last):
    gradus.errors.ArgumentError: LSTM: bias must be True or False, got 0.5
    """
    for name, value in values.items():
        if not isinstance(value, (bool, np.bool_)):
            raise ArgumentError(f"{where}: {name} must be True or False, got {value!r}")


def sizes_of(where: str, name: str, sizes: Any, least: int = 1) -> list[int]:
    """Counts in a list, so many at least, as those of the layers of a network.

    >>> sizes_of("MLP", "sizes", 6, least=2)
    Traceback (most recent call last):
    gradus.errors.ArgumentError: MLP: sizes must be a list of at least two integers, got 6
    """
    listed = isinstance(sizes, Iterable) and not isinstance(sizes, (str, bytes, Mapping))
    given: Any = list(sizes) if listed else sizes
    if not listed or len(given) < least:
        number = {1: "one integer", 2: "two integers", 3: "three integers"}[least]
        raise ArgumentError(f"{where}: {name} must be a list of at least {number}, got {given!r:.80}")
    counts: list[int] = given
    at_least_one(where, **{f"{name}[{i}]": n for i, n in enumerate(counts)})
    return counts


def require_function(where: str, **functions: Any) -> None:
    """Refuse what cannot be called.

    >>> require_function("descend", f=6)
    Traceback (most recent call last):
    gradus.errors.ArgumentError: descend: f must be a function, got 6
    """
    for name, function in functions.items():
        if not callable(function):
            raise ArgumentError(f"{where}: {name} must be a function, got {function!r:.80}")


def require_tensor(where: str, **tensors: Any) -> None:
    """Refuse what is no Tensor."""
    for name, x in tensors.items():
        if not isinstance(x, Tensor):
            raise ArgumentError(f"{where}: {name} must be a Tensor, got {x!r:.80}. Make one: gradus.tensor(...).")


def floats(where: str, name: str, values: Any) -> np.ndarray:
    """Numbers as an array of float64.

    >>> floats("zigzag", "path", "word")
    Traceback (most recent call last):
    gradus.errors.DataError: zigzag: path must hold numbers, got 'word'
    """
    try:
        return np.asarray(values.numpy() if isinstance(values, Tensor) else values, dtype=np.float64)
    except (TypeError, ValueError):
        raise DataError(f"{where}: {name} must hold numbers, got {values!r:.80}") from None


def integers(where: str, name: str, values: Any) -> np.ndarray:
    """Whole numbers as an array (n,) of int64.

    >>> integers("SubsetRandomSampler", "indices", [0.5])
    Traceback (most recent call last):
    gradus.errors.ArgumentError: SubsetRandomSampler: indices must be whole numbers, (n,), got [0.5]
    """
    array = np.asarray(values.numpy() if isinstance(values, Tensor) else values)
    if array.ndim != 1 or (array.dtype.kind not in "iu" and array.size):
        raise ArgumentError(f"{where}: {name} must be whole numbers, (n,), got {values!r:.80}")
    return array.astype(np.int64)


def samples_at(where: str, index: Any, n: int) -> Any:
    """What an index asks for of n samples: an int from 0 on; or several, as a slice or as an array of places from 0 on.

    Args:
        index: a whole number, below 0 counted from the end; a slice; numbers (m,); or a mask (n,).

    Raises:
        PlaceError: there is no such sample.

    >>> samples_at("Set", -1, 3), samples_at("Set", [True, False, True], 3)
    (2, array([0, 2]))
    >>> samples_at("Set", 3, 3)
    Traceback (most recent call last):
    gradus.errors.PlaceError: Set: there is no sample 3 among 3, which are 0 to 2 (gradus help sample-outside-the-set)
    """
    if isinstance(index, slice) or (type(index) is int and 0 <= index < n):
        return index
    try:
        array = np.asarray(index.numpy() if isinstance(index, Tensor) else index)
    except ValueError:  # lists of unlike lengths
        array = np.empty((0, 0))
    if array.dtype == bool and array.shape == (n,):
        return np.flatnonzero(array)
    whole = array.dtype.kind in "iu" or array.shape == (0,)
    if not whole or array.ndim > 1 or isinstance(index, tuple):
        raise ArgumentError(
            f"{where}: samples are asked for by a whole number, a slice, several numbers or a mask (n,), "
            f"got {index!r:.80}"
        )
    if (outside := array[(array < -n) | (array >= n)]).size:
        there = f"{n}, which are 0 to {n - 1}" if n else "none"
        raise PlaceError(f"{where}: there is no sample {outside[0]} among {there}", mistake="sample-outside-the-set")
    places = array.astype(np.int64)
    return np.where(places < 0, places + n, places) if places.ndim else int(places) % n


def require_named(where: str, state: Any) -> None:
    """Refuse what does not hold tensors by name."""
    if not isinstance(state, Mapping):
        raise ArgumentError(
            f"{where}: expects tensors by name, as state_dict() gives them, got {state!r:.80}. "
            "From a file they are read with gradus.load(path).",
            mistake="path-in-place-of-weights",
        )


def same_shape(where: str, x: Tensor, y: Tensor) -> None:
    """Refuse predictions and targets of unlike shapes: broadcast, (n,) against (n, 1) would be n^2 differences."""
    if x.shape == y.shape:
        return
    remedy = "They must be of one shape."
    if x.size == y.size:
        remedy = f"Write targets.reshape{x.shape}."
    raise ShapeError(
        f"{where}: predictions have shape {x.shape}, but targets {y.shape}",
        remedy,
        mistake="shape-of-targets",
    )


def refuse(where: str, x: Tensor, wrong: Wrong, message: str, mistake: str = "") -> None:
    """Refuse a tensor that holds a wrong number; `{value}` and `{place}` in the message become the first such.

    >>> from gradus.interpret import Outside
    >>> refuse("dice", Tensor(np.array([1, 7])), Outside(1, 6), "{value} at [{place}] is on no side.")
    Traceback (most recent call last):
    gradus.errors.DataError: dice: 7 at [1] is on no side.
    """

    def explain(found: np.ndarray) -> None:
        mask = wrong(found)
        place = np.unravel_index(int(np.argmax(mask)), mask.shape)
        said = message.format(value=found[place], place=", ".join(map(str, place)))
        raise DataError(f"{where}: {said}", mistake=mistake)

    interpret.current.get().check(x, wrong, explain)
