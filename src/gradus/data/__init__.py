"""Data: sets in memory, batches, sequences of many lengths, tables, texts, windows of series, readers of files, and
changes of pictures.

Each file says in its `__all__` what it offers.
"""

from typing import TYPE_CHECKING

from .._offers import offers
from ..names.elsewhere import door as _door
from ..names.options import understood_all
from .augment.blots import *
from .augment.change import *
from .augment.colours import *
from .augment.flips_and_crops import *
from .augment.geometry import *
from .augment.mixing import *
from .batch_samplers import *
from .collate import *
from .dataset import *
from .iterable import *
from .joined import *
from .loader import *
from .made import *
from .preprocessing.arrays import *
from .preprocessing.kinds import *
from .preprocessing.overview import *
from .preprocessing.pictures import *
from .preprocessing.preprocessing import *
from .preprocessing.table import *
from .preprocessing.targets import *
from .readers.cifar import *
from .readers.folders import *
from .readers.idx import *
from .readers.images import *
from .reading import *
from .samplers import *
from .sequences import *
from .splits import *
from .tables.csv import *
from .tables.standardizer import *
from .tables.table import *
from .tables.transform import *
from .text.byte_pairs import *
from .text.read import *
from .text.tokens import *
from .text.vocabulary import *
from .text.windows import *
from .windows import *

__all__ = offers(__name__)

understood_all(globals(), __all__)

if not TYPE_CHECKING:  # type checkers know the names, and find misspelt ones
    __getattr__ = _door("data")
