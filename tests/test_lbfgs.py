"""L-BFGS: its search along a way, when it stops, what it remembers."""

from __future__ import annotations

import numpy as np
import pytest

import gradus
from gradus import optim
from gradus.errors import ArgumentError
from gradus.optim import lbfgs


def test_the_least_point_of_a_cubic() -> None:
    """Through two points with their slopes goes one cubic: its least point, or half the way if it has none."""
    for a, b, c, e in [(1.0, 0.0, -3.0, 2.0), (0.5, -1.0, -2.0, 0.0), (-1.0, 6.0, -9.0, 1.0), (0.0, 2.0, -5.0, 3.0)]:
        points = [
            (x, a * x**3 + b * x**2 + c * x + e, gradus.zeros(1), 3 * a * x**2 + 2 * b * x + c) for x in (0.25, 3)
        ]
        least = -c / (2 * b) if a == 0 else (-b + np.sqrt(b * b - 3 * a * c)) / (3 * a)
        for pair in (points, points[::-1]):
            assert lbfgs._cubic(*pair, 0.0, 9.0) == pytest.approx(least, rel=1e-12)
    falling = [(x, -(x**3) - x, gradus.zeros(1), -3 * x**2 - 1) for x in (1.0, 2.0)]
    assert lbfgs._cubic(*falling, 2.0, 20.0) == 11
    straight = [(x, 3.0 * x, gradus.zeros(1), 3.0) for x in (1.0, 2.0)]
    assert lbfgs._cubic(*straight, 1.1, 1.9) == 1.5
    assert [lbfgs._cubic(*pair, *bounds) for bounds in ((0.0, 0.5), (3.5, 9.0))] == [0.5, 3.5], "within bounds"


ALONG = {  # a loss along a way and its slope: with a valley, two, one far away, one near, one with a long flat floor
    "square": (lambda x: (x - 1) ** 2, lambda x: 2 * (x - 1)),
    "waves": (lambda x: 0.3 * (x - 2) ** 2 - np.sin(3 * x), lambda x: 0.6 * (x - 2) - 3 * np.cos(3 * x)),
    "far": (lambda x: (x / 50 - 1) ** 4, lambda x: 4 * (x / 50 - 1) ** 3 / 50),
    "near": (lambda x: np.exp(8 * x) - 20 * x, lambda x: 8 * np.exp(8 * x) - 20),
    "flat": (lambda x: -x / (x * x + 2), lambda x: (x * x - 2) / (x * x + 2) ** 2),
}


@pytest.mark.parametrize("t", [1e-3, 0.3, 1.0, 1.8, 9.0])
@pytest.mark.parametrize("name", ALONG)
def test_line_search_fulfils_wolfes_conditions(name, t) -> None:
    loss, slope = ALONG[name]
    tried = []

    def at(x):
        tried.append(x)
        return float(loss(x)), gradus.tensor([float(slope(x))], "float64")

    d, c1, c2 = gradus.ones(1, "float64"), 1e-4, 0.3
    start = float(loss(0.0)), gradus.tensor([float(slope(0.0))], "float64"), float(slope(0.0))
    length, value, g, used = lbfgs.strong_wolfe(at, d, t, *start, 1e-9, c1, c2)
    assert used == len(tried) <= 25
    assert length in tried
    assert (value, g.item()) == (loss(length), slope(length))
    assert value <= start[0] + c1 * length * start[2], "it has fallen"
    assert abs(g.item()) <= -c2 * start[2], "it is flatter"


def test_line_search_gives_the_best_it_has_when_it_may_try_no_more() -> None:
    loss, slope = ALONG["square"]
    start = loss(0.0), gradus.tensor([slope(0.0)], "float64"), slope(0.0)
    d = gradus.ones(1, "float64")

    def at(x):
        return loss(x), gradus.tensor([slope(x)], "float64")

    assert lbfgs.strong_wolfe(at, d, 1e-3, *start, 1e-9, most=1)[::3] == (1e-3, 1), "nearer than before"
    assert lbfgs.strong_wolfe(at, d, 9.0, *start, 1e-9, most=1)[::3] == (0.0, 1), "not farther than the start"
    assert lbfgs.strong_wolfe(at, d, 9.0, *start, 10.0)[::3] == (0.0, 1), "the interval is as small as was asked for"


def quartic(**options):
    x = gradus.tensor([3.0, -2.0], "float64", requires_grad=True)
    optimizer, losses = optim.LBFGS([x], **options), []

    def closure():
        optimizer.zero_grad()
        loss = ((x - 1.0) ** 4).sum() + ((x - 1.0) ** 2).sum()
        loss.backward()
        losses.append(loss.item())
        return loss

    return optimizer, closure, losses


def test_lbfgs_stops_when_it_was_told_to() -> None:
    def evaluations(**options):
        optimizer, closure, losses = quartic(**options)
        assert optimizer.step(closure).item() == losses[0] == 110
        return len(losses), optimizer.steps.item()

    assert evaluations(max_iter=1) == (1, 1), "the loss at the end is asked for by nobody"
    assert evaluations(max_iter=4) == (4, 4)
    assert evaluations(max_iter=8, max_eval=3) == (3, 2)
    assert evaluations(max_iter=4, line_search_fn="strong_wolfe")[0] >= 5, "5 / 4 of the iterations, and no fewer"
    assert evaluations(tolerance_grad=1e3) == (1, 0)
    assert evaluations(tolerance_change=1e9) == (1, 0), "so flat is the way at the start"
    assert evaluations(lr=1e-3, tolerance_change=0.03) == (2, 1), "the parameters change less"
    few, many = (evaluations(tolerance_grad=t, tolerance_change=0.0)[1] for t in (1.0, 1e-6))
    assert 1 < few < many < 20


def test_lbfgs_remembers_so_many_changes() -> None:
    optimizer, closure, _ = quartic(max_iter=6, history_size=2, lr=0.3)
    optimizer.step(closure)
    assert len(optimizer._changes) == 2
    assert {name.split(".")[1] for name in optimizer.state_dict() if name.startswith("history")} == {"0", "1", "2"}


def test_lbfgs_refuses_groups_and_what_has_no_closure() -> None:
    x, y = (gradus.tensor([1.0], requires_grad=True) for _ in range(2))
    with pytest.raises(ArgumentError, match="in no groups"):
        optim.LBFGS([{"params": [x]}, {"params": [y], "lr": 0.1}])
    with pytest.raises(ArgumentError, match=r"step\(closure\)"):
        optim.LBFGS([x]).step()
    with pytest.raises(ArgumentError, match="max_iter"):
        optim.LBFGS([x], max_iter=0)
