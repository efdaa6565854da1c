"""Plain decimal numbers of a text, all of them at once: digits of eight characters by a few products of whole words.

A number is a whole number below 2^64 divided by a power of ten. Both are exact in 80 bits, so their quotient is the
nearest there is; rounded to float64 it is the nearest float64, unless it lies just between two. Those are left to
Python, as are all where the processor has no 80 bits and the quotient of two float64 would be of rounded numbers.

Source: Clinger, "How to Read Floating Point Numbers Accurately" (1990); the products, as in Lemire's fast_float.
"""

from __future__ import annotations

import numpy as np

_ZERO, _PLUS, _MINUS = map(ord, "0+-")
_DIGITS, _WORD = 19, 8  # the digits of a number below 2^64, and those of one word
_BEFORE = _DIGITS + _WORD  # places in front of a text that may be read
_AT_ONCE = 1 << 13  # numbers whose words stay in the cache
_WIDE = np.finfo(np.longdouble).nmant == 63
_TENS = np.array([10**i for i in range(_DIGITS + 1)], np.uint64)
_TENS_WIDE = _TENS.astype(np.longdouble if _WIDE else np.float64)


def _each(byte: int) -> np.uint64:
    """A word of such bytes."""
    return np.uint64(int.from_bytes(bytes([byte]) * _WORD, "little"))


_ZEROS, _NINE, _HIGH = _each(_ZERO), _each(0x76), _each(0x80)
_KEPT = np.array([(1 << 64) - (1 << 8 * (_WORD - kept)) for kept in range(_WORD + 1)], np.uint64)  # its last characters
_PAIRS = np.uint64(0x000000FF000000FF)
_10, _8, _16, _32 = map(np.uint64, (10, 8, 16, 32))
_FIRST, _SECOND = np.uint64(0x000F424000000064), np.uint64(0x0000271000000001)


class Decimals:
    """The numbers in a text.

    Args:
        codes: a byte for each character of it.
    """

    def __init__(self, codes: np.ndarray) -> None:
        padded = np.concatenate([np.zeros(_BEFORE, np.uint8), codes, np.zeros(1, np.uint8)])
        self._codes = padded[_BEFORE:]
        # at each place the eight characters before it, the first of them in the lowest byte
        self._words = np.ndarray(len(padded) - _WORD, "<u8", padded, strides=(1,))[_DIGITS:]

    def read(self, starts: np.ndarray, points: np.ndarray, ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The numbers that stand at places, float64 (n,), and which of them are read, (n,).

        Args:
            starts, ends: where each begins, and ends.
            points: where its point is, or else where it ends.
        """
        numbers, read = np.empty(len(starts)), np.empty(len(starts), bool)
        for first in range(0, len(starts), _AT_ONCE):
            part = slice(first, first + _AT_ONCE)
            numbers[part], read[part] = self._read(starts[part], points[part], ends[part])
        return numbers, read

    def _read(self, starts: np.ndarray, points: np.ndarray, ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        sign = self._codes[starts]
        negative = sign == _MINUS
        starts = starts + (negative | (sign == _PLUS))
        digits, fraction = points - starts, np.maximum(ends - points - 1, 0)
        count = digits + fraction
        read = (count > 0) & (count <= _DIGITS)
        if not read.all():
            digits *= read
            fraction *= read
        whole, others = self._whole(points, digits)
        if fraction.any():
            parts, more = self._whole(ends, fraction)
            others |= more
            numbers, sure = _quotient(whole * _TENS[fraction] + parts, fraction)
            read &= sure
        else:
            numbers = whole.astype(np.float64)
        read &= others & _HIGH == 0
        return np.negative(numbers, out=numbers, where=negative), read

    def _whole(self, ends: np.ndarray, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Whole numbers of so many digits in front of places, uint64, and what has high bits where some are none."""
        total, others = np.zeros(len(ends), np.uint64), np.zeros(len(ends), np.uint64)
        for done in range(0, int(lengths.max(initial=0)), _WORD):
            word = self._words[ends - done] ^ _ZEROS
            word &= _KEPT[np.clip(lengths - done, 0, _WORD)]
            others |= (word + _NINE) | word
            word = word * _10 + (word >> _8)  # two digits together, then four, then eight
            word = ((word & _PAIRS) * _FIRST + ((word >> _16) & _PAIRS) * _SECOND) >> _32
            total += word * _TENS[done] if done else word
        return total, others


def _quotient(whole: np.ndarray, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The nearest float64 to whole numbers divided by powers of ten, and whether it is sure that it is the nearest."""
    scale = _TENS_WIDE[places]
    if not _WIDE:
        return whole.astype(np.float64) / scale, whole <= 2**53
    wide = whole.astype(np.longdouble)
    wide /= scale
    numbers = wide.astype(np.float64)
    wide -= numbers
    off, apart = np.abs(wide.astype(np.float64)), np.spacing(numbers)
    return numbers, (off == 0) | ((off != apart * 0.5) & (off != apart * 0.25))
