"""Copies and pickles of compiled functions, of models that hold them, and of Trainers: they compile anew."""

from __future__ import annotations

import copy
import functools
import pickle

import numpy as np
import pytest

import gradus
from gradus import nn, optim
from gradus.data import TensorDataset
from gradus.errors import ArgumentError
from gradus.train import Trainer

rng = np.random.default_rng(0)
X = rng.normal(size=(60, 3)).astype(np.float32)
DATA = TensorDataset(X, X @ np.float32([[1], [2], [3]]))


def double(x):
    return x * 2


@gradus.compile
def tripled(x):
    return x * 3


doubled = gradus.compile(double)


class Line(nn.Module):
    def __init__(self):
        self.layer = nn.Linear(3, 1)
        self.native = gradus.compile(self.forward)
        self.whole = gradus.compile(self.layer, winograd=False)

    def forward(self, x):
        return self.layer(x)

    @gradus.compile
    def grown(self, x):
        return self.layer.weight.assign_(self.layer.weight + x.sum()).sum()


def pickled(thing):
    return pickle.loads(pickle.dumps(thing))


COPIES = {"deepcopy": copy.deepcopy, "pickle": pickled}
ALL = COPIES | {"copy": copy.copy}


@pytest.mark.parametrize("how", ALL)
@pytest.mark.parametrize("called", [False, True])
@pytest.mark.parametrize("name", ["doubled", "tripled", "module", "method", "partial"])
def test_a_compiled_function(name, called, how):
    f = {
        "doubled": lambda: doubled,
        "tripled": lambda: tripled,
        "module": lambda: gradus.compile(nn.Linear(3, 2), winograd=False),
        "method": lambda: gradus.compile(nn.Linear(3, 2).forward),
        "partial": lambda: gradus.compile(functools.partial(double)),
    }[name]()
    if called:
        f(X)
    made = ALL[how](f)
    assert (made is f) == (how == "pickle" and name == "tripled")  # a decorated function is found by its name
    assert made.__name__ == f.__name__ and made.winograd is f.winograd
    np.testing.assert_array_equal(made(X).numpy(), f(X).numpy())
    if made is not f:
        assert not {id(s) for _, s in made._steps} & {id(s) for _, s in f._steps}


def test_what_a_copy_writes_is_its_own():
    class Counter:
        def __init__(self):
            self.total = gradus.tensor(0.0)

        def add(self, x):
            return self.total.assign_(self.total + x.sum()) * 1

    counter = Counter()
    f = gradus.compile(counter.add)
    assert f(np.ones(3, np.float32)).item() == 3
    made = copy.deepcopy(f)
    assert [made(np.ones(3, np.float32)).item() for _ in range(2)] == [6, 9]
    assert counter.total.item() == 3 and copy.copy(f)(np.ones(3, np.float32)).item() == 6 == counter.total.item()


@pytest.mark.parametrize("how", COPIES)
@pytest.mark.parametrize("called", [False, True])
@pytest.mark.parametrize("by", ["model", "attribute", "method"])
def test_a_model_that_holds_one(by, called, how):
    model = Line()
    if called:
        model.native(X), model.whole(X), model.grown(X)
    made = {
        "model": lambda: COPIES[how](model),
        "attribute": lambda: COPIES[how](model.native).function.__self__,
        "method": lambda: COPIES[how](model.grown).function.__self__,
    }[by]()
    before = model.layer.weight.numpy().copy()
    assert made.native.function.__self__ is made and made.whole.function is made.layer
    assert made.grown.function.__self__ is made and made.whole.winograd is False
    np.testing.assert_array_equal(made.native(X).numpy(), model.native(X).numpy())
    made.grown(np.ones(3, np.float32))
    np.testing.assert_allclose(made.layer.weight.numpy(), before + 3, rtol=1e-6)
    np.testing.assert_array_equal(made.native(X).numpy(), made.whole(X).numpy())
    np.testing.assert_array_equal(model.layer.weight.numpy(), before)
    assert [n for n, _ in made.named_parameters()] == ["layer.weight", "layer.bias"]


def test_a_shallow_copy_has_its_own_method():
    model = Line()
    model.grown(X)
    made = copy.copy(model)
    made.layer = nn.Linear(3, 1)
    before = model.layer.weight.numpy().copy()
    made.grown(X)
    assert made.grown is made.grown is not model.grown
    np.testing.assert_array_equal(model.layer.weight.numpy(), before)


def test_a_compiled_method_is_replaced_and_taken_back():
    class Other:
        @gradus.compile
        def f(self, x):
            return x + 1

        g = gradus.compile(double)

    thing = Other()
    assert thing.f(1.0 * gradus.ones(())).item() == 2 and thing.f is thing.f
    thing.f = double
    assert thing.f(2) == 4
    del thing.f
    assert thing.f(gradus.ones(())).item() == 2
    assert type(thing).f is vars(Other)["f"]


@pytest.mark.parametrize("kind", ["lambda", "inner"])
def test_what_python_cannot_find_again(kind):
    def inner(x):
        return x

    f = gradus.compile({"lambda": lambda x: x, "inner": inner}[kind])
    with pytest.raises(ArgumentError, match=r"cannot be pickled: Python finds a function again by its name"):
        pickle.dumps(f)
    assert copy.deepcopy(f)(gradus.ones(())).item() == copy.copy(f)(gradus.ones(())).item() == 1


def trainer_of():
    gradus.seed(0)
    model = Line()
    return Trainer(model, "mse", optim.Adam(model.parameters(), lr=0.01), clip_norm=1.0)


def weights(trainer):
    return trainer.model.layer.weight.numpy().copy()


@pytest.mark.parametrize("how", COPIES)
@pytest.mark.parametrize("trained", [False, True])
@pytest.mark.parametrize("by", ["trainer", "its program"])
def test_a_trainer(by, trained, how):
    trainer = trainer_of()
    if trained:
        trainer.fit(DATA, epochs=2, progress=False)
    made = COPIES[how](trainer) if by == "trainer" else COPIES[how](trainer.compiled).function.__self__
    assert [id(p) for p in made.optimizer.params] == [id(p) for p in made.model.parameters()]
    assert made.compiled.function.__self__ is made and made.clip_norm == 1.0
    before = weights(trainer)
    np.testing.assert_array_equal(weights(made), before)
    made.fit(DATA, epochs=2, progress=False)
    np.testing.assert_array_equal(weights(trainer), before)
    trainer.fit(DATA, epochs=2, progress=False)
    np.testing.assert_array_equal(weights(made), weights(trainer))
    assert (weights(made) != before).any()
    assert made.evaluate(DATA) == trainer.evaluate(DATA)


def test_a_shallow_copy_of_a_trainer_trains_by_its_own_settings():
    trainer = trainer_of()
    made = copy.copy(trainer)
    made.clip_norm = 1e-9
    assert made.compiled.function.__self__ is made and made.model is trainer.model
