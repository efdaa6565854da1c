"""Long sums of products, sums and pads become one operation, and pieces are written where they are joined."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gradus
from gradus import functional as F
from gradus import nn
from gradus.compiler.rewrite import sums


def kinds(function, *arguments):
    """The kinds of the nodes of the compiled program, and the largest difference from the eager result."""
    compiled = gradus.compile(function)
    got, expected = compiled(*arguments), function(*arguments)
    error = abs(got.numpy() - expected.numpy()).max()
    return [n.kind for n in compiled._last.program.graph.nodes()], error


def test_a_weight_used_at_every_step_gets_one_product():
    w, x = gradus.randn(5, 5, dtype="float64") * 0.3, gradus.randn(8, 3, 5, dtype="float64")

    def slope(x):
        leaf = w.detach().requires_grad_()
        h = gradus.zeros((3, 5), "float64")
        for x_t in x.unstack():
            h = (x_t + h @ leaf.T).tanh()
        return gradus.grad(h.sum(), leaf)

    found, error = kinds(slope, x)
    assert error < 1e-12
    assert found.count("matmul") == 8 + 7 + 1  # forward, back to each state but the first, and the weight's


def test_a_bias_used_at_every_step_gets_one_sum():
    b, x = gradus.randn(5, dtype="float64"), gradus.randn(6, 3, 5, dtype="float64")

    def slope(x):
        leaf = b.detach().requires_grad_()
        return gradus.grad(sum(((x_t + leaf) ** 2).sum() for x_t in x.unstack()), leaf)

    found, error = kinds(slope, x)
    assert error < 1e-12
    assert found.count("sum") <= 1


def test_sums_over_steps_and_samples_that_lie_in_one_axis_are_the_same_sum():
    x = gradus.randn(12, 5, dtype="float64")
    found, error = kinds(lambda x: x.reshape(4, 3, 5).sum((0, 1)) * x.sum(0), x)
    assert error < 1e-12
    assert found.count("sum") == 1


@pytest.mark.parametrize("axis", [0, 1])
def test_pieces_of_a_tensor_give_their_gradients_side_by_side(axis):
    x = gradus.randn(8, 6, dtype="float64")

    def slope(x):
        leaf = x.detach().requires_grad_()
        parts = leaf.split(2, axis)
        return gradus.grad((parts[0].exp() * parts[1]).sum(), leaf)

    found, error = kinds(slope, x)
    assert error < 1e-12
    assert "pad" not in found
    assert "concatenate" in found


@pytest.mark.parametrize("widths", [((0, 2), (2, 0)), ((1, 2), (3, 0))])
def test_overlapping_pads_stay_a_sum(widths):
    x = gradus.randn(4, dtype="float64")
    found, error = kinds(lambda x: x[:3].pad([widths[0]]) + x[1:].pad([widths[1]]), x)
    assert error == 0
    assert "pad" in found


def test_pieces_are_written_in_place_and_may_be_used_besides():
    x = gradus.randn(4, 3, dtype="float64")

    def f(x):
        a, b = x.exp(), (x * 2).tanh()
        joined = gradus.concatenate([a, b, a, x, gradus.ones((1, 3), "float64")])
        return joined @ joined.T + a.sum() + b.sum()

    _, error = kinds(f, x)
    assert error < 1e-12


@pytest.mark.parametrize("make", [nn.LSTM, nn.GRU, nn.RNN])
def test_recurrent_layers_learn_compiled_as_eagerly(make):
    gradus.seed(0)
    layer = make(3, 4, num_layers=2).astype("float64")
    x = gradus.randn(6, 2, 3, dtype="float64")
    parameters = list(layer.parameters())

    def slopes(x):
        return gradus.grad((layer(x)[0] ** 2).sum(), parameters)

    for got, expected in zip(gradus.compile(slopes)(x), slopes(x), strict=True):
        np.testing.assert_allclose(got.numpy(), expected.numpy(), rtol=1e-10, atol=1e-12)


def check(function, *arguments):
    """The compiled program, whose results are those of eager mode."""
    compiled = gradus.compile(function)
    np.testing.assert_allclose(compiled(*arguments).numpy(), function(*arguments).numpy(), rtol=1e-12, atol=1e-12)
    return compiled._last.program


@pytest.mark.parametrize("width", [1, 7, 16, 40])
def test_columns_of_an_operand_are_written_where_they_are_joined(width):
    a, b, m = (gradus.randn(*shape, dtype="float64") for shape in ((9, width), (9, width), (2 * width, 5)))
    program = check(lambda a, b, m: gradus.concatenate([a.exp(), a.tanh() * b], axis=1) @ m, a, b, m)
    assert [k.kind for k in program.schedule.order] == ["map", "joined", "matmul"]
    check(lambda a, b, m: gradus.concatenate([a.exp(), a.sum(1, keepdims=True) + b], axis=1) @ m, a, b, m)
    check(lambda a, b, m: gradus.concatenate([(a @ b.T) @ b, a.cumsum(0)], axis=1) @ m, a, b, m)
    row = gradus.tensor([1])
    check(lambda a, b, m: gradus.concatenate([(e := a.exp()), b], axis=1) @ m + e.sum() + e[row].sum(), a, b, m)
    check(lambda a, b, m: gradus.concatenate([a.exp().reshape(3, -1), b.reshape(3, -1)], axis=1).T @ b[:3], a, b, m)


def test_pieces_of_pieces():
    a, b, m = (gradus.randn(*shape, dtype="float64") for shape in ((6, 4), (6, 4), (8, 5)))

    def join(x, y, axis):
        return gradus.concatenate([x, y], axis=axis)

    check(lambda a, b, m: join(join(a.exp(), b.exp(), 1), join(a.tanh(), b.tanh(), 1), 0) @ m, a, b, m)
    check(lambda a, b, m: join(join(a.exp(), b.exp(), 0), join(a.tanh(), b.tanh(), 0), 1) @ m, a, b, m)
    check(lambda a, b, m: join(a.exp(), a.exp(), 1) @ m, a, b, m)
    check(lambda a, b, m: join(a, gradus.ones((6, 4), "float64"), 1) @ m, a, b, m)


BESIDE, ACROSS, INSIDE = [(slice(0, 2),), (slice(7, 9),)], [(slice(1, 4),)], [(slice(2, 5),), (slice(2, 7, 2), 1)]


@pytest.mark.parametrize("ranges", [*BESIDE, *ACROSS, *INSIDE])
def test_slices_of_what_is_padded(ranges):
    x = gradus.randn(5, 3, dtype="float64")
    found, error = kinds(lambda x: gradus.pad(x, ((2, 2), (0, 0)))[ranges].exp(), x)
    assert error < 1e-12
    assert ("pad" in found) is (ranges in ACROSS)


def test_slices_of_slices_are_one():
    x = gradus.randn(20, 6, dtype="float64")
    found, error = kinds(lambda x: x[3:19][1::3][1:4:2][:, 2:][:, 1] * 2, x)
    assert error < 1e-12
    assert found.count("slice") == 1
    assert kinds(lambda x: x[3:19][5:5].sum() + x[2:][:-2].sum(), x)[1] < 1e-12


@pytest.mark.parametrize("shape", [(128, 128), (4, 8, 600), (300, 1, 77), (20000,), (2, 9000), (10, 20)])
def test_totals_of_many_numbers(shape):
    x = gradus.randn(*shape, dtype="float64")
    found, error = kinds(lambda x: (x * x).sum() + x.max(), x)
    assert error < 1e-8
    split = x.size >= 1 << 14 and len(shape) > 1 and shape[0] >= 4
    assert found.count("sum") == found.count("max") == 1 + split


@pytest.mark.parametrize("make", [nn.LSTM, nn.GRU, nn.RNN])
def test_long_sums_are_joined_in_groups_of_rows(make, monkeypatch):
    monkeypatch.setattr(sums, "TOGETHER", 8)  # four steps of two rows
    gradus.seed(0)
    layer = make(3, 4).astype("float64")
    x = gradus.randn(10, 2, 3, dtype="float64")
    parameters = list(layer.parameters())

    def slopes(x):
        last, outputs = None, []
        for x_t in x.split(len(x)):  # a Python loop, which is written out
            y, last = layer(x_t, last)
            outputs.append(y)
        return gradus.grad((gradus.concatenate(outputs) ** 2).sum(), parameters)

    compiled = gradus.compile(slopes)
    for got, expected in zip(compiled(x), slopes(x), strict=True):
        np.testing.assert_allclose(got.numpy(), expected.numpy(), rtol=1e-10, atol=1e-12)
    nodes = compiled._last.program.graph.nodes()
    rows = [n.inputs[0].shape[1] for n in nodes if n.kind == "matmul" and n.inputs[0].kind == "permute"]
    assert sorted(rows) == [4, 4, 8, 8, 8, 8]  # 20 rows in groups of 8, 8 and 4, for each of two weights


def test_products_of_many_rows_are_added_one_by_one():
    w, xs = gradus.randn(3, 3, dtype="float64"), gradus.randn(6, 600, 3, dtype="float64")

    def slope(xs):
        leaf = w.detach().requires_grad_()
        return gradus.grad(sum(((x @ leaf.T).tanh()).sum() for x in xs.unstack()), leaf)

    found, error = kinds(slope, xs)
    assert error < 1e-10
    assert found.count("matmul") == 6 + 6


def test_rows_that_follow_each_other_are_not_copied():
    x = gradus.randn(12, 3, dtype="float64")
    found, error = kinds(lambda x: gradus.concatenate([x[2:5], x[5:9]]) @ x.T, x)
    assert error < 1e-12 and "concatenate" not in found
    for parts in ([slice(5, 9), slice(2, 5)], [slice(2, 5), slice(6, 9)], [slice(0, 3, 2), slice(3, 6, 2)]):
        found, error = kinds(lambda x, parts=parts: gradus.concatenate([x[p] for p in parts]) @ x.T, x)
        assert error < 1e-12 and "concatenate" in found
    found, error = kinds(lambda x: gradus.concatenate([x[2:5], x.tanh()[5:9]]) @ x.T, x)
    assert error < 1e-12 and "concatenate" in found
    found, error = kinds(lambda x: gradus.concatenate([x[2:5, 1:], x[5:9, 1:]]) @ x.T[:2], x)
    assert error < 1e-12
    found, error = kinds(lambda x: gradus.concatenate([x[2:5].reshape(-1, 1), x[5:9].reshape(-1, 1)]) @ x[:1], x)
    assert error < 1e-12 and "concatenate" not in found


def test_pieces_that_several_joined_values_share_are_stored_once():
    x = gradus.randn(4, 3, dtype="float64")

    def f(x):
        a, b, c, d = ((x * k).tanh() for k in range(1, 5))
        join = gradus.concatenate
        return join([a, b, c]).T @ join([b, c, d]) + join([d, a]).T @ join([d, a]) + join([b, b]).T @ join([b, b])

    program = check(f, x)
    joined = [n for n in program.graph.nodes() if n.kind == "concatenate"]
    assert sorted(n.shape[0] for n in joined) == [8, 8, 16]  # d, a would lead round in a circle


def test_what_gathers_up_much_runs_while_it_is_at_hand():
    x, w = gradus.randn(3000, 8, dtype="float64"), gradus.randn(8, 8, dtype="float64")

    def f(x, w):
        a = x.tanh()
        return (a @ w).exp().sum() + a.sum(0) @ w

    program = check(f, x, w)
    assert [k.kind for k in program.schedule.order][:2] == ["map", "reduce"]  # though the product is asked for first
    program = check(f, x[:300], w)
    assert [k.kind for k in program.schedule.order][:2] == ["map", "matmul"]  # there is no hurry
    program = check(lambda x, w: (x.tanh() @ w).tanh() @ w + x.tanh() @ w, x, w)
    assert [k.kind for k in program.schedule.order][:2] == ["map", "matmul"]


def test_sums_of_different_values_do_not_wait_for_each_other():
    x, w = gradus.randn(3000, 8, dtype="float64"), gradus.randn(8, 8, dtype="float64")
    program = check(lambda x, w: (x @ w @ w).sum(0) + (x @ w).sum(0), x, w)
    assert [k.kind for k in program.schedule.order].count("reduce") == 2
    program = check(lambda x, w: (x @ w @ w).sum(0) + (x @ w).sum(0), x[:300], w)
    assert [k.kind for k in program.schedule.order].count("reduce") == 1
    program = check(lambda x, w: x.sum(0) * (x * x).sum(0), x, w)
    assert [k.kind for k in program.schedule.order].count("reduce") == 1


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(st.integers(0, 8), min_size=1, max_size=6), min_size=1, max_size=6), st.booleans())
def test_any_pieces_joined_in_any_order(orders, through_products):
    x = gradus.tensor(np.random.default_rng(0).normal(size=(12, 3)), "float64")

    def f(x):
        worked_out = [(x[2 * k : 2 * k + 2] * (k + 1)).tanh() for k in range(4)]
        pieces = [*worked_out, *(x[2 * k : 2 * k + 2] for k in range(4)), gradus.zeros((2, 3), "float64")]
        total = x.sum()
        for order in orders:
            joined = gradus.concatenate([pieces[k] for k in order])
            weights = gradus.arange(2 * len(order)).astype("float64").reshape(-1, 1)
            product = joined.T @ (joined * weights) if through_products else (joined * weights).exp()
            total = total + product.sum()
        return total

    compiled = gradus.compile(f)
    np.testing.assert_allclose(compiled(x).numpy(), f(x).numpy(), rtol=1e-10)


def test_a_batch_norms_gradient_goes_over_its_images_twice():
    """Once to gather what the weight, the bias and the mean get, once to work out the images' own."""
    x, w, b = (gradus.randn(*shape, dtype="float64") for shape in ((12, 5, 6, 7), (5,), (5,)))
    g = gradus.randn(12, 5, 6, 7, dtype="float64")

    def gradients(x, w, b, g):
        leaves = [t.detach().requires_grad_() for t in (x, w, b)]
        y = F.batch_norm(leaves[0], weight=leaves[1], bias=leaves[2], training=True)
        return gradus.grad((y * g).sum(), leaves)

    compiled = gradus.compile(gradients)
    for found, expected in zip(compiled(x, w, b, g), gradients(x, w, b, g), strict=True):
        np.testing.assert_allclose(found.numpy(), expected.numpy(), rtol=1e-10, atol=1e-12)
    whole = [k for k in compiled._last.program.schedule.order if max(n.inputs[0].size for n in k.nodes) == x.size]
    assert len([k for k in whole if k.kind == "reduce"]) == 2  # the mean; the variance, and those of the gradient
    assert len([k for k in whole if any(n.size == x.size for n in k.stored)]) == 1


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
def test_weights_that_are_the_same_for_all_terms_come_out_of_a_sum(dtype):
    a, b = (gradus.randn(9, 4, 8, dtype=dtype) for _ in range(2))
    u, v, w = (gradus.rand(*shape, dtype=dtype) + 1 for shape in ((4, 1), (1, 4, 8), (8,)))

    def function(a, b, u, v, w):
        stored = [-(a * u - b / u), a * w + b * u, u * a + v * b]
        sums = [x.sum(axis) for x in stored for axis in ((0, 2), (0, 1), 0)]
        return [*stored, *sums, *(x.sum(axis) for x in (a, b, a * b) for axis in ((0, 2), (0, 1), 0))]

    compiled = gradus.compile(function)
    tolerance = {"float64": 1e-13, "float32": 1e-5, "float16": 1e-2}[dtype]
    for found, expected in zip(compiled(a, b, u, v, w), function(a, b, u, v, w), strict=True):
        np.testing.assert_allclose(found.numpy(), expected.numpy(), rtol=0, atol=tolerance * 50)
    taken_apart = sums.weights_taken_out(compiled._last.program.graph)
    assert not taken_apart or dtype == "float16"


def test_sums_stay_where_their_weights_vary_or_their_terms_are_summed_nowhere():
    a, b, u = gradus.randn(9, 4), gradus.randn(9, 4), gradus.rand(9, 1)
    for function in (
        lambda a, b, u: [a * u + b * u, (a * u + b * u).sum(0), a.sum(0), b.sum(0)],  # u varies
        lambda a, b, u: [a * u + b * u, (a * u + b * u).sum(1), a.sum(1)],  # there is no sum of b
        lambda a, b, u: [(a * u + b * u).sum(1), a.sum(1), b.sum(1)],  # nobody else needs what is summed
        lambda a, b, u: [a * u + b, (a * u + b).sum(1), a.sum(1), b.sum(1)],  # b has no weight
    ):
        compiled = gradus.compile(function)
        for found, expected in zip(compiled(a, b, u), function(a, b, u), strict=True):
            np.testing.assert_allclose(found.numpy(), expected.numpy(), rtol=1e-5, atol=1e-5)
        sums_left = [n for n in compiled._last.program.graph.nodes() if n.kind == "sum"]
        assert any(n.inputs[0].kind == "add" for n in sums_left)
