"""Dates as people write them become dates as machines do: sequence to sequence with attention (Luong et al., 2015).

The full run takes 35 seconds; the dates are made. The figure at the end: the share of new ones that are right.
"""

import sys

import numpy as np

import gradus
from gradus import nn, optim
from gradus.nn import functional as F
from gradus.optim import schedules

fast = "--fast" in sys.argv
HIDDEN, steps, batch = (32, 200, 64) if fast else (64, 1000, 128)
LONGEST, WRITTEN = 25, 10
gradus.seed(0)
rng = np.random.default_rng(0)

MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
          "December")  # fmt: skip
FORMS = ("{d} {m} {y}", "{m} {d}, {y}", "{s} {d} {y}", "{d}. {n}. {y}", "{n}/{d}/{y}", "the {d} of {m} {y}")
letters = "_^" + "".join(sorted(set("".join(FORMS) + "".join(MONTHS) + "0123456789-")))  # _: nothing, ^: begin
number = {letter: i for i, letter in enumerate(letters)}


def dates(n):
    """So many dates: as written by people (n, LONGEST), their lengths (n,), and as 1998-03-01 after a ^ (n, 11)."""
    days = np.datetime64("1950-01-01") + rng.integers(0, 36_525, n)
    people, lengths, machines = np.zeros((n, LONGEST), int), np.zeros(n, int), np.zeros((n, WRITTEN + 1), int)
    for i, (day, form) in enumerate(zip(days.astype(str), rng.choice(FORMS, n), strict=True)):
        y, m, d = map(int, day.split("-"))
        text = form.format(y=y, m=MONTHS[m - 1], s=MONTHS[m - 1][:3], n=m, d=d)
        lengths[i], people[i, : len(text)] = len(text), [number[c] for c in text]
        machines[i] = [number[c] for c in "^" + day]
    return people, lengths, machines


class Translator(nn.Module):
    """An encoder reads in both directions; a decoder writes, and looks at each step where in the text it wants."""

    def __init__(self):
        self.embed = nn.Embedding(len(letters), HIDDEN)
        self.encoder = nn.GRU(HIDDEN, HIDDEN, batch_first=True, bidirectional=True)
        self.decoder = nn.GRU(HIDDEN, 2 * HIDDEN, batch_first=True)
        self.out = nn.Sequential(nn.Linear(4 * HIDDEN, HIDDEN), nn.Tanh(), nn.Linear(HIDDEN, len(letters)))

    def read(self, text, lengths):
        """What the encoder makes of each letter, (n, LONGEST, 2 HIDDEN), and the decoder's first state."""
        read, last = self.encoder(self.embed(text), lengths=lengths)
        return read, gradus.concatenate([last[0], last[1]], axis=1)[None]

    def write(self, before, state, read, lengths):
        """Scores (n, t, letters) of what follows each letter written so far, the next state, and the attention."""
        made, state = self.decoder(self.embed(before), state)
        real = (gradus.arange(LONGEST) < lengths.reshape(-1, 1)).reshape(-1, 1, LONGEST)
        attention = F.attention_weights(made, read, mask=real)
        return self.out(gradus.concatenate([made, attention @ read], axis=2)), state, attention


model = Translator()
optimizer = optim.Adam(model.parameters(), lr=schedules.one_cycle(1e-2 if fast else 5e-3, steps))


@gradus.compile
def train_step(text, lengths, machine):
    """The decoder is given the true letters so far ("teacher forcing"), and foretells the next, all at once."""
    optimizer.zero_grad()
    read, state = model.read(text, lengths)
    scores, _, _ = model.write(machine[:, :-1], state, read, lengths)
    loss = F.cross_entropy(scores.reshape(-1, len(letters)), machine[:, 1:].reshape(-1))
    loss.backward()
    optim.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    return loss


many = dates(5_000 if fast else 40_000)
for step in range(steps):
    rows = rng.integers(0, len(many[0]), batch)
    loss = train_step(*(part[rows] for part in many))
    if (step + 1) % (steps // 10) == 0:
        print(f"step {step + 1:5}  loss {loss:.4f}", flush=True)

text, lengths, machine = (gradus.tensor(part) for part in dates(200 if fast else 2000))
with gradus.no_grad():
    read, state = model.read(text, lengths)
    written, looked = [machine[:, :1]], []
    for _ in range(WRITTEN):
        scores, state, attention = model.write(written[-1], state, read, lengths)
        written.append(scores.argmax(axis=2))
        looked.append(attention[0, 0])
shown = gradus.stack(looked).numpy()
written = gradus.concatenate(written, axis=1).numpy()
for given, made in zip(text.numpy()[:4], written[:4, 1:], strict=True):
    print("  ", "".join(letters[c] for c in given).strip("_"), "->", "".join(letters[c] for c in made))
figure = float((written == machine.numpy()).all(axis=1).mean())
print(f"dates written without a mistake: {figure:.4f}")
