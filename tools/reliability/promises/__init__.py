"""The promises in the order of the page, one a file."""

from .faults import FAULTS
from .growth import GROWTH
from .mistakes import MISTAKES
from .sources import SOURCES

PROMISES = (SOURCES, MISTAKES, GROWTH, FAULTS)
