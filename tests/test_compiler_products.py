"""Products in blocks: the sizes from which they are cut made small, so that small products have many parts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import gradus
from gradus import Tensor
from gradus.compiler.kernels.matmul_kernel import MatmulKernel
from gradus.compiler.native import stages
from gradus.compiler.native.program import Program
from gradus.compiler.native.runtime import set_num_threads
from gradus.compiler.native.target import Target, avx2, avx512, default, host, sse2
from gradus.compiler.plan import tiling
from gradus.compiler.trace.trace import trace

FUNCTIONS: dict[str, Callable[..., Any]] = {
    "as it is": lambda a, b: a @ b,
    "fused": lambda a, b: (a @ b * 2 + 1).tanh(),
    "also stored": lambda a, b: [a @ b, (a @ b).sum()],
    "turned": lambda a, b: a.swapaxes(-1, -2).swapaxes(-1, -2) @ b,
}
SIZES = [(40, 70, 50), (64, 32, 33), (29, 5, 200), (57, 40, 16)]  # rows, columns, depth


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, size in {"UNBLOCKED": 0, "DEEP": 8, "FEW": 2, "PIECE": 32, "CHUNK": 2}.items():
        monkeypatch.setattr(tiling, name, size)
    monkeypatch.setattr(stages, "WORTH_SHARING", 0)
    yield
    set_num_threads(0)


def little(target: Target) -> Target:
    """The processor with a first cache that holds a panel, and a third that holds few."""
    return replace(target, first_cache=1 << 15, third_cache=4 * 32 * 40)


def matrices(sizes: tuple[int, int, int], dtype: str, batch: tuple[int, ...] = ()) -> list[gradus.Tensor]:
    rng, (rows, columns, depth) = np.random.default_rng(0), sizes
    return [gradus.tensor(rng.normal(size=(*batch, *shape)), dtype) for shape in ((rows, depth), (depth, columns))]


def compare(f: Callable[..., Any], arguments: list[gradus.Tensor], target: Target | None = None) -> None:
    """The same bits whatever the number of threads, and what eager mode gives."""
    expected, first = f(*arguments), None
    expected = expected if isinstance(expected, list) else [expected]
    for threads in (1, 2, 4):
        set_num_threads(threads)
        got = gradus.compile(f, target=little(target or default()))(*arguments)
        arrays = [x.numpy() for x in (got if isinstance(got, list) else [got])]
        for e, g in zip(expected, arrays, strict=True):
            np.testing.assert_allclose(g, e.numpy(), rtol=1e-4, atol=1e-4)
        first = first or arrays
        for g, same in zip(arrays, first, strict=True):
            np.testing.assert_array_equal(g, same)


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_parts_of_all_sizes(name: str, sizes: tuple[int, int, int]) -> None:
    for dtype in ("float32", "float64"):
        compare(FUNCTIONS[name], matrices(sizes, dtype))


def test_operands_that_lie_otherwise() -> None:
    a, b = matrices((40, 70, 50), "float32")
    at, bt = (gradus.tensor(np.ascontiguousarray(x.numpy().T)) for x in (a, b))
    compare(lambda a, b: a.T @ b.T, [at, bt])
    compare(lambda a, b: a @ b, matrices((40, 70, 50), "float32", (3,)))
    compare(lambda a, b: gradus.concatenate([a @ b, a @ b + 1], axis=-1) @ gradus.concatenate([b.T, b.T]), [a, b])


@pytest.mark.parametrize("make", [avx512, avx2, sse2])
def test_other_vectors(make: Callable[[], Target]) -> None:
    if make().vector_bytes > host().vector_bytes:
        pytest.skip("this processor lacks it")
    compare(lambda a, b: a @ b, matrices((40, 70, 50), "float32"), make())


def test_what_waits_in_memory() -> None:
    """The packed part of B is bounded; sums wait in C, or beside it if something else is stored."""
    tilings = [t for f in ("as it is", "fused") for t in program(FUNCTIONS[f]).tilings.values()]
    assert all(t.blocked and t.packed_size < 50 * 70 for t in tilings)
    assert [t.sums_size > 0 for t in tilings] == [False, True]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("columns", [64, 128])
def test_a_panel_of_rows_far_apart_is_copied(columns: int, dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiling, "UNBLOCKED", 1 << 30)
    gradus.seed(0)
    a, b = gradus.randn((40, 300), dtype=dtype), gradus.randn((40, columns), dtype=dtype)
    compare(lambda a, b: a.T @ b, [a, b])
    compare(lambda a, b: (a.T @ b).tanh() * 2, [a, b])
    set_num_threads(2)
    target = replace(default(), first_cache=1 << 15, third_cache=1 << 22)
    multiply = gradus.compile(lambda a, b: a.T @ b, target=target)
    multiply(a, b)
    p = multiply._last.program
    assert [t.copied for t in p.tilings.values()] == [True]
    set_num_threads(0)


def program(f: Callable[..., Any]) -> Program:
    arguments = matrices((40, 70, 50), "float32")
    tracer, result = trace(lambda: f(*arguments))
    return Program(tracer.finish([result]), little(default()))


@pytest.mark.parametrize(("rows", "depth", "columns"), [(10, 2, 1), (1, 10, 2), (4, 4, 2), (1, 1, 1), (5, 4, 4)])
def test_products_of_few_numbers_are_sums(rows, depth, columns):
    a, b = gradus.randn(rows, depth), gradus.randn(depth, columns)
    multiply = gradus.compile(lambda a, b: a @ b)
    np.testing.assert_allclose(multiply(a, b).numpy(), a.numpy() @ b.numpy(), rtol=1e-5, atol=1e-6)
    kinds = [n.kind for n in multiply._last.program.graph.nodes()]
    assert ("matmul" in kinds) == (rows * depth * columns > 32)


def awaited(f: Callable[..., Any], *shapes: tuple[int, ...]) -> list[list[tuple[str, int]]]:
    """For each product, what it has brought nearer for the work on its tiles: shapes, and bytes from row to row."""
    arguments = [gradus.randn(*shape) for shape in shapes]
    tracer, result = trace(lambda: f(*arguments))
    p = Program(tracer.finish([result]), little(default()))
    found = []
    for k in p.schedule.order:
        if k.kind == "matmul":
            kernel = MatmulKernel(k, p.schedule, p.slot, p.tilings[k], {})
            touched = kernel._touched_in_place()
            found.append([(str(n.shape), at.coefficient(kernel.row) * 4) for n, at in touched if n not in set(k.nodes)])
    return found


def test_rows_that_follow_and_what_is_written_are_brought_nearer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiling, "UNBLOCKED", 1 << 30)
    a, b, wide = gradus.randn(30, 64), gradus.randn(64, 40), gradus.randn(30, 65)
    for f, x, brought in ((lambda a, b: a @ b, a, True), (lambda a, b: a[:, :64] @ b, wide, False)):
        multiply = gradus.compile(f)
        multiply(x, b)
        assert ("prefetch" in multiply._last.program.text()) is brought
    multiply = gradus.compile(lambda a, b: (a[:, :64] @ b).tanh())
    multiply(wide, b)
    assert "prefetch" in multiply._last.program.text()  # where the result goes


def test_what_the_work_on_a_tile_reads_is_brought_nearer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiling, "UNBLOCKED", 1 << 30)
    a, b = (30, 64), (64, 40)
    assert awaited(lambda a, b, c, d: (a @ b) * c + d, a, b, (30, 40), (40,)) == [[("(30, 40)", 160)]]  # no bias
    assert awaited(lambda a, b, c: (a @ b) * c[::-1], a, b, (30, 40)) == [[("(30, 40)", -160)]]
    assert awaited(lambda a, b, c: (a @ b) * c[:, ::-1], a, b, (30, 40)) == [[]]

    def beside(a: Tensor, b: Tensor, m: Tensor) -> Tensor:
        left = (a * 2).exp() @ b
        both = gradus.concatenate([left, left.tanh()], axis=1)
        return both @ m + (a @ b) * left

    assert ("(30, 40)", 320) in awaited(beside, a, b, (80, 40))[-1]  # as columns of what is twice as wide
    multiply = gradus.compile(lambda a, b, c: (a @ b) * c)
    multiply(*(gradus.randn(*shape) for shape in (a, b, (30, 40))))
    assert "prefetch" in multiply._last.program.text()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_what_is_fused_to_a_product_may_be_stored_in_several_shapes(dtype: str) -> None:
    """Each is found again in registers: none is read from memory that is written only later."""
    rng = np.random.default_rng(0)
    x, w = (gradus.tensor(rng.normal(size=s), dtype) for s in ((6, 4), (4, 5)))

    def f(x: Tensor, w: Tensor) -> list[Tensor]:
        z = (x @ w).reshape(2, 3, 5) * 0.3
        flat = z.reshape(-1).tanh()
        g = (1 + gradus.arange(30, dtype=x.dtype) * 0.1) * (1 - flat * flat)
        back = g.reshape(2, 3, 5) * 0.3
        return [z, g[:28], w @ back.reshape(6, 5).T]

    for e, c in zip(f(x, w), gradus.compile(f)(x, w), strict=True):
        np.testing.assert_allclose(c.numpy(), e.numpy(), rtol=1e-5, atol=1e-5)
