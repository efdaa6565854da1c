"""Facts: what a run keeps of its data, so that it can predict where they are not at hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...bounded.saved import made
from ...data import Standardizer, TableTransform
from ...errors import CheckpointError

_ENOUGH = 1000  # pictures that tell how bright a data set is


@dataclass(frozen=True)
class Facts:
    """What prediction needs to know of the training data.

    Attributes:
        input_shape: of a sample, without the batch's axis.
        outputs: how many numbers the model gives for a sample.
        classes: their names, or None where numbers are predicted.
        brightness: the mean of the training pictures, in [0, 1]; None for tables.
        target: turns predicted numbers back into their unit.
        transform: makes the rows of a table into features.
    """

    input_shape: tuple[int, ...]
    outputs: int
    classes: tuple[str, ...] | None = None
    brightness: float | None = None
    target: Standardizer | None = None
    transform: TableTransform | None = None

    @classmethod
    def of(cls, data: Any) -> Facts:
        """The facts of a training set, a TensorDataset."""
        x, y = data.arrays[:2]
        return cls(
            input_shape=tuple(x.shape[1:]),
            outputs=len(data.classes) if data.classes else int(np.prod(y.shape[1:])),
            classes=data.classes,
            brightness=float(x[:_ENOUGH].mean()) if x.ndim == 4 else None,
            target=data.target,
            transform=data.transform,
        )

    @property
    def pictures(self) -> bool:
        """Whether a sample is a picture (channels, height, width)."""
        return len(self.input_shape) == 3

    def to_json(self) -> dict[str, Any]:
        """The facts as JSON's types."""
        return {
            "input_shape": list(self.input_shape),
            "outputs": self.outputs,
            "classes": None if self.classes is None else list(self.classes),
            "brightness": self.brightness,
            "target": self.target and self.target.to_json(),
            "transform": self.transform and self.transform.to_json(),
        }

    @classmethod
    def from_json(cls, saved: Any) -> Facts:
        """The facts that `to_json` gave.

        >>> Facts.from_json(Facts((1, 8, 8), 2, ("cat", "dog")).to_json()).classes
        ('cat', 'dog')
        """
        try:
            target, transform = saved["target"], saved["transform"]
            own = {"target": target and Standardizer.from_json(target)}
            own |= {"transform": transform and TableTransform.from_json(transform)}
            facts = made(cls, saved | own)
            if facts.classes is not None and len(facts.classes) != facts.outputs:
                raise ValueError(f"{len(facts.classes)} classes, but {facts.outputs} outputs")
        except (KeyError, TypeError, ValueError) as error:
            raise CheckpointError(
                f"the run's config.json is damaged: what it says of the data is no use ({error!r})"
            ) from None
        return facts
