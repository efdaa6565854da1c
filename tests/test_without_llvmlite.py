"""Where llvmlite is missing: everything but native code works, and what needs that says so and how to get it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import gradus
from gradus.compiler.native import target
from gradus.errors import MissingError

SOURCE = Path(gradus.__file__).parents[1]
BEGINNING = """
import sys, warnings
sys.modules["llvmlite"] = None  # as if it were not installed
import numpy as np
import gradus
from gradus import models, nn, optim
from gradus.data import TensorDataset
from gradus.errors import GradusError
from gradus.train import Trainer

rng = np.random.default_rng(0)
data = TensorDataset(rng.normal(size=(2100, 4)).astype("float32"), rng.integers(0, 3, 2100))

def trainer_of(**options):
    gradus.seed(0)
    model = nn.Linear(4, 3)
    return Trainer(model, "cross_entropy", optim.SGD(model.parameters(), lr=0.1), **options)
"""
EAGER = """
x = gradus.tensor([1.0, 2.0], requires_grad=True)
(x * x).sum().backward()
print(x.grad.tolist(), gradus.compiler.num_threads() > 0)
"""
TRAINS = """
ends = []
for compile in (True, False):
    t = trainer_of(compile=compile)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        warnings.filterwarnings("ignore", "the validation data are among the training data")
        t.fit(data, validation=data, epochs=2, progress=False)
        t.fit(data, progress=False)
    ends.append((t.history["loss"], t.evaluate(data), t.predict(data).tolist()))
    print(*(w.message for w in told), sep="\\n")
print("the same" if ends[0] == ends[1] else "different")
"""
REFUSES = """
f = gradus.compile(lambda x: x + 1)
for call in (
    lambda: f(gradus.ones(3)),
    lambda: f.epoch((np.ones(3),), [[0]]),
    lambda: next(f.slices((np.ones(3),), [[0]])),
    lambda: trainer_of(precision="bf16"),
    lambda: gradus.inspect.step_cost(nn.Linear(4, 3), data.arrays[0], data.arrays[1]),
):
    try:
        call()
        print("worked")
    except GradusError as error:
        print(isinstance(error, ImportError), "pip install llvmlite" in str(error))
"""
LOOKS_AND_PRETRAINS = """
from gradus import inspect
from gradus.models import regression
from gradus.train import fit_unsupervised, features
x = rng.random((40, 6)).astype("float32")
rbm = models.RBM(6, 3)
print(rbm.chain(gradus.zeros((4, 6)), pictures=3, every=2).shape)
h = fit_unsupervised(rbm.contrastive_divergence, optim.SGD(rbm.parameters(), lr=0.1), x, epochs=2, progress=False)
print(len(h["loss"]), features(rbm.hidden_given, x).shape, models.DBN([6, 3]).generate(2).shape)
print(regression.descend_line([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0], lr=0.1, steps=300)[1].shape)
net = nn.Linear(6, 3)
print(inspect.fgsm(net, x, rng.integers(0, 3, 40), eps=0.1).attacked.shape)
"""


def run(program: str, *words: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(SOURCE), os.environ.get("PYTHONPATH", "")])
    environment = os.environ | {"PYTHONPATH": path, "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-W", "error", "-c", BEGINNING + program, *words]
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120)


def said(program: str) -> list[str]:
    done = run(program)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_computing_eagerly() -> None:
    assert said(EAGER) == ["[2.0, 4.0] True"]


def test_a_trainer_trains_eagerly_and_says_so_once() -> None:
    first, *rest = said(TRAINS)
    assert first.startswith("Trainer trains eagerly, operation by operation: ")
    assert "No module named" in first or "halted" in first
    assert "pip install llvmlite" in first
    assert rest == ["", "the same"]


def test_what_needs_it_says_so_and_how_to_get_it() -> None:
    assert said(REFUSES) == ["True True"] * 5


def test_what_gradus_would_run_natively_it_runs_eagerly() -> None:
    assert said(LOOKS_AND_PRETRAINS) == ["(3, 4, 6)", "2 (40, 3) (2, 6)", "(300,)", "(40, 6)"]


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["train", "softmax", "--epochs", "1", "--limit", "60"], 0),
        (["train", "--precision", "bf16"], 2),
        (["doctor"], 0),
    ],
)
def test_the_command(words: list[str], status: int, tmp_path: Path) -> None:
    program = (
        'import os; os.chdir(sys.argv.pop(1)); warnings.simplefilter("default"); from gradus import cli; cli.main()'
    )
    done = run(program, str(tmp_path), *words)
    assert done.returncode == status, done.stderr
    assert "pip install llvmlite" in done.stderr + done.stdout
    assert "Traceback" not in done.stderr
    if words[0] == "train" and status == 0:
        assert done.stderr.count("gradus: warning: Trainer trains eagerly") == 1
        assert "accuracy" in done.stdout


def test_an_llvmlite_too_old_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gradus.compiler.native.target.OLDEST_LLVM", 1000)
    with pytest.raises(MissingError, match=r'from 0.45 on, this one brings LLVM.*pip install "llvmlite>=0.45"'):
        target._llvm.__wrapped__()
