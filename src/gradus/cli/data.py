"""`gradus data`: the data sets there are, and a look at one of them."""

from __future__ import annotations

from typing import Any

import click
import numpy as np

SHADES = " .:-=+*#%@"
WIDTH = 78  # characters
SMALL = 12  # pixels: smaller pictures are drawn two characters wide, larger ones two rows a line


@click.command(short_help="List the data sets, or look at one.")
@click.argument("name", required=False)
@click.option("--download", is_flag=True, help="Fetch the files now, if they are not here.")
def data(name: str | None, download: bool) -> None:
    """List the data sets, or show one: what it is, where it lies, its first examples.

    Data sets are looked for in $GRADUS_DATA, then in the user's cache, and else downloaded at the first use.
    """
    from .. import datasets

    if name is None:
        if download:
            raise click.UsageError("--download needs the NAME of a data set.")
        click.echo(listing())
        return
    about = datasets.describe(name)
    if download and not about.here:
        datasets.load(name)
        about = datasets.describe(name)
    click.echo(details(name))
    if about.here:
        click.echo(f"\n{look(name, datasets.load(name))}")
    else:
        click.echo(f"\nGet it now with: gradus data {name} --download")


def listing() -> str:
    """All data sets: name, size, what they are, and where they were found or how to get them."""
    from .. import datasets
    from ..datasets.locate import wrong_root

    width = max(map(len, datasets.NAMES))
    lines = [problem, ""] if (problem := wrong_root()) else []
    for name in datasets.NAMES:
        about = datasets.describe(name)
        lines += [f"{name:<{width}}  {size(name):>8}  {about.summary}", f"{'':<{width + 12}}{about.found}"]
    return "\n".join([*lines, "", "gradus data NAME shows one; gradus train --data NAME trains on it."])


def details(name: str) -> str:
    """What a data set is, its files, its licence, where it was found."""
    from .. import datasets

    about = datasets.describe(name)
    lines = {
        "what": about.summary,
        "size": size(name),
        "files": ", ".join(about.files) or "none: it is embedded in gradus",
        "licence": about.licence,
        "where": about.found,
    }
    return "\n".join([name, *(f"  {label:<8} {text}" for label, text in lines.items())])


def size(name: str) -> str:
    """How large the files of a data set are.

    >>> size("mnist"), size("digits")
    ('11.6 MB', 'embedded')
    """
    from ..datasets.catalogue import CATALOGUE

    total = sum(file.size for file in CATALOGUE[name].files)
    return f"{total / 1e6:.1f} MB" if total else "embedded"


def look(name: str, splits: Any) -> str:
    """The shapes of a data set's parts and its first examples."""
    x, y = splits.train.arrays[:2]
    shape = "x".join(map(str, x.shape[1:]))
    head = f"{len(splits.train):,} training and {len(splits.test):,} test samples of {shape}"
    if splits.train.classes:
        head += f"; classes {', '.join(splits.train.classes)}"
    if x.ndim == 4:
        return f"{head}\n\n{_pictures(x, [splits.train.classes[i] for i in y[:8]])}"
    return f"{head}\n\n{_numbers(splits.train)}"


def _pictures(x: np.ndarray, labels: list[str]) -> str:
    """The first pictures in shades of characters, side by side, each below its label."""
    drawn = [shaded(picture) for picture in x[: len(labels)]]
    width = len(drawn[0][0])
    count = max(1, min(len(drawn), WIDTH // (width + 2)))
    lines = ["  ".join(f"{label[:width]:<{width}}" for label in labels[:count])]
    lines += ["  ".join(rows) for rows in zip(*drawn[:count], strict=True)]
    return "\n".join(line.rstrip() for line in lines)


def shaded(picture: np.ndarray) -> list[str]:
    """A picture (c, h, w) in [0, 1] as lines of characters, brighter ones denser, in the right proportions.

    >>> shaded(np.array([[[0.0, 1.0]]]))
    ['  @@']
    """
    grey = picture.mean(axis=0)
    h, w = grey.shape
    if h <= SMALL:
        grey = grey.repeat(2, axis=1)
    else:
        grey = grey[: h // 2 * 2].reshape(h // 2, 2, w).mean(axis=1)
    levels = np.clip(grey * len(SHADES), 0, len(SHADES) - 1).astype(int)
    return ["".join(SHADES[level] for level in row) for row in levels]


def _numbers(part: Any) -> str:
    """The first rows: the features that the model gets, and the target in its own unit."""
    x, y = part.arrays[:2]
    true = np.ravel(part.target.inverse(y[:3]) if part.target else y[:3])
    names = part.transform.feature_names if part.transform else [f"x{i}" for i in range(x.shape[1])]
    target = part.target.name if part.target else "target"
    rows = [(name, *(f"{v:.3f}" for v in x[:3, i])) for i, name in enumerate(names[:12])]
    if len(names) > len(rows):
        rows.append((f"... {len(names) - len(rows)} more", "", "", ""))
    rows.append((target, *(f"{v:,.6g}" if abs(v) < 1000 else f"{v:,.0f}" for v in true)))
    width = max(len(row[0]) for row in rows)
    lines = [f"{row[0]:<{width}}" + "".join(f"{cell:>12}" for cell in row[1:]) for row in rows]
    return "\n".join(["The first three samples (features standardised, the target in its unit):", *lines]).rstrip()
