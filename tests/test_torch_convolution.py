"""Convolution and pooling, eager and compiled, against PyTorch: results and gradients."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from convolutions import DRAWN, NAMED, Convolution, Pooling, close
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import gradus

torch = pytest.importorskip("torch")
pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore:Using padding='same':UserWarning")]

some = settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
many = settings(some, max_examples=1000)
dtypes = st.sampled_from(("float32", "float32", "float64"))


def convolved(case: Convolution, x: Any, weight: Any, bias: Any) -> Any:
    """The result, in PyTorch."""
    functions, b = torch.nn.functional, bias if case.bias else None
    if case.transposed:
        sizes = case.stride, case.padding, case.extra, case.groups, case.dilation
        return functions.conv_transpose2d(x, weight, b, *sizes)
    convolve = functions.conv1d if len(case.size) == 1 else functions.conv2d
    return convolve(x, weight, b, case.stride, case.padding, case.dilation, case.groups)


def pooled(case: Pooling, x: Any) -> Any:
    """The result, in PyTorch."""
    function = getattr(torch.nn.functional, f"{case.kind}_pool{len(case.size)}d")
    apart = (case.dilation,) if case.kind == "max" else ()
    return function(x, case.kernel, case.stride, case.padding, *apart)


def theirs(case: Convolution | Pooling, arrays: list[np.ndarray]) -> list[Any]:
    """What `case.step` gives, from PyTorch."""
    *leaves, g = (torch.tensor(a, requires_grad=True) for a in arrays)
    before, after = (torch.tanh, torch.sigmoid) if isinstance(case, Convolution) else (torch.sigmoid, torch.tanh)
    x = before(leaves[0]) if case.around else leaves[0]
    y = convolved(case, x, *leaves[1:]) if isinstance(case, Convolution) else pooled(case, x)
    loss = ((after(y) if case.around else y) * g.detach()).sum()
    wanted = leaves
    if isinstance(case, Convolution):
        wanted = [*(leaves[:1] if case.input_gradient else []), leaves[1], *(leaves[2:] if case.bias else [])]
    return [y, loss / y.numel(), *torch.autograd.grad(loss, wanted)]


def compare(case: Convolution | Pooling, dtype: str) -> None:
    """Both frameworks from the same numbers; PyTorch's are worked out in float64, as its own sums differ too."""
    arrays = case.arrays(dtype)
    expected = theirs(case, [a.astype("float64") for a in arrays])
    for way, step in (("eager", case.step), ("compiled", gradus.compile(case.step))):
        results = step(*map(gradus.tensor, arrays))
        for i, (found, wanted) in enumerate(zip(results, expected, strict=True)):
            close(found.numpy(), wanted.detach().numpy(), dtype, f"{way}, result {i}")


@pytest.mark.parametrize("name", NAMED)
def test_named_convolutions(name: str) -> None:
    compare(NAMED[name], "float32")


def compare_drawn(case: Convolution | Pooling, dtype: str) -> None:
    compare(replace(case, ties=False) if isinstance(case, Pooling) else case, dtype)


each_kind = pytest.mark.parametrize("kind", DRAWN)


@each_kind
@some
@given(data=st.data(), dtype=dtypes)
def test_drawn(kind: str, data: Any, dtype: str) -> None:
    compare_drawn(data.draw(DRAWN[kind]), dtype)


@pytest.mark.long
@each_kind
@many
@given(data=st.data(), dtype=dtypes)
def test_many_drawn(kind: str, data: Any, dtype: str) -> None:
    compare_drawn(data.draw(DRAWN[kind]), dtype)
