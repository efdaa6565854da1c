"""What can be compiled besides functions: modules, partials, objects with a __call__, methods of them."""

from __future__ import annotations

import copy
import functools
import pickle

import numpy as np
import pytest

import gradus
from gradus import nn, optim
from gradus.errors import ArgumentError, GradientError, TraceError
from gradus.inspect import saliency

X = np.linspace(-1, 1, 12, dtype=np.float32).reshape(4, 3)
FACTOR = 2.0


class Scaled(nn.Module):
    def __init__(self):
        self.linear = nn.Linear(3, 2)

    def forward(self, x):
        return self.linear(x) * FACTOR


class Adds:
    def __init__(self, number):
        self.number = number

    def __call__(self, x):
        return x + self.number * FACTOR


def test_a_module_runs_compiled():
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    compiled = gradus.compile(model)
    assert compiled.__name__ == "Sequential"
    np.testing.assert_allclose(compiled(X).numpy(), model(gradus.tensor(X)).numpy(), rtol=1e-6)
    assert compiled.explain()  # there is a program
    model[2].bias.assign_(gradus.ones(2) * 7)
    np.testing.assert_allclose(compiled(X).numpy(), model(gradus.tensor(X)).numpy(), rtol=1e-6)


def test_a_compiled_module_has_the_modules_attributes():
    model = nn.Sequential(nn.Linear(3, 4), nn.Dropout(0.5))
    compiled = gradus.compile(model)
    assert [id(p) for p in compiled.parameters()] == [id(p) for p in model.parameters()]
    assert compiled.training and set(compiled.state_dict()) == set(model.state_dict())
    assert (compiled(X).numpy() == 0).any()
    compiled.eval()
    np.testing.assert_allclose(compiled(X).numpy(), model(gradus.tensor(X)).numpy(), rtol=1e-6)
    with pytest.raises(AttributeError, match="There is one device"):
        compiled.cuda()
    with pytest.raises(ArgumentError, match="there is one device"):
        compiled.to("cuda")
    with pytest.raises(AttributeError, match="Compiled has no attribute 'parameters'"):
        gradus.compile(lambda x: x).parameters()


def test_what_a_module_reads_around_it_is_watched(monkeypatch):
    compiled, adds = gradus.compile(Scaled()), gradus.compile(Adds(3.0))
    before, plus = compiled(X).numpy(), adds(X).numpy()
    np.testing.assert_allclose(plus, X + 6)
    monkeypatch.setitem(globals(), "FACTOR", 4.0)
    np.testing.assert_allclose(compiled(X).numpy(), 2 * before, rtol=1e-6)
    np.testing.assert_allclose(adds(X).numpy(), X + 12)
    adds.function.number = 1.0
    np.testing.assert_allclose(adds(X).numpy(), X + 4)


def test_a_compiled_module_within_a_compiled_step_is_trained():
    model = Scaled()
    compiled, optimizer = gradus.compile(model), optim.SGD(model.parameters(), lr=0.1)

    @gradus.compile
    def step(x):
        optimizer.zero_grad()
        loss = (compiled(x) ** 2).mean()
        loss.backward()
        optimizer.step()
        return loss.detach()

    losses = [step(X).item() for _ in range(5)]
    assert losses == sorted(losses, reverse=True) and losses[-1] < losses[0]
    with pytest.raises(GradientError):
        compiled(X).sum().backward()


def test_partials_run_compiled(monkeypatch):
    def line(w, x, b=0.0):
        return x @ w * FACTOR + b

    w = gradus.tensor(np.eye(3, dtype=np.float32), requires_grad=True)
    compiled = gradus.compile(functools.partial(functools.partial(line, w), b=1.0))
    assert compiled.__name__ == "line"
    np.testing.assert_allclose(compiled(X).numpy(), 2 * X + 1)
    monkeypatch.setitem(globals(), "FACTOR", 3.0)
    np.testing.assert_allclose(compiled(X).numpy(), 3 * X + 1)
    w.assign_(gradus.tensor(np.zeros((3, 3), np.float32)))
    np.testing.assert_allclose(compiled(X).numpy(), np.ones_like(X))


def test_a_compiled_object_in_a_class_is_not_bound():
    class Holder:
        plus = gradus.compile(Adds(1.0))

    assert Holder().plus is Holder.plus
    np.testing.assert_allclose(Holder().plus(X), X + 2)


def test_compiled_again_and_copied():
    model = nn.Linear(3, 2)
    again = gradus.compile(gradus.compile(model))
    np.testing.assert_allclose(again(X).numpy(), model(gradus.tensor(X)).numpy(), rtol=1e-6)
    twin = copy.copy(gradus.compile(model))
    assert twin.weight is model.weight


def test_what_cannot_be_compiled_is_refused():
    with pytest.raises(ArgumentError, match="compile: expects a function or a Module, got 6"):
        gradus.compile(6)
    with pytest.raises(ArgumentError, match=r"a compiled one\. Give the Module that was compiled"):
        saliency(gradus.compile(Scaled()), np.ones((1, 1, 2, 2)))


def test_a_method_over_a_compiled_one_calls_it_by_super():
    class First:
        def times(self, x):
            return x * self.k

    class Second(First):
        k = 2.0
        times = gradus.compile(First.times)

    class Third(Second):
        @gradus.compile
        def times(self, x):
            return super().times(x) + 1

    class Fourth(Third):
        def times(self, x):
            return super().times(x) * 10

    x = gradus.tensor([1.0, 2.0])
    thing = Fourth()
    for _ in range(2):
        assert thing.times(x).tolist() == [30, 50]
        assert Third().times(x).tolist() == [3, 5]
    copied = copy.copy(thing)
    copied.k = 3.0
    assert [copied.times(x).tolist(), thing.times(x).tolist()] == [[40, 70], [30, 50]]
    other = Third()
    other.times = lambda x: x
    assert other.times(x) is x


def test_compiled_class_methods():
    class First:
        k = 2.0

        @classmethod
        @gradus.compile
        def times(cls, x):
            return x * cls.k

    class Second(First):
        k = 3.0

    x = gradus.tensor([1.0])
    for _ in range(2):
        assert [First.times(x).item(), Second.times(x).item(), Second().times(x).item()] == [2, 3, 3]
    First.k = 4.0
    assert [First.times(x).item(), Second.times(x).item()] == [4, 3]


def test_objects_without_room_for_a_compiled_method():
    class Small:
        __slots__ = ("k",)

        @gradus.compile
        def times(self, x):
            return x

    with pytest.raises(ArgumentError, match="Small have no place for their own compiled times"):
        Small().times(gradus.tensor(1.0))


class Base:
    k = 2.0

    @gradus.compile
    def times(self, x):
        return x * self.k


class Derived(Base):
    @gradus.compile
    def times(self, x):
        return super().times(x) + 1


def test_pickled_methods_stay_whose_they_are():
    thing, x = Derived(), gradus.tensor([1.0])
    assert [thing.times(x).item(), super(Derived, thing).times(x).item()] == [3, 2]
    back = pickle.loads(pickle.dumps(thing))
    back.k = 5.0
    assert [back.times(x).item(), super(Derived, back).times(x).item(), thing.times(x).item()] == [6, 5, 3]


def test_a_compiled_functions_attributes_are_watched():
    @gradus.compile
    def f(x):
        if not hasattr(f, "table"):
            f.table = {2: 3.0}
        return x * f.scale * f.table[len(x)]

    f.scale = 2.0
    x = gradus.tensor([1.0, 2.0])
    assert f(x).tolist() == [6.0, 12.0]
    f.scale = 5.0
    assert f(x).tolist() == [15.0, 30.0]
    f.table[2] = 1.0
    assert f(x).tolist() == [5.0, 10.0]
    assert gradus.compile(lambda x: f(x) + f.scale)(x).tolist() == [10.0, 15.0]
    f.scale = 1.0
    assert f(x).tolist() == [1.0, 2.0]


def test_a_compiled_function_that_counts_its_calls_is_refused():
    @gradus.compile
    def f(x):
        f.calls += 1
        return x

    f.calls = 0
    with pytest.raises(TraceError, match=r"changes f\.calls"):
        f(gradus.ones(2))
    assert f.calls == 0
