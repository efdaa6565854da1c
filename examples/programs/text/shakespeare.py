"""A small transformer writes Shakespeare letter by letter (Vaswani et al., 2017; decoder only, as GPT).

The full run takes 55 seconds; it reads the text `shakespeare`. The figure at the end: nats a letter on the last tenth
of the text, which it has not seen. Guessing has 4.17, a table of pairs about 2.5.
"""

import sys
from pydoc_data.topics import topics

import numpy as np

import gradus
from gradus import datasets, nn, optim
from gradus.nn import functional as F
from gradus.optim import schedules

fast = "--fast" in sys.argv
LENGTH, WIDTH, HEADS, LAYERS = (32, 32, 2, 1) if fast else (64, 128, 4, 3)
steps, batch = (150, 16) if fast else (800, 16)
gradus.seed(0)

text = " ".join(topics.values())[:200_000] if fast else datasets.text("shakespeare")  # fast: of Python's manual
letters = sorted(set(text))
number = {letter: i for i, letter in enumerate(letters)}
numbers = np.array([number[letter] for letter in text])
cut = len(numbers) * 9 // 10
train, held = numbers[:cut], numbers[cut:]
print(f"{len(text):,} letters of {len(letters)} kinds")


class Writer(nn.Module):
    """Scores of the letter that comes next, at each place of a text (n, t): (n, t, letters)."""

    def __init__(self):
        self.letter, self.place = nn.Embedding(len(letters), WIDTH), nn.Embedding(LENGTH, WIDTH)
        options = {"dropout": 0.0, "activation": "gelu", "batch_first": True, "norm_first": True}
        self.layers = [nn.TransformerEncoderLayer(WIDTH, HEADS, 4 * WIDTH, **options) for _ in range(LAYERS)]
        self.norm, self.out = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, len(letters))

    def forward(self, text):
        x = 0.1 * (self.letter(text) + self.place(gradus.arange(text.shape[1])))
        for layer in self.layers:
            x = layer(x, is_causal=True)  # no place looks at what comes after it
        return self.out(self.norm(x))


model = Writer()
rate = schedules.warmup(steps // 20, then=schedules.cosine(3e-3 if fast else 2e-3, steps))
optimizer = optim.AdamW(model.parameters(), lr=rate, betas=(0.9, 0.99), weight_decay=0.1)


def loss_of(text):
    """Cross-entropy of each letter to those before it, of texts (n, LENGTH + 1)."""
    scores = model(text[:, :-1])
    return F.cross_entropy(scores.reshape(-1, len(letters)), text[:, 1:].reshape(-1))


@gradus.compile
def train_step(text):
    """A step on some pieces of the text."""
    optimizer.zero_grad()
    loss = loss_of(text)
    loss.backward()
    optim.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    return loss


rng = np.random.default_rng(0)
losses = []
for step in range(steps):
    starts = rng.integers(0, len(train) - LENGTH, (batch, 1))
    losses.append(train_step(train[starts + np.arange(LENGTH + 1)]).item())
    if (step + 1) % (steps // 10) == 0:
        print(f"step {step + 1:5}  {np.mean(losses[-steps // 10:]):.4f} nats a letter", flush=True)

pieces = held[: len(held) // (LENGTH + 1) * (LENGTH + 1)].reshape(-1, LENGTH + 1)[: 100 if fast else None]
evaluate = gradus.compile(loss_of)
with gradus.no_grad():
    groups = np.array_split(pieces, max(1, len(pieces) // 100))
    figure = float(np.average([evaluate(g).item() for g in groups], weights=[len(g) for g in groups]))

scores_of = gradus.compile(model)
written = np.full(LENGTH, number["\n"])
for _ in range(60 if fast else 400):
    scores = scores_of(written[None, -LENGTH:])[0, -1]
    written = np.append(written, gradus.multinomial(F.softmax(scores, axis=0), 1).item())
shown = "".join(letters[i] for i in written[LENGTH:])
print(shown)
print(f"nats a letter on text never seen: {figure:.4f}")
