"""Twins learn which digits are the same: a siamese network with a contrastive loss (Hadsell, Chopra, LeCun, 2006).

The full run takes 14 seconds; it reads `mnist`. The network sees the digits 0 to 6, and is told of pairs whether they
are alike. The figure at the end: the share of pairs of new pictures that it tells right; by chance 0.5.
"""

import sys

import numpy as np

import gradus
from gradus import datasets, nn, optim
from gradus.nn import functional as F
from gradus.optim import schedules

fast = "--fast" in sys.argv
width, steps, batch, MARGIN = (8, 150, 64, 1.0) if fast else (16, 400, 128, 1.0)
gradus.seed(0)
rng = np.random.default_rng(0)

train, test = datasets.digits() if fast else datasets.mnist()
x, y = (array[train.arrays[1] <= 6] for array in train.arrays)
side = x.shape[-1]

twin = nn.Sequential(
    *(nn.Conv2d(1, width, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
    *(nn.Conv2d(width, 2 * width, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
    *(nn.Flatten(), nn.Linear(2 * width * (side // 4) ** 2, 64), nn.ReLU(), nn.Linear(64, 16)),
)
optimizer = optim.Adam(twin.parameters(), lr=schedules.cosine(2e-3, steps))


@gradus.compile
def train_step(images, labels):
    """Of all pairs in a batch those of one digit are drawn together, others pushed apart until they are MARGIN away."""
    optimizer.zero_grad()
    codes = twin(images)
    squares = ((codes[:, None] - codes) ** 2).sum(axis=2)
    apart = F.relu(MARGIN - (squares + 1e-6).sqrt()) ** 2
    alike = labels.reshape(-1, 1) == labels
    loss = gradus.where(alike, squares, apart / 6).mean()  # six others for each digit
    loss.backward()
    optimizer.step()
    return loss


for step in range(steps):
    rows = rng.integers(0, len(x), batch)
    loss = train_step(x[rows], y[rows])
    if (step + 1) % (steps // 5) == 0:
        print(f"step {step + 1:5}  loss {loss:.4f}")


def told(codes, labels):
    """The share of 5,000 pairs, half of them alike, told right: whether they are nearer than half the margin."""
    first, second = rng.integers(0, len(labels), (2, 200_000))
    alike = labels[first] == labels[second]
    chosen = np.concatenate([np.flatnonzero(alike)[:2500], np.flatnonzero(~alike)[:2500]])
    distance = np.linalg.norm(codes[first[chosen]] - codes[second[chosen]], axis=1)
    return float(((distance < MARGIN / 2) == alike[chosen]).mean())


with gradus.no_grad():
    codes = twin(gradus.tensor(test.arrays[0])).numpy()
labels = test.arrays[1]
shown, new_y = codes[labels > 6], labels[labels > 6]
print(f"pairs of digits that it never saw, told right: {told(shown, new_y):.3f}")
figure = told(codes[labels <= 6], labels[labels <= 6])
print(f"pairs of new pictures told right: {figure:.3f}")
