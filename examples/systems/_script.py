"""What the scripts here share: the options, the text that is printed and kept, the picture that is written."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from gradus.draw import save_png

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Found = TypeVar("Found")


def run(
    file: str,
    measure: Callable[[bool, Callable[..., None]], Found],
    draw: Callable[[Found], Figure],
    arguments: Sequence[str] | None = None,
) -> Found:
    """Measure, say what came out, and draw it: NAME.txt and NAME.png in the folder asked for.

    Args:
        file: the script's `__file__`; its name names the picture and the text.
        measure: called with `fast` and a `say` that prints and keeps a line; gives plain data.
        draw: makes the picture from them.
        arguments: those of the command line, where not `sys.argv`.
    """
    name = Path(file).stem
    parser = argparse.ArgumentParser(prog=f"python {Path(file).name}", description=measure.__globals__["__doc__"])
    parser.add_argument("--fast", action="store_true", help="small data and few steps: seconds, to see that it works")
    parser.add_argument("--out", type=Path, default=Path("pictures"), help="folder for the picture and the text")
    options = parser.parse_args(arguments)
    lines: list[str] = []

    def say(*what: Any) -> None:
        line = " ".join(map(str, what))
        print(line, flush=True)
        lines.append(line)

    found = measure(options.fast, say)
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / f"{name}.txt").write_text("".join(f"{line.rstrip()}\n" for line in lines), encoding="utf-8")
    save_png(draw(found), options.out / f"{name}.png")
    print(f"Picture: {options.out / f'{name}.png'}")
    return found
