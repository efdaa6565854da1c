"""A deep network, pre-trained without labels, one restricted Boltzmann machine upon another, and then with them.

784 - 500 - 500 - 2000 - 10, sigmoids: each machine learns by contrastive divergence the features that those below it
make of the pictures; their weights are the first values of the network, which backpropagation then fine-tunes.
"""

from _published import Claim, Figure, Work, error

import gradus
from gradus import Trainer, models, optim
from gradus.optim.schedules import polynomial
from gradus.train import features, train_rbm

CLAIM = Claim(
    source="Hinton and Salakhutdinov 2006, pre-trained network 784-500-500-2000-10 on MNIST",
    figures=(Figure("test error, %", paper="1.2", reach=1.3),),
    differs="Fine-tuned by Adam, with batches of 100 and a learning rate that falls in a straight line, where the "
    "paper used conjugate gradients with batches of 1,000.",
)
FAST = {"sizes": (784, 64, 64), "epochs": 3, "fine_tuning": 5, "lr": 3e-3}


def measure(
    work: Work,
    *,
    sizes: tuple[int, ...] = (784, 500, 500, 2000),
    epochs: int = 30,
    fine_tuning: int = 40,
    batch_size: int = 100,
    lr: float = 2e-4,
) -> dict[str, float]:
    """Pre-train and fine-tune on all training pictures, then read the test pictures."""
    train, test = work.data("mnist")
    gradus.seed(work.seed)
    dbn, x = models.DBN(sizes), train.arrays[0]
    for i, rbm in enumerate(dbn.rbms):
        work.once(f"rbm-{i}", rbm, lambda m=rbm, v=x: train_rbm(m, v, epochs, batch_size)["reconstruction"])
        x = features(rbm.hidden_given, x.reshape(len(x), -1)).numpy()

    model = dbn.to_classifier(10)
    rate = polynomial(lr, steps=fine_tuning * -(-len(train) // batch_size))
    trainer = Trainer(model, "cross_entropy", optim.Adam(model.parameters(), lr=rate))
    work.fit(trainer, train, fine_tuning, batch_size)
    return {"test error, %": error(trainer, test)}
