"""Functions like the exponential, against exact values over the whole range of numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from everyway import ways
from scipy import special

import gradus
from gradus import functional as F
from gradus.tensor import Tensor

SIZES = np.concatenate([10.0 ** np.arange(-42, 0), np.linspace(0.1, 12, 120), [20, 40, 60, 85, 87, 89, 95, 110, 1e4]])
Z = np.concatenate([-SIZES[::-1], [-0.0, 0.0], SIZES]).astype("float32").astype("float64")
wide = np.longdouble


def _erfc(x: Any) -> Any:
    return np.vectorize(math.erfc, otypes=[float])(np.asarray(x, float))


def _sigmoid(z: Any) -> Any:
    return np.where(z >= 0, 1 / (1 + np.exp(-abs(z))), np.exp(-abs(z)) / (1 + np.exp(-abs(z))))


def _tanh_gelu(z: Any) -> tuple[Any, Any]:
    u = np.sqrt(wide(8) / np.pi) * (z + wide(0.044715) * z**3)
    s, slope = _sigmoid(u), np.sqrt(wide(8) / np.pi) * (1 + 3 * wide(0.044715) * z**2)
    return z * s, s + z * s * _sigmoid(-u) * slope


PRODUCTS = ("silu", "gelu", "gelu, tanh")

# name: function; exact value and gradient; how many units of the last place, besides z^2 / 2 in the exponent of a bell
BELL = 1.0
FUNCTIONS: dict[str, tuple[Callable[[Tensor], Tensor], Callable[[Any], tuple[Any, Any]], float, float]] = {
    "exp": (gradus.exp, lambda z: (np.exp(z), np.exp(z)), 2, 0),
    "expm1": (gradus.expm1, lambda z: (np.expm1(z), np.exp(z)), 2, 0),
    "elu": (F.elu, lambda z: (np.where(z > 0, z, np.expm1(z)), np.exp(np.minimum(z, 0))), 2, 0),
    "tanh": (gradus.tanh, lambda z: (np.tanh(z), 1 / np.cosh(z) ** 2), 3, 0),
    "softplus": (gradus.softplus, lambda z: (np.maximum(z, 0) + np.log1p(np.exp(-abs(z))), _sigmoid(z)), 3, 0),
    "sigmoid": (gradus.sigmoid, lambda z: (_sigmoid(z), _sigmoid(z) * _sigmoid(-z)), 3, 0),
    "silu": (F.silu, lambda z: (z * _sigmoid(z), _sigmoid(z) * (1 + z * _sigmoid(-z))), 4, 0),
    "erfc": (gradus.erfc, lambda z: (_erfc(z), -2 / np.sqrt(np.pi) * np.exp(-z * z)), 8, 2 * BELL),
    "gelu": (F.gelu, lambda z: (z * _erfc(-z / np.sqrt(2)) / 2, _erfc(-z / np.sqrt(2)) / 2 + z * np.exp(-z * z / 2)
             / np.sqrt(2 * np.pi)), 8, 2 * BELL),
    "gelu, tanh": (lambda z: F.gelu(z, "tanh"), _tanh_gelu, 8, 4 * BELL),
}  # fmt: skip


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_values_and_gradients_keep_their_digits(dtype: str) -> None:
    def all_of_them(z: Tensor) -> Any:
        leaf = z.detach().requires_grad_()
        return [(y := function(leaf), gradus.grad(y.sum(), leaf)) for function, *_ in FUNCTIONS.values()]

    for way in ways(all_of_them):
        for name, (value, gradient) in zip(FUNCTIONS, way(gradus.tensor(Z, dtype)), strict=True):
            _, exact, units, bell = FUNCTIONS[name]
            with np.errstate(all="ignore"):
                y, slope = exact(wide(1) * Z)
            units_here = units + bell * Z * Z
            near(f"{name}, value", value, y, units_here * abs(y))
            # the gradient of z p(z) is a sum of p and z p', and 1 - p is rounded where p is close to 1
            terms = abs(slope) + (2 * abs(y / np.where(Z == 0, 1, Z)) if name in PRODUCTS else 0)
            close_to_1 = np.where((Z > 0) | (name == "tanh"), 2 * np.maximum(1, abs(Z)), 0)
            near(f"{name}, gradient", gradient, slope, units_here * terms + close_to_1)


def near(what: str, found: Tensor, exact: Any, allowed: Any) -> None:
    """Whether numbers are exact but for so many roundings; infinite ones exactly.

    A denormal sigmoid has few digits, and is multiplied by z and by what is inside it: by some hundreds.
    """
    y = found.numpy()
    limits = np.finfo(y.dtype)
    with np.errstate(all="ignore"):
        rounded = exact.astype(y.dtype)
    finite = np.isfinite(rounded)
    np.testing.assert_array_equal(y[~finite], rounded[~finite])
    least = 300 * float(limits.smallest_subnormal)
    with np.errstate(all="ignore"):
        wrong = finite & (abs(y.astype(wide) - exact) > allowed * float(limits.eps) + least)
    assert not wrong.any(), (what, Z[wrong][:5], y[wrong][:5], rounded[wrong][:5])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ["erf", "erfc", "erfinv"])
def test_error_functions_of_many_numbers(name: str, dtype: str) -> None:
    """More than are worked out at once, from all their pieces, against the C library's and SciPy's."""
    few = np.geomspace(1e-16, 1, 2_000)
    x = np.linspace(-6, 27, 40_000).reshape(2, -1, 1)
    exact = {"erf": np.vectorize(math.erf), "erfc": np.vectorize(math.erfc), "erfinv": special.erfinv}[name]
    if name == "erfinv":
        x = np.concatenate([np.linspace(-1, 1, 9_001), 1 - few, few - 1])
    found, wanted = getattr(gradus, name)(x.astype(dtype)).numpy(), exact(x.astype(dtype).astype("float64"))
    assert found.dtype == dtype
    normal = abs(wanted) > {"float32": 1e-36, "float64": 1e-300}[dtype]
    np.testing.assert_allclose(found[normal], wanted[normal], rtol={"float32": 4e-7, "float64": 3e-15}[dtype])


def test_sinc_and_hypot_where_their_formulas_have_a_seam() -> None:
    x = np.array([0, 1e-8, 5e-4, 9.99e-4, 1e-3, 1.001e-3, 0.5])
    np.testing.assert_allclose(gradus.sinc(x).numpy(), np.sinc(x), rtol=1e-15)
    zero = gradus.zeros(2, requires_grad=True)
    (gradus.hypot(zero, zero) + gradus.arctan2(zero, zero)).sum().backward()
    assert zero.grad.tolist() == [0, 0]
