"""A layer, a gradient and a training loop of one's own: a network whose weights are all +1 or -1.

The full run takes 5 seconds, on the embedded digits. A sign has no gradient worth having, so it gets another one, the
"straight-through" estimator (Bengio et al., 2013; Courbariaux et al., 2015). The figure at the end: test accuracy.
"""

import sys

import gradus
from gradus import datasets, nn, optim
from gradus.data import DataLoader
from gradus.nn import functional as F
from gradus.optim import schedules

fast = "--fast" in sys.argv
epochs, hidden = (6, 128) if fast else (60, 512)
gradus.seed(0)


@gradus.custom_gradient
def sign(x):
    """+1 or -1; backwards as if it were x itself, as long as |x| is at most 1."""
    return gradus.where(x >= 0, 1.0, -1.0), lambda g: gradus.where(abs(x) <= 1, g, 0.0)


class BinaryLinear(nn.Module):
    """A linear layer that multiplies by the signs of its weights only."""

    def __init__(self, inside, outside):
        self.weight = nn.Parameter(gradus.rand(outside, inside) * 2 - 1)
        self.scale = inside**-0.5

    def forward(self, x):
        return x @ sign(self.weight).T * self.scale


model = nn.Sequential(
    *(nn.Flatten(), BinaryLinear(64, hidden), nn.BatchNorm1d(hidden), nn.Hardtanh()),
    *(BinaryLinear(hidden, hidden), nn.BatchNorm1d(hidden), nn.Hardtanh()),
    *(BinaryLinear(hidden, 10), nn.BatchNorm1d(10)),
)
train, test = datasets.digits()
loader = DataLoader(train, batch_size=64, shuffle=True, drop_last=True)
rate = schedules.warmup(20, then=schedules.cosine(1e-2, steps=epochs * len(loader)))
optimizer = optim.Adam(model.parameters(), lr=rate)


@gradus.compile
def train_step(x, y):
    """A step: gradients no longer than 5 in all, and weights that stay where their gradient is not cut off."""
    optimizer.zero_grad()
    loss = F.cross_entropy(model(x), y, label_smoothing=0.1)
    loss.backward()
    length = optim.clip_grad_norm_(model.parameters(), 5.0)
    optimizer.step()
    with gradus.no_grad():
        for layer in model:
            if isinstance(layer, BinaryLinear):
                layer.weight.assign_(layer.weight.clip(-1, 1))
    return loss, length


def accuracy():
    """The share of test digits that are read right."""
    model.eval()
    with gradus.no_grad():
        x, y = (gradus.tensor(a) for a in test.arrays)
        right = (model(x).argmax(axis=1) == y).astype("float32").mean().item()
    model.train()
    return right


for epoch in range(epochs):
    for x, y in loader:
        loss, length = train_step(x, y)
    if (epoch + 1) % (epochs // 6) == 0:
        print(f"epoch {epoch + 1:3}  loss {loss:.3f}  gradient {length:.2f}  lr {optimizer.lr:.5f}  {accuracy():.4f}")

signs = gradus.concatenate([sign(m.weight).detach().ravel() for m in model if isinstance(m, BinaryLinear)])
print(f"{signs.size:,} weights, of them +1: {(signs > 0).astype('float32').mean():.1%}, -1: the rest")
figure = accuracy()
print(f"test accuracy with weights of +1 and -1: {figure:.4f}")
