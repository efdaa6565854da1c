"""Philox-4x32-10, a counter-based random generator: Salmon et al., Parallel random numbers: as easy as 1, 2, 3, 2011.

Number i is a function of the key and of i alone, so that any thread, and any machine, can compute it by itself.
A counter gives four words. Sixteen counters in a row give 64 numbers: first the first words of all sixteen, then the
second ones, and so on, which is how a vector processor produces them.
"""

from __future__ import annotations

import math
from typing import Any

ROUNDS = 10
MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
WEYL = (0x9E3779B9, 0xBB67AE85)  # what is added to the key after each round: golden ratio, sqrt(3) - 1
LANES = 16  # counters in a row
GROUP = 4 * LANES  # numbers they give
_WORD = 0xFFFFFFFF
_CHUNK = 4096  # counters computed at a time: they stay in the nearest cache


def counters_used(size: int) -> int:
    """How far the counter moves on for `size` numbers: whole groups.

    >>> counters_used(64), counters_used(65)
    (16, 32)
    """
    return -(-size // GROUP) * LANES


def philox(xp: Any, key: int, counters: Any) -> Any:
    """The four words, axis 0, of each 64-bit counter, as uint64 numbers below 2^32."""
    word, shift = xp.uint64(_WORD), xp.uint64(32)
    x0, x1 = counters & word, counters >> shift
    x2 = x3 = xp.zeros_like(counters)
    k0, k1 = key & _WORD, key >> 32
    m0, m1 = (xp.uint64(m) for m in MULTIPLIERS)
    for _ in range(ROUNDS):
        p0, p1 = x0 * m0, x2 * m1
        x0, x1 = (p1 >> shift) ^ x1 ^ xp.uint64(k0), p1 & word
        x2, x3 = (p0 >> shift) ^ x3 ^ xp.uint64(k1), p0 & word
        k0, k1 = (k0 + WEYL[0]) & _WORD, (k1 + WEYL[1]) & _WORD
    return xp.stack([x0, x1, x2, x3])


def random_words(xp: Any, state: Any, shape: tuple[int, ...]) -> Any:
    """An array of random uint32 numbers from the state (key, counter)."""
    size = math.prod(shape)
    count = counters_used(size)
    out = xp.empty((count // LANES, 4, LANES), xp.uint32)
    for first in range(0, count, _CHUNK):
        counters = xp.arange(first, min(first + _CHUNK, count), dtype=xp.uint64) + state[1]
        words = philox(xp, int(state[0]), counters).reshape(4, -1, LANES)
        out[first // LANES : first // LANES + words.shape[1]] = words.transpose(1, 0, 2)
    return out.reshape(-1)[:size].reshape(shape)
