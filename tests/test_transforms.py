"""Functions of functions: a gradient of one's own, what is worked out again, whole derivatives, batches of examples."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from test_ops import CASES, arrays, call, tensors

import gradus
from gradus import dtypes, nn, optim
from gradus.errors import ArgumentError, GradientError, ShapeError, TraceError
from gradus.nn import functional as F
from gradus.ops.core.primitive import Case, Function
from gradus.tensor import Tensor

pytestmark = pytest.mark.usefixtures("checked")
RNG = np.random.default_rng(0)


def leaf(*shape: int, dtype: str = "float64") -> Tensor:
    return gradus.tensor(RNG.normal(size=shape).astype(dtype), requires_grad=True)


def close(found: Any, expected: Any, rtol: float = 1e-10) -> None:
    for a, b in zip(*((x if isinstance(x, (tuple, list)) else [x]) for x in (found, expected)), strict=True):
        np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=rtol, atol=rtol)


# -- custom_gradient ---------------------------------------------------------------------------------------------------


@gradus.custom_gradient
def clipped_backwards(x: Tensor, y: Tensor, limit: float = 1.0) -> tuple[Tensor, Callable[..., Any]]:
    e = x.exp()
    return e * y, lambda g: ((g * e * y).clip(-limit, limit), (g * e).clip(-limit, limit))


def test_a_gradient_of_ones_own() -> None:
    x, y = leaf(4), leaf(4)
    e = np.exp(x.numpy())
    out = clipped_backwards(x, y, limit=0.7)
    close(out.detach(), e * y.numpy())
    found = gradus.grad(out.sum() * 3, [x, y])
    close(found, [np.clip(3 * e * y.numpy(), -0.7, 0.7), np.clip(3 * e, -0.7, 0.7)])
    compiled = gradus.compile(lambda x, y: gradus.grad(clipped_backwards(x, y, 0.7).sum() * 3, [x, y]))
    close(compiled(x, y), found)


def test_it_is_differentiated_again() -> None:
    @gradus.custom_gradient
    def cube(x: Tensor) -> tuple[Tensor, Callable[..., Any]]:
        square = x * x
        return square * x, lambda g: 3 * g * square

    x = leaf(3)
    dx = gradus.grad(cube(x).sum(), x, create_graph=True)
    close(dx.detach(), 3 * x.numpy() ** 2)
    close(gradus.grad(dx.sum(), x), 6 * x.numpy())
    close(gradus.compile(lambda x: gradus.hessian(lambda x: cube(x).sum(), x))(x), np.diag(6 * x.numpy()))


def test_several_results_and_none_for_no_gradient() -> None:
    @gradus.custom_gradient
    def both(x: Tensor, places: Tensor) -> tuple[tuple[Tensor, Tensor], Callable[..., Any]]:
        def pull(a: Tensor, b: Tensor) -> tuple[Tensor, None]:
            return 10 * a.sum(0) + b.reshape(3), None

        return (x.broadcast_to(2, 3) * 1, x.reshape(3, 1)), pull

    x = leaf(3)
    a, b = both(x, gradus.tensor([1, 2]))
    assert (a.shape, b.shape) == ((2, 3), (3, 1))
    close(gradus.grad((a * 2).sum() + b.sum(), x), np.array([41.0, 41, 41]))


def test_what_does_not_fit_is_said() -> None:
    x = leaf(3)
    with pytest.raises(ArgumentError, match=r"gives \(y, pull\)"):
        gradus.custom_gradient(lambda x: x * 2)(x)
    with pytest.raises(GradientError, match="gave 2 gradients for 1 tensors"):
        gradus.grad(gradus.custom_gradient(lambda x: (x * 2, lambda g: (g, g)))(x).sum(), x)
    with pytest.raises(ShapeError, match=r"to tensor 0 has shape \(\), the tensor \(3,\)"):
        gradus.grad(gradus.custom_gradient(lambda x: (x * 2, lambda g: g.sum()))(x).sum(), x)


# -- checkpoint --------------------------------------------------------------------------------------------------------


def test_what_is_worked_out_again_gives_the_same_gradients() -> None:
    gradus.seed(4)
    layers = [nn.Sequential(nn.Linear(5, 5), nn.Tanh(), nn.Dropout(0.5)) for _ in range(3)]
    parameters = [p for layer in layers for p in layer.parameters()]
    x = leaf(4, 5, dtype="float32")

    def loss(again: bool) -> list[Tensor]:
        gradus.seed(7)
        h = x
        for layer in layers:
            h = gradus.checkpoint(layer, h) if again else layer(h)
        total = (h * gradus.rand(4, 5)).sum()
        found = gradus.grad(total, [x, *parameters])
        return [total.detach(), *found, gradus.rand(3)]

    for a, b in zip(loss(True), loss(False), strict=True):
        assert a.tolist() == b.tolist()


def test_it_holds_nothing_until_the_gradient_is_asked_for() -> None:
    kept: list[weakref.ref[Tensor]] = []

    def f(x: Tensor) -> Tensor:
        h = x.exp()
        kept.append(weakref.ref(h))
        return h * h

    x = leaf(3)
    y = gradus.checkpoint(f, x)
    gc.collect()
    assert kept[0]() is None
    close(gradus.grad(y.sum(), x), 2 * np.exp(2 * x.numpy()))
    assert len(kept) == 2


def test_second_order_through_what_is_worked_out_again() -> None:
    w, x = leaf(3, 3), leaf(3)

    def slope(again: bool) -> list[Tensor]:
        def f(h: Tensor) -> Tensor:
            return (w @ h).tanh()

        y = gradus.checkpoint(f, x * 2) if again else f(x * 2)
        a, b = gradus.grad((y * y).sum(), [w, x], create_graph=True)
        return list(gradus.grad((a * a).sum() + (b * b * b).sum(), [w, x]))

    close(slope(True), slope(False))


def test_a_compiled_step_with_it() -> None:
    gradus.seed(1)
    model = nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.Linear(8, 1))
    twin = nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.Linear(8, 1))
    twin.load_state_dict(model.state_dict())
    x = gradus.randn(6, 5)

    def step(model: nn.Module, optimizer: Any, x: Tensor) -> Tensor:
        optimizer.zero_grad()
        loss = (gradus.checkpoint(model, x) ** 2).mean()
        loss.backward()
        optimizer.step()
        return loss

    first, second = optim.SGD(model.parameters(), 0.1), optim.SGD(twin.parameters(), 0.1)
    compiled = gradus.compile(lambda x: step(twin, second, x))
    for _ in range(3):
        close(compiled(x), step(model, first, x).detach(), 1e-5)


# -- jvp, jacobian, hessian --------------------------------------------------------------------------------------------


def g(x: Tensor, y: Tensor) -> Tensor:
    return (x[:, None] * y).tanh().sum(0) * x.max() + y


def _differences(f: Callable[..., np.ndarray], xs: list[np.ndarray], i: int) -> np.ndarray:
    h, columns = 1e-6, []
    for place in np.ndindex(xs[i].shape):
        ends = []
        for step in (h, -h):
            moved = [x.copy() for x in xs]
            moved[i][place] += step
            ends.append(f(*moved))
        columns.append((ends[0] - ends[1]) / (2 * h))
    return np.stack(columns, -1).reshape(*columns[0].shape, *xs[i].shape)


def test_jacobians_and_directions_are_those_of_differences() -> None:
    x, y = leaf(3), leaf(4)
    numbers = [x.numpy(), y.numpy()]
    wanted = [_differences(lambda a, b: g(*map(gradus.tensor, (a, b))).numpy(), numbers, i) for i in (0, 1)]
    found = gradus.jacobian(g, (x, y))
    close([t.detach() for t in found], wanted, 1e-7)
    v = [RNG.normal(size=3), RNG.normal(size=4)]
    value, along = gradus.jvp(g, (x, y), tuple(map(gradus.tensor, v)))
    close(value.detach(), g(x, y).detach())
    close(along.detach(), wanted[0] @ v[0] + wanted[1] @ v[1], 1e-7)
    inside = gradus.compile(lambda x, y: gradus.jacobian(g, (x, y)))(x.detach(), y.detach())
    close(inside, [t.detach() for t in found])


def test_hessians_are_jacobians_of_gradients() -> None:
    x, y = gradus.tensor(RNG.normal(size=3)), gradus.tensor(RNG.normal(size=(2, 2)))

    def f(x: Tensor, y: Tensor) -> Tensor:
        return (x**3).sum() * (y * y).sum() + x[0] * y[1, 0]

    h = gradus.hessian(f, (x, y))
    a, b = x.numpy(), y.numpy()
    close(h[0][0], np.diag(6 * a) * (b * b).sum())
    close(h[1][1].reshape(4, 4), 2 * np.eye(4) * (a**3).sum())
    cross = 6 * a[:, None, None] ** 2 * b
    cross[0, 1, 0] += 1
    close(h[0][1], cross)
    close(h[1][0], np.moveaxis(cross, 0, -1))
    with pytest.raises(GradientError, match="one result"):
        gradus.hessian(lambda x: x * x, x)


def test_a_jacobian_is_followed_by_gradients() -> None:
    """The penalty of a contractive autoencoder."""
    w, x = leaf(2, 3), gradus.tensor(RNG.normal(size=3))
    penalty = (gradus.jacobian(lambda x: (w @ x).tanh(), x.copy().requires_grad_()) ** 2).sum()
    z = w.detach().numpy() @ x.numpy()
    slope = 1 - np.tanh(z) ** 2
    close(penalty.detach(), (slope[:, None] * w.numpy() * slope[:, None] * w.numpy()).sum())
    wanted = 2 * slope[:, None] ** 2 * w.numpy()
    wanted += np.outer((2 * slope * (w.numpy() ** 2).sum(1)) * (-2 * np.tanh(z) * slope), x.numpy())
    close(gradus.grad(penalty, w), wanted)


def test_what_does_not_depend_on_the_inputs_has_derivatives_of_zero() -> None:
    x = leaf(3)
    assert gradus.jacobian(lambda x: gradus.ones(2), x).tolist() == [[0, 0, 0]] * 2
    assert gradus.jvp(lambda x: gradus.ones(2), x, x)[1].tolist() == [0, 0]
    assert gradus.hessian(lambda x: x.sum(), x).tolist() == [[0, 0, 0]] * 3
    with pytest.raises(ShapeError, match="the directions have shapes"):
        gradus.jvp(lambda x: x, x, leaf(2))


# -- vmap --------------------------------------------------------------------------------------------------------------


def _several(c: Case) -> list[np.ndarray]:
    return [np.stack(some) for some in zip(*(arrays(c, seed) for seed in range(3)), strict=True)]


@pytest.mark.parametrize(("f", "c"), [p for p in CASES if "masked_select" not in p.id and "bincount" not in p.id])
def test_every_function_of_a_batch_is_that_of_each_example(f: Function, c: Case) -> None:
    def one(*xs: Tensor) -> Any:
        y = call(f, c, list(xs))
        total = sum((t * t).sum() for t in (y if isinstance(y, (list, tuple)) else [y]) if dtypes.is_float(t.dtype))
        floats = [x for x in xs if x.requires_grad]
        followed = floats and isinstance(total, Tensor) and total.requires_grad
        return y, gradus.grad(total, floats) if followed else ()

    xs = _several(c)
    if not xs:
        return
    each = [one(*tensors([x[i] for x in xs])) for i in range(3)]
    try:
        found = gradus.vmap(one)(*tensors(xs))
    except TraceError as refused:
        assert any(word in str(refused) for word in ("looks at a value", "writes into"))
        return

    def agree(whole: Any, parts: list[Any]) -> None:
        if isinstance(whole, Tensor):
            np.testing.assert_allclose(whole.numpy(), np.stack([p.numpy() for p in parts]), rtol=1e-12, atol=1e-12)
        else:
            assert all(len(p) == len(whole) for p in parts)
            for k, w in enumerate(whole):
                agree(w, [p[k] for p in parts])

    agree(found, each)


def test_gradients_of_each_example_of_a_model() -> None:
    gradus.seed(2)
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8, 3))
    parameters = list(model.parameters())
    x, y = gradus.randn(5, 1, 6, 6), gradus.randint(0, 3, (5,))

    def gradients(x: Tensor, y: Tensor) -> Any:
        return gradus.grad(F.cross_entropy(model(x[None]), y[None]), parameters)

    each = [gradients(x[i], y[i]) for i in range(5)]
    wanted = [np.stack([e[k].numpy() for e in each]) for k in range(len(parameters))]
    close(gradus.vmap(gradients)(x, y), wanted, 1e-5)
    close(gradus.compile(lambda x, y: gradus.vmap(gradients)(x, y))(x, y), wanted, 1e-4)
    loss = gradus.vmap(lambda x, y: F.cross_entropy(model(x[None]), y[None]))(x, y).mean()
    close(gradus.grad(loss, parameters), [w.mean(0) for w in wanted], 1e-5)


def test_axes_and_trees() -> None:
    a, b = leaf(2, 3), leaf(3, 4)
    found = gradus.vmap(lambda x, y: {"s": x * y, "t": (x.sum(), [y])}, in_axes=(1, 0), out_axes=0)(a, b[:, :2])
    close(found["s"].detach(), a.numpy().T * b.numpy()[:, :2])
    close(found["t"][0].detach(), a.numpy().sum(0))
    last = gradus.vmap(lambda x, w: w @ x, in_axes=(1, None), out_axes=1)(b, a)
    close(last.detach(), a.numpy() @ b.numpy())
    outer = gradus.vmap(gradus.vmap(lambda x, y: x * y, (None, 0)), (0, None))(a[0], b[0])
    close(outer.detach(), np.outer(a.numpy()[0], b.numpy()[0]))
    close(gradus.grad(outer.sum(), a).sum(1), np.array([b.numpy()[0].sum() * 3, 0]))
    assert gradus.vmap(lambda x: 7 * gradus.ones(2))(a).tolist() == [[7, 7]] * 2


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda x: gradus.vmap(lambda a, b: a * b)(x, x[:2]), ShapeError, "hold 3 and 2 examples"),
        (lambda x: gradus.vmap(lambda a: a, in_axes=2)(x), ShapeError, "there is no axis 2"),
        (lambda x: gradus.vmap(lambda a: a, in_axes=None)(x), ArgumentError, "no argument counts the examples"),
        (lambda x: gradus.vmap(lambda a: a if a.sum() > 0 else -a)(x), TraceError, "looks at a value"),
        (lambda x: gradus.vmap(lambda a: a * gradus.rand(2))(x), TraceError, "writes into a tensor"),
        (lambda x: gradus.vmap(lambda a: a @ a.reshape(1, 2))(x), ShapeError, r"matmul: \(1, 2\) times \(1, 2\)"),
        (lambda x: gradus.vmap(lambda a: a, in_axes=(0, 0))(x), ArgumentError, "names 2 arguments"),
    ],
)
def test_what_cannot_be_batched_says_so(call: Callable[[Tensor], Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        call(gradus.ones((3, 2)))


def test_a_jacobian_through_a_loop_of_a_compiled_function() -> None:
    w = gradus.tensor(RNG.normal(size=(3, 3)))

    def f(x: Tensor) -> Tensor:
        def last(x: Tensor) -> Tensor:
            (h,), _ = gradus.scan(lambda s, t: (((w @ s[0]).tanh() + t,), ()), (x,), gradus.arange(12.0) * 0.1)
            return h

        return gradus.jacobian(last, x)

    x = gradus.tensor(RNG.normal(size=3))
    close(gradus.compile(f)(x), f(x))


BY_RULE = {
    "reshape": lambda x: x.reshape(-1),
    "broadcast_to": lambda x: x[:, None].broadcast_to(2, 4, 3),
    "permute": lambda x: x.T,
    "slice": lambda x: x[:, 1:],
    "pad": lambda x: gradus.pad(x, [(1, 0), (0, 2)]),
    "sliding_window": lambda x: nn.functional.max_pool1d(x, 2),
    "matmul": lambda x: x @ x.T,
    "take": lambda x: x[[1, 0, 1]],
    "scatter_add": lambda x: gradus.segment_sum(x, [0, 1, 0, 1][: x.shape[0]], 2),
    "sum": lambda x: x.sum(0),
}


@pytest.mark.parametrize("name", BY_RULE)
def test_examples_are_worked_out_together(name, monkeypatch) -> None:
    """Where there is a rule, no operation goes through the examples one after the other."""
    monkeypatch.setattr("gradus.transforms.batching._one_by_one", None)
    x = gradus.tensor(np.arange(24.0).reshape(4, 2, 3))
    found = gradus.vmap(BY_RULE[name])(x)
    np.testing.assert_array_equal(found.numpy(), np.stack([BY_RULE[name](one).numpy() for one in x]))


def test_derivatives_where_nothing_is_recorded() -> None:
    x = gradus.tensor([1.0, 2.0], requires_grad=True)
    with gradus.no_grad():
        assert gradus.jacobian(lambda x: x * x, x).tolist() == [[2, 0], [0, 4]]
        assert gradus.hessian(lambda x: (x * x * x).sum(), x).tolist() == [[6, 0], [0, 12]]
