"""Functions of functions: gradients of one's own, derivatives whole, and one example's function for a batch of them."""

from typing import TYPE_CHECKING

from ..names.elsewhere import door as _door

if not TYPE_CHECKING:  # what torchvision has under this name is told
    __getattr__ = _door("transforms")
