"""What gradients of loops reach, and who is told of them: as if every step were written out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from looped import H, N, T, a_cell, r, same, shared_by_threads

import gradus
from gradus import nn

__all__ = ["shared_by_threads"]  # the fixture


def test_what_a_step_takes_from_around_it_may_be_computed_from_other_such_values() -> None:
    def f(x: Any, w: Any) -> Any:
        (last,), (a, _) = gradus.scan(lambda s, y: ((s[0] * 0.5 + gradus.tanh(w * 0.7) + w,), (w, y)), (x[0],), x)
        return [last, a]

    same(f, r(T, H), r(H), count=2)


def test_gradients_of_a_loop_in_a_loop_keep_what_they_need_of_both() -> None:
    def inner(s: Any, y: Any, w: Any) -> Any:
        return ((abs(s[0]) + 0.3) ** (w * 0.5) * 0.3 + y * 0.1,), (abs(y) + 0.5) ** (w * 0.7)

    def f(x: Any, w: Any) -> Any:
        def middle(s: Any, y: Any) -> Any:
            last, kept = gradus.scan(lambda t, z: inner(t, z, w), s, y)
            return (last[0] * 0.5,), kept.sum(0)

        def outer(s: Any, y: Any) -> Any:
            last, kept = gradus.scan(middle, s, y)
            return last, kept.sum(0)

        (last,), ys = gradus.scan(outer, (x[0, 0, 0],), x)
        return [last, ys]

    same(f, r(8, 9, 8, 3), r(3), tolerance=1e-4)


class Weights(nn.Module):
    def __init__(self) -> None:
        self.used, self.kept, self.other = (nn.Parameter(r(H, H, seed=i) * 0.3) for i in range(3))

    def forward(self, x: Any) -> Any:
        """Of a loop: a state and what is kept of each step; of three weights one has a part in them."""

        def step(s: Any, y: Any) -> Any:
            return (a_cell((s[0],), y, self.used)[1], (s[1] @ self.other) * 0.5), (s[0], s[0] @ self.kept)

        (last, _), (ys, _) = gradus.scan(step, (x[0], x[0]), x)
        return last.sum() + ys.sum()


def test_weights_that_no_gradient_reaches_are_left_alone() -> None:
    def trained(how: Callable[[Any], Any]) -> tuple[list[bool], list[np.ndarray]]:
        model = Weights()
        optimizer = gradus.optim.AdamW(model.parameters(), 0.1, weight_decay=0.1)

        def step(x: Any) -> Any:
            optimizer.zero_grad()
            model(x).backward()
            without = [p.grad is None for p in model.parameters()]
            optimizer.step()
            return without

        without = [how(step)(r(T, N, H)) for _ in range(2)][-1]
        return without, [p.numpy().copy() for p in model.parameters()]

    (without, expected), (found_without, found) = trained(lambda f: f), trained(gradus.compile)
    assert found_without == without == [False, True, True]
    for e, g in zip(expected, found, strict=True):
        np.testing.assert_allclose(g, e, rtol=1e-4, atol=1e-5)


def test_what_comes_out_wants_a_gradient_as_eagerly() -> None:
    def f(x: Any, w: Any) -> Any:
        w = w.detach().requires_grad_()

        def step(s: Any, y: Any) -> Any:
            a, b, c = s
            return (a * 0.5 + y, b * w, b.detach() + c * 0), (a, y * 2, b.detach(), c, b)

        last, ys = gradus.scan(step, (x[0], x[1], w * 1), x)
        return [t.requires_grad for t in (*last, *ys)]

    assert gradus.compile(f)(r(T, H), r(H)) == f(r(T, H), r(H))


def test_walking_back_from_what_wants_no_gradient_is_refused_as_eagerly() -> None:
    def f(x: Any, w: Any) -> Any:
        w = w.detach().requires_grad_()
        (last, _), _ = gradus.scan(lambda s, y: ((s[0] * 0.5 + y, s[1] * w), s[0]), (x[0], x[1]), x)
        return gradus.grad(last.sum(), w)

    for g in (f, gradus.compile(f)):
        with pytest.raises(gradus.errors.GradientError, match="nothing this tensor was computed from"):
            g(r(T, H), r(H))


def test_hooks_are_called_once_for_each_gradient() -> None:
    def outside(x: Any) -> Any:
        x = x.detach().requires_grad_()
        w = x[0].detach().requires_grad_()
        w.register_hook(lambda g: g * 2)
        (last,), _ = gradus.scan(lambda s, y: ((s[0] * w * 0.5 + y,), s[0]), (x[0],), x)
        return list(gradus.grad(last.sum(), [w, x]))

    def inside(x: Any, of_state: bool = False) -> Any:
        x = x.detach().requires_grad_()
        seen: list[Any] = []

        def step(s: Any, y: Any) -> Any:
            h = s[0] * 0.5 + y
            (s[0] if of_state else h).register_hook(lambda g: seen.append(g))
            h.register_hook(lambda g: g.clip(-0.5, 0.5))
            return (h,), h

        _, ys = gradus.scan(step, (x[0] * 1,), x)
        g = gradus.grad((ys * ys).sum(), x)
        return [g, gradus.stack(seen)]

    for f in (outside, inside, lambda x: inside(x, True)):
        for e, g in zip(f(r(T, H)), gradus.compile(f)(r(T, H)), strict=True):
            np.testing.assert_allclose(g.numpy(), e.numpy(), rtol=1e-5, atol=1e-5)


def test_a_state_that_is_handed_on_stays_the_tensor_that_it_is() -> None:
    w = gradus.tensor(np.zeros(H, np.float32))

    def f(x: Any) -> Any:
        (a, same_w), ys = gradus.scan(lambda s, y: ((s[0] + s[1], s[1]), s[0] * y), (x[0], w), x)
        assert same_w is w
        same_w.assign_(same_w + 1)
        return ys + a

    compiled, xs = gradus.compile(f), r(T, H)
    found = [compiled(xs).numpy().copy() for _ in range(2)]
    assert w.numpy().tolist() == [2] * H
    w.assign_(w * 0)
    for g in found:
        np.testing.assert_allclose(g, f(xs).numpy(), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("grad", [True, False])
def test_recording_inside_a_step_under_no_grad(grad: bool) -> None:
    def f(x: Any, w: Any) -> Any:
        w = w.detach().requires_grad_()

        def step(s: Any, y: Any) -> Any:
            with gradus.enable_grad():
                h = s[0] * w + y
            return (h if grad else h.detach(),), s[0]

        with gradus.no_grad():
            (last,), _ = gradus.scan(step, (x[0],), x)
        return [last.requires_grad, *([gradus.grad(last.sum(), w)] if last.requires_grad else [])]

    expected, found = f(r(T, H), r(H)), gradus.compile(f)(r(T, H), r(H))
    assert found[0] is expected[0] is grad
    for e, g in zip(expected[1:], found[1:], strict=True):
        np.testing.assert_allclose(g.numpy(), e.numpy(), rtol=1e-4)


def test_a_loop_in_a_loop_that_only_hands_on_a_view_of_the_outer_ones_place() -> None:
    def f(x: Any) -> Any:
        def outer(s: Any, y: Any) -> Any:
            _, padded = gradus.scan(lambda t, z: ((t[0] * z,), y.pad(((0, 2),)) * 1), (s[0].sum(),), y)
            _, views = gradus.scan(lambda t, z: ((t[0] * z,), y.reshape(1, -1)), (s[0].sum(),), y)
            return (s[0] * 0.5 + y,), (padded, views)

        (last,), ys = gradus.scan(outer, (x[0],), x)
        return [last, *ys]

    same(f, r(T, 8))
