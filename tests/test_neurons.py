"""McCulloch-Pitts units: truth tables, what one unit can and cannot do, adders; the perceptron and its bound."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

import gradus
from gradus import datasets, models
from gradus.errors import ArgumentError, DataError, ShapeError
from gradus.models import Perceptron, widest_margin

CORNERS = np.array(list(product((0, 1), repeat=2)))


@pytest.mark.parametrize(
    ("name", "answers"),
    [("AND", "0001"), ("OR", "0111"), ("NAND", "1110"), ("NOR", "1000"), ("XOR", "0110"), ("XNOR", "1001")],
)
def test_truth_tables(name, answers):
    table = models.truth_table(models.GATES[name])
    assert table.tolist() == [[*map(int, f"{i:02b}"), int(y)] for i, y in enumerate(answers)]


def test_not():
    assert models.truth_table(models.NOT, 1).tolist() == [[0, 1], [1, 0]]


def test_xor_and_xnor_have_three_layers_inputs_units_and_a_unit():
    for gate in (models.XOR, models.XNOR):
        assert [layer.excitatory.shape for layer in gate.layers] == [(2, 2), (1, 2)]


def test_one_unit_does_the_gates_without_not_and_no_one_unit_does_nand_or_xor():
    """All units of two inputs, up to two synapses each."""
    possible = set()
    for synapses in product((-1, 0, 1, 2), repeat=2):
        for threshold in range(6):
            unit = models.McCullochPitts([synapses], [threshold])
            possible.add("".join(map(str, unit(gradus.tensor(CORNERS)).numpy().ravel().tolist())))
    assert {"0001", "0111", "1000", "0010", "0100"} <= possible
    assert not {"1110", "0110", "1001"} & possible


def test_inhibition_is_absolute():
    unit = models.McCullochPitts([[1, 1, 1, -1]], [1])
    assert unit(gradus.tensor([[1, 1, 1, 1], [1, 0, 0, 0]])).flatten().tolist() == [0, 1]


def test_gates_can_be_compiled():
    compiled = gradus.compile(lambda a, b: models.XOR(a, b))
    a, b = gradus.tensor(CORNERS[:, 0]), gradus.tensor(CORNERS[:, 1])
    assert compiled(a, b).tolist() == [0, 1, 1, 0]


def test_half_and_full_adder():
    for a, b, c in product((0, 1), repeat=3):
        total, carry = models.full_adder(*(gradus.tensor(bit) for bit in (a, b, c)))
        assert 2 * int(carry) + int(total) == a + b + c
        total, carry = models.half_adder(gradus.tensor(a), gradus.tensor(b))
        assert 2 * int(carry) + int(total) == a + b


def test_the_ripple_adder_adds_all_pairs_of_five_bits():
    a, b = (n.ravel() for n in np.meshgrid(np.arange(32), np.arange(32)))
    bits = models.ripple_adder(models.numbers_to_bits(a, 5), models.numbers_to_bits(b, 5))
    assert bits.shape == (1024, 6)
    assert (models.bits_to_numbers(bits) == a + b).all()


@pytest.mark.parametrize(
    ("make", "error", "said"),
    [
        (lambda: models.McCullochPitts([[0.5, 1]], [1]), ArgumentError, "whole numbers"),
        (lambda: models.McCullochPitts([1, 1], [1]), ArgumentError, "matrix"),
        (lambda: models.McCullochPitts([[1, 1]], [1, 2]), ArgumentError, "thresholds of shape"),
        (lambda: models.AND(gradus.tensor([2]), gradus.tensor([1])), DataError, "inputs are 0 or 1, got 2"),
        (lambda: models.AND(gradus.tensor([1])), ShapeError, "2 inputs reach the units"),
        (lambda: models.ripple_adder([1, 0], [1]), ShapeError, "ripple_adder"),
        (lambda: models.numbers_to_bits(16, 4), ArgumentError, "0 to 15"),
    ],
)
def test_mistakes_with_units(make, error, said):
    with pytest.raises(error, match=said):
        make()


# -- the perceptron ----------------------------------------------------------------------------------------------------


def two_digits(a, b):
    x, y = datasets.digits().train.arrays
    rows = np.flatnonzero((y == a) | (y == b))
    return x[rows], y[rows]


@pytest.mark.parametrize("pair", [(0, 1), (3, 8), (1, 7)])
def test_mistakes_on_real_digits_stay_below_the_bound(pair):
    x, y = two_digits(*pair)
    unit = Perceptron(64)
    learned = unit.learn(x, y)
    margin = widest_margin(x, y)
    assert learned.separated and learned.mistakes[-1] == 0
    assert 0 < learned.total <= margin.bound
    assert (unit(gradus.tensor(x)).numpy() == (y == max(pair))).all()
    # the margin is attained by its own boundary, over samples with a 1 appended
    signs = np.where(y == max(pair), 1, -1)
    distances = signs * (x.reshape(len(x), -1) @ margin.weight + margin.bias)
    assert np.hypot(np.linalg.norm(margin.weight), margin.bias) == pytest.approx(1)
    assert distances.min() == pytest.approx(margin.gamma, rel=1e-6)
    assert margin.radius == pytest.approx(np.sqrt((x**2).sum((1, 2, 3)).max() + 1))


def test_no_boundary_has_a_wider_margin():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(40, 2)) + 4 * (np.arange(40) % 2)[:, None]
    y = np.arange(40) % 2
    angles, heights = np.meshgrid(np.linspace(0, 2 * np.pi, 300), np.linspace(-1, 1, 301))
    u = np.stack([np.sqrt(1 - heights**2) * np.cos(angles), np.sqrt(1 - heights**2) * np.sin(angles), heights], -1)
    z = np.where(y == 1, 1, -1)[:, None] * np.column_stack([x, np.ones(40)])
    best = (u.reshape(-1, 3) @ z.T).min(1).max()
    gamma = widest_margin(x, y).gamma
    assert best <= gamma + 1e-12
    assert gamma == pytest.approx(best, rel=0.05)


@pytest.mark.parametrize("seed", range(5))
def test_the_bound_holds_for_any_order(seed):
    rng = np.random.default_rng(seed)
    x = np.concatenate([rng.normal(-2, 0.7, (30, 3)), rng.normal(2, 0.7, (30, 3))])
    y, order = np.repeat([-1, 1], 30), rng.permutation(60)
    learned = Perceptron(3).learn(x[order], y[order])
    assert learned.separated and learned.total <= widest_margin(x, y).bound


def test_xor_is_not_separable_and_it_says_so():
    learned = Perceptron(2).learn(CORNERS, [0, 1, 1, 0], max_epochs=30)
    assert not learned.separated and len(learned.mistakes) == 30
    assert "NOT separated after 30 passes" in learned.message
    assert "no straight boundary separates the classes 0 and 1" in learned.message
    margin = widest_margin(CORNERS, [0, 1, 1, 0])
    assert not margin.separable and margin.bound == np.inf


def test_too_few_passes_are_told_from_data_that_cannot_be_separated():
    x, y = two_digits(3, 8)
    learned = Perceptron(64).learn(x, y, max_epochs=1)
    assert not learned.separated
    assert "a boundary exists" in learned.message and "Raise max_epochs" in learned.message


def test_learning_goes_on_from_the_weights_it_has():
    x, y = two_digits(0, 1)
    unit = Perceptron(64)
    unit.learn(x, y)
    assert unit.learn(x, y).mistakes == (0,)


@pytest.mark.parametrize("name", ["AND", "OR", "NAND"])
def test_a_perceptron_learns_the_separable_gates(name):
    unit = Perceptron(2)
    table = models.truth_table(models.GATES[name])
    assert unit.learn(table[:, :2], table[:, 2]).separated
    assert unit(gradus.tensor(table[:, :2].astype(np.float32))).tolist() == table[:, 2].tolist()


@pytest.mark.parametrize(
    ("x", "y", "error", "said"),
    [
        ([[0.0], [1.0]], [0, 0], DataError, "two classes"),
        ([[0.0], [1.0], [2.0]], [0, 1, 2], DataError, "two classes"),
        ([[0.0], [np.nan]], [0, 1], DataError, "sample 1 holds NaN"),
        ([0.0, 1.0], [0, 1], ShapeError, "do not belong together"),
        ([[0.0], [1.0]], [0, 1, 1], ShapeError, "do not belong together"),
        ([[0.0, 1.0], [1.0, 1.0]], [0, 1], ShapeError, "Make it Perceptron\\(2\\)"),
    ],
)
def test_mistakes_with_a_perceptron(x, y, error, said):
    with pytest.raises(error, match=said):
        Perceptron(1).learn(x, y)


def test_the_nearest_point_of_a_hull():
    rng = np.random.default_rng(1)
    points = rng.normal(size=(200, 5)) + 2
    nearest, kept = models.nearest_point(points)
    assert (points @ nearest >= nearest @ nearest - 1e-9).all()  # all on the far side: no nearer point
    shares = np.linalg.lstsq(np.vstack([points[kept].T, np.ones(len(kept))]), np.append(nearest, 1), rcond=None)[0]
    assert (shares >= -1e-9).all() and shares @ points[kept] == pytest.approx(nearest)
    with pytest.raises(ArgumentError, match="n, d"):
        models.nearest_point(np.zeros(3))
