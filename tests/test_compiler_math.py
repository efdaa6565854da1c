"""Accuracy of the vector functions, in units of the last place, over the whole range of numbers."""

from __future__ import annotations

import math
import platform
from typing import Any

import numpy as np
import pytest

import gradus
from gradus.compiler.native.target import avx2, host, sse2

BOUNDS = {  # float32, float64
    "exp": (1.0, 1.0),
    "expm1": (1.5, 3.0),
    "log": (1.0, 1.0),
    "log1p": (2.0, 2.0),
    "tanh": (2.0, 2.0),
    "sin": (2.0, 1.0),
    "cos": (2.0, 1.0),
    "softplus": (2.5, 2.5),
    "sigmoid": (2.5, 3.0),
    "erf": (4.0, 4.5),
    "erfc": (6.0, 5.5),
    "sqrt": (0.5, 0.5),
}
PLACES = {"float32": (255, 23, np.uint32, 89.0), "float64": (2047, 52, np.uint64, 710.0)}


def samples(dtype: str, each: int) -> np.ndarray:
    """Numbers of every exponent, denormal ones among them, and more where the functions bend."""
    exponents, bits, words, largest = PLACES[dtype]
    rng = np.random.default_rng(0)
    exponent = np.arange(exponents, dtype=words)[:, None] << words(bits)
    spread = (exponent | rng.integers(0, 1 << bits, (exponents, each), dtype=words)).reshape(-1).view(dtype)
    dense = [rng.uniform(low, high, 60 * each) for low, high in ((0, largest * 1.2), (0, 5), (0.5, 2))]
    x = np.concatenate([spread, *dense]).astype(dtype)
    return np.concatenate([x, -x])


def exact(name: str, x: np.ndarray) -> np.ndarray:
    wide = x.astype(np.longdouble)
    if name in ("erf", "erfc"):
        return np.vectorize(getattr(math, name), otypes=[float])(x.astype("float64")).astype(np.longdouble)
    if name == "sigmoid":
        return 1 / (1 + np.exp(-wide))
    if name == "softplus":
        return np.maximum(wide, 0) + np.log1p(np.exp(-np.abs(wide)))
    return getattr(np, name)(wide)


def worst(name: str, x: np.ndarray, **options: Any) -> float:
    """The largest error of a compiled function; what is infinite or no number must be so exactly."""
    f = getattr(gradus, name)
    found = gradus.compile(lambda x: f(x), **options)(gradus.as_tensor(x)).numpy()
    with np.errstate(all="ignore"):
        wanted = exact(name, x)
        near = wanted.astype(x.dtype)
    np.testing.assert_array_equal(np.isnan(found), np.isnan(near))
    np.testing.assert_array_equal(found[np.isinf(near)], near[np.isinf(near)])
    finite = np.isfinite(near)
    unit = np.spacing(np.abs(near[finite])).astype(np.longdouble)
    return float((np.abs(found[finite].astype(np.longdouble) - wanted[finite]) / unit).max())


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", BOUNDS)
def test_errors_in_units_of_the_last_place(name: str, dtype: str) -> None:
    x = samples(dtype, 400 if dtype == "float32" else 60)
    if name in ("sin", "cos") and dtype == "float64":
        x = x[np.abs(x) < 1e9]  # where the long double reference still has digits
    assert worst(name, x) <= BOUNDS[name][dtype == "float64"]


@pytest.mark.parametrize("name", BOUNDS)
@pytest.mark.parametrize("target", [avx2, sse2])
def test_errors_without_wide_vectors_and_without_fused_multiplication(name: str, target: Any) -> None:
    if platform.machine() not in ("x86_64", "AMD64") or target().vector_bytes > host().vector_bytes:
        pytest.skip("this processor lacks it")
    assert worst(name, samples("float32", 100), target=target()) <= BOUNDS[name][0] + 0.5


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_limits(dtype: str) -> None:
    x = gradus.tensor([np.inf, -np.inf, np.nan, 0.0, -0.0], dtype)
    inf, nan = np.inf, np.nan
    limits = {
        "exp": [inf, 0, nan, 1, 1],
        "expm1": [inf, -1, nan, 0, -0.0],
        "log": [inf, nan, nan, -inf, -inf],
        "log1p": [inf, nan, nan, 0, -0.0],
        "tanh": [1, -1, nan, 0, -0.0],
        "sin": [nan, nan, nan, 0, -0.0],
        "cos": [nan, nan, nan, 1, 1],
        "sigmoid": [1, 0, nan, 0.5, 0.5],
        "erf": [1, -1, nan, 0, -0.0],
        "erfc": [0, 2, nan, 1, 1],
        "sqrt": [inf, nan, nan, 0, -0.0],
    }
    for name, expected in limits.items():
        f = getattr(gradus, name)
        found = gradus.compile(lambda x, f=f: f(x))(x).numpy()
        np.testing.assert_array_equal(found, np.array(expected, dtype))
        np.testing.assert_array_equal(np.signbit(found[3:]), np.signbit(expected[3:]))
