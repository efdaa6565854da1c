"""The promises in the order of the page, one a file."""

from .faults import FAULTS
from .sources import SOURCES

PROMISES = (SOURCES, FAULTS)
