"""Convolution and pooling, eager and compiled, results and gradients, against plain loops in float64."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from convolutions import DRAWN, NAMED, Convolution, Pooling, close
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import gradus
from gradus.compiler.native.runtime import set_num_threads

QUIET: dict[str, Any] = {"deadline": None, "suppress_health_check": list(HealthCheck)}
dtypes = st.sampled_from(("float32", "float32", "float64"))
some, many = settings(max_examples=12, **QUIET), settings(max_examples=1200, **QUIET)


def compare(case: Convolution | Pooling, dtype: str) -> None:
    """Eager and compiled results against the definition's."""
    arrays = case.arrays(dtype)
    expected = case.by_definition(*(a.astype("float64") for a in arrays))
    for way, step in (("eager", case.step), ("compiled", gradus.compile(case.step))):
        results = step(*map(gradus.tensor, arrays))
        for i, (found, wanted) in enumerate(zip(results, expected, strict=True)):
            close(found.numpy(), wanted, dtype, f"{way}, result {i}")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", NAMED)
def test_named_convolutions(name: str, dtype: str) -> None:
    compare(NAMED[name], dtype)


each_kind = pytest.mark.parametrize("kind", DRAWN)


@each_kind
@some
@given(data=st.data(), dtype=dtypes)
def test_drawn(kind: str, data: Any, dtype: str) -> None:
    compare(data.draw(DRAWN[kind]), dtype)


@pytest.mark.long
@each_kind
@many
@given(data=st.data(), dtype=dtypes)
def test_many_drawn(kind: str, data: Any, dtype: str) -> None:
    compare(data.draw(DRAWN[kind]), dtype)


@pytest.mark.parametrize("axes", [(0, 3, 1, 2), (1, 0, 3, 2), (2, 3, 0, 1)])
def test_images_and_weights_may_lie_in_memory_in_any_order(axes: tuple[int, ...]) -> None:
    """The images are a view of others whose axes are in this order."""
    case = NAMED["3x3, stride 2"]
    x, weight, bias, g = case.arrays("float32")
    back = tuple(np.argsort(axes))
    expected = gradus.compile(case.step)(*map(gradus.tensor, (x, weight, bias, g)))

    @gradus.compile
    def step(moved: gradus.Tensor, kernels: gradus.Tensor, bias: gradus.Tensor, g: gradus.Tensor) -> Any:
        return case.step(moved.permute(back), kernels.permute(back), bias, g)

    moved, kernels = (np.ascontiguousarray(a.transpose(axes)) for a in (x, weight))
    strided = np.repeat(x, 2, axis=3)[..., ::2]
    for found in (
        step(*map(gradus.tensor, (moved, kernels, bias, g))),
        gradus.compile(case.step)(*map(gradus.tensor, (strided, weight, bias, g))),
    ):
        for a, b in zip(found, expected, strict=True):
            close(a.numpy(), b.numpy(), "float32", "")


def test_what_is_not_a_number_stays_where_it_is_seen() -> None:
    """An infinity reaches the windows that see it, as infinity or nan, and no others."""
    case = NAMED["3x3, batch 32"]
    x, weight, bias, _ = case.arrays("float32")
    x[3, 2, 4, 4] = np.inf
    for convolve in (case, gradus.compile(lambda *tensors: case(*tensors))):
        reached = ~np.isfinite(convolve(*map(gradus.tensor, (x, weight, bias))).numpy())
        assert reached[3, :, 3:6, 3:6].all()
        assert reached.sum() == reached[3, :, 3:6, 3:6].sum()


# -- the same bits ---------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("shared")
@pytest.mark.parametrize("name", ["lenet first", "alexnet second", "3x3, 64 channels", "depthwise", "dilated"])
def test_the_bits_do_not_depend_on_the_threads(name: str) -> None:
    case = NAMED[name]
    outcomes = []
    for threads in (1, 2, 4, 1):
        set_num_threads(threads)
        results = gradus.compile(case.step)(*map(gradus.tensor, case.arrays("float32")))
        outcomes.append([r.numpy().tobytes() for r in results])
    assert all(o == outcomes[0] for o in outcomes)
