"""Names letter by letter, each foretold from the one before: a table by counting, and the same by gradient descent.

The full run takes 10 seconds; it reads the text `names`. The figure at the end: nats a letter of the trained table.
No table has fewer than the one that is counted, 2.454.
"""

import re
import sys
from pydoc_data.topics import topics

import numpy as np

import gradus
from gradus import datasets, nn, optim
from gradus.nn import functional as F
from gradus.optim import schedules

fast = "--fast" in sys.argv
steps = 60 if fast else 300
gradus.seed(0)

if fast:  # words of Python's manual, which comes with it
    names = sorted(set(re.findall(r"\b[a-z]{3,}\b", " ".join(topics.values()))))
else:
    names = datasets.text("names").split()
letters = ".abcdefghijklmnopqrstuvwxyz"  # the dot stands before and after a name
number = {letter: i for i, letter in enumerate(letters)}
text = np.array([number[letter] for letter in "." + ".".join(names) + "."])
before, after = text[:-1], text[1:]
print(f"{len(names):,} names, {len(after):,} letters")

counts = np.zeros((27, 27))
np.add.at(counts, (before, after), 1)
shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
optimum = -np.log(shares[before, after]).mean()

model = nn.Embedding(27, 27)  # row i: the scores of what follows letter i
optimizer = optim.Adam(model.parameters(), lr=schedules.cosine(0.3, steps))


@gradus.compile
def train_step(before, after):
    """A step on all letters at once."""
    optimizer.zero_grad()
    loss = F.cross_entropy(model(before), after)
    loss.backward()
    optimizer.step()
    return loss


for step in range(steps):
    figure = train_step(before, after).item()
    if step % (steps // 6) == 0:
        print(f"step {step:4}  {figure:.4f} nats a letter")

probabilities = F.softmax(model.weight.detach(), axis=1)
for _ in range(5):  # new names: begin with a dot, and draw until the next one
    name, letter = "", 0
    while not name.endswith("."):
        letter = gradus.multinomial(probabilities[letter], 1).item()
        name += letters[letter]
    print("  ", name[:-1])
shown = probabilities.numpy()
print(f"by counting: {optimum:.4f} nats a letter, the least a table can have")
print(f"nats a letter, by gradient descent: {figure:.4f}")
