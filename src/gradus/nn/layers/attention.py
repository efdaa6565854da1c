"""Multi-head attention. Weights have PyTorch's names and shapes."""

from __future__ import annotations

import math
from typing import Any

from ... import dtypes
from ...errors import ArgumentError, DtypeError, ShapeError
from ...functional.attention import attention, scaled_dot_product_attention
from ...functional.checks import at_least_one, in_range
from ...functional.linear import linear
from ...ops import where, zeros
from ...tensor import Tensor, as_tensor
from ..core import init
from ..core.module import Module, Parameter
from .linear import Linear

__all__ = ["MultiheadAttention"]


class MultiheadAttention(Module):
    """Several attentions side by side, each in its own projection (Vaswani et al., 2017, section 3.2.2).

    head_i = attention(q W_q^T, k W_k^T, v W_v^T) in its part of the features; out = concatenate(heads) W_o^T. W_q, W_k
    and W_v lie one under another in `in_proj_weight` (3 embed_dim, embed_dim).

    Args:
        embed_dim: features of queries, keys, values and results; num_heads divides it.
        num_heads: attentions side by side.
        dropout: the probability that a weight is dropped in training.
        bias: whether the projections have biases.
        batch_first: axes (n, l, features) rather than (l, n, features).

    >>> import gradus
    >>> x = gradus.ones((2, 5, 8))
    >>> out, weights = MultiheadAttention(8, num_heads=2, batch_first=True)(x, x, x)
    >>> out.shape, weights.shape
    ((2, 5, 8), (2, 5, 5))
    """

    def __init__(
        self, embed_dim: int, num_heads: int, dropout: float = 0.0, bias: bool = True, batch_first: bool = False
    ) -> None:
        at_least_one("MultiheadAttention", embed_dim=embed_dim, num_heads=num_heads)
        in_range("MultiheadAttention", "dropout", dropout, "[0, 1]")
        if embed_dim % num_heads:
            raise ArgumentError(f"MultiheadAttention: num_heads={num_heads} does not divide embed_dim={embed_dim}")
        self.embed_dim, self.num_heads, self.dropout, self.batch_first = embed_dim, num_heads, dropout, batch_first
        self.in_proj_weight = init.xavier_uniform_(Parameter(zeros((3 * embed_dim, embed_dim))))
        self.in_proj_bias = Parameter(zeros(3 * embed_dim)) if bias else None
        self.out_proj = Linear(embed_dim, embed_dim, bias)
        if self.out_proj.bias is not None:
            init.zeros_(self.out_proj.bias)

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Any = None,
        attn_mask: Any = None,
        is_causal: bool = False,
        average_attn_weights: bool = True,
        need_weights: bool = True,
    ) -> tuple[Tensor, Tensor | None]:
        """The result, and the weights with which it was averaged (before dropout).

        Args:
            query: (l, n, embed_dim), or (n, l, embed_dim) with batch_first; key and value have s in place of l.
            key_padding_mask: booleans (n, s), true where a key is to be ignored.
            attn_mask: (l, s) or (n num_heads, l, s): booleans, true where a query may NOT look (as in PyTorch, and the
                contrary of `functional.scaled_dot_product_attention`), or numbers added to the scores.
            is_causal: a query looks at no key after it.
            average_attn_weights: give the weights as the mean over the heads, (n, l, s), not (n, heads, l, s).
            need_weights: give the weights at all; without them less is stored.
        """
        self._check(query, key, value)
        if not self.batch_first:
            query, key, value = (x.swapaxes(0, 1) for x in (query, key, value))
        biases = [None] * 3 if self.in_proj_bias is None else self.in_proj_bias.split(3)
        projections = zip((query, key, value), self.in_proj_weight.split(3), biases, strict=True)
        q, k, v = (self._heads(linear(x, w, b)) for x, w, b in projections)
        mask, dropped = self._mask(key_padding_mask, attn_mask), self.dropout if self.training else 0.0
        if need_weights:
            mixed, weights = attention(q, k, v, mask, is_causal, dropped)
        else:
            mixed, weights = scaled_dot_product_attention(q, k, v, mask, is_causal, dropped), None
        out = self.out_proj(mixed.swapaxes(1, 2).reshape(query.shape))
        if weights is not None and average_attn_weights:
            weights = weights.mean(1)
        return out if self.batch_first else out.swapaxes(0, 1), weights

    def _heads(self, x: Tensor) -> Tensor:
        """(n, l, embed_dim) as (n, heads, l, features of a head)."""
        n, length, features = x.shape
        return x.reshape(n, length, self.num_heads, features // self.num_heads).swapaxes(1, 2)

    def _mask(self, padding: Any, mask: Any) -> Tensor | None:
        """Both masks as one that fits (n, heads, l, s): true where a query may look, or numbers to add."""
        allowed = None
        if padding is not None:
            padding = as_tensor(padding)
            if padding.dtype != dtypes.bool_:
                raise DtypeError(f"MultiheadAttention: key_padding_mask holds booleans, got {padding.dtype}")
            allowed = ~padding[:, None, None, :]
        if mask is None:
            return allowed
        given = as_tensor(mask)
        if given.ndim == 3:
            given = given.reshape(-1, self.num_heads, *given.shape[1:])
        if given.dtype != dtypes.bool_:
            return given if allowed is None else where(allowed, given, -math.inf)
        return ~given if allowed is None else ~given & allowed

    def _check(self, query: Tensor, key: Tensor, value: Tensor) -> None:
        shapes = query.shape, key.shape, value.shape
        batch = 0 if self.batch_first else 1
        if any(len(s) != 3 or s[-1] != self.embed_dim or s[batch] != query.shape[batch] for s in shapes) or (
            key.shape != value.shape
        ):
            axes = ("n, l", "n, s") if self.batch_first else ("l, n", "s, n")
            raise ShapeError(
                f"MultiheadAttention(embed_dim={self.embed_dim}): query, key, value have shapes {shapes}",
                f"The query is ({axes[0]}, {self.embed_dim}), key and value ({axes[1]}, {self.embed_dim}).",
            )

    def extra_repr(self) -> str:
        return f"{self.embed_dim}, num_heads={self.num_heads}"
