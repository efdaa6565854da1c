"""verify=: eager and compiled from the same state, and what the error says where they differ."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from click.testing import CliRunner

import gradus
from gradus import models, nn, optim
from gradus.cli import main
from gradus.compiler import Uncompiled, verify
from gradus.compiler.native.step import Step
from gradus.data import DataLoader, TensorDataset
from gradus.errors import ArgumentError, DtypeError, ShapeError, VerifyError
from gradus.train import Trainer

pytestmark = pytest.mark.usefixtures("undrawn")

rng = np.random.default_rng(0)
LABELS = rng.integers(0, 4, 200)
IMAGES = (rng.normal(size=(4, 1, 8, 8))[LABELS] + rng.normal(size=(200, 1, 8, 8))).astype(np.float32)
DATA = TensorDataset(IMAGES, LABELS)


class Net(nn.Module):
    """A bias before batch normalisation: its gradient is rounding alone, which Adam makes as large as any."""

    def __init__(self):
        self.layers = nn.Sequential(nn.Conv2d(1, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten())
        self.drop, self.last = nn.Dropout(0.3), nn.Linear(72, 4)

    def forward(self, x):
        return self.last(self.drop(self.layers(x)))


def trainer_of(kind=Net, optimizer=optim.Adam, **options):
    gradus.seed(0)
    model = kind()
    return Trainer(model, "cross_entropy", optimizer(model.parameters(), lr=0.01), **options)


def bits(trainer):
    tensors = trainer.model.state_dict() | trainer.optimizer.state_dict() | {"random": gradus.random.default.state}
    return {k: v.numpy().tobytes() for k, v in tensors.items()}


@pytest.fixture
def broken(monkeypatch):
    """Programs of which one thing is changed after they have run: `broken(step -> array)`."""

    def breaks(which, change=0.01):
        run = Step.run

        def wrong(step, leaves):
            result = run(step, leaves)
            array = which(step, result)
            array[...] += change
            return result

        monkeypatch.setattr(Step, "run", wrong)

    return breaks


SGD = functools.partial(optim.SGD, momentum=0.9)


@pytest.mark.parametrize(("optimizer", "loader"), [(optim.Adam, False), (SGD, True)])
def test_the_training_is_the_same(optimizer, loader):
    told = []
    for count in (0, 5):
        data = DataLoader(DATA, 50, shuffle=True, prefetch=1) if loader else DATA
        trainer = trainer_of(optimizer=optimizer, verify=count)
        trainer.fit(data, epochs=2, batch_size=50, progress=False)
        assert trainer.verify == 0
        told.append((bits(trainer), trainer.history["loss"]))
    assert told[0] == told[1]


@pytest.mark.parametrize(
    ("name", "precision"), [("linear", "float32"), ("mlp", "bf16"), ("convnet", "float32"), ("lenet", "bf16")]
)
def test_models_agree(name, precision):
    model = models.build(name, (1, 16, 16) if name != "linear" else (64,), 4)
    x = rng.normal(size=(64, *((1, 16, 16) if name != "linear" else (64,)))).astype(np.float32)
    trainer = Trainer(model, "cross_entropy", optim.Adam(model.parameters(), lr=0.01), verify=2, precision=precision)
    trainer.fit(TensorDataset(x, rng.integers(0, 4, 64)), batch_size=32, progress=False)
    assert trainer.verify == 0


def test_the_first_difference_is_named(broken):
    trainer = trainer_of(verify=2)
    weight = trainer.model.last.weight.data
    broken(lambda step, result: weight[1:2, 5:7])
    with pytest.raises(VerifyError, match=r"differs .*: model.last.weight at \(1, 5\) is .* eagerly, .*; 2 of 288"):
        trainer.fit(DATA, progress=False)


def test_what_the_optimizer_keeps_is_named(broken):
    trainer = trainer_of(verify=2)
    state = trainer.optimizer.state[-1]["m"].data
    broken(lambda step, result: state)
    with pytest.raises(VerifyError, match=r"optimizer\.state\[5\]\['m'\] at \(0,\)"):
        trainer.fit(DATA, progress=False)


@pytest.mark.parametrize("kind", [False, True])
def test_a_result_is_named(kind, broken):
    f = gradus.compile(lambda x: {"a": x * 2, "b": [x.sum()]} if kind else x * 2, verify=True)
    broken(lambda step, result: (result["b"][0] if kind else result).data)
    what = "result 1 of 2" if kind else r"the result at \(0,\)"
    with pytest.raises(VerifyError, match=f"{what} is "):
        f(np.ones(3, np.float32))


@pytest.mark.parametrize("change", [lambda y: [*y], lambda y: (y[0], 4.0), lambda y: (y[0], 3), lambda y: (*y, y[0])])
def test_what_stands_around_the_results_must_be_the_same(change, monkeypatch):
    f, run = gradus.compile(lambda x: (x * 2, 3.0), verify=True), Step.run
    assert f(np.ones(3, np.float32))[1] == 3.0
    monkeypatch.setattr(Step, "run", lambda step, leaves: change(run(step, leaves)))
    with pytest.raises(VerifyError, match="returns something else than eagerly"):
        f(np.ones(3, np.float32))


def test_integers_must_be_equal(broken):
    f = gradus.compile(lambda x: x + 1, verify=True)
    assert f(np.arange(3)).tolist() == [1, 2, 3]
    broken(lambda step, result: result.data[1:2], 1)
    with pytest.raises(VerifyError, match=r"at \(1,\) is 2 eagerly, 3 compiled; 1 of 3"):
        f(np.arange(3))


def test_the_same_random_numbers_and_memory():
    told = []
    for check in (False, True):
        gradus.seed(3)
        w = gradus.tensor([1.0, 2.0], requires_grad=True)

        def step(x, w=w):
            w.grad = None
            (gradus.random.rand(2) * w * x).sum().backward()
            kept = w.grad * 1
            w.assign_((w - 0.1 * w.grad).detach())
            return kept, gradus.random.randn(3), gradus.zeros(2).assign_(x)

        f = gradus.compile(step, verify=check)
        for k in range(3):
            results = f(np.full(2, k, np.float32))
        told.append([r.tolist() for r in results] + [w.tolist(), gradus.random.default.state.tolist(), w.writes[0]])
        assert w.grad is None
    assert told[0] == told[1]


def test_infinities_and_nan_agree_with_themselves():
    f = gradus.compile(lambda x: (x / x, x * 1e38 * 10, 1 / x), verify=True)
    f(np.array([0.0, 1.0, -1.0, np.inf, np.nan], np.float32))


def test_what_rounding_decides_is_no_difference():
    """The sign of a number that is zero but for rounding."""
    f = gradus.compile(lambda x: ((x * 3.7).sum() - 3.7 * x.sum()).sign() + 0 * x.max(), verify=True)
    for n in range(3, 40, 6):
        f(np.random.default_rng(n).normal(size=n).astype(np.float32))


def test_what_rounding_does_not_explain():
    for wanted, got in ((1.0, 1.001), (0.0, 0.1), (1.0, np.inf), (1.0, np.nan), (np.inf, -np.inf)):
        a = np.full(4, 1.0, np.float32)
        b = a.copy()
        a[2], b[2] = wanted, got
        found = verify.Comparison(["x"], [a], [b], "float32")
        assert found.differs() and not found.explained(v for v in [[a], [a + 1e-5]])
        assert found.first().startswith("x at (2,) is ")
        assert not verify.Comparison(["x"], [a], [a.copy()], "float32").differs()


@pytest.mark.parametrize("size", [1.7e308, 1e200, 1.0, 1e-200, 5e-324 * 2**40])
def test_numbers_of_every_size_are_compared(size):
    a = np.array([1.0, -1.0, 0.0]) * size
    for change, differs in ((1e-7, True), (1e-12, False)):
        b = a - np.array([1.0, 0.0, 1.0]) * size * change
        assert verify.Comparison(["x"], [a], [b], "float32").differs() is differs
    assert not verify.Comparison(["x"], [0 * a], [0 * a], "float32").differs()


@pytest.mark.parametrize("other", [np.ones(4), np.ones((2, 2), np.float32), np.ones(1, np.float32)])
def test_another_dtype_or_shape_is_named(other):
    found = verify.Comparison(["x"], [np.ones(4, np.float32)], [other], "float32")
    assert found.differs() and found.first() == f"x is float32(4,) eagerly, {other.dtype}{other.shape} compiled."


def test_an_integer_that_rounding_decides_may_be_any():
    """As the place of the largest of numbers that are equal but for rounding."""
    a, b = np.array([0, 7]), np.array([40, 7])
    for others, explained in (([np.array([5, 7])], True), ([np.array([0, 8])], False)):
        assert verify.Comparison(["x"], [a], [b], "float32").explained(v for v in [others]) is explained


def test_methods_epochs_and_copies():
    class Counter:
        def __init__(self):
            self.total = gradus.tensor(0.0)

        @gradus.compile(verify=True)
        def add(self, x):
            return self.total.assign_(self.total + x.sum()) * 1

    counter = Counter()
    assert type(counter.add) is verify.Verified
    rows = np.arange(4).reshape(2, 2)
    assert counter.add.epoch((np.ones(4, np.float32),), rows).tolist() == [2, 4]
    counter.add.prepare((np.ones(4, np.float32),), rows)
    assert [r[0].tolist() for r in counter.add.slices((np.ones(4, np.float32),), rows)] == [[6], [8]]
    assert gradus.compile(lambda x: counter.add(x) * 2)(np.ones(1, np.float32)).item() == 18


def test_arguments_that_make_no_sense():
    with pytest.raises(ArgumentError, match="verify compares"):
        trainer_of(verify=3, compile=False)
    with pytest.raises(ArgumentError, match="verify must be"):
        trainer_of(verify=-1)


def test_the_command(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = ["train", "softmax", "--epochs", "1", "--limit", "100", "-q", "--verify"]
    done = CliRunner().invoke(main, [*words, "3"])
    assert done.exit_code == 0, done.output
    assert CliRunner().invoke(main, [*words, "-1"]).exit_code == 2


@pytest.mark.parametrize("batches", [[[0, 4]], [[-1, 0]], [0, 1], [[0.5, 1]]])
@pytest.mark.parametrize("way", [gradus.compile, functools.partial(gradus.compile, verify=True), Uncompiled])
def test_epochs_refuse_the_same_batches_whoever_computes_them(way, batches):
    function = way(lambda x: x.sum())
    assert function.epoch((np.arange(4.0, dtype=np.float32),), [[0, 1], [2, 3]]).tolist() == [1, 5]
    with pytest.raises((ShapeError, DtypeError), match=r"^batches "):
        function.epoch((np.arange(4.0, dtype=np.float32),), batches)
