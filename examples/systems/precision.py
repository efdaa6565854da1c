"""The same networks in float64, float32, float16 and bfloat16: accuracy, memory and time."""

from collections.abc import Callable

import numpy as np
from _script import run

import gradus
from gradus import datasets, draw, inspect, models, optim
from gradus.data import TensorDataset
from gradus.draw import Measured

TYPES = {
    "float64": ("float64", "float32"),
    "float32": ("float32", "float32"),
    "float32, bf16 products": ("float32", "bf16"),
    "float16": ("float16", "float32"),
    "bfloat16": ("bfloat16", "float32"),
}
BATCH = 64


def in_type(data: TensorDataset, dtype: str, limit: int) -> TensorDataset:
    x, y = data.arrays
    return TensorDataset(gradus.tensor(x[:limit]).astype(dtype).numpy(), y[:limit])


def accuracy(make: Callable, train, test, dtype: str, precision: str, seed: int, epochs: int) -> float:
    gradus.seed(seed)
    model = make().astype(dtype)
    steps = epochs * -(-len(train) // BATCH)
    optimizer = optim.SGD(model.parameters(), lr=optim.schedules.cosine(0.05, steps), momentum=0.9)
    trainer = gradus.Trainer(model, "cross_entropy", optimizer, precision=precision)
    trainer.fit(train, epochs=epochs, batch_size=BATCH, progress=False, seed=seed)
    return trainer.evaluate(test)["accuracy"]


def measured(make: Callable, data: tuple, dtype: str, precision: str, seeds: int, epochs: int) -> Measured:
    gradus.seed(0)
    x, y = (a[:BATCH] for a in data[0].arrays)
    compiled = inspect.step_cost(make(), x, y, dtype, True, precision)
    eager = inspect.step_cost(make(), x, y, dtype, False) if precision == "float32" else None
    limit = 500 if epochs == 1 else 20_000
    train, test = (in_type(part, dtype, limit) for part in data)
    reached = [accuracy(make, train, test, dtype, precision, seed, epochs) for seed in range(seeds)]
    cost = (compiled.weights, compiled.activations, compiled.working)
    return Measured(reached, eager.seconds if eager else np.nan, compiled.seconds, *cost)


def measure(fast: bool, say: Callable[..., None]) -> dict[str, dict[str, Measured]]:
    data = datasets.digits() if fast else datasets.fashion_mnist()
    say("type      bits  digits  eps      largest   smallest with all digits")
    for name in ("float64", "float32", "float16", "bfloat16"):
        t = inspect.number_type(name)
        say(f"{name:8}  {t.bits:4}  {t.digits:6}  {t.eps:.1e}  {t.largest:.2e}  {t.smallest:.2e}")
    shape = data[0].arrays[0].shape[1:]
    nets = {"MLP 784-256-10": "mlp"} if fast else {"MLP 784-256-10": "mlp", "LeNet": "lenet"}
    found: dict[str, dict[str, Measured]] = {}
    for title, name in nets.items():
        say(f"\n{title}, batches of {BATCH}")
        say("type                    accuracy         eager ms  compiled ms  weights  activations  working (KiB)")
        found[title] = {}
        for label, (dtype, precision) in TYPES.items():
            options = (1, 1) if fast else (3, 3)
            m = measured(lambda name=name: models.build(name, shape, 10), data, dtype, precision, *options)
            found[title][label] = m
            spread = f"{np.mean(m.accuracy):.4f} ± {np.std(m.accuracy):.4f}"
            kib = (f"{v / 1024:,.0f}" for v in (m.weights, m.activations, m.working))
            say(
                f"{label:22}  {spread}  {1e3 * m.eager:8.2f}  {1e3 * m.compiled:11.2f}  "
                + "{:>7}  {:>11}  {:>13}".format(*kib)
            )
    return found


def main(arguments=None):
    return run(__file__, measure, draw.precisions, arguments)


if __name__ == "__main__":
    main()
