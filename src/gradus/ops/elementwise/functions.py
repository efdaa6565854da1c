"""Functions of floating-point numbers, element by element: exponentials, angles, activations, rounding."""

from __future__ import annotations

import math

import numpy as np

from ..core.elementwise import FUNCTION, unary
from ._erf import erf as _erf
from ._erf import erfc as _erfc
from .choice import where

__all__ = [
    "cos",
    "erf",
    "erfc",
    "exp",
    "expm1",
    "floor",
    "log",
    "log1p",
    "relu",
    "round",
    "sigmoid",
    "sin",
    "softplus",
    "sqrt",
    "tanh",
]

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
sin = unary(
    "sin",
    lambda xp, x: xp.sin(x),
    lambda g, y, x: g * x.cos(),
    "The sine. Gradient: g cos(x).",
    "f'{sin(1.0):.4f}' -> '0.8415'",
    effort=FUNCTION,
)
cos = unary(
    "cos",
    lambda xp, x: xp.cos(x),
    lambda g, y, x: -g * x.sin(),
    "The cosine. Gradient: -g sin(x).",
    "f'{cos(1.0):.4f}' -> '0.5403'",
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
    lambda xp, x: xp.where(x >= 0, 1, xp.exp(-abs(x))).astype(x.dtype) / (1 + xp.exp(-abs(x))),
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
erf = unary(
    "erf",
    lambda xp, x: _erf(xp, x),
    lambda g, y, x: g * (2 / np.sqrt(np.pi)).item() * exp(-x * x),
    "The error function, 2/sqrt(pi) times the integral of e^(-t^2) from 0 to x. Gradient: g 2/sqrt(pi) e^(-x^2).",
    "f'{erf(0.5):.4f}' -> '0.5205'",
    reference=np.vectorize(math.erf, otypes=[float]),
    effort=FUNCTION,
)
erfc = unary(
    "erfc",
    lambda xp, x: _erfc(xp, x),
    lambda g, y, x: g * (-2 / np.sqrt(np.pi)).item() * exp(-x * x),
    "1 - erf(x), exact where it is close to 0. Gradient: -g 2/sqrt(pi) e^(-x^2).",
    "f'{erfc(5.0):.3e}' -> '1.537e-12'",
    reference=np.vectorize(math.erfc, otypes=[float]),
    effort=FUNCTION,
)
floor = unary(
    "floor",
    lambda xp, x: xp.floor(x),
    lambda g, y, x: g.full_like(0),
    "Rounded down; integers stay as they are. Gradient: 0.",
    "floor([1.7, -1.2]) -> tensor([ 1., -2.])",
    whole=True,
)
round = unary(
    "round",
    lambda xp, x: xp.rint(x),
    lambda g, y, x: g.full_like(0),
    "Rounded to the nearest integer, halves to the even one; integers stay as they are. Gradient: 0.",
    "round([0.5, 1.5, 2.6]) -> tensor([0., 2., 3.])",
    whole=True,
)
