"""precision="bf16": operands of products and convolutions rounded to bfloat16, all else in float32."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

import gradus
from gradus import Tensor, Trainer, nn, optim
from gradus.cli import main
from gradus.compiler.native import target
from gradus.data import TensorDataset
from gradus.errors import ArgumentError
from gradus.nn import functional as F

pytestmark = pytest.mark.usefixtures("undrawn")

TARGETS = [None, target.avx512(), target.avx2(), target.sse2()]


def _numbers(rng: np.random.Generator, *shape: int) -> Tensor:
    return gradus.tensor(rng.normal(size=shape).astype("float32"))


def _rounded(t: Tensor) -> Tensor:
    return t.astype("bfloat16").astype("float32")


def _close(found: Any, expected: Any) -> None:
    expected = expected.numpy()
    np.testing.assert_allclose(found.numpy(), expected, rtol=0, atol=2e-6 * max(1.0, float(np.abs(expected).max())))


def _runs(cpu: target.Target | None) -> bool:
    return cpu is None or cpu.vector_bytes <= target.host().vector_bytes


# -- products ----------------------------------------------------------------------------------------------------------

SHAPES = [(1, 1, 1), (3, 2, 5), (30, 64, 35), (17, 33, 16), (64, 300, 10), (100, 31, 7)]
SHAPES += [(70, 1100, 1300), (200, 1330, 1250)]  # whose second operand is rounded as it is packed: whole, and in blocks


@pytest.mark.parametrize("cpu", TARGETS)
@pytest.mark.parametrize(("rows", "depth", "columns"), SHAPES)
def test_products_are_those_of_rounded_operands(cpu: target.Target | None, rows: int, depth: int, columns: int) -> None:
    if not _runs(cpu):
        pytest.skip("this processor lacks it")
    rng = np.random.default_rng(rows)
    a, b = _numbers(rng, rows, depth), _numbers(rng, depth, columns)
    turned = [gradus.tensor(np.ascontiguousarray(t.numpy().T)) for t in (a, b)]
    expected = _rounded(a) @ _rounded(b)

    @gradus.compile(precision="bf16", target=cpu)
    def products(a: Tensor, b: Tensor, at: Tensor, bt: Tensor) -> list[Tensor]:
        return [a @ b, F.relu(a @ bt.T), at.T @ b, at.T @ bt.T + 1.0]

    plain, fused, left, both = products(a, b, *turned)
    for found, wanted in ((plain, expected), (fused, F.relu(expected)), (left, expected), (both, expected + 1.0)):
        _close(found / depth**0.5, wanted / depth**0.5)
    assert np.abs(plain.numpy() - (a @ b).numpy()).max() > 0  # it does round


def test_products_over_a_batch_and_of_parts() -> None:
    rng = np.random.default_rng(1)
    a, b = _numbers(rng, 5, 20, 24), _numbers(rng, 5, 24, 18)
    _close(gradus.compile(lambda a, b: a @ b, precision="bf16")(a, b), _rounded(a) @ _rounded(b))
    run = gradus.compile(lambda a, b: a[0, :, 1:22] @ gradus.concatenate([b[0, :10], b[1, :11]]), precision="bf16")
    parts = gradus.concatenate([_rounded(b)[0, :10], _rounded(b)[1, :11]])
    _close(run(a, b), _rounded(a)[0, :, 1:22] @ parts)


def test_what_is_no_product_and_float64_are_left_alone() -> None:
    rng = np.random.default_rng(2)
    a = _numbers(rng, 20, 30)
    _close(gradus.compile(lambda a: a.exp().sum(axis=1), precision="bf16")(a), a.exp().sum(axis=1))
    d = a.astype("float64")
    narrow, wide = (gradus.compile(lambda d: d @ d.T, precision=p)(d) for p in ("bf16", "float32"))
    assert np.array_equal(narrow.numpy(), wide.numpy())


# -- convolutions ------------------------------------------------------------------------------------------------------


def _convolution(x: Tensor, w: Tensor, g: Tensor, **options: Any) -> list[Tensor]:
    x, w = x.detach().requires_grad_(), w.detach().requires_grad_()
    y = F.conv2d(x, w, **options)
    return [y.detach(), *gradus.grad((y * g).sum(), [x, w])]


@pytest.mark.parametrize("cpu", TARGETS)
@pytest.mark.parametrize(
    ("n", "c", "out", "size", "kernel", "options"),
    [
        (32, 4, 6, (10, 11), (3, 3), {"padding": 1}),
        (40, 4, 9, (12, 13), (3, 3), {"stride": 2, "padding": 1}),
        (33, 6, 8, (11, 9), (5, 5), {"padding": 2}),
        (49, 8, 12, (9, 9), (3, 2), {"groups": 2, "dilation": (2, 1)}),
        (64, 1, 6, (12, 12), (5, 5), {"padding": 2}),
        (32, 5, 7, (8, 8), (1, 1), {}),
        (20, 2, 4, (7, 7), (3, 3), {}),
        (4, 2, 4, (7, 7), (3, 3), {}),
    ],
)
def test_convolutions_are_those_of_rounded_operands(
    cpu: target.Target | None, n: int, c: int, out: int, size: Any, kernel: Any, options: dict[str, Any]
) -> None:
    if not _runs(cpu):
        pytest.skip("this processor lacks it")
    rng = np.random.default_rng(n)
    x, w = _numbers(rng, n, c, *size), _numbers(rng, out, c // options.get("groups", 1), *kernel)
    g = _numbers(rng, *F.conv2d(x, w, **options).shape)
    found = gradus.compile(lambda x, w, g: _convolution(x, w, g, **options), precision="bf16", target=cpu)(x, w, g)
    for a, b in zip(found, _convolution(_rounded(x), _rounded(w), _rounded(g), **options), strict=True):
        _close(a, b)


@pytest.mark.parametrize("cpu", TARGETS)
def test_images_that_are_joined_before_they_are_convolved(cpu: target.Target | None) -> None:
    if not _runs(cpu):
        pytest.skip("this processor lacks it")
    rng = np.random.default_rng(6)
    x, z, w = _numbers(rng, 30, 4, 8, 8), _numbers(rng, 37, 4, 8, 8), _numbers(rng, 6, 4, 3, 3)
    g = _numbers(rng, 67, 6, 6, 6)

    def joined(x: Tensor, z: Tensor, w: Tensor, g: Tensor) -> list[Tensor]:
        return _convolution(gradus.concatenate([x, z], 0), w, g)

    found = gradus.compile(joined, precision="bf16", target=cpu)(x, z, w, g)
    for a, b in zip(found, joined(*map(_rounded, (x, z, w, g))), strict=True):
        _close(a, b)


# -- training ----------------------------------------------------------------------------------------------------------


def _mlp() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 10))


def _lenet() -> nn.Module:
    return nn.Sequential(
        *(nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(6, 16, 5), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()),
        *(nn.Linear(400, 40), nn.ReLU(), nn.Linear(40, 10)),
    )


def _data(n: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    labels = rng.integers(0, 10, n)
    x = rng.normal(size=(10, 1, 28, 28))[labels] + rng.normal(size=(n, 1, 28, 28))
    return x.astype("float32"), labels


def _losses(make: Any, precision: str) -> np.ndarray:
    gradus.seed(4)
    model = make()
    update = optim.Adam(model.parameters(), lr=2e-3)

    @gradus.compile(precision=precision)
    def step(x: Tensor, y: Tensor) -> Tensor:
        update.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        update.step()
        return loss

    losses = step.epoch(_data(320), np.arange(320).reshape(10, 32).repeat(2, axis=0))
    assert all(p.dtype == np.float32 for p in model.parameters())
    return losses


@pytest.mark.parametrize("make", [_mlp, _lenet])
def test_training_follows_the_curve_of_float32(make: Any) -> None:
    narrow, wide = _losses(make, "bf16"), _losses(make, "float32")
    np.testing.assert_allclose(narrow, wide, rtol=0.05, atol=0.02)
    assert narrow[-1] < narrow[0] / 2
    assert not np.array_equal(narrow, wide)


def test_the_same_bits_on_any_number_of_threads() -> None:
    found = []
    for threads in (1, 2, 3):
        gradus.set_num_threads(threads)
        found.append(_losses(_lenet, "bf16"))
    gradus.set_num_threads(0)
    assert np.array_equal(found[0], found[1])
    assert np.array_equal(found[0], found[2])


# -- how it is asked for -----------------------------------------------------------------------------------------------


def test_trainer() -> None:
    data = TensorDataset(*_data(64))
    histories = []
    for precision in ("bf16", "float32"):
        gradus.seed(5)
        model = _mlp()
        trainer = Trainer(model, "cross_entropy", optim.SGD(model.parameters(), lr=0.1), precision=precision)
        histories.append(trainer.fit(data, epochs=2, progress=False)["loss"][-1])
    assert histories[0] == pytest.approx(histories[1], rel=0.02)
    assert histories[0] != histories[1]
    with pytest.raises(ArgumentError, match="compile=False"):
        Trainer(model, "mse", optim.SGD(model.parameters(), lr=0.1), compile=False, precision="bf16")


def test_unknown_precisions_are_refused_with_the_nearest() -> None:
    with pytest.raises(ArgumentError, match=r"no precision 'bfloat16'.*bf16"):
        gradus.compile(lambda x: x, precision="bfloat16")


def test_command_line(tmp_path: Path) -> None:
    options = ["softmax", "--limit", "100", "--epochs", "1", "--precision", "bf16", "-q", "--out", str(tmp_path / "a")]
    result = CliRunner().invoke(main, ["train", *options])
    assert result.exit_code == 0, result.output
    assert '"precision": "bf16"' in (tmp_path / "a" / "config.json").read_text()
    assert CliRunner().invoke(main, ["train", "--precision", "half"]).exit_code == 2


def test_explain_says_it() -> None:
    run = gradus.compile(lambda a: a @ a, precision="bf16")
    run(gradus.ones((4, 4)))
    text = run.explain()
    assert "rounded to bfloat16" in text
    assert "Pass: in bfloat16" in text


# -- dot products ------------------------------------------------------------------------------------------------------

needs_dots = pytest.mark.skipif(not target.default().dot_lanes, reason="this processor has no dot products of bfloat16")


def _text(function: Any, *tensors: Tensor) -> str:
    run = gradus.compile(function, precision="bf16")
    run(*tensors)
    return str(run._last.text)


@needs_dots
def test_what_suits_dot_products_is_worked_out_by_them() -> None:
    rng = np.random.default_rng(6)
    w = _numbers(rng, 6, 4, 3, 3)
    for n, count in ((33, 3), (16, 3)):  # fewer than fill two vectors are cut into pieces
        x, g = _numbers(rng, n, 4, 8, 8), _numbers(rng, n, 6, 6, 6)
        run = gradus.compile(_convolution, precision="bf16")
        run(x, w, g)
        nodes = run._last.program.graph.nodes()
        narrow = [m for m in nodes if "convolution" in m.kind and m.inputs[0].dtype == gradus.bfloat16]
        assert len(narrow) == count
    assert "dpbf16ps" in _text(_convolution, _numbers(rng, 32, 4, 8, 8), w, _numbers(rng, 32, 6, 6, 6))


@needs_dots
@pytest.mark.parametrize(("depth", "dots"), [(64, True), (63, False)])
def test_products_of_an_even_depth_are_worked_out_by_dot_products(depth: int, dots: bool) -> None:
    rng = np.random.default_rng(9)
    a, b = _numbers(rng, 40, depth), _numbers(rng, depth, 50)
    assert ("dpbf16ps" in _text(lambda a, b: a @ b, a, b)) is dots


@needs_dots
def test_pairs_are_made_below_views_that_leave_neighbours_together() -> None:
    rng = np.random.default_rng(10)
    a, w = _numbers(rng, 3, 20, 24), _numbers(rng, 18, 24)

    def products(a: Tensor, w: Tensor) -> list[Tensor]:
        return [a @ w.T, a[0, 2:9] @ w.T, a.reshape(60, 24) @ w[:10].T]

    run = gradus.compile(products, precision="bf16")
    for found, wanted in zip(run(a, w), products(_rounded(a), _rounded(w)), strict=True):
        _close(found, wanted)
    made = [n for n in run._last.program.graph.nodes() if n.kind == "pairs"]
    assert [n.shape for n in made] == [(3, 20, 12), (18, 12)]


@needs_dots
def test_other_images_of_a_block_are_not_looked_at() -> None:
    rng = np.random.default_rng(7)
    x, w = _numbers(rng, 40, 2, 5, 5), _numbers(rng, 4, 2, 3, 3)
    spoilt = gradus.tensor(np.concatenate([np.full((24, 2, 5, 5), np.nan, "float32"), x.numpy()[24:]]))
    run = gradus.compile(lambda x, w: F.conv2d(x, w), precision="bf16")
    whole, part = run(x, w).numpy(), run(spoilt, w).numpy()
    assert np.isnan(part[:24]).all()
    assert np.array_equal(whole[24:], part[24:])


@needs_dots
@pytest.mark.parametrize("winograd", [True, False])
def test_winograds_algorithm_is_taken_where_it_is_faster_than_dot_products(winograd: bool) -> None:
    rng = np.random.default_rng(8)
    x, w, g = _numbers(rng, 32, 96, 12, 12), _numbers(rng, 96, 96, 3, 3), _numbers(rng, 32, 96, 12, 12)
    run = gradus.compile(lambda x, w, g: _convolution(x, w, g, padding=1), precision="bf16", winograd=winograd)
    found, expected = run(x, w, g), _convolution(_rounded(x), _rounded(w), _rounded(g), padding=1)
    assert ("winograd" in {n.kind for n in run._last.program.graph.nodes()}) is winograd
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=0, atol=1e-5 * np.abs(b.numpy()).max())
