"""Data: sets in memory, batches, sequences of many lengths, tables, windows of series, and readers of files."""

from .dataset import (
    Dataset,
    Subset,
    TensorDataset,
    check_finite,
    in_memory,
    inputs_of,
    padded_lengths,
    random_split,
)
from .loader import DataLoader
from .made import moons, rings, spirals
from .readers import read_cifar, read_csv, read_idx, read_image, read_image_folder
from .sequences import Sequences
from .table import Table
from .transform import Standardizer, TableTransform
from .windows import Daily, Windows, by_day, windows

__all__ = [
    "Daily",
    "DataLoader",
    "Dataset",
    "Sequences",
    "Standardizer",
    "Subset",
    "Table",
    "TableTransform",
    "TensorDataset",
    "Windows",
    "by_day",
    "check_finite",
    "in_memory",
    "inputs_of",
    "moons",
    "padded_lengths",
    "random_split",
    "read_cifar",
    "read_csv",
    "read_idx",
    "read_image",
    "read_image_folder",
    "rings",
    "spirals",
    "windows",
]
