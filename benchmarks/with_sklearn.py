"""The restricted Boltzmann machine in scikit-learn."""

from __future__ import annotations

import numpy as np
from sklearn.neural_network import BernoulliRBM

from .records import Divergence
from .runner import Runner


def divergence(w: Divergence) -> Runner:
    """Its own step, without the checks of `partial_fit`; its chains go on from step to step, five products as well."""
    machine = BernoulliRBM(n_components=w.hidden, learning_rate=w.lr, batch_size=w.n, random_state=0)
    v, rng = w.data(), np.random.RandomState(0)
    machine.partial_fit(v)
    start = w.parameters()
    machine.components_ = np.asarray(start["weight"], order="F")
    machine.intercept_hidden_, machine.intercept_visible_ = start["hidden_bias"], start["visible_bias"]
    state = ("components_", "intercept_hidden_", "intercept_visible_")
    return Runner(lambda: machine._fit(v, rng), values=lambda _: w.judged(*(getattr(machine, n) for n in state)))
