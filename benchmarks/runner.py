"""What a contestant makes of a workload."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Runner:
    """A workload, ready to run.

    Attributes:
        call: does it once, and waits until it is done.
        steps: how many steps that are.
        values: numbers by which the contestants' results can be compared.
    """

    call: Callable[[], Any]
    steps: int = 1
    values: Callable[[Any], Any] = np.ravel
