"""Overfitting, and what narrows the gap; learning curves; what helps a new task, and what becomes of the old one."""

from __future__ import annotations

import numpy as np
import pytest

import gradus
from gradus import Trainer, datasets, nn, optim
from gradus.data import Subset, TensorDataset
from gradus.datasets import Splits
from gradus.errors import ArgumentError
from gradus.inspect import learn_in_turn, learning_curve, watch_fit
from gradus.models import MLP, ConvNet
from gradus.train import transferred

TRAIN, TEST = datasets.digits()
FEW = Subset(TRAIN, np.arange(100))


def trainer(dropout=0.0, weight_decay=0.0, lr=0.05, hidden=3):
    gradus.seed(0)
    model = MLP([64, *hidden * [100], 10], dropout=dropout)
    for name, p in model.named_parameters():
        nn.init.kaiming_normal_(p) if name.endswith("weight") else nn.init.zeros_(p)
    return Trainer(model, "cross_entropy", optim.SGD(model.parameters(), lr=lr, weight_decay=weight_decay))


def gaps(**remedy):
    """Training minus test accuracy of a network of seven layers: before training, and near the end of it."""
    some = Subset(TRAIN, np.arange(300))
    watched = trainer(hidden=6, **remedy)
    course = watch_fit(watched, some, {"train": some, "test": TEST}, epochs=60, every=10, batch_size=100)
    return course.gap()[0], course.gap()[-3:].mean(), course.values["train"]["accuracy"][-1]


def test_few_pictures_are_learned_by_heart_and_remedies_narrow_the_gap():
    before, plain, learned = gaps()
    assert abs(before) < 0.05
    assert plain > 0.1
    assert learned > 0.98
    for remedy in ({"weight_decay": 0.1}, {"dropout": 0.2}):
        assert gaps(**remedy)[1] < plain - 0.01, remedy


def test_what_is_watched_is_measured_in_evaluation_mode():
    t = trainer(dropout=0.5)
    course = watch_fit(t, FEW, {"train": FEW}, epochs=3, every=2)
    assert course.at.tolist() == [0, 2, 3]
    assert course.values["train"]["loss"][-1] == pytest.approx(t.evaluate(FEW)["loss"])
    t.model.eval()
    with gradus.no_grad():
        z = t.model(gradus.tensor(FEW.arrays[0])).numpy()
    assert course.values["train"]["accuracy"][-1] == (z.argmax(1) == FEW.arrays[1]).mean()


def test_watching_does_not_change_the_training():
    alone, watched_ = trainer(), trainer()
    alone.fit(FEW, epochs=4, batch_size=50, progress=False)
    watch_fit(watched_, FEW, {"test": TEST}, epochs=4, batch_size=50)
    for a, b in zip(alone.model.parameters(), watched_.model.parameters(), strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())


def test_more_data_narrow_the_gap():
    curve = learning_curve(trainer, TRAIN, TEST, [30, 200, 1438], steps=150, repeats=2)
    assert curve.sizes.tolist() == [30, 200, 1438]
    assert curve.test["accuracy"].shape == (3, 2)
    assert curve.train["accuracy"][0].tolist() == [1.0, 1.0]
    assert (np.diff(curve.test["accuracy"].mean(axis=1)) > 0).all()
    assert (np.diff(curve.gap()) < 0).all()
    assert curve.gap()[0] > 0.2
    assert curve.gap()[-1] < 0.06


def test_a_learning_curve_is_a_function_of_its_seed():
    one, same, other = (learning_curve(trainer, TRAIN, TEST, [20], steps=5, seed=s).test["loss"] for s in (3, 3, 4))
    assert one == same
    assert one != other


def test_smaller_samples_are_part_of_larger_ones():
    class Remembers(Trainer):
        def fit(self, train, **options):
            seen.append(train.indices)
            return super().fit(train, **options)

    def make():
        t = trainer()
        return Remembers(t.model, "cross_entropy", t.optimizer)

    seen = []
    learning_curve(make, TRAIN, TEST, [5, 20], steps=1)
    assert len(seen[0]) == 5
    assert len(seen[1]) == 20
    assert set(seen[0]) < set(seen[1])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"sizes": []}, "no size"),
        ({"sizes": [0, 5]}, "1 to 1438"),
        ({"sizes": [2000]}, "1 to 1438"),
        ({"make": lambda: 3}, "gradus.Trainer"),
        ({"steps": 0}, "steps"),
        ({"repeats": 0}, "repeats"),
    ],
)
def test_learning_curve_refuses(options, words):
    given = {"make": trainer, "train": TRAIN, "test": TEST, "sizes": [10]} | options
    with pytest.raises(ArgumentError, match=words):
        learning_curve(**given)


def test_watch_fit_refuses():
    with pytest.raises(ArgumentError, match="every"):
        watch_fit(trainer(), FEW, {"train": FEW}, epochs=1, every=0)
    with pytest.raises(ArgumentError, match="Trainer"):
        watch_fit(trainer().model, FEW, {"train": FEW}, epochs=1)


# -- transfer ----------------------------------------------------------------------------------------------------------


def only(part, labels):
    chosen = np.isin(part.arrays[1], labels)
    return TensorDataset(*(a[chosen] for a in part.arrays))


def test_transferred_replaces_the_last_layer_and_freezes_the_rest():
    known = ConvNet()
    before = {n: t.numpy().copy() for n, t in known.state_dict().items()}
    for frozen in (True, False):
        new = transferred(known, 3, frozen=frozen)
        assert new(gradus.zeros((2, 1, 8, 8))).shape == (2, 3)
        free = {n for n, p in new.named_parameters() if p.requires_grad}
        assert free == ({"classifier.4.weight", "classifier.4.bias"} if frozen else set(before))
        optimizer = optim.Adam(new.parameters(), lr=1e-2)
        three = only(TRAIN, [0, 1, 2])
        Trainer(new, "cross_entropy", optimizer).fit(three, epochs=1, progress=False)
        features = {n: t.numpy() for n, t in new.state_dict().items() if not n.startswith("classifier.4")}
        assert all((values == before[n]).all() == frozen for n, values in features.items())
    assert all((t.numpy() == before[n]).all() for n, t in known.state_dict().items())
    assert all(p.requires_grad for p in known.parameters())


def test_transferred_keeps_what_the_layer_was_otherwise():
    assert transferred(nn.Linear(4, 2, bias=False), 5).bias is None
    assert transferred(nn.Linear(4, 2), 5)(gradus.zeros((1, 4))).shape == (1, 5)
    with pytest.raises(ArgumentError, match="no Linear layer"):
        transferred(nn.Sequential(nn.Conv2d(1, 2, 3)), 5)
    with pytest.raises(ArgumentError, match="outputs"):
        transferred(nn.Linear(4, 2), 0)


def test_features_of_another_task_help_where_samples_are_few():
    known = trainer(lr=0.1)
    known.fit(only(TRAIN, range(5)), epochs=20, progress=False)
    new = Splits(*(only(part, range(5, 10)) for part in (TRAIN, TEST)))

    def accuracy(make):
        def training():
            model = make()
            return Trainer(model, "cross_entropy", optim.SGD(model.parameters(), lr=0.1))

        return learning_curve(training, *new, [20], steps=60, repeats=3).test["accuracy"].mean()

    tuned = accuracy(lambda: transferred(known.model, 10, frozen=False))
    assert tuned > accuracy(lambda: MLP([64, 100, 100, 100, 10])) + 0.05


# -- forgetting --------------------------------------------------------------------------------------------------------


def tasks():
    return {
        name: Splits(*(only(part, labels) for part in (TRAIN, TEST)))
        for name, labels in (("0-4", range(5)), ("5-9", range(5, 10)))
    }


def in_turn(kept=0):
    t = trainer()
    adam = Trainer(t.model, "cross_entropy", optim.Adam(t.model.parameters(), lr=3e-3))
    return learn_in_turn(adam, tasks(), looks=4, kept=kept, batch_size=16)


def test_the_first_task_is_forgotten_while_the_second_is_learned():
    found = in_turn()
    first, second = (found.values[name]["accuracy"] for name in ("0-4", "5-9"))
    turn = found.at.tolist().index(found.starts["5-9"])
    assert turn == 4
    assert len(found.at) == 9
    assert first[turn] > 0.9
    assert second[turn] == 0.0
    assert first[-1] < 0.3
    assert second[-1] > 0.8
    assert found.at[-1] == len(TRAIN)


def test_rehearsal_keeps_the_first_task():
    plain, rehearsed = (in_turn(kept).values["0-4"]["accuracy"][-1] for kept in (0, 100))
    assert rehearsed > plain + 0.4


def test_learn_in_turn_refuses():
    one = tasks()
    with pytest.raises(ArgumentError, match="two tasks"):
        learn_in_turn(trainer(), {"0-4": one["0-4"]})
    with pytest.raises(ArgumentError, match="looks"):
        learn_in_turn(trainer(), one, looks=0)
    with pytest.raises(ArgumentError, match="5000 looks at 0-4"):
        learn_in_turn(trainer(), one, looks=5000)
    with pytest.raises(ArgumentError, match="kept"):
        learn_in_turn(trainer(), one, kept=-1)
