"""Types of numbers: their digits, and what a step in them takes."""

from __future__ import annotations

import numpy as np
import pytest

import gradus
from gradus import draw, inspect, models, nn
from gradus.errors import ArgumentError, DtypeError

TYPES = ("float64", "float32", "float16", "bfloat16")


@pytest.mark.parametrize(
    ("name", "bits", "digits", "largest"),
    [
        ("float64", 64, 53, (2 - 2.0**-52) * 2.0**1023),
        ("float32", 32, 24, (2 - 2.0**-23) * 2.0**127),
        ("float16", 16, 11, 65504.0),
        ("bfloat16", 16, 8, (2 - 2.0**-7) * 2.0**127),
    ],
)
def test_digits_and_range_are_those_of_the_standard(name, bits, digits, largest):
    found = inspect.number_type(name)
    assert found == (name, bits, digits, 2.0 ** (1 - digits), largest, found.smallest)
    one = gradus.tensor(1.0, name)
    assert float(one + found.eps) > 1 and float(one + found.eps / 4) == 1
    assert found.smallest == (2.0**-14 if name == "float16" else 2.0**-1022 if bits == 64 else 2.0**-126)


@pytest.mark.parametrize("compiled", [False, True])
def test_weights_and_activations_take_the_bytes_of_their_type(compiled):
    model = models.MLP([20, 30, 5])
    x, y = np.random.default_rng(0).standard_normal((8, 20)), np.arange(8) % 5
    before = [p.numpy().copy() for p in model.parameters()]
    costs = {name: inspect.step_cost(model, x, y, name, compiled) for name in TYPES}
    parameters = 20 * 30 + 30 + 30 * 5 + 5
    assert [costs[name].weights for name in TYPES] == [8 * parameters, 4 * parameters, 2 * parameters, 2 * parameters]
    numbers = costs["float64"].activations / 8
    assert numbers > 8 * (30 + 30 + 5)  # products, sums with the bias, activations
    assert costs["float16"].activations < costs["float32"].activations < costs["float64"].activations
    assert all(cost.seconds > 0 and cost.working > 0 for cost in costs.values())
    assert costs["float32"].working < costs["float64"].working
    for p, was in zip(model.parameters(), before, strict=True):  # the model itself is left as it was
        assert p.dtype == np.float32 and np.array_equal(p.numpy(), was)


def test_activations_count_what_is_made_and_no_views():
    x = np.ones((4, 6))
    one, two = (nn.Sequential(nn.Linear(6, 6), *[nn.ReLU()] * n, nn.Flatten()) for n in (1, 2))
    costs = [inspect.step_cost(m, x, np.zeros(4, int), "float64", compiled=False) for m in (one, two)]
    assert costs[1].activations - costs[0].activations == 4 * 6 * 8  # one more ReLU's result; Flatten makes none


def test_eager_working_memory_holds_at_least_the_gradients():
    model = nn.Linear(1000, 100)
    cost = inspect.step_cost(model, np.ones((2, 1000)), np.zeros(2, int), "float32", compiled=False)
    assert cost.working > 4 * 1000 * 100


def test_small_steps_are_lost_in_bfloat16():
    """With 8 digits 1 + 0.001 is 1; so weights of bfloat16 stand still where those of float32 learn."""
    ends = {}
    for name in ("float32", "bfloat16"):
        w = gradus.tensor(np.ones(1), name, requires_grad=True)
        optimizer = gradus.optim.SGD([w], lr=0.001)
        for _ in range(100):
            optimizer.zero_grad()
            w.sum().backward()
            optimizer.step()
        ends[name] = float(w.numpy()[0])
    assert ends["float32"] == pytest.approx(0.9, abs=1e-5) and ends["bfloat16"] == 1.0


def test_what_makes_no_sense_is_refused():
    model, x, y = nn.Linear(3, 2), np.ones((2, 3)), np.zeros(2, int)
    with pytest.raises(DtypeError, match="int32 holds no floating-point numbers"):
        inspect.number_type("int32")
    for options in ({"dtype": "float16"}, {"compiled": False}):
        with pytest.raises(ArgumentError, match="is for a compiled step of float32"):
            inspect.step_cost(model, x, y, **options, precision="bf16")
    with pytest.raises(ArgumentError, match="nothing to draw"):
        draw.precisions({})
    with pytest.raises(ArgumentError, match="call the compiled function once"):
        gradus.compile(lambda x: x).working_memory()
