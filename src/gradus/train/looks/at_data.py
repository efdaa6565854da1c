"""A look at the data of a training, as far as they lie in memory."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import functional
from ...data import DataLoader, in_memory
from ...data.iterable import is_stream, known_length
from ...errors import MistakeWarning, warn
from ...tensor import Tensor

_OF_CLASSES = (functional.cross_entropy, functional.nll_loss)
_ROWS = 256  # samples that are compared before all are


def look_at_data(loss: Any, loader: DataLoader, held_out: DataLoader | None, outputs: Any) -> None:
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
    if targets.ndim == 1 and targets.dtype.kind in "iu" and getattr(type(loss), "function", loss) in _OF_CLASSES:
        _look_at_classes(targets, None if others is None else others[-1][other_places])
        named = getattr(loader.dataset, "classes", None)  # whoever names the classes has numbered them
        if not named and isinstance(outputs, Tensor) and outputs.ndim == 2:
            _look_at_labels(targets, outputs.shape[1])
        _look_at_order(loader, targets)


def _arrays(loader: DataLoader) -> tuple[tuple[np.ndarray, ...] | None, np.ndarray]:
    return (None, np.arange(0)) if is_stream(loader.dataset) else in_memory(loader.dataset)


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
