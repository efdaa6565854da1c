"""A small network learns from a large one what no label tells: how alike things are (Hinton, Vinyals and Dean, 2015).

The full run takes 30 seconds; it reads `fashion_mnist`. Two equal students see the same 1,000 pictures: one is given
the labels, the other what the teacher thinks of them. The figure at the end: how much more test accuracy the second
has.
"""

import sys

import numpy as np

import gradus
from gradus import datasets, nn, optim
from gradus.data import TensorDataset
from gradus.nn import functional as F

fast = "--fast" in sys.argv
FEW, TEMPERATURE, teaching, learning = (100, 4.0, 6, 60) if fast else (1000, 4.0, 2, 100)
gradus.seed(0)

train, test = datasets.digits() if fast else datasets.fashion_mnist()
pixels = int(np.prod(train.arrays[0].shape[1:]))
x, y = train[:FEW]


def trained(model, data, loss, epochs):
    """The model, after so many epochs on the data."""
    trainer = gradus.Trainer(model, loss, optim.Adam(model.parameters(), lr=2e-3), metrics=[])
    trainer.fit(data, epochs=epochs, batch_size=64)
    return model


def accuracy(model):
    """The share of test pictures that are told right."""
    images, labels = test.arrays
    model.eval()
    with gradus.no_grad():
        return float((model(gradus.tensor(images)).argmax(axis=1).numpy() == labels).mean())


def student():
    """One hidden layer, with the same first values each time."""
    gradus.seed(1)
    return nn.Sequential(nn.Flatten(), nn.Linear(pixels, 64), nn.ReLU(), nn.Linear(64, 10))


def softly(scores, thoughts):
    """Cross-entropy to the teacher's probabilities, both at a temperature that shows the small ones, too."""
    return TEMPERATURE**2 * F.cross_entropy(scores / TEMPERATURE, thoughts)


side = train.arrays[0].shape[-1]
teacher = nn.Sequential(
    *(nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
    *(nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
    *(nn.Flatten(), nn.Dropout(0.3), nn.Linear(32 * (side // 4) ** 2, 128), nn.ReLU(), nn.Linear(128, 10)),
)
trained(teacher, train, "cross_entropy", teaching)
teacher.requires_grad_(False).eval()  # it is frozen from here on
thoughts = F.softmax(teacher(gradus.tensor(x)) / TEMPERATURE, axis=1)

told = trained(student(), TensorDataset(x, y), "cross_entropy", learning)
taught = trained(student(), TensorDataset(x, thoughts), softly, learning)
print(f"teacher, which saw {len(train):,} pictures: {accuracy(teacher):.4f}")
print(f"student told the labels of {FEW:,}: {accuracy(told):.4f}")
print(f"student taught by the teacher: {accuracy(taught):.4f}")
figure = accuracy(taught) - accuracy(told)
print(f"gained by the teacher's thoughts: {figure:.4f}")
