"""Vocabulary: which number stands for which token."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from typing import Any, Self

import numpy as np

from ...bounded.saved import of_type, parsed
from ...errors import ArgumentError, DataError, short
from ...functional.checks import at_least_one, integers
from ...names.elsewhere import tell

__all__ = ["Vocabulary"]

SPECIALS = ("<pad>", "<unk>", "<bos>", "<eos>")


class Vocabulary:
    """Numbers for tokens, and back: 0, 1, ... for the special ones, then for the others, the most common first.

    Args:
        texts: lists of tokens, of which the vocabulary is made; tokens that are as common stand in alphabetical order.
        min_count: how often a token must come to be in it.
        max_size: how many tokens it has at most, special ones included.
        specials: tokens that stand for something else, in the order of their numbers. `<pad>` fills batches, `<unk>`
            stands for what is not in the vocabulary, `<bos>` and `<eos>` begin and end a text.

    Attributes:
        tokens: in the order of their numbers.
        counts: how often each comes in the texts.
        specials: those that stand for something else.

    >>> vocabulary = Vocabulary([["to", "be", "or", "not", "to", "be"], ["to", "do"]], min_count=2)
    >>> vocabulary.tokens
    ('<pad>', '<unk>', '<bos>', '<eos>', 'to', 'be')
    >>> vocabulary.encode(["to", "see"], ends=True).tolist(), vocabulary.decode([4, 5])
    ([2, 4, 1, 3], ['to', 'be'])
    """

    def __init__(
        self,
        texts: Iterable[Iterable[str]],
        min_count: int = 1,
        max_size: int | None = None,
        specials: Sequence[str] = SPECIALS,
    ) -> None:
        at_least_one("Vocabulary", min_count=min_count)
        if max_size is not None:
            at_least_one("Vocabulary", max_size=max_size)
        counts = _counted(texts)
        if max_size is not None and max_size < len(specials):
            raise ArgumentError(f"Vocabulary: {len(specials)} special tokens are more than max_size={max_size}")
        common = [
            t for t, c in sorted(counts.items(), key=lambda p: (-p[1], p[0])) if c >= min_count and t not in specials
        ]
        self._set([*specials, *common][:max_size], specials, counts)

    def _set(self, tokens: Sequence[str], specials: Sequence[str], counts: dict[str, int]) -> None:
        self.tokens, self.specials = tuple(tokens), tuple(specials)
        self.numbers = {token: i for i, token in enumerate(self.tokens)}
        self.counts = {token: counts.get(token, 0) for token in self.tokens}
        if len(self.numbers) < len(self.tokens):
            twice = next(t for i, t in enumerate(self.tokens) if self.numbers[t] != i)
            raise DataError(f"Vocabulary: {short(twice)!r} comes twice among its tokens")

    def __len__(self) -> int:
        return len(self.tokens)

    def __contains__(self, token: object) -> bool:
        return token in self.numbers

    def __getitem__(self, token: str) -> int:
        """The number of a token; that of `<unk>` for one that is not in the vocabulary."""
        number = self.numbers.get(token, self.numbers.get("<unk>"))
        if number is None:
            raise DataError(
                f"{short(repr(token))} is not in the vocabulary, and no token stands for what is unknown. "
                "Make it with '<unk>' among the specials, or of more texts."
            )
        return number

    def encode(self, tokens: Iterable[str], ends: bool = False) -> np.ndarray:
        """The numbers of tokens, int64 (t,).

        Args:
            tokens: a list of them; not a text, which is cut into tokens first.
            ends: put `<bos>` before and `<eos>` after them.
        """
        if isinstance(tokens, str):
            raise ArgumentError(
                f"Vocabulary.encode: takes a list of tokens, got the text {short(tokens)!r}. Cut it first: words(text)."
            )
        tokens = list(tokens) if isinstance(tokens, Iterable) else [[]]
        if not all(isinstance(token, Hashable) for token in tokens):
            raise ArgumentError("Vocabulary.encode: takes one list of tokens; of several texts, encode each by itself.")
        unknown = self.numbers.get("<unk>")
        numbers = [self[t] for t in tokens] if unknown is None else [self.numbers.get(t, unknown) for t in tokens]
        return np.array([self._special("<bos>"), *numbers, self._special("<eos>")] if ends else numbers, np.int64)

    def decode(self, numbers: Any, specials: bool = True) -> list[str]:
        """The tokens of numbers.

        Args:
            numbers: integers (t,), an array, a Tensor or a list.
            specials: whether special tokens are among them, or left out.
        """
        found = integers("Vocabulary.decode", "numbers", numbers).tolist()
        wrong = next((i for i in found if not 0 <= i < len(self.tokens)), None)
        if wrong is not None:
            raise DataError(f"Vocabulary.decode: {wrong} is no token's number; they are 0 to {len(self.tokens) - 1}")
        tokens = [self.tokens[i] for i in found]
        return tokens if specials else [token for token in tokens if token not in self.specials]

    def _special(self, token: str) -> int:
        if token not in self.numbers:
            raise ArgumentError(
                f"Vocabulary: there is no {token} among its specials, {', '.join(self.specials) or 'none'}"
            )
        return self.numbers[token]

    @property
    def pad(self) -> int:
        """The number that fills a batch: `Sequences(..., fill=vocabulary.pad)`."""
        return self._special("<pad>")

    def to_json(self) -> str:
        """All of it, as JSON text."""
        saved = {"specials": self.specials, "tokens": self.tokens, "counts": [self.counts[t] for t in self.tokens]}
        return json.dumps(saved, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The vocabulary that `to_json` wrote."""
        try:
            saved = parsed(text)
            tokens, specials = (of_type(n, saved[n], tuple[str, ...]) for n in ("tokens", "specials"))
            counts = of_type("counts", saved["counts"], tuple[int, ...])
            made = cls([], specials=[])
            made._set(tokens, specials, dict(zip(tokens, counts, strict=True)))
        except (KeyError, TypeError, ValueError) as problem:
            raise DataError(f"this is no Vocabulary written by to_json: {problem}") from None
        return made

    def __repr__(self) -> str:
        return f"Vocabulary({len(self)} tokens, {len(self.specials)} of them special)"


def _counted(texts: Iterable[Iterable[str]]) -> Counter[str]:
    if isinstance(texts, str):
        raise ArgumentError("Vocabulary: takes lists of tokens, got a text. Cut it first: Vocabulary([words(text)]).")
    counts: Counter[str] = Counter()
    for tokens in texts if isinstance(texts, Iterable) else [texts]:
        if not isinstance(tokens, Iterable):
            raise ArgumentError(f"Vocabulary: takes lists of tokens, got {tokens!r:.80}. Cut texts first: words(text).")
        if isinstance(tokens, str):
            raise ArgumentError(
                f"Vocabulary: takes lists of tokens, got the text {short(tokens)!r} for one. Cut each first: "
                "Vocabulary(map(words, texts))."
            )
        counts.update(tokens)
    return counts


tell(Vocabulary, "data.Vocabulary")
