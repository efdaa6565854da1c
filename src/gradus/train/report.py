"""The report of a run: collect what there is to know as plain data, then write it as text or as a page.

Collecting is here, drawing in `draw`, the page in `page`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..data import Standardizer
from ..functional import softmax
from ..nn import summary
from ..tensor import tensor
from . import metrics
from .experiment import Experiment
from .fitting.evaluation import scores
from .page import Pictures, Report, Values, confusions, number, render
from .runs.checkpoint import write_atomically
from .runs.history import History
from .runs.run import Run

FIRST_COLUMN = 10  # characters
NO_CURVE = {"epoch", "lr", "seconds", "samples_per_second"}
SHOWN = 24  # test pictures in the grid
WRONG_SHOWN = 16  # of them wrong ones at most, so that some right ones are seen too


def collect(experiment: Experiment, folder: str | Path) -> Report:
    """Test an experiment that has been trained, and gather its report.

    Only the test data are gone through, once: what there is to know of the other parts stands in the history, for
    training as it was measured while the last epoch ran.

    Args:
        experiment: with its weights loaded.
        folder: the run's folder, for the history.
    """
    of, trainer = experiment.preprocessing, experiment.trainer
    history = History.read(folder)
    x, y = experiment.test.arrays[:2]
    logits = trainer.predict(x)
    found = _last(history) | {"test": scores(trainer, logits, tensor(y))}
    outputs = logits.numpy()
    common = {
        "title": f"{experiment.recipe.model} on {experiment.recipe.name}",
        "headline": _headline(experiment, found["test"], history),
        "metrics": found,
        "curves": curves_of(history),
        "settings": _settings(experiment),
        "model": str(summary(experiment.model, (1, *of.input_shape))),
        "command": experiment.recipe.command(),
        "versions": Run(folder).config.get("versions", {}),
    }
    if of.classes:
        return Report(**common, **_classified(x, y, outputs, of.classes))
    return Report(**common, note=_note(of.scale), values=_predicted(y, outputs, of.scale))


def write(report: Report, path: str | Path) -> None:
    """Write a report as one self-contained HTML file, whole or not at all."""
    write_atomically(path, render(report))


def results_text(report: Report) -> str:
    """The metrics of each part of the data as a small table of text, then how long it took.

    >>> print(results_text(Report("m on d", metrics={"test": {"accuracy": 0.975}})))
                accuracy
    test          0.9750
    """
    names = list(dict.fromkeys(name for values in report.metrics.values() for name in values))
    cells = [
        [part, *(number(values[n]) if n in values else "" for n in names)] for part, values in report.metrics.items()
    ]
    lines = _aligned([["", *names], *cells])
    if report.note:
        lines.append(report.note)
    if "training time" in report.headline:
        lines.append(f"training time {report.headline['training time']}")
    return "\n".join(lines)


def classes_text(report: Report) -> str:
    """Precision, recall and F1 class by class, and the largest confusions; empty where numbers are predicted."""
    if report.counts is None or report.scores is None:
        return ""
    rows = zip(report.classes, report.counts.sum(axis=1), report.scores, strict=True)
    cells = [[name, f"{n:,}", *(f"{score:.3f}" for score in scores)] for name, n, scores in rows]
    lines = _aligned([["class", "examples", "precision", "recall", "F1"], *cells])
    most = confusions(report.counts, report.classes)
    mistakes = [f"  {n:>5,} times {true} taken for {taken}" for true, taken, n in most]
    return "\n".join([*lines, "", "Most often confused:" if mistakes else "No mistakes.", *mistakes])


def curves_of(history: History) -> dict[str, dict[str, list[float]]]:
    """The loss and the metrics of a history, for each of them what training and validation gave, epoch by epoch.

    >>> curves_of(History([{"epoch": 1, "loss": 0.5, "val_loss": 0.6, "lr": 0.1}]))
    {'loss': {'train': [0.5], 'validation': [0.6]}}
    """
    names = [name for name in history.last if name not in NO_CURVE and not name.startswith("val_")]
    names = [name for name in names if all(isinstance(v, (int, float)) for v in history[name])]  # others by callbacks
    curves = {}
    for name in names:
        curves[name] = {"train": history[name]}
        if f"val_{name}" in history.last:
            curves[name]["validation"] = history[f"val_{name}"]
    return curves


def _last(history: History) -> dict[str, dict[str, float]]:
    """What the last epoch gave, for training and validation; nothing before the first."""
    found: dict[str, dict[str, float]] = {}
    for name, curve in curves_of(history).items():
        for part, values in curve.items():
            found.setdefault(part, {})[name] = values[-1]
    return found


def _aligned(rows: list[list[str]]) -> list[str]:
    """Rows of texts in columns: the first aligned to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    widths[0] = max(widths[0], FIRST_COLUMN)
    return ["  ".join([r[0].ljust(widths[0]), *map(str.rjust, r[1:], widths[1:])]) for r in rows]


def _headline(experiment: Experiment, test: Mapping[str, float], history: History) -> dict[str, str]:
    main = ("accuracy",) if experiment.preprocessing.classes else ("mae", "r2")
    seconds = sum(record.get("seconds", 0.0) for record in history)
    return {f"test {name}": number(test[name]) for name in main} | {
        "training time": f"{seconds:.1f} s" if seconds < 100 else f"{seconds / 60:.1f} min",
        "epochs": str(len(history)),
        "parameters": f"{sum(p.size for p in experiment.model.parameters()):,}",
    }


def _settings(experiment: Experiment) -> dict[str, str]:
    sizes = {f"{part} samples": f"{len(getattr(experiment, part)):,}" for part in ("train", "validation", "test")}
    return {k: str(v) for k, v in experiment.recipe.to_json().items() if v is not None} | sizes


def _classified(x: np.ndarray, y: np.ndarray, logits: np.ndarray, classes: tuple[str, ...]) -> dict[str, Any]:
    """What a report of a classification has beside the common parts."""
    scores = [score(logits, y, average=None) for score in (metrics.precision, metrics.recall, metrics.f1)]
    found: dict[str, Any] = {
        "classes": classes,
        "counts": metrics.confusion_matrix(logits, y, classes=len(classes)),
        "scores": np.stack(scores, axis=1),
    }
    if x.ndim == 4 and x.shape[1] in (1, 3):
        found["pictures"] = _chosen(x, y, logits, classes)
    return found


def _chosen(x: np.ndarray, y: np.ndarray, logits: np.ndarray, classes: tuple[str, ...]) -> Pictures:
    """Wrong ones first, the surest of them foremost; then right ones in the order of the test data."""
    p = softmax(tensor(logits), axis=-1).numpy()
    predicted, confidence = p.argmax(axis=1), p.max(axis=1)
    wrong, right = np.flatnonzero(predicted != y), np.flatnonzero(predicted == y)
    wrong = wrong[np.argsort(-confidence[wrong], kind="stable")][:WRONG_SHOWN]
    places = np.concatenate([wrong, right])[:SHOWN]
    return Pictures(
        x[places],
        [classes[i] for i in y[places]],
        [classes[i] for i in predicted[places]],
        [float(c) for c in confidence[places]],
    )


def _note(target: Standardizer | None) -> str:
    if target is None:
        return ""
    what = f"the logarithm of {target.name}" if target.log else target.name
    return f"mae and rmse are in the unit of {target.name}; the loss is that of {what}, standardised."


def _predicted(y: np.ndarray, outputs: np.ndarray, target: Standardizer | None) -> Values:
    if target is None:
        return Values(y.ravel(), outputs.ravel(), "target")
    return Values(target.inverse(y).ravel(), target.inverse(outputs).ravel(), target.name or "target", log=target.log)
