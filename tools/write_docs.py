"""Write into the pages of docs/ what comes from elsewhere: what examples print, and pieces of the source.

In the compiler's pages the Python blocks are run in order, as one program. A block of text right after one is what it
prints. Blocks marked `text measured` hold times, which differ from machine to machine, and are only written here.

In all other pages a block that names its source is filled from there: "```python src/gradus/models/mlp.py MLP.forward"
with a function, a class or a method, and "```text docs/systems/pictures/neurons.txt" with a whole file.

Tests compare all of it with the pages.
"""

from __future__ import annotations

import ast
import contextlib
import io
import re
import sys
import textwrap
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
PAGES = (ROOT / "docs" / "compiler.md", ROOT / "docs" / "convolution.md")

_SOURCE = re.compile(r"^```(python|text) (\S+)(?: (\S+))?\n(.*?)^```$", re.S | re.M)
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


def filled(page: str) -> str:
    """A page with the blocks that name their source as the source is now."""

    def renew(block: re.Match[str]) -> str:
        kind, path, name, _ = block.groups()
        if "/" not in path:
            return block[0]
        text = (ROOT / path).read_text(encoding="utf-8")
        return f"```{' '.join(filter(None, (kind, path, name)))}\n{_piece(text, name) if name else text}```"

    return _SOURCE.sub(renew, page)


def _piece(text: str, name: str) -> str:
    """A function, a class or a method (`Class.method`), by name; without its docstring, which the page replaces."""
    node: Any = ast.parse(text)
    for part in name.split("."):
        node = next(n for n in node.body if getattr(n, "name", None) == part)
    lines = text.splitlines()
    first = min([node.lineno, *(d.lineno for d in node.decorator_list)]) - 1
    left_out: range = range(0)
    if ast.get_docstring(node) is not None and len(node.body) > 1:
        left_out = range(node.body[0].lineno - 1, node.body[0].end_lineno)
    kept = [line for i, line in enumerate(lines[: node.end_lineno]) if i >= first and i not in left_out]
    return textwrap.dedent("\n".join(kept)) + "\n"


def main() -> None:
    sys.path.insert(0, str(ROOT / "src"))
    for page in (ROOT / "docs").rglob("*.md"):
        page.write_text(filled(page.read_text(encoding="utf-8")), encoding="utf-8")
    for page in PAGES:
        page.write_text(rendered(page.read_text(encoding="utf-8"), measured=True), encoding="utf-8")


if __name__ == "__main__":
    main()
