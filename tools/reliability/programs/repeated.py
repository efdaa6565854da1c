"""What is done again and again while a process is watched: each function does it so often, and says each time."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from unittest.mock import patch

import numpy as np

import gradus
from gradus import Tensor, Trainer, nn, optim
from gradus.compiler import compiled
from gradus.data import DataLoader, TensorDataset
from gradus.errors import GradusError
from gradus.train import LambdaCallback

Done = Callable[[], None]
Doing = Callable[[int, Done], None]


def _network(width: int = 8) -> nn.Module:
    return nn.Sequential(nn.Linear(4, width), nn.ReLU(), nn.Linear(width, 3))


def _trainer(compile: bool | str, width: int = 8) -> Trainer:
    model = _network(width)
    return Trainer(model, "cross_entropy", optim.Adam(model.parameters(), lr=1e-3), compile=compile)


def _data(n: int = 32) -> TensorDataset:
    draw = np.random.default_rng(0)
    return TensorDataset(draw.normal(size=(n, 4)).astype("float32"), draw.integers(0, 3, n))


def _steps(times: int, done: Done, native: bool) -> None:
    trainer = _trainer(False)
    step = gradus.compile(trainer.step) if native else trainer.step
    x, y = _data()[:32]
    for _ in range(times):
        step(Tensor(np.array(x)), Tensor(np.array(y)))
        done()


def _epochs(times: int, done: Done, native: bool, run: bool, progress: bool | None) -> None:
    with tempfile.TemporaryDirectory() as folder:
        told = LambdaCallback(on_epoch_end=lambda trainer, record: done())
        options = {"run": Path(folder) / "run"} if run else {}
        _trainer(native).fit(_data(), _data(), epochs=times, callbacks=[told], progress=progress, **options)


def _shapes(times: int, done: Done, warm: bool) -> None:
    """Of so many versions the function keeps the newest; `warm`: all code is on disk already."""
    with patch.object(compiled, "VERSIONS", min(compiled.VERSIONS, times // 5)):
        for looked_at in (False, True) if warm else (True,):
            loss = gradus.compile(_loss)
            for n in range(times):
                loss(Tensor(np.ones((n + 1, 4), np.float32)))
                if looked_at:
                    done()


def _loss(x: Tensor) -> Tensor:
    return (x * x).sum()


def _predictions(times: int, done: Done, n: int) -> None:
    trainer = _trainer(True)
    x = np.ones((n, 4), np.float32)
    trainer.fit(_data(), progress=False)
    for _ in range(times):
        trainer.predict(x)
        done()


def _models(times: int, done: Done, native: bool) -> None:
    data = _data()
    for _ in range(times):
        _trainer("require" if native else False).fit(data, progress=False)
        done()


def _loaders(times: int, done: Done, **options: object) -> None:
    data = _data()
    for _ in range(times):
        for _ in DataLoader(data, batch_size=8, num_workers=2, **options):
            pass
        done()


def _guards(times: int, done: Done, native: bool) -> None:
    trainer = _trainer(False)
    step = gradus.compile(trainer.step) if native else trainer.step
    x, y = (Tensor(np.array(a)) for a in _data()[:32])
    for _ in range(times):
        with gradus.guard():
            step(x, y)
        done()


def _nan(x: Tensor) -> None:
    with gradus.guard():
        (-x).log().sum().item()


def _mistakes() -> list[Callable[[], object]]:
    x = Tensor(np.ones((2, 3), np.float32))
    model = _network()
    compiled = gradus.compile(lambda a: a @ a)
    branching = gradus.compile(lambda a: a if a.sum() > 0 else -a)
    loader = DataLoader([1, "two", None], num_workers=2)
    return [
        lambda: x @ x,
        lambda: model(x),
        lambda: compiled(x),
        lambda: branching(x),
        lambda: x.reshape(5),
        lambda: x.backward(),
        lambda: model.load_state_dict({}),
        lambda: gradus.load("nowhere"),
        lambda: list(loader),
        lambda: _nan(x + 1),
        lambda: Trainer(model, "nothing", optim.SGD(model.parameters(), lr=0.1)),
        lambda: x.sizes,
    ]


def _errors(times: int, done: Done) -> None:
    mistakes = itertools.cycle(_mistakes())
    for mistake in itertools.islice(mistakes, times):
        try:
            mistake()
        except (GradusError, AttributeError):
            pass
        else:
            raise AssertionError("nothing is said of a mistake")
        done()


def _checkpoints(times: int, done: Done) -> None:
    model = _network()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.safetensors"
        for _ in range(times):
            gradus.save(model, path)
            model.load_state_dict(gradus.load(path))
            done()


def _classes(times: int, done: Done) -> None:
    x = gradus.ones((2, 4))
    for _ in range(times):

        class Network(nn.Module):
            def __init__(self) -> None:
                self.layer = nn.Linear(4, 3)

            def forward(self, x: Tensor) -> Tensor:
                return self.layer(x).tanh()

        Network()(x).sum().backward()
        done()


def _transforms(times: int, done: Done) -> None:
    for _ in range(times):
        _derivatives(gradus.tensor([0.5, 1.0, 1.5], requires_grad=True))
        done()


def _derivatives(x: Tensor) -> None:
    double = gradus.custom_gradient(lambda x: (x * 2, lambda g: g * 2))
    gradus.checkpoint(lambda x: double(x).exp(), x).sum().backward()
    gradus.vmap(lambda a: a * a)(x)
    gradus.hessian(lambda x: (x * x * x).sum(), x)


def _functions(times: int, done: Done) -> None:
    x = gradus.tensor([0.5, 1.0, 1.5])
    for _ in range(times):
        gradus.compile(lambda x: x.exp() + 1)(x)
        done()


def _histories(times: int, done: Done) -> None:
    weight = gradus.tensor([0.5], requires_grad=True)
    for _ in range(times):
        x = weight
        for _ in range(1000):
            x = x * 0.999 + weight
        x.backward()
        weight.grad = None
        done()


REPEATED: dict[str, Doing] = {
    "steps": partial(_steps, native=True),
    "eager-steps": partial(_steps, native=False),
    "epochs": partial(_epochs, native=True, run=True, progress=False),
    "epochs-shown": partial(_epochs, native=True, run=False, progress=None),
    "epochs-eager": partial(_epochs, native=False, run=True, progress=False),
    "shapes": partial(_shapes, warm=True),
    "shapes-anew": partial(_shapes, warm=False),
    "samples": partial(_predictions, n=1),
    "batches": partial(_predictions, n=256),
    "models": partial(_models, native=True),
    "models-eager": partial(_models, native=False),
    "loaders": _loaders,
    "loaders-processes": partial(_loaders, multiprocessing_context="fork"),
    "guards": partial(_guards, native=False),
    "guards-compiled": partial(_guards, native=True),
    "errors": _errors,
    "checkpoints": _checkpoints,
    "histories": _histories,
    "classes": _classes,
    "transforms": _transforms,
    "functions": _functions,
}
