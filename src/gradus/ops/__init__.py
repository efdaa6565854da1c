"""The functions of arrays: primitives, a folder for each kind, and what is composed of them.

Each file says in its `__all__` what it offers; all of that is in `gradus`, too.
"""

from typing import TYPE_CHECKING

from .._offers import offers
from ..names.elsewhere import door as _door
from . import as_methods  # noqa: F401 - makes methods
from .aliases import *
from .elementwise.angles import *
from .elementwise.arithmetic import *
from .elementwise.bits import *
from .elementwise.choice import *
from .elementwise.comparison import *
from .elementwise.derived import *
from .elementwise.discrete import *
from .elementwise.functions import *
from .elementwise.logic import *
from .elementwise.rounding import *
from .elementwise.special import *
from .making.create import *
from .making.types import *
from .making.windows import *
from .order.finding import *
from .order.groups import *
from .order.quantiles import *
from .order.searching import *
from .order.sorting import *
from .places.along import *
from .places.index import *
from .places.inplace import *
from .places.numbered import *
from .places.put import *
from .products.einsum import *
from .products.matmul import *
from .products.vectors import *
from .reductions.averages import *
from .reductions.extremes import *
from .reductions.neighbours import *
from .reductions.norms import *
from .reductions.pairs import *
from .reductions.reduce import *
from .reductions.running import *
from .reductions.softmax import *
from .reductions.truths import *
from .shapes.axes import *
from .shapes.diagonals import *
from .shapes.movement import *
from .shapes.padding import *
from .shapes.repeating import *
from .shapes.slicing import *
from .shapes.splitting import *
from .shapes.window import *

__all__ = offers(__name__)

if not TYPE_CHECKING:
    __getattr__ = _door("ops")
