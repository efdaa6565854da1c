"""The workloads in gradus."""

from __future__ import annotations

import numpy as np

import gradus
from gradus import functional as F
from gradus import models, nn, optim
from gradus.tensor import Tensor

from .records import Convolution, Divergence, Prediction, Product, Training, initial
from .runner import Runner


def training(w: Training, compiled: bool = True) -> Runner:
    """Training steps, each a call of one native program; an epoch as one call. Or eager ones."""
    model = w.model(nn)
    for name, p in model.named_parameters():
        p.assign_(gradus.tensor(initial(name, p.shape)))
    optimizer = getattr(optim, w.optimizer)(model.parameters(), lr=w.lr, **w.options)
    loss_function, output = getattr(F, w.loss), w.output

    def train(x: Tensor, y: Tensor) -> Tensor:
        optimizer.zero_grad()
        loss = loss_function(output(model(x)), y)
        loss.backward()
        optimizer.step()
        return loss  # type: ignore[no-any-return]

    x, y = (gradus.tensor(a) for a in w.data())
    y = y if w.y else x
    if not compiled:
        return Runner(lambda: float(train(x, y)))
    step = gradus.compile(train, precision=w.precision or "float32")
    if w.batch is None:
        return Runner(lambda: float(step(x, y)))
    batches = w.batches()
    return Runner(lambda: step.epoch((x, y), batches), len(batches))


def divergence(w: Divergence) -> Runner:
    """Contrastive divergence: the gradient is that of a difference of free energies, each step one native program."""
    rbm = models.RBM(w.visible, w.hidden)
    for name, value in w.parameters().items():
        getattr(rbm, name).assign_(gradus.tensor(value))
    optimizer = optim.SGD(rbm.parameters(), lr=w.lr)
    v = gradus.tensor(w.data())

    def train(v: Tensor) -> Tensor:
        optimizer.zero_grad()
        found = rbm.contrastive_divergence(v)
        found["loss"].backward()
        optimizer.step()
        return found["reconstruction"]

    step = gradus.compile(train, precision=w.precision or "float32")
    state = [rbm.weight, rbm.hidden_bias, rbm.visible_bias]
    return Runner(lambda: float(step(v)), values=lambda _: w.judged(*(p.numpy() for p in state)))


def product(w: Product) -> Runner:
    """A product as one native program."""
    a, b = (gradus.as_tensor(m) for m in w.data())
    multiply = gradus.compile(lambda a, b: a @ b)
    return Runner(lambda: multiply(a, b), values=lambda c: [c.numpy().mean(), c.numpy()[1, 2]])


def prediction(w: Prediction) -> Runner:
    """A model's result."""
    model = w.model(nn).eval()
    for name, p in model.named_parameters():
        p.assign_(gradus.tensor(initial(name, p.shape)))
    predict = gradus.compile(lambda x: model(x))
    x = gradus.tensor(w.data())

    def call() -> np.ndarray:
        with gradus.no_grad():
            return predict(x).numpy()  # type: ignore[no-any-return]

    return Runner(call)


def convolution(w: Convolution) -> Runner:
    """A convolution and its gradients, one native program."""
    leaves = [gradus.tensor(a) for a in w.data()]

    @gradus.compile
    def step(x: Tensor, weight: Tensor, g: Tensor) -> list[Tensor]:
        x, weight = x.detach().requires_grad_(), weight.detach().requires_grad_()
        y = F.conv2d(x, weight, padding=w.kernel // 2)
        return [y.detach(), *gradus.grad((y * g).sum(), [x, weight])]

    return Runner(lambda: step(*leaves), values=lambda results: [float(abs(r.numpy()).mean()) for r in results])
