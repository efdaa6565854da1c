"""The catalogue of mistakes: every one is named by a message, every name in a message is one, and the page has all.

That each wrong program is told what it says, and each right one nothing, test_reliability.py holds.
"""

from __future__ import annotations

import ast
import copy
import pickle
import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from tools.mistakes.page import PAGE, page

import gradus
from gradus.cli import main
from gradus.errors import DataError, ShapeError
from gradus.mistakes.catalogue import catalogue, told

SOURCE = Path(gradus.__file__).parent
SLUG = re.compile(r"[a-z]+(-[a-z]+)+")
NAMED = re.compile(r"\(gradus help ([a-z-]+)\)")


def slugs_in_the_source() -> set[str]:
    """The texts that are given as a mistake: in what is named so, or, where the catalogue has them, wherever."""
    found = set()
    for file in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in catalogue():
                found.add(node.value)
            if (isinstance(node, ast.keyword) and node.arg == "mistake") or (
                isinstance(node, ast.Assign) and "mistake" in ast.unparse(node.targets[0])
            ):
                texts = [n.value for n in ast.walk(node.value) if isinstance(n, ast.Constant)]
                found |= {text for text in texts if isinstance(text, str) and SLUG.fullmatch(text)}
    return found


def test_each_slug_of_the_source_is_in_the_catalogue_and_has_a_program() -> None:
    assert slugs_in_the_source() <= set(catalogue())
    named = {NAMED.findall(m.message)[0] for m in catalogue().values()}
    assert slugs_in_the_source() == named, "a slug that no program of the catalogue gets, or the other way round"


def test_the_page_is_of_this_catalogue() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m tools.mistakes --write"


@pytest.mark.parametrize("slug", list(catalogue()))
def test_an_entry_is_whole(slug: str) -> None:
    mistake = catalogue()[slug]
    assert SLUG.fullmatch(slug)
    assert mistake.title and mistake.text and mistake.message and mistake.wrong != mistake.right
    assert not mistake.title.endswith(".")


def test_there_are_enough() -> None:
    assert len(catalogue()) >= 100


def test_help_prints_the_section() -> None:
    said = CliRunner().invoke(main, ["help", "labels-with-a-point"]).output
    mistake = catalogue()["labels-with-a-point"]
    assert mistake.title in said and mistake.text in said
    assert "    F.cross_entropy(model(x), labels)\n" in said
    assert told("no-such-mistake") == ""
    assert "labels-with-a-point" in CliRunner().invoke(main, ["help", "labels-with-a-pont"]).stderr


def test_a_mistake_stays_with_copies_of_an_error() -> None:
    for error in (DataError("no.", mistake="labels-with-a-point"), ShapeError("no", "mend", "labels-with-a-point")):
        for other in (copy.copy(error), pickle.loads(pickle.dumps(error))):
            assert str(other) == str(error) and str(error).endswith(" (gradus help labels-with-a-point)")
