"""Methods that PyTorch's tensors have and NumPy's arrays do not: other words for what is there, of the same meaning.

What means something else, or would do nothing where something is wanted (`cuda`), is refused with what to write.
"""

from __future__ import annotations

import re
from typing import Any

from .. import dtypes
from .._methods import method
from ..errors import ArgumentError
from ..tensor import Tensor
from .core.primitive import cast
from .elementwise.arithmetic import copy
from .shapes.movement import broadcast_to, reshape, transpose


@method("view")
def view(x: Tensor, *shape: Any) -> Tensor:
    """`reshape`, as PyTorch calls it. Another dtype is `astype`.

    >>> import gradus
    >>> view(gradus.tensor([1, 2, 3, 4]), 2, -1).shape
    (2, 2)
    """
    if len(shape) == 1 and (isinstance(shape[0], str) or hasattr(shape[0], "itemsize")):
        raise ArgumentError("view: the bits of numbers are not read as others. Write x.astype(dtype) to convert them.")
    return reshape(x, *shape)


@method("contiguous")
def contiguous(x: Tensor) -> Tensor:
    """A copy, whose elements lie one after the other."""
    return copy(x)


@method("dim", "ndimension")
def dim(x: Tensor) -> int:
    """`ndim`, as PyTorch calls it."""
    return x.ndim


@method("numel", "nelement")
def numel(x: Tensor) -> int:
    """`size`, as PyTorch calls it."""
    return int(x.size)


@method("t")
def t(x: Tensor) -> Tensor:
    """The transpose of a matrix; fewer axes stay as they are."""
    if x.ndim > 2:
        raise ArgumentError(f"t: x has {x.ndim} axes. Write x.mT for the last two, x.T for all of them.")
    return transpose(x)


@method("expand_as")
def expand_as(x: Tensor, other: Tensor) -> Tensor:
    """Stretched to the shape of another tensor."""
    return broadcast_to(x, other.shape)


@method("type_as")
def type_as(x: Tensor, other: Tensor) -> Tensor:
    """The same numbers in the dtype of another tensor."""
    return cast(x, other.dtype)


@method("cpu")
def cpu(x: Tensor, memory_format: Any = None) -> Tensor:
    """The tensor itself: there is one device, the CPU."""
    return x


@method("to")
def to(
    x: Tensor,
    *what: Any,
    dtype: Any = None,
    device: Any = None,
    copy: bool = False,
    non_blocking: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """The same numbers in another dtype, or in that of another tensor; the device is the CPU, whatever is said of it.

    >>> import gradus
    >>> to(gradus.tensor([1, 2]), "float32", device="cpu").dtype
    dtype('float32')
    """
    wanted = wanted_dtype("to", what, dtype, device)
    converted = x if wanted is None else cast(x, wanted)
    return converted.copy() if copy and converted is x else converted


def wanted_dtype(where: str, what: tuple[Any, ...], dtype: Any = None, device: Any = None) -> dtypes.Dtype | None:
    """What PyTorch's `to` is asked for: a dtype, or that of a tensor; a device other than the CPU is refused.

    >>> wanted_dtype("to", ("cpu", "float64"))
    dtype('float64')
    """
    for one in what:
        if isinstance(one, Tensor):
            dtype = one.dtype
        elif re.fullmatch(r"(cpu|cuda|mps|xpu|xla|tpu|gpu|meta)(:\d+)?", str(one).lower()):
            device = one
        elif one is not None and not isinstance(one, bool):  # what else stands there: non_blocking, copy
            dtype = one
    if device is not None and str(device).partition(":")[0] != "cpu":
        raise ArgumentError(
            f"{where}: there is one device, 'cpu', got {str(device)!r}. Leave it out.",
            mistake="no-such-device",
        )
    return None if dtype is None else dtypes.as_dtype(dtype)


def _converting(name: str, dtype: dtypes.Dtype) -> None:
    def convert(x: Tensor, memory_format: Any = None) -> Tensor:
        return cast(x, dtype)

    convert.__name__ = convert.__qualname__ = name
    convert.__doc__ = f'`astype("{dtype.name}")`, as PyTorch calls it.'
    method(name)(convert)


for _name, _dtype in {
    "float": dtypes.float32,
    "double": dtypes.float64,
    "half": dtypes.float16,
    "bfloat16": dtypes.bfloat16,
    "long": dtypes.int64,
    "int": dtypes.int32,
    "bool": dtypes.bool_,
}.items():
    _converting(_name, _dtype)
