"""What the array API standard asks of an array."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from .._methods import method
from ..errors import ArgumentError
from ..tensor import Tensor


def on_cpu(name: str, device: Any) -> None:
    """Refuse a device that is not there."""
    if device not in (None, "cpu"):
        raise ArgumentError(f"{name}: there is one device, 'cpu', got {device!r}")


@method("__array_namespace__")
def array_namespace(x: Tensor, /, *, api_version: str | None = None) -> Any:
    """The functions of arrays as the array API standard has them: `gradus.array_api`."""
    return import_module("gradus.array_api")


@method("to_device")
def to_device(x: Tensor, device: Any, /, *, stream: Any = None) -> Tensor:
    """The tensor itself: there is one device, the CPU."""
    on_cpu("to_device", device)
    return x


def device(x: Tensor) -> str:
    """Where the numbers are: "cpu"."""
    return "cpu"


method("device")(property(device))
