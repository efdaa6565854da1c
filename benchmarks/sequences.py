"""The workloads over sequences that only `benchmarks.eager` measures so far."""

from __future__ import annotations

from typing import Any

from .records import Training, Workload, classifier


def transformer_block(nn: Any) -> Any:
    """A block of a transformer's encoder, the normalisation first, GELU within: 64 features, 4 heads."""

    class Block(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.norm1, self.norm2 = nn.LayerNorm(64), nn.LayerNorm(64)
            self.attention = nn.MultiheadAttention(64, 4, batch_first=True)
            self.inside, self.gelu, self.outside = nn.Linear(64, 256), nn.GELU(), nn.Linear(256, 64)

        def forward(self, x: Any) -> Any:
            z = self.norm1(x)
            x = x + self.attention(z, z, z)[0]
            return x + self.outside(self.gelu(self.inside(self.norm2(x))))

    return Block()


def embedding_bag(nn: Any) -> Any:
    """Words looked up, averaged, and classified."""

    class Bag(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.embedding, self.head = nn.Embedding(10_000, 64), nn.Linear(64, 10)

        def forward(self, x: Any) -> Any:
            return self.head(self.embedding(x).mean(1))

    return Bag()


SEQUENCES: tuple[Workload, ...] = (
    Training(
        "bilstm",
        "LSTM, 2 layers, both directions, 64 inputs, 128 hidden, 50 steps, batch 64, SGD",
        model=lambda nn: nn.LSTM(64, 128, 2, bidirectional=True),
        x=(50, 64, 64),
        y=(64, 256),
        output=lambda out: out[0][-1],
    ),
    Training(
        "gru",
        "GRU, 2 layers, 64 inputs, 128 hidden, 50 steps, batch 64, SGD",
        model=lambda nn: nn.GRU(64, 128, 2),
        x=(50, 64, 64),
        y=(64, 128),
        output=lambda out: out[0][-1],
    ),
    Training(
        "transformer_block",
        "a block of a transformer, 64 features, 4 heads, 32 places, batch 32, Adam",
        model=transformer_block,
        x=(32, 32, 64),
        y=(32, 32, 64),
        optimizer="Adam",
        lr=1e-3,
    ),
    classifier(
        "embedding_bag",
        "embedding 10000-64, mean of 50 words, linear 64-10, batch 128, SGD",
        embedding_bag,
        (128, 50),
        words=10_000,
    ),
)
