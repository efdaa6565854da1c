"""Large results of compiled functions: each call's is the caller's to keep; memory that nobody holds is used again."""

from __future__ import annotations

import numpy as np
import pytest

import gradus

N = 200  # its square is too large to be copied out


@pytest.fixture
def double():
    return gradus.compile(lambda x: x * 2)


def test_results_that_are_held_stay_as_they_are(double):
    kept = [double(gradus.full((N, N), float(i))) for i in range(4)]
    assert [float(t.numpy()[3, 5]) for t in kept] == [0.0, 2.0, 4.0, 6.0]


HOLDERS = [lambda t: t, lambda t: t.numpy(), lambda t: t.numpy()[:2].T, lambda t: memoryview(t.numpy())]


@pytest.mark.parametrize("hold", HOLDERS)
def test_whatever_holds_a_result_holds_its_memory(double, hold):
    held = hold(double(gradus.ones((N, N))))
    double(gradus.full((N, N), 7.0))
    first = np.asarray(held if not isinstance(held, gradus.Tensor) else held.numpy())
    assert first.ravel()[0] == 2.0


def test_memory_that_nobody_holds_is_used_again(double):
    x = gradus.ones((N, N))
    places = {double(x).numpy().ctypes.data for _ in range(5)}
    assert len(places) == 1
