"""Loops that stay loops in compiled programs: the same as eagerly, step by step, with their gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from looped import H, N, T, a_cell, loops, r, same, shared_by_threads

import gradus
from gradus import nn
from gradus.functional import cross_entropy, softmax

__all__ = ["shared_by_threads"]  # the fixture

STEPS: dict[str, Callable[[Any, Any, Any], Any]] = {
    "a cell": a_cell,
    "only the state": lambda s, x, w: ((gradus.sigmoid(s[0] @ w),), x * 2),
    "an output of its own": lambda s, x, w: ((gradus.tanh(s[0] * 0.5 + x),), gradus.exp(-s[0] * s[0]) @ w),
    "two outputs": lambda s, x, w: ((gradus.tanh(s[0] + x),), (s[0] @ w, (s[0] + x).sum())),
    "a total": lambda s, x, w: ((s[0] + gradus.tanh(x @ w),), s[0]),
    "nothing of the place": lambda s, x, w: ((gradus.sin(s[0] @ w),), s[0]),
    "the state unchanged": lambda s, x, w: (s, s[0] * x),
    "a product of the place": lambda s, x, w: ((gradus.tanh(s[0] + gradus.relu(x) @ w),), s[0]),
    "a maximum": lambda s, x, w: ((gradus.maximum(s[0], x),), gradus.maximum(s[0] @ w, x)),
    "a norm": lambda s, x, w: (((s[0] + x) / (1 + s[0].abs().mean()),), s[0]),
    "rows mixed": lambda s, x, w: ((softmax(s[0] @ w + x, axis=-1),), s[0].mean(axis=0)),
    "turned": lambda s, x, w: (((w.T @ s[0].T).T * 0.5 + x,), s[0].T),
    "a slice and a join": lambda s, x, w: (
        (gradus.concatenate([s[0][:, 3:], (s[0] @ w)[:, :3] * 0.1], axis=1) + x,),
        s[0][:, ::2],
    ),
    "where": lambda s, x, w: ((gradus.where(x > 0, s[0], gradus.tanh(s[0] @ w)),), x),
    "a constant": lambda s, x, w: ((gradus.tanh(s[0] + gradus.ones((N, H)) * w.sum()),), s[0]),
    "a power": lambda s, x, w: ((gradus.tanh(s[0] ** 2 + x ** 3),), (s[0] @ w) ** 2),
}


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("name", STEPS)
def test_a_scan(name: str, reverse: bool) -> None:
    def f(start: Any, xs: Any, w: Any) -> Any:
        (last,), ys = gradus.scan(lambda s, x: STEPS[name](s, x, w), (start,), xs, reverse)
        return [last, *(ys if isinstance(ys, tuple) else (ys,))]

    same(f, r(N, H), r(T, N, H), r(H, H) * 0.3)


def test_only_what_is_used_is_worked_out() -> None:
    def f(start: Any, xs: Any, w: Any) -> Any:
        state, _ = gradus.scan(
            lambda s, x: ((gradus.tanh(s[0] @ w + x), s[1] + gradus.exp(s[0])), s[0] * 3), (start, start), xs
        )
        return state[0]

    compiled = gradus.compile(f)
    given = r(N, H), r(T, N, H), r(H, H)
    np.testing.assert_allclose(compiled(*given).numpy(), f(*given).numpy(), rtol=1e-5, atol=1e-6)
    (body,) = loops(compiled)
    assert len(body.graph.results) == 1 and not any(n.kind == "exp" for n in body.graph.nodes())


def test_a_start_and_places_whose_rows_lie_apart() -> None:
    def f(start: Any, xs: Any) -> Any:
        (last,), ys = gradus.scan(lambda s, y: ((gradus.tanh(s[0] * 0.5 + y),), s[0]), (start[::2],), xs[::2])
        (other,), _ = gradus.scan(lambda s, y: ((s[0] * 0.5 + y,), s[0]), (start[:N, 1],), xs[:, :, 0])
        return [last, ys, other]

    same(f, r(2 * N, H), r(2 * T, N, H))


def test_what_is_kept_of_a_state_is_stored_once() -> None:
    gradus.seed(0)
    lstm = nn.LSTM(6, H)
    compiled = gradus.compile(lambda x: gradus.grad((lstm(x)[0] ** 2).sum(), lstm.weight_hh_l0))
    compiled(r(T, N, 6))
    region = next(n.params["region"] for n in compiled._last.program.graph.nodes() if n.kind == "loop")
    assert not set(region.new) & set(region.stacked)


def test_the_gradient_of_the_last_output_alone_fills_no_array_with_zeros() -> None:
    gradus.seed(0)
    for reverse in (False, True):
        last = 0 if reverse else -1

        def f(x: Any, w: Any, reverse: bool = reverse, last: int = last) -> Any:
            return gradus.scan(lambda s, y: a_cell(s, y, w), (x[0],), x, reverse)[1][last]

        compiled = same(f, r(T, N, H), r(H, H), count=2)
        kinds = [n.kind for n in compiled._last.program.graph.nodes()]
        assert kinds.count("pad") <= 1  # of the start, which is a place of x


def test_products_of_the_input_and_for_the_weights_are_made_at_once() -> None:
    gradus.seed(0)
    lstm = nn.LSTM(6, H)

    def f(x: Any) -> Any:
        return lstm(x)[0]

    compiled = gradus.compile(lambda x: [gradus.grad(f(x).sum(), p) for p in lstm.parameters()])
    compiled(r(T, N, 6))
    for body in loops(compiled):
        assert [n.kind for n in body.graph.nodes()].count("matmul") == 1
    sums = [n for n in compiled._last.program.graph.nodes() if n.kind == "sum"]
    assert sums and not any(n.inputs[0].kind == "sum" for n in sums)  # the biases' gradients: over all steps at once


def test_the_sum_of_a_sum_of_what_a_loop_leaves_is_one_sum() -> None:
    def f(x: Any, w: Any) -> Any:
        return gradus.scan(lambda s, y: a_cell(s, y, w), (x[0],), x)[1].sum(axis=1).sum(axis=0)

    compiled = gradus.compile(f)
    x, w = r(T, N, H), r(H, H)
    np.testing.assert_allclose(compiled(x, w).numpy(), f(x, w).numpy(), rtol=1e-4, atol=1e-5)
    sums = [n.params["axis"] for n in compiled._last.program.graph.nodes() if n.kind == "sum"]
    assert sums == [(0, 1)]


def test_threads_wait_for_the_state_and_weights_are_packed_once() -> None:
    gradus.set_num_threads(2)
    compiled = gradus.compile(lambda x, w: gradus.scan(lambda s, y: a_cell(s, y, w.T), (x[0],), x)[0][0])
    compiled(r(T, 64, 64), r(64, 64))
    (k, body), *_ = compiled._last.program.inner.items()
    iteration = body.repeated(k)
    assert iteration.waits[0] and len(iteration.once) == 1
    gradus.set_num_threads(0)


@pytest.mark.parametrize("layer", [nn.RNN, nn.LSTM, nn.GRU])
@pytest.mark.parametrize(
    "options", [{}, {"num_layers": 2, "bidirectional": True}, {"bias": False, "batch_first": True}]
)
def test_recurrent_layers(layer: type[nn.Module], options: dict[str, Any]) -> None:
    gradus.seed(0)
    model: Any = layer(6, H, **options)

    def f(x: Any, *weights: Any) -> Any:
        out, last = model(x)
        return [out, *(last if isinstance(last, tuple) else (last,)), *(p * 0.1 for p in model.parameters())]

    expected = f(r(T, 9, 6))
    found = gradus.compile(f)(r(T, 9, 6))
    for e, g in zip(expected, found, strict=True):
        np.testing.assert_allclose(g.numpy(), e.numpy(), rtol=2e-5, atol=2e-6)

    def gradients(x: Any) -> Any:
        results = f(x)[: 3 if layer is nn.LSTM else 2]
        return list(gradus.grad(sum((t * t).sum() for t in results), list(model.parameters())))

    compiled = gradus.compile(gradients)
    for e, g in zip(gradients(r(T, 9, 6)), compiled(r(T, 9, 6)), strict=True):
        np.testing.assert_allclose(g.numpy(), e.numpy(), rtol=1e-4, atol=1e-4)
    directions = 4 if options.get("bidirectional") else 1
    assert len(loops(compiled)) == 2 * directions


@pytest.mark.parametrize("reverse", [False, True])
def test_sequences_of_many_lengths_are_a_loop_whose_lengths_are_checked_before_it(reverse: bool) -> None:
    gradus.seed(0)
    gru = nn.GRU(6, H, bidirectional=reverse)

    def f(x: Any, lengths: Any) -> Any:
        out, h = gru(x, lengths=lengths)
        return [out, h, *gradus.grad((out * out).sum() + h.sum(), list(gru.parameters()))]

    compiled = gradus.compile(f)
    for lengths in ([1, 11, 8, 3, 5], [11, 11, 2, 1, 9]):
        given = r(T, N, 6), gradus.tensor(lengths)
        for e, g in zip(f(*given), compiled(*given), strict=True):
            np.testing.assert_allclose(g.numpy(), e.numpy(), rtol=1e-4, atol=1e-5)
    assert len(compiled._steps) == 1 and len(loops(compiled)) == 2 * (1 + reverse)
    for wrong in (0, 12):
        with pytest.raises(gradus.errors.DataError, match=rf"GRU: lengths\[2\] is {wrong}, .* 1 to 11 time steps"):
            compiled(r(T, N, 6), gradus.tensor([1, 2, wrong, 4, 5]))


def test_a_loop_in_a_loop() -> None:
    def f(start: Any, xs: Any, w: Any) -> Any:
        def outer(s: Any, x: Any) -> Any:
            inner, ys = gradus.scan(lambda t, y: ((gradus.tanh(t[0] @ w + y),), t[0].sum()), s, x)
            return inner, ys.mean()

        (last,), means = gradus.scan(outer, (start,), xs)
        return [last, means]

    compiled = same(f, r(3, H), r(9, 8, 3, H), r(H, H) * 0.3)
    assert all(body.inner for body in loops(compiled))


def test_integers_and_booleans_are_carried() -> None:
    def f(xs: Any) -> Any:
        state = gradus.tensor(0), gradus.tensor(True), gradus.tensor(1.0)

        def step(s: Any, x: Any) -> Any:
            count, positive, product = s
            return (count + (x > 0).astype(int), positive & (x > -10), product * (1 + 0.1 * x)), count

        (count, positive, product), counts = gradus.scan(step, state, xs)
        return [count, positive, product, counts]

    same(f, r(T))


def test_several_arrays_go_to_the_step_together() -> None:
    def f(xs: Any, ys: Any) -> Any:
        (last,), out = gradus.scan(lambda s, p: ((s[0] * 0.9 + p[0] * p[1],), p[0] + s[0]), (xs[0] * 0,), (xs, ys))
        return [last, out]

    same(f, r(T, N), r(T, N, seed=1))


def test_long_sums_of_steps_are_exact() -> None:
    def f(xs: Any) -> Any:
        (total,), _ = gradus.scan(lambda s, x: ((s[0] + x.sum(),), x), (gradus.tensor(0.0),), xs)
        return total

    xs = gradus.full((20_000, 3), 0.1)
    assert abs(float(gradus.compile(f)(xs)) - 6000) < 6000 * 1e-6


def test_how_long_it_is_does_not_change_how_many_kernels_there_are() -> None:
    gradus.seed(0)
    gru = nn.GRU(3, 4)
    compiled = gradus.compile(lambda x: gradus.grad((gru(x)[0] ** 2).sum(), gru.weight_hh_l0))
    kernels = set()
    for length in (10, 500, 5000):
        compiled(r(length, 2, 3))
        program = compiled._last.program
        kernels.add((len(program.stages), tuple(len(body.stages) for body in program.inner.values())))
    assert len(kernels) == 1


def test_steps_that_are_not_all_the_same_are_written_out() -> None:
    def f(xs: Any) -> Any:
        count = [0]
        seen = []

        def step(s: Any, x: Any) -> Any:
            count[0] += 1
            seen.append(x * count[0])
            return (s[0] * 0.5 + x * count[0],), s[0]

        (last,), ys = gradus.scan(step, (xs[0],), xs)
        return [last, ys, gradus.stack(seen)]

    same(f, r(T, N), count=0)


def test_what_a_step_leaves_elsewhere_is_there_of_each() -> None:
    class Cell:
        def __init__(self) -> None:
            self.last: Any = None

        def step(self, s: Any, x: Any) -> Any:
            self.last = gradus.tanh(s[0] + x)
            return (self.last,), s[0]

    def f(xs: Any) -> Any:
        cell = Cell()
        gradus.scan(cell.step, (xs[0],), xs)
        return cell.last * 2

    same(f, r(T, N), count=0)


def test_numbers_drawn_in_a_step_are_drawn_at_each() -> None:
    def f(xs: Any) -> Any:
        (last,), ys = gradus.scan(lambda s, x: ((s[0] + gradus.rand((N,)) * x,), s[0]), (xs[0],), xs)
        return [last, ys]

    compiled = gradus.compile(f)
    gradus.seed(3)
    expected = f(r(T, N))
    gradus.seed(3)
    for e, g in zip(expected, compiled(r(T, N)), strict=True):
        np.testing.assert_allclose(g.numpy(), e.numpy(), rtol=1e-5, atol=1e-6)


def test_what_a_step_checks_is_checked_at_each() -> None:
    table = r(6, H)

    def f(rows: Any) -> Any:
        (total,), _ = gradus.scan(lambda s, k: ((s[0] + table[k],), s[0].sum()), (table[0],), rows)
        return total

    compiled = gradus.compile(f)
    rows = gradus.tensor([0, 1, 2, 3, 4, 5, 0, 1, 2])
    assert compiled(rows).shape == (H,)
    with pytest.raises(gradus.errors.GradusError, match="6"):
        compiled(gradus.tensor([0, 1, 2, 3, 4, 5, 6, 1, 2]))


def test_gradients_of_gradients_through_a_loop() -> None:
    w = r(H, H) * 0.3

    def f(start: Any, xs: Any) -> Any:
        x = start.detach().requires_grad_()
        (last,), _ = gradus.scan(lambda s, y: a_cell(s, y, w), (x,), xs)
        g = gradus.grad(last.sum(), x, create_graph=True)
        return gradus.grad((g * g).sum(), x)

    found, expected = gradus.compile(f)(r(N, H), r(T, N, H)), f(r(N, H), r(T, N, H))
    np.testing.assert_allclose(found.numpy(), expected.numpy(), rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_other_precisions(dtype: str) -> None:
    gradus.seed(0)
    model = nn.GRU(6, H).astype(dtype)
    x = r(T, N, 6).astype(dtype)

    def f(x: Any) -> Any:
        return list(gradus.grad((model(x)[0] ** 2).sum(), list(model.parameters())))

    tolerance = {"float16": 2e-2, "bfloat16": 2e-1, "float64": 1e-10}[dtype]
    for e, g in zip(f(x), gradus.compile(f)(x), strict=True):
        a, b = e.numpy().astype(np.float64), g.numpy().astype(np.float64)
        assert np.abs(a - b).max() <= tolerance * (1 + np.abs(a).max())


def test_products_in_bfloat16() -> None:
    gradus.seed(0)
    model = nn.LSTM(6, 32)
    compiled = gradus.compile(lambda x: gradus.grad(model(x)[0].sum(), model.weight_hh_l0), precision="bf16")
    expected = gradus.grad(model(r(T, N, 6))[0].sum(), model.weight_hh_l0).numpy()
    assert np.abs(compiled(r(T, N, 6)).numpy() - expected).max() < 0.03 * np.abs(expected).max()


def test_a_classifier_of_texts_trains_as_eagerly() -> None:
    def model() -> tuple[Any, Any, Any]:
        gradus.seed(0)
        words, gru, out = nn.Embedding(20, 6), nn.GRU(6, H, batch_first=True), nn.Linear(H, 3)
        whole = nn.Sequential(words, gru, out)
        return whole, words, lambda i: out(gru(words(i))[0][:, -1])

    rng = np.random.default_rng(0)
    texts, labels = gradus.tensor(rng.integers(0, 20, (N, T))), gradus.tensor(rng.integers(0, 3, N))

    def train(how: Callable[[Any], Any]) -> list[float]:
        whole, _, net = model()
        optimizer = gradus.optim.Adam(whole.parameters(), lr=0.05)

        def step(i: Any, y: Any) -> Any:
            optimizer.zero_grad()
            loss = cross_entropy(net(i), y)
            loss.backward()
            optimizer.step()
            return loss

        step = how(step)
        return [float(step(texts, labels)) for _ in range(12)]

    np.testing.assert_allclose(train(gradus.compile), train(lambda f: f), rtol=2e-3, atol=1e-5)


def test_a_while_loop_is_a_loop() -> None:
    def f(x: Any) -> Any:
        (y,) = gradus.while_loop(lambda s: s[0].sum() < 1000, lambda s: (s[0] * 1.5 + 1,), (x * x,), 60)
        return y

    same(f, r(N))


def test_a_native_epoch_of_steps_with_loops() -> None:
    w = gradus.tensor(np.eye(H, dtype=np.float32) * 0.5)

    def step(x: Any) -> Any:
        (h,), _ = gradus.scan(lambda s, y: a_cell(s, y, w), (gradus.zeros((4, H)),), x.swapaxes(0, 1))
        w.assign_(w * 0.99)
        return h.sum()

    data, batches = r(24, T, H).numpy(), np.arange(24).reshape(6, 4)
    compiled = gradus.compile(step)
    found = compiled.epoch((data,), batches)
    w.assign_(gradus.tensor(np.eye(H, dtype=np.float32) * 0.5))
    expected = [float(step(gradus.tensor(data[b]))) for b in batches]
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_explain_shows_a_loop() -> None:
    compiled = gradus.compile(lambda x, w: gradus.scan(lambda s, y: a_cell(s, y, w), (x[0],), x)[1])
    compiled(r(T, N, H), r(H, H))
    text = compiled.explain()
    assert f"{T} times" in text and "tanh" in text


def test_a_loop_of_little_work_is_one_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gradus.compiler.native.stages.WORTH_SHARING", 60_000)
    gradus.set_num_threads(2)
    compiled = gradus.compile(lambda xs: gradus.scan(lambda s, x: ((gradus.tanh(s[0] + x),), s[0]), (xs[0],), xs)[1])
    xs = r(30_000, 3)
    state, expected = xs.numpy()[0], []
    for x in xs.numpy():
        expected.append(state)
        state = np.tanh(state + x)
    np.testing.assert_allclose(compiled(xs).numpy(), expected, rtol=1e-4, atol=1e-5)
    (body,) = loops(compiled)
    assert not compiled._last.program.alone and body.alone
    gradus.set_num_threads(0)
