"""Data sets in parts: with each class's share, or held out one after the other; models measured on what is held out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gradus
from gradus import nn, optim
from gradus.data import Subset, TensorDataset, k_fold, random_split, stratified_split
from gradus.errors import ArgumentError, DataError, DataWarning, OptionError
from gradus.train import CrossValidation, Trainer, cross_validate, cross_validation
from gradus.train.recipe import Recipe


def of(labels):
    return TensorDataset(np.arange(len(labels)), labels)


@settings(deadline=None, max_examples=60)
@given(
    labels=st.lists(st.integers(0, 4), min_size=1, max_size=40), share=st.floats(0, 1), seed=st.integers(0, 2**64 - 1)
)
def test_each_part_has_of_each_class_its_share(labels, share, seed):
    n = len(labels)
    count = round(share * n)
    parts = stratified_split(of(labels), [count, n - count], seed=seed)
    assert [len(part) for part in parts] == [count, n - count]
    assert sorted(i for part in parts for i in part.indices) == list(range(n))
    for part in parts:
        for label in set(labels):
            due = labels.count(label) * len(part) / n
            assert np.floor(due) <= sum(labels[i] == label for i in part.indices) <= np.ceil(due)


def test_three_parts_by_fractions_and_by_labels_of_ones_own():
    labels = ["a"] * 60 + ["b"] * 30 + ["c"] * 10
    data = [f"text {i}" for i in range(100)]
    parts = stratified_split(data, [0.6, 0.3, 0.1], labels=labels, seed=3)
    counts = [[sum(labels[i] == c for i in part.indices) for c in "abc"] for part in parts]
    assert counts == [[36, 18, 6], [18, 9, 3], [6, 3, 1]]
    again, other = (stratified_split(data, [0.6, 0.3, 0.1], labels=labels, seed=s)[0] for s in (3, 4))
    assert parts[0].indices.tolist() == again.indices.tolist() != other.indices.tolist()
    assert sorted(labels[i] for i in parts[0].indices) != [labels[i] for i in parts[0].indices]  # they are mixed


@pytest.mark.parametrize(
    ("n", "fractions", "counts"),
    [
        (10, [0.05, 0.95], [1, 9]),
        (10, [0.35, 0.35, 0.3], [4, 3, 3]),
        (11, [0.25, 0.25, 0.25, 0.25], [3, 3, 3, 2]),
        (100, [0.71, 0.29], [71, 29]),
        (10, [0.0, 0.55, 0.45], [0, 6, 4]),
        (5, [np.float32(0.5), np.float32(0.5)], [3, 2]),
    ],
)
def test_fractions_have_their_whole_samples_and_the_first_parts_the_rest(n, fractions, counts):
    assert [len(part) for part in random_split(range(n), fractions)] == counts
    assert [len(part) for part in stratified_split(of([0] * n), fractions)] == counts


def test_a_fraction_that_comes_to_nothing_is_told():
    with pytest.warns(DataWarning, match="^random_split: of 10 samples, a part of 0.05 is empty$"):
        assert [len(part) for part in random_split(range(10), [0.05, 0.05, 0.9])] == [1, 0, 9]


def test_labels_of_a_part_are_those_of_its_rows():
    part = Subset(of([0, 0, 0, 0, 1, 1, 1, 1]), [0, 1, 4, 5])
    assert [sorted(p.arrays[1].tolist()) for p in stratified_split(part, [2, 2])] == [[0, 1], [0, 1]]


@settings(deadline=None, max_examples=40)
@given(
    labels=st.lists(st.integers(0, 3), min_size=5, max_size=40), k=st.integers(2, 5), seed=st.integers(0, 9),
    stratified=st.booleans(),
)  # fmt: skip
def test_each_sample_is_held_out_once(labels, k, seed, stratified):
    n = len(labels)
    folds = k_fold(of(labels), k, labels=labels if stratified else None, seed=seed)
    assert len(folds) == k
    held = [part.indices.tolist() for _, part in folds]
    assert sorted(i for part in held for i in part) == list(range(n))
    assert all(sorted([*train.indices, *part.indices]) == list(range(n)) for train, part in folds)
    assert max(map(len, held)) - min(map(len, held)) <= 1
    if stratified:
        for label in set(labels):
            counts = [sum(labels[i] == label for i in part) for part in held]
            assert max(counts) - min(counts) <= 1


def test_folds_are_drawn_by_the_seed_or_stretches():
    def held(**options):
        return [part.indices.tolist() for _, part in k_fold(of([0] * 10), 3, **options)]

    assert held(shuffle=False) == [[0, 1, 2, 3], [4, 5, 6], [7, 8, 9]]
    assert held(seed=1) == held(seed=1) != held(seed=2)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: stratified_split(["a", "b"], [1, 1]), DataError, r"of a list are not in memory.*labels=\[...\]"),
        (lambda: stratified_split(of([0.5, 1.5]), [1, 1]), DataError, "labels are a whole number or a text"),
        (lambda: stratified_split(of([0, 1]), [1, 1], labels=["a", None]), DataError, "got NoneType, str"),
        (lambda: stratified_split(iter([1]), [1, 1]), DataError, "stratified_split: expects a data set"),
        (lambda: random_split(iter([1]), [1, 1]), DataError, "random_split: expects a data set"),
        (lambda: k_fold(iter([1]), 2), DataError, "k_fold: expects a data set"),
        (lambda: stratified_split(of([0, 1]), [1, 1], labels=[1]), DataError, "1 labels for 2 samples"),
        (lambda: stratified_split(of([0, 1]), [0.5, 0.4]), ArgumentError, "stratified_split: the lengths .* add up"),
        (lambda: k_fold(of([0, 1]), 1), ArgumentError, "k must be an integer of 2 or more"),
        (lambda: k_fold(of([0, 1]), 3), ArgumentError, "2 samples cannot be held out in k=3 parts"),
        (lambda: k_fold(of([0, 1]), 2, shuffle=False, labels=[0, 1]), ArgumentError, "leave out shuffle=False"),
        (lambda: random_split(of([0, 1]), test_size=0.2), OptionError, r"Write instead: lengths=\[0.8, 0.2\]"),
        (lambda: random_split(of([0, 1]), [1, 1], stratify=[0, 1]), OptionError, "stratified_split"),
        (lambda: random_split(of([0, 1]), [1, 1], generator=gradus.Generator(0)), OptionError, "seed=0"),
    ],
)
def test_what_cannot_be_parted(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_names_of_scikit_learn():
    data = of([0, 1] * 10)
    assert random_split(data, [0.5, 0.5], random_state=3)[0].indices.tolist() == (
        random_split(data, [0.5, 0.5], seed=3)[0].indices.tolist()
    )
    assert len(k_fold(data, n_splits=4)) == 4


# -- cross-validation --------------------------------------------------------------------------------------------------

rng = np.random.default_rng(0)
X = rng.normal(size=(60, 2)).astype(np.float32)
DATA = TensorDataset(X, (X[:, 0] > 0).astype(int))


def make():
    model = nn.Linear(2, 2)
    return Trainer(model, "cross_entropy", optim.SGD(model.parameters(), lr=0.5), compile=False)


def test_each_model_is_measured_on_what_it_has_not_seen():
    found = cross_validate(make, DATA, k=4, epochs=3, batch_size=8, labels=DATA.arrays[1], seed=7)
    by_hand = []
    for i, (train, held_out) in enumerate(k_fold(DATA, 4, labels=DATA.arrays[1], seed=7)):
        gradus.seed(7 + i)
        trainer = make()
        trainer.fit(train, epochs=3, batch_size=8, progress=False, seed=7 + i)
        by_hand.append(trainer.evaluate(held_out))
    assert list(found.folds) == by_hand
    accuracies = [fold["accuracy"] for fold in by_hand]
    assert found.mean["accuracy"] == np.mean(accuracies) > 0.8
    assert found.spread["accuracy"] == pytest.approx(np.std(accuracies, ddof=1))
    assert str(found).splitlines()[1].startswith(f"accuracy {np.mean(accuracies):.4g} ± ")


def test_a_recipe_says_all(monkeypatch):
    recipe = Recipe(data="digits", model="softmax", limit=150, epochs=8, batch_size=20, eager=True, seed=3, lr=0.1)
    found = cross_validate(recipe, k=3)
    assert len(found.folds) == 3 and 0.5 < found.mean["accuracy"] < 1
    assert found.folds == cross_validate(recipe, k=3).folds
    with pytest.raises(ArgumentError, match="a Recipe says on what it trains, and how; leave out the data set"):
        cross_validate(recipe, DATA)
    with pytest.raises(ArgumentError, match="leave out labels and epochs and seed"):
        cross_validate(recipe, epochs=3, labels=[0], seed=1)
    asked = []
    monkeypatch.setattr(cross_validation, "k_fold", lambda data, k, **how: asked.append(how) or k_fold(data, k, **how))
    cross_validate(recipe, k=2)
    monkeypatch.setattr(cross_validation, "SERIES", ("digits",))
    cross_validate(recipe, k=2)
    assert [how["shuffle"] for how in asked] == [True, False]
    assert [how["labels"] is None for how in asked] == [False, True] and {how["seed"] for how in asked} == {3}


def test_what_cannot_be_cross_validated():
    once = make()
    with pytest.raises(ArgumentError, match="a model that it had given before"):
        cross_validate(lambda: once, DATA, k=2)
    with pytest.raises(ArgumentError, match="make gave None, which is no Trainer"):
        cross_validate(lambda: None, DATA, k=2)
    with pytest.raises(ArgumentError, match="make must be a function"):
        cross_validate(once, DATA)
    with pytest.raises(ArgumentError, match="give the data set, too"):
        cross_validate(make)
    assert CrossValidation(({"loss": 1.0}, {"loss": 3.0})).mean == {"loss": 2.0}
