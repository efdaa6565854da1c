"""The report: figures from plain data, the page, and both from a run's folder."""

from __future__ import annotations

import sys
from html.parser import HTMLParser

import numpy as np
import pytest

from gradus import draw
from gradus.errors import ArgumentError
from gradus.train import page, report
from gradus.train.runs.history import History

VOID = {"meta", "br", "img", "use", "path", "image"}


class Balanced(HTMLParser):
    """Fails on an end tag that does not close the last open one."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.links += [v for k, v in attrs if k in ("src", "href", "xlink:href") and v]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag


def classification() -> page.Report:
    counts = np.array([[8, 2], [0, 9]])
    return page.Report(
        "mlp on <cats & dogs>",
        headline={"test accuracy": "0.8947"},
        metrics={"train": {"loss": 0.1, "accuracy": 0.9}, "test": {"loss": 0.2, "accuracy": 17 / 19}},
        curves={"loss": {"train": [0.5, 0.1], "validation": [0.6, 0.2]}},
        classes=("cat", "dog"),
        counts=counts,
        scores=np.array([[1, 0.8, 0.889], [0.818, 1, 0.9]]),
        pictures=page.Pictures(np.zeros((3, 1, 4, 4)), ["cat", "dog", "cat"], ["dog", "dog", "cat"], [0.9, 0.8, 0.7]),
        settings={"lr": "0.1"},
        model="Layer  Parameters",
        command="gradus train mlp",
        versions={"numpy": "2"},
    )


def regression() -> page.Report:
    true = np.array([1e5, 2e5, 9e5])
    return page.Report("linear on homes", values=page.Values(true, true * 1.1, "price", "dollars", log=True))


@pytest.mark.parametrize("made", [classification(), regression(), page.Report("empty")])
def test_the_page_is_whole_and_loads_nothing_from_elsewhere(made):
    text = page.render(made)
    parser = Balanced()
    parser.feed(text)
    assert parser.open == []
    assert all(link.startswith(("#", "data:")) for link in parser.links)
    assert "<script" not in text


def test_names_are_escaped_and_the_figures_are_there():
    text = page.render(classification())
    assert "mlp on &lt;cats &amp; dogs&gt;" in text
    assert text.count("<svg") == 3
    assert "0.8947" in text
    assert "1 of 2 mistakes" in text
    assert draw.INK not in text


def test_without_matplotlib_the_page_has_tables_and_says_what_to_install(monkeypatch):
    for name in [m for m in sys.modules if m.split(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setattr(draw, "available", lambda: False)
    text = page.render(classification())
    assert "<svg" not in text
    assert "pip install matplotlib" in text
    assert "<tr><th>cat</th><td>8</td><td>2</td></tr>" in text


def test_drawing_leaves_no_trace_in_pyplot_and_is_repeatable():
    values = {"loss": {"train": [2.0, 1.0], "validation": [2.5, 1.5]}, "accuracy": {"train": [0.1, 0.2]}}
    first = draw.to_svg(draw.curves(values))
    assert first == draw.to_svg(draw.curves(values))
    pyplot = sys.modules.get("matplotlib.pyplot")
    assert pyplot is None or pyplot.get_fignums() == []


def test_curves_have_labels_units_and_both_parts():
    axes = draw.curves({"mae": {"train": [3.0, 2.0], "validation": [4.0, 3.0]}}, {"mae": "dollars"}).axes[0]
    assert axes.get_ylabel() == "mae (dollars)"
    assert axes.get_xlabel() == "epoch"
    assert [t.get_text() for t in axes.get_legend().get_texts()] == ["train", "validation"]
    assert [list(line.get_xdata()) for line in axes.lines] == [[1, 2], [1, 2]]


def test_the_confusion_matrix_shows_every_count_but_zero():
    axes = draw.confusion(np.array([[1234, 2], [0, 9]]), ["cat", "dog"]).axes[0]
    assert {t.get_text() for t in axes.texts} == {"1,234", "2", "9"}
    assert axes.get_ylabel() == "true"


def test_wrong_pictures_show_the_truth():
    drawn = draw.pictures(np.zeros((2, 3, 4, 4)), ["cat", "dog"], ["dog", "dog"], [0.9, 0.8])
    assert [a.get_title() for a in drawn.axes] == ["dog · 90%", "dog · 80%"]
    assert [a.get_xlabel() for a in drawn.axes] == ["is cat", ""]


def test_figures_refuse_what_does_not_fit():
    with pytest.raises(ArgumentError, match=r"2 classes need counts of shape \(2, 2\), got \(3, 3\)"):
        draw.confusion(np.eye(3), ["a", "b"])
    with pytest.raises(ArgumentError, match="expected"):
        draw.pictures(np.zeros((2, 4, 4)), [], [], [])
    with pytest.raises(ArgumentError, match="as many predictions"):
        draw.regression(np.zeros(2), np.zeros(3), "price")
    with pytest.raises(ArgumentError, match="nothing to draw"):
        draw.curves({})


def test_confusions_come_in_order_and_leave_out_what_never_happened():
    counts = np.array([[5, 3, 0], [1, 5, 0], [0, 4, 5]])
    assert page.confusions(counts, "abc") == [("c", "b", 4), ("a", "b", 3), ("b", "a", 1)]
    assert page.confusions(np.eye(2, dtype=int), "ab") == []


def test_curves_of_a_history():
    records = [{"epoch": i, "loss": 1 / i, "val_loss": 2 / i, "lr": 0.1, "seconds": 1.0} for i in (1, 2)]
    assert report.curves_of(History(records)) == {"loss": {"train": [1.0, 0.5], "validation": [2.0, 1.0]}}
    assert report.curves_of(History()) == {}


def test_results_as_text():
    made = classification()
    assert report.results_text(made).splitlines()[2].split() == ["test", "0.2000", "0.8947"]
    text = report.classes_text(made)
    assert "2 times cat taken for dog" in text
    assert report.classes_text(regression()) == ""


def test_the_surest_mistakes_come_first():
    logits = np.array([[2.0, 0.0], [9.0, 0.0], [0.0, 1.0], [1.0, 0.0]], np.float32)
    chosen = report._chosen(np.zeros((4, 1, 2, 2)), np.array([1, 1, 1, 0]), logits, ("a", "b"))
    assert list(chosen.truth) == ["b", "b", "b", "a"]
    assert list(chosen.predicted) == ["a", "a", "b", "a"]
    assert chosen.confidence[0] > chosen.confidence[1]
