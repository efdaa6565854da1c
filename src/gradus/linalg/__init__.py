"""Linear algebra, with NumPy's names: matrices (..., m, n) and batches of them. In eager code; compiled functions
refuse what is here and has no kernel there: all but `norm` and its like, `matrix_power`, `multi_dot` and products."""

from typing import TYPE_CHECKING

from .._offers import offers
from ..names.elsewhere import door as _door
from ..names.options import understood_all
from .equations import *
from .matrices import *
from .norms import *
from .powers import *
from .products import *

__all__ = offers(__name__)

understood_all(globals(), __all__)

if not TYPE_CHECKING:  # type checkers know the names, and find misspelt ones
    __getattr__ = _door("linalg")
