"""Draws the picture of docs/augmentation.md: each change that `gradus.data` has, on pictures of CIFAR-10."""

from __future__ import annotations

import sys

import numpy as np
from matplotlib.figure import Figure

import gradus
from gradus import data as A
from gradus import datasets, draw

CHANGES = {  # what is written, and the change
    "RandomHorizontalFlip()": A.RandomHorizontalFlip(),
    "RandomVerticalFlip()": A.RandomVerticalFlip(),
    "RandomCrop(32, padding=4)": A.RandomCrop(32, padding=4),
    "RandomResizedCrop(32, (0.3, 1))": A.RandomResizedCrop(32, (0.3, 1)),
    "RandomAffine(0, translate=(0.2, 0.2))": A.RandomAffine(0, translate=(0.2, 0.2)),
    "RandomAffine(0, scale=(0.6, 1.4))": A.RandomAffine(0, scale=(0.6, 1.4)),
    "RandomAffine(0, shear=30)": A.RandomAffine(0, shear=30),
    "RandomRotation(30)": A.RandomRotation(30),
    'the same, padding_mode="reflection"': A.RandomRotation(30, padding_mode="reflection"),
    "ElasticTransform(std=3)": A.ElasticTransform(std=3),
    "ColorJitter(brightness=0.6)": A.ColorJitter(brightness=0.6),
    "ColorJitter(contrast=0.8)": A.ColorJitter(contrast=0.8),
    "ColorJitter(saturation=1)": A.ColorJitter(saturation=1),
    "ColorJitter(hue=0.5)": A.ColorJitter(hue=0.5),
    "RandomGrayscale(p=0.5)": A.RandomGrayscale(p=0.5),
    "GaussianNoise(sigma=0.1)": A.GaussianNoise(sigma=0.1),
    "GaussianBlur(7)": A.GaussianBlur(7),
    "RandomErasing(p=1)": A.RandomErasing(p=1),
    "RandomAffine(20), ColorJitter(0.3)": A.Compose([A.RandomAffine(20), A.ColorJitter(0.3)]),
    "MixUp()": A.MixUp(num_classes=10),
    "CutMix()": A.CutMix(num_classes=10),
}
COLUMNS = 8


def changed(x: np.ndarray, y: np.ndarray) -> dict[str, np.ndarray]:
    """For each change the pictures (n, c, h, w) that it makes of the same ones."""
    gradus.seed(0)
    found = {"as they are": x}
    for name, change in CHANGES.items():
        result = change(x, y) if isinstance(change, (A.MixUp, A.CutMix)) else change(x)
        found[name] = (result[0] if isinstance(result, tuple) else result).numpy()
    return found


def drawn(rows: dict[str, np.ndarray]) -> Figure:
    """A row for each change, its name at the left, in two columns of rows."""
    n = len(next(iter(rows.values())))
    named, half = list(rows.items()), -(-len(rows) // 2)
    with draw.styled():
        figure = draw.new_figure(14, 0.58 * half)
        figure.get_layout_engine().set(rect=(0.03, 0, 0.97, 1))  # names are longer than the layout takes them for
        for axes, part in zip(figure.subplots(1, 2), (named[:half], named[half:]), strict=True):
            h, w = part[0][1].shape[2:]
            page = np.ones((len(part) * (h + 2), n * (w + 2), 3))
            for i, (_, pictures) in enumerate(part):
                for j, picture in enumerate(pictures):
                    page[i * (h + 2) : i * (h + 2) + h, j * (w + 2) : j * (w + 2) + w] = picture.transpose(1, 2, 0)
            axes.imshow(page, interpolation="nearest")
            axes.set_yticks([i * (h + 2) + h / 2 for i in range(len(part))], [name for name, _ in part])
            axes.tick_params(length=0, labelsize=8)
            axes.set_xticks([])
            axes.spines[:].set_visible(False)
        return figure


def main(path: str) -> None:
    """Read, change and draw."""
    train, _ = datasets.cifar10()
    x, y = train[np.arange(COLUMNS)]
    draw.save_png(drawn(changed(x, y)), path)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "augmentation.png")
