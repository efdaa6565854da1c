"""What PyTorch calls an operation, and what one writes in gradus for it.

An operation that is not listed is looked for under its own name: in `gradus`, `gradus.nn.functional`, `gradus.linalg`,
among Tensor's methods. Arguments keep their order; PyTorch's names of them (`dim`, `keepdim`) are taken as given.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

import gradus
from gradus.nn import functional as F

SAME = {  # other names of the same function
    "mv": "matmul",
    "float_power": "power",
    "expand": "broadcast_to",
    "view": "reshape",
    "take_along_dim": "take_along_axis",
    "unsafe_chunk": "chunk",
    "unsafe_split": "split",
    "split_with_sizes": "split",
}
COPIES = (
    "expand",
    "permute",
    "squeeze",
    "t",
    "transpose",
    "unbind",
    "unsqueeze",
    "unfold",
    "view",
    "diagonal",
    "narrow",
)
SAME |= {f"{name}_copy": SAME.get(name, name) for name in COPIES}



WRITTEN: dict[str, Callable[..., Any]] = {  # what is written in other words
    "clamp_max": lambda x, high: gradus.minimum(x, high),
    "clamp_min": lambda x, low: gradus.maximum(x, low),
    "addmm": lambda c, a, b, beta=1, alpha=1: c * beta + (a @ b) * alpha,
    "addmm.decomposed": lambda c, a, b, beta=1, alpha=1: c * beta + (a @ b) * alpha,
    "addmv": lambda c, a, b, beta=1, alpha=1: c * beta + (a @ b) * alpha,
    "addbmm": lambda c, a, b, beta=1, alpha=1: c * beta + (a @ b).sum(axis=0) * alpha,
    "baddbmm": lambda c, a, b, beta=1, alpha=1: c * beta + (a @ b) * alpha,
    "addr": lambda c, a, b, beta=1, alpha=1: c * beta + a[:, None] * b * alpha,
    "addcmul": lambda c, a, b, value=1: c + a * b * value,
    "addcdiv": lambda c, a, b, value=1: c + a / b * value,
    "add": lambda x, y, alpha=1: x + (y if alpha == 1 else y * alpha),
    "sub": lambda x, y, alpha=1: x - (y if alpha == 1 else y * alpha),
    "rsub": lambda x, y, alpha=1: y - (x if alpha == 1 else x * alpha),
    "div.floor_rounding": lambda x, y, rounding_mode: x // y,
    "div.trunc_rounding": lambda x, y, rounding_mode: gradus.trunc(x / y),  # type: ignore[attr-defined]
    "__rdiv__": lambda x, y: y / x,
    "max.reduction_with_dim": lambda x, *a, **k: (gradus.max(x, *a, **k), gradus.argmax(x, *a, **k)),
    "min.reduction_with_dim": lambda x, *a, **k: (gradus.min(x, *a, **k), gradus.argmin(x, *a, **k)),
    "max.binary": lambda x, y: gradus.maximum(x, y),
    "min.binary": lambda x, y: gradus.minimum(x, y),
    "aminmax": lambda x, dim=None, keepdim=False: (gradus.min(x, dim, keepdim), gradus.max(x, dim, keepdim)),
    "var": lambda x, *a, **k: _spread(gradus.var, x, *a, **k),
    "std": lambda x, *a, **k: _spread(gradus.std, x, *a, **k),
    "var.unbiased": lambda x, unbiased: gradus.var(x, ddof=int(unbiased)),
    "std.unbiased": lambda x, unbiased: gradus.std(x, ddof=int(unbiased)),
    "var_mean": lambda x, *a, **k: (_spread(gradus.var, x, *a, **k), _mean(x, *a, **k)),
    "std_mean": lambda x, *a, **k: (_spread(gradus.std, x, *a, **k), _mean(x, *a, **k)),
    "var_mean.unbiased": lambda x, unbiased: (gradus.var(x, ddof=int(unbiased)), gradus.mean(x)),
    "std_mean.unbiased": lambda x, unbiased: (gradus.std(x, ddof=int(unbiased)), gradus.mean(x)),
    "transpose": lambda x, *a, **k: gradus.swapaxes(x, *(*a, *k.values())),
    "transpose_copy": lambda x, *a, **k: gradus.swapaxes(x, *(*a, *k.values())),
    "t": lambda x: x.T,
    "T": lambda x: x.T,
    "mT": lambda x: gradus.swapaxes(x, -1, -2),
    "expand_as": lambda x, y: gradus.broadcast_to(x, y.shape),
    "reshape_as": lambda x, y: x.reshape(y.shape),
    "view_as": lambda x, y: x.reshape(y.shape),
    "select": lambda x, dim, index: gradus.take(x, index, dim),
    "equal": lambda x, y: x.shape == y.shape and bool((x == y).all()),
    "fill": lambda x, value: gradus.zeros_like(x) + value,
    "zero_": lambda x: gradus.zeros_like(x),
    "double": lambda x: x.astype("float64"),
    "float": lambda x: x.astype("float32"),
    "half": lambda x: x.astype("float16"),
    "long": lambda x: x.astype("int64"),
    "int": lambda x: x.astype("int32"),
    "short": lambda x: x.astype("int16"),
    "char": lambda x: x.astype("int8"),
    "byte": lambda x: x.astype("uint8"),
    "bool": lambda x: x.astype(bool),
    "contiguous": lambda x: x.copy(),
    "nn.functional.embedding": lambda weight, x, **options: F.embedding(x, weight, **options),
    "nn.functional.embedding_bag": lambda weight, x, **options: F.embedding_bag(x, weight, **options),
    "nn.functional.upsample_nearest": lambda x, *a, **k: F.interpolate(x, *a, **k),
    "nn.functional.upsample_bilinear": lambda x, *a, **k: F.interpolate(
        x, *a, mode="bilinear", align_corners=True, **k
    ),
    "cdist": lambda x, y, p=2.0, compute_mode=None: gradus.cdist(x, y, p),
    "linalg.diagonal": lambda x, offset=0, dim1=-2, dim2=-1: gradus.diagonal(x, offset, dim1, dim2),
    "meshgrid.list_of_tensors": lambda xs, **options: gradus.meshgrid(*xs, **options),
    "split.list_args": lambda x, sizes, *a, **k: gradus.split(x, *a, sizes=sizes, **k),
    "split_with_sizes": lambda x, sizes, axis=0: gradus.split(x, sizes=sizes, axis=axis),
    "split_with_sizes_copy": lambda x, sizes, axis=0: gradus.split(x, sizes=sizes, axis=axis),
    "einsum": lambda xs, formula: gradus.einsum(formula, *xs),
    **{f"polygamma.polygamma_n_{n}": (lambda x, n: gradus.polygamma(n, x)) for n in range(5)},
    "special.polygamma.special_polygamma_n_0": lambda x, n: gradus.polygamma(n, x),
    "sort": lambda x, *a, **k: (gradus.sort(x, *a, **k), gradus.argsort(x, *a, **k)),
    "repeat": lambda x, *counts: gradus.tile(x, counts[0] if isinstance(counts[0], (tuple, list)) else counts),
    "where": lambda x, condition, y: gradus.where(condition, x, y),
    "dist": lambda x, y, p=2: gradus.norm(x - y, p),
    "hsplit": lambda x, parts: _parts(x, parts, 1 if x.ndim > 1 else 0),
    "vsplit": lambda x, parts: _parts(x, parts, 0),
    "dsplit": lambda x, parts: _parts(x, parts, 2),
    "logaddexp2": lambda x, y: gradus.logaddexp(x * math.log(2), y * math.log(2)) / math.log(2),
    "real": lambda x: x,
    "conj": lambda x: x,
    "conj_physical": lambda x: x,
    "resolve_conj": lambda x: x,
    "resolve_neg": lambda x: x,
    "isreal": lambda x: gradus.ones_like(x).astype(bool),
    "sgn": lambda x: gradus.sign(x),
    "mH": lambda x: gradus.swapaxes(x, -1, -2),
    "H": lambda x: x.T,
    "alias_copy": lambda x: x.copy(),
    "t_copy": lambda x: x.T,
    "new_zeros": lambda x, shape, **k: gradus.zeros(shape, dtype=k.get("dtype") or x.dtype),
    "new_ones": lambda x, shape, **k: gradus.ones(shape, dtype=k.get("dtype") or x.dtype),
    "new_full": lambda x, shape, value, **k: gradus.full(shape, value, dtype=k.get("dtype") or x.dtype),
    "constant_pad_nd": lambda x, ends, value=0: F.pad(x, ends, "constant", value),
    "special.xlog1py": lambda x, y: gradus.where(
        x == 0, gradus.where(y != y, y, 0 * x), x * gradus.log1p(gradus.where(x == 0, 1, y))
    ),
    "special.entr": lambda x: gradus.where(
        x < 0, -math.inf, gradus.where(x == 0, 0 * x, -x * gradus.log(gradus.where(x <= 0, 1, x)))
    ),
    "special.ndtr": lambda x: gradus.erfc(x * -math.sqrt(0.5)) / 2,
    "special.log_ndtr": lambda x: gradus.log(gradus.erfc(x * -math.sqrt(0.5)) / 2),
    "special.ndtri": lambda p: math.sqrt(2) * gradus.erfinv(2 * p - 1),
    "select_scatter": lambda x, y, dim, index: gradus.index_copy(x, dim, [index], gradus.expand_dims(y, dim)),
    "nn.functional.pdist": lambda x, p=2: gradus.cdist(x, x, p)[np.triu_indices(x.shape[0], 1)],
    "combinations": lambda x, r=2, with_replacement=False: gradus.stack(
        [
            x[list(c)]
            for c in (itertools.combinations_with_replacement if with_replacement else itertools.combinations)(
                range(len(x)), r
            )
        ]
    ),
    "tril_indices": lambda n, m, offset=0, **k: gradus.tensor(np.stack(np.tril_indices(n, offset, m))),
    "triu_indices": lambda n, m, offset=0, **k: gradus.tensor(np.stack(np.triu_indices(n, offset, m))),
    "scalar_tensor": lambda x, **k: gradus.tensor(x, dtype=k.get("dtype")),
    "native_layer_norm": lambda x, shape, w, b, eps: F.layer_norm(x, shape, w, b, eps),
    "msort": lambda x: gradus.sort(x, 0) if x.ndim else x,
}


def _parts(x: Any, parts: Any, axis: int) -> Any:
    return gradus.split(x, parts, axis) if isinstance(parts, int) else gradus.split(x, places=parts, axis=axis)




def _spread(
    function: Callable[..., Any],
    x: Any,
    dim: Any = None,
    unbiased: bool = True,
    keepdim: bool = False,
    correction: float | None = None,
) -> Any:
    ddof = int(unbiased) if correction is None else correction
    return function(x, dim or None if isinstance(dim, (tuple, list)) else dim, ddof=ddof, keepdims=keepdim)


def _mean(x: Any, dim: Any = None, unbiased: bool = True, keepdim: bool = False, correction: Any = None) -> Any:
    return gradus.mean(x, dim, keepdims=keepdim)


def expression(name: str) -> Callable[..., Any] | None:
    """What one writes in gradus for an operation of PyTorch; None if there is nothing."""
    if name in WRITTEN:
        return WRITTEN[name]
    plain = name
    for prefix in ("nn.functional.", "special."):
        plain = plain.removeprefix(prefix)
    found = _looked_up(SAME.get(name, SAME.get(plain, plain)))
    if found is None and "." in plain and not plain.startswith(("linalg.", "fft.", "signal.", "masked.")):
        found = _looked_up(SAME.get(plain.split(".")[0], plain.split(".")[0]))
    return found


def _looked_up(name: str) -> Callable[..., Any] | None:
    place: Any = gradus
    *path, last = name.split(".")
    for part in path:
        place = getattr(place, part, None)
        if place is None:
            return None
    places = (place,) if path else (F, gradus)
    for place in places:
        if last in getattr(place, "__all__", ()):
            return getattr(place, last)  # type: ignore[no-any-return]
    if not path and callable(getattr(gradus.Tensor, last, None)):
        return lambda x, *args, **options: getattr(x, last)(*args, **options)
    return None
