"""What is computed without parameters of its own: activations, sums, convolution, pooling, normalisation, losses.

Everything here is composed of the primitives in `gradus.ops`. The layers of `gradus.nn` are made from these functions.
"""

from ..ops import pad, relu, sigmoid, softplus, tanh
from .activations import (
    elu,
    gelu,
    hard_sigmoid,
    identity,
    leaky_relu,
    log_softmax,
    silu,
    softmax,
    step,
)
from .attention import attention_weights, scaled_dot_product_attention
from .conv import conv1d, conv2d, conv_transpose2d
from .dropout import dropout
from .linear import embedding, linear, one_hot
from .losses import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    hinge_loss,
    huber_loss,
    kl_div,
    l1_loss,
    mse_loss,
    nll_loss,
)
from .norm import batch_norm, layer_norm
from .pool import adaptive_avg_pool2d, avg_pool1d, avg_pool2d, max_pool1d, max_pool2d
from .recurrent import gru_step, lstm_step, rnn_step, scan

__all__ = [
    "adaptive_avg_pool2d",
    "attention_weights",
    "avg_pool1d",
    "avg_pool2d",
    "batch_norm",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "conv1d",
    "conv2d",
    "conv_transpose2d",
    "cross_entropy",
    "dropout",
    "elu",
    "embedding",
    "gelu",
    "gru_step",
    "hard_sigmoid",
    "hinge_loss",
    "huber_loss",
    "identity",
    "kl_div",
    "l1_loss",
    "layer_norm",
    "leaky_relu",
    "linear",
    "log_softmax",
    "lstm_step",
    "max_pool1d",
    "max_pool2d",
    "mse_loss",
    "nll_loss",
    "one_hot",
    "pad",
    "relu",
    "rnn_step",
    "scaled_dot_product_attention",
    "scan",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "step",
    "tanh",
]
