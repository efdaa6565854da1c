"""Ready models: classes to build with, and `build(name, input_shape, outputs)` for the command line."""

from .alexnet import AlexNet
from .convnet import ConvNet
from .lenet import LeNet
from .linear import LinearRegression, SoftmaxRegression
from .mlp import MLP
from .scratch import DeepConvNet, SimpleConvNet
from .zoo import NAMES, Defaults, build, defaults, smallest_picture

__all__ = [
    "MLP",
    "NAMES",
    "AlexNet",
    "ConvNet",
    "DeepConvNet",
    "Defaults",
    "LeNet",
    "LinearRegression",
    "SimpleConvNet",
    "SoftmaxRegression",
    "build",
    "defaults",
    "smallest_picture",
]
