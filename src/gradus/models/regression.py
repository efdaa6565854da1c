"""Linear regression without a trainer: in closed form, and step by step with the gradients written out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import compiler
from ..autograd import no_grad
from ..errors import ArgumentError, DataError, ShapeError
from ..functional.checks import at_least_one, in_range
from ..tensor import Tensor, as_tensor, tensor
from .linear import LinearRegression

RANK = 1e-6  # a singular value of standardised columns below this share of the largest counts as none


def least_squares(x: Any, y: Any, ridge: float = 0.0, names: Sequence[str] = ()) -> LinearRegression:
    """The line of least squared errors in closed form: W = (X^T X + ridge I)^-1 X^T Y, and b = mean(y - W x).

    X and Y are centred, which takes the bias out of the equations, and the columns of X are brought to one scale. They
    are solved by the singular values of X rather than by the inverse, which would square the error, in float64.

    Args:
        x: (n, d) inputs.
        y: (n,) or (n, outputs) targets.
        ridge: what is added to the squared errors for each squared weight (of columns with standard deviation 1, and
            times n): makes an answer unique where columns are collinear.
        names: of the columns, for messages.

    Returns:
        A model that computes W x + b, in float64 where x is, else in float32.

    Raises:
        ArgumentError: columns that add up to a constant, which leave W open: the message names them.
        DataError: numbers that are not finite.
        ShapeError: x and y do not fit together.

    Source: Hastie, Tibshirani and Friedman, "The elements of statistical learning" (2009), equations 3.6 and 3.44.

    >>> model = least_squares([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0])
    >>> [p.numpy().round(5).tolist() for p in model.parameters()]
    [[[2.0]], [1.0]]
    """
    x, y, dtype = _checked(x, y)
    in_range("least_squares", "ridge", ridge, "[0, inf)")
    mean, mean_y, scale = x.mean(axis=0), y.mean(axis=0), x.std(axis=0)
    flat = scale <= 1e-12 * np.abs(mean)
    u, s, vt = np.linalg.svd((x - mean) / np.where(flat, 1.0, scale), full_matrices=False)
    open_ = (s <= RANK * s.max(initial=0.0)) | (s == 0)
    if not ridge and (open_.any() or len(s) < x.shape[1]):
        _refuse_collinear(x, vt, open_, flat, names)
    held = np.where(open_, 0.0, s / np.where(open_, 1.0, s**2 + ridge * len(x)))
    w = (vt.T @ (held[:, None] * (u.T @ (y - mean_y)))) / np.where(flat, 1.0, scale)[:, None]
    model = LinearRegression(x.shape[1], y.shape[1]).astype(dtype)
    model.load_state_dict({"linear.weight": w.T, "linear.bias": mean_y - mean @ w})
    return model


def descend_line(x: Any, y: Any, lr: float, steps: int, momentum: float = 0.9) -> tuple[LinearRegression, np.ndarray]:
    """Linear regression by gradient descent over all samples, with the gradients of the squared error written out.

    e = X W^T + b - Y;  dL/dW = 2/n e^T X;  dL/db = 2/n sum(e);  v <- momentum v + dL/dw;  w <- w - lr v

    Args:
        x: (n, d) inputs, best standardised.
        y: (n,) or (n, outputs) targets.
        lr: the learning rate.
        steps: how many are made.
        momentum: how much of the velocity is kept, in [0, 1).

    Returns:
        The model after the last step, and the mean squared error before each step, (steps,).

    Raises:
        DataError, ShapeError: as `least_squares`.

    >>> model, losses = descend_line([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0], lr=0.1, steps=300)
    >>> [p.numpy().round(3).tolist() for p in model.parameters()], losses[0] > losses[-1]
    ([[[2.0]], [1.0]], np.True_)
    """
    at_least_one("descend_line", steps=steps)
    in_range("descend_line", "momentum", momentum, "[0, 1)")
    in_range("descend_line", "lr", lr, "(0, inf)")
    x, y, dtype = _checked(x, y)
    xs, ys = tensor(x, dtype), tensor(y, dtype)
    w, b = tensor(np.zeros((y.shape[1], x.shape[1])), dtype), tensor(np.zeros(y.shape[1]), dtype)
    v, vb = tensor(w), tensor(b)

    def step(_: Tensor) -> Tensor:
        e = xs @ w.T + b - ys
        gradient, gradient_b = 2 / len(x) * (e.T @ xs), 2 / len(x) * e.sum(axis=0)
        v.assign_(momentum * v + gradient)
        vb.assign_(momentum * vb + gradient_b)
        w.assign_(w - lr * v)
        b.assign_(b - lr * vb)
        return (e * e).mean()

    with no_grad():
        losses = compiler.natively(step).epoch((np.zeros(steps, np.float32),), np.arange(steps)[:, None])
    model = LinearRegression(x.shape[1], y.shape[1]).astype(dtype)
    model.load_state_dict({"linear.weight": w, "linear.bias": b})
    return model, losses


def _checked(x: Any, y: Any) -> tuple[np.ndarray, np.ndarray, str]:
    """x (n, d) and y (n, outputs) in float64, and the type of the model."""
    given = as_tensor(x).numpy()
    dtype = "float64" if given.dtype == np.float64 else "float32"
    x, y = np.asarray(given, np.float64), np.asarray(as_tensor(y).numpy(), np.float64)
    y = y[:, None] if y.ndim == 1 else y
    if x.ndim != 2 or y.ndim != 2 or len(x) != len(y) or not x.size or not y.size:
        raise ShapeError(
            f"linear regression: x has shape {x.shape} and y {y.shape}",
            "They are (n, d) and (n,) or (n, outputs), with one sample in a row, and at least one row.",
        )
    for name, v in (("x", x), ("y", y)):
        if not np.isfinite(v).all():
            place = np.argwhere(~np.isfinite(v))[0].tolist()
            raise DataError(f"linear regression: {name} holds {v[tuple(place)]} at {place}. Fill or leave out the row.")
    return x, y, dtype


def _refuse_collinear(x: np.ndarray, vt: np.ndarray, open_: np.ndarray, flat: np.ndarray, names: Sequence[str]) -> None:
    """Name columns that leave the weights open: those of a direction along which nothing changes."""
    n, d = x.shape
    if n <= d:
        raise ArgumentError(
            f"least_squares: {n} rows leave {d} weights and a bias open. Give {d + 1} rows or more, take fewer "
            "columns, or ridge=1e-3, which picks the smallest weights."
        )
    called = [repr(names[i]) if len(names) == d else f"column {i}" for i in range(d)]
    if flat.any():
        which = ", ".join(c for c, f in zip(called, flat, strict=True) if f)
        raise ArgumentError(f"least_squares: constant, as the bias is: {which}. Leave it out, or give ridge=1e-3.")
    direction = np.abs(vt[np.flatnonzero(open_)[0]])
    involved = np.flatnonzero(direction > 1e-3 * direction.max())
    which = ", ".join(called[i] for i in involved[:8]) + (" ..." if len(involved) > 8 else "")
    raise ArgumentError(
        f"least_squares: collinear, so that many weights fit equally well: {which}. Leave one of them out, or give "
        "ridge=1e-3, which picks the smallest weights."
    )
