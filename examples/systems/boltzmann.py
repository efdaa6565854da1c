"""Restricted Boltzmann machines: what they learn without labels, how well, and what they dream of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import _script
import numpy as np

import gradus
from gradus import datasets, draw, models
from gradus.train import train_rbm

SMALL = 12  # hidden units of the machine whose likelihood is worked out exactly


def measure(fast: bool, say: Callable[..., None]) -> dict[str, Any]:
    """Ways of learning by the exact likelihood; then a machine of handwritten digits, its filters and its chains."""
    return {"likelihoods": _compared(fast, say), **_digits(fast, say), **_gaussian(fast, say)}


def _compared(fast: bool, say: Callable[..., None]) -> dict[str, list[float]]:
    """The exact log-likelihood after each turn of training, of a machine small enough to know Z."""
    train, test = (part.arrays[0].reshape(-1, 64) for part in datasets.digits())
    train, test = (gradus.tensor((x > 0.5).astype(np.float32)) for x in (train, test))
    ways: dict[str, dict[str, Any]] = {"CD-1": {"lr": 0.1}, "CD-10": {"lr": 0.1, "k": 10}}
    ways["persistent CD-1"] = {"lr": 0.03, "persistent": True, "momentum": 0.5}
    turns, paths, train = (1, {}, train[:1000]) if fast else (12, {}, train)
    say(f"RBM 64-{SMALL} on digits of 8x8: exact log-likelihood of those not seen, nats a picture")
    for name, options in ways.items():
        gradus.seed(0)
        rbm = models.RBM(64, SMALL, chains=100)
        paths[name] = [rbm.log_likelihood(test).mean().item()]
        for turn in range(turns):
            train_rbm(rbm, train, epochs=1 if fast else 15, weight_decay=0.0, seed=turn, progress=False, **options)
            paths[name].append(rbm.log_likelihood(test).mean().item())
        say(f"  {name:16} {paths[name][0]:.1f} before, {paths[name][-1]:.1f} after, log Z {rbm.log_partition():.1f}")
    return paths


def _digits(fast: bool, say: Callable[..., None]) -> dict[str, Any]:
    """A machine of digits in black and white."""
    train, test = datasets.digits() if fast else datasets.mnist()
    x, z = (part.arrays[0].reshape(len(part), -1) for part in (train, test))
    x = x[:1000] if fast else x
    pixels, size, hidden = x.shape[1], train.arrays[0].shape[-1], 32 if fast else 256
    gradus.seed(0)
    rbm = models.RBM(pixels, hidden, chains=100)
    say(f"RBM {pixels}-{hidden} on {len(x):,} pictures")
    history = train_rbm(rbm, x, epochs=1 if fast else 10, progress=not fast)
    if not fast:  # chains that go on teach it what it dreams of by itself
        train_rbm(rbm, x, epochs=5, lr=0.005, persistent=True, seed=1, progress=True)
    v = gradus.tensor(z[:500])
    errors = history["reconstruction"]
    say(f"  squared error of a reconstruction: {errors[0]:.1f} in epoch 1, {errors[-1]:.1f} in epoch {len(errors)}")
    pseudo = rbm.pseudo_log_likelihood(gradus.bernoulli(v)).mean().item()
    say(f"  pseudo-log-likelihood of pictures not seen {pseudo:.1f}")
    energies = [rbm.free_energy(gradus.bernoulli(t)).mean().item() for t in (v, v.reshape(-1)[_shuffled(v)])]
    say(f"  free energy of pictures not seen {energies[0]:.1f}, with their pixels in another order {energies[1]:.1f}")
    every = 5 if fast else 200
    chains = rbm.chain(gradus.bernoulli(gradus.tensor(z[:8])), pictures=9, every=every)
    weights = rbm.weight.numpy()
    strongest = np.argsort(-np.abs(weights).sum(1))[:64]
    shape = (-1, size, size)
    return {
        "filters": weights[strongest].reshape(shape),
        "chains": {f"chain {i + 1}": chains[:, i].reshape(shape) for i in range(chains.shape[1])},
        "steps": [f"{i * every:,}" for i in range(len(chains))],
        "errors": errors,
    }


def _shuffled(v: Any) -> np.ndarray:
    """Places of the same pixels, of each picture in another order."""
    rng = np.random.default_rng(0)
    rows = [i * v.shape[1] + rng.permutation(v.shape[1]) for i in range(len(v))]
    return np.stack(rows)


def _gaussian(fast: bool, say: Callable[..., None]) -> dict[str, Any]:
    """A machine with Gaussian visible units, of clothes in grey."""
    train, test = datasets.digits() if fast else datasets.fashion_mnist()
    x, z = (part.arrays[0].reshape(len(part), -1) for part in (train, test))
    x = x[:1000] if fast else x
    size, mean, std = train.arrays[0].shape[-1], x.mean(0), x.std(0) + 0.1
    gradus.seed(0)
    rbm = models.RBM(x.shape[1], 32 if fast else 256, units="gaussian")
    history = train_rbm(rbm, (x - mean) / std, epochs=1 if fast else 8, lr=0.005, progress=not fast)
    v = gradus.tensor((z[:36] - mean) / std)
    again = rbm.visible_given(rbm.hidden_given(v)).numpy() * std + mean
    errors = history["reconstruction"]
    say(f"Gaussian visible units, on {len(x):,} standardised pictures: squared error a pixel")
    say(f"  {errors[0] / x.shape[1]:.2f} in epoch 1, {errors[-1] / x.shape[1]:.2f} in epoch {len(errors)}")
    shape = (-1, size, size)
    both = {"data": z[:36].reshape(shape), "again": np.clip(again, 0, 1).reshape(shape)}
    rows = {name + " " * i: images[9 * i : 9 * i + 9] for i in range(4) for name, images in both.items()}
    return {"grey": rows}


def draw_all(found: dict[str, Any]) -> Any:
    """The likelihoods, the filters, the chains, and what Gaussian units make of clothes."""
    with draw.styled():
        figure = draw.new_figure(11.5, 10.5)
        grid = figure.add_gridspec(2, 2, height_ratios=[1, 1.15])
        axes = figure.add_subplot(grid[0, 0])
        for name, values in found["likelihoods"].items():
            axes.plot([15 * i for i in range(len(values))], values, "o-", markersize=3.5, label=name)
        axes.set_xlabel("epochs")
        axes.set_ylabel("log p(v), nats a picture")
        axes.legend(frameon=False, loc="lower right")
        axes.set_title(f"Exact log-likelihood of digits not seen, RBM 64-{SMALL}", fontsize=11)
        title = "What 64 hidden units look for (red: on, blue: off)"
        draw.image_grid(figure.add_subplot(grid[0, 1]), found["filters"], 8, title, signed=True)
        title = "Gibbs chains from eight digits: E[v | h]"
        draw.image_rows(
            figure.add_subplot(grid[1, 0]), found["chains"], title, found["steps"], "steps of Gibbs sampling"
        )
        title = "Gaussian visible units: pictures and their reconstructions"
        draw.image_rows(figure.add_subplot(grid[1, 1]), found["grey"], title)
        return figure


def main(arguments: list[str] | None = None) -> dict[str, Any]:
    """Measure and draw."""
    return _script.run(__file__, measure, draw_all, arguments)


if __name__ == "__main__":
    main()
