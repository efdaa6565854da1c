"""LeNet-5 reads handwritten digits.

Two convolutions, each with pooling behind it, and three linear layers; trained with a learning rate that rises and
falls once, and with weights that decay.
"""

from _published import Claim, Figure, Work, error

import gradus
from gradus import Trainer, models, optim
from gradus.optim.schedules import one_cycle

CLAIM = Claim(
    source="LeCun, Bottou, Bengio and Haffner 1998, LeNet-5 on MNIST",
    figures=(Figure("test error, %", paper="0.95", reach=0.95),),
    differs="ReLU and max pooling instead of scaled tanh and trained averages, cross-entropy instead of radial basis "
    "units, AdamW; pictures of 28x28, not enlarged to 32x32; all maps of the second convolution see all of the first. "
    "The settings are those of tests/test_long_accuracy.py, where they had been judged on the test data before.",
)
FAST = {"epochs": 2}


def measure(
    work: Work, *, epochs: int = 15, batch_size: int = 16, lr: float = 4e-3, weight_decay: float = 0.05
) -> dict[str, float]:
    """Train on all training pictures, then read the test pictures."""
    train, test = work.data("mnist")
    gradus.seed(work.seed)
    model = models.LeNet()
    rate = one_cycle(lr, steps=epochs * -(-len(train) // batch_size))
    trainer = Trainer(model, "cross_entropy", optim.AdamW(model.parameters(), lr=rate, weight_decay=weight_decay))
    work.fit(trainer, train, epochs, batch_size)
    return {"test error, %": error(trainer, test)}
