"""Samples of any structure put together to batches, and what makes none told with the number of the sample."""

from __future__ import annotations

from collections import namedtuple

import numpy as np
import pytest

import gradus
from gradus.data import ConcatDataset, DataLoader, StackDataset, Subset, TensorDataset, collate, pad_sequence
from gradus.data.dataset import rows
from gradus.errors import ArgumentError, DataError, ShapeError

Point = namedtuple("Point", "x y")


def shown(batch):
    """A batch as plain Python, with the dtypes."""
    if isinstance(batch, gradus.Tensor):
        return batch.dtype.name, batch.tolist()
    if isinstance(batch, dict):
        return {key: shown(part) for key, part in batch.items()}
    if isinstance(batch, tuple) and hasattr(batch, "_fields"):
        return type(batch)(*map(shown, batch))
    if isinstance(batch, (list, tuple)):
        return type(batch)(map(shown, batch))
    return batch


@pytest.mark.parametrize(
    ("samples", "batch"),
    [
        ([1, 2], ("int64", [1, 2])),
        ([1.5, 2], ("float32", [1.5, 2.0])),
        ([True, False], ("bool", [True, False])),
        ([np.float64(1), np.float64(2)], ("float64", [1.0, 2.0])),
        ([np.uint8(1), np.uint8(2)], ("uint8", [1, 2])),
        ([np.ones(2, np.float32), np.zeros(2, np.float32)], ("float32", [[1, 1], [0, 0]])),
        ([gradus.tensor([1, 2]), gradus.tensor([3, 4])], ("int64", [[1, 2], [3, 4]])),
        (["a", "b"], ["a", "b"]),
        ([b"a", b"b"], [b"a", b"b"]),
        ([(0, "a"), (1, "b")], (("int64", [0, 1]), ["a", "b"])),
        ([[0, 1.5], [2, 3.5]], [("int64", [0, 2]), ("float32", [1.5, 3.5])]),
        ([{"b": 1, "a": (2, 3)}], {"b": ("int64", [1]), "a": (("int64", [2]), ("int64", [3]))}),
        ([Point(1, {"z": 2.0}), Point(3, {"z": 4.0})], Point(("int64", [1, 3]), {"z": ("float32", [2.0, 4.0])})),
        ([(), ()], ()),
    ],
)
def test_a_batch_is_what_its_samples_are(samples, batch):
    found = shown(collate(samples))
    assert found == batch and type(found) is type(batch)
    (loaded,) = DataLoader(samples, batch_size=2)
    assert shown(loaded) == batch


def test_keys_come_in_the_order_of_the_first_sample():
    assert list(collate([{"b": 1, "a": 2}, {"a": 3, "b": 4}])) == ["b", "a"]


class Wrong:
    """Six samples, of which number 4 is given."""

    def __init__(self, usual, four):
        self.usual, self.four = usual, four

    def __len__(self):
        return 6

    def __getitem__(self, i):
        return self.four if i == 4 else self.usual


@pytest.mark.parametrize(
    ("usual", "four", "message"),
    [
        (1, None, "sample 4 is None.* Does __getitem__ return a value"),
        ((1, 2), (1, None), r"sample 4\[1\] is None"),
        (1, object(), "sample 4 is of the type object.*collate_fn"),
        (1, {1, 2}, "sample 4 is of the type set"),
        (np.ones(2), np.ones(3), r"sample 4 has shape \(3,\), sample 3 \(2,\).*Sequences.*pad_sequence"),
        (({"x": np.ones(2)},), ({"x": np.ones(3)},), r"sample 4\[0\]\['x'\] has shape \(3,\), sample 3\[0\]\['x'\]"),
        ({"a": 1}, {"b": 1}, "sample 4 is a dict with the keys 'b', sample 3 a dict with the keys 'a'"),
        ((1, 2), (1, 2, 3), "sample 4 is a tuple of 3, sample 3 a tuple of 2"),
        ([1, 2], [1], "sample 4 is a list of 1, sample 3 a list of 2"),
        (1, "b", "sample 4 is a text, sample 3 an array or a number"),
        (np.array(["a"]), np.array(["a"]), "sample 3 is of the type ndarray"),
    ],
)
@pytest.mark.parametrize("options", [{}, {"num_workers": 2}])
def test_what_makes_no_batch_is_told_with_the_number_of_the_sample(usual, four, message, options):
    data = Wrong(usual, four)
    with pytest.raises(DataError, match=message):
        list(DataLoader(Subset(data, [0, 3, 4, 5]), batch_size=2, sampler=[1, 2, 3], **options))
    with pytest.raises(DataError, match=message.replace("sample 4", "sample 1").replace("sample 3", "sample 0")):
        collate([usual, four])


def test_a_batch_of_nothing():
    with pytest.raises(ArgumentError, match="no sample"):
        collate([])


def test_collate_fn_gets_the_samples_in_a_list():
    data = TensorDataset([[1.0], [2.0], [3.0]], [0, 1, 2])
    got = []

    def together(samples):
        got.append(samples)
        return sum(int(y) for _, y in samples)

    assert list(DataLoader(data, batch_size=2, collate_fn=together)) == [1, 2]
    assert [[(x.item(), y.item()) for x, y in samples] for samples in got] == [[(1, 0), (2, 1)], [(3, 2)]]
    with pytest.raises(DataError, match="collate_fn gave None"):
        list(DataLoader(data, collate_fn=lambda samples: None))
    with pytest.raises(ArgumentError, match="collate_fn must be a function"):
        DataLoader(data, collate_fn=3)


def test_a_collate_fn_for_texts_of_many_lengths():
    texts = [([1, 2, 3], 0), ([4], 1)]

    def padded(samples):
        return pad_sequence([x for x, _ in samples], batch_first=True), {"y": np.array([y for _, y in samples])}

    ((x, named),) = DataLoader(texts, collate_fn=padded)
    assert x.tolist() == [[1, 2, 3], [4, 0, 0]] and shown(named) == {"y": ("int64", [0, 1])}


# -- pad_sequence ------------------------------------------------------------------------------------------------------


def test_padding_stands_where_it_is_asked_for():
    a, b = np.ones((2, 3), np.float32), np.full((1, 3), 2, np.float32)
    assert pad_sequence([a, b]).tolist() == [[[1, 1, 1], [2, 2, 2]], [[1, 1, 1], [0, 0, 0]]]
    right = pad_sequence([a, b], batch_first=True, padding_value=-1.0)
    left = pad_sequence([a, b], batch_first=True, padding_value=-1.0, padding_side="left")
    assert right[1].tolist() == [[2, 2, 2], [-1, -1, -1]] and left[1].tolist() == [[-1, -1, -1], [2, 2, 2]]
    assert right.dtype == gradus.float32 and pad_sequence([[1], [2, 3]]).dtype == gradus.int64


def test_gradients_pass_through_padding():
    x = gradus.tensor([1.0, 2.0], requires_grad=True)
    (pad_sequence([x, gradus.ones(3)], batch_first=True) * gradus.tensor([[1.0, 2, 3], [4, 5, 6]])).sum().backward()
    assert x.grad.tolist() == [1, 2]


@pytest.mark.parametrize("sequences", [[], [1.0], [np.ones((2, 3)), np.ones((2, 4))]])
def test_what_cannot_be_padded(sequences):
    with pytest.raises(ShapeError, match="differ in t alone"):
        pad_sequence(sequences)
    with pytest.raises(ArgumentError, match="padding_side"):
        pad_sequence([[1]], padding_side="middle")


# -- data sets made of others ------------------------------------------------------------------------------------------


def test_one_data_set_after_the_other():
    a, b = TensorDataset([1.0, 2.0], [0, 1], classes="ab"), TensorDataset([3.0], [1], classes="ab")
    both = ConcatDataset([a, b])
    assert len(both) == 3 and both.classes == ("a", "b")
    assert [int(both[i][0]) for i in (0, 1, 2, -1, -3)] == [1, 2, 3, 3, 1]
    for wrong in (3, -4):
        with pytest.raises(IndexError):
            both[wrong]
    ((x, y),) = DataLoader(both, batch_size=4)
    assert x.tolist() == [1, 2, 3] and x.dtype == gradus.float32 and y.tolist() == [0, 1, 1]
    assert [a.tolist() for a in Subset(both, [2, 0]).arrays] == [[3, 1], [1, 0]]
    assert ConcatDataset([a, TensorDataset([1.0], [0], classes="xy")]).classes is None


def test_data_sets_side_by_side():
    x, y = np.arange(3.0), ["a", "b", "c"]
    (batch,) = DataLoader(StackDataset(TensorDataset(x), y), batch_size=4)
    assert shown(batch) == ((("float64", [0, 1, 2]),), ["a", "b", "c"])
    (batch,) = DataLoader(StackDataset(x=x, name=y), batch_size=4)
    assert shown(batch) == {"x": ("float64", [0, 1, 2]), "name": ["a", "b", "c"]}


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: ConcatDataset([]), ArgumentError, "no data set"),
        (lambda: ConcatDataset([[1], "texts"]), DataError, "ConcatDataset: expects a data set, got 'texts'"),
        (lambda: ConcatDataset([iter([1])]), DataError, "ConcatDataset: expects a data set"),
        (lambda: StackDataset(), ArgumentError, "in order, or all of them by name"),
        (lambda: StackDataset([1], x=[2]), ArgumentError, "in order, or all of them by name"),
        (lambda: StackDataset([1], [1, 2]), DataError, "have 1, 2 samples"),
    ],
)
def test_what_makes_no_data_set(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_samples_that_are_no_arrays_have_no_rows():
    with pytest.raises(DataError, match="samples of a list are not made of arrays alone: 'a'"):
        rows(["a", "b"], slice(None))


class Doubled(Subset):
    """A part whose items are its own."""

    def __getitem__(self, index):
        x, y = super().__getitem__(index)
        return 2 * x, y


def test_the_items_of_a_derived_part_are_asked_for():
    part = Doubled(TensorDataset([1.0, 2.0, 3.0], [0, 1, 2]), [2, 1])
    for loader in (DataLoader(part), DataLoader(Subset(part, [0, 1])), DataLoader(part, num_workers=1)):
        assert [x.tolist() for x, _ in loader] == [[6, 4]] and loader.in_memory()[0] is None
    assert part.arrays[0].tolist() == [6, 4]
