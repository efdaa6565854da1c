"""What nobody has any more is gone: errors that were caught at once, models before they fill the memory."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

import gradus
from gradus import Trainer, nn, optim
from gradus.compiler.native import step
from gradus.data import DataLoader, TensorDataset
from gradus.errors import GradusError, TraceError
from gradus.train.fitting.divergence import NotFiniteError


@pytest.fixture
def uncollected():
    """What Python's collector would find stays."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()
    gc.collect()


class Flawed(nn.Module):
    """A model in which something goes wrong."""

    def __init__(self, flaw):
        self.layer, self.flaw = nn.Linear(4, 3), flaw

    def forward(self, x):
        return self.flaw(self.layer(x))


class OwnError(Exception):
    """A user's."""


def raised(x):
    raise OwnError


def trained(flaw, **options):
    model = Flawed(flaw)
    trainer = Trainer(model, "cross_entropy", optim.SGD(model.parameters(), lr=0.1), **options)
    trainer.fit(TensorDataset(np.ones((8, 4), "float32"), np.zeros(8, int)), progress=False)


def predicted(rows):
    model = nn.Sequential(nn.Linear(4, 3))
    Trainer(model, "mse", optim.SGD(model.parameters(), lr=0.1)).predict(np.ones((rows, 5), "float32"))


def looked_at(x):
    return x if x.sum().item() > 0 else -x


def known(error):
    """An error and what it came of, as far as they are classes written in Python: others know no weak references."""
    chain = (error, error.__cause__, error.__context__)
    return [weakref.ref(one) for one in chain if isinstance(one, (GradusError, NotFiniteError, OwnError))]


CAUGHT = {
    "shapes": lambda: gradus.ones((2, 3)) @ gradus.ones((2, 3)),
    "traced": lambda: gradus.compile(looked_at)(gradus.ones(2)),
    "traced in a thread": lambda: gradus.compile(lambda x: x @ x)(gradus.ones((2, 3))),
    "not compiled": lambda: trained(looked_at, compile="require"),
    "the model's own": lambda: trained(raised),
    "divergence": lambda: trained(lambda x: x / 0),
    "eager divergence": lambda: trained(lambda x: x / 0, compile=False),
    "few rows": lambda: predicted(8),
    "many rows": lambda: predicted(5_000),
    "a sample": lambda: list(DataLoader([1, "two"], batch_size=2)),
    "a thread's sample": lambda: list(DataLoader([1, "two"], batch_size=2, num_workers=1)),
}


@pytest.mark.parametrize("mistake", CAUGHT.values(), ids=CAUGHT)
def test_an_error_goes_with_all_that_its_traceback_holds(mistake, uncollected) -> None:
    def caught() -> list[weakref.ref]:
        try:
            mistake()
        except Exception as error:
            return known(error)
        raise AssertionError("nothing is said")

    found = caught()
    assert found
    assert not any(one() for one in found)


@pytest.mark.filterwarnings("ignore::gradus.errors.EagerWarning")
def test_a_trainer_keeps_no_error_for_which_it_went_on_eagerly(uncollected) -> None:
    model = Flawed(looked_at)
    trainer = Trainer(model, "cross_entropy", optim.SGD(model.parameters(), lr=0.1))
    trainer.fit(TensorDataset(np.ones((8, 4), "float32"), np.zeros(8, int)), progress=False)
    assert trainer.eager
    assert not [thing for thing in gc.get_objects() if isinstance(thing, TraceError)]


def test_dropped_models_go_when_what_compiled_steps_hold_has_doubled(monkeypatch) -> None:
    monkeypatch.setattr(step, "MUCH", 1 << 12)
    monkeypatch.setattr(step, "_left", 0)
    gc.collect()
    there: list[weakref.ref] = []
    most = 0
    for _ in range(8):
        model = nn.Linear(40, 30)
        there.append(weakref.ref(model))
        trainer = Trainer(model, "mse", optim.SGD(model.parameters(), lr=0.1))
        trainer.fit(TensorDataset(np.ones((8, 40), "float32"), np.ones((8, 30), "float32")), progress=False)
        most = max(most, sum(one() is not None for one in there))
    assert most <= 4
