"""Pictures read at any places, between pixels too: `affine_grid`, `grid_sample`, and what both are made with."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from ... import dtypes
from ...errors import ShapeError, one_of
from ...ops import where
from ...ops.core.primitive import cast, promote
from ...ops.making.create import as_shape, iota
from ...ops.places.index import take_known
from ...tensor import Tensor, as_tensor
from .resizing import cubic

__all__ = ["affine_grid", "grid_sample"]

MODES = ("bilinear", "nearest", "bicubic")
PADDING_MODES = ("zeros", "border", "reflection")
_BEYOND = -4  # a place from which none of the four neighbours is in the picture


def affine_grid(theta: Any, size: Sequence[int], align_corners: bool = False) -> Tensor:
    """Where an affine map takes each pixel: (x, y) = theta (x', y', 1), a grid for `grid_sample`.

    Over a picture, x' and y' go from -1 to 1, to the right and downwards.

    Args:
        theta: (n, 2, 3); or for volumes (n, 3, 4).
        size: of what is to be made, (n, c, h, w); or (n, c, d, h, w).
        align_corners: whether -1 and 1 are the middles of the first and last pixels, or their outer edges.

    Returns:
        (n, h, w, 2), x before y; or (n, d, h, w, 3), x, y, z.

    Raises:
        ShapeError: theta and size do not belong together.

    >>> affine_grid([[[1.0, 0.0, 0.5], [0.0, 1.0, 0.0]]], (1, 1, 1, 2))
    tensor([[[[0., 0.],
              [1., 0.]]]])
    """
    theta = promote(theta, floats=True)[0]
    n, lengths = as_shape(size)[:1], as_shape(size)[2:]
    k = len(lengths)
    if k not in (2, 3) or theta.shape != (*n, k, k + 1):
        raise ShapeError(
            f"affine_grid: theta has shape {theta.shape}, size is {tuple(size)}",
            "For pictures (n, c, h, w) theta is (n, 2, 3), for volumes (n, c, d, h, w) it is (n, 3, 4).",
        )
    middles = [_middles(length, align_corners).astype(theta.dtype) for length in lengths]
    places = [as_tensor(m.reshape(-1, *(1,) * (k - axis))) for axis, m in enumerate(middles)]
    grid: Tensor
    *turned, grid = (theta[:, :, j].reshape(-1, *(1,) * k, k) for j in range(k + 1))
    for column, place in zip(turned, reversed(places), strict=True):
        grid = grid + column * place
    return grid


def _middles(length: int, aligned: bool) -> np.ndarray:
    """The middles of the pixels of an axis that goes from -1 to 1."""
    if aligned:
        return np.linspace(-1, 1, length) if length > 1 else np.zeros(length)
    return (2 * np.arange(length) + 1) / length - 1


def grid_sample(
    x: Any, grid: Any, mode: str = "bilinear", padding_mode: str = "zeros", align_corners: bool = False
) -> Tensor:
    """Pictures read at the places of a grid: the spatial transformer's sampling (Jaderberg et al., 2015).

    Gradient: to the pixels, each by its share in what was read; and to the grid, 0 for "nearest".

    Args:
        x: (n, c, h, w); or volumes (n, c, d, h, w). Integers are read as they are, by "nearest" alone.
        grid: (n, h', w', 2), x before y from -1 to 1 over the picture; or (n, d', h', w', 3). NaN counts as -1.
        mode: "bilinear" (of volumes trilinear), between the neighbours; "nearest"; "bicubic", of pictures.
        padding_mode: what is outside: "zeros", "border" (the outermost pixel), "reflection".
        align_corners: whether -1 and 1 are the middles of the first and last pixels, or their outer edges, at which
            "reflection" then reflects.

    Returns:
        (n, c, h', w'); or (n, c, d', h', w').

    Raises:
        ShapeError: the grid does not belong to x.

    >>> grid_sample([[[[1.0, 3.0]]]], [[[[0.0, 0.0], [0.5, 0.0], [1.0, 0.0]]]])
    tensor([[[[2. , 3. , 1.5]]]])
    """
    one_of("grid_sample", "mode", mode, MODES)
    one_of("grid_sample", "padding_mode", padding_mode, PADDING_MODES)
    x, grid = (promote(x)[0], promote(grid, floats=True)[0]) if mode == "nearest" else promote(x, grid, floats=True)
    k = x.ndim - 2
    if k not in ((2,) if mode == "bicubic" else (2, 3)) or grid.ndim != k + 2 or grid.shape[-1] != k:
        raise ShapeError(
            f"grid_sample: x has shape {x.shape}, the grid {grid.shape}, the mode is {mode!r}",
            "To pictures (n, c, h, w) belongs (n, h', w', 2); to volumes (n, c, d, h, w), not for 'bicubic', "
            "(n, d', h', w', 3).",
        )
    if grid.shape[0] != x.shape[0] or 0 in x.shape[2:]:
        raise ShapeError(f"grid_sample: x has shape {x.shape}, the grid {grid.shape}", "A grid for each, of pixels.")
    wide = cast(grid, dtypes.accumulator(grid.dtype))
    wide = where(wide == wide, wide, -1)
    places = []
    for axis, length in enumerate(x.shape[2:]):
        at = wide[..., k - 1 - axis] + 1
        places.append(at * ((length - 1) / 2) if align_corners else (at * length - 1) / 2)
    return read_at(x, places, mode, padding_mode, align_corners)


# -- in pixels: 0 is the middle of the first, for what has its places in that unit ------------------------------------


def read_at(
    x: Tensor,
    places: Sequence[Tensor],
    mode: str = "bilinear",
    padding_mode: str = "zeros",
    aligned: bool = False,
    fill: float = 0,
) -> Tensor:
    """x (n, c, *lengths) at places in pixels, for each axis (n, *out) or what can be stretched to it: (n, c, *out).

    >>> read_at(as_tensor([[[[1.0, 3.0]]]]), [as_tensor([[[0.0]]]), as_tensor([[[0.25]]])])
    tensor([[[[1.5]]]])
    """
    dtype = x.dtype
    if mode != "nearest":
        x = cast(x, dtypes.promote(dtype, places[0].dtype))
    axes = [list(_read(p, n, mode, padding_mode, aligned)) for p, n in zip(places, x.shape[2:], strict=True)]
    rows, total = _rows(x), None
    for neighbours in itertools.product(*axes):
        found = _taken(rows, x.shape, [near.at for near in neighbours])
        inside, share = neighbours[0].inside, neighbours[0].share
        for near in neighbours[1:]:
            inside = near.inside if inside is None else inside if near.inside is None else inside & near.inside
            share = None if share is None or near.share is None else share * near.share
        if inside is not None:
            found = cast(where(inside.expand_dims(1), found, fill), x.dtype)
        if share is not None:
            found = found * share.expand_dims(1)
        total = found if total is None else total + found
    if total is None:
        raise ShapeError("read_at: there is no axis to read along")
    return cast(total, dtype)


def pixels(x: Tensor, places: Sequence[Tensor]) -> Tensor:
    """The pixels of x (n, c, *lengths) at whole places, for each axis (n, *out) or what can be stretched to it.

    The places must be on the axes; that is not looked at.

    >>> pixels(as_tensor([[[[1, 3]]]]), [as_tensor([[[0]]]), as_tensor([[[1, 0]]])])
    tensor([[[[3, 1]]]])
    """
    return _taken(_rows(x), x.shape, places)


def _rows(x: Tensor) -> Tensor:
    """The channels of each pixel as a row: (n * lengths, c)."""
    return x.permute(0, *range(2, x.ndim), 1).reshape(-1, x.shape[1])


def _taken(rows: Tensor, shape: tuple[int, ...], places: Sequence[Tensor]) -> Tensor:
    n, _, *lengths = shape
    at = iota(n, dtypes.int64).reshape(-1, *(1,) * len(lengths))
    for place, length in zip(places, lengths, strict=True):
        at = at * length + place
    read = take_known(rows, at)
    return read.permute(0, read.ndim - 1, *range(1, read.ndim - 1))


class _Near(NamedTuple):
    """A neighbour along an axis: where it is read, whether there is one (None: always), its share (None: all)."""

    at: Tensor
    inside: Tensor | None
    share: Tensor | None


def _read(place: Tensor, length: int, mode: str, padding_mode: str, aligned: bool) -> Iterator[_Near]:
    """The neighbours of a place along an axis."""
    if padding_mode == "zeros":
        place = where((place > _BEYOND) & (place < length - 1 - _BEYOND), place, _BEYOND)
    elif mode != "bicubic":  # whose neighbours are each brought back for themselves
        place = _brought_back(place, length, padding_mode, aligned)
    if mode == "nearest":
        yield _at(place.detach().round(), None, length, padding_mode, aligned)
        return
    first = place.detach().floor()
    rest = place - first
    four = mode == "bicubic"
    for i, share in enumerate(cubic(rest) if four else (1 - rest, rest)):
        near = first + (i - four)
        if four and padding_mode != "zeros":
            near = _brought_back(near, length, padding_mode, aligned)
        yield _at(near, share, length, padding_mode, aligned)


def _at(place: Tensor, share: Tensor | None, length: int, padding_mode: str, aligned: bool) -> _Near:
    held = place.clip(0, length - 1)
    return _Near(held.astype(dtypes.int64), place == held if padding_mode == "zeros" else None, share)


def _brought_back(place: Tensor, length: int, padding_mode: str, aligned: bool) -> Tensor:
    """A place outside as one inside: the border's, or reflected at the outermost middles or edges. At the border and
    beyond there is no gradient, as in PyTorch."""
    if padding_mode == "reflection":
        low, span = (0.0, length - 1) if aligned else (-0.5, length)
        if span:
            away = place - low
            away = where(away < 0, -away, away)
            turns = (away / span).detach().floor()
            over = away - turns * span
            place = where(turns % 2 == 0, over, span - over) + low
        else:
            place = place.detach() * 0
    return where(place > 0, where(place < length - 1, place, length - 1), 0)
