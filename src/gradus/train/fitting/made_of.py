"""What a training is made of: all that decides its course, kept with its checkpoint, and compared when it goes on."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ...autograd import no_grad
from ...data import DataLoader, Preprocessing, padded_lengths
from ...data.iterable import known_length
from ...errors import CheckpointError, warn
from ...nn import Module
from ...optim import Optimizer
from ...optim.groups import Group
from ...tensor import tensor
from ..runs.told import batch_told, differences, listed, numbers_told, options, told
from .native import Native, in_a_line

ORDER = {"samples", "lengths", "batch_size", "sampler", "shuffle", "drop_last", "seed", "collate_fn", "metrics"}
ORDER |= {"data", "first_batch"}  # where one of them is another, half an epoch is none of the new one
_IMPLIED = {name: {"first_batch"} for name in ORDER - {"first_batch"}} | {  # what differs where another does
    "samples": {"data", "first_batch"},
    "model": {"layers", "parameters"},
    "optimizer": {"options"},
    "augment": {"augment_options"},
}
_STEPS = (0, 1, 3, 10, 30, 100, 300, 1000, 3000, 10_000, 100_000)  # at which rates are told
_MANY = np.unique(np.geomspace(1, 1e7, 1000).round()) - 1  # and those that a checksum is of
_DIGITS = 6  # of a rate there


def made_of(
    trainer: Native,
    loader: DataLoader,
    validation: DataLoader | None,
    first: Any,
    preprocessing: Preprocessing | None = None,
) -> dict[str, Any]:
    """All of it, as JSON's types, by name; `first` is the first batch."""
    padded = padded_lengths(loader.dataset)
    return parts_of(trainer) | {
        "samples": known_length(loader.dataset),
        "lengths": None if padded is None else np.unique(padded).tolist(),  # on which the order depends
        "batch_size": loader.batch_size,
        "sampler": loader.sampler_name,
        "shuffle": loader.shuffle,
        "drop_last": loader.drop_last,
        "seed": loader.seed,
        "collate_fn": told(loader.collate_fn),
        "data": numbers_told(loader.dataset),
        "first_batch": batch_told(first),
        "validation": None if validation is None else _validation(validation),
        "preprocessing": None if preprocessing is None else _prepared(preprocessing),
    }


def parts_of(trainer: Native) -> dict[str, Any]:
    """What may change in the course of a training, by a callback that lowers the rate or thaws a layer."""
    model = trainer.model
    parameters = {
        name: f"{p.dtype.name} {p.shape}{'' if p.requires_grad else ', frozen'}" for name, p in model.named_parameters()
    }
    return {
        "model": type(model).__name__,
        "layers": _layers(model),
        "parameters": parameters,
        "loss": told(trainer.loss),
        "optimizer": type(trainer.optimizer).__name__,
        "options": _by_group(trainer.optimizer, _options),
        "learning_rate": _by_group(trainer.optimizer, _rate),
        "clip_norm": trainer.clip_norm,
        "precision": trainer.precision,
        "augment": None if trainer.augment is None else in_a_line(trainer.augment),
        "augment_options": {} if trainer.augment is None else _layers(trainer.augment),
        "metrics": [metric.name for metric in trainer.metrics],
    }


def _layers(model: Module) -> dict[str, Any]:
    """The parts of a model with their options."""
    return {
        name or type(model).__name__: {"kind": type(m).__name__} | (options(m) or _line(m))
        for name, m in model.named_modules()
    }


def _line(module: Any) -> dict[str, Any]:
    """What a module without public options says of itself."""
    text = module.extra_repr()
    return {"options": text} if text else {}


def _validation(loader: DataLoader) -> dict[str, Any]:
    return {"samples": known_length(loader.dataset), "data": numbers_told(loader.dataset)}


def _prepared(preprocessing: Preprocessing) -> str:
    return f"{preprocessing.kind}, of checksum {zlib.crc32(preprocessing.to_json().encode()):08x}"


def _by_group(optimizer: Optimizer, of: Callable[[Group], Any]) -> Any:
    groups = [of(group) for group in optimizer.param_groups]
    return groups[0] if len(groups) == 1 else {f"group {k}": found for k, found in enumerate(groups)}


def _options(group: Group) -> dict[str, Any]:
    own = {name: told(value) for name, value in group.items() if name not in ("params", "lr")}
    return own | {"parameters": len(group["params"])}


def _rate(group: Group) -> Any:
    """The learning rate; of a schedule that at some steps, and a checksum of it at many."""
    schedule = group.part.schedule
    if schedule is None:
        return group["lr"]
    with no_grad():
        few = {f"at step {t:,}": float(schedule(tensor(float(t), "float64"))) for t in _STEPS}
        try:
            many = np.broadcast_to(schedule(tensor(_MANY)).numpy(), _MANY.shape)
            digits = [f"{rate:.{_DIGITS}g}" for rate in many]
        except Exception:  # a function of one's own, of single numbers
            digits = []
    if len(set(digits)) == 1:
        return few["at step 0"]
    return few | {"in between": f"rates of checksum {zlib.crc32(' '.join(digits).encode()):08x}"}


def differing(about: Mapping[str, Any], made: dict[str, Any], loader: DataLoader) -> dict[str, list[str]]:
    """What differs from what a checkpoint tells, in words, by name.

    Either is right: what the training was begun with, and what it had become by the checkpoint.
    """
    found = differences(about, made)
    later = differences({**about, **about.get("became", {})}, made)
    found = {name: lines for name, lines in found.items() if name in later}
    others = ORDER & found.keys() - {"first_batch"}
    if "first_batch" in found and not others and batch_told(loader.first()) != made["first_batch"]:
        del found["first_batch"]  # data that draw numbers by themselves
    return found


def in_words(found: Mapping[str, list[str]]) -> list[str]:
    """What differs, without what goes without saying."""
    implied = {other for name in found for other in _IMPLIED.get(name, ())}
    return [line for name, lines in found.items() if name not in implied for line in lines]


def require_same(path: Any, about: Mapping[str, Any], made: dict[str, Any], found: dict[str, list[str]]) -> None:
    """Refuse to go on with what is another, and say what nobody knows of an old checkpoint."""
    unknown = [name.replace("_", " ") for name in made if name not in about]
    if unknown:
        warn(f"{path} is of a version of gradus that kept less: {', '.join(unknown)} could not be compared.")
    lines = in_words(found)
    if lines:
        raise CheckpointError(
            f"{path} is of another training than this one:{listed(lines)}\nGive it what it was begun with, or go on "
            "from here with what it is given now: allow_changes=True (gradus train --resume RUN --allow-changes).",
            mistake="run-of-another-training",
        )


def go_on(optimizer: Optimizer, saved: Mapping[str, Any], found: Mapping[str, Any]) -> None:
    """Give an optimizer its saved state: all but the rate where that is a new one, and the count of steps alone where
    it is an optimizer of another kind, or of other parameters."""
    own = optimizer.state_dict()
    if "learning_rate" in found:
        saved = {**saved, **{name: t for name, t in own.items() if name.startswith("lr") or name == "scale"}}
    if {"optimizer", "options"} & found.keys():
        same = {name: t for name, t in saved.items() if name in own and np.shape(t) == own[name].shape}
        kept = same if "optimizer" not in found else {"steps": saved["steps"]}
        saved = {**own, **kept}
    optimizer.load_state_dict(dict(saved))
