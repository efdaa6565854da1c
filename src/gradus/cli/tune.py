"""`gradus tune`: look for the hyper-parameters with which a model does best on the validation data."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .. import startup
from ..bounded.contents import as_errors
from ..errors import ArgumentError, CheckpointError, warn
from ..process.parent import end_after, input_ends

if TYPE_CHECKING:
    from ..tune import Found, Tuning

KINDS = {"lr": float, "weight_decay": float, "batch_size": int, "epochs": int, "optimizer": str, "schedule": str}
USUAL = {"sampler": "tpe", "trials": 30, "seed": 0, "prune": True}
PATIENCE = 3.0  # seconds for the workers to end by the Ctrl-C that reached them, too
AROUND = 30.0  # without any range: learning rates from so many times less than the usual one to so many times more


@click.command(short_help="Search for hyper-parameters; several processes, resume.")
@click.argument("model", required=False)
@click.option("--data", metavar="NAME", help="Data set; `gradus data` lists them.  [default: digits]")
@click.option("--lr", metavar="LOW:HIGH", help="Learning rate.")
@click.option("--weight-decay", metavar="LOW:HIGH", help="Weight decay of the optimizer.")
@click.option("--batch-size", metavar="LOW:HIGH", help="Samples a step; also 32,64,128.")
@click.option("--epochs", metavar="N", help="Times that the training data are gone through; also LOW:HIGH.")
@click.option("--optimizer", metavar="A,B", help="sgd, momentum, nesterov, adagrad, rmsprop, adam or adamw.")
@click.option("--schedule", metavar="A,B", help="Of the learning rate: constant, cosine or one_cycle.")
@click.option("--limit", type=int, metavar="N", help="Train on N samples only.")
@click.option("--trials", type=int, metavar="N", help="How many, with those the study has already.  [default: 30]")
@click.option("--sampler", metavar="NAME", help="random, narrow, tpe or gp.  [default: tpe]")
@click.option("--prune/--no-prune", default=None, help="Break off hopeless trials.  [default: prune]")
@click.option("--seed", type=int, help="Of the trials and of the sampler.  [default: 0]")
@click.option("--study", type=click.Path(path_type=Path), metavar="FILE", help="To make, or to go on with.")
@click.option("--processes", type=click.IntRange(1), default=1, metavar="K", help="So many at once, sharing the study.")
@click.option("--out", type=click.Path(path_type=Path), metavar="PNG", help="Chart.  [default: beside the study]")
@click.option("-q", "--quiet", is_flag=True, help="Show no progress, only the result.")
@click.option("--worker", metavar="I/K", hidden=True, help="One of several processes that share a study.")
def tune(model: str | None, study: Path | None, processes: int, out: Path | None, **options: Any) -> None:
    """Search for the hyper-parameters with which MODEL does best on the validation data.

    A hyper-parameter is given as a range LOW:HIGH (logarithmic), as a choice A,B,C, or as one value that stays.
    Without any range the learning rate is searched for. The score is the accuracy on the validation data, the loss
    where numbers are predicted; the test data are looked at once, at the end, with the best trial.

    The samplers: random; narrow (random, in ranges that are narrowed to the best quarter again and again); tpe and gp
    (Bayesian: tree-structured Parzen estimator, Gaussian process). The study's file holds all trials: the same command,
    or --study FILE alone, goes on after Ctrl-C. Type it in several terminals, and they share the work.

    \b
    Examples:
      gradus tune mlp --data mnist --limit 5000 --epochs 5 --lr 1e-5:1e-1 --weight-decay 1e-8:1e-3
      gradus tune lenet --data fashion_mnist --epochs 2 --batch-size 16,32,64 --sampler gp --processes 2
      gradus tune --study mlp-mnist.jsonl --trials 100
    """
    quiet, worker = options.pop("quiet"), options.pop("worker")
    if worker:
        end_after(input_ends)
    from ..tune.search import check_settings

    given = {name: value for name, value in options.items() if value is not None}
    tuning, settings, study = _begun(model, study, given)
    check_settings(settings["trials"], settings["sampler"], settings["seed"])
    settings["progress"] = not quiet
    if worker:
        _work(tuning, study, worker, settings)
        return
    tuning.begin(study)
    click.echo(_describe(tuning, settings, study))
    try:
        if processes > 1:
            _together(study, processes, settings)
            settings["progress"] = False
        found = tuning.search(study=study, **settings)
        _finish(tuning, found, study, out)
    except KeyboardInterrupt as stop:
        click.echo(
            f"\nInterrupted; the trials that came to their end are kept. Go on with: gradus tune --study {study}"
        )
        raise click.exceptions.Exit(startup.status(stop)) from None


def _begun(model: str | None, study: Path | None, given: dict[str, Any]) -> tuple[Tuning, dict[str, Any], Path]:
    """What is searched for, how, and the study's file: from the options, or from the file alone."""
    from ..train.recipe import Recipe
    from ..tune import Tuning
    from ..tune.space import from_json
    from ..tune.study import problem_of

    how = {name: given.pop(name) for name in USUAL if name in given and name != "seed"}
    if study is not None and model is None and not {n for n in given if n != "seed"}:
        problem, before = problem_of(study)
        names = Recipe.__dataclass_fields__
        if "space" not in problem or "data" not in problem:
            raise CheckpointError(f"{study} is a study of gradus.tune.search, not of `gradus tune`. Take another file.")
        with as_errors(CheckpointError, f"{study} is damaged", "Take a copy that is whole, or another file."):
            space = from_json(problem["space"])
            recipe = Recipe.from_json({n: v for n, v in problem.items() if n in names})
        return Tuning(recipe, space), USUAL | before | how | given, study
    if model is None and not {n for n in given if n != "seed"}:
        raise click.UsageError(
            "Missing argument 'MODEL'. Say what to search for, as in `gradus tune mlp --data mnist`, or go on with a "
            "study: `gradus tune --study FILE`."
        )
    recipe, space = _problem(model, given)
    tuning = Tuning(recipe, space)
    file = study or Path(f"{tuning.recipe.model}-{tuning.recipe.data}.jsonl")
    return tuning, USUAL | how | {"seed": recipe.seed}, file


def _problem(model: str | None, given: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """The recipe and the space that the options say."""
    from ..train.material import material
    from ..train.recipe import Recipe
    from ..tune import Choice, Range
    from ..tune.space import parsed

    values = {n: parsed(f"--{n.replace('_', '-')}", v, KINDS[n]) if n in KINDS else v for n, v in given.items()}
    space = {n: v for n, v in values.items() if isinstance(v, (Range, Choice))}
    recipe = Recipe(model=model, **{n: v for n, v in values.items() if n not in space})
    if not space:
        if "lr" in values:
            raise ArgumentError("there is nothing to search: give a range, as in --lr 1e-4:1e-1")
        whole = material(recipe)
        usual = recipe.completed(whole.preprocessing, len(whole.train)).lr
        space = {"lr": parsed("--lr", f"{usual / AROUND:.1g}:{usual * AROUND:.1g}")}
    return recipe, space


def _describe(tuning: Tuning, settings: dict[str, Any], study: Path) -> str:
    r = tuning.recipe
    space = ", ".join(f"{name} {part}" for name, part in tuning.space.items())
    how = f"{settings['trials']} trials, sampler {settings['sampler']}" + (", pruned" if settings["prune"] else "")
    return f"{r.model} on {r.data}: {space}\n{how}; score {tuning.monitor}; study {study}"


def _together(study: Path, processes: int, settings: dict[str, Any]) -> None:
    """Start workers that share the study, and wait for them.

    Each waits for the end of its standard input, and ends itself then; so none is left behind, whatever ends this one.
    """
    from ..train.fitting.interrupt import terminable

    words = ["--study", str(study), "--trials", str(settings["trials"]), "--sampler", settings["sampler"]]
    words += ["--seed", str(settings["seed"]), "--prune" if settings["prune"] else "--no-prune"]
    words += [] if settings["progress"] else ["--quiet"]
    command = [sys.executable, "-m", "gradus", "tune", *words, "--worker"]
    workers = [subprocess.Popen([*command, f"{i}/{processes}"], stdin=subprocess.PIPE) for i in range(processes)]
    try:
        with terminable():
            ended = [worker.wait() for worker in workers]
    except KeyboardInterrupt:
        _end(workers)
        raise
    if any(status > 0 for status in ended):
        raise ArgumentError(f"a process of the search ended with status {max(ended)}; see above")
    if any(ended):
        killed = signal.Signals(-min(ended)).name
        warn(f"a process of the search was killed, by {killed}; its trial is made again")


def _end(workers: Sequence[subprocess.Popen[bytes]]) -> None:
    """Wait for processes that Ctrl-C has reached too, or if it has not within some seconds, end them."""
    until = time.monotonic() + PATIENCE
    for worker in workers:
        with suppress(subprocess.TimeoutExpired):
            worker.wait(max(0.0, until - time.monotonic()))
    for worker in workers:
        worker.stdin.close()  # type: ignore[union-attr]
    for worker in workers:
        worker.wait()


def _work(tuning: Tuning, study: Path, worker: str, settings: dict[str, Any]) -> None:
    """Be one of several processes: on a share of the processors, so that they do not stand in each other's way."""
    from ..compiler import num_threads, set_num_threads

    number, of = map(int, worker.split("/"))
    if hasattr(os, "sched_setaffinity"):
        own = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, own[number::of] or {own[number % len(own)]})
    else:
        set_num_threads(max(1, num_threads() // of))
    try:
        tuning.search(study=study, **settings)
    except KeyboardInterrupt as stop:
        raise click.exceptions.Exit(startup.status(stop)) from None


def _finish(tuning: Tuning, found: Found, study: Path, out: Path | None) -> None:
    """Say what was found, test the best, draw the chart."""
    from .. import draw
    from ..tune import table

    counts = _counts([t.state for t in found.trials])
    click.echo(f"\n{len(found.trials)} trials: {counts}\n\n{table(found)}")
    values, looks = tuning.test(found, study)
    scores = ", ".join(f"{name} {value:.4f}" for name, value in values.items())
    click.echo(f"\nThe best, trial {found.best.number}, on the test data: {scores}")
    if looks > 1:
        click.echo(f"(Test data looked at for {looks} trials of this study by now: the more, the less they say.)")
    click.echo(f"Train it: {tuning.with_params(found.best.params).command()}")
    if draw.available():
        chart = out or study.with_suffix(".png")
        draw.save_png(draw.trials(found.trials, tuning.better, tuning.monitor), chart)
        click.echo(f"\nChart  {chart}")
    else:
        click.echo("\nNo chart: matplotlib is not installed. pip install matplotlib")
    click.echo(f"Study  {study}")


def _counts(states: Sequence[str]) -> str:
    """How many of each kind, as words.

    >>> _counts(["done", "pruned", "done"])
    '2 done, 1 pruned'
    """
    return ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(states))
