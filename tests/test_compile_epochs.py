"""Epochs one after the other: the job of the one before serves again, and only where it may."""

from __future__ import annotations

import gc
import warnings
import weakref

import numpy as np
import pytest

import gradus
from gradus.compiler.native import job
from gradus.errors import ShapeError

X = np.arange(24, dtype=np.float32).reshape(12, 2)
ROWS = np.arange(12).reshape(4, 3)


def sums(x, rows):
    return x[rows].sum((1, 2))


def new(function=lambda x: x.sum()):
    return gradus.compile(function)


def epochs_agree(f, x, rows):
    expected = sums(x.numpy() if isinstance(x, gradus.Tensor) else x, np.asarray(rows))
    np.testing.assert_array_equal(f.epoch((x,), rows), expected)


def test_the_same_arrays_again():
    f, x, rows = new(), X.copy(), ROWS.copy()
    epochs_agree(f, x, rows)
    first = f._jobs[0]
    for _ in range(2):
        epochs_agree(f, x, rows)
    x *= 2
    rows[:] = rows[::-1].copy()
    epochs_agree(f, x, rows)  # read anew each time
    assert f._jobs == [first]
    epochs_agree(f, x, rows + 0)  # other row numbers
    epochs_agree(f, x, rows[:1].copy())
    assert f._jobs == [first]


@pytest.mark.parametrize("count", [4, 6, 12])
def test_what_lies_after_the_rows_is_not_looked_at(count):
    rows = np.append(np.arange(count), 10**9)[:count].reshape(2, -1)
    epochs_agree(new(), X, rows)


@pytest.mark.parametrize("row", [-1, 12])
@pytest.mark.parametrize("place", [0, 3, 8, 11])
def test_rows_just_beyond_the_data_are_refused(row, place):
    f, x, rows = new(), np.arange(26, dtype=np.float32).reshape(13, 2)[:12], ROWS.copy()
    epochs_agree(f, x, rows)  # the first epoch's rows Python looks at, those of further ones the program
    rows.reshape(-1)[place] = row
    with pytest.raises(ShapeError, match=r"batches name rows .*, array 0 has shape \(12, 2\)"):
        f.epoch((x,), rows)


OTHERS = {
    "another array": (X * 3, ROWS),
    "another batch size": (X, ROWS.reshape(3, 4)),
    "a tensor": (gradus.tensor(X), ROWS),
    "a list": (X, ROWS.tolist()),
    "int32": (X, ROWS.astype(np.int32)),
    "turned": (X, np.asfortranarray(ROWS)),
    "every second": (X, np.arange(24).reshape(4, 6)[:, ::2] // 2),
    "backwards": (X[::-1], ROWS),
    "double": (X.astype(np.float64), ROWS),
}


@pytest.mark.parametrize("name", OTHERS)
def test_other_arrays(name):
    f = new()
    epochs_agree(f, X, ROWS)
    for _ in range(2):
        epochs_agree(f, *OTHERS[name])
    epochs_agree(f, X, ROWS)


def test_rows_turned_into_another_shape_in_place():
    f, rows = new(), ROWS.copy()
    epochs_agree(f, X, rows)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # newer versions of NumPy warn
        rows.shape = 6, 2
    epochs_agree(f, X, rows)


@pytest.mark.parametrize("place", [0, 5, 8, 11])
@pytest.mark.parametrize("row", [-1, 12, -(1 << 62)])
def test_row_numbers_are_checked_each_time_before_anything_is_run(place, row):
    total, rows = gradus.tensor(0.0), ROWS.copy()
    f = new(lambda x: total.assign_(total + x.sum()))
    f.epoch((X,), rows)
    before = total.item()
    rows.flat[place] = row
    with pytest.raises(ShapeError, match=r"batches name rows .* array 0 has shape \(12, 2\)"):
        f.epoch((X,), rows)
    assert total.item() == before
    epochs_total = f.epoch((X,), ROWS)[-1]
    assert epochs_total == total.item() == before + X.sum()


def test_values_around_it_are_compared_each_time():
    class Plain:
        factor = 1.0

    plain = Plain()
    plain.factor = 2.0

    def step(x):
        return x.sum() * plain.factor

    f = new(step)
    for factor in (2.0, 3.0, 2.0):
        plain.factor = factor
        np.testing.assert_array_equal(f.epoch((X,), ROWS), sums(X, ROWS) * factor)
    del plain.factor
    np.testing.assert_array_equal(f.epoch((X,), ROWS), sums(X, ROWS))


def test_results_are_the_callers_own():
    f = new(lambda x: (x.sum(), x * 2))
    one = f.epoch((X,), ROWS)
    kept = one.copy()
    f.epoch((X,), ROWS[::-1].copy())
    np.testing.assert_array_equal(one, kept)


def test_data_do_not_live_on():
    f, x, rows = new(), X.copy(), ROWS.copy()
    f.epoch((x,), rows)
    dead = weakref.ref(x), weakref.ref(rows)
    del x, rows
    gc.collect()
    assert [d() for d in dead] == [None, None]
    epochs_agree(f, X, ROWS)


def test_one_within_the_other():
    f, told = new(), []
    outer = f.slices((X,), ROWS)
    for a in outer:
        told.append(a[0])
        told.extend(b[0] for b in f.slices((X * 2,), ROWS))
    np.testing.assert_array_equal(told, [sums(X, ROWS), sums(X * 2, ROWS)])
    epochs_agree(f, X, ROWS)


def test_long_epochs_in_several_slices(monkeypatch):
    monkeypatch.setattr(job, "SLICE_BYTES", 12)  # three losses
    rows = np.random.default_rng(0).integers(0, 12, (100, 3))
    f = new()
    assert [len(part[0]) for part in f.slices((X,), rows)] == [3] * 33 + [1]
    epochs_agree(f, X, rows)
    rows[70, 1] = 12
    with pytest.raises(ShapeError, match="0 to 12"):
        f.epoch((X,), rows)


def test_a_slice_is_shorter_where_its_results_take_long_to_use(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(job.time, "perf_counter", lambda: now[0])
    rows = np.random.default_rng(0).integers(0, 12, (3000, 3))
    f, lengths = new(), []
    for part in f.slices((X,), rows):
        lengths.append(len(part[0]))
        now[0] += 0.001 * len(part[0])
    assert lengths[0] == 2048
    assert set(lengths[1:-1]) <= {99, 100}
    assert sum(lengths) == 3000
