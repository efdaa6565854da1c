"""A Trainer whose model cannot be compiled: it trains eagerly, says why once, and nothing of the attempt is left."""

from __future__ import annotations

import json
import random
import warnings

import numpy as np
import pytest

import gradus
from gradus import nn, optim
from gradus.data import DataLoader, TensorDataset
from gradus.errors import ArgumentError, EagerWarning, MistakeWarning, ShapeError, TraceError
from gradus.train import LambdaCallback, Trainer

rng = np.random.default_rng(0)
LABELS = rng.integers(0, 4, 230)
DATA = TensorDataset(rng.normal(size=(230, 8)).astype(np.float32), LABELS)


class Base(nn.Module):
    def __init__(self):
        self.linear, self.norm, self.drop = nn.Linear(8, 4), nn.BatchNorm1d(4), nn.Dropout(0.2)
        self.count, self.seen, self.kept, self.shares = gradus.tensor(0.0), [], {"n": 0}, np.zeros(4, np.float32)
        self.draws = np.random.default_rng(5)

    def hidden(self, x):
        return self.drop(self.norm(self.linear(x)))


class Branches(Base):
    def forward(self, x):
        z = self.hidden(x)
        return z if z.sum() > 0 else z * 2


class LooksAtNumbers(Base):
    def forward(self, x):
        z = self.hidden(x)
        return z * float(np.exp(z.numpy().mean()))


class NumpysFunctions(Base):
    def forward(self, x):
        z = self.hidden(x)
        return z + np.tanh(np.asarray(z.detach()))


class TakesItsData(Base):
    def forward(self, x):
        z = self.hidden(x)
        return z + gradus.Tensor(z.data * 0.5)


class Keeps(Base):
    def forward(self, x):
        self.last = self.hidden(x)
        return self.last


class CountsAndBranches(Base):
    """Changes all it can before it fails."""

    def forward(self, x):
        self.kept["n"] += 1
        self.seen.append(len(self.seen))
        self.steps = getattr(self, "steps", 0) + 1
        self.shares += self.draws.random(4, np.float32)
        z = self.hidden(x) * (1 + 0.1 * self.shares) * (1 + random.random() + np.random.rand())
        self.count.assign_(self.count + 1)
        return z if z.sum() > 0 else z * self.kept["n"]


class WritesItsView(Base):
    def forward(self, x):
        z = self.hidden(x)
        with gradus.no_grad():
            self.norm.running_mean[:2].assign_(0)
        return z


KINDS = [Branches, LooksAtNumbers, NumpysFunctions, TakesItsData, Keeps, CountsAndBranches, WritesItsView]


def trainer_of(kind, **options):
    gradus.seed(0)
    random.seed(0)
    np.random.seed(0)
    model = kind()
    return Trainer(model, "cross_entropy", optim.Adam(model.parameters(), lr=0.01), **options)


def state(trainer):
    """All that training has changed, as bytes."""
    model = trainer.model
    tensors = model.state_dict() | {f"optimizer {k}": v for k, v in trainer.optimizer.state_dict().items()}
    tensors["random"] = gradus.random.default.state
    rest = model.seen, model.kept, vars(model).get("steps"), model.draws.bit_generator.state, random.getstate()
    told = {k: v.numpy().tobytes() for k, v in tensors.items() if k != "last"}
    modes = [m.training for m in model.modules()]
    return told | {"shares": model.shares.tobytes(), "rest": repr(rest), "training": modes}


def of_eager(said):
    """The warnings that are of no mistake: models that look at numbers or keep some are what is tried here."""
    return [w.category for w in said if w.category is not MistakeWarning]


@pytest.mark.parametrize(("kind", "prefetch"), [*((kind, 0) for kind in KINDS), (CountsAndBranches, 1)])
def test_trains_eagerly_from_the_same_state(kind, prefetch, tmp_path):
    told = []
    for k, compile in enumerate((False, True)):
        trainer = trainer_of(kind, compile=compile)
        told_of = []
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            for run in (tmp_path / f"{k}", None):
                loader = DataLoader(DATA, 32, prefetch=prefetch, shuffle=True, seed=3)
                history = trainer.fit(loader, validation=DATA, epochs=1, run=run, progress=False)
                numbers = [{n: v for n, v in r.items() if "second" not in n} for r in history]
                told_of.append((numbers, state(trainer)))
        told.append(told_of)
        assert of_eager(said) == [EagerWarning] * k
        assert bool(trainer.eager) == bool(history.eager) == compile
        config = json.loads((tmp_path / f"{k}" / "config.json").read_text())
        assert config.get("eager", "") == trainer.eager
    assert told[0] == told[1]
    (first,) = [w for w in said if w.category is EagerWarning]
    assert str(first.message).startswith(f"Trainer trains eagerly, operation by operation: {trainer.eager}")


def test_the_reason_has_the_line():
    with pytest.warns(EagerWarning, match=r"looks at a value, at test_trainer_eager.py:\d+") as said:
        trainer_of(Branches).fit(DATA, progress=False)
    assert said[0].filename == __file__


@pytest.mark.parametrize("kind", [Branches, CountsAndBranches])
def test_predicting_and_evaluating(kind, monkeypatch):
    monkeypatch.setattr("gradus.train.fitting.evaluation.NATIVE_FROM", 1)
    told = []
    for compile in (False, True):
        trainer = trainer_of(kind, compile=compile)
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            numbers = trainer.predict(DATA).numpy().tolist(), trainer.evaluate(DATA), trainer.predict(DATA).tolist()
        assert of_eager(said) == [EagerWarning] * compile
        told.append((numbers, state(trainer)))
    assert told[0] == told[1]


def test_why_is_said_once_where_training_and_evaluating_both_fail(monkeypatch):
    monkeypatch.setattr("gradus.train.fitting.evaluation.NATIVE_FROM", 1)
    trainer = trainer_of(Branches)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        trainer.fit(DATA, validation=DATA, epochs=1, progress=False)
    assert trainer.compiled is trainer.forward is None
    assert of_eager(said) == [EagerWarning]


def test_a_step_that_fails_later():
    class Later(Base):
        def forward(self, x):
            z = self.hidden(x)
            return z if len(x) == 32 or z.sum() > 0 else z * 2

    told = []
    for compile in (False, True):
        trainer = trainer_of(Later, compile=compile)
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            trainer.fit(DATA, epochs=2, batch_size=32, progress=False)
        assert len(said) == compile
        told.append(trainer.model.linear.weight.numpy().copy())
    np.testing.assert_allclose(told[1], told[0], atol=1e-4)


class WrongShape(Base):
    def forward(self, x):
        return self.linear(x) @ x


class WrongShapeInTraining(Base):
    def forward(self, x):
        return self.linear(x) @ x if self.training else self.linear(x)


class OwnError(Base):
    def forward(self, x):
        raise LookupError("no such thing")


class OwnErrorLater(Base):
    fails = True

    def forward(self, x):
        z = self.linear(x)
        if self.training and self.fails:
            raise LookupError("no such thing")
        return z


@pytest.mark.parametrize(
    ("kind", "error", "compile"),
    [(WrongShape, ShapeError, True), (WrongShapeInTraining, ShapeError, "require"), (OwnError, LookupError, True)],
)
def test_errors_of_the_users_own(kind, error, compile):
    with pytest.raises(error):
        trainer_of(kind, compile=compile).fit(DATA, progress=False)


def test_what_goes_wrong_natively_is_not_done_eagerly(monkeypatch):
    def run(step, leaves):
        raise MemoryError("no room")

    monkeypatch.setattr("gradus.compiler.native.step.Step.run", run)
    trainer = trainer_of(OwnErrorLater)
    trainer.model.fails = False
    with pytest.raises(MemoryError, match="no room"):
        trainer.fit(DATA, callbacks=[LambdaCallback(on_batch_end=lambda *_: None)], progress=False)
    assert trainer.compiled is not None


@pytest.mark.parametrize("prefetch", [0, 1])
def test_an_error_of_the_users_own_while_training_does_not_end_compiling(prefetch):
    trainer = trainer_of(OwnErrorLater)
    loader = DataLoader(DATA, 32, prefetch=prefetch)
    with pytest.raises(LookupError, match="no such thing"):
        trainer.fit(loader, progress=False)
    assert not trainer.eager
    trainer.model.fails = False
    trainer.fit(loader, progress=False)
    assert trainer.compiled is not None and not trainer.eager


def test_compiling_required():
    before = trainer_of(CountsAndBranches)
    trainer = trainer_of(CountsAndBranches, compile="require")
    for t in (before, trainer):
        t.evaluate(DATA)
    with pytest.raises(TraceError, match=r"looks at a value.* In a Trainer: Trainer\(\.\.\., compile=False\)"):
        trainer.fit(DATA, progress=False)
    assert state(trainer)["rest"].replace("231", "") != ""
    assert all(p.grad is None for p in trainer.model.parameters())
    with pytest.raises(TraceError, match="looks at a value"):
        trainer_of(Branches, precision="bf16").fit(DATA, progress=False)
    with pytest.raises(ArgumentError, match="'require'"):
        trainer_of(Branches, compile="yes")


def test_callbacks_and_interruptions_are_not_taken_for_failures():
    trainer = trainer_of(Base)
    trainer.model.forward = trainer.model.hidden

    def fail(*_):
        raise LookupError("in a callback")

    with pytest.raises(LookupError, match="in a callback"):
        trainer.fit(DATA, callbacks=[LambdaCallback(on_batch_end=fail)], progress=False)
    assert trainer.compiled is not None
