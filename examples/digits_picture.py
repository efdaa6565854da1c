"""Draws the README's picture: a small convolutional network learns the embedded digits, and is looked into."""

from __future__ import annotations

import sys

import numpy as np
from matplotlib.figure import Figure

import gradus
from gradus import datasets, models, optim


def train() -> tuple[gradus.Trainer, gradus.train.History, np.ndarray]:
    """A trained network, its history, and its first layer's filters before training."""
    gradus.seed(0)
    digits, test = datasets.digits()
    model = models.build("convnet", digits.arrays[0].shape[1:], len(digits.classes))
    before = filters(model)
    trainer = gradus.Trainer(model, "cross_entropy", optim.Adam(model.parameters(), lr=1e-3))
    return trainer, trainer.fit(digits, validation=test, epochs=10, batch_size=32), before


def filters(model: gradus.nn.Module) -> np.ndarray:
    """The weights of the first convolution, (filters, height, width), copied."""
    first = next(m for m in model.modules() if isinstance(m, gradus.nn.Conv2d))
    return first.weight.numpy()[:, 0].copy()


def mosaic(images: np.ndarray, columns: int) -> np.ndarray:
    """Images (n, h, w) side by side, a gap between them."""
    images = images[: len(images) // columns * columns]
    framed = np.pad(images.astype(float), ((0, 0), (0, 1), (0, 1)), constant_values=np.nan)
    n, h, w = framed.shape
    return framed.reshape(n // columns, columns, h, w).swapaxes(1, 2).reshape(n // columns * h, columns * w)


def main(path: str) -> None:
    """Train and draw."""
    trainer, history, before = train()
    _, test = datasets.digits()
    x, y = test.arrays
    predicted = trainer.predict(x).argmax(axis=1).numpy()
    figure = Figure(figsize=(11, 3.4), layout="constrained")
    loss, shown, first, learned = figure.subplots(1, 4, width_ratios=[1.3, 1.2, 1, 1])

    for name, label in (("loss", "training"), ("val_loss", "test")):
        loss.plot([r["epoch"] for r in history.records], [r[name] for r in history.records], label=label)
    loss.set(xlabel="epoch", ylabel="cross-entropy", title="The loss falls", ylim=(0, None))
    loss.legend(frameon=False)

    order = np.argsort(predicted == y, kind="stable")[:20]  # mistakes first
    shown.imshow(mosaic(x[order, 0], 5), cmap="gray")
    for i, k in enumerate(order):
        right = predicted[k] == y[k]
        shown.text(i % 5 * 9 + 7.6, i // 5 * 9 + 7.4, str(predicted[k]), ha="right", fontsize=9, weight="bold",
                   color="#7fd18b" if right else "#ff7070")  # fmt: skip
    shown.set_title(f"{(predicted == y).mean():.1%} right; mistakes in red")

    for axes, weights, title in ((first, before, "First filters, untrained"),
                                 (learned, filters(trainer.model), "... and trained")):  # fmt: skip
        limit = abs(weights).max()
        axes.imshow(mosaic(weights, 4), cmap="RdBu", vmin=-limit, vmax=limit)
        axes.set_title(title)
    for axes in (shown, first, learned):
        axes.set_axis_off()
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "digits.png")
