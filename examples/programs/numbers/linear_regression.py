"""Linear regression twice: with tensors and their gradients alone, then with a layer, a loss and an optimizer.

The full run takes 2 seconds. The data are made, so that the true weights are known. The figure at the end: how far
the found weights are from those of least squares, the best there are for these data.
"""

import sys

import gradus
from gradus import nn, optim
from gradus.nn import functional as F

fast = "--fast" in sys.argv
steps = 100 if fast else 500
gradus.seed(0)

true_weight, true_bias = gradus.tensor([2.0, -3.4, 0.7]), 4.2
x = gradus.randn(1000, 3)
y = x @ true_weight + true_bias + 0.1 * gradus.randn(1000)

print("From scratch")
w = gradus.zeros(3).requires_grad_()
b = gradus.zeros(()).requires_grad_()
for step in range(steps):
    loss = ((x @ w + b - y) ** 2).mean()
    loss.backward()
    with gradus.no_grad():  # the update is no part of what is differentiated
        w -= 0.1 * w.grad
        b -= 0.1 * b.grad
    w.grad = b.grad = None
    if step % (steps // 5) == 0:
        print(f"  step {step:4}  loss {loss:.5f}")

print("With layers, compiled")
model = nn.Linear(3, 1)
optimizer = optim.SGD(model.parameters(), lr=0.1)


@gradus.compile
def train_step(x, y):
    """Forward, backward and update: the whole step becomes one native program at its first call."""
    optimizer.zero_grad()
    loss = F.mse_loss(model(x), y)
    loss.backward()
    optimizer.step()
    return loss


for step in range(steps):
    loss = train_step(x, y.reshape(-1, 1))
    if step % (steps // 5) == 0:
        print(f"  step {step:4}  loss {loss:.5f}")

columns = gradus.concatenate([x, gradus.ones((1000, 1))], axis=1)
best = gradus.linalg.lstsq(columns, y).solution
scratch = gradus.concatenate([w.detach(), b.detach().reshape(1)])
layer = gradus.concatenate([model.weight.detach()[0], model.bias.detach()])
print("true         ", true_weight.numpy(), true_bias)
print("least squares", best.numpy().round(4))
print("from scratch ", scratch.numpy().round(4))
print("with layers  ", layer.numpy().round(4))
figure = max(abs(scratch - best).max().item(), abs(layer - best).max().item())
print(f"largest difference from least squares: {figure:.1e}")
