"""Promotion: the higher kind wins, within a kind the wider type; Python numbers have no width."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import gradus
from gradus import dtypes
from gradus.errors import ArgumentError, DtypeError

pytestmark = pytest.mark.usefixtures("checked")

ALL = [
    dtypes.as_dtype(name) for name in ("bool", "uint8", "int32", "int64", "float16", "bfloat16", "float32", "float64")
]
ALL += [np.dtype(name) for name in ("int8", "int16", "uint16", "uint32", "uint64")]


@pytest.mark.parametrize(("a", "b"), list(itertools.product(ALL, ALL)))
def test_promotion_follows_its_rule(a: np.dtype, b: np.dtype) -> None:
    both = dtypes.promote(a, b)
    assert both == dtypes.promote(b, a)
    assert dtypes.kind(both) == max(dtypes.kind(a), dtypes.kind(b))
    assert (gradus.ones(1, a) + gradus.ones(1, b)).dtype == both
    if dtypes.kind(a) != dtypes.kind(b):
        assert both == max((a, b), key=dtypes.kind)
    elif a.kind == b.kind and a.itemsize != b.itemsize:
        assert both == max((a, b), key=lambda d: d.itemsize)


def test_halves_of_two_kinds_meet_in_float32_and_signs_in_a_wider_integer() -> None:
    assert dtypes.promote(dtypes.float16, dtypes.bfloat16) == dtypes.float32
    assert dtypes.promote(np.dtype("int8"), dtypes.uint8) == np.dtype("int16")
    assert dtypes.promote(dtypes.uint64, dtypes.int64) == dtypes.int64


@pytest.mark.parametrize("dtype", ALL)
def test_python_numbers_take_the_tensors_type(dtype: np.dtype) -> None:
    x = gradus.ones(2, dtype)
    assert (x + 1.5).dtype == (dtype if dtypes.is_float(dtype) else dtypes.float32)
    assert (1 + x).dtype == (dtypes.int64 if dtype.kind == "b" else dtype)
    assert (x * True).dtype == dtype
    assert (x * np.float64(1.5)).dtype == (x * 1.5).dtype  # NumPy's numbers are Python's
    assert (np.float64(1.5) * x).dtype == (x * 1.5).dtype
    assert (x * np.ones(2)).dtype == dtypes.float64  # NumPy's arrays are arrays


@pytest.mark.parametrize("value", [-1, 256, 2**70])
def test_numbers_that_do_not_fit_are_refused(value: int) -> None:
    x = gradus.tensor([1, 2], "uint8")
    for use in (lambda: x + value, lambda: x < value, lambda: gradus.full(2, value, "uint8")):
        with pytest.raises(ArgumentError, match=r"is no number of uint8.*0 to 255"):
            use()
    with pytest.raises(ArgumentError, match="nan is no number of int64"):
        gradus.full(2, np.nan, int)


def test_names_of_dtypes() -> None:
    assert [dtypes.as_dtype(d) for d in (int, float, bool, "bfloat16", np.uint8, np.dtype("f8"))] == [
        dtypes.int64, dtypes.float32, dtypes.bool_, dtypes.bfloat16, dtypes.uint8, dtypes.float64
    ]  # fmt: skip
    with pytest.raises(DtypeError, match="Did you mean 'float32'"):
        dtypes.as_dtype("flaot32")
    for wrong in ("complex128", "U3", object):
        with pytest.raises(DtypeError, match="no dtype of gradus"):
            dtypes.as_dtype(wrong)


def test_what_tensors_are_made_of() -> None:
    made = [1, 1.5, True, np.float64(1), np.float32(1), np.ones(1, "f2"), [1, 2.5]]
    assert [gradus.tensor(d).dtype.name for d in made] == [
        "int64", "float32", "bool", "float64", "float32", "float16", "float32"
    ]  # fmt: skip
    assert gradus.tensor(np.arange(3, dtype=">i4")).tolist() == [0, 1, 2]  # another byte order
    assert gradus.tensor(np.arange(3, dtype=">i4")).dtype == dtypes.int32
    for wrong in (1j, "a", None, [None], np.array(["x"])):
        with pytest.raises(DtypeError):
            gradus.tensor(wrong)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_adds_up_in_float32(dtype: str) -> None:
    x = gradus.full(5000, 100.0, dtype)
    assert x.mean().item() == 100
    assert x.var().item() == 0
    assert gradus.full(5000, 1.0, dtype).sum().item() == pytest.approx(5000, rel=2**-7)  # alone it would stop at 2048
    product = gradus.full((1, 5000), 0.1, dtype) @ gradus.full((5000, 1), 0.1, dtype)
    assert product.item() == pytest.approx(50, rel=2**-6)


def test_sums_of_small_integers_do_not_run_over() -> None:
    x = gradus.full(1000, 200, "uint8")
    assert x.sum().item() == 200_000
    assert x.cumsum(0)[-1].item() == 200_000
    assert gradus.full(3, True).sum().item() == 3


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int64", "bool", "float32"])
def test_smallest_and_largest_of_every_kind(dtype: str) -> None:
    limits = {"bool": [True, False], "float32": [0.5, -np.inf]}.get(dtype)
    if limits is None:
        limits = [np.iinfo(dtype).max, np.iinfo(dtype).min, 1]
    numbers = np.array(limits, dtype)
    x = gradus.tensor(numbers)
    assert (x.min().item(), x.max().item()) == (numbers.min(), numbers.max())
    assert (x.argmin().item(), x.argmax().item()) == (numbers.argmin(), numbers.argmax())


def test_arithmetic_of_truth_values_is_refused_where_it_means_nothing() -> None:
    x = gradus.tensor([True, False])
    for use in (lambda: x - x, lambda: -x, lambda: x // x, lambda: x % x, lambda: x**x, x.sign, lambda: x >> x):
        with pytest.raises(DtypeError, match="needs numbers, got booleans"):
            use()
    assert ((x + x).tolist(), (x * x).tolist(), (x + 1).tolist()) == ([True, False], [True, False], [2, 1])


def test_integers_divided_by_zero_and_to_negative_powers() -> None:
    x = gradus.tensor([3, -3])
    assert (x // 0).tolist() == (x % 0).tolist() == [0, 0]
    with pytest.raises(ArgumentError, match="to a negative power"):
        x**-1
    assert np.isinf((x / 0).numpy()).all()
