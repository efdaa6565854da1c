"""Muon: the direction of momentum with all its singular values made alike."""

from __future__ import annotations

import math
from typing import Any

from ..errors import ArgumentError
from ..nn.core.unsized import require_sized
from ..tensor import Tensor
from .groups import Params
from .optimizer import Optimizer, Schedule

__all__ = ["Muon"]


class Muon(Optimizer):
    """Muon (Jordan et al., 2024), for matrices: p <- p - lr sqrt(max(1, rows / columns)) O(n).

    m <- momentum m + (1 - momentum) g, n = momentum m + (1 - momentum) g looks ahead, and O brings all
    singular values near 1 by a few Newton-Schulz steps x <- a x + b (x x^T) x + c (x x^T)^2 x. The weight decay is
    AdamW's. Biases, norms and embeddings need another optimizer, AdamW say.

    Args:
        params, lr, maximize: see Optimizer; each parameter has two axes.
        weight_decay: how fast weights shrink, in units of the learning rate.
        momentum: how much of m is kept, in [0, 1).
        nesterov: look ahead; else the step is O(m).
        ns_coefficients: a, b and c.
        ns_steps: how many Newton-Schulz steps.
        eps: keeps the first division finite.

    >>> import gradus
    >>> w = gradus.tensor([[2.0, 0.0], [0.0, 1.0]], requires_grad=True)
    >>> optimizer = Muon([w], lr=0.1, weight_decay=0.0)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w.round() == gradus.tensor([[2.0, 0.0], [0.0, 1.0]])
    tensor([[ True,  True],
            [ True,  True]])
    """

    momentum: float
    nesterov: bool
    ns_coefficients: tuple[float, float, float]
    ns_steps: int
    eps: float
    slots = ("m",)
    decoupled = True

    def __init__(
        self,
        params: Params,
        lr: float | Schedule = 1e-3,
        weight_decay: float = 0.1,
        momentum: float = 0.95,
        nesterov: bool = True,
        ns_coefficients: tuple[float, float, float] = (3.4445, -4.775, 2.0315),
        ns_steps: int = 5,
        eps: float = 1e-7,
        maximize: bool = False,
    ) -> None:
        options: dict[str, Any] = {"momentum": momentum, "nesterov": nesterov, "ns_steps": ns_steps, "eps": eps}
        self.ns_coefficients = ns_coefficients
        super().__init__(params, lr, weight_decay, maximize, **options, ns_coefficients=tuple(ns_coefficients))
        require_sized("Muon", self.params)
        wrong = next((p for p in self.params if p.ndim != 2), None)
        if wrong is not None:
            raise ArgumentError(
                f"Muon: updates matrices, got a parameter of shape {wrong.shape}. Give the others to another "
                "optimizer, as optim.AdamW."
            )

    def update(self, p: Tensor, g: Tensor, state: dict[str, Tensor], *numbers: Tensor) -> Tensor:
        (lr,) = numbers
        m = state["m"].assign_(self.momentum * state["m"] + (1 - self.momentum) * g)
        step = self._alike(self.momentum * m + (1 - self.momentum) * g if self.nesterov else m)
        return p - lr * math.sqrt(max(1, p.shape[0] / p.shape[1])) * step

    def _alike(self, x: Tensor) -> Tensor:
        """A matrix with the same singular vectors, and values near 1."""
        a, b, c = self.ns_coefficients
        tall = x.shape[0] > x.shape[1]
        x = x.T if tall else x
        x = x / (x * x).sum().sqrt().maximum(self.eps)
        for _ in range(self.ns_steps):
            square = x @ x.T
            x = a * x + (b * square + c * (square @ square)) @ x
        return x.T if tall else x
