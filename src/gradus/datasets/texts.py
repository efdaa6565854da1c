"""Texts by name, and sentences with a judgement: what they hold is for each program to divide and to number."""

from __future__ import annotations

import numpy as np

from ..data import read_text
from ..errors import ArgumentError, DataError, nearest
from .locate import locate

# For each text its file.
_TEXTS = {"names": "names.txt", "shakespeare": "tinyshakespeare.txt"}


def text(name: str) -> str:
    """A text by its name.

    Args:
        name: "names" (32,033 given names in small letters, one a line) or "shakespeare" (40,000 lines of his plays).

    Raises:
        ArgumentError: an unknown name.
        DataError: its file is not here and cannot be downloaded, or is damaged.

    Source: Karpathy's makemore, from records of US Social Security; his char-rnn, from Shakespeare's works.
    """
    if name not in _TEXTS:
        raise ArgumentError(f"there is no text {name!r}. {nearest(name, _TEXTS)}")
    (path,) = locate("text", [_TEXTS[name]])
    return read_text(path, "utf-8")


def review_sentences() -> tuple[list[str], np.ndarray]:
    """Sentences of film reviews and what they say: 10,662 texts, words apart by spaces, and y int64 (n,), 1 for praise.

    They come in turns, praise first, so that every part of them is balanced.

    Raises:
        DataError: its files are not here and cannot be downloaded, or are damaged.

    Source: Pang and Lee, "Seeing stars: exploiting class relationships for sentiment categorization" (2005).
    """
    files = locate("sentiment")
    praise, blame = (read_text(path, "utf-8").splitlines() for path in files)
    if len(praise) != len(blame):
        raise DataError(f"{files[0]} has {len(praise)} lines, {files[1]} {len(blame)}: one is cut. Get it anew.")
    sentences = [sentence for pair in zip(praise, blame, strict=True) for sentence in pair]
    return sentences, np.tile([1, 0], len(praise))
