"""Two samples made one, with labels between: MixUp and CutMix."""

from __future__ import annotations

from typing import Any

from ... import dtypes, random
from ...distributions import Beta
from ...errors import ArgumentError, ShapeError
from ...functional import one_hot
from ...functional.checks import at_least, in_range
from ...ops import roll, where
from ...tensor import Tensor, as_tensor
from .blots import rectangle
from .change import Change

__all__ = ["CutMix", "MixUp"]


class _Mix(Change):
    """Each sample mixed with the one before it in the batch, which a loader has shuffled; called with (x, labels).

    Labels are integers (n,), of which shares of the classes (n, num_classes) become; or such shares already.
    """

    def __init__(self, alpha: float = 1.0, num_classes: int | None = None, p: float = 1.0) -> None:
        where_ = type(self).__name__
        in_range(where_, "alpha", alpha, "(0, inf)")
        in_range(where_, "p", p, "[0, 1]")
        if num_classes is not None:
            at_least(2, where_, num_classes=num_classes)
        self.alpha, self.num_classes, self.p = alpha, num_classes, p

    def mixed(self, x: Tensor, share: Tensor) -> tuple[Tensor, Tensor]:
        """The pictures mixed, and the share that each has kept of itself."""
        raise NotImplementedError

    def forward(self, x: Any, *others: Any, points: Any = None, boxes: Any = None) -> Any:
        where_ = type(self).__name__
        if len(others) != 1 or points is not None or boxes is not None:
            raise ArgumentError(
                f"{where_}: mixes pictures and their labels, and is called with both: (x, y). "
                "In a training: Trainer(..., augment=...)."
            )
        x, (y,) = self._pictures(x), others
        if not self.training:
            return x, y
        if x.ndim != 4:
            raise ShapeError(f"{where_}: mixes the pictures of a batch (n, c, h, w), got {x.shape}")
        shares = self._shares(as_tensor(y), x.shape[0])
        share = Beta(self.alpha, self.alpha, validate_args=False).sample((x.shape[0],))
        if self.p < 1:
            share = where(random.rand(x.shape[0]) < self.p, share, 1.0)
        pictures, kept = self.mixed(x, share)
        kept = kept.reshape(-1, 1)
        return pictures, shares * kept + roll(shares, 1, 0) * (1 - kept)

    def _shares(self, y: Tensor, n: int) -> Tensor:
        if y.ndim == 2 and y.shape[0] == n and dtypes.is_float(y.dtype):
            return y
        if y.shape != (n,) or dtypes.is_float(y.dtype):
            raise ShapeError(
                f"{type(self).__name__}: labels are integers (n,), or shares of the classes (n, classes), got "
                f"{y.dtype} {y.shape} with {n} pictures"
            )
        if self.num_classes is None:
            name = type(self).__name__
            raise ArgumentError(f"{name}: of labels it must know how many classes there are: num_classes=...")
        return one_hot(y, self.num_classes).astype(dtypes.DEFAULT_FLOAT)


class MixUp(_Mix):
    """s x_i + (1 - s) x_j, of labels and pictures alike, with s from Beta(alpha, alpha) (Zhang et al., 2017).

    Each sample is mixed with the one before it in the batch, which a loader has shuffled, with a share of its own.

    Args:
        alpha: the larger, the nearer s is to a half; 1 draws it evenly.
        num_classes: how many there are, where labels are integers.
        p: the probability with which a sample is changed.

    >>> import gradus
    >>> x, y = MixUp(num_classes=2)(gradus.zeros((4, 1, 8, 8)), gradus.tensor([0, 1, 0, 1]))
    >>> x.shape, y.shape, bool((y.sum(1) - 1).absolute().max() < 1e-6)
    ((4, 1, 8, 8), (4, 2), True)
    """

    def mixed(self, x: Tensor, share: Tensor) -> tuple[Tensor, Tensor]:
        s = share.astype(x.dtype).reshape(-1, 1, 1, 1)
        return x * s + roll(x, 1, 0) * (1 - s), share


class CutMix(_Mix):
    """A rectangle of each picture from another, and labels by the shares of area (Yun et al., 2019).

    The rectangle has the picture's form and the area 1 - s, with s from Beta(alpha, alpha); its middle is anywhere, so
    that it may be cut off, and what is left of it counts. It comes from the sample before in the batch, which a loader
    has shuffled.

    Args:
        alpha: of the distribution; 1 draws s evenly.
        num_classes: how many there are, where labels are integers.
        p: the probability with which a sample is changed.

    >>> import gradus
    >>> x, y = CutMix(num_classes=2)(gradus.zeros((4, 1, 8, 8)), gradus.tensor([0, 1, 0, 1]))
    >>> x.shape, y.shape
    ((4, 1, 8, 8), (4, 2))
    """

    def mixed(self, x: Tensor, share: Tensor) -> tuple[Tensor, Tensor]:
        n, _, h, w = x.shape
        long = (1 - share).sqrt() / 2
        sides: list[Tensor] = []
        for length in (h, w):
            middle = (random.rand(n) * length).floor()
            reach = (long * length).floor()
            sides += [(middle - reach).clip(0, length), (middle + reach).clip(0, length)]
        top, bottom, left, right = sides
        cut = (bottom - top) * (right - left) / (h * w)
        return where(rectangle(x, sides), roll(x, 1, 0), x), 1 - cut
