"""Multi-head attention. Weights have PyTorch's names and shapes."""

from __future__ import annotations

import math
from typing import Any

from ... import dtypes
from ...errors import ArgumentError, DtypeError, ShapeError
from ...functional.attention import attention, scaled_dot_product_attention
from ...functional.checks import at_least_one, flags, in_range
from ...functional.linear import linear
from ...functional.padding import pad
from ...ops import concatenate, where, zeros
from ...ops.making.create import iota
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
        embed_dim: features of queries and results; num_heads divides it.
        num_heads: attentions side by side.
        dropout: the probability that a weight is dropped in training.
        bias: whether the projections have biases.
        add_bias_kv: a key and a value more, learned: `bias_k` and `bias_v` (1, 1, embed_dim).
        add_zero_attn: a key and a value more, of zeros.
        kdim: features of the keys, and vdim of the values, if other than embed_dim. W_q, W_k and W_v are then
            `q_proj_weight`, `k_proj_weight` and `v_proj_weight`.
        batch_first: axes (n, l, features) rather than (l, n, features).

    >>> import gradus
    >>> x = gradus.ones((2, 5, 8))
    >>> out, weights = MultiheadAttention(8, num_heads=2, batch_first=True)(x, x, x)
    >>> out.shape, weights.shape
    ((2, 5, 8), (2, 5, 5))
    """

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
    ) -> None:
        at_least_one("MultiheadAttention", embed_dim=embed_dim, num_heads=num_heads)
        in_range("MultiheadAttention", "dropout", dropout, "[0, 1]")
        chosen = {"bias": bias, "add_bias_kv": add_bias_kv, "add_zero_attn": add_zero_attn, "batch_first": batch_first}
        flags("MultiheadAttention", **chosen)
        if embed_dim % num_heads:
            raise ArgumentError(
                f"MultiheadAttention: num_heads={num_heads} does not divide embed_dim={embed_dim}",
                mistake="heads-do-not-divide",
            )
        self.embed_dim, self.num_heads, self.dropout, self.batch_first = embed_dim, num_heads, dropout, batch_first
        self.kdim, self.vdim = embed_dim if kdim is None else kdim, embed_dim if vdim is None else vdim
        at_least_one("MultiheadAttention", kdim=self.kdim, vdim=self.vdim)
        self.add_zero_attn = add_zero_attn
        if self.kdim == self.vdim == embed_dim:
            self.in_proj_weight = init.xavier_uniform_(Parameter(zeros((3 * embed_dim, embed_dim))))
        else:
            for name, features in (("q", embed_dim), ("k", self.kdim), ("v", self.vdim)):
                weight = init.xavier_uniform_(Parameter(zeros((embed_dim, features))))
                setattr(self, f"{name}_proj_weight", weight)
        self.in_proj_bias = Parameter(zeros(3 * embed_dim)) if bias else None
        self.out_proj = Linear(embed_dim, embed_dim, bias)
        if self.out_proj.bias is not None:
            init.zeros_(self.out_proj.bias)
        self.bias_k, self.bias_v = (
            init.xavier_normal_(Parameter(zeros((1, 1, embed_dim)))) if add_bias_kv else None for _ in range(2)
        )

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

        Of one sequence nothing has the axis n.

        Args:
            query: (l, n, embed_dim), or (n, l, embed_dim) with batch_first; key and value have s in place of l.
            key_padding_mask: booleans (n, s), true where a key is to be ignored, or numbers added to the scores.
            attn_mask: (l, s) or (n num_heads, l, s): booleans, true where a query may NOT look (as in PyTorch, and the
                contrary of `functional.scaled_dot_product_attention`), or numbers added to the scores.
            is_causal: a query looks at no key after it.
            average_attn_weights: give the weights as the mean over the heads, (n, l, s), not (n, heads, l, s).
            need_weights: give the weights at all; without them less is stored.
        """
        self._check(query, key, value)
        if query.ndim == 2:
            at = 0 if self.batch_first else 1
            padding = None if key_padding_mask is None else as_tensor(key_padding_mask)[None]
            q, k, v = (x.expand_dims(at) for x in (query, key, value))
            out, weights = self.forward(q, k, v, padding, attn_mask, is_causal, average_attn_weights, need_weights)
            return out.squeeze(at), None if weights is None else weights[0]
        if not self.batch_first:
            query, key, value = (x.swapaxes(0, 1) for x in (query, key, value))
        q, k, v = self._projected(query, key, value)
        more = k.shape[2] - key.shape[1]
        if more and is_causal:
            last = iota(k.shape[2]) >= key.shape[1]
            before = iota(query.shape[1]).reshape(-1, 1) >= iota(k.shape[2])
            mask = self._mask(key_padding_mask, attn_mask, more, last | before)
        else:
            mask = self._mask(key_padding_mask, attn_mask, more)
        causal, dropped = is_causal and not more, self.dropout if self.training else 0.0
        if need_weights:
            mixed, weights = attention(q, k, v, mask, causal, dropped)
        else:
            mixed, weights = scaled_dot_product_attention(q, k, v, mask, causal, dropped), None
        out = self.out_proj(mixed.swapaxes(1, 2).reshape((*query.shape[:2], self.embed_dim)))
        if weights is not None and average_attn_weights:
            weights = weights.mean(1)
        return out if self.batch_first else out.swapaxes(0, 1), weights

    def _projected(self, query: Tensor, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values by heads, with the keys and values that are there besides."""
        biases = [None] * 3 if self.in_proj_bias is None else self.in_proj_bias.split(3)
        names = [f"{name}_proj_weight" for name in "qkv"]
        apart = hasattr(self, names[0])
        weights = [getattr(self, name) for name in names] if apart else self.in_proj_weight.split(3)
        q, k, v = (linear(x, w, b) for x, w, b in zip((query, key, value), weights, biases, strict=True))
        for more in ((self.bias_k, self.bias_v), (0, 0) if self.add_zero_attn else (None, None)):
            if more[0] is not None:
                k, v = (self._with_one_more(x, one) for x, one in zip((k, v), more, strict=True))
        q, k, v = map(self._heads, (q, k, v))
        return q, k, v

    def _with_one_more(self, x: Tensor, one: Any) -> Tensor:
        last = as_tensor(one).astype(x.dtype).broadcast_to((x.shape[0], 1, x.shape[2]))
        return concatenate([x, last], axis=1)

    def _heads(self, x: Tensor) -> Tensor:
        """(n, l, embed_dim) as (n, heads, l, features of a head)."""
        n, length, features = x.shape
        return x.reshape(n, length, self.num_heads, features // self.num_heads).swapaxes(1, 2)

    def _mask(self, padding: Any, mask: Any, more: int, seen: Tensor | None = None) -> Tensor | None:
        """All masks as one that fits (n, heads, l, s): true where a query may look, or numbers to add.

        At so many keys more all may look.
        """
        allowed, added = seen, None
        for given, name in ((padding, "key_padding_mask"), (mask, "attn_mask")):
            if given is None:
                continue
            one = self._fitting(as_tensor(given), name)
            if one.dtype == dtypes.bool_:
                free = ~pad(one, (0, more)) if more else ~one
                allowed = free if allowed is None else allowed & free
            elif dtypes.is_float(one.dtype):
                one = pad(one, (0, more)) if more else one
                added = one if added is None else added + one
            else:
                raise DtypeError(
                    f"MultiheadAttention: {name} holds booleans, or floats to add, got {one.dtype}. Use mask != 0."
                )
        if added is None:
            return allowed
        return added if allowed is None else where(allowed, added, -math.inf)

    def _fitting(self, mask: Tensor, name: str) -> Tensor:
        """A mask with axes that fit (n, heads, l, s)."""
        if name == "key_padding_mask":
            return mask[:, None, None, :]
        return mask.reshape(-1, self.num_heads, *mask.shape[1:]) if mask.ndim == 3 else mask

    def _check(self, query: Tensor, key: Tensor, value: Tensor) -> None:
        shapes = query.shape, key.shape, value.shape
        at, features = (0 if self.batch_first else 1), (self.embed_dim, self.kdim, self.vdim)
        axes = {len(s) for s in shapes}
        fits = axes in ({2}, {3}) and all(s[-1] == n for s, n in zip(shapes, features, strict=True))
        if not fits or key.shape[:-1] != value.shape[:-1] or (axes == {3} and query.shape[at] != key.shape[at]):
            axis = ("n, l", "n, s") if self.batch_first else ("l, n", "s, n")
            raise ShapeError(
                f"MultiheadAttention(embed_dim={self.embed_dim}): query, key, value have shapes {shapes}",
                f"The query is ({axis[0]}, {self.embed_dim}), the key ({axis[1]}, {self.kdim}), the value "
                f"({axis[1]}, {self.vdim}); of one sequence all are without n.",
            )

    def extra_repr(self) -> str:
        return f"{self.embed_dim}, num_heads={self.num_heads}"
