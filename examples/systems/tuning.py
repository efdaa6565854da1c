"""Hyper-parameters searched for: at random, by narrowing, by TPE, by a Gaussian process; with and without pruning."""

from collections.abc import Callable

import numpy as np
from _script import run

import gradus
from gradus import datasets, draw, models, nn, optim, tune
from gradus.data import Subset, TensorDataset, random_split

SPACE = {"lr": tune.Range(1e-6, 1e-2), "weight_decay": tune.Range(1e-8, 1e-4)}


class Objective:
    """A network of seven layers on few pictures; the score is the accuracy on those kept for validation."""

    def __init__(self, train: TensorDataset, size: int, epochs: int, compile: bool) -> None:
        few = Subset(train, np.arange(size))
        self.train, self.validation = random_split(few, [0.8, 0.2], seed=0)
        self.epochs, self.compile = epochs, compile

    def trainer(self, lr: float, weight_decay: float) -> gradus.Trainer:
        gradus.seed(0)
        x = self.train[0][0]
        model = models.MLP([x.size, *[100] * 6, 10])
        for name, p in model.named_parameters():
            nn.init.kaiming_normal_(p) if name.endswith("weight") else nn.init.zeros_(p)
        optimizer = optim.SGD(model.parameters(), lr=lr, weight_decay=weight_decay)
        return gradus.Trainer(model, "cross_entropy", optimizer, compile=self.compile)

    def fit(self, trainer: gradus.Trainer, callbacks: list) -> float:
        options = {"epochs": self.epochs, "batch_size": 100, "callbacks": callbacks, "progress": False}
        return trainer.fit(self.train, self.validation, **options).last["val_accuracy"]

    def __call__(self, attempt: tune.Attempt) -> float:
        return self.fit(self.trainer(**attempt.params), [tune.Report(attempt)])


def measure(fast: bool, say: Callable[..., None]) -> dict[str, tune.Found]:
    train, test = datasets.digits() if fast else datasets.mnist()
    objective = Objective(train, size=100 if fast else 500, epochs=3 if fast else 50, compile=not fast)
    trials = 3 if fast else 40
    say(f"{objective.epochs} epochs on {len(objective.train)} pictures, {len(objective.validation)} for validation")
    say(f"lr from {SPACE['lr']}, weight_decay from {SPACE['weight_decay']}; {trials} trials a search")
    found = {}
    say("\nsampler  pruning  best accuracy  lr        weight_decay  mean of all  epochs")
    for sampler, prune in [("random", False), ("random", True), ("narrow", False), ("tpe", False), ("gp", False)]:
        result = tune.search(objective, SPACE, trials, sampler, prune=prune)
        found[sampler + (" pruned" if prune else "")] = result
        best, mean = result.best, np.mean([t.score for t in result.trials if t.score is not None])
        epochs = sum(len(t.curve) for t in result.trials)
        say(
            f"{sampler:8} {'yes' if prune else 'no':8} {best.score:13.3f}  {best.params['lr']:.2e}  "
            f"{best.params['weight_decay']:<12.1e}  {mean:11.3f}  {epochs:6,}"
        )
    pruned = sum(t.state == "pruned" for t in found["random pruned"].trials)
    say(f"\nof {trials} random trials {pruned} were pruned")
    say("\nThe five best of the random search:")
    say(tune.table(found["random"], 5))
    best = max((f.best for f in found.values()), key=lambda t: t.score)
    trainer = objective.trainer(**best.params)
    objective.fit(trainer, [])
    say(f"\nThe best of all on the test data, looked at once: accuracy {trainer.evaluate(test)['accuracy']:.3f}")
    return found


def figure(found: dict[str, tune.Found]):
    searches = {name: f.trials for name, f in found.items() if "pruned" not in name}
    return draw.trials(searches["random"], name="accuracy on the validation data", compared=searches)


def main(arguments=None):
    return run(__file__, measure, figure, arguments)


if __name__ == "__main__":
    main()
