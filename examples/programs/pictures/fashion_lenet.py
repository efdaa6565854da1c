"""LeNet tells clothes apart: a convolutional network, trained by `Trainer` (LeCun et al., 1998; Fashion-MNIST, 2017).

The full run takes 16 seconds; it reads `fashion_mnist`. The figure at the end: test accuracy; guessing has 0.1.
"""

import sys

import numpy as np

import gradus
from gradus import datasets, nn, optim
from gradus.data import TensorDataset
from gradus.optim import schedules

fast = "--fast" in sys.argv
epochs = 3 if fast else 5
gradus.seed(0)


def enlarged(digits, count):
    """So many of the embedded digits of 8 x 8, as pictures of 28 x 28."""
    x, y = digits[:count]
    larger = x.repeat(3, axis=2).repeat(3, axis=3)
    return TensorDataset(np.pad(larger, ((0, 0), (0, 0), (2, 2), (2, 2))), y, classes=digits.classes)


if fast:
    train, test = datasets.digits()
    train, test = enlarged(train, 700), enlarged(test, 200)
else:
    train, test = datasets.fashion_mnist()  # x float32 (n, 1, 28, 28) in [0, 1], y int64 (n,)

model = nn.Sequential(
    *(nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)),  # (n, 6, 14, 14)
    *(nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2)),  # (n, 16, 5, 5)
    *(nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10)),
)
print(nn.summary(model, train.arrays[0][:1]))

rate = schedules.one_cycle(5e-3, steps=epochs * -(-len(train) // 64))
optimizer = optim.AdamW(model.parameters(), lr=rate, weight_decay=0.02)
trainer = gradus.Trainer(model, "cross_entropy", optimizer)  # compiles the whole step
history = trainer.fit(train, epochs=epochs, batch_size=64)

right = trainer.predict(test).argmax(axis=1).numpy() == test.arrays[1]
for label, name in enumerate(test.classes):
    print(f"  {name:12} {right[test.arrays[1] == label].mean():.3f}")
figure = trainer.evaluate(test)["accuracy"]
print(f"test accuracy: {figure:.4f}")
