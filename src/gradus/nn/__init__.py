"""Layers, and what models are built of."""

import sys
from typing import TYPE_CHECKING

from .. import functional
from .._offers import offers
from ..names.elsewhere import door as _door
from ..names.options import understood_all
from ..names.rooms import offered
from .core import init
from .core.containers import *
from .core.module import *
from .core.parameters import *
from .core.summary import *
from .core.unsized import *
from .layers.activation import *
from .layers.adaptive import *
from .layers.attention import *
from .layers.conv import *
from .layers.dropout import *
from .layers.lazy import *
from .layers.linear import *
from .layers.losses import *
from .layers.norm import *
from .layers.padding import *
from .layers.pooling import *
from .layers.recurrent import *
from .layers.reparametrised import *
from .layers.resizing import *
from .layers.transformer import *

sys.modules[f"{__name__}.functional"] = functional  # so that `import gradus.nn.functional as F` works, too
sys.modules[f"{__name__}.init"] = init

__all__ = [*offers(__name__), "functional", "init"]

understood_all(globals(), __all__)
understood_all(vars(init), offered("nn.init"))

if not TYPE_CHECKING:  # type checkers know the names, and find misspelt ones
    __getattr__ = _door("nn")
