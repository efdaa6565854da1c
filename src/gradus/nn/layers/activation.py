"""The functions between layers, as layers: each is made from its function, whose options it takes."""

from __future__ import annotations

from ... import functional as F
from ..core.applied import Applied

__all__ = [
    "ELU",
    "GELU",
    "HardSigmoid",
    "Identity",
    "LeakyReLU",
    "LogSoftmax",
    "ReLU",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Step",
    "Tanh",
]


class Identity(Applied):
    function = staticmethod(F.identity)


class Step(Applied):
    function = staticmethod(F.step)


class Sigmoid(Applied):
    function = staticmethod(F.sigmoid)


class Tanh(Applied):
    function = staticmethod(F.tanh)


class ReLU(Applied):
    function = staticmethod(F.relu)


class LeakyReLU(Applied):
    function = staticmethod(F.leaky_relu)


class ELU(Applied):
    function = staticmethod(F.elu)


class GELU(Applied):
    function = staticmethod(F.gelu)


class SiLU(Applied):
    function = staticmethod(F.silu)


class Softplus(Applied):
    function = staticmethod(F.softplus)


class HardSigmoid(Applied):
    function = staticmethod(F.hard_sigmoid)


class Softmax(Applied):
    function = staticmethod(F.softmax)


class LogSoftmax(Applied):
    function = staticmethod(F.log_softmax)
