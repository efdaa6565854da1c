"""A compiled call gives what eager gives when its surroundings change, or says why it can't."""

from __future__ import annotations

import array
import builtins
import cProfile
import functools
import gc
import io
import os
import random
import types
import weakref
from collections.abc import Callable, Iterator
from queue import SimpleQueue
from typing import Any

import numpy as np
import pytest
from worlds import REFUSED, WAYS, Net, World, variables

import gradus
from gradus.compiler.surroundings.around import Around
from gradus.errors import TraceError

ABS = abs


@pytest.fixture(autouse=True)
def the_same_world() -> Iterator[None]:
    """What a way leaves in globals and modes goes again."""
    yield

    from gradus import autograd

    vars(variables).pop("abs", None)
    for kind in (gradus.Tensor, gradus.nn.Module):
        if "scaled" in vars(kind):
            del kind.scaled
    builtins.abs = ABS
    autograd._recording.set(True)


def calls(world: World, f: Callable[[Any], Any]) -> list[Any]:
    """What two calls, a change, and two more calls give, and what is seen at the end."""
    x = gradus.tensor([1.0, 2.0, 3.0])
    found: list[Any] = []
    for changes in (False, True):
        if changes:
            world.change()
        for _ in range(2):
            y = f(x)
            found += [y.dtype, np.asarray(y.numpy())]
    return [*found, world.seen()]


def same(a: Any, b: Any) -> bool:
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and np.allclose(a, b, rtol=1e-6, atol=0, equal_nan=True)
    return bool(a == b)


@pytest.mark.parametrize("name", [n for n in WAYS if n not in REFUSED])
def test_a_change_is_followed(name: str) -> None:
    world = WAYS[name]()
    expected = calls(world, world.function)
    from gradus import autograd

    autograd._recording.set(True)
    world = WAYS[name]()
    found = calls(world, gradus.compile(world.function))
    assert all(map(same, expected, found)), f"{expected}\n{found}"


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_an_effect_is_refused_and_undone(name: str) -> None:
    world = WAYS[name]()
    before = world.seen()
    f = gradus.compile(world.function)
    for _ in range(2):
        with pytest.raises(TraceError, match=r"compiled function"):
            f(gradus.tensor([1.0, 2.0, 3.0]))
        assert world.seen() == before


def test_asking_a_person_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("2\n"))
    with pytest.raises(TraceError, match=r"asks for input with input\(\)"):
        gradus.compile(lambda x: x * float(input()))(gradus.ones(1))


def test_what_fails_puts_all_back() -> None:
    t, array = gradus.tensor([1.0, 2.0], requires_grad=True), np.arange(3)
    thing = types.SimpleNamespace(list=[1, [2]], set={1}, dict={"a": {}}, inner=types.SimpleNamespace())
    thing.draws, thing.inner.drawn = np.random.default_rng(1), random.Random(2)
    expected = np.random.default_rng(1).random(), random.Random(2).random()

    def f(x: Any) -> Any:
        thing.list[1].append(3)
        thing.list.append(3)
        thing.set.add(2)
        thing.dict["a"]["b"] = thing.inner.new = 1
        array[:] = 0
        (t * x).sum().backward()
        t.assign_(x)
        t.data = np.zeros(2, np.float32)
        thing.draws.random(), thing.inner.drawn.random()
        return x / (1 // 0)

    data, writes = t.data, t.writes[0]
    with pytest.raises(ZeroDivisionError):
        gradus.compile(f)(gradus.ones(2))
    assert (thing.list, thing.set, thing.dict, list(vars(thing.inner))) == ([1, [2]], {1}, {"a": {}}, ["drawn"])
    assert array.tolist() == [0, 1, 2]
    assert (t.data is data, t.tolist(), t.grad, t.writes[0]) == (True, [1.0, 2.0], None, writes)
    assert (thing.draws.random(), thing.inner.drawn.random()) == expected


def test_a_variable_that_was_not_filled_is_empty_again() -> None:
    def of_both() -> Any:
        if False:
            late = 1

        def f(x: Any) -> Any:
            nonlocal late
            late = 2
            return x / (1 // 0)

        return f

    f = of_both()
    with pytest.raises(ZeroDivisionError):
        gradus.compile(f)(gradus.ones(2))
    with pytest.raises(ValueError, match="empty"):
        assert f.__closure__[0].cell_contents is None


def test_an_array_of_pythons_is_put_back() -> None:
    numbers = array.array("d", [1.0])

    def f(x: Any) -> Any:
        numbers.append(2.0)
        return x / (1 // 0)

    with pytest.raises(ZeroDivisionError):
        gradus.compile(f)(gradus.ones(2))
    assert numbers.tolist() == [1.0]


def test_a_large_array_that_numpy_writes_into_is_refused() -> None:
    total = np.zeros(1 << 15, np.float32)
    with pytest.raises(TraceError, match="changes the numbers of an array, which it reads"):
        gradus.compile(lambda x: x * len(np.add(total, 1, total)))(gradus.ones(2))


def test_attributes_that_were_not_there_are_gone_again() -> None:
    class Options:
        __slots__ = ("gain",)

    options = Options()

    def f(x: Any) -> Any:
        options.gain = Options.late = 1  # type: ignore[attr-defined]
        return x / (1 // 0)

    with pytest.raises(ZeroDivisionError):
        gradus.compile(f)(gradus.ones(2))
    assert not hasattr(options, "gain") and not hasattr(Options, "late")


def test_there_are_at_least_sixty_ways_to_change_the_surroundings() -> None:
    assert len(WAYS) - len(REFUSED) >= 60


def test_a_profiler_may_run() -> None:
    scale = 2.0

    def f(x: Any) -> Any:
        return x * scale

    compiled, x = gradus.compile(f), gradus.tensor([1.0])
    with cProfile.Profile():
        assert compiled(x).tolist() == [2.0]
    scale = 3.0
    assert compiled(x).tolist() == [3.0]


def test_a_shape_remembered_makes_no_version_each_time() -> None:
    world = WAYS["a_shape_remembered"]()
    f = gradus.compile(world.function)
    for _ in range(3):
        for n in (2, 3):
            f(gradus.ones(n))
            assert world.seen() == (n,)
    assert len(f._steps) == 2


def test_a_nan_around_a_function_makes_no_version_each_time() -> None:
    scale = float("nan")
    f = gradus.compile(lambda x: x * scale)
    for _ in range(3):
        scale = float("nan")
        assert np.isnan(f(gradus.ones(2)).numpy()).all()
    assert len(f._steps) == 1


def test_numbers_that_are_read_through_a_view_make_no_version_each_time() -> None:
    whole = np.ones(4, np.float32)
    part = gradus.as_tensor(whole[:2])
    f = gradus.compile(lambda x: x * part * len(whole))
    for n in range(3):
        whole[:] = n
        assert f(gradus.ones(2)).tolist() == [4.0 * n] * 2
    assert len(f._steps) == 1


def test_a_counter_that_nothing_reads_makes_no_version_each_time() -> None:
    class Training:
        def __init__(self) -> None:
            self.calls = 0
            self.step = gradus.compile(self._step)

        def _step(self, x: Any) -> Any:
            return x * getattr(self, "scale", 1.0) * (2 if hasattr(self.step, "late") else 1)

    training = Training()
    for _ in range(3):
        training.calls += 1
        assert training.step(gradus.ones(1)).tolist() == [1.0]
    assert len(training.step._steps) == 1
    training.scale = 3.0
    assert training.step(gradus.ones(1)).tolist() == [3.0]


def test_asking_a_module_for_what_it_has_not_makes_no_version_each_time() -> None:
    net = Net(lambda self, x: x * (3 if hasattr(self, "late") else 2), epoch=0)
    f = gradus.compile(lambda x: net(x))
    for _ in range(3):
        net.epoch += 1
        assert f(gradus.ones(1)).tolist() == [2.0]
    assert len(f._steps) == 1
    net.late = True
    assert f(gradus.ones(1)).tolist() == [3.0]


def test_a_name_that_is_made_up_is_seen_in_an_inner_function() -> None:
    net, name = Net(lambda self, x: x, alpha1=2.0), "alpha"
    f = gradus.compile(lambda x: x * sum(getattr(net, name + i) for i in "1"))
    assert f(gradus.ones(1)).tolist() == [2.0]
    net.alpha1 = 3.0
    assert f(gradus.ones(1)).tolist() == [3.0]


def test_another_tensor_each_time_is_refused() -> None:
    """Of the same shape, from where nothing is seen to go on."""
    queue = SimpleQueue[gradus.Tensor]()
    for i in range(9):
        queue.put(gradus.tensor([float(i)]))
    with pytest.raises(TraceError, match=r"does something else when it runs again: .* holds other numbers"):
        gradus.compile(lambda x: x * queue.get_nowait())(gradus.ones(1))


def test_what_only_the_first_call_would_change_is_refused_and_undone() -> None:
    w, notes = gradus.tensor([2.0], requires_grad=True), dict[str, bool]()

    def step(x: Any) -> Any:
        if w.grad is None:
            notes["first"] = True
        w.grad = None
        (w * x).sum().backward()
        w.assign_((w - w.grad).detach())
        return x

    w.grad = gradus.ones(1)
    with pytest.raises(TraceError, match=r"at the first call: it changes notes\['first'\]"):
        gradus.compile(step)(gradus.ones(1))
    assert notes == {} and w.grad.tolist() == [1.0]


def test_a_tensor_that_a_function_remembers_is_no_symbol_afterwards() -> None:
    @functools.cache
    def table(n: int) -> Any:
        return gradus.arange(n) * 1.0

    with pytest.raises(TraceError):
        gradus.compile(lambda x: x * table(3))(gradus.ones(3))
    assert table(3).tolist() == [0.0, 1.0, 2.0]


def test_a_path_is_no_question_to_the_world() -> None:
    f = gradus.compile(lambda x: x * len(os.path.join("a", "b")))
    assert f(gradus.ones(1)).tolist() == [3.0]


def test_versions_do_not_hold_all_arrays_of_the_past(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gradus.compiler.compiled.PAST", 1 << 14)
    w = gradus.ones(1 << 10)
    f = gradus.compile(lambda x: x * w)
    arrays = []
    for n in range(1, 9):
        w.data = np.full(1 << 10, n, np.float32)
        arrays.append(weakref.ref(w.data))
        assert f(gradus.ones(1)).numpy()[0] == n
    gc.collect()
    assert sum(a() is not None for a in arrays) == 5
    assert f(gradus.ones(1)).numpy()[0] == 8 and len(f._steps) == 5


def test_gradients_that_flow_to_what_a_tensor_was_computed_from_are_no_symbols_afterwards() -> None:
    first, second = (gradus.tensor([1.0, 2.0], requires_grad=True) for _ in range(2))
    half = first * 2

    def f(x: Any) -> Any:
        second.grad = None
        (half * second * x).sum().backward()
        return second.grad

    assert gradus.compile(f)(gradus.ones(2)).tolist() == [2.0, 4.0]
    assert first.grad is None
    assert f(gradus.ones(2)).tolist() == [2.0, 4.0]
    assert first.grad.tolist() == [2.0, 4.0]


def test_what_a_tool_put_under_a_name_that_no_program_can_write_is_not_walked_through() -> None:
    def f(x: Any) -> Any:
        assert x.shape == (2,)  # pytest has put its own modules into this one, for what it says if that fails
        return x * 2

    assert "@pytest_ar" in f.__globals__
    labels = {holder.label for holder in Around(f, ()).holders}
    assert not [label for label in labels if "_pytest" in label or label.startswith("@")]
    assert gradus.compile(f)(gradus.ones(2)).tolist() == [2.0, 2.0]
