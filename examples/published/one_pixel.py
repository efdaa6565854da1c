"""One pixel of a picture, found by differential evolution, changes what a convolutional network sees in it.

Candidates are a place and a colour; of 400 that combine with each other, generation after generation, those stay that
make the probability of the true class smaller. No gradient is needed, only the network's probabilities.
"""

from typing import Any

import numpy as np
from _published import Claim, Figure, Work
from matplotlib.figure import Figure as Picture

import gradus
from gradus import Trainer, models, optim
from gradus.draw import attack_examples
from gradus.inspect import one_pixel
from gradus.optim.schedules import one_cycle

CLAIM = Claim(
    source="Su, Vargas and Sakurai 2019, one-pixel attack",
    figures=(
        Figure("CIFAR-10, success rate, %", "67.97 (to at least one class)", 20.0, True, 1),
        Figure("CIFAR-10, accuracy without attack, %", "86.9 and less", digits=1),
        Figure("Fashion-MNIST, success rate, %", "not tried", digits=1),
        Figure("Fashion-MNIST, accuracy without attack, %", "not tried", digits=1),
    ),
    differs="A small network (two convolutions) trained on a part of CIFAR-10, 5,000 pictures, where the paper took "
    "large ones trained on all of it; the attack is on any wrong class. That a fifth of the pictures, seen rightly "
    "before, must fall is our bound for the paper's words, that it works on a large share of small pictures. "
    "Fashion-MNIST, which the paper did not try, is told and not judged. The first 100 test pictures are attacked. "
    "In what was tried, on pictures kept back, a quarter and more fell; on the test pictures fewer do, and our "
    "bound is missed. More generations or a network trained longer were not tried to the end.",
)
FAST = {"pictures": 2, "population": 20, "generations": 3, "epochs": 2}


def measure(
    work: Work,
    *,
    pictures: int = 100,
    population: int = 400,
    generations: int = 100,
    epochs: int = 15,
    batch_size: int = 50,
    lr: float = 2e-3,
) -> dict[str, float]:
    """Train a network on each set of pictures, and attack it with the first test pictures."""
    found = {}
    for name, data in {"CIFAR-10": "cifar10", "Fashion-MNIST": "fashion_mnist"}.items():
        train, test = work.data(data)
        gradus.seed(work.seed)
        _, channels, *size = train.arrays[0].shape
        model = models.ConvNet(channels, tuple(size), width=32, dropout=0.5)
        rate = one_cycle(lr, steps=epochs * -(-len(train) // batch_size))
        trainer = Trainer(model, "cross_entropy", optim.AdamW(model.parameters(), lr=rate, weight_decay=0.05))
        work.fit(trainer, train, epochs, batch_size, part=name)
        x, y = test[:pictures]
        attack = one_pixel(model, x, y, population=population, steps=generations, seed=work.seed)
        found[f"{name}, success rate, %"] = 100 * attack.success_rate
        found[f"{name}, accuracy without attack, %"] = 100 * float(attack.right.mean())
        shown = np.flatnonzero(attack.fooled)[:8] if attack.fooled.any() else np.arange(1)
        before_after = (attack.x, attack.attacked, attack.before, attack.after)
        work.shown[name] = (*(values[shown] for values in before_after), train.classes)
    return found


def draw(shown: dict[str, Any]) -> dict[str, Picture]:
    """The first pictures that fooled the networks."""
    return {name: attack_examples(*examples) for name, examples in shown.items()}
