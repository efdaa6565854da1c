"""PyTorch's function for each of gradus', found by name: one table of those that are called otherwise there."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradus.ops.core.primitive import FUNCTIONS

torch = pytest.importorskip("torch")
HOMES = (torch, torch.special, torch.nn.functional, torch.linalg)

# what has another name there, with the same arguments
CALLED = {
    "all": "",  # theirs knows no keepdims without an axis
    "any": "",
    "array_split": "tensor_split",
    "copy": "clone",
    "equal": "eq",
    "expand_dims": "unsqueeze",
    "greater_equal": "ge",
    "invert": "bitwise_not",
    "less_equal": "le",
    "max": "amax",
    "min": "amin",
    "power": "pow",
    "nanmax": "amax",
    "nanmin": "amin",
    "nanargmax": "argmax",
    "nanargmin": "argmin",
    "matrix_transpose": "adjoint",
    "rint": "round",
    "left_shift": "bitwise_left_shift",
    "right_shift": "bitwise_right_shift",
    "unstack": "unbind",
}
# what has other arguments there
OTHERWISE: dict[str, Callable[..., Any]] = {
    "var": lambda x, axis=None, keepdims=False: torch.var(x, axis, keepdim=keepdims, correction=0),
    "nanvar": lambda x, axis=None: torch.var(x, axis, correction=0),
    "nanstd": lambda x, axis=None: torch.std(x, axis, correction=0),
    "round": lambda x, decimals=0: torch.round(x, decimals=decimals),
    "average": lambda x, axis=None, weights=None, keepdims=False: _average(x, axis, weights, keepdims),
    "percentile": lambda x, q, axis=None: _quantile(torch.quantile, x, np.array(q) / 100, axis),
    "nanpercentile": lambda x, q, axis=None: _quantile(torch.nanquantile, x, np.array(q) / 100, axis),
    "array_equal": lambda x1, x2: torch.tensor(torch.equal(x1, torch.as_tensor(x2))),
    "gradient": lambda x, *spacing, axis=None, edge_order=1: _gradient(x, spacing, axis, edge_order),
    "cumulative_trapezoid": lambda y, x=None, dx=1.0, axis=-1: (
        torch.cumulative_trapezoid(y, dx=dx, dim=axis)
        if x is None
        else torch.cumulative_trapezoid(y, x, dim=axis)
    ),
    "bucketize": lambda x, bounds, right=False: torch.bucketize(x, torch.tensor(bounds), right=right),
    "digitize": lambda x, bins, right=False: torch.from_numpy(np.digitize(x.detach().numpy(), bins, right)),
    "unique_consecutive": lambda x, **options: torch.unique_consecutive(x, **options),
    "index_put": lambda x, indices, values, accumulate=False: x.index_put(
        [torch.from_numpy(i) for i in indices], torch.tensor(values).to(x.dtype), accumulate
    ),
    "unravel_index": lambda x, shape: torch.unravel_index(x, shape),
    "vander": lambda x, n=None, increasing=False: (
        torch.linalg.vander(x, N=n) if increasing else torch.linalg.vander(x, N=n).flip(-1)
    ),
    "ldexp": lambda x1, x2: x1 * 2.0 ** torch.from_numpy(x2).to(x1.dtype),  # whose own gradient is of integers
    "broadcast_to": lambda x, *shape: torch.broadcast_to(x, shape[0] if len(shape) == 1 else shape),
    "concatenate": lambda xs, axis=0: torch.cat([x.ravel() for x in xs] if axis is None else xs, axis or 0),
    "cumulative_sum": lambda x, axis=0, include_initial=False: _from_start(torch.cumsum, x, axis, include_initial, 0),
    "cumulative_prod": lambda x, axis=0, include_initial=False: _from_start(torch.cumprod, x, axis, include_initial, 1),
    "diagflat": lambda x, k=0: torch.diagflat(x, k),
    "std": lambda x, axis=None, keepdims=False: torch.std(x, axis, keepdim=keepdims, correction=0),
    "where": lambda condition, x1, x2: torch.where(condition != 0, x1, x2),
    "permute": lambda x, *axes: torch.permute(x, axes[0] if isinstance(axes[0], tuple) else axes),
    "transpose": lambda x, axes=None: x.permute(axes or tuple(range(x.ndim))[::-1]),
    "argsort": lambda x, axis=-1, descending=False: torch.argsort(x, dim=axis, descending=descending, stable=True),
    "sort": lambda x, axis=-1, descending=False: torch.sort(x, axis, descending)[0],
    "quantile": lambda *args, **options: _quantile(torch.quantile, *args, **options),
    "nanquantile": lambda *args, **options: _quantile(torch.nanquantile, *args, **options),
    "median": lambda x, axis=None, keepdims=False: _quantile(torch.quantile, x, 0.5, axis, keepdims),
    "nanmedian": lambda x, axis=None, keepdims=False: _quantile(torch.nanquantile, x, 0.5, axis, keepdims),
    "searchsorted": lambda places, x, side="left": torch.searchsorted(torch.tensor(places), x, side=side),
    "bincount": lambda x, minlength=0, length=0: torch.bincount(x, minlength=max(minlength, length)),
    "histogram": lambda x, bins, range=None: (
        torch.histogram(x, bins, range=range) if isinstance(bins, int) else torch.histogram(x, x.new_tensor(bins))
    ),
    "tensordot": lambda x1, x2, axes=2: torch.tensordot(x1, x2, axes),
    "dot": lambda x1, x2: torch.matmul(x1, x2) if x2.ndim < 3 else torch.tensordot(x1, x2, ([-1], [-2])),
    "vdot": lambda x1, x2: torch.vdot(x1.ravel(), x2.ravel()),
    "outer": lambda x1, x2: torch.outer(x1.ravel(), x2.ravel()),
    "cross": lambda x1, x2, axis=-1: torch.linalg.cross(x1, x2, dim=axis),
    "flatten": lambda x, start=0, end=-1: torch.flatten(x, start, end),
    "diff": lambda x, n=1, axis=-1, prepend=None, append=None: torch.diff(
        x, n, axis, *(None if e is None else x.new_full((x.shape[0], 1), e) for e in (prepend, append))
    ),
    "cov": lambda x, ddof=1, **weights: torch.cov(
        x, correction=ddof, **{name: torch.from_numpy(w) for name, w in weights.items()}
    ),
    "trapezoid": lambda y, x=None, dx=1, axis=-1: (
        torch.trapezoid(y, dx=dx, dim=axis) if x is None else torch.trapezoid(y, x, dim=axis)
    ),
    "isin": lambda x, values: torch.isin(x, torch.tensor(values)),
    "nonzero": lambda x: torch.nonzero(x, as_tuple=True),
    "allclose": lambda x1, x2: torch.isclose(x1, x2).all(),
    "norm": lambda x, order=2, axis=None, keepdims=False: torch.linalg.vector_norm(x, order, axis, keepdim=keepdims),
    "prod": lambda x, axis=None, keepdims=False: _one_axis_at_a_time(torch.prod, x, axis, keepdims),
    "ptp": lambda x, axis=None: torch.amax(x, axis) - torch.amin(x, axis) if axis else x.max() - x.min(),
    "pad": lambda *args, **options: _pad(*args, **options),
    "tile": lambda x, *times: torch.tile(x, times if isinstance(times[0], int) else times[0]),
    "repeat": lambda x, n, axis=None: torch.repeat_interleave(x, torch.tensor(n), axis),
    "roll": lambda x, shift, axis=None: torch.roll(x, shift, axis),
    "rot90": lambda x, k=1, axes=(0, 1): torch.rot90(x, k, axes),
    "meshgrid": lambda *xs, indexing="xy": torch.meshgrid(*xs, indexing=indexing),
    "triu": lambda x, k=0: torch.triu(x, k),
    "tril": lambda x, k=0: torch.tril(x, k),
    "trace": lambda x, offset=0: torch.diagonal(x, offset).sum(-1),
    "split": lambda x, parts=None, axis=0, sizes=None, places=None: (
        torch.split(x, sizes, axis) if sizes else torch.tensor_split(x, parts or places, axis)
    ),
    "flip": lambda x, axes=None: torch.flip(x, tuple(range(x.ndim)) if axes is None else axes),
    "squeeze": lambda x, axis=None: torch.squeeze(x) if axis is None else torch.squeeze(x, axis),
    "take": lambda x, indices, axis=None: (
        torch.take(x, torch.from_numpy(indices)) if axis is None else _take(x, indices, axis)
    ),
    "take_along_axis": lambda x, indices, axis=-1: torch.take_along_dim(
        x, torch.from_numpy(indices % (x.numel() if axis is None else x.shape[axis])), axis
    ),
    "pick": lambda x, places: x.gather(1, torch.from_numpy(places)[:, None])[:, 0],
    "polygamma": lambda order, x: torch.special.polygamma(order, x),
}
PLACES = ("gather", "scatter", "scatter_add", "index_select", "index_add", "index_copy", "index_fill")
PLACES += ("scatter_reduce", "index_reduce")
PLACES += ("masked_fill", "masked_scatter", "masked_select")
OTHERWISE |= {name: lambda x, *args, name=name, **options: _at_places(name, x, *args, **options) for name in PLACES}
# what there is none of
NONE = {"astype", "segment_sum", "sliding_window", "sliding_window_adjoint"}
NO_GRADIENT = {"floor_divide", "heaviside"}  # theirs refuses
IN_FEW_DIGITS = {"digamma": 1e-9}  # gradients: their trigamma has no more
WORDS = {"axis": "dim", "keepdims": "keepdim"}


def oracle(name: str) -> Callable[..., Any] | None:
    """What PyTorch has for a function of gradus', or None; it takes gradus' names of arguments."""
    if name in NONE or CALLED.get(name) == "":
        return None
    if name in OTHERWISE:
        return OTHERWISE[name]
    theirs = CALLED.get(name, name)
    function = next((getattr(home, theirs) for home in HOMES if hasattr(home, theirs)), None)
    if function is None:
        return None
    return lambda *args, **options: function(*args, **{WORDS.get(k, k): v for k, v in options.items()})


def _at_places(name: str, x: Any, *args: Any, **options: Any) -> Any:
    """Functions of places, or a mask, and of values, which have the type of x there."""
    given = [torch.from_numpy(a) if isinstance(a, np.ndarray) else a for a in args]
    if name.endswith("_reduce") and len(given) > 4:
        options = {"include_self": given.pop()}
    at = 2 if name.endswith("_reduce") else -1
    if torch.is_tensor(given[at]) and name not in ("gather", "index_select", "masked_select"):
        given[at] = given[at].to(x.dtype)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "index_reduce.. is in beta")
        return getattr(x, name)(*given, **options)


def _from_start(function: Any, x: Any, axis: int, include_initial: bool, first: float) -> Any:
    found = function(x, axis)
    return torch.cat([torch.full_like(found.narrow(axis, 0, 1), first), found], axis) if include_initial else found


def _average(x: Any, axis: Any, weights: Any, keepdims: bool) -> Any:
    w = torch.ones_like(x) if weights is None else torch.tensor(weights)
    w = w if w.shape == x.shape or axis is None else w.reshape([-1 if a == axis % x.ndim else 1 for a in range(x.ndim)])
    w = w.expand(x.shape)
    return torch.sum(x * w, axis, keepdim=keepdims) / torch.sum(w, axis, keepdim=keepdims)


def _gradient(x: Any, spacing: Any, axis: Any, edge_order: int) -> Any:
    given = [torch.tensor(s, dtype=x.dtype) if isinstance(s, list) else s for s in spacing]
    options = {} if axis is None else {"dim": axis}
    if given:
        options["spacing"] = (given[0],) if torch.is_tensor(given[0]) else given[0]
    return torch.gradient(x, edge_order=edge_order, **options)


def _one_axis_at_a_time(function: Callable[..., Any], x: Any, axis: Any, keepdims: bool) -> Any:
    axes = range(x.ndim) if axis is None else [a % x.ndim for a in (axis if isinstance(axis, tuple) else (axis,))]
    for a in sorted(axes, reverse=True):
        x = function(x, a, keepdim=keepdims)
    return x


def _quantile(function: Any, x: Any, q: Any, axis: Any = None, keepdims: bool = False, method: str = "linear") -> Any:
    """Theirs takes one axis only."""
    shape = [1 if axis is None or a in {b % x.ndim for b in np.atleast_1d(axis)} else n for a, n in enumerate(x.shape)]
    if isinstance(axis, tuple):
        kept = [a for a in range(x.ndim) if shape[a] > 1]
        x = x.permute(*kept, *(a for a in range(x.ndim) if a not in kept)).flatten(len(kept))
        found = function(x, torch.tensor(q, dtype=x.dtype), -1, interpolation=method)
        return found.reshape(shape) if keepdims else found
    return function(x, torch.tensor(q, dtype=x.dtype), axis, keepdims, interpolation=method)


def _pad(x: Any, widths: Any, mode: str = "constant", value: float = 0) -> Any:
    """Theirs has other modes for few axes only: it is told by the places from which numbers are read."""
    if mode == "constant":
        return torch.nn.functional.pad(x, [w for pair in widths[::-1] for w in pair], value=value)
    places = FUNCTIONS["pad"].reference(np.arange(x.numel()).reshape(x.shape), widths, mode)
    return x.ravel()[torch.from_numpy(places)]


def _take(x: Any, indices: np.ndarray, axis: int) -> Any:
    places = torch.from_numpy(indices % x.shape[axis])
    axis %= x.ndim
    return x.index_select(axis, places.ravel()).reshape(*x.shape[:axis], *places.shape, *x.shape[axis + 1 :])
