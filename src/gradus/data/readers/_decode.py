"""The text that a file's bytes spell: their encoding is found where it can be, and never guessed in silence."""

from __future__ import annotations

import codecs
import re
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
_SURE, _OFTEN = 0.8, 0.2  # shares of a Chinese text's characters: of rows of common ones, and of the commonest
# The characters that come most often, and those of names and of headers
_COMMON = frozenset(
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方多经么去法学如都同现当没动面起看"
    "定天分还进好小部其些主样理心她本前开但因只从想实日军者意无力它与长把机十民第公此已工使情明性知全三又关点正业外将两高间由问很最重并物手应向头文体政美相见"
    "被利什二等产或新己制身果加西斯月话合回特代内信表化老给世位次度门任常先海通教儿原东声提立及比员解水名真论处走义各入几口认条平系气题活尔更别打女变四神总何"
    "电数安少报才结反受目太量再感建务做接必场件计管期市直德资命山金指克许统区保至队形社便空治展马科司五基书非则听白界达光放强即难且权思王象完设式色路记南品住"
    "告类求据程北边死张该交规万取格望术领共确传师观清今切院让识带导争运李陈刘黄男号址编价城京州省县元收房车店序型否姓龄邮箱备注"
)
# Between two letters these stand for letters of another encoding
_SIGNS = "\xa1-\xac\xae\xaf\xb1-\xb6\xb8-\xbf\xd7\xf7"
_SIGNS += "€\u201a\u201e…†‡\u02c6‰\u2039\u2018“”•\u02dc™\u203a"
# Letters beside a to z of German, French, Spanish, Portuguese, Italian, Danish, Swedish and Finnish, Dutch, Catalan
_ALPHABETS = (
    "äöüß",
    "àâæçèéêëîïôœùûüÿ",
    "áéíóúüñ",
    "áâãàçéêíóôõúü",
    "àèéìîòù",
    "æøåéó",
    "åäöéšž",
    "éëïöüè",
    "àçèéíïòóúü",
)
_NO_LETTERS = "µªº"
_STRANGE = 0.02  # the share of words that may be of none of these, as foreign names
_ASK = (
    "Say what it is: encoding='cp1252' (western Europe), 'cp1250' (central Europe), 'cp1251' (Cyrillic), 'gbk' "
    "(Chinese), 'big5', 'shift_jis', 'euc_kr', or another that Python knows; or save it as UTF-8."
)


def read_decoded(path: str | Path, encoding: str | None, what: str, most_bytes: int | None = None) -> tuple[str, str]:
    """The text of a file, gzipped or not, and what is to be said of how it was read: mostly nothing.

    UTF-8, and UTF-16 and UTF-32 by their marks; what is none of these is Chinese (GBK) or western (cp1252, which has
    all of Latin-1's letters), if it can be one of them alone, and that is said; else it is refused.

    Args:
        path: the file.
        encoding: what it is in, if that is known.
        what: what was expected, for messages: "a CSV file".
        most_bytes: as for `open_binary`.

    Raises:
        ArgumentError: an encoding that Python does not know.
        DataError: the file cannot be read, is no text, or not in that encoding, or in one that cannot be found.
    """
    if encoding is not None:
        _check(encoding)
    with open_binary(path, what, most_bytes) as stream:
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
    loose = data.decode("utf-8", "replace")
    beyond = len(loose) - len(loose.encode("ascii", "ignore"))
    if beyond > 2 * loose.count("\ufffd"):
        raise DataError(f"{there} is no UTF-8, as most of the file is: it is damaged there, or cut. Get it anew.")
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

    Korean (EUC-KR) read as Chinese would have rows 16 to 40 alone, Japanese (EUC-JP) kana, or none of the commonest.
    """
    rows: Counter[int] = Counter()
    counts = Counter(found[0] for found in re.finditer(r"[^\x00-\x7f]", text))
    for character, count in counts.items():
        try:
            rows[character.encode("gb2312")[0] - 0xA0] += count
        except UnicodeEncodeError:
            rows[0] += count
    han = sum(rows.values()) - sum(rows[r] for r in (1, 2, 3))  # without punctuation
    common = sum(rows[r] for r in range(16, 56))
    often = sum(count for character, count in counts.items() if character in _COMMON)
    if not han or rows[4] or rows[5] or not any(rows[r] for r in range(41, 56)):
        return False
    return common >= _SURE * han and often >= _OFTEN * han


def _western(text: str) -> bool:
    """Whether it reads like a language of western Europe: what is not of ASCII stands alone, or in twos beside ASCII.

    No sign stands between two letters, as ł of cp1250 would, no capital between two small letters, as ü of the old
    Macintosh would, and nearly all words are spelt as one of the languages spells: Dvořák of cp1250 would be Dvoøák.
    """
    if re.search(r"[^\x00-\x7f\xa0]{3}|(?<![A-Za-z])[^\x00-\x7f\xa0]{2}(?![A-Za-z])", text):
        return False
    if re.search(rf"[^\W\d_][{_SIGNS}][^\W\d_]", text):
        return False
    words = [word for word in re.findall(r"[^\W\d_]+", text) if not word.isascii()]
    if any(
        b.isupper() and a.islower() and c.islower()
        for word in words
        for a, b, c in zip(word, word[1:], word[2:], strict=False)
    ):
        return False
    letters = [{c for c in word.lower() if not c.isascii()} - set(_NO_LETTERS) for word in words]
    strange = sum(not any(of_word <= set(alphabet) for alphabet in _ALPHABETS) for of_word in letters)
    return strange <= _STRANGE * len(words)
