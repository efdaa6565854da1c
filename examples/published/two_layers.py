"""A linear classifier, and a network with one hidden layer of 300 units, read handwritten digits."""

from _published import Claim, Figure, Work, error

import gradus
from gradus import Trainer, models, optim
from gradus.optim.schedules import cosine

CLAIM = Claim(
    source="LeCun, Bottou, Bengio and Haffner 1998, linear classifier and 2-layer net on MNIST",
    figures=(
        Figure("linear, test error, %", paper="12.0", reach=12.0),
        Figure("300 hidden units, test error, %", paper="4.7", reach=4.7),
    ),
    differs="Softmax and cross-entropy instead of the squared error, ReLU instead of tanh, Adam.",
)
FAST = {"epochs": 2}


def measure(work: Work, *, epochs: int = 15, batch_size: int = 64, lr: float = 1e-3) -> dict[str, float]:
    """Train both, then read the test pictures."""
    train, test = work.data("mnist")
    found = {}
    for name, sizes in {"linear": [784, 10], "300 hidden units": [784, 300, 10]}.items():
        gradus.seed(work.seed)
        model = models.MLP(sizes)
        rate = cosine(lr, steps=epochs * -(-len(train) // batch_size))
        trainer = Trainer(model, "cross_entropy", optim.Adam(model.parameters(), lr=rate))
        work.fit(trainer, train, epochs, batch_size, part=name)
        found[f"{name}, test error, %"] = error(trainer, test)
    return found
