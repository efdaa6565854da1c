"""Products with few columns or few rows, whose vectors lie along k."""

from __future__ import annotations

import ctypes
import platform
from typing import Any

import numpy as np
import pytest

import gradus
from gradus.compiler.emit.code import Code
from gradus.compiler.emit.folding import folded
from gradus.compiler.emit.kit import Kit
from gradus.compiler.emit.value import Value
from gradus.compiler.native.entry import module
from gradus.compiler.native.program import Program
from gradus.compiler.native.step import Step
from gradus.compiler.native.target import Loaded, Target, avx2, avx512, compile_object, host, sse2

TARGETS = [make for make in (avx512, avx2, sse2) if platform.machine() in ("x86_64", "AMD64")] or [host]


def skip_unless_it_runs(target: Target) -> Target:
    if target.vector_bytes > host().vector_bytes:
        pytest.skip("this processor lacks it")
    return target


def program_of(compiled: Any) -> Program:
    assert isinstance(compiled._last, Step)
    return compiled._last.program


@pytest.mark.parametrize("make", TARGETS)
@pytest.mark.parametrize("dtype", ["float32", "float64", "int32"])
@pytest.mark.parametrize(
    ("rows", "columns", "depth"),
    [(1, 1, 64), (5, 3, 33), (60, 2, 99), (29, 10, 47), (7, 12, 32), (1, 40, 64), (3, 37, 70), (8, 130, 40)],
)
def test_products_of_any_size(make: Any, dtype: str, rows: int, columns: int, depth: int) -> None:
    target = skip_unless_it_runs(make())
    rng = np.random.default_rng(rows)
    a, w = (gradus.tensor(rng.integers(-9, 10, shape), dtype) for shape in ((rows, depth), (columns, depth)))
    product = gradus.compile(lambda a, w: a @ w.T + 1, target=target)
    np.testing.assert_array_equal(product(a, w).numpy(), a.numpy() @ w.numpy().T + 1)  # small integers: no rounding
    (t,) = program_of(product).tilings.values()
    few = 4 * columns <= 3 * t.lanes or 2 * rows <= t.lanes
    assert t.narrow == (few and depth >= 2 * t.lanes)


def test_batches_and_what_is_not_a_number() -> None:
    rng = np.random.default_rng(0)
    a, w = rng.normal(size=(3, 20, 40)).astype("float32"), rng.normal(size=(3, 4, 40)).astype("float32")
    a[1, 2, 39], w[2, 3, 0] = np.nan, np.inf
    product = gradus.compile(lambda a, w: a @ w.permute(0, 2, 1))
    found = product(gradus.Tensor(a), gradus.Tensor(w)).numpy()
    np.testing.assert_allclose(found, a @ w.transpose(0, 2, 1), rtol=1e-4, atol=1e-5)


def test_nothing_is_packed() -> None:
    linear = gradus.nn.Linear(64, 5)
    forward = gradus.compile(lambda x: linear(x))
    forward(gradus.rand(30, 64))
    assert [s.function.split("_")[0] for s in program_of(forward).stages] == ["matmul"]


@pytest.mark.parametrize("count", [1, 2, 3, 4, 7, 8])
def test_lanes_brought_together(count: int) -> None:
    lanes, code = 8, Code("fold", "ptr %in, ptr %out", linkage="")
    kit = Kit(code, lanes)
    vectors = [
        Value(kit, np.dtype("int64"), code.op(f"load <8 x i64>, ptr {code.element('i64', '%in', lanes * i)}, align 8"))
        for i in range(count)
    ]
    code.do(f"store <8 x i64> {folded(vectors, lambda x, y: x + y).ref}, ptr %out, align 8")
    numbers, out = np.random.default_rng(0).integers(0, 100, (count, lanes)), np.zeros(lanes, np.int64)
    loaded = Loaded([compile_object(module([code]), host())], host())
    loaded.function("fold", ctypes.c_void_p, ctypes.c_void_p)(numbers.ctypes.data, out.ctypes.data)
    np.testing.assert_array_equal(out[:count], numbers.sum(1))
