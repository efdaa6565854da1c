"""Small random programs of Tensors, drawn by hypothesis, for running eagerly and compiled.

A program is a list of instructions, each five small numbers: which op, on which of the values so far, and two
parameters. What they mean is worked out from shapes alone, so that tracing takes the same path as eager execution.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from hypothesis import strategies as st

import gradus
from gradus import nn
from gradus.tensor import Tensor

LARGEST = 600  # elements; a value beyond is summed along its first axis


@dataclass(frozen=True)
class Program:
    """What is run: the shapes of arguments and of state, the instructions, which values are returned or assigned."""

    shapes: tuple[tuple[int, ...], ...]
    state: tuple[tuple[int, ...], ...]
    steps: tuple[tuple[int, int, int, int, int], ...]
    results: tuple[int, ...]
    writes: tuple[int, ...]
    gradient: bool
    joining: bool = False  # whether the instructions are those of `JOINS`

    def arguments(self, dtype: str, seed: int = 0) -> list[Tensor]:
        rng = np.random.default_rng(seed)
        return [gradus.tensor(rng.normal(size=s), dtype) for s in self.shapes]

    def function(self, dtype: str) -> tuple[Callable[..., Any], list[Tensor]]:
        """A new function of the arguments, and the state that it reads and writes."""
        rng = np.random.default_rng(99)
        state = [gradus.tensor(rng.normal(size=s), dtype) for s in self.state]
        return lambda *xs: self._run(xs, state), state

    def _run(self, arguments: tuple[Tensor, ...], state: list[Tensor]) -> list[Tensor]:
        leaves = [x.detach().requires_grad_() for x in arguments] if self.gradient else list(arguments)
        values = [*leaves, *(s * 1 for s in state)]
        given = len(values)
        for op, a, b, p, q in self.steps:
            x, y, raw = values[a % len(values)], values[b % len(values)], values[a % given]
            ops = JOINS if self.joining else OPS
            out = ops[op % len(ops)](x, y, raw, p, q)
            values.append(out.sum(0) * 0.1 if out.size > LARGEST else out)
        results = [values[-1 - r % len(values)] for r in self.results]
        if self.gradient:
            loss = sum(r.tanh().sum() for r in results)
            leaves += [w for layer in layers(leaves) if self.joining for w in layer.parameters()]
            results += gradus.grad(loss, leaves) if loss.requires_grad else []
        for s, w in zip(state, self.writes, strict=True):
            s.assign_(_of_shape(values[-1 - w % len(values)], s.shape).detach())
        return [r.detach() for r in results]


def _axis(x: Tensor, p: int) -> int:
    return p % x.ndim


def _at_least(x: Tensor, ndim: int) -> Tensor:
    return x.reshape((1,) * max(ndim - x.ndim, 0) + x.shape)


def _of_shape(x: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Some tensor of a shape, made from x."""
    size = math.prod(shape)
    flat = x.reshape(-1)
    if x.size >= size:
        return flat[:size].reshape(shape)
    return gradus.pad(flat, [(0, size - x.size)], value=0.5).reshape(shape)


def _fitting(x: Tensor, y: Tensor) -> Tensor:
    """y, if it broadcasts with x; else something of x's shape, or its last axis', made from y."""
    if all(m in (1, n) or n == 1 for m, n in zip(x.shape[::-1], y.shape[::-1], strict=False)):
        return y
    return _of_shape(y, x.shape[-1:] if y.size % 2 else x.shape)


def _reshaped(x: Tensor, p: int) -> Tensor:
    if p % 3 == 0 or x.ndim < 2:
        n = next((d for d in (2, 3, 5, 7) if x.size % d == 0), 1)
        return x.reshape(n, -1) if p % 2 and x.size else x.reshape(-1)
    if p % 3 == 1:
        return x.reshape(x.shape[0] * x.shape[1], *x.shape[2:])
    return x.reshape(*x.shape[:-2], -1) if x.size else x


def _sliced(x: Tensor, p: int, q: int) -> Tensor:
    x = _at_least(x, 1)
    n, axis = x.shape[_axis(x, q)], _axis(x, q)
    start, step = (p % n if n else 0), (1, 2, -1, 3)[(p + q) % 4]
    part = slice(None, None, -1) if step == -1 else slice(start, None, step)
    return x[(slice(None),) * axis + (part,)]


def _concatenated(x: Tensor, y: Tensor, p: int) -> Tensor:
    x = _at_least(x, 1)
    axis = _axis(x, p)
    alike = y.ndim == x.ndim and all(a == axis or m == n for a, (m, n) in enumerate(zip(x.shape, y.shape, strict=True)))
    return gradus.concatenate([x, y if alike else x * 2, x], axis)


def _product(x: Tensor, y: Tensor, p: int) -> Tensor:
    x = _at_least(x, 2)
    n = x.shape[-1]
    if p % 4 == 0:
        return (x @ x.mT) * 0.2
    if p % 4 == 1:
        return (x.mT @ x) * 0.2
    if p % 4 == 2:
        return (x @ _of_shape(y, (n,))) * 0.3
    shape = (n, 1 + p % 19)
    return (x @ _of_shape(y, shape)) * 0.3 if p % 8 < 4 else (x @ _of_shape(y, shape[::-1]).T) * 0.3


def _gated(x: Tensor, y: Tensor, raw: Tensor, p: int, q: int) -> Tensor:
    """Products whose columns are needed in parts beside each other, as the gates of a recurrent cell are."""
    parts, rows = 2 + p % 3, 9 + q
    sums = _of_shape(x, (rows, 1 + p)) @ _of_shape(y, (1 + p, 16 * parts)) * 0.2
    if q % 2:
        sums = sums + _of_shape(raw, (rows, 3)) @ _of_shape(y, (3, 16 * parts)) * 0.2
    first, *others = sums.split(parts, axis=-1)
    for gate in others:
        first = first.sigmoid() * gate if q % 3 else first + gate.tanh()
    return first


def _taken(x: Tensor, p: int, q: int) -> Tensor:
    x = _at_least(x, 1)
    axis = _axis(x, q)
    n = x.shape[axis]
    return x.take(np.array([[p % n, q % n], [0, -1]]) if p % 2 else np.array([p % n, 0, -1]), axis) if n else x


def _taken_by_value(x: Tensor, raw: Tensor) -> Tensor:
    x, raw = _at_least(x, 1), _at_least(raw, 1)
    if not x.shape[0] or not raw.shape[-1]:
        return x
    return x.take(raw.argmax(-1) % x.shape[0], 0)


def _scattered(x: Tensor, p: int, q: int) -> Tensor:
    x = _at_least(x, 1)
    axis = _axis(x, q)
    n = x.shape[axis]
    return gradus.segment_sum(x, (np.arange(n) * (1 + p % 5)) % (n + 1) - (p % 2) * n // 2, n + 1, axis)


def _assigned(x: Tensor, y: Tensor, raw: Tensor, p: int, q: int) -> Tensor:
    """A copy, or a view of one, with elements assigned; views that were taken before are not used again."""
    x = _at_least(x, 1) * 1
    axis = _axis(x, q)
    if not x.size:
        return x
    turned = x.swapaxes(0, axis) if p % 3 else x
    n = turned.shape[0]
    value = _of_shape(y, turned.shape[1:])
    keys = (p % n, slice(None, None, -1 - q % 2), slice(p % n, None), np.array([q % n, 0, q % n]))
    if p % 5 < 4:
        turned[keys[p % 5]] = value
    else:
        turned[_of_shape(raw, turned.shape) > 0.1] = 0.25
    if q % 3 == 0:
        turned[q % n][...] = turned[p % n] * value
    return x if q % 2 else turned * 1


def _along(x: Tensor, y: Tensor, raw: Tensor, p: int, q: int) -> Tensor:
    """Elements at computed places of each row: read, replaced, added to; or where a mask is true."""
    x = _at_least(x, 2)
    axis, n = _axis(x, q), x.shape[_axis(x, q)]
    if not x.size:
        return x
    y = _of_shape(y, x.shape)
    index = (gradus.arange(x.size) * (1 + p)).reshape(x.shape) % n
    index = index[: 1 + q % x.shape[0]]
    return (
        lambda: x.gather(axis, index),
        lambda: x.scatter(axis, index, y),
        lambda: x.scatter_add(axis, index, y),
        lambda: x.index_add(axis, index.reshape(-1)[:n], y.take(gradus.arange(min(n, index.size)), axis)),
        lambda: x.masked_scatter(_of_shape(raw, x.shape) > 0.1, y),
        lambda: x.take_along_axis(_of_shape(raw, x.shape).argmax(axis, keepdims=True), axis),
        lambda: x.scatter_reduce(axis, index, y, ("mean", "amax", "amin", "sum")[q % 4], q % 2 == 0),
        lambda: x.scatter_reduce(axis, index[:1], y.tanh(), "prod"),
        lambda: x.index_put((index.reshape(-1) % x.shape[0],), y[0], accumulate=True) * 0.3,
    )[p % 9]()


def _windows(x: Tensor, p: int, q: int, back: bool) -> Tensor:
    x = _at_least(x, 2)
    kernel, stride, dilation = (1 + p % 3, 1 + q % 2), (1 + q % 2, 1 + p % 2), (1 + p % 2, 1)
    if any(d * (k - 1) + 1 > n for n, k, d in zip(x.shape[-2:], kernel, dilation, strict=True)):
        return x
    seen = gradus.sliding_window(x, kernel, stride, dilation)
    if not back:
        return seen.max((-1, -2)) if p % 2 else seen.sum(-1)
    return gradus.sliding_window_adjoint(seen * 0.5, x.shape, kernel, stride, dilation)


def _stretched(x: Tensor, p: int) -> Tensor:
    return x.expand_dims(p % (x.ndim + 1)).broadcast_to(
        (*x.shape[: p % (x.ndim + 1)], 1 + p % 4, *x.shape[p % (x.ndim + 1) :])
    )


def _reduced(x: Tensor, p: int, q: int) -> Tensor:
    x = _at_least(x, 1)
    axis = None if p % 5 == 4 else (0, -1) if p % 5 == 3 and x.ndim > 1 else _axis(x, p)
    if q % 3 == 1:
        return x.mean(axis, keepdims=True) if x.size else x
    return x.max(axis, keepdims=q % 2 == 0) if q % 3 == 2 and x.size else x.sum(axis, keepdims=q % 2 == 0) * 0.3


OPS: tuple[Callable[[Tensor, Tensor, Tensor, int, int], Tensor], ...] = (
    lambda x, y, raw, p, q: x + _fitting(x, y),
    lambda x, y, raw, p, q: x * _fitting(x, y) * 0.5,
    lambda x, y, raw, p, q: x - _fitting(x, y) * (q * 0.1),
    lambda x, y, raw, p, q: x / (_fitting(x, y).square() + 0.5),
    lambda x, y, raw, p, q: gradus.maximum(x, _fitting(x, y)),
    lambda x, y, raw, p, q: gradus.where(_of_shape(raw, x.shape) > 0.1 * q, x, _of_shape(y, x.shape)),
    lambda x, y, raw, p, q: (x.tanh(), x.sigmoid(), x.softplus(), x.sin(), x.cos())[p % 5],
    lambda x, y, raw, p, q: (x.clip(-3, 3).exp() * 0.2, (x.square() + 0.1).log(), abs(x), x.erf(), -x)[p % 5],
    lambda x, y, raw, p, q: (x.square() + 0.1).sqrt() if p % 2 else (abs(x) + 0.2) ** (0.5 + q % 3),
    lambda x, y, raw, p, q: _reduced(x, p, q),
    lambda x, y, raw, p, q: _reduced(x, q, p),
    lambda x, y, raw, p, q: _reshaped(x, p),
    lambda x, y, raw, p, q: x.permute(tuple(np.roll(range(x.ndim), p).tolist())) if x.ndim else x,
    lambda x, y, raw, p, q: x.swapaxes(p % x.ndim, q % x.ndim) if x.ndim else x,
    lambda x, y, raw, p, q: _sliced(x, p, q),
    lambda x, y, raw, p, q: gradus.pad(x, [((p + i) % 3, (q + i) % 2) for i in range(x.ndim)], value=p % 2),
    lambda x, y, raw, p, q: x.flip(_axis(x, p)) if x.ndim else x,
    lambda x, y, raw, p, q: _concatenated(x, y, p),
    lambda x, y, raw, p, q: _stretched(x, p),
    lambda x, y, raw, p, q: _product(x, y, p + 8 * q),
    lambda x, y, raw, p, q: _product(x, y, 3 * p + q),
    lambda x, y, raw, p, q: _gated(x, y, raw, p, q),
    lambda x, y, raw, p, q: _taken(x, p, q),
    lambda x, y, raw, p, q: _taken_by_value(x, raw),
    lambda x, y, raw, p, q: _scattered(x, p, q),
    lambda x, y, raw, p, q: _assigned(x, y, raw, p, q),
    lambda x, y, raw, p, q: _assigned(x, raw, y, q, p),
    lambda x, y, raw, p, q: _along(x, y, raw, p, q),
    lambda x, y, raw, p, q: _windows(x, p, q, back=False),
    lambda x, y, raw, p, q: _windows(x, p, q, back=True),
    lambda x, y, raw, p, q: _at_least(x, 1).cumsum(p % max(x.ndim, 1)) * 0.2,
    lambda x, y, raw, p, q: _of_shape(raw, (3, 2 + p)).argmax(q % 2).astype(x.dtype) + x.reshape(-1)[:1].sum(),
    lambda x, y, raw, p, q: gradus.logsumexp(_at_least(x, 1), p % max(x.ndim, 1)) if x.size else x,
    lambda x, y, raw, p, q: _at_least(x, 1).sort(p % max(x.ndim, 1), descending=q % 2 == 0),
    lambda x, y, raw, p, q: (
        lambda x, a: (x.cummax(a).values, x.cumprod(a) * 0.01, x.roll(q, a), x.norm(2, a), x.logcumsumexp(a))[p % 5]
    )(_at_least(x, 1), p % max(x.ndim, 1)),
    lambda x, y, raw, p, q: (x.arctan(), x.arcsinh(), gradus.hypot(x, 1), x.trunc(), gradus.tile(x, 1 + q % 2))[p % 5],
    lambda x, y, raw, p, q: x + gradus.arange(x.size, dtype=x.dtype).reshape(x.shape) * 0.01,
)

# -- programs that lean on joined values -------------------------------------------------------------------------------


@cache
def recurrent(dtype: str) -> list[Any]:
    """A layer of each kind, with one layer and with two."""
    gradus.seed(5)
    return [kind(3, 4, num_layers=n).astype(dtype) for kind in (nn.RNN, nn.LSTM, nn.GRU) for n in (1, 2)]


def layers(leaves: list[Tensor]) -> list[Any]:
    return recurrent(str(leaves[0].dtype)) if leaves else []


def _recurrent(x: Tensor, y: Tensor, p: int, q: int) -> Tensor:
    """A recurrent layer over something, and one of the ways in which its outputs and states are used."""
    layer = recurrent(str(x.dtype))[(p + 3 * q) % 6]
    output, state = layer(_of_shape(x, (1 + p % 5, 1 + q % 2, 3)))
    last, cells = state if isinstance(state, tuple) else (state, state)
    return (
        lambda: output,
        lambda: last,
        lambda: last[-1],
        lambda: output[-1] + cells[-1] * 0.5,
        lambda: gradus.concatenate([output, last]),
        lambda: gradus.concatenate([last, output[1:], cells]),
        lambda: gradus.stack([output, output * 2]).sum(q % 4),
        lambda: gradus.concatenate([output, output.flip(0) * 0.5], -1),
    )[(p ^ q) % 8]()


def _stacked(x: Tensor, y: Tensor, p: int) -> Tensor:
    y = _of_shape(y, x.shape)
    return gradus.stack([x, (x * 2, y, x.tanh())[p % 3], *([y] if p % 2 else [])], p % (x.ndim + 1))


def _joined(x: Tensor, y: Tensor, p: int, q: int) -> Tensor:
    """Joined values of which some depend on others, or have pieces in common."""
    x = _at_least(x, 1)
    axis = q % x.ndim if q % 2 else 0
    y = _of_shape(y, x.shape)
    c = gradus.concatenate([x, y], axis)
    return (
        lambda: gradus.concatenate([c * 2, x], axis),
        lambda: gradus.concatenate([x, c * 2, y], axis),
        lambda: gradus.concatenate([c, gradus.concatenate([y, c.tanh()], axis)], axis),
        lambda: c + gradus.concatenate([y, x * 0.5], axis),
        lambda: gradus.concatenate([gradus.concatenate([y, x], axis), c], axis),
        lambda: gradus.stack([c, c.cos()]).sum(0) * 0.5,
        lambda: gradus.concatenate([c.flip(axis), c], axis),
        lambda: c,
    )[p]()


def _split(x: Tensor, p: int, q: int) -> Tensor:
    x = _at_least(x, 1)
    axis = _axis(x, q)
    parts = next((n for n in (2 + p % 4, 2, 3, 5) if x.shape[axis] and x.shape[axis] % n == 0), 1)
    pieces = x.split(parts, axis)
    return (
        lambda: gradus.concatenate(pieces[::-1], axis),
        lambda: gradus.concatenate([piece * (1 + i) for i, piece in enumerate(pieces)], axis),
        lambda: sum(pieces[1:], pieces[0]),
        lambda: gradus.stack([piece.tanh() for piece in pieces], q % (x.ndim + 1)),
    )[p % 4]()


def _cut(x: Tensor, p: int, q: int) -> Tensor:
    """Slices that overlap, added or joined."""
    x = _at_least(x, 1)
    if x.shape[0] < 2:
        return x
    front, back = x[:-1], x[1:]
    kinds = (front + back, gradus.concatenate([back, x[:1]]), gradus.concatenate([back, front]), back - front * 0.5)
    return kinds[p % 4]


def _padded(x: Tensor, p: int, q: int) -> Tensor:
    x = _at_least(x, 1)
    first = [(p % 3, q % 3), *[(0, 0)] * (x.ndim - 1)]
    wide = gradus.pad(x, first, value=0.5 * (p % 2))
    return wide + gradus.pad(x, [(q % 3, p % 3), *first[1:]]) if q % 2 else wide[q % 2 :]


def _loop(x: Tensor, y: Tensor, p: int, q: int) -> Tensor:
    """A loop over rows whose states are gathered: before, after, or both."""
    x = _at_least(x, 2)
    rows = [x[t] for t in range(min(x.shape[0], 6))]
    state = _of_shape(y, x.shape[1:])
    before, after = [], []
    for row in rows[:: -1 if q % 2 else 1]:
        before.append(state)
        state = (state * 0.5 + row).tanh()
        after.append(state)
    if not after:
        return x
    a, b = gradus.stack(after), gradus.stack(before)
    return (a, a * b, gradus.concatenate([a, b]), gradus.concatenate([b, a * 2]))[p % 4]


JOINS: tuple[Callable[[Tensor, Tensor, Tensor, int, int], Tensor], ...] = (
    lambda x, y, raw, p, q: x + _fitting(x, y),
    lambda x, y, raw, p, q: x * _fitting(x, y) * 0.5,
    lambda x, y, raw, p, q: (x.tanh(), x.sigmoid(), x.sin(), -x, x * 1)[p % 5],
    lambda x, y, raw, p, q: _reduced(x, p, q),
    lambda x, y, raw, p, q: _reshaped(x, p),
    lambda x, y, raw, p, q: x.swapaxes(p % x.ndim, q % x.ndim) if x.ndim else x,
    lambda x, y, raw, p, q: _product(x, y, p + 8 * q),
    lambda x, y, raw, p, q: _concatenated(x, y, p),
    lambda x, y, raw, p, q: _stacked(x, y, p),
    lambda x, y, raw, p, q: _joined(x, y, p, q),
    lambda x, y, raw, p, q: _joined(x, raw, p, q),
    lambda x, y, raw, p, q: _split(x, p, q),
    lambda x, y, raw, p, q: _sliced(x, p, q),
    lambda x, y, raw, p, q: _cut(x, p, q),
    lambda x, y, raw, p, q: _padded(x, p, q),
    lambda x, y, raw, p, q: gradus.pad(x, [((p + i) % 3, (q + i) % 2) for i in range(x.ndim)], value=p % 2),
    lambda x, y, raw, p, q: _loop(x, y, p, q),
    lambda x, y, raw, p, q: _recurrent(x, y, p, q),
    lambda x, y, raw, p, q: _recurrent(raw, y, p, q),
)

_lengths = st.one_of(st.integers(1, 5), st.sampled_from((0, 7, 8, 15, 16, 17, 31, 33)))
_shapes = st.lists(_lengths, max_size=3).map(tuple).filter(lambda s: math.prod(s) <= LARGEST)
_number = st.integers(0, 7)
_step = st.tuples(st.integers(0, len(OPS) - 1), st.integers(0, 11), st.integers(0, 11), _number, _number)


@st.composite
def programs(draw: st.DrawFn, joining: bool = False) -> Program:
    """A program of one to four inputs and up to nine instructions; `joining` ones lean on joined values."""
    first = draw(_shapes)
    others = draw(st.lists(st.one_of(st.just(first), _shapes), max_size=3))
    inside = draw(st.integers(0, min(2, len(others))))
    state = tuple(others[:inside])
    steps = tuple(draw(st.lists(_step, min_size=1, max_size=9)))
    results = tuple(draw(st.lists(st.integers(0, 6), min_size=1, max_size=3)))
    writes = tuple(draw(st.lists(st.integers(0, 6), min_size=inside, max_size=inside)))
    return Program((first, *others[inside:]), state, steps, results, writes, draw(st.booleans()), joining)
