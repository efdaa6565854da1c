"""Regression: a line three ways on house prices, tomorrow's views from the days before, and classes of clothes."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, NamedTuple

import _script
import numpy as np

import gradus
from gradus import datasets
from gradus.data import TensorDataset, windows
from gradus.draw import BLUE, GREEN, INK, ORANGE, RED, new_figure, styled
from gradus.models import MLP, LinearRegression, SoftmaxRegression, descend_line, least_squares
from gradus.optim import Adam
from gradus.optim.schedules import cosine

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DAYS = (1, 7, 28, 56)
HIDDEN = (0, 1, 2, 3)
LEFT_OUT = "ocean_proximity=<1H OCEAN"  # the five places add up to 1, as the bias does


class Houses(NamedTuple):
    """For each column its weight, three ways, and the losses of the descent."""

    names: tuple[str, ...]
    weights: dict[str, np.ndarray]
    losses: np.ndarray
    least: float


class Views(NamedTuple):
    """`errors[layers, days]` is a pair: training and test. The rest is of the linear models."""

    errors: dict[tuple[int, int], tuple[float, float]]
    truth: np.ndarray
    predicted: dict[int, np.ndarray]
    weights: np.ndarray


class Classes(NamedTuple):
    """For each class its name and its weights as a picture."""

    names: tuple[str, ...]
    weights: np.ndarray


def measure(fast: bool, say) -> tuple[Houses, Views, Classes]:
    return houses(fast, say), views(fast, say), classes(fast, say)


def houses(fast: bool, say) -> Houses:
    """The same weights in closed form, by descent with the gradients written out, and by the Trainer."""
    names, x, y, dollars = made_houses() if fast else real_houses()
    closed = least_squares(x, y, names=names)
    scratch, losses = descend_line(x, y, lr=0.1, steps=1000)
    trained = LinearRegression(x.shape[1])
    epochs, batch = 60, 16 if fast else 256
    optimizer = Adam(trained.parameters(), lr=cosine(0.01, epochs * -(-len(x) // batch)))
    data = TensorDataset(x, y)
    gradus.Trainer(trained, "mse", optimizer).fit(data, epochs=epochs, batch_size=batch, progress=False)

    ways = {"closed form": closed, "from scratch": scratch, "Trainer": trained}
    weights = {way: model.linear.weight.numpy()[0] for way, model in ways.items()}
    errors = {way: float(((model(gradus.tensor(x)).numpy() - y) ** 2).mean()) for way, model in ways.items()}
    say(f"House prices: {len(x):,} districts, {x.shape[1]} columns; a line by")
    for way in ways:
        apart = float(np.abs(weights[way] - weights["closed form"]).max())
        say(
            f"  {way:13s} training loss {errors[way]:.6f}, an error of {dollars * errors[way] ** 0.5:,.0f} dollars;"
            f"  weights at most {apart:.0e} from the closed form's"
        )
    return Houses(names, weights, losses, errors["closed form"])


def real_houses() -> tuple[tuple[str, ...], np.ndarray, np.ndarray, float]:
    """California: names, x standardised, y standardised, and how many dollars one standard deviation is."""
    train = datasets.california_housing().train
    kept = [i for i, name in enumerate(train.transform.feature_names) if name != LEFT_OUT]
    x, y = train.arrays
    x = x[:, kept]
    return tuple(train.transform.feature_names[i] for i in kept), (x - x.mean(0)) / x.std(0), y, train.target.std


def made_houses() -> tuple[tuple[str, ...], np.ndarray, np.ndarray, float]:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((300, 3)).astype("float32")
    y = x @ np.float32([[0.8], [-0.3], [0.1]]) + 0.2 * rng.standard_normal((300, 1)).astype("float32")
    return ("area", "age", "rooms"), x, y, 100_000.0


def views(fast: bool, say) -> Views:
    """The logarithm of a day's views from those of the last days: the same days to foretell, whatever is known."""
    series = weekly_series() if fast else datasets.daily_series("r").values
    cut = windows(series, max(DAYS))
    train = cut.at < len(series) - 365  # the last year tests
    mean, std = cut.x[train].mean(), cut.x[train].std()
    x, y = (cut.x - mean) / std, (cut.y[:, None] - mean) / std
    errors, predicted, weights = {}, {}, np.zeros(0)
    for days, layers in product(DAYS, HIDDEN):
        known = x[:, -days:]
        model = linear_or_relu(known[train], y[train], layers, epochs=2 if fast else 150)
        z = model.eval()(gradus.tensor(known)).numpy()
        off = std * (z - y)
        errors[layers, days] = float((off[train] ** 2).mean() ** 0.5), float((off[~train] ** 2).mean() ** 0.5)
        if layers == 0:
            predicted[days] = (std * z + mean)[~train, 0]
            weights = model.linear.weight.numpy()[0] if days == 28 else weights
    say(f"\nA day's views from the last days: {train.sum():,} days to learn from, {(~train).sum()} of the last year")
    say("error of ln(views), training / test; 0.17 is about 17 % off")
    say("hidden layers " + "".join(f"{f'{days} day' + 's' * (days > 1):>16s}" for days in DAYS))
    for layers in HIDDEN:
        cells = (f"{errors[layers, d][0]:.3f} / {errors[layers, d][1]:.3f}" for d in DAYS)
        say(f"{f'{layers} of 100 ReLU' if layers else 'none: linear':14s}" + "".join(f"{c:>16s}" for c in cells))
    return Views(errors, cut.y[~train], predicted, weights)


def linear_or_relu(x: np.ndarray, y: np.ndarray, layers: int, epochs: int) -> gradus.nn.Module:
    if not layers:
        return least_squares(x, y)
    gradus.seed(0)
    model = MLP([x.shape[1], *[100] * layers, 1])
    trainer = gradus.Trainer(model, "mse", Adam(model.parameters(), lr=cosine(1e-3, epochs * -(-len(x) // 32))))
    trainer.fit(TensorDataset(x, y), epochs=epochs, batch_size=32, progress=False)
    return model


def weekly_series() -> np.ndarray:
    """Four years of a week's ups and downs, on a level that wanders and cannot be foretold from one day."""
    rng = np.random.default_rng(0)
    days = np.arange(4 * 365)
    level = np.cumsum(0.02 * rng.standard_normal(len(days)))
    return 7 + level + 0.4 * (days % 7 < 5) + 0.1 * rng.standard_normal(len(days))


def classes(fast: bool, say) -> Classes:
    """Softmax regression: a picture of weights for each class, and the class whose picture fits best."""
    train, test = datasets.digits() if fast else datasets.fashion_mnist()
    gradus.seed(0)
    shape = train.arrays[0].shape[1:]
    model = SoftmaxRegression(int(np.prod(shape)), len(train.classes))
    epochs, batch = (5, 64) if fast else (15, 256)
    optimizer = Adam(model.parameters(), lr=cosine(3e-3, epochs * -(-len(train) // batch)), weight_decay=1e-3)
    trainer = gradus.Trainer(model, "cross_entropy", optimizer)
    trainer.fit(train, epochs=epochs, batch_size=batch, progress=False)
    found = trainer.evaluate(test)
    say(
        f"\nSoftmax regression on {len(train):,} pictures of {len(train.classes)} classes: "
        f"loss {found['loss']:.3f}, accuracy {found['accuracy']:.1%} of {len(test):,} test pictures"
    )
    return Classes(train.classes, model.linear.weight.numpy().reshape(len(train.classes), *shape[-2:]))


# -- the picture -----------------------------------------------------------------------------------------------------


def draw(found: tuple[Houses, Views, Classes]) -> Figure:
    with styled():
        figure = new_figure(12.0, 12.5)
        rows = figure.subfigures(3, 1, height_ratios=[1.1, 1.0, 1.0])
        draw_houses(*rows[0].subplots(1, 2), found[0])
        draw_views(*rows[1].subplots(1, 2, width_ratios=[1, 1.5]), found[1])
        bars, templates = rows[2].subfigures(1, 2, width_ratios=[1, 1.5])
        draw_weights(bars.subplots(), found[1].weights)
        draw_classes(templates, found[2])
        return figure


def draw_houses(left, right, found: Houses) -> None:
    order = np.argsort(np.abs(found.weights["closed form"]))
    for way, marker, size, colour in (
        ("closed form", "s", 11, BLUE),
        ("from scratch", "o", 6, ORANGE),
        ("Trainer", "x", 6, INK),
    ):
        left.plot(found.weights[way][order], range(len(order)), marker, markersize=size, color=colour, label=way)
    left.axvline(0, color=INK, linewidth=0.6)
    left.set_yticks(
        range(len(order)), [found.names[i].replace("ocean_proximity=", "ocean: ").replace("_", " ") for i in order]
    )
    left.set_xlabel("weight (standard deviations of price per one of the column)")
    left.set_title("House prices: one line, found three ways", fontsize=11)
    left.legend(frameon=False, loc="lower right")
    left.grid(axis="y", alpha=0.15, color=INK)
    right.loglog(
        np.arange(1, len(found.losses) + 1), found.losses, color=ORANGE, linewidth=2, label="descent, from scratch"
    )
    right.axhline(found.least, color=BLUE, linestyle="--", label="closed form: the least there is")
    right.set_xlabel("step")
    right.set_ylabel("mean squared error (prices of standard deviation 1)")
    right.set_title("Gradient descent comes down to the closed form", fontsize=11)
    right.yaxis.set_major_formatter("{x:g}")
    right.yaxis.set_minor_formatter("{x:g}")
    right.legend(frameon=False)


def draw_views(left, right, found: Views) -> None:
    for layers, colour in zip(HIDDEN, (BLUE, ORANGE, RED, GREEN), strict=True):
        name = f"{layers} x 100 ReLU" if layers else "linear"
        for part, style in enumerate(("-", "--")):
            errors = [found.errors[layers, days][part] for days in DAYS]
            left.plot(
                range(len(DAYS)),
                errors,
                style,
                marker="o",
                markersize=4,
                color=colour,
                label=name if not part else None,
            )
    left.plot([], [], "-", color=INK, label="training")
    left.plot([], [], "--", color=INK, label="test: the last year")
    left.set_xticks(range(len(DAYS)), DAYS)
    left.set_xlabel("days known")
    left.set_ylabel("error of ln(views), root mean square")
    left.set_ylim(0)
    left.set_title("A day's views from the days before", fontsize=11)
    left.legend(frameon=False, fontsize=8.5, ncols=2)
    shown = slice(0, 70)
    right.plot(found.truth[shown], color=INK, linewidth=2.2, alpha=0.75, label="what came")
    right.plot(
        found.predicted[1][shown], color=RED, linewidth=1.3, label="foretold from 1 day: the day before, once more"
    )
    right.plot(found.predicted[28][shown], color=BLUE, linewidth=1.5, label="foretold from 28 days")
    right.set_xlabel("test day")
    right.set_ylabel("ln(views)")
    low, high = found.truth[shown].min(), found.truth[shown].max()
    right.set_ylim(low - 0.1, high + 0.45 * (high - low))
    right.set_title("The first test days, by the linear models", fontsize=11)
    right.legend(frameon=False, fontsize=9, loc="upper left")


def draw_weights(axes, weights: np.ndarray) -> None:
    ago = np.arange(len(weights), 0, -1)
    axes.bar(ago, weights, color=[ORANGE if d % 7 == 0 else BLUE for d in ago])
    axes.set_xticks([1, 7, 14, 21, 28])
    axes.invert_xaxis()
    axes.axhline(0, color=INK, linewidth=0.6)
    axes.set_xlabel("days ago (orange: the same day of the week)")
    axes.set_ylabel("weight")
    axes.set_title("What the linear model of 28 days looks at", fontsize=11)


def draw_classes(figure, found: Classes) -> None:
    figure.suptitle("Softmax regression: the weights of each class (blue for it, red against it)", fontsize=11)
    for axes, name, w in zip(figure.subplots(2, 5).ravel(), found.names, found.weights, strict=True):
        reach = np.percentile(np.abs(w), 97)
        axes.imshow(w, cmap="RdBu", vmin=-reach, vmax=reach)
        axes.set_title(name, fontsize=9)
        axes.set_xticks([])
        axes.set_yticks([])


def main(arguments=None):
    return _script.run(__file__, measure, draw, arguments)


if __name__ == "__main__":
    main()
