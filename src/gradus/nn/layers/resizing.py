"""Layers that make pictures and series larger and smaller, each made from its function."""

from __future__ import annotations

from ... import functional as F
from ..core.applied import Applied

__all__ = [
    "ChannelShuffle",
    "Fold",
    "PixelShuffle",
    "PixelUnshuffle",
    "Unfold",
    "Upsample",
    "UpsamplingBilinear2d",
    "UpsamplingNearest2d",
]


class Upsample(Applied):
    function = staticmethod(F.upsample)


class UpsamplingNearest2d(Applied):
    function = staticmethod(F.upsample_nearest)


class UpsamplingBilinear2d(Applied):
    function = staticmethod(F.upsample_bilinear)


class PixelShuffle(Applied):
    function = staticmethod(F.pixel_shuffle)


class PixelUnshuffle(Applied):
    function = staticmethod(F.pixel_unshuffle)


class ChannelShuffle(Applied):
    function = staticmethod(F.channel_shuffle)


class Unfold(Applied):
    function = staticmethod(F.unfold)


class Fold(Applied):
    function = staticmethod(F.fold)
