"""Backpropagation made visible: a computation graph with its gradients, a check by differences, gradients in depth."""

from __future__ import annotations

import numpy as np
from _script import run

import gradus
from gradus import datasets, draw, inspect, models
from gradus.nn import functional as F

PRICE = "(apples * apple_price + oranges * orange_price) * tax"
VALUES = {"apples": 2, "apple_price": 100, "oranges": 3, "orange_price": 150, "tax": 1.1}


def measure(fast, say):
    say(f"{PRICE}, with {', '.join(f'{name} = {value}' for name, value in VALUES.items())}")
    price = inspect.expression(PRICE, VALUES)
    graph = inspect.graph(price.result, price.variables)
    say("\nForward, node by node:")
    for step in graph.forward():
        say(f"  {step.text}")
    say("\nBackward:")
    for step in graph.backward():
        say(f"  {step.text}")

    train, _ = datasets.digits() if fast else datasets.mnist()
    x, y = train[np.arange(100)]
    sizes = [x[0].size, 50, 10]
    gradus.seed(0)
    check = inspect.check_model_gradients(models.MLP(sizes), F.cross_entropy, x, y, sample=5 if fast else 100)
    say(f"\nGradients of a network {'-'.join(map(str, sizes))} with ReLU, by backpropagation and by differences:")
    say(check)

    depths = (2, 5, 10) if fast else (2, 5, 10, 20, 50)
    norms = {kind: inspect.gradients_by_depth(x, y, depths, kind) for kind in ("sigmoid", "relu")}
    say("\nNorm of the gradient before the first step, of the first layer and of the last:")
    for kind, found in norms.items():
        for depth, of_layers in found.items():
            say(f"  {kind:7} {depth:2} layers  {of_layers[0]:9.2e}  {of_layers[-1]:9.2e}")
    return graph, check, norms


def draw_panels(found):
    graph, check, norms = found
    with draw.styled():
        figure = draw.new_figure(12, 13.5)
        upper, lower = figure.subfigures(2, 1, height_ratios=[2.35, 1])
        walks = {
            "1. Forward: each node passes its value on (blue)": graph.drawing(backward=0, result="to pay"),
            "2. Back, halfway: the gradient of what is to pay (red)": graph.drawing(backward=3, result="to pay"),
            "3. Back, done: how much more is to pay for one more of each": graph.drawing(result="to pay"),
        }
        for axes, (title, drawing) in zip(upper.subplots(3, 1), walks.items(), strict=True):
            draw.graph_on(axes, drawing, title)
        left, *panels = lower.subplots(1, 3)
        _check_on(left, check)
        smallest = min(values.min() for of_depths in norms.values() for values in of_depths.values())
        for axes, (kind, of_depths) in zip(panels, norms.items(), strict=True):
            lines = {f"{depth} layers": values for depth, values in of_depths.items()}
            title = "sigmoid: it vanishes" if kind == "sigmoid" else "ReLU, He's first weights: it stays"
            draw.by_layer_on(axes, lines, "norm of the gradient", title)
            axes.set_ylim(smallest / 10, 100)
        return figure


def _check_on(axes, check):
    """The gradient of each element by differences against that by backpropagation."""
    for tensor, colour in zip(check.tensors, (draw.BLUE, draw.ORANGE, draw.GREEN, draw.RED), strict=False):
        axes.plot(tensor.analytic, tensor.numerical, ".", color=colour, label=tensor.name.removeprefix("layers."))
    axes.set_xlabel("gradient by backpropagation")
    axes.set_ylabel("by differences")
    axes.set_title(f"the two agree: largest relative\ndifference {check.largest:.0e}")
    axes.legend(frameon=False)


def main(arguments=None):
    return run(__file__, measure, draw_panels, arguments)


if __name__ == "__main__":
    main()
