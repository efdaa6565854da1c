"""The samples of an operation, in each way to run them."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from torch.testing._internal.common_methods_invocations import op_db

from .compare import Verdict, verdict
from .expressed import expression


class Mode(NamedTuple):
    """A way to run the samples: eagerly or compiled, in a dtype, and at most how many of each operation."""

    compiled: bool
    dtype: str
    most: int

    def __str__(self) -> str:
        return f"{'compiled' if self.compiled else 'eager'}, {self.dtype}"


MODES = (Mode(False, "float64", 40), Mode(False, "float32", 40), Mode(True, "float64", 1), Mode(True, "float32", 1))
NAMES = [op.name + (f".{op.variant_test_name}" if op.variant_test_name else "") for op in op_db]


def entry(index: int, modes: list[Mode]) -> tuple[str, list[list[Verdict] | None]]:
    """What came of an operation's samples, in each mode; None where there is nothing to be written in gradus."""
    return NAMES[index], [_verdicts(op_db[index], NAMES[index], mode) for mode in modes]


def _verdicts(op: Any, name: str, mode: Mode) -> list[Verdict] | None:
    ours = expression(name)
    if ours is None:
        return None
    dtype = getattr(torch, mode.dtype)
    taken = dtype if op.supports_dtype(dtype, "cpu") else torch.int64
    found = (verdict(ours, op.op, s, taken, mode.compiled) for s in samples(op, taken))
    return list(itertools.islice((v for v in found if v is not None), mode.most))


def samples(op: Any, dtype: torch.dtype) -> Iterator[Any]:
    """PyTorch's sample inputs of an operation, the same ones each time."""
    torch.manual_seed(0)
    with contextlib.suppress(Exception):
        yield from op.sample_inputs("cpu", dtype, requires_grad=dtype.is_floating_point and op.supports_autograd)
