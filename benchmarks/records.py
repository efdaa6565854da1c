"""The kinds of workloads, and what can be said of each before it runs."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

Shape = tuple[int, ...]

PRODUCTS, TRAINING, CONVOLUTION, NETWORKS = "Matrix products", "Training steps", "Convolution", "Networks"  # tables


@dataclass(frozen=True)
class Asked:
    """How many times the speed of the best peer gradus must reach, among the peers whose names begin with `of`."""

    times: float
    of: str = ""


@dataclass(frozen=True)
class Workload:
    """What all workloads have.

    Attributes:
        kind: the function of a contestant's module that does it.
        name: for the command line.
        title: for the table.
        at_least: what gradus must reach.
        share_asked: the share of the fused multiply-add peak that gradus must reach.
        memory_asked: the share of torch's peak memory that gradus may take; None if it is not measured.
        group: the table in which it stands.
        agree: by how much, relatively, the contestants' first results may differ.
    """

    kind: ClassVar[str]

    name: str
    title: str
    at_least: tuple[Asked, ...] = ()
    share_asked: float = 0.0
    memory_asked: float | None = 0.5
    group: str = TRAINING
    agree: float = 1e-3

    @property
    def steps(self) -> int:
        """How many steps are done at a time."""
        return 1

    @property
    def operations(self) -> float:
        """Floating-point operations of one step's matrix products and direct convolutions."""
        raise NotImplementedError

    @property
    def bytes_moved(self) -> float:
        """Bytes that one step cannot do without reading or writing."""
        raise NotImplementedError


@dataclass(frozen=True)
class Training(Workload):
    """Training steps: forward, backward, update; the loss is read back after each.

    Attributes:
        model: makes the model from the layers of a namespace (`torch.nn`, `gradus.nn` or `benchmarks.jax_layers`).
        x: the shape of the inputs.
        y: the shape of the targets; `()` for the inputs themselves.
        classes, words: targets are labels, inputs are words below this number, if it is not 0; labels of a binary loss
            are floats.
        loss, optimizer, lr, options: by the names that torch and gradus share; the options are the optimizer's.
        output: what of the model's result goes into the loss.
        batch: None if x is one batch; else an epoch over x, in shuffled batches of this size, is measured.
        precision: "bf16" for products and convolutions in bfloat16.
    """

    model: Callable[[Any], Any] = lambda nn: nn.Identity()
    x: Shape = ()
    y: Shape = ()
    classes: int = 0
    words: int = 0
    loss: str = "mse_loss"
    optimizer: str = "SGD"
    lr: float = 0.1
    options: Mapping[str, float] = field(default_factory=dict)
    output: Callable[[Any], Any] = lambda out: out
    batch: int | None = None
    precision: str | None = None

    kind = "training"

    def data(self) -> tuple[np.ndarray, np.ndarray]:
        """Inputs in [0, 1) or words, and targets."""
        rng = np.random.default_rng(0)
        x = rng.integers(0, self.words, self.x) if self.words else rng.random(self.x, np.float32)
        if self.classes:
            return x, rng.integers(0, self.classes, self.y).astype(self.dtypes[1])
        return x, rng.standard_normal(self.y, np.float32) if self.y else x

    @property
    def dtypes(self) -> tuple[str, str]:
        """Of inputs and targets."""
        labels = self.classes and not self.loss.startswith("binary")
        return "int64" if self.words else "float32", "int64" if labels else "float32"

    def batches(self) -> np.ndarray:
        """The row numbers of an epoch's batches: (steps, batch); what does not fill one is left out."""
        batch = self.batch or self.x[0]
        return np.random.default_rng(1).permutation(self.x[0])[: self.x[0] // batch * batch].reshape(-1, batch)

    @property
    def steps(self) -> int:
        """One, or those of an epoch."""
        return self.x[0] // (self.batch or self.x[0])

    @property
    def step_shapes(self) -> tuple[Shape, Shape]:
        """The shapes of what one step is given."""
        y = self.y or self.x
        return (self.x, y) if self.batch is None else ((self.batch, *self.x[1:]), (self.batch, *y[1:]))

    @cached_property
    def _counted(self) -> tuple[float, float]:
        from .counting import count

        return count(self)

    @property
    def operations(self) -> float:
        """Those of forward, backward and update."""
        return self._counted[0]

    @property
    def bytes_moved(self) -> float:
        """Inputs read, parameters and the optimizer's state read and written."""
        return self._counted[1]


@dataclass(frozen=True)
class Product(Workload):
    """The product of two square matrices, float32."""

    n: int = 0
    group: str = PRODUCTS

    kind = "product"

    def data(self) -> tuple[np.ndarray, np.ndarray]:
        """The two matrices."""
        rng = np.random.default_rng(0)
        return rng.random((self.n, self.n), np.float32), rng.random((self.n, self.n), np.float32)

    @property
    def operations(self) -> float:
        """A multiplication and an addition for each place and each summand."""
        return 2.0 * self.n**3

    @property
    def bytes_moved(self) -> float:
        """Two matrices read, one written."""
        return 3 * 4.0 * self.n**2


@dataclass(frozen=True)
class Prediction(Workload):
    """What a model says of inputs of shape x, of words if `words` is not 0, read back."""

    model: Callable[[Any], Any] = lambda nn: nn.Identity()
    x: Shape = ()
    words: int = 0
    memory_asked: float | None = None

    kind = "prediction"

    def data(self) -> np.ndarray:
        """Inputs in [0, 1), or words."""
        rng = np.random.default_rng(0)
        return rng.integers(0, self.words, self.x) if self.words else rng.random(self.x, np.float32)

    @cached_property
    def _counted(self) -> tuple[float, float]:
        from .counting import count_prediction

        return count_prediction(self)

    @property
    def operations(self) -> float:
        """Those of forward."""
        return self._counted[0]

    @property
    def bytes_moved(self) -> float:
        """Inputs and parameters, read."""
        return self._counted[1]


@dataclass(frozen=True)
class Convolution(Workload):
    """One square convolution without bias, that keeps height and width: forward, and both gradients."""

    n: int = 0
    channels: int = 0
    out: int = 0
    size: int = 0
    kernel: int = 3
    group: str = CONVOLUTION
    memory_asked: float | None = None

    kind = "convolution"

    def data(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Images, weight, and the gradient that comes to the result."""
        rng = np.random.default_rng(0)
        shapes = (self.n, self.channels, *[self.size] * 2), (self.out, self.channels, *[self.kernel] * 2)
        x, weight, g = (rng.standard_normal(s, np.float32) for s in (*shapes, (self.n, self.out, *[self.size] * 2)))
        return x, weight, g

    @property
    def operations(self) -> float:
        """Of direct convolution: a multiplication and an addition for each place, pair of channels and offset."""
        return 3 * 2.0 * self.n * self.channels * self.out * self.size**2 * self.kernel**2

    @property
    def bytes_moved(self) -> float:
        """Images and gradient read, result and gradient written, the weight read, its gradient written."""
        images = self.n * (self.channels + self.out) * self.size**2
        return 4.0 * 2 * (images + self.channels * self.out * self.kernel**2)


@dataclass(frozen=True)
class Divergence(Workload):
    """Steps of contrastive divergence, CD-1, of an RBM with Bernoulli units; the reconstruction's error is read back.

    The hidden and the visible states are drawn at random, so the contestants' results agree only about.

    Attributes:
        n, visible, hidden: samples in a batch, and units.
        lr: of the plain gradient step.
        precision: "bf16" for products in bfloat16.
    """

    n: int = 0
    visible: int = 0
    hidden: int = 0
    lr: float = 0.01
    precision: str | None = None
    agree: float = 0.05

    kind = "divergence"

    def data(self) -> np.ndarray:
        """Pictures of 0 and 1, (n, visible)."""
        return (np.random.default_rng(0).random((self.n, self.visible)) < 0.2).astype(np.float32)

    def parameters(self) -> dict[str, np.ndarray]:
        """The first values: weight (hidden, visible), hidden_bias and visible_bias."""
        shapes = {"weight": (self.hidden, self.visible), "hidden_bias": (self.hidden,), "visible_bias": (self.visible,)}
        return {name: initial(name, shape) for name, shape in shapes.items()}

    def judged(self, weight: Any, hidden_bias: Any, visible_bias: Any) -> list[float]:
        """The error of a reconstruction without chance, by which contestants are compared."""
        v = self.data()
        h = 1 / (1 + np.exp(-(v @ np.asarray(weight).T + np.asarray(hidden_bias))))
        r = 1 / (1 + np.exp(-(h @ np.asarray(weight) + np.asarray(visible_bias))))
        return [float(((v - r) ** 2).sum(1).mean())]

    @property
    def operations(self) -> float:
        """Those of five products: up, down, up again, and the two of the gradient."""
        return 5 * 2.0 * self.n * self.visible * self.hidden

    @property
    def bytes_moved(self) -> float:
        """The data read, the parameters read and written."""
        return 4.0 * (self.n * self.visible + 2 * (self.visible * self.hidden + self.visible + self.hidden))


def initial(name: str, shape: Shape) -> np.ndarray:
    """The first value of a parameter, the same in every framework: uniform in +-1 / sqrt(inputs); scales are 1."""
    if len(shape) == 1 and name.endswith("weight"):
        return np.ones(shape, np.float32)
    bound = 1 / math.sqrt(math.prod(shape[1:]) or shape[0])
    values = np.random.default_rng(zlib.crc32(name.encode())).random(shape, np.float32)
    values -= 0.5  # in place: of a large model not even one parameter more is held in memory
    values *= 2 * bound
    return values


def classifier(name: str, title: str, model: Callable[[Any], Any], x: Shape, **options: Any) -> Training:
    """Training with ten classes and cross-entropy."""
    return Training(name, title, model=model, x=x, y=x[:1], classes=10, loss="cross_entropy", **options)
