"""How good `gradus train --data FILE` is with nothing else said, beside scikit-learn's usual models.

    GRADUS_DATA=... python -m benchmarks.defaults [--seeds 3]

Tables of scikit-learn's and of the data folder, and pictures as arrays. Each seed parts the rows anew; all models learn
from the same four fifths and are measured on the same rest: accuracy of classes, of numbers the root mean square error
of what is learned, in deviations of the training part (of prices the logarithm). scikit-learn's models get columns that
are imputed, standardised and one-hot, and their own defaults. It needs scikit-learn and pandas, and writes
docs/defaults.md.
"""

from __future__ import annotations

import argparse
import tempfile
import warnings
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from gradus import datasets
from gradus.data import NumberTarget, TensorDataset, random_split, stratified_split
from gradus.datasets.locate import locate
from gradus.train.experiment import Experiment
from gradus.train.material import TEST_SHARE, material
from gradus.train.recipe import Recipe

from .report import processor, table

PAGE = Path(__file__).parent.parent / "docs" / "defaults.md"
TARGETS = {"ames_house_prices": "SalePrice", "king_county": "price", "california_housing": "median_house_value"}
PICTURES = 2000  # of a set of pictures
MLP, _CLASSES = "MLP", "of classes"
_POINTS, _PART = 0.02, 0.05
_HEAD = """# How good the defaults are

`gradus train --data FILE` with nothing else said but the target, beside scikit-learn's MLP, histogram gradient boosting
and logistic regression or ridge with their defaults, on columns that are imputed, standardised and one-hot: accuracy in
per cent, or the root mean square error of what is learned (of prices the logarithm) in deviations of the training part.
All learn from the same four fifths of the rows and are measured on the same rest; gradus keeps a tenth of its rows for
validation. Of sets of pictures 2,000 are taken. Written by `python -m benchmarks.defaults`.
"""
Scores = dict[str, list[float]]


class Case(NamedTuple):
    """Data in a file, how `gradus train` is told of them, and the same for scikit-learn."""

    name: str
    path: Path
    reading: dict[str, Any]


def cases(folder: Path) -> Iterator[Case]:
    """The data, as files."""
    import sklearn.datasets as sets

    for name in ("iris", "wine", "breast_cancer", "diabetes", "digits"):
        loaded = getattr(sets, f"load_{name}")(as_frame=True)
        frame = loaded.frame
        if name != "diabetes":
            frame = frame.assign(target=[f"class {i}" for i in loaded.target])
        frame.to_csv(folder / f"{name}.csv", index=False)
        yield Case(name, folder / f"{name}.csv", {"target": "target"})
    for name, target in TARGETS.items():
        yield Case(name, locate(name)[0], {"target": target})
    for name in ("digits", "mnist", "fashion_mnist", "cifar10"):
        x, y = datasets.load(name).train.arrays
        path = folder / f"{name}_pictures.npz"
        np.savez(path, x=x[:PICTURES], y=y[:PICTURES])
        yield Case(path.stem, path, {})


def measured(case: Case, seeds: int) -> Result:
    """All models on some data, for so many seeds."""
    found = [scored(case, seed) for seed in range(seeds)]
    of_classes = found[0].pop(_CLASSES) == 1
    return Result(case.name, of_classes, {name: [one[name] for one in found] for name in found[0]})


def scored(case: Case, seed: int) -> dict[str, float]:
    """What each model comes to on the rows held out, and whether these are of classes."""
    recipe = Recipe(data=str(case.path), reading=case.reading, seed=seed)
    experiment = Experiment(recipe)
    experiment.learn(progress=False)
    outputs = experiment.trainer.predict(experiment.test).numpy()
    target = experiment.preprocessing.target
    of_classes = not isinstance(target, NumberTarget)
    own = _score(outputs.argmax(1) if of_classes else outputs, experiment.test.arrays[1])
    found = {"gradus": own, _CLASSES: float(of_classes)}
    x, y, learn, held = _for_sklearn(case, seed)
    for name, model in _models(seed, not of_classes).items():
        predicted = model.fit(x.iloc[learn], y[learn]).predict(x.iloc[held])
        found[name] = _score(predicted, y[held])
    return found


def _score(predicted: np.ndarray, true: np.ndarray) -> float:
    if true.dtype.kind in "iu":
        return float((predicted == true).mean())
    return float(np.sqrt(((predicted.ravel() - true.ravel()) ** 2).mean()))


def _for_sklearn(case: Case, seed: int) -> tuple[Any, np.ndarray, np.ndarray, np.ndarray]:
    """The features as a DataFrame, the targets as gradus learns them, and the rows to learn from and to test on."""
    import pandas as pd

    preprocessing = material(Recipe(data=str(case.path), reading=case.reading, seed=seed)).preprocessing
    raw: Any = preprocessing.read(case.path)
    labels, rows, shares = preprocessing.labels(raw), TensorDataset(np.arange(len(raw))), [1 - TEST_SHARE, TEST_SHARE]
    parts = stratified_split(rows, shares, labels, seed) if labels is not None else random_split(rows, shares, seed)
    y = preprocessing.targets(raw)
    if not case.reading:
        return pd.DataFrame(raw.x.reshape(len(raw), -1)), y, parts[0].indices, parts[1].indices
    kept = [name for name, kind in preprocessing.columns.items() if kind.learned]  # type: ignore[attr-defined]
    frame = pd.DataFrame({name: raw[name] for name in kept})
    for name in frame.select_dtypes("datetime"):
        frame[name] = frame[name].astype("int64") / 1e18
    return frame, y.ravel(), parts[0].indices, parts[1].indices


def _models(seed: int, numbers: bool) -> dict[str, Any]:
    """scikit-learn's models for a table, with its preprocessing before them."""
    from sklearn.compose import make_column_selector, make_column_transformer
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    made = {
        MLP: MLPRegressor(random_state=seed) if numbers else MLPClassifier(random_state=seed),
        "boosting": (HistGradientBoostingRegressor if numbers else HistGradientBoostingClassifier)(random_state=seed),
        "linear": Ridge() if numbers else LogisticRegression(max_iter=2000),
    }
    of_numbers = make_pipeline(SimpleImputer(), StandardScaler())
    of_texts = make_pipeline(
        SimpleImputer(strategy="constant", fill_value="?"), OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    )
    columns = make_column_transformer(
        (of_numbers, make_column_selector(dtype_include="number")),
        (of_texts, make_column_selector(dtype_exclude="number")),
    )
    return {name: make_pipeline(columns, model) for name, model in made.items()}


class Result(NamedTuple):
    """What all models came to on some data, for each seed."""

    case: str
    of_classes: bool
    scores: Scores

    @property
    def mean(self) -> dict[str, float]:
        """The mean over the seeds."""
        return {name: float(np.mean(values)) for name, values in self.scores.items()}

    @property
    def near_the_best(self) -> bool:
        """Whether gradus is within 2 points, or 5 % of the error, of the best of the others."""
        own, others = self.mean["gradus"], [value for name, value in self.mean.items() if name != "gradus"]
        return own >= max(others) - _POINTS if self.of_classes else own <= min(others) * (1 + _PART)

    @property
    def as_good_as_mlp(self) -> bool:
        """Whether gradus is no worse than scikit-learn's MLP."""
        own, other = self.mean["gradus"], self.mean[MLP]
        return own >= other if self.of_classes else own <= other


def page(results: list[Result], seeds: int) -> str:
    """docs/defaults.md."""
    how = f"{date.today().isoformat()}, on {processor()}; {seeds} seeds, their mean and how far they lie apart."
    lines = [_HEAD, how, ""]
    names = list(results[0].scores)
    rows = [
        [result.case, "accuracy" if result.of_classes else "error", *(_cell(result, name) for name in names)]
        for result in results
    ]
    lines += table(["data", "", *names], rows)
    near, as_good = sum(r.near_the_best for r in results), sum(r.as_good_as_mlp for r in results)
    lines.append(
        f"gradus is within 2 points, or 5 % of the error, of the best of the others on {near} of {len(results)}, and "
        f"no worse than the MLP on {as_good}."
    )
    return "\n".join([*lines, ""])


def _cell(result: Result, name: str) -> str:
    scale, digits = (100, 1) if result.of_classes else (1, 4)
    values = [scale * value for value in result.scores[name]]
    return f"{np.mean(values):.{digits}f} ({max(values) - min(values):.{digits}f})"


def main() -> None:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser("python -m benchmarks.defaults", description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", help="data; all if none is named, and then the page is written")
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    results = []
    with tempfile.TemporaryDirectory() as folder:
        for case in cases(Path(folder)):
            if options.names and case.name not in options.names:
                continue
            results.append(measured(case, options.seeds))
            print(case.name, {name: round(value, 4) for name, value in results[-1].mean.items()}, flush=True)
    if not options.names:
        PAGE.write_text(page(results, options.seeds), encoding="utf-8")


if __name__ == "__main__":
    main()
