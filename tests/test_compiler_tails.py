"""The ends of rows: what is narrowed on storing writes its own lanes and nothing else."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_compiler_targets import TARGETS, X86, runs

import gradus
from gradus import nn
from gradus.compiler.native import target
from gradus.compiler.native.target import avx2

pytestmark = pytest.mark.skipif(not X86, reason="forces the features of x86-64 processors")
NARROW = ("bool", "int8", "uint8", "int16", "uint16", "int32", "float16", "bfloat16")


@pytest.mark.parametrize("make", TARGETS)
@pytest.mark.parametrize("columns", [1, 17, 65])
def test_a_linear_layer_in_bfloat16(columns: int, make: Any) -> None:
    if not runs(make()):
        pytest.skip("this processor lacks it")
    layer = nn.Linear(16, columns).astype("bfloat16")
    x = gradus.rand(8, 16).astype("bfloat16")
    found = gradus.compile(layer, target=make())(x).numpy().astype("float32")
    np.testing.assert_allclose(found, layer(x).numpy().astype("float32"), rtol=1.6e-2, atol=1e-2)


@pytest.mark.parametrize("make", TARGETS)
@pytest.mark.parametrize("columns", [1, 17, 65])
def test_products_narrowed(columns: int, make: Any) -> None:
    """A product's tiles go down the rows: what a row writes beyond its end would stay in the row after it."""
    if not runs(make()):
        pytest.skip("this processor lacks it")
    rng = np.random.default_rng(0)
    x, w = (gradus.tensor(rng.integers(0, 4, s).astype("float32")) for s in ((9, 16), (16, columns)))

    def narrowed(x: Any, w: Any) -> Any:
        return tuple((x @ w).astype(t) for t in NARROW)

    for found, expected in zip(gradus.compile(narrowed, target=make())(x, w), narrowed(x, w), strict=True):
        np.testing.assert_array_equal(found.numpy(), expected.numpy(), err_msg=str(expected.dtype))


def test_only_one_file_stores_some_lanes() -> None:
    """So that the rule stands in one place."""
    files = Path(target.__file__).parent.parent.rglob("*.py")
    assert [f.name for f in files if "llvm.masked." in f.read_text()] == ["some_lanes.py"]


def test_a_mask_is_known_whole_or_not_at_all() -> None:
    """With AVX2, LLVM reads whole vectors where it knows some lanes of a mask to be unset and of others nothing."""
    x = gradus.rand(3, 12).astype("int64")
    compiled = gradus.compile(lambda x: x.pad(((1, 2), (0, 3))), target=avx2())
    compiled(x)
    loads = re.findall(r"@llvm.masked.load.v\d+i64.p0\(ptr %t\d+, i32 8, <\d+ x i1> (%t\d+)", compiled._last.text)
    assert loads
    assert all(re.search(rf"{mask} = or <\d+ x i1> .*, %unset", compiled._last.text) for mask in loads)
