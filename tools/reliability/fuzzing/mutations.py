"""What chance makes of files: the same of the same number, with no more than Python."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

_LONGEST = 1 << 16  # bytes
_NASTY = (0, 1, 2, 127, 128, 255, 256, 32767, 32768, 65535, 65536, 2**31 - 1, 2**31, 2**32 - 1, 2**40, 2**63, 2**64 - 1)
_WORDS = (
    *(b"-5", b"1e999", b"NaN", b"Infinity", b"null", b"true", b'"2"', b"[]", b"{}", b"[" * 2000, b'{"a":' * 300),
    *(b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"\r\n", b'"', b"," * 200, b" " * 500, b"../../x", b"9" * 5000, b"_"),
)


def mutated(seeds: Sequence[bytes], number: int) -> bytes:
    """One of the seeds, changed in one place or some."""
    draw = random.Random(number)
    data = bytearray(draw.choice(seeds))
    for _ in range(draw.choice((1, 1, 1, 2, 3, 6))):
        draw.choice(_CHANGES)(data, draw, seeds)
    return bytes(data[:_LONGEST])


def _place(data: bytearray, draw: random.Random) -> int:
    """A place, more often near the beginning, where headers are."""
    return min(int(len(data) * draw.random() ** draw.choice((1, 3))), max(len(data) - 1, 0))


def _flip(data: bytearray, draw: random.Random, seeds: Sequence[bytes]) -> None:
    if data:
        data[_place(data, draw)] ^= 1 << draw.randrange(8)


def _set(data: bytearray, draw: random.Random, seeds: Sequence[bytes]) -> None:
    if data:
        data[_place(data, draw)] = draw.randrange(256)


def _cut(data: bytearray, draw: random.Random, seeds: Sequence[bytes]) -> None:
    del data[_place(data, draw) :]


def _remove(data: bytearray, draw: random.Random, seeds: Sequence[bytes]) -> None:
    at = _place(data, draw)
    del data[at : at + draw.choice((1, 2, 4, 8, 100))]


def _insert(data: bytearray, draw: random.Random, seeds: Sequence[bytes]) -> None:
    at = _place(data, draw)
    data[at:at] = draw.randbytes(draw.choice((1, 2, 4, 16, 200)))


def _word(data: bytearray, draw: random.Random, seeds: Sequence[bytes]) -> None:
    at, word = _place(data, draw), draw.choice(_WORDS)
    data[at : at + draw.choice((0, len(word)))] = word


def _integer(data: bytearray, draw: random.Random, seeds: Sequence[bytes]) -> None:
    """A number in so many bytes, in either order."""
    at, width = _place(data, draw), draw.choice((1, 2, 4, 8))
    number = draw.choice(_NASTY) % 256**width
    data[at : at + width] = number.to_bytes(width, draw.choice(("little", "big")))


def _digits(data: bytearray, draw: random.Random, seeds: Sequence[bytes]) -> None:
    """Another number where one is written."""
    found = list(re.finditer(rb"-?\d+(?:\.\d+)?", data[:4096]))
    if found:
        one = draw.choice(found)
        data[one.start() : one.end()] = draw.choice((str(draw.choice(_NASTY)).encode(), *_WORDS[:9]))


def _repeat(data: bytearray, draw: random.Random, seeds: Sequence[bytes]) -> None:
    at = _place(data, draw)
    data[at:at] = data[at : at + draw.choice((1, 4, 32, 256))] * draw.choice((1, 2, 50))


def _splice(data: bytearray, draw: random.Random, seeds: Sequence[bytes]) -> None:
    other = draw.choice(seeds)
    data[_place(data, draw) :] = other[draw.randrange(len(other) + 1) :]


_Change = Callable[[bytearray, random.Random, Sequence[bytes]], None]
_CHANGES: tuple[_Change, ...] = (
    *(_flip, _flip, _set, _cut, _remove, _insert, _word, _word, _integer, _integer, _digits, _digits, _repeat, _splice),
)
