"""Two networks play against each other until noise becomes points on a ring of eight blobs (Goodfellow et al., 2014).

The full run takes 13 seconds. The figure at the end: the share of made points that lie in a blob, where each blob
counts for an eighth at most; a generator that makes one blob only, the usual failure, would have 0.125.
"""

import math
import sys

import gradus
from gradus import nn, optim
from gradus.nn import functional as F
from gradus.optim import schedules

fast = "--fast" in sys.argv
steps, batch, noise = (1000, 64, 8) if fast else (8000, 256, 8)
BLOBS, RADIUS, SPREAD = 8, 2.0, 0.1
gradus.seed(0)


def network(inside, outside):
    """Two hidden layers."""
    return nn.Sequential(
        nn.Linear(inside, 128), nn.LeakyReLU(0.2), nn.Linear(128, 128), nn.LeakyReLU(0.2), nn.Linear(128, outside)
    )


rate = schedules.cosine(1e-3, steps)
generator, critic = network(noise, 2), network(2, 1)
makes = optim.Adam(generator.parameters(), lr=rate, betas=(0.5, 0.99))
judges = optim.Adam(critic.parameters(), lr=rate, betas=(0.5, 0.99))


def real_points(n):
    """Points of the ring."""
    angle = gradus.randint(0, BLOBS, (n,)) * (2 * math.pi / BLOBS)
    return RADIUS * gradus.stack([angle.cos(), angle.sin()], axis=1).astype("float32") + SPREAD * gradus.randn(n, 2)


def loss_of(points, real):
    """How badly the critic says of points that they are real, or made."""
    scores = critic(points)
    return F.binary_cross_entropy_with_logits(scores, scores.full_like(1.0 if real else 0.0))


@gradus.compile
def train_step():
    """First the critic learns to tell made points from real ones, then the generator to be taken for real."""
    made = generator(gradus.randn(batch, noise))
    judges.zero_grad()
    critic_loss = loss_of(real_points(batch), True) + loss_of(made.detach(), False)
    critic_loss.backward()
    judges.step()
    makes.zero_grad()
    generator_loss = loss_of(made, True)
    generator_loss.backward()
    makes.step()
    return critic_loss, generator_loss


for step in range(steps):
    critic_loss, generator_loss = train_step()
    if step % (steps // 10) == 0:
        print(f"step {step:5}  critic {critic_loss:.3f}  generator {generator_loss:.3f}")

with gradus.no_grad():
    shown = generator(gradus.randn(4000, noise))
angle = gradus.arange(BLOBS) * (2 * math.pi / BLOBS)
centres = RADIUS * gradus.stack([angle.cos(), angle.sin()], axis=1)
inside = gradus.cdist(shown, centres) < 4 * SPREAD  # (points, blobs)
shares = inside.astype("float32").mean(axis=0)
print("share in each blob", shares.numpy().round(3))
figure = shares.minimum(1 / BLOBS).sum().item()
print(f"made points in the blobs, each for an eighth at most: {figure:.3f}")
