"""The benchmarks' convolutional networks are the same in every framework: first losses, dropout left out."""

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
    from benchmarks import with_gradus, with_torch

    w = find(name)
    model = w.model
    w = replace(w, x=(4, *w.x[1:]), y=(4,), model=lambda nn: model(Sober(nn)))
    runners = [with_gradus.training(w), with_torch.training(w), with_torch.training(w, channels_last=True)]
    if importlib.util.find_spec("jax"):
        from benchmarks import with_jax

        runners.append(with_jax.training(w))
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
