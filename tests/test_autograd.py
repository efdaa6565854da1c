"""Reverse mode: what backward, grad and vjp give, what they refuse, and that long chains cost no more than memory."""

from __future__ import annotations

import gc
import math
import threading
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import gradus
from gradus import Tensor, grad, no_grad
from gradus.errors import ArgumentError, DtypeError, GradientError, OptionError, ShapeError

pytestmark = pytest.mark.usefixtures("checked")

CHAIN = 40_000


def leaf(*numbers: float) -> Tensor:
    return gradus.tensor(numbers, "float64", requires_grad=True)


@pytest.fixture
def no_collector() -> Iterator[None]:
    """Whatever is freed is freed by reference counts alone: a cycle would stay."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


# -- values ------------------------------------------------------------------------------------------------------------


def test_backward_adds_to_grad_of_leaves_only() -> None:
    x, y = leaf(1, 2), leaf(3, 4)
    z = x * y
    z.sum().backward()
    z = x * y
    z.sum().backward()
    assert x.grad is not None
    assert y.grad is not None
    assert (x.grad.tolist(), y.grad.tolist(), z.grad) == ([6, 8], [2, 4], None)


def test_a_diamond_is_walked_once() -> None:
    x = leaf(2)
    a = x * x
    b = a + a * a
    (b * b + b).sum().backward()
    assert x.grad is not None
    # y = b^2 + b with b = x^2 + x^4: dy = (2 b + 1) (2 x + 4 x^3)
    assert x.grad.tolist() == [41 * 36]


def test_a_ladder_of_diamonds_does_not_take_exponential_time() -> None:
    x = leaf(1)
    y = x
    for _ in range(60):
        y = 0.5 * y + 0.5 * y
    assert grad(y, x).tolist() == [1]


@pytest.mark.parametrize(
    ("function", "derivatives"),
    [
        (lambda x: x.exp(), [lambda v: math.exp(v)] * 3),
        (
            lambda x: x.tanh(),
            [
                lambda v: 1 - math.tanh(v) ** 2,
                lambda v: -2 * math.tanh(v) * (1 - math.tanh(v) ** 2),
                lambda v: (6 * math.tanh(v) ** 2 - 2) * (1 - math.tanh(v) ** 2),
            ],
        ),
        (lambda x: x**5, [lambda v: 5 * v**4, lambda v: 20 * v**3, lambda v: 60 * v**2]),
        (lambda x: x**0.5, [lambda v: 0.5 * v**-0.5, lambda v: -0.25 * v**-1.5, lambda v: 0.375 * v**-2.5]),
        (
            lambda x: 2**x,
            [lambda v: 2**v * math.log(2), lambda v: 2**v * math.log(2) ** 2, lambda v: 2**v * math.log(2) ** 3],
        ),
    ],
    ids=["exp", "tanh", "x^5", "sqrt", "2^x"],
)
def test_three_orders(function: object, derivatives: list) -> None:
    x = leaf(0.7)
    y = function(x)  # type: ignore[operator]
    for derivative in derivatives:
        y = grad(y, x, create_graph=True)
        assert y.item() == pytest.approx(derivative(0.7), rel=1e-12)


@pytest.mark.parametrize("n", [0, 1, 2, 3])
def test_powers_have_all_derivatives_at_zero(n: int) -> None:
    x = leaf(0.0)
    y, expected = x**n, 1.0
    for k in range(4):
        y = grad(y, x, create_graph=True)
        expected *= n - k
        assert y.item() == (expected if k + 1 == n else 0.0)


def test_softplus_bends_at_zero() -> None:
    x = leaf(0.0)
    first = grad(gradus.softplus(x), x, create_graph=True)
    assert (first.item(), grad(first, x).item()) == (0.5, 0.25)


def test_the_exponents_gradient_where_the_base_is_zero() -> None:
    base, exponent = leaf(0.0, 2.0), leaf(2.0, 3.0)
    by_base, by_exponent = grad((base**exponent).sum(), [base, exponent])
    assert by_base.tolist() == [0, 12]
    np.testing.assert_allclose(by_exponent.numpy(), [0, 8 * math.log(2)])


def test_remainders_gradient_goes_with_its_value() -> None:
    a, b = leaf(1.0), leaf(0.1)  # 1 / 0.1 rounds to 10, yet 0.1 is above a tenth: 9 fit
    assert gradus.floor_divide(a, b).item() == 9
    assert [g.item() for g in grad(a % b, [a, b])] == [1, -9]


def test_where_sends_nothing_to_the_branch_not_taken() -> None:
    x = leaf(0.0, 4.0)
    assert grad(gradus.where(x > 0, x.detach() * 2, x * 3).sum(), x).tolist() == [3, 0]


def test_max_shares_among_equals_and_nan_spreads() -> None:
    x = leaf(1, 5, 5)
    assert grad(x.max(), x).tolist() == [0, 0.5, 0.5]
    x = leaf(1, math.nan, 5)
    assert np.isnan(grad(x.max(), x).numpy()).all()


# -- grad, vjp, hooks --------------------------------------------------------------------------------------------------


def test_grad_leaves_nothing_behind_and_gives_zeros_for_what_does_not_matter() -> None:
    x, unused = leaf(1, 2), leaf(7)
    dx, du = grad((x * x).sum(), [x, unused])
    assert (dx.tolist(), du.tolist(), x.grad) == ([2, 4], [0], None)


def test_grad_to_a_tensor_on_the_way_and_of_several_outputs() -> None:
    x = leaf(1, 2)
    y = x * 3
    assert grad((y * y).sum(), y).tolist() == [6, 12]
    assert grad([y.sum(), (x * x).sum()], x, [gradus.tensor(2.0), None]).tolist() == [8, 10]
    dy, dx = grad((y * x).sum(), [y, x])
    assert (dy.tolist(), dx.tolist()) == ([1, 2], [6, 12])


def test_gradients_share_memory_with_nothing() -> None:
    x, y = leaf(1, 2), leaf(3, 4)
    seed = gradus.tensor([1.0, 1.0], "float64")
    found = [*grad(x + y, [x, y], seed)]
    z = x + y
    w = z + 0
    z.retain_grad()
    w.retain_grad()
    w.backward(seed)
    found += [t.grad for t in (x, y, z, w) if t.grad is not None]
    assert len(found) == 6
    for i, g in enumerate([*found, seed]):
        assert g.numpy().flags.writeable
        assert not any(np.shares_memory(g.numpy(), h.numpy()) for h in found[:i])


def test_vjp_pulls_as_often_as_wanted() -> None:
    y, pull = gradus.vjp(lambda a, b: a * b.sum(), gradus.tensor([1.0, 2.0]), gradus.tensor([3.0]))
    assert not y.requires_grad
    for scale in (1.0, 2.0):
        da, db = pull(gradus.full((2,), scale))
        assert (da.tolist(), db.tolist()) == ([3 * scale] * 2, [3 * scale])


def test_hooks_see_and_replace_the_whole_gradient() -> None:
    x = leaf(1.0)
    y = x * 2
    seen: list[float] = []
    remove = y.register_hook(lambda g: seen.append(g.item()))
    y.register_hook(lambda g: g * 10)
    (y + y * 3).sum().backward()
    remove()
    (y + y * 3).sum().backward()
    assert x.grad is not None
    assert (seen, x.grad.item()) == ([4.0], 160.0)


def test_retain_grad_accumulates_and_on_leaves_changes_nothing() -> None:
    x = leaf(1.0)
    y = x * 2
    x.retain_grad()
    y.retain_grad()
    for _ in range(2):
        (y * y).sum().backward()
    assert x.grad is not None
    assert y.grad is not None
    assert (x.grad.item(), y.grad.item()) == (16.0, 8.0)


def test_retain_grad_keeps_once_and_after_all_hooks() -> None:
    y = leaf(1.0) * 2
    y.retain_grad()
    y.retain_grad()
    y.register_hook(lambda g: g * 10)
    (y * y).sum().backward()
    assert y.grad is not None
    assert y.grad.item() == 40


def test_a_hook_may_take_itself_away() -> None:
    y, seen = leaf(1.0) * 2, []

    def once(g: Tensor) -> None:
        seen.append("once")
        remove()

    remove = y.register_hook(once)
    y.register_hook(lambda g: seen.append("after"))
    for _ in range(2):
        y.sum().backward()
    assert seen == ["once", "after", "after"]


def test_what_takes_a_hook_away_takes_no_other() -> None:
    y, seen = leaf(1.0) * 2, []
    removes = [y.register_hook(seen.append) for _ in range(2)]
    removes[0]()
    removes[0]()
    y.sum().backward()
    assert len(seen) == 1


def test_create_graph_leaves_gradients_that_can_be_differentiated() -> None:
    x = leaf(3.0)
    (x**3).sum().backward(create_graph=True)
    assert x.grad is not None
    assert grad(x.grad, x).item() == 18


# -- recording ---------------------------------------------------------------------------------------------------------


def test_no_grad_and_enable_grad_nest_and_decorate() -> None:
    x = leaf(1.0)

    @no_grad()
    def silent() -> Tensor:
        return x * 2

    with no_grad():
        with gradus.enable_grad():
            assert (x * 2).requires_grad
        assert not (x * 2).requires_grad
    assert not silent().requires_grad
    with pytest.raises(ZeroDivisionError), no_grad():
        _ = 1 / 0
    assert (x * 2).requires_grad


def test_detach_shares_memory_and_forgets() -> None:
    x = leaf(1.0)
    y = x * 2
    assert np.shares_memory(y.detach().numpy(), y.numpy())
    assert grad((y.detach() * x).sum(), x).item() == 2


def test_gradients_flow_through_floats_only() -> None:
    x = leaf(1.5)
    assert not x.astype(int).requires_grad
    assert not (x > 1).requires_grad
    half = x.astype("float16")
    assert grad((half * half).sum(), x).dtype == x.dtype
    with pytest.raises(DtypeError, match="only floating-point tensors"):
        gradus.tensor([1], requires_grad=True)


# -- what is refused ---------------------------------------------------------------------------------------------------


def test_what_backward_refuses() -> None:
    x = leaf(1, 2)
    with pytest.raises(GradientError, match="needs to be told its weights"):
        (x * 2).backward()
    with pytest.raises(GradientError, match="no gradient to walk back"):
        gradus.tensor(1.0).backward()
    with pytest.raises(ShapeError, match=r"the gradient has shape \(3,\)"):
        (x * 2).backward(gradus.ones(3))
    with pytest.raises(GradientError, match="2 outputs but 1 grad_outputs"):
        grad([x, x], x, [None])
    with pytest.raises(GradientError, match=r"Use detach\(\)"):
        (x * 2).requires_grad_(False)
    with pytest.raises(GradientError, match="no gradient reaches"):
        gradus.tensor(1.0).register_hook(print)


@pytest.mark.parametrize(
    "write",
    [
        lambda x: x.assign_(x * 2),
        lambda x: x.detach().assign_(x * 2),
        lambda x: x.detach().reshape(2, 1).assign_(gradus.zeros((2, 1))),
        lambda x: x.detach()[1].assign_(gradus.tensor(0.0)),
    ],
    ids=["leaf", "detached", "reshaped", "element"],
)
def test_overwriting_between_forward_and_backward_is_refused(write: object) -> None:
    x, weight = leaf(1, 2), leaf(3, 4)
    view = x.detach().reshape(2)  # shares memory, has no gradient itself
    results = (x * x).sum(), (view * weight).sum()
    write(x)  # type: ignore[operator]
    for y in results:
        with pytest.raises(GradientError, match="has been overwritten since"):
            y.backward()


def test_overwriting_what_shares_no_memory_is_harmless() -> None:
    x, weight = leaf(1, 2), leaf(3, 4)
    y = (x.copy() * weight).sum()
    x.copy().detach().assign_(gradus.zeros(2))
    assert grad(y, weight).tolist() == [1, 2]


def test_what_assign_refuses() -> None:
    x = gradus.zeros(2)
    with pytest.raises(ShapeError, match=r"shape \(2,\), the new value \(3,\)"):
        x.assign_(gradus.zeros(3))
    with pytest.raises(GradientError, match="writes leaves only"):
        (leaf(1, 2) * 2).assign_(x)
    with pytest.raises(DtypeError, match="a tensor of int64 cannot hold float32"):
        gradus.zeros(2, int).assign_(x)
    with pytest.raises(ValueError, match="read-only view"):
        gradus.zeros(()).broadcast_to(2).assign_(x)


# -- long chains -------------------------------------------------------------------------------------------------------


def test_a_long_chain_neither_recurses_nor_leaks(no_collector: None) -> None:
    x = leaf(1.0)
    y, watched = x, []
    for i in range(CHAIN):
        y = y + 1 / CHAIN
        if i % 10_000 == 0:
            watched.append(weakref.ref(y))
    y.backward()
    assert x.grad is not None
    assert x.grad.item() == 1
    assert y.item() == pytest.approx(2)
    assert all(w() is not None for w in watched)
    del y
    assert all(w() is None for w in watched)


def test_a_training_step_makes_no_cycles(no_collector: None) -> None:
    x, w = gradus.ones((4, 3)), gradus.ones((3, 2)).requires_grad_()

    def step() -> list[weakref.ref[Tensor]]:
        hidden = (x @ w).tanh()
        hidden.retain_grad()
        loss = (hidden[:, ::-1] ** 2).mean()
        loss.backward()
        slope = grad(loss, w, create_graph=True)
        (slope * slope).sum().backward()
        w.grad = None
        return [weakref.ref(t) for t in (hidden, loss, slope)]

    assert all(ref() is None for ref in step())
    assert gc.collect() == 0


@pytest.mark.parametrize("block", [gradus.no_grad, gradus.enable_grad, gradus.guard])
def test_blocks_take_nothing_but_what_they_decorate(block) -> None:
    name = block.__name__
    with pytest.raises(ArgumentError, match=rf"{name} takes nothing.* got True\. Write: with gradus\.{name}\(\)"):
        block(True)
    with pytest.raises(OptionError, match=rf"{name}: there is no option 'mode'"):
        block(mode=True)
    assert block(lambda x: x + 1)(1) == block()(lambda x: x + 1)(1) == 2


def test_a_function_decorated_with_no_grad_runs_in_two_threads_at_once() -> None:
    entered, leave = threading.Event(), threading.Event()

    @no_grad()
    def quietly(step: Callable[[], object]) -> None:
        step()

    with ThreadPoolExecutor(1) as pool:  # the thread that enters first leaves first
        other = pool.submit(quietly, lambda: (entered.set(), leave.wait(10)))
        assert entered.wait(10)
        quietly(lambda: (leave.set(), other.result(10)))
    assert (leaf(1.0) * 2).requires_grad
