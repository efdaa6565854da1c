"""A look at a training before it begins, for what is a mistake, surely or probably: the optimizer, the data, the "
"model."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ... import functional
from ...autograd import no_grad
from ...data import DataLoader, check_finite, in_memory
from ...data.iterable import is_stream, known_length
from ...errors import ArgumentError, DataError, GradientError, MistakeWarning, ShapeError, warn
from ...nn import Embedding, Module
from ...nn.core import looks
from ...optim import Optimizer
from ...tensor import Tensor
from .batches import check_trainable, divided
from .evaluation import eagerly, measure
from .native import Native

_OF_CLASSES = (functional.cross_entropy, functional.nll_loss)
_RANGES = {"Sigmoid": (0.0, 1.0), "Tanh": (-1.0, 1.0), "ReLU": (0.0, np.inf), "Softmax": (0.0, 1.0)}
_ROWS = 256  # samples that are compared before all are
_BYTE = 100  # what no number is that was scaled: one of a picture's brightest, in 0 to 255
_GONE = 1e-6  # of a learning rate: nothing more is learned


def first_look(trainer: Native, loader: DataLoader, held_out: DataLoader | None, epochs: int) -> tuple[Any, float]:
    """The first batch of a training, and its loss, after a look at it and at what is there of the others.

    A batch of each is measured: this finds what does not fit before anything is written.
    """
    _require_unfrozen(trainer.optimizer, trainer.model)
    if held_out is not None:  # one without batches is false
        first_batch(trainer.model, held_out)
        check_finite(held_out.dataset)
    first = first_batch(trainer.model, loader)
    check_finite(loader.dataset)
    parts = divided(trainer.model, first, loader.dataset)
    outputs: list[Any] = []
    with seen(trainer.model) as found:
        loss = measure(trainer, _noted(eagerly(trainer, loader, [first]), outputs))["loss"]
    if held_out is not None:
        measure(trainer, eagerly(trainer, held_out, [first_batch(trainer.model, held_out)]))
    look_at_batch(found, outputs[0], parts.args, parts.targets)
    look_at_data(trainer, loader, held_out, outputs[0])
    look_at_schedule(trainer.optimizer, epochs * (known_length(loader) or 0))
    return first, loss


def _noted(pairs: Iterator[tuple[Tensor, Any]], outputs: list[Any]) -> Iterator[tuple[Tensor, Any]]:
    for pair in pairs:
        outputs.append(pair[0])
        yield pair


def first_batch(model: Module, loader: DataLoader) -> Any:
    """The first batch; data that nothing can be learned from are refused."""
    name = getattr(loader.dataset, "name", "") or "the data set"
    first = loader.first()
    if first is None:
        samples = known_length(loader.dataset) or 0
        raise DataError(
            f"{name} has {samples} samples, which make no batch of {loader.batch_size}", mistake="no-batch"
        )
    check_trainable(name, divided(model, first, loader.dataset))
    return first


# -- the optimizer -----------------------------------------------------------------------------------------------------


def check_optimizer(optimizer: Any, model: Module) -> None:
    """Refuse what is no optimizer, and one that trains something else."""
    own = {id(p) for p in model.parameters()}
    if not own:
        raise ArgumentError(
            f"{type(model).__name__} has no parameters, there is nothing to train", mistake="model-without-parameters"
        )
    if not isinstance(optimizer, Optimizer):
        got = f"the class {optimizer.__name__}" if isinstance(optimizer, type) else repr(optimizer)
        raise ArgumentError(
            f"the optimizer is {got}. Make one that holds the model's parameters: "
            "gradus.optim.Adam(model.parameters(), lr=1e-3).",
            mistake="optimizer-class-given",
        )
    if not any(id(p) in own for p in optimizer.params):
        raise ArgumentError(
            f"the optimizer trains other tensors: none of its {len(optimizer.params)} is a parameter of this "
            f"{type(model).__name__}. Make it after the model: {type(optimizer).__name__}(model.parameters(), ...).",
            mistake="optimizer-of-another-model",
        )
    looks.belongs(optimizer, model)


def _require_unfrozen(optimizer: Optimizer, model: Module) -> None:
    """Refuse to train where all is frozen."""
    if not any(p.requires_grad for p in optimizer.params):
        raise GradientError(
            f"fit: no parameter that the optimizer holds requires a gradient, so {type(model).__name__} is frozen and "
            "would not change. Unfreeze the model, model.requires_grad_(), or a part: model.layers.requires_grad_().",
            mistake="all-is-frozen",
        )


def look_at_schedule(optimizer: Optimizer, steps: int) -> None:
    """Warn of a rate that is gone before half of the training is done: one that was told epochs, and counts steps."""
    schedule = optimizer._schedule
    if schedule is None or steps < 4:
        return
    with no_grad():
        rates = [abs(float(schedule(Tensor(np.array(float(step)))))) for step in np.linspace(0, steps - 1, 32).round()]
    if max(rates[16:]) <= _GONE * max(rates):
        warn(
            f"the learning rate falls to {max(rates[16:]):g} before half of the {steps} steps are done. Schedules "
            "count steps, an epoch has as many as there are batches: steps=epochs * len(loader).",
            MistakeWarning,
            mistake="steps-counted-as-epochs",
        )


# -- the data ----------------------------------------------------------------------------------------------------------


def look_at_data(trainer: Native, loader: DataLoader, held_out: DataLoader | None, outputs: Any) -> None:
    """Warn of data in memory that are probably not what they are meant to be."""
    arrays, places = _arrays(loader)
    others, other_places = _arrays(held_out) if held_out is not None else (None, places)
    if arrays is None or len(arrays) < 2 or not len(places):
        return
    if others is not None and others[0] is arrays[0]:
        _look_at_overlap(places, other_places)
    if len(arrays) == 2:
        _look_at_features(arrays[0], arrays[1], places)
    targets = arrays[-1][places]
    if targets.ndim == 1 and targets.dtype.kind in "iu" and loss_of(trainer) in _OF_CLASSES:
        _look_at_classes(targets, None if others is None else others[-1][other_places])
        named = getattr(loader.dataset, "classes", None)  # whoever names the classes has numbered them
        if not named and isinstance(outputs, Tensor) and outputs.ndim == 2:
            _look_at_labels(targets, outputs.shape[1])
        _look_at_order(loader, targets)


def _arrays(loader: DataLoader) -> tuple[tuple[np.ndarray, ...] | None, np.ndarray]:
    return (None, np.arange(0)) if is_stream(loader.dataset) else in_memory(loader.dataset)


def loss_of(trainer: Native) -> Any:
    """The function of a loss, if it is one of gradus's, or a module of one."""
    return getattr(type(trainer.loss), "function", trainer.loss)


def _look_at_overlap(places: np.ndarray, others: np.ndarray) -> None:
    both = np.intersect1d(places, others).size
    if both and both == len(np.unique(others)):
        warn(
            "the validation data are among the training data, so the figures say how well these are known by heart. "
            "Split: train, held_out = gradus.data.random_split(data, [0.8, 0.2]).",
            MistakeWarning,
            mistake="validation-is-training",
        )
    elif both:
        warn(
            f"{both} samples are in the training and in the validation data. gradus.data.random_split makes parts "
            "that have nothing in common.",
            MistakeWarning,
            mistake="parts-overlap",
        )


def _look_at_features(x: np.ndarray, y: np.ndarray, places: np.ndarray) -> None:
    """Warn of a column that is the target."""
    if x.ndim != 2 or x.shape[1] < 2 or y.shape not in ((len(x),), (len(x), 1)) or len(places) < 20:
        return
    few = places[:_ROWS]
    target = y.reshape(-1)
    alike = (x[few] == target[few][:, None]).all(0)
    if not alike.any() or (target[few] == target[few[0]]).all():
        return
    for column in np.flatnonzero(alike):
        if (x[places, column] == target[places]).all():
            warn(
                f"column {column} of the inputs (the first is 0) is the target. Leave it out.",
                MistakeWarning,
                mistake="target-among-the-features",
            )


def _look_at_classes(targets: np.ndarray, held_out: np.ndarray | None) -> None:
    classes = np.unique(targets)
    if len(classes) == 1 and len(targets) >= 10:
        warn(
            f"all {len(targets)} training samples are of class {classes[0]}. Data sorted by class are mixed by "
            "gradus.data.random_split or stratified_split.",
            MistakeWarning,
            mistake="one-class-only",
        )
    elif held_out is not None and held_out.dtype.kind in "iu" and held_out.ndim == 1:
        new = np.setdiff1d(held_out, classes)
        if new.size and np.isin(held_out, new).mean() >= 0.1:
            warn(
                f"the validation data have classes that the training data do not have: {', '.join(map(str, new[:5]))}. "
                "gradus.data.stratified_split gives each part its share of each class.",
                MistakeWarning,
                mistake="class-never-trained",
            )


def _look_at_labels(targets: np.ndarray, classes: int) -> None:
    """Warn of labels from 1 to the number of the last class, of which there is one more."""
    found = np.unique(targets)
    if len(found) > 1 and found[0] == 1 and found[-1] == classes - 1:
        warn(
            f"the labels go from 1 to {classes - 1}, and the model has {classes} classes, of which the first, 0, does "
            "not occur. Labels count from 0: labels - 1, and a class less.",
            MistakeWarning,
            mistake="labels-from-one",
        )


def _look_at_order(loader: DataLoader, targets: np.ndarray) -> None:
    """Warn of classes that come one after the other, each in batches of its own."""
    several = targets[0] != targets[-1] and (known_length(loader) or 0) > 1
    if several and not loader.shuffle and loader.sampler_name is None and (np.diff(targets) >= 0).all():
        warn(
            "the training data come sorted by class and are not shuffled: DataLoader(..., shuffle=True).",
            MistakeWarning,
            mistake="sorted-and-not-shuffled",
        )


# -- the model ---------------------------------------------------------------------------------------------------------


class Seen:
    """What was seen of a model in one call: what its first layer with weights got, and which part's result it gave."""

    def __init__(self) -> None:
        self.first: tuple[Module, Tensor] | None = None
        self.last: tuple[Module, Tensor] | None = None

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


def look_at_batch(found: Seen, outputs: Any, inputs: tuple[Any, ...], targets: Any) -> None:
    """Warn of what a batch of training came to in the model, of its outputs and its targets."""
    if len(inputs) == 1 and isinstance(inputs[0], Tensor):
        _look_at_brightness(found, inputs[0])
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
