"""Functions that stand between layers: each makes z, the sum a neuron gathers, into what it passes on."""

from __future__ import annotations

import math
from typing import Any

from .. import random
from ..dtypes import accumulator
from ..errors import ArgumentError, ShapeError, one_of
from ..ops import arange, expm1, log, maximum, sigmoid, sign, softmax, where
from ..ops import softplus as _softplus
from ..ops.core.primitive import promote
from ..ops.core.wide import in_float32, of_dtype
from ..tensor import Tensor
from .checks import in_range

__all__ = [
    "celu",
    "elu",
    "gelu",
    "glu",
    "gumbel_softmax",
    "hard_sigmoid",
    "hardshrink",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "identity",
    "leaky_relu",
    "logsigmoid",
    "mish",
    "prelu",
    "relu6",
    "rrelu",
    "selu",
    "silu",
    "softmin",
    "softplus",
    "softshrink",
    "softsign",
    "step",
    "tanhshrink",
    "threshold",
]


def _float(x: Any) -> Tensor:
    return promote(x, floats=True)[0]


def identity(x: Any) -> Tensor:
    """x itself.

    >>> identity([1.0, -1.0])
    tensor([ 1., -1.])
    """
    return promote(x)[0]


def step(x: Any) -> Tensor:
    """1 where x > 0, else 0: the neuron of McCulloch and Pitts (1943). Gradient: 0.

    >>> step([-0.5, 0.0, 0.5])
    tensor([0., 0., 1.])
    """
    return maximum(sign(_float(x)), 0)


def leaky_relu(x: Any, negative_slope: float = 0.01) -> Tensor:
    """x where x > 0, else negative_slope x (Maas et al., 2013).

    >>> leaky_relu([-1.0, 2.0], negative_slope=0.1)
    tensor([-0.1,  2. ])
    """
    z = _float(x)
    return where(z > 0, z, z * negative_slope)


def elu(x: Any, alpha: float = 1.0) -> Tensor:
    """x where x > 0, else alpha (e^x - 1) (Clevert et al., 2015).

    >>> elu([0.0, 2.0])
    tensor([0., 2.])
    """
    z = _float(x)
    return where(z > 0, z, alpha * expm1(where(z > 0, 0, z)))  # e^x of a large x must not reach the gradient


def gelu(x: Any, approximate: str = "none") -> Tensor:
    """x P(N < x) for a normal N: x erfc(-x / sqrt 2) / 2 (Hendrycks and Gimpel, 2016).

    Args:
        approximate: "none", or "tanh" for x (1 + tanh(u)) / 2 = x sigmoid(2 u), u = sqrt(2 / pi) (x + 0.044715 x^3).

    Exact for x far below 0, too, where 1 + erf and 1 + tanh would lose their digits.

    >>> gelu([-1.0, 0.0, 1.0])
    tensor([-0.15865526,  0.        ,  0.8413447 ])
    """
    z = _float(x)
    if one_of("gelu", "approximate", approximate, ("none", "tanh")) == "none":
        return z * 0.5 * (z * -math.sqrt(0.5)).erfc()
    c = z.clip(-25, 25)  # where the sigmoid is 0 or 1, and before the cube overflows
    return z * sigmoid(math.sqrt(8 / math.pi) * (c + 0.044715 * c * c * c))


def silu(x: Any) -> Tensor:
    """x sigmoid(x), also called swish (Elfwing et al., 2017).

    >>> silu([0.0, 100.0])
    tensor([  0., 100.])
    """
    z = _float(x)
    return z * sigmoid(z)


def hard_sigmoid(x: Any) -> Tensor:
    """A sigmoid of three straight lines: x / 6 + 1/2, cut off at 0 and 1. Gradient: g / 6 where |x| < 3, else 0.

    >>> hard_sigmoid([-4.0, 0.0, 4.0])
    tensor([0. , 0.5, 1. ])
    """
    z = _float(x)
    return where(z <= -3, 0, where(z >= 3, 1, z / 6 + 0.5))


@of_dtype
def softmin(x: Any, axis: int = -1, *, dtype: Any = None) -> Tensor:
    """softmax(-x).

    >>> softmin([0.0, 1000.0])
    tensor([1., 0.])
    """
    return softmax(-_float(x), axis)


@in_float32
def softplus(x: Any, beta: float = 1.0, threshold: float = math.inf) -> Tensor:
    """log(1 + e^(beta x)) / beta, without overflow: a smooth ReLU. Where beta x > threshold it is x.

    >>> f"{softplus(1.0).item():.4f}"
    '1.3133'
    """
    z = _float(x)
    if beta == 1 and threshold == math.inf:
        return _softplus(z)
    straight = z * beta > threshold
    return where(straight, z, _softplus(where(straight, 0, z) * beta) / beta)


hardsigmoid = hard_sigmoid  # PyTorch's name


def selu(x: Any) -> Tensor:
    """s x where x > 0, else s a (e^x - 1), with s and a for which mean 0 and variance 1 stay (Klambauer et al., 2017).

    >>> selu([1.0])
    tensor([1.050701])
    """
    return 1.0507009873554805 * elu(x, 1.6732632423543772)


def celu(x: Any, alpha: float = 1.0) -> Tensor:
    """x where x > 0, else alpha (e^(x / alpha) - 1) (Barron, 2017).

    >>> celu([0.0, 2.0])
    tensor([0., 2.])
    """
    z = _float(x)
    return where(z > 0, z, alpha * expm1(where(z > 0, 0, z / alpha)))


def mish(x: Any) -> Tensor:
    """x tanh(log(1 + e^x)) (Misra, 2019).

    >>> mish([0.0, 100.0])
    tensor([  0., 100.])
    """
    z = _float(x)
    return z * _softplus(z).tanh()


def glu(x: Any, axis: int = -1) -> Tensor:
    """a sigmoid(b), with a and b the halves of x along `axis` (Dauphin et al., 2017).

    >>> glu([2.0, 0.0])
    tensor([1.])
    """
    a, b = _float(x).split(2, axis)
    return a * sigmoid(b)


def prelu(x: Any, weight: Any) -> Tensor:
    """x where x > 0, else weight x: a slope that is learned, one or one a channel, axis 1 (He et al., 2015).

    >>> prelu([-2.0, 2.0], [0.25])
    tensor([-0.5,  2. ])
    """
    z, slope = promote(x, weight, floats=True)
    if slope.size != 1:
        channels = z.shape[1] if z.ndim > 1 else z.size
        if slope.shape != (channels,):
            raise ShapeError(f"prelu: x has shape {z.shape}, weight {slope.shape}", "It is one, or one a channel.")
        slope = slope.reshape(-1, *(1,) * max(z.ndim - 2, 0))
    elif slope.ndim:
        slope = slope.reshape(())
    return where(z > 0, z, slope * z)


def rrelu(x: Any, lower: float = 1 / 8, upper: float = 1 / 3, training: bool = False) -> Tensor:
    """x where x > 0, else a x, with a drawn anew between lower and upper, outside training their mean.

    Of Xu et al. (2015).

    >>> rrelu([-24.0, 1.0])
    tensor([-5.5,  1. ])
    """
    if lower > upper:
        raise ArgumentError(f"rrelu: lower is {lower}, above upper, {upper}")
    z = _float(x)
    if not training:
        return leaky_relu(z, (lower + upper) / 2)
    return where(z > 0, z, z * (lower + (upper - lower) * random.rand(z.shape).astype(z.dtype)))


def gumbel_softmax(logits: Any, tau: float = 1.0, hard: bool = False, axis: int = -1) -> Tensor:
    """A class drawn with probabilities softmax(z), softly: softmax((z + noise) / tau), through which gradients flow.

    Of Jang et al. (2017). With `hard` the class as a row of one 1 and zeros, whose gradient is that of the soft one.

    >>> gumbel_softmax([-100.0, 100.0], hard=True)
    tensor([0., 1.])
    """
    z = _float(logits)
    noise = -log(-log(maximum(random.rand(z.shape, dtype=accumulator(z.dtype)), 2.0**-25)))
    soft = softmax((z + noise.astype(z.dtype)) / tau, axis)
    if not hard:
        return soft
    places = arange(z.shape[axis]).reshape(-1, *(1,) * (-axis - 1 if axis < 0 else z.ndim - axis - 1))
    chosen = (places == soft.argmax(axis, keepdims=True)).astype(z.dtype)
    return soft + (chosen - soft).detach()


def relu6(x: Any) -> Tensor:
    """x cut off at 0 and 6. Gradient: g where 0 < x < 6, else 0.

    >>> relu6([-1.0, 3.0, 9.0])
    tensor([0., 3., 6.])
    """
    return hardtanh(x, 0.0, 6.0)


def hardtanh(x: Any, min_val: float = -1.0, max_val: float = 1.0) -> Tensor:
    """x cut off at min_val and max_val. Gradient: g between, else 0.

    >>> hardtanh([-2.0, 0.5])
    tensor([-1. ,  0.5])
    """
    if min_val > max_val:
        raise ArgumentError(f"hardtanh: min_val is {min_val}, above max_val, {max_val}")
    z = promote(x)[0]
    return where(z <= min_val, min_val, where(z >= max_val, max_val, z))


def hardswish(x: Any) -> Tensor:
    """x hard_sigmoid(x) (Howard et al., 2019).

    >>> hardswish([-4.0, 0.0, 4.0]).tolist()
    [-0.0, 0.0, 4.0]
    """
    z = _float(x)
    return where(z <= -3, z * 0, where(z >= 3, z, z * (z / 6 + 0.5)))


def logsigmoid(x: Any) -> Tensor:
    """log(sigmoid(x)) = -log(1 + e^-x), without overflow.

    >>> logsigmoid([0.0, -1000.0])
    tensor([-6.931472e-01, -1.000000e+03])
    """
    return -_softplus(-_float(x))


def softsign(x: Any) -> Tensor:
    """x / (1 + |x|).

    >>> softsign([1.0, -3.0])
    tensor([ 0.5 , -0.75])
    """
    z = _float(x)
    return z / (1 + z.absolute())


def tanhshrink(x: Any) -> Tensor:
    """x - tanh(x).

    >>> tanhshrink([0.0, 20.0])
    tensor([ 0., 19.])
    """
    z = _float(x)
    return z - z.tanh()


def softshrink(x: Any, lambd: float = 0.5) -> Tensor:
    """x brought nearer to 0 by lambd; 0 where it is nearer already.

    >>> softshrink([-1.0, 0.25, 2.0])
    tensor([-0.5,  0. ,  1.5])
    """
    in_range("softshrink", "lambd", lambd, "[0, inf)")
    z = _float(x)
    return where(z > lambd, z - lambd, where(z < -lambd, z + lambd, z * 0))


def hardshrink(x: Any, lambd: float = 0.5) -> Tensor:
    """x, but 0 where |x| <= lambd.

    >>> hardshrink([-1.0, 0.25, 2.0])
    tensor([-1.,  0.,  2.])
    """
    z = _float(x)
    return where((z >= -lambd) & (z <= lambd), 0, z)


def threshold(x: Any, threshold: float, value: float) -> Tensor:
    """x where it is above the threshold, else the value.

    >>> threshold([0.1, 2.0], 1.0, 20.0)
    tensor([20.,  2.])
    """
    z = promote(x)[0]
    return where(z <= threshold, value, z)
