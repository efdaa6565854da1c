"""The benchmarks: what is counted, how contestants' processes are kept apart and compared, what the page says."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import gradus
from gradus import functional as F
from gradus import nn
from gradus.random import Generator

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks import compiling, pairs, report, rounds, scaling
from benchmarks.contestants import CONTESTANTS, Contestant
from benchmarks.floor import Limits
from benchmarks.records import Asked, Divergence, Prediction, Product, initial
from benchmarks.rounds import Outcome
from benchmarks.worker import ContestantError, Worker
from benchmarks.workloads import WORKLOADS, find


def outcome(**times: list[float]) -> Outcome:
    return Outcome(Product("p", "a product", (Asked(2.0), Asked(1.0, "numpy")), n=10), times)


def test_the_operations_of_a_step_are_those_of_its_products() -> None:
    w = find("mlp")
    assert w.operations == 2 * 256 * (2 * 784 * 256 + 3 * 256 * 10)  # the inputs have no gradient
    assert w.bytes_moved == 4 * (256 * 784 + 256 + 2 * (784 * 256 + 256 + 256 * 10 + 10))


def test_the_operations_of_a_convolutional_network_are_those_of_direct_convolution() -> None:
    places, first, second = 256 * 28 * 28, 6 * 25, 256 * 100 * 16 * 150
    dense = 256 * (400 * 120 + 120 * 84 + 84 * 10)
    assert find("lenet_relu").operations == 2 * (2 * places * first + 3 * second + 3 * dense)
    assert find("conv3x3").operations == 3 * 2 * 32 * 56 * 56 * 64 * 64 * 9


def test_the_operations_of_todays_networks() -> None:
    level = [2 * n * places for n, places in ((9 * (1 + 16), 16 * 64**2), (9 * (16 + 32), 32 * 32**2))]
    deepest = 2 * 9 * (32 + 64) * 64 * 16**2
    up = [2 * n * 32 * 32**2 for n in (64, 9 * (64 + 32))] + [2 * n * 16 * 64**2 for n in (32, 9 * (32 + 16), 1)]
    once, first = 8 * (sum(level) + deepest + sum(up)), 8 * 2 * 9 * 16 * 64**2
    assert find("unet").operations == 3 * once - first  # the inputs have no gradient


def test_the_operations_of_contrastive_divergence_are_five_products() -> None:
    w = find("rbm")
    assert w.operations == 5 * 2 * 100 * 784 * 256
    assert w.bytes_moved == 4 * (100 * 784 + 2 * (784 * 256 + 784 + 256))


def test_contrastive_divergence_is_judged_by_what_it_has_learned() -> None:
    w = find("rbm")
    assert isinstance(w, Divergence)
    (before,) = w.judged(**w.parameters())
    with Worker(CONTESTANTS["gradus"], 60) as worker:
        worker.imported()
        values = worker.prepare("rbm")["values"]
    assert before > values[0] > values[1] > values[2] > 0.5 * before


def test_every_workload_can_be_counted_and_found(monkeypatch: pytest.MonkeyPatch) -> None:
    for draw in ("rand", "randn"):  # the initial values of all these models would take their time, and do not count
        monkeypatch.setattr(Generator, draw, lambda self, *shape, dtype="float32": gradus.zeros(*shape, dtype=dtype))
    for w in WORKLOADS:
        assert find(w.name) is w
        assert Limits(1e11, 1e10).floor(w) > 0
    with pytest.raises(SystemExit, match="no workload"):
        find("nothing")


def test_a_contestant_in_its_own_process_gives_the_losses_of_eager_mode() -> None:
    w = find("batch-4")
    model = w.model(nn)
    for name, p in model.named_parameters():
        p.assign_(gradus.tensor(initial(name, p.shape)))
    x, y = map(gradus.tensor, w.data())
    with Worker(CONTESTANTS["gradus"], 60) as worker:
        assert worker.imported() > 0
        assert worker.prepare("batch-4")["values"][0] == pytest.approx(float(F.cross_entropy(model(x), y)), rel=1e-5)
        assert worker.measure(0.001) > 0
        assert worker.peak() > 2**20


@pytest.mark.parametrize("name", ["conv3x3", "lenet_predict"])
def test_a_convolution_and_a_prediction_are_those_of_eager_mode(name: str) -> None:
    w = find(name)
    with Worker(CONTESTANTS["gradus"], 60) as worker:
        worker.imported()
        values = worker.prepare(name)["values"]
    if isinstance(w, Prediction):
        model = w.model(nn)
        for parameter, p in model.named_parameters():
            p.assign_(gradus.tensor(initial(parameter, p.shape)))
        expected = model(gradus.tensor(w.data())).numpy().ravel()[:3]
    else:
        x, weight, g = (gradus.tensor(a, requires_grad=True) for a in w.data())
        y = F.conv2d(x, weight, padding=1)
        expected = [abs(t.numpy()).mean() for t in (y, *gradus.grad((y * g).sum(), [x, weight]))]
    np.testing.assert_allclose(values, expected, rtol=1e-4)


def test_who_takes_part_in_what() -> None:
    for name, among in {
        "mlp": {"gradus", "torch", "torch.compile", "jax"},
        "lenet_relu": {"gradus", "torch", "torch.channels_last", "torch.compile", "jax"},
        "lenet_epoch": {"gradus", "torch", "torch.channels_last", "torch.loader", "torch.compile", "jax"},
        "conv3x3": {"gradus", "torch", "torch.channels_last", "jax"},
        "product_256": {"gradus", "torch", "jax", "numpy", "numpy.skylakex"},
        "rbm": {"gradus", "torch", "torch.compile", "jax", "sklearn"},
        "rbm_bf16": {"gradus", "torch", "torch.compile", "jax"},
        "mobilenet": {
            *("gradus", "torch", "torch.channels_last", "torch.compile", "torch.compile.channels_last", "jax"),
        },
        "bert_predict": {"gradus", "torch", "torch.compile", "jax"},
    }.items():
        assert {c.name for c in CONTESTANTS.values() if c.takes_part(find(name))} == among


def test_an_epoch_leaves_out_what_fills_no_batch() -> None:
    w = find("lenet_epoch")
    assert w.batches().shape == (w.steps, 256) == (234, 256)
    assert len(np.unique(w.batches())) == 234 * 256


def test_what_goes_wrong_in_a_contestant_is_told() -> None:
    with Worker(CONTESTANTS["numpy"], 60) as worker:
        worker.imported()
        with pytest.raises(ContestantError, match="has no attribute 'training'"):
            worker.prepare("linear")


def test_a_contestant_with_other_results_is_left_out() -> None:
    same = [1.0, 0.5, 0.25]
    found = rounds._dissenters({"a": same, "b": same, "c": [1.0, 0.5, 0.251], "d": [np.nan] * 3}, 1e-3)
    assert list(found) == ["c", "d"]


def test_ratios_are_of_the_best_peer() -> None:
    o = outcome(gradus=[1.0, 2.0, 4.0], torch=[3.0, 6.0, 6.0], numpy=[9.0, 9.0, 9.0])
    assert o.best_peer() == "torch"
    assert o.ratio("torch") == 3.0
    assert o.ratio_by_round("numpy") == 4.5
    assert o.ratio_to(Asked(1.0, "numpy")) == 4.5
    assert outcome(torch=[1.0]).ratio_to(Asked(1.0)) is None


def test_the_page_says_what_is_reached_and_keeps_other_sections(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    o = outcome(gradus=[1.0], numpy=[1.5])
    o.limits = Limits(1e9, 1e9)
    report.write_section(page, "Speed", ["old"])
    report.write_section(page, "Memory", ["kept"])
    report.write_section(page, "Speed", report.outcomes([o], 1))
    text = page.read_text()
    assert "2: **not reached**; 1 of NumPy: 1.50, reached" in text
    assert "kept" in text and "old" not in text and text.count("## Speed") == 1


def test_cliffs_are_points_above_twice_the_line() -> None:
    assert scaling.cliffs([(1, 1.0), (2, 3.9), (3, 3.0)]) == []
    assert scaling.cliffs([(1, 1.0), (2, 6.0), (4, 4.0)]) == [(2, 3.0)]


def test_cost_against_size_stands_beside_the_peers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def measured(c: Contestant, axis: str, sizes: list[int], *_: object) -> Iterator[tuple[int, object]]:
        for i, size in enumerate(sizes):
            yield size, "too large" if c.name == "jax" and i == 2 else ((7e-6 if i == 1 else 1e-6), 0.25)

    monkeypatch.setattr(scaling, "_measured", measured)
    text = "\n".join(scaling.lines(list(CONTESTANTS.values()), 1.0, 1, 1.0, tmp_path / "p.png", print, quick=True))
    assert "| batch, us | gradus | torch eager | jax.jit |" in text
    assert "| 2 | 7 | 7 | 7 |" in text and "| 4 | 1 | 1 | - |" in text
    assert "Cliffs of gradus:\n\n- batch 2: 7.0 times the line\n- width 32: 7.0" in text
    assert "- jax.jit, batch 4: too large" in text
    assert (tmp_path / "p.png").stat().st_size


def test_two_checkouts_beside_each_other() -> None:
    line = pairs.compare(find("linear"), (pairs.ROOT, pairs.ROOT), rounds=2, patience=60, seconds=0.001)
    name, here, other, ratio, _ = (cell.strip() for cell in line.strip("|").split("|"))
    assert name == "linear"
    assert all(float(number.replace(",", "")) > 0 for number in (here, other, ratio))


def test_what_compiling_costs_part_by_part(tmp_path: Path) -> None:
    empty, warm = (compiling.apart("softmax", str(tmp_path)) for _ in range(2))
    assert all(empty[part] > 0 for part in compiling.PARTS)
    assert empty["first step"] > empty["compiling"] > 0 < empty["all threads"]
    assert warm["code generation"] == warm["planning"] == 0 < warm["cache"]


@pytest.mark.parametrize("name", compiling.DEEP)
def test_deep_networks_can_be_made(name: str) -> None:
    w = compiling.DEEP[name]()
    assert w.name == name
    assert w.model(nn)(gradus.ones((1, *w.x[1:]))).shape[0] == 1
