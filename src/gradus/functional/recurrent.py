"""Recurrent networks: one step of each kind of cell, and the loop over time.

A cell's step takes z, the input's part of the sum (x W_ih^T + b_ih, for all time steps one matrix product), and the
state: a tuple of tensors (n, hidden), whose first is the output.
"""

from __future__ import annotations

from collections.abc import Callable

from ..ops import sigmoid, stack, tanh, unstack
from ..tensor import Tensor
from .linear import linear

State = tuple[Tensor, ...]
Step = Callable[[Tensor, State], State]


def rnn_step(
    z: Tensor,
    state: State,
    weight: Tensor,
    bias: Tensor | None = None,
    activation: Callable[[Tensor], Tensor] = tanh,
) -> State:
    """Elman's cell (1990): h <- tanh(z + h W^T + b), with another activation if given.

    Args:
        z: (n, hidden).
        state: (h,), h of (n, hidden).
        weight, bias: W (hidden, hidden), b (hidden,).

    >>> import gradus
    >>> rnn_step(gradus.ones((1, 2)), (gradus.zeros((1, 2)),), gradus.eye(2))
    (tensor([[0.7615942, 0.7615942]]),)
    """
    (h,) = state
    return (activation(z + linear(h, weight, bias)),)


def lstm_step(z: Tensor, state: State, weight: Tensor, bias: Tensor | None = None) -> State:
    """Long short-term memory (Hochreiter and Schmidhuber, 1997; with the forget gate of Gers et al., 2000).

    i, f, g, o = z + h W^T + b;  c <- sigmoid(f) c + sigmoid(i) tanh(g);  h <- sigmoid(o) tanh(c).

    Args:
        z: (n, 4 hidden), in the order i, f, g, o.
        state: (h, c), each (n, hidden).
        weight, bias: W (4 hidden, hidden), b (4 hidden,).

    >>> import gradus
    >>> h, c = lstm_step(gradus.zeros((1, 8)), (gradus.ones((1, 2)), gradus.ones((1, 2))), gradus.zeros((8, 2)))
    >>> c
    tensor([[0.5, 0.5]])
    """
    h, c = state
    i, f, g, o = (z + linear(h, weight, bias)).split(4, axis=-1)
    c = sigmoid(f) * c + sigmoid(i) * tanh(g)
    return sigmoid(o) * tanh(c), c


def gru_step(z: Tensor, state: State, weight: Tensor, bias: Tensor | None = None) -> State:
    """The gated recurrent unit (Cho et al., 2014), with the reset gate after the product, as in PyTorch and cuDNN.

    r = sigmoid(z_r + a_r), u = sigmoid(z_u + a_u), c = tanh(z_c + r a_c), where a = h W^T + b;
    h <- (1 - u) c + u h.

    Args:
        z: (n, 3 hidden), in the order r, u, c.
        state: (h,), h of (n, hidden).
        weight, bias: W (3 hidden, hidden), b (3 hidden,).

    >>> import gradus
    >>> gru_step(gradus.zeros((1, 6)), (gradus.ones((1, 2)),), gradus.zeros((6, 2)))
    (tensor([[0.5, 0.5]]),)
    """
    (h,) = state
    z_r, z_u, z_c = z.split(3, axis=-1)
    a_r, a_u, a_c = linear(h, weight, bias).split(3, axis=-1)
    u = sigmoid(z_u + a_u)
    c = tanh(z_c + sigmoid(z_r + a_r) * a_c)
    return ((1 - u) * c + u * h,)


def scan(step: Step, z: Tensor, state: State, reverse: bool = False) -> tuple[Tensor, State]:
    """Apply a cell's step at each time in turn: all outputs (t, n, hidden), in the order of time, and the last state.

    Args:
        step: (z of one time, state) -> state.
        z: (t, n, ...), t of 1 or more.
        state: what the first step starts from.
        reverse: from the last time to the first.

    >>> import gradus
    >>> scan(lambda z, state: (z + state[0],), gradus.tensor([1, 2, 3]), (gradus.tensor(0),))
    (tensor([1, 3, 6]), (tensor(6),))
    """
    outputs = []
    times = unstack(z)
    for z_t in reversed(times) if reverse else times:
        state = step(z_t, state)
        outputs.append(state[0])
    return stack(outputs[::-1] if reverse else outputs), state
