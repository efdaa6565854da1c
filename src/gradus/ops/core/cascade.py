"""Sums of NumPy's arrays in pieces, so that no number is added to more than a few others before it.

NumPy adds in pairs along the axis that lies closest in memory, and one after the other along all others: a million
times 0.1 down a column is 1 % off in float32. Here the others are cut into pieces, and the pieces' sums are summed.
"""

from __future__ import annotations

import math

import numpy as np

from ... import dtypes

PIECE = 16  # terms of a piece
WHOLE, OF_LITTLE, LITTLE = 32, 64, 1 << 14  # terms that are not cut; those of arrays so small that it would be felt
RUN = 1 << 10  # terms of a running sum that are not cut


def total(x: np.ndarray, axis: tuple[int, ...], dtype: dtypes.Dtype) -> np.ndarray:
    """The sum over some axes, gathered in a dtype."""
    if x.flags.c_contiguous and dtypes.is_float(x.dtype) and axis and axis == tuple(range(len(axis))):
        if len(axis) == x.ndim:
            return np.add.reduce(x, axis, dtype)  # type: ignore[no-any-return]
        kept = x.shape[len(axis) :]
        return _of_rows(x.reshape(-1, math.prod(kept)), dtype).reshape(kept) if x.size else np.zeros(kept, dtype)
    rows = sorted(set(axis) - _closest(x, axis)) if dtypes.is_float(x.dtype) else ()
    terms = math.prod(x.shape[a] for a in rows)
    if terms <= (OF_LITTLE if x.size <= LITTLE else WHOLE):
        return x.sum(axis, dtype=dtype)  # type: ignore[no-any-return]
    longest = max(rows, key=lambda a: x.shape[a])
    size = max(x.shape[longest] * PIECE // terms, 1)
    whole, rest = _pieces(x, longest, size)
    inside = (longest + 1, *(a + (a > longest) for a in axis if a != longest))
    sums = total(whole, inside, dtype)
    found = total(sums, (longest - sum(a < longest for a in axis),), dtype)
    return found + total(rest, axis, dtype) if rest.size else found


def _of_rows(x: np.ndarray, dtype: dtypes.Dtype) -> np.ndarray:
    """The same of a matrix's rows, which is asked for most, and then shorter."""
    if len(x) <= (OF_LITTLE if x.size <= LITTLE else WHOLE):
        return np.add.reduce(x, 0, dtype)  # type: ignore[no-any-return]
    cut = len(x) // PIECE * PIECE
    found = _of_rows(np.add.reduce(x[:cut].reshape(-1, PIECE, x.shape[1]), 1, dtype), dtype)
    return found + np.add.reduce(x[cut:], 0, dtype) if cut < len(x) else found


def running_sums(x: np.ndarray, axis: int) -> np.ndarray:
    """The sums of all elements up to each one along an axis; of floats in float64."""
    length = x.shape[axis]
    if not dtypes.is_float(x.dtype):
        return np.cumsum(x, axis, x.dtype)
    if length <= RUN:
        return np.cumsum(x, axis, dtypes.float64)
    whole, rest = _pieces(x, axis, math.isqrt(length))
    sums = np.cumsum(whole, axis + 1, dtypes.float64)
    so_far = running_sums(sums.take(-1, axis + 1), axis)
    before = (slice(None),) * axis
    sums[(*before, slice(1, None))] += np.expand_dims(so_far[(*before, slice(-1))], axis + 1)
    sums = sums.reshape(*x.shape[:axis], -1, *x.shape[axis + 1 :])
    return np.concatenate([sums, np.cumsum(rest, axis, dtypes.float64) + so_far.take([-1], axis)], axis)


def _pieces(x: np.ndarray, axis: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    """An axis cut in two, pieces and what is in one, and the rest."""
    count = x.shape[axis] // size
    before = (slice(None),) * axis
    whole = x[(*before, slice(count * size))]
    return whole.reshape(*x.shape[:axis], count, size, *x.shape[axis + 1 :]), x[(*before, slice(count * size, None))]


def _closest(x: np.ndarray, axis: tuple[int, ...]) -> set[int]:
    """Those of some axes that lie closest in memory, and in one piece."""
    found: set[int] = set()
    step = 0
    for a in sorted((a for a in range(x.ndim) if x.shape[a] > 1), key=lambda a: abs(x.strides[a])):
        if a not in axis or (found and abs(x.strides[a]) != step):
            break
        found.add(a)
        step = abs(x.strides[a]) * x.shape[a]
    return found
