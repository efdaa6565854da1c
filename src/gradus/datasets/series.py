"""Named data sets of series in time: daily views."""

from __future__ import annotations

import numpy as np

from ..data import Daily, Standardizer, Table, TensorDataset, by_day, read_csv
from ..errors import ArgumentError, DataError, one_of
from .locate import locate
from .splits import TEST_SHARE, Splits

# For each series its file, whether the file holds logarithms, and what is counted.
_SERIES = {
    "r": ("example_wp_log_R.csv", True, "views"),
    "peyton_manning": ("example_wp_log_peyton_manning.csv", True, "views"),
    "pedestrians": ("example_pedestrians_covid.csv", False, "pedestrians"),
}


def daily_views(history: int = 28, series: str = "r") -> Splits:
    """The last days, to foretell the next: x float32 (n, history) and y float32 (n, 1), log counts standardised.

    Row i of x holds the days i to i + history - 1, the oldest first, and y the day after them. The first four fifths
    of the rows train and the rest, later in time, tests. Days that are missing are filled on a straight line between
    the logarithms of their neighbours. `train.target` turns predictions, and x too, back into counts for a day.

    Args:
        history: how many days are known.
        series: "r" and "peyton_manning" (views of Wikipedia's pages on the language R and on Peyton Manning), or
            "pedestrians" (at one place in Melbourne).

    Raises:
        ArgumentError: an unknown series, or a history that leaves no rows.
        DataError: its file is not here and cannot be downloaded, or is damaged.

    Source: the examples of Prophet (Taylor and Letham, "Forecasting at scale", 2018).
    """
    file, logarithms, counted = _named(series)
    (path,) = locate("daily_views", [file])
    counts = every_day(read_csv(path), logarithms)
    n = len(counts) - history
    if history < 1 or n < 5:
        raise ArgumentError(f"history must be from 1 to {len(counts) - 5} days for this series, got {history}")
    first_test = n - round(TEST_SHARE * n)
    scale = Standardizer.fit(counts[: first_test + history], log=True, name=f"{counted} per day")
    windows = np.lib.stride_tricks.sliding_window_view(scale.transform(counts), history + 1)
    parts = (windows[:first_test], windows[first_test:])
    name = f"daily_views ({series})"
    return Splits(*(TensorDataset(w[:, :-1].copy(), w[:, -1:].copy(), name=name, target=scale) for w in parts))


def daily_series(series: str = "r") -> Daily:
    """The whole series of `daily_views`, as natural logarithms of the counts: a value a day, NaN where one is missing.

    `data.windows` makes samples of it that touch no missing day.

    Args:
        series: as for `daily_views`.

    Raises:
        ArgumentError: an unknown series.
        DataError: its file is not here and cannot be downloaded, or is damaged.
    """
    file, logarithms, _ = _named(series)
    (path,) = locate("daily_views", [file])
    return _logarithms(read_csv(path), logarithms)


def every_day(table: Table, logarithms: bool) -> np.ndarray:
    """The counts of all days from the first date to the last, in order of the dates; gaps are filled.

    Args:
        table: columns `ds`, dates as 2008-01-30 in any order, and `y`, counts or their logarithms.
    """
    y = _logarithms(table, logarithms).values
    days, known = np.arange(len(y)), ~np.isnan(y)
    counts: np.ndarray = np.exp(np.interp(days, days[known], y[known]))
    return counts


def _named(series: str) -> tuple[str, bool, str]:
    return _SERIES[one_of("daily_views", "series", series, _SERIES)]


def _logarithms(table: Table, logarithms: bool) -> Daily:
    """The logarithms of a table's counts, day by day; rows without a count do not count."""
    dates, y = table.texts("ds"), table.numbers("y")
    known = ~np.isnan(y)
    if not known.any() or not (logarithms or (y[known] > 0).all()):
        raise DataError("a daily series needs counts above 0 in column 'y'")
    by_day(dates, y)  # refuses a wrong date in any row
    return by_day(dates[known], y[known] if logarithms else np.log(y[known]))
