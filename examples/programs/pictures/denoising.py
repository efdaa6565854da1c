"""A convolutional autoencoder takes noise away from pictures of clothes (Vincent, Larochelle, Bengio, Manzagol, 2008).

The full run takes 25 seconds; it reads `fashion_mnist`. The figure at the end: how many decibels nearer to the clean
picture the mended one is, on test pictures; 10 decibels are a tenth of the mean squared error.
"""

import math
import sys

import numpy as np

import gradus
from gradus import datasets, nn, optim
from gradus.nn import functional as F
from gradus.train import features, fit_unsupervised

fast = "--fast" in sys.argv
width, epochs, NOISE = (8, 5, 0.4) if fast else (8, 3, 0.4)
gradus.seed(0)

train, test = datasets.digits() if fast else datasets.fashion_mnist()
x, clean = train.arrays[0], test.arrays[0][:2000]

model = nn.Sequential(
    *(nn.Conv2d(1, width, 3, padding=1), nn.ReLU()),
    *(nn.Conv2d(width, 2 * width, 4, stride=2, padding=1), nn.ReLU()),  # half the size
    *(nn.Conv2d(2 * width, 2 * width, 3, padding=1), nn.ReLU()),
    *(nn.ConvTranspose2d(2 * width, width, 4, stride=2, padding=1), nn.ReLU()),  # and back
    nn.Conv2d(width, 1, 3, padding=1),
)


def loss(x):
    """The mean squared error of what is made of a noisy picture to the clean one; the noise is new at each step."""
    return F.mse_loss(model(x + NOISE * gradus.randn_like(x)), x)


optimizer = optim.Adam(model.parameters(), lr=3e-3)
fit_unsupervised(loss, optimizer, x, epochs=epochs, batch_size=64)  # compiled, an epoch at a time

noisy = clean + NOISE * np.random.default_rng(1).normal(size=clean.shape).astype(np.float32)
mended = features(model, noisy).numpy()  # the outputs for all, in batches, without gradients
shown = np.concatenate([clean[:10], noisy[:10], mended[:10]])[:, 0]
before, after = (float(((picture - clean) ** 2).mean()) for picture in (noisy, mended))
print(f"mean squared error of noisy pictures {before:.4f}, of mended ones {after:.4f}")
figure = 10 * math.log10(before / after)
print(f"decibels of noise taken away: {figure:.2f}")
