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


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda f: f.stem)
def test_a_system_runs_in_its_fast_mode(script, tmp_path, capsys):
    load(script).main(["--fast", "--out", str(tmp_path)])
    text = (tmp_path / f"{script.stem}.txt").read_text(encoding="utf-8")
    assert any(c.isdigit() for c in text)
    assert text in capsys.readouterr().out
    picture = np.asarray(Image.open(tmp_path / f"{script.stem}.png").convert("L"))
    assert min(picture.shape) > 200 and picture.std() > 5


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda f: f.stem)
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
