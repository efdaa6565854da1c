"""The public names and keywords of other frameworks, as `tests/names/*.txt` list them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parent / "names"
LIBRARIES = ("torch", "torchvision", "numpy", "keras", "tensorflow", "others")


class Named(NamedTuple):
    """A name of another framework: of what, the name, its keywords."""

    of: str
    name: str
    keywords: tuple[str, ...]


def names(library: str) -> Iterator[Named]:
    """All names of a library."""
    of = ""
    for line in (FOLDER / f"{library}.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            of = line.strip("[]")
        elif line:
            name, *keywords = line.split()
            yield Named(of, name, tuple(keywords))
