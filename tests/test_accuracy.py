"""Accuracy against exact sums, family by family: many terms, large offsets, tiny and huge numbers, all types of floats.

Each is worked out eagerly and compiled, for each kind of processor there is, on one thread and on two, whose bits must
be the same.
"""

from __future__ import annotations

import math
import platform
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import gradus
from gradus import Tensor
from gradus.compiler.target import avx2, avx512, host, sse2

X86 = platform.machine() in ("x86_64", "AMD64")
TARGETS = [t() for t in (sse2, avx2, avx512) if X86 and t().vector_bytes <= host().vector_bytes] or [host()]
FLOATS = ("float16", "bfloat16", "float32", "float64")
DIGIT = {"float16": 2.0**-11, "bfloat16": 2.0**-8, "float32": 2.0**-24, "float64": 2.0**-53}  # half of the last one


@pytest.fixture(autouse=True)
def shared(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Even small programs are made for two threads where two are asked for."""
    monkeypatch.setattr("gradus.compiler.program.WORTH_SHARING", 0)
    yield
    gradus.set_num_threads(0)


def ways(f: Callable[..., Tensor], *arguments: Any) -> Iterator[tuple[str, np.ndarray]]:
    """The result, eager and compiled for each processor; two threads must give the bits of one."""
    eager = f(*arguments)
    yield "eager", eager.numpy()
    for target in TARGETS:
        found = []
        for threads in (1, 2):
            gradus.set_num_threads(threads)
            found.append(gradus.compile(f, target=target)(*arguments).numpy())
        assert found[0].tobytes() == found[1].tobytes(), target
        assert found[0].dtype == eager.dtype
        yield str(target), found[0]


def close(f: Callable[..., Tensor], arguments: Any, exact: Any, digits: float = 16.0) -> None:
    """All ways give the exact numbers, up to so many halves of a last digit of their type."""
    for way, found in ways(f, *arguments):
        got, wanted = found.astype("float64"), np.asarray(exact, "float64")
        name = found.dtype.name
        np.testing.assert_array_equal(np.isfinite(got), np.isfinite(wanted), way)
        finite = np.isfinite(wanted)
        np.testing.assert_array_equal(got[~finite], wanted[~finite], way)
        allowed = digits * DIGIT[name] * abs(wanted[finite]) + float(
            np.finfo("float32").tiny if name == "float32" else 0
        )
        worst = np.max(abs(got[finite] - wanted[finite]) - allowed, initial=-1.0)
        assert worst <= 0, f"{way}: {got} instead of {wanted}"


def exact_sum(a: np.ndarray, axis: int | tuple[int, ...] | None = None) -> np.ndarray:
    """The sum without any rounding but the last one."""
    axes = tuple(range(a.ndim)) if axis is None else (axis,) if isinstance(axis, int) else axis
    kept = [n for i, n in enumerate(a.shape) if i not in axes]
    rows = np.moveaxis(a.astype("float64"), axes, range(-len(axes), 0)).reshape(math.prod(kept), -1)
    return np.array([math.fsum(row) for row in rows]).reshape(kept)


# -- sums --------------------------------------------------------------------------------------------------------------


def test_the_mean_of_ten_million_equal_numbers() -> None:
    x = gradus.full((10**7,), 0.1)
    close(lambda x: x.mean(), (x,), np.float32(0.1), 8)


def test_the_sum_down_a_million_rows() -> None:
    x = gradus.full((10**6, 16), 0.1)
    close(lambda x: x.sum(0), (x,), np.full(16, np.float32(0.1) * 1e6), 8)


SHAPES: list[tuple[tuple[int, ...], Any]] = [
    ((60_001,), None),
    ((60_001,), 0),
    ((9_001, 5), 0),
    ((3, 4_097), 1),
    ((40, 3, 33, 35), (0, 2, 3)),
    ((21, 22, 23, 5), (0, 1, 2)),
    ((999, 17), None),
    ((333, 1, 77), (0, 2)),
    ((65, 64), 0),
]


@pytest.mark.parametrize(("shape", "axis"), SHAPES)
@pytest.mark.parametrize("dtype", FLOATS)
def test_sums_of_equal_numbers_of_any_shape(shape: tuple[int, ...], axis: Any, dtype: str) -> None:
    x = gradus.full(shape, 0.1, dtype)
    n = x.size // max(x.sum(axis).size, 1)
    close(lambda x: x.sum(axis) / n, (x,), np.full(x.sum(axis).shape, float(x.numpy().flat[0])), 10)


@pytest.mark.parametrize("scale", [1e-40, 1e-20, 1.0, 1e30])
@pytest.mark.parametrize("offset", [0.0, 1000.0])
def test_sums_of_random_numbers_tiny_and_huge(scale: float, offset: float) -> None:
    a = ((np.random.default_rng(0).random((3000, 7)) + offset) * scale).astype("float32")
    for axis in (0, 1, None):
        close(lambda x, axis=axis: x.sum(axis), (Tensor(a),), exact_sum(a, axis))
        turned = Tensor(np.ascontiguousarray(a.T))
        close(lambda x, axis=axis: x.T.sum(axis), (turned,), exact_sum(a, axis))


def test_sums_with_infinities_and_nan() -> None:
    a = np.random.default_rng(0).random((5000, 4)).astype("float32")
    a[100, 0], a[4000, 1], a[7, 1], a[4999, 2] = np.inf, np.inf, -np.inf, np.nan
    close(lambda x: x.sum(0), (Tensor(a),), [np.inf, np.nan, np.nan, exact_sum(a[:, 3])])


def test_sums_of_views() -> None:
    a = np.random.default_rng(0).random((6000, 6)).astype("float32")
    for view in (a[::2], a[::-1], a[:, 1:4], a.T, a[1::3, ::-2]):
        for axis in (0, 1, (0, 1)):
            got = Tensor(view).sum(axis).numpy()
            np.testing.assert_allclose(got, exact_sum(view, axis), rtol=1e-6)
    row = gradus.tensor(np.float32(0.1)).broadcast_to((10**5,))
    np.testing.assert_allclose(row.sum().item(), float(np.float32(0.1)) * 1e5, rtol=1e-6)


@pytest.mark.parametrize("shape", [(10**5, 3), (3, 10**5)])
def test_gradients_that_are_sums(shape: tuple[int, ...]) -> None:
    """Of what was stretched, whose gradient is the sum over what it was stretched along."""
    axis = int(shape[0] < shape[1])
    row = gradus.full(tuple(1 if i == 1 - axis else 3 for i in range(2))[::-1] if axis == 0 else (3, 1), 1.0)
    x = gradus.full(shape, 0.1)

    def slope(row: Tensor, x: Tensor) -> Tensor:
        leaf = row.detach().requires_grad_()
        return gradus.grad((leaf * x).sum(), leaf)  # type: ignore[return-value]

    close(slope, (row, x), np.full(row.shape, float(np.float32(0.1)) * 1e5), 8)


# -- running sums ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_running_sums_of_a_million_numbers(dtype: str) -> None:
    x = gradus.full((10**6,), 0.1, dtype)
    each = float(x.numpy()[0])
    for way, found in ways(lambda x: x.cumsum(0), x):
        exact = each * np.arange(1, 10**6 + 1)
        assert np.max(abs(found / exact - 1)) < (1e-7 if dtype == "float32" else 1e-12), way


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_running_sums_along_any_axis(dtype: str, axis: int) -> None:
    for shape in ((3, 2100, 2), (1500, 2, 3), (2, 3, 1025)):
        x = gradus.tensor(np.random.default_rng(0).random(shape), dtype)
        close(lambda x: x.cumsum(axis), (x,), np.cumsum(x.numpy().astype("longdouble"), axis), 8)
