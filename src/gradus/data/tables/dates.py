"""Dates as people write them."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import UTC, datetime
from itertools import islice

_TIME = r"(?:(?:T|,? +)(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2}))?(?: ?(?P<half>[AaPp])\.?[Mm]\.?)?)?"
_ISO = re.compile(
    r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[-+]\d{2}:?\d{2})?)?|\d{8}T\d{6}Z?"
)
_EITHER_ORDER = re.compile(rf"(?P<a>\d{{1,2}})([-/.])(?P<b>\d{{1,2}})\2(?P<y>\d{{4}}){_TIME}")
_FORMS = (
    _EITHER_ORDER,
    re.compile(rf"(?P<y>\d{{4}})([-/.])(?P<m>\d{{1,2}})\2(?P<d>\d{{1,2}}){_TIME}"),
    re.compile(rf"(?P<y>\d{{4}}) ?年 ?(?P<m>\d{{1,2}}) ?月 ?(?P<d>\d{{1,2}}) ?日{_TIME}"),
    re.compile(rf"(?P<d>\d{{1,2}})[ -](?P<name>[A-Za-z]{{3,9}})\.?[ -](?P<y>\d{{4}}){_TIME}"),
    re.compile(rf"(?P<name>[A-Za-z]{{3,9}})\.? (?P<d>\d{{1,2}}),? (?P<y>\d{{4}}){_TIME}"),
)
_MONTHS = [
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
]
_LOOKED_AT = 20  # texts that show whether the others are worth a look


class EitherOrderError(Exception):
    """Days and months stand in an order that nothing tells."""


def as_dates(texts: Collection[str]) -> dict[str, datetime]:
    """The date and time of each text that spells one, in one way for all.

    Times with an offset are those of Greenwich. In 3/4/2024 the day or the month may come first: what is larger than 12
    in any of the texts is the day. Between dots, the first is.

    Raises:
        EitherOrderError: nothing is larger than 12.

    >>> as_dates(["2014-10-13", "20141013T083000", "31.12.99"])["20141013T083000"]
    datetime.datetime(2014, 10, 13, 8, 30)
    >>> as_dates(["3/4/2024", "13/4/2024"])["3/4/2024"].month
    4
    """
    if not may_be_dates(texts):
        return {}
    pairs = [pair for text in texts if (pair := _two_numbers(text))]
    day_first, month_first = any(a > 12 for a, _ in pairs), any(b > 12 for _, b in pairs)
    if not (day_first or month_first) and any(a != b for a, b in pairs):
        raise EitherOrderError(next(text for text in texts if (pair := _two_numbers(text)) and pair[0] != pair[1]))
    found = {text: _date(text, day_first) for text in texts}
    return {text: date for text, date in found.items() if date is not None}


def may_be_dates(texts: Collection[str]) -> bool:
    """Whether any of the first texts spells a date."""
    return any(_date(text, True) or _date(text, False) for text in islice(texts, _LOOKED_AT))


def _two_numbers(text: str) -> tuple[int, int] | None:
    """Day and month in an order that is not known."""
    found = _EITHER_ORDER.fullmatch(text) if text[1:2] in "-/" or text[2:3] in "-/" else None
    return (int(found["a"]), int(found["b"])) if found else None


def _date(text: str, day_first: bool) -> datetime | None:
    try:
        if _ISO.fullmatch(text):
            date = datetime.fromisoformat(text)
            return date.astimezone(UTC).replace(tzinfo=None) if date.tzinfo else date
        found = next((match for form in _FORMS if (match := form.fullmatch(text))), None)
        return None if found is None else _made(found.groupdict(), found[2] == "." or day_first)
    except (ValueError, OverflowError):  # as of the 30th of February
        return None


def _made(part: dict[str, str | None], day_first: bool) -> datetime:
    if "a" in part:
        day, month = (part["a"], part["b"]) if day_first else (part["b"], part["a"])
    else:
        day, month = part["d"], part.get("m")
    if month is None:
        name = str(part["name"]).lower()
        month = str(next(i for i, known in enumerate([*_MONTHS, name], 1) if known.startswith(name)))  # 13 is none
    hour = int(part["hour"] or 0)
    if part["half"]:
        if not 1 <= hour <= 12:
            raise ValueError(hour)
        hour = hour % 12 + 12 * (part["half"] in "pP")
    return datetime(
        int(part["y"] or 0), int(month), int(day or 0), hour, int(part["minute"] or 0), int(part["second"] or 0)
    )
