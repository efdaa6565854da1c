"""One hidden layer of 800 units, cross-entropy, no distorted pictures: what a plain network can do on MNIST."""

from _published import Claim, Figure, Work, error

import gradus
from gradus import Trainer, models, optim
from gradus.optim.schedules import one_cycle

CLAIM = Claim(
    source="Simard, Steinkraus and Platt 2003, 2-layer MLP with 800 hidden units, cross-entropy, no distortions",
    figures=(Figure("test error, %", paper="1.6", reach=1.6),),
    differs="ReLU instead of tanh, AdamW with a rate that rises and falls once instead of plain gradient descent.",
)
FAST = {"epochs": 2}


def measure(
    work: Work, *, epochs: int = 20, batch_size: int = 64, lr: float = 2e-3, weight_decay: float = 0.1
) -> dict[str, float]:
    """Train on all training pictures, then read the test pictures."""
    train, test = work.data("mnist")
    gradus.seed(work.seed)
    model = models.MLP([784, 800, 10])
    rate = one_cycle(lr, steps=epochs * -(-len(train) // batch_size))
    trainer = Trainer(model, "cross_entropy", optim.AdamW(model.parameters(), lr=rate, weight_decay=weight_decay))
    work.fit(trainer, train, epochs, batch_size)
    return {"test error, %": error(trainer, test)}
