"""What was saved outlives whatever ends the process."""

from __future__ import annotations

from ..promise import Promise
from .killed_tuning import TUNING

KILLED = Promise("killed", "What was saved outlives whatever ends the process", TUNING, tests=("test_tune.py",))
