"""`python together.py TIMES [torch]`: two trainings in two threads; a line for each try, of what went wrong.

Each must come to the bits that it comes to alone. With `torch`, PyTorch's threads and NumPy's work beside them.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import threading

import numpy as np

import gradus
from gradus import nn, optim
from gradus.data import TensorDataset
from gradus.train import Trainer


def trained(seed: int) -> bytes:
    """The weights after some epochs."""
    draw = np.random.default_rng(seed)
    data = TensorDataset(draw.normal(size=(300, 20)).astype("f4"), draw.normal(size=(300, 2)).astype("f4"))
    model = nn.Sequential(nn.Linear(20, 30), nn.Tanh(), nn.Linear(30, 2))
    for p in model.parameters():
        p.assign_(draw.normal(size=p.shape).astype("f4") * 0.1)
    trainer = Trainer(model, "mse", optim.Adam(model.parameters(), lr=1e-3))
    trainer.fit(data, epochs=3, batch_size=16, seed=seed, progress=False)
    return b"".join(p.numpy().tobytes() for p in model.parameters())


async def both(seed: int) -> list[bytes]:
    """Two at once, in threads of an event loop, which goes on turning."""
    at_work = [asyncio.to_thread(trained, seed + k) for k in range(2)]
    turns = asyncio.create_task(turning())
    found = await asyncio.gather(*at_work)
    turns.cancel()
    return list(found)


async def turning() -> None:
    while True:
        await asyncio.sleep(0.001)


def products(end: threading.Event) -> None:
    """Of PyTorch and of NumPy, beside."""
    import torch

    a, b = torch.ones(200, 200), np.ones((200, 200), np.float32)
    while not end.wait(0.001):
        _, b = a @ a, b @ b / 200


def main() -> None:
    """So many tries."""
    gradus.set_num_threads(2, force=True)
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    end = threading.Event()
    times = int(sys.argv[1])
    alone = [trained(seed) for seed in range(times + 1)]
    if "torch" in sys.argv:
        threading.Thread(target=products, args=(end,)).start()
    for seed in range(times):
        found = asyncio.run(both(seed))
        same = found == alone[seed : seed + 2]
        left = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == handlers
        wrong = "" if same and left else f"try {seed}: {'other handlers of signals' if same else 'other bits'}"
        print(wrong, flush=True)
    end.set()


if __name__ == "__main__":
    main()
