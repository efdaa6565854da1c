"""Batches, padding and samplers against PyTorch's."""

from __future__ import annotations

import numpy as np
import pytest

import gradus
from gradus import data

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch
rng = np.random.default_rng(0)


def plain(batch):
    """A batch as Python, lists for tuples; floats of one kind, as ours are float32 where PyTorch's are float64."""
    if isinstance(batch, (gradus.Tensor, torch.Tensor)):
        kind = str(batch.dtype).split(".")[-1].replace("float64", "float32")
        return kind, batch.tolist()
    if isinstance(batch, dict):
        return {key: plain(part) for key, part in batch.items()}
    return [plain(part) for part in batch] if isinstance(batch, (list, tuple)) else batch


@pytest.mark.parametrize(
    "samples",
    [
        [1, 2, 3],
        [0.5, 1.5],
        [True, False],
        ["a", "b"],
        [b"a", b"b"],
        [(0, 1), (2, 3)],
        [[0, 1], [2, 3]],
        [[[0, 1], 2], [[3, 4], 5]],
        [{"A": 0, "B": (1, 2.5)}, {"A": 100, "B": (3, 4.5)}],
        [np.arange(3), np.arange(3) + 1],
        [np.float32(1), np.float32(2)],
        [(np.ones((2, 2), np.float32), "a", {"z": [1]})] * 3,
    ],
)
def test_batches_have_the_structure_of_pytorchs(samples):
    assert plain(data.collate(samples)) == plain(torch.utils.data.default_collate(samples))
    ours = list(data.DataLoader(samples, batch_size=2, drop_last=True))
    theirs = list(torch.utils.data.DataLoader(samples, batch_size=2, drop_last=True))
    assert list(map(plain, ours)) == list(map(plain, theirs))


@pytest.mark.parametrize("samples", [[np.ones(2), np.ones(3)], [(1, 2), (1,)], [None, None], [object(), object()]])
def test_what_pytorch_refuses_is_refused(samples):
    with pytest.raises((RuntimeError, TypeError)):
        torch.utils.data.default_collate(samples)
    with pytest.raises(gradus.errors.DataError):
        data.collate(samples)


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("side", ["left", "right"])
def test_padding_is_pytorchs(batch_first, side):
    parts = [rng.normal(size=(t, 2)).astype(np.float32) for t in (3, 1, 4)]
    ours = data.pad_sequence(parts, batch_first, 7.0, padding_side=side)
    theirs = torch.nn.utils.rnn.pad_sequence(list(map(torch.tensor, parts)), batch_first, 7.0, side)
    np.testing.assert_array_equal(ours.numpy(), theirs.numpy())


@pytest.mark.parametrize("drop_last", [False, True])
@pytest.mark.parametrize("size", [1, 3, 7, 9])
def test_samplers_count_as_pytorchs_do(size, drop_last):
    theirs, ours, source = torch.utils.data, data, range(7)
    makers = [
        lambda kit: kit.SequentialSampler(source),
        lambda kit: kit.RandomSampler(source),
        lambda kit: kit.RandomSampler(source, num_samples=17),
        lambda kit: kit.RandomSampler(source, True, num_samples=17),
        lambda kit: kit.SubsetRandomSampler([6, 2, 4]),
        lambda kit: kit.WeightedRandomSampler([1.0, 0, 2], 11),
        lambda kit: kit.WeightedRandomSampler([1.0, 0, 2], 2, False),
    ]
    for make in makers:
        a, b = make(ours), make(theirs)
        assert len(a) == len(b) == len(list(a)) == len(list(b))
        batches = [kit.BatchSampler(make(kit), size, drop_last) for kit in (ours, theirs)]
        assert len(batches[0]) == len(batches[1])
        assert [len(batch) for batch in batches[0]] == [len(batch) for batch in batches[1]]
    assert list(ours.SequentialSampler(source)) == list(theirs.SequentialSampler(source))
    several = list(ours.RandomSampler(source, num_samples=17))
    assert sorted(several[:7]) == sorted(several[7:14]) == list(range(7)) and len(set(several[14:])) == 3


def test_a_pytorch_data_set_of_tensors_is_taken_as_it_is():
    class Pairs(torch.utils.data.Dataset):
        def __len__(self):
            return 3

        def __getitem__(self, i):
            return torch.full((2,), float(i)), i

    class Stream(torch.utils.data.IterableDataset):
        def __iter__(self):
            return iter([(torch.tensor([1.0]), 2)])

    ((x, y),) = data.DataLoader(Pairs(), batch_size=3)
    assert x.tolist() == [[0, 0], [1, 1], [2, 2]] and x.dtype == gradus.float32 and y.tolist() == [0, 1, 2]
    ((x, y),) = data.DataLoader(Stream())
    assert x.tolist() == [[1]] and y.tolist() == [2]
    with pytest.raises(gradus.errors.DataError, match=r"sample 0 is of the type Tensor.*requires grad"):
        list(data.DataLoader([torch.ones(1, requires_grad=True)]))
