"""Second names: what PyTorch, the array API or NumPy itself calls otherwise, with the same meaning and arguments.

Gradus' functions of arrays have NumPy's names. Another name is another word for the same function where that costs
nothing and hides nothing; where arguments or results differ, it is refused with what to write (`gradus.names`).
"""

from __future__ import annotations

from .._methods import method
from .core.primitive import FUNCTIONS
from .elementwise.angles import arccos, arccosh, arcsin, arcsinh, arctan, arctan2, arctanh, deg2rad, rad2deg
from .elementwise.arithmetic import absolute, copy, divide, multiply, negative, power, remainder, subtract
from .elementwise.bits import invert, left_shift, right_shift
from .elementwise.comparison import equal, greater, greater_equal, less, less_equal, not_equal
from .elementwise.derived import clip
from .elementwise.rounding import trunc
from .elementwise.special import digamma
from .making.create import zeros, zeros_like
from .products.matmul import matmul
from .reductions.extremes import min
from .reductions.neighbours import trapezoid
from .reductions.reduce import max
from .shapes.axes import moveaxis
from .shapes.movement import broadcast_to, expand_dims, permute
from .shapes.repeating import broadcast_tensors, repeat
from .shapes.slicing import concatenate, vstack
from .shapes.splitting import array_split, unstack

abs = absolute
acos = arccos
acosh = arccosh
amax = max
amin = min
asin = arcsin
asinh = arcsinh
atan = arctan
atan2 = arctan2
atanh = arctanh
bitwise_invert = invert
bitwise_left_shift = left_shift
bitwise_not = invert
bitwise_right_shift = right_shift
bmm = matmul
broadcast_arrays = broadcast_tensors
cat = concatenate
clamp = clip
clone = copy
concat = concatenate
degrees = rad2deg
div = divide
empty = zeros  # no number of it means anything
empty_like = zeros_like
eq = equal
expand = broadcast_to
fix = trunc
ge = greater_equal
gt = greater
le = less_equal
lt = less
mm = matmul
mod = remainder
movedim = moveaxis
mul = multiply
ne = not_equal
neg = negative
permute_dims = permute
pow = power
psi = digamma
radians = deg2rad
repeat_interleave = repeat
row_stack = vstack
sub = subtract
tensor_split = array_split
trapz = trapezoid
true_divide = divide
unbind = unstack
unsqueeze = expand_dims

__all__ = [
    "abs",
    "acos",
    "acosh",
    "amax",
    "amin",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "bitwise_invert",
    "bitwise_left_shift",
    "bitwise_not",
    "bitwise_right_shift",
    "bmm",
    "broadcast_arrays",
    "cat",
    "clamp",
    "clone",
    "concat",
    "degrees",
    "div",
    "empty",
    "empty_like",
    "eq",
    "expand",
    "fix",
    "ge",
    "gt",
    "le",
    "lt",
    "mm",
    "mod",
    "movedim",
    "mul",
    "ne",
    "neg",
    "permute_dims",
    "pow",
    "psi",
    "radians",
    "repeat_interleave",
    "row_stack",
    "sub",
    "tensor_split",
    "trapz",
    "true_divide",
    "unbind",
    "unsqueeze",
]

for _name in __all__:
    _entry = FUNCTIONS.get(globals()[_name].__name__)
    if _entry is not None and (_entry.methods or _name == "repeat_interleave"):
        method(_name)(globals()[_name])
