"""PyTorch's windows of signals, which are symmetrical unless told: one number more, without the last, if not."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import gradus


def _window(function: Callable[..., Any]) -> Callable[..., Any]:
    """A window from its formula, a function of the length and of options."""

    def window(length: int, *args: Any, sym: bool = True, dtype: Any = None, **options: Any) -> Any:
        options = {k: v for k, v in options.items() if k not in ("device", "layout", "requires_grad")}
        dtype = dtype or "float32"
        if length <= 1:
            return gradus.ones(length, dtype)
        found = function(length if sym else length + 1, *args, **options)
        return found[:length].astype(dtype)

    return window


def _places(n: int) -> Any:
    return gradus.arange(n, dtype="float64")


def _cosines(n: int, a: Sequence[float]) -> Any:
    angles = _places(n) * (2 * math.pi / (n - 1))
    return sum((gradus.cos(angles * i) * ((-1) ** i * w) for i, w in enumerate(a)), start=gradus.zeros(n, "float64"))


def _gaussian(n: int, *, std: float = 1.0) -> Any:
    return gradus.exp(-(((_places(n) - (n - 1) / 2) / std) ** 2) / 2)


def _exponential(n: int, *, center: float | None = None, tau: float = 1.0) -> Any:
    return gradus.exp(-gradus.absolute(_places(n) - ((n - 1) / 2 if center is None else center)) / tau)


WINDOWS: dict[str, Callable[..., Any]] = {
    f"signal.windows.{name}": _window(function)
    for name, function in {
        "bartlett": lambda n: gradus.bartlett(n, "float64"),
        "blackman": lambda n: gradus.blackman(n, "float64"),
        "hamming": lambda n: gradus.hamming(n, "float64"),
        "hann": lambda n: gradus.hanning(n, "float64"),
        "kaiser": lambda n, *, beta=12.0: gradus.kaiser(n, beta, "float64"),
        "cosine": lambda n: gradus.sin((_places(n) + 0.5) * (math.pi / n)),
        "gaussian": _gaussian,
        "exponential": _exponential,
        "general_cosine": lambda n, *, a: _cosines(n, a),
        "general_hamming": lambda n, *, alpha=0.54: _cosines(n, (alpha, 1 - alpha)),
        "nuttall": lambda n: _cosines(n, (0.3635819, 0.4891775, 0.1365995, 0.0106411)),
    }.items()
}
