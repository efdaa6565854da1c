"""A long text as samples: what a model reads, and the same one token further on, which it is to foretell."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import DataError, DtypeError, ShapeError
from ...functional.checks import at_least_one
from ...tensor import as_tensor
from ..dataset import TensorDataset

__all__ = ["next_tokens"]


def next_tokens(tokens: Any, length: int, stride: int | None = None, name: str = "") -> TensorDataset:
    """Windows of a stream of tokens: x_i = (s_a, ..., s_(a+t-1)) and y_i = (s_(a+1), ..., s_(a+t)), a = i stride.

    What is left at the end and fills no window is not in them. The windows are views of the stream, and take no memory;
    a Trainer that compiles its step copies them, so that for a small stride they are many times the stream.

    Args:
        tokens: integers (t,), the stream; of texts one after the other, with a token between them.
        length: t, how many tokens a model reads at once.
        stride: from where one window begins to where the next does; `length` unless given, so that none overlap.
        name: see TensorDataset.

    Raises:
        DataError: the stream is shorter than length + 1.

    >>> data = next_tokens([5, 6, 7, 8, 9], length=2)
    >>> data.arrays[0].tolist(), data.arrays[1].tolist()
    ([[5, 6], [7, 8]], [[6, 7], [8, 9]])
    >>> len(next_tokens([5, 6, 7, 8, 9], length=2, stride=1))
    3
    """
    at_least_one("next_tokens", length=length, stride=length if stride is None else stride)
    stream = as_tensor(tokens).numpy()
    if stream.dtype.kind not in "iu":
        raise DtypeError(f"next_tokens: tokens are integers, got {stream.dtype}. A Vocabulary makes them of texts.")
    if stream.ndim != 1:
        raise ShapeError(
            f"next_tokens: tokens are one stream, (t,), got {stream.shape}", "Put texts one after the other."
        )
    if len(stream) <= length:
        raise DataError(
            f"next_tokens: {length} tokens and the next need a stream of {length + 1} or more, got {len(stream)}"
        )
    every = np.lib.stride_tricks.sliding_window_view(stream, length + 1)[:: stride or length]
    return TensorDataset(every[:, :-1], every[:, 1:], name=name)
