"""The loss of sequences whose labels have no places: all ways to lay them along time count."""

from __future__ import annotations

from typing import Any

from ... import dtypes
from ...control import scan
from ...errors import ArgumentError, ShapeError
from ...interpret import Outside
from ...ops import concatenate, logsumexp, stack, where
from ...ops.core.primitive import cast, promote
from ...ops.core.wide import in_float32
from ...ops.making.create import iota
from ...tensor import Tensor, as_tensor
from ..checks import refuse
from .common import reduce

__all__ = ["ctc_loss"]

_NEVER = -1e30  # the logarithm of no chance: -inf would make NaN of its gradient


@in_float32
def ctc_loss(
    log_probs: Any,
    targets: Any,
    input_lengths: Any,
    target_lengths: Any,
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> Tensor:
    """-log of the chance of the labels, summed over all ways to lay them along time (Graves et al., 2006).

    A way repeats labels and puts blanks between them; equal neighbours have a blank between. The chance that the first
    labels end at time t, alpha, follows from that at t - 1: a loop over time.

    Args:
        log_probs: (t, n, classes), or of one sample (t, classes), as from log_softmax.
        targets: labels, integers (n, s), what lies beyond a sample's length is not looked at; or all in one row, which
            compiled functions cannot cut.
        input_lengths, target_lengths: (n,) integers, how many times and labels of each sample count.
        blank: the class of no label.
        reduction: "mean" (of each sample's loss over its count of labels), "sum" or "none".
        zero_infinity: 0 instead of infinity where the labels do not fit into the time.

    >>> import gradus
    >>> even = gradus.full((3, 1, 2), -0.6931472)
    >>> f"{ctc_loss(even, [[1]], [3], [1]).exp().item():.4f}"  # 6 of 8 ways
    '1.3333'
    """
    p = promote(log_probs, floats=True)[0]
    one = p.ndim == 2
    p = p.expand_dims(1) if one else p
    if p.ndim != 3:
        raise ShapeError(f"ctc_loss: log_probs are (t, n, classes), got {p.shape}")
    times, counts = (cast(as_tensor(n).reshape(-1), dtypes.int64) for n in (input_lengths, target_lengths))
    labels = _in_rows(as_tensor(targets), counts, p.shape[1], one)
    refuse("ctc_loss", times, Outside(0, p.shape[0]), "input_lengths[{place}] is {value}, outside the time.")
    refuse("ctc_loss", counts, Outside(0, labels.shape[1]), "target_lengths[{place}] is {value}; see targets' shape.")
    inside = Outside(0, p.shape[2] - 1)
    counted = where(iota(labels.shape[1]) < counts.reshape(-1, 1), labels, 0)
    refuse("ctc_loss", counted, inside, f"targets[{{place}}] is {{value}}. Labels run from 0 to {p.shape[2] - 1}.")
    if not 0 <= blank < p.shape[2]:
        raise ArgumentError(f"ctc_loss: blank is {blank}, and there are {p.shape[2]} classes")
    losses = -_log_chance(p, cast(labels, dtypes.int64), times, counts, blank)
    impossible = losses > -_NEVER / 2
    losses = where(impossible, 0.0 if zero_infinity else float("inf"), losses)
    if reduction == "mean":
        return (losses / cast(counts.maximum(1), losses.dtype)).mean()
    return reduce("ctc_loss", losses[0] if one else losses, reduction)


def _in_rows(targets: Tensor, counts: Tensor, samples: int, one: bool) -> Tensor:
    """Labels as (n, s), from those or from all samples' in one row."""
    if one:
        return targets.reshape(1, -1)
    if targets.ndim == 2:
        return targets
    ends = [int(n) for n in counts.numpy()]
    longest, start, rows = max(ends, default=0), 0, []
    for n in ends:
        rows.append(concatenate([targets[start : start + n], _zeros(targets, longest - n)]))
        start += n
    if start != targets.shape[0] or len(rows) != samples:
        raise ShapeError(f"ctc_loss: {samples} samples have {start} labels by target_lengths, targets {targets.shape}")
    return stack(rows)


def _zeros(like: Tensor, count: int) -> Tensor:
    return (iota(count) * 0).astype(like.dtype)


def _log_chance(p: Tensor, labels: Tensor, times: Tensor, counts: Tensor, blank: int) -> Tensor:
    """The logarithm of the chance of each sample's labels."""
    _, n, classes = p.shape
    places = iota(2 * labels.shape[1] + 1)
    between = where(labels < 0, 0, labels).expand_dims(2).broadcast_to(n, labels.shape[1], 2).reshape(n, -1)
    spread = concatenate([(iota(n) * 0 + blank).reshape(n, 1), between], 1)  # a first place, then two a label
    names = where(places % 2 == 0, blank, spread)  # (n, places): blank, label, blank, label ... blank
    chosen = names.expand_dims(2) == iota(classes)
    emitted = where(chosen, p.expand_dims(2), 0).sum(3)  # (t, n, places)
    before = concatenate([names[:, :2] * 0 + blank, names[:, :-2]], 1)[:, : names.shape[1]]
    may_skip = (names != blank) & (names != before)
    start = where(places < 2, emitted[0], _NEVER)
    reach = 2 * counts.reshape(n, 1) + 1
    start = where(places < reach, start, _NEVER)

    def step(state: tuple[Tensor, ...], e: Tensor) -> tuple[tuple[Tensor, ...], Tensor]:
        alpha, now = state
        one, two = _shifted(alpha, 1), where(may_skip, _shifted(alpha, 2), _NEVER)
        moved = (logsumexp(stack([alpha, one, two]), axis=0) + e).maximum(_NEVER)
        alive = (now < times).reshape(n, 1)
        alpha = where(alive, moved, alpha)
        return (alpha, now + 1), now

    (alpha, _), _ = scan(step, (start, iota(1).sum() + 1), emitted[1:])
    last = where((places == reach - 1) | (places == reach - 2), alpha, _NEVER)
    return where(times > 0, logsumexp(last, axis=1), where(counts == 0, 0, _NEVER))


def _shifted(alpha: Tensor, by: int) -> Tensor:
    """What was at the place `by` before; none at the first."""
    never = alpha[:, :by].full_like(_NEVER)
    return concatenate([never, alpha[:, : alpha.shape[1] - by]], 1)[:, : alpha.shape[1]]
