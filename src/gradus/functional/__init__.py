"""What is computed without parameters of its own: activations, sums, convolution, pooling, normalisation, losses.

Everything here is composed of the primitives in `gradus.ops`; some of it eager mode does in one piece
(`ops/core/by_hand.py`). The layers of `gradus.nn` are made from these functions.
"""

from typing import TYPE_CHECKING

from .._offers import offers
from ..names.elsewhere import door as _door
from ..names.options import understood_all
from ..ops import log_softmax, relu, sigmoid, softmax, tanh
from .activations import *
from .adaptive_pool import *
from .attention import *
from .conv import *
from .distances import *
from .dropout import *
from .linear import *
from .losses.classes import *
from .losses.margins import *
from .losses.numbers import *
from .losses.probabilities import *
from .losses.sequences import *
from .norm import *
from .padding import *
from .pictures.grids import *
from .pictures.resizing import *
from .pool import *
from .recurrent import *

__all__ = [*offers(__name__), "log_softmax", "relu", "sigmoid", "softmax", "tanh"]

understood_all(globals(), __all__)

if not TYPE_CHECKING:  # type checkers know the names, and find misspelt ones
    __getattr__ = _door("nn.functional")
