"""Pictures of learning: training against test data, over time and over the size of the data; tasks in turn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from .style import BLUE, GREEN, INK, ORANGE, RED, thousands

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLOURS = {"train": BLUE, "test": ORANGE}
_OTHERS = (BLUE, RED, GREEN, ORANGE)


class _Course(Protocol):
    at: Any
    values: Any


class _Curve(Protocol):
    sizes: Any
    train: Any
    test: Any


def draw_course(axes: Axes, course: _Course, metric: str = "accuracy", over: str = "epoch") -> None:
    """One line for each part of the data: how a metric went; between "train" and "test" the gap is tinted.

    Args:
        axes: where to draw.
        course: `at` (m,), and for each part and metric m `values`.
        metric: which; accuracy is drawn in percent.
        over: what `at` counts.

    >>> from types import SimpleNamespace
    >>> from gradus.draw import new_figure
    >>> axes = new_figure(3, 2).add_subplot()
    >>> draw_course(axes, SimpleNamespace(at=np.arange(2), values={"train": {"loss": np.ones(2)}}), "loss")
    >>> axes.get_ylabel()
    'loss'
    """
    parts = course.values
    for (name, values), colour in zip(parts.items(), _OTHERS, strict=False):
        axes.plot(course.at, values[metric], linewidth=1.8, color=_COLOURS.get(name, colour), label=name)
    if {"train", "test"} <= set(parts):
        axes.fill_between(course.at, parts["train"][metric], parts["test"][metric], color=INK, alpha=0.07, linewidth=0)
    axes.set_xlabel(over)
    axes.xaxis.set_major_formatter(thousands())
    _finish(axes, metric)


def draw_learning_curve(axes: Axes, curve: _Curve, metric: str = "accuracy") -> None:
    """Training and test data against the number of training samples; with several repeats their mean, and the range.

    Args:
        axes: where to draw.
        curve: `sizes` (m,), and for each metric (m, repeats) numbers in `train` and `test`.
        metric: which; accuracy is drawn in percent.

    >>> from types import SimpleNamespace
    >>> from gradus.draw import new_figure
    >>> axes = new_figure(3, 2).add_subplot()
    >>> numbers = {"accuracy": np.ones((2, 1))}
    >>> draw_learning_curve(axes, SimpleNamespace(sizes=[10, 100], train=numbers, test=numbers))
    >>> axes.get_xscale()
    'log'
    """
    for name in ("train", "test"):
        draw_repeats(axes, curve.sizes, getattr(curve, name)[metric], name, _COLOURS[name])
    means = (np.asarray(getattr(curve, name)[metric]).mean(axis=1) for name in ("train", "test"))
    axes.fill_between(curve.sizes, *means, color=INK, alpha=0.07, linewidth=0)
    _by_size(axes, curve.sizes)
    _finish(axes, metric)


def draw_repeats(axes: Axes, sizes: Any, values: Any, name: str, colour: str) -> None:
    """A line through the means of repeated measurements, and a band from the lowest to the highest.

    Args:
        axes: where to draw.
        sizes: (m,) along the axis.
        values: (m, repeats).
        name, colour: of the line.

    >>> from gradus.draw import new_figure
    >>> axes = new_figure(3, 2).add_subplot()
    >>> draw_repeats(axes, [1, 2], [[0.1, 0.3], [0.5, 0.7]], "test", "black")
    >>> axes.lines[0].get_ydata().tolist()
    [0.2, 0.6]
    """
    values = np.asarray(values)
    axes.plot(sizes, values.mean(axis=1), "o-", markersize=4, linewidth=1.8, color=colour, label=name)
    axes.fill_between(sizes, values.min(axis=1), values.max(axis=1), color=colour, alpha=0.15, linewidth=0)


def draw_few_samples(axes: Axes, sizes: Any, accuracy: dict[str, Any]) -> None:
    """Test accuracy against the number of training samples, one line for each way to learn.

    Args:
        axes: where to draw.
        sizes: (m,) numbers of training samples.
        accuracy: for each way, by name, (m, repeats) shares.

    >>> from gradus.draw import new_figure
    >>> axes = new_figure(3, 2).add_subplot()
    >>> draw_few_samples(axes, [10, 100], {"from scratch": np.ones((2, 1)), "tuned": np.ones((2, 1))})
    >>> axes.get_ylabel()
    'test accuracy'
    """
    for (name, values), colour in zip(accuracy.items(), _OTHERS, strict=False):
        draw_repeats(axes, sizes, values, name, colour)
    _by_size(axes, sizes)
    _finish(axes, "accuracy")
    axes.set_ylabel("test accuracy")


def draw_in_turn(axes: Axes, found: Any) -> None:
    """Test accuracy of each task while a model learns one after the other; whose turn it is stands above.

    Args:
        axes: where to draw.
        found: `at` (m,) samples seen, `values` of each task, and where each task `starts`.

    >>> from types import SimpleNamespace
    >>> from gradus.draw import new_figure
    >>> axes = new_figure(3, 2).add_subplot()
    >>> values = {"a": {"accuracy": np.zeros(3)}, "b": {"accuracy": np.ones(3)}}
    >>> draw_in_turn(axes, SimpleNamespace(at=np.arange(3), values=values, starts={"a": 0, "b": 1}))
    >>> [t.get_text() for t in axes.texts]
    ['learns\\na', 'learns\\nb']
    """
    draw_course(axes, found, over="training samples seen")
    ends = [*list(found.starts.values())[1:], found.at[-1]]
    for (name, start), end in zip(found.starts.items(), ends, strict=True):
        if start:
            axes.axvline(start, color=INK, linewidth=1, linestyle="--", alpha=0.5)
        axes.text((start + end) / 2, 1.04, f"learns\n{name}", ha="center", va="bottom", fontsize=9)
    axes.set_ylim(-0.03, 1.03)
    axes.set_ylabel("test accuracy")


def _by_size(axes: Axes, sizes: Any) -> None:
    from matplotlib.ticker import NullLocator

    axes.set_xscale("log")
    axes.set_xticks(list(sizes), [f"{n // 1000}k" if n >= 10_000 else f"{n:,}" for n in sizes])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel("training samples")


def _finish(axes: Axes, metric: str) -> None:
    from matplotlib.ticker import PercentFormatter

    if metric == "accuracy":
        axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.set_ylabel(metric)
    axes.grid(alpha=0.15, color=INK)
    axes.legend(frameon=False)
