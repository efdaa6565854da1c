"""A look at what a first batch comes to in a model, at its outputs, and at what it is asked for later."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ...errors import MistakeWarning, ShapeError, warn
from ...nn import Embedding, Module
from ...tensor import Tensor

_RANGES = {"Sigmoid": (0.0, 1.0), "Tanh": (-1.0, 1.0), "ReLU": (0.0, np.inf), "Softmax": (0.0, 1.0)}
_BYTE = 100  # what no number is that was scaled: one of a picture's brightest, in 0 to 255


class Seen:
    """What was seen of a model in one call: what its first layer with weights got, and which part's result it gave."""

    def __init__(self) -> None:
        self.first: tuple[Module, Tensor] | None = None
        self.last: tuple[Module, Tensor] | None = None
        self.given: Any = None

    def outputs(self, pairs: Iterator[tuple[Tensor, Any]]) -> Iterator[tuple[Tensor, Any]]:
        """The outputs and targets of batches, of which the last outputs are kept."""
        for pair in pairs:
            self.given = pair[0]
            yield pair

    def called(self, module: Module, inputs: tuple[Any, ...], out: Any) -> None:
        if any(True for _ in module.children()):
            return
        weighted = any(p.ndim > 1 for p in module._own_parameters())
        if self.first is None and weighted and inputs and isinstance(inputs[0], Tensor):
            self.first = module, inputs[0]
        if isinstance(out, Tensor):
            self.last = module, out


@contextmanager
def seen(model: Module) -> Iterator[Seen]:
    """What is seen of a model's parts in this block; no hook of it stays."""
    found, parts = Seen(), list(model.modules())
    before = [vars(m).get("_forward_hooks") for m in parts]
    for m in parts:
        m.register_forward_hook(found.called)
    try:
        yield found
    finally:
        for m, hooks in zip(parts, before, strict=True):
            if hooks is None:
                vars(m).pop("_forward_hooks")
            else:
                m._forward_hooks = hooks


def look_at_batch(found: Seen, inputs: tuple[Any, ...], targets: Any) -> None:
    """Warn of what a batch of training came to in the model, of its outputs and its targets."""
    if len(inputs) == 1 and isinstance(inputs[0], Tensor):
        _look_at_brightness(found, inputs[0])
    outputs = found.given
    if not isinstance(outputs, Tensor) or not isinstance(targets, Tensor):
        return
    last = found.last[0] if found.last is not None and found.last[1] is outputs else None
    if last is not None:
        _look_at_last(last, outputs, targets)


def _look_at_brightness(found: Seen, x: Tensor) -> None:
    """Warn of pictures in 0 to 255 that come to the first weights as they are."""
    if found.first is None or x.ndim < 3 or not x.size:
        return
    layer, got = found.first
    low, high, given = float(x.numpy().min()), float(x.numpy().max()), got.numpy()
    if low >= 0 and _BYTE < high <= 255 and float(given.max()) > _BYTE and not isinstance(layer, Embedding):
        warn(
            f"pictures of {low:g} to {high:g} come to {type(layer).__name__} as they are. Divide them by 255, or let "
            "the model begin with gradus.data.Normalize.",
            MistakeWarning,
            mistake="pictures-not-scaled",
        )


def _look_at_last(last: Module, outputs: Tensor, targets: Tensor) -> None:
    kind = type(last).__name__
    if kind in ("Softmax", "LogSoftmax") and outputs.ndim == 2 and getattr(last, "axis", 1) in (0, -2):
        warn(
            f"the model ends with {last!r}, along the samples: of outputs {outputs.shape} the classes are axis 1.",
            MistakeWarning,
            mistake="softmax-over-the-samples",
        )
    low, high = _RANGES.get(kind, (-np.inf, np.inf))
    y = targets.numpy()
    if y.dtype.kind == "f" and y.shape == outputs.shape and y.size and (y.min() < low - 0.01 or y.max() > high + 0.01):
        warn(
            f"the model ends with {kind}, which gives {low:g} to {high:g}, and targets go from {y.min():g} to "
            f"{y.max():g}. Leave it out, or bring the targets into its range.",
            MistakeWarning,
            mistake="outputs-cannot-reach-the-targets",
        )


def check_batch_axis(model: Module, x: Any) -> None:
    """Refuse one sample, where a model was called with batches of such samples."""
    called = model._called_with
    if len(called) == 1 and len(called[0].shape) > 1 and called[0].shape[1:] == np.shape(x):
        raise ShapeError(
            f"predict: x has shape {np.shape(x)}, as one sample that {type(model).__name__} was called with before",
            "The first axis is that of the samples: x[None].",
            mistake="one-sample-to-predict",
        )


def look_at_loss(first: float, record: dict[str, Any]) -> None:
    """Warn of a loss that rose in the first epoch, though it is still a number."""
    if record["epoch"] == 1 and 1e-3 < first < np.inf and record["loss"] > 1e3 * first:
        warn(
            f"the loss rose from {first:g} to {record['loss']:g} in the first epoch, at learning rate "
            f"{record['lr']:g}. Try one ten times lower, clip_norm=1.0, or inputs and targets scaled to about -1 to 1.",
            MistakeWarning,
            mistake="loss-rises",
        )
