"""Tomorrow's number of views of a page from those of four weeks: a recurrent network against simple rules.

The full run takes 4 seconds; it reads `daily_views`. The figure at the end: the root mean square error of the
logarithm on the last fifth of the days, as a share of that of the best simple rule; below 1 the network is worth it.
"""

import sys

import numpy as np

import gradus
from gradus import datasets, nn, optim
from gradus.data import Standardizer, TensorDataset, windows
from gradus.optim import schedules

fast = "--fast" in sys.argv
DAYS, epochs = 28, 20 if fast else 30
gradus.seed(0)

if fast:  # a made series: a week, a slow wave and noise
    day = np.arange(700)
    noise = np.random.default_rng(0).normal(size=700)
    logs = np.where(day % 7 < 5, 0.4, -0.4) + np.sin(day / 40) + 0.1 * noise
else:
    logs = datasets.daily_series("r").values  # natural logarithms, NaN where a day is missing
samples = windows(logs, DAYS)  # none of them touches a missing day
first = len(samples.y) * 4 // 5  # what comes later tests
scale = Standardizer.fit(samples.y[:first])


def part(rows):
    """The days (n, DAYS, 1) and the day after them (n, 1), standardised as the training part says."""
    return TensorDataset(scale.transform(samples.x[rows])[:, :, None], scale.transform(samples.y[rows])[:, None])


train, test = part(slice(first)), part(slice(first, None))


class Forecaster(nn.Module):
    """Reads the days one after the other; foretells the change from the same day of last week."""

    def __init__(self, hidden=32):
        self.gru, self.out = nn.GRU(1, hidden, batch_first=True), nn.Linear(hidden, 1)

    def forward(self, x):
        _, last = self.gru(x)
        return x[:, -7] + self.out(last[-1])


model = Forecaster()
rate = schedules.one_cycle(5e-3, steps=epochs * -(-len(train) // 64))
trainer = gradus.Trainer(model, "mse", optim.AdamW(model.parameters(), lr=rate, weight_decay=0.01), clip_norm=1.0)
trainer.fit(train, test, epochs=epochs, batch_size=64)


x, true = samples.x[first:], samples.y[first:]


def error(predicted):
    """Root mean square error of the logarithm on the test days."""
    return float(np.sqrt(np.mean((predicted - true) ** 2)))


rules = {"as yesterday": x[:, -1], "as a week ago": x[:, -7], "mean of four such days": x[:, -7::-7].mean(axis=1),
         "last week moved by yesterday's change": x[:, -7] + x[:, -1] - x[:, -8]}  # fmt: skip
errors = {name: error(predicted) for name, predicted in rules.items()}
shown = scale.inverse(trainer.predict(test).numpy()[:, 0])
errors["GRU"] = error(shown)
for name, value in errors.items():
    print(f"{name:40} {value:.4f}")
figure = errors["GRU"] / min(errors[name] for name in rules)
print(f"error of the network by that of the best rule: {figure:.3f}")
