"""What the sanitizer runs of loops: states around the vector's width, histories, results kept of each step."""

from __future__ import annotations

from typing import Any

from operations import Function, Given, Results, _with_gradients, operation

import gradus
from gradus import nn
from gradus.tensor import Tensor

LOOPS = ("recurrent", "wide_recurrent", "scans", "scan_gradients")


@operation
def wide_recurrent(g: Given) -> tuple[Results, Function]:
    """Loops of 8 steps whose states are as wide as the operation is long, forwards and backwards."""
    layer = nn.GRU(3, g.n, bidirectional=True).astype(g.dtype)
    return [g(8, 2, 3)], _with_gradients(lambda x: layer(x)[0], list(layer.parameters()))


@operation
def scans(g: Given) -> tuple[Results, Function]:
    """Loops that carry vectors and matrices, with and without a history, with results kept of each step."""

    def step(s: tuple[Tensor, ...], y: Tensor) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
        a, b, c = s
        new = gradus.maximum(a, y[0]), gradus.where(y > b, b, y), c ^ (y[0] > a)
        return new, (a, gradus.concatenate([b[:, 1:], b[:, :1]], axis=1), c, y.T.max(1), b.any(0))

    def inner(s: tuple[Tensor, ...], y: Tensor) -> Any:
        return gradus.scan(lambda t, z: ((gradus.minimum(t[0], z),), t[0].max()), s, y.T, reverse=True)

    def function(x: Tensor, long: Tensor) -> Results:
        start = x[0, 0], x[1], gradus.zeros((g.n,), "bool")
        (a, b, c), ys = gradus.scan(step, start, x)
        _, (firsts, *_) = gradus.scan(step, start, x, reverse=True)
        (least,), kept = gradus.scan(inner, (long[0, :, 0],), long)
        return [a, b, c, *ys, firsts, least, kept]

    return [g(9, 3, g.n), g(8, g.n, 9)], function


@operation
def scan_gradients(g: Given) -> tuple[Results, Function]:
    w = g.parameter(g.n, g.n)

    def function(x: Tensor) -> Tensor:
        def step(s: tuple[Tensor, ...], y: Tensor) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
            a, total = s
            new = ((a @ w) * 0.1 + y).tanh()
            return (new, total + (new * y).sum(0)), (new.T.exp(), total)

        (last, total), (kept, totals) = gradus.scan(step, (x[0], x[0, 0]), x)
        return kept.sum((0, 2)) + last.sum(0) + total + totals.mean(0)

    return [g(9, 3, g.n, low=-1, high=1)], _with_gradients(function, [w])
