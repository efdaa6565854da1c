"""guard: what made a NaN or an infinity, and what is none; a training that finds it by itself."""

from __future__ import annotations

import signal

import numpy as np
import pytest

import gradus
from gradus import Trainer, nn, optim
from gradus import functional as F
from gradus.data import DataLoader, TensorDataset
from gradus.errors import ArgumentError, DivergedError, NonFiniteError
from gradus.train import EarlyStopping, LambdaCallback, fit_unsupervised, load
from gradus.train.fitting import divergence
from gradus.transforms.guarding import Guarded


def found(function) -> str:
    """What the guard says of a function."""
    with pytest.raises(NonFiniteError) as problem, gradus.guard():
        function()
    return str(problem.value)


def leaf(*values: float):
    return gradus.tensor(values, requires_grad=True)


FORWARDS = {
    "log": lambda: gradus.tensor([0.0, 1.0]).log().numpy(),
    "exp": lambda: gradus.tensor([1.0, 1e3]).exp().sum().item(),
    "divide": lambda: (gradus.tensor([1.0]) / gradus.tensor([0.0])).tolist(),
    "power": lambda: (gradus.tensor([0.0]) ** -1.0).tolist(),
    "sqrt": lambda: gradus.tensor([-1.0]).sqrt().tolist(),
    "subtract": lambda: (gradus.tensor([np.inf]) - gradus.tensor([np.inf])).tolist(),
    "matmul": lambda: (gradus.full((2, 2), 1e30) @ gradus.full((2, 2), 1e30)).tolist(),
}


@pytest.mark.parametrize("name", FORWARDS)
def test_the_first_operation_that_made_one_is_named_with_its_line(name):
    text = found(FORWARDS[name])
    assert text.startswith(f"{name} made ")
    assert "at test_guard.py:" in text


def test_what_comes_after_is_not_blamed():
    x = gradus.tensor([0.0, 2.0])
    text = found(lambda: ((x.log() * 0).sum() + 1).item())
    assert text.startswith("log made -inf at [0] of float32[2]")
    assert "given float32[2] from 0 to 2" in text


BACKWARDS = {
    "sqrt": lambda x: x.sqrt(),
    "log": lambda x: gradus.where(x > 0, x.log(), gradus.tensor(0.0)),  # 0 / 0 where it is left out
    "divide": lambda x: 1.0 / (x + 1e-25),  # whose square is 0 in float32
}


@pytest.mark.parametrize("name", BACKWARDS)
def test_a_gradient_is_named_by_what_it_is_a_gradient_of(name):
    x = leaf(0.0, 4.0)

    def step():
        BACKWARDS[name](x).sum().backward()
        return x.grad.tolist()

    text = found(step)
    assert text.startswith(f"{name}'s gradient made ")
    assert "at test_guard.py:" in text


def test_the_module_is_named_and_the_loss_is_looked_at_before_the_walk():
    class Net(nn.Module):
        def __init__(self):
            self.inner = nn.Sequential(nn.Linear(2, 2, bias=False), nn.Softplus())

        def forward(self, x):
            return self.inner(x).exp()

    net = Net()
    net.inner[0].weight.assign_(gradus.full((2, 2), 1e30))
    text = found(lambda: net(gradus.full((1, 2), 1e30)).sum().backward())
    assert "matmul made inf" in text
    assert "(Linear)" in text
    assert "What came of it is differentiated" in text


HARMLESS = {
    "a branch that is left out": lambda: gradus.where(leaf(0.0, 1.0) > 0, leaf(0.0, 1.0).log(), gradus.tensor(0.0)),
    "a mask": lambda: F.softmax(gradus.where(gradus.tensor([True, False]), leaf(1.0, 2.0), gradus.tensor(-np.inf)), -1),
    "an infinity of one's own": lambda: gradus.tensor([np.inf, 1.0]) * 2,
    "the largest of nothing": lambda: F.max_pool2d(gradus.ones((1, 1, 4, 4)), 3, padding=1),
    "a certain error": lambda: F.binary_cross_entropy(gradus.tensor([0.0, 1.0]), gradus.tensor([1.0, 0.0])),
    "a lazy layer": lambda: nn.LazyLinear(3)(gradus.ones((2, 2))),
    "a causal mask": lambda: F.scaled_dot_product_attention(*(gradus.randn(1, 2, 4, 3),) * 3, is_causal=True),
}


@pytest.mark.parametrize("name", HARMLESS)
def test_what_is_none(name):
    outside = HARMLESS[name]().tolist() if name != "a lazy layer" else None
    gradus.seed(0)
    with gradus.guard():
        inside = HARMLESS[name]()
        assert inside.tolist() == outside or name in ("a lazy layer", "a causal mask")


def test_values_and_gradients_are_the_same_inside():
    x, y = gradus.randn(8, 3), gradus.tensor([0, 1, 2, 0, 1, 2, 0, 1])
    results = []
    for inside in (False, True):
        gradus.seed(1)
        model = nn.Sequential(nn.Linear(3, 5), nn.BatchNorm1d(5), nn.GELU(), nn.Dropout(0.3), nn.Linear(5, 3))
        optimizer = optim.SGD(model.parameters(), lr=0.1)

        @gradus.compile
        def step(x, y, model=model, optimizer=optimizer):
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            return loss

        if inside:
            with gradus.guard():
                losses = [step(x, y).item() for _ in range(3)]
        else:
            losses = [step(x, y).item() for _ in range(3)]
        results.append((losses, [p.numpy() for p in model.parameters()]))
    np.testing.assert_allclose(results[0][0], results[1][0], rtol=1e-5)
    for a, b in zip(results[0][1], results[1][1], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def test_data_that_were_never_finite_are_said_to_be():
    assert "no operation made it" in found(lambda: gradus.tensor([np.nan, 1.0]).sum().item())


# -- in a training -----------------------------------------------------------------------------------------------------


def line():
    x = np.random.default_rng(0).normal(size=(100, 3)).astype(np.float32)
    return TensorDataset(x, x @ np.float32([[1], [2], [3]]))


def root(outputs, targets):
    """A finite loss whose gradient is not."""
    return (outputs - outputs * 1.0 + 0 * targets).sqrt().mean()


def trained(loss, path=None, batch_size=20, **options):
    gradus.seed(0)
    model = nn.Linear(3, 1)
    before = model.weight.numpy().copy()
    trainer = Trainer(model, loss, optim.Adam(model.parameters(), lr=0.1), **options)
    with pytest.raises(DivergedError) as problem:
        trainer.fit(line(), epochs=2, batch_size=batch_size, run=path, progress=False)
    return str(problem.value), before, model


@pytest.mark.parametrize("options", [{}, {"compile": False}, {"guard": True}], ids=str)
def test_a_training_finds_the_gradient_that_is_not_finite_and_keeps_the_weights(options, tmp_path):
    text, before, model = trained(root, tmp_path / "run", **options)
    assert "epoch 1, batch" in text
    assert "sqrt's gradient made inf" in text
    assert "learning rate ten times" not in text
    np.testing.assert_array_equal(model.weight.numpy(), before)
    np.testing.assert_array_equal(load(tmp_path / "run" / "model.safetensors")["weight"].numpy(), before)


def test_the_last_step_of_an_epoch_spoils_no_checkpoint(tmp_path):
    text, before, _ = trained(root, tmp_path / "run", batch_size=100)
    assert "the parameter weight became nan in epoch 1, batch 1" in text
    np.testing.assert_array_equal(load(tmp_path / "run" / "model.safetensors")["weight"].numpy(), before)


def test_random_numbers_are_those_of_the_step_that_went_wrong():
    seen = []

    def loss(outputs, targets):
        kept = gradus.bernoulli(0.98, outputs.shape)  # in some batch one number is left out
        return (kept * (outputs * 0 + 1) + (1 - kept) * outputs * 0).log().mean()

    text, _, _ = trained(loss)
    seen.append(text)
    assert "log made -inf" in text
    assert trained(loss)[0] == text


def test_too_high_a_rate_is_still_told_to_be_one():
    gradus.seed(0)
    model = nn.Linear(3, 1)
    trainer = Trainer(model, "mse", optim.SGD(model.parameters(), lr=1e12))
    with pytest.raises(DivergedError, match=r"made inf.*learning rate ten times lower"):
        trainer.fit(line(), epochs=3, batch_size=20, progress=False)


def test_a_nan_to_watch_is_no_best():
    gradus.seed(0)
    model = nn.Linear(3, 1)
    trainer = Trainer(model, "mse", optim.SGD(model.parameters(), lr=0.01))
    values = iter([np.nan, 3.0, 2.0, np.nan, 2.5])
    spoil = LambdaCallback(on_epoch_end=lambda trainer, record: record.update(watched=next(values)))
    stop = EarlyStopping("watched", patience=2, better="lower")
    with pytest.warns(UserWarning, match="watched is nan in epoch") as told:
        trainer.fit(line(), epochs=5, callbacks=[spoil, stop], progress=False)
    assert stop.best == 2.0
    assert {w.filename for w in told} == {__file__}


def test_elements_that_are_assigned_are_looked_at_too():
    def assign():
        x = gradus.zeros(3)
        x[1] = gradus.tensor(0.0).log()

    text = found(assign)
    assert text.startswith("log made -inf")
    assert "written into a tensor" in text


def test_an_epoch_of_a_compiled_function_is_looked_through():
    f = gradus.compile(lambda x: x.log().sum())
    x = np.float32([1, 2, 0, 3])
    assert f.epoch((x,), [[0, 1]]).shape == (1,)
    with gradus.guard():
        np.testing.assert_allclose(f.epoch((x,), [[0, 1], [1, 3]]), np.log([2.0, 6.0]), rtol=1e-6)
    assert found(lambda: f.epoch((x,), [[0, 1], [2, 3]])).startswith("log made -inf")


def test_masks_leave_nothing_behind():
    guarded = Guarded()
    token = gradus.interpret.current.set(guarded)
    try:
        mask = gradus.tensor([True, False])
        for _ in range(50):
            F.softmax(gradus.where(mask, leaf(1.0, 2.0), gradus.tensor(-np.inf)), -1).sum().backward()
    finally:
        gradus.interpret.current.reset(token)
    assert not guarded._notes


def test_a_gradient_within_a_gradient_is_named_by_its_own_operation():
    x = leaf(0.0, 4.0)

    def step():
        gradus.checkpoint(lambda x: x.sqrt(), x * 1.0).sum().backward()
        return x.grad.tolist()

    assert found(step).startswith("sqrt's gradient made ")


@pytest.mark.parametrize("fault", [OSError("the disk is gone"), KeyboardInterrupt], ids=["data", "Ctrl-C"])
def test_a_look_for_the_source_that_fails_hides_no_divergence(fault, monkeypatch):
    """Data that cannot be read again, and Ctrl-C meanwhile: the divergence is told, and the weights are whole."""
    looking: list[bool] = []
    read, restore = DataLoader.batches, divergence.Start.restore

    def batches(loader, epoch, start=0):
        if looking and fault is KeyboardInterrupt:
            signal.raise_signal(signal.SIGINT)
        elif looking:
            raise fault
        return read(loader, epoch, start)

    monkeypatch.setattr(DataLoader, "batches", batches)
    monkeypatch.setattr(divergence.Start, "restore", lambda start: (looking.append(True), restore(start)))
    text, before, model = trained(root, compile=False)
    assert "the loss became nan in epoch 1, batch 2" in text
    assert "sqrt's gradient" not in text
    np.testing.assert_array_equal(model.weight.numpy(), before)


def test_a_step_of_unsupervised_training_that_spoils_the_weights():
    w = gradus.tensor([[1.0], [2.0]], requires_grad=True)
    with pytest.raises(DivergedError, match="parameter number 0 became nan in epoch 1"):
        optimizer = optim.SGD([w], lr=0.1)
        fit_unsupervised(lambda x: (x @ w - x @ w).sqrt().mean(), optimizer, np.ones((4, 2)), progress=False)


def test_guard_is_a_truth():
    model = nn.Linear(1, 1)
    with pytest.raises(ArgumentError, match="guard is True or False"):
        Trainer(model, "mse", optim.SGD(model.parameters(), lr=0.1), guard="always")


def test_a_gradient_that_is_left_in_a_leaf_has_arrived() -> None:
    x = leaf(0.0, 4.0)
    said = found(lambda: x.sqrt().sum().backward())
    assert "sqrt's gradient made inf at [0]" in said and "is a gradient" in said


def test_a_gradient_that_a_hook_mends_is_none() -> None:
    x = leaf(0.0, 4.0)
    x.register_hook(lambda g: gradus.where(g.isfinite(), g, 0.0))
    with gradus.guard():
        x.sqrt().sum().backward()
    assert x.grad.tolist() == [0.0, 0.25]
