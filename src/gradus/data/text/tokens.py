"""Texts cut into tokens: characters, or words by one simple rule."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import Any

from ...errors import ArgumentError

__all__ = ["characters", "words"]

# Scripts written without spaces between the words: Chinese characters, kana; each character is a word
_ALONE = "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_LAST_WITH_MARKS = 0x20000  # above lie no marks of letters


def characters(text: str) -> list[str]:
    """The characters of a text, the spaces and line ends too; joined together they are the text.

    >>> characters("春 眠")
    ['春', ' ', '眠']
    """
    return list(require_text("characters", text))


def words(text: str, lower: bool = False) -> list[str]:
    """The words of a text and its punctuation, without the space between them.

    A word is a run of letters, digits and the marks that belong to letters, with apostrophes inside (don't); a Chinese
    character and a kana are words of their own; so is every other character that is no space.

    Args:
        text: what is cut.
        lower: small letters only.

    >>> words("Don't panic: π is 3.14, 春眠不觉晓。")
    ["Don't", 'panic', ':', 'π', 'is', '3', '.', '14', ',', '春', '眠', '不', '觉', '晓', '。']
    >>> words("The END", lower=True)
    ['the', 'end']
    """
    text = require_text("words", text)
    return _rule().findall(text.lower() if lower else text)


def require_text(where: str, text: Any) -> str:
    """Refuse what is no text."""
    if not isinstance(text, str):
        raise ArgumentError(f"{where}: takes a text, got a {type(text).__name__}. Of several: each by itself.")
    return text


@cache
def _rule() -> re.Pattern[str]:
    letters = rf"(?:[^\W{_ALONE}]+[{marks()}]*)+"
    return re.compile(rf"{letters}(?:['\u2019]{letters})*|\S")


@cache
def marks() -> str:
    """The marks that belong to the letter before them, as accents and the vowels of Hindi, for a regular expression."""
    found, start = [], None
    for code in range(0x300, _LAST_WITH_MARKS):
        if unicodedata.category(chr(code))[0] == "M":
            start = code if start is None else start
        elif start is not None:
            found.append(f"{chr(start)}-{chr(code - 1)}")
            start = None
    return "".join(found)
