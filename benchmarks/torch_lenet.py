"""What one writes in PyTorch for `gradus train lenet --data fashion_mnist`; it prints the test accuracy.

The same network, optimizer, schedule, batches and number of training pictures; no validation, no report. Batches are
cut by index from tensors in memory, which is faster than a DataLoader, and lie channels_last.
"""

from __future__ import annotations

import argparse
import gzip
import os
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

TRAINED_ON = 54_000


def load(folder: Path, part: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Pictures (n, 1, 28, 28) in [0, 1], and labels."""
    with gzip.open(folder / f"{part}-images-idx3-ubyte.gz") as file:
        x = np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, 1, 28, 28).astype(np.float32) / 255
    with gzip.open(folder / f"{part}-labels-idx1-ubyte.gz") as file:
        y = np.frombuffer(file.read(), np.uint8, offset=8).astype(np.int64)
    return torch.from_numpy(x), torch.from_numpy(y)


def lenet() -> nn.Module:
    """LeNet-5 with ReLU and max pooling."""
    return nn.Sequential(
        *(nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()),
        *(nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10)),
    )


def main() -> None:
    """Train and test."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--lr", type=float, default=4e-3)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    torch.manual_seed(args.seed)
    x, y = load(args.folder, "train")
    kept = torch.randperm(len(x))[:TRAINED_ON]
    x, y = x[kept].contiguous(memory_format=torch.channels_last), y[kept]
    model = lenet().to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(model.parameters(), lr=args.lr, fused=True)
    steps = args.epochs * -(-len(x) // args.batch_size)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, args.lr, steps, cycle_momentum=False)
    for _ in range(args.epochs):
        for rows in torch.split(torch.randperm(len(x)), args.batch_size):
            optimizer.zero_grad()
            F.cross_entropy(model(x[rows]), y[rows]).backward()
            optimizer.step()
            schedule.step()
    x, y = load(args.folder, "t10k")
    with torch.inference_mode():
        accuracy = (model(x).argmax(1) == y).float().mean().item()
    print(f"test {accuracy:.4f}", flush=True)


if __name__ == "__main__":
    main()
