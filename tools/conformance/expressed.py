"""What PyTorch calls an operation, and what one writes in gradus for it.

An operation that is not listed is looked for under its own name: in `gradus`, `gradus.nn.functional`, `gradus.linalg`,
among Tensor's methods. Arguments keep their order; PyTorch's names of them (`dim`, `keepdim`) are taken as given.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

import gradus
from gradus.nn import functional as F

from .masked import MASKED
from .matrices import MATRICES
from .windows import WINDOWS

SAME = {  # other names of the same function
    "mv": "matmul",
    "expand": "broadcast_to",
    "view": "reshape",
    "unsafe_chunk": "chunk",
    "unsafe_split": "split",
}
SAMPLED, PADDED = ("bilinear", "nearest", "bicubic"), ("zeros", "border", "reflection")  # by their numbers
COPIES = ("expand", "permute", "squeeze", "unbind", "unsqueeze", "unfold", "view", "diagonal", "narrow")
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
    "equal": lambda x, y: x.shape == y.shape and bool((x == y).all()),
    "fill": lambda x, value: gradus.zeros_like(x) + value,
    "zero_": lambda x: gradus.zeros_like(x),
    **{
        name: (lambda x, dtype=dtype, **options: x.astype(dtype, **options))
        for name, dtype in {
            "double": "float64",
            "float": "float32",
            "half": "float16",
            "bfloat16": "bfloat16",
            "long": "int64",
            "int": "int32",
            "short": "int16",
            "char": "int8",
            "byte": "uint8",
            "bool": "bool",
        }.items()
    },
    "contiguous": lambda x, **options: x.copy(**options),
    "nn.functional.embedding": lambda weight, x, **options: F.embedding(x, weight, **options),
    "nn.functional.embedding_bag": lambda weight, x, **options: F.embedding_bag(x, weight, **options),
    "nn.functional.upsample_nearest": lambda x, *a, **k: F.interpolate(x, *a, **k),
    "nn.functional.upsample_bilinear": lambda x, *a, **k: F.interpolate(
        x, *a, mode="bilinear", align_corners=True, **k
    ),
    "cdist": lambda x, y, p=2.0, compute_mode=None: gradus.cdist(x, y, p),
    "linalg.diagonal": lambda x, offset=0, dim1=-2, dim2=-1: gradus.diagonal(x, offset, dim1, dim2),
    "meshgrid.list_of_tensors": lambda xs, **options: gradus.meshgrid(*xs, **options),
    "split.list_args": lambda x, sizes, axis=0: gradus.split(x, sizes=sizes, axis=axis),
    "split_with_sizes": lambda x, sizes, axis=0: gradus.split(x, sizes=sizes, axis=axis),
    "split_with_sizes_copy": lambda x, sizes, axis=0: gradus.split(x, sizes=sizes, axis=axis),
    "einsum": lambda xs, formula: gradus.einsum(formula, *xs),
    **{f"polygamma.polygamma_n_{n}": (lambda x, n: gradus.polygamma(n, x)) for n in range(5)},
    "special.polygamma.special_polygamma_n_0": lambda x, n: gradus.polygamma(n, x),
    "sort": lambda x, *a, **k: (gradus.sort(x, *a, **k), gradus.argsort(x, *a, **k)),
    "repeat": lambda x, *counts: gradus.tile(x, counts[0] if isinstance(counts[0], (tuple, list)) else counts),
    "where": lambda x, condition, y: gradus.where(condition, x, y),
    "dist": lambda x, y, p=2: gradus.norm(x - y, p),
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
    **{
        f"grid_sampler_{k}d": lambda x, grid, mode, padding_mode, aligned: F.grid_sample(
            x, grid, SAMPLED[mode], PADDED[padding_mode], aligned
        )
        for k in (2, 3)
    },
    "nn.functional.pdist": lambda x, p=2: gradus.cdist(x, x, p)[np.triu_indices(x.shape[0], 1)],
    "tril_indices": lambda n, m, offset=0, **k: gradus.stack(gradus.tril_indices(n, offset, m)),
    "triu_indices": lambda n, m, offset=0, **k: gradus.stack(gradus.triu_indices(n, offset, m)),
    "scalar_tensor": lambda x, **k: gradus.tensor(x, dtype=k.get("dtype")),
    "native_layer_norm": lambda x, shape, w, b, eps: _layer_norm(x, shape, w, b, eps),
    **{f"atleast_{k}d": (lambda x, k=k: _each(getattr(gradus, f"atleast_{k}d"), x)) for k in (1, 2, 3)},
    "take": lambda x, index: gradus.take(x, index),
    "float_power": lambda x, y: gradus.power(*(gradus.as_tensor(v).astype("float64") for v in (x, y))),
    "round.decimals_0": gradus.round,
    "repeat_interleave": lambda x, repeats, dim=None, *, output_size=None: gradus.repeat(x, repeats, dim),
    "take_along_dim": lambda x, places, dim=None: gradus.take_along_axis(
        x, places if dim is not None else places.reshape(-1), dim
    ),
    "searchsorted": lambda *args, out_int32=False, **options: _int32(gradus.searchsorted(*args, **options), out_int32),
    "bucketize": lambda x, b, *, out_int32=False, right=False: _int32(gradus.bucketize(x, b, right), out_int32),
    "angle": lambda x: gradus.where(x < 0, math.pi, gradus.where(x == x, gradus.zeros_like(x), x)),
    "histc": lambda x, bins=100, min=0, max=0: (
        gradus.histogram(x, bins, (min, max) if (min, max) != (0, 0) else None).counts.astype(x.dtype)
    ),
    "gradient": lambda x, *, spacing=None, dim=None, edge_order=1: _as_list(
        gradus.gradient(x, *_spacing(spacing), axis=dim, edge_order=edge_order)
    ),
    "cov": lambda x, *, correction=1, fweights=None, aweights=None: gradus.cov(x, correction, fweights, aweights),
    "as_strided": lambda x, size, stride, storage_offset=0: x.reshape(-1)[_strided(size, stride, storage_offset)],
    "as_strided_copy": lambda x, size, stride, storage_offset=0: x.reshape(-1)[_strided(size, stride, storage_offset)],
    "slice": lambda x, dim=0, start=None, end=None, step=1: x[(*[slice(None)] * dim, slice(start, end, step))],
    "slice_scatter": lambda x, y, dim=0, start=None, end=None, step=1: _with(
        x, (*[slice(None)] * dim, slice(start, end, step)), y
    ),
    "diagonal_scatter": lambda x, y, offset=0, dim1=0, dim2=1: _with_diagonal(x, y, offset, dim1, dim2),
    "as_strided_scatter": lambda x, y, size, stride, storage_offset=0: _with(
        x.reshape(-1), _strided(size, stride, storage_offset), y
    ).reshape(x.shape),
    "put": lambda x, places, y, accumulate=False: gradus.index_put(
        x.reshape(-1), (places.reshape(-1),), y.reshape(-1), accumulate
    ).reshape(x.shape),
    "index_put": lambda x, places, y, accumulate=False: gradus.index_put(x, places, y, accumulate),
    "sum_to_size": lambda x, *size: _summed_to(x, tuple(size[0]) if size and not isinstance(size[0], int) else size),
    "renorm": lambda x, p, dim, maxnorm: _renormed(x, p, dim % x.ndim, maxnorm),
    **{
        f"mvlgamma.mvlgamma_p_{p}": (
            lambda x, p: p * (p - 1) / 4 * math.log(math.pi) + sum(gradus.lgamma(x - i / 2) for i in range(p))
        )
        for p in (1, 3, 5)
    },
    "special.modified_bessel_i0": lambda x: gradus.i0(x),
    "special.modified_bessel_i1": lambda x: gradus.i1(x),
    "special.spherical_bessel_j0": lambda x: gradus.sinc(x / math.pi),
    "unravel_index": lambda x, shape: gradus.unravel_index(x, shape),
    "new_empty": lambda x, shape, **k: gradus.empty(shape, dtype=k.get("dtype") or x.dtype),
    "empty_permuted": lambda shape, order, **k: gradus.empty(shape, dtype=k.get("dtype") or "float64"),
    "empty_strided": lambda shape, stride, **k: gradus.empty(shape, dtype=k.get("dtype") or "float64"),
    "new_empty_strided": lambda x, shape, stride, **k: gradus.empty(shape, dtype=k.get("dtype") or x.dtype),
    "uniform": lambda x, low=0.0, high=1.0: low + (high - low) * gradus.rand_like(x),
    "normal.in_place": lambda x, mean=0.0, std=1.0: mean + std * gradus.randn_like(x),
    "normal": lambda mean, std=1.0: mean + std * gradus.randn_like(mean),
    "log_normal": lambda x, mean=1.0, std=2.0: gradus.exp(mean + std * gradus.randn_like(x)),
    "exponential": lambda x, rate=1.0: -gradus.log1p(-gradus.rand_like(x)) / rate,
    "cauchy": lambda x, median=0.0, sigma=1.0: median + sigma * gradus.tan(math.pi * (gradus.rand_like(x) - 0.5)),
    "geometric": lambda x, p: gradus.ceil(gradus.log1p(-gradus.rand_like(x)) / math.log1p(-p)),
    "msort": lambda x: gradus.sort(x, 0) if x.ndim else x,
}


def _each(function: Callable[..., Any], x: Any) -> Any:
    return function(*x) if isinstance(x, (list, tuple)) else function(x)


def _as_list(found: Any) -> list[Any]:
    return found if isinstance(found, list) else [found]


def _spacing(given: Any) -> tuple[Any, ...]:
    return () if given is None else tuple(given) if isinstance(given, (list, tuple)) else (given,)


def _int32(found: Any, wanted: bool) -> Any:
    return found.astype("int32") if wanted else found


def _strided(size: Any, stride: Any, start: int) -> Any:
    """The numbers, in memory, of elements so many steps apart."""
    places = start + sum((s * i for s, i in zip(stride, np.indices(tuple(size)), strict=True)), np.zeros(size, int))
    return gradus.tensor(np.asarray(places))


def _with(x: Any, key: Any, value: Any) -> Any:
    y = x.copy()
    y[key] = value
    return y


def _with_diagonal(x: Any, y: Any, offset: int, dim1: int, dim2: int) -> Any:
    places = gradus.diagonal(gradus.arange(x.size).reshape(x.shape), offset, dim1, dim2)
    return _with(x.reshape(-1), places, y).reshape(x.shape)


def _summed_to(x: Any, shape: tuple[int, ...]) -> Any:
    x = x.sum(tuple(range(x.ndim - len(shape)))) if x.ndim > len(shape) else x
    axes = tuple(i for i, n in enumerate(shape) if n == 1)
    return x.sum(axes, keepdims=True) if axes else x


def _renormed(x: Any, p: float, dim: int, most: float) -> Any:
    others = tuple(a for a in range(x.ndim) if a != dim)
    size = gradus.norm(x, p, others, keepdims=True)
    return gradus.where(size > most, x * (most / (size + 1e-7)), x)


def _layer_norm(x: Any, shape: Any, weight: Any, bias: Any, eps: float) -> Any:
    axes = tuple(range(-len(shape), 0))
    mean, var = x.mean(axes, keepdims=True), x.var(axes, keepdims=True)
    return F.layer_norm(x, shape, weight, bias, eps), mean.detach(), (1 / gradus.sqrt(var + eps)).detach()


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


WRITTEN |= {**MASKED, **MATRICES, **WINDOWS}


def expression(name: str) -> Callable[..., Any] | None:
    """What one writes in gradus for an operation of PyTorch; None if there is nothing."""
    if name in WRITTEN:
        return WRITTEN[name]
    plain = name
    if plain.startswith(("scatter_reduce.", "index_reduce.")):
        plain = plain.split(".")[0]
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
