"""What texts of many lengths cost: programs, places lost to padding, and the time of an epoch.

    python -m benchmarks.lengths

10,000 texts of 1 to 400 words, their lengths log-normal as those of reviews are, train a GRU classifier. The floor is
the time of as many words without padding: texts of exactly the lengths that are padded to, as many of each as make up
its bucket's words, pass through the same programs.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

import gradus
from gradus import nn, optim
from gradus.data import DataLoader, Sequences

WORDS, LONGEST = 5000, 400


class Classifier(nn.Module):
    """A text's class from the last state of a GRU over its words."""

    def __init__(self, hidden: int = 64) -> None:
        self.embed, self.gru = nn.Embedding(WORDS, 32), nn.GRU(32, hidden, batch_first=True)
        self.out = nn.Linear(hidden, 2)

    def forward(self, text: gradus.Tensor, lengths: gradus.Tensor) -> gradus.Tensor:
        _, last = self.gru(self.embed(text), lengths=lengths)
        return self.out(last[-1])


def drawn(lengths: np.ndarray, buckets: int | tuple[int, ...], seed: int = 0) -> Sequences:
    """Texts of these lengths, in which the words below 20 tell the class."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, len(lengths))
    texts = [rng.integers(20, WORDS, n) for n in lengths]
    for text, label in zip(texts, labels, strict=True):
        telling = rng.random(len(text)) < 0.1
        text[telling] = rng.integers(0, 10, telling.sum()) + 10 * label
    return Sequences(texts, labels, buckets=buckets)


def without_padding(data: Sequences) -> np.ndarray:
    """Lengths that fill the same buckets with as many words."""
    counts = [round(data.lengths[data.padded == b].sum() / b) for b in data.buckets]
    return np.repeat(data.buckets, counts)


def epoch(step: gradus.compiler.Compiled, loader: DataLoader, number: int) -> tuple[float, int, int]:
    """Seconds, places and words of an epoch."""
    started, places, words = time.perf_counter(), 0, 0
    for text, lengths, label in loader.batches(number):
        step(text, lengths, label)
        places, words = places + text.size, words + int(lengths.numpy().sum())
    return time.perf_counter() - started, places, words


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    lengths = np.clip(np.rint(np.random.default_rng(0).lognormal(4.4, 0.8, given.texts)), 1, LONGEST).astype(int)
    padded = drawn(lengths, 9)
    full = drawn(without_padding(padded), padded.buckets)
    gradus.seed(0)
    model = Classifier()
    optimizer = optim.Adam(model.parameters(), lr=3e-3)

    @gradus.compile
    def step(text: gradus.Tensor, lengths: gradus.Tensor, label: gradus.Tensor) -> gradus.Tensor:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(text, lengths), label)
        loss.backward()
        optim.clip_grad_norm_(optimizer.params, 1.0)
        optimizer.step()
        return loss

    loaders = {
        "padded": DataLoader(padded, 32, shuffle=True),
        "the same words without padding": DataLoader(full, 32, shuffle=True, drop_last=True),
    }
    first, _, _ = epoch(step, loaders["padded"], 0)
    programs = len(step._steps)
    print(f"{given.texts} texts, {lengths.min()} to {lengths.max()} words, {lengths.mean():.0f} on average")
    print(f"padded to {padded.buckets}: {programs} programs; the first epoch, with compiling, {first:.1f} s")
    rounds = [{name: epoch(step, loader, n) for name, loader in loaders.items()} for n in range(1, given.rounds + 1)]
    for name in loaders:
        seconds, places, words = min(found[name] for found in rounds)
        print(
            f"{name}: {words} words in {places} places, {1 - words / places:.1%} lost; {seconds:.2f} s, "
            f"{seconds / words * 1e6:.2f} us a word, {seconds / places * 1e6:.2f} a place"
        )
    print(f"programs now: {len(step._steps)}")


if __name__ == "__main__":
    main()
