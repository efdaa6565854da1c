"""Every system's script runs in its fast mode, prints figures and draws a picture; its page shows the code as it is."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).parent.parent
SCRIPTS = sorted(f for f in (ROOT / "examples" / "systems").glob("*.py") if not f.name.startswith("_"))
PAGES = sorted((ROOT / "docs").rglob("*.md"))


def load(path):
    """A file as a module, with its neighbours within reach, as when it is run."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(path.parent))
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(path.parent))
    return module


TRAIN_LONG = {"overfitting", "precision"}  # so that native code is worth its making
each_script = pytest.mark.parametrize("script", SCRIPTS, ids=lambda f: f.stem)


@each_script
def test_a_system_runs_in_its_fast_mode(script, tmp_path, capsys, request):
    if script.stem not in TRAIN_LONG:
        request.getfixturevalue("eagerly")
    runs(script, tmp_path, capsys)


@pytest.mark.long
@each_script
def test_a_system_runs_compiled_in_its_fast_mode(script, tmp_path, capsys):
    runs(script, tmp_path, capsys)


def runs(script, tmp_path, capsys):
    load(script).main(["--fast", "--out", str(tmp_path)])
    text = (tmp_path / f"{script.stem}.txt").read_text(encoding="utf-8")
    assert any(c.isdigit() for c in text)
    assert text in capsys.readouterr().out
    picture = np.asarray(Image.open(tmp_path / f"{script.stem}.png").convert("L"))
    assert min(picture.shape) > 200 and picture.std() > 5


@each_script
def test_a_system_has_its_page_and_picture(script):
    page = (ROOT / "docs" / "systems" / f"{script.stem}.md").read_text(encoding="utf-8")
    assert f"](pictures/{script.stem}.png)" in page and (ROOT / "docs/systems/pictures" / f"{script.stem}.png").exists()
    assert f"python examples/systems/{script.name}" in page
    assert f"```text docs/systems/pictures/{script.stem}.txt" in page and "```python src/gradus/" in page
    assert "## To change and try" in page


@pytest.mark.parametrize("page", PAGES, ids=lambda f: f.stem)
def test_pages_show_the_source_as_it_is(page):
    tool = load(ROOT / "tools" / "write_docs.py")
    text = page.read_text(encoding="utf-8")
    assert tool.filled(text) == text, "run: python tools/write_docs.py"


def test_the_glossary_is_what_the_pages_and_the_terms_say():
    tool = load(ROOT / "tools" / "write_docs.py")
    text = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    assert tool.glossary() == text, "run: python tools/write_docs.py glossary"
    rows = [line.split(" | ") for line in text.splitlines() if line.startswith("| ")][1:]
    terms = [row[0].removeprefix("| ") for row in rows]
    assert len(rows) > 200 and len({term.casefold() for term in terms}) == len(terms)
    for row in rows:
        assert len(row) >= 3 and row[2].strip(" |"), row
        chinese = row[1] in ("AlexNet", "AdamW", "LeNet", "RMSprop") or any("\u4e00" <= c <= "\u9fff" for c in row[1])
        assert row[0].strip("| ") and chinese, row


def test_words_in_latin_letters_may_belong_to_the_chinese():
    tool = load(ROOT / "tools" / "write_docs.py")
    page = "# A\n\n## Words\n\n- weight, bias 权重、偏置\n- He initialisation He 初始化\n- tree (TPE) 树 Parzen 器\n"
    found = [("weight", "权重"), ("bias", "偏置"), ("He initialisation", "He 初始化"), ("tree (TPE)", "树 Parzen 器")]
    assert tool.words(page) == found
    with pytest.raises(ValueError, match="has no Chinese"):
        tool.words("## Words\n\n- weight decay\n")
