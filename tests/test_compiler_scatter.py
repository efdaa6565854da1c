"""What is added where an index says: in the terms' order, with what comes before and after; rows are read at once."""

from __future__ import annotations

from collections.abc import Callable

import everyway
import numpy as np
import pytest

import gradus
from gradus import functional as F
from gradus import nn, optim
from gradus.compiler.native.step import Step
from gradus.ops import segment_sum
from gradus.tensor import Tensor

rng = np.random.default_rng(0)
CASES = {
    "numbers": ((50,), (50,), 0, 7),
    "short rows": ((50, 3), (50,), 0, 7),
    "a vector and some": ((50, 19), (50,), 0, 7),
    "rows of two axes": ((20, 5, 18), (20,), 0, 33),
    "indices of two axes": ((4, 6, 20), (4, 6), 0, 9),
    "a middle axis": ((3, 11, 17), (11,), 1, 5),
    "the last axis": ((9, 40), (40,), 1, 6),
    "crowded": ((300, 20), (300,), 0, 2),
    "one place": ((30, 20), (30,), 0, 1),
    "more places than a share": ((10, 4), (10,), 0, 500),
}


def numbers(shape: tuple[int, ...], dtype: str) -> np.ndarray:
    return (rng.standard_normal(shape) * 8).astype(dtype)


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "int32"])
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_terms_are_added_in_their_order(case: tuple, dtype: str, threads: int, shared: None) -> None:
    """So the sums have the same bits as eager ones, whoever adds and however wide."""
    shape, places, axis, length = case
    gradus.set_num_threads(threads)
    x, i = gradus.tensor(numbers(shape, dtype)), gradus.tensor(rng.integers(-length, length, places))
    eager, *compiled = everyway.ways(lambda x, i: segment_sum(x, i, length, axis))
    for run in compiled:
        np.testing.assert_array_equal(run(x, i).numpy(), eager(x, i).numpy())


@pytest.mark.parametrize("threads", [1, 3])
def test_what_is_added_and_what_becomes_of_the_sums_is_worked_out_in_between(threads: int, shared: None) -> None:
    gradus.set_num_threads(threads)
    x, i = gradus.tensor(numbers((6, 1, 37), "float32")), gradus.tensor(rng.integers(0, 40, (6, 8)))
    y = gradus.tensor(numbers((40, 37), "float32"))

    def function(x: Tensor, i: Tensor, y: Tensor) -> list[Tensor]:
        added = segment_sum((x * 2).broadcast_to((6, 8, 37)), i, 40)
        turned = segment_sum(x.broadcast_to((6, 8, 37)).permute(1, 0, 2), i.T, 40)
        return [added * y - y, turned + 1, y * 3]

    eager, *compiled = everyway.ways(function)
    for run in compiled:
        for found, wanted in zip(run(x, i, y), eager(x, i, y), strict=True):
            np.testing.assert_array_equal(found.numpy(), wanted.numpy())
    (step,) = [s for _, s in compiled[-1]._steps]
    stored = [n for k in step.program.schedule.order if k.kind == "scatter_add" for n in k.stored]
    assert stored and "scatter_add" not in {n.kind for n in stored}


@pytest.mark.parametrize("threads", [1, 2])
def test_a_table_of_words_is_updated_as_its_gradient_is_gathered(threads: int, shared: None) -> None:
    gradus.set_num_threads(threads)
    found = []
    for way in (lambda f: f, gradus.compile):
        gradus.seed(0)
        words, head = nn.Embedding(300, 20), nn.Linear(20, 3)
        optimizer = optim.Adam([*words.parameters(), *head.parameters()], lr=0.01)
        train = way(_training(words, head, optimizer))
        x, y = gradus.randint(0, 40, (8, 30)), gradus.randint(0, 3, (8,))
        losses = [float(train(x, y)) for _ in range(4)]
        found.append([losses, words.weight.numpy()])
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=1e-6)
    step = train._last
    assert isinstance(step, Step)
    (kernel,) = (k for k in step.program.schedule.order if k.kind == "scatter_add")
    assert len(kernel.stored) == 3 and kernel.main[0] not in set(kernel.stored)


def _training(words: nn.Module, head: nn.Module, optimizer: optim.Optimizer) -> Callable[[Tensor, Tensor], Tensor]:
    def train(x: Tensor, y: Tensor) -> Tensor:
        optimizer.zero_grad()
        loss = F.cross_entropy(head(words(x).mean(1)), y)
        loss.backward()
        optimizer.step()
        return loss

    return train


@pytest.mark.parametrize("function", [F.embedding, lambda i, w: F.embedding(i, w).sum(1)], ids=["rows", "their sums"])
def test_rows_that_are_taken_are_read_as_vectors(function: Callable[..., Tensor]) -> None:
    """Not number by number: nothing is gathered."""
    i, table = gradus.tensor(rng.integers(0, 30, (7, 100))), gradus.tensor(numbers((30, 37), "float32"))
    eager, *compiled = everyway.ways(function)
    for run in compiled:
        np.testing.assert_allclose(run(i, table).numpy(), eager(i, table).numpy(), rtol=1e-5, atol=1e-5)
        assert isinstance(run._last, Step)
        assert "gather" not in "".join(c.text() for c in run._last.program.functions.all())


def test_a_new_table_is_written_beside_the_one_that_is_read_by_index() -> None:
    """Even if, but for the index, each element is read at its own place."""
    table = gradus.tensor(numbers((1, 40), "float32"))
    wide = gradus.tensor(numbers((3, 40), "float32"))
    for start, places in ((table, [0]), (wide, [2, 0, 1])):
        expected = start.numpy()[places] * 2
        memory = gradus.tensor(start.numpy().copy())
        gradus.compile(lambda i, memory=memory: memory.assign_(memory.take(i, 0) * 2))(gradus.tensor(places))
        np.testing.assert_array_equal(memory.numpy(), expected)
