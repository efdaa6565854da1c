"""The promises in the order of the page, one a file."""

from .faults import FAULTS
from .growth import GROWTH
from .killed import KILLED
from .mistakes import MISTAKES
from .sources import SOURCES

PROMISES = (KILLED, SOURCES, MISTAKES, GROWTH, FAULTS)
