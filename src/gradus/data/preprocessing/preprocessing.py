"""What all kinds of preprocessing share."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Protocol, Self

import numpy as np

from ...bounded.saved import parsed
from ...errors import DataError
from ..dataset import TensorDataset
from ..splits import random_split, stratified_split
from ..tables.standardizer import Standardizer
from ..tables.table import Table
from .targets import ClassTarget, NumberTarget, Target, target_from_json

__all__ = ["Preprocessing"]


class Raw(Protocol):
    """Samples as they are before preprocessing: rows of a table, files of pictures, texts."""

    def __len__(self) -> int: ...

    def rows(self, index: Any, /) -> Any:
        """Those at some places."""
        ...


class Preprocessing(ABC):
    """How files become a model's inputs, and a model's outputs answers: fitted to the training part, kept with a run.

    A kind of data is a subclass: it says how files are read (`read`), what is learned of the training part (`fit`), and
    what a model is given (`inputs`, `targets`).

    Attributes:
        kind: the name of the kind, as runs write it down.
        target: what is predicted: a ClassTarget or a NumberTarget; after `fit`.
        said: what was found out of the data rather than told, for people; after `fit`.
    """

    kind: ClassVar[str]
    target: Target
    said: list[str]

    @abstractmethod
    def read(self, path: str | Path) -> Raw:
        """The samples of a file or folder, with targets where it has them."""

    @abstractmethod
    def fit(self, raw: Any) -> Self:
        """Learn from the training part."""

    @abstractmethod
    def inputs(self, raw: Any) -> np.ndarray:
        """What a model is given for samples: (n, *input_shape)."""

    @abstractmethod
    def targets(self, raw: Any) -> np.ndarray:
        """What a model is to give for samples."""

    @property
    @abstractmethod
    def input_shape(self) -> tuple[int, ...]:
        """Of a sample, without the batch's axis."""

    @abstractmethod
    def learned(self) -> dict[str, Any]:
        """What `restore` needs, as JSON's types, beside the target."""

    @classmethod
    @abstractmethod
    def restore(cls, learned: dict[str, Any]) -> Self:
        """The preprocessing without its target, from what `learned` gave."""

    def rows_named(self, raw: Any) -> tuple[str, Sequence[Any]]:
        """What the samples are called: the name of the column of names, and a name for each."""
        return "row", range(1, len(raw) + 1)

    def split(self, raw: Any, shares: Sequence[float], seed: int) -> list[Any]:
        """Parts of the samples: each class's share of each, or at random."""
        labels = self.labels(raw)
        rows = TensorDataset(np.arange(len(raw)))
        parts = stratified_split(rows, shares, labels, seed) if labels is not None else random_split(rows, shares, seed)
        return [raw.rows(part.indices) for part in parts]

    def labels(self, raw: Any) -> Sequence[Any] | None:
        """The class of each sample before anything is fitted; None where there are no classes."""
        return None

    def dataset(self, raw: Any, name: str = "") -> TensorDataset:
        """Samples as a model is trained on them."""
        return TensorDataset(self.inputs(raw), self.targets(raw), classes=self.classes, name=name, target=self.scale)

    @property
    def classes(self) -> tuple[str, ...] | None:
        """The names of the classes; None where numbers are predicted."""
        return self.target.classes if isinstance(self.target, ClassTarget) else None

    @property
    def scale(self) -> Standardizer | None:
        """How predicted numbers were standardised; None where classes are predicted."""
        return self.target.scale if isinstance(self.target, NumberTarget) else None

    @property
    def pictures(self) -> bool:
        """Whether a sample is a picture (channels, height, width)."""
        return len(self.input_shape) == 3

    @property
    def outputs(self) -> int:
        """How many numbers a model gives for a sample."""
        return self.target.outputs

    def answers(self, outputs: np.ndarray, probabilities: bool = False) -> Table:
        """A model's outputs as people read them, a row a sample."""
        return self.target.answers(outputs, probabilities)

    def to_json(self) -> str:
        """All that was learned, as JSON text."""
        saved = {"kind": self.kind, "target": self.target.to_json(), **self.learned()}
        return json.dumps(saved, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The preprocessing of this kind that `to_json` wrote."""
        try:
            saved = parsed(text)
            if saved["kind"] != cls.kind:
                raise ValueError(f"it is of the kind {saved['kind']!r}")
            found = cls.restore(saved)
            found.target, found.said = target_from_json(saved["target"]), []
        except (AttributeError, KeyError, TypeError, ValueError) as problem:
            raise DataError(f"this is no {cls.__name__} written by to_json: {problem!r}") from None
        return found
