"""Killed at any moment, nothing that was saved is lost."""

from __future__ import annotations

from ..promise import Promise
from .killed_training import TRAINING
from .killed_tuning import TUNING

KILLED = Promise(
    "killed",
    "What was saved outlives whatever ends the process",
    (*TRAINING, *TUNING),
    tests=("test_trainer.py", "test_ctrl_c.py", "test_checkpoint.py", "test_compile_cache.py", "test_tune.py"),
    limits=(
        "What was computed since the last checkpoint is computed again: `checkpoint_every` says how much that is.",
        "The same bits are those of one machine, and of one number of threads.",
        "`gradus.save` writes what it is given, numbers that are not finite, too.",
    ),
)
