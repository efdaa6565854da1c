"""x[key] is NumPy's, for every key that NumPy takes; its gradient is NumPy's add.at."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keys import LENGTHS, keys

import gradus
from gradus.errors import DtypeError, ShapeError

pytestmark = pytest.mark.usefixtures("checked")

@settings(max_examples=300, deadline=None)
@given(st.data())
def test_any_key_reads_what_numpy_reads_and_its_gradient_goes_back_there(data: st.DataObject) -> None:
    shape = tuple(data.draw(st.lists(LENGTHS, max_size=4)))
    key = data.draw(keys(shape))
    numbers = np.arange(float(np.prod(shape))).reshape(shape)
    x = gradus.tensor(numbers, requires_grad=True)
    try:
        expected = numbers[key]
    except IndexError:  # masks of unlike counts do not broadcast
        with pytest.raises(ShapeError):
            x[key]
        return
    try:
        found = x[key]
    except ShapeError:
        assert not expected.size  # where nothing is read, NumPy overlooks places outside; gradus does not
        return
    assert found.shape == expected.shape
    np.testing.assert_array_equal(found.numpy(), expected)
    weights = np.arange(1.0, expected.size + 1).reshape(expected.shape)
    scattered = np.zeros(shape)
    np.add.at(scattered, key, weights)
    np.testing.assert_array_equal(gradus.grad(found, x, gradus.tensor(weights)).numpy(), scattered)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32", "uint32", "uint64"])
def test_indices_of_any_integer_type(dtype: str) -> None:
    x = gradus.arange(300).reshape(2, 150)
    places = np.array([1, 0, 1], dtype), np.array([100, 5, 127], dtype)
    assert x[places].tolist() == [250, 5, 277]
    assert x[tuple(map(gradus.tensor, places))].tolist() == [250, 5, 277]
    assert gradus.take(x, places[0], 0).shape == (3, 150)


def test_tensors_and_scalars_as_keys() -> None:
    x = gradus.arange(6).reshape(2, 3)
    assert x[gradus.tensor(1), gradus.tensor(-1)].item() == 5
    assert x[np.int32(1)].tolist() == x[np.array(1)].tolist() == [3, 4, 5]
    assert x[x % 2 == 0].tolist() == [0, 2, 4]
    assert x[[]].shape == (0, 3)
    assert [row.tolist() for row in x] == [[0, 1, 2], [3, 4, 5]]


@pytest.mark.parametrize(
    ("key", "error", "words"),
    [
        (3, ShapeError, "index 3 is outside axis 0, whose length is 3"),
        ((0, -3), ShapeError, "index -3 is outside axis 1, whose length is 2"),
        ([0, 5], ShapeError, "index 5 is outside axis 0"),
        ([-4], ShapeError, "index -4 is outside axis 0"),
        ((0, 0, 0), ShapeError, "too many indices: 3 for a tensor with 2 axes"),
        ((..., 0, ...), ShapeError, "at most once"),
        ([True, False], ShapeError, "a mask of length 2 does not fit axis 0, whose length is 3"),
        (([0, 1, 2], [0, 1]), ShapeError, "do not fit together"),
        (0.5, DtypeError, "an index is an integer"),
        ("a", DtypeError, "an index is an integer"),
        ([0.5], DtypeError, "holds integers or booleans"),
        (True, DtypeError, "a single boolean is no index"),
    ],
)
def test_wrong_keys_say_what_is_wrong(key: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        gradus.zeros((3, 2))[key]


def test_take_counts_from_the_end_and_adds_gradients_of_repeats() -> None:
    x = gradus.tensor([1.0, 2.0, 3.0], requires_grad=True)
    gradus.take(x, [-1, 0, -1]).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [1.0, 0.0, 2.0]


def test_scatter_add_refuses_places_outside() -> None:
    with pytest.raises(ShapeError, match="index 4 is outside"):
        gradus.segment_sum([1, 2], [0, 4], length=4)
    with pytest.raises(ShapeError, match="are not the axes"):
        gradus.segment_sum([1, 2, 3], [0, 1], length=4)
