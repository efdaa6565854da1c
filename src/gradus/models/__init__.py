"""Ready models: classes to build with, and `build(name, input_shape, outputs)` for the command line."""

from typing import TYPE_CHECKING

from ..names.elsewhere import door as _door
from .alexnet import AlexNet
from .autoencoder import (
    Autoencoder,
    ConvAutoencoder,
    DeepAutoencoder,
    gaussian_noise,
    kl_sparsity,
    l1_sparsity,
    masking_noise,
    salt_and_pepper,
)
from .convnet import ConvNet
from .curves import hard_sigmoid_curve, relu_curve, sawtooth, sigmoid_curve
from .dbn import DBN
from .lenet import LeNet
from .linear import LinearRegression, SoftmaxRegression
from .mlp import MLP
from .neurons import (
    AND,
    GATES,
    NAND,
    NOR,
    NOT,
    OR,
    XNOR,
    XOR,
    Gate,
    McCullochPitts,
    bits_to_numbers,
    full_adder,
    half_adder,
    numbers_to_bits,
    ripple_adder,
    truth_table,
)
from .perceptron import Learned, Margin, Perceptron, nearest_point, widest_margin
from .rbm import RBM
from .regression import descend_line, least_squares
from .scratch import DeepConvNet, SimpleConvNet
from .zoo import NAMES, Built, Defaults, build, defaults, smallest_picture

__all__ = [
    "AND",
    "DBN",
    "GATES",
    "MLP",
    "NAMES",
    "NAND",
    "NOR",
    "NOT",
    "OR",
    "RBM",
    "XNOR",
    "XOR",
    "AlexNet",
    "Autoencoder",
    "Built",
    "ConvAutoencoder",
    "ConvNet",
    "DeepAutoencoder",
    "DeepConvNet",
    "Defaults",
    "Gate",
    "LeNet",
    "Learned",
    "LinearRegression",
    "Margin",
    "McCullochPitts",
    "Perceptron",
    "SimpleConvNet",
    "SoftmaxRegression",
    "bits_to_numbers",
    "build",
    "defaults",
    "descend_line",
    "full_adder",
    "gaussian_noise",
    "half_adder",
    "hard_sigmoid_curve",
    "kl_sparsity",
    "l1_sparsity",
    "least_squares",
    "masking_noise",
    "nearest_point",
    "numbers_to_bits",
    "relu_curve",
    "ripple_adder",
    "salt_and_pepper",
    "sawtooth",
    "sigmoid_curve",
    "smallest_picture",
    "truth_table",
    "widest_margin",
]

if not TYPE_CHECKING:  # type checkers know the names, and find misspelt ones
    __getattr__ = _door("models")
