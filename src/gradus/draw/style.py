"""How pictures look: plain numbers in, a matplotlib Figure out.

Every function of this package makes a Figure of its own; nothing here touches pyplot or any other state that others
share. Text and lines are drawn in `INK`, which `to_svg` turns into the page's own text colour, so that a picture reads
on a light page and on a dark one.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK = "#010203"
LARGE = 300_000  # bytes
BLUE, ORANGE, RED, GREEN = "#3b82c4", "#e08a2e", "#d64545", "#3a9a5b"
_STYLE: Any = {
    "svg.fonttype": "path",
    "svg.hashsalt": "gradus",
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "font.size": 10,
}


def available() -> bool:
    """Whether matplotlib, the extra `plot`, is installed.

    >>> available() in (True, False)
    True
    """
    from importlib.util import find_spec

    return find_spec("matplotlib") is not None


def styled() -> Any:
    """A context in which drawing follows this style: text, lines, spines.

    >>> with styled():
    ...     figure = new_figure(3, 2)
    """
    import matplotlib as mpl

    return mpl.rc_context(_STYLE)


def new_figure(width: float, height: float) -> Figure:
    """A figure of this size in inches; its canvas is matplotlib's plain one.

    >>> new_figure(3, 2).get_size_inches().tolist()
    [3.0, 2.0]
    """
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def thousands() -> Any:
    """Ticks that say 1,200 rather than 1200; 3.5 M rather than 3500000.

    >>> thousands()(1200)
    '1,200'
    """
    from matplotlib.ticker import FuncFormatter

    return FuncFormatter(lambda v, _: f"{v / 1e6:,.3g} M" if abs(v) >= 1e6 else f"{v:,.6g}")


def few() -> Any:
    """Five ticks on an axis, or a few less.

    >>> len(few().tick_values(0, 1000)) <= 6
    True
    """
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(5)


def to_svg(figure: Figure) -> str:
    """The figure as an `<svg>` element for an HTML page, in the page's text colour.

    >>> to_svg(new_figure(3, 2)).startswith("<svg")
    True
    """
    from io import StringIO

    out = StringIO()
    with styled():
        figure.savefig(out, format="svg", transparent=True, metadata={"Date": None})
    text = out.getvalue()
    return text[text.index("<svg") :].replace(INK, "currentColor")


def save_png(figure: Figure, path: str | Path) -> None:
    """Write a figure as a PNG file on white, its lines and letters nearly black; in 256 colours where it is large.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_png(new_figure(3, 2), Path(folder) / "empty.png")
    """
    with styled():
        figure.savefig(path, format="png", dpi=110, facecolor="white")
    if Path(path).stat().st_size > LARGE:
        from PIL import Image

        with Image.open(path) as picture:
            few_colours = picture.convert("RGB").quantize(256, dither=Image.Dither.NONE)
        few_colours.save(path, "PNG", optimize=True)
