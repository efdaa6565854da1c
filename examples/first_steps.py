"""The README's example: a network of your own, trained on the embedded handwritten digits, and looked into."""

import gradus
from gradus import datasets, nn, optim
from gradus.nn import functional as F

gradus.seed(0)
train, test = datasets.digits()
model = nn.Sequential(nn.Flatten(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
optimizer = optim.Adam(model.parameters(), lr=1e-2)
x, y = (gradus.tensor(array) for array in train.arrays)

for step in range(100):
    optimizer.zero_grad()
    loss = F.cross_entropy(model(x), y)
    loss.backward()
    optimizer.step()
    if step % 20 == 0:
        print(step, f"loss {loss:.3f}", f"gradient of the first layer {abs(model[1].weight.grad).max():.4f}")

trainer = gradus.Trainer(model, "cross_entropy", optimizer)
print(trainer.evaluate(test))
print(model)
