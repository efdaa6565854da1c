"""Pooling: layers made, like the activations, from their functions."""

from __future__ import annotations

from ... import functional as F
from ..core.applied import Applied

__all__ = [
    "AdaptiveAvgPool1d",
    "AdaptiveAvgPool2d",
    "AdaptiveAvgPool3d",
    "AdaptiveMaxPool1d",
    "AdaptiveMaxPool2d",
    "AdaptiveMaxPool3d",
    "AvgPool1d",
    "AvgPool2d",
    "AvgPool3d",
    "LPPool1d",
    "LPPool2d",
    "LPPool3d",
    "MaxPool1d",
    "MaxPool2d",
    "MaxPool3d",
    "MaxUnpool1d",
    "MaxUnpool2d",
    "MaxUnpool3d",
]


class MaxPool1d(Applied):
    function = staticmethod(F.max_pool1d)


class MaxPool2d(Applied):
    function = staticmethod(F.max_pool2d)


class MaxPool3d(Applied):
    function = staticmethod(F.max_pool3d)


class AvgPool1d(Applied):
    function = staticmethod(F.avg_pool1d)


class AvgPool2d(Applied):
    function = staticmethod(F.avg_pool2d)


class AvgPool3d(Applied):
    function = staticmethod(F.avg_pool3d)


class AdaptiveAvgPool1d(Applied):
    function = staticmethod(F.adaptive_avg_pool1d)


class AdaptiveAvgPool2d(Applied):
    function = staticmethod(F.adaptive_avg_pool2d)


class AdaptiveAvgPool3d(Applied):
    function = staticmethod(F.adaptive_avg_pool3d)


class AdaptiveMaxPool1d(Applied):
    function = staticmethod(F.adaptive_max_pool1d)


class AdaptiveMaxPool2d(Applied):
    function = staticmethod(F.adaptive_max_pool2d)


class AdaptiveMaxPool3d(Applied):
    function = staticmethod(F.adaptive_max_pool3d)


class LPPool1d(Applied):
    function = staticmethod(F.lp_pool1d)


class LPPool2d(Applied):
    function = staticmethod(F.lp_pool2d)


class LPPool3d(Applied):
    function = staticmethod(F.lp_pool3d)


class MaxUnpool1d(Applied):
    tensors = 2
    function = staticmethod(F.max_unpool1d)


class MaxUnpool2d(Applied):
    tensors = 2
    function = staticmethod(F.max_unpool2d)


class MaxUnpool3d(Applied):
    tensors = 2
    function = staticmethod(F.max_unpool3d)
