"""A diffusion model of points in the plane: noise is taken away step by step (Ho, Jain and Abbeel, 2020).

The full run takes 7 seconds. The figure at the end: how far made points are from the nearest real one, and those from
the nearest made one, on average; that of noise and of another draw of real points stand beside it.
"""

import math
import sys

import gradus
from gradus import data, nn, optim
from gradus.nn import functional as F
from gradus.optim import schedules

fast = "--fast" in sys.argv
steps, batch, T = (600, 128, 40) if fast else (6000, 256, 100)
gradus.seed(0)

make = data.moons if fast else data.spirals
real = gradus.tensor(make(4000, seed=0).arrays[0])
centre, scale = real.mean(axis=0), real.std()
real = (real - centre) / scale

# x_t = sqrt(kept_t) x_0 + sqrt(1 - kept_t) noise, with what is kept falling on a cosine from 1 to nearly 0.
kept = ((gradus.arange(T + 1) / T + 0.01) / 1.01 * math.pi / 2).cos() ** 2
kept = (kept / kept[0]).clip(1e-4).astype("float32")
keeps = kept[1:] / kept[:-1]  # how much of x_(t-1) is in x_t


class Denoiser(nn.Module):
    """Tells the noise in x_t, given t; both places and times come as waves of several lengths, too."""

    def __init__(self, hidden=128, waves=4):
        self.waves = waves
        self.layers = nn.Sequential(
            *(nn.Linear(3 + 6 * waves, hidden), nn.SiLU(), nn.Linear(hidden, hidden), nn.SiLU()),
            *(nn.Linear(hidden, hidden), nn.SiLU(), nn.Linear(hidden, 2)),
        )

    def forward(self, x, t):
        x = gradus.concatenate([x, t.reshape(-1, 1).astype("float32") * (2 / T) - 1], axis=1)  # (n, 3)
        angles = [x * 2.0**k for k in range(self.waves)]
        return self.layers(gradus.concatenate([x, *(wave for a in angles for wave in (a.sin(), a.cos()))], axis=1))


model = Denoiser()
optimizer = optim.Adam(model.parameters(), lr=schedules.cosine(2e-3, steps))


@gradus.compile
def train_step():
    """Points with noise in them, more or less: which noise was it?"""
    optimizer.zero_grad()
    x0, noise = real[gradus.randint(0, len(real), (batch,))], gradus.randn(batch, 2)
    t = gradus.randint(0, T, (batch,))
    level = kept[t + 1].reshape(-1, 1)
    loss = F.mse_loss(model(level.sqrt() * x0 + (1 - level).sqrt() * noise, t), noise)
    loss.backward()
    optimizer.step()
    return loss


@gradus.compile
def denoised(x, t):
    """x_(t-1) from x_t: some of the noise taken away, and a little put in again, but at the end."""
    said = model(x, t.broadcast_to((len(x),)))
    mean = (x - (1 - keeps[t]) / (1 - kept[t + 1]).sqrt() * said) / keeps[t].sqrt()
    variance = (1 - keeps[t]) * (1 - kept[t]) / (1 - kept[t + 1])
    return mean + variance.sqrt() * gradus.randn_like(x)


def apart(a, b):
    """How far each point is from the nearest of the others, both ways, on average (the chamfer distance)."""
    distances = gradus.cdist(a, b)
    return ((distances.min(axis=0).mean() + distances.min(axis=1).mean()) / 2).item()


for step in range(steps):
    loss = train_step()
    if step % (steps // 10) == 0:
        print(f"step {step:6}  loss {loss:.4f}")

others = (gradus.tensor(make(1000, seed=1).arrays[0]) - centre) / scale
noise = shown = gradus.randn(1000, 2)
with gradus.no_grad():
    for t in reversed(range(T)):
        shown = denoised(shown, gradus.tensor(t))
print(f"noise {apart(noise, others):.4f}, other real points {apart(real[:1000], others):.4f}")
figure = apart(shown, others)
print(f"distance of made points to real ones: {figure:.4f}")
