"""What eager mode does by hand gives the numbers and gradients of what is composed, to second order."""

from __future__ import annotations

import numpy as np
import pytest

import gradus
from gradus import nn
from gradus.errors import GradientError
from gradus.functional import norm, recurrent, runs
from gradus.functional.recurrent import gru_step, lstm_step
from gradus.ops.reductions import softmax as exponentials

KINDS = {"LSTM": (lstm_step, 4, 2), "GRU": (gru_step, 3, 1)}


def inputs(kind: str, dtype: str = "float64", bias: bool = True) -> list[gradus.Tensor | None]:
    """z (t, n, gates k), the state (n, k) and W (gates k, k), b."""
    _, gates, states = KINDS[kind]
    t, n, k = 6, 3, 4
    shapes = [(t, n, gates * k), *[(n, k)] * states, (gates * k, k), (gates * k,)]
    given = [gradus.randn(s).astype(dtype).detach().requires_grad_() for s in shapes]
    return given if bias else [*given[:-1], None]


def both(
    kind: str, given: list[gradus.Tensor | None], reverse: bool, lengths: list[int] | None = None
) -> list[list[gradus.Tensor]]:
    """The outputs and the last state, by hand and step by step."""
    step = KINDS[kind][0]
    z, *state, weight, bias = given
    ends = None if lengths is None else gradus.tensor(lengths)
    by_hand = runs.run(step, z, tuple(state), weight, bias, reverse, ends)
    assert by_hand is not None
    by_steps = recurrent.scan(lambda z_t, s: step(z_t, s, weight, bias), z, tuple(state), reverse, ends)
    return [[y, *last] for y, last in (by_hand, by_steps)]


@pytest.mark.parametrize("lengths", [None, [6, 6, 6], [3, 6, 1]])
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_a_run_by_hand_is_the_run_step_by_step(
    kind: str, bias: bool, reverse: bool, lengths: list[int] | None
) -> None:
    given = inputs(kind, bias=bias)
    xs = [x for x in given if x is not None]
    by_hand, by_steps = both(kind, given, reverse, lengths)
    for a, b in zip(by_hand, by_steps, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-13, atol=1e-15)
    weights = [gradus.randn(y.shape).astype("float64") for y in by_hand]
    first, second = (gradus.grad(ys, xs, weights) for ys in (by_hand, by_steps))
    for a, b in zip(first, second, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-11, atol=1e-13)


def test_layers_of_many_lengths_are_done_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recurrent.control, "scan", None)
    for layer in (nn.GRU(3, 4, bidirectional=True), nn.LSTM(3, 4, bidirectional=True)):
        outputs, _ = layer(gradus.ones((5, 2, 3)), lengths=[5, 2])
        assert (outputs.numpy()[2:, 1] == 0).all() and np.isfinite(outputs.numpy()).all()


@pytest.mark.parametrize("lengths", [None, [3, 6, 1]])
@pytest.mark.parametrize("kind", KINDS)
def test_gradients_of_gradients(kind: str, lengths: list[int] | None) -> None:
    given = inputs(kind)
    found = []
    for ys in both(kind, given, lengths is not None, lengths):
        first = gradus.grad([(y * y).sum() for y in ys], given, create_graph=True)
        found.append(gradus.grad(sum((g * g).sum() for g in first), given))
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("kind", KINDS)
def test_the_gradient_of_a_layer_is_that_of_differences(kind: str) -> None:
    layer = getattr(nn, kind)(3, 4, num_layers=2, bidirectional=True).astype("float64")
    x = gradus.randn((5, 2, 3)).astype("float64")
    outputs, _ = layer(x)
    assert outputs.origin is not None
    names = set()
    stack = [outputs]
    while stack:
        t = stack.pop()
        if t.origin is not None:
            names.add(t.origin.primitive.name)
            stack += t.origin.inputs
    assert kind.lower() in names
    w = gradus.randn(outputs.shape).astype("float64")
    (layer(x)[0] * w).sum().backward()
    p = layer.weight_hh_l0_reverse
    analytic, at, h = p.grad.numpy()[1, 2], p.numpy().copy(), 1e-6
    losses = []
    for sign in (1, -1):
        moved = at.copy()
        moved[1, 2] += sign * h
        with gradus.no_grad():
            p.assign_(moved)
            losses.append((layer(x)[0] * w).sum().item())
    np.testing.assert_allclose(analytic, (losses[0] - losses[1]) / (2 * h), rtol=1e-6)


def test_one_tensor_for_both_states() -> None:
    z, h, _, weight, bias = inputs("LSTM")
    given = [z, h, h, weight, bias]
    first, second = (gradus.grad([y.sum() for y in ys], h) for ys in both("LSTM", given, reverse=False))
    np.testing.assert_allclose(first.numpy(), second.numpy(), rtol=1e-12)
    loss = [sum((y * y).sum() for y in ys) for ys in both("LSTM", given, reverse=False)]
    again = [gradus.grad((gradus.grad(y, h, create_graph=True) ** 2).sum(), h).numpy() for y in loss]
    np.testing.assert_allclose(again[0], again[1], rtol=1e-10)


def test_half_precision_and_compiled_functions_are_composed() -> None:
    z, *state, weight, bias = inputs("LSTM", "float16")
    assert runs.run(lstm_step, z, tuple(state), weight, bias, False) is None
    layer, x = nn.LSTM(3, 4), gradus.randn((5, 2, 3))
    with gradus.no_grad():
        np.testing.assert_allclose(gradus.compile(layer)(x)[0].numpy(), layer(x)[0].numpy(), rtol=1e-5, atol=1e-6)


def test_a_weight_written_before_the_walk_is_refused() -> None:
    layer = nn.GRU(3, 4)
    loss = layer(gradus.randn((5, 2, 3)))[0].sum()
    with gradus.no_grad():
        layer.weight_hh_l0.assign_(layer.weight_hh_l0 * 2)
    with pytest.raises(GradientError, match="overwritten"):
        loss.backward()


def test_normalisation_by_hand_is_the_composed_one() -> None:
    x = gradus.randn((4, 3, 5)).astype("float64").detach().requires_grad_()
    weight = gradus.randn(x.shape).astype("float64")
    for axes in ((0, 2), (2,), (1, 2)):
        found = []
        for y in (norm._standardised_by_hand(x, axes=axes, eps=1e-3), norm._standardised(x, axes=axes, eps=1e-3)):
            assert y is not None
            first = gradus.grad(y, x, weight, create_graph=True)
            found.append([y, first, gradus.grad((first * first).sum(), x)])
        for a, b in zip(*found, strict=True):
            np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-9, atol=1e-12)
        plain = gradus.grad(norm._standardised_by_hand(x, axes=axes, eps=1e-3), x, weight)
        np.testing.assert_allclose(plain.numpy(), found[1][1].numpy(), rtol=1e-9, atol=1e-12)


def test_rows_whose_squares_are_infinite_are_normalised() -> None:
    x = gradus.tensor([[1e30, 3e30], [1.0, 3.0]])
    np.testing.assert_allclose(gradus.functional.layer_norm(x, 2, eps=0.0).numpy(), [[-1, 1], [-1, 1]], rtol=1e-6)


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_softmax_by_hand_is_the_composed_one(name: str, axis: int) -> None:
    x = gradus.randn((4, 3, 5)).astype("float64").detach().requires_grad_()
    weight = gradus.randn(x.shape).astype("float64")
    found = []
    for y in (getattr(gradus.functional, name)(x, axis), getattr(exponentials, f"{name}_composed")(x, axis)):
        first = gradus.grad(y, x, weight, create_graph=True)
        found.append([y, gradus.grad(y, x, weight), first, gradus.grad((first * first).sum(), x)])
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-9, atol=1e-12)
