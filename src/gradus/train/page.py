"""A report as one HTML file: plain data in, text out. Nothing is loaded from elsewhere when it is opened."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from .. import draw
from ..page_style import BASE

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Pictures:
    """Test pictures and what the model saw: images (n, c, h, w) in [0, 1], two class names and a probability each."""

    images: np.ndarray
    truth: Sequence[str]
    predicted: Sequence[str]
    confidence: Sequence[float]


@dataclass(frozen=True)
class Values:
    """A regression's test values, (n,) each, in the target's unit."""

    true: np.ndarray
    predicted: np.ndarray
    name: str
    unit: str = ""
    log: bool = False


@dataclass(frozen=True)
class Report:
    """All that a report shows, as plain data; a part that is empty is left out of the page.

    Attributes:
        title: what was trained on what.
        headline: the figures shown large: a label and a text each.
        metrics: for each part of the data (`train`, `test`) its metrics by name.
        note: what the metrics are measured in, as a sentence.
        curves: for each quantity and each part of the data one number an epoch.
        units: the unit of a metric, where it has one.
        classes, counts: the classes' names and the confusion matrix, true classes in rows.
        scores: (classes, 3), precision, recall and F1 of each class.
        settings, versions: labels and texts.
        model: the model's table of layers, as text.
        command: what to type to train it again.
    """

    title: str
    headline: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    note: str = ""
    curves: draw.Curves = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    classes: Sequence[str] = ()
    counts: np.ndarray | None = None
    scores: np.ndarray | None = None
    pictures: Pictures | None = None
    values: Values | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    model: str = ""
    command: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)


def render(report: Report) -> str:
    """The report as the text of a self-contained HTML page.

    >>> "<h1>lenet on digits</h1>" in render(Report("lenet on digits"))
    True
    """
    sections = [
        _metrics(report),
        _curves(report),
        _values(report),
        _pictures(report),
        _confusion(report),
        _section("Model", _pre(report.model)),
        _section("Settings", _pairs(report.settings)),
        _section("Train it again", _pre(report.command)),
        _section("Versions", _pairs(report.versions)),
    ]
    title = escape(report.title)
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{BASE}{_CSS}</style>\n</head>\n<body>\n<main>\n"
        f"<h1>{title}</h1>\n{_headline(report.headline)}\n{''.join(sections)}</main>\n</body>\n</html>\n"
    )


def number(value: float, unit: str = "") -> str:
    """A figure as a person reads it: four digits that count, thousands separated, the unit behind.

    >>> number(0.98765), number(126543.21, "dollars"), number(3e-7)
    ('0.9877', '126,543 dollars', '3e-07')
    """
    if abs(value) >= 1000:
        text = f"{value:,.0f}"
    elif value == 0 or abs(value) >= 0.001:
        text = f"{value:.4f}" if abs(value) < 10 else f"{value:,.2f}"
    else:
        text = f"{value:.2g}"
    return f"{text} {unit}" if unit else text


def confusions(counts: np.ndarray, classes: Sequence[str], most: int = 5) -> list[tuple[str, str, int]]:
    """The most frequent mistakes: true class, the class it was taken for, how often.

    >>> confusions(np.array([[3, 1], [0, 4]]), ["cat", "dog"])
    [('cat', 'dog', 1)]
    """
    wrong = np.where(np.eye(len(counts), dtype=bool), 0, counts)
    order = np.argsort(-wrong, axis=None, kind="stable")[:most]
    pairs = zip(*np.unravel_index(order, wrong.shape), strict=True)
    return [(classes[i], classes[j], int(wrong[i, j])) for i, j in pairs if wrong[i, j]]


def _headline(figures_: Mapping[str, str]) -> str:
    boxes = (f"<div><b>{escape(text)}</b><span>{escape(label)}</span></div>" for label, text in figures_.items())
    return f'<div class="headline">{"".join(boxes)}</div>' if figures_ else ""


def _metrics(report: Report) -> str:
    names = list(dict.fromkeys(name for values in report.metrics.values() for name in values))
    rows = [
        [part, *(number(values[n], report.units.get(n, "")) if n in values else "" for n in names)]
        for part, values in report.metrics.items()
    ]
    return _section("Results", _table(["", *names], rows) + (f"<p>{escape(report.note)}</p>" if report.note else ""))


def _curves(report: Report) -> str:
    if not report.curves:
        return ""
    columns = [(f"{name}, {part}", numbers) for name, parts in report.curves.items() for part, numbers in parts.items()]
    epochs = max(len(numbers) for _, numbers in columns)
    rows = [
        [str(i + 1), *(number(numbers[i]) if i < len(numbers) else "" for _, numbers in columns)] for i in range(epochs)
    ]
    table = _details("the numbers", _table(["epoch", *(name for name, _ in columns)], rows))
    return _section("How it learned", _drawn(lambda: draw.curves(report.curves, report.units)) + table)


def _values(report: Report) -> str:
    v = report.values
    if v is None:
        return ""
    drawn = _drawn(lambda: draw.regression(v.true, v.predicted, v.name, v.unit, v.log))
    return _section("Predictions on the test data", drawn)


def _pictures(report: Report) -> str:
    p = report.pictures
    if p is None:
        return ""
    shown = sum(t != y for t, y in zip(p.truth, p.predicted, strict=True))
    wrong = shown if report.counts is None else int(report.counts.sum() - report.counts.trace())
    words = (
        f"<p>{shown:,} of {wrong:,} mistakes (red frame, the surest first, the truth below), then right answers.</p>"
    )
    drawn = _drawn(lambda: draw.pictures(p.images, p.truth, p.predicted, p.confidence))
    return _section("Pictures and predictions", words + drawn)


def _confusion(report: Report) -> str:
    counts = report.counts
    if counts is None:
        return ""
    if draw.available():
        matrix = _drawn(lambda: draw.confusion(counts, report.classes))
    else:
        head = ["true \\ predicted", *report.classes]
        matrix = _table(head, [[c, *(f"{n:,}" for n in row)] for c, row in zip(report.classes, counts, strict=True)])
        matrix += _missing()
    return _section("Confusion matrix of the test data", matrix) + _class_by_class(report, counts)


def _class_by_class(report: Report, counts: np.ndarray) -> str:
    if report.scores is None:
        return ""
    rows = zip(report.classes, counts.sum(axis=1), report.scores, strict=True)
    lines = [[name, f"{n:,}", *(f"{score:.3f}" for score in scores)] for name, n, scores in rows]
    return _section("Class by class", _table(["class", "examples", "precision", "recall", "F1"], lines))


def _drawn(make: Callable[[], Figure]) -> str:
    """The drawing, or where matplotlib is missing what installs it."""
    if not draw.available():
        return _missing()
    return f"<figure>{draw.to_svg(make())}</figure>"


def _missing() -> str:
    return "<p class=missing>No picture here: matplotlib is not installed. <code>pip install matplotlib</code></p>"


def _section(name: str, body: str) -> str:
    return f"<section>\n<h2>{escape(name)}</h2>\n{body}\n</section>\n" if body else ""


def _details(name: str, body: str) -> str:
    return f"<details><summary>{escape(name)}</summary>{body}</details>"


def _pre(text: str) -> str:
    return f"<pre>{escape(text)}</pre>" if text else ""


def _pairs(pairs: Mapping[str, str]) -> str:
    return _table([], [[name, text] for name, text in pairs.items()])


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Rows of texts; the first column is a label, the others are aligned to the right where the table has a head."""
    lines = [f"<tr><th>{escape(r[0])}</th>{''.join(f'<td>{escape(c)}</td>' for c in r[1:])}</tr>" for r in rows]
    if not lines:
        return ""
    top = f"<thead><tr>{''.join(f'<th>{escape(h)}</th>' for h in head)}</tr></thead>" if head else ""
    kind = "numbers" if head else "pairs"
    return f'<div class="wide"><table class="{kind}">{top}<tbody>{"".join(lines)}</tbody></table></div>'


_CSS = """
figure { margin: 0; overflow-x: auto; }
figure svg { max-width: 100%; height: auto; display: block; }
th, td { padding: .25rem .9rem .25rem 0; border-bottom: 1px solid var(--line); text-align: left; font-weight: normal; }
.numbers td, .numbers thead th + th { text-align: right; padding-left: 1rem; }
.pairs th { color: var(--soft); padding-right: 2rem; vertical-align: top; }
tbody tr:last-child > * { border-bottom: 0; }
details { margin-top: .75rem; }
pre { margin: 0; overflow-x: auto; font: 13px/1.45 ui-monospace, monospace; }
.missing { border-left: 3px solid var(--line); padding-left: .75rem; }
"""
