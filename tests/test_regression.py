"""Linear regression three ways, windows of series, and a day's views from the days before."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import gradus
from gradus import datasets
from gradus.data import TensorDataset, by_day, windows
from gradus.errors import ArgumentError, DataError, ShapeError
from gradus.models import MLP, LinearRegression, SoftmaxRegression, descend_line, least_squares
from gradus.optim import Adam
from gradus.optim.schedules import cosine

DAYS = (1, 7, 28, 56)
FIGURES = Path(__file__).parent.parent / "docs" / "systems" / "pictures" / "regression.txt"


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((200, 3))
    return x, x @ [[1.0, 0.5], [-2.0, 0.0], [0.3, 1.0]] + [4.0, -1.0] + 0.1 * rng.standard_normal((200, 2))


def weights(model):
    return np.column_stack([model.linear.weight.numpy(), model.linear.bias.numpy()])


def mse(model, x, y):
    return float(((model(gradus.tensor(x)).numpy() - y) ** 2).mean())


# -- a line ------------------------------------------------------------------------------------------------------------


def test_closed_form_solves_the_normal_equations(data):
    x, y = data
    ones = np.column_stack([x, np.ones(len(x))])
    expected = np.linalg.solve(ones.T @ ones, ones.T @ y).T
    model = least_squares(x, y)
    assert model.linear.weight.dtype == np.float64
    np.testing.assert_allclose(weights(model), expected, rtol=1e-10)
    single = least_squares(x.astype("float32"), y[:, 0])
    assert single.linear.weight.dtype == np.float32
    np.testing.assert_allclose(weights(single), expected[:1], rtol=1e-5)


def test_closed_form_of_columns_of_very_different_sizes(data):
    x, y = data
    x = x * [1e-6, 1.0, 1e6] + [0.0, 0.0, 1e8]
    residual = y - least_squares(x, y)(gradus.tensor(x)).numpy()
    centred = x - x.mean(axis=0)
    np.testing.assert_allclose(centred.T @ residual / np.linalg.norm(centred, axis=0)[:, None], 0, atol=1e-6)


def test_ridge_follows_its_formula(data):
    x, y = data
    z = (x - x.mean(axis=0)) / x.std(axis=0)
    w = np.linalg.solve(z.T @ z + 0.5 * len(x) * np.eye(3), z.T @ (y - y.mean(axis=0)))
    np.testing.assert_allclose(least_squares(x, y, ridge=0.5).linear.weight.numpy(), (w / x.std(axis=0)[:, None]).T)


def test_three_ways_agree(data):
    x, y = (v.astype("float32") for v in data)
    closed = least_squares(x, y)
    scratch, losses = descend_line(x, y, lr=0.1, steps=400)
    trained = LinearRegression(3, 2)
    optimizer = Adam(trained.parameters(), lr=cosine(0.1, 30 * 10))
    gradus.Trainer(trained, "mse", optimizer).fit(TensorDataset(x, y), epochs=30, batch_size=20, progress=False)
    np.testing.assert_allclose(weights(scratch), weights(closed), atol=1e-5)
    np.testing.assert_allclose(weights(trained), weights(closed), atol=5e-3)
    least = mse(closed, x, y)
    assert least <= mse(scratch, x, y) + 1e-7 and least <= mse(trained, x, y) + 1e-7
    assert losses.shape == (400,) and losses[0] > 10 * losses[-1]
    np.testing.assert_allclose([losses[0], losses[-1]], [(y**2).mean(), least], rtol=1e-4)


def test_the_gradients_written_out_are_those_of_backward(data):
    x, y = (v.astype("float32") for v in data)
    lr = 0.05
    scratch, _ = descend_line(x, y, lr=lr, steps=3)
    model = LinearRegression(3, 2)
    for p in model.parameters():
        p.assign_(gradus.zeros(p.shape))
    optimizer = gradus.optim.SGD(model.parameters(), lr=2 * lr, momentum=0.9)
    for _ in range(3):  # the mean over outputs too, of which there are two, halves the Trainer's loss
        optimizer.zero_grad()
        gradus.nn.functional.mse_loss(model(gradus.tensor(x)), gradus.tensor(y)).backward()
        optimizer.step()
    np.testing.assert_allclose(weights(scratch), weights(model), rtol=1e-5, atol=1e-6)


def test_columns_that_leave_the_weights_open_are_named(data):
    x, y = data
    both = np.column_stack([x, x[:, 0] - 2 * x[:, 1]])
    with pytest.raises(ArgumentError, match=r"collinear.*: 'a', 'b', 'd'\. Leave one of them out, or give ridge"):
        least_squares(both, y, names=("a", "b", "c", "d"))
    with pytest.raises(ArgumentError, match=r"collinear.*: column 0, column 1, column 3\. "):
        least_squares(both, y)
    with pytest.raises(ArgumentError, match=r"constant, as the bias is: column 3\. Leave it out"):
        least_squares(np.column_stack([x, np.full(200, 7.1)]), y)
    with pytest.raises(ArgumentError, match=r"3 rows leave 3 weights and a bias open\. Give 4 rows or more"):
        least_squares(x[:3], y[:3])
    free = least_squares(x, y)(gradus.tensor(x)).numpy()
    for open_ in (both, np.column_stack([x, np.full(200, 7.1)])):
        held = least_squares(open_, y, ridge=1e-9)(gradus.tensor(open_)).numpy()
        np.testing.assert_allclose(held, free, atol=1e-4)


def test_what_is_no_regression(data):
    x, y = data
    for wrong in ((x, y[:5]), (x[0], y[0]), (x[:0], y[:0])):
        with pytest.raises(ShapeError, match=r"They are \(n, d\)"):
            least_squares(*wrong)
    x[3, 1] = np.nan
    for fit in (least_squares, lambda x, y: descend_line(x, y, 0.1, 2)):
        with pytest.raises(DataError, match=r"x holds nan at \[3, 1\]"):
            fit(x, y)
    with pytest.raises(ArgumentError, match="ridge must be in"):
        least_squares(y, y, ridge=-1.0)
    with pytest.raises(ArgumentError, match="steps must be an integer of 1"):
        descend_line(y, y, 0.1, 0)


# -- windows -----------------------------------------------------------------------------------------------------------


def test_windows_are_the_last_days_and_the_next():
    found = windows(np.arange(10.0), 3)
    assert found.x.shape == (7, 3) and found.x.dtype == found.y.dtype == np.float32
    np.testing.assert_array_equal(found.x[2], [2, 3, 4])
    np.testing.assert_array_equal(found.y, np.arange(3, 10))
    np.testing.assert_array_equal(found.at, np.arange(3, 10))
    found.x[0, 1] = 99  # a copy: no other window changes
    assert found.x[1, 0] == 1


def test_windows_never_touch_a_missing_day():
    series = np.arange(30.0)
    series[[11, 20]] = np.nan
    found = windows(series, 4)
    assert np.isfinite(found.x).all() and np.isfinite(found.y).all()
    np.testing.assert_array_equal(found.x[:, -1] + 1, found.y)
    assert found.at.tolist() == [*range(4, 11), *range(16, 20), *range(25, 30)]


def test_days_are_put_in_order_and_the_missing_are_kept_missing():
    found = by_day(["2020-02-28", "2020-03-02", "2020-02-29"], [1.0, 3.0, 2.0])
    assert [str(d) for d in found.dates] == ["2020-02-28", "2020-02-29", "2020-03-01", "2020-03-02"]
    np.testing.assert_array_equal(found.values, [1, 2, np.nan, 3])


def test_what_is_no_series():
    for dates, said in (
        (["2020-01-01", "2020-01-01"], "the date 2020-01-01 comes 2 times"),
        (["2020-01-01", "soon"], "dates are written like"),
        (["2020-01-01", None], "no date in row 1"),
        (["2020-01-01", "9999-01-01"], "must be wrong"),
        (["2020-01-01"], "as many values as dates"),
    ):
        with pytest.raises(DataError, match=said):
            by_day(np.array(dates, object), [1.0, 2.0])
    with pytest.raises(ArgumentError, match="need a series of 4 or more"):
        windows([1.0, 2.0, 3.0], 3)
    with pytest.raises(ArgumentError, match="days must be an integer of 1 or more"):
        windows([1.0, 2.0], 0)
    with pytest.raises(DataError, match="infinite at 1"):
        windows([1.0, np.inf, 2.0], 1)
    with pytest.raises(DataError, match="every stretch of 3 days has a missing value"):
        windows([1.0, 2.0, np.nan, 3.0, 4.0], 2)


# -- a day's views -----------------------------------------------------------------------------------------------------


def errors(series, test_days):
    """Mean squared errors of the linear model by days known: training, test; the same days to foretell."""
    cut = windows(series, max(DAYS))
    train = cut.at < len(series) - test_days
    found = {}
    for days in DAYS:
        model = least_squares(cut.x[train, -days:], cut.y[train])
        found[days] = [mse(model, cut.x[rows, -days:], cut.y[rows, None]) for rows in (train, ~train)]
    return found


def weekly(n=1200):
    """A week's ups and downs over a level that wanders, and chance: one day does not know the day of the week."""
    rng = np.random.default_rng(0)
    level = np.cumsum(0.02 * rng.standard_normal(n))
    return 7 + level + 0.5 * (np.arange(n) % 7 < 5) + 0.1 * rng.standard_normal(n)


def check_the_fall(found):
    """The training loss falls from 1 to 28 days, and little after."""
    train = [found[d][0] for d in DAYS]
    assert train[0] > 1.3 * train[1] > 1.3 * 1.1 * train[2] > train[3]
    assert train[0] - train[2] > 6 * (train[2] - train[3]) >= 0
    assert found[28][1] < found[7][1] < found[1][1]


def test_training_loss_falls_to_28_days_and_little_after_on_a_weekly_series():
    check_the_fall(errors(weekly(), 365))


def test_training_loss_of_the_views_falls_to_28_days_and_little_after():
    try:
        series = datasets.daily_series("r")
    except DataError as absent:
        pytest.skip(str(absent))
    assert len(series.values) == 2922 and np.isnan(series.values).sum() == 59
    found = errors(series.values, 365)
    check_the_fall(found)
    roots = [round(float(np.sqrt(found[d][0])), 3) for d in DAYS]
    assert roots == [0.265, 0.207, 0.175, 0.167]


def printed():
    """The page's table: for each number of hidden layers the errors (training and test, days known)."""
    lines = FIGURES.read_text(encoding="utf-8").splitlines()
    first = next(i for i, line in enumerate(lines) if line.startswith("none: linear"))
    cells = [line[14:].replace("/", " ").split() for line in lines[first : first + 4]]
    return np.array(cells, float).reshape(4, len(DAYS), 2).transpose(0, 2, 1)


def test_what_the_page_says_of_relu_layers_agrees_with_its_table():
    (line, line_test), *networks = printed()
    for known, unseen in networks:
        assert (known < line).all()  # they lower the training error further,
        assert (unseen[2:] > line_test[2:]).all()  # and from four weeks on raise the test error
        assert known[0] - known[2] > 3 * (known[2] - known[3]) > 0  # eight weeks know little more
    training = np.array([line, *(known for known, _ in networks)])
    assert (np.diff(training, axis=0) < 0).all()  # the more layers, the better they know the training days by heart


@pytest.mark.long
@pytest.mark.parametrize("layers", [1, 2, 3])
def test_relu_layers_learn_the_views_of_four_weeks_by_heart(layers):
    try:
        series = datasets.daily_series("r").values
    except DataError as absent:
        pytest.skip(str(absent))
    cut = windows(series, max(DAYS))
    train = cut.at < len(series) - 365
    mean, std = cut.x[train].mean(), cut.x[train].std()
    x, y = (cut.x[:, -28:] - mean) / std, (cut.y[:, None] - mean) / std
    gradus.seed(0)
    model = MLP([28, *[100] * layers, 1])
    trainer = gradus.Trainer(model, "mse", Adam(model.parameters(), lr=cosine(1e-3, 150 * -(-train.sum() // 32))))
    trainer.fit(TensorDataset(x[train], y[train]), epochs=150, batch_size=32, progress=False)
    line = least_squares(x[train], y[train])
    known, unseen = (std * mse(model, x[rows], y[rows]) ** 0.5 for rows in (train, ~train))
    assert known < std * mse(line, x[train], y[train]) ** 0.5
    assert unseen > std * mse(line, x[~train], y[~train]) ** 0.5
    np.testing.assert_allclose([known, unseen], printed()[layers, :, 2], rtol=0.1)


def test_relu_layers_lower_the_training_loss_below_the_lines():
    cut = windows(weekly(500), 28)
    x, y = cut.x - cut.x.mean(), cut.y[:, None] - cut.x.mean()
    gradus.seed(0)
    model = MLP([28, 100, 100, 1])
    trainer = gradus.Trainer(model, "mse", Adam(model.parameters(), lr=cosine(3e-3, 40 * 15)))
    trainer.fit(TensorDataset(x, y), epochs=40, batch_size=32, progress=False)
    assert mse(model, x, y) < 0.6 * mse(least_squares(x, y), x, y)


def test_softmax_regression_learns_digits():
    train, test = datasets.digits()
    gradus.seed(0)
    model = SoftmaxRegression(64, 10)
    trainer = gradus.Trainer(model, "cross_entropy", Adam(model.parameters(), lr=0.03))
    trainer.fit(train, epochs=5, progress=False)
    assert trainer.evaluate(test)["accuracy"] > 0.94
