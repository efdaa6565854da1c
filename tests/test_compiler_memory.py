"""Where a compiled step finds what it reads besides its arguments."""

from __future__ import annotations

import numpy as np

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
