"""Integers as they are, ranges, and random numbers between bounds: exact at the ends of every type of numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from everyway import ways

import gradus
from gradus import functional as F
from gradus import random
from gradus.errors import ArgumentError
from gradus.nn import init
from gradus.tensor import Tensor

INF = float("inf")

# -- integers are never taken through floats ---------------------------------------------------------------------------

BIG = {"int32": 16777217, "uint32": 2**32 - 1, "int64": 2**62 + 1, "uint64": 2**64 - 1}


@pytest.mark.parametrize("dtype", BIG)
def test_large_integers_stay_what_they_are(dtype: str) -> None:
    n = BIG[dtype]
    info = np.iinfo(dtype)
    x = np.array([n, 3, n - 1, info.min, info.max, 0], dtype)
    functions: dict[str, tuple[Callable[[Tensor], Any], Any]] = {
        "round": (gradus.round, x),
        "floor": (gradus.floor, x),
        "sign": (gradus.sign, np.sign(x)),
        "absolute": (gradus.absolute, np.abs(x)),
        "clip": (lambda x: x.clip(1, n), np.clip(x, 1, n)),
        "maximum": (lambda x: x.maximum(n - 1), np.maximum(x, np.array(n - 1, dtype))),
        "where": (lambda x: gradus.where(x == n, 5, x), np.where(x == n, np.array(5, dtype), x)),
        "max": (lambda x: x.max(0), x.max()),
        "argmax": (lambda x: x[:4].argmax(0), x[:4].argmax()),
        "argmin": (lambda x: x.argmin(0), x.argmin()),
        "max_pool1d": (lambda x: F.max_pool1d(x, 2, padding=1), np.maximum(x[[0, 1, 3, 5]], x[[0, 2, 4, 5]])),
        "equals": (lambda x: x == n, x == n),
        "equals a float": (lambda x: x == 2.0**24, x == 2**24),
        "less than a float": (lambda x: x < 2.5, x < 2.5),
    }  # fmt: skip
    for way in ways(lambda x: [f(x) for f, _ in functions.values()]):
        for (name, (_, expected)), found in zip(functions.items(), way(gradus.tensor(x)), strict=True):
            np.testing.assert_array_equal(found.numpy(), expected, err_msg=name)
            assert found.numpy().dtype == np.asarray(expected).dtype, name


def test_averages_of_large_integers_are_rounded_once() -> None:
    for dtype, low, high in (("int64", 2**40, 2**40 + 9), ("int32", 2**30, 2**30 + 9), ("uint8", 250, 256)):
        x = np.random.default_rng(0).integers(low, high, (7, 300)).astype(dtype)
        for way in ways(lambda x: (x.mean(1), x.var(1), x.std())):
            mean, var, std = (y.numpy() for y in way(gradus.tensor(x)))
            assert mean.dtype == var.dtype == std.dtype == np.float32
            np.testing.assert_allclose(mean, x.mean(1), rtol=1e-7)
            np.testing.assert_allclose(var, x.astype("int64").var(1), rtol=1e-6)
            np.testing.assert_allclose(std, x.std(), rtol=1e-6)


# -- ranges ------------------------------------------------------------------------------------------------------------


def test_linspace_is_numpys_and_ends_at_stop() -> None:
    for start, stop in ((0.0, 1.0), (0.1, 0.7), (-3.3, 1e5), (1e-320, 5e-320), (5.0, -5.0), (-1e308, 0.5)):
        for n in (1, 2, 3, 7, *range(48, 100), 1998):
            found = gradus.linspace(start, stop, n, dtype="float64").numpy()
            np.testing.assert_array_equal(found, np.linspace(start, stop, n))
            assert n == 1 or found[-1] == stop
    assert gradus.linspace(-1.5e308, 1.5e308, 3, dtype="float64").tolist() == [-1.5e308, 0, 1.5e308]
    assert gradus.linspace(0.1, 0.7, 50).numpy().tobytes() == np.linspace(0.1, 0.7, 50).astype("float32").tobytes()


def test_ranges_of_integers_are_exact() -> None:
    for start, stop, n in ((0, 1, 50), (-7, 600, 41), (9, -9, 5), (2**62, 2**62 + 10, 4), (0, 2**63 - 1, 9)):
        exact = [start + i * (stop - start) // (n - 1) for i in range(n)]
        for way in ways(lambda start=start, stop=stop, n=n: gradus.linspace(start, stop, n, dtype="int64")):
            assert way().tolist() == exact
    assert gradus.linspace(-1.5, 2.5, 7, dtype=int).tolist() == np.linspace(-1.5, 2.5, 7, dtype=int).tolist()
    for start, stop, step, dtype in (
        (2**53 - 1, 2**53 + 4, 1, "int64"), (2**63 - 1, 2**63 - 9, -3, "int64"), (2**64 - 4, 2**64, 2, "uint64"),
        (-(2**63), 2**63 - 1, 2**62, "int64"),
    ):  # fmt: skip
        for way in ways(lambda a=start, b=stop, c=step, d=dtype: gradus.arange(a, b, c, dtype=d)):
            assert way().tolist() == list(range(start, stop, step))


def test_ranges_of_floats_have_numpys_length() -> None:
    for start, stop, step in ((0, 1, 0.1), (1, 1.3, 0.1), (0, 0.3, 0.1), (5, 0, -0.7), (0, 1e-310, 1e-311)):
        found = gradus.arange(start, stop, step, dtype="float64").numpy()
        np.testing.assert_allclose(found, np.arange(start, stop, step), rtol=1e-13)


def test_ranges_that_no_integer_type_holds_are_refused() -> None:
    for make in (
        lambda: gradus.arange(0, 300, dtype="uint8"),
        lambda: gradus.linspace(-1, 5, 3, dtype="uint8"),
        lambda: gradus.linspace(0.0, 300.0, 3, dtype="uint8"),
        lambda: gradus.linspace(0.0, INF, 3, dtype=int),
        lambda: gradus.linspace(-INF, 0, 3, dtype="int8"),
        lambda: gradus.linspace(float("nan"), 0, 3, dtype=int),
        lambda: gradus.arange(2**63, 2**63 + 2),
        lambda: gradus.arange(0, INF),
    ):
        with pytest.raises(ArgumentError):
            make()


# -- random numbers ----------------------------------------------------------------------------------------------------

RANGES = [
    (-(2**63), 2**63 - 1, "int64"), (-(2**63), 2**63, "int64"), (0, 2**64, "uint64"), (7, 3 * 2**62, "uint64"),
    (2**63, 2**63 + 1000, "uint64"), (-100, 100, "int8"), (0, 256, "uint8"), (-(2**31), 2**31, "int32"),
    (0, 2**40 + 1, "int64"), (0, 2000, "float16"),
]  # fmt: skip


@pytest.mark.parametrize(("low", "high", "dtype"), RANGES)
def test_integers_are_drawn_evenly_from_any_range(low: int, high: int, dtype: str) -> None:
    def draw() -> Tensor:
        gradus.seed(1)
        return gradus.randint(low, high, (20000,), dtype=dtype)

    numbers = [int(n) for n in draw().tolist()]
    assert low <= min(numbers) <= max(numbers) < high
    share = np.array([(n - low) / (high - low) for n in numbers])
    counts = np.histogram(share, 10, (0, 1))[0]
    assert np.abs(counts / 2000 - 1).max() < 0.12
    if high - low > 2**40:
        assert len(set(numbers)) == len(numbers)
        assert abs(np.mean([n % 2 for n in numbers]) - 0.5) < 0.02
    for way in ways(draw):
        np.testing.assert_array_equal(way().numpy(), draw().numpy())


def test_integers_of_large_ranges_are_the_products_of_words() -> None:
    span = 3 * 2**62 + 12345
    words = random.Generator(3).bits((2, 50)).numpy().astype(object)
    found = random.Generator(3).randint(0, span, (50,), dtype="uint64").tolist()
    assert found == [((high << 32) + low) * span >> 64 for high, low in words.T.tolist()]


@pytest.mark.parametrize(
    ("low", "high", "dtype"),
    [(0, 300, "uint8"), (-1, 3, "uint8"), (0, 2**63 + 1, "int64"), (0, 2**64 + 1, "uint64"), (0, 5000, "float16"),
     (0, 3, "bool"), (3, 3, "int64"), (0, 2.5, "int64")],
)  # fmt: skip
def test_integers_that_the_type_does_not_hold_are_refused(low: Any, high: Any, dtype: str) -> None:
    with pytest.raises(ArgumentError, match="randint"):
        gradus.randint(low, high, (3,), dtype=dtype)


def test_uniform_numbers_are_below_the_upper_bound() -> None:
    for dtype in ("float64", "float32", "float16", "bfloat16"):
        for a, b in ((1.0, 2.0), (1e3, 1e3 + 1e-1), (-1.0, -0.5), (5.0, 6.0)):
            x = init.uniform_(gradus.zeros(20000, dtype=dtype), a, b).numpy()
            assert x.min() >= np.asarray(a, x.dtype)
            assert a == b or x.max() < np.asarray(b, x.dtype) or np.asarray(a, x.dtype) == np.asarray(b, x.dtype)
        assert np.isfinite(gradus.randn(20000, dtype=dtype).numpy().astype("float64")).all()
