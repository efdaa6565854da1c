"""`explain()`: what it says of a step's graphs, kernels, costs and memory, and that it changes nothing."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import gradus
from gradus import functional as F
from gradus import nn, optim
from gradus.compiler import Compiled
from gradus.compiler.explain import explain, layout, profile
from gradus.compiler.graph.graph import Graph
from gradus.compiler.native import stages
from gradus.compiler.native.runtime import set_num_threads
from gradus.compiler.rewrite import passes
from gradus.compiler.trace.trace import trace
from gradus.errors import ArgumentError


def _trained() -> tuple[nn.Module, Compiled]:
    """A small net and its compiled step, called once."""
    model = nn.Sequential(nn.Linear(20, 30), nn.BatchNorm1d(30), nn.ReLU(), nn.Linear(30, 5))
    optimizer = optim.Adam(model.parameters(), 0.01)

    @gradus.compile
    def step(x: gradus.Tensor, y: gradus.Tensor) -> gradus.Tensor:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    step(gradus.rand(16, 20), gradus.randint(0, 5, (16,)))
    return model, step


@pytest.fixture(scope="module")
def explained() -> explain.Explanation:
    gradus.seed(0)
    return explain.gather(_trained()[1]._last)


def test_nothing_of_the_users_is_changed() -> None:
    model, step = _trained()
    before = {name: p.numpy().copy() for name, p in model.state_dict().items()}
    step.explain()
    for name, p in model.state_dict().items():
        np.testing.assert_array_equal(p.numpy(), before[name], err_msg=name)


def test_it_can_be_explained_after_it_was_called_only() -> None:
    with pytest.raises(ArgumentError, match="call the compiled function"):
        gradus.compile(lambda x: x + 1).explain()


def test_the_text_has_every_section(explained: explain.Explanation) -> None:
    text = explain.text(explained)
    for name in ("The graph as traced", "The graph after all passes", "Kernels", "Memory", "Compiling"):
        assert f"\n{name}\n---" in f"\n{text}"
    for one in (p for p in passes.PASSES if p is not passes.in_bfloat16):
        assert f"Pass: {one.__name__.replace('_', ' ')}" in text
    assert "kernels, 1 thread.\n" in text


def test_the_barriers_of_several_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stages, "WORTH_SHARING", 0)
    set_num_threads(2)
    try:
        found = explain.gather(_trained()[1]._last)
        said = f"barriers of {explain.seconds(found.times.barrier)} between them, 2 threads.\n"
        assert said in explain.text(found)
        assert not re.search(rf"\b0 {said}", explain.text(found))
    finally:
        set_num_threads(0)


def test_times_and_shares(explained: explain.Explanation) -> None:
    assert len(explained.times.stages) == len(explained.stages) == len(explained.program.stages)
    assert sum(map(explained.share, explained.stages)) == pytest.approx(1)
    assert all(s >= 0 for s in explained.times.stages)
    assert explained.times.step > 0
    assert explained.peak > 1e8
    assert explained.bandwidth > 1e8


def _stages(function: object, *arguments: gradus.Tensor) -> list[explain.Stage]:
    compiled = gradus.compile(function)
    compiled(*arguments)
    return explain.stages_of(compiled._last.program)


def test_operations_and_bytes_of_a_product_with_its_bias() -> None:
    x, w, b = gradus.ones((6, 7)), gradus.ones((7, 40)), gradus.ones((40,))
    (stage,) = _stages(lambda x, w, b: x @ w + b, x, w, b)
    assert stage.flops == 2 * 6 * 7 * 40 + 6 * 40
    assert stage.bytes == 4 * (6 * 7 + 7 * 40 + 40 + 6 * 40)


def test_operations_and_bytes_of_a_reduction_of_a_slice() -> None:
    (stage,) = _stages(lambda x: (x[:, 2:5] * 3.0).sum(axis=1), gradus.ones((10, 9)))
    assert stage.flops == 10 * 3 * 2  # one product, one sum for each term
    assert stage.bytes == 4 * (10 * 3 + 10)


@pytest.mark.parametrize("shared", [True, False])
def test_packing_is_a_stage_of_its_own_only_where_panels_are_long(
    shared: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stages, "WORTH_SHARING", 0 if shared else 1 << 30)
    pack, product = _stages(lambda x, w: x @ w.T, gradus.ones((20, 9000)), gradus.ones((40, 9000)))
    assert (pack.title, pack.flops, product.barrier) == ("pack [40, 9000]", 0, shared)
    assert product.flops == 2 * 20 * 9000 * 40
    (product,) = _stages(lambda x, w: x @ w.T, gradus.ones((20, 70)), gradus.ones((400, 70)))
    assert product.flops == 2 * 20 * 70 * 400


def test_the_listing_says_what_is_fused_read_and_stored() -> None:
    (stage,) = _stages(lambda x: F.relu(x * 2.0 + 1.0), gradus.ones((50,)))
    lines = [line.split() for line in explain.listing(stage).splitlines()[1:]]
    assert lines[0][:2] == ["reads", "%0"]
    assert [re.sub(r"%\d+", "%", line[-2] if ")" not in line[-1] else " ".join(line[-2:])) for line in lines[1:]] == [
        "multiply(%, 2)", "add(%, 1)", "= relu(%)"
    ]  # fmt: skip
    assert [line[0] == "stores" for line in lines] == [False, False, False, True]


def test_memory_names_what_is_written_in_place() -> None:
    w = gradus.ones((4,))
    step = gradus.compile(lambda x: w.assign_(w + x))
    step(gradus.ones((4,)))
    assert "is written straight over" in explain.memory(step._last.program)


# -- the graph, pass by pass -------------------------------------------------------------------------------------------


def _graph(function: object) -> Graph:
    tracer, result = trace(function)  # type: ignore[arg-type]
    return tracer.finish([result])


def test_values_keep_their_numbers() -> None:
    x = gradus.ones((3, 4))
    graph = _graph(lambda: (x.T.T * 1.0 + 2.0) ** 2)
    stages = [graph, *(g for _, g in passes.stages(graph, 16))]
    names = [n.name for n in stages[-1].nodes()]
    assert len(set(names)) == len(names)
    assert stages[-1].results[0].name == graph.results[0].name


def test_changes_are_the_lines_that_went_and_came() -> None:
    x = gradus.ones((3,))
    graph = _graph(lambda: x * 1.0)
    stages = dict(passes.stages(graph, 16))
    lines = explain.changes(stages["fold constants"], stages["algebra"])
    assert lines
    assert {line[0] for line in lines} == {"-", "+"}
    assert explain.changes(graph, graph) == []


def test_the_gradient_of_a_square_folds_to_a_product() -> None:
    x = gradus.tensor(np.linspace(-1, 1, 5), requires_grad=True)

    def gradient() -> gradus.Tensor:
        x.grad = None
        (x**2).sum().backward()
        return x.grad

    kinds = {n.kind for n in passes.simplify(_graph(gradient), 16).nodes()}
    assert kinds <= {"input", "full", "broadcast_to", "multiply", "reshape"}


# -- the picture -------------------------------------------------------------------------------------------------------


def test_boxes_do_not_overlap_and_arrows_run_down() -> None:
    edges = [layout.Edge(a, b, a) for a, b in [(0, 2), (1, 2), (2, 3), (2, 4), (0, 4), (3, 5), (4, 5), (2, 6)]]
    boxes = [layout.Box(100.0 + 20 * i, 40.0, row) for i, row in enumerate(layout.rows_of(7, edges))]
    ways, width, height = layout.layout(boxes, edges)
    for i, a in enumerate(boxes):
        assert a.x >= 0
        assert a.x + a.width <= width
        assert a.y + a.height <= height
        for b in boxes[:i]:
            apart = a.x + a.width <= b.x or b.x + b.width <= a.x or a.y + a.height <= b.y or b.y + b.height <= a.y
            assert apart
    for e, way in ways.items():
        assert (way[0], way[-1]) == (boxes[e.source], boxes[e.target])
        assert all(upper.row + 1 == lower.row for upper, lower in pairwise(way))
        for lane in way[1:-1]:
            assert all(lane.x + lane.width <= b.x or b.x + b.width <= lane.x for b in boxes if b.row == lane.row)


class _Balanced(HTMLParser):
    """Checks that tags close in order, and gathers what is loaded from elsewhere."""

    VOID = frozenset({"meta", "br"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.loaded: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self.VOID:
            self.open.append(tag)
        self.loaded += [v or "" for k, v in attrs if k in ("src", "href")]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_whole_and_self_contained(tmp_path: Path) -> None:
    _, step = _trained()
    text = step.explain(page=str(tmp_path / "step.html"))
    page = (tmp_path / "step.html").read_text(encoding="utf-8")
    parser = _Balanced()
    parser.feed(page)
    assert parser.open == []
    assert parser.loaded == []
    kernels = int(re.search(r"^(\d+) kernels", text, re.M)[1])  # type: ignore[index]
    assert page.count('class="title"') == kernels
    assert page.count("<summary>LLVM</summary>") == kernels
    assert page.count("define internal void") >= kernels


# -- measuring ---------------------------------------------------------------------------------------------------------


def test_a_larger_product_takes_longer() -> None:
    w = {n: gradus.rand(n, n) for n in (16, 256)}
    times = {}
    for n, m in w.items():
        product = gradus.compile(lambda x: x @ x)
        product(m)
        times[n] = sum(profile.profile(product._last).stages)
    assert times[256] > 20 * times[16]


def test_amounts_and_times_as_text() -> None:
    assert [explain.seconds(t) for t in (2.5, 0.0123, 4.5e-5, 3e-8, 0.0)] == [
        "2.5 s",
        "12.3 ms",
        "45 us",
        "30 ns",
        "0 ns",
    ]
    assert [explain.amount(a) for a in (0, 999, 1234, 5.5e6, 2e12)] == ["0", "999", "1.23 k", "5.5 M", "2,000 G"]
