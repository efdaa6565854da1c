"""The promises in the order of the page, one a file."""

from .sources import SOURCES

PROMISES = (SOURCES,)
