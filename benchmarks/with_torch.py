"""The workloads in PyTorch: eager, channels_last, through torch.compile, and with a DataLoader."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset

from .contestants import CORES
from .records import Convolution, Divergence, Prediction, Product, Training, initial
from .runner import Runner

torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", CORES)))


def training(w: Training, compiled: bool = False, channels_last: bool = False, loader: bool = False) -> Runner:
    """Training steps; eager with the fused optimizer, compiled with the optimizer compiled too, each the faster way."""
    layout = _layout(channels_last)
    model = _model(w.model, layout)
    step = _step(w, model, compiled)
    x, y = (torch.from_numpy(a) for a in w.data())
    x, y = x.contiguous(memory_format=layout), y if w.y else x
    if w.batch is None:
        return Runner(lambda: step(x, y))
    pieces = _loaded if loader else _sliced
    return Runner(lambda: [step(a, b) for a, b in pieces(w, x, y)], w.steps)


def _layout(channels_last: bool) -> Any:
    return torch.channels_last if channels_last else torch.contiguous_format


def _model(make: Callable[[Any], Any], layout: Any) -> Any:
    model = make(nn)
    with torch.no_grad():
        for name, p in model.named_parameters():
            p.copy_(torch.from_numpy(initial(name, tuple(p.shape))))
    return model.to(memory_format=layout)


def _step(w: Training, model: Any, compiled: bool) -> Callable[[Any, Any], float]:
    optimizer = getattr(optim, w.optimizer)(model.parameters(), lr=w.lr, fused=None if compiled else True, **w.options)
    loss_function, update = getattr(F, w.loss), optimizer.step
    narrow = torch.autocast("cpu", torch.bfloat16, enabled=w.precision == "bf16")

    def loss_of(x: Any, y: Any) -> Any:
        with narrow:
            return loss_function(w.output(model(x)), y)

    if compiled:
        loss_of, update = torch.compile(loss_of), torch.compile(update)

    def step(x: Any, y: Any) -> float:
        optimizer.zero_grad()
        loss = loss_of(x, y)
        loss.backward()
        update()
        return float(loss.item())

    return step


def _sliced(w: Training, x: Any, y: Any) -> Iterable[tuple[Any, Any]]:
    """Batches by index: small ones are cut from a copy in the new order, large ones are gathered one by one."""
    batches = torch.from_numpy(w.batches())
    if x.nbytes < 2**24:
        order = batches.ravel()
        return zip(torch.split(x[order], batches.shape[1]), torch.split(y[order], batches.shape[1]), strict=True)
    return ((x[b], y[b]) for b in batches)


def _loaded(w: Training, x: Any, y: Any) -> Iterable[tuple[Any, Any]]:
    """Batches as the tutorials make them."""
    return DataLoader(TensorDataset(x, y), batch_sampler=w.batches().tolist())


def divergence(w: Divergence, compiled: bool = False) -> Runner:
    """Contrastive divergence by hand, without autograd; states are drawn and the update is made in place."""
    W, c, b = (torch.from_numpy(p) for p in w.parameters().values())
    v, rate = torch.from_numpy(w.data()), w.lr / w.n
    narrow = torch.autocast("cpu", torch.bfloat16, enabled=w.precision == "bf16")

    def step(v: Any) -> Any:
        with narrow:
            h = torch.sigmoid(F.linear(v, W, c))
            mean = torch.sigmoid(_drawn(h) @ W + b)
            last = _drawn(mean)
            h_last = torch.sigmoid(F.linear(last, W, c))
        if w.precision:
            with narrow:
                W.sub_(h_last.T @ last - h.T @ v, alpha=rate)
        else:
            W.addmm_(h.T, v, alpha=rate).addmm_(h_last.T, last, alpha=-rate)
        b.add_((v - last).sum(0), alpha=rate)
        c.add_((h - h_last).sum(0), alpha=rate)
        return (v - mean).square().sum(1).mean()

    run = torch.compile(step) if compiled else step

    @torch.inference_mode()
    def call() -> float:
        return float(run(v).item())

    return Runner(call, values=lambda _: w.judged(W, c, b))


def _drawn(p: Any) -> Any:
    """1 with probability p: half the time of torch.bernoulli, which draws with one thread."""
    return (torch.rand_like(p) < p).to(p.dtype)


def product(w: Product) -> Runner:
    """A product."""
    a, b = (torch.from_numpy(m) for m in w.data())
    return Runner(lambda: a @ b, values=lambda c: [float(c.mean()), float(c[1, 2])])


def prediction(w: Prediction, compiled: bool = False, channels_last: bool = False) -> Runner:
    """A model's result, without anything kept for gradients."""
    layout = _layout(channels_last)
    model = _model(w.model, layout).eval()
    run = torch.compile(model) if compiled else model
    x = torch.from_numpy(w.data()).contiguous(memory_format=layout)

    def call() -> Any:
        with torch.inference_mode():
            return run(x).numpy()

    return Runner(call)


def convolution(w: Convolution, channels_last: bool = False) -> Runner:
    """A convolution and its gradients."""
    layout = _layout(channels_last)
    x, weight, g = (torch.from_numpy(a).contiguous(memory_format=layout) for a in w.data())
    leaves = [x.requires_grad_(), weight.requires_grad_()]

    def call() -> list[Any]:
        y = F.conv2d(x, weight, padding=w.kernel // 2)
        return [y, *torch.autograd.grad(y, leaves, g)]

    return Runner(call, values=lambda results: [float(r.abs().mean()) for r in results])
