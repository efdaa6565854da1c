"""Convolutions and poolings, named and drawn by hypothesis, and what they are by definition: plain loops in float64."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from hypothesis import strategies as st

import gradus
from gradus import functional as F
from gradus.ops.shapes.window import output_length
from gradus.tensor import Tensor

Sizes = tuple[int, ...]
MOST_TURNS = 4000  # of the loops of a drawn case
MOST_NUMBERS = 60_000  # in its images
SIZES = ("size", "kernel", "stride", "padding", "dilation")
TOLERANCE = {"float32": 1e-5, "float64": 1e-10}  # of the largest number of a result


def close(found: Any, expected: np.ndarray, dtype: str, what: str) -> None:
    """Compare to the tolerance of a dtype; a single number, a mean, may have cancelled."""
    assert found.shape == expected.shape, what
    assert found.dtype == dtype, what
    scale = float(np.abs(expected).max(initial=0 if expected.ndim else 1)) or 1.0
    np.testing.assert_allclose(found, expected, rtol=0, atol=TOLERANCE[dtype] * scale, err_msg=what)


@dataclass(frozen=True)
class Convolution:
    """A convolution, or a transposed one, over one or two axes.

    Attributes:
        n, channels, size: of the images.
        out: the channels of the result.
        extra: the output padding of a transposed convolution.
        around: between two activations, as neighbours to fuse with.
        input_gradient: whether the gradient to the images is wanted; a first layer's is not.
    """

    n: int
    channels: int
    out: int
    size: Sizes
    kernel: Sizes
    stride: Sizes
    padding: Sizes | str
    dilation: Sizes
    groups: int = 1
    bias: bool = True
    transposed: bool = False
    extra: Sizes = ()
    around: bool = False
    input_gradient: bool = True

    def arrays(self, dtype: str) -> list[np.ndarray]:
        """Images, weight, bias, and the gradient that comes to the result."""
        rng = np.random.default_rng(5)
        to, of = (self.channels, self.out) if self.transposed else (self.out, self.channels)
        shapes = ((self.n, self.channels, *self.size), (to, of // self.groups, *self.kernel), (self.out,))
        return [rng.normal(size=s).astype(dtype) for s in (*shapes, (self.n, self.out, *self.result_size()))]

    def result_size(self) -> Sizes:
        """The lengths of the result's last axes."""
        before, after = self.ends()
        if self.transposed:
            spread = zip(self.whole(self.size), before, after, self.extra, strict=True)
            return tuple(w - b - a + e for w, b, a, e in spread)
        padded = (n + b + a for n, b, a in zip(self.size, before, after, strict=True))
        return tuple(map(output_length, padded, self.kernel, self.stride, self.dilation))

    def whole(self, places: Sizes) -> Sizes:
        """Over how many elements the windows at so many places reach."""
        each = zip(places, self.stride, self.kernel, self.dilation, strict=True)
        return tuple((p - 1) * s + d * (k - 1) + 1 for p, s, k, d in each)

    def ends(self) -> tuple[Sizes, Sizes]:
        """The padding before and after."""
        if isinstance(self.padding, str):  # "same"
            total = [d * (k - 1) for d, k in zip(self.dilation, self.kernel, strict=True)]
            return tuple(t // 2 for t in total), tuple(t - t // 2 for t in total)
        return self.padding, self.padding

    def __call__(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """In gradus."""
        if self.transposed:
            return F.conv_transpose2d(
                x, weight, bias, self.stride, self.padding, self.extra, self.groups, self.dilation  # type: ignore[arg-type]
            )
        convolve = F.conv1d if len(self.size) == 1 else F.conv2d
        return convolve(x, weight, bias, self.stride, self.padding, self.dilation, self.groups)

    def step(self, x: Tensor, weight: Tensor, bias: Tensor, g: Tensor) -> list[Tensor]:
        """The result, its mean weighted by g, and the gradients of the weighted sum to images, weight and bias."""
        x, weight, bias = (t.detach().requires_grad_() for t in (x, weight, bias))
        y = self(x.tanh() if self.around else x, weight, bias if self.bias else None)
        loss = ((y.sigmoid() if self.around else y) * g).sum()
        wanted = [*([x] if self.input_gradient else []), weight, *([bias] if self.bias else [])]
        return [t.detach() for t in (y, loss / y.size, *gradus.grad(loss, wanted))]

    def by_definition(self, x: np.ndarray, weight: np.ndarray, bias: np.ndarray, g: np.ndarray) -> list[np.ndarray]:
        """What `step` must give."""
        seen = np.tanh(x) if self.around else x
        y = self._forward(seen, weight) + (bias.reshape(-1, *(1,) * len(self.size)) if self.bias else 0)
        s = 1 / (1 + np.exp(-y))
        loss = np.array(((s if self.around else y) * g).mean())
        dy = g * s * (1 - s) if self.around else g
        dx, dweight = self._backward(seen, weight, dy)
        gradients = [dx * (1 - seen**2) if self.around else dx] if self.input_gradient else []
        return [y, loss, *gradients, dweight, *([dy.sum((0, *range(2, dy.ndim)))] if self.bias else [])]

    def _forward(self, x: np.ndarray, weight: np.ndarray) -> np.ndarray:
        if self.transposed:
            return self._cropped(self._scatter(x, weight))
        return self._gather(self._padded(x), weight, self.result_size())

    def _backward(self, x: np.ndarray, weight: np.ndarray, dy: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if self.transposed:
            large = self._padded(dy)
            return self._gather(large, weight, self.size), self._products(large, x)
        large = self._padded(x)
        dx = np.zeros_like(large)
        part = self._scatter(dy, weight)
        dx[tuple(map(slice, part.shape))] = part  # what the stride leaves over has no gradient
        return self._cropped(dx), self._products(large, dy)

    def _padded(self, x: np.ndarray) -> np.ndarray:
        return np.pad(x, [(0, 0), (0, 0), *zip(*self.ends(), strict=True)])

    def _cropped(self, x: np.ndarray) -> np.ndarray:
        x = np.pad(x, [(0, 0), (0, 0), *((0, e) for e in self.extra)]) if self.transposed else x
        before, after = self.ends()
        return x[(..., *(slice(b, n - a) for b, a, n in zip(before, after, x.shape[2:], strict=True)))]

    def _meetings(self, places: Sizes) -> Iterator[tuple[Any, Any, Any]]:
        """Which elements of the larger images, of the smaller ones, and of the weight meet: the indices."""
        for group in range(self.groups):
            low, high = (c // self.groups for c in ((self.out, self.channels)[:: -1 if self.transposed else 1]))
            small, large = slice(group * low, (group + 1) * low), slice(group * high, (group + 1) * high)
            for place in np.ndindex(*places):
                for offset in np.ndindex(*self.kernel):
                    each = zip(place, self.stride, offset, self.dilation, strict=True)
                    at = tuple(p * s + k * d for p, s, k, d in each)
                    yield (slice(None), large, *at), (slice(None), small, *place), (small, slice(None), *offset)

    def _gather(self, large: np.ndarray, weight: np.ndarray, places: Sizes) -> np.ndarray:
        small = np.zeros((self.n, weight.shape[0], *places))
        for seen, made, part in self._meetings(places):
            small[made] += large[seen] @ weight[part].T
        return small

    def _scatter(self, small: np.ndarray, weight: np.ndarray) -> np.ndarray:
        large = np.zeros((self.n, weight.shape[1] * self.groups, *self.whole(small.shape[2:])))
        for seen, made, part in self._meetings(small.shape[2:]):
            large[seen] += small[made] @ weight[part]
        return large

    def _products(self, large: np.ndarray, small: np.ndarray) -> np.ndarray:
        weight = np.zeros((small.shape[1], large.shape[1] // self.groups, *self.kernel))
        for seen, made, part in self._meetings(small.shape[2:]):
            weight[part] += small[made].T @ large[seen]
        return weight


def conv(n: int, channels: int, out: int, size: Any, kernel: Any, stride: Any = 1, **more: Any) -> Convolution:
    """A convolution over two axes, each of whose sizes is one number for both, or two."""
    sizes = {"size": size, "kernel": kernel, "stride": stride, "padding": 0, "dilation": 1} | more
    pairs = {name: (s, s) if isinstance(s, int) and name in SIZES else s for name, s in sizes.items()}
    return Convolution(n, channels, out, **pairs)


# What the networks of the textbooks are made of, and the corners of the grid.
NAMED = {
    "lenet first": conv(17, 1, 6, 28, 5, padding=2, input_gradient=False),
    "lenet second": conv(16, 6, 16, 14, 5, around=True),
    "alexnet first": conv(5, 1, 20, 35, 11, 4, padding=1, input_gradient=False),
    "alexnet second": conv(4, 20, 17, 12, 5, padding=2, around=True),
    "3x3, batch 32": conv(32, 16, 16, 9, 3, padding=1, around=True),
    "3x3, batch 16, 3 colours": conv(16, 3, 16, (10, 7), 3, padding=1, input_gradient=False),
    "3x3, batch 1": conv(1, 16, 20, 14, 3, padding=1),
    "3x3, padding 2": conv(3, 32, 32, 6, 3, padding=2),
    "3x3, 64 channels": conv(2, 64, 64, 8, 3, padding=1),
    "3x3, stride 2": conv(8, 5, 9, (13, 12), 3, 2, padding=1),
    "1x1": conv(40, 20, 17, 5, 1, around=True),
    "1x1, stride 2": conv(6, 16, 32, (9, 8), 1, 2),
    "1x1 on 1x1": conv(33, 7, 5, 1, 1),
    "depthwise": conv(4, 16, 16, 9, 3, padding=1, groups=16),
    "depthwise, twice the channels": conv(16, 5, 10, 6, 3, 2, padding=1, groups=5, around=True),
    "two groups": conv(3, 8, 6, 7, 3, padding=1, groups=2),
    "a kernel larger than the image": conv(4, 3, 4, 4, 7, padding=3),
    "a kernel that sees mostly padding": conv(2, 2, 3, (1, 2), 3, padding=2, dilation=2),
    "a kernel as large as the image": conv(20, 16, 18, 5, 5),
    "same, an even kernel": conv(3, 4, 5, (8, 9), (4, 2), padding="same"),
    "dilated": conv(2, 4, 5, (12, 11), 3, padding=(2, 3), dilation=(2, 3), around=True),
    "the stride skips elements": conv(3, 4, 3, 11, 2, 3),
    "the stride leaves some over": conv(3, 4, 3, (12, 13), 5, 4, padding=1, bias=False),
    "transposed": conv(3, 6, 4, 5, 4, 2, padding=1, transposed=True, extra=(0, 1)),
    "transposed, groups": conv(16, 6, 8, (3, 4), 3, transposed=True, extra=(0, 0), groups=2),
}


def _each(least: int, most: int, axes: int) -> st.SearchStrategy[Sizes]:
    return st.tuples(*[st.integers(least, most)] * axes)


_batches = st.one_of(st.sampled_from((16, 17, 32)), st.integers(1, 40))


@st.composite
def convolutions(draw: st.DrawFn, axes: int, transposed: bool = False) -> Convolution:
    """Any convolution whose loops are short."""
    groups = draw(st.sampled_from((1, 1, 1, 2, 3, 16)))
    each = (1, 1) if groups == 16 and draw(st.booleans()) else draw(_each(1, max(1, 20 // groups), 2))
    kernel, stride, dilation = draw(_each(1, 5, axes)), draw(_each(1, 4, axes)), draw(_each(1, 3, axes))
    padding: Sizes | str = draw(_each(0, 4, axes))
    if not transposed and draw(st.integers(0, 4)) == 0:
        padding, stride = "same", (1,) * axes
    c = Convolution(draw(_batches), each[0] * groups, each[1] * groups, (0,) * axes, kernel, stride, padding, dilation)
    c = replace(c, groups=groups, bias=draw(st.booleans()), transposed=transposed, around=draw(st.booleans()))
    before, after = c.ends()
    reach = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    if transposed:
        c = replace(c, extra=tuple(draw(st.integers(0, max(s, d) - 1)) for s, d in zip(stride, dilation, strict=True)))
        least = [max(1, (2 * p - r) // s + 2) for p, r, s in zip(before, reach, stride, strict=True)]
    else:
        least = [max(1, r - b - a) for r, b, a in zip(reach, before, after, strict=True)]
    most = _longest(c, max(least))
    c = replace(c, size=tuple(n + draw(st.integers(0, most)) for n in least))
    return replace(c, input_gradient=draw(st.integers(0, 3)) > 0)


def _longest(c: Convolution, least: int) -> int:
    """How much longer than `least` each axis may be."""
    axes = len(c.kernel)
    turns = MOST_TURNS / (c.groups * math.prod(c.kernel))
    numbers = MOST_NUMBERS / (c.n * max(c.channels, c.out))
    return max(0, min(20, int(min(turns, numbers) ** (1 / axes)) - least))


@dataclass(frozen=True)
class Pooling:
    """Max or average pooling over the last one or two axes."""

    kind: str
    lead: Sizes
    size: Sizes
    kernel: Sizes
    stride: Sizes
    padding: Sizes
    dilation: Sizes
    ties: bool = False
    around: bool = False

    def arrays(self, dtype: str) -> list[np.ndarray]:
        """Images, many of their numbers equal if there shall be ties, and the gradient that comes to the result."""
        rng = np.random.default_rng(6)
        x = rng.normal(size=(*self.lead, *self.size)).astype(dtype)
        g = rng.normal(size=(*self.lead, *self.places())).astype(dtype)
        return [np.round(x) if self.ties else x, g]

    def places(self) -> Sizes:
        """The lengths of the result's last axes."""
        padded = (n + 2 * p for n, p in zip(self.size, self.padding, strict=True))
        return tuple(map(output_length, padded, self.kernel, self.stride, self.dilation))

    def __call__(self, x: Tensor) -> Tensor:
        """In gradus."""
        function = getattr(F, f"{self.kind}_pool{len(self.size)}d")
        apart = (self.dilation,) if self.kind == "max" else ()
        return function(x, self.kernel, self.stride, self.padding, *apart)  # type: ignore[no-any-return]

    def step(self, x: Tensor, g: Tensor) -> list[Tensor]:
        """The result, its mean weighted by g, and the gradient of the weighted sum."""
        x = x.detach().requires_grad_()
        y = self(x.sigmoid() if self.around else x)
        loss = ((y.tanh() if self.around else y) * g).sum()
        return [t.detach() for t in (y, loss / y.size, gradus.grad(loss, x))]

    def by_definition(self, x: np.ndarray, g: np.ndarray) -> list[np.ndarray]:
        """What `step` must give; the largest elements share their gradient."""
        axes = len(self.size)
        seen = 1 / (1 + np.exp(-x)) if self.around else x
        sides = [(0, 0)] * len(self.lead) + [(p, p) for p in self.padding]
        padded = np.pad(seen, sides, constant_values=-np.inf if self.kind == "max" else 0)
        y, dx = np.zeros(g.shape), np.zeros(padded.shape)
        for place in np.ndindex(*self.places()):
            each = zip(place, self.stride, self.kernel, self.dilation, strict=True)
            window = (..., *(slice(p * s, p * s + d * (k - 1) + 1, d) for p, s, k, d in each))
            inside, last = padded[window], tuple(range(-axes, 0))
            made = inside.max(last) if self.kind == "max" else inside.mean(last)
            y[(..., *place)] = made
            dy = g[(..., *place)] * (1 - np.tanh(made) ** 2 if self.around else 1)
            chosen = inside == made[(..., *[None] * axes)] if self.kind == "max" else np.ones(inside.shape)
            dx[window] += chosen * (dy / chosen.sum(last))[(..., *[None] * axes)]
        dx = dx[(..., *(slice(p, n - p) for p, n in zip(self.padding, padded.shape[-axes:], strict=True)))]
        loss = np.array(((np.tanh(y) if self.around else y) * g).mean())
        return [y, loss, dx * seen * (1 - seen) if self.around else dx]


@st.composite
def poolings(draw: st.DrawFn, axes: int) -> Pooling:
    """Any pooling whose windows see at least one element."""
    kind = draw(st.sampled_from(("max", "avg")))
    kernel = draw(_each(1, 4, axes))
    stride = draw(st.one_of(st.just(kernel), _each(1, 4, axes)))
    padding = tuple(draw(st.integers(0, k // 2)) for k in kernel)
    dilation = draw(_each(1, 2, axes)) if kind == "max" else (1,) * axes
    each = zip(kernel, padding, dilation, strict=True)
    size = tuple(max(d, d * (k - 1) + 1 - 2 * p) + draw(st.integers(0, 12)) for k, p, d in each)
    lead = (draw(_batches), draw(st.integers(1, 20)))
    return Pooling(kind, lead, size, kernel, stride, padding, dilation, draw(st.booleans()), draw(st.booleans()))


DRAWN = {
    "conv1d": convolutions(axes=1),
    "conv2d": convolutions(axes=2),
    "conv_transpose2d": convolutions(axes=2, transposed=True),
    "pool1d": poolings(axes=1),
    "pool2d": poolings(axes=2),
}
