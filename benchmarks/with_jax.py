"""The workloads in JAX: each step one jitted function that overwrites its old state; an epoch one `lax.scan`."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from . import jax_layers
from .records import Convolution, Divergence, Prediction, Product, Training, initial
from .runner import Runner


def cross_entropy(z: Any, y: Any) -> Any:
    """The mean of -log p of the label."""
    return -jnp.take_along_axis(jax.nn.log_softmax(z), y[:, None], 1).mean()


def mse_loss(z: Any, y: Any) -> Any:
    """The mean of the squares."""
    return jnp.square(z - y).mean()


def logits_loss(z: Any, y: Any) -> Any:
    """Binary cross-entropy with logits."""
    return (jax.nn.softplus(z) - y * z).mean()


LOSSES = {"cross_entropy": cross_entropy, "mse_loss": mse_loss, "binary_cross_entropy_with_logits": logits_loss}


def sgd(p: Any, g: Any, slots: Any, t: Any, lr: float, momentum: float = 0.0) -> Any:
    """p - lr g; with momentum, of the gathered velocity in place of g."""
    if not slots:
        return p - lr * g, slots
    velocity = momentum * slots[0] + g
    return p - lr * velocity, (velocity,)


def adamw(p: Any, g: Any, slots: Any, t: Any, lr: float) -> Any:
    """Adam, and weights that shrink; with PyTorch's default numbers."""
    return adam(p - lr * 0.01 * p, g, slots, t, lr)


def adam(p: Any, g: Any, slots: Any, t: Any, lr: float) -> Any:
    """Kingma and Ba's, with PyTorch's default numbers."""
    m, v = 0.9 * slots[0] + 0.1 * g, 0.999 * slots[1] + 0.001 * g * g
    return p - lr / (1 - 0.9**t) * m / (jnp.sqrt(v) / jnp.sqrt(1 - 0.999**t) + 1e-8), (m, v)


UPDATES = {"SGD": (sgd, 0), "Adam": (adam, 2), "AdamW": (adamw, 2)}


def training(w: Training) -> Runner:
    """Training steps; an epoch is a scan over its batches."""
    if w.precision:
        raise NotImplementedError(f"{w.precision} is measured against torch alone")
    model = w.model(jax_layers)
    parameters = {n: jnp.asarray(initial(n, s)) for n, s in model.shapes.items()}
    update, count = UPDATES[w.optimizer]
    count += len(w.options)
    slots = {n: tuple(jnp.zeros_like(p) for _ in range(count)) for n, p in parameters.items()}
    buffers = {n: jnp.array(b) for n, b in model.buffers.items()}

    def loss_of(p: Any, buffers: Any, x: Any, y: Any) -> Any:
        values = {**p, **buffers}
        loss = LOSSES[w.loss](w.output(model(values, "", x)), y if w.y else x)
        return loss, {n: values[n] for n in buffers}

    def step(state: Any, x: Any, y: Any) -> Any:
        p, slots, buffers, t = state
        (loss, buffers), g = jax.value_and_grad(loss_of, has_aux=True)(p, buffers, x, y)
        new = {n: update(p[n], g[n], slots[n], t + 1, w.lr, **w.options) for n in p}
        return ({n: a for n, (a, _) in new.items()}, {n: s for n, (_, s) in new.items()}, buffers, t + 1), loss

    def epoch(state: Any, x: Any, y: Any) -> Any:
        return jax.lax.scan(lambda s, b: step(s, x[b], y[b]), state, batches)

    batches = jnp.asarray(w.batches())
    run = jax.jit(step if w.batch is None else epoch, donate_argnums=0)
    state = (parameters, slots, buffers, jnp.zeros(()))
    x, y = (jnp.asarray(a) for a in w.data())

    def call() -> np.ndarray:
        nonlocal state
        state, loss = run(state, x, y)
        return np.asarray(loss)

    return Runner(call, 1 if w.batch is None else len(batches))


def divergence(w: Divergence) -> Runner:
    """Contrastive divergence by hand, one jitted function."""
    if w.precision:
        raise NotImplementedError(f"{w.precision} is measured against torch alone")

    def step(state: Any, v: Any) -> Any:
        W, c, b, key = state
        key, up, down = jax.random.split(key, 3)
        h = jax.nn.sigmoid(v @ W.T + c)
        mean = jax.nn.sigmoid(jax.random.bernoulli(up, h).astype(v.dtype) @ W + b)
        last = jax.random.bernoulli(down, mean).astype(v.dtype)
        h_last = jax.nn.sigmoid(last @ W.T + c)
        rate = w.lr / w.n
        W = W + rate * (h.T @ v - h_last.T @ last)
        c, b = c + rate * (h - h_last).sum(0), b + rate * (v - last).sum(0)
        return (W, c, b, key), jnp.square(v - mean).sum(1).mean()

    run = jax.jit(step, donate_argnums=0)
    state, v = (*map(jnp.asarray, w.parameters().values()), jax.random.key(0)), jnp.asarray(w.data())

    def call() -> float:
        nonlocal state
        state, error = run(state, v)
        return float(error)

    return Runner(call, values=lambda _: w.judged(*state[:3]))


def product(w: Product) -> Runner:
    """A jitted product."""
    a, b = (jnp.asarray(m) for m in w.data())
    multiply = jax.jit(lambda a, b: a @ b)
    return Runner(lambda: multiply(a, b).block_until_ready(), values=lambda c: [np.asarray(c).mean(), float(c[1, 2])])


def prediction(w: Prediction) -> Runner:
    """A model's result, jitted."""
    model = w.model(jax_layers)
    parameters = {n: jnp.asarray(initial(n, s)) for n, s in model.shapes.items()}
    fixed = {n: jnp.array(b) for n, b in model.buffers.items()} | {jax_layers.PREDICTING: True}
    run = jax.jit(lambda p, x: model(p | fixed, "", x))
    x = jnp.asarray(w.data())
    return Runner(lambda: np.asarray(run(parameters, x)))


def convolution(w: Convolution) -> Runner:
    """A convolution and its gradients, jitted."""
    x, weight, g = (jnp.asarray(a) for a in w.data())

    def work(x: Any, weight: Any, g: Any) -> Any:
        y, back = jax.vjp(lambda x, weight: jax_layers.convolved(x, weight, 1, w.kernel // 2), x, weight)
        return y, *back(g)

    run = jax.jit(work)
    return Runner(
        lambda: jax.block_until_ready(run(x, weight, g)),
        values=lambda results: [float(np.abs(np.asarray(r)).mean()) for r in results],
    )
