"""What PyTorch calls an operation, and what one writes in gradus for it.

An operation that is not listed is looked for under its own name: in `gradus`, `gradus.nn.functional`, `gradus.linalg`,
among Tensor's methods. Arguments keep their order; PyTorch's names of them (`dim`, `keepdim`) are taken as given.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradus
from gradus.nn import functional as F

SAME = {  # other names of the same function
    "clamp": "clip",
    "abs": "absolute",
    "neg": "negative",
    "cat": "concatenate",
    "unsqueeze": "expand_dims",
    "mul": "multiply",
    "sub": "subtract",
    "pow": "power",
    "eq": "equal",
    "ne": "not_equal",
    "gt": "greater",
    "ge": "greater_equal",
    "lt": "less",
    "le": "less_equal",
    "true_divide": "divide",
    "mm": "matmul",
    "bmm": "matmul",
    "mv": "matmul",
    "dot": "matmul",
    "clone": "copy",
    "bitwise_not": "invert",
    "bitwise_right_shift": "right_shift",
    "unbind": "unstack",
    "float_power": "power",
    "asin": "arcsin",
    "acos": "arccos",
    "atan": "arctan",
    "atan2": "arctan2",
    "asinh": "arcsinh",
    "acosh": "arccosh",
    "atanh": "arctanh",
    "expand": "broadcast_to",
    "view": "reshape",
    "movedim": "moveaxis",
    "index_select": "take",
    "take_along_dim": "take_along_axis",
    "hstack": "hstack",
    "unsafe_chunk": "chunk",
    "unsafe_split": "split",
    "split_with_sizes": "split",
    "positive": "positive",
    "special.entr": "entr",
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


def _swapped(function: str) -> Callable[..., Any]:
    return lambda x, y: getattr(gradus, function)(y, x)


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
    "div.no_rounding_mode": lambda x, y: x / y,
    "div.floor_rounding": lambda x, y, rounding_mode: x // y,
    "div.trunc_rounding": lambda x, y, rounding_mode: gradus.trunc(x / y),  # type: ignore[attr-defined]
    "__radd__": lambda x, y: y + x,
    "__rsub__": lambda x, y: y - x,
    "__rmul__": lambda x, y: y * x,
    "__rdiv__": lambda x, y: y / x,
    "__rpow__": lambda x, y: y**x,
    "__rmod__": lambda x, y: y % x,
    "__rmatmul__": lambda x, y: y @ x,
    "__rand__": lambda x, y: y & x,
    "__ror__": lambda x, y: y | x,
    "__rxor__": lambda x, y: y ^ x,
    "__getitem__": lambda x, *key: x[key[0] if len(key) == 1 else key],
    "max.reduction_with_dim": lambda x, *a, **k: (gradus.max(x, *a, **k), gradus.argmax(x, *a, **k)),
    "min.reduction_with_dim": lambda x, *a, **k: (gradus.min(x, *a, **k), gradus.argmin(x, *a, **k)),
    "max.reduction_no_dim": lambda x: gradus.max(x),
    "min.reduction_no_dim": lambda x: gradus.min(x),
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
    "permute": lambda x, *a, **k: gradus.permute(x, *(*a, *k.values())),
    "permute_copy": lambda x, *a, **k: gradus.permute(x, *(*a, *k.values())),
    "expand_as": lambda x, y: gradus.broadcast_to(x, y.shape),
    "reshape_as": lambda x, y: x.reshape(y.shape),
    "view_as": lambda x, y: x.reshape(y.shape),
    "ravel": lambda x: x.reshape(-1),
    "select": lambda x, dim, index: gradus.take(x, index, dim),
    "item": lambda x: x.item(),
    "xlogy": lambda x, y: gradus.where(
        x == 0, gradus.where(y != y, y, 0 * x), x * gradus.log(gradus.where(x == 0, 1, y))
    ),
    "equal": lambda x, y: x.shape == y.shape and bool((x == y).all()),
    "fill": lambda x, value: gradus.zeros_like(x) + value,
    "zero_": lambda x: gradus.zeros_like(x),
    "double": lambda x: x.astype("float64"),
    "float": lambda x: x.astype("float32"),
    "half": lambda x: x.astype("float16"),
    "bfloat16": lambda x: x.astype("bfloat16"),
    "long": lambda x: x.astype("int64"),
    "int": lambda x: x.astype("int32"),
    "short": lambda x: x.astype("int16"),
    "char": lambda x: x.astype("int8"),
    "byte": lambda x: x.astype("uint8"),
    "bool": lambda x: x.astype(bool),
    "contiguous": lambda x: x.copy(),
    "zeros": lambda shape, **k: gradus.zeros(shape),
    "ones": lambda shape, **k: gradus.ones(shape),
    "log_softmax": lambda x, dim: F.log_softmax(x, dim),
    "softmax": lambda x, dim: F.softmax(x, dim),
    "nn.functional.softmin": lambda x, dim: F.softmax(-x, dim),
    "nn.functional.tanhshrink": lambda x: x - gradus.tanh(x),
    "nn.functional.embedding": lambda weight, x, **options: F.embedding(x, weight, **options),
    "nn.functional.embedding_bag": lambda weight, x, **options: F.embedding_bag(x, weight, **options),
    "nn.functional.upsample_nearest": lambda x, *a, **k: F.interpolate(x, *a, **k),
    "nn.functional.upsample_bilinear": lambda x, *a, **k: F.interpolate(
        x, *a, mode="bilinear", align_corners=True, **k
    ),
    "nn.functional.logsigmoid": lambda x: -F.softplus(-x),
}


EXPLAINED = {  # why samples are not equal, where that is meant
    "nn.functional.soft_margin_loss": "PyTorch's samples have targets other than -1 and +1, which are refused",
    "nn.functional.margin_ranking_loss": "PyTorch's samples have targets other than -1 and +1, which are refused",
    "nn.functional.hinge_embedding_loss": "a sample has a target other than -1 and +1, which is refused",
    "nn.functional.multilabel_soft_margin_loss": "PyTorch's samples have targets outside of [0, 1], which are refused",
    "nn.functional.multi_margin_loss": "scores without axes are refused",
    "nn.functional.multilabel_margin_loss": "scores without axes are refused",
    "nn.functional.triplet_margin_with_distance_loss": "the samples' distance is a function of PyTorch's tensors",
    "nn.functional.ctc_loss": "PyTorch's gradient is that to what came before a log_softmax; ours to its result",
    **dict.fromkeys(
        (f"nn.functional.max_unpool{k}d" for k in (1, 2, 3)),
        "the samples' places come twice: of several numbers at one place PyTorch keeps some one, gradus the mean",
    ),
    "nn.functional.gaussian_nll_loss": "predictions and targets of two shapes are refused, not broadcast",
}


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
    if found is None and "." in plain:
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
