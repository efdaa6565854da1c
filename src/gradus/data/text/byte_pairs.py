"""BytePairs: tokens that are bytes, and pairs of tokens that come together often."""

from __future__ import annotations

import heapq
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import pairwise
from typing import Any, Self

import numpy as np

from ...bounded.saved import of_type, parsed
from ...errors import ArgumentError, DataError, short
from ...functional.checks import at_least_one, integers
from .tokens import marks, require_text

__all__ = ["BytePairs"]

_BYTES = 256
_PIECE = 64  # characters of a piece, at most, so that no text takes long
_LONGEST = 1 << 10  # bytes that a token stands for: of a piece's characters each has four at most
_KEPT = 1 << 16  # pieces whose tokens are remembered

Pair = tuple[int, int]


class BytePairs:
    """Numbers for texts, and exactly back: 0 to 255 are the bytes of UTF-8, each further one is a pair of those before.

    `BytePairs.train` finds the pairs: again and again the two tokens that come together most often become one. No pair
    reaches from one piece of a text to the next; a piece is a word with the space before it, a run of digits, of
    signs, or of spaces. Whatever the text, nothing is unknown.

    Args:
        merges: the pairs, in the order in which they were found.
        specials: tokens that stand for no text, as "<pad>"; their numbers come after the others.

    Source: Sennrich, Haddow and Birch, "Neural machine translation of rare words with subword units" (2016), over bytes
    as in Radford et al., "Language models are unsupervised multitask learners" (2019).

    >>> pairs = BytePairs.train("low lower lowest", merges=3)
    >>> pairs.encode("low slow").tolist(), pairs.tokens(pairs.encode("low slow"))
    ([257, 32, 115, 257], [b'low', b' ', b's', b'low'])
    >>> pairs.decode(pairs.encode("Größe 大")), len(pairs)
    ('Größe 大', 259)
    """

    def __init__(self, merges: Sequence[Pair], specials: Sequence[str] = ()) -> None:
        self.merges, self.specials = tuple((int(a), int(b)) for a, b in merges), tuple(specials)
        spelled = [bytes([i]) for i in range(_BYTES)]
        for a, b in self.merges:
            if not (0 <= a < len(spelled) and 0 <= b < len(spelled)):
                raise DataError(
                    f"BytePairs: pair {len(spelled) - _BYTES} is of tokens {a} and {b}, which are not before it"
                )
            spelled.append(spelled[a] + spelled[b])
            if len(spelled[-1]) > _LONGEST:  # else 64 pairs, each of the one before twice, would fill all memory
                raise DataError(
                    f"BytePairs: pair {len(spelled) - _BYTES - 1} stands for more than {_LONGEST} bytes, as no piece "
                    "of a text has"
                )
        self._spelled = tuple(spelled)
        self._rank = {pair: i for i, pair in enumerate(self.merges)}
        self._known: dict[str, list[int]] = {}
        if len(self._rank) < len(self.merges) or len(set(self.specials)) < len(self.specials):
            raise DataError("BytePairs: a pair, or a special token, comes twice")

    @classmethod
    def train(cls, texts: str | Iterable[str], merges: int, specials: Sequence[str] = ()) -> Self:
        """So many pairs, or fewer where no pair comes twice any more; of two that are as common the earlier tokens'.

        Args:
            texts: a text, or several.
            merges: how many pairs.
            specials: tokens that stand for no text.
        """
        at_least_one("BytePairs.train", merges=merges)
        counts: Counter[str] = Counter()
        for text in texts if isinstance(texts, Iterable) and not isinstance(texts, str) else [texts]:
            counts.update(_pieces(require_text("BytePairs.train", text)))
        return cls(_common_pairs(counts, merges), specials)

    def __len__(self) -> int:
        return len(self._spelled) + len(self.specials)

    def encode(self, text: str) -> np.ndarray:
        """The numbers of a text, int64 (t,)."""
        text = require_text("BytePairs.encode", text)
        found: list[int] = []
        for piece in _pieces(text):
            tokens = self._known.get(piece)
            if tokens is None:
                tokens = self._merged(piece)
                if len(self._known) < _KEPT:
                    self._known[piece] = tokens
            found += tokens
        return np.array(found, np.int64)

    def decode(self, numbers: Any) -> str:
        """The text of numbers; special ones are left out, and � stands where the bytes spell no character."""
        data = b"".join(self.tokens(numbers))
        try:
            return data.decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            return data.decode("utf-8", "replace")

    def tokens(self, numbers: Any) -> list[bytes]:
        """The bytes that each number stands for; none for a special one."""
        found = integers("BytePairs", "numbers", numbers).tolist()
        wrong = next((i for i in found if not 0 <= i < len(self)), None)
        if wrong is not None:
            raise DataError(f"BytePairs: {wrong} is no token's number; they are 0 to {len(self) - 1}")
        return [self._spelled[i] if i < len(self._spelled) else b"" for i in found]

    def __getitem__(self, special: str) -> int:
        """The number of a special token."""
        if special not in self.specials:
            raise ArgumentError(
                f"BytePairs: {short(special)!r} is none of its special tokens, {', '.join(self.specials) or 'none'}"
            )
        return len(self._spelled) + self.specials.index(special)

    @property
    def pad(self) -> int:
        """The number of "<pad>", which must be among the special ones: `Sequences(..., fill=pairs.pad)`."""
        return self["<pad>"]

    def _merged(self, piece: str) -> list[int]:
        """The tokens of a piece: of all pairs in it the one found first is put together, until none is left."""
        tokens = list(piece.encode("utf-8", "surrogatepass"))
        while len(tokens) > 1:
            rank, pair = min((self._rank.get(pair, len(self._rank)), pair) for pair in pairwise(tokens))
            if rank == len(self._rank):
                break
            tokens = _joined(tokens, pair, _BYTES + rank)
        return tokens

    def to_json(self) -> str:
        """All of it, as JSON text."""
        return json.dumps({"merges": self.merges, "specials": self.specials}, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The tokens that `to_json` wrote."""
        try:
            saved = parsed(text)
            merges = of_type("merges", saved["merges"], tuple[tuple[int, int], ...])
            return cls(merges, of_type("specials", saved["specials"], tuple[str, ...]))
        except (KeyError, TypeError, ValueError) as problem:
            raise DataError(f"these are no BytePairs written by to_json: {problem}") from None

    def __repr__(self) -> str:
        return f"BytePairs({len(self)} tokens, {len(self.specials)} of them special)"


@cache
def _rule() -> re.Pattern[str]:
    letter = rf"(?:[^\W\d_]|[{marks()}])"
    sign, many = rf"(?:_|[^\w\s{marks()}])", f"{{1,{_PIECE}}}"
    return re.compile(rf" ?{letter}{many}| ?\d{{1,3}}| ?{sign}{many}|\s{many}(?!\S)|\s{many}")


def _pieces(text: str) -> list[str]:
    return _rule().findall(text)


def _joined(tokens: list[int], pair: Pair, to: int) -> list[int]:
    """The tokens with each such pair, from the left, as one."""
    found, i = [], 0
    while i < len(tokens):
        if i + 1 < len(tokens) and (tokens[i], tokens[i + 1]) == pair:
            found.append(to)
            i += 2
        else:
            found.append(tokens[i])
            i += 1
    return found


def _common_pairs(counts: Counter[str], most: int) -> list[Pair]:
    """The pairs that come together most often, one after the other, each found among what those before it made.

    A heap holds the pairs by how often they come; a count that has changed since is put there anew when it is met, and
    only pieces that hold a pair are looked at again.
    """
    pieces = [list(piece.encode("utf-8", "surrogatepass")) for piece in counts]
    times = list(counts.values())
    together: Counter[Pair] = Counter()
    holders: defaultdict[Pair, set[int]] = defaultdict(set)
    for i, (tokens, count) in enumerate(zip(pieces, times, strict=True)):
        for pair in pairwise(tokens):
            together[pair] += count
            holders[pair].add(i)
    heap = [(-count, pair) for pair, count in together.items()]
    heapq.heapify(heap)
    merges: list[Pair] = []
    while heap and len(merges) < most:
        count, pair = heapq.heappop(heap)
        if -count != together[pair]:
            if together[pair] > 0:
                heapq.heappush(heap, (-together[pair], pair))
            continue
        if -count < 2:
            break
        changed = _merge(pieces, times, holders.pop(pair), pair, _BYTES + len(merges), together, holders)
        merges.append(pair)
        for other in changed:
            heapq.heappush(heap, (-together[other], other))
    return merges


def _merge(
    pieces: list[list[int]],
    times: list[int],
    where: set[int],
    pair: Pair,
    to: int,
    together: Counter[Pair],
    holders: defaultdict[Pair, set[int]],
) -> set[Pair]:
    """Make one token of a pair in the pieces that hold it; which pairs come more often now."""
    more: set[Pair] = set()
    for i in where:
        before, after = pieces[i], _joined(pieces[i], pair, to)
        for other in pairwise(before):
            together[other] -= times[i]
        for other in pairwise(after):
            together[other] += times[i]
            if to in other:
                holders[other].add(i)
                more.add(other)
        pieces[i] = after
    del together[pair]
    return more
