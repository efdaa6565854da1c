"""`python ending.py KIND SECONDS`: a program that ends after so many seconds, while its threads are at work.

KIND is `compiles`, `trains` or `reads`, in a thread that nobody waits for; or `interrupted`: the program itself
compiles, and is sent Ctrl-C. `idle` works, rests, and prints how many ticks of processor time it took while it rested.
"""

from __future__ import annotations

import itertools
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

import gradus
from gradus import nn, optim
from gradus.data import DataLoader, TensorDataset
from gradus.train import Trainer

x = gradus.tensor(np.ones((200, 200), np.float32))
data = TensorDataset(np.ones((400, 200), np.float32), np.zeros((400, 2), np.float32))


def compiles() -> None:
    """Something new, again and again."""
    for k in itertools.count(2):
        gradus.compile(lambda a: ((a @ a) * k).sum())(x)  # noqa: B023 - it is called at once


def trains() -> None:
    """Epoch after epoch."""
    model = nn.Sequential(nn.Linear(200, 20), nn.ReLU(), nn.Linear(20, 2))
    trainer = Trainer(model, "mse", optim.SGD(model.parameters(), lr=1e-3))
    trainer.fit(data, epochs=1_000_000, batch_size=20, progress=False)


def reads() -> None:
    """Batch after batch, by threads."""
    while True:
        for _ in DataLoader(data, batch_size=4, num_workers=2):
            pass


def press(seconds: float) -> None:
    """Ctrl-C, later."""
    time.sleep(seconds)
    os.kill(os.getpid(), signal.SIGINT)


def ticks() -> int:
    """Of the processors, that this process took."""
    return sum(map(int, Path("/proc/self/stat").read_text().rpartition(")")[2].split()[11:13]))


def main() -> None:
    """End as told."""
    kind, seconds = sys.argv[1], float(sys.argv[2])
    gradus.set_num_threads(3, force=True)
    work: dict[str, Callable[[], None]] = {"compiles": compiles, "trains": trains, "reads": reads}
    if kind == "interrupted":
        threading.Thread(target=press, args=(seconds,), daemon=True).start()
        compiles()
    elif kind == "idle":
        gradus.compile(lambda a: (a @ a).sum())(x)
        time.sleep(0.5)
        before = ticks()
        time.sleep(seconds)
        print(ticks() - before)
    else:
        threading.Thread(target=work[kind], daemon=True).start()
        time.sleep(seconds)


if __name__ == "__main__":
    main()
