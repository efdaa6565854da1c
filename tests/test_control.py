"""scan and while_loop: eagerly, compiled, and what they refuse."""

from __future__ import annotations

import numpy as np
import pytest

import gradus
from gradus.control import scan, while_loop
from gradus.errors import ArgumentError, ShapeError

X = np.random.default_rng(0).normal(size=(5, 3))
BOTH = pytest.mark.parametrize("wrap", [lambda f: f, gradus.compile], ids=["eager", "compiled"])


@BOTH
@pytest.mark.parametrize("reverse", [False, True])
def test_scan_is_the_loop(wrap, reverse):
    run = wrap(lambda x: scan(lambda s, v: ((s[0] * 0.5 + v,), s[0] * v), (gradus.zeros((3,), "float64"),), x, reverse))
    (last,), ys = run(gradus.tensor(X))
    state, wanted = np.zeros(3), [None] * 5
    for i in range(5)[:: -1 if reverse else 1]:
        wanted[i] = state * X[i]
        state = state * 0.5 + X[i]
    np.testing.assert_allclose(last.numpy(), state, rtol=1e-12)
    np.testing.assert_allclose(ys.numpy(), wanted, rtol=1e-12)


@BOTH
def test_scan_over_several_with_several_results(wrap):
    def run(a, b):
        return scan(lambda s, ab: ((s[0] + ab[0],), (ab[0] * ab[1], s[0])), (a[0] * 0,), (a, b))

    (last,), (products, before) = wrap(run)(gradus.tensor(X), gradus.tensor(X + 1))
    np.testing.assert_allclose(last.numpy(), X.sum(0))
    np.testing.assert_allclose(products.numpy(), X * (X + 1))
    np.testing.assert_allclose(before.numpy(), np.cumsum(X, 0) - X, atol=1e-12)


@BOTH
def test_gradient_through_scan(wrap):
    w = gradus.tensor(0.7, "float64", requires_grad=True)

    def run(x):
        (last,), _ = scan(lambda s, v: ((w * s[0] + v,), v), (x[0] * 0,), x)
        return gradus.grad(last.sum(), w)

    wanted = sum(k * 0.7 ** (k - 1) * X[4 - k].sum() for k in range(1, 5))
    assert wrap(run)(gradus.tensor(X)).item() == pytest.approx(wanted, rel=1e-12)


@pytest.mark.parametrize("xs", [np.zeros((0, 2)), (np.zeros((3, 2)), np.zeros((2, 2)))])
def test_scan_refuses_lengths(xs):
    xs = tuple(map(gradus.tensor, xs)) if isinstance(xs, tuple) else gradus.tensor(xs)
    with pytest.raises(ShapeError, match="first axes"):
        scan(lambda s, x: (s, x), (gradus.tensor(0.0),), xs)


@BOTH
@pytest.mark.parametrize("start", [1.0, 30.0, 500.0])
def test_while_loop_stops(wrap, start):
    run = wrap(lambda x: while_loop(lambda s: s[0] < 100, lambda s: (s[0] * 2, s[1] + 1), (x, gradus.tensor(0)), 10))
    x, steps = run(gradus.tensor(start))
    wanted = 0
    while start < 100:
        start, wanted = start * 2, wanted + 1
    assert (x.item(), steps.item()) == (start, wanted)


def test_while_loop_eagerly_does_no_more_than_it_must():
    calls = []
    while_loop(lambda s: s[0] < 3, lambda s: (calls.append(1), (s[0] + 1,))[1], (gradus.tensor(0),), 100)
    assert len(calls) == 3


@BOTH
def test_while_loop_at_its_most(wrap):
    run = wrap(lambda x, most: while_loop(lambda s: s[0] < 8, lambda s: (s[0] + 1,), (x,), most)[0])
    assert run(gradus.tensor(0), 8).item() == 8
    with pytest.raises(ArgumentError, match="still true after 7"):
        run(gradus.tensor(0), 7)
    with pytest.raises(ArgumentError, match="most must be"):
        run(gradus.tensor(0), 0)


@BOTH
def test_a_condition_that_is_false_at_once(wrap):
    x = gradus.tensor([1.0, 2.0])
    (same,) = wrap(lambda x: while_loop(lambda s: s[0].sum() < 0, lambda s: (s[0] / 0,), (x,), 3))(x)
    assert same.tolist() == [1, 2]


@BOTH
def test_steps_that_are_not_taken_write_nothing_and_draw_nothing(wrap):
    count, asked = gradus.tensor(0), gradus.tensor(0)

    def condition(s):
        asked.assign_(asked + 1)
        return s[0] < 4

    def step(s):
        count.assign_(count + 1)
        return (s[0] + 1 + 0 * gradus.rand(()),)

    run = wrap(lambda x: while_loop(condition, step, (x,), 8)[0])
    gradus.seed(0)
    assert [run(gradus.tensor(1.0)).item(), count.item(), asked.item()] == [4, 3, 4]
    assert [run(gradus.tensor(9.0)).item(), count.item(), asked.item()] == [9, 3, 5]
    found = gradus.rand(2).tolist()
    gradus.seed(0)
    for _ in range(3):
        gradus.rand(())
    assert found == gradus.rand(2).tolist()


@BOTH
def test_loops_in_loops_write_what_both_take(wrap):
    count = gradus.tensor(0)

    def inner(s):
        count.assign_(count + 1)
        return (s[0] + 1,)

    def outer(s):
        return while_loop(lambda t: t[0] < 2 * s[0], inner, s, 9)

    run = wrap(lambda x: while_loop(lambda s: s[0] < 10, outer, (x,), 4)[0])
    assert [run(gradus.tensor(2.0)).item(), count.item()] == [16, 14]


@BOTH
def test_training_until_the_loss_is_small(wrap):
    w = gradus.tensor([3.0, 2.0], requires_grad=True)
    optimizer = gradus.optim.SGD([w], lr=0.1, momentum=0.5)

    def step(s):
        optimizer.zero_grad()
        loss = (w * w).sum()
        loss.backward()
        optimizer.step()
        return (loss.detach(),)

    loss = wrap(lambda: while_loop(lambda s: s[0] > 1, step, (gradus.tensor(np.inf),), 12)[0])()
    value, velocity, wanted, steps = np.array([3.0, 2.0]), 0.0, np.inf, 0
    while wanted > 1:
        wanted, steps = (value**2).sum(), steps + 1
        velocity = 0.5 * velocity + 2 * value
        value = value - 0.1 * velocity
    assert loss.item() == pytest.approx(wanted, rel=1e-5)
    assert optimizer.steps.item() == steps
    np.testing.assert_allclose(w.numpy(), value, rtol=1e-5)


@BOTH
@pytest.mark.parametrize("start", [5.0, 0.5])
def test_the_gradient_is_that_of_the_steps_that_are_taken(wrap, start):
    def run(x):
        root = while_loop(lambda s: s[0] > 1, lambda s: ((s[0] - 1).sqrt(),), (x,), 6)[0]
        return gradus.grad(root, x)

    found = wrap(lambda x: run(x.copy().requires_grad_()))(gradus.tensor(start)).item()
    wanted = 1.0
    while start > 1:
        start = np.sqrt(start - 1)
        wanted /= 2 * start
    assert found == pytest.approx(wanted, rel=1e-5)


WRONG_SCANS = {
    "the state is a tuple of tensors, got a Tensor": lambda x: scan(lambda s, y: ((s,), s), x[0], x),
    "the first argument is the step, a function, got a tuple": lambda x: scan((x[0],), lambda s, y: (s, y), x),
    "a step gives .*, two things; this gave a tuple of 1": lambda x: scan(lambda s, y: (s[0] + y,), (x[0],), x),
    "the new state is a tuple of 1, as the state was; got a Tensor": lambda x: scan(lambda s, y: (s[0], y), (x[0],), x),
    "got None. If there is none, give": lambda x: scan(lambda s, y: (s, None), (x[0],), x),
}


@BOTH
@pytest.mark.parametrize("message", WRONG_SCANS)
def test_a_scan_says_what_it_is_given_wrongly(wrap, message):
    with pytest.raises(ArgumentError, match=message):
        wrap(WRONG_SCANS[message])(gradus.ones((9, 2)))


@BOTH
def test_a_scan_without_outputs(wrap):
    (total,), ys = scan(lambda s, y: ((s[0] + y,), ()), (gradus.zeros(2),), gradus.ones((9, 2)))
    run = wrap(lambda x: scan(lambda s, y: ((s[0] + y,), ()), (x[0] * 0,), x)[0][0])
    assert total.tolist() == run(gradus.ones((9, 2))).tolist() == [9.0, 9.0] and ys == ()


@pytest.mark.parametrize("wrap", [lambda f: f, gradus.compile])
def test_what_a_while_loop_hands_on_has_memory_of_its_own(wrap):
    def f(x):
        x = x * 1
        last, _ = gradus.while_loop(lambda s: s[1] < 3, lambda s: (s[0], s[1] + 1), (x, gradus.tensor(0)), most=5)
        last[0] = 9.0
        return x * 1, last * 1

    assert [t.tolist() for t in wrap(f)(gradus.ones(2))] == [[1.0, 1.0], [9.0, 1.0]]
