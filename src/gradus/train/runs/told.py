"""What things are, as plain data that can be kept and compared: options, functions by name, numbers by a checksum."""

from __future__ import annotations

import json
import math
import zlib
from collections.abc import Iterator, Mapping
from functools import partial
from itertools import takewhile
from typing import Any

import numpy as np

from ...data import TensorDataset
from ...data.dataset import found_in, rows
from ...data.iterable import known_length
from ...data.sequences import Sequences
from ...errors import short
from ...nn import Module
from ...tensor import Tensor

_AT_ONCE, _AT_MOST = 1 << 22, 1 << 28  # bytes of a piece, and of all pieces together that a checksum is of
_SHOWN = 12  # of differences, how many are named
_BEFORE = 25  # characters before the first that differs
_CLOSE = 1e-9  # the last bits of a rate are the processor's


def told(thing: Any) -> Any:
    """A thing as JSON's types: what two of them have in common is equal, whatever process they live in.

    >>> told((1, np.float32(0.5), None, len, np.zeros(2, np.int32)))
    [1, 0.5, None, 'len', 'int32 (2,), checksum ebc557fb']
    """
    if isinstance(thing, np.generic):
        return told(thing.item())
    if thing is None or isinstance(thing, (bool, int, float, str)):
        return thing
    if isinstance(thing, (Tensor, np.ndarray)):
        array = thing.numpy() if isinstance(thing, Tensor) else thing
        return f"{array.dtype.name} {array.shape}, checksum {_checksum([array]):08x}"
    if isinstance(thing, (tuple, list)):
        return [told(part) for part in thing]
    if isinstance(thing, Mapping):
        return {str(name): told(part) for name, part in thing.items()}
    if isinstance(thing, partial):
        return {"kind": told(thing.func), "with": told(thing.args), **told(thing.keywords)}
    if not hasattr(thing, "__name__"):
        return {"kind": type(thing).__name__, **options(thing, tensors=True)}
    return _function_told(thing)


def _function_told(function: Any) -> Any:
    """A function or class by its name, one without by the names it uses, and with what it was made with."""
    name, code = str(function.__name__), getattr(function, "__code__", None)
    if name == "<lambda>" and code is not None:
        name = f"lambda of {', '.join(code.co_names)}"
    ours = str(function.__module__).startswith("gradus.")  # what these hold are no options
    closed = () if code is None or ours else zip(code.co_freevars, function.__closure__ or (), strict=True)
    held = {free: told(cell.cell_contents) for free, cell in closed if _is_held(cell)}
    return {"kind": name, **held} if held else name


def _is_held(cell: Any) -> bool:
    try:
        return not callable(cell.cell_contents) and _is_option(cell.cell_contents, tensors=True)
    except ValueError:  # not filled yet
        return False


def options(thing: Any, tensors: bool = False) -> dict[str, Any]:
    """The public attributes that are numbers, texts, functions, or several of these, and, where asked for, tensors.

    >>> from gradus.nn import Dropout
    >>> options(Dropout(0.3))
    {'p': 0.3}
    """
    found = {} if not hasattr(thing, "__dict__") else vars(thing)
    return {
        name: told(value)
        for name, value in found.items()
        if name[0] != "_" and name != "training" and _is_option(value, tensors)
    }


def _is_option(value: Any, tensors: bool) -> bool:
    if isinstance(value, (tuple, list)):
        return all(_is_option(part, tensors) for part in value)
    if isinstance(value, (Tensor, np.ndarray, Module)):
        return tensors and not isinstance(value, Module)
    plain = value is None or isinstance(value, (bool, int, float, str, np.generic))
    return plain or (callable(value) and hasattr(value, "__name__"))


def batch_told(batch: Any) -> str:
    """A batch in a line: its arrays, and a checksum of all that is in it.

    >>> batch_told((np.zeros((2, 3)), np.arange(2)))
    'float64 (2, 3), int64 (2,), checksum f0b2560e'
    """
    arrays = list(_arrays(batch))
    total = zlib.crc32(json.dumps(told(batch)).encode())
    return ", ".join([*(f"{a.dtype.name} {a.shape}" for a in arrays), f"checksum {total:08x}"])


def _arrays(batch: Any) -> Iterator[np.ndarray]:
    if isinstance(batch, (Tensor, np.ndarray)):
        yield batch.numpy() if isinstance(batch, Tensor) else batch
    elif isinstance(batch, (tuple, list, Mapping)):
        for part in batch.values() if isinstance(batch, Mapping) else batch:
            yield from _arrays(part)


def numbers_told(dataset: Any) -> str | None:
    """A checksum of the samples of data in memory, of large ones of pieces throughout; None of data that are read.

    >>> from gradus.data import Subset
    >>> numbers_told(TensorDataset([1.0, 2.0])) == numbers_told(Subset(TensorDataset([2.0, 1.0]), [1, 0]))
    True
    """
    length = known_length(dataset)
    if not length:
        return None
    whole, _ = found_in(dataset, np.arange(1))
    if getattr(type(whole), "__getitem__", None) not in (TensorDataset.__getitem__, Sequences.__getitem__):
        return None
    size = max(1, sum(a.nbytes for a in rows(dataset, slice(0, 1))))
    count = max(1, _AT_ONCE // size)
    every = max(1, math.ceil(length * size / _AT_MOST)) * count
    pieces = (a for start in range(0, length, every) for a in rows(dataset, slice(start, start + count)))
    return f"checksum {_checksum(pieces):08x}"


def _checksum(arrays: Any) -> int:
    total = 0
    for array in arrays:
        total = zlib.crc32(f"{array.dtype.name}{array.shape}".encode(), total)
        total = zlib.crc32(np.ascontiguousarray(array).view(np.uint8).data if array.size else b"", total)
    return total


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, list[str]]:
    """What differs of what both tell, in words, by the name of the part.

    >>> differences({"loss": "mse", "options": {"momentum": 0.9}}, {"loss": "l1", "options": {"momentum": 0.5}})
    {'loss': ["loss: was 'mse', is 'l1'"], 'options': ['options, momentum: was 0.9, is 0.5']}
    """
    found = {}
    for name in now:
        unknown = name not in before or (name == "data" and None in (before[name], now[name]))
        if not unknown and (lines := list(_compared(name.replace("_", " "), before[name], now[name]))):
            found[name] = lines
    return found


def listed(lines: list[str]) -> str:
    """The lines one under the other, a few of many."""
    more = [f"and {len(lines) - _SHOWN:,} more"] if len(lines) > _SHOWN else []
    return "".join(f"\n  - {line}" for line in [*lines[:_SHOWN], *more])


def _compared(name: str, before: Any, now: Any) -> Iterator[str]:
    if isinstance(before, dict) and isinstance(now, dict):
        for key in before | now:
            yield from _compared(f"{name}, {key}", before.get(key, "absent"), now.get(key, "absent"))
    elif not _same(before, now):
        was, is_ = _shown(before, now)
        yield f"{name}: was {was}, is {is_}"


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(_same, a, b))
    if isinstance(a, float) and isinstance(b, float):
        return math.isclose(a, b, rel_tol=_CLOSE) or (a != a and b != b)
    return bool(a == b)


def _shown(*values: Any) -> list[str]:
    """Both for a message, cut to what differs where they are long."""
    texts = list(map(repr, values))
    if all(short(text) == text for text in texts):
        return texts
    alike = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(*texts, strict=False)))
    first = max(alike - _BEFORE, 0)
    return [short(f"...{text[first:]}" if first else text) for text in texts]
