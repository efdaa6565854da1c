"""Searching: ask the sampler for hyper-parameters, try them, tell it the score; again and again."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ArgumentError, DivergedError, one_of
from ..functional.checks import at_least, at_least_one
from ..train import Callback
from ..train.fitting.interrupt import Interrupt, terminable
from .space import Space, check_space, to_json
from .study import SURPLUS, keep_settings, opened, optuna_, trials_of
from .trial import DIVERGED, DONE, PRUNED, Found, Trial

if TYPE_CHECKING:
    import optuna

SAMPLERS = ("random", "narrow", "tpe", "gp")
UNPRUNED = 5  # trials that go to their end before any is broken off

Objective = Callable[["Attempt"], float]


class Attempt:
    """A trial that is running, as the objective sees it.

    Args:
        params: its hyper-parameters.
        number: which trial it is.
        trial: Optuna's, where there is one: it decides whether the attempt is hopeless.
        prune: whether a hopeless attempt is broken off.

    >>> attempt = Attempt({"lr": 0.1})
    >>> attempt["lr"]
    0.1
    >>> attempt.report(0.5)
    >>> attempt.curve
    [0.5]
    """

    def __init__(self, params: Mapping[str, Any], number: int = 0, trial: Any = None, prune: bool = False) -> None:
        self.params, self.number = dict(params), number
        self.curve: list[float] = []
        self.train_curve: list[float] = []
        self._trial, self._prune = trial, prune

    def __getitem__(self, name: str) -> Any:
        return self.params[name]

    def report(self, score: float, train: float | None = None) -> None:
        """Say the score so far, after an epoch; an attempt that is worse than half of the others ends here.

        Args:
            score: on the validation data.
            train: the same on the training data.
        """
        self.curve.append(float(score))
        if train is not None:
            self.train_curve.append(float(train))
        if self._trial is None:
            return
        if not math.isfinite(score):
            raise DivergedError(f"the score became {score} after epoch {len(self.curve)}")
        self._trial.report(float(score), len(self.curve))
        if self._prune and self._trial.should_prune():
            raise optuna_().TrialPruned


class Report(Callback):
    """Reports to an attempt after each epoch, so that a hopeless one ends; for a Trainer's `callbacks`.

    Args:
        attempt: what the objective was given.
        monitor: the number of the record that is the score.

    >>> attempt = Attempt({})
    >>> Report(attempt).on_epoch_end(None, {"accuracy": 0.7, "val_accuracy": 0.6})
    >>> attempt.curve, attempt.train_curve
    ([0.6], [0.7])
    """

    def __init__(self, attempt: Attempt, monitor: str = "val_accuracy") -> None:
        self.attempt, self.monitor = attempt, monitor

    def on_epoch_end(self, trainer: Any, record: dict[str, Any]) -> None:
        self.attempt.report(record[self.monitor], record.get(self.monitor.removeprefix("val_")))


def search(
    objective: Objective,
    space: Space,
    trials: int,
    sampler: str = "random",
    study: str | Path | None = None,
    better: str = "higher",
    prune: bool = False,
    seed: int = 0,
    problem: Mapping[str, Any] | None = None,
    progress: bool = False,
) -> Found:
    """Look for the hyper-parameters with the best score.

    With a study's file the search goes on where it was interrupted, up to `trials` in all; several processes may share
    the file, each calling this with the same arguments. Ctrl-C, or SIGTERM (see `train.Terminated`), ends the search
    with everything kept that came to an end. The score is one on validation data: who tunes on the test data measures
    nothing any more.

    Args:
        objective: takes an `Attempt`, whose hyper-parameters are `attempt["lr"]`, and gives the score.
        space: the hyper-parameters: a `Range` or a `Choice` for each name.
        trials: how many, with those that the study holds already.
        sampler: "random"; "narrow", random in ranges that are narrowed to the best quarter after each 20 trials;
            "tpe", Optuna's tree-structured Parzen estimator; or "gp", a Gaussian process and expected improvement.
        study: the file; None keeps all in memory.
        better: whether a "higher" or a "lower" score is better.
        prune: break off attempts whose reported score is worse than the median of the others at the same epoch.
        seed: of the sampler.
        problem: what the study is of, besides the space; a study of another problem is refused.
        progress: write a line for each trial to stderr.

    Raises:
        ArgumentError: an argument that makes no sense, or Optuna is not installed.
        CheckpointError: the study's file is of another problem, or no study.

    >>> from gradus.tune import Range
    >>> found = search(lambda attempt: -(attempt["x"] - 0.3) ** 2, {"x": Range(0, 1, log=False)}, 30, "gp")
    >>> abs(found.best.params["x"] - 0.3) < 0.05
    True
    """
    check_space(space)
    check_settings(trials, sampler, seed)
    one_of("search", "better", better, ("higher", "lower"))
    module = optuna_()
    from .sampler import distributions
    from .sampler import sampler as make

    whole = {**(problem or {}), "space": to_json(space), "better": better}
    with terminable(), opened(study, whole, better) as shared:
        shared.sampler = make(sampler, space, seed)
        shared.pruner = module.pruners.MedianPruner(n_startup_trials=UNPRUNED, n_warmup_steps=2)
        keep_settings(shared, {"trials": trials, "sampler": sampler, "seed": seed, "prune": prune})
        show = Lines(trials, better) if progress else None
        while Found(trials_of(shared), better).count() < trials:
            if not _one(shared, objective, distributions(space), trials, prune, show):
                break
        return Found(trials_of(shared), better)


def check_settings(trials: int, sampler: str, seed: int) -> None:
    """Refuse settings with which no search can be made."""
    at_least_one("search", trials=trials)
    at_least(0, "search", seed=seed)
    one_of("search", "sampler", sampler, SAMPLERS)


def _one(
    study: optuna.Study, objective: Objective, space: dict[str, Any], trials: int, prune: bool, show: Lines | None
) -> bool:
    """One trial; false where others are already at work on the last ones.

    Signals wait while the study is written, so that each trial has an end: one that came to it is never lost.
    """
    state, trial = optuna_().trial.TrialState, None
    try:
        with Interrupt() as interrupt:
            trial = study.ask(space)
            claimed = [t for t in trials_of(study) if t.number < trial.number and t.state != "interrupted"]
            surplus = len(claimed) >= trials
            if surplus:
                trial.set_user_attr(SURPLUS, True)
                study.tell(trial, state=state.FAIL)
            interrupt.check()
        if surplus:
            return False
        attempt = Attempt(trial.params, trial.number, trial, prune)
        end, score = _tried(objective, attempt)
        with Interrupt() as interrupt:
            if end == DIVERGED:
                trial.set_user_attr(DIVERGED, True)
            trial.set_user_attr("train", attempt.train_curve)
            study.tell(trial, score, state=state.COMPLETE if end == DONE else state.PRUNED)
            interrupt.check()
    except BaseException:
        if trial is not None:
            with Interrupt():
                study.tell(trial, state=state.FAIL, skip_if_finished=True)
        raise
    if show:
        show(trials_of(study), trial.number)
    return True


def _tried(objective: Objective, attempt: Attempt) -> tuple[str, float | None]:
    """How an attempt ends, and its score if it comes to its end."""
    try:
        score = _number(objective(attempt))
        if not math.isfinite(score):
            raise DivergedError(f"the score is {score}")
    except optuna_().TrialPruned:
        return PRUNED, None
    except DivergedError:
        return DIVERGED, None
    return DONE, score


def _number(score: Any) -> float:
    try:
        return float(score)
    except (TypeError, ValueError):
        raise ArgumentError(f"search: the objective gives the score, a number; got {score!r:.60}") from None


class Lines:
    """Writes a line to stderr for each trial: its settings, its score, the best so far, the time that is left."""

    def __init__(self, trials: int, better: str) -> None:
        self.trials, self.better = trials, better
        self.start, self.before = time.perf_counter(), -1

    def __call__(self, trials: list[Trial], number: int) -> None:
        found = Found(trials, self.better)
        t = next(t for t in trials if t.number == number)
        done = found.count()
        self.before = done - 1 if self.before < 0 else self.before
        settings = ", ".join(f"{n} {v:.3g}" if isinstance(v, float) else f"{n} {v}" for n, v in t.params.items())
        score = f"{t.score:.4f}" if t.score is not None else "-"
        note = "" if t.state == "done" else f" ({t.state})"
        best = f"best {found.best.score:.4f} (trial {found.best.number})" if found.ranked() else "no best yet"
        left = (time.perf_counter() - self.start) / max(1, done - self.before) * (self.trials - done)
        rest = f", {_duration(left)} left" if done < self.trials else ""
        line = f"{done}/{self.trials}  trial {number}: {settings}  score {score}{note}; {best}{rest}\n"
        sys.stderr.write(line)
        sys.stderr.flush()


def _duration(seconds: float) -> str:
    """A time in words.

    >>> _duration(42), _duration(600)
    ('42 s', '10 min')
    """
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
