"""A deep belief network: layer after layer learned without labels, dreaming digits, then fine-tuned with few labels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import _script
import numpy as np

import gradus
from gradus import Trainer, datasets, draw, models, nn, optim
from gradus.data import Subset, TensorDataset
from gradus.train import features, pretrain_dbn, train_rbm

SEEN = 30_000  # training pictures: half of MNIST, for the time


def measure(fast: bool, say: Callable[..., None]) -> dict[str, Any]:
    """Pre-train a stack greedily, generate from it, and compare classifiers with and without it on few labels."""
    train, test = datasets.digits() if fast else datasets.mnist()
    size = train.arrays[0].shape[-1]
    x, z = (part.arrays[0].reshape(len(part), -1)[: 1000 if fast else SEEN] for part in (train, test))
    sizes = [x.shape[1], 32, 32] if fast else [x.shape[1], 500, 500, 1000]
    gradus.seed(0)
    dbn = models.DBN(sizes, chains=100)
    say(f"DBN {'-'.join(map(str, sizes))}, greedily on {len(x):,} pictures without labels")
    histories = pretrain_dbn(dbn, x, epochs=1 if fast else 6, progress=not fast)
    for rbm, history in zip(dbn.rbms, histories, strict=True):
        first, last = history["reconstruction"][0], history["reconstruction"][-1]
        say(
            f"  {rbm!r:15} squared error of a reconstruction {first:.1f} in epoch 1, {last:.1f} in epoch {len(history)}"
        )
    if not fast:  # contrastive divergence knows only what is near the data; chains that go on find the rest
        train_rbm(dbn.rbms[-1], _below(dbn, x), epochs=8, lr=0.01, persistent=True, momentum=0.5, progress=True)
    shown = _one_each(test.arrays[1])
    up = dbn(gradus.tensor(z[shown]))
    gradus.seed(1)
    steps = 5 if fast else 100
    dreams = [dbn.generate(10, steps=steps, start=gradus.tensor(z[shown])).numpy() for _ in range(3)]

    labelled = [100] if fast else [100, 300, 1000, 3000, 10000]
    accuracy: dict[str, list[float]] = {"random first weights": [], "pre-trained": []}
    say("Accuracy on the test pictures after fine-tuning with so many labels")
    for n in labelled:
        part = Subset(TensorDataset(x, train.arrays[1][: len(x)]), np.arange(n))
        held_out = TensorDataset(z, test.arrays[1])
        for name, values in accuracy.items():
            gradus.seed(2)
            model = dbn.to_classifier(10) if name == "pre-trained" else _same_shape(sizes)
            trainer = Trainer(model, "cross_entropy", optim.Adam(model.parameters(), lr=1e-3))
            trainer.fit(part, epochs=2 if fast else max(5, 10_000 // n), batch_size=50, progress=False)
            values.append(trainer.evaluate(held_out)["accuracy"])
        a, b = (values[-1] for values in accuracy.values())
        say(f"  {n:6,} labels: {a:.1%} from random first weights, {b:.1%} pre-trained")
    shape = (-1, size, size)
    top = features(dbn, x[:2000]).numpy()
    say(f"The highest {sizes[-1]} units are on in {top.mean():.0%} of the cases")
    return {
        "dreams": {"start": z[shown].reshape(shape)}
        | {"up and down": dbn.decode(up).numpy().reshape(shape)}
        | {f"dream {i + 1}": d.reshape(shape) for i, d in enumerate(dreams)},
        "filters": dbn.rbms[0].weight.numpy()[:48].reshape(shape),
        "labelled": labelled,
        "accuracy": accuracy,
        "steps": steps,
    }


def _below(dbn: models.DBN, x: np.ndarray) -> gradus.Tensor:
    """The features that the highest machine learns from."""
    features_of = gradus.as_tensor(x)
    for rbm in dbn.rbms[:-1]:
        features_of = features(rbm.hidden_given, features_of)
    return features_of


def _one_each(labels: np.ndarray) -> np.ndarray:
    """The place of the first picture of each class."""
    return np.array([int(np.argmax(labels == c)) for c in range(10)])


def _same_shape(sizes: list[int]) -> nn.Module:
    """The classifier that `to_classifier` makes, with first weights by Xavier's rule."""
    model = models.MLP([*sizes, 10], activation=nn.Sigmoid)
    for p in model.parameters():
        if p.ndim == 2:
            nn.init.xavier_uniform_(p)
    return model


def draw_all(found: dict[str, Any]) -> Any:
    """What the network dreams, what its first layer looks for, and what pre-training is worth."""
    with draw.styled():
        figure = draw.new_figure(11.5, 9.5)
        grid = figure.add_gridspec(2, 2, height_ratios=[1.35, 1])
        title = f"Starting from a digit: through all layers and back, and after {found['steps']} Gibbs steps at the top"
        draw.image_rows(figure.add_subplot(grid[0, :]), found["dreams"], title)
        title = "What 48 units look for (red: on, blue: off)"
        draw.image_grid(figure.add_subplot(grid[1, 0]), found["filters"], 8, title, signed=True)
        axes = figure.add_subplot(grid[1, 1])
        for colour, (name, values) in zip((draw.BLUE, draw.ORANGE), found["accuracy"].items(), strict=True):
            axes.plot(found["labelled"], [100 * (1 - a) for a in values], "o-", color=colour, label=name)
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xticks(found["labelled"], [f"{n:,}" for n in found["labelled"]])
        axes.yaxis.set_major_formatter(draw.thousands())
        axes.yaxis.set_minor_formatter(draw.thousands())
        axes.set_xlabel("pictures with labels")
        axes.set_ylabel("wrong on the test pictures (%)")
        axes.legend(frameon=False)
        axes.set_title("Errors after fine-tuning, by the number of labels", fontsize=11)
        return figure


def main(arguments: list[str] | None = None) -> dict[str, Any]:
    """Measure and draw."""
    return _script.run(__file__, measure, draw_all, arguments)


if __name__ == "__main__":
    main()
