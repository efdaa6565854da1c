"""Ready models: classes to build with, and `build(name, input_shape, outputs)` for the command line."""

from .convnet import ConvNet
from .lenet import LeNet
from .linear import LinearRegression, SoftmaxRegression
from .mlp import MLP
from .zoo import NAMES, Defaults, build, defaults

__all__ = ["MLP", "NAMES", "ConvNet", "Defaults", "LeNet", "LinearRegression", "SoftmaxRegression", "build", "defaults"]
