"""Corners of operations that their tables do not reach: no elements, no axes, ends, what is infinite."""

from __future__ import annotations

import math

import numpy as np
import pytest

import gradus as g
from gradus import optim
from gradus.errors import ArgumentError, DtypeError, ShapeError
from gradus.ops.core.primitive import PRIMITIVES

X = np.arange(12.0).reshape(3, 4)
V = np.array([3.0, -1.0, 2.0])


def same(found, wanted) -> None:
    np.testing.assert_array_equal(found.numpy(), wanted)
    assert found.shape == np.shape(wanted)


def test_matrices_without_columns() -> None:
    assert [g.eye(2, 0).shape, g.tri(0, 3).shape, g.eye(0).shape] == [(2, 0), (0, 3), (0, 0)]
    same(g.tri(2, 3, -1), np.tri(2, 3, -1))


@pytest.mark.parametrize("widths", [[(-1, 2), (0, -1)], [(-1, -1), (-2, 3)], [(-3, 0), (0, 0)], [(0, -3), (-4, 0)]])
def test_padding_by_less_than_nothing(widths) -> None:
    lengths = [n + a + b for n, (a, b) in zip(X.shape, widths, strict=True)]
    longer = np.pad(X, 9, constant_values=7)
    starts = [9 - a for a, _ in widths]
    same(g.pad(X, widths, value=7), longer[tuple(slice(s, s + n) for s, n in zip(starts, lengths, strict=True))])


def test_padding_needs_pairs() -> None:
    for widths in ([(1, 2, 3), (1, 1)], [(1, 1)], [(1,), (1,)]):
        with pytest.raises(ShapeError, match="2 axes need 2 pairs"):
            g.pad(X, widths)
    same(g.pad(V, (1, 0)), [0, *V])


def test_cutting_at_places_from_the_end() -> None:
    for places in ([-1], [1, -1], [-2, 2], [0, 3], [5]):
        for ours, theirs in zip(g.split(V, places=places), np.split(V, places), strict=True):
            same(ours, theirs)
    assert [p.shape for p in g.split(V, sizes=[0, 3])] == [(0,), (3,)]
    assert [p.shape for p in g.chunk(g.zeros((0, 2)), 3)] == [(0, 2)] * 3


def test_the_same_elements() -> None:
    nan = [1.0, math.nan]
    assert [g.array_equal(*pair, equal_nan=True).item() for pair in ((nan, nan), (nan, [math.nan] * 2))] == [
        True,
        False,
    ]
    assert not g.array_equal([1.0], [math.nan], equal_nan=True).item()
    assert not g.array_equal(nan, nan).item()


def test_running_sums_of_no_axes_and_along_one() -> None:
    assert g.cumulative_sum(2.0).tolist() == 2.0
    assert g.cumulative_sum(2.0, include_initial=True).tolist() == [0, 2]
    assert g.cumulative_prod(V, include_initial=True).tolist() == [1, 3, -3, -6]


def test_the_gradient_of_equal_infinities_is_shared() -> None:
    for end in (math.inf, -math.inf):
        a, b = (g.tensor([end], requires_grad=True) for _ in range(2))
        g.logaddexp(a, b).sum().backward()
        assert (a.grad.tolist(), b.grad.tolist()) == ([0.5], [0.5])


def test_signs_of_all_kinds_of_numbers() -> None:
    for dtype in ("float16", "float32", "float64"):
        assert g.signbit(g.tensor([0.0, -0.0, 2.0, -2.0, math.inf, -math.inf], dtype)).tolist() == [False, True] * 3
    assert g.signbit([0, -1, 1]).tolist() == [False, True, False]
    assert g.heaviside(V, 0.5).tolist() == [1, 0, 1]
    assert g.heaviside([0.0, -0.0], 0.25).tolist() == [0.25, 0.25]


def test_the_state_of_random_bits_is_two_words() -> None:
    for state in (g.zeros(2, "int64"), g.zeros(3, "uint64"), g.zeros(2)):
        with pytest.raises(DtypeError, match="two uint64, key and counter"):
            PRIMITIVES["random_bits"].rule(state, (2,))


@pytest.mark.parametrize(("low", "high"), [(0, 2**32), (-5, 2**33), (-(2**63), 2**63), (0, 2**40 + 1)])
def test_integers_of_wide_ranges(low, high) -> None:
    """Spread evenly: quarters of the range hold a quarter each, and the last bits are random."""
    found = [int(n) for n in g.random.Generator(3).randint(low, high, (4000,)).tolist()]
    assert all(low <= n < high for n in found)
    quarters = np.bincount([4 * (n - low) // (high - low) for n in found], minlength=4)
    assert (abs(quarters - 1000) < 110).all(), quarters
    assert abs(sum(n & 1 for n in found) - 2000) < 130
    assert abs(sum(n >> 1 & 1 for n in found) - 2000) < 130


def test_unsigned_integers_of_the_whole_range() -> None:
    found = [int(n) for n in g.random.Generator(5).randint(0, 2**64, (4000,), dtype="uint64").tolist()]
    for bit in range(0, 64, 7):
        assert abs(sum(n >> bit & 1 for n in found) - 2000) < 130, bit


def test_what_clips_names_itself() -> None:
    with pytest.raises(ArgumentError, match="clip_grad_value_: value must be"):
        optim.clip_grad_value_([g.ones(1, requires_grad=True)], -1.0)


def test_orders_of_what_has_no_axes() -> None:
    x = g.tensor(3.0)
    assert g.argsort(x).tolist() == 0
    assert [v.tolist() for v in g.topk(x, 1)] == [3, 0]
    assert [v.tolist() for v in g.kthvalue(x, 1)] == [3, 0]
    assert g.sort(x).tolist() == 3 if not isinstance(g.sort(x), tuple) else g.sort(x)[0].tolist() == 3


def test_counting_by_weights() -> None:
    same(g.bincount([0, 2, 2], weights=[1, 2, 3]), np.bincount([0, 2, 2], weights=[1, 2, 3]))
    same(g.bincount([0, 2, 2], length=4), [1, 0, 2, 0])
    same(g.bincount([1], minlength=3), [0, 1, 0])
    found, edges = g.histogram(V, 2, range=(0, 4), weights=[0.5, 1.0, 2.0])
    wanted, at = np.histogram(V, 2, range=(0, 4), weights=[0.5, 1.0, 2.0])
    same(found, wanted)
    same(edges, at)


def test_linspace_without_its_end_and_of_the_widest_distances() -> None:
    same(g.linspace(0, 1, 4, endpoint=False, dtype="float64"), np.linspace(0, 1, 4, endpoint=False))
    most = np.finfo("float64").max
    same(g.linspace(-most, most, 3, dtype="float64"), [-most, 0, most])
    tiny = 5e-324
    assert g.linspace(0.0, tiny, 3, dtype="float64").tolist()[::2] == [0, tiny]
    assert g.linspace(0.5, 3.5, 4, dtype=int).tolist() == np.linspace(0.5, 3.5, 4).astype(int).tolist()
