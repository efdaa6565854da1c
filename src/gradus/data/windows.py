"""Series in time as samples: what is known of the last days, and the day after them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..errors import ArgumentError, DataError
from ..functional.checks import at_least_one

__all__ = ["Daily", "Windows", "by_day", "windows"]

_LONGEST = 1_000_000  # days


class Daily(NamedTuple):
    """A number for each day: `dates` datetime64[D] (n,), none skipped; `values` (n,), NaN where one is missing.

    >>> [str(day) for day in by_day(["2024-02-28", "2024-03-01"], [1.0, 3.0]).dates]
    ['2024-02-28', '2024-02-29', '2024-03-01']
    """

    dates: np.ndarray
    values: np.ndarray


class Windows(NamedTuple):
    """Samples cut out of a series: `x` (n, days), the oldest first, `y` (n,), and `at` (n,), where y stands in it.

    >>> windows([1.0, 2.0, 3.0], days=2).at.tolist()
    [2]
    """

    x: np.ndarray
    y: np.ndarray
    at: np.ndarray


def by_day(dates: Any, values: Any) -> Daily:
    """Put numbers with dates, in any order, in a row of days: from the first to the last, NaN where a day is missing.

    Args:
        dates: (n,) datetime64, or texts such as 2008-01-30; each once.
        values: (n,) numbers.

    Raises:
        DataError: no dates, dates that are none, a date that comes twice, or one that must be wrong.

    >>> by_day(["2024-03-01", "2024-02-28"], [3.0, 1.0]).values
    array([ 1., nan,  3.])
    """
    try:
        days = np.asarray(dates).astype("datetime64[D]")
    except (TypeError, ValueError) as problem:
        raise DataError(f"by_day: dates are written like 2008-01-30: {problem}") from None
    numbers = np.asarray(values, np.float64)
    if days.ndim != 1 or days.shape != numbers.shape or not days.size:
        raise DataError(f"by_day: needs as many values as dates, at least one; got {numbers.shape} and {days.shape}")
    if np.isnat(days).any():
        raise DataError(f"by_day: there is no date in row {int(np.argmax(np.isnat(days)))} (the first is 0)")
    unique, counts = np.unique(days, return_counts=True)
    if counts.max() > 1:
        raise DataError(f"by_day: the date {unique[np.argmax(counts)]} comes {counts.max()} times. Keep one of them.")
    n = int((unique[-1] - unique[0]).astype(np.int64)) + 1
    if n > _LONGEST:
        raise DataError(f"by_day: the dates span {n:,} days: one of them must be wrong")
    series = np.full(n, np.nan)
    series[(days - unique[0]).astype(np.int64)] = numbers
    return Daily(unique[0] + np.arange(n), series)


def windows(series: Any, days: int) -> Windows:
    """The last `days` values as inputs, the next as target: x_i = (s_i, ..., s_(i+days-1)), y_i = s_(i+days).

    A window that would touch a missing value (NaN) is left out, input or target, so that nothing is learned from
    numbers that nobody measured, and no two days are taken for neighbours that are none.

    Args:
        series: (n,) numbers, one a day and none skipped; `by_day` makes such a series of dates.
        days: how many are known.

    Returns:
        Windows in the order of time; x and y are float32.

    Raises:
        ArgumentError: no series, or fewer than `days + 1` days.
        DataError: a value is infinite, or no window is without a missing value.

    >>> found = windows([1.0, 2.0, 3.0, np.nan, 5.0, 6.0, 7.0], days=2)
    >>> found.x.tolist(), found.y.tolist(), found.at.tolist()
    ([[1.0, 2.0], [5.0, 6.0]], [3.0, 7.0], [2, 6])
    """
    at_least_one("windows", days=days)
    s = np.asarray(series, np.float64)
    if s.ndim != 1 or len(s) <= days:
        raise ArgumentError(f"windows: {days} days and the next need a series of {days + 1} or more, got {s.shape}")
    if np.isinf(s).any():
        raise DataError(f"windows: the series is infinite at {int(np.argmax(np.isinf(s)))} (the first is 0)")
    every = np.lib.stride_tricks.sliding_window_view(s, days + 1)
    whole = np.flatnonzero(~np.isnan(every).any(axis=1))
    if not len(whole):
        raise DataError(
            f"windows: every stretch of {days + 1} days has a missing value. Take fewer days, or fill gaps."
        )
    found = every[whole].astype(np.float32)
    return Windows(found[:, :-1].copy(), found[:, -1].copy(), whole + days)
