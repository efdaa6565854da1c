"""House prices from a table: numbers as they are, and a vector learned for each zip code.

The full run takes 3 seconds; it reads king_county/kc_house_data.csv in $GRADUS_DATA. The figure at the end: the
median error of the price on houses never seen, in percent; a ridge of straight lines and one-hot codes stands beside
it.
"""

import os
import sys
from pathlib import Path

import numpy as np

import gradus
from gradus import nn, optim
from gradus.data import Standardizer, Table, TableTransform, TensorDataset, read_csv
from gradus.optim import schedules

fast = "--fast" in sys.argv
epochs = 15 if fast else 60
gradus.seed(0)

if fast:  # made houses: each of 20 places has a price of its own for a square foot
    rng = np.random.default_rng(0)
    place, area, age = rng.integers(0, 20, 1500), rng.uniform(500, 4000, 1500), rng.uniform(0, 100, 1500)
    price = area * (100 + 30 * rng.permutation(20)[place]) * np.exp(-age / 200 + 0.05 * rng.normal(size=1500))
    table = Table({"price": price, "zipcode": [f"{98000 + p}" for p in place], "area": area, "age": age})
else:
    file = Path(os.environ["GRADUS_DATA"], "king_county", "kc_house_data.csv")
    table = read_csv(file, text=("id", "date", "zipcode")).drop("id", "date")

order = gradus.permutation(len(table))
cut = len(table) * 4 // 5
learn, held = table.rows(order[:cut]), table.rows(order[cut:])
price = Standardizer.fit(learn.numbers("price"), log=True, name="price")
features = TableTransform().fit(learn.drop("price", "zipcode"))
codes = {code: i + 1 for i, code in enumerate(sorted(set(learn["zipcode"])))}  # 0 is for codes never seen


def part(rows):
    """Numbers (n, d), codes (n,) and log prices (n, 1); a model is called with all but the last."""
    zips = [codes.get(code, 0) for code in rows["zipcode"]]
    return TensorDataset(features.transform(rows), zips, price.transform(rows.numbers("price"))[:, None])


class Prices(nn.Module):
    """The numbers and the vector of the zip code, side by side, through two hidden layers."""

    def __init__(self, numbers, codes, size=8, hidden=64):
        self.place = nn.Embedding(codes, size)
        self.layers = nn.Sequential(
            *(nn.Linear(numbers + size, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU()),
            nn.Linear(hidden, 1),
        )

    def forward(self, numbers, codes):
        return self.layers(gradus.concatenate([numbers, self.place(codes)], axis=1))


train, test = part(learn), part(held)
model = Prices(train.arrays[0].shape[1], len(codes) + 1)
rate = schedules.one_cycle(5e-3, steps=epochs * -(-len(train) // 128))
trainer = gradus.Trainer(model, "mse", optim.AdamW(model.parameters(), lr=rate, weight_decay=0.02))
trainer.fit(train, test, epochs=epochs, batch_size=128)


def median_error(logs):
    """The median of |predicted - price| / price, in percent."""
    predicted, true = price.inverse(np.asarray(logs).ravel()), held.numbers("price")
    return float(np.median(abs(predicted - true) / true) * 100)


def columns(data):
    """Numbers, one column for each code, and a one: what straight lines are fitted to."""
    return gradus.concatenate([data.arrays[0], nn.functional.one_hot(data.arrays[1], len(codes) + 1)], axis=1)


A, y = columns(train).astype("float64"), train.arrays[2].astype(float)
lines = gradus.linalg.solve(A.T @ A + gradus.eye(A.shape[1]), A.T @ y)
print(f"straight lines and one-hot codes: median error {median_error(columns(test) @ lines):.2f} %")
figure = median_error(trainer.predict(test))
print(f"median error of the network's prices, percent: {figure:.2f}")
