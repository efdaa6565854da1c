"""Write docs/reference from the docstrings: a page for each room, an index by task, and one by PyTorch's names.

    python -m tools.write_reference

A test compares the pages with what this would write.
"""

from __future__ import annotations

import argparse
import importlib
import inspect
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
FOLDER, FROM_PYTORCH = ROOT / "docs" / "reference", ROOT / "docs" / "from-pytorch.md"
sys.path[:0] = [str(ROOT / "src"), str(ROOT)]

from tests.idioms import SAME, TOLD  # noqa: E402
from tests.named import names  # noqa: E402

from gradus.names import reference, rooms  # noqa: E402
from gradus.names.elsewhere import answer  # noqa: E402
from gradus.names.tables.reasons import INSIDE  # noqa: E402

PAGES = {room or "gradus": room for room in rooms.ROOMS} | {kind: kind for kind in rooms.CLASSES}
INDEX = """# Reference

Every public name of gradus, written from its docstring by `python -m tools.write_reference`. The same is printed by
`gradus help NAME`, which knows the names of PyTorch, NumPy, Keras and TensorFlow, too; those of PyTorch are listed
[here](pytorch.md).

| page | what is there | names |
|---|---|---|
"""
IDIOMS = "| typed | the same as |\n|---|---|\n"
BY_NAME = """# By PyTorch's names

For each public name of PyTorch and torchvision what it is in gradus. What is there under the same path means the same,
but for what [From PyTorch](../from-pytorch.md) lists. `gradus help NAME` prints this, too, and for NumPy, Keras and
TensorFlow. Names that PyTorch has for its own inside are left out.
"""
_SECTION = re.compile(r"^(Args|Returns|Raises|Attributes|Yields):$")


def pages() -> dict[str, str]:
    """All pages by the names of their files."""
    found = {f"{name}.md": _page(name, room) for name, room in PAGES.items()}
    return {"README.md": _index(), "pytorch.md": _by_name(), **found}


def _page(page: str, room: str) -> str:
    title = f"gradus.{room}" if room in rooms.ROOMS and room else page
    parts = [f"# {title}", _summary(room)]
    for e in reference.entries(room):
        name = e.path.rpartition(".")[2]
        second = f"Another name of [`{e.first}`](#{e.first.lower()})." if e.first else ""
        function = reference.entry(name) if room == "Tensor" else None
        if function is not None and function.text == e.text and not second:
            second = f"{e.line} The function [`gradus.{name}`](gradus.md#{name.lower()})."
        parts += [f"## {name}", f"`{e.call}`", second or _markdown(e.text)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _summary(room: str) -> str:
    return (inspect.getdoc(rooms.owner(room)) or "").split("\n\n")[0]


def _markdown(text: str) -> str:
    """A docstring as Markdown: examples as code, arguments as a list."""
    lines: list[str] = []
    code = False
    for line in text.splitlines():
        starts = line.lstrip().startswith(">>> ")
        if starts and not code:
            lines += ["```python"]
        if code and not line.strip():
            lines += ["```"]
        code = bool(line.strip()) and (code or starts)
        section = _SECTION.match(line)
        if code:
            lines.append(line)
        elif section:
            lines += [f"**{section[1]}**", ""]
        else:
            lines.append(re.sub(r"^    (\S[^:]*):(?= |$)", r"- `\1`:", line) if line.startswith("    ") else line)
    return "\n".join([*lines, *(["```"] if code else [])])


def _index() -> str:
    rows = ""
    for name, room in PAGES.items():
        count = sum(1 for _ in reference.entries(room))
        title = f"gradus.{room}" if room in rooms.ROOMS and room else name
        rows += f"| [{title}]({name}.md) | {_summary(room).splitlines()[0]} | {count} |\n"
    return f"{INDEX}{rows}\n## By task\n\n{_by_task()}"


def _by_task() -> str:
    """The names gathered by the file that they are written in, which has one subject and says it."""
    lines = ""
    for name, room in PAGES.items():
        if room in rooms.CLASSES:
            continue
        subjects = defaultdict(list)
        for e in reference.entries(room):
            home = getattr(getattr(rooms.owner(room), e.path.rpartition(".")[2]), "__module__", None)
            if not e.first and str(home).startswith("gradus."):
                subjects[home].append(e.path.rpartition(".")[2])
        if len(subjects) > 1:
            lines += f"### {f'gradus.{room}'.rstrip('.')}\n\n"
            for home in sorted(subjects):
                about = (importlib.import_module(home).__doc__ or home).split("\n\n")[0].replace("\n", " ").rstrip(".")
                lines += f"- {about}: {', '.join(f'[{n}]({name}.md#{n.lower()})' for n in subjects[home])}\n"
            lines += "\n"
    return lines


def _by_name() -> str:
    text, section = BY_NAME, ""
    for library in ("torch", "torchvision"):
        for of, name, _ in names(library):
            path, last = rooms.at_home(f"{of}.{name}")
            said = _in_a_row(path, last)
            if not said or said == INSIDE:
                continue
            if of != section:
                section = of
                text += f"\n## {of}\n\n| there | in gradus |\n|---|---|\n"
            text += f"| `{name}` | {said} |\n"
    return text


def _in_a_row(path: str, name: str) -> str:
    whole = f"{path}.{name}".lstrip(".")
    if (e := reference.entry(whole)) is not None:
        page = path or "gradus"
        if path in rooms.ROOMS and name not in rooms.offered(path):
            return f"`{e.call}`"
        return f"[`{e.call.partition('(')[0]}`]({page}.md#{(e.first or name).lower()})"
    return answer(path, name).removeprefix("Write instead: ").replace("|", "\\|")


def from_pytorch(page: str) -> str:
    """The page for those who come from PyTorch, with the idioms that the tests try."""
    same = "".join(f"| `{typed}` | `{meant}` |\n" for typed, meant in SAME.items())
    told = "".join(f"| `{typed}` | {words} |\n" for typed, words in TOLD.items())
    return f"{page.partition(IDIOMS)[0]}{IDIOMS}{same}\n| typed | what is said |\n|---|---|\n{told}"


def written() -> Iterator[Path]:
    """The pages that lie in the folder."""
    return FOLDER.glob("*.md")


def main(arguments: list[str] | None = None) -> None:
    argparse.ArgumentParser(description="Write docs/reference from the docstrings.").parse_args(arguments)
    FOLDER.mkdir(exist_ok=True)
    wanted = pages()
    for page in written():
        if page.name not in wanted:
            page.unlink()
    for name, text in wanted.items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    FROM_PYTORCH.write_text(from_pytorch(FROM_PYTORCH.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
