"""What all changes of pictures share: how a batch is taken, what belongs to its pictures, with which probability."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from ... import dtypes, random
from ...errors import ArgumentError, DtypeError, ShapeError
from ...functional.checks import in_range
from ...nn import Module
from ...ops import concatenate, where
from ...ops.core.primitive import cast
from ...tensor import Tensor, as_tensor

__all__ = ["Change", "Compose", "RandomApply"]


class Size(NamedTuple):
    """How many pictures a batch has, their channels, height and width."""

    n: int
    c: int
    h: int
    w: int


class Change(Module):
    """The base of what changes pictures. Numbers are drawn once for each sample, and what belongs to it goes with it.

    A class says what it draws for a batch (`draw`), what becomes of pictures (`pictures`), and, where these move, of
    masks and of points. After `eval()` it uses `at_rest()` instead of what it draws: None, for most, leaves all as it
    is.

    Called with pictures x float (n, c, h, w), or one (c, h, w), it gives them changed. Called with more it gives a
    tuple of all: integers and booleans whose last axes are h and w are masks, moved as the pictures are, each pixel
    whole; floating-point numbers with these axes are moved as the pictures are, and keep their colours; anything else,
    as labels, stays. `points` (n, k, 2), x before y, and `boxes` (n, k, 4), x and y of two corners, are in pixels from
    the upper left corner of the picture, whose middle is (w / 2, h / 2); they come last.

    >>> import gradus
    >>> class Darker(Change):
    ...     def pictures(self, x, drawn):
    ...         return x / 2
    >>> Darker()(gradus.ones((1, 1, 2))).tolist()
    [[[0.5, 0.5]]]
    >>> Darker().eval()(gradus.ones((1, 1, 2))).tolist()
    [[[1.0, 1.0]]]
    """

    p: float = 1.0  # the probability with which a sample is changed
    fixed = False  # whether the change is no matter of chance, and made after `eval()`, too

    # -- what a class says ---------------------------------------------------------------------------------------------

    def draw(self, size: Size, numbers: random.Generator) -> Any:
        """What is drawn for a batch, tensors (n, ...), from these random numbers."""
        return ()

    def at_rest(self, size: Size) -> Any:
        """What stands in its place after `eval()`; None for no change."""
        return () if self.fixed else None

    def pictures(self, x: Tensor, drawn: Any) -> Tensor:
        """The pictures (n, c, h, w), changed."""
        return x

    def masks(self, x: Tensor, drawn: Any) -> Tensor:
        """Masks (n, k, h, w) of integers or booleans, moved as the pictures are."""
        return x

    def moved(self, x: Tensor, drawn: Any) -> Tensor:
        """Numbers (n, k, h, w) moved as the pictures are, whose colours stay."""
        return x

    def points(self, places: Tensor, drawn: Any, size: Size) -> Tensor:
        """Points (n, k, 2), moved as the pictures are."""
        return places

    # -- what follows from that ----------------------------------------------------------------------------------------

    def forward(self, x: Any, *others: Any, points: Any = None, boxes: Any = None) -> Any:
        x = self._pictures(x)
        if x.ndim == 3:
            return self._of_one(x, *others, points=points, boxes=boxes)
        size, numbers = Size(*x.shape), random.here()
        chosen = numbers.rand(size.n) < self.p if self.training and self.p < 1 else None
        drawn = self.draw(size, numbers) if self.training else self.at_rest(size)
        if drawn is None:
            found = [x, *others, points, boxes]
        else:
            change = _Changed(self, drawn, chosen, size)
            found = [change.of(x, self.pictures), *map(change.of_other, others)]
            found += [change.of_points(points), change.of_boxes(boxes)]
        return _alone_or_all((*found[:-2], *_given(*found[-2:])))

    def _of_one(self, x: Tensor, *others: Any, points: Any, boxes: Any) -> Any:
        """The same of one picture, as of a batch of one."""
        together = self.forward(*map(_one, (x, *others)), points=_one(points), boxes=_one(boxes))
        return tuple(map(_first, together)) if isinstance(together, tuple) else together[0]

    def _pictures(self, x: Any) -> Tensor:
        pictures = as_tensor(x)
        where_ = type(self).__name__
        if pictures.ndim not in (3, 4):
            raise ShapeError(f"{where_}: pictures are (n, c, h, w), or one (c, h, w), got {pictures.shape}")
        if not dtypes.is_float(pictures.dtype):
            raise DtypeError(
                f"{where_}: pictures are floating-point numbers from 0 to 1, got {pictures.dtype}. "
                'Of bytes make them: x.astype("float32") / 255.'
            )
        return pictures

    def extra_repr(self) -> str:
        shown = {k: v for k, v in vars(self).items() if not k.startswith("_") and k != "training"}
        return ", ".join(f"{k}={v.tolist() if isinstance(v, Tensor) else v!r}" for k, v in shown.items())


class _Changed(NamedTuple):
    """A change with what was drawn for a batch, and which of its samples are changed (None: all)."""

    change: Change
    drawn: Any
    chosen: Tensor | None
    size: Size

    def of(self, x: Tensor, how: Callable[[Tensor, Any], Tensor]) -> Tensor:
        """The pictures or masks changed, in between in float32 where they are of half precision."""
        wide = cast(x, dtypes.accumulator(x.dtype)) if dtypes.is_float(x.dtype) else x
        new = how(wide, self.drawn)
        return x if new is wide else self.choose(cast(new, x.dtype), x)

    def choose(self, new: Tensor, old: Tensor) -> Tensor:
        if self.chosen is None:
            return new
        return cast(where(self.chosen.reshape(-1, *(1,) * (new.ndim - 1)), new, old), old.dtype)

    def of_other(self, other: Any) -> Any:
        """A mask, or what lies like one; anything else as it is."""
        shape: Any = getattr(other, "shape", ())
        if len(shape) not in (3, 4) or shape[0] != self.size.n or tuple(shape[-2:]) != (self.size.h, self.size.w):
            return other
        x = as_tensor(other)
        how = self.change.moved if dtypes.is_float(x.dtype) else self.change.masks
        return self.of(x, how) if x.ndim == 4 else self.of(x.expand_dims(1), how)[:, 0]

    def of_points(self, points: Any) -> Any:
        if points is None:
            return None
        places = _places(self.change, "points", points, self.size.n, 2)
        return self.choose(self.change.points(places, self.drawn, self.size), places)

    def of_boxes(self, boxes: Any) -> Any:
        """The smallest boxes around the moved corners."""
        if boxes is None:
            return None
        corners = _places(self.change, "boxes", boxes, self.size.n, 4)
        n, k, _ = corners.shape
        all_four = corners[:, :, [0, 1, 2, 1, 0, 3, 2, 3]].reshape(n, 4 * k, 2)
        moved = self.change.points(all_four, self.drawn, self.size).reshape(n, k, 4, 2)
        return self.choose(_around(moved), corners)


def _around(points: Tensor) -> Tensor:
    """The boxes around points (n, k, 4, 2)."""
    return concatenate([points.min(2), points.max(2)], -1)


def _places(change: Change, name: str, places: Any, n: int, numbers: int) -> Tensor:
    found = as_tensor(places)
    if found.ndim != 3 or found.shape[0] != n or found.shape[2] != numbers or not dtypes.is_float(found.dtype):
        raise ShapeError(
            f"{type(change).__name__}: {name} are floating-point numbers (n, k, {numbers}), of {n} pictures, got "
            f"{found.dtype} {found.shape}"
        )
    return found


def _one(x: Any) -> Any:
    """What belongs to one picture as what belongs to a batch of one."""
    return None if x is None else as_tensor(x).expand_dims(0)


def _first(x: Any) -> Any:
    return x[0]


def _given(*values: Any) -> list[Any]:
    return [value for value in values if value is not None]


def _alone_or_all(found: tuple[Any, ...]) -> Any:
    """The pictures by themselves where nothing came with them."""
    return found if len(found) > 1 else found[0]


class Compose(Change):
    """Changes one after the other, with all that belongs to the pictures; other modules get the pictures alone.

    Args:
        transforms: Changes, or Modules of one tensor.

    >>> import gradus
    >>> from gradus.data import Normalize, RandomHorizontalFlip
    >>> both = Compose([RandomHorizontalFlip(p=1), Normalize([0.5], [0.5])])
    >>> both(gradus.tensor([[[0.0, 1.0]]])).tolist()
    [[[1.0, -1.0]]]
    """

    def __init__(self, transforms: Sequence[Module]) -> None:
        self.transforms = _parts(self, transforms)

    def forward(self, x: Any, *others: Any, points: Any = None, boxes: Any = None) -> Any:
        found: tuple[Any, ...] = (x, *others)
        for part in self.transforms:
            if not isinstance(part, Change):
                found = (part(as_tensor(found[0])), *found[1:])
                continue
            named = {k: v for k, v in (("points", points), ("boxes", boxes)) if v is not None}
            result = part(*found, **named)
            result = result if isinstance(result, tuple) else (result,)
            found, rest = result[: len(found)], dict(zip(named, result[len(found) :], strict=True))
            points, boxes = rest.get("points"), rest.get("boxes")
        return _alone_or_all((*found, *_given(points, boxes)))


class RandomApply(Change):
    """Each sample with probability p through all of some changes, else as it is. They keep the pictures' shape.

    Args:
        transforms: Changes, or Modules of one tensor.
        p: the probability.

    >>> import gradus
    >>> from gradus.data import RandomVerticalFlip
    >>> RandomApply([RandomVerticalFlip(p=1)], p=1)(gradus.tensor([[[0.0], [1.0]]])).tolist()
    [[[1.0], [0.0]]]
    """

    def __init__(self, transforms: Sequence[Module], p: float = 0.5) -> None:
        in_range("RandomApply", "p", p, "[0, 1]")
        self.transforms, self.p = _parts(self, transforms), p

    def forward(self, x: Any, *others: Any, points: Any = None, boxes: Any = None) -> Any:
        x = self._pictures(x)
        if not self.training:
            return _alone_or_all((x, *others, *_given(points, boxes)))
        if x.ndim == 3:
            return self._of_one(x, *others, points=points, boxes=boxes)
        before = (x, *others, *_given(points, boxes))
        chosen = random.here().rand(x.shape[0]) < self.p
        after = Compose(self.transforms)(x, *others, points=points, boxes=boxes)
        after = after if isinstance(after, tuple) else (after,)
        change = _Changed(self, (), chosen, Size(*x.shape))
        pairs = zip(after, before, strict=True)
        return _alone_or_all(tuple(b if a is b else change.choose(a, as_tensor(b)) for a, b in pairs))


def _parts(owner: Module, parts: Any) -> list[Module]:
    if isinstance(parts, Module) or not isinstance(parts, Sequence) or not all(isinstance(p, Module) for p in parts):
        raise ArgumentError(
            f"{type(owner).__name__}: transforms are Changes or other modules, in a list, got {parts!r:.80}"
        )
    return list(parts)
