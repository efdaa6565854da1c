"""Batch normalisation trains a network of six layers from initial weights of nearly any size.

The first 1,000 pictures of MNIST, five hidden layers of 100 units with ReLU, plain descent: from initial weights of 16
sizes, with a standard deviation from 1 to 0.0001, a network with batch normalisation and one without are trained.
"""

import numpy as np
from _published import Claim, Figure, Work
from matplotlib.figure import Figure as Picture

from gradus.data import Subset
from gradus.draw import BLUE, ORANGE, new_figure, styled
from gradus.inspect import compare_batch_norm

CLAIM = Claim(
    source='Ioffe and Szegedy 2015; Saitoh 2016, "Deep Learning from Scratch", section 6.3, batch normalisation',
    figures=(
        Figure("sizes of 16 from which it ends with the smaller loss", "where plain nets stall", 14.0, True, 0),
        Figure("sizes of 16 from which the plain network stays below 50 % accuracy", paper="most", digits=0),
    ),
    differs="Nothing but the drawing of the numbers. Loss and accuracy are those on the training pictures, as there; "
    "the test data are not read.",
)
FAST = {"pictures": 200, "scales": (1.0, 0.1, 0.01), "epochs": 10, "lr": 0.1}


def measure(
    work: Work,
    *,
    pictures: int = 1000,
    scales: tuple[float, ...] = tuple(round(float(s), 6) for s in np.logspace(0, -4, 16)),
    epochs: int = 20,
    batch_size: int = 100,
    lr: float = 0.01,
) -> dict[str, float]:
    """Train both from each size, and see how they end."""
    train, _ = work.data("mnist")
    runs = compare_batch_norm(
        Subset(train, range(pictures)), scales, epochs=epochs, batch_size=batch_size, lr=lr, seed=work.seed
    )
    work.losses = [run.normed_loss.tolist() for run in runs]
    work.shown = {str(run.scale): np.stack([run.plain_accuracy, run.normed_accuracy]) for run in runs}
    names = [figure.name for figure in CLAIM.figures]
    stalled = [not run.plain_accuracy[-1] >= 0.5 for run in runs]
    return dict(zip(names, (sum(run.norm_wins for run in runs), sum(stalled)), strict=True))


def draw(shown: dict[str, np.ndarray]) -> dict[str, Picture]:
    """Accuracy against epochs, a panel for each size."""
    with styled():
        rows = -(-len(shown) // 4)
        figure = new_figure(10, 0.6 + 2.1 * rows)
        panels = figure.subplots(rows, 4, sharex=True, sharey=True, squeeze=False).flat
        for axes, (scale, (plain, normed)) in zip(panels, shown.items(), strict=False):
            epochs = range(1, len(plain) + 1)
            axes.plot(epochs, 100 * normed, color=BLUE, label="with batch normalisation")
            axes.plot(epochs, 100 * plain, "--", color=ORANGE, label="without")
            if np.isnan(plain[-1]):
                axes.text(1, 90, "without: diverged", color=ORANGE, fontsize=9)
            axes.set_title(f"standard deviation {float(scale):.2g}", fontsize=9)
            axes.set_ylim(0, 103)
        figure.supxlabel("epoch", fontsize=10)
        figure.supylabel("training accuracy, %", fontsize=10)
        figure.legend(*axes.get_legend_handles_labels(), loc="outside upper center", ncols=2, frameon=False)
    return {"": figure}
