"""Values and gradients at the ends of the numbers against PyTorch's; where the two differ stands in a list."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

from oracles import NO_GRADIENT, oracle  # noqa: E402

import gradus  # noqa: E402
from gradus import functional as F  # noqa: E402
from gradus.ops.core.primitive import FUNCTIONS  # noqa: E402

T = torch.nn.functional
INF, NAN = float("inf"), float("nan")
NUMBERS = np.array(
    [INF, -INF, NAN, 0.0, -0.0, 1, -1, 0.5, -0.5, 1.5, 2.5, -2.5, 3, -3, 1e-45, -1e-45, 1e-38, -1e-38, 1e-20, -1e-8,
     1e-8, 3.4e38, -3.4e38, 1e30, -1e30, 1e19, 20, -20, 50, -50, 88, -87, 104, -104, 16777217, 2147483648, 1e10, -1e10]
)  # fmt: skip
LEFT_OUT = {"bitwise_and", "bitwise_or", "bitwise_xor", "invert", "right_shift", "copy", "where"}
LEFT_OUT |= {"left_shift", "nextafter"}
LEFT_OUT |= {"fmax", "fmin"}  # theirs gives the whole gradient to the first of equals
LEFT_OUT.add("lerp")  # theirs has two formulas, which overflow at other places
LEFT_OUT.add("fmod")  # theirs is NaN of tiny divisors, and has another infinity for a gradient
LEFT_OUT.add("remainder")  # theirs goes through the quotient, which overflows; `test_ops.py` has NumPy's
ELEMENTWISE = [name for name, f in FUNCTIONS.items() if f.elementwise and name not in LEFT_OUT]


def _none(loss: Any) -> Any:
    return lambda x, y: loss(x, y, reduction="none")


ours: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "leaky_relu": (F.leaky_relu, T.leaky_relu),
    "elu": (F.elu, T.elu),
    "silu": (F.silu, T.silu),
    "hard_sigmoid": (F.hard_sigmoid, T.hardsigmoid),
    "clip": (lambda x: x.clip(-3, 3), lambda x: x.clamp(-3, 3)),
    "huber": (lambda x: _none(F.huber_loss)(x, x.full_like(0)), lambda x: _none(T.huber_loss)(x, torch.zeros_like(x))),
    "l1": (lambda x: _none(F.l1_loss)(x, x.full_like(0)), lambda x: _none(T.l1_loss)(x, torch.zeros_like(x))),
    "mse": (lambda x: _none(F.mse_loss)(x, x.full_like(0)), lambda x: _none(T.mse_loss)(x, torch.zeros_like(x))),
    "softmax": (lambda x: F.softmax(gradus.stack([x, x.full_like(0)]), 0)[0],
                lambda x: T.softmax(torch.stack([x, torch.zeros_like(x)]), 0)[0]),
    "log_softmax": (lambda x: F.log_softmax(gradus.stack([x, x.full_like(0)]), 0)[0],
                    lambda x: T.log_softmax(torch.stack([x, torch.zeros_like(x)]), 0)[0]),
    "logsumexp": (lambda x: gradus.logsumexp(gradus.stack([x, x.full_like(1)]), 0),
                  lambda x: torch.logsumexp(torch.stack([x, torch.ones_like(x)]), 0)),
    "scores, yes": (lambda x: _none(F.binary_cross_entropy_with_logits)(x, x.full_like(1)),
                    lambda x: _none(T.binary_cross_entropy_with_logits)(x, torch.ones_like(x))),
    "scores, no": (lambda x: _none(F.binary_cross_entropy_with_logits)(x, x.full_like(0)),
                   lambda x: _none(T.binary_cross_entropy_with_logits)(x, torch.zeros_like(x))),
}  # fmt: skip
TABLE = {name: (FUNCTIONS[name].function, oracle(name)) for name in ELEMENTWISE} | ours

# where gradus has another number on purpose, or a better one: function, value or gradient, at which numbers
DIFFERENT: dict[tuple[str, str], Callable[[Any], Any]] = {
    ("sign", "value"): np.isnan,
    ("absolute", "gradient"): np.isnan,
    ("l1", "gradient"): np.isnan,
    ("clip", "gradient"): np.isnan,
    ("hard_sigmoid", "gradient"): lambda x: ~(abs(x) >= 3),  # theirs is 1/6 in float32
    ("elu", "gradient"): np.isnan,  # e^NaN
    ("expm1", "gradient"): lambda x: x < -10,  # theirs is y + 1, which loses digits
    ("sigmoid", "value"): lambda x: x < -87,  # theirs is 0 where e^x is denormal
    ("sigmoid", "gradient"): lambda x: x < -87,
    ("scores, yes", "value"): np.isinf,  # theirs is NaN
    ("scores, no", "value"): lambda x: x == -INF,
    ("sinc", "gradient"): lambda x: abs(x) < 1e-6,  # in theirs all digits cancel
    ("hypot", "gradient"): lambda x: x == 0,  # theirs is NaN at the origin
    ("logaddexp", "gradient"): np.isinf,  # theirs is NaN of equal ones
    ("copysign", "gradient"): lambda x: ~np.isfinite(x),  # theirs is NaN
    ("arctan2", "gradient"): lambda x: abs(x) < 1e-15,  # theirs divides by a square, which is 0
    ("xlogy", "gradient"): lambda x: x == 0,  # theirs is NaN or infinite where x2 is 0 or infinite, too
    ("logit", "gradient"): lambda x: ~((x > 0) & (x < 1)),  # theirs is NaN
    ("heaviside", "value"): np.isnan,  # theirs is 0
    ("i0", "value"): np.isinf,  # theirs is NaN
    ("i0", "gradient"): np.isinf,
    ("i1", "value"): np.isinf,
    ("i1", "gradient"): lambda x: ~np.isfinite(x),  # theirs is NaN of infinities, and 1/2 of NaN
    ("i1e", "gradient"): np.isnan,
    ("softplus", "value"): lambda x: x > 20,  # theirs is x
    ("softplus", "gradient"): lambda x: x > 20,
}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", TABLE)
def test_values_and_gradients_at_extremes(name: str, dtype: str) -> None:
    function, theirs_is = TABLE[name]
    count = len(FUNCTIONS[name].cases[0].shapes) if name in ELEMENTWISE else 1
    xs = [np.array(column, dtype) for column in zip(*itertools.product(NUMBERS, repeat=count), strict=True)]
    leaves = [gradus.tensor(x, requires_grad=True) for x in xs]
    theirs = [torch.tensor(x, requires_grad=True) for x in xs]
    y, expected = function(*leaves), theirs_is(*theirs)
    close(name, "value", y, expected, xs)
    if y.requires_grad and expected.requires_grad and name not in NO_GRADIENT:
        wanted = torch.autograd.grad(expected.sum(), theirs, allow_unused=True)
        for g, w in zip(gradus.grad(y.sum(), leaves), wanted, strict=True):
            close(name, "gradient", g, torch.zeros(len(xs[0])) if w is None else w, xs)


def close(name: str, what: str, found: Any, expected: Any, xs: list[np.ndarray]) -> None:
    """Equal but for rounding, where the two should be."""
    a, b = found.numpy(), expected.detach().numpy()
    same = ~DIFFERENT.get((name, what), np.zeros_like)(xs[0]).astype(bool)
    rtol, atol = (2e-6, 3e-7) if xs[0].dtype == np.float32 else (1e-12, 1e-15)
    if name in FUNCTIONS and what == "value":
        atol = 3e-45 if xs[0].dtype == np.float32 else 1e-320
    np.testing.assert_allclose(a[same], b[same], rtol=rtol, atol=atol, err_msg=f"{name}, {what}")
