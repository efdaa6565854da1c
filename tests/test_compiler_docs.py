"""What docs/compiler.md shows is what the code prints."""

from __future__ import annotations

import difflib
import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

import gradus

ROOT = Path(gradus.__file__).parent.parent.parent


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("write_docs", ROOT / "tools" / "write_docs.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_shows_what_the_code_prints(tool: ModuleType) -> None:
    for page in tool.PAGES:
        written = page.read_text(encoding="utf-8")
        now = tool.rendered(written)
        lines = difflib.unified_diff(written.splitlines(), now.splitlines(), "the page", "the code", lineterm="", n=0)
        assert now == written, "run: python tools/write_docs.py\n" + "\n".join(lines)


def test_a_changed_output_is_noticed(tool: ModuleType) -> None:
    page = "```python\nprint(1 + 1)\n```\n\n```text\n3\n```\n\n```text measured\n4\n```\n"
    assert tool.rendered(page) == page.replace("3\n", "2\n")
    assert tool.rendered(page, measured=True) == page.replace("3\n", "2\n").replace("4\n", "2\n")


def test_the_page_names_files_and_functions_that_exist() -> None:
    names = ("compiler.md", "convolution.md", "attention.md")
    page = "".join((ROOT / "docs" / name).read_text(encoding="utf-8") for name in names)
    package = ROOT / "src" / "gradus"
    for name in re.findall(r"`([\w/]+\.py)`", page):
        assert list((package / "compiler").rglob(name)) or (package / name).exists() or (ROOT / name).exists(), name
    assert len((ROOT / "docs" / "compiler.md").read_text(encoding="utf-8").splitlines()) <= 640
