"""How threads share kernels: what each keeps to itself, and that nobody needs more than the barriers that are left."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from ctypes import c_int64, c_void_p
from itertools import pairwise

import numpy as np
import pytest

import gradus
from gradus import functional as F
from gradus import nn, optim
from gradus.compiler.explain.profile import _Copies
from gradus.compiler.native import entry
from gradus.compiler.native.program import Program
from gradus.compiler.native.runtime import set_num_threads
from gradus.compiler.native.step import Step
from gradus.compiler.native.target import Loaded, compile_object
from gradus.compiler.plan.shares import Share, part
from gradus.ops.core.places import Loop, variable
from gradus.tensor import Tensor

pytestmark = pytest.mark.usefixtures("two_threads")
Training = Callable[[], tuple[gradus.compiler.Compiled, Tensor, Tensor]]


def test_parts_of_arrays() -> None:
    row, column, far = Loop("i0", 6), Loop("r0", 4), Loop("r1", 3)
    i, r, b = variable(row), variable(column), variable(far)
    assert part(i * 4 + r, row, 2) == Share(6, 4, 2)  # rows
    assert part(i * 4 + 3, row, 2) == Share(6, 4, 2)  # a column of them
    assert part(r * 6 + i, row, 2) == Share(6, 1, 2)  # columns
    assert part(b * 24 + i * 4 + r, row, 2) == Share(6, 4, 2)  # the middle axis
    assert part(i * 4 + r + 24, row, 2) == Share(6, 4, 2)  # the second half of an array
    assert part(i * 4 + r + 1, row, 2) is None  # reaches into the next row
    assert part(i + r, row, 2) is None  # windows
    assert part(i * -4 + 20 + r, row, 2) is None  # from behind
    assert part(i * 4 + r * -1 + 3, row, 2) is None  # could be, but is not looked into
    assert part((i + r) // 2 + i * 6, row, 2) is None
    assert part(r, row, 2) is None  # all of it, whatever the row


def classifier(*hidden: nn.Module, features: int = 64, rows: int = 40) -> Training:
    def make() -> tuple[gradus.compiler.Compiled, Tensor, Tensor]:
        gradus.seed(0)
        model = nn.Sequential(*hidden, nn.Linear(features, 5))
        optimizer = optim.SGD(model.parameters(), 0.1, momentum=0.9)

        @gradus.compile
        def step(x: Tensor, y: Tensor) -> Tensor:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            return loss

        return step, gradus.rand(rows, 64), gradus.randint(0, 5, (rows,))

    return make


def words(count: int, features: int) -> Training:
    """Words looked up and averaged: their table is updated as its gradient is gathered."""

    def make() -> tuple[gradus.compiler.Compiled, Tensor, Tensor]:
        gradus.seed(0)
        table, head = nn.Embedding(count, features), nn.Linear(features, 5)
        optimizer = optim.Adam([*table.parameters(), *head.parameters()], 0.1)

        @gradus.compile
        def step(x: Tensor, y: Tensor) -> Tensor:
            optimizer.zero_grad()
            loss = F.cross_entropy(head(table(x).mean(1)), y)
            loss.backward()
            optimizer.step()
            return loss

        return step, gradus.randint(0, count, (20, 30)), gradus.randint(0, 5, (20,))

    return make


NETS = {
    "softmax regression": classifier(rows=300),
    "batch norm": classifier(nn.Linear(64, 64), nn.BatchNorm1d(64), nn.ReLU()),
    "odd sizes": classifier(nn.Linear(64, 100), nn.BatchNorm1d(100), nn.Tanh(), features=100, rows=37),
    "many units": classifier(nn.Linear(64, 256), nn.ReLU(), features=256),
    "layer norm": classifier(nn.Linear(64, 30), nn.LayerNorm(30), nn.GELU(), features=30, rows=70),
    "words": words(200, 16),
    "narrow words": words(70, 3),
}


def compiled(make: Training) -> Step:
    step, x, y = make()
    step(x, y)
    assert isinstance(step._last, Step)
    return step._last


def stretches(program: Program) -> Iterator[range]:
    """The numbers of the stages between two barriers."""
    begins = [i for i, wait in enumerate(program.needs_barrier()) if wait]
    yield from (range(*ends) for ends in pairwise([0, *begins, len(program.stages)]))


@pytest.mark.parametrize("make", NETS.values(), ids=NETS)
def test_between_barriers_the_threads_may_come_in_any_order(make: Training) -> None:
    """Each thread goes through all stages up to the next barrier before another begins."""
    step = compiled(make)
    program, orders = step.program, [(0, 1), (1, 0), (2, 0, 1), (4, 3, 2, 1, 0)]
    memories, before = [_Copies(step) for _ in orders], [a.copy() for a in step.given()]
    step._execute(step._once)
    codes = []
    for number, stages in enumerate(stretches(program)):
        code = entry.step([program.stages[i] for i in stages], [False] * len(stages), True, f"stretch_{number}")
        codes.append(code)
    text = entry.module([*program.functions.all(), *codes])
    loaded = Loaded([compile_object(text, program.target)], program.target)
    stretched = [loaded.function(code.name, c_void_p, c_void_p, c_int64, c_int64) for code in codes]
    for order, memory in zip(orders, memories, strict=True):
        for stretch in stretched:
            for thread in order:
                stretch(memory.table, None, thread, len(order))
        for found, wanted in zip(memory._given, step.given(), strict=True):
            np.testing.assert_array_equal(found, wanted, err_msg=f"threads in the order {order}")
        assert any((a != b).any() for a, b in zip(memory._given, before, strict=True))


def test_what_a_thread_wrote_itself_needs_no_barrier() -> None:
    for name in ("softmax regression", "batch norm"):
        program = compiled(NETS[name]).program
        kinds = ["+".join(program.stages[i].function.split("_")[0] for i in stages) for stages in stretches(program)]
        assert "matmul+reduce+map+reduce+reduce" in kinds, name  # the product, largest, exponentials, their sum, loss
    assert any(k.startswith("matmul+reduce+reduce+map") for k in kinds)  # the product, mean, variance, normalised
    assert "matmul+reduce+map" in kinds  # and back: what the mean, the weight and the bias get, and the product's own


def test_a_layers_weight_and_its_gradient_are_shared_by_its_units() -> None:
    program = compiled(NETS["many units"]).program
    shares = [program.shares.of[k] for k in program.schedule.order if k.kind == "matmul" and 256 in k.shape]
    assert [(s.extent, s.step) for s in shares][:2] == [(256, 1), (256, 1)]  # columns of what goes forward, and of back
    assert (256, 64) in [(s.extent, s.step) for s in shares]  # rows of the weight's gradient


def test_one_thread_shares_nothing() -> None:
    set_num_threads(1)
    assert compiled(NETS["batch norm"]).program.shares.of == {}


def test_all_rows_of_a_batch_are_gathered_before_a_step_begins() -> None:
    together, alone = (entry.Epoch([entry.Argument(0, 10, 8)], [], 1, one).emit()[-1].text() for one in (False, True))
    assert 0 < together.index("call void @barrier") < together.index("call void @step")
    assert "barrier" not in alone and "%threads" not in alone.replace(entry.SIGNATURE, "").replace(entry.THREAD, "")


def test_no_thread_is_behind_when_an_epoch_ends() -> None:
    """Who called may free what others still read."""
    results = [(1, 4)]
    for refused in (None, 2):
        together = entry.Epoch([entry.Argument(0, 10, 8)], results, 3, False, refused).emit()[-1].text()
        assert re.search(r"call void @barrier\([^\n]*\)\n\s*ret void\n}", together)
        waits = [m.start() for m in re.finditer("call void @barrier", together)]
        assert waits[-1] > together.rindex("llvm.memcpy")


def test_all_wait_for_what_a_stage_finds_before_they_look_at_it() -> None:
    stage = entry.Stage("finds", None, ((0, 0),), set(), set(), {})
    refusal = entry.Refusal(slot=1, stages=[], wait=False, flags=[2], look_after=0)
    together, alone = (entry.step([stage], [False], one, refusal=refusal).text() for one in (False, True))
    found, looked = together.index("call void @finds"), together.index("select i1")
    assert found < together.index("call void @barrier") < looked < together.rindex("call void @barrier")
    assert "barrier" not in alone
