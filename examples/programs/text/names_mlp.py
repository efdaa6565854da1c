"""Names letter by letter, each foretold from the last three by a network (Bengio, Ducharme, Vincent and Jauvin, 2003).

The full run takes 30 seconds; it reads the text `names`. The figure at the end: nats a letter on names never seen. A
table of pairs has 2.45 (see bigram.py), guessing 3.30.
"""

import re
import sys
from pydoc_data.topics import topics

import numpy as np

import gradus
from gradus import datasets, nn, optim
from gradus.data import TensorDataset
from gradus.nn import functional as F
from gradus.optim import schedules

fast = "--fast" in sys.argv
BLOCK, hidden, epochs = (3, 64, 4) if fast else (3, 256, 20)
gradus.seed(0)

if fast:  # words of Python's manual, which comes with it
    names = sorted(set(re.findall(r"\b[a-z]{3,}\b", " ".join(topics.values()))))
else:
    names = datasets.text("names").split()
names = [names[i] for i in gradus.permutation(len(names))]
letters = ".abcdefghijklmnopqrstuvwxyz"  # the dot stands before and after a name
number = {letter: i for i, letter in enumerate(letters)}


def samples(names):
    """For each letter the BLOCK before it, (n, BLOCK), and itself, (n,)."""
    contexts, targets = [], []
    for name in names:
        context = [0] * BLOCK
        for letter in [*name, "."]:
            contexts.append(context)
            targets.append(number[letter])
            context = [*context[1:], number[letter]]
    return TensorDataset(np.array(contexts), np.array(targets))


tenth = len(names) // 10
train, validation, test = samples(names[2 * tenth :]), samples(names[:tenth]), samples(names[tenth : 2 * tenth])
print(f"{len(names):,} names: {len(train):,} letters to learn from, {len(test):,} to test on")

model = nn.Sequential(
    *(nn.Embedding(27, 16), nn.Flatten(), nn.Linear(16 * BLOCK, hidden), nn.Tanh()),
    *(nn.Linear(hidden, hidden), nn.Tanh(), nn.Linear(hidden, 27)),
)
rate = schedules.one_cycle(3e-3, steps=epochs * -(-len(train) // 256))
trainer = gradus.Trainer(model, "cross_entropy", optim.AdamW(model.parameters(), lr=rate, weight_decay=0.1))
trainer.fit(train, validation, epochs=epochs, batch_size=256)

for _ in range(8):
    name, context = "", [0] * BLOCK
    while not name.endswith(".") and len(name) < 20:
        with gradus.no_grad():
            p = F.softmax(model(gradus.tensor([context]))[0], axis=0)
        letter = gradus.multinomial(p, 1).item()
        name, context = name + letters[letter], [*context[1:], letter]
    print("  ", name.rstrip("."))
figure = trainer.evaluate(test)["loss"]
print(f"nats a letter on names never seen: {figure:.4f}")
