"""Memory shared with PyTorch, JAX and others, by DLPack; NumPy does the work."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._methods import method
from ..errors import ArgumentError
from ..tensor import Tensor, as_tensor, tensor
from .standard import on_cpu

CPU = (1, 0)  # DLPack's kind of device, and its number


@method("__dlpack__")
def dlpack(
    x: Tensor, *, stream: Any = None, max_version: Any = None, dl_device: Any = None, copy: bool | None = None
) -> Any:
    """What `torch.from_dlpack(t)` calls: the tensor's memory, which both then share.

    Raises:
        BufferError: a gradient is recorded, which nobody else could follow, or DLPack has no such numbers.
    """
    if x.requires_grad:
        raise BufferError("a tensor that requires a gradient is not handed over by DLPack. Use detach(), or copy().")
    given = {"stream": stream, "max_version": max_version, "dl_device": dl_device, "copy": copy}
    return x.numpy().__dlpack__(**{name: value for name, value in given.items() if value is not None})


@method("__dlpack_device__")
def dlpack_device(x: Tensor) -> tuple[int, int]:
    """The CPU."""
    return CPU


def from_dlpack(x: Any, /, *, device: Any = None, copy: bool | None = None) -> Tensor:
    """A tensor of the memory of another library's array, or of a copy; on the CPU.

    >>> import numpy as np
    >>> array = np.zeros(2)
    >>> x = from_dlpack(array)
    >>> array[0] = 1
    >>> x
    tensor([1., 0.], dtype=float64)
    """
    on_cpu("from_dlpack", device)
    if not hasattr(x, "__dlpack__"):
        raise ArgumentError(f"from_dlpack: a {type(x).__name__} has no __dlpack__. Use gradus.tensor(x).")
    array = np.from_dlpack(x)
    return tensor(array) if copy else as_tensor(array)


__all__ = ["from_dlpack"]
