"""Readers of real files: idx, CSV, CIFAR-10 records, pictures."""

from .cifar import read_cifar, read_cifar_archive
from .csv import read_csv
from .idx import read_idx
from .images import read_image, read_image_folder

__all__ = ["read_cifar", "read_cifar_archive", "read_csv", "read_idx", "read_image", "read_image_folder"]
