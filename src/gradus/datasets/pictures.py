"""Named data sets of pictures: digits, MNIST, Fashion-MNIST, CIFAR-10."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..data import TensorDataset, read_cifar, read_idx
from ..data.readers.cifar import read_cifar_archive
from ..errors import ArgumentError, DataError, nearest
from .locate import find, locate, own_folder
from .splits import Splits, stratified_rows

_EMBEDDED = Path(__file__).parent / "files"
_DIGITS = tuple("0123456789")
_CLOTHES = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip
_THINGS = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")

# The parts of CIFAR-10 that may stand in for the whole, by the folder under $GRADUS_DATA that holds them.
_CIFAR10_PARTS = {"jpeg": "cifar10_jpeg", "tiny": "cifar10_tiny"}
_CIFAR10_NOTES = {
    "official": "the whole, 50,000 + 10,000 pictures",
    "jpeg": "a subset, 5,000 + 1,000 pictures with JPEG's artefacts: not to be compared with published results",
    "tiny": "a subset, 800 + 200 pictures of the training part: not to be compared with published results",
}


def digits() -> Splits:
    """Handwritten digits, embedded in the package: x float32 (n, 1, 8, 8) in [0, 1], y int64 (n,), 0 to 9.

    1,438 pictures train and 359 test: a fixed random fifth of each class (seed 0) in the test part. So both parts hold
    digits of the same 13 writers.

    Source: Alpaydin and Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning Repository (1998).

    >>> train, test = digits()
    >>> train.arrays[0].shape, test.arrays[1].shape
    ((1438, 1, 8, 8), (359,))
    """
    images = read_idx(_EMBEDDED / "digits-images-idx3-ubyte.gz")
    labels = read_idx(_EMBEDDED / "digits-labels-idx1-ubyte.gz")
    train, test = stratified_rows(labels)
    return Splits(*(_dataset("digits", images[r, None], labels[r], _DIGITS, 16) for r in (train, test)))


def mnist() -> Splits:
    """MNIST: x float32 (n, 1, 28, 28) in [0, 1], y int64 (n,), 0 to 9; 60,000 pictures train and 10,000 test.

    Raises:
        DataError: its files are not here and cannot be downloaded, or are damaged.

    Source: LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied to document recognition" (1998).
    """
    return _idx_splits("mnist", _DIGITS)


def fashion_mnist() -> Splits:
    """Fashion-MNIST: x float32 (n, 1, 28, 28) in [0, 1], y int64 (n,), 0 to 9; 60,000 pictures train, 10,000 test.

    Raises:
        DataError: its files are not here and cannot be downloaded, or are damaged.

    Source: Xiao, Rasul and Vollgraf, "Fashion-MNIST" (arXiv:1708.07747, 2017).
    """
    return _idx_splits("fashion_mnist", _CLOTHES)


def cifar10(variant: str | None = None) -> Splits:
    """CIFAR-10: x float32 (n, 3, 32, 32) in [0, 1], y int64 (n,), 0 to 9; 50,000 pictures train and 10,000 test.

    Args:
        variant: "official" is the whole; "jpeg" (5,000 + 1,000 pictures that went through JPEG) and "tiny" (1,000
            exact pictures of the training part, of which a fixed random fifth of each class tests) are subsets for
            trying things out, read from `cifar10_jpeg` and `cifar10_tiny` in $GRADUS_DATA. None takes the whole if it
            is here, else a subset if one is here, else downloads the whole. The data set's name tells which it is.

    Raises:
        DataError: its files are not here and cannot be downloaded, or are damaged.

    Source: Krizhevsky, "Learning Multiple Layers of Features from Tiny Images" (2009).
    """
    chosen = variant or cifar10_variant()
    if chosen not in _CIFAR10_NOTES:
        raise ArgumentError(f"cifar10 has no variant {chosen!r}. {nearest(chosen, _CIFAR10_NOTES)}")
    if chosen == "official":
        (path,) = locate("cifar10")
        return Splits(*(_dataset("cifar10", *part, _THINGS) for part in read_cifar_archive(path)))
    name = f"cifar10 ({chosen} subset)"
    if chosen == "jpeg":
        parts = [read_cifar(_part(chosen, file)) for file in ("train_5000.bin.gz", "test_1000.bin.gz")]
    else:
        images, labels = read_cifar(_part(chosen, "train_1000.bin.gz"))
        parts = [(images[r], labels[r]) for r in stratified_rows(labels)]
    return Splits(*(_dataset(name, *part, _THINGS) for part in parts))


def cifar10_variant() -> str:
    """The variant of CIFAR-10 that is taken when none is named."""
    if find("cifar10", "cifar-10-binary.tar.gz") is None:
        for variant, folder in _CIFAR10_PARTS.items():
            own = own_folder(folder)
            if own is not None and own.is_dir():
                return variant
    return "official"


def cifar10_note(variant: str) -> str:
    """What a variant is, in a few words."""
    return _CIFAR10_NOTES[variant]


def _part(variant: str, file: str) -> Path:
    own = own_folder(_CIFAR10_PARTS[variant])
    if own is None:
        raise DataError(
            f"the {variant} subset of cifar10 is read from $GRADUS_DATA/{_CIFAR10_PARTS[variant]}/{file}, and "
            "GRADUS_DATA is not set. Set it, or take variant='official'."
        )
    return own / file


def _idx_splits(name: str, classes: tuple[str, ...]) -> Splits:
    images, labels, test_images, test_labels = (read_idx(path) for path in locate(name))
    return Splits(
        _dataset(name, images[:, None], labels, classes), _dataset(name, test_images[:, None], test_labels, classes)
    )


def _dataset(
    name: str, images: np.ndarray, labels: np.ndarray, classes: tuple[str, ...], white: int = 255
) -> TensorDataset:
    """Pictures as float32 in [0, 1] (`white` is the brightest value) and labels as int64, checked to fit together."""
    if images.ndim != 4 or labels.ndim != 1 or len(images) != len(labels):
        raise DataError(
            f"{name}: pictures of shape {images.shape} and labels of shape {labels.shape} do not belong together"
        )
    if len(labels) and labels.max() >= len(classes):
        raise DataError(f"{name}: a label is {labels.max()}; labels run from 0 to {len(classes) - 1}")
    x = np.divide(images, np.float32(white), dtype=np.float32)
    return TensorDataset(x, labels.astype(np.int64), classes=classes, name=name)
