"""A look at an optimizer: whether it trains the model, and whether its schedule lasts."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...autograd import no_grad
from ...errors import ArgumentError, GradientError, MistakeWarning, warn
from ...nn import Module
from ...nn.core import looks
from ...optim import Optimizer
from ...tensor import Tensor

_GONE = 1e-6  # of a learning rate: nothing more is learned


def check_optimizer(optimizer: Any, model: Module) -> None:
    """Refuse what is no optimizer, and one that trains something else."""
    own = {id(p) for p in model.parameters()}
    if not own:
        raise ArgumentError(
            f"{type(model).__name__} has no parameters, there is nothing to train", mistake="model-without-parameters"
        )
    if not isinstance(optimizer, Optimizer):
        got = f"the class {optimizer.__name__}" if isinstance(optimizer, type) else repr(optimizer)
        raise ArgumentError(
            f"the optimizer is {got}. Make one that holds the model's parameters: "
            "gradus.optim.Adam(model.parameters(), lr=1e-3).",
            mistake="optimizer-class-given",
        )
    if not any(id(p) in own for p in optimizer.params):
        raise ArgumentError(
            f"the optimizer trains other tensors: none of its {len(optimizer.params)} is a parameter of this "
            f"{type(model).__name__}. Make it after the model: {type(optimizer).__name__}(model.parameters(), ...).",
            mistake="optimizer-of-another-model",
        )
    looks.belongs(optimizer, model)


def require_unfrozen(optimizer: Optimizer, model: Module) -> None:
    """Refuse to train where all is frozen."""
    if not any(p.requires_grad for p in optimizer.params):
        raise GradientError(
            f"fit: no parameter that the optimizer holds requires a gradient, so {type(model).__name__} is frozen and "
            "would not change. Unfreeze the model, model.requires_grad_(), or a part: model.layers.requires_grad_().",
            mistake="all-is-frozen",
        )


def look_at_schedule(optimizer: Optimizer, steps: int) -> None:
    """Warn of a rate that is gone before half of the training is done: one that was told epochs, and counts steps."""
    schedule = optimizer._schedule
    if schedule is None or steps < 4:
        return
    with no_grad():
        rates = [abs(float(schedule(Tensor(np.array(float(step)))))) for step in np.linspace(0, steps - 1, 32).round()]
    if max(rates[16:]) <= _GONE * max(rates):
        warn(
            f"the learning rate falls to {max(rates[16:]):g} before half of the {steps} steps are done. Schedules "
            "count steps, an epoch has as many as there are batches: steps=epochs * len(loader).",
            MistakeWarning,
            mistake="steps-counted-as-epochs",
        )
