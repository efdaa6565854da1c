"""Neurons: logic gates and an adder of McCulloch-Pitts units, and a perceptron that learns to tell digits apart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import _script
import numpy as np

from gradus import datasets, draw, models

PAIRS = ((0, 1), (1, 7), (2, 6), (3, 8), (4, 9), (3, 5))


def gates(say: Callable[..., None]) -> dict[str, Any]:
    """Each gate's layers and truth table; an adder, tried on all numbers of 4 bits."""
    found = {}
    for name in ("AND", "OR", "NOT", "NAND", "XOR", "XNOR"):
        gate = models.GATES[name]
        layers = [(unit.excitatory.numpy() - unit.inhibitory.numpy(), unit.threshold.numpy()) for unit in gate.layers]
        found[name] = layers, models.truth_table(gate, inputs=layers[0][0].shape[1])
        answers = "  ".join(f"{''.join(map(str, x))}:{y}" for *x, y in found[name][1])
        say(f"{name:<5} {len(layers)} layer{'s' * (len(layers) > 1)} of units   {answers}")
    a, b = (numbers.ravel() for numbers in np.meshgrid(np.arange(16), np.arange(16)))
    bits = models.ripple_adder(models.numbers_to_bits(a, 4), models.numbers_to_bits(b, 4))
    right = int((models.bits_to_numbers(bits) == a + b).sum())
    say(f"a ripple adder of those gates: {right} of {len(a)} sums of two 4-bit numbers are right")
    return found


def measure(fast: bool, say: Callable[..., None]) -> dict[str, Any]:
    networks = gates(say)
    (x, y), _ = (part.arrays for part in (datasets.digits() if fast else datasets.mnist()))
    n, mistakes, totals = (60 if fast else 1000), {}, {}
    corners = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    for name in ("OR", "XOR"):
        table = models.truth_table(models.GATES[name])
        learned = models.Perceptron(2).learn(corners, table[:, 2], max_epochs=100)
        say(f"\na perceptron learns {name}: {learned.message}")
        mistakes[name] = learned.mistakes
    say(f"\n{'digits':<8}{'samples':>8}{'passes':>8}{'mistakes':>10}{'margin':>10}{'radius':>10}{'bound':>10}")
    for pair in PAIRS[:2] if fast else PAIRS:
        rows = np.concatenate([np.flatnonzero(y == digit)[:n] for digit in pair])
        rows = np.sort(rows)
        unit = models.Perceptron(x[0].size)
        learned, margin = unit.learn(x[rows], y[rows]), models.widest_margin(x[rows], y[rows])
        name = f"{pair[0]} or {pair[1]}"
        passes, made, bound = len(learned.mistakes), learned.total, margin.bound
        say(f"{name:<8}{len(rows):>8,}{passes:>8}{made:>10,}{margin.gamma:>10.4f}{margin.radius:>10.2f}{bound:>10,.0f}")
        mistakes[name], totals[name] = learned.mistakes, (made, bound)
        weights = unit.weight.numpy().reshape(x.shape[-2:])
    shown = ("OR", "XOR", "0 or 1", name)
    title = f"What it weighs\n(blue: for {pair[1]}, red: for {pair[0]})"
    return {
        "networks": networks,
        "mistakes": {k: mistakes[k] for k in shown},
        "totals": totals,
        "weights": weights,
        "title": title,
    }


def main(arguments: Sequence[str] | None = None) -> None:
    _script.run(__file__, measure, lambda found: draw.neurons(**found), arguments)


if __name__ == "__main__":
    main()
