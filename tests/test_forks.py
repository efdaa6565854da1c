"""A forked child process: what other threads held is free in it, and what they were at is whole."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import gradus

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked here")

BEGINNING = """
import os, sys, threading, time
import numpy as np
import gradus
from gradus.process import forks

def child(check):
    number = os.fork()
    if number == 0:
        try:
            os._exit(0 if check() else 3)
        except BaseException as problem:
            print(type(problem).__name__, problem, flush=True)
            os._exit(4)
    return os.waitstatus_to_exitcode(os.waitpid(number, 0)[1])

def elsewhere(function):
    begun = threading.Event()
    thread = threading.Thread(target=function, args=(begun,))
    thread.start()
    begun.wait()
    return thread
"""


def printed(program: str) -> list[str]:
    """What a program prints; one that hangs fails the test, as does one that says anything else."""
    env = os.environ | {"PYTHONPATH": str(Path(gradus.__file__).parents[1])}
    words = [sys.executable, "-c", BEGINNING + program]
    done = subprocess.run(words, env=env, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parametrize("kind", ["Lock", "Gate"])
def test_a_fork_waits_for_who_is_inside(kind):
    program = f"""
kept, whole = forks.{kind}(), []
def work(begun):
    with kept:
        whole.append(1)
        begun.set()
        time.sleep(0.2)
        whole.append(2)
def check():
    with kept:
        return whole == [1, 2] and not kept.torn
elsewhere(work)
print(child(check))
with kept:
    print(child(check) if {kind == "Lock"} else 0)
elsewhere(lambda begun: kept.__enter__() or begun.set() or kept.__exit__()).join()
print(*whole)
"""
    assert printed(program) == ["0", "0", "1", "2"]


def test_a_child_takes_turns_of_its_own():
    program = """
from gradus import nn
from gradus.train.fitting.turns import turn_of
model = nn.Linear(1, 1)
turn = turn_of(model)
def take():
    with turn_of(model):
        return True
with turn:
    waits = elsewhere(lambda begun: begun.set() or take())
    time.sleep(0.1)
    print(child(take))
print(child(take))
"""
    assert printed(program) == ["0", "0"]


@pytest.mark.parametrize("kind", ["Lock", "Gate"])
def test_who_does_not_come_out_is_waited_for_no_longer(kind):
    program = f"""
forks.PATIENCE = 0.2
kept, end = forks.{kind}(), threading.Event()
def stay(begun):
    with kept:
        begun.set()
        end.wait()
def check():
    with kept:
        return kept.torn
stays = elsewhere(stay)
print(child(check))
end.set()
stays.join()
print(child(lambda: not check()))
"""
    assert printed(program) == ["0", "0"]


def test_ctrl_c_while_a_fork_waits_comes_after_it():
    program = """
import signal
kept, end = forks.Lock(), threading.Event()
def stay(begun):
    with kept:
        begun.set()
        time.sleep(0.1)
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
        end.wait()
elsewhere(stay)
try:
    print(child(lambda: True))
    time.sleep(60)
except KeyboardInterrupt:
    print("interrupted")
end.set()
"""
    assert printed(program) == ["0", "interrupted"]


def test_a_child_compiles_while_its_parent_did(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADUS_CACHE", str(tmp_path))
    program = """
x, end = gradus.ones(30, 30), threading.Event()
def compiles(begun):
    k = 1
    while not end.is_set():
        k += 1
        gradus.compile(lambda a: ((a @ a) * k).sum())(x)
        begun.set()
thread = elsewhere(compiles)
print(*(child(lambda: gradus.compile(lambda a: (a * i).sum())(x).item() == 900 * i) for i in range(4)))
end.set()
thread.join()
"""
    assert printed(program) == ["0"] * 4


def test_where_a_compilation_was_not_waited_for_the_child_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADUS_CACHE", str(tmp_path))
    program = """
from gradus.compiler.native import target
double = gradus.compile(lambda x: x * 2)
double(gradus.ones(2))
forks.PATIENCE = 0.1
end = threading.Event()
def stay(begun):
    with target._at_work:
        begun.set()
        end.wait()
elsewhere(stay)
known = lambda: double(gradus.ones(2)).tolist() == [2.0, 2.0]
print(child(known), child(lambda: gradus.compile(lambda x: x * 3)(gradus.ones(2))))
end.set()
"""
    found = printed(program)
    assert found[0] == "MissingError"
    assert " ".join(found[1:]).startswith("no native code can be made in this process: it was forked while another")
    assert found[-2:] == ["0", "4"]


def test_a_child_finds_weights_as_they_are_between_two_steps():
    program = """
from gradus import nn, optim
from gradus.data import TensorDataset
from gradus.train import Trainer
model = nn.Linear(1, 400)
class Slowly(optim.SGD):
    def step(self):
        for p in self.params:
            p.assign_(p + 1)
            time.sleep(0.03)
for p in model.parameters():
    p.assign_(p * 0)
x = np.zeros((600, 1), np.float32)
def train(begun):
    trainer = Trainer(model, lambda z, y: (z - y).mean(), Slowly(model.parameters(), lr=0.1), compile=False)
    begun.set()
    trainer.fit(TensorDataset(x, np.zeros((600, 400), np.float32)), epochs=1, batch_size=40, progress=False)
def check():
    return len({float(v) for p in model.parameters() for v in p.numpy().ravel()}) == 1
thread = elsewhere(train)
print(*(child(check) for _ in range(8)))
thread.join()
"""
    assert printed(program) == ["0"] * 8


PROCESSES = "num_workers=2, multiprocessing_context='fork', persistent_workers=True"


@pytest.mark.parametrize("options", ["prefetch=2", PROCESSES])
def test_a_child_begins_epochs_of_its_own(options):
    program = f"""
from gradus.data import DataLoader
from gradus.errors import DataError
loader = DataLoader(list(range(40)), batch_size=4, {options})
begun = iter(loader)
next(begun)
def check():
    try:
        next(begun)
    except DataError as problem:
        assert "this epoch was begun in the process that this one was forked from" in str(problem)
    else:
        return False
    return [x.tolist() for x in loader] == [list(range(i, i + 4)) for i in range(0, 40, 4)]
print(child(check), len(list(begun)))
"""
    assert printed(program) == ["0", "9"]


def test_a_thread_that_nobody_waits_for_reads_in_silence_while_the_program_ends():
    program = """
from gradus.data import DataLoader
class Slow(list):
    def __getitem__(self, i):
        time.sleep(0.002)
        return super().__getitem__(i)
def reads(begun):
    for batch in DataLoader(Slow(range(100_000)), batch_size=4, num_workers=2):
        begun.set()
begun = threading.Event()
threading.Thread(target=reads, args=(begun,), daemon=True).start()
begun.wait()
print("ends")
"""
    assert printed(program) == ["ends"]
