"""What a Trainer does with batches of any structure, with samples that come one after the other, with workers."""

from __future__ import annotations

import signal
from functools import cache

import numpy as np
import pytest

import gradus
from gradus import nn, optim
from gradus.data import DataLoader, IterableDataset, StackDataset, TensorDataset
from gradus.errors import DataError, DivergedError
from gradus.train import LambdaCallback, Trainer
from gradus.train.fitting.evaluation import NATIVE_FROM

rng = np.random.default_rng(0)
N = 50
X = rng.normal(size=(N, 3)).astype(np.float32)
Z = rng.normal(size=(N, 2)).astype(np.float32)
Y = (X.sum(1) + Z.sum(1) > 0).astype(int)
PLAIN = TensorDataset(X, Z, Y)


class Two(nn.Module):
    """A model of two inputs."""

    def __init__(self):
        self.of_x, self.of_z = nn.Linear(3, 2), nn.Linear(2, 2)

    def forward(self, x, z):
        return self.of_x(x) + self.of_z(z)


class Pair(Two):
    def forward(self, pair):
        return super().forward(*pair)


class Open(Two):
    def forward(self, **named):
        return super().forward(named["x"], named["z"])


class Stream(IterableDataset):
    def __init__(self, *arrays):
        self.arrays_read, self.begun = arrays, 0

    def __iter__(self):
        self.begun += 1
        return zip(*self.arrays_read, strict=True)


class Items:
    """Samples in a list, as a data set."""

    def __init__(self, items):
        self.items = items

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        return self.items[i]


def samples(make):
    return Items([make(x, z, y) for x, z, y in zip(X, Z, Y, strict=True)])


def trainer_of(model=Two, compile=False):
    gradus.seed(0)
    made = model()
    return Trainer(made, "cross_entropy", optim.Adam(made.parameters(), lr=0.05), compile=compile)


def bits(trainer):
    return [p.numpy().tobytes() for p in trainer.model.parameters()]


NAMED = StackDataset(label=Y, z=Z, x=X)
FORMS = {
    "by name": (Two, NAMED),
    "by any name": (Open, StackDataset(z=Z, x=X, label=Y)),
    "a pair": (Pair, samples(lambda x, z, y: ((x, z), y))),
    "lists": (Two, samples(lambda x, z, y: [x, z, y])),
    "a stream": (Two, Stream(X, Z, Y)),
    "dicts": (Two, samples(lambda x, z, y: {"y": y, "x": x, "z": z})),
}


@cache
def of_arrays(compile):
    trainer = trainer_of(compile=compile)
    trainer.fit(DataLoader(PLAIN, 8), epochs=2, progress=False)
    return trainer


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("compile", "options"), [(False, {}), (False, {"num_workers": 2}), ("require", {"prefetch": 1})]
)
def test_batches_of_all_forms_train_to_the_same_bits(form, compile, options):
    model, data = FORMS[form]
    plain, trainer = of_arrays(compile), trainer_of(model, compile)
    found = trainer.fit(DataLoader(data, 8, **options), DataLoader(data, 8), epochs=2, progress=False)
    assert bits(trainer) == bits(plain) and found.records[-1]["loss"] == plain.history.records[-1]["loss"]
    assert trainer.evaluate(DataLoader(data, 8)) == plain.evaluate(DataLoader(PLAIN, 8))
    np.testing.assert_array_equal(trainer.predict(data).numpy(), plain.predict(PLAIN).numpy())


def test_a_dict_may_have_inputs_alone_where_nothing_is_learned():
    trainer = trainer_of()
    alone = trainer.predict(StackDataset(z=Z, x=X)).numpy()
    np.testing.assert_array_equal(alone, trainer.predict(PLAIN).numpy())


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (StackDataset(x=X, z=Z), "has no targets, but inputs and targets are needed"),
        (StackDataset(x=X, z=Z, label=Y, number=Y), "'label', 'number', of which Two.forward takes 'x', 'z'"),
        (StackDataset(x=X, z=["a film"] * N, label=Y), r"has texts in its batches, \['a film', 'a film'"),
        (samples(lambda x, z, y: (x, z, (y, y))), "has targets that are a tuple"),
        (Items(X), "has 1 array, but inputs and targets are needed"),
        (Stream(X), "has 1 array, but inputs and targets are needed"),
        (Stream([], [], []), "has 0 samples, which make no batch"),
    ],
)
def test_batches_that_a_trainer_cannot_use(data, message, tmp_path):
    for use in (lambda t: t.fit(data, progress=False, run=tmp_path / "run"), lambda t: t.evaluate(data)):
        with pytest.raises(DataError, match=message):
            use(trainer_of())
    assert not (tmp_path / "run").exists()


def test_a_loop_of_ones_own_has_texts():
    data = StackDataset(x=X, name=[f"sample {i}" for i in range(N)])
    assert [batch["name"][0] for batch in DataLoader(data, 20)] == ["sample 0", "sample 20", "sample 40"]


# -- samples that come one after the other -----------------------------------------------------------------------------


def test_an_epoch_of_a_stream_is_all_there_is(capsys):
    stream = Stream(X, Z, Y)
    trainer = trainer_of()
    history = trainer.fit(stream, stream, epochs=2, batch_size=8, progress=True)
    assert len(history) == 2 and stream.begun == 6  # twice a look, twice an epoch, twice validation
    shown = capsys.readouterr().err
    assert "epoch 2/2" in shown and "left" not in shown
    assert trainer.evaluate(stream, 8) == trainer.evaluate(PLAIN, 8)


@pytest.mark.parametrize("n", [NATIVE_FROM - 1, NATIVE_FROM, NATIVE_FROM + 30])
def test_evaluation_of_a_stream_has_the_bits_of_data_in_memory(n):
    many = [np.resize(a, (n, *a.shape[1:])) for a in (X, Z, Y)]
    trainer = trainer_of(compile=True)
    expected = trainer.evaluate(TensorDataset(*many))
    other = trainer_of(compile=True)
    assert other.evaluate(Stream(*many)) == expected
    assert bool(other.forward._steps) == bool(trainer.forward._steps) == (n >= NATIVE_FROM)
    np.testing.assert_array_equal(other.predict(Stream(*many)).numpy(), trainer.predict(TensorDataset(*many)).numpy())


def test_training_on_a_stream_goes_on_in_the_middle_of_an_epoch(tmp_path):
    def press(trainer, number):
        if number == 3 and len(trainer.history) == 1:
            signal.raise_signal(signal.SIGINT)

    options = {"epochs": 3, "batch_size": 8, "progress": False}
    whole = trainer_of()
    whole.fit(Stream(X, Z, Y), **options)
    with pytest.raises(KeyboardInterrupt):
        trainer_of().fit(
            Stream(X, Z, Y), run=tmp_path / "run", callbacks=[LambdaCallback(on_batch_end=press)], **options
        )
    trainer = trainer_of()
    trainer.fit(Stream(X, Z, Y), run=tmp_path / "run", resume=True, **options)
    assert bits(trainer) == bits(whole)


def test_a_stream_that_diverges_has_no_count_of_steps():
    trainer = trainer_of()
    with pytest.raises(DivergedError, match=r"in epoch 1, batch 2, at learning rate"):
        trainer.fit(Stream(X, np.where(np.arange(N)[:, None] == 9, np.nan, Z), Y), batch_size=8, progress=False)


def test_data_in_memory_need_no_workers():
    plain, with_workers = trainer_of(compile="require"), trainer_of(compile="require")
    plain.fit(DataLoader(PLAIN, 8), progress=False)
    with_workers.fit(DataLoader(PLAIN, 8, num_workers=2, worker_init_fn=pytest.fail), progress=False)
    assert bits(plain) == bits(with_workers)


def test_a_step_by_hand_takes_a_batch_by_name():
    loss, outputs = trainer_of().step(x=gradus.tensor(X), z=gradus.tensor(Z), y=gradus.tensor(Y))
    same, _ = trainer_of().step(gradus.tensor(X), gradus.tensor(Z), gradus.tensor(Y))
    assert loss.item() == same.item() and outputs.shape == (N, 2)
