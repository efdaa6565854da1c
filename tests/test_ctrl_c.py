"""Ctrl-C for the command `gradus`, from outside, at every stage of its life."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gradus import models, optim
from gradus.compiler import Compiled
from gradus.data import TensorDataset
from gradus.datasets import digits
from gradus.train import Trainer
from gradus.train.runs.checkpoint import read_state

SOURCE = Path(__file__).parent.parent / "src"
PRESS = "import os, signal, time\nos.kill(os.getpid(), signal.SIGINT)\ntime.sleep(30)\n"

pytestmark = pytest.mark.skipif(os.name == "nt", reason="a process cannot be sent Ctrl-C")


def begin(*words, first=None):
    """A Python process; `first` is a folder whose modules stand before those installed."""
    path = os.pathsep.join(map(str, [*([first] if first else []), SOURCE]))
    return subprocess.Popen(
        [sys.executable, *map(str, words)],
        env=os.environ | {"PYTHONPATH": path},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


@pytest.mark.parametrize("early", ["ml_dtypes", "click"])
def test_while_it_is_imported_the_command_just_ends(early, tmp_path):
    (tmp_path / f"{early}.py").write_text(PRESS)
    process = begin("-m", "gradus", "train", first=tmp_path)
    assert process.communicate(timeout=120) == (None, "")
    assert process.returncode == -signal.SIGINT


def test_another_program_gets_its_keyboard_interrupt(tmp_path):
    (tmp_path / "ml_dtypes.py").write_text(PRESS)
    process = begin("-c", "try:\n import gradus\nexcept KeyboardInterrupt:\n raise SystemExit(7)", first=tmp_path)
    process.communicate(timeout=120)
    assert process.returncode == 7


@pytest.mark.parametrize(("press", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_while_it_trains_it_saves_and_says_how_to_go_on(press, status, tmp_path):
    run = tmp_path / "run"
    process = begin("-m", "gradus", "train", "softmax", "--epochs", 100_000, "--out", run)
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("epoch 2/"):
            process.send_signal(press)
            break
    _, rest = process.communicate(timeout=120)
    assert process.returncode == status
    assert f"gradus train --resume {run}" in rest
    assert "Traceback" not in rest
    assert read_state(run / "checkpoint.safetensors")[1]["epoch"] >= 2


TRAINING = """
import os, signal, sys
import numpy as np
from gradus import nn, optim
from gradus.data import TensorDataset
from gradus.train import LambdaCallback, Trainer

model = nn.Linear(1, 1)
trainer = Trainer(model, "mse", optim.SGD(model.parameters(), lr=0.1), compile=False)
press = LambdaCallback(on_batch_end=lambda *_: os.kill(os.getpid(), getattr(signal, sys.argv[1])))
x = np.ones((4, 1), np.float32)
trainer.fit(TensorDataset(x, x), callbacks=[press], progress=False)
"""


@pytest.mark.parametrize(("press", "status"), [("SIGINT", -signal.SIGINT), ("SIGTERM", 143)])
def test_a_program_that_does_not_answer_ends_with_the_usual_status(press, status):
    process = begin("-c", TRAINING, press)
    said = process.communicate(timeout=120)[1]
    assert process.returncode == status
    assert ("KeyboardInterrupt" in said) == (press == "SIGINT")  # whose traceback Python shows


def test_before_the_first_step_nothing_is_waited_for(tmp_path, monkeypatch):
    whole, ran = Compiled.prepare, []

    def pressed(self, *arguments):
        signal.raise_signal(signal.SIGINT)
        ran.append("on")
        whole(self, *arguments)

    monkeypatch.setattr(Compiled, "prepare", pressed)
    model = models.build("softmax", (1, 8, 8), 10)
    trainer = Trainer(model, "cross_entropy", optim.SGD(model.parameters(), lr=0.1))
    with pytest.raises(KeyboardInterrupt):
        trainer.fit(TensorDataset(*digits()[0].arrays), run=tmp_path / "run", progress=False)
    assert ran == []
    assert read_state(tmp_path / "run" / "checkpoint.safetensors")[1]["batch"] == 0


COMPILING = """
import os, signal, threading
import gradus
from gradus.compiler.native import cache

compile_object, release = cache.compile_object, threading.Event()

def slow(text, target):  # LLVM, which knows nothing of Ctrl-C: so it does not run where Ctrl-C is heard
    assert threading.current_thread() is not threading.main_thread()
    os.kill(os.getpid(), signal.SIGINT)
    release.wait(100)
    return compile_object(text, target)

cache.compile_object = slow
double = gradus.compile(lambda x: x * 2)
try:
    double(gradus.ones(3))
except KeyboardInterrupt:
    release.set()
    cache.compile_object = compile_object
    assert double(gradus.ones(3)).tolist() == [2.0, 2.0, 2.0]
    raise SystemExit(7)
"""


def test_while_a_program_is_compiled_it_answers_at_once(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADUS_CACHE", str(tmp_path))
    process = begin("-c", COMPILING)
    assert process.communicate(timeout=90)[1] == ""
    assert process.returncode == 7


LEAVING = """
import os, signal, time
import gradus
from gradus.compiler.native import cache

def slow(text, target):
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(1000)

cache.compile_object = slow
try:
    gradus.compile(lambda x: x * 2)(gradus.ones(3))
except KeyboardInterrupt:
    raise SystemExit(7)
"""


def test_the_process_ends_without_the_program_that_is_compiled(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADUS_CACHE", str(tmp_path))
    process = begin("-c", LEAVING)
    assert process.communicate(timeout=120)[1] == ""
    assert process.returncode == 7
