"""Attention: averages of values, weighted by how well their keys fit a query."""

from __future__ import annotations

import functools
import math
from typing import Any

from .. import dtypes
from ..errors import DtypeError, ShapeError
from ..ops import matmul, softmax, where
from ..ops.core.primitive import broadcast_shapes, cast, constant
from ..ops.making.create import iota
from ..ops.products.attention import attention_in_one
from ..tensor import Tensor, as_tensor
from .dropout import dropout

__all__ = ["attention_weights", "scaled_dot_product_attention"]


def attention_weights(q: Tensor, k: Tensor, mask: Any = None, is_causal: bool = False) -> Tensor:
    """softmax(q k^T / sqrt(d)), (..., l, s); the arguments are those of `scaled_dot_product_attention`.

    >>> import gradus
    >>> attention_weights(gradus.ones((2, 4)), gradus.ones((2, 4)), is_causal=True)
    tensor([[1. , 0. ],
            [0.5, 0.5]])
    """
    return cast(_weights(q, k, mask, is_causal), _float_of(q, k))


def _float_of(*tensors: Tensor) -> dtypes.Dtype:
    """The dtype of what is made of tensors: integers become floating point."""
    found = functools.reduce(dtypes.promote, (x.dtype for x in tensors))
    return found if dtypes.is_float(found) else dtypes.DEFAULT_FLOAT


def _weights(q: Tensor, k: Tensor, mask: Any, is_causal: bool) -> Tensor:
    """The same, of half precision in float32: rounded scores would give weights that are off by some per cent."""
    q, k = (cast(x, dtypes.accumulator(x.dtype)) for x in (q, k))
    scores = q @ k.mT / math.sqrt(q.shape[-1])
    allowed = _causal(*scores.shape[-2:]) if is_causal else None
    if mask is not None:
        mask = as_tensor(mask)
        broadcast_shapes("attention (scores and mask)", scores.shape, mask.shape)
        if dtypes.is_float(mask.dtype):
            scores, mask = scores + mask.astype(scores.dtype), mask.not_equal(-math.inf)
        elif mask.dtype != dtypes.bool_:
            raise DtypeError(f"attention: a mask holds booleans, or floats to add, got {mask.dtype}. Use mask != 0.")
        allowed = mask if allowed is None else allowed & mask
    if allowed is None:
        return softmax(scores)
    # chosen twice: the softmax of a row that may look nowhere is NaN, and so would be its gradient
    return where(allowed, softmax(where(allowed, scores, -math.inf)), 0)


def _in_one(q: Tensor, k: Tensor, v: Tensor, mask: Any, is_causal: bool) -> Tensor | None:
    """The result as one operation, whose kernel stores no weights; None where it is composed."""
    wide = dtypes.accumulator(_float_of(q, k, v))
    bias = None if mask is None else as_tensor(mask)
    if bias is not None:
        bias = where(bias, constant((), 0.0, wide), -math.inf) if bias.dtype == dtypes.bool_ else cast(bias, wide)
    return attention_in_one(cast(q, wide), cast(k, wide), cast(v, wide), bias, is_causal)


def _causal(queries: int, keys: int) -> Tensor:
    """Whether a key is not after the query."""
    return iota(queries).reshape(queries, 1) >= iota(keys)


def scaled_dot_product_attention(
    q: Any, k: Any, v: Any, mask: Any = None, is_causal: bool = False, dropout_p: float = 0.0
) -> Tensor:
    """softmax(q k^T / sqrt(d)) v (Vaswani et al., 2017, equation 1).

    Args:
        q: queries (..., l, d).
        k: keys (..., s, d).
        v: values (..., s, e).
        mask: booleans (..., l, s), true where a query may look at a key; or numbers that are added to the scores.
        is_causal: a query looks at no key after it.
        dropout_p: the probability that a weight is dropped; 0 outside training.

    The result is (..., l, e). A query that may look nowhere gets zeros.

    >>> import gradus
    >>> q, k, v = gradus.zeros((1, 2)), gradus.ones((2, 2)), gradus.tensor([[1.0], [3.0]])
    >>> scaled_dot_product_attention(q, k, v)
    tensor([[2.]])
    """
    q, k, v = as_tensor(q), as_tensor(k), as_tensor(v)
    if min(q.ndim, k.ndim, v.ndim) < 2 or q.shape[-1] != k.shape[-1] or k.shape[-2] != v.shape[-2]:
        raise ShapeError(
            f"scaled_dot_product_attention: q has shape {q.shape}, k {k.shape}, v {v.shape}",
            "They are (..., l, d), (..., s, d), (..., s, e).",
        )
    return attention(q, k, v, mask, is_causal, dropout_p)[0]


def attention(
    q: Tensor, k: Tensor, v: Tensor, mask: Any = None, is_causal: bool = False, dropout_p: float = 0.0
) -> tuple[Tensor, Tensor]:
    """The result, and the weights before dropout. Of half precision, all between is float32.

    >>> import gradus
    >>> result, weights = attention(*gradus.ones((3, 1, 2, 4)))
    >>> result.shape, weights.shape
    ((1, 2, 4), (1, 2, 2))
    """
    weights = _weights(q, k, mask, is_causal)
    mixed = None if dropout_p else _in_one(q, k, v, mask, is_causal)
    if mixed is None:
        mixed = matmul(dropout(weights, dropout_p), cast(v, dtypes.accumulator(v.dtype)))
    return cast(mixed, _float_of(q, k, v)), cast(weights, _float_of(q, k))
