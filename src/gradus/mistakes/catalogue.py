"""The mistakes that people make, each with a wrong and a right program: read from `pages/`, by subject.

A page has a section for each: `## slug`, a line that says the mistake, the wrong program, the right one, the message,
and what there is to know. Tests run the programs; `python -m tools.mistakes --write` writes docs/errors.md of them.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

SUBJECTS: tuple[str, ...] = ("tensors", "gradients", "models", "losses", "optimizers", "loops", "data", "training")
SUBJECTS += ("files", "compiled", "commands")
PAGES = Path(__file__).parent / "pages"
_BLOCK = re.compile(r"^```(python|sh|text)\n(.*?)^```\n?", re.S | re.M)
_CALL = re.compile(r" \(gradus help ([a-z-]+)\)")


class Mistake(NamedTuple):
    """One mistake: its name, what it is in a line, programs that make it and do not, the message, and more of it."""

    slug: str
    title: str
    language: str  # of the programs: "python", or "sh" for the command line
    wrong: str
    right: str
    message: str
    text: str


class Subject(NamedTuple):
    """The mistakes of one subject: its name, and the lines with which each of its Python programs begins."""

    title: str
    begin: str
    mistakes: tuple[Mistake, ...]


@cache
def subject(name: str) -> Subject:
    """The mistakes of a subject, as its page has them.

    >>> subject("losses").title
    'Losses'
    """
    head, *sections = re.split(r"^## ", (PAGES / f"{name}.md").read_text(encoding="utf-8"), flags=re.M)
    title = head.splitlines()[0].removeprefix("# ")
    begin = "".join(code for _, code in _BLOCK.findall(head))
    return Subject(title, begin, tuple(map(_mistake, sections)))


def _mistake(section: str) -> Mistake:
    slug, said = section.split("\n", 1)
    blocks = _BLOCK.findall(said)
    (language, wrong), (_, right), *message = blocks
    title, *text = _BLOCK.sub("", said).strip().split("\n\n")
    told = message[0][1].strip() if message else ""
    return Mistake(slug, title, language, wrong, right, told, "\n\n".join(text).strip())


def catalogue() -> dict[str, Mistake]:
    """All mistakes by their names.

    >>> catalogue()["labels-with-a-point"].title
    'Labels that are floats'
    """
    return {mistake.slug: mistake for name in SUBJECTS for mistake in subject(name).mistakes}


def begin() -> str:
    """The lines with which every Python program of the catalogue begins."""
    return subject(SUBJECTS[0]).begin


def told(slug: str) -> str:
    """What `gradus help SLUG` prints; the empty string where there is no such mistake.

    >>> told("labels-with-a-point").splitlines()[0]
    'labels-with-a-point: Labels that are floats'
    """
    found = catalogue().get(slug)
    if found is None:
        return ""
    wrong, right = (re.sub(r"^(?=.)", "    ", code, flags=re.M) for code in (found.wrong, found.right))
    more = f"\n{found.text}\n" if found.text else ""
    said = _CALL.sub("", found.message)
    return f"{slug}: {found.title}\n\nWrong:\n\n{wrong}\n{said}\n{more}\nRight:\n\n{right}"
