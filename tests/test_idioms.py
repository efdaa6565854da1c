"""What people type from habit gives the same as another line, or says what to write: `tests/idioms.py` lists them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.idioms import SAME, TOLD
from tools import write_reference

import gradus
from gradus import data, nn, optim
from gradus.errors import GradusError
from gradus.names.rooms import described
from gradus.nn import functional as F

PAGE = Path(__file__).parent.parent / "docs" / "from-pytorch.md"


def names() -> dict[str, Any]:
    X = np.arange(12, dtype=np.float32).reshape(3, 4)
    m = nn.Linear(4, 2)
    p = gradus.tensor([1.0, 2.0], requires_grad=True)
    (p * p).sum().backward()
    known = {"gradus": gradus, "np": np, "nn": nn, "F": F, "optim": optim, "X": X, "m": m, "p": p}
    known |= {"x": gradus.tensor(X)}
    known |= {"o": optim.SGD(m.parameters(), lr=0.1), "L": gradus.tensor([0, 1, 2]), "D": data.TensorDataset(X, X)}
    return known


def as_numbers(value: Any) -> Any:
    return value.numpy() if isinstance(value, gradus.Tensor) else value


@pytest.mark.parametrize("typed", SAME)
def test_it_is_the_same(typed: str) -> None:
    known = names()
    found, meant = (as_numbers(eval(line, known)) for line in (typed, SAME[typed]))
    if isinstance(meant, (np.ndarray, float)):
        assert np.shape(found) == np.shape(meant)
        np.testing.assert_allclose(found, meant, rtol=1e-6, atol=1e-6)
    else:
        assert found == meant


@pytest.mark.parametrize("typed", TOLD)
def test_it_is_told(typed: str) -> None:
    with pytest.raises((GradusError, ImportError)) as caught:
        exec(typed, names())
    assert TOLD[typed] in str(caught.value)


def test_there_are_a_hundred() -> None:
    assert len(SAME) + len(TOLD) >= 130


def test_the_page_for_those_who_come_from_pytorch_holds_them() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == write_reference.from_pytorch(page), "run: python -m tools.write_reference"


NUMPYS = ("std", "var", "max", "min", "sort", "median", "equal", "nonzero", "repeat", "split", "meshgrid", "sign")
NUMPYS += ("transpose",)


@pytest.mark.parametrize("name", NUMPYS)
def test_what_is_numpys_and_not_pytorchs_says_so_at_once(name: str) -> None:
    said = described(getattr(gradus, name))
    assert "NumPy" in said or "`max`" in said  # min is as max
    assert f"`{name}" in PAGE.read_text(encoding="utf-8")
