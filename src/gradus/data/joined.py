"""Data sets made of others: one after the other, or side by side."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import ArgumentError, DataError
from ..functional.checks import samples_at
from ..tensor import Tensor
from .dataset import Dataset, Subset, TensorDataset, require_dataset, rows
from .sequences import Sequences

__all__ = ["ConcatDataset", "StackDataset"]

_KNOW_SEVERAL = (np.ndarray, Tensor, TensorDataset, Subset, Sequences)


class ConcatDataset:
    """The samples of several data sets one after the other, looked up when they are asked for; nothing is copied.

    Arrays in memory are read sample by sample here; joined (`np.concatenate`) they train in native epochs.

    Args:
        datasets: one or more, whose samples are alike.

    Attributes:
        classes: the names of the classes, if all parts have the same; else None.

    >>> both = ConcatDataset([["a", "b"], ["c"]])
    >>> len(both), both[2], both[-3]
    (3, 'c', 'a')
    """

    def __init__(self, datasets: Any) -> None:
        self.datasets: list[Dataset] = list(datasets)
        if not self.datasets:
            raise ArgumentError("ConcatDataset: there is no data set to begin with")
        for dataset in self.datasets:
            require_dataset("ConcatDataset", dataset)
        named = {getattr(dataset, "classes", None) for dataset in self.datasets}
        self.classes: tuple[str, ...] | None = named.pop() if len(named) == 1 else None

    def __len__(self) -> int:
        return sum(map(len, self.datasets))

    def __getitem__(self, index: Any) -> Any:
        place, part = samples_at("ConcatDataset", index, len(self)), 0
        if not isinstance(place, int):
            return rows(self, place)
        while place >= len(self.datasets[part]):
            place, part = place - len(self.datasets[part]), part + 1
        return self.datasets[part][place]

    def __repr__(self) -> str:
        return f"ConcatDataset({', '.join(map(repr, self.datasets))})"


class StackDataset:
    """The samples of several data sets side by side: sample i is (a[i], b[i], ...), or a dict where they have names.

    Args:
        datasets: of one length; given in order, or by name.

    >>> StackDataset(["a", "b"], [1, 2])[1], StackDataset(text=["a", "b"], label=[1, 2])[0]
    (('b', 2), {'text': 'a', 'label': 1})
    """

    def __init__(self, *datasets: Dataset, **named: Dataset) -> None:
        if bool(datasets) == bool(named):
            raise ArgumentError("StackDataset: give data sets in order, or all of them by name")
        self.datasets: tuple[Dataset, ...] | dict[str, Dataset] = datasets or named
        parts = datasets or tuple(named.values())
        for dataset in parts:
            require_dataset("StackDataset", dataset)
        if len({len(dataset) for dataset in parts}) > 1:
            raise DataError(f"StackDataset: the data sets have {', '.join(str(len(d)) for d in parts)} samples")
        self._first = parts[0]

    def __len__(self) -> int:
        return len(self._first)

    def __getitem__(self, index: int) -> Any:
        places = samples_at("StackDataset", index, len(self))
        if isinstance(self.datasets, dict):
            return {name: _at(dataset, places) for name, dataset in self.datasets.items()}
        return tuple(_at(dataset, places) for dataset in self.datasets)

    def __repr__(self) -> str:
        named = self.datasets.items() if isinstance(self.datasets, dict) else [("", d) for d in self.datasets]
        return f"StackDataset({', '.join(f'{name}={d!r}' if name else repr(d) for name, d in named)})"


def _at(dataset: Any, places: Any) -> Any:
    """One sample; of several, what the data set gives for them, and what it gives for each, where it knows but one."""
    if isinstance(places, int) or isinstance(dataset, (*_KNOW_SEVERAL, ConcatDataset, StackDataset)):
        return dataset[places]
    return [dataset[int(i)] for i in np.arange(len(dataset))[places]]
