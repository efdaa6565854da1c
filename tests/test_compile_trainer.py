"""The Trainer compiled: the same training as eagerly, callbacks, Ctrl-C, and what cannot be compiled."""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import nullcontext

import numpy as np
import pytest

import gradus
from gradus import models, optim
from gradus.data import DataLoader, TensorDataset
from gradus.errors import EagerWarning
from gradus.train import Callback, LambdaCallback, Trainer

rng = np.random.default_rng(0)
LABELS = rng.integers(0, 4, 230)
IMAGES = (rng.normal(size=(4, 1, 8, 8))[LABELS] + rng.normal(size=(230, 1, 8, 8))).astype(np.float32)
DIGITS = TensorDataset(IMAGES, LABELS)
LINE = TensorDataset(IMAGES.reshape(230, 64), IMAGES.reshape(230, 64)[:, :3].sum(1, keepdims=True))


class Plain:
    """A data set that is no TensorDataset: its arrays are not at hand."""

    def __len__(self):
        return len(LABELS)

    def __getitem__(self, i):
        return IMAGES[i], LABELS[i]


def trainer_of(name="mlp", compile=True, **options):
    gradus.seed(0)
    line = name == "linear"
    model = models.build(name, (64,) if line else (1, 8, 8), 1 if line else 4)
    loss = "mse" if line else "cross_entropy"
    return Trainer(model, loss, optim.Adam(model.parameters(), lr=0.01), compile=compile, **options)


def weights(trainer):
    return {k: v.numpy().copy() for k, v in trainer.model.state_dict().items()}


def bits(trainer):
    return {k: v.tobytes() for k, v in weights(trainer).items()}


@pytest.mark.parametrize("name", ["linear", "softmax", "mlp", "convnet"])
def test_compiled_is_eager(name):
    data = LINE if name == "linear" else DIGITS
    metric = "rmse" if name == "linear" else "accuracy"
    told = []
    for compile in (False, True):
        t = trainer_of(name, compile)
        history = t.fit(data, validation=data, epochs=2, batch_size=32, progress=False)
        told.append((history, weights(t)))
    for a, b in zip(*(h for h, _ in told), strict=True):
        assert b["loss"] == pytest.approx(a["loss"], rel=1e-4)
        assert b["val_loss"] == pytest.approx(a["val_loss"], rel=1e-3)
        assert b[metric] == pytest.approx(a[metric], abs=0.01)
    for key, value in told[0][1].items():
        np.testing.assert_allclose(told[1][1][key], value, atol=2e-3, err_msg=key)
    assert told[1][0].records[-1]["loss"] < told[1][0].records[0]["loss"]


@pytest.mark.parametrize("look", [lambda n: float(n), lambda n: float(n.data)], ids=["float", "data"])
def test_a_model_that_looks_at_how_many_steps_it_has_made(look):
    """In a native epoch the number would stay that of the first step."""

    class Warm(gradus.nn.Module):
        def __init__(self):
            self.linear = gradus.nn.Linear(64, 1)
            self.steps = gradus.tensor(0.0)

        def forward(self, x):
            share = min(1.0, look(self.steps) / 20)
            if self.training:
                self.steps.assign_(self.steps + 1)
            return self.linear(x) * share

    ends = []
    for compile in (False, True):
        gradus.seed(0)
        model = Warm()
        t = Trainer(model, "mse", optim.SGD(model.parameters(), lr=0.01), compile=compile)
        with pytest.warns(EagerWarning, match="also writes|and writes them") if compile else nullcontext():
            t.fit(LINE, epochs=2, batch_size=32, progress=False)
        ends.append(weights(t))
    for key, value in ends[0].items():
        np.testing.assert_allclose(ends[1][key], value, rtol=1e-5, err_msg=key)


def test_clipped_norms():
    ends = []
    for compile in (False, True):
        t = trainer_of(compile=compile, clip_norm=0.1)
        ends.append(t.fit(DIGITS, epochs=2, progress=False).records[-1]["loss"])
    assert ends[1] == pytest.approx(ends[0], rel=1e-4)


def test_callbacks_see_the_weights_of_each_batch():
    seen = {True: [], False: []}
    for compile in (True, False):
        look = LambdaCallback(on_batch_end=lambda t, n, c=compile: seen[c].append((n, weights(t))))
        trainer_of("softmax", compile).fit(DIGITS, epochs=1, batch_size=32, callbacks=[look], progress=False)
    assert [n for n, _ in seen[True]] == list(range(1, 9))
    for (_, a), (_, b) in zip(seen[True], seen[False], strict=True):
        for key in a:
            np.testing.assert_allclose(a[key], b[key], atol=1e-4)
    first, last = seen[True][0][1], seen[True][-1][1]
    assert any((first[k] != last[k]).any() for k in first)


@pytest.mark.parametrize("way", ["prefetch", "plain", "callback"])
def test_every_way_through_the_data_is_the_same(way):
    told = []
    for loader, callbacks in (
        (DataLoader(DIGITS, 32, shuffle=True), []),
        (
            DataLoader(Plain() if way == "plain" else DIGITS, 32, shuffle=True, prefetch=2 if way == "prefetch" else 0),
            [LambdaCallback(on_batch_end=lambda t, n: None)] if way == "callback" else [],
        ),
    ):
        t = trainer_of()
        t.fit(loader, epochs=2, callbacks=callbacks, progress=False)
        told.append(bits(t))
    assert told[0] == told[1]


@pytest.mark.parametrize("wanted", ["on_epoch_end", "on_batch_end"])
def test_only_looks_at_each_batch_end_the_native_stretches(wanted, monkeypatch):
    t, calls, slices = trainer_of("softmax"), [], []
    whole = type(t.compiled).slices
    monkeypatch.setattr(type(t.compiled), "slices", lambda self, *a: (slices.append(1), whole(self, *a))[1])
    look = LambdaCallback(**{wanted: lambda trainer, n: calls.append(n)})
    t.fit(DIGITS, epochs=2, batch_size=32, callbacks=[look], progress=False)
    assert (len(calls), bool(slices)) == ((2, True) if wanted == "on_epoch_end" else (16, False))


def test_an_epoch_traces_once_for_each_batch_size():
    t = trainer_of()
    t.fit(DIGITS, epochs=3, batch_size=32, progress=False)
    assert len(t.compiled._steps) == 2
    t.optimizer.lr = 0.001
    t.fit(DIGITS, epochs=1, batch_size=32, progress=False)
    assert len(t.compiled._steps) == 2


def big(seed=0):
    gradus.seed(seed)
    model = models.MLP([64, 256, 4], dropout=0.2)
    return Trainer(model, "cross_entropy", optim.Adam(model.parameters(), lr=1e-4))


class Press(Callback):
    """Ctrl-C once the first steps are made; and no look at each batch, so that it runs natively."""

    def on_fit_begin(self, trainer):
        self.thread = threading.Thread(target=self.press, args=(trainer.optimizer.steps.data,))
        self.thread.start()

    def press(self, steps):
        until = time.monotonic() + 60
        while not steps.any() and time.monotonic() < until:
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)


def test_ctrl_c_in_a_long_native_epoch(tmp_path):
    few, epochs, press = 8, 3, Press()
    rows = np.random.default_rng(1).integers(0, len(LABELS), 30_000 * few)
    data = TensorDataset(IMAGES[rows], LABELS[rows])
    t = big()
    with pytest.raises(KeyboardInterrupt):
        t.fit(data, epochs=epochs, batch_size=few, run=tmp_path / "a", progress=False, callbacks=[press])
    press.thread.join()
    assert t.history.interrupted
    done = int(t.optimizer.steps.item())
    assert 0 < done < 90_000

    again = big(seed=5)
    with pytest.raises(StoppedError):
        again.fit(
            data,
            epochs=epochs,
            batch_size=few,
            run=tmp_path / "a",
            resume=True,
            progress=False,
            callbacks=[stop_at(done + 40)],
        )
    straight = big()
    with pytest.raises(StoppedError):
        straight.fit(data, epochs=epochs, batch_size=few, progress=False, callbacks=[stop_at(done + 40)])
    assert bits(again) == bits(straight)


class StoppedError(Exception):
    pass


def stop_at(steps):
    def look(trainer, batch):
        if trainer.optimizer.steps.item() >= steps:
            raise StoppedError

    return LambdaCallback(on_batch_end=look)
