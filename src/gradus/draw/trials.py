"""The trials of a search for hyper-parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from ..errors import ArgumentError
from .style import BLUE, GREEN, INK, ORANGE, RED, new_figure, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_ACROSS, _CURVES_ACROSS, _BEST = 4, 5, 20
_BESIDE = 3  # entries in a line of a legend
_LINES = (ORANGE, GREEN, RED, INK)


class Tried(Protocol):
    """What is drawn of a trial."""

    @property
    def number(self) -> int: ...
    @property
    def params(self) -> Mapping[str, Any]: ...
    @property
    def score(self) -> float | None: ...
    @property
    def state(self) -> str: ...
    @property
    def curve(self) -> Sequence[float]: ...
    @property
    def train_curve(self) -> Sequence[float]: ...


def trials(
    tried: Sequence[Tried],
    better: str = "higher",
    name: str = "score",
    compared: Mapping[str, Sequence[Tried]] | None = None,
) -> Figure:
    """A search: each trial's score in order, against each hyper-parameter, and the curves of the best twenty.

    Args:
        tried: the trials, as in `tune.Found.trials`.
        better: whether a "higher" or a "lower" score is better.
        name: what the score is.
        compared: the trials of other searches by their names, of which the best score so far is drawn.

    >>> from types import SimpleNamespace as Trial
    >>> one = Trial(number=0, params={"lr": 0.1}, score=0.9, state="done", curve=[], train_curve=[])
    >>> [axes.get_xlabel() for axes in trials([one]).axes]
    ['trial', 'lr']
    """
    scored = [t for t in tried if t.score is not None]
    if not scored:
        raise ArgumentError(f"trials: there is nothing to draw; none of the {len(tried)} trials has a score")
    sign = -1 if better == "higher" else 1
    done = sorted((t for t in scored if t.state == "done"), key=lambda t: (sign * (t.score or 0), t.number))
    curves = [t for t in done if len(t.curve) > 1][:_BEST]
    names = list(scored[0].params)
    with styled():
        above, below = -(-(1 + len(names)) // _ACROSS), -(-len(curves) // _CURVES_ACROSS)
        figure = new_figure(11.5, 3.1 * above + 1.55 * below)
        parts: Any = figure.subfigures(
            1 + bool(below), 1, squeeze=False, height_ratios=[3.1 * above, 1.55 * below][: 1 + bool(below)]
        )
        across = min(_ACROSS, 1 + len(names))
        first = parts[0, 0].add_subplot(above, across, 1)
        _history(first, scored, {"best so far": tried} if compared is None else compared, better)
        first.set_ylabel(name)
        for i, parameter in enumerate(names):
            axes = parts[0, 0].add_subplot(above, across, i + 2, sharey=first)
            _against(axes, scored, done, parameter)
        legend = -(-len(first.get_legend_handles_labels()[1]) // _BESIDE)  # lines of the first panel's, the longest
        titles = ["Each trial, and the best so far", *(f"Each trial against {n}" for n in names)]
        for axes, title in zip(parts[0, 0].axes, titles, strict=True):
            axes.set_title(title, fontsize=10, pad=6 + 13 * legend)
        if curves:
            _curves(parts[1, 0], curves, below, name)
        return figure


def _history(axes: Axes, scored: Sequence[Tried], lines: Mapping[str, Sequence[Tried]], better: str) -> None:
    _dots(axes, scored, [t.number for t in scored])
    for (label, tried), colour in zip(lines.items(), cycle(_LINES)):
        done = [t for t in tried if t.state == "done"]
        scores = np.array([t.score for t in done] or [np.nan], dtype=float)
        best = (np.maximum if better == "higher" else np.minimum).accumulate(scores)
        numbers = [t.number for t in done] or [0]
        axes.step(numbers, best, where="post", color=colour, linewidth=1.8, label=label)
    axes.set_xlabel("trial")
    _legend(axes, *axes.get_legend_handles_labels())


def _legend(axes: Axes, handles: Sequence[Any], labels: Sequence[str]) -> None:
    place: Any = {"loc": "lower center", "bbox_to_anchor": (0.5, 1.0), "ncols": _BESIDE}  # where no dot can be
    axes.legend(handles, labels, frameon=False, fontsize=8, handlelength=1.4, columnspacing=1.2, **place)


def _against(axes: Axes, scored: Sequence[Tried], done: Sequence[Tried], parameter: str) -> None:
    values = [t.params[parameter] for t in scored]
    if any(isinstance(v, str) for v in values):
        options = sorted(set(values))
        shift = np.random.default_rng(0).uniform(-0.2, 0.2, len(values))  # so that equal ones do not cover each other
        _dots(axes, scored, np.array([options.index(v) for v in values]) + shift)
        axes.set_xticks(range(len(options)), options, rotation=30 if len(options) > 3 else 0)
        axes.set_xlim(-0.5, len(options) - 0.5)
    else:
        _dots(axes, scored, values)
        if min(values) > 0 and max(values) / min(values) > 20:
            axes.set_xscale("log")
        if done:
            line = axes.axvline(done[0].params[parameter], color=INK, linewidth=1, linestyle=":", zorder=0)
            _legend(axes, [line], ["best trial"])
    axes.set_xlabel(parameter)
    axes.tick_params(labelleft=False)


def _dots(axes: Axes, scored: Sequence[Tried], x: Any) -> None:
    """A dot for each trial; one that was broken off is a grey cross at its last score."""
    whole = np.array([t.state == "done" for t in scored])
    x, y = np.asarray(x, dtype=float), np.array([t.score for t in scored], dtype=float)
    axes.scatter(x[whole], y[whole], s=18, color=BLUE, alpha=0.75, linewidths=0, label="trial")
    if not whole.all():
        axes.scatter(x[~whole], y[~whole], s=22, color=INK, alpha=0.45, marker="x", linewidths=1.1, label="pruned")
    axes.grid(alpha=0.15, color=INK)


def _curves(part: Any, curves: Sequence[Tried], rows: int, name: str) -> None:
    """Small panels, the best first: solid the score, on validation data as a rule, dashed the same on training data."""
    panels = part.subplots(rows, _CURVES_ACROSS, sharex=True, sharey=True, squeeze=False)
    for axes, t in zip(panels.flat, [*curves, *[None] * (panels.size - len(curves))], strict=True):
        if t is None:
            axes.set_visible(False)
            continue
        epochs = range(1, len(t.curve) + 1)
        axes.plot(epochs, t.curve, color=BLUE, linewidth=1.5, label=name)
        if len(t.train_curve) == len(t.curve):
            label = "the same on training data"
            axes.plot(epochs, t.train_curve, color=ORANGE, linewidth=1.2, linestyle="--", label=label)
        settings = "  ".join(f"{n} {v:.1e}" if isinstance(v, float) else f"{v}" for n, v in t.params.items())
        axes.set_title(f"trial {t.number}: {t.score:.3f}\n{_short(settings)}", fontsize=7.5, pad=3)
        axes.tick_params(labelsize=8)
        axes.grid(alpha=0.15, color=INK)
    part.supxlabel("epoch", fontsize=10)
    part.supylabel("score", fontsize=10)
    handles, labels = panels.flat[0].get_legend_handles_labels()
    title = f"The {len(curves)} best, the best first"
    part.suptitle(title, fontsize=10)
    part.legend(handles, labels, loc="upper right", ncols=2, frameon=False, fontsize=9)


def _short(text: str, longest: int = 40) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
