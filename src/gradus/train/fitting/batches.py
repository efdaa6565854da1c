"""What a batch is to a model: what it is called with, and the targets."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ...data import DataLoader, inputs_of
from ...data.iterable import known_length
from ...errors import ArgumentError, DataError, ShapeError
from ...nn import Module
from ...tensor import Tensor


class Parts(NamedTuple):
    """A batch taken apart: the model is called `model(*args, **named)`; `targets` are None where there are none."""

    args: tuple[Any, ...]
    named: dict[str, Any]
    targets: Any


def divided(model: Module, batch: Any, dataset: Any = None) -> Parts:
    """A batch for a model: of several parts the last are the targets, of a dict the entry that `forward` does not take.

    Args:
        model: whose `forward` takes the rest, in order, or by the names in a dict.
        batch: a tuple, a list, a dict, or one Tensor, which is for the model.
        dataset: the batch is of; Sequences have no targets where they are given none.

    Raises:
        DataError: a dict has several entries that `forward` does not take.

    >>> from gradus.nn import Linear
    >>> divided(Linear(2, 1), {"label": 1, "x": 0})
    Parts(args=(), named={'x': 0}, targets=1)
    >>> divided(Linear(2, 1), (0, 1))
    Parts(args=(0,), named={}, targets=1)
    """
    if isinstance(batch, Mapping):
        return _named(model, batch)
    parts = tuple(batch) if isinstance(batch, (tuple, list)) else (batch,)
    inputs = inputs_of(dataset, parts)
    return Parts(inputs, {}, parts[-1] if len(inputs) < len(parts) else None)


def arguments(batch: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """A batch as arguments of `Trainer.step`: in order, or by name."""
    if isinstance(batch, Mapping):
        return (), dict(batch)
    return (tuple(batch) if isinstance(batch, (tuple, list)) else (batch,)), {}


def _named(model: Module, batch: Mapping[str, Any]) -> Parts:
    parameters = inspect.signature(model.forward).parameters
    if any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        *names, last = batch
        others = [last]
    else:
        names, others = [n for n in batch if n in parameters], [n for n in batch if n not in parameters]
    if len(others) > 1:
        raise DataError(
            f"the batch has the entries {', '.join(map(repr, batch))}, of which {type(model).__name__}.forward takes "
            f"{', '.join(map(repr, names)) or 'none'}: of the others one is the targets, not {len(others)}. Leave out "
            "what is not needed, in the data set or in the DataLoader's collate_fn, or name the parameters of forward "
            "as the entries are."
        )
    return Parts((), {n: batch[n] for n in names}, batch[others[0]] if others else None)


def size_of(batch: Any) -> int:
    """How many samples are in a batch."""
    return next((len(leaf) for leaf in leaves(batch) if isinstance(leaf, Tensor) and leaf.ndim), 0)


def leaves(batch: Any) -> Iterator[Any]:
    """The tensors of a batch, and what else is in it."""
    if isinstance(batch, Mapping):
        batch = tuple(batch.values())
    if isinstance(batch, tuple) or (isinstance(batch, list) and not any(isinstance(b, (str, bytes)) for b in batch)):
        for part in batch:
            yield from leaves(part)
    else:
        yield batch


def check_trainable(name: str, parts: Parts) -> None:
    """Refuse a batch that has no targets, texts in it, or targets that are not one tensor."""
    if parts.targets is None:
        raise DataError(
            f"{name} has {_count(parts)}, but inputs and targets are needed: TensorDataset(x, y), Sequences(x, y), or "
            "samples (x, y)",
            mistake="no-targets",
        )
    texts = [leaf for leaf in leaves(parts) if isinstance(leaf, (list, str, bytes))]
    if texts:
        raise DataError(
            f"{name} has texts in its batches, {texts[0]!r:.60}, which a model cannot compute with. Make numbers of "
            "them, or leave them out in a collate_fn of the DataLoader.",
            mistake="texts-in-a-batch",
        )
    if not isinstance(parts.targets, Tensor):
        raise DataError(
            f"{name} has targets that are a {type(parts.targets).__name__}, and a Trainer compares the outputs with "
            "one tensor. Put them together in a collate_fn of the DataLoader, or write the steps as a loop of yours."
        )


def _count(parts: Parts) -> str:
    n = len(parts.args) + len(parts.named)
    return "1 array" if n == 1 else "no targets"


def check_augment(augment: Any) -> None:
    """Refuse what changes no batches, or is no change for training alone."""
    if augment is None:
        return
    if not isinstance(augment, Module):
        raise ArgumentError(f"augment is a Module, as gradus.data.RandomCrop(32, padding=4), got {augment!r:.80}")
    fixed = [type(part).__name__ for part in augment.modules() if getattr(part, "fixed", False)]
    if fixed:
        raise ArgumentError(
            f"augment holds {', '.join(fixed)}, which evaluation needs, too, and augment is for training alone. Put it "
            "into the model: nn.Sequential(Normalize(...), model).",
            mistake="fixed-change-as-augmentation",
        )


def augmented(augment: Module, parts: Parts) -> Parts:
    """A batch of training, changed."""
    batch = (*parts.args, *parts.named.values(), parts.targets)
    changed = augment(*batch)
    if not isinstance(changed, tuple) or len(changed) != len(batch):
        raise ArgumentError(
            f"augment got a batch of {len(batch)} tensors, and is to give a tuple of as many; "
            f"{type(augment).__name__} gave {f'{len(changed)}' if isinstance(changed, tuple) else 'no tuple'}"
        )
    *inputs, targets = changed
    for before, after in zip(batch, inputs, strict=False):
        if before.shape != after.shape:
            raise ShapeError(
                f"augment makes inputs of shape {before.shape} to {after.shape}, others than the model is evaluated on",
                "Put what changes the size into the model, where it does so in evaluation, too.",
            )
    count = len(parts.args)
    return Parts(tuple(inputs[:count]), dict(zip(parts.named, inputs[count:], strict=True)), targets)


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
