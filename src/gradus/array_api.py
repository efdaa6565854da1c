"""The namespace of the Python array API standard, 2024.12, for code that takes arrays of any library.

`x.__array_namespace__()` gives it. Its functions are gradus' own, by the standard's words; those that mean something
else there stand here. Its arrays are tensors, whose gradients are recorded. There are no complex numbers, and so no
`fft`.
"""

from __future__ import annotations

import ast
import functools
import inspect
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from . import dtypes, ops
from . import linalg as linalg
from .dtypes import float32, int64, uint64
from .dtypes import float64 as float64
from .dtypes import int8 as int8
from .dtypes import int16 as int16
from .dtypes import int32 as int32
from .dtypes import uint8 as uint8
from .dtypes import uint16 as uint16
from .dtypes import uint32 as uint32
from .errors import ArgumentError, ShapeError
from .interchange.dlpack import from_dlpack as from_dlpack
from .interchange.standard import on_cpu
from .names.options import understood_all
from .ops import *
from .ops.making.types import KINDS
from .tensor import Tensor, as_tensor, tensor

__array_api_version__ = "2024.12"
bool = dtypes.bool_
e, inf, nan, newaxis, pi = math.e, math.inf, math.nan, None, math.pi

understood_all(globals(), ops.__all__)  # by other words, too

# -- unsigned integers, whose sums and products are unsigned there -----------------------------------------------------


def _unsigned(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    @functools.wraps(function)
    def summed(x: Tensor, *, dtype: Any = None, **options: Any) -> Tensor:
        wide = uint64 if dtype is None and x.dtype in KINDS["unsigned integer"] else dtype
        return function(x, dtype=wide, **options)

    summed.__doc__ = (function.__doc__ or "").partition(">>>")[0].rstrip()  # its example has lists
    return summed


globals().update({name: _unsigned(globals()[name]) for name in ("sum", "prod", "cumulative_sum", "cumulative_prod")})


# -- the words that the standard has for what gradus' functions take ---------------------------------------------------

_NEW = "*, dtype=None, device=None"
WORDS = {
    **dict.fromkeys(("empty", "ones", "zeros"), f"shape, {_NEW}"),
    **dict.fromkeys(("empty_like", "ones_like", "zeros_like"), f"x, /, {_NEW}"),
    "full": f"shape, fill_value, {_NEW}",
    "full_like": f"x, /, fill_value, {_NEW}",
    "arange": f"start, /, stop=None, step=1, {_NEW}",
    "eye": "n_rows, n_cols=None, /, *, k=0, dtype=None, device=None",
    "linspace": f"start, stop, /, num, {_NEW}, endpoint=True",
    "astype": "x, dtype, /, *, copy=True, device=None",
    "broadcast_to": "x, /, shape",
    "clip": "x, /, min=None, max=None",
    "permute_dims": "x, /, axes",
    "reshape": "x, /, shape, *, copy=None",
    **dict.fromkeys(("sum", "prod"), "x, /, *, axis=None, dtype=None, keepdims=False"),
    **dict.fromkeys(("cumulative_sum", "cumulative_prod"), "x, /, *, axis=None, dtype=None, include_initial=False"),
    **dict.fromkeys(("sort", "argsort"), "x, /, *, axis=-1, descending=False, stable=True"),
    **dict.fromkeys(("std", "var"), "x, /, *, axis=None, correction=0.0, keepdims=False"),
}


def _signature(words: str) -> inspect.Signature:
    parameters: list[inspect.Parameter] = []
    kind: Any = inspect.Parameter.POSITIONAL_OR_KEYWORD
    for word in words.split(", "):
        name, _, default = word.partition("=")
        if word == "/":
            parameters = [p.replace(kind=inspect.Parameter.POSITIONAL_ONLY) for p in parameters]
        elif word == "*":
            kind = inspect.Parameter.KEYWORD_ONLY
        else:
            value = ast.literal_eval(default) if default else inspect.Parameter.empty
            parameters.append(inspect.Parameter(name, kind, default=value))
    return inspect.Signature(parameters)


def _in_its_words(function: Callable[..., Any], words: str) -> Callable[..., Any]:
    """A function that takes its arguments by the standard's names, and in the standard's order."""
    signature = _signature(words)

    @functools.wraps(function)
    def call(*args: Any, **options: Any) -> Any:
        given = signature.bind(*args, **options)
        return function(*given.args, **given.kwargs)

    call.__signature__ = signature  # type: ignore[attr-defined]
    return call


globals().update({name: _in_its_words(globals()[name], words) for name, words in WORDS.items()})


# -- what there is -----------------------------------------------------------------------------------------------------


class _Info:
    """What the namespace can do."""

    def capabilities(self) -> dict[str, Any]:
        return {"boolean indexing": True, "data-dependent shapes": True, "max dimensions": None}

    def default_device(self) -> str:
        return "cpu"

    def devices(self) -> list[str]:
        return ["cpu"]

    def default_dtypes(self, *, device: Any = None) -> dict[str, Any]:
        on_cpu("default_dtypes", device)
        return {"real floating": float32, "complex floating": None, "integral": int64, "indexing": int64}

    def dtypes(self, *, device: Any = None, kind: Any = None) -> dict[str, Any]:
        on_cpu("dtypes", device)
        kinds = ("bool", "numeric") if kind is None else (kind,) if isinstance(kind, str) else kind
        return {d.name: d for k in kinds for d in KINDS[k] if d.name in globals() or d == bool}


def __array_namespace_info__() -> _Info:  # noqa: N807 - the standard's name
    return _Info()


# -- what is given and made otherwise ----------------------------------------------------------------------------------


def asarray(obj: Any, /, *, dtype: Any = None, device: Any = None, copy: Any = None) -> Tensor:
    """The same numbers as a tensor; of a tensor, with `copy` another, and without it itself if it can be."""
    on_cpu("asarray", device)
    if isinstance(obj, Tensor):
        changed = obj if dtype is None or dtype == obj.dtype else obj.astype(dtype)
        if copy is False and changed is not obj:
            raise ArgumentError(f"asarray: {obj.dtype} becomes {dtype} by a copy only")
        return ops.copy(changed) if copy and changed is obj else changed
    if copy is False and not isinstance(obj, np.ndarray):
        raise ArgumentError(f"asarray: a {type(obj).__name__} becomes a tensor by a copy only")
    if isinstance(obj, int) and dtype is None and not -(2**63) <= obj < 2**63:
        raise OverflowError(f"asarray: {obj} is no number of int64")
    return as_tensor(obj, dtype) if copy is False else tensor(obj, dtype)


def unstack(x: Tensor, /, *, axis: int = 0) -> tuple[Tensor, ...]:
    """The parts along an axis."""
    return tuple(ops.unstack(x, axis))


def nonzero(x: Tensor, /) -> tuple[Tensor, ...]:
    """Where the numbers stand that are not 0."""
    if not x.ndim:
        raise ShapeError("nonzero: a tensor without axes has no places")
    return ops.nonzero(x)


# -- there are no complex numbers --------------------------------------------------------------------------------------


def real(x: Tensor, /) -> Tensor:
    """The tensor itself."""
    return x


conj = real


def imag(x: Tensor, /) -> Tensor:
    """Zeros."""
    return ops.zeros_like(x)
