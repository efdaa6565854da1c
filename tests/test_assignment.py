"""x[key] = value: NumPy's writing where nothing is recorded, a value of its own for gradients where something is."""

from __future__ import annotations

import copy
import gc
import pickle
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keys import LENGTHS, keys

import gradus
from gradus import nn, optim
from gradus.errors import ArgumentError, DtypeError, GradientError, ShapeError, TraceError
from gradus.tensor import Tensor

pytestmark = pytest.mark.usefixtures("checked")


def assigned(x: Tensor, key: Any, value: Any) -> Tensor:
    """A copy of x, assigned to."""
    x = x.copy()
    x[key] = value
    return x


# -- values and gradients, for any key ---------------------------------------------------------------------------------


def _drawn(data: st.DataObject) -> tuple[np.ndarray, Any, np.ndarray, np.ndarray] | None:
    """Numbers, a key, a value that fits it, and what NumPy makes of them; None where the key is wrong."""
    shape = tuple(data.draw(st.lists(LENGTHS, max_size=3)))
    key = data.draw(keys(shape))
    numbers = np.arange(1.0, np.prod(shape) + 1).reshape(shape)
    try:
        places = numbers[key].shape
    except IndexError:
        return None
    stretched = tuple(1 if data.draw(st.booleans()) else n for n in places)[data.draw(st.integers(0, len(places))) :]
    value = -np.arange(1.0, np.prod(stretched) + 1).reshape(stretched)
    expected = numbers.copy()
    expected[key] = value
    return numbers, key, value, expected


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_any_key_writes_what_numpy_writes_and_gradients_go_where_the_numbers_came_from(data: st.DataObject) -> None:
    drawn = _drawn(data)
    if drawn is None:
        return
    numbers, key, value, expected = drawn
    plain = gradus.tensor(numbers)
    plain[key] = value
    np.testing.assert_array_equal(plain.numpy(), expected)
    x, v = gradus.tensor(numbers, requires_grad=True), gradus.tensor(value, requires_grad=True)
    try:
        y = assigned(x, key, v)
    except ShapeError:
        assert not numbers[key].size  # places outside, where nothing is written
        return
    np.testing.assert_array_equal(y.numpy(), expected)
    weights = np.arange(1.0, expected.size + 1).reshape(expected.shape)
    of_x, of_v = gradus.grad(y, [x, v], gradus.tensor(weights))
    np.testing.assert_array_equal(of_x.numpy(), np.where(expected < 0, 0, weights))
    came = np.zeros(value.shape)  # each number of the value is another, so that its places are found
    for i, number in np.ndenumerate(value):
        came[i] = weights[expected == number].sum()
    np.testing.assert_array_equal(of_v.numpy(), came)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_any_key_compiled(data: st.DataObject) -> None:
    drawn = _drawn(data)
    if drawn is None:
        return
    numbers, key, value, expected = drawn

    def f(x: Tensor, v: Tensor) -> tuple[Tensor, ...]:
        y = assigned(x, key, v * 1)
        z = gradus.zeros(x.shape, x.dtype)
        z[key] = v.detach()
        return y.detach(), z, *gradus.grad((y * y).sum(), [x, v])

    arguments = [gradus.tensor(a, requires_grad=True) for a in (numbers, value)]
    if not value.size:
        return
    try:
        eager = f(*arguments)
    except ShapeError:
        return
    for a, b in zip(eager, gradus.compile(f)(*arguments), strict=True):
        assert a.numpy().tobytes() == b.numpy().tobytes()
    np.testing.assert_array_equal(eager[0].numpy(), expected)


@pytest.mark.parametrize("key", [(slice(None), 1), (0,), ([0, 2, 0], 1), ([2, 1],), (..., slice(None, None, -2))])
def test_second_order(key: Any) -> None:
    rng = np.random.default_rng(0)
    x, v = (gradus.tensor(rng.normal(size=s), requires_grad=True) for s in ((3, 3), ()))

    def f(x: Tensor, v: Tensor) -> Tensor:
        y = assigned(x * x, key, v**3)
        y[0, 0] *= y[1, 1] * v
        return (y**2).sum()

    def slope(x: Tensor, v: Tensor) -> Tensor:
        a, b = gradus.grad(f(x, v), [x, v], create_graph=True)
        return (a * a).sum() + b * b

    found = gradus.grad(slope(x, v), v).item()
    h = 1e-5
    rise = (slope(x, v + h) - slope(x, v - h)).item() / (2 * h)
    assert found == pytest.approx(rise, rel=1e-7)
    inside = gradus.compile(lambda x, v: gradus.grad(slope(x, v), v))(x, v)
    assert inside.item() == pytest.approx(found, rel=1e-13)


# -- values ------------------------------------------------------------------------------------------------------------


def test_python_numbers_lists_and_arrays() -> None:
    x = gradus.zeros((2, 3), "float64")
    x[0] = 1
    x[1] = [0.1, 2, 3]
    x[:, 2] = np.float32(7)
    x[...] = np.where(np.arange(3) == 0, 5.5, x.numpy())
    assert x.tolist() == [[5.5, 1, 7], [5.5, 2, 7]]
    counts = gradus.zeros(3, int)
    counts[1] += 2
    counts[[0, 0]] += 1
    assert counts.tolist() == [1, 2, 0]
    seen = gradus.zeros(3, bool)
    seen[1:] = 1
    seen[2] = False
    assert seen.tolist() == [False, True, False]


@pytest.mark.parametrize(
    ("make", "key", "value", "error", "words"),
    [
        (lambda: gradus.zeros(3), 5, 1, ShapeError, "index 5 is outside axis 0, whose length is 3"),
        (lambda: gradus.zeros(3), [0, 4], 1, ShapeError, "index 4 is outside axis 0"),
        (lambda: gradus.zeros(3), 0, [1, 2], ShapeError, r"shape \(2,\) does not fit in places of shape \(\)"),
        (lambda: gradus.zeros((2, 3)), slice(None), [1, 2], ShapeError, r"\(2,\) and \(2, 3\) do not fit together"),
        (lambda: gradus.zeros(3), [True, False], 1, ShapeError, "a mask of length 2 does not fit axis 0"),
        (lambda: gradus.zeros(3), [True, False, True], [1, 2, 3], ShapeError, "do not fit"),
        (lambda: gradus.zeros(3), True, 1, DtypeError, "a single boolean is no index"),
        (lambda: gradus.zeros(3), 0.5, 1, DtypeError, "an index is an integer"),
        (lambda: gradus.zeros(3, int), 0, 1.5, DtypeError, "a tensor of int64 cannot hold 1.5"),
        (lambda: gradus.zeros(3, int), 0, gradus.ones(()), DtypeError, "a tensor of int64 cannot hold float32"),
        (lambda: gradus.zeros(3, "uint8"), 0, 300, ArgumentError, "300 is no number of uint8"),
        (lambda: gradus.zeros(3, bool), 0, 2, DtypeError, "a tensor of bool cannot hold 2"),
        (lambda: gradus.zeros(3).broadcast_to(2, 3), 0, 1, ArgumentError, "read-only view"),
        (lambda: gradus.zeros(3), "a", 1, DtypeError, "an index is an integer"),
    ],
)
def test_what_does_not_fit_says_so(
    make: Callable[[], Tensor], key: Any, value: Any, error: type[Exception], words: str
) -> None:
    x = make()
    before = x.tolist()
    with pytest.raises(error, match=words):
        x[key] = value
    assert x.tolist() == before


def test_a_mask_takes_as_many_numbers_as_it_is_true() -> None:
    x = gradus.zeros((2, 3))
    x[gradus.tensor([[True, False, True], [False, False, True]])] = gradus.tensor([1.0, 2.0, 3.0])
    assert x.tolist() == [[1, 0, 2], [0, 0, 3]]
    x[gradus.tensor([False, True])] = gradus.tensor([7.0, 8.0, 9.0])
    assert x.tolist() == [[1, 0, 2], [7, 8, 9]]


# -- memory ------------------------------------------------------------------------------------------------------------


def test_without_a_gradient_the_memory_is_written_and_all_who_look_at_it_see_that() -> None:
    array = np.zeros((2, 3), np.float32)
    x = gradus.as_tensor(array)
    row, turned, same = x[0], x.T, x.detach()
    x[0, 1] = 5
    row[2] = 6
    turned[0, 1] = 7
    x[:, ::-1][1] = [1, 2, 3]
    assert array.tolist() == row.numpy().base.tolist() == [[0, 5, 6], [3, 2, 1]]
    assert row.tolist() == [0, 5, 6]
    assert same.tolist() == array.tolist()


def test_what_was_computed_before_keeps_what_was_there() -> None:
    w = gradus.tensor([1.0, 2.0, 3.0], requires_grad=True)
    h = w * 2
    y = h * h  # needs h as it is now
    e = h.exp()
    h[0] = 10 * w[1]
    e[1:] = 0
    (y.sum() + h.sum() + e.sum()).backward()
    assert w.grad is not None
    np.testing.assert_allclose(w.grad.tolist(), [8 + 2 * np.exp(2), 16 + 10 + 2, 24 + 2], rtol=1e-6)


def test_a_recurrence_through_one_buffer() -> None:
    w = gradus.tensor([1.0, 2.0, 3.0], requires_grad=True)

    def f(w: Tensor) -> Tensor:
        state = gradus.zeros((4, 3))
        for t in range(3):
            state[t + 1] = w * state[t] + w
        return state.sum()

    f(w).backward()
    assert w.grad is not None
    assert w.grad.tolist() == [10, 23, 42]
    w.grad = None
    assert gradus.compile(lambda w: gradus.grad(f(w), w))(w).tolist() == [10, 23, 42]


@pytest.mark.parametrize("made", ["before there is a gradient", "after"])
def test_views_see_an_assignment_and_hand_its_gradient_on(made: str) -> None:
    w = gradus.tensor([1.0, 2.0, 3.0], requires_grad=True)
    x = gradus.zeros((2, 3)) if made.startswith("before") else gradus.zeros((2, 3)) * w.sum()
    row, column = x[0], x.T[1]
    part = row[1:]
    early = (row * w).sum()
    x[0] = w * w
    assert row.tolist() == [1, 4, 9]
    assert part.tolist() == [4, 9]
    assert row.requires_grad
    assert column.requires_grad
    assert part.requires_grad
    (row.sum() + part.sum() * 10 + column.sum() * 100 + early).backward()
    assert w.grad is not None
    assert w.grad.tolist() == [2, 4 * 111, 6 * 11]


def test_an_assignment_to_a_view_changes_what_it_is_a_view_of() -> None:
    w = gradus.tensor([1.0, 2.0], requires_grad=True)
    x = gradus.zeros((2, 3, 2))
    x[0][1] = w
    x.reshape(6, 2)[5, 0] = w[1] * 3
    x.permute(2, 0, 1)[1, 1] = w[0]
    x[:, ::-1][0, 0] += w
    for part in x[1]:
        part[0] = 7
    assert x.tolist() == [[[0, 0], [1, 2], [1, 2]], [[7, 1], [7, 1], [7, 1]]]
    (x * gradus.arange(12).reshape(2, 3, 2)).sum().backward()
    assert w.grad is not None
    assert w.grad.tolist() == [2 + 4 + 7 + 9 + 11, 3 + 5]


def test_a_copy_is_no_view() -> None:
    w = gradus.tensor([1.0, 2.0], requires_grad=True)
    x = gradus.zeros((2, 3))
    turned = x.T.reshape(6)  # NumPy copies
    x[0, 0] = w[0]
    assert turned.tolist() == [0] * 6
    assert not turned.requires_grad
    turned[1] = w[1]
    assert x.tolist() == [[1, 0, 0], [0, 0, 0]]
    (x.sum() + turned.sum() * 2).backward()
    assert w.grad is not None
    assert w.grad.tolist() == [1, 2]


def test_the_gradient_to_a_tensor_is_that_to_what_it_is_now() -> None:
    w = gradus.tensor([1.0, 2.0], requires_grad=True)
    x = w * 3
    seen: list[list[float]] = []
    x.register_hook(lambda g: seen.append(g.tolist()))
    row = x[:1]
    x[0] = w[1]
    y = (x * x).sum() + row.sum()
    assert gradus.grad(y, x).tolist() == [5, 12]
    assert gradus.grad(y, row).tolist() == [1]
    assert gradus.grad(y, w).tolist() == [0, 5 + 36]
    assert seen[-1] == [0, 12]  # what was registered before belongs to what it was then
    x.retain_grad()
    y = x.sum()
    y.backward()
    assert x.grad is not None
    assert x.grad.tolist() == [1, 1]


def test_a_graph_whose_gradient_was_taken_goes_without_the_collector() -> None:
    gc.collect()
    gc.disable()
    try:
        w = gradus.tensor([1.0, 2.0], requires_grad=True)
        x = w * 2
        x[0] = x[1] * x[0]
        x[1] = x[0] * 3
        loss = x.sum()
        loss.backward()
        alive = weakref.ref(x)
        del x, loss
        assert alive() is None
    finally:
        gc.enable()


def test_copies_of_tensors_that_have_views() -> None:
    x = gradus.zeros(3)
    row = x[:2]
    for twin in (copy.deepcopy(x), pickle.loads(pickle.dumps(x)), copy.deepcopy((x, row))[0]):
        twin[0] = 1
    assert row.tolist() == [0, 0]


# -- leaves that want a gradient, and no_grad --------------------------------------------------------------------------


def test_a_leaf_that_wants_a_gradient_is_written_under_no_grad_only() -> None:
    w = gradus.tensor([1.0, 2.0], requires_grad=True)
    for assign in (lambda: w.__setitem__(0, 1.0), lambda: w[:1].__setitem__(0, 1.0)):
        with pytest.raises(GradientError, match=r"a leaf that requires a gradient is not assigned to .*no_grad"):
            assign()
    y = w * w
    with gradus.no_grad():
        w[0] = 5
        w[1:] -= 1
        w[:1][0] += 1
    assert w.tolist() == [6, 1]
    with pytest.raises(GradientError, match="has been overwritten since"):
        y.sum().backward()


def test_a_computed_tensor_is_not_overwritten_under_no_grad() -> None:
    w = gradus.tensor([1.0, 2.0], requires_grad=True)
    x = w * 2
    with gradus.no_grad(), pytest.raises(GradientError, match="outside of no_grad, or to a copy"):
        x[0] = 1
    x.detach()[0] = 1
    assert x.tolist() == [1, 4]


# -- compiled ----------------------------------------------------------------------------------------------------------


def both(f: Callable[..., Any], *arguments: Any) -> None:
    """The same eagerly and compiled, twice, of copies of the arguments; up to the last bits of functions and sums."""
    compiled = gradus.compile(f)
    for _ in range(2):
        expected, found = (call(*map(copy.deepcopy, arguments)) for call in (f, compiled))
        for a, b in zip(expected, found, strict=True):
            np.testing.assert_allclose(b.numpy(), a.numpy(), rtol=1e-6 if a.dtype == np.float32 else 1e-12)


X = gradus.tensor(np.random.default_rng(0).normal(size=(4, 5)).astype("float32"))


def test_masks_compiled() -> None:
    def f(x: Tensor) -> tuple[Tensor, ...]:
        a, b, c, d = x.copy(), x.copy(), x.copy(), x.copy()
        a[a > 0.5] = 0
        b[x[:, 0] < 0] = x[0]
        c[:, x[0] > 0] = -1
        d[d.argmax() == gradus.arange(20).reshape(4, 5)] = gradus.tensor([9.0])
        return a, b, c, d

    both(f, X)


def test_as_many_values_as_a_mask_is_true_compiled_are_counted() -> None:
    def f(x: Tensor, v: Tensor) -> Tensor:
        y = x * 1
        y[x > 0] = v
        return y

    x, v = gradus.tensor([1.0, -1.0, 2.0]), gradus.tensor([5.0, 6.0])
    compiled = gradus.compile(f)
    assert compiled(x, v).tolist() == f(x, v).tolist() == [5, -1, 6]
    with pytest.raises(ShapeError, match="the mask is true 3 times, the value has 2 elements"):
        compiled(gradus.tensor([1.0, 1.0, 2.0]), v)


def test_computed_places_compiled_are_checked() -> None:
    def f(x: Tensor, at: Tensor) -> Tensor:
        y = x.copy()
        y[at, at] = 7
        return y

    compiled = gradus.compile(f)
    at = gradus.tensor([0, 2])
    assert compiled(X, at).tolist() == f(X, at).tolist()
    with pytest.raises(ShapeError, match="index 4 is outside axis 0, whose length is 4"):
        compiled(X, gradus.tensor([0, 4]))


def test_what_stands_around_a_compiled_function_is_written_at_each_call() -> None:
    table, count = gradus.zeros((3, 2)), gradus.zeros((), int)
    w = nn.Parameter(gradus.ones(3))

    @gradus.compile
    def f(x: Tensor, i: Tensor) -> Tensor:
        table[i] = x
        table[0][1] += 1
        count[...] += 1
        with gradus.no_grad():
            w[1:] *= 2
        return table.sum()

    assert [f(gradus.tensor([1.0, 2.0]), gradus.tensor(n)).item() for n in (1, 2)] == [4, 8]
    assert table.tolist() == [[0, 2], [1, 2], [1, 2]]
    assert count.item() == 2
    assert w.tolist() == [1, 4, 4]


def test_a_training_step_that_assigns() -> None:
    def trained(compiled: bool) -> list[float]:
        gradus.seed(1)
        layer = nn.Linear(5, 3)
        optimizer = optim.Adam(layer.parameters(), 0.1)

        def step(x: Tensor) -> Tensor:
            optimizer.zero_grad()
            out = gradus.zeros((4, 3, 2))
            for i in range(2):
                out[:, :, i] = layer(x) * (i + 1)
            out[:, 0] = out[:, 1].tanh()
            out[out < -0.5] = -0.5
            loss = (out * out).mean()
            loss.backward()
            optimizer.step()
            return loss

        run = gradus.compile(step) if compiled else step
        return [float(run(X)) for _ in range(5)]

    np.testing.assert_allclose(trained(True), trained(False), rtol=1e-5)


VIEWS_AROUND = {
    "a slice": lambda w: w[1:],
    "a row": lambda w: w[1],
    "turned": lambda w: w.T,
    "a reshape": lambda w: w.reshape(12),
    "a reshape that was copied": lambda w: w.T.reshape(12),
    "of a view": lambda w: w.T[1:].flip(0),
}


@pytest.mark.parametrize("name", VIEWS_AROUND)
def test_a_view_from_around_a_compiled_function_is_assigned_to(name: str) -> None:
    def written(compiled: bool) -> list[Any]:
        w = gradus.arange(12).reshape(3, 4) * 1.0
        view = VIEWS_AROUND[name](w)

        def f(x: Tensor) -> Tensor:
            view[0] = 5.0
            return view * x

        f = gradus.compile(f) if compiled else f
        return [f(gradus.tensor(2.0)).tolist(), w.tolist(), f(gradus.tensor(3.0)).tolist(), view.tolist()]

    assert written(True) == written(False)


def test_a_copying_reshape_of_a_tensor_from_around_is_assigned_to_in_a_compiled_function() -> None:
    w = gradus.arange(12).reshape(3, 4) * 1.0

    def f(x: Tensor) -> tuple[Tensor, Tensor]:
        flat = w.T.reshape(12)
        flat[0] = 7.0
        return flat * x, w * x

    found, wanted = gradus.compile(f)(gradus.tensor(2.0)), f(gradus.tensor(2.0))
    assert [t.tolist() for t in found] == [t.tolist() for t in wanted]


def test_an_argument_is_not_assigned_to_in_a_compiled_function() -> None:
    def f(x: Tensor) -> Tensor:
        x[0] = 1
        return x

    with pytest.raises(TraceError, match=r"writes into an argument, at test_assignment.py:\d+, by x\[key\] = value"):
        gradus.compile(f)(gradus.zeros(3))
    with pytest.raises(TraceError, match="writes into an argument"):
        gradus.compile(lambda x: f(x.reshape(3, 1)))(gradus.zeros(3))


def test_a_history_is_not_left_in_a_tensor_around_a_compiled_function() -> None:
    kept = gradus.zeros(3)

    def f(w: Tensor) -> Tensor:
        kept[0] = w[0]
        return (kept * w).sum()

    w = gradus.tensor([1.0, 2.0, 3.0], requires_grad=True)
    with pytest.raises(TraceError, match="detach"):
        gradus.compile(f)(w)
    assert not kept.requires_grad
    assert kept.is_leaf
    assert kept.tolist() == [0, 0, 0]

    def made_inside(w: Tensor) -> Tensor:
        own = gradus.tensor([0.0, 0.0, 0.0])
        own[0] = w[0]
        return gradus.grad((own * w).sum(), w)

    assert gradus.compile(made_inside)(w).tolist() == made_inside(w).tolist() == [2, 0, 0]


def test_a_view_that_was_taken_before_has_the_new_numbers_in_a_compiled_function() -> None:
    def f(x: Tensor) -> Tensor:
        y = x * 2
        row = y[0]
        y[0, 0] = 1
        return row * 1

    assert f(X)[0].item() == 1
    both(f, X)

    def g(x: Tensor) -> Tensor:
        y = x * 1
        turned = y.swapaxes(0, 1)
        turned[::-1] = turned * 2
        turned[0][...] = 3
        return turned * 1 + y.sum()

    both(g, X)


def test_a_reshape_that_is_assigned_to_in_a_compiled_function() -> None:
    def f(x: Tensor) -> tuple[Tensor, Tensor]:
        y = (x * x).tanh()
        flat = y.reshape(-1)
        early = flat[:3] * y[0, 0]
        flat[1:4] = x[0, :3]
        flat[0] = early.sum()
        gradient = gradus.grad((flat * flat).sum(), x)
        return flat.detach(), gradient

    both(f, X.copy().requires_grad_())

    def used_again(x: Tensor) -> Tensor:
        y = x * 2
        y.reshape(-1)[0] = 1
        return y * 1

    with pytest.raises(TraceError, match="after a reshape of it was assigned to"):
        gradus.compile(used_again)(X)

    def view_of_it(x: Tensor) -> Tensor:
        flat = (x * 2).reshape(-1)
        first = flat[:2]
        flat[0] = 1
        return first * 1

    with pytest.raises(TraceError, match="written after the view was taken"):
        gradus.compile(view_of_it)(X)


def test_assignments_in_the_step_of_a_loop() -> None:
    w = gradus.tensor(np.random.default_rng(1).normal(size=(5, 5)) * 0.3, requires_grad=True)

    def f(xs: Tensor, w: Tensor) -> tuple[Tensor, Tensor]:
        def step(state: tuple[Tensor], x: Tensor) -> tuple[tuple[Tensor], Tensor]:
            h = (state[0] @ w + x).tanh()
            h[0] = h[1] * 0.5
            h[x > 1] = 0
            return (h,), h.sum()

        (last,), sums = gradus.scan(step, (gradus.zeros(5, "float64"),), xs)
        return last.detach(), gradus.grad(sums.sum() + last.sum(), w)

    both(f, gradus.tensor(np.random.default_rng(2).normal(size=(20, 5))), w)


def _turned_reshape(x: Tensor, w: Tensor) -> Tensor:
    y = (x * 2).T
    row = y.reshape(12)
    y[0] = 1.0
    return row * 1


def _reshape_of_a_part(x: Tensor, w: Tensor) -> Tensor:
    row = w[:, 1:3].reshape(6)
    w.assign_(x)
    return row * 1


def _copied_by_a_reshape(x: Tensor, w: Tensor) -> Tensor:
    row = w.T.reshape(12)
    w[0] = 1.0
    return row * 1


def _a_part_of_a_copy(x: Tensor, w: Tensor) -> Tensor:
    part = w.T.reshape(12)[:3]
    w[0] = 7.0
    return part * 1


def _a_copy_is_written(x: Tensor, w: Tensor) -> Tensor:
    w.T.reshape(12)[0] = -1.0
    return w * 1


def _a_view_is_written(x: Tensor, w: Tensor) -> Tensor:
    row = w.reshape(12)
    row[0] = 7.0
    return w * row.sum()


RESHAPED = [_turned_reshape, _reshape_of_a_part, _copied_by_a_reshape, _a_part_of_a_copy, _a_copy_is_written]


@pytest.mark.parametrize("f", [*RESHAPED, _a_view_is_written])
def test_a_reshape_that_may_be_a_copy_never_lies(f: Any) -> None:
    """As eagerly, the tensor around the function, too, or refused."""
    numbers = np.arange(12.0).reshape(3, 4)

    def run(compiled: bool) -> list[np.ndarray]:
        w = gradus.tensor(numbers.copy())
        inner = lambda x: f(x, w)  # noqa: E731
        y = (gradus.compile(inner) if compiled else inner)(gradus.tensor(numbers + 1))
        return [y.numpy().copy(), w.numpy().copy()]

    expected = run(False)
    try:
        found = run(True)
    except TraceError:
        return
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_view_of_what_was_assigned_to_as_a_whole_is_assigned_to():
    w = gradus.tensor([1.0, 2.0], requires_grad=True)
    x = gradus.zeros((3, 2)) + w
    row = x[0]
    x[...] = 5.0  # nothing of w is left
    row[0] = 7.0
    assert x.tolist() == [[7, 5], [5, 5], [5, 5]]
    row[1] = w[0] * 3
    (x * x).sum().backward()
    assert w.grad.tolist() == [2 * 9, 0]
