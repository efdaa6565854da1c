"""Pooling and dropout: layers made, like the activations, from their functions."""

from __future__ import annotations

from ... import functional as F
from ..core.applied import Applied

__all__ = ["AdaptiveAvgPool2d", "AvgPool1d", "AvgPool2d", "MaxPool1d", "MaxPool2d"]


class MaxPool1d(Applied):
    function = staticmethod(F.max_pool1d)


class MaxPool2d(Applied):
    function = staticmethod(F.max_pool2d)


class AvgPool1d(Applied):
    function = staticmethod(F.avg_pool1d)


class AvgPool2d(Applied):
    function = staticmethod(F.avg_pool2d)


class AdaptiveAvgPool2d(Applied):
    function = staticmethod(F.adaptive_avg_pool2d)
