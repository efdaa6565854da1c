"""Optimizers, schedules of the learning rate, and gradient clipping."""

from typing import TYPE_CHECKING

from .._offers import offers
from ..names.elsewhere import door as _door
from ..names.options import understood_all
from ..names.rooms import offered
from . import schedules
from .adafactor import *
from .adagrad import *
from .adam import *
from .adam_variants import *
from .averaged import *
from .clip import *
from .lbfgs import *
from .muon import *
from .optimizer import *
from .plateau import *
from .rmsprop import *
from .sgd import *
from .signs import *

__all__ = [*offers(__name__), "schedules"]

understood_all(globals(), __all__)
understood_all(vars(schedules), offered("optim.schedules"))

if not TYPE_CHECKING:  # type checkers know the names, and find misspelt ones
    __getattr__ = _door("optim")
