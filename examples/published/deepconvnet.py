"""DeepConvNet, six convolutions of 3x3 with He's initial values and dropout, reads handwritten digits."""

from _published import Claim, Figure, Work, error

import gradus
from gradus import Trainer, models, optim
from gradus.optim.schedules import one_cycle

CLAIM = Claim(
    source='Saitoh 2016, "Deep Learning from Scratch", chapter 8, DeepConvNet on MNIST',
    figures=(Figure("test accuracy, %", paper="99.38", reach=99.3, larger=True),),
    differs="A learning rate that rises and falls once instead of a constant one.",
)
FAST = {"epochs": 2}


def measure(work: Work, *, epochs: int = 12, batch_size: int = 100, lr: float = 2e-3) -> dict[str, float]:
    """Train on all training pictures, then read the test pictures."""
    train, test = work.data("mnist")
    gradus.seed(work.seed)
    model = models.DeepConvNet()
    rate = one_cycle(lr, steps=epochs * -(-len(train) // batch_size))
    trainer = Trainer(model, "cross_entropy", optim.Adam(model.parameters(), lr=rate))
    work.fit(trainer, train, epochs, batch_size)
    return {"test accuracy, %": 100 - error(trainer, test)}
