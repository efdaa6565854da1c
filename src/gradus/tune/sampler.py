"""Samplers of Optuna's kind: the places that `proposals` find, and Optuna's own TPE. Imports optuna: only when needed.

Each trial draws from its own stream of random numbers, made of the seed and the trial's number. So a search that was
interrupted draws as one that was not, and several processes never draw the same.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers import BaseSampler, TPESampler
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState

from .proposals import FIRST, PROPOSALS, Propose, uniform
from .space import Choice, Range, Space, from_unit, to_unit

SAMPLERS = (*PROPOSALS, "tpe")


def distributions(space: Space) -> dict[str, BaseDistribution]:
    """The space in Optuna's words."""
    return {name: _distribution(part) for name, part in space.items()}


def _distribution(part: Range | Choice) -> BaseDistribution:
    if isinstance(part, Choice):
        return CategoricalDistribution(part.options)
    if part.whole:
        return IntDistribution(int(part.low), int(part.high), log=part.log)
    return FloatDistribution(part.low, part.high, log=part.log)


class Sampler(BaseSampler):
    """Takes the places of all trials so far to a function that proposes the next one."""

    def __init__(self, space: Space, propose: Propose, seed: int) -> None:
        self.space, self.propose, self.seed = space, propose, seed

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        return distributions(self.space)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: Mapping[str, BaseDistribution]
    ) -> dict[str, Any]:
        g = np.random.default_rng([self.seed, trial.number])
        points, scores = tried(study, self.space)
        return from_unit(self.space, self.propose(g, points, scores, [part.width for part in self.space.values()]))

    def sample_independent(self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: Any) -> Any:
        raise NotImplementedError  # all hyper-parameters are drawn together

    def reseed_rng(self) -> None:
        """Nothing to do: each trial has its own stream."""


class TreeParzen(Sampler):
    """Optuna's tree-structured Parzen estimator: where places are frequent among the good trials and rare elsewhere."""

    def __init__(self, space: Space, seed: int) -> None:
        super().__init__(space, uniform, seed)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: Mapping[str, BaseDistribution]
    ) -> dict[str, Any]:
        seed = int(np.random.SeedSequence([self.seed, trial.number]).generate_state(1)[0])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what Optuna calls experimental
            own = TPESampler(multivariate=True, constant_liar=True, n_startup_trials=FIRST, seed=seed)
            drawn = own.sample_relative(study, trial, dict(search_space))
        return drawn or super().sample_relative(study, trial, search_space)


def sampler(name: str, space: Space, seed: int) -> Sampler:
    """The sampler of that name."""
    return TreeParzen(space, seed) if name == "tpe" else Sampler(space, PROPOSALS[name], seed)


def tried(study: Study, space: Space) -> tuple[np.ndarray, np.ndarray]:
    """The places (n, d) of all trials so far, and their scores (n,), higher is better.

    A pruned trial has the score it was pruned with, a diverged one the worst of all. One that is running elsewhere
    counts as middling, so that others look in other places.
    """
    sign = 1 if study.direction == StudyDirection.MAXIMIZE else -1
    trials = [
        t for t in study.get_trials(deepcopy=False) if t.state != TrialState.FAIL and t.params.keys() == space.keys()
    ]
    scores = [_score(t) for t in trials]
    known = [sign * s for s in scores if s is not None]
    if not known:
        return np.empty((0, sum(part.width for part in space.values()))), np.empty(0)
    middling, worst = float(np.median(known)), min(known)
    missing = [middling if t.state == TrialState.RUNNING else worst for t in trials]
    filled = [m if s is None else sign * s for s, m in zip(scores, missing, strict=True)]
    return np.array([to_unit(space, t.params) for t in trials]), np.array(filled)


def _score(t: FrozenTrial) -> float | None:
    if t.state == TrialState.COMPLETE:
        return t.value
    if t.state == TrialState.PRUNED and t.intermediate_values:
        return t.intermediate_values[max(t.intermediate_values)]
    return None
