"""What the sanitizer runs: for each primitive, and for what programs are made of, functions of arrays of any length."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any

import numpy as np

import gradus
from gradus import dtypes, nn, optim
from gradus.compiler.emit import some_lanes
from gradus.errors import DtypeError, GradientError
from gradus.nn import functional as F
from gradus.ops import segment_sum, sliding_window, sliding_window_adjoint
from gradus.ops.core.primitive import FUNCTIONS
from gradus.ops.places.put import assigned
from gradus.tensor import Tensor

FLOATS = ("float32", "float64", "float16", "bfloat16")
DTYPES = (*FLOATS, "bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64")
OPERATIONS: dict[str, Operation] = {}
Results = list[Tensor]
Function = Callable[..., Results]


class Given:
    """What an operation is made with: the dtype, the length, and a source of tensors."""

    def __init__(self, name: str, dtype: str, n: int) -> None:
        self.dtype, self.n = dtype, n
        self._rng = np.random.default_rng(zlib.crc32(f"{name} {dtype} {n}".encode()))
        self.floats = dtype in FLOATS

    def __call__(self, *shape: int, low: float = -2, high: float = 2, dtype: str = "") -> Tensor:
        """A tensor of random numbers from low to high; of integers, none below 0."""
        dtype = dtype or self.dtype
        if dtype in FLOATS:
            numbers = self._rng.uniform(low, high, shape)
        else:
            first, end = max(0, int(np.ceil(low))), max(int(high), 2)
            first, end = (min(first, 1), 2) if dtype == "bool" else (first, max(first + 1, end))
            numbers = self._rng.integers(first, end, shape)
        return Tensor(np.asarray(numbers).astype(dtypes.as_dtype(dtype)))

    def parameter(self, *shape: int) -> Tensor:
        return self(*shape).requires_grad_()


# An operation gives its arguments and a function of them, which may read other tensors, too.
Operation = Callable[[Given], tuple[Results, Function]]


def operation(make: Operation) -> Operation:
    return OPERATIONS.setdefault(make.__name__, make)


def accepted(name: str, dtype: str) -> bool:
    """Whether an operation is defined for a type: whether eager mode carries it out."""
    try:
        xs, function = OPERATIONS[name](Given(name, dtype, 3))
        function(*xs)
    except (DtypeError, GradientError):
        return False
    return True


# -- elementwise -------------------------------------------------------------------------------------------------------


def _elementwise(name: str) -> Operation:
    """In one piece, in rows that are not all of the memory's, and down these."""
    f, c = FUNCTIONS[name].function, FUNCTIONS[name].cases[0]
    low, high = c.domain

    def make(g: Given) -> tuple[Results, Function]:
        count = len(c.shapes)
        xs = [g(g.n, low=low, high=high) for _ in c.shapes] + [g(3, g.n + 1, low=low, high=high) for _ in c.shapes]

        def function(*xs: Tensor) -> Results:
            rows = [x[:, 1:] if i == 0 else x[:, :-1] for i, x in enumerate(xs[count:])]
            return [f(*xs[:count]), f(*rows), f(*(x.T for x in rows))]

        return xs, function

    return make


OPERATIONS |= {name: _elementwise(name) for name, f in FUNCTIONS.items() if f.elementwise}


@operation
def factorials(g: Given) -> tuple[Results, Function]:
    return [g(g.n, low=0.2), g(3, g.n)], lambda x, y: [gradus.digamma(x), gradus.polygamma(2, x), gradus.digamma(y.T)]


@operation
def cast(g: Given) -> tuple[Results, Function]:
    def function(x: Tensor, y: Tensor) -> Results:
        return [v.astype(t) for t in DTYPES for v in (x, y[:, 1:], y.T)]

    return [g(g.n, low=0, high=100), g(3, g.n + 1, low=0, high=100)], function


@operation
def where(g: Given) -> tuple[Results, Function]:
    xs = [g(3, g.n + 1, dtype="bool"), g(3, g.n), g(3, 1)]
    return xs, lambda c, x, y: [gradus.where(c[:, 1:], x, y), gradus.where(c[:, :-1], x, 1)]


# -- shapes ------------------------------------------------------------------------------------------------------------


@operation
def slices(g: Given) -> tuple[Results, Function]:
    def function(x: Tensor, y: Tensor) -> Results:
        parts = [x[::2], x[1::2], x[::-1], x[::3], x[1:], y[:, ::2], y[:, ::-1], y[1:, : g.n // 2], y[::2, 1::2], y[-1]]
        return [p.copy() for p in parts] + [y[:, ::2] == y[:, ::2]]

    return [g(2 * g.n), g(3, g.n)], function


@operation
def shapes(g: Given) -> tuple[Results, Function]:
    def function(x: Tensor, y: Tensor) -> Results:
        turned = [x.T, y.permute(2, 0, 1), y.permute(0, 2, 1), y.reshape(-1), y.reshape(3, -1), x.flip(1), x.flip(0)]
        spread = [
            x[0].broadcast_to(4, g.n),
            x[:, :1].broadcast_to(3, g.n),
            x.pad(((1, 2), (0, 3))),
            x.pad(((0, 0), (2, 1))),
        ]
        return [p.copy() for p in (*turned, *spread)]

    return [g(3, g.n), g(2, g.n, 3)], function


@operation
def joins(g: Given) -> tuple[Results, Function]:
    def function(x: Tensor, y: Tensor, z: Tensor) -> Results:
        joined = gradus.concatenate([x | x if x.dtype == dtypes.bool_ else x + x, y, z.T], axis=0)
        beside = gradus.concatenate([x, x[:, 1:], z.T], axis=1)
        return [joined, beside, gradus.stack([x[0], y[0]]), gradus.stack([x, x], axis=2), joined.sum(0), beside.max(1)]

    return [g(3, g.n), g(2, g.n), g(g.n, 3)], function


@operation
def indices(g: Given) -> tuple[Results, Function]:
    places = Tensor(np.arange(g.n)[::-1].copy())
    rows, some = Tensor(np.array([2, 0, 2])), Tensor(np.arange(g.n) % 3)

    def function(x: Tensor, y: Tensor) -> Results:
        taken = [x.take(places, axis=1), x.take(rows, 0), y.take(places, 0), x.take(some)]
        taken += [x[rows], x[:, places], F.embedding(some, x)]
        added = [segment_sum(x, rows, 4), segment_sum(x, places, g.n + 1, axis=1), segment_sum(y, some, 3)]
        return [*taken, *added, gradus.pick(y, some), F.one_hot(some, 3)]

    return [g(3, g.n), g(g.n, 3)], function


@operation
def assignments(g: Given) -> tuple[Results, Function]:
    places = Tensor(np.arange(g.n)[::-1].copy())
    rows = Tensor(np.array([2, 0, 2]))

    def function(x: Tensor, y: Tensor) -> Results:
        keys = [0, (slice(None), slice(None, None, -2)), rows, (slice(None), places), (rows[:2], 0), x > 0, (..., -1)]
        found = [x.copy() for _ in keys]
        for i, (z, key) in enumerate(zip(found, keys, strict=True)):
            z[key] = y[:, :1].T if i == 2 else x[1, 0]
            z[0][1:] = y[1:, 0]
        return [*found, *(assigned(x, key, x[1, 0]) for key in keys)]

    return [g(3, g.n), g(g.n, 3)], function


@operation
def along_axes(g: Given) -> tuple[Results, Function]:
    places, some = Tensor(np.arange(2 * g.n).reshape(2, g.n) % 3), Tensor(np.arange(g.n)[:5] * 7 % g.n)

    def function(x: Tensor, y: Tensor) -> Results:
        found = [x.gather(0, places), x.scatter(0, places, y.T), x.scatter_add(0, places, y.T), x.masked_fill(x > 0, 1)]
        parts = x.take(some, 1)
        found += [x.index_fill(1, some, 1), x.index_copy(1, some, parts), x.index_add(1, some, parts)]
        return [*found, x.masked_scatter(x > 0, y), y.take_along_axis(y.argmax(0, keepdims=True), 0)]

    return [g(3, g.n), g(g.n, 3)], function


@operation
def groups(g: Given) -> tuple[Results, Function]:
    places, some = Tensor(np.arange(2 * g.n).reshape(2, g.n) * 5 % 3), Tensor(np.arange(g.n) * 7 % 3)
    again = Tensor(np.arange(g.n) * 7 % g.n)

    def function(x: Tensor, y: Tensor) -> Results:
        found = [x.scatter_reduce(0, places, y.T, how) for how in ("mean", "amax", "amin", "prod")]
        found += [y.index_reduce(0, again, y * y, "amax"), y.index_reduce(0, again, y, "mean", False)]
        return [*found, x.index_put((some,), x[0], accumulate=True), y.index_put((again,), y[0] * 1)]

    return [g(3, g.n), g(g.n, 3)], function


@operation
def windows(g: Given) -> tuple[Results, Function]:
    def function(x: Tensor, y: Tensor) -> Results:
        one = [sliding_window(x, (k,), (s,), (d,)) for k, s, d in ((3, 1, 1), (2, 2, 1), (2, 1, 2))]
        back = sliding_window_adjoint(one[0], x.shape, (3,), (1,), (1,))
        found = [*one, sliding_window(y, (2, 3), (1, 1), (1, 1))]
        return [f.copy() for f in found] + [back, one[1].max(-1), one[0].sum(-1)]

    return [g(3, g.n + 2), g(2, 3, g.n + 2)], function


# -- many become one ---------------------------------------------------------------------------------------------------


@operation
def reductions(g: Given) -> tuple[Results, Function]:
    def function(x: Tensor, y: Tensor, z: Tensor) -> Results:
        found = [r for v in (x, y) for a in (0, 1, None) for r in (v.sum(a), v.max(a), v.min(a))]
        found += [v.argmax(a) for v in (x, y) for a in (0, 1)] + [v.cumsum(a) for v in (x, y) for a in (0, 1)]
        return [*found, z.sum((0, 2)), z.max(1), x[:, 1:].sum(1) if g.n > 1 else x.sum(1), x.any(1), y.all(0)]

    return [g(3, g.n), g(g.n, 3), g(2, g.n, 3)], function


@operation
def orders(g: Given) -> tuple[Results, Function]:
    def function(x: Tensor, y: Tensor) -> Results:
        found = [x.argsort(), x.argsort(0), y.argsort(descending=True), x.sort(), y[::-1].sort(), y.copy().argsort()]
        return [*found, *x.topk(g.n // 2 + 1), gradus.searchsorted(y.sort(), x), x.kthvalue(2, 0).values, y.median()]

    return [g(3, g.n), g(g.n)], function


@operation
def statistics(g: Given) -> tuple[Results, Function]:
    def function(x: Tensor, y: Tensor) -> Results:
        found = [r for v in (x, y) for a in (0, 1) for r in (v.mean(a), v.var(a), v.logsumexp(a), F.softmax(v, a))]
        return [*found, F.layer_norm(x, g.n), F.log_softmax(y, 1)]

    return [g(3, g.n, low=0.5), g(g.n, 3, low=0.5)], function


# -- products ----------------------------------------------------------------------------------------------------------


@operation
def products(g: Given) -> tuple[Results, Function]:
    """Each of the three lengths around the vector's width, operands as they are and turned, in batches."""

    def function(a: Tensor, b: Tensor, c: Tensor, d: Tensor) -> Results:
        found = [a @ b, b @ b.T, a @ a.T, b.T @ b, b[:, 0] @ b, a[0] @ b[:, 0], c @ d, d @ c, a @ b[:, ::2]]
        return [*found, (a @ b).astype("float16" if g.floats else "int8"), c @ b]

    return [g(5, g.n), g(g.n, 7), g(2, 3, g.n), g(2, g.n, 3)], function


@operation
def wide_products(g: Given) -> tuple[Results, Function]:
    def function(a: Tensor, b: Tensor, c: Tensor) -> Results:
        return [a @ b, a @ a, a.T @ b, a @ c.T, (c @ b).T, (a @ b).sum(0)]

    return [g(g.n, g.n), g(g.n, 18), g(17, g.n)], function


@operation
def layers(g: Given) -> tuple[Results, Function]:
    """A layer's products, narrowed where they are stored, and their gradients."""
    w, b = g.parameter(g.n, 16), g.parameter(g.n)

    def function(x: Tensor) -> Results:
        y = F.linear(x, w, b)
        z = F.gelu(y)
        return [y, z, *gradus.grad((z * z).sum(), [w, b])]

    return [g(9, 16)], function


# -- gradients, writes -------------------------------------------------------------------------------------------------


@operation
def gradients(g: Given) -> tuple[Results, Function]:
    places = Tensor(np.arange(g.n)[::-1].copy())

    def function(x: Tensor, y: Tensor) -> Results:
        leaves = [v.detach().requires_grad_() for v in (x, y)]
        a, b = leaves
        parts = [a.exp(), a.softplus() * a.tanh(), a.max(1), a[:, ::2], a.T @ b.T, a.take(places, axis=1), a / b.T]
        parts += [
            a.pad(((0, 1), (1, 0))),
            gradus.concatenate([a, b.T]),
            a.cumsum(1),
            a.mean(0),
            a.logsumexp(1),
            a.erf(),
        ]
        return list(gradus.grad(sum((p * p).sum() for p in parts), leaves))  # type: ignore[arg-type]

    return [g(3, g.n, low=0.5), g(g.n, 3, low=0.5)], function


@operation
def writes(g: Given) -> tuple[Results, Function]:
    """Memory of others written in place, as optimizers do."""
    w, count = g(g.n), g(3, g.n)

    def function(x: Tensor) -> Results:
        some = x if x.dtype == dtypes.bool_ else x + 1
        return [w.assign_(w | some if x.dtype == dtypes.bool_ else w + some), count.assign_(count[::-1])]

    return [g(g.n)], function


def _optimizer(make: Callable[..., Any]) -> Operation:
    def operation(g: Given) -> tuple[Results, Function]:
        params = [g.parameter(g.n), g.parameter(3, g.n)]
        optimizer = make(params)

        def function(x: Tensor) -> Results:
            optimizer.zero_grad()
            loss = ((params[0] * x + params[1]) ** 2).sum()
            loss.backward()
            optimizer.step()
            return [loss, *params]

        return [g(g.n)], function

    return operation


OPERATIONS |= {
    "sgd": _optimizer(lambda p: optim.SGD(p, 0.01, momentum=0.9)),
    "adam": _optimizer(lambda p: optim.Adam(p, 0.01)),
    "rmsprop": _optimizer(lambda p: optim.RMSprop(p, 0.01)),
}


# -- layers ------------------------------------------------------------------------------------------------------------


def _with_gradients(function: Callable[..., Tensor], leaves: Results) -> Function:
    """A function's value, and the gradients of its squares' sum to its first argument and to others."""

    def both(x: Tensor, *rest: Tensor) -> Results:
        x = x.detach().requires_grad_()
        y = function(x, *rest)
        return [y, *gradus.grad((y * y).sum(), [x, *leaves])]

    return both


def _convolution(images: int, channels: int, out: int, size: tuple[int, int], kernel: int, **options: Any) -> Operation:
    """A convolution one of whose lengths is that of the operation: where None stands."""

    def make(g: Given) -> tuple[Results, Function]:
        n, c, o, h, w = (g.n if v is None else v for v in (images, channels, out, *size))
        h, w = (max(v, kernel) for v in (h, w))
        weight, bias = g.parameter(o, c // options.get("groups", 1), kernel, kernel), g.parameter(o)
        function = _with_gradients(lambda x: F.relu(F.conv2d(x, weight, bias, **options)), [weight, bias])
        return [g(n, c, h, w)], function

    return make


OPERATIONS |= {
    "convolution_images": _convolution(None, 2, 3, (6, 5), 3, padding=1),  # type: ignore[arg-type]
    "convolution_channels": _convolution(2, None, 3, (5, 5), 3, padding=1),  # type: ignore[arg-type]
    "convolution_out": _convolution(2, 2, None, (5, 6), 3),  # type: ignore[arg-type]
    "convolution_width": _convolution(2, 3, 4, (5, None), 3, padding=1),  # type: ignore[arg-type]
    "convolution_height": _convolution(17, 1, 2, (None, 5), 5, padding=2),  # type: ignore[arg-type]
    "convolution_strided": _convolution(3, 2, 4, (7, None), 3, stride=2, padding=1),  # type: ignore[arg-type]
    "convolution_dilated": _convolution(3, 4, 4, (7, None), 2, dilation=2, groups=2, padding=2),  # type: ignore[arg-type]
    "convolution_winograd": _convolution(None, 8, 8, (9, 9), 3, padding=1),  # type: ignore[arg-type]
}


@operation
def rows(g: Given) -> tuple[Results, Function]:
    weight = g.parameter(4, 3, 3)
    return [g(2, 3, g.n + 2)], _with_gradients(lambda x: F.conv1d(x, weight), [weight])


@operation
def transposed(g: Given) -> tuple[Results, Function]:
    weight = g.parameter(3, 2, 2, 2)
    return [g(2, 3, 4, g.n)], _with_gradients(lambda x: F.conv_transpose2d(x, weight, stride=2), [weight])


def _pooling(pool: Callable[..., Tensor], images: int | None, **options: Any) -> Operation:
    def make(g: Given) -> tuple[Results, Function]:
        x = g(images or g.n, 2, 6, g.n + 2 if images else 7)
        return [x], _with_gradients(lambda x: pool(x, 2, **options), [])

    return make


OPERATIONS |= {
    "max_pooling": _pooling(F.max_pool2d, 2),
    "max_pooling_padded": _pooling(F.max_pool2d, 2, stride=1, padding=1),
    "max_pooling_images": _pooling(F.max_pool2d, None),
    "average_pooling": _pooling(F.avg_pool2d, 2, padding=1),
    "average_pooling_images": _pooling(F.avg_pool2d, None),
}


@operation
def batch_norm(g: Given) -> tuple[Results, Function]:
    layer = nn.BatchNorm2d(3).astype(g.dtype)
    return [g(2, 3, 4, g.n)], _with_gradients(layer, list(layer.parameters()))


@operation
def convolutional_net(g: Given) -> tuple[Results, Function]:
    """Convolution, normalisation, pooling and a linear layer, with the batch inside where that is quicker."""
    weights = [g.parameter(4, 1, 3, 3), g.parameter(3, 4 * 3 * 3)]

    def net(x: Tensor) -> Tensor:
        z = F.max_pool2d(F.relu(F.conv2d(x, weights[0], padding=1)), 2)
        return F.linear(z.flatten(1), weights[1])

    return [g(g.n, 1, 6, 6)], _with_gradients(net, weights)


@operation
def recurrent(g: Given) -> tuple[Results, Function]:
    layer = nn.LSTM(3, 5, num_layers=2).astype(g.dtype)
    return [g(3, g.n, 3)], _with_gradients(lambda x: layer(x)[0], list(layer.parameters()))


@operation
def attention(g: Given) -> tuple[Results, Function]:
    def function(q: Tensor, k: Tensor, v: Tensor) -> Results:
        return [F.scaled_dot_product_attention(q, k, v), F.scaled_dot_product_attention(q, k, v, is_causal=True)]

    return [g(2, g.n, 4), g(2, g.n, 4), g(2, g.n, 4)], function


@operation
def attention_gradients(g: Given) -> tuple[Results, Function]:
    """Of queries, keys and values of different numbers, with and without a mask, and of features in columns."""
    leaves = [x.requires_grad_() for x in (g(2, g.n, 5), g(2, g.n + 2, 5), g(2, g.n + 2, g.n))]
    mask = g(g.n, g.n + 2, dtype="float32")

    def function(weight: Tensor) -> Results:
        q, k, v = leaves
        found = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        turned = F.scaled_dot_product_attention(v.mT, v.mT, v.mT)
        masked = F.scaled_dot_product_attention(q, k, v, mask > 0), F.scaled_dot_product_attention(q, k, v, mask)
        total = ((found + masked[0] + masked[1]) * weight).sum() + turned.sum()
        return [found, turned, *masked, *gradus.grad(total, leaves)]

    return [g(2, g.n, g.n)], function


@operation
def random_numbers(g: Given) -> tuple[Results, Function]:
    generator = gradus.Generator(7)
    generator.state = Tensor(np.array([7, 0], np.uint64))

    def function() -> Results:
        if not g.floats:
            return [generator.randint(0, 2, (g.n,), g.dtype)]
        return [generator.rand(g.n, dtype=g.dtype), generator.randn(3, g.n, dtype=g.dtype), generator.rand(3, g.n)]

    return [], function


def _beyond_the_end(g: Given) -> tuple[Results, Function]:
    """What the sanitizer must find: the last part of a row is written as a whole vector."""

    def whole(code: Any, vector: some_lanes.Vector, numbers: str, address: str, wanted: str) -> None:
        code.do(f"store {vector.type} {numbers}, ptr {address}, align 1")

    some_lanes.store = whole
    return [g(g.n)], lambda x: [x + x]


FAULTS: dict[str, Operation] = {"beyond_the_end": _beyond_the_end}
