"""Integers at the ends of their ranges, shifts past the width, floats that are no integers: as eagerly, and no trap."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from test_compiler_targets import X86, runs

import gradus
from gradus.compiler.native.target import avx2, avx512, sse2
from gradus.errors import GradusError
from gradus.ops.core.primitive import FUNCTIONS
from gradus.tensor import Tensor

pytestmark = pytest.mark.skipif(not X86, reason="forces the features of x86-64 processors")
INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
FLOATS = ("float32", "float64", "float16", "bfloat16")
ELSEWHERE = [(t, make) for t in ("int8", "int32", "int64", "uint64") for make in (sse2, avx512)]
FLOATS_ELSEWHERE = [(t, make) for t in FLOATS[:2] for make in (sse2, avx512)]
ELEMENTWISE = [name for name, f in FUNCTIONS.items() if f.elementwise]
ROUNDED = 3e-6  # integers that became floats first


def extremes(dtype: str) -> np.ndarray:
    """The ends of the range and what is near them, small numbers, and the widths by which one might shift."""
    ends = np.iinfo(dtype)
    numbers = [ends.min, ends.min + 1, ends.min // 2, -3, -2, -1, 0, 1, 2, 3, 7, 8, 15, 16, 31, 32, 33, 63, 64, 65, 127]
    numbers += [ends.max // 2 + 1, ends.max - 1, ends.max]
    return np.array(sorted({n for n in numbers if ends.min <= n <= ends.max}), dtype)


def operands(name: str, dtype: str) -> list[Tensor]:
    """All combinations of extremes; no negative exponents, which are refused."""
    several = [extremes(dtype)] * len(FUNCTIONS[name].cases[0].shapes)
    if name == "power":
        several[1] = several[1][several[1] >= 0]
    return [gradus.tensor(np.array(column, dtype)) for column in zip(*itertools.product(*several), strict=True)]


def accepted(name: str, dtype: str) -> bool:
    try:
        FUNCTIONS[name].function(*operands(name, dtype))
    except GradusError:
        return False
    return True


def same(found: Tensor, expected: Tensor, what: str) -> None:
    assert found.dtype == expected.dtype, what
    if expected.dtype.kind == "f":
        np.testing.assert_allclose(found.numpy(), expected.numpy(), rtol=ROUNDED, atol=1e-37, err_msg=what)
    else:
        np.testing.assert_array_equal(found.numpy(), expected.numpy(), err_msg=what)


@pytest.mark.parametrize(("dtype", "make"), [*((t, avx2) for t in INTEGERS), *ELSEWHERE])
def test_every_function_of_extreme_integers(dtype: str, make: Any) -> None:
    """In whole vectors and in what is left over, and one number alone."""
    if not runs(make()):
        pytest.skip("this processor lacks it")
    names = [name for name in ELEMENTWISE if accepted(name, dtype)]
    given = [operands(name, dtype) for name in names]

    def all_of_them(*xs: Tensor) -> list[Tensor]:
        left = iter(xs)
        return [FUNCTIONS[n].function(*(next(left) for _ in g)) for n, g in zip(names, given, strict=True)]

    flat = [x for g in given for x in g]
    compiled = gradus.compile(all_of_them, target=make())
    for name, found, expected in zip(names, compiled(*flat), all_of_them(*flat), strict=True):
        same(found, expected, f"{name} of {dtype}")


@pytest.mark.parametrize("dtype", INTEGERS)
def test_one_number_alone_and_constants(dtype: str) -> None:
    """Without vectors, and where an operand is known when the program is made."""
    ends = np.iinfo(dtype)
    xs = [gradus.tensor(np.array(n, dtype)) for n in (ends.min, ends.max, 5)]
    minus = [-1] if ends.min else []

    def by_constants(x: Tensor) -> list[Tensor]:
        by = [*minus, 0, 1, ends.max, ends.min]
        shifts = [x >> n for n in (0, 8, 31, 32, 64, 100, *minus)]
        return [y for n in by for y in (x // n, x % n)] + shifts + [x**n for n in (0, 1, 2, 3, 5, 100)]

    def by_numbers(x: Tensor, y: Tensor) -> list[Tensor]:
        return [x // y, x % y, x >> y, x * y, x + y, x - y, x ** (y & 15), abs(x), -x, x.sign()]

    one, two = gradus.compile(by_constants), gradus.compile(by_numbers)
    for x in xs:
        for found, expected in zip(one(x), by_constants(x), strict=True):
            same(found, expected, f"{x}")
        for n in (ends.min, *minus, 0, 1, ends.max):
            y = gradus.tensor(np.array(n, dtype))
            for found, expected in zip(two(x, y), by_numbers(x, y), strict=True):
                same(found, expected, f"{x}, {y}")


def test_constants_alone() -> None:
    """What is worked out when the program is made."""

    def folded() -> list[Tensor]:
        lowest = [gradus.full((), np.iinfo(t).min, t) for t in INTEGERS[:4]]
        return [y for x in lowest for y in (x // -1, x % -1, x // 0, x % 0, x >> 100, abs(x), -x, x * x)]

    for found, expected in zip(gradus.compile(folded)(), folded(), strict=True):
        same(found, expected, str(expected.dtype))


@pytest.mark.parametrize(
    ("source", "make"), [*((t, avx2) for t in (*FLOATS, *INTEGERS)), *ELSEWHERE, *FLOATS_ELSEWHERE]
)
def test_conversions(source: str, make: Any) -> None:
    """From what has no place in the other type, too. uint32 is left out there: NumPy's own answers differ by place."""
    if not runs(make()):
        pytest.skip("this processor lacks it")
    floats = source in FLOATS
    odd = [
        np.nan,
        np.inf,
        -np.inf,
        *(s * v for s in (1, -1) for v in (0.0, 0.9, 255.5, 300, 7e4, 3e9, 1e10, 1e19, 1e30)),
    ]
    ends = [s * 2.0**n for s in (1, -1) for n in (7, 8, 15, 16, 31, 32, 63, 64)] + [2.0**31 - 1, 2.0**63 - 1024]
    with np.errstate(all="ignore"):
        x = gradus.tensor(np.array(odd + ends), source) if floats else gradus.tensor(extremes(source))
    targets = [t for t in ("bool", *INTEGERS, "float32", "float64") if not (floats and t == "uint32")]

    def converted(x: Tensor) -> list[Tensor]:
        return [x.astype(t) for t in targets] + [x[0].astype(t) for t in targets]

    for found, expected in zip(gradus.compile(converted, target=make())(x), converted(x), strict=True):
        np.testing.assert_array_equal(found.numpy(), expected.numpy(), err_msg=f"{source} to {expected.dtype}")


def test_float64_is_rounded_to_float16_once() -> None:
    """What lies just beside the middle between two numbers would be in the middle, were it rounded to float32 first."""
    sizes = [(1 + (2 * n + 1) * 2.0**-11) * 2.0**e for n in range(4) for e in (-14, 0, 9)]
    middles = np.array([*sizes, *(-s for s in sizes)])
    x = np.concatenate([middles, middles * (1 + 2.0**-40), middles * (1 - 2.0**-40)])
    found = gradus.compile(lambda x: x.astype("float16"))(gradus.tensor(x)).numpy()
    np.testing.assert_array_equal(found, x.astype("float16"))


@pytest.mark.parametrize("source", ["float32", "float64", "bfloat16"])
def test_floats_that_uint32_has(source: str) -> None:
    x = gradus.tensor(np.array([0.0, 0.9, 255.0, 2.0**31 - 2**24, 2.0**31, 2.0**32 - 2**24]), source)
    np.testing.assert_array_equal(gradus.compile(lambda x: x.astype("uint32"))(x).numpy(), x.numpy().astype("uint32"))


@pytest.mark.parametrize("dtype", INTEGERS)
def test_reductions_of_extremes(dtype: str) -> None:
    x = gradus.tensor(np.resize(extremes(dtype), (3, 37)))

    def reduced(x: Tensor) -> list[Tensor]:
        along = (y for axis in (0, 1) for y in (x.sum(axis), x.max(axis), x.min(axis), x.argmax(axis), x.cumsum(axis)))
        return [*along, x.argmin(1), x.sum(), x.any(0), x.all(1)]

    for found, expected in zip(gradus.compile(reduced)(x), reduced(x), strict=True):
        same(found, expected, dtype)
