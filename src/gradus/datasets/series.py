"""Named data sets of series in time: daily views."""

from __future__ import annotations

import numpy as np

from ..data import Standardizer, Table, TensorDataset, read_csv
from ..errors import ArgumentError, DataError, nearest
from .locate import locate
from .splits import TEST_SHARE, Splits

# For each series its file, whether the file holds logarithms, and what is counted.
_SERIES = {
    "r": ("example_wp_log_R.csv", True, "views"),
    "peyton_manning": ("example_wp_log_peyton_manning.csv", True, "views"),
    "pedestrians": ("example_pedestrians_covid.csv", False, "pedestrians"),
}
_LONGEST = 1_000_000  # days


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
    if series not in _SERIES:
        raise ArgumentError(f"daily_views has no series {series!r}. {nearest(series, _SERIES)}")
    file, logarithms, counted = _SERIES[series]
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


def every_day(table: Table, logarithms: bool) -> np.ndarray:
    """The counts of all days from the first date to the last, in order of the dates.

    Args:
        table: columns `ds`, dates as 2008-01-30 in any order, and `y`, counts or their logarithms.
    """
    days = _day_numbers(table)
    y = table.numbers("y")
    known = ~np.isnan(y)
    if len(np.unique(days)) < len(days) or not known.any() or not (logarithms or (y[known] > 0).all()):
        raise DataError("a daily series needs each date once, and counts above 0 in column 'y'")
    order = np.argsort(days[known])
    days, y = days[known][order], y[known][order]
    if days[-1] - days[0] > _LONGEST:
        raise DataError(f"a daily series of {days[-1] - days[0]:,} days: one of its dates must be wrong")
    filled = np.interp(np.arange(days[0], days[-1] + 1), days, y if logarithms else np.log(y))
    counts: np.ndarray = np.exp(filled)
    return counts


def _day_numbers(table: Table) -> np.ndarray:
    try:
        dates = table.texts("ds").astype("datetime64[D]")
    except (TypeError, ValueError) as problem:
        raise DataError(f"column 'ds' must hold dates like 2008-01-30: {problem}") from None
    if np.isnat(dates).any():
        raise DataError(f"column 'ds' holds no date in row {int(np.argmax(np.isnat(dates)))} (the first is 0)")
    return dates.astype(np.int64)
