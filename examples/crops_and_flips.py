"""What random crops and flips are worth: LeNet on CIFAR-10, learned with and without, three seeds each.

    python examples/crops_and_flips.py

It takes the pictures of CIFAR-10 that are here; docs/augmentation.md has what came of 5,000 of them.
"""

from __future__ import annotations

import sys

import gradus
from gradus import data, datasets, models, optim


def learned(
    name: str, splits: datasets.Splits, change: gradus.nn.Module | None, epochs: int, seed: int
) -> tuple[float, float]:
    """A model's accuracy on the training data, as they were changed, and on the test data."""
    gradus.seed(seed)
    model = models.build(name, splits.train.arrays[0].shape[1:], len(splits.train.classes))
    trainer = gradus.Trainer(model, "cross_entropy", optim.Adam(model.parameters(), lr=1e-3), augment=change)
    history = trainer.fit(splits.train, epochs=epochs, seed=seed)
    return history.records[-1]["accuracy"], trainer.evaluate(splits.test)["accuracy"]


def main(pictures: str = "cifar10", model: str = "lenet", epochs: int = 40, seeds: int = 3) -> None:
    """Learn and print."""
    splits = datasets.load(pictures)
    size = splits.train.arrays[0].shape[-1]
    changes = data.Compose([data.RandomCrop(size, padding=size // 8), data.RandomHorizontalFlip()])
    for said, change in (("as they are", None), ("cropped and flipped", changes)):
        for seed in range(seeds):
            train, test = learned(model, splits, change, epochs, seed)
            print(f"{said:20} seed {seed}: training {train:.3f}, test {test:.3f}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:3])
