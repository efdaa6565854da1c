"""A trained model over data in memory: natively as eagerly, and sums that do not depend on how they were made."""

from __future__ import annotations

import numpy as np
import pytest

import gradus
from gradus import models, nn, optim
from gradus.data import DataLoader, Subset, TensorDataset
from gradus.errors import EagerWarning, TraceError
from gradus.train import Trainer
from gradus.train.fitting.evaluation import NATIVE_FROM, Running, scores

rng = np.random.default_rng(0)
N = NATIVE_FROM + 75
LABELS = rng.integers(0, 4, N)
IMAGES = rng.normal(size=(N, 1, 8, 8)).astype(np.float32)
DATA = TensorDataset(IMAGES, LABELS)
SHUFFLED = Subset(DATA, rng.permutation(N))


def trainer_of(model=None, compile=True, metrics=("accuracy", "f1")):
    gradus.seed(0)
    model = model or models.MLP([64, 32, 4], batch_norm=True, dropout=0.5)
    return Trainer(model, "cross_entropy", optim.SGD(model.parameters(), lr=0.1), metrics=metrics, compile=compile)


@pytest.mark.parametrize("data", [DATA, SHUFFLED, DataLoader(SHUFFLED, 64, shuffle=True, drop_last=True)])
def test_natively_as_eagerly(data):
    native, eager = trainer_of(), trainer_of(compile=False)
    found, wanted = (t.evaluate(data) for t in (native, eager))
    assert native.forward._steps
    assert found == pytest.approx(wanted, rel=1e-5)


def test_predictions_come_in_the_order_of_the_samples():
    wanted = trainer_of(compile=False).predict(IMAGES).numpy()
    for data, order in ((IMAGES, slice(None)), (DATA, slice(None)), (SHUFFLED, SHUFFLED.indices)):
        np.testing.assert_allclose(trainer_of().predict(data).numpy(), wanted[order], rtol=1e-5, atol=1e-6)


def test_few_samples_are_not_worth_a_program():
    t = trainer_of()
    t.evaluate(Subset(DATA, np.arange(NATIVE_FROM - 1)))
    assert not t.forward._steps


def test_the_model_keeps_its_mode_and_trains_on():
    t = trainer_of()
    t.model.train()
    before = t.evaluate(DATA)
    assert t.model.training
    t.fit(DATA, validation=DATA, epochs=2, progress=False)
    assert t.history.last["val_loss"] == t.evaluate(DATA)["loss"] != before["loss"]
    assert len(t.forward._steps) == 1


class Looks(nn.Module):
    def __init__(self):
        self.linear = nn.Linear(64, 4)

    def forward(self, x):
        z = self.linear(x.flatten(1))
        return z if z.sum() > 0 else z * 2


def test_what_cannot_be_compiled_says_so():
    with pytest.raises(TraceError, match="compile=False"):
        trainer_of(Looks(), compile="require").evaluate(DATA)
    with pytest.warns(EagerWarning, match=r"looks at a value, at test_evaluation.py:\d+"):
        found = trainer_of(Looks()).evaluate(DATA)
    assert found == trainer_of(Looks(), compile=False).evaluate(DATA)


class Turned(TensorDataset):
    def __getitem__(self, index):
        x, y = super().__getitem__(index)
        return -x, y


def test_a_data_set_with_items_of_its_own_is_asked_for_them():
    turned = Turned(IMAGES, LABELS)
    assert trainer_of().evaluate(turned) == trainer_of().evaluate(TensorDataset(-IMAGES, LABELS))
    ends = []
    for data in (turned, TensorDataset(-IMAGES, LABELS)):
        t = trainer_of()
        t.fit(data, progress=False)
        ends.append(t.history.last["loss"])
    assert ends[0] == ends[1]


class Reads:
    """A data set that is no TensorDataset: its samples come one by one."""

    def __init__(self, *arrays):
        self.arrays_read = arrays

    def __len__(self):
        return len(self.arrays_read[0])

    def __getitem__(self, i):
        return tuple(a[i] for a in self.arrays_read)


def arrivals(x, y, batch_size):
    """The same samples, as they may come."""
    there = np.random.default_rng(1).permutation(len(x))
    back = np.argsort(there)
    plain = TensorDataset(x, y)
    yield "in memory", plain
    yield "column by column", TensorDataset(np.asfortranarray(x), np.asfortranarray(y))
    yield "a part", Subset(TensorDataset(x[there], y[there]), back)
    yield "a part, column by column", Subset(TensorDataset(*(np.asfortranarray(a[there]) for a in (x, y))), back)
    yield "item by item", Reads(x, y)
    yield "items of its own", Turned(-x, y)
    yield "a loader", DataLoader(plain, batch_size)
    yield "read ahead", DataLoader(plain, batch_size, prefetch=2)
    yield "items read ahead", DataLoader(Reads(x, y), batch_size, prefetch=1)


@pytest.mark.parametrize("compile", [True, False])
@pytest.mark.parametrize(
    ("n", "batch_size"), [(NATIVE_FROM + 75, 80), (NATIVE_FROM, 64), (NATIVE_FROM + 1, NATIVE_FROM + 2), (150, 80)]
)
@pytest.mark.parametrize("loss", ["cross_entropy", "mse"])
def test_the_bits_do_not_depend_on_how_the_data_arrive(loss, n, batch_size, compile):
    x = IMAGES[:n].reshape(n, 64) * np.float32(1.1)
    y = LABELS[:n] if loss == "cross_entropy" else np.random.default_rng(0).normal(size=(n, 4)).astype(np.float32)
    gradus.seed(0)
    model = models.MLP([64, 32, 4])
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    metrics = ("accuracy", "f1") if loss == "cross_entropy" else ("rmse", "mae", "r2")
    t, found = Trainer(model, loss, optimizer, metrics, compile=compile), {}
    for way, data in arrivals(x, y, batch_size):
        found[way] = (t.evaluate(data, batch_size), t.predict(data, batch_size).numpy().tobytes())
    assert {way for way, values in found.items() if values != found["in memory"]} == set()


@pytest.mark.parametrize("loss", ["cross_entropy", "mse"])
def test_the_history_has_the_same_bits_however_the_data_arrive(loss):
    n = NATIVE_FROM + 75
    x = IMAGES[:n].reshape(n, 64) * np.float32(1.1)
    y = LABELS[:n] if loss == "cross_entropy" else np.random.default_rng(0).normal(size=(n, 4)).astype(np.float32)
    found = {}
    for way, data in arrivals(x, y, 80):
        gradus.seed(0)
        model = models.MLP([64, 32, 4])
        t = Trainer(model, loss, optim.SGD(model.parameters(), lr=0.1))
        train = data if isinstance(data, DataLoader) else DataLoader(data, 80)
        history = t.fit(train, validation=data, progress=False).last
        found[way] = {k: v for k, v in history.items() if "second" not in k}
        own = {f"val_{k}": v for k, v in t.evaluate(data).items()}
        assert own == {k: v for k, v in found[way].items() if k.startswith("val_")}, way
        outputs = t.predict(data)
        assert scores(t, outputs, gradus.tensor(y)) == t.evaluate(data), way
    assert {way for way, values in found.items() if values != found["in memory"]} == set()


@pytest.mark.parametrize("names", [("accuracy", "top_2", "f1"), ("rmse", "mae")])
def test_sums_are_the_same_bits_however_the_batches_come(names):
    losses = rng.random(12, np.float32)
    if "rmse" in names:
        outputs, targets = rng.random((2, 12, 5, 3), np.float32)
    else:
        outputs, targets = rng.random((12, 5, 3), np.float32), rng.integers(0, 3, (12, 5))
    found = []
    for parts in ([12], [5, 7], [1] * 12):
        running, done = Running(trainer_of(metrics=names).metrics), 0
        for count in parts:
            running.update(*(a[done : done + count] for a in (losses, outputs, targets)))
            done += count
        found.append(running.values())
    assert found[0] == found[1] == found[2]
