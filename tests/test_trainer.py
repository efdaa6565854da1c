"""The Trainer: it learns, stops, goes on bit for bit, and says what is wrong before it begins."""

from __future__ import annotations

import errno
import os
import signal
import sys
from datetime import timedelta

import numpy as np
import pytest

import gradus
from gradus import nn, optim
from gradus.data import DataLoader, Subset, TensorDataset
from gradus.errors import ArgumentError, CheckpointError, DataError, DivergedError
from gradus.models import MLP, LinearRegression
from gradus.nn import functional as F
from gradus.process import atomic
from gradus.train import EarlyStopping, History, LambdaCallback, Plateau, SaveBest, Terminated, Trainer, load
from gradus.train.fitting.interrupt import Interrupt
from gradus.train.fitting.loop import Loop
from gradus.train.fitting.progress import Bar

TIMES = ("seconds", "samples_per_second")


def blobs(n=120, seed=0):
    """Three clouds of points in the plane."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 3, n)
    centres = np.array([[0, 2], [2, -1], [-2, -1]])
    return TensorDataset((centres[y] + rng.normal(size=(n, 2))).astype(np.float32), y)


def trainer_of(seed=0, metrics=("accuracy", "f1"), lr=0.01, **options):
    gradus.seed(seed)
    model = MLP([2, 16, 3], batch_norm=True, dropout=0.3)
    return Trainer(model, "cross_entropy", optim.Adam(model.parameters(), lr=lr), metrics=metrics, **options)


def interrupt_at(count, sent=signal.SIGINT):
    """Ctrl-C, or another signal, at a batch, counted from the beginning of this piece of the run."""
    seen = []

    def press(trainer, number):
        seen.append(number)
        if len(seen) == count:
            signal.raise_signal(sent)

    return LambdaCallback(on_batch_end=press)


def without_times(history):
    return [{k: v for k, v in record.items() if k not in TIMES} for record in history]


def bits(trainer):
    state = trainer.model.state_dict() | {f"o.{k}": v for k, v in trainer.optimizer.state_dict().items()}
    return {name: t.numpy().tobytes() for name, t in state.items()}


# -- learning ---------------------------------------------------------------------------------------------------------


def line_data():
    gradus.seed(0)
    w, b = gradus.tensor([[2.0, -3.4]]), 4.2
    x = gradus.randn(1000, 2)
    return TensorDataset(x, x @ w.T + b + 0.01 * gradus.randn(1000, 1))


def fitted_line(data, lr):
    model = LinearRegression(2)
    Trainer(model, "mse", optim.SGD(model.parameters(), lr=lr)).fit(data, epochs=3, batch_size=10, progress=False)
    return np.append(model.linear.weight.numpy(), model.linear.bias.numpy())


def test_linear_regression_finds_the_line_and_least_squares():
    data = line_data()
    x, y = data.arrays
    exact = np.linalg.lstsq(np.column_stack([x, np.ones(1000)]).astype(np.float64), y[:, 0], rcond=None)[0]
    np.testing.assert_allclose(fitted_line(data, 0.03), [2, -3.4, 4.2], atol=0.01)
    decaying = optim.schedules.cosine(0.03, 300)
    np.testing.assert_allclose(fitted_line(data, decaying), exact, atol=1e-3)


def test_it_learns_and_keeps_a_history():
    trainer = trainer_of()
    history = trainer.fit(blobs(), blobs(seed=1), epochs=8, batch_size=16, progress=False)
    assert history["epoch"] == list(range(1, 9))
    assert history.last["val_accuracy"] > 0.85
    assert history["loss"][-1] < history["loss"][0] / 2
    assert set(history.last) == {
        *("epoch", "loss", "accuracy", "f1", "val_loss", "val_accuracy", "val_f1", "lr"),
        *TIMES,
    }
    assert history is trainer.history


def test_same_seed_same_bits():
    def run(seed):
        trainer = trainer_of()
        history = trainer.fit(blobs(), epochs=2, progress=False, seed=seed)
        return bits(trainer), without_times(history)

    assert run(0) == run(0)
    assert run(1) != run(0)


def test_a_loader_is_used_as_it_is():
    seen = []
    trainer = trainer_of()
    callback = LambdaCallback(on_batch_end=lambda t, batch: seen.append(batch))
    trainer.fit(DataLoader(blobs(), batch_size=50, drop_last=True), callbacks=[callback], progress=False)
    assert seen == [1, 2]


def test_gradients_are_clipped():
    trainer = trainer_of(clip_norm=1e-3)
    *_, x, y = map(gradus.tensor, blobs().arrays)
    trainer.step(1000 * x, y)
    norm = sum(float((p.grad * p.grad).sum()) for p in trainer.model.parameters()) ** 0.5
    assert norm == pytest.approx(1e-3, rel=1e-2)


def test_measuring_does_not_depend_on_batches_or_leave_traces():
    trainer, data = trainer_of(), blobs()
    trainer.fit(data, progress=False)
    before = bits(trainer)
    trainer.model.layers[1].eval()
    whole, parts = trainer.evaluate(data, batch_size=120), trainer.evaluate(data, batch_size=50)
    assert whole == pytest.approx(parts, rel=1e-5)
    assert whole == pytest.approx(trainer.evaluate(DataLoader(data, 70, shuffle=True)), rel=1e-5)
    assert bits(trainer) == before
    assert [m.training for m in trainer.model.layers] == [True, False, True, True, True]


def test_prediction():
    trainer, data = trainer_of(), blobs()
    x = data.arrays[0]
    trainer.model.eval()
    expected = trainer.model(gradus.tensor(x)).numpy()
    trainer.model.train()
    for given in (x, gradus.tensor(x), data, TensorDataset(x), DataLoader(data, 7), Subset(data, np.arange(120))):
        out = trainer.predict(given, batch_size=50)
        np.testing.assert_allclose(out.numpy(), expected, rtol=1e-5, atol=1e-6)
        assert not out.requires_grad
    with pytest.raises(DataError, match="no sample"):
        trainer.predict(x[:0])


def test_several_inputs():
    class Two(nn.Module):
        def __init__(self):
            self.linear = nn.Linear(1, 1)

        def forward(self, a, b):
            return self.linear(a + b)

    model = Two()
    a = gradus.randn(20, 1)
    data = TensorDataset(a, a, 4 * a)
    trainer = Trainer(model, lambda z, y: ((z - y) ** 2).mean(), optim.SGD(model.parameters(), lr=0.1))
    trainer.fit(data, epochs=30, batch_size=5, progress=False)
    assert trainer.evaluate(data)["loss"] < 1e-4
    assert trainer.predict(data).shape == (20, 1)


# -- stopping and going on --------------------------------------------------------------------------------------------


def callbacks():
    return [EarlyStopping("val_loss", patience=50)]


@pytest.mark.parametrize("stops", [[3], [16, 1], [1, 5, 10]])
def test_a_run_in_pieces_comes_to_the_same_bits(tmp_path, stops):
    data, held_out = blobs(), blobs(seed=1)
    whole = trainer_of()
    expected = whole.fit(data, held_out, epochs=3, batch_size=16, callbacks=callbacks(), progress=False)
    options = {"epochs": 3, "batch_size": 16, "run": tmp_path / "run", "progress": False}
    for piece, stop in enumerate(stops):
        trainer = trainer_of(seed=piece)  # other weights and random numbers: all must come from the checkpoint
        with pytest.raises(KeyboardInterrupt):
            trainer.fit(data, held_out, callbacks=[*callbacks(), interrupt_at(stop)], resume=piece > 0, **options)
        assert trainer.history.interrupted
    trainer = trainer_of(seed=99)
    history = trainer.fit(data, held_out, callbacks=callbacks(), resume=True, **options)
    assert bits(trainer) == bits(whole)
    assert without_times(history) == without_times(expected)
    assert without_times(History.read(tmp_path / "run")) == without_times(expected)
    assert load(tmp_path / "run" / "model.safetensors")["layers.0.weight"].shape == (16, 2)


class Killed(BaseException):
    """What ends a training as SIGKILL would: nothing is written any more."""


@pytest.mark.parametrize("compile", [True, False])
@pytest.mark.parametrize("every", [1, 3, "0.000001s"])
def test_killed_within_an_epoch_it_goes_on_from_the_checkpoint_there(every, compile, tmp_path, monkeypatch):
    whole, positions = trainer_of(compile=compile), []
    options = {"epochs": 2, "batch_size": 8, "progress": False}
    expected = whole.fit(blobs(), **options)
    options |= {"run": tmp_path / "run", "checkpoint_every": every}
    save = Loop.save

    def killed(loop):
        save(loop)
        positions.append((loop.epoch, loop.batch))
        if loop.epoch == 1 and loop.batch:
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(Loop, "save", killed)
        with pytest.raises(Killed):
            trainer_of(compile=compile).fit(blobs(), **options)
    if isinstance(every, int):
        within = list(range(every, 16, every))
        assert positions == [(0, 0), *((0, batch) for batch in within), (1, 0), (1, every)]
    trainer = trainer_of(seed=5, compile=compile)
    history = trainer.fit(blobs(), resume=True, **options)
    assert bits(trainer) == bits(whole)
    assert without_times(history) == without_times(expected)


def test_a_checkpoint_within_an_epoch_is_never_one_that_diverged(tmp_path):
    model = LinearRegression(2)
    trainer = Trainer(model, "mse", optim.SGD(model.parameters(), lr=1e6))
    run = tmp_path / "run"
    with np.errstate(all="ignore"), pytest.raises(DivergedError):
        trainer.fit(line_data(), batch_size=10, run=run, checkpoint_every=1, progress=False)
    assert all(np.isfinite(t.numpy()).all() for t in load(run / "checkpoint.safetensors").values())


@pytest.mark.parametrize("often", [0, -1, "10 years", "", "min", True, 2.5, timedelta(0)])
def test_how_often_a_checkpoint_is_written_is_steps_or_a_time(often):
    with pytest.raises(ArgumentError, match="checkpoint_every is a number of steps, as 500, or a time"):
        trainer_of().fit(blobs(), checkpoint_every=often)


@pytest.mark.parametrize("number", range(1, 14))
def test_on_a_full_disk_it_says_what_is_whole_and_goes_on_to_the_same_bits(number, tmp_path, monkeypatch):
    whole, run, written = trainer_of(compile=False), tmp_path / "run", []
    options = {"epochs": 2, "progress": False}
    whole.fit(blobs(), **options)
    write = os.write

    def full(handle, content):
        written.append(len(content))
        if len(written) == number:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(handle, content)

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        with pytest.raises(CheckpointError, match="cannot be written: No space left on device") as caught:
            trainer_of(compile=False).fit(blobs(), run=run, **options)
    begun = (run / "checkpoint.safetensors").exists()
    assert ("is whole. When that is mended, go on" in str(caught.value)) == begun
    assert not list(run.glob(f".*{atomic.SUFFIX}"))
    trainer = trainer_of(seed=5 if begun else 0, compile=False)
    trainer.fit(blobs(), run=run, resume=begun, **options)
    assert bits(trainer) == bits(whole)


def test_a_folder_that_is_moved_away_is_told(tmp_path):
    run, moved = tmp_path / "run", tmp_path / "moved"
    move = LambdaCallback(on_epoch_end=lambda *_: run.rename(moved))
    with pytest.raises(CheckpointError, match=r"its folder is not there\. What was saved after 0 .* is whole, where"):
        trainer_of(compile=False).fit(blobs(), epochs=2, callbacks=[move], run=run, progress=False)
    assert len(trainer_of(compile=False).fit(blobs(), epochs=2, run=moved, resume=True, progress=False)) == 2


@pytest.mark.parametrize("spoilt", ["buffer", "optimizer"])
def test_what_is_no_number_any_more_is_not_saved(spoilt, tmp_path):
    trainer = trainer_of(compile=False)

    def spoil(trainer, record):
        state = trainer.model.state_dict() if spoilt == "buffer" else trainer.optimizer.state_dict()
        name = "layers.1.running_var" if spoilt == "buffer" else next(n for n in state if "0." in n)
        state[name].numpy()[...] = np.inf

    with pytest.raises(DivergedError, match=rf"{spoilt}.* became inf: it is not saved"):
        trainer.fit(blobs(), callbacks=[LambdaCallback(spoil)], run=tmp_path / "run", progress=False)
    assert all(np.isfinite(t.numpy()).all() for t in load(tmp_path / "run" / "checkpoint.safetensors").values())


def test_what_is_infinite_from_the_beginning_is_saved(tmp_path):
    class Masked(MLP):
        def __init__(self):
            super().__init__([2, 3])
            self.register_buffer("mask", gradus.tensor([-np.inf, 0.0]))

    model = Masked()
    trainer = Trainer(model, "cross_entropy", optim.SGD(model.parameters(), lr=0.1), compile=False)
    assert len(trainer.fit(blobs(), run=tmp_path / "run", progress=False)) == 1


def test_interrupted_in_validation(tmp_path):
    class Slow(MLP):
        def forward(self, x):
            if not self.training and tmp_path.joinpath("run", "checkpoint.safetensors").exists():
                signal.raise_signal(signal.SIGINT)
            return super().forward(x)

    gradus.seed(0)
    model = Slow([2, 3])
    trainer = Trainer(model, "cross_entropy", optim.SGD(model.parameters(), lr=0.1))
    with pytest.raises(KeyboardInterrupt):
        trainer.fit(blobs(), blobs(), epochs=2, run=tmp_path / "run", progress=False)
    assert History.read(tmp_path / "run").records == []
    Slow.forward = MLP.forward
    assert len(trainer.fit(blobs(), blobs(), epochs=2, run=tmp_path / "run", resume=True, progress=False)) == 2


@pytest.mark.parametrize(("number", "kind"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, Terminated)])
def test_a_signal_is_the_exception_it_stands_for_and_a_second_acts_at_once(number, kind):
    for presses in (1, 2):
        interrupt, done = Interrupt(), []
        with pytest.raises(KeyboardInterrupt) as caught, interrupt:
            for _ in range(presses):
                signal.raise_signal(number)
            done.append("the batch")
            interrupt.check()
        assert type(caught.value) is kind
        assert len(done) == (presses == 1)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_handlers_are_put_back_and_others_left_alone(number):
    before = signal.getsignal(number)
    with Interrupt():
        assert signal.getsignal(number) is not before
    assert signal.getsignal(number) is before
    signal.signal(number, own := lambda *_: None)
    try:
        with Interrupt() as interrupt:
            signal.raise_signal(number)
            interrupt.check()
            assert signal.getsignal(number) is own
    finally:
        signal.signal(number, before)


def test_sigterm_saves_and_comes_to_the_same_bits(tmp_path):
    whole = trainer_of()
    whole.fit(blobs(), epochs=2, batch_size=16, progress=False)
    options = {"epochs": 2, "batch_size": 16, "run": tmp_path / "run", "progress": False}
    with pytest.raises(Terminated):
        trainer_of().fit(blobs(), callbacks=[interrupt_at(3, signal.SIGTERM)], **options)
    trainer = trainer_of(seed=5)
    trainer.fit(blobs(), resume=True, **options)
    assert bits(trainer) == bits(whole)


def test_more_epochs_after_the_end(tmp_path):
    whole = trainer_of()
    whole.fit(blobs(), epochs=3, progress=False)
    parts = trainer_of()
    parts.fit(blobs(), epochs=1, run=tmp_path / "run", progress=False)
    history = parts.fit(blobs(), epochs=3, run=tmp_path / "run", resume=True, progress=False)
    assert bits(parts) == bits(whole)
    assert len(history) == 3


def test_history_ahead_of_the_checkpoint_is_cut_back(tmp_path):
    trainer_of().fit(blobs(), epochs=1, run=tmp_path / "run", progress=False)
    with (tmp_path / "run" / "history.jsonl").open("a") as file:
        file.write('{"epoch": 2, "loss": 0.0}\n{"epo')
    history = trainer_of().fit(blobs(), epochs=2, run=tmp_path / "run", resume=True, progress=False)
    assert len(History.read(tmp_path / "run")) == len(history) == 2
    assert 0 not in history["loss"]


def test_a_run_folder_holds_everything(tmp_path):
    run = tmp_path / "run"
    trainer = trainer_of()
    trainer.fit(blobs(), epochs=2, run=run, progress=False)
    names = {p.name.split(".17")[0] for p in run.iterdir()}
    assert {"config.json", "history.jsonl", "model.safetensors", "checkpoint.safetensors"} < names
    events = next(p for p in run.iterdir() if p.name.startswith("events.out.tfevents"))
    assert b"loss/train" in events.read_bytes()
    saved = load(run / "model.safetensors")
    assert all((saved[n] == t).all() for n, t in trainer.model.state_dict().items())
    with pytest.raises(CheckpointError, match="exists and holds"):
        trainer.fit(blobs(), run=run, progress=False)


def other_model():
    model = LinearRegression(2, 3)
    return Trainer(model, "cross_entropy", optim.Adam(model.parameters(), lr=0.01), metrics=("accuracy", "f1"))


def wider_model():
    model = MLP([2, 17, 3], batch_norm=True, dropout=0.3)
    return Trainer(model, "cross_entropy", optim.Adam(model.parameters(), lr=0.01), metrics=("accuracy", "f1"))


@pytest.mark.parametrize(
    ("says", "make", "options"),
    [
        ("model: was 'MLP', is 'LinearRegression'", other_model, {}),
        (r"layers\.0\.weight: was 'float32 \(16, 2\)', is 'float32 \(17, 2\)'", wider_model, {}),
    ],
)
def test_a_checkpoint_of_something_else_is_refused(tmp_path, says, make, options):
    trainer_of().fit(blobs(), run=tmp_path / "run", progress=False)
    trainer = make()
    before = bits(trainer)
    with pytest.raises(CheckpointError, match=says):
        trainer.fit(blobs(), epochs=2, run=tmp_path / "run", resume=True, progress=False, **options)
    assert bits(trainer) == before


# -- callbacks --------------------------------------------------------------------------------------------------------


def scripted(values):
    """Writes given numbers into the record."""
    return LambdaCallback(on_epoch_end=lambda trainer, record: record.update(score=values[record["epoch"] - 1]))


def test_early_stopping_waits_and_restores():
    weights = []
    stopping = EarlyStopping("score", patience=2, min_delta=0.1, better="higher")
    keep = LambdaCallback(on_epoch_end=lambda t, r: weights.append(t.model.layers[0].weight.numpy().copy()))
    trainer = trainer_of()
    script = scripted([1.0, 2.0, 2.05, 1.5, 9.0])
    history = trainer.fit(blobs(), epochs=5, callbacks=[script, keep, stopping], progress=False)
    assert history["score"] == [1.0, 2.0, 2.05, 1.5]
    np.testing.assert_array_equal(trainer.model.layers[0].weight.numpy(), weights[1])
    assert len(trainer.fit(blobs(), epochs=5, callbacks=[script, stopping], progress=False)) == 4


def test_early_stopping_goes_on_counting(tmp_path):
    values = [1.0, 2.0, 3.0, 4.0, 5.0]
    options = {"run": tmp_path / "run", "progress": False}

    def called():
        return [scripted(values), EarlyStopping("score", patience=2, better="lower")]

    first = trainer_of()
    first.fit(blobs(), epochs=2, callbacks=called(), **options)
    best = first.model.state_dict()["layers.0.weight"].numpy().copy()
    second = trainer_of(seed=5)
    assert len(second.fit(blobs(), epochs=5, callbacks=called(), resume=True, **options)) == 3
    np.testing.assert_array_equal(second.model.state_dict()["layers.0.weight"].numpy(), best)
    assert len(trainer_of().fit(blobs(), epochs=9, callbacks=called(), resume=True, **options)) == 3


def test_plateau_lowers_the_rate_also_after_going_on(tmp_path):
    flat = LambdaCallback(on_epoch_end=lambda trainer, record: record.update(loss=1.0))
    trainer = trainer_of(lr=0.1)
    plateau = Plateau(optim.ReduceOnPlateau(trainer.optimizer, factor=0.5, patience=1), "loss")
    trainer.fit(blobs(), epochs=2, callbacks=[flat, plateau], run=tmp_path / "run", progress=False)
    assert trainer.optimizer.lr == 0.1
    again = trainer_of(lr=0.1)
    plateau = Plateau(optim.ReduceOnPlateau(again.optimizer, factor=0.5, patience=1), "loss")
    again.fit(blobs(), epochs=3, callbacks=[flat, plateau], run=tmp_path / "run", resume=True, progress=False)
    assert again.optimizer.lr == 0.05
    with pytest.raises(ArgumentError, match="better higher, but the mode is 'min'"):
        Plateau(plateau.reducer, "val_accuracy")


def test_save_best(tmp_path):
    first = {}
    keep = LambdaCallback(on_epoch_end=lambda t, r: first.setdefault("w", t.model.layers[0].weight.numpy().copy()))
    best = SaveBest(tmp_path / "best.safetensors", "score", better="higher")
    trainer_of().fit(blobs(), epochs=3, callbacks=[scripted([3.0, 1.0, 2.0]), keep, best], progress=False)
    np.testing.assert_array_equal(load(tmp_path / "best.safetensors")["layers.0.weight"].numpy(), first["w"])


# -- what is shown ----------------------------------------------------------------------------------------------------


def test_lines_in_a_pipe_and_silence(capsys):
    trainer_of().fit(blobs(), blobs(), epochs=2)
    out, err = capsys.readouterr()
    assert out == ""
    lines = [line for line in err.splitlines() if line != "compiling the training step ..."]  # if that takes long
    assert len(lines) == 2
    assert lines[1].startswith("epoch 2/2  loss ")
    assert "val_accuracy" in lines[1]
    assert "samples/s" in lines[1]
    trainer_of().fit(blobs(), progress=False)
    assert capsys.readouterr() == ("", "")


def test_showing_that_it_compiles_does_not_keep_it_from_compiling(capsys, monkeypatch):
    monkeypatch.setattr("gradus.train.fitting.progress._WHILE", 0.0)
    trainer = trainer_of(compile="require")
    trainer.fit(blobs(), epochs=1)
    assert trainer.eager == "" and "compiling the training step ..." in capsys.readouterr().err


def test_without_stderr_nothing_is_shown(monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)  # as where the process was started with it closed
    assert len(trainer_of().fit(blobs(), epochs=2)) == 2


def test_long_epochs_show_lines_in_between(capsys, monkeypatch):
    monkeypatch.setattr("gradus.train.fitting.progress._BETWEEN_LINES", 0.0)
    trainer_of(compile=False).fit(blobs(), batch_size=40)
    lines = capsys.readouterr().err.splitlines()
    assert [line.split("  ")[1] for line in lines[:2]] == ["batch 1/3", "batch 2/3"]
    assert "left" in lines[0]


def test_a_bar_in_a_terminal(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setattr("gradus.train.fitting.progress._BETWEEN_LOOKS", 0.0)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    shown = []
    numbers = Bar.numbers
    monkeypatch.setattr(Bar, "numbers", lambda self, values: shown.append(numbers(self, values)) or shown[-1])
    trainer_of().fit(blobs(), epochs=2)
    err = capsys.readouterr().err
    assert "epoch 1/2  loss" in err
    assert "━" in err
    assert len(shown) == 4
    assert all("accuracy" in text and "samples/s" in text and "left" in text for text in shown)


# -- what is refused --------------------------------------------------------------------------------------------------


def test_divergence_says_where_and_what_to_try(tmp_path):
    model = LinearRegression(2)
    trainer = Trainer(model, "mse", optim.SGD(model.parameters(), lr=1e6))
    with np.errstate(all="ignore"), pytest.raises(DivergedError, match=r"became inf .*step 4.* rate 1e\+06.*clip"):
        trainer.fit(line_data(), batch_size=10, epochs=2, run=tmp_path / "run", progress=False)
    saved = load(tmp_path / "run" / "model.safetensors")
    assert all(np.isfinite(t.numpy()).all() for t in saved.values())


def with_nan():
    data = blobs()
    data.arrays[0][7, 1] = np.nan
    return data


@pytest.mark.parametrize(
    ("error", "says", "data", "options"),
    [
        (DataError, r"x\[7, 1\] is nan", with_nan, {}),
        (DataError, "0 samples", lambda: Subset(blobs(), []), {}),
        (DataError, r"got a tuple\. Make one: TensorDataset", lambda: blobs().arrays, {}),
        (DataError, "1 array, but inputs and targets", lambda: TensorDataset(np.ones((4, 2))), {}),
        (DataError, "label", lambda: TensorDataset(np.ones((4, 2), np.float32), np.array([0, 1, 2, 3])), {}),
        (ArgumentError, "epochs must be an integer of 1", blobs, {"epochs": 0}),
        (ArgumentError, "batch_size must be an integer of 1 or more", blobs, {"batch_size": 0}),
    ],
)
def test_bad_data_is_refused_before_anything_is_written(tmp_path, error, says, data, options):
    with pytest.raises(error, match=says):
        trainer_of().fit(data(), run=tmp_path / "run", progress=False, **options)
    assert not (tmp_path / "run").exists()


def test_bad_arguments_are_refused():
    model = MLP([2, 3])
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    with pytest.raises(ArgumentError, match="Did you mean 'cross_entropy'"):
        Trainer(model, "cros_entropy", optimizer)
    with pytest.raises(ArgumentError, match="Did you mean 'accuracy'"):
        Trainer(model, "cross_entropy", optimizer, metrics=("acuracy",))
    with pytest.raises(ArgumentError, match="differ from each other"):
        Trainer(model, "cross_entropy", optimizer, metrics=("f1", "f1"))
    with pytest.raises(ArgumentError, match="no parameters"):
        Trainer(nn.ReLU(), "mse", optimizer)
    with pytest.raises(ArgumentError, match="resume=True needs"):
        Trainer(model, "cross_entropy", optimizer).fit(blobs(), resume=True)
    with pytest.raises(ArgumentError, match="lower or a higher"):
        EarlyStopping("score")
    with pytest.raises(ArgumentError, match="Pass validation data"):
        trainer_of().fit(blobs(), callbacks=[EarlyStopping()], progress=False)


def test_metrics_follow_the_loss():
    model = MLP([2, 3])
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    names = {loss: [m.name for m in Trainer(model, loss, optimizer).metrics] for loss in ("cross_entropy", "mse_loss")}
    assert names == {"cross_entropy": ["accuracy"], "mse_loss": ["rmse"]}
    assert [m.name for m in Trainer(model, F.mse_loss, optimizer).metrics] == ["rmse"]
    assert Trainer(model, lambda z, y: z.sum(), optimizer).metrics == []


def test_metrics_follow_a_loss_module():
    model = MLP([2, 3])
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    losses = {nn.CrossEntropyLoss(label_smoothing=0.1): "accuracy", nn.MSELoss(): "rmse"}
    assert {m.name for loss in losses for m in Trainer(model, loss, optimizer).metrics} == set(losses.values())
    with pytest.raises(ArgumentError, match=r"the class CrossEntropyLoss. Make one: CrossEntropyLoss\(\)"):
        Trainer(model, nn.CrossEntropyLoss, optimizer)


def test_the_optimizer_must_be_one_and_hold_the_models_parameters():
    model = MLP([2, 3])
    for wrong, got in (("adam", "'adam'"), (optim.Adam, "the class Adam")):
        with pytest.raises(ArgumentError, match=rf"the optimizer is {got}\. .*optim\.Adam\(model\.parameters"):
            Trainer(model, "cross_entropy", wrong)
    with pytest.raises(ArgumentError, match="trains other tensors"):
        Trainer(model, "cross_entropy", optim.Adam(MLP([2, 3]).parameters()))


def test_a_share_is_no_validation_data():
    with pytest.raises(DataError, match=r"validation needs a data set, got 0\.2\. .*random_split"):
        trainer_of().fit(blobs(), validation=0.2, progress=False)


def test_fewer_epochs_than_are_done_are_refused(tmp_path):
    trainer_of().fit(blobs(), epochs=2, run=tmp_path / "run", progress=False)
    with pytest.raises(ArgumentError, match="already has 2 epochs, more than epochs=1"):
        trainer_of().fit(blobs(), epochs=1, run=tmp_path / "run", resume=True, progress=False)
    assert len((tmp_path / "run" / "history.jsonl").read_text().splitlines()) == 2


def test_histories_and_loaders_say_what_they_are():
    assert (
        repr(History([{"epoch": 1, "loss": 0.5, "val_loss": 0.25}]))
        == "History(1 epochs, last: loss=0.5, val_loss=0.25)"
    )
    assert repr(History()) == "History(0 epochs)"
    text = repr(DataLoader(TensorDataset([1.0, 2.0, 3.0]), batch_size=2))
    assert (
        text
        == "DataLoader(TensorDataset(float32(3,)), batch_size=2, shuffle=False, drop_last=False, seed=0: 2 batches)"
    )


def test_saving_what_is_not_flat_is_told(tmp_path):
    model = MLP([2, 3])
    with pytest.raises(ArgumentError, match="'model' is a dict: a file holds tensors by name, flat"):
        gradus.save({"model": model.state_dict(), "epoch": 3}, tmp_path / "all.safetensors")
    assert not (tmp_path / "all.safetensors").exists()


def test_a_cut_history_is_refused_on_resume(tmp_path):
    trainer_of().fit(blobs(), epochs=2, run=tmp_path / "run", progress=False)
    lines = tmp_path / "run" / "history.jsonl"
    lines.write_text(lines.read_text().splitlines()[0] + "\n")
    with pytest.raises(CheckpointError, match="holds 1 epochs"):
        trainer_of().fit(blobs(), epochs=3, run=tmp_path / "run", resume=True, progress=False)
