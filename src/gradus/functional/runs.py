"""Whole runs of LSTM and GRU cells, written out for NumPy: eager mode's way, in half the time of step by step.

The numbers are those of `recurrent.scan` with the cell's step. Each gradient to a weight is one product over all times.
Of sequences of many lengths the gates after an end are such that the state stays, to the last bit: an update gate of 1,
a forget gate of 1 and an input gate of 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from .. import interpret
from ..ops import arange, concatenate, where, zeros
from ..ops.core.by_hand import Saved, by_hand
from ..ops.core.primitive import Shaped
from ..ops.elementwise.functions import logistic
from ..tensor import Tensor
from .recurrent import State, before_ends, counted, gru_step, lstm_step, scan

Run = Callable[[Tensor, State, Tensor, Tensor | None, bool, Tensor | None], tuple[Tensor, State] | None]
Arrays = list[np.ndarray]
_OPEN = float("inf")  # before the sigmoid, so that a gate is 1; with the other sign 0

__all__: list[str] = []


def run(
    step: Callable[..., State],
    z: Tensor,
    state: State,
    weight: Tensor,
    bias: Tensor | None,
    reverse: bool,
    lengths: Tensor | None = None,
) -> tuple[Tensor, State] | None:
    """The outputs and the last state of a cell's step over all times; None where they are to be composed."""
    found = _RUNS.get(step) if interpret.current.get().in_place else None
    return found(z, state, weight, bias, reverse, lengths) if found else None


def _lstm_run(
    z: Tensor, state: State, weight: Tensor, bias: Tensor | None, reverse: bool, lengths: Tensor | None
) -> tuple[Tensor, State] | None:
    z = z if bias is None else z + bias
    if lengths is None:
        y = _lstm(z, *state, weight, reverse=reverse)
        return None if y is None else (y[:-1], (y[0 if reverse else -2], y[-1]))
    if reverse:  # turned round up to their ends, as h has no gate that keeps it before the first step
        counts, times, each = counted(z, lengths), arange(len(z))[:, None], arange(z.shape[1])
        turned = where(counts, lengths - 1 - times, times), each
        done = _lstm_run(z[turned], state, weight, None, False, lengths)
        return None if done is None else (done[0][turned], done[1])
    y = _lstm(_held(z, lengths, (-_OPEN, _OPEN, 0, 0)), *state, weight, reverse=False)
    if y is None:
        return None
    return before_ends(y[:-1], lengths), (y[lengths - 1, arange(z.shape[1])], y[-1])


def _gru_run(
    z: Tensor, state: State, weight: Tensor, bias: Tensor | None, reverse: bool, lengths: Tensor | None
) -> tuple[Tensor, State] | None:
    z = z if lengths is None else _held(z, lengths, (0, _OPEN, 0))
    y = _gru(z, *state, weight, zeros(len(weight), weight.dtype) if bias is None else bias, reverse=reverse)
    if y is None:
        return None
    return y if lengths is None else before_ends(y, lengths), (y[0 if reverse else -1],)


def _held(z: Tensor, lengths: Tensor, gates: tuple[float, ...]) -> Tensor:
    """z (t, n, gates hidden), and after each sequence's end for each gate one of these numbers."""
    after = Tensor(np.repeat(np.array(gates, z.dtype), z.shape[-1] // len(gates)))
    return where(counted(z, lengths)[:, :, None], z, after)


def _times(t: int, reverse: bool) -> Iterable[int]:
    return range(t - 1, -1, -1) if reverse else range(t)


def _parts(a: np.ndarray, count: int) -> Arrays:
    size = a.shape[1] // count
    return [a[:, i * size : (i + 1) * size] for i in range(count)]


def _before(values: np.ndarray, first: np.ndarray, reverse: bool) -> np.ndarray:
    """What the values, (t, n, k), were a step before each."""
    return np.concatenate([values[1:], first[None]] if reverse else [first[None], values[:-1]])


def _over_time(g: np.ndarray, x: np.ndarray) -> np.ndarray:
    """The sum of g^T x over all times."""
    found: np.ndarray = g.reshape(-1, g.shape[-1]).T @ x.reshape(-1, x.shape[-1])
    return found


# -- LSTM: (z, h, c, weight) -> (t + 1, n, k), the outputs and the last c ----------------------------------------------


def _lstm_composed(z: Tensor, h: Tensor, c: Tensor, weight: Tensor, reverse: bool) -> Tensor:
    outputs, (_h, last) = scan(lambda z_t, state: lstm_step(z_t, state, weight), z, (h, c), reverse)
    return concatenate([outputs, last.expand_dims(0)])


def _lstm_forward(
    z: np.ndarray, h: np.ndarray, c: np.ndarray, weight: np.ndarray, reverse: bool, saved: Saved
) -> np.ndarray:
    (t, n, _), k = z.shape, h.shape[1]
    y, gates, cells = np.empty((t + 1, n, k), z.dtype), np.empty(z.shape, z.dtype), np.empty((t, n, k), z.dtype)
    for time in _times(t, reverse):
        a = np.matmul(h, weight.T, out=gates[time])
        a += z[time]
        i, f, g, o = _parts(a, 4)
        new = np.tanh(g)
        a[...] = logistic(np, a)
        g[...] = new
        c = np.add(f * c, i * g, out=cells[time])
        h = np.multiply(o, np.tanh(c), out=y[time])
    y[t] = c
    saved[:] = gates, cells
    return y


def _lstm_backward(
    g: np.ndarray, y: np.ndarray, z: np.ndarray, h: np.ndarray, c: np.ndarray, weight: np.ndarray, reverse: bool,
    saved: Saved,
) -> Arrays:  # fmt: skip
    gates, cells = saved
    t = len(cells)
    before = _before(cells, c, reverse)
    dz, dh, dc = np.empty_like(gates), np.zeros_like(h), g[t].copy()
    for time in _times(t, not reverse):
        i, f, new, o = _parts(gates[time], 4)
        di, df, dnew, do = _parts(dz[time], 4)
        tanh = np.tanh(cells[time])
        dh += g[time]
        dc += dh * o * (1 - tanh * tanh)
        np.multiply(dc, new, out=di)
        np.multiply(dc, before[time], out=df)
        np.multiply(dc, i, out=dnew)
        np.multiply(dh, tanh, out=do)
        slopes = gates[time] * (1 - gates[time])
        np.subtract(1, new * new, out=_parts(slopes, 4)[2])
        dz[time] *= slopes
        dc *= f
        dh = dz[time] @ weight
    return [dz, dh, dc, _over_time(dz, _before(y[:t], h, reverse))]


# -- GRU: (z, h, weight, bias) -> the outputs, (t, n, k) ---------------------------------------------------------------


def _gru_composed(z: Tensor, h: Tensor, weight: Tensor, bias: Tensor, reverse: bool) -> Tensor:
    return scan(lambda z_t, state: gru_step(z_t, state, weight, bias), z, (h,), reverse)[0]


def _gru_forward(
    z: np.ndarray, h: np.ndarray, weight: np.ndarray, bias: np.ndarray, reverse: bool, saved: Saved
) -> np.ndarray:
    (t, n, _), k = z.shape, h.shape[1]
    y, gates, sums = np.empty((t, n, k), z.dtype), np.empty(z.shape, z.dtype), np.empty(z.shape, z.dtype)
    for time in _times(t, reverse):
        a = np.matmul(h, weight.T, out=sums[time])
        a += bias
        gates[time, :, : 2 * k] = logistic(np, a[:, : 2 * k] + z[time, :, : 2 * k])
        r, u, new = _parts(gates[time], 3)
        np.tanh(r * a[:, 2 * k :] + z[time, :, 2 * k :], out=new)
        h = np.add((1 - u) * new, u * h, out=y[time])
    saved[:] = gates, sums
    return y


def _gru_backward(
    g: np.ndarray, y: np.ndarray, z: np.ndarray, h: np.ndarray, weight: np.ndarray, bias: np.ndarray, reverse: bool,
    saved: Saved,
) -> Arrays:  # fmt: skip
    gates, sums = saved
    k, before = h.shape[1], _before(y, h, reverse)
    dz, da, dh = np.empty_like(gates), np.empty_like(gates), np.zeros_like(h)
    for time in _times(len(y), not reverse):
        r, u, new = _parts(gates[time], 3)
        dr, du, dnew = _parts(dz[time], 3)
        dh += g[time]
        np.multiply(dh * (1 - u), 1 - new * new, out=dnew)
        np.multiply(dh * (before[time] - new), u * (1 - u), out=du)
        np.multiply(dnew * sums[time, :, 2 * k :], r * (1 - r), out=dr)
        da[time, :, : 2 * k] = dz[time, :, : 2 * k]
        np.multiply(dnew, r, out=da[time, :, 2 * k :])
        dh *= u
        dh += da[time] @ weight
    return [dz, dh, _over_time(da, before), da.sum(1).sum(0)]


_lstm = by_hand(
    "lstm",
    _lstm_composed,
    lambda z, h, c, weight, reverse: Shaped((z.shape[0] + 1, *h.shape), z.dtype),
    _lstm_forward,
    _lstm_backward,
)
_gru = by_hand(
    "gru",
    _gru_composed,
    lambda z, h, weight, bias, reverse: Shaped((z.shape[0], *h.shape), z.dtype),
    _gru_forward,
    _gru_backward,
)
_RUNS: dict[Any, Run] = {lstm_step: _lstm_run, gru_step: _gru_run}
