"""Numbers as people write them: decimal commas, thousands apart, currencies, percent."""

from __future__ import annotations

import re
from typing import NamedTuple

EXACT = 2**53  # whole numbers up to here are all float64's
_MINUS, _PERCENT, _APOSTROPHE = "\u2212", "\uff05", "\u2019"  # as typesetters, Chinese keyboards, the Swiss write them
_UNITS = r"[$€£¥₹₽₩₺₴฿元]|USD|EUR|GBP|CHF|JPY|CNY|RMB|INR|CAD|AUD|SEK|NOK|DKK|PLN|kr|zł"
_DECORATED = re.compile(
    rf"(\()?\s*+([-+{_MINUS}])?\s*+({_UNITS})?\s*+([-+{_MINUS}])?\s*+"  # (1,234)  -$5  $ -5; of spaces none is given
    rf"(\d(?:[\d.,'{_APOSTROPHE} \u00a0\u2009\u202f]*\d)?[.,]?|[.,]\d+)([eE][-+]?\d+)?"
    rf"\s*+({_UNITS}|%|{_PERCENT})?\s*+(\))?"  # back, which would be tried in as many ways as there are
)
_GROUPED = re.compile(r"[1-9]\d{0,2}(?:([.'\u2019 \u00a0\u2009\u202f])\d{3}(?:\1\d{3})*|(,)(?:\d{2,3},)*\d{3})|\d+")
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?")


class Number(NamedTuple):
    """A number, the unit beside it ("%", "€", ...), and whether something was taken out that stood among its digits."""

    value: float
    unit: str
    grouped: bool


def as_number(text: str) -> float | None:
    """The number a text spells in Python's and the machines' way, or None; Python's own underscores do not count.

    >>> as_number("1e3"), as_number("1_000"), as_number("1,5")
    (1000.0, None, None)
    """
    try:
        return None if "_" in text else float(text)
    except ValueError:
        return None


def written_number(text: str, decimal: str) -> Number | None:
    """The number that people write so, where `decimal` stands before its fraction; None if it is none.

    A percent is a hundredth, a number in brackets is negative, as in accounts, and a time of day is a number of hours.

    >>> written_number("-1.234,5 €", ","), written_number("12%", ".").value, written_number("1,5", ".")
    (Number(value=-1234.5, unit='€', grouped=True), 0.12, None)
    """
    if clock := _CLOCK.fullmatch(text):
        hours, minutes, seconds = (int(part or 0) for part in clock.groups())
        return Number(hours + minutes / 60 + seconds / 3600, "hours", False)
    found = _DECORATED.fullmatch(text)
    if found is None:
        return None
    opened, sign, before, second_sign, digits, exponent, after, closed = found.groups()
    if bool(opened) != bool(closed) or (before and after) or (sign and second_sign):
        return None
    whole, _, fraction = digits.partition(decimal)
    groups = _GROUPED.fullmatch(whole) if whole else None
    if (whole and groups is None) or (fraction and not fraction.isdigit()) or (groups and decimal in groups.groups()):
        return None
    digits = "".join(filter(str.isdecimal, whole))
    value = float(f"{digits or '0'}.{fraction or '0'}{exponent or ''}")
    negative = bool(opened) or (sign or second_sign) in ("-", _MINUS)
    unit = (before or after or "").replace(_PERCENT, "%")
    return Number(
        (-value if negative else value) / (100 if unit == "%" else 1), unit, not whole.isdigit() and bool(whole)
    )


def spells_number(text: str, decimals: str) -> bool:
    """Whether a text is a number with one of these before its fraction."""
    return as_number(text) is not None or any(written_number(text.strip(), d) is not None for d in decimals)
