"""Named data sets, each a pair (train, test): looked for in $GRADUS_DATA and the user's cache, else downloaded."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import ArgumentError, nearest
from ..names.elsewhere import door as _door
from .catalogue import CATALOGUE, NAMES
from .houses import ames_house_prices, california_housing, king_county
from .locate import find
from .pictures import cifar10, cifar10_note, cifar10_variant, digits, fashion_mnist, mnist
from .series import daily_series, daily_views
from .splits import Splits
from .texts import review_sentences, text

__all__ = [
    "NAMES",
    "Description",
    "Splits",
    "ames_house_prices",
    "california_housing",
    "cifar10",
    "daily_series",
    "daily_views",
    "describe",
    "digits",
    "fashion_mnist",
    "king_county",
    "load",
    "mnist",
    "review_sentences",
    "text",
]

_LOADERS: dict[str, Callable[..., Splits]] = {
    function.__name__: function
    for function in (
        digits,
        mnist,
        fashion_mnist,
        california_housing,
        king_county,
        ames_house_prices,
        daily_views,
        cifar10,
    )
}


def load(name: str, **options: Any) -> Splits:
    """The data set of that name, with its own options.

    Raises:
        ArgumentError: an unknown name or option.
        DataError: its files are not here and cannot be downloaded, or are damaged.

    >>> load("digits").train.classes[:3]
    ('0', '1', '2')
    """
    _check_name(name)
    known = inspect.signature(_LOADERS[name]).parameters
    for option in options:
        if option not in known:
            hint = nearest(option, known) if known else "It has none."
            raise ArgumentError(f"the data set {name} has no option {option!r}. {hint}")
    return _LOADERS[name](**options)


@dataclass(frozen=True)
class Description:
    """What there is to know of a data set before it is loaded; printed as one line.

    Attributes:
        summary: what it is.
        files: what it needs; nothing when it is embedded.
        licence: of the data.
        here: whether it can be loaded without a download.
        found: where it is, in words.
    """

    name: str
    summary: str
    files: tuple[str, ...]
    licence: str
    here: bool
    found: str

    def __str__(self) -> str:
        files = f"Files: {', '.join(self.files)}. " if self.files else ""
        return f"{self.name}: {self.summary}. {files}Licence: {self.licence}. {self.found}."


def describe(name: str) -> Description:
    """What a data set is, the files it needs, its licence, and where it was found; nothing is downloaded.

    >>> print(describe("digits").found)
    Embedded in gradus
    """
    _check_name(name)
    entry = CATALOGUE[name]
    here, found = _whereabouts(name)
    return Description(name, entry.summary, tuple(f.name for f in entry.files), entry.licence, here, found)


def _whereabouts(name: str) -> tuple[bool, str]:
    files = CATALOGUE[name].files
    if not files:
        return True, "Embedded in gradus"
    if name == "cifar10" and (variant := cifar10_variant()) != "official":
        return True, f"Found in $GRADUS_DATA/cifar10_{variant}: {cifar10_note(variant)}"
    paths = [find(name, f.name) for f in files]
    if all(paths):
        return True, f"Found in {', '.join(sorted({str(p.parent) for p in paths if p}))}"
    lacking = [f for f, path in zip(files, paths, strict=True) if path is None]
    size = sum(f.size for f in lacking) / 1e6
    return False, f"Not here: {len(lacking)} of {len(files)} files, {size:.1f} MB, are downloaded at the first use"


def _check_name(name: str) -> None:
    if name not in _LOADERS:
        raise ArgumentError(f"there is no data set {name!r}. {nearest(name, NAMES)}", mistake="no-such-data")

if not TYPE_CHECKING:  # type checkers know the names, and find misspelt ones
    __getattr__ = _door("datasets")
