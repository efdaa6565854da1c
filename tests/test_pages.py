"""The pages' links lead somewhere, and the commands that they show are understood."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from gradus.cli import main

ROOT = Path(__file__).parent.parent
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda f: str(f.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.S | re.M)
    for link in re.findall(r"\]\(([^)#]+)[^)]*\)", text):
        assert "://" in link or (page.parent / link).exists(), link


def shown_commands():
    """The commands that the pages show, in blocks and in sentences, each with its page."""
    found = set()
    for page in PAGES:
        for shown in re.findall(r"^    (gradus .+)$|`(gradus [^`]+)`", page.read_text(encoding="utf-8"), flags=re.M):
            line = re.split(r" #| >", "".join(shown))[0].strip()
            if "COMMAND" not in line:
                found.add((page.name, line))
    return sorted(found)


@pytest.mark.parametrize(("page", "line"), shown_commands())
def test_commands_are_understood(page, line):
    command, words = main, shlex.split(line)[1:]
    while isinstance(command, click.Group) and words:
        command = command.commands[words.pop(0)]
    command.make_context(line, words)


def test_the_page_of_the_command_line_has_every_command_and_look():
    page = (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")
    assert not [name for name in main.commands if f"    gradus {name}" not in page]
    assert not [name for name in main.commands["look"].commands if f"    gradus look {name}" not in page]


def test_the_index_has_every_systems_page():
    folder = ROOT / "docs" / "systems"
    index = (folder / "README.md").read_text(encoding="utf-8")
    assert not [p.name for p in folder.glob("*.md") if p.name != "README.md" and f"]({p.name})" not in index]
