"""Keys of indexing, drawn for a shape."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

LENGTHS = st.integers(0, 4)


@st.composite
def keys(draw: Any, shape: tuple[int, ...]) -> tuple[Any, ...]:
    """Integers, slices, arrays and masks for the axes in turn, with None between and perhaps `...` in one place."""
    together = draw(hnp.array_shapes(min_dims=0, max_dims=2, max_side=3))  # what index arrays broadcast to
    key: list[Any] = []
    axis = 0
    while axis < len(shape) and draw(st.integers(0, 5)):
        n = shape[axis]
        kind = draw(st.sampled_from(["integer", "slice", "slice", "array", "mask", "list"]))
        if kind == "mask":
            covers = draw(st.integers(1, min(2, len(shape) - axis)))
            key.append(draw(hnp.arrays(bool, shape[axis : axis + covers])))
            axis += covers - 1
        elif kind == "slice" or not n:
            key.append(draw(st.slices(n)))
        elif kind == "integer":
            key.append(draw(st.integers(-n, n - 1)))
        else:
            places = draw(hnp.arrays(np.int64, together, elements=st.integers(-n, n - 1)))
            key.append(places.tolist() if kind == "list" else places)
        axis += 1
    if draw(st.booleans()):
        key.insert(draw(st.integers(0, len(key))), ...)
    for _ in range(draw(st.integers(0, 2))):
        key.insert(draw(st.integers(0, len(key))), None)
    return tuple(key)
