"""Threads: predicting and evaluating while another thread trains, and one compiled function called from several."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

import gradus
from gradus import models, nn, optim
from gradus.data import DataLoader, TensorDataset
from gradus.train import LambdaCallback, Trainer
from gradus.train.fitting.turns import Turn, turn_of

rng = np.random.default_rng(0)
LABELS = rng.integers(0, 4, 3000)
POINTS = (rng.normal(size=(4, 16))[LABELS] + rng.normal(size=(3000, 16))).astype(np.float32)
DATA = TensorDataset(POINTS, LABELS)


class Net(nn.Module):
    """What behaves otherwise while it is trained: dropout, batch normalisation."""

    def __init__(self):
        self.first, self.norm, self.last = nn.Linear(16, 32), nn.BatchNorm1d(32), nn.Linear(32, 4)
        self.drop = nn.Dropout(0.3)

    def forward(self, x):
        return self.last(self.drop(self.norm(self.first(x)).relu()))


def trainer_of(**options):
    gradus.seed(0)
    model = Net()
    return Trainer(model, "cross_entropy", optim.Adam(model.parameters(), lr=0.003), **options)


def bits(trainer):
    return {k: v.numpy().tobytes() for k, v in trainer.model.state_dict().items()}


def beside(work, until):
    """Run `work` again and again in another thread while `until` runs here; how often it ran."""
    done, problems, count = threading.Event(), [], [0]

    def again():
        try:
            while not done.is_set():
                work()
                count[0] += 1
        except BaseException as problem:
            problems.append(problem)

    thread = threading.Thread(target=again)
    thread.start()
    try:
        until()
    finally:
        done.set()
        thread.join()
    if problems:
        raise problems[0]
    return count[0]


WAYS = {
    "native epochs": (True, lambda: DATA, ()),
    "step by step": (True, lambda: DataLoader(DATA, 64, shuffle=True, prefetch=1), ()),
    "with a callback": (True, lambda: DATA, (LambdaCallback(on_batch_end=lambda *_: None),)),
    "eagerly": (False, lambda: DATA, ()),
}


@pytest.mark.parametrize("way", WAYS)
def test_predicting_while_another_thread_trains(way):
    compile, data, callbacks = WAYS[way]
    few = TensorDataset(POINTS[:100], LABELS[:100])

    def fit(trainer):
        trainer.fit(data(), validation=few, epochs=2, callbacks=callbacks, progress=False)

    alone = trainer_of(compile=compile)
    fit(alone)
    trainer, seen = trainer_of(compile=compile), []
    trainer.predict(POINTS)

    def look():
        seen.append(trainer.predict(POINTS[:80]).numpy())
        trainer.evaluate(DATA if way == "native epochs" else few)

    assert beside(look, lambda: fit(trainer)) > 0
    assert bits(trainer) == bits(alone)
    assert trainer.model.training is alone.model.training is True
    for found in seen:  # in evaluation mode a sample's outputs do not depend on the others
        assert found.shape == (80, 4) and np.isfinite(found).all()


def test_predictions_are_those_of_one_moment():
    """All weights are equal at every moment between steps, so that all outputs must be."""
    model = nn.Sequential(nn.Linear(64, 64, bias=False), nn.Linear(64, 64, bias=False))
    for p in model.parameters():
        p.assign_(1 / 64)
    trainer = Trainer(model, lambda y, t: y.mean() + 0 * t.sum(), optim.SGD(model.parameters(), lr=1e-4))
    x = np.ones((2048, 64), np.float32)
    data, wrong = TensorDataset(x, x[:, :1]), []

    def look():
        found = trainer.predict(x[:80]).numpy()
        wrong.extend([found] if np.ptp(found) > 1e-5 * abs(found).max() else [])

    assert beside(look, lambda: trainer.fit(data, epochs=8, batch_size=8, progress=False)) > 0
    assert not wrong


def test_the_mode_is_put_back_whatever_comes_between():
    trainer = trainer_of()
    trainer.model.eval()
    beside(lambda: trainer.evaluate(DATA), lambda: [trainer.fit(DATA, progress=False) for _ in range(3)])
    assert not any(m.training for m in trainer.model.modules())


def test_turns_are_taken_in_order():
    turn, order = Turn(), []
    threads = []

    def ask(name):
        with turn, turn:
            order.append(name)

    with turn:
        for name in range(4):
            threads.append(threading.Thread(target=ask, args=(name,)))
            threads[-1].start()
    for t in threads:
        t.join()
    assert sorted(order) == [0, 1, 2, 3]
    model = Net()
    assert turn_of(model) is turn_of(model) is not turn_of(Net())


def test_who_asks_again_and_again_lets_others_in():
    turn, other, between = Turn(), threading.Event(), []

    def ask():
        other.set()
        with turn:
            between.append(len(turns))

    turns = []
    thread = threading.Thread(target=ask)
    with turn:
        thread.start()
        other.wait()
    end = time.monotonic() + 60
    while not between and time.monotonic() < end:
        with turn:
            turns.append(1)
    thread.join()
    assert between[0] == len(turns) or between[0] == len(turns) - 1


# -- compiled functions ---------------------------------------------------------------------------------------------


def at_once(*works):
    """Run functions in threads that begin together."""
    gate, problems = threading.Barrier(len(works)), []

    def run(work):
        gate.wait()
        try:
            work()
        except BaseException as problem:
            problems.append(problem)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    if problems:
        raise problems[0]


def test_many_shapes_traced_at_once():
    """Tracing puts symbols into the gradients of leaves: no other thread may see them."""
    layer = nn.Linear(3, 2)
    optimizer = optim.SGD(layer.parameters(), lr=0.0)

    def step(x):
        optimizer.zero_grad()
        loss = (layer(x) ** 2).mean()
        loss.backward()
        optimizer.step()
        return loss.detach()

    f, found = gradus.compile(step), {}

    def call(n):
        x = np.full((n, 3), n, np.float32)
        for _ in range(3):
            found.setdefault(n, []).append(f(x).item())

    at_once(*(lambda n=n: call(n) for n in range(1, 9)))
    for n, losses in found.items():
        assert losses == pytest.approx([step(gradus.ones((n, 3)) * n).item()] * 3, rel=1e-5)
    assert len(f._steps) == 8


def test_calls_of_several_versions_that_write_the_same():
    total = gradus.zeros(512)
    f = gradus.compile(lambda x: total.assign_(total + x.sum(0)).sum())
    at_once(*(lambda n=n: [f(np.ones((n, 512), np.float32)) for _ in range(200)] for n in (1, 2, 3)))
    assert (total.numpy() == 200 * 6).all()


def test_epochs_and_calls_at_once():
    total = gradus.tensor(0.0)
    f = gradus.compile(lambda x: total.assign_(total + x.sum()) * 1)
    data, rows = np.ones((40,), np.float32), np.arange(40).reshape(10, 4)
    at_once(
        *(lambda: [f.epoch((data,), rows) for _ in range(50)] for _ in range(2)),
        lambda: [f(np.ones(4, np.float32)) for _ in range(100)],
    )
    assert total.item() == 2 * 50 * 40 + 400


def test_two_trainers_of_one_kind_at_once():
    alone = trainer_of()
    alone.fit(DATA, epochs=2, progress=False)
    first, model = trainer_of(), models.MLP([16, 8, 4])
    second = Trainer(model, "cross_entropy", optim.SGD(model.parameters(), lr=0.1))
    data = DataLoader(DATA, 64)
    at_once(lambda: second.fit(data, progress=False), lambda: second.predict(POINTS), lambda: first.predict(POINTS))
    assert np.isfinite(second.predict(POINTS).numpy()).all()
