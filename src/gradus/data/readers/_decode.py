"""The text that a file's bytes spell: their encoding is found where it can be, and never guessed in silence."""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections import Counter
from pathlib import Path

from ...errors import ArgumentError, DataError
from ._files import open_binary

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NO_TEXT = (
    (b"PK\x03\x04", "a zip archive or an Excel workbook"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"PAR1", "a Parquet file"),
    (b"%PDF", "a PDF"),
    (b"SQLite format 3", "an SQLite database"),
    (b"BZh", "packed with bzip2"),
    (b"\xfd7zXZ", "packed with xz"),
    (b"\x28\xb5\x2f\xfd", "packed with zstd"),
)
_HEAD = 1 << 16  # bytes that show whether it is UTF-16 without a mark
_SURE = 0.8  # the share of common characters among the Chinese ones of a Chinese text
_SIGNS = "\xa1-\xa9\xab\xac\xae\xaf\xb1-\xb6\xb8\xb9\xbb-\xbf\xd7\xf7"  # between letters: another encoding's letters
_ASK = (
    "Say what it is: encoding='cp1252' (western Europe), 'cp1250' (central Europe), 'cp1251' (Cyrillic), 'gbk' "
    "(Chinese), 'big5', 'shift_jis', 'euc_kr', or another that Python knows; or save it as UTF-8."
)


def read_decoded(path: str | Path, encoding: str | None, what: str) -> tuple[str, str]:
    """The text of a file, gzipped or not, and what is to be said of how it was read: mostly nothing.

    UTF-8, and UTF-16 and UTF-32 by their marks; what is none of these is Chinese (GBK) or western (cp1252, which has
    all of Latin-1's letters), if it can be one of them alone, and that is said; else it is refused.

    Args:
        path: the file.
        encoding: what it is in, if that is known.
        what: what was expected, for messages: "a CSV file".

    Raises:
        ArgumentError: an encoding that Python does not know.
        DataError: the file cannot be read, is no text, or not in that encoding, or in one that cannot be found.
    """
    if encoding is not None:
        _check(encoding)
    with open_binary(path, what) as stream:
        data = stream.read()
    for mark, kind in _NO_TEXT:
        if data.startswith(mark):
            raise DataError(f"{path} is {kind}; {what} was expected. Unpack it, or save it as text.")
    text, said = _decoded(data, path, encoding)
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise DataError(f"{path}, line {line}: there is a zero byte, as no text has; {what} was expected")
    return text.removeprefix("\ufeff"), said


def _check(encoding: str) -> None:
    try:
        "".encode(encoding)
    except (LookupError, TypeError, ValueError):
        raise ArgumentError(
            f"encoding is the name of one, such as 'utf-8', 'cp1252' or 'gbk', got {encoding!r}"
        ) from None


def _decoded(data: bytes, path: str | Path, encoding: str | None) -> tuple[str, str]:
    sure = encoding or next((name for mark, name in _MARKS if data.startswith(mark)), None) or _unmarked(data)
    try:
        return data.decode(sure or "utf-8"), ""
    except UnicodeDecodeError as problem:
        there = f"{path}, line {_line(data, problem.start)}: byte {data[problem.start]:#04x}"
        if sure:
            remedy = "Give another encoding=." if encoding else "The file is damaged."
            raise DataError(f"{there} is no {sure.upper()}. {remedy}") from None
    fitting = [(name, text) for name in ("gbk", "cp1252") if (text := _fits(data, name)) is not None]
    if len(fitting) != 1:
        raise DataError(f"{there} is no UTF-8, and what else it is cannot be told. {_ASK}")
    ((name, text),) = fitting
    word = re.search(r"[^\s,;]{0,20}[^\x00-\x7f][^\s,;]{0,20}", text)
    shown = word.group() if word else ""
    return text, f"it is no UTF-8 and read as {name}, as in {shown!r}: where that is wrong, give encoding="


def _line(data: bytes, place: int) -> int:
    return data.count(b"\n" if b"\n" in data else b"\r", 0, place) + 1


def _unmarked(data: bytes) -> str | None:
    """UTF-16 without a mark: every other byte of what is written in English, and of all commas, is zero."""
    head = data[:_HEAD]
    even, odd = head[::2].count(0), head[1::2].count(0)
    if even == odd == 0:
        return None
    return "utf-16-le" if odd > 10 * even else "utf-16-be" if even > 10 * odd else None


def _fits(data: bytes, name: str) -> str | None:
    """The text in this encoding if it looks like one."""
    try:
        text = data.decode("gb18030" if name == "gbk" else name)
    except UnicodeDecodeError:
        return None
    return text if (_chinese(text) if name == "gbk" else _western(text)) else None


def _chinese(text: str) -> bool:
    """Whether it reads like Chinese: of common characters (rows 16 to 55 of GB 2312, ordered by sound), no kana.

    Korean (EUC-KR) read as Chinese would have rows 16 to 40 alone, and Japanese (EUC-JP) kana.
    """
    rows: Counter[int] = Counter()
    for character, count in Counter(re.findall(r"[^\x00-\x7f]", text)).items():
        try:
            rows[character.encode("gb2312")[0] - 0xA0] += count
        except UnicodeEncodeError:
            rows[0] += count
    han = sum(rows.values()) - sum(rows[r] for r in (1, 2, 3))  # without punctuation
    common = sum(rows[r] for r in range(16, 56))
    return han > 0 and common >= _SURE * han and any(rows[r] for r in range(41, 56)) and not rows[4] and not rows[5]


def _western(text: str) -> bool:
    """Whether it reads like a language of western Europe: what is not of ASCII stands alone or in twos.

    No sign stands between two letters, as ł of cp1250 would, and no capital between two small letters, as ü of the old
    Macintosh would.
    """
    if re.search(r"[^\x00-\x7f\xa0]{3}", text) or re.search(rf"[^\W\d_][{_SIGNS}][^\W\d_]", text):
        return False
    around = re.findall(r"(?=([^\W\d_][^\W\d_\x00-\x7f][^\W\d_]))", text)
    return not any(unicodedata.category(b) == "Lu" and a.islower() and c.islower() for a, b, c in around)
