"""Small random programs that lean on loops: scans of every shape, loops in loops, `while_loop`, recurrent layers.

A program is a list of loops and of instructions after them; what they mean is worked out from shapes alone, as in
`programs.py`, whose instructions the steps use, too.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from hypothesis import strategies as st
from programs import JOINS, OPS, _at_least, _fitting, _of_shape

import gradus
from gradus import nn
from gradus.nn import functional as F
from gradus.tensor import Tensor

LARGEST = 200  # elements of a value in a step; a larger one is summed along its first axis
Instruction = tuple[int, int, int, int, int]


@dataclass(frozen=True)
class Loop:
    """One loop.

    Attributes:
        kind: which of `KINDS` it is.
        length, reverse: of a scan.
        arrays: the shapes of what goes to the step, by place.
        states: the shapes of what is carried, each with which of `CARRIED` it is.
        inner: the instructions of a loop inside of each step, if there is one.
        steps: those of a step.
        kept: which values a step gives for its place; one, or several as a tuple.
        used: which of its results are used afterwards.
    """

    kind: int
    length: int
    reverse: bool
    arrays: tuple[tuple[int, ...], ...]
    states: tuple[tuple[tuple[int, ...], int], ...]
    inner: tuple[Instruction, ...]
    steps: tuple[Instruction, ...]
    kept: tuple[int, ...]
    used: int


@dataclass(frozen=True)
class LoopProgram:
    """What is run: the shapes of arguments, the loops, the instructions after them, and which values are returned."""

    shapes: tuple[tuple[int, ...], ...]
    loops: tuple[Loop, ...]
    steps: tuple[Instruction, ...]
    results: tuple[int, ...]
    gradient: bool
    target: str = "avx2"

    def arguments(self, dtype: str, seed: int = 0, moved: float = 0) -> list[Tensor]:
        """Numbers to run it with; each `moved` by about such a part of itself."""
        rng, other = np.random.default_rng(seed), np.random.default_rng(1)
        drawn = [rng.normal(size=s) for s in self.shapes]
        return [gradus.tensor(a * (1 + moved * other.choice([-1.0, 1.0], a.shape)), dtype) for a in drawn]

    def function(self, dtype: str) -> Callable[..., Any]:
        """A new function of the arguments; it reads parameters from around it."""
        rng = np.random.default_rng(99)
        weights = [gradus.tensor(rng.normal(size=s), dtype).requires_grad_() for s in ((5, 4), (4,), ())]
        return lambda *xs: self._run(xs, weights)

    def _run(self, arguments: tuple[Tensor, ...], weights: list[Tensor]) -> list[Tensor]:
        leaves = [x.detach().requires_grad_() for x in arguments] if self.gradient else list(arguments)
        values = [*leaves, *(w * 1 for w in weights)]
        for loop in self.loops:
            values += [v for v in KINDS[loop.kind % len(KINDS)](loop, values, weights) if v.size]
        values += carry_out(self.steps, values, AFTER)[len(values) :]
        results = [values[-1 - r % len(values)] for r in self.results]
        if self.gradient:
            wanted = [*leaves, *weights, *layer_weights(str(leaves[0].dtype))]
            loss = sum(_spread(r.astype("float32") if r.dtype.itemsize == 2 else r) for r in results)
            results += gradus.grad(loss, wanted) if loss.requires_grad else []
        return [r.detach() for r in results]


def _spread(x: Tensor) -> Tensor:
    """A number in which each element has a part of its own."""
    x = x.reshape(-1)
    return (x.tanh() * (1 + gradus.arange(x.size, dtype=x.dtype) * 0.1)).sum()


def carry_out(steps: tuple[Instruction, ...], values: list[Tensor], ops: Any) -> list[Tensor]:
    """The values so far, and those that instructions make of them."""
    values, given = list(values), len(values)
    for op, a, b, p, q in steps:
        out = ops[op % len(ops)](values[-1 - a % len(values)], values[b % len(values)], values[a % given], p, q)
        while out.size > LARGEST:
            out = out.sum(0) * 0.1
        values.append(out)
    return values


# -- what is carried ---------------------------------------------------------------------------------------------------


def _bounded(x: Tensor, shape: tuple[int, ...]) -> Tensor:
    return (_of_shape(x, shape) * 0.7).tanh()


def _float(x: Tensor, like: Tensor) -> Tensor:
    return x if x.dtype == like.dtype else x.astype(like.dtype) * 0.1


# What a carried value starts from (of something, and its shape), and what it becomes (of itself, of a value, of what
# the step was given).
CARRIED: tuple[tuple[Callable[..., Tensor], Callable[..., Tensor]], ...] = (
    (lambda x, s: _of_shape(x, s), lambda c, x, raw: _bounded(x, c.shape)),
    (lambda x, s: _of_shape(x, s), lambda c, x, raw: c * 0.5 + _bounded(x, c.shape) * 0.5),
    (lambda x, s: _of_shape(x, s) * 0, lambda c, x, raw: c + _bounded(x, c.shape)),  # a total
    (lambda x, s: _of_shape(x, s), lambda c, x, raw: _bounded(x, c.shape) * 0.1 + c),
    (lambda x, s: _of_shape(x, s), lambda c, x, raw: c),  # passed through
    (lambda x, s: gradus.zeros(s, x.dtype), lambda c, x, raw: _of_shape(raw, c.shape)),  # what was there before
    (lambda x, s: gradus.ones(s, x.dtype), lambda c, x, raw: gradus.ones(c.shape, c.dtype) * 0.5),
    (lambda x, s: _of_shape(x, s), lambda c, x, raw: gradus.maximum(c, _of_shape(raw, c.shape))),
    (lambda x, s: gradus.zeros(s, "int32"), lambda c, x, raw: c + (_of_shape(raw, c.shape) > 0.1).astype("int32")),
    (lambda x, s: gradus.ones(s, "bool"), lambda c, x, raw: c ^ (_of_shape(raw, c.shape) > 0.1)),
    (lambda x, s: gradus.zeros(s, "uint8"), lambda c, x, raw: c * 3 + (_of_shape(raw, c.shape) > 0).astype("uint8")),
    (lambda x, s: _of_shape(x, s), lambda c, x, raw: c.detach() * 0.5 + _bounded(x, c.shape)),
    (lambda x, s: _of_shape(x, s), lambda c, x, raw: c.flip(0) if c.ndim else -c),  # only a view of it
)


def _scan(loop: Loop, values: list[Tensor], weights: list[Tensor]) -> list[Tensor]:
    first = values[0]
    floats = [v for v in values if v.dtype == first.dtype]
    arrays = [
        _of_shape(floats[(loop.used + 3 * i) % len(floats)], (loop.length, *s)) for i, s in enumerate(loop.arrays)
    ]
    start = tuple(
        CARRIED[k % len(CARRIED)][0](floats[(i + k) % len(floats)], s) for i, (s, k) in enumerate(loop.states)
    )

    def step(state: tuple[Tensor, ...], x: Any) -> Any:
        places = x if isinstance(x, tuple) else (x,)
        raw = [*places, first, *weights]
        inside = [*(_float(s, first) for s in state), *raw]
        if loop.inner:
            inside += _inner(loop, inside)
        inside = carry_out(loop.steps, inside, INSIDE)
        new = tuple(
            CARRIED[k % len(CARRIED)][1](c, inside[-1 - (i + k) % len(inside)], raw[(i + k) % len(raw)])
            for i, (c, (_, k)) in enumerate(zip(state, loop.states, strict=True))
        )
        kept = [([*state, *new] * 2 + inside)[-1 - k] for k in loop.kept]
        return new, kept[0] if len(kept) == 1 else tuple(kept)

    last, ys = gradus.scan(step, start, arrays[0] if len(arrays) == 1 else tuple(arrays), loop.reverse)
    found = [_float(v, first) for v in (*last, *(ys if isinstance(ys, tuple) else (ys,)))]
    return [v for i, v in enumerate(found) if loop.used >> i & 1] or found[-1:]


def _inner(loop: Loop, inside: list[Tensor]) -> list[Tensor]:
    """A loop inside of a step: over an array of its own, with a state made of the outer one's."""
    shape = loop.states[0][0] if loop.states else (2,)
    xs = _of_shape(inside[-1 - loop.used % len(inside)], (8 + loop.used % 3, *shape))

    def step(state: tuple[Tensor, ...], x: Tensor) -> Any:
        values = carry_out(loop.inner, [*state, x, *inside[:4]], INSIDE)
        return (_bounded(values[-1], shape) * 0.5 + x * 0.1,), (values[-1], _of_shape(values[-2], (3,)))

    (last,), (ys, three) = gradus.scan(step, (_of_shape(inside[0], shape),), xs, not loop.reverse)
    return [last, ys if ys.size <= LARGEST else ys.sum(0), three]


def _while(loop: Loop, values: list[Tensor], weights: list[Tensor]) -> list[Tensor]:
    first = values[0]
    shape = loop.states[0][0] if loop.states else (3,)
    limit = 1 + loop.used % loop.length

    def step(state: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        count, x = state
        inside = carry_out(loop.steps, [x, first, *weights], INSIDE)
        return count + 1, _bounded(inside[-1], shape)

    start = gradus.tensor(0), _of_shape(values[loop.used % len(values)].astype(first.dtype), shape)
    count, last = gradus.while_loop(lambda s: s[0] < limit, step, start, loop.length)
    return [last, count.astype(first.dtype) * 0.1]


@cache
def _layers(dtype: str) -> list[Any]:
    gradus.seed(5)
    options: tuple[dict[str, Any], ...] = ({}, {"num_layers": 2}, {"bidirectional": True}, {"bias": False})
    return [kind(3, 4, **o).astype(dtype) for kind in (nn.RNN, nn.LSTM, nn.GRU) for o in options]


def layer_weights(dtype: str) -> list[Tensor]:
    """The weights of some of the layers."""
    return [w for layer in _layers(dtype)[::3] for w in layer.parameters()]


def _recurrent(loop: Loop, values: list[Tensor], weights: list[Tensor]) -> list[Tensor]:
    layers = _layers(str(values[0].dtype))
    layer = layers[(len(loop.steps) + loop.used) % len(layers)]
    x = _of_shape(values[loop.used % len(values)].astype(values[0].dtype), (loop.length, 1 + loop.used % 3, 3))
    output, state = layer(x)
    found = [output, *(state if isinstance(state, tuple) else (state,))]
    return [v for i, v in enumerate(found) if loop.used >> i & 1] or found[:1]


KINDS = (_scan, _scan, _scan, _while, _recurrent)


# -- instructions ------------------------------------------------------------------------------------------------------


def _split(x: Tensor, p: int) -> Tensor:
    x = _at_least(x, 1)
    axis = p % x.ndim
    n = next((n for n in (2, 3, 5, 1) if x.shape[axis] % n == 0), 1)
    pieces = x.split(n, axis)
    return gradus.concatenate([t * (1 + i) for i, t in enumerate(pieces[::-1])], axis) if x.size else x


def _product(x: Tensor, y: Tensor, p: int) -> Tensor:
    """x W, W x, x^T x or batches of products."""
    rows = (1, 2, 5, 8)[p % 4]
    a, w = _of_shape(x, (rows, 4)), _of_shape(y, (4, 5))
    return (a @ w, w.T @ a.T, a.T @ a, a @ w[:, :4].T, _of_shape(x, (2, 3, 4)) @ w)[(p >> 2) % 5] * 0.3


def _sequence(x: Tensor, y: Tensor, p: int) -> Tensor:
    """Attention, convolutions and softmax."""
    if p % 3 == 0:
        a, b = _of_shape(x, (2, 5, 4)), _of_shape(y, (2, 5, 4))
        return F.scaled_dot_product_attention(a, b, a, is_causal=p > 3)
    if p % 3 == 1:
        return F.conv2d(_of_shape(x, (1, 2, 5, 6)), _of_shape(y, (3, 2, 3, 3)) * 0.2, padding=p % 2)
    return F.softmax(_at_least(x, 1), axis=-1) if x.size else x


COMMON: tuple[Callable[..., Tensor], ...] = (
    lambda x, y, raw, p, q: x + _fitting(x, y),
    lambda x, y, raw, p, q: x * _fitting(x, y) * 0.5,
    lambda x, y, raw, p, q: _product(x, y, p + 8 * q),
    lambda x, y, raw, p, q: _product(x, raw, p + 8 * q),
    lambda x, y, raw, p, q: _product(raw, x, p + 8 * q),
    lambda x, y, raw, p, q: _split(x, p),
    lambda x, y, raw, p, q: gradus.stack([x, _of_shape(y, x.shape)], p % (x.ndim + 1)),
    lambda x, y, raw, p, q: (abs(x) + 0.3) ** (_fitting(x, raw) * 0.5),
    lambda x, y, raw, p, q: F.softmax(_at_least(x, 1), axis=p % max(x.ndim, 1)) if x.size else x,
    lambda x, y, raw, p, q: x.detach() if p % 3 == 0 else x / (1 + abs(_fitting(x, y))),
)
INSIDE = (*COMMON, *OPS, *(op for i, op in enumerate(JOINS) if i < len(JOINS) - 3))
AFTER = (*COMMON, *OPS, *(lambda x, y, raw, p, q: _sequence(x, y, p + 8 * q),) * 6)

_lengths = st.one_of(st.integers(1, 5), st.sampled_from((7, 8, 9, 15, 16, 17, 33)))
_shapes = st.lists(_lengths, max_size=3).map(tuple).filter(lambda s: math.prod(s) <= 60)
_number = st.integers(0, 7)
_instruction = st.tuples(st.integers(0, 63), st.integers(0, 11), st.integers(0, 11), _number, _number)


@st.composite
def _loops(draw: st.DrawFn) -> Loop:
    return Loop(
        kind=draw(st.integers(0, len(KINDS) - 1)),
        length=draw(st.one_of(st.integers(8, 40), st.sampled_from((8, 9, 1, 2, 7)))),
        reverse=draw(st.booleans()),
        arrays=tuple(draw(st.lists(_shapes, min_size=1, max_size=3))),
        states=tuple(draw(st.lists(st.tuples(_shapes, st.integers(0, len(CARRIED) - 1)), max_size=4))),
        inner=tuple(draw(st.lists(_instruction, max_size=2))) if draw(st.integers(0, 3)) == 0 else (),
        steps=tuple(draw(st.lists(_instruction, max_size=6))),
        kept=tuple(draw(st.lists(st.integers(0, 4), min_size=1, max_size=3))),
        used=draw(st.integers(0, 127)),
    )


@st.composite
def loop_programs(draw: st.DrawFn) -> LoopProgram:
    """A program of one to three inputs, one or two loops and some instructions after them."""
    return LoopProgram(
        shapes=tuple(draw(st.lists(_shapes, min_size=1, max_size=3))),
        loops=tuple(draw(st.lists(_loops(), min_size=1, max_size=2))),
        steps=tuple(draw(st.lists(_instruction, max_size=3))),
        results=tuple(draw(st.lists(st.integers(0, 6), min_size=1, max_size=3))),
        gradient=draw(st.booleans()) or draw(st.booleans()),
        target=draw(st.sampled_from(("sse2", "avx2", "avx512"))),
    )
