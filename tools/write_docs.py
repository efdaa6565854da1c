"""Run the examples in the compiler's pages and write what they print into the page.

The page's Python blocks are run in order, as one program. A block of text right after one is what it prints. A test
compares; blocks marked `text measured` hold times, which differ from machine to machine, and are only written here.
"""

from __future__ import annotations

import contextlib
import io
import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
PAGES = (ROOT / "docs" / "compiler.md", ROOT / "docs" / "convolution.md")

_BLOCK = re.compile(r"^```(python|text measured|text)\n(.*?)^```$", re.S | re.M)


def rendered(page: str, measured: bool = False) -> str:
    """A page with its outputs as they are now; those that are measured only if wished."""
    names: dict[str, Any] = {"__name__": "docs"}
    printed = ""

    def renew(block: re.Match[str]) -> str:
        nonlocal printed
        kind, content = block.groups()
        if kind == "python":
            printed = _run(content, names)
            return block[0]
        return block[0] if kind == "text measured" and not measured else f"```{kind}\n{printed}```"

    return _BLOCK.sub(renew, page)


def _run(source: str, names: dict[str, Any]) -> str:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(source, "docs", "exec"), names)
    return "".join(line.rstrip() + "\n" for line in out.getvalue().splitlines())


def main() -> None:
    sys.path.insert(0, str(ROOT / "src"))
    for page in PAGES:
        page.write_text(rendered(page.read_text(encoding="utf-8"), measured=True), encoding="utf-8")


if __name__ == "__main__":
    main()
