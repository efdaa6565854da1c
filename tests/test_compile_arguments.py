"""What a compiled function is given: which tensors are the same, what is equal and yet another, what it changes."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

import numpy as np
import pytest

import gradus
from gradus import nn
from gradus.errors import ArgumentError, TraceError


def x() -> gradus.Tensor:
    return gradus.tensor([1.0, 2.0, 3.0])


def both(f: Callable[..., Any], *calls: tuple[Any, ...]) -> None:
    """Compiled and eager calls give the same, one after the other."""
    compiled = gradus.compile(f)
    for arguments in (*calls, *calls):
        expected, found = f(*arguments), compiled(*arguments)
        assert (found.dtype, found.tolist()) == (expected.dtype, expected.tolist())


def test_one_tensor_given_twice_is_one() -> None:
    a, b = x(), x()
    both(lambda p, q: p * 2 if p is q else p * 3, (a, a), (a, b), (b, b), (b, a))


def test_one_tensor_given_twice_has_one_gradient() -> None:
    a, b = (gradus.tensor(v, requires_grad=True) for v in ([1.0, 2.0], [3.0, 4.0]))

    def f(p: Any, q: Any) -> Any:
        p.grad = q.grad = None
        (p * q).sum().backward()
        return p.grad * 1

    both(f, (a, b), (a, a), (b, b), (b, a))


def test_which_of_three_are_the_same() -> None:
    a, b = x(), x()
    both(lambda p, q, r: p * (1 + (p is q) + 2 * (q is r)), (a, a, b), (a, b, b), (a, b, a), (a, a, a))


def test_an_argument_that_is_used_from_around_too_has_no_gradient_of_its_own() -> None:
    w, other = (gradus.tensor(v, requires_grad=True) for v in ([1.0, 2.0], [3.0, 4.0]))

    def f(p: Any) -> Any:
        p.grad = w.grad = None
        (p * w).sum().backward()
        return w.grad * 1

    both(f, (other,))
    compiled = gradus.compile(f)
    compiled(other)
    for _ in range(2):
        with pytest.raises(TraceError, match="argument 0 of the compiled function f"):
            compiled(w)
    assert compiled(other).tolist() == f(other).tolist()


@dataclasses.dataclass(frozen=True)
class Options:
    scale: Any
    offset: float = dataclasses.field(compare=False, default=1.0)


@pytest.mark.parametrize(
    "options",
    [
        (Options(2.0, 3.0), Options(2.0, 4.0)),
        (Options(1), Options(1.0), Options(True)),
        ({1: 2}, {True: 2}, {1.0: 2}),
        ({"a": 2}, collections.OrderedDict(a=2)),
    ],
)
def test_equal_arguments_that_are_not_the_same(options: tuple[Any, ...]) -> None:
    def f(t: Any, o: Any) -> Any:
        if isinstance(o, Options):
            return t * o.scale * o.offset
        return t * (str(next(iter(o))) + type(o).__name__ == "1dict") + t

    both(f, *((gradus.tensor([1, 2]), o) for o in options))


@pytest.mark.parametrize("number", [2, 2.0, True, np.float32(2), np.float64(2), np.int64(2), np.bool_(True)])
def test_numbers_of_every_kind(number: Any) -> None:
    both(lambda t, n: t * n, (gradus.tensor([1, 2]), number), (x(), number))


def test_a_loops_state_is_a_tuple() -> None:
    def f(t: Any) -> Any:
        return gradus.while_loop(lambda s: s.sum() < 100, lambda s: s * 2, t, 50)

    for g in (f, gradus.compile(f)):
        with pytest.raises(ArgumentError, match="a tuple of tensors"):
            g(x())


def test_equal_objects_share_a_version() -> None:
    compiled = gradus.compile(lambda t, o: t * o.scale)
    for _ in range(3):
        assert compiled(x(), Options(2.0)).tolist() == [2.0, 4.0, 6.0]
    assert len(compiled._steps) == 1


def test_strings_of_numpys() -> None:
    def f(t: Any, way: str) -> Any:
        return t * 2 if way == "twice" else t

    both(f, *((x(), way) for way in np.array(["once", "twice", "once"])))


def test_objects_that_hold_tensors_and_are_compared() -> None:
    @dataclasses.dataclass(frozen=True)
    class Batch:
        x: Any
        scale: float

    both(lambda b: b.x * b.scale, (Batch(x(), 2.0),), (Batch(x() * 3, 2.0),), (Batch(x(), 3.0),))


def test_a_dict_with_defaults_has_them() -> None:
    def f(d: Any) -> Any:
        return d["x"] * d.default_factory()

    both(f, (collections.defaultdict(lambda: 2.0, x=x()),))


@pytest.mark.parametrize(
    "change",
    [lambda d: d.update(y=d["x"] * 2), lambda d: d.pop("m"), lambda d: d["l"].append(d["x"]), lambda d: d["s"].sort()],
)
def test_a_function_that_changes_its_argument_is_refused(change: Callable[[Any], Any]) -> None:
    @gradus.compile
    def f(d: Any) -> Any:
        change(d)
        return d["x"] * 2

    given = {"x": x(), "m": x(), "l": [x()], "s": [2, 1]}
    with pytest.raises(TraceError, match="changes a list, a dict or a tensor that it is given"):
        f(given)
    assert list(given) == ["x", "m", "l", "s"] and len(given["l"]) == 1 and given["s"] == [2, 1]


def test_a_refusal_that_the_function_catches() -> None:
    @gradus.compile
    def f(t: Any) -> Any:
        try:
            return t * float(t.sum())
        except Exception:
            return t

    for _ in range(2):
        with pytest.raises(TraceError, match="looks at a value"):
            f(x())


SWALLOWED = {
    "a number of its array": (lambda t: t * float(t.data.max()), "uses the array behind"),
    "the length of its array": (lambda t: t * len(t.data), "uses the array behind"),
    "a question about its array": (lambda t: t if np.isnan(t.data).any() else -t, "uses the array behind"),
    "its array as a condition": (lambda t: t if t[0].data else -t, "uses the array behind"),
    "its array compared": (lambda t: t if t[0].data == 2 else -t, "uses the array behind"),
    "its array compared otherwise": (lambda t: t if t[0].data != 2 else -t, "uses the array behind"),
    "a number rounded": (lambda t: t * round(t[0].data), "uses the array behind"),
    "an element of an array": (lambda t: np.zeros(2).__setitem__(0, t[0]) or t, "looks at a value"),
    "memory that is written twice": (lambda t: gradus.as_tensor(TWICE).assign_(t), "several elements"),
}
TWICE = np.lib.stride_tricks.as_strided(np.zeros(1, np.float32), (2,), (0,))


@pytest.mark.parametrize("name", SWALLOWED)
@pytest.mark.parametrize("caught", [True, False])
def test_what_is_refused_is_refused_though_the_function_or_numpy_catches_it(name: str, caught: bool) -> None:
    does, said = SWALLOWED[name]

    @gradus.compile
    def f(t: Any) -> Any:
        try:
            return does(t)
        except Exception:
            if not caught:
                raise
            return t

    with pytest.raises(TraceError, match=said):
        f(gradus.tensor([2.0, 3.0]))


def test_a_string_with_other_attributes_is_another_argument() -> None:
    class Name(str):
        scale = 1.0

    f = gradus.compile(lambda t, name: t * name.scale)
    plain, scaled = Name("a"), Name("a")
    scaled.scale = 5.0
    assert [f(x(), name).tolist() == (x() * name.scale).tolist() for name in (plain, scaled, plain)] == [True] * 3


def test_an_object_that_is_returned_is_refused_with_its_class() -> None:
    @gradus.compile
    def f(t: Any) -> Any:
        return Options(t * 2)

    with pytest.raises(TraceError, match="returns an object of the class Options"):
        f(x())


def test_slices_as_arguments() -> None:
    parts = (slice(0, 2), slice(0, 3), slice(None), slice(0, 2.0), slice(False, 2))
    both(lambda t, s: t * float(str(s) == "slice(0, 2, None)") + 1, *((x(), s) for s in parts))
    compiled = gradus.compile(lambda t, s: t[s] * 2)
    for s in (slice(0, 2), slice(1, None), slice(0, 2)):
        assert compiled(x(), s).tolist() == (x()[s] * 2).tolist()


KEPT = np.arange(3.0)


def test_an_array_that_is_returned_stays_the_array() -> None:
    compiled = gradus.compile(lambda t: (t * 2, KEPT, np.float64(3.0), {"n": np.int64(4)}))
    for _ in range(2):
        found = compiled(x())
        assert found[1] is KEPT and type(found[2]) is np.float64 and type(found[3]["n"]) is np.int64


def test_an_array_made_anew_at_each_call_is_refused() -> None:
    with pytest.raises(TraceError, match="ndarray"):
        gradus.compile(lambda t: (t * 2, np.arange(3.0)))(x())


class Temperature(gradus.Tensor):
    """A tensor of a class of its own."""


def test_an_argument_keeps_its_class() -> None:
    def f(t: Any) -> Any:
        return t * (2 if isinstance(t, nn.Parameter) else 3 if isinstance(t, Temperature) else 1)

    both(f, (x(),), (Temperature(x().numpy()),), (x(),), (nn.Parameter(x()),), (nn.Parameter(x(), False),))


def its_gradient(t: Any) -> Any:
    (t * t).sum().backward()
    return t.grad


def test_an_argument_comes_with_its_gradient() -> None:
    given = gradus.tensor([1.0, 2.0], requires_grad=True)
    compiled = gradus.compile(its_gradient)
    assert compiled(given).tolist() == [2.0, 4.0]
    given.grad = gradus.ones(2)
    with pytest.raises(TraceError, match="uses a gradient that was there before it"):
        compiled(given)


def test_an_argument_whose_gradient_is_cleared() -> None:
    def f(t: Any) -> Any:
        t.grad = None
        return its_gradient(t)

    given = gradus.tensor([1.0, 2.0], requires_grad=True)
    given.grad = gradus.ones(2)
    both(f, (given,))


def test_an_argument_with_hooks_is_refused() -> None:
    compiled, given = gradus.compile(its_gradient), gradus.tensor([1.0, 2.0], requires_grad=True)
    assert compiled(given).tolist() == [2.0, 4.0]
    given.register_hook(lambda g: g * 10)
    with pytest.raises(TraceError, match="argument 0 of the compiled function its_gradient has hooks"):
        compiled(given)


def test_an_argument_that_begins_to_want_a_gradient_is_refused() -> None:
    with pytest.raises(TraceError, match="changes a list, a dict or a tensor that it is given"):
        gradus.compile(lambda t: its_gradient(t.requires_grad_()))(x())


W = gradus.tensor([1.0, 2.0, 3.0], requires_grad=True)


def the_first_time(t: Any) -> Any:
    return (W * t).sum() * (1 if W.grad is None else 2)


def begun_when_there_are_gradients(t: Any) -> Any:
    if W.grad is not None:
        W.grad.detach()
        kept.append(1)
    return (W * t).sum()


kept: list[int] = []


@pytest.mark.parametrize("function", [the_first_time, begun_when_there_are_gradients])
def test_asking_for_a_gradient_before_there_is_one(function: Callable[[Any], Any]) -> None:
    with pytest.raises(TraceError):
        gradus.compile(function)(x())
    assert W.grad is None and not kept


def test_clearing_gradients_that_there_may_be() -> None:
    def f(t: Any) -> Any:
        if W.grad is not None:
            W.grad = None
        (W * t).sum().backward()
        return W.grad

    assert gradus.compile(f)(x()).tolist() == x().tolist()


def test_a_container_from_around_that_is_returned_is_handed_on() -> None:
    info: dict[str, Any] = {"scale": 2.0, "seen": [W]}
    compiled = gradus.compile(lambda t: (t * info["scale"], info, {"new": info["seen"]}))
    for _ in range(2):
        y, returned, new = compiled(x())
        assert returned is info and new["new"] is info["seen"] and y.tolist() == [2.0, 4.0, 6.0]
    returned["scale"] = 3.0
    assert compiled(x())[0].tolist() == [3.0, 6.0, 9.0]
    assert gradus.compile(lambda t: (t, info), verify=True)(x())[1] is info


def test_an_array_that_is_changed_between_two_uses_is_refused() -> None:
    def f(t: Any) -> Any:
        weights = np.ones(3, np.float32)
        first = t * weights
        weights += 1
        return first + t * weights

    with pytest.raises(TraceError, match=r"changes a NumPy array of shape .* after a use of it"):
        gradus.compile(f)(x())

    def g(t: Any) -> Any:
        weights = np.ones(3, np.float32)
        weights += 1
        return t * weights

    both(g, (x(),))


@pytest.mark.parametrize(
    "other",
    [lambda y: (y * 2, y), lambda y: (y, y), lambda y: (y, y * 2 + y)],
    ids=["in another order", "less", "more"],
)
def test_what_another_run_does_differently_is_refused(other: Callable[[Any], Any]) -> None:
    turns = SimpleQueue[bool]()  # which goes on unseen
    for i in range(20):
        turns.put(i % 2 == 1)

    def f(t: Any) -> Any:
        y = t + 1
        return other(y) if turns.get() else (y, y * 2)

    with pytest.raises(TraceError, match="does something else when it runs again"):
        gradus.compile(f)(x())
