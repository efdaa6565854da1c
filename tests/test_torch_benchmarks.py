"""The benchmarks' networks are the same in every framework: first losses, dropout left out."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.networks import NETS  # noqa: E402
from benchmarks.records import Prediction, Training  # noqa: E402
from benchmarks.runner import Runner  # noqa: E402
from benchmarks.sequences import SEQUENCES  # noqa: E402
from benchmarks.workloads import find  # noqa: E402


class Sober:
    """A namespace of layers in which dropout drops nothing."""

    def __init__(self, nn: Any) -> None:
        self.nn = nn

    def __getattr__(self, name: str) -> Any:
        return (lambda p: self.nn.Dropout(0.0)) if name == "Dropout" else getattr(self.nn, name)


def test_contrastive_divergence_learns_alike() -> None:
    from benchmarks import with_gradus, with_torch

    w = find("rbm")
    runners = [with_gradus.divergence(w), with_torch.divergence(w)]
    if importlib.util.find_spec("jax"):
        from benchmarks import with_jax

        runners.append(with_jax.divergence(w))
    if importlib.util.find_spec("sklearn"):
        from benchmarks import with_sklearn

        runners.append(with_sklearn.divergence(w))
    found = [[float(r.values(r.call())[0]) for _ in range(3)] for r in runners]
    for values in found[1:]:
        np.testing.assert_allclose(values, found[0], rtol=w.agree)


@pytest.mark.parametrize("name", ["lenet_sigmoid", "lenet_relu", "deep_convnet"])
def test_first_losses(name: str) -> None:
    from benchmarks import with_gradus

    w = find(name)
    model = w.model
    w = replace(w, x=(4, *w.x[1:]), y=(4,), model=lambda nn: model(Sober(nn)))
    runners = [with_gradus.training(w), *peers(w, channels_last=True)]
    losses = [[float(runner.call()) for _ in range(3)] for runner in runners]
    for found in losses[1:]:
        np.testing.assert_allclose(found, losses[0], rtol=1e-4)
    assert losses[0][2] != losses[0][0]


@pytest.mark.parametrize("name", [w.name for w in SEQUENCES])
def test_first_losses_over_sequences(name: str) -> None:
    from benchmarks import with_gradus, with_torch

    w = find(name)
    runners = [with_gradus.training(w, compiled=False), with_torch.training(w)]
    found = [[float(r.call()) for _ in range(2)] for r in runners]
    np.testing.assert_allclose(found[1], found[0], rtol=1e-4)


def peers(w: Training | Prediction, channels_last: bool) -> list[Runner]:
    """The workload in PyTorch, in both layouts of pictures, and in JAX, where that is installed."""
    from benchmarks import with_torch

    layouts = (False, True) if channels_last else (False,)
    runners = [getattr(with_torch, w.kind)(w, channels_last=layout) for layout in layouts]
    if importlib.util.find_spec("jax"):
        from benchmarks import with_jax

        runners.append(getattr(with_jax, w.kind)(w))
    return runners


@pytest.mark.parametrize("name", [w.name for w in NETS if w.name != "gru_400"])
def test_networks_of_today(name: str) -> None:
    """Few samples of each, a low rate: what rounding does to the losses stays far below what a wrong layer would."""
    from benchmarks import with_gradus

    w = find(name)
    pictures = len(w.x) == 4
    if isinstance(w, Training):
        n, few = w.x[0], 4
        shape = (20,) if name == "gru_100" else w.x[1:]
        w = replace(w, x=(few, *shape), y=(w.y[0] * few // n, *w.y[1:]), lr=w.lr / 10)
    runners = [getattr(with_gradus, w.kind)(w), *peers(w, channels_last=pictures)]
    found = [np.array([runner.call() for _ in range(3)]) for runner in runners]
    for values in found[1:]:
        np.testing.assert_allclose(values, found[0], rtol=1e-4, atol=1e-5)
    assert isinstance(w, Prediction) or found[0][2] != found[0][0]
