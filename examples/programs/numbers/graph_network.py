"""A graph network finds out who stayed with whom when a karate club split (Zachary, 1977; Kipf and Welling, 2017).

The full run takes 4 seconds. Of the 34 members only the two leaders' sides are given. The figure at the end: the
share of the other 32 whose side is found from who met whom; the mean of ten first values of the weights.
"""

import sys

import numpy as np

import gradus
from gradus import nn, optim
from gradus.nn import functional as F

fast = "--fast" in sys.argv
runs, steps = (1 if fast else 10), 100

# For each member, those of a higher number whom they met outside of the club.
MET = {
    0: [1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 17, 19, 21, 31], 1: [2, 3, 7, 13, 17, 19, 21, 30],
    2: [3, 7, 8, 9, 13, 27, 28, 32], 3: [7, 12, 13], 4: [6, 10], 5: [6, 10, 16], 6: [16], 8: [30, 32, 33], 9: [33],
    13: [33], 14: [32, 33], 15: [32, 33], 18: [32, 33], 19: [33], 20: [32, 33], 22: [32, 33],
    23: [25, 27, 29, 32, 33], 24: [25, 27, 31], 25: [31], 26: [29, 33], 27: [33], 28: [31, 33], 29: [32, 33],
    30: [32, 33], 31: [32, 33], 32: [33],
}  # fmt: skip
side = np.ones(34, int)  # 0: with the instructor (member 0), 1: with the president (member 33)
side[[0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 16, 17, 19, 21]] = 0

adjacency = np.eye(34, dtype=np.float32)  # everybody knows themselves
for member, others in MET.items():
    adjacency[member, others] = adjacency[others, member] = 1
degree = adjacency.sum(axis=1)
spread = gradus.tensor(adjacency / np.sqrt(np.outer(degree, degree)))  # D^-1/2 (A + I) D^-1/2


class GraphConvolution(nn.Module):
    """Each node's features become a mean over its neighbours of their features, after a linear map."""

    def __init__(self, inside, outside):
        self.linear = nn.Linear(inside, outside, bias=False)

    def forward(self, x):
        return spread @ self.linear(x)


x = gradus.eye(34)  # nothing is known of anybody but the number
leaders = [0, 33]
accuracies = []
for run in range(runs):
    gradus.seed(run)
    model = nn.Sequential(GraphConvolution(34, 16), nn.ReLU(), GraphConvolution(16, 2))
    optimizer = optim.Adam(model.parameters(), lr=0.02, weight_decay=5e-4)
    for _ in range(steps):
        optimizer.zero_grad()
        scores = model(x)
        loss = F.cross_entropy(scores[leaders], side[leaders])
        loss.backward()
        optimizer.step()
    right = scores.argmax(axis=1).numpy() == side
    accuracies.append(np.delete(right, leaders).mean())
    print(f"run {run}: loss {loss:.3f}, {accuracies[-1]:.1%} of the others right, wrong: {np.flatnonzero(~right)}")

shown = F.softmax(scores, axis=1).numpy()[:, 1]
figure = float(np.mean(accuracies))
print(f"sides found from the two leaders alone: {figure:.1%}")
