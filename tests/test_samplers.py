"""Samplers: the order and the batches of an epoch, as functions of the seed and of the epoch."""

from __future__ import annotations

import signal
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gradus
from gradus import nn, optim
from gradus.data import (
    BatchSampler,
    DataLoader,
    LengthBatchSampler,
    RandomSampler,
    Sampler,
    SequentialSampler,
    StratifiedBatchSampler,
    Subset,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
)
from gradus.errors import ArgumentError, CheckpointError, DataError, OptionError
from gradus.train import LambdaCallback, Trainer

N = 20
rng = np.random.default_rng(0)
DATA = TensorDataset(rng.normal(size=(N, 3)).astype(np.float32), np.arange(N) % 4)
LABELS = DATA.arrays[1]


def seen(loader, epoch=0, start=0):
    """The batches, as the places of their samples."""
    places = {row.tobytes(): i for i, row in enumerate(DATA.arrays[0])}
    return [[places[row.numpy().tobytes()] for row in x] for x, _ in loader.batches(epoch, start)]


# -- what a sampler gives ----------------------------------------------------------------------------------------------


def test_the_orders_are_functions_of_seed_and_epoch():
    makers = [
        lambda seed: RandomSampler(DATA, seed=seed),
        lambda seed: RandomSampler(DATA, replacement=True, num_samples=50, seed=seed),
        lambda seed: SubsetRandomSampler(range(0, N, 2), seed=seed),
        lambda seed: WeightedRandomSampler(np.arange(N), 30, seed=seed),
        lambda seed: WeightedRandomSampler(np.arange(N), 9, replacement=False, seed=seed),
    ]
    for make in makers:
        sampler = make(3)
        first, second = list(sampler), list(sampler)
        assert first == make(3).order(0).tolist() and second == make(3).order(1).tolist()
        assert first != second and first != list(make(4)) and len(sampler) == len(first) and sampler.epoch == 2


def test_a_loader_tells_its_sampler():
    shuffled, plain = DataLoader(DATA, shuffle=True), DataLoader(DATA)
    assert isinstance(shuffled.sampler, RandomSampler) and isinstance(plain.sampler, SequentialSampler)
    assert len(shuffled.sampler) == N and shuffled.sampler_name is None
    given = RandomSampler(DATA, seed=3)
    assert DataLoader(DATA, sampler=given).sampler is given
    assert DataLoader(DATA, sampler=given).sampler_name == "RandomSampler, seed 3"


def test_a_random_sampler_is_what_shuffling_is():
    shuffled = DataLoader(DATA, 6, shuffle=True, seed=5)
    sampled = DataLoader(DATA, 6, sampler=RandomSampler(DATA, seed=5))
    for epoch in range(3):
        assert seen(shuffled, epoch) == seen(sampled, epoch)


def test_weights_say_how_often():
    drawn = Counter(WeightedRandomSampler([1.0, 0.0, 3.0], 40_000).order(0).tolist())
    assert set(drawn) == {0, 2} and drawn[2] / 40_000 == pytest.approx(0.75, abs=0.01)
    once = WeightedRandomSampler(gradus.tensor([1.0, 0.0, 9.0]), 2, replacement=False)
    firsts = [once.order(epoch).tolist() for epoch in range(200)]
    assert all(sorted(order) == [0, 2] for order in firsts)
    assert np.mean([order[0] == 2 for order in firsts]) == pytest.approx(0.9, abs=0.06)


@settings(deadline=None, max_examples=60)
@given(
    labels=st.lists(st.integers(0, 4), min_size=1, max_size=40), size=st.integers(1, 12), epoch=st.integers(0, 9),
    drop=st.booleans(),
)  # fmt: skip
def test_each_batch_has_of_each_class_its_share(labels, size, epoch, drop):
    sampler = StratifiedBatchSampler(labels, size, drop_last=drop)
    batches = [batch for part in sampler.rows(epoch) for batch in part.tolist()]
    n = len(labels)
    assert len(batches) == len(sampler)
    assert [len(batch) for batch in batches] == [size] * (n // size) + [n % size] * (n % size > 0 and not drop)
    flat = [i for batch in batches for i in batch]
    assert len(set(flat)) == len(flat) and (drop or len(flat) == n)
    for batch in batches:
        for label in set(labels):
            share = labels.count(label) * len(batch) / n
            assert np.floor(share) <= sum(labels[i] == label for i in batch) <= np.ceil(share)


def test_stratified_batches_are_drawn_anew():
    sampler = StratifiedBatchSampler(list("aaabbbbbb") * 10, 30)
    first, second = list(sampler), list(sampler)
    assert first != second and {len(batch) for batch in first} == {30}
    assert {frozenset(batch) for batch in first} != {frozenset(batch) for batch in second}


@settings(deadline=None, max_examples=40)
@given(
    lengths=st.lists(st.integers(0, 9), max_size=40), size=st.integers(1, 9), epoch=st.integers(0, 9),
    drop=st.booleans(),
)  # fmt: skip
def test_batches_by_length_hold_neighbours(lengths, size, epoch, drop):
    sampler = LengthBatchSampler(lengths, size, drop_last=drop)
    batches = [batch for part in sampler.rows(epoch) for batch in part.tolist()]
    flat = [i for batch in batches for i in batch]
    n = len(lengths)
    assert len(batches) == len(sampler) and len(set(flat)) == len(flat) == (n // size * size if drop else n)
    by_length = sorted((sorted(lengths[i] for i in batch) for batch in batches), key=lambda b: (b[0], b[-1]))
    assert all(a[-1] <= b[0] for a, b in pairwise(by_length))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: WeightedRandomSampler([1, -1], 2), "weights are a number of 0 or more for each sample"),
        (lambda: WeightedRandomSampler([0, 0], 2), "not all of them 0"),
        (lambda: WeightedRandomSampler([1, float("nan")], 2), "weights"),
        (lambda: WeightedRandomSampler([1, 0, 2], 3, replacement=False), "3 samples cannot be drawn.*2 have a weight"),
        (lambda: WeightedRandomSampler([1], 0), "num_samples"),
        (lambda: RandomSampler(DATA, num_samples=0), "num_samples"),
        (lambda: RandomSampler(DATA, seed=-1), "seed"),
        (lambda: SubsetRandomSampler([0.5]), "indices must be whole numbers"),
        (lambda: BatchSampler(SequentialSampler(DATA), 0), "BatchSampler: batch_size"),
        (lambda: BatchSampler(iter([1]), 2), "sampler must have a length"),
        (lambda: LengthBatchSampler([[1]], 2), "lengths must be whole numbers"),
        (lambda: StratifiedBatchSampler([0.5], 2), "labels are a whole number or a text"),
        (lambda: len(Sampler()), "Sampler has no __len__"),
    ],
)
def test_what_makes_no_sampler(make, message):
    with pytest.raises((ArgumentError, DataError), match=message):
        make()


@pytest.mark.parametrize("kind", ["RandomSampler", "SubsetRandomSampler", "WeightedRandomSampler", "DataLoader"])
def test_a_generator_is_a_seed_here(kind):
    with pytest.raises(OptionError, match=r"Write instead: seed=0, a number"):
        getattr(gradus.data, kind)(DATA, generator=gradus.Generator(0))


# -- in a loader -------------------------------------------------------------------------------------------------------

SAMPLERS = {
    "weighted": lambda: {"sampler": WeightedRandomSampler(np.arange(N) + 1, 31, seed=1), "batch_size": 8},
    "subset": lambda: {"sampler": SubsetRandomSampler(range(3, 18), seed=1), "batch_size": 4, "drop_last": True},
    "a list": lambda: {"sampler": [5, 1, 5, 0, 19], "batch_size": 2},
    "stratified": lambda: {"batch_sampler": StratifiedBatchSampler(LABELS, 8)},
    "by length": lambda: {"batch_sampler": LengthBatchSampler(np.arange(N) // 3, 6)},
    "lists of lists": lambda: {"batch_sampler": [[0, 1], [2, 3], [4, 5, 6], [7]]},
    "batches of a sampler": lambda: {"batch_sampler": BatchSampler(RandomSampler(DATA, seed=2), 7)},
}


@pytest.mark.parametrize("name", SAMPLERS)
@pytest.mark.parametrize("ahead", [{}, {"num_workers": 2}, {"prefetch": 1}])
def test_batches_are_the_rows_and_resume_anywhere(name, ahead):
    loader = DataLoader(DATA, **SAMPLERS[name](), **ahead)
    again = DataLoader(DATA, **SAMPLERS[name]())
    for epoch in (0, 1, 2):
        whole = seen(loader, epoch)
        assert whole == [row.tolist() for part in loader.rows(epoch) for row in part] == seen(again, epoch)
        assert len(whole) == len(loader)
        for start in range(len(whole) + 1):
            assert seen(loader, epoch, start) == whole[start:]
            assert [row.tolist() for part in loader.rows(epoch, start) for row in part] == whole[start:]


def test_batches_of_lists_as_they_are_given():
    assert seen(DataLoader(DATA, **SAMPLERS["lists of lists"]())) == [[0, 1], [2, 3], [4, 5, 6], [7]]
    assert [part.shape for part in DataLoader(DATA, **SAMPLERS["lists of lists"]()).rows(0)] == [(2, 2), (1, 3), (1, 1)]
    assert seen(DataLoader(DATA, **SAMPLERS["a list"]())) == [[5, 1], [5, 0], [19]]


class Theirs:
    """A sampler as in PyTorch: a length and an iterator that draws as it goes."""

    def __init__(self):
        self.draws, self.told = np.random.default_rng(0), []

    def __len__(self):
        return 6

    def __iter__(self):
        return iter(self.draws.permutation(N)[:6].tolist())

    def set_epoch(self, epoch):
        self.told.append(epoch)


def test_a_sampler_that_only_iterates_gives_an_epoch_one_order():
    sampler = Theirs()
    loader = DataLoader(DATA, 4, sampler=sampler)
    first = seen(loader, 0)
    assert first == seen(loader, 0) and seen(loader, 0, 1) == first[1:] and seen(loader, 1) != first
    assert sampler.told == [0, 1] and [len(b) for b in first] == [4, 2]

    class Derived(Sampler, Theirs):
        __len__, __iter__ = Theirs.__len__, Theirs.__iter__

    assert seen(DataLoader(DATA, 4, sampler=Derived())) == first


class Blocks(BatchSampler):
    """A batch sampler of one's own: neighbours together, the blocks in the order of the epoch."""

    def __init__(self):
        pass

    def __len__(self):
        return 5

    def rows(self, epoch):
        return [np.roll(np.arange(N).reshape(5, 4), epoch, axis=0)]


def test_a_batch_sampler_of_ones_own():
    loader = DataLoader(DATA, batch_sampler=Blocks())
    assert seen(loader)[0] == [0, 1, 2, 3] and seen(loader, 1)[0] == [16, 17, 18, 19] and len(loader) == 5
    assert next(iter(Blocks())) == [0, 1, 2, 3] and loader.batch_size is None
    assert bits(trained(loader, "require")) == bits(trained(DataLoader([*DATA], batch_sampler=Blocks()), "require"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sampler": [1], "shuffle": True}, "a sampler gives the order; leave out shuffle"),
        ({"batch_sampler": [[1]], "batch_size": 4}, "leave out batch_size"),
        ({"batch_sampler": [[1]], "drop_last": True, "shuffle": True}, "leave out shuffle and drop_last"),
        ({"batch_sampler": [[1]], "sampler": [1]}, "leave out sampler"),
        ({"sampler": iter([1])}, "sampler must have a length and give numbers of samples"),
        ({"sampler": RandomSampler}, "sampler must have a length"),
        ({"drop_last": SequentialSampler(DATA)}, "drop_last is True or False, got .* sampler=..."),
        ({"shuffle": "yes"}, "shuffle is True or False, got 'yes'"),
        ({"batch_sampler": 3}, "batch_sampler must have a length and give lists"),
    ],
)
def test_what_cannot_be_together(options, message):
    with pytest.raises(ArgumentError, match=message):
        DataLoader(DATA, **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sampler": [0, 20]}, "the sampler gives sample 20, and there are 0 to 19"),
        ({"sampler": [0, -1]}, "gives sample -1"),
        ({"sampler": SubsetRandomSampler([25])}, "gives sample 25"),
        ({"batch_sampler": [[0], [1, 77]]}, "gives sample 77"),
        ({"sampler": [0.5]}, "the numbers must be whole numbers"),
        ({"batch_sampler": [["a"]]}, "a batch must be whole numbers"),
    ],
)
def test_samples_that_are_not_there(options, message):
    with pytest.raises(ArgumentError, match=message):
        list(DataLoader(DATA, **options))


# -- in a Trainer ------------------------------------------------------------------------------------------------------


def trained(loader, compile, epochs=2, **options):
    gradus.seed(0)
    model = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 4))
    trainer = Trainer(model, "cross_entropy", optim.Adam(model.parameters(), lr=0.05), compile=compile)
    trainer.fit(loader, epochs=epochs, progress=False, **options)
    return trainer


def bits(trainer):
    return [p.numpy().tobytes() for p in trainer.model.parameters()]


@pytest.mark.parametrize("name", ["weighted", "lists of lists"])
def test_a_native_epoch_takes_the_samplers_batches(name):
    """Over rows in memory, step by step where a callback listens, and from a data set that is read: the same bits."""
    kinds = [
        trained(DataLoader(DATA, **SAMPLERS[name]()), "require"),
        trained(DataLoader(DATA, **SAMPLERS[name]()), "require", callbacks=[LambdaCallback(on_batch_end=print)]),
        trained(DataLoader([DATA[i] for i in range(N)], num_workers=2, **SAMPLERS[name]()), "require"),
    ]
    assert bits(kinds[0]) == bits(kinds[1]) == bits(kinds[2])
    eager = trained(DataLoader(DATA, **SAMPLERS[name]()), False)
    losses = [t.history.records[-1]["loss"] for t in (kinds[0], eager)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


def test_training_with_a_sampler_goes_on_to_the_bit(tmp_path):
    def loader(seed=0):
        return DataLoader(DATA, 6, sampler=WeightedRandomSampler(np.arange(N) + 1, 40, seed=seed))

    def press(trainer, number):
        if number == 3 and len(trainer.history) == 1:
            signal.raise_signal(signal.SIGINT)

    whole = trained(loader(), False)
    interrupted = LambdaCallback(on_batch_end=press)
    with pytest.raises(KeyboardInterrupt):
        trained(loader(), False, run=tmp_path / "run", callbacks=[interrupted])
    with pytest.raises(CheckpointError, match=r"sampler: was 'WeightedRandomSampler, seed 0', is .*seed 1"):
        trained(loader(1), False, run=tmp_path / "run", resume=True)
    with pytest.raises(CheckpointError, match="sampler"):
        trained(DataLoader(Subset(DATA, range(N)), 6), False, run=tmp_path / "run", resume=True)
    assert bits(trained(loader(), False, run=tmp_path / "run", resume=True)) == bits(whole)
