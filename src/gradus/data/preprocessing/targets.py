"""What is to be predicted: classes, or numbers in a unit."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from ...bounded.saved import made, of_type
from ...errors import DataError, nearest, short
from ..tables.standardizer import Standardizer
from ..tables.table import Table

__all__ = ["ClassTarget", "NumberTarget"]

_DIGITS, _PLACES = 7, 6  # of numbers and of probabilities in answers: those that a float32 has
_SKEWED = 1.0  # the skewness from which on the logarithm of a positive target is learned, if that is less skewed


@dataclass(frozen=True)
class ClassTarget:
    """One of several classes.

    Args:
        classes: their names, in the order of the labels.
        name: what they are classes of, as the column of a table is called.

    >>> kind = ClassTarget.fit(["cat", "dog", "cat"], "animal")
    >>> kind.classes, kind.transform(["dog", "cat"]).tolist()
    (('cat', 'dog'), [1, 0])
    >>> print(kind.answers(np.array([[0.0, 0.0]]), probabilities=True))
    animal  p(cat)  p(dog)
    cat     0.5     0.5
    1 rows x 3 columns
    """

    classes: tuple[str, ...]
    name: str = "class"
    loss: ClassVar[str] = "cross_entropy"

    @classmethod
    def fit(cls, values: Any, name: str = "class") -> Self:
        """The different texts, in alphabetical order, or by their values where all are whole numbers."""
        found = {str(v) for v in values}
        by_value = all(v.removeprefix("-").isdecimal() for v in found)
        return cls(tuple(sorted(found, key=int if by_value else None)), name)

    @property
    def outputs(self) -> int:
        """How many numbers a model gives for a sample: the unnormalised score of each class."""
        return len(self.classes)

    def transform(self, values: Any) -> np.ndarray:
        """The labels of texts, int64 (n,)."""
        place = {name: i for i, name in enumerate(self.classes)}
        labels = [place.get(str(v), -1) for v in values]
        if -1 in labels:
            row = labels.index(-1)
            raise DataError(
                f"{self.name}: row {row + 1} holds {short(values[row])!r}, which is none of the classes that were "
                f"learned. {nearest(str(values[row]), self.classes)}"
            )
        return np.array(labels, np.int64)

    def answers(self, outputs: np.ndarray, probabilities: bool = False) -> Table:
        """The most probable class of each sample, in a column named as the target; and each class's probability."""
        columns: dict[str, Any] = {self.name: [self.classes[i] for i in outputs.argmax(axis=1)]}
        if probabilities:
            p = _softmax(outputs)
            columns |= {f"p({name})": p[:, i].round(_PLACES) for i, name in enumerate(self.classes)}
        return Table(columns)

    def describe(self) -> str:
        """The target in some words."""
        shown = ", ".join(map(short, self.classes[:4])) + (", ..." if len(self.classes) > 4 else "")
        return f"{self.name}, one of {len(self.classes)} classes ({shown})"

    def to_json(self) -> dict[str, Any]:
        """The target as JSON's types."""
        return {"classes": list(self.classes), "name": self.name}


@dataclass(frozen=True)
class NumberTarget:
    """A number, or several of one kind, such as the next seven days, learned in standardised form.

    Args:
        scale: standardises them, and brings predictions back.
        names: of the numbers.

    >>> price = NumberTarget.fit([1.0, 3.0], "price")
    >>> price.transform([3.0]).tolist(), price.answers(np.array([[0.0]])).numbers("price").tolist()
    ([[1.0]], [2.0])
    """

    scale: Standardizer
    names: tuple[str, ...]
    loss: ClassVar[str] = "mse"

    @classmethod
    def fit(cls, values: Any, name: str = "target", names: Sequence[str] = ()) -> Self:
        """Standardised as these values say; their logarithms where they are positive and lie to one side."""
        numbers = np.asarray(values, np.float64)
        return cls(Standardizer.fit(numbers, log=_to_one_side(numbers), name=name), tuple(names) or (name,))

    @property
    def name(self) -> str:
        """What is predicted."""
        return self.scale.name

    @property
    def outputs(self) -> int:
        """How many numbers a model gives for a sample."""
        return len(self.names)

    def transform(self, values: Any) -> np.ndarray:
        """Standardised, float32 (n, outputs)."""
        return self.scale.transform(values).reshape(-1, self.outputs)

    def answers(self, outputs: np.ndarray, probabilities: bool = False) -> Table:
        """The predicted numbers of each sample in their unit, a column each."""
        values = np.asarray(self.scale.inverse(outputs.astype(np.float64)))
        return Table({name: [float(f"{v:.{_DIGITS}g}") for v in values[:, i]] for i, name in enumerate(self.names)})

    def describe(self) -> str:
        """The target in some words."""
        how = ", by its logarithm" if self.scale.log else ""
        several = f", {len(self.names)} numbers" if len(self.names) > 1 else ", a number"
        return f"{self.name}{several}{how}"

    def to_json(self) -> dict[str, Any]:
        """The target as JSON's types."""
        return {"scale": json.loads(self.scale.to_json()), "names": list(self.names)}


Target = ClassTarget | NumberTarget


def target_from_json(saved: dict[str, Any]) -> Target:
    """The target that `to_json` gave.

    >>> target_from_json(ClassTarget(("cat", "dog")).to_json()).classes
    ('cat', 'dog')
    """
    if "classes" in saved:
        found: Target = made(ClassTarget, saved)
    else:
        names = of_type("names", saved["names"], tuple[str, ...])
        found = NumberTarget(Standardizer.from_json(json.dumps(saved["scale"])), names)
    if not found.outputs:
        raise ValueError("there is nothing to predict")
    return found


def _softmax(z: np.ndarray) -> np.ndarray:
    e = np.exp(z - z.max(axis=1, keepdims=True).astype(np.float64))
    p: np.ndarray = e / e.sum(axis=1, keepdims=True)
    return p


def _to_one_side(values: np.ndarray) -> bool:
    """Whether numbers are better learned by their logarithms, as prices are."""
    known = values[~np.isnan(values)]
    if not known.size or not (known > 0).all():
        return False
    return _skewness(known) > _SKEWED and abs(_skewness(np.log(known))) < _skewness(known) / 2


def _skewness(v: np.ndarray) -> float:
    spread = v.std()
    return float(((v - v.mean()) ** 3).mean() / spread**3) if spread > 0 else 0.0
