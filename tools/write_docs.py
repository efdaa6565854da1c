"""Write into the pages of docs/ what comes from elsewhere: what examples print, and pieces of the source.

In the compiler's pages the Python blocks are run in order, as one program. A block of text right after one is what it
prints. Blocks marked `text measured` hold times, which differ from machine to machine, and are only written here.

In all other pages a block that names its source is filled from there: "```python src/gradus/models/mlp.py MLP.forward"
with a function, a class or a method, and "```text docs/systems/pictures/neurons.txt" with a whole file.

docs/glossary.md is gathered from the "## Words" of the pages in docs/systems, lines like "- weight decay 权重衰减", and
from docs/terms.txt; `python tools/write_docs.py glossary` writes it alone.

Tests compare all of it with the pages.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import io
import re
import sys
import textwrap
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
PAGES = (ROOT / "docs" / "compiler.md", ROOT / "docs" / "convolution.md", ROOT / "docs" / "attention.md")

GLOSSARY, TERMS, SYSTEMS = ROOT / "docs" / "glossary.md", ROOT / "docs" / "terms.txt", ROOT / "docs" / "systems"
_INTRODUCTION = """# Glossary

The terms of an introductory course in English and Chinese. What has a page is explained there, with its formula and its
picture; the rest in a line.

| term | 中文 | what it is, where it is explained |
|---|---|---|
"""

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


def glossary() -> str:
    """The page of all terms, from those of the pages and those of terms.txt."""
    chinese: dict[str, str] = {}
    lines: dict[str, str] = {}
    links: dict[str, list[str]] = {}
    for line in TERMS.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            term, chinese_term, explained = (part.strip() for part in line.split(" | ", 2))
            chinese[term], lines[term] = chinese_term, explained.replace("|", "\\|")
    known = {name.casefold(): name for name in chinese}
    for page in sorted(SYSTEMS.glob("*.md")):
        for word, in_chinese in words(page.read_text(encoding="utf-8")):
            term = known.setdefault(word.casefold(), word)
            chinese.setdefault(term, in_chinese)
            title = page.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ")
            links.setdefault(term, []).append(f"[{title}](systems/{page.name})")
    rows = ""
    for term in sorted(chinese, key=lambda term: (term.casefold(), term)):
        told = "; ".join(filter(None, (lines.get(term), ", ".join(dict.fromkeys(links.get(term, []))))))
        rows += f"| {term} | {chinese[term]} | {told} |\n"
    return _INTRODUCTION + rows


def words(page: str) -> list[tuple[str, str]]:
    """The terms of a page's "## Words", each in English and Chinese."""
    section = re.search(r"^## Words\n(.*?)(?=^## |\Z)", page, re.S | re.M)
    lines = section[1].splitlines() if section else []
    return [pair for line in lines if line.startswith("- ") for pair in _split(*_word(line))]


def _split(english: str, chinese: str) -> list[tuple[str, str]]:
    """Of "weight, bias" and "权重, 偏置" two terms; of two words for one thing, one."""
    parts = [re.split(r"\s*[,\uff0c、]\s*", text) for text in (english, chinese)]
    return list(zip(*parts, strict=True)) if len(parts[0]) == len(parts[1]) else [(english, chinese)]


def _word(line: str) -> tuple[str, str]:
    """What stands before the Chinese, and that: in "- He initialisation He 初始化" a name in Latin letters is of it."""
    first = next((i for i, c in enumerate(line) if "\u4e00" <= c <= "\u9fff"), None)
    if first is None:
        raise ValueError(f"{line!r} has no Chinese; a line of the words is '- weight decay 权重衰减'")
    english, chinese = line[2:first].split(), line[first:]
    if len(english) > 2 and english[-1] in english[:-1]:
        chinese = f"{english.pop()} {chinese}"
    return " ".join(english).strip(" :*-"), chinese.strip()


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Write into the pages of docs/ what comes from elsewhere.")
    parser.add_argument(
        "part", nargs="?", choices=("all", "glossary"), default="all", help="glossary: docs/glossary.md alone; else all"
    )
    part = parser.parse_args(arguments).part
    GLOSSARY.write_text(glossary(), encoding="utf-8")
    if part == "glossary":
        return
    sys.path.insert(0, str(ROOT / "src"))
    for page in (ROOT / "docs").rglob("*.md"):
        page.write_text(filled(page.read_text(encoding="utf-8")), encoding="utf-8")
    for page in PAGES:
        page.write_text(rendered(page.read_text(encoding="utf-8"), measured=True), encoding="utf-8")


if __name__ == "__main__":
    main()
