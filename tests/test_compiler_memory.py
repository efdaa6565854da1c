"""Where a compiled step finds what it reads besides its arguments, and numbers that are no neighbours."""

from __future__ import annotations

import numpy as np
import pytest

import gradus


def test_what_does_not_lie_in_one_piece_is_read_and_written() -> None:
    w = gradus.Tensor(np.arange(12.0).reshape(4, 3).T)
    constant = gradus.Tensor(np.arange(8.0)[::2])
    assert not w.data.flags.c_contiguous

    @gradus.compile
    def step(x: gradus.Tensor) -> gradus.Tensor:
        return w.assign_(w * 2.0 + x + constant).sum()

    expected = w.numpy().copy()
    for _ in range(2):
        expected = expected * 2 + 1 + np.arange(8.0)[::2]
        assert float(step(gradus.ones((3, 4), dtype="float64"))) == expected.sum()
        np.testing.assert_array_equal(w.numpy(), expected)
    totals = step.epoch((np.ones((6, 4)),), np.arange(6).reshape(2, 3))
    assert totals[-1] == w.numpy().sum()


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "int64", "bool"])
@pytest.mark.parametrize("length", [2, 31, 32, 33, 64, 77])
def test_every_other_number_is_read(dtype: str, length: int) -> None:
    x = gradus.tensor(np.random.default_rng(length).integers(-5, 5, (3, length)), dtype)
    for function in (lambda x: x[:, ::2] == 1, lambda x: gradus.pad(x[:, 1::2], ((0, 0), (1, 2))) == 1):
        np.testing.assert_array_equal(gradus.compile(function)(x).numpy(), function(x).numpy())


@pytest.mark.parametrize("size", [8, 28, 64])
def test_windows_two_apart_in_small_batches(size: int) -> None:
    x = gradus.tensor(np.random.default_rng(size).normal(size=(2, 3, size, size)).astype("float32"))
    found = gradus.compile(lambda x: gradus.functional.max_pool2d(x, 2))(x).numpy()
    np.testing.assert_array_equal(found, x.numpy().reshape(2, 3, size // 2, 2, size // 2, 2).max((3, 5)))
