"""Initial values: what comes out of five layers by the size of the first weights, and how batch normalisation helps."""

from __future__ import annotations

import numpy as np
from _script import run

from gradus import datasets, draw, inspect
from gradus.data import Subset

ENDS = {"sigmoid": (0, 1), "tanh": (-1, 1), "relu": (0, 3)}
INITIAL = {"1": "std 1", "0.01": "std 0.01", "Xavier": "Xavier, 1/√n", "He": "He, √(2/n)"}


def measure(fast, say):
    spread = {}
    say("Standard deviation of what each of 5 layers of 100 units gives, for 1,000 random inputs; and of one unit of")
    say("the last layer over the inputs, that is, what is left there of their differences:")
    for activation in ENDS:
        for initial in INITIAL:
            layers = inspect.signals(activation, initial, samples=100 if fast else 1000)
            spread[activation, initial] = layers
            numbers = "  ".join(f"{a.std():8.2g}" for a in layers)
            say(f"  {activation:7} {initial:6}  {numbers}   one unit {layers[-1].std(axis=0).mean():.2g}")

    train, _ = datasets.digits() if fast else datasets.mnist()
    few = Subset(train, range(200 if fast else 1000))
    scales = inspect.SCALES[::8] if fast else inspect.SCALES
    runs = inspect.compare_batch_norm(few, scales, epochs=2 if fast else 20)
    say(f"\nTraining loss and accuracy after {len(runs[0].plain_loss)} epochs on {len(few):,} images:")
    say("  first weights    without        with BatchNorm")
    for r in runs:
        diverged = np.isnan(r.plain_loss[-1])
        plain = "diverged" if diverged else f"{r.plain_loss[-1]:.3f}  {r.plain_accuracy[-1]:6.1%}"
        say(f"  std {r.scale:<8.3g}     {plain:14}  {r.normed_loss[-1]:.3f}  {r.normed_accuracy[-1]:6.1%}")
    say(f"BatchNorm ends with the smaller loss for {sum(r.norm_wins for r in runs)} of {len(runs)} sizes.")
    return spread, runs


def draw_panels(found):
    spread, runs = found
    with draw.styled():
        figure = draw.new_figure(12, 13)
        upper, lower = figure.subfigures(2, 1, height_ratios=[2, 1])
        upper.suptitle("What five layers of 100 units give, by the first weights (beside each layer: its spread)")
        for axes, ((activation, initial), layers) in zip(upper.subplots(3, 4).flat, spread.items(), strict=True):
            named = {f"layer {i}": a for i, a in enumerate(layers, 1)}
            relu = activation == "relu"
            title = f"{'ReLU' if relu else activation}, {INITIAL[initial]}"
            panel = draw.Ridges.of(title, named, ENDS[activation], zeros=not relu)
            draw.ridges_on(axes, panel, "activation, zeros left out\n(last bar: 3 and more)" if relu else "activation")
        columns = min(8, len(runs))
        lower.suptitle("Accuracy on the training images, epoch by epoch, by the size of the first weights")
        panels = lower.subplots(-(-len(runs) // columns), columns, sharex=True, sharey=True, squeeze=False)
        for axes, r in zip(panels.flat, runs, strict=True):
            epochs = np.arange(1, len(r.plain_loss) + 1)
            axes.plot(epochs, r.normed_accuracy, color=draw.BLUE, label="with BatchNorm")
            axes.plot(epochs, r.plain_accuracy, color=draw.ORANGE, label="without")
            axes.set_title(f"std {r.scale:.2g}", fontsize=10)
            axes.set_ylim(0, 1.03)
            if np.isnan(r.plain_accuracy[-1]):
                axes.text(0.97, 0.05, "without:\ndiverged", color=draw.ORANGE, ha="right", transform=axes.transAxes)
        for axes in panels[-1]:
            axes.set_xlabel("epoch")
        for axes in panels[:, 0]:
            axes.set_ylabel("accuracy")
        lower.legend(*panels[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False)
        return figure


def main(arguments=None):
    return run(__file__, measure, draw_panels, arguments)


if __name__ == "__main__":
    main()
