"""Products that fall into parts beside each other: what follows is worked out while a tile of each part is at hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from everyway import TARGETS

import gradus
from gradus import nn
from gradus.compiler.native import program as native
from gradus.compiler.native.runtime import set_num_threads
from gradus.compiler.native.target import Target, default
from gradus.compiler.plan import tiling
from gradus.functional import gru_step, lstm_step
from gradus.tensor import Tensor

pytestmark = pytest.mark.usefixtures("two_threads")
WIDE = default().vector_bytes == 64


def checked(f: Callable[..., Any], *shapes: tuple[int, ...], **options: Any) -> native.Program:
    """The program of a function, whose results must be those of the function."""
    gradus.seed(0)
    arguments = [gradus.randn(*shape) for shape in shapes]
    compiled = gradus.compile(f, **options)
    for found, wanted in zip(compiled(*arguments), f(*arguments), strict=True):
        np.testing.assert_allclose(found.numpy(), wanted.numpy(), rtol=1e-5, atol=1e-5)
    return compiled._last.program


def parts(program: native.Program) -> list[int]:
    """Into how many parts each product is cut."""
    return [k.parts for k in program.schedule.order if k.kind == "matmul"]


def kinds(program: native.Program) -> list[str]:
    return [k.kind for k in program.schedule.order]


def lstm(z: Tensor, h: Tensor, c: Tensor, w: Tensor) -> tuple[Tensor, ...]:
    return lstm_step(z, (h, c), w)




@pytest.mark.parametrize("target", TARGETS, ids=lambda t: f"{t.vector_bytes} bytes")
@pytest.mark.parametrize("rows", [9, 13, 64, 65])
def test_gates(target: Target, rows: int) -> None:
    shapes = (rows, 128), (rows, 32), (rows, 32), (128, 32)
    found = checked(lstm, *shapes, target=target)
    assert parts(found) == [4 if target.registers == 32 else 1]
    found = checked(lambda z, h, w: gru_step(z, (h,), w), (rows, 96), (rows, 32), (96, 32), target=target)
    assert parts(found) == [3 if target.registers == 32 else 1]
    found = checked(lambda x, w: [_glu(x @ w)], (rows, 5), (5, 64), target=target)
    assert parts(found) == [2]
    assert kinds(found) == ["matmul"]  # and no loop of its own for the gates


def _glu(x: Tensor) -> Tensor:
    a, b = x.split(2, axis=-1)
    return a * b.sigmoid()


@pytest.mark.skipif(not WIDE, reason="four parts need the registers of AVX-512")
def test_a_cell_is_one_kernel_and_nobody_waits_inside_a_step() -> None:
    def cell(x: Tensor, h: Tensor, c: Tensor, w: Tensor, u: Tensor) -> tuple[Tensor, ...]:
        return lstm_step(x @ u, (h, c), w)

    found = checked(cell, (40, 24), (40, 32), (40, 32), (128, 32), (24, 128))
    assert (kinds(found), parts(found)) == (["matmul", "matmul"], [4, 4])
    products = [i for i, s in enumerate(found.stages) if s.kernel is not None and "matmul" in s.function]
    assert not any(found.needs_barrier()[i] for i in products)  # each thread packs the weights that it needs


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_gradients_of_a_layer(dtype: str) -> None:
    gradus.seed(1)
    layer = nn.LSTM(7, 32, num_layers=2).astype(dtype)
    x = gradus.randn((5, 11, 7), dtype=dtype)

    def gradients(x: Tensor) -> list[Tensor]:
        return gradus.grad(layer(x)[0].tanh().sum(), list(layer.parameters()))

    for found, wanted in zip(gradus.compile(gradients)(x), gradients(x), strict=True):
        np.testing.assert_allclose(found.numpy(), wanted.numpy(), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    "f",
    [
        pytest.param(lambda x, w: [_glu((x @ w)[:, :-2])], id="not whole vectors"),
        pytest.param(lambda x, w: [(x @ w)[:, :32] * (x @ w)[:, 31:63].exp()], id="not the same place"),
        pytest.param(lambda x, w: [(x @ w)[:, :32] * (x @ w)[:, 63:31:-1].exp()], id="turned round"),
        pytest.param(lambda x, w: [_glu((x @ w).T.reshape(20, 64))], id="turned"),
    ],
)
def test_what_is_not_cut(f: Callable[..., Any]) -> None:
    assert max(parts(checked(f, (20, 5), (5, 64)))) == 1


def test_few_rows_are_not_cut() -> None:
    assert parts(checked(lambda x, w: [_glu(x @ w.T)], (2, 40), (64, 40))) == [1]


def test_a_product_that_others_need_whole() -> None:
    def both(x: Tensor, w: Tensor, v: Tensor) -> list[Tensor]:
        y = x @ w
        return [_glu(y), y, y @ v, (y * 2).exp()]

    assert parts(checked(both, (20, 5), (5, 64), (64, 3)))[0] == 2


def test_more_of_the_same_place_and_of_the_whole_after_it() -> None:
    def f(x: Tensor, w: Tensor, c: Tensor) -> list[Tensor]:
        y = x @ w
        gate = _glu(y)
        return [gate, gate.exp() + c, y.exp() * y[:, :32].sum(), gate * y[:, 32:].tanh()]

    found = checked(f, (20, 5), (5, 64), (20, 32))
    assert parts(found) == [2]


def test_batches_and_reshaped_domains() -> None:
    assert parts(checked(lambda x, w: [_glu(x @ w)], (3, 20, 5), (3, 5, 64))) == [2]
    assert parts(checked(lambda x, w: [_glu((x @ w).reshape(1, 20, 64))], (20, 5), (5, 64))) == [2]


def test_products_larger_than_the_caches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiling, "UNBLOCKED", 0)
    monkeypatch.setattr(tiling, "DEEP", 0)
    monkeypatch.setattr(tiling, "PIECE", 32)
    found = checked(lambda x, w: [_glu(x @ w)], (90, 70), (70, 64))
    assert parts(found) == [2]
    assert [t.blocked for t in found.tilings.values()] == [True]


@pytest.mark.parametrize("turned", [False, True])
def test_weights_that_are_packed_or_not(turned: bool) -> None:
    found = checked(lambda x, w: [_glu(x @ (w.T if turned else w))], (20, 40), (64, 40) if turned else (40, 64))
    assert parts(found) == [2]
    assert [t.packed for t in found.tilings.values()] == [turned]


def test_the_same_bits_on_any_number_of_threads() -> None:
    gradus.seed(2)
    arguments = [gradus.randn(*shape) for shape in ((40, 128), (40, 32), (40, 32), (128, 32))]
    found = []
    for threads in (1, 2, 4):
        set_num_threads(threads)
        found.append([x.numpy().tobytes() for x in gradus.compile(lstm)(*arguments)])
    assert found[0] == found[1] == found[2]


def test_the_rows_of_what_follows_are_not_those_of_the_product() -> None:
    """Rows twice as wide, as many as the product has: no thread has those that it made itself."""

    def f(x: Tensor, w: Tensor) -> Tensor:
        gate = _glu(x @ w)
        return gradus.pad(gate.reshape(168, 32), [(0, 168), (0, 0)]) * 2

    gradus.seed(3)
    compiled, w = gradus.compile(f), gradus.randn(600, 32) * 0.05
    for _ in range(20):  # other numbers each time: those of the last time would be right
        x = gradus.randn(336, 600)
        np.testing.assert_allclose(compiled(x, w).numpy(), f(x, w).numpy(), rtol=1e-3, atol=1e-3)
    program = compiled._last.program
    assert program.needs_barrier()[-1]
    product = next(k for k in program.schedule.order if k.kind == "matmul")
    (share,) = (program.shares.own[product][n] for n in product.stored)
    assert (share.extent, share.step) == ((336, 16) if WIDE else (16, 1))


@pytest.mark.skipif(not WIDE, reason="only there is it one panel, whose rows are shared")
def test_a_row_of_the_product_is_as_long_as_those_of_its_parts_together() -> None:
    found = checked(lambda x, w: [_glu(x @ w), x @ w], (336, 60), (60, 32))
    (product,) = found.schedule.order
    shares = {n.kind: found.shares.own[product][n].step for n in product.stored}
    assert shares == {"matmul": 32, "multiply": 16}


def test_what_is_said_of_it() -> None:
    multiply = gradus.compile(lambda x, w: _glu(x @ w))
    multiply(gradus.randn(20, 5), gradus.randn(5, 64))
    assert "matmul [20, 64] in 2 parts" in multiply.explain()
