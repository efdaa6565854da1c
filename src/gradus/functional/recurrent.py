"""Recurrent networks: one step of each kind of cell, and the loop over time.

A cell's step takes z, the input's part of the sum (x W_ih^T + b_ih), and the state: a tuple of tensors (n, hidden),
whose first is the output.
"""

from __future__ import annotations

from collections.abc import Callable

from .. import control
from ..ops import arange, sigmoid, tanh, where
from ..tensor import Tensor
from .linear import linear

__all__ = ["gru_step", "lstm_step", "rnn_step", "scan"]

State = tuple[Tensor, ...]
Step = Callable[[Tensor, State], State]


def rnn_step(
    z: Tensor,
    state: State,
    weight: Tensor,
    bias: Tensor | None = None,
    activation: Callable[[Tensor], Tensor] = tanh,
) -> State:
    """Elman's cell (1990): h <- tanh(h W^T + b + z), with another activation if given.

    Args:
        z: (n, hidden).
        state: (h,), h of (n, hidden).
        weight, bias: W (hidden, hidden), b (hidden,).

    >>> import gradus
    >>> rnn_step(gradus.ones((1, 2)), (gradus.zeros((1, 2)),), gradus.eye(2))
    (tensor([[0.7615942, 0.7615942]]),)
    """
    (h,) = state
    return (activation(linear(h, weight, bias) + z),)


def lstm_step(z: Tensor, state: State, weight: Tensor, bias: Tensor | None = None) -> State:
    """Long short-term memory (Hochreiter and Schmidhuber, 1997; with the forget gate of Gers et al., 2000).

    i, f, g, o = h W^T + b + z;  c <- sigmoid(f) c + sigmoid(i) tanh(g);  h <- sigmoid(o) tanh(c).

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
    i, f, g, o = (linear(h, weight, bias) + z).split(4, axis=-1)
    c = sigmoid(f) * c + sigmoid(i) * tanh(g)
    return sigmoid(o) * tanh(c), c


def gru_step(z: Tensor, state: State, weight: Tensor, bias: Tensor | None = None) -> State:
    """The gated recurrent unit (Cho et al., 2014), with the reset gate after the product, as in PyTorch and cuDNN.

    r = sigmoid(a_r + z_r), u = sigmoid(a_u + z_u), c = tanh(r a_c + z_c), where a = h W^T + b;
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
    a_r, a_u, a_c = linear(h, weight, bias).split(3, axis=-1)
    z_r, z_u, z_c = z.split(3, axis=-1)
    u = sigmoid(a_u + z_u)
    c = tanh(sigmoid(a_r + z_r) * a_c + z_c)
    return ((1 - u) * c + u * h,)


def before_ends(x: Tensor, lengths: Tensor) -> Tensor:
    """Sequences (t, n, ...) with zeros after their ends.

    >>> import gradus
    >>> before_ends(gradus.tensor([[1, 2], [3, 4]]), gradus.tensor([1, 2]))
    tensor([[1, 2],
            [0, 4]])
    """
    counts = counted(x, lengths)
    return where(counts.reshape(*counts.shape, *(1,) * (x.ndim - 2)), x, 0)


def counted(x: Tensor, lengths: Tensor) -> Tensor:
    """Whether each time is before each sequence's end, (t, n)."""
    return arange(len(x))[:, None] < lengths


def scan(
    step: Step, x: Tensor, state: State, reverse: bool = False, lengths: Tensor | None = None
) -> tuple[Tensor, State]:
    """Apply a cell's step at each time in turn: all outputs (t, n, hidden), in the order of time, and the last state.

    With lengths, a step counts while the time is before a sequence's end: state <- where(time < length, step(x, state),
    state), output <- where(time < length, state, 0). So the last state is that at each one's end, backwards each begins
    at its own end, and what stands after the ends, be it NaN, changes nothing and has a gradient of 0.

    Args:
        step: (x of one time, state) -> state.
        x: (t, n, ...), t of 1 or more.
        state: what the first step starts from.
        reverse: from the last time to the first.
        lengths: how many times of each sequence count, integers (n,), for states of (n, hidden); None, all.

    >>> import gradus
    >>> scan(lambda x, state: (x + state[0],), gradus.tensor([1, 2, 3]), (gradus.tensor(0),))
    (tensor([1, 3, 6]), (tensor(6),))
    >>> x, start = gradus.tensor([[[1]], [[2]], [[3]]]), (gradus.tensor([[0]]),)
    >>> outputs, last = scan(lambda x, state: (x + state[0],), x, start, lengths=gradus.tensor([2]))
    >>> outputs.reshape(3), last
    (tensor([1, 3, 0]), (tensor([[3]]),))
    """

    def at_place(state: State, x_t: Tensor) -> tuple[State, Tensor]:
        new = step(x_t, state)
        return new, new[0]

    def before_end(state: State, place: tuple[Tensor, Tensor]) -> tuple[State, Tensor]:
        x_t, counts = place
        new = tuple(where(counts, after, before) for after, before in zip(step(x_t, state), state, strict=True))
        return new, where(counts, new[0], 0)

    if lengths is None:
        last, outputs = control.scan(at_place, state, x, reverse)
    else:
        counts = counted(x, lengths)[..., None]  # (t, n, 1)
        last, outputs = control.scan(before_end, state, (before_ends(x, lengths), counts), reverse)
    return outputs, last
