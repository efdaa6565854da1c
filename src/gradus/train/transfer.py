"""Transfer: what was learned on one task, put to use on another."""

from __future__ import annotations

import copy

from ..errors import ArgumentError
from ..functional.checks import at_least_one
from ..nn import Linear, Module


def transferred(model: Module, outputs: int, frozen: bool = True) -> Module:
    """A copy of a trained model with a new last layer, for another task.

    The last Linear layer, which knows the old task's classes, is replaced by one with fresh weights. All before it, the
    features, keep what they learned: frozen, they stay so; otherwise they are tuned to the new task with the rest.

    Args:
        model: the trained model; it is left as it is.
        outputs: those of the new last layer.
        frozen: whether the features' parameters are trained no more.

    Raises:
        ArgumentError: the model has no Linear layer.

    Source: Yosinski, Clune, Bengio and Lipson, "How Transferable Are Features in Deep Neural Networks?" (2014).

    >>> from gradus.models import MLP
    >>> new = transferred(MLP([4, 8, 3]), 5)
    >>> [name for name, p in new.named_parameters() if p.requires_grad], new.layers[-1].weight.shape
    (['layers.2.weight', 'layers.2.bias'], (5, 8))
    """
    at_least_one("transferred", outputs=outputs)
    new = copy.deepcopy(model)
    layers = [part for part in new.modules() if isinstance(part, Linear)]
    if not layers:
        raise ArgumentError(f"transferred: {type(model).__name__} has no Linear layer to replace")
    new.requires_grad_(not frozen)
    last = layers[-1]
    fresh = Linear(last.in_features, outputs, bias=last.bias is not None).astype(last.weight.dtype)
    vars(last).update(vars(fresh))
    return new
