"""Going on with a training: what is another than it was is named, all of it at once, unless it was to be changed."""

from __future__ import annotations

import json
import signal
from functools import partial

import numpy as np
import pytest

import gradus
from gradus import functional, nn, optim
from gradus.data import DataLoader, IterableDataset, TensorDataset, WeightedRandomSampler, sample_generator
from gradus.errors import ArgumentError, CheckpointError
from gradus.optim import schedules
from gradus.train import History, LambdaCallback, Trainer
from gradus.train.runs.checkpoint import read_state, write_state
from gradus.train.runs.told import numbers_told

X = np.random.default_rng(0).normal(size=(24, 3)).astype(np.float32)
Y = (X[:, 0] > 0).astype(np.int64)
OLD = ("epoch", "batch", "callbacks", "model", "optimizer", "augment", "metrics", "samples", "lengths", "batch_size")
OLD += ("sampler", "shuffle", "drop_last", "seed", "format")  # what checkpoints told before they told more


class Net(nn.Module):
    def __init__(self, p=0.25, width=4, slope=0.1, activation=functional.relu):
        self.first, self.drop, self.last = nn.Linear(3, width), nn.Dropout(p), nn.Linear(width, 2)
        self.slope, self.activation = slope, activation

    def forward(self, x):
        x = self.drop(self.activation(self.first(x)))
        return self.last(x * self.slope)


class Shaken(nn.Module):
    def __init__(self, by):
        self.by = by

    def forward(self, x, y):
        return x + self.by * gradus.randn_like(x), y


def trainer_of(loss="cross_entropy", kind=optim.SGD, options=(("momentum", 0.9),), lr=0.1, model=Net, **how):
    gradus.seed(1)
    net = model()
    how = {"compile": False} | how
    return Trainer(net, loss, kind(net.parameters(), lr=lr, **dict(options)), **how)


def fitted(trainer, folder=None, x=X, y=Y, data=None, **how):
    options = {"epochs": 1, "batch_size": 8, "progress": False, "run": folder} | how
    trainer.fit(TensorDataset(x, y) if data is None else data, **options)
    return trainer


def bits(trainer):
    state = {**trainer.model.state_dict(), **trainer.optimizer.state_dict()}
    return {name: t.numpy().tobytes() for name, t in state.items()}


def other(array, place):
    changed = array.copy()
    changed[place] += 1
    return changed


def closed(rate):
    return lambda outputs, y: functional.cross_entropy(outputs, y) * rate


def frozen():
    net = Net()
    net.first.requires_grad_(False)
    return net


# each: what is said, how the training was begun, how it goes on: arguments of trainer_of, and, after "fit", of fit
CHANGES = {
    "loss": ("loss: was 'cross_entropy', is 'hinge_loss'", {}, {"loss": "hinge"}),
    "options of the loss": (
        "loss, label_smoothing: was 0.0, is 0.1",
        {"loss": nn.CrossEntropyLoss()},
        {"loss": nn.CrossEntropyLoss(label_smoothing=0.1)},
    ),
    "weights of the loss": (
        r"loss, weight: was 'float32 \(2,\), checksum \w+', is 'float32 \(2,\), checksum \w+'",
        {"loss": nn.CrossEntropyLoss(weight=[1.0, 2.0])},
        {"loss": nn.CrossEntropyLoss(weight=[1.0, 3.0])},
    ),
    "a part of a loss": (
        "loss, label_smoothing: was 'absent', is 0.5",
        {"loss": partial(functional.cross_entropy)},
        {"loss": partial(functional.cross_entropy, label_smoothing=0.5)},
    ),
    "a loss without a name": (
        "loss: was 'lambda of functional, cross_entropy', is 'lambda of functional, hinge_loss'",
        {"loss": lambda o, y: functional.cross_entropy(o, y)},
        {"loss": lambda o, y: functional.hinge_loss(o, y)},
    ),
    "what a loss was made with": ("loss, rate: was 0.5, is 2.0", {"loss": closed(0.5)}, {"loss": closed(2.0)}),
    "momentum": ("options, momentum: was 0.9, is 0.5", {}, {"options": [("momentum", 0.5)]}),
    "optimizer": ("optimizer: was 'SGD', is 'Adam'", {}, {"kind": optim.Adam, "options": ()}),
    "learning rate": ("learning rate: was 0.1, is 0.01", {}, {"lr": 0.01}),
    "a schedule for a rate": ("learning rate: was 0.1, is {'at step 0': 0.1", {}, {"lr": schedules.cosine(0.1, 30)}),
    "a schedule's end": (
        "learning rate, at step 100: was 0.05, is 0.075",
        {"lr": schedules.polynomial(0.1, 200)},
        {"lr": schedules.polynomial(0.1, 400)},
    ),
    "a schedule in between": (
        "learning rate, in between: was 'rates of checksum .*', is 'rates of",
        {"lr": schedules.step(0.1, every=300_000)},
        {"lr": schedules.step(0.1, every=400_000)},
    ),
    "dropout": ("layers, drop, p: was 0.25, is 0.5", {}, {"model": partial(Net, p=0.5)}),
    "an attribute of one's own": ("layers, Net, slope: was 0.1, is 0.2", {}, {"model": partial(Net, slope=0.2)}),
    "an activation": (
        "layers, Net, activation: was 'relu', is 'gelu'",
        {},
        {"model": partial(Net, activation=functional.gelu)},
    ),
    "what is frozen": (r"first\.bias: was 'float32 \(4,\)', is 'float32 \(4,\), frozen'", {}, {"model": frozen}),
    "clip_norm": ("clip norm: was None, is 1.0", {}, {"clip_norm": 1.0}),
    "precision": ("precision: was 'float32', is 'bf16'", {}, {"precision": "bf16", "compile": True}),
    "metrics": (r"metrics: was \['accuracy'\], is \['f1'\]", {}, {"metrics": "f1"}),
    "augment": ("augment: was None, is 'Shaken", {}, {"augment": Shaken(0.5)}),
    "options of it": (
        "augment options, Shaken, by: was 0.1, is 0.5",
        {"augment": Shaken(0.1)},
        {"augment": Shaken(0.5)},
    ),
    "batch size": ("batch size: was 8, is 6", {}, {"fit": {"batch_size": 6}}),
    "seed": ("seed: was 0, is 1", {}, {"fit": {"seed": 1}}),
    "one number of the inputs": (r"data: was 'checksum \w+', is 'checksum", {}, {"fit": {"x": other(X, (13, 1))}}),
    "one label": (r"data: was 'checksum \w+', is 'checksum", {}, {"fit": {"y": other(Y, 23)}}),
    "the order of the data": ("data: was", {}, {"fit": {"x": X[::-1].copy(), "y": Y[::-1].copy()}}),
    "fewer samples": ("samples: was 24, is 23", {}, {"fit": {"x": X[1:], "y": Y[1:]}}),
    "validation data": (
        r"validation, data: was 'checksum \w+', is 'checksum",
        {"fit": {"validation": TensorDataset(X, Y)}},
        {"fit": {"validation": TensorDataset(X, 1 - Y)}},
    ),
    "no validation data": ("validation: was None, is", {}, {"fit": {"validation": TensorDataset(X, Y)}}),
    "the weights of a sampler": (
        "first batch: was",
        {"fit": {"data": DataLoader(TensorDataset(X, Y), 8, sampler=WeightedRandomSampler(np.ones(24), 24))}},
        {"fit": {"data": DataLoader(TensorDataset(X, Y), 8, sampler=WeightedRandomSampler(np.arange(24), 24))}},
    ),
}


def split(arguments):
    return {k: v for k, v in arguments.items() if k != "fit"}, arguments.get("fit", {})


@pytest.mark.parametrize("name", CHANGES)
def test_what_is_another_is_named_and_refused(tmp_path, name):
    says, before, now = CHANGES[name]
    of, fit = split(before)
    fitted(trainer_of(**of), tmp_path / "run", **fit)
    of, fit = split({**before, **now})
    trainer, held = trainer_of(**of), (tmp_path / "run" / "checkpoint.safetensors").read_bytes()
    untouched = bits(trainer)
    with pytest.raises(CheckpointError, match=says):
        fitted(trainer, tmp_path / "run", epochs=2, resume=True, **fit)
    assert bits(trainer) == untouched
    assert (tmp_path / "run" / "checkpoint.safetensors").read_bytes() == held


def test_all_that_is_another_is_said_at_once(tmp_path):
    fitted(trainer_of(), tmp_path / "run")
    trainer = trainer_of("hinge", options=[("momentum", 0.5)], lr=0.01, model=partial(Net, p=0.5))
    with pytest.raises(CheckpointError) as caught:
        fitted(trainer, tmp_path / "run", x=X + 1, epochs=2, resume=True, batch_size=6)
    lines = [line.partition(": was")[0] for line in str(caught.value).splitlines()[1:-1]]
    named = ["layers, drop, p", "loss", "options, momentum", "learning rate", "metrics", "batch size", "data"]
    assert lines == [f"  - {name}" for name in named]
    assert "allow_changes=True (gradus train --resume RUN --allow-changes)" in str(caught.value)


ALLOWED = (
    "what a loss was made with",
    "optimizer",
    "a schedule's end",
    "dropout",
    "options of it",
    "batch size",
    "metrics",
)


@pytest.mark.parametrize("name", [*ALLOWED, "fewer samples", "no validation data", "the weights of a sampler"])
def test_what_is_another_is_gone_on_with_where_that_is_allowed(tmp_path, name):
    _, before, now = CHANGES[name]
    of, fit = split(before)
    fitted(trainer_of(**of), tmp_path / "run", **fit)
    of, fit = split({**before, **now})
    trainer = fitted(trainer_of(**of), tmp_path / "run", epochs=2, resume=True, allow_changes=True, **fit)
    assert len(trainer.history) == 2
    (kept,) = json.loads((tmp_path / "run" / "config.json").read_text())["changes"]
    assert kept["epoch"] == 1
    assert kept["what"]
    again = trainer_of(**of)  # as it is now it goes on like any
    assert len(fitted(again, tmp_path / "run", epochs=3, resume=True, **fit).history) == 3


def test_the_new_learning_rate_is_taken_where_changes_are_allowed(tmp_path):
    options = {"epochs": 2, "resume": True, "allow_changes": True}
    fitted(trainer_of(), tmp_path / "run")
    trainer = fitted(trainer_of(lr=0.01, options=[("momentum", 0.5)]), tmp_path / "run", **options)
    assert trainer.history["lr"] == [0.1, 0.01]
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    assert config["training"]["lr"] == 0.01
    assert config["changes"][0]["what"] == ["options, momentum: was 0.9, is 0.5", "learning rate: was 0.1, is 0.01"]
    assert trainer.optimizer.steps.item() == 6
    assert fitted(trainer_of(lr=schedules.constant(0.5)), tmp_path / "run", **options | {"epochs": 3}).history["lr"][
        2:
    ] == [0.5]


def test_an_optimizer_of_another_kind_begins_anew_with_the_count_of_steps(tmp_path):
    before = fitted(trainer_of(), tmp_path / "run")
    rates = {"kind": optim.Adam, "options": (), "lr": schedules.step(0.1, every=3)}
    trainer = fitted(trainer_of(**rates), tmp_path / "run", epochs=1, resume=True, allow_changes=True)
    assert bits(trainer)["first.weight"] == bits(before)["first.weight"]
    assert not any(t.numpy().any() for state in trainer.optimizer.state for t in state.values())
    assert trainer.optimizer.lr == pytest.approx(0.01)


@pytest.mark.parametrize(("change", "batch"), [({"batch_size": 4}, 0), ({"x": X + 1}, 0), ({}, 2)])
def test_an_epoch_that_is_another_begins_anew(tmp_path, change, batch):
    def press(trainer, number):
        if number == 2:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        fitted(trainer_of(), tmp_path / "run", callbacks=[LambdaCallback(on_batch_end=press)])
    seen = []
    count = LambdaCallback(on_batch_end=lambda trainer, number: seen.append(number))
    options = {"resume": True, "allow_changes": True, "callbacks": [count]}
    fitted(trainer_of(clip_norm=1.0), tmp_path / "run", **options, **change)
    assert seen[0] == batch + 1


class Read:
    """The same samples, read one by one."""

    def __len__(self):
        return len(X)

    def __getitem__(self, i):
        return X[i], Y[i]


MAY_CHANGE = {
    "more epochs": ({}, {"epochs": 3}),
    "callbacks": ({}, {"callbacks": [LambdaCallback()]}),
    "guard": ({"guard": True}, {}),
    "native code": ({"compile": True, "verify": 1}, {}),
    "who reads": ({}, {"data": DataLoader(Read(), 8, shuffle=True, num_workers=2)}),
    "data that are read": ({}, {"data": Read()}),
    "a rate as a schedule that stays": ({"lr": schedules.constant(0.1)}, {}),
}


@pytest.mark.parametrize("name", MAY_CHANGE)
def test_what_decides_nothing_may_change(tmp_path, name):
    of, fit = MAY_CHANGE[name]
    fitted(trainer_of(), tmp_path / "run")
    trainer = fitted(trainer_of(**of), tmp_path / "run", **{"epochs": 2, "resume": True} | fit)
    assert len(trainer.history) == fit.get("epochs", 2)


def test_what_a_callback_changed_is_no_difference(tmp_path):
    def lower(trainer, record):
        trainer.optimizer.lr *= 0.5
        trainer.model.drop.p = 0.5
        trainer.model.first.requires_grad_(False)

    def options(**how):
        return {"callbacks": [LambdaCallback(on_epoch_end=lower)], "epochs": 2, "resume": True} | how

    trainer = fitted(trainer_of(), tmp_path / "run", **options(epochs=1, resume=False))
    fitted(trainer, tmp_path / "run", **options())  # as it has become
    assert fitted(trainer_of(), tmp_path / "run", **options(epochs=3)).history["lr"] == [0.1, 0.05, 0.025]
    with pytest.raises(CheckpointError, match=r"learning rate: was 0\.1, is 0\.3"):
        fitted(trainer_of(lr=0.3), tmp_path / "run", **options(epochs=4))


def test_a_checkpoint_that_tells_less_is_gone_on_with_and_that_is_said(tmp_path):
    fitted(trainer_of(), tmp_path / "run")
    path = tmp_path / "run" / "checkpoint.safetensors"
    groups, told = read_state(path)
    write_state(path, groups, {name: told[name] for name in OLD})
    with pytest.warns(UserWarning, match="kept less: layers, parameters, loss, options, learning rate, .*compared"):
        trainer = fitted(trainer_of(lr=0.5), tmp_path / "run", epochs=2, resume=True)
    assert trainer.history["lr"] == [0.1, 0.1]
    with pytest.raises(CheckpointError, match=r"learning rate: was 0\.5, is 0\.3"):
        fitted(trainer_of(lr=0.3), tmp_path / "run", epochs=3, resume=True)


class Stream(IterableDataset):
    """The same samples one after the other, their number known."""

    def __init__(self, by=0):
        self.by = by

    def __len__(self):
        return len(X)

    def __iter__(self):
        return zip(X + np.float32(self.by), Y, strict=True)


def test_a_stream_is_compared_by_its_first_batch(tmp_path):
    fitted(trainer_of(), tmp_path / "run", data=Stream())
    with pytest.raises(CheckpointError, match="first batch: was"):
        fitted(trainer_of(), tmp_path / "run", data=Stream(1), epochs=2, resume=True)
    assert len(fitted(trainer_of(), tmp_path / "run", data=Stream(), epochs=2, resume=True).history) == 2


class Drawn(Read):
    """Samples that are changed by numbers drawn as `draw` says."""

    def __init__(self, draw, by=1.0):
        self.draw, self.by = draw, by

    def __getitem__(self, i):
        return X[i] + np.float32(self.by * self.draw()), Y[i]


def test_data_that_draw_their_numbers_are_compared_where_these_come_again(tmp_path):
    known = Drawn(lambda: sample_generator().normal())
    alone = fitted(trainer_of(), None, data=known, epochs=2)
    fitted(trainer_of(), tmp_path / "known", data=known)
    trainer = fitted(trainer_of(), tmp_path / "known", data=known, epochs=2, resume=True)
    assert bits(trainer) == bits(alone), "what is told of the data draws nothing"
    with pytest.raises(CheckpointError, match=r"first batch: was 'float32 .8, 3., int64 .8,., checksum"):
        fitted(trainer_of(), tmp_path / "known", data=Drawn(known.draw, by=2.0), epochs=3, resume=True)
    rng = np.random.default_rng()
    fitted(trainer_of(), tmp_path / "unknown", data=Drawn(rng.normal))
    assert len(fitted(trainer_of(), tmp_path / "unknown", data=Drawn(rng.normal), epochs=2, resume=True).history) == 2


def test_large_data_are_told_by_pieces_throughout(monkeypatch):
    x = np.zeros((100_000, 4), np.float32)
    told = numbers_told(TensorDataset(x))
    assert told != numbers_told(TensorDataset(other(x, (50_000, 1))))
    monkeypatch.setattr("gradus.train.runs.told._AT_ONCE", 1600)
    monkeypatch.setattr("gradus.train.runs.told._AT_MOST", 160_000)
    told = numbers_told(TensorDataset(x))
    assert told == numbers_told(TensorDataset(other(x, (150, 1)))), "a tenth is looked at"
    assert told != numbers_told(TensorDataset(other(x, (99_000, 1))))


def test_changes_are_of_a_training_that_goes_on():
    with pytest.raises(ArgumentError, match="allow_changes=True is for a training that goes on"):
        fitted(trainer_of(), allow_changes=True)


def test_the_history_of_a_refused_training_is_whole(tmp_path):
    fitted(trainer_of(), tmp_path / "run")
    with pytest.raises(CheckpointError, match="momentum"):
        fitted(trainer_of(options=()), tmp_path / "run", epochs=2, resume=True)
    assert len(History.read(tmp_path / "run")) == 1
    assert "changes" not in json.loads((tmp_path / "run" / "config.json").read_text())
