"""Attention as one primitive, and its gradients as another, for which compiled functions have a kernel each.

Eager code composes attention of other primitives (`functional/attention.py`), and keeps its weights for the gradient.
These two keep nothing: the gradients work the weights out again. What they mean is written below, with Tensors.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ... import interpret
from ...autograd import no_grad, recording
from ...errors import ShapeError
from ...tensor import Tensor
from ..core.primitive import Primitive, Shaped, bind, broadcast_shapes
from ..elementwise.choice import where
from ..making.create import iota
from ..shapes.slicing import concatenate

Parts = tuple[Tensor, Tensor, Tensor]


def _weights(q: Tensor, k: Tensor, *bias: Tensor, scale: float, is_causal: bool) -> Tensor:
    """softmax(scale q k^T + bias); 0 where that is -inf, or the key comes after the query of a causal attention."""
    scores = q @ k.mT * scale
    for b in bias:
        scores = scores + b
    if is_causal:
        queries, keys = scores.shape[-2:]
        scores = where(iota(queries).reshape(queries, 1) >= iota(keys), scores, -math.inf)
    e = (scores - scores.detach().max(-1, keepdims=True)).exp()
    if not bias and not is_causal:
        return e / e.sum(-1, keepdims=True)
    allowed = scores.not_equal(-math.inf)
    e = where(allowed, e, 0)
    return where(allowed, e / e.sum(-1, keepdims=True), 0)


def _attended(q: Tensor, k: Tensor, v: Tensor, *bias: Tensor, **how: Any) -> Tensor:
    return _weights(q, k, *bias, **how) @ v


def _gradients(g: Tensor, q: Tensor, k: Tensor, v: Tensor, *bias: Tensor, **how: Any) -> Parts:
    """With P the weights, dP = g v^T and dS = P (dP - the row's sum of P dP): scale dS k, scale dS^T q, P^T g."""
    weights = _weights(q, k, *bias, **how)
    of_weights = g @ v.mT
    of_scores = weights * (of_weights - (weights * of_weights).sum(-1, keepdims=True)) * how["scale"]
    return of_scores @ k, of_scores.mT @ q, weights.mT @ g


def _flat(g: Tensor, q: Tensor, *others: Tensor, **how: Any) -> Tensor:
    """The gradients to q, k and v of each batch, one after the other: (..., l d + s d + s e)."""
    return concatenate([x.reshape(*q.shape[:-2], -1) for x in _gradients(g, q, *others, **how)], -1)


def _with_numpy(function: Callable[..., Tensor]) -> Callable[..., np.ndarray]:
    """A primitive's `forward` from its meaning in Tensors."""

    def forward(xp: Any, *arrays: np.ndarray, **how: Any) -> np.ndarray:
        token = interpret.current.set(interpret.Eager())
        try:
            with no_grad():
                return function(*map(Tensor, arrays), **how).data  # type: ignore[no-any-return]
        finally:
            interpret.current.reset(token)

    return forward


def _rule(q: Any, k: Any, v: Any, *bias: Any, **how: Any) -> Shaped:
    shapes = q.shape, k.shape, v.shape
    *batch, queries, features = q.shape
    keys = k.shape[-2]
    wanted = (*batch, queries, features), (*batch, keys, features), (*batch, keys, v.shape[-1])
    if shapes != wanted or any(b.shape != (*batch, queries, keys) for b in bias):
        raise ShapeError(f"attention: q, k, v have shapes {shapes}", "They are (..., l, d), (..., s, d), (..., s, e).")
    return Shaped((*q.shape[:-1], v.shape[-1]), q.dtype)


def _flat_rule(g: Any, q: Any, k: Any, v: Any, *bias: Any, **how: Any) -> Shaped:
    return Shaped((*q.shape[:-2], sum(math.prod(x.shape[-2:]) for x in (q, k, v))), q.dtype)


def _pull(part: int) -> Callable[..., Tensor]:
    """The gradient to q, k or v: a part of those of all, which the program works out once."""

    def pull(g: Tensor, y: Tensor, *inputs: Tensor, **how: Any) -> Tensor:
        if recording():  # it is to be differentiated itself
            return _gradients(g, *inputs, **how)[part]
        sizes = [math.prod(x.shape[-2:]) for x in inputs[:3]]
        start = sum(sizes[:part])
        return bind(gradients_p, g, *inputs, **how)[..., start : start + sizes[part]].reshape(inputs[part].shape)

    return pull


attention_p = Primitive(
    "attention",
    rule=_rule,
    forward=_with_numpy(_attended),
    vjp=lambda i: _pull(i) if i < 3 else None,
    listed=False,
)
gradients_p = Primitive(
    "attention_gradients", rule=_flat_rule, forward=_with_numpy(_flat), vjp=lambda i: None, listed=False
)


def attention_in_one(
    q: Tensor, k: Tensor, v: Tensor, bias: Tensor | None = None, is_causal: bool = False
) -> Tensor | None:
    """softmax(q k^T / sqrt(d) + bias) v for a compiled function, which does it without storing the weights.

    None where it is to be composed: in eager code, which would work the weights out again for the gradient, where a
    gradient flows to the bias, whose gradient is as large as the weights, and where there are none.

    Args:
        q, k, v: (..., l, d), (..., s, d), (..., s, e), of one dtype.
        bias: (..., l, s); -inf where a query may not look.
        is_causal: a query looks at no key after it.
    """
    if isinstance(interpret.current.get(), interpret.Eager) or 0 in (*q.shape, *k.shape, *v.shape):
        return None
    if bias is not None and bias.requires_grad:
        return None
    given = [q, k, v] if bias is None else [q, k, v, bias]
    batch = broadcast_shapes("attention", *(x.shape[:-2] for x in given))
    given[3:] = [x.broadcast_to((*batch, q.shape[-2], k.shape[-2])) for x in given[3:]]
    given[:3] = [x.broadcast_to(batch + x.shape[-2:]) for x in given[:3]]
    return bind(attention_p, *given, scale=1 / math.sqrt(q.shape[-1]), is_causal=is_causal)
