"""Sequences of many lengths: padding, the choice of lengths, batches of like lengths, training with few programs."""

from __future__ import annotations

import itertools
import signal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gradus
from gradus import nn, optim
from gradus.data import DataLoader, Sequences, Subset, TensorDataset, check_finite, random_split
from gradus.data.sequences import least_padding
from gradus.errors import ArgumentError, CheckpointError, DataError, ShapeError
from gradus.train import LambdaCallback, Trainer


def texts(n=200, longest=30, seed=0, **options):
    """Texts of words from 1 on; in those of class 1, half of the words are 1."""
    rng = np.random.default_rng(seed)
    lengths = np.clip(np.rint(rng.lognormal(2, 0.7, n)), 1, longest).astype(int)
    labels = np.arange(n) % 2
    drawn = [np.where(rng.random(t) < y / 2, 1, rng.integers(2, 20, t)) for t, y in zip(lengths, labels, strict=True)]
    return Sequences(drawn, labels, **options)


# -- the data set ------------------------------------------------------------------------------------------------------


def test_a_batch_is_padded_to_the_least_length_that_holds_it():
    data = Sequences([[1, 2], [3], [4, 5, 6, 7, 8]], [[0.5], [1.5], [2.5]], buckets=[2, 8, 3], fill=-1)
    assert len(data) == 3 and data.buckets == (2, 3, 8) and data.padded.tolist() == [2, 2, 8]
    x, lengths, y = data[:2]
    assert x.tolist() == [[1, 2], [3, -1]] and lengths.tolist() == [2, 1] and y.tolist() == [[0.5], [1.5]]
    assert data[np.array([2, 1])][0].tolist() == [[4, 5, 6, 7, 8, -1, -1, -1], [3] + [-1] * 7]
    x, length, y = data[-1]
    assert x.tolist() == [4, 5, 6, 7, 8] and length == 5 and y == 2.5
    with pytest.raises(IndexError):
        data[3]
    assert repr(data) == "Sequences(3 of int64(t,), t from 1 to 5)"


@pytest.mark.parametrize("dtype", ["float32", "float64", "uint8"])
def test_a_series_keeps_its_axes_and_its_dtype(dtype):
    series = [np.arange(t * 3).reshape(t, 3).astype(dtype) for t in (4, 1, 2)]
    x, lengths = Sequences([series[0], gradus.tensor(series[1]), series[2]])[:]
    assert x.shape == (3, 4, 3) and x.dtype == dtype
    for found, t, expected in zip(x, lengths, series, strict=True):
        np.testing.assert_array_equal(found[:t], expected)
        assert not found[t:].any()


def test_parts_of_sequences_know_their_lengths():
    first, second = random_split(texts(buckets=3), [0.5, 0.5])
    expected = [second[i : i + 1][0].shape[1] for i in (4, 2)]
    assert gradus.data.padded_lengths(Subset(second, [4, 2])).tolist() == expected
    x, lengths, labels = first.arrays
    assert len(x) == len(lengths) == len(labels) == 100
    assert gradus.data.padded_lengths(TensorDataset([1, 2])) is None


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Sequences([]), DataError, "there is no sequence"),
        (lambda: Sequences([[1], []]), DataError, "sequence 1 is empty. Leave it out"),
        (lambda: Sequences([[1], 2]), DataError, r"sequence 1 has shape \(\), sequence 0 \(1,\)"),
        (lambda: Sequences([np.ones((2, 3)), np.ones((2, 4))]), DataError, r"sequence 1 .*differ in t alone"),
        (lambda: Sequences(["a film", "a play"]), DataError, "sequence 0, 'a film', .*Words are given as numbers"),
        (lambda: Sequences([[1], [[1, 2], [3]]]), DataError, r"sequence 1, \[\[1, 2\], \[3\]\], is none of numbers"),
        (lambda: Sequences([[1], [2]], [1, 2, 3]), ShapeError, r"2 sequences.*\(3,\)"),
        (lambda: Sequences([[1], [2]], 3), ShapeError, r"2 sequences.*\(\)"),
        (lambda: Sequences([[1, 2]], buckets=0), ArgumentError, "Sequences: buckets must be an integer of 1 or more"),
        (lambda: Sequences([[1, 2]], buckets=[4, 0]), ArgumentError, r"buckets\[1\] must be .* 1 or more, got 0"),
        (lambda: Sequences([[1] * 9, [2]], buckets=[4, 8]), ArgumentError, "has 9 steps, the largest of buckets is 8"),
        (lambda: TensorDataset([[1, 2], [3]]), ShapeError, "do not form a box"),
        (lambda: next(iter(DataLoader([([1.0, 2.0],), ([3.0],)]))), DataError, "make Sequences of those"),
    ],
)
def test_what_makes_no_sequences(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_where_a_number_is_none():
    with pytest.raises(DataError, match=r"x\[1, 2, 0\] is nan"):
        check_finite(Subset(Sequences([np.ones((2, 1)), [[1.0], [2.0], [np.nan]]], [0, 1]), [0]))
    with pytest.raises(DataError, match=r"y\[1\] is inf"):
        check_finite(Sequences([[1.0], [2.0]], [0, np.inf]))
    check_finite(texts())


# -- which lengths -----------------------------------------------------------------------------------------------------


def places(lengths, chosen):
    """How many places so many sequences are padded to."""
    return sum(min(b for b in chosen if b >= length) for length in lengths)


@settings(deadline=None, max_examples=60)
@given(lengths=st.lists(st.integers(1, 12), min_size=1, max_size=30), count=st.integers(1, 5))
def test_the_lengths_chosen_have_the_least_padding_of_all(lengths, count):
    chosen = least_padding(np.array(lengths), count)
    known = sorted(set(lengths))
    assert len(chosen) == min(count, len(known)) and list(chosen) == sorted(chosen)
    ways = (c for c in itertools.combinations(known, len(chosen)) if c[-1] == known[-1])
    assert places(lengths, chosen) == min(places(lengths, way) for way in ways)


def test_very_many_lengths_are_soon_chosen_among():
    lengths = np.random.default_rng(0).integers(1, 1_000_000, 20_000)
    chosen = least_padding(lengths, 4)
    assert len(chosen) == 4 and lengths.max() <= chosen[-1] < lengths.max() * 1.002


# -- the loader --------------------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=30)
@given(
    n=st.integers(1, 60), size=st.integers(1, 12), epoch=st.integers(0, 1000), seed=st.integers(0, 2**64 - 1),
    buckets=st.integers(1, 5), drop=st.booleans(), data=st.data(),
)  # fmt: skip
def test_an_epoch_goes_through_few_shapes_and_resumes_anywhere(n, size, epoch, seed, buckets, drop, data):
    numbered = Sequences([[1] * (1 + i * 7 % 11) for i in range(n)], np.arange(n), buckets=buckets)

    def seen(start=0, **options):
        loader = DataLoader(numbered, size, shuffle=True, drop_last=drop, seed=seed, **options)
        return [(x.shape, i.tolist()) for x, _, i in loader.batches(epoch, start)]

    whole = seen()
    start = data.draw(st.integers(0, len(whole)))
    assert seen(start) == seen(start, prefetch=2) == whole[start:]
    assert len(whole) == len(DataLoader(numbered, size, drop_last=drop))
    assert all(len(i) == size for _, i in whole[:-1]) and len({shape for shape, _ in whole}) <= buckets + 1
    mixed = [i for _, i in whole if len(set(numbered.padded[i])) > 1]
    assert len(mixed) <= len(numbered.buckets)
    samples = [j for _, i in whole for j in i]
    assert len(set(samples)) == len(samples) == (n // size * size if drop else n)


def test_what_is_left_out_and_how_batches_follow_is_drawn_anew():
    data = texts(n=50, buckets=4)
    loader = DataLoader(data, 8, shuffle=True, drop_last=True)
    left, orders = set(), set()
    for epoch in range(60):
        batches = list(loader.batches(epoch))
        left |= set(range(50)) - set(np.concatenate(loader.rows(epoch)).ravel().tolist())
        orders.add(tuple(x.shape[1] for x, *_ in batches))
        assert np.concatenate(loader.rows(epoch)).shape == (6, 8)
    assert len(set(data.padded[list(left)])) == 4 and len(left) > 40 and len(orders) > 20


def test_without_shuffling_the_order_stays():
    assert [int(i) for *_, y in DataLoader(texts(20), 3) for i in y.numpy()] == [0, 1] * 10


def test_little_is_lost_to_padding():
    """10,000 texts whose lengths are drawn as those of real ones are: in how many shapes, and what share is padding."""
    lengths = np.clip(np.rint(np.random.default_rng(0).lognormal(4.4, 0.8, 10_000)), 1, 400).astype(int)
    loader = DataLoader(Sequences([np.ones(n, np.int16) for n in lengths], lengths), 32, shuffle=True)
    batches = list(loader)
    assert len({x.shape for x, *_ in batches}) <= 10
    assert 1 - lengths.sum() / sum(x.size for x, *_ in batches) < 0.15


# -- training ----------------------------------------------------------------------------------------------------------


class Classifier(nn.Module):
    def __init__(self):
        self.embed, self.gru, self.out = nn.Embedding(20, 4), nn.GRU(4, 8, batch_first=True), nn.Linear(8, 2)

    def forward(self, text, lengths):
        _, last = self.gru(self.embed(text), lengths=lengths)
        return self.out(last[-1])


def trainer_of(**options):
    gradus.seed(0)
    model = Classifier()
    return Trainer(model, "cross_entropy", optim.Adam(model.parameters(), lr=0.02), **options)


def bits(trainer):
    return [p.numpy().tobytes() for p in trainer.model.parameters()]


def test_a_trainer_makes_a_program_for_each_length_and_learns():
    data = texts(buckets=[10, 30])
    trainer, held_out = trainer_of(), texts(80, seed=1)
    first = trainer.fit(data, held_out, epochs=8, batch_size=16, progress=False).records[0]
    trainer.fit(data, held_out, epochs=2, batch_size=16, progress=False, seed=1)
    assert len(trainer.compiled._steps) == 3 and not trainer.eager  # two lengths, and the last batch of 8
    assert trainer.evaluate(held_out)["accuracy"] > 0.85
    eager = trainer_of(compile=False)
    eager.fit(data, epochs=1, batch_size=16, progress=False)
    assert eager.history.records[0]["loss"] == pytest.approx(first["loss"], rel=1e-4)


def test_predictions_come_in_the_order_of_the_samples():
    trainer, data = trainer_of(compile=False), texts(40, buckets=4)
    found = trainer.predict(data, batch_size=7).numpy()
    for i in range(40):
        x, length, _ = data[i]
        alone = trainer.model(gradus.tensor(x[None]), [length]).numpy()
        np.testing.assert_allclose(found[i : i + 1], alone, rtol=1e-5, atol=1e-6)
    alone = Sequences([data[i][0] for i in range(40)])
    for same in (alone, DataLoader(data, 7), Subset(data, range(40))):
        np.testing.assert_allclose(trainer.predict(same, batch_size=7).numpy(), found, rtol=1e-5, atol=1e-6)
    one, other = trainer.evaluate(data), trainer.evaluate(DataLoader(data, 80))
    assert one == pytest.approx(other, rel=1e-5)


def test_sequences_alone_cannot_be_learned_from():
    with pytest.raises(DataError, match="has no targets, but inputs and targets are needed"):
        trainer_of().fit(Sequences([[1], [2, 3]]), progress=False)


def test_training_goes_on_in_the_middle_of_an_epoch_to_the_bit(tmp_path):
    data, options = texts(100, buckets=3), {"epochs": 3, "batch_size": 16, "progress": False}
    whole = trainer_of(compile=False)
    whole.fit(data, **options)

    def press(trainer, number):
        if number == 3 and trainer.history.records:
            signal.raise_signal(signal.SIGINT)

    trainer = trainer_of(compile=False)
    with pytest.raises(KeyboardInterrupt):
        trainer.fit(data, run=tmp_path / "run", callbacks=[LambdaCallback(on_batch_end=press)], **options)
    with pytest.raises(CheckpointError, match="lengths"):
        trainer_of(compile=False).fit(texts(100, buckets=2), run=tmp_path / "run", resume=True, **options)
    trainer = trainer_of(compile=False)
    trainer.fit(data, run=tmp_path / "run", resume=True, **options)
    assert bits(trainer) == bits(whole)
