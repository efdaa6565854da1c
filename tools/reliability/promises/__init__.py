"""The promises in the order of the page, one a file."""

from .bits import BITS
from .faults import FAULTS
from .files import FILES
from .growth import GROWTH
from .killed import KILLED
from .mistakes import MISTAKES
from .others import OTHERS
from .sources import SOURCES

PROMISES = (KILLED, BITS, SOURCES, MISTAKES, FILES, OTHERS, GROWTH, FAULTS)
