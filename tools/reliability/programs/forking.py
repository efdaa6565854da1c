"""`python forking.py TIMES`: forks while another thread compiles, trains or reads; a line for each, of what went wrong.

A child compiles something new, calls what its parent compiled, predicts and reads batches; it has a minute for that.
"""

from __future__ import annotations

import itertools
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable

os.environ["GRADUS_CACHE"] = tempfile.mkdtemp()

import numpy as np

import gradus
from gradus import nn, optim
from gradus.data import DataLoader, TensorDataset
from gradus.train import Trainer

PATIENCE = 120.0  # seconds: on a machine that is busy otherwise, too
x = gradus.tensor(np.ones((200, 200), np.float32))
known = gradus.compile(lambda a: (a @ a).sum())
model = nn.Sequential(nn.Linear(200, 20), nn.ReLU(), nn.Linear(20, 2))
trainer = Trainer(model, "mse", optim.SGD(model.parameters(), lr=1e-3))
data = TensorDataset(np.ones((400, 200), np.float32), np.zeros((400, 2), np.float32))
numbers = itertools.count(2)


def compiles() -> None:
    """Something new."""
    k = next(numbers)
    gradus.compile(lambda a: ((a @ a) * k).sum())(x)


def trains() -> None:
    """An epoch."""
    trainer.fit(data, epochs=1, batch_size=20, progress=False)


def reads() -> None:
    """Batches, by threads."""
    for _ in DataLoader(data, batch_size=4, num_workers=2):
        pass


def right(number: int) -> bool:
    """What a child does."""
    new = gradus.compile(lambda a: (a * -number).sum())(x).item() == -40_000 * number
    predicted = np.isfinite(trainer.predict(data.arrays[0][:3])).all()
    read = sum(len(y) for _, y in DataLoader(data, batch_size=100, num_workers=2)) == 400
    return bool(new and known(x).item() == 8_000_000 and predicted and read)


def tried(number: int) -> str:
    """What went wrong."""
    child = os.fork()
    if child == 0:
        try:
            os._exit(0 if right(number) else 3)
        except BaseException as problem:
            print(f"{type(problem).__name__}: {problem}".replace("\n", " "), end=" ")
            sys.stdout.flush()
            os._exit(4)
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return f"child {number} ended with {os.waitstatus_to_exitcode(status)}" if status else ""
        time.sleep(0.005)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return f"child {number} hangs"


def for_ever(work: Callable[[], None], end: threading.Event) -> None:
    while not end.is_set():
        work()


def main() -> None:
    """So many tries."""
    gradus.set_num_threads(2, force=True)
    draw = random.Random(0)
    pauses = [draw.uniform(0, 0.05) for _ in range(int(sys.argv[1]))]  # now: the tracer minds who draws beside it
    known(x)
    trains()
    end = threading.Event()
    beside = [threading.Thread(target=for_ever, args=(work, end)) for work in (compiles, trains, reads)]
    for thread in beside:
        thread.start()
    for number, pause in enumerate(pauses, 1):
        time.sleep(pause)
        print(tried(number), flush=True)
    end.set()


if __name__ == "__main__":
    main()
