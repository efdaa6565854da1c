"""Tensors among other libraries' arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradus
from gradus import array_api as xp
from gradus.errors import ArgumentError, GradusError


def test_numpys_functions_of_tensors_are_gradus() -> None:
    t = gradus.tensor([1.0, 2.0, 3.0], requires_grad=True)
    array = np.array([3.0, 2.0, 1.0], np.float32)
    found = [np.exp(t), np.mean(t, axis=0), array * t, np.add(array, t), np.concatenate([t, t]), np.where(t > 1, t, 0)]
    wanted = [np.exp, lambda x: np.mean(x, axis=0), lambda x: array * x, lambda x: array + x]
    wanted += [lambda x: np.concatenate([x, x]), lambda x: np.where(x > 1, x, 0)]
    for y, f in zip(found, wanted, strict=True):
        assert isinstance(y, gradus.Tensor)
        assert y.requires_grad
        np.testing.assert_allclose(y.detach().numpy(), f(t.detach().numpy()), rtol=1e-6)
    assert gradus.grad(np.sum(np.square(t)), t).tolist() == [2, 4, 6]
    inside = gradus.compile(lambda t: gradus.grad(np.sum(np.square(t)), t))(t)
    assert inside.tolist() == [2, 4, 6]
    assert np.linalg.norm(t).requires_grad
    assert gradus.compile(lambda t: t * np.ndim(t) * np.size(t) * np.shape(t)[0])(t).tolist() == [9, 18, 27]


def test_what_gradus_does_not_have_gives_arrays() -> None:
    t = gradus.tensor([1.0, 2.0, 4.0])
    assert np.ptp(t.numpy()) == 3 and np.trim_zeros(t).tolist() == [1, 2, 4]
    assert isinstance(np.convolve(t, t), np.ndarray)
    assert np.asarray(t).tolist() == [1, 2, 4]
    assert np.add.reduce(t) == 7
    with pytest.raises(ArgumentError, match="not written into an array"):
        np.add(t, t, out=np.zeros(3, np.float32))


def test_memory_is_shared_by_dlpack() -> None:
    t = gradus.tensor([1.0, 2.0])
    array = np.from_dlpack(t)
    t[0] = 5
    assert array.tolist() == [5, 2]
    assert gradus.from_dlpack(t, copy=True).tolist() == [5, 2]
    assert t.__dlpack_device__() == (1, 0)
    with pytest.raises(BufferError, match="requires a gradient"):
        np.from_dlpack(gradus.tensor([1.0], requires_grad=True))
    with pytest.raises(ArgumentError, match="has no __dlpack__"):
        gradus.from_dlpack([1.0])


@pytest.mark.torch
def test_pytorch_shares_memory() -> None:
    torch = pytest.importorskip("torch")
    t = gradus.tensor([1.0, 2.0])
    theirs = torch.from_dlpack(t)
    theirs[1] = 7
    assert t.tolist() == [1, 7]
    assert gradus.from_dlpack(torch.ones(2)).tolist() == [1, 1]


def test_a_program_for_any_library() -> None:
    def standardised(x: gradus.Tensor) -> gradus.Tensor:
        xp = x.__array_namespace__()
        y = xp.asarray(x, dtype=xp.float64)
        return (y - xp.mean(y, axis=0)) / xp.std(y, axis=0, correction=1)

    x = gradus.tensor(np.random.default_rng(0).normal(size=(5, 2)))
    numbers = x.numpy()
    np.testing.assert_allclose(standardised(x).numpy(), (numbers - numbers.mean(0)) / numbers.std(0, ddof=1))
    assert (x.device, x.to_device("cpu")) == ("cpu", x)
    assert xp.isdtype(xp.int8, "integral")
    assert xp.result_type(xp.int8, xp.uint8) == xp.int16
    assert xp.cumulative_sum(xp.asarray([1, 2]), include_initial=True).tolist() == [0, 1, 3]
    assert xp.sum(xp.asarray([1, 2], dtype=xp.uint8)).dtype == xp.uint64
    assert xp.clip(xp.asarray([1.0, 5.0]), max=2.0).tolist() == [1, 2]
    assert xp.sort(xp.asarray([1, 3]), descending=True, stable=False).tolist() == [3, 1]
    with pytest.raises(ArgumentError, match="to_device: there is one device"):
        x.to_device("gpu")
    with pytest.raises(GradusError, match="there is one device"):
        xp.zeros(2, device="gpu")
    assert xp.unique_all(xp.asarray([3, 1, 3])).counts.tolist() == [1, 2]


SAID: dict[str, Callable[[Any], Any]] = {
    "np.sum(X)": lambda X: np.sum(X),
    "np.sum(X, 0)": lambda X: np.sum(X, 0),
    "np.mean(X, axis=1, keepdims=True)": lambda X: np.mean(X, axis=1, keepdims=True),
    "np.max(X, 0, None, True)": lambda X: np.max(X, 0, None, True),
    "np.var(X, ddof=1)": lambda X: np.var(X, ddof=1),
    "np.take(X, [0, 1], 0)": lambda X: np.take(X, [0, 1], 0),
    "np.cumsum(X, 1)": lambda X: np.cumsum(X, 1),
    "np.where(X > 0.5)": lambda X: np.where(X > 0.5),
    "np.where(X > 0.5, X, 0)": lambda X: np.where(X > 0.5, X, 0),
    "np.clip(X, 0.2, 0.5)": lambda X: np.clip(X, 0.2, 0.5),
    "np.concatenate((X, X), 1)": lambda X: np.concatenate((X, X), 1),
    "np.stack([X, X], 1)": lambda X: np.stack([X, X], 1),
    "np.linalg.svd(X, full_matrices=False)[1]": lambda X: np.linalg.svd(X, full_matrices=False)[1],
    "np.round(X)": lambda X: np.round(X),
    "np.split(X, 3)": lambda X: np.split(X, 3),
    "np.einsum('ij,jk->ik', X, X)": lambda X: np.einsum("ij,jk->ik", X, X),
    "np.argmax(X, 1)": lambda X: np.argmax(X, 1),
    "np.quantile(X, 0.5)": lambda X: np.quantile(X, 0.5),
    "np.tile(X, 2)": lambda X: np.tile(X, 2),
    "np.concatenate((X, X), axis=None)": lambda X: np.concatenate((X, X), axis=None),
    "np.isin(X, X[0], invert=True)": lambda X: np.isin(X, X[0], invert=True),
    "np.reshape(X, (9,))": lambda X: np.reshape(X, (9,)),
    "np.round(X, 1)": lambda X: np.round(X, 1),
    "np.linalg.svd(X)[1]": lambda X: np.linalg.svd(X)[1],
    "np.linalg.eigvalsh(X, 'U')": lambda X: np.linalg.eigvalsh(X, "U"),
    "np.linalg.cholesky(X @ X.T, upper=True)": lambda X: np.linalg.cholesky(X @ X.T, upper=True),
    "np.percentile(X, 30, 0)": lambda X: np.percentile(X, 30, 0),
    "np.average(X, weights=X)": lambda X: np.average(X, weights=X),
    "np.take(X, [0, 1])": lambda X: np.take(X, [0, 1]),
    "np.sum(X, 0, np.float64)": lambda X: np.sum(X, 0, np.float64),
}
REFUSED: dict[str, Callable[[Any], Any]] = {
    "np.sort(X, -1, 'stable')": lambda X: np.sort(X, -1, "stable"),
    "np.cumsum(X)": lambda X: np.cumsum(X),
    "np.cov(X, X)": lambda X: np.cov(X, X),
}


@pytest.mark.parametrize("name", SAID)
def test_what_is_said_to_numpy_means_the_same(name: str) -> None:
    array = np.random.default_rng(0).uniform(size=(3, 3))
    found, expected = (SAID[name](x) for x in (gradus.tensor(array), array))
    several = isinstance(expected, (tuple, list))
    for a, b in zip(found if several else [found], expected if several else [expected], strict=True):
        np.testing.assert_allclose(np.asarray(a), b)
        assert np.shape(a) == np.shape(b)


@pytest.mark.parametrize("name", REFUSED)
def test_what_means_something_else_is_refused(name: str) -> None:
    with pytest.raises(GradusError):
        REFUSED[name](gradus.ones((3, 3)))
