"""An autoencoder of nine layers squeezes a picture into 30 numbers, with a quarter of the error that PCA makes.

784 - 1000 - 500 - 250 - 30 and back: restricted Boltzmann machines, the highest with a linear code, give the first
weights of the encoder and, transposed, of the decoder; then both are fine-tuned.
"""

import numpy as np
from _published import Claim, Figure, Work
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Picture

import gradus
from gradus import Trainer, models, optim
from gradus import functional as F
from gradus.data import TensorDataset
from gradus.draw import new_figure
from gradus.optim.schedules import polynomial
from gradus.train import features, train_rbm

CLAIM = Claim(
    source="Hinton and Salakhutdinov 2006, autoencoder 784-1000-500-250-30 on MNIST",
    figures=(
        Figure("squared error per test picture", paper="3.00", reach=4.0),
        Figure("PCA with 30 components", paper="13.87", reach=13.87, within=0.1),
    ),
    differs="Fine-tuned by Adam, with batches of 100 and a learning rate that falls in a straight line, where the "
    "paper used conjugate gradients with batches of 1,000. The error is the sum over the pixels, each in [0, 1]. "
    "With 50 epochs of fine-tuning nothing was measured on the pictures kept back, only with 30.",
)
FAST = {"sizes": (784, 64, 16), "epochs": 3, "fine_tuning": 5}


def squared_error(x: np.ndarray, r: np.ndarray) -> float:
    """The mean over pictures (n, 784) of the sum over pixels of (x - r)^2."""
    return float(((x - r) ** 2).sum(1).mean())


def pca(train: np.ndarray, x: np.ndarray, components: int) -> np.ndarray:
    """x as the mean of the training pictures and so many of their principal components tell it."""
    mean = train.mean(0)
    _, vectors = np.linalg.eigh(np.cov(train, rowvar=False))
    best = vectors[:, -components:].astype(np.float32)
    return mean + (x - mean) @ best @ best.T


def measure(
    work: Work,
    *,
    sizes: tuple[int, ...] = (784, 1000, 500, 250, 30),
    epochs: int = 10,
    fine_tuning: int = 50,
    batch_size: int = 100,
    lr: float = 1e-3,
) -> dict[str, float]:
    """Pre-train and fine-tune on all training pictures, then squeeze and restore the test pictures."""
    train, test = (part.arrays[0].reshape(len(part), -1) for part in work.data("mnist"))
    gradus.seed(work.seed)
    dbn, x = models.DBN(sizes, code="gaussian"), train
    for i, rbm in enumerate(dbn.rbms):
        work.once(f"rbm-{i}", rbm, lambda m=rbm, v=x: train_rbm(m, v, epochs, batch_size)["reconstruction"])
        x = features(rbm.hidden_given, x).numpy()

    model = dbn.to_autoencoder()
    rate = polynomial(lr, steps=fine_tuning * -(-len(train) // batch_size))
    trainer = Trainer(model, F.binary_cross_entropy, optim.Adam(model.parameters(), lr=rate), metrics=[])
    work.fit(trainer, TensorDataset(train, train), fine_tuning, batch_size)

    restored, by_pca = trainer.predict(test).numpy(), pca(train, test, sizes[-1])
    work.shown = {"pictures": test[:12], "autoencoder, 30 numbers": restored[:12], "PCA, 30 numbers": by_pca[:12]}
    return {
        "squared error per test picture": squared_error(test, restored),
        "PCA with 30 components": squared_error(test, by_pca),
    }


def show(axes: Axes, pictures: np.ndarray) -> None:
    """Pictures (n, 784) side by side."""
    side = np.pad(pictures.reshape(-1, 28, 28), ((0, 0), (2, 2), (2, 2))).transpose(1, 0, 2).reshape(32, -1)
    axes.imshow(side, cmap="gray_r", vmin=0, vmax=1)
    axes.set_axis_off()


def draw(shown: dict[str, np.ndarray]) -> dict[str, Picture]:
    """The first test pictures, and what is left of them."""
    figure = new_figure(10, 3.2)
    for axes, (name, pictures) in zip(figure.subplots(3, 1), shown.items(), strict=True):
        show(axes, pictures)
        axes.set_title(name, loc="left")
    return {"": figure}
