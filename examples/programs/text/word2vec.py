"""Vectors for words, from which other words stand near them: skip-gram, negative sampling (Mikolov et al., 2013).

The full run takes 25 seconds; it reads the text `shakespeare`. The figure at the end: of two words that stand near
each other in pieces held back, how often they score higher than one of them with a word from elsewhere; by chance
0.5.
"""

import re
import sys
from collections import Counter
from pydoc_data.topics import topics

import numpy as np

import gradus
from gradus import datasets, nn, optim
from gradus.nn import functional as F
from gradus.optim import schedules

fast = "--fast" in sys.argv
SIZE, WINDOW, NEGATIVE, COMMON = (32, 3, 5, 100) if fast else (64, 4, 8, 100)
steps, batch, least = (600, 512, 20) if fast else (10_000, 512, 8)
gradus.seed(0)
rng = np.random.default_rng(0)

text = " ".join(topics.values()) if fast else datasets.text("shakespeare")  # fast: Python's manual, which comes with it
words = re.findall(r"[a-z']+", text.lower())
counts = Counter(words)
known = [word for word, count in counts.most_common() if count >= least]
number = {word: i for i, word in enumerate(known)}
often = np.array([counts[word] for word in known], float)
numbers = np.array([number[word] for word in words if word in number])
print(f"{len(words):,} words, {len(known):,} that come {least} times or more")


def pairs(text):
    """Words and others up to WINDOW after them, and the same the other way round: (n, 2)."""
    near = [np.stack([text[:-d], text[d:]], axis=1) for d in range(1, WINDOW + 1)]
    near = np.concatenate(near)
    return np.concatenate([near, near[:, ::-1]])


share = often / often.sum()
hidden = np.arange(len(numbers)) // 100 % 10 == 0  # every tenth piece of a hundred words is held back
kept = rng.random(len(numbers)) < np.sqrt(1e-3 / share[numbers])  # of the commonest words most are left out
train, held = pairs(numbers[kept & ~hidden]), pairs(numbers[hidden])
held = held[(held >= COMMON).all(axis=1)]  # "of" stands near everything

inner, outer = nn.Embedding(len(known), SIZE), nn.Embedding(len(known), SIZE)
for table in (inner, outer):
    nn.init.normal_(table.weight, std=0.1)
optimizer = optim.Adam([*inner.parameters(), *outer.parameters()], lr=schedules.cosine(5e-2 if fast else 5e-3, steps))
noise = often**0.75
bounds = np.cumsum(noise / noise.sum())


@gradus.compile
def train_step(words, near, others):
    """Words (n,) and what is near them (n,) are to have large products, words and others (n, NEGATIVE) small ones."""
    optimizer.zero_grad()
    v = inner(words)
    together = (v * outer(near)).sum(axis=1)
    apart = (outer(others) @ v.reshape(-1, SIZE, 1))[:, :, 0]
    loss = F.softplus(-together).mean() + F.softplus(apart).sum(axis=1).mean()
    loss.backward()
    optimizer.step()
    return loss


losses = []
for step in range(steps):
    words, near = train[rng.integers(0, len(train), batch)].T
    others = np.searchsorted(bounds, rng.random((batch, NEGATIVE)))
    losses.append(train_step(words, near, others).item())
    if (step + 1) % (steps // 10) == 0:
        print(f"step {step + 1:6}  loss {np.mean(losses[-steps // 10:]):.4f}", flush=True)

vectors, around = inner.weight.numpy(), outer.weight.numpy()
unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
for word in ("value", "class", "list") if fast else ("king", "love", "brother", "sword", "night", "rome"):
    close = np.argsort(-unit @ unit[number[word]])[1:7]
    print(f"  {word:8} {' '.join(known[i] for i in close)}")
drawn = held[rng.integers(0, len(held), 20_000)]
true = (vectors[drawn[:, 0]] * around[drawn[:, 1]]).sum(axis=1)
others = rng.choice(held[:, 1], 20_000)  # as frequent, but from anywhere
random = (vectors[drawn[:, 0]] * around[others]).sum(axis=1)
figure = float((true > random).mean())
print(f"true pairs that score higher than drawn ones: {figure:.3f}")
