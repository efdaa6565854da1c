"""Layers for JAX under the names of torch.nn, as far as the workloads need them.

A layer knows the shapes of its parameters and the first values of its buffers; it is called with a dict of all values
by name, the beginning of its own names in it, and x. Batch normalisation writes its running statistics into the dict,
and reads them if the dict holds PREDICTING.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from functools import partial
from types import MappingProxyType, SimpleNamespace
from typing import Any

import jax
import jax.numpy as jnp

Values = dict[str, Any]
PREDICTING = "predicting"


class Layer:
    """Without parameters, unless it says so."""

    shapes: Mapping[str, tuple[int, ...]] = MappingProxyType({})
    buffers: Mapping[str, Any] = MappingProxyType({})


class Module(Layer):
    """Parts under the names of its attributes, which `forward` calls as functions of their inputs alone."""

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:  # type: ignore[override]
        return {f"{name}.{n}": s for name, part in vars(self).items() for n, s in part.shapes.items()}

    @property
    def buffers(self) -> dict[str, Any]:  # type: ignore[override]
        return {f"{name}.{n}": b for name, part in vars(self).items() for n, b in part.buffers.items()}

    def __call__(self, v: Values, at: str, x: Any) -> Any:
        bound = copy(self)
        for name, part in vars(self).items():
            setattr(bound, name, partial(part, v, f"{at}{name}."))
        return bound.forward(x)  # type: ignore[attr-defined]


class Linear(Layer):
    """x W^T + b."""

    def __init__(self, inputs: int, outputs: int, bias: bool = True) -> None:
        self.shapes = {"weight": (outputs, inputs)} | ({"bias": (outputs,)} if bias else {})

    def __call__(self, v: Values, at: str, x: Any) -> Any:
        z = x @ v[at + "weight"].T
        return z + v[at + "bias"] if "bias" in self.shapes else z


class Embedding(Layer):
    """Rows of a table."""

    def __init__(self, words: int, width: int) -> None:
        self.shapes = {"weight": (words, width)}

    def __call__(self, v: Values, at: str, x: Any) -> Any:
        return v[at + "weight"][x]


class LayerNorm(Layer):
    """Over the last axis."""

    def __init__(self, width: int) -> None:
        self.shapes = {"weight": (width,), "bias": (width,)}

    def __call__(self, v: Values, at: str, x: Any) -> Any:
        mean, var = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
        return (x - mean) / jnp.sqrt(var + 1e-5) * v[at + "weight"] + v[at + "bias"]


class BatchNorm1d(Layer):
    """Over all axes but the second, with running statistics."""

    def __init__(self, features: int) -> None:
        self.shapes = {"weight": (features,), "bias": (features,)}
        self.buffers = {"running_mean": jnp.zeros(features), "running_var": jnp.ones(features)}

    def __call__(self, v: Values, at: str, x: Any) -> Any:
        axes, n = (0, *range(2, x.ndim)), x.size // x.shape[1]
        if PREDICTING in v:
            mean, var = v[at + "running_mean"], v[at + "running_var"]
        else:
            mean, var = x.mean(axes), x.var(axes)
            for name, now in (("running_mean", mean), ("running_var", var * n / (n - 1))):
                v[at + name] = 0.9 * v[at + name] + 0.1 * now
        mean, scale, bias = (
            a.reshape(-1, *(1,) * (x.ndim - 2)) for a in (mean, v[at + "weight"] / jnp.sqrt(var + 1e-5), v[at + "bias"])
        )
        return (x - mean) * scale + bias


class BatchNorm2d(BatchNorm1d):
    """Of images."""


def convolved(x: Any, weight: Any, stride: int, padding: int, groups: int = 1) -> Any:
    """Of images (n, c, h, w); other layouts are no faster here."""
    pad = [(padding, padding)] * 2
    return jax.lax.conv_general_dilated(x, weight, (stride, stride), pad, feature_group_count=groups)


class Conv2d(Layer):
    """Square kernels."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int,
        stride: int = 1,
        padding: int = 0,
        groups: int = 1,
        bias: bool = True,
    ) -> None:
        self.shapes = {"weight": (outputs, inputs // groups, kernel, kernel)} | ({"bias": (outputs,)} if bias else {})
        self.stride, self.padding, self.groups = stride, padding, groups

    def __call__(self, v: Values, at: str, x: Any) -> Any:
        y = convolved(x, v[at + "weight"], self.stride, self.padding, self.groups)
        return y + v[at + "bias"][:, None, None] if "bias" in self.shapes else y


class ConvTranspose2d(Layer):
    """Square kernels that do not overlap: the stride is the kernel."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int) -> None:
        self.shapes = {"weight": (inputs, outputs, kernel, kernel), "bias": (outputs,)}
        self.kernel = kernel

    def __call__(self, v: Values, at: str, x: Any) -> Any:
        n, _, h, w = x.shape
        y = jnp.einsum("nchw,couv->nohuwv", x, v[at + "weight"])
        return y.reshape(n, -1, h * self.kernel, w * self.kernel) + v[at + "bias"][:, None, None]


class MaxPool2d(Layer):
    """The largest of each square window."""

    def __init__(self, kernel: int, stride: int | None = None) -> None:
        self.window, self.steps = (1, 1, kernel, kernel), (1, 1, stride or kernel, stride or kernel)

    def __call__(self, v: Values, at: str, x: Any) -> Any:
        return jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, self.window, self.steps, "VALID")


class AvgPool2d(MaxPool2d):
    """The average of each square window."""

    def __call__(self, v: Values, at: str, x: Any) -> Any:
        total = jax.lax.reduce_window(x, 0.0, jax.lax.add, self.window, self.steps, "VALID")
        return total / (self.window[2] * self.window[3])


class AdaptiveAvgPool2d(Layer):
    """The mean of each channel."""

    def __init__(self, size: int) -> None:
        assert size == 1

    def __call__(self, v: Values, at: str, x: Any) -> Any:
        return x.mean((2, 3), keepdims=True)


class Flatten(Layer):
    """(n, ...) to (n, all)."""

    def __call__(self, v: Values, at: str, x: Any) -> Any:
        return x.reshape(len(x), -1)


class Dropout(Layer):
    """In training; its key is a buffer."""

    def __init__(self, p: float) -> None:
        self.keep = 1 - p
        self.buffers = {"key": jax.random.PRNGKey(0)}

    def __call__(self, v: Values, at: str, x: Any) -> Any:
        v[at + "key"], key = jax.random.split(v[at + "key"])
        return jnp.where(jax.random.bernoulli(key, self.keep, x.shape), x / self.keep, 0)


class ReLU(Layer):
    """max(x, 0)."""

    def __call__(self, v: Values, at: str, x: Any) -> Any:
        return jax.nn.relu(x)


class Sigmoid(Layer):
    """1 / (1 + exp(-x))."""

    def __call__(self, v: Values, at: str, x: Any) -> Any:
        return jax.nn.sigmoid(x)


class GELU(Layer):
    """x times the normal distribution's function."""

    def __call__(self, v: Values, at: str, x: Any) -> Any:
        return jax.nn.gelu(x, approximate=False)


def _attention(q: Any, k: Any, v: Any, is_causal: bool = False) -> Any:
    """softmax(q k^T / sqrt(d)) v; `jax.nn.dot_product_attention` is the same on a CPU."""
    scores = q @ k.mT / q.shape[-1] ** 0.5
    if is_causal:
        scores = jnp.where(jnp.tril(jnp.ones(scores.shape[-2:], bool)), scores, -jnp.inf)
    return jax.nn.softmax(scores) @ v


functional = SimpleNamespace(scaled_dot_product_attention=_attention)


class _Recurrent(Layer):
    """Layers of gates one on another."""

    gates = 1

    def __init__(self, inputs: int, hidden: int, layers: int = 1) -> None:
        self.hidden, self.layers = hidden, layers
        shapes: dict[str, tuple[int, ...]] = {}
        for i in range(layers):
            shapes[f"weight_ih_l{i}"] = (self.gates * hidden, hidden if i else inputs)
            shapes[f"weight_hh_l{i}"] = (self.gates * hidden, hidden)
            shapes[f"bias_ih_l{i}"] = shapes[f"bias_hh_l{i}"] = (self.gates * hidden,)
        self.shapes = shapes


class GRU(_Recurrent):
    """One layer over (t, n, inputs): the outputs at all times, and the last state."""

    gates = 3

    def __call__(self, v: Values, at: str, x: Any) -> Any:
        z = x @ v[at + "weight_ih_l0"].T + v[at + "bias_ih_l0"]
        step = partial(_gru_step, v[at + "weight_hh_l0"].T, v[at + "bias_hh_l0"])
        last, outputs = jax.lax.scan(step, jnp.zeros((x.shape[1], self.hidden)), z)
        return outputs, last[None]


def _gru_step(w_hh: Any, b_hh: Any, h: Any, z: Any) -> Any:
    (a_r, a_u, a_c), (z_r, z_u, z_c) = (jnp.split(a, 3, axis=-1) for a in (h @ w_hh + b_hh, z))
    u = jax.nn.sigmoid(a_u + z_u)
    h = (1 - u) * jnp.tanh(jax.nn.sigmoid(a_r + z_r) * a_c + z_c) + u * h
    return h, h


class LSTM(_Recurrent):
    """Over (t, n, inputs): the outputs of the last layer at all times, and nothing for the states."""

    gates = 4

    def __call__(self, v: Values, at: str, x: Any) -> Any:
        for i in range(self.layers):
            w_hh = v[f"{at}weight_hh_l{i}"].T
            z = x @ v[f"{at}weight_ih_l{i}"].T + (v[f"{at}bias_ih_l{i}"] + v[f"{at}bias_hh_l{i}"])
            start = jnp.zeros((x.shape[1], self.hidden))
            x = jax.lax.scan(partial(_lstm_step, w_hh), (start, start), z)[1]
        return x, None


def _lstm_step(w_hh: Any, state: Any, z: Any) -> Any:
    i, f, g, o = jnp.split(z + state[0] @ w_hh, 4, axis=-1)
    c = jax.nn.sigmoid(f) * state[1] + jax.nn.sigmoid(i) * jnp.tanh(g)
    h = jax.nn.sigmoid(o) * jnp.tanh(c)
    return (h, c), h


class Sequential(Layer):
    """One after the other."""

    def __init__(self, *layers: Any) -> None:
        self.layers = layers
        self.shapes = {f"{i}.{n}": s for i, layer in enumerate(layers) for n, s in layer.shapes.items()}
        self.buffers = {f"{i}.{n}": b for i, layer in enumerate(layers) for n, b in layer.buffers.items()}

    def __call__(self, v: Values, at: str, x: Any) -> Any:
        for i, layer in enumerate(self.layers):
            x = layer(v, f"{at}{i}.", x)
        return x
