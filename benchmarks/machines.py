"""The workloads of restricted Boltzmann machines, which learn without labels."""

from __future__ import annotations

from typing import Any

from .records import Asked, Divergence, Workload

OF_MNIST: dict[str, Any] = {"n": 100, "visible": 784, "hidden": 256}

MACHINES: tuple[Workload, ...] = (
    Divergence(
        "rbm",
        "RBM 784-256, CD-1, batch 100, SGD",
        (Asked(4.0, "torch"), Asked(4.0, "sklearn")),
        **OF_MNIST,
    ),
    Divergence(
        "rbm_bf16",
        "RBM 784-256, CD-1, batch 100, SGD, bf16",
        (Asked(1.0, "torch"),),
        memory_asked=None,
        precision="bf16",
        **OF_MNIST,
    ),
    Divergence(
        "rbm_top",
        "RBM 500-2000, the highest of a deep belief network, CD-1, batch 100, SGD",
        (Asked(1.0, "torch"), Asked(1.0, "sklearn")),
        memory_asked=None,
        n=100,
        visible=500,
        hidden=2000,
    ),
)
