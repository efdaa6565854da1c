"""Data sets in memory, the loader, splits, and the look for numbers that are none."""

from __future__ import annotations

import threading
import time
import traceback

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import gradus
from gradus.data import (
    ConcatDataset,
    DataLoader,
    ImageFolder,
    Sequences,
    StackDataset,
    Subset,
    TensorDataset,
    check_finite,
    random_split,
)
from gradus.errors import ArgumentError, DataError, DtypeError, PlaceError, ShapeError


def numbered(n=10):
    return TensorDataset(np.arange(n, dtype=np.float32)[:, None], np.arange(n), classes=[str(i) for i in range(n)])


class Squares:
    """A data set as in PyTorch: a length, and tuples by number."""

    def __len__(self):
        return 7

    def __getitem__(self, i):
        if i >= 7:
            raise IndexError(i)
        return gradus.tensor([float(i)] * 2), i * i


def seen(batches):
    return [y.tolist() for _, y in batches]


# -- TensorDataset and its parts ---------------------------------------------------------------------------------------


def test_a_tensor_dataset_is_indexed_like_an_array():
    data = numbered()
    assert len(data) == 10 and data.classes[3] == "3"
    assert data[4][1] == 4
    assert data[2:4][1].tolist() == [2, 3]
    assert data[np.array([5, 1])][0].tolist() == [[5.0], [1.0]]
    with pytest.raises(IndexError):
        data[10]


def test_arrays_are_shared_and_tensors_and_lists_welcome():
    x = np.zeros((2, 3))
    data = TensorDataset(x, gradus.tensor([1.0, 2.0]), [1, 2])
    assert np.shares_memory(data.arrays[0], x)
    assert [a.dtype.name for a in data.arrays] == ["float64", "float32", "int64"]


@pytest.mark.parametrize("arrays", [(), (np.float32(1),), (np.zeros(3), np.zeros(4))])
def test_arrays_that_do_not_fit_are_refused(arrays):
    with pytest.raises(ShapeError, match="first axes"):
        TensorDataset(*arrays)


def test_text_is_no_data():
    with pytest.raises(DtypeError):
        TensorDataset(["a", "b"])


def test_random_split_deals_out_all_samples_once_and_keeps_what_belongs_to_them():
    data = numbered(11)
    data.target = data.transform = object()
    parts = random_split(data, [0.6, 0.3, 0.1], seed=3)
    assert [len(p) for p in parts] == [7, 3, 1]
    assert sorted(int(y) for p in parts for y in p.arrays[1]) == list(range(11))
    assert all(p.classes == data.classes and p.target is data.target and p.transform is data.transform for p in parts)
    again = random_split(data, [7, 3, 1], seed=3)
    other = random_split(data, [7, 3, 1], seed=4)
    assert parts[0].indices.tolist() == again[0].indices.tolist() != other[0].indices.tolist()


@pytest.mark.parametrize("lengths", [[0.5, 0.4], [5, 4], [11, -1], [1.5, -0.5]])
def test_random_split_refuses_lengths_that_do_not_add_up(lengths):
    with pytest.raises(ArgumentError, match="add up"):
        random_split(numbered(), lengths)


def test_a_subset_looks_samples_up():
    part = Subset(Subset(numbered(), [9, 7, 5, 3]), [3, 0])
    assert part[0][1] == 3 and part[:][1].tolist() == [3, 9]
    assert seen(DataLoader(part)) == [[3, 9]]
    assert Subset(numbered(), [-1, 0]).indices.tolist() == [9, 0]
    assert Subset(numbered(), numbered().arrays[1] % 4 == 1).indices.tolist() == [1, 5, 9]
    items = Subset(Squares(), [6, 2])
    assert items[1][1] == 4 and items.arrays[1].tolist() == [36, 4] and items.classes is None


@pytest.mark.parametrize(
    ("indices", "error", "message"),
    [
        ([0, 10], PlaceError, "there is no sample 10 among 10, which are 0 to 9"),
        ([-11], PlaceError, "there is no sample -11"),
        ([0.5], ArgumentError, "asked for by a whole number, a slice, several numbers or a mask"),
        ([True, False], ArgumentError, "asked for by"),
        ({1, 2}, ArgumentError, "asked for by"),
        ([[1]], ArgumentError, "asked for by"),
        ([[1], [1, 2]], ArgumentError, "asked for by"),
        (3, ArgumentError, r"several places, as \[3\], got 3"),
    ],
)
def test_places_that_are_not_there(indices, error, message):
    with pytest.raises(error, match=message):
        Subset(numbered(), indices)


def _all_data_sets(folder):
    for i in range(4):
        (folder / "ab"[i % 2]).mkdir(exist_ok=True)
        Image.new("L", (2, 2), i).save(folder / "ab"[i % 2] / f"{i}.png")
    arrays = TensorDataset([[0.0], [1.0], [2.0], [3.0]], [0, 1, 2, 3])
    sequences = Sequences([[1], [1, 2], [1, 2, 3], [4]], [0, 1, 2, 3])
    halves = TensorDataset([[0.0], [1.0]], [0, 1]), TensorDataset([[2.0], [3.0]], [2, 3])
    return [arrays, Subset(arrays, range(4)), ConcatDataset(halves), StackDataset(arrays, sequences),
            StackDataset(x=[4, 5, 6, 7], y=Subset(arrays, [3, 2, 1, 0])), sequences, ImageFolder(folder)]  # fmt: skip


def test_all_data_sets_take_the_same_indices(tmp_path):
    for dataset in _all_data_sets(tmp_path):
        name, last, first_two = type(dataset).__name__, repr(dataset[3]), repr(dataset[:2])
        for index in (-1, np.int64(3), np.uint8(3), np.int32(-1), np.array(3), gradus.tensor(3)):
            assert repr(dataset[index]) == last, (name, index)
        mask = np.array([True, True, False, False])
        for index in ([0, 1], np.array([0, 1], np.uint8), [-4, -3], gradus.tensor([0, 1]), mask, mask.tolist()):
            assert repr(dataset[index]) == first_two, (name, index)
        assert repr(dataset[[1, 0]]) == repr(dataset[1::-1]) != first_two
        for index in (4, -5, np.int64(4), [0, 4], [-5], np.array([4])):
            with pytest.raises(PlaceError, match=rf"^{name}: there is no sample -?\d among 4, which are 0 to 3 "):
                dataset[index]
        for index in (1.0, [0.0], "a", None, True, (0, 1), [[0], [1]], [True], ..., {1}):
            with pytest.raises(ArgumentError, match=f"^{name}: samples are asked for by a whole number"):
                dataset[index]
        assert sum(1 for _ in dataset) == 4  # by an IndexError loops end


def test_several_of_what_is_no_array_are_told_how_they_come():
    for dataset in (ConcatDataset([["a"], ["b"]]), Subset(["a", "b"], [0, 1])):
        with pytest.raises(DataError, match=r"not made of arrays alone: 'a'\. Several of them come one by one"):
            dataset[:2]


# -- the loader --------------------------------------------------------------------------------------------------------


def test_batches_in_order():
    loader = DataLoader(numbered(), batch_size=4)
    assert len(loader) == 3
    assert seen(loader) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    x, y = next(iter(loader))
    assert isinstance(x, gradus.Tensor) and x.shape == (4, 1) and x.dtype == gradus.float32 and y.dtype == gradus.int64


def test_drop_last():
    loader = DataLoader(numbered(), batch_size=4, drop_last=True)
    assert len(loader) == 2 and len(seen(loader)) == 2
    assert len(DataLoader(numbered(), batch_size=5, drop_last=True)) == 2


@settings(deadline=None, max_examples=30)
@given(
    n=st.integers(0, 40), size=st.integers(1, 12), seed=st.integers(0, 2**64 - 1), epoch=st.integers(0, 1000),
    drop=st.booleans(), data=st.data(),
)  # fmt: skip
def test_an_epoch_is_a_function_of_seed_and_number_and_resumes_anywhere(n, size, seed, epoch, drop, data):
    def loader(prefetch=0):
        return DataLoader(numbered(n), size, shuffle=True, drop_last=drop, seed=seed, prefetch=prefetch)

    whole = seen(loader().batches(epoch))
    start = data.draw(st.integers(0, len(whole)))
    assert len(whole) == len(loader())
    assert seen(loader(prefetch=2).batches(epoch, start)) == whole[start:]
    if not drop:
        assert sorted(y for batch in whole for y in batch) == list(range(n))


def test_epochs_differ_and_are_counted():
    loader = DataLoader(numbered(50), batch_size=50, shuffle=True, seed=1)
    first, second = seen(loader), seen(loader)
    assert first != second and loader.epoch == 2
    assert first == seen(loader.batches(0)) and second == seen(loader.batches(1)) and loader.epoch == 2
    assert first != seen(DataLoader(numbered(50), batch_size=50, shuffle=True, seed=2))


def test_shuffling_leaves_the_default_generator_alone():
    gradus.random.seed(5)
    expected = gradus.random.rand(2).tolist()
    gradus.random.seed(5)
    seen(DataLoader(numbered(), shuffle=True))
    assert gradus.random.rand(2).tolist() == expected


@pytest.mark.parametrize("shuffle", [False, True])
def test_a_batch_is_a_copy(shuffle):
    data = numbered()
    for x, _ in DataLoader(data, batch_size=4, shuffle=shuffle):
        x.assign_(x * 0 - 1)
    assert data.arrays[0].ravel().tolist() == list(range(10))


def test_any_data_set_with_length_and_items():
    x, y = next(iter(DataLoader(Squares(), batch_size=3)))
    assert x.tolist() == [[0, 0], [1, 1], [2, 2]] and x.dtype == gradus.float32
    assert y.tolist() == [0, 1, 4] and y.dtype == gradus.int64
    shuffled = DataLoader(Squares(), batch_size=3, shuffle=True)
    assert sorted(v for batch in seen(shuffled) for v in batch) == [i * i for i in range(7)]
    assert [x.tolist() for x in DataLoader([np.ones(2), np.zeros(2)])] == [[[1, 1], [0, 0]]]


def test_samples_of_different_shapes_make_no_batch():
    with pytest.raises(DataError, match=r"sample 1 has shape \(3,\), sample 0 \(2,\)"):
        next(iter(DataLoader([np.ones(2), np.ones(3)])))


@pytest.mark.parametrize("wrong", [{"batch_size": 0}, {"batch_size": 1.5}, {"prefetch": -1}, {"seed": -1}])
def test_wrong_arguments_of_the_loader(wrong):
    with pytest.raises(ArgumentError, match=next(iter(wrong))):
        DataLoader(numbered(), **wrong)


def test_a_start_outside_the_epoch():
    with pytest.raises(ArgumentError, match="batch 4 is not in an epoch of 3 batches"):
        DataLoader(numbered(), batch_size=4).batches(0, start=4)


def readers():
    return [t for t in threading.enumerate() if t.name.startswith("gradus-loader")]


def test_leaving_a_prefetched_epoch_early_ends_its_thread():
    batches = iter(DataLoader(numbered(100), batch_size=1, prefetch=3))
    next(batches)
    assert len(readers()) == 1
    batches.close()
    assert not readers()


def test_prefetch_reads_ahead_but_not_further():
    asked = []

    class Watched(Squares):
        def __getitem__(self, i):
            asked.append(i)
            return super().__getitem__(i)

    batches = iter(DataLoader(Watched(), batch_size=1, prefetch=2))
    next(batches)
    next(batches)
    batches.close()
    assert {0, 1} <= set(asked) <= {0, 1, 2, 3}


def test_leaving_early_does_not_wait_for_what_was_to_be_read():
    asked = []

    class Slow(Squares):
        def __getitem__(self, i):
            asked.append(i)
            time.sleep(0.02)
            return super().__getitem__(i)

    batches = iter(DataLoader(Slow(), batch_size=1, prefetch=7))
    next(batches)
    batches.close()
    assert len(asked) < 6


def test_an_error_of_the_thread_reaches_the_caller_at_its_turn():
    class Broken(Squares):
        def __getitem__(self, i):
            if i == 4:
                raise OSError("the disk is gone")
            return super().__getitem__(i)

    for options in ({}, {"prefetch": 3}, {"num_workers": 2}):
        got = []
        with pytest.raises(DataError, match="sample 4 of Broken could not be read: OSError: the disk is gone") as error:
            for _, y in DataLoader(Broken(), batch_size=2, **options):
                got.append(y.tolist())
        assert got == [[0, 1], [4, 9]] and not readers()
        assert isinstance(error.value.__cause__, OSError)
        lines = traceback.extract_tb(error.value.__cause__.__traceback__)
        assert lines[-1].line == 'raise OSError("the disk is gone")'


# -- numbers that are none ---------------------------------------------------------------------------------------------


def test_check_finite_names_the_array_and_the_place():
    x, y = np.zeros((9000, 2), np.float32), np.zeros((9000, 1), np.float32)
    check_finite(TensorDataset(x, np.arange(9000)))
    y[8999, 0] = np.inf
    with pytest.raises(DataError, match=r"sketch: y\[8999, 0\] is inf"):
        check_finite(Subset(TensorDataset(x, y, name="sketch"), [1]))
    x[5000, 1] = np.nan
    with pytest.raises(DataError, match=r"the data: x\[5000, 1\] is nan"):
        check_finite(TensorDataset(x, y))


@pytest.mark.parametrize("drop_last", [False, True])
@pytest.mark.parametrize("start", range(4))
def test_rows_are_those_of_the_batches(start, drop_last):
    x = np.arange(10.0)
    loader = DataLoader(TensorDataset(x), batch_size=4, shuffle=True, drop_last=drop_last, seed=3)
    if start > len(loader):
        return
    rows = [row for part in loader.rows(1, start) for row in part]
    assert [x[row].tolist() for row in rows] == [batch.tolist() for (batch,) in loader.batches(1, start)]


def test_a_split_draws_from_a_stream_of_its_own():
    data, seed = numbered(1000), 3
    gradus.seed(seed)
    loader = DataLoader(data, 1000, shuffle=True, seed=seed)
    orders = [gradus.random.permutation(1000), *(loader.rows(epoch)[0][0] for epoch in range(2))]
    split = random_split(data, [1.0], seed=seed)[0].indices
    assert sorted(split) == list(range(1000))
    assert not any((split == order).all() for order in orders)
