"""Where a number of a batch of images lies: row by row, or with the batch inside (`rewrite/layouts.py` says why)."""

from __future__ import annotations

import math

from ...dtypes import Dtype, bfloat16
from ...ops.core.places import Index, Loop, flatten, variable


class Blocks(Loop):
    """A loop that the lanes lie along. `block` is the loop over its blocks of so many lanes."""

    lanes: int
    block: Loop

    def __init__(self, name: str, extent: int, lanes: int) -> None:
        super().__init__(name, extent)
        object.__setattr__(self, "lanes", lanes)
        object.__setattr__(self, "block", Loop("block", blocks(extent, lanes)))


class Batch(Blocks):
    """The loop over a batch that lies inside.

    Attributes:
        two, half: the loop over two blocks together, and the one over each of these.
    """

    two: Loop
    half: Loop

    def __init__(self, extent: int, lanes: int) -> None:
        super().__init__("n", extent, lanes)
        object.__setattr__(self, "two", Loop("two", blocks(self.block.extent, 2)))
        object.__setattr__(self, "half", Loop("half", 2))


def images_together(dtype: Dtype, lanes: int) -> int:
    """How many images are in a block: as many as vectors have lanes; of bfloat16, twice as many fill a vector."""
    return 2 * lanes if dtype == bfloat16 else lanes


def batch_inside(index: tuple[Index, ...], shape: tuple[int, ...], together: int) -> Index:
    """Where an element lies of a value whose batch lies inside, in blocks of so many images."""
    image, rest = index[0], flatten(index[1:], shape[1:])
    loop = image.terms[0][0] if image.terms else None
    if isinstance(loop, Batch) and image == variable(loop):
        within = image - variable(loop.block) * loop.lanes
        if together == loop.lanes:
            block, lane = variable(loop.block), within
        else:
            block, lane = variable(loop.two), variable(loop.half) * loop.lanes + within
    else:
        block, lane = image // together, image % together
    return block * (math.prod(shape[1:]) * together) + rest * together + lane


def blocks(length: int, lanes: int) -> int:
    """How many blocks a batch of so many images takes."""
    return -(-length // lanes)
