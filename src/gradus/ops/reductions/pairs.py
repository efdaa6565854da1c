"""How quantities vary together."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ... import dtypes, interpret
from ...errors import ArgumentError, DtypeError, ShapeError
from ...interpret import Outside
from ...tensor import Tensor, as_tensor
from ..core.primitive import case, promote, public
from ..core.wide import in_float32, integers_in_float64
from ..elementwise.arithmetic import absolute, maximum
from ..elementwise.choice import where
from ..elementwise.functions import sqrt
from ..making.create import ones
from ..shapes.diagonals import diagonal

__all__ = ["corrcoef", "cov"]


@public(
    case((3, 8)),
    case((8,)),
    case((1, 8)),
    case((3, 8), ddof=0),
    case((3, 4), fweights=np.array([1, 2, 0, 3]), aweights=np.array([0.5, 1.0, 2.0, 0.25])),
    gives="float",
)
@in_float32
@integers_in_float64
def cov(x: Any, ddof: int = 1, fweights: Any = None, aweights: Any = None) -> Tensor:
    """The covariances (n, n) of n quantities, the rows of x (n, observations): divided by their count - ddof.

    `fweights` (observations,) say how often each was observed, `aweights` how much it counts.

    >>> cov([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]])
    tensor([[ 1., -1.],
            [-1.,  1.]])
    """
    rows = promote(x, floats=True)[0]
    if rows.ndim > 2:
        raise ShapeError(f"cov: needs rows of observations, got shape {rows.shape}")
    rows = rows if rows.ndim == 2 else rows.reshape(1, -1)
    often, much = (_weights(rows, w, name) for w, name in ((fweights, "fweights"), (aweights, "aweights")))
    weights = often * much
    total = weights.sum()
    centred = rows - (rows * weights).sum(1, keepdims=True) / total
    count = total - (ddof * (weights * much).sum() / total if aweights is not None and ddof else ddof)
    found: Tensor = (centred * weights) @ centred.T / maximum(count, 0)
    return found if rows.shape[0] > 1 else found.reshape(())


def _weights(rows: Tensor, given: Any, name: str) -> Tensor:
    if given is None:
        return ones(rows.shape[1:], rows.dtype)
    weights = as_tensor(given)
    if name == "fweights" and dtypes.kind(weights.dtype) != dtypes.INTEGER:
        raise DtypeError(f"cov: fweights are integers, got {weights.dtype}")
    if weights.shape != rows.shape[1:]:
        raise ArgumentError(f"cov: {name} of shape {weights.shape} are not those of {rows.shape[1]} observations")
    interpret.current.get().check(weights, Outside(0, math.inf), lambda _: _refuse_weights(name))
    return weights.astype(rows.dtype)


def _refuse_weights(name: str) -> None:
    raise ArgumentError(f"cov: {name} are 0 or more, and some are below")


@public(case((3, 8)), case((8,)), case((1, 8)), gives="float")
@in_float32
@integers_in_float64
def corrcoef(x: Any) -> Tensor:
    """The coefficients of correlation (n, n) of the rows of x (n, observations): between -1 and 1.

    >>> corrcoef([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]]).round()
    tensor([[ 1., -1.],
            [-1.,  1.]])
    """
    c = cov(x)
    if not c.ndim:
        return c / c
    deviations = sqrt(diagonal(c))
    r = c / deviations.reshape(-1, 1) / deviations
    return where(absolute(r) > 1, r.sign(), r)
