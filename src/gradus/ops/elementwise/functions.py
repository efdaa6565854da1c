"""Functions of floating-point numbers, element by element: exponentials, logarithms, roots, activations."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.elementwise import FUNCTION, unary
from .choice import where

__all__ = [
    "exp",
    "expm1",
    "log",
    "log1p",
    "log2",
    "log10",
    "relu",
    "sigmoid",
    "softplus",
    "sqrt",
    "tanh",
]


def logistic(xp: Any, x: Any) -> Any:
    """1 / (1 + e^-x), below 0 as e^x / (1 + e^x). The numerator is a maximum, which takes less time than a choice."""
    e = xp.exp(-abs(x))
    return xp.maximum(e, (x >= 0).astype(x.dtype)) / (1 + e)


exp = unary(
    "exp",
    lambda xp, x: xp.exp(x),
    lambda g, y, x: g * y,
    "e^x. Gradient: g y.",
    "f'{exp(1.0):.4f}' -> '2.7183'",
    effort=FUNCTION,
)
expm1 = unary(
    "expm1",
    lambda xp, x: xp.expm1(x),
    lambda g, y, x: g * x.exp(),
    "e^x - 1, exact for small x. Gradient: g e^x.",
    "f'{expm1(1e-8):.1e}' -> '1.0e-08'",
    effort=FUNCTION,
)
log = unary(
    "log",
    lambda xp, x: xp.log(x),
    lambda g, y, x: g / x,
    "The natural logarithm. Gradient: g / x.",
    "f'{log(10.0):.4f}' -> '2.3026'",
    domain=(0.2, 4.0),
    effort=FUNCTION,
)
log2 = unary(
    "log2",
    lambda xp, x: xp.log2(x),
    lambda g, y, x: g / (x * math.log(2)),
    "The logarithm to base 2, exact of powers of 2. Gradient: g / (x log 2).",
    "log2([8.0, 0.5]) -> tensor([ 3., -1.])",
    domain=(0.2, 4.0),
    effort=FUNCTION,
)
log10 = unary(
    "log10",
    lambda xp, x: xp.log10(x),
    lambda g, y, x: g / (x * math.log(10)),
    "The logarithm to base 10. Gradient: g / (x log 10).",
    "log10([100.0, 0.1]).round().tolist() -> [2.0, -1.0]",
    domain=(0.2, 4.0),
    effort=FUNCTION,
)
log1p = unary(
    "log1p",
    lambda xp, x: xp.log1p(x),
    lambda g, y, x: g / (1 + x),
    "log(1 + x), exact for small x. Gradient: g / (1 + x).",
    "f'{log1p(1e-8):.1e}' -> '1.0e-08'",
    domain=(-0.5, 4.0),
    effort=FUNCTION,
)
sqrt = unary(
    "sqrt",
    lambda xp, x: xp.sqrt(x),
    lambda g, y, x: g / (2 * y),
    "The square root. Gradient: g / 2y.",
    "sqrt([4.0, 9.0]) -> tensor([2., 3.])",
    domain=(0.2, 4.0),
    effort=FUNCTION,
)
tanh = unary(
    "tanh",
    lambda xp, x: xp.tanh(x),
    lambda g, y, x: g * (1 - y * y),
    "The hyperbolic tangent. Gradient: g (1 - y^2).",
    "f'{tanh(1.0):.4f}' -> '0.7616'",
    effort=FUNCTION,
)
sigmoid = unary(
    "sigmoid",
    logistic,
    lambda g, y, x: g * y * (1 - y),
    "1 / (1 + e^-x), without overflow. Gradient: g y (1 - y).",
    "f'{sigmoid(1.0):.4f}' -> '0.7311'",
    reference=lambda x: 1 / (1 + np.exp(-x)),
    effort=FUNCTION,
)
relu = unary(  # a primitive, because where() takes longer, and maximum() halves the gradient at 0
    "relu",
    lambda xp, x: xp.maximum(x, xp.zeros((), x.dtype)),
    lambda g, y, x: where(y <= 0, 0, g),
    "max(x, 0) (Nair and Hinton, 2010). Gradient: 0 where x <= 0, else g, at NaN too.",
    "relu([-1.0, 2.0]).tolist() -> [0.0, 2.0]",
    reference=lambda x: np.maximum(x, np.zeros_like(x)),
    floats=False,
)
softplus = unary(
    "softplus",
    lambda xp, x: xp.logaddexp(x, xp.zeros_like(x)),
    lambda g, y, x: g * sigmoid(x),
    "log(1 + e^x), without overflow: a smooth ReLU. Gradient: g sigmoid(x).",
    "f'{softplus(1.0):.4f}' -> '1.3133'",
    reference=lambda x: np.logaddexp(x, 0),
    effort=FUNCTION,
)
