"""Distributions: probabilities of values, entropies, divergences, and samples through which gradients flow.

The names and shapes are PyTorch's. Everything is composed of Tensor operations, and works in compiled functions.
"""

from typing import TYPE_CHECKING

from .._offers import offers
from ..names.elsewhere import door as _door
from ..names.options import understood_all
from .classes import *
from .core import *
from .gammas import *
from .kl import *
from .located import *
from .multivariate import *

__all__ = [*offers(__name__)]

understood_all(globals(), __all__)

if not TYPE_CHECKING:  # type checkers know the names, and find misspelt ones
    __getattr__ = _door("distributions")
