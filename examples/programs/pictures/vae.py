"""A variational autoencoder draws digits (Kingma and Welling, 2014).

The full run takes 50 seconds; it reads `mnist`. The figure at the end: the bound on the negative log-likelihood of
test digits, nats a picture; a mean picture for all has 206, the paper's larger runs end about 100.
"""

import sys

import numpy as np

import gradus
from gradus import datasets, nn, optim
from gradus.nn import functional as F
from gradus.optim import schedules
from gradus.train import fit_unsupervised

fast = "--fast" in sys.argv
hidden, code, epochs, lr = (64, 8, 30, 4e-3) if fast else (400, 20, 10, 2e-3)
gradus.seed(0)

train, test = datasets.digits() if fast else datasets.mnist()
x, held = (part.arrays[0].reshape(len(part), -1) for part in (train, test))


class VAE(nn.Module):
    """A picture to a mean and a variance of its code; a code drawn from those to a picture again."""

    def __init__(self, pixels):
        self.encoder = nn.Sequential(nn.Linear(pixels, hidden), nn.ReLU(), nn.Linear(hidden, 2 * code))
        self.decoder = nn.Sequential(nn.Linear(code, hidden), nn.ReLU(), nn.Linear(hidden, pixels))

    def forward(self, x):
        mean, log_variance = self.encoder(x).chunk(2, axis=1)
        drawn = mean + (log_variance / 2).exp() * gradus.randn_like(mean)
        return self.decoder(drawn), mean, log_variance


model = VAE(x.shape[1])


def loss(x):
    """-E log p(x | code) + KL(q(code | x) || normal), nats a picture: what `loss` names is lowered, the rest shown."""
    logits, mean, log_variance = model(x)
    reconstruction = F.binary_cross_entropy_with_logits(logits, x, reduction="sum") / len(x)
    divergence = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum() / len(x)
    return {"loss": reconstruction + divergence, "reconstruction": reconstruction, "divergence": divergence}


optimizer = optim.Adam(model.parameters(), lr=schedules.cosine(lr, steps=epochs * -(-len(x) // 100)))
fit_unsupervised(loss, optimizer, x, epochs=epochs, batch_size=100)  # compiled, an epoch at a time

with gradus.no_grad():
    figure = float(np.mean([loss(gradus.tensor(part))["loss"].item() for part in np.array_split(held, 10)]))
    shown = gradus.sigmoid(model.decoder(gradus.randn(40, code))).numpy()
p = x.mean(axis=0)
usual = -(held * np.log(p + 1e-6) + (1 - held) * np.log(1 - p + 1e-6)).sum(axis=1).mean()
print(f"the mean picture for all: {usual:.1f} nats a picture")
print(f"nats a picture of the variational autoencoder, on test pictures: {figure:.1f}")
