"""Layers for JAX under the names of torch.nn, as far as the workloads need them.

A layer knows the shapes of its parameters and the first values of its buffers; it is called with a dict of all values
by name, the beginning of its own names in it, and x. Batch normalisation writes its running statistics into the dict.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

import jax
import jax.numpy as jnp

Values = dict[str, Any]


class Layer:
    """Without parameters, unless it says so."""

    shapes: Mapping[str, tuple[int, ...]] = MappingProxyType({})
    buffers: Mapping[str, Any] = MappingProxyType({})


class Linear(Layer):
    """x W^T + b."""

    def __init__(self, inputs: int, outputs: int) -> None:
        self.shapes = {"weight": (outputs, inputs), "bias": (outputs,)}

    def __call__(self, v: Values, at: str, x: Any) -> Any:
        return x @ v[at + "weight"].T + v[at + "bias"]


class BatchNorm1d(Layer):
    """Over the batch, with running statistics."""

    def __init__(self, features: int) -> None:
        self.shapes = {"weight": (features,), "bias": (features,)}
        self.buffers = {"running_mean": jnp.zeros(features), "running_var": jnp.ones(features)}

    def __call__(self, v: Values, at: str, x: Any) -> Any:
        mean, var = x.mean(0), x.var(0)
        for name, now in (("running_mean", mean), ("running_var", var * len(x) / (len(x) - 1))):
            v[at + name] = 0.9 * v[at + name] + 0.1 * now
        return (x - mean) / jnp.sqrt(var + 1e-5) * v[at + "weight"] + v[at + "bias"]


def convolved(x: Any, weight: Any, stride: int, padding: int) -> Any:
    """Of images (n, c, h, w); other layouts are no faster here."""
    return jax.lax.conv_general_dilated(x, weight, (stride, stride), [(padding, padding)] * 2)


class Conv2d(Layer):
    """Square kernels."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1, padding: int = 0) -> None:
        self.shapes = {"weight": (outputs, inputs, kernel, kernel), "bias": (outputs,)}
        self.stride, self.padding = stride, padding

    def __call__(self, v: Values, at: str, x: Any) -> Any:
        return convolved(x, v[at + "weight"], self.stride, self.padding) + v[at + "bias"][:, None, None]


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


class LSTM(Layer):
    """Over (t, n, inputs): the outputs of the last layer at all times, and nothing for the states."""

    def __init__(self, inputs: int, hidden: int, layers: int) -> None:
        self.hidden, self.layers = hidden, layers
        shapes: dict[str, tuple[int, ...]] = {}
        for i in range(layers):
            shapes[f"weight_ih_l{i}"] = (4 * hidden, hidden if i else inputs)
            shapes[f"weight_hh_l{i}"] = (4 * hidden, hidden)
            shapes[f"bias_ih_l{i}"] = shapes[f"bias_hh_l{i}"] = (4 * hidden,)
        self.shapes = shapes

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
