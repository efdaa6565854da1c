"""Recurrent layers, over whole sequences, and their cells, for one step. Weights have PyTorch's names and order."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ... import dtypes, random
from ...errors import ArgumentError, DtypeError, ShapeError, one_of
from ...functional import relu
from ...functional.checks import at_least_one, flags, in_range, refuse
from ...functional.dropout import dropout
from ...functional.linear import linear
from ...functional.recurrent import State, before_ends, gru_step, lstm_step, rnn_step, scan
from ...functional.runs import run
from ...interpret import Outside
from ...ops import concatenate, stack, tanh, zeros
from ...tensor import Tensor, as_tensor
from ..core.module import Module, Parameter

__all__ = ["GRU", "LSTM", "RNN", "GRUCell", "LSTMCell", "RNNCell"]

_ACTIVATIONS: dict[str, Callable[[Any], Tensor]] = {"tanh": tanh, "relu": relu}


class _Recurrent(Module):
    """What layers and cells share: each kind says how many gates and states it has, and what a step does."""

    gates = 1
    states = 1
    adds_biases = True  # whether both biases do nothing but add up
    input_size: int
    hidden_size: int
    bias: bool

    def step(self, z: Tensor, state: State, weight: Tensor, bias: Tensor | None) -> State:
        raise NotImplementedError

    def _make(self, suffix: str, inputs: int) -> None:
        """Weights and biases, uniform in +-1 / sqrt(hidden), under the names `weight_ih` + suffix, ..."""
        rows, bound = self.gates * self.hidden_size, 1 / math.sqrt(self.hidden_size)
        out = self._features()[0]
        shapes: dict[str, tuple[int, ...]] = {"weight_ih": (rows, inputs), "weight_hh": (rows, out)}
        if self.bias:
            shapes |= {"bias_ih": (rows,), "bias_hh": (rows,)}
        if out != self.hidden_size:
            shapes |= {"weight_hr": (out, self.hidden_size)}
        for name, shape in shapes.items():
            setattr(self, name + suffix, Parameter((random.rand(shape) * 2 - 1) * bound))

    def _weights(self, suffix: str) -> tuple[Tensor, Tensor, Tensor | None, Tensor | None]:
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        return tuple(getattr(self, name + suffix, None) for name in names)  # type: ignore[return-value]

    def _check(self, x: Tensor, ndims: tuple[int, int], remedy: str) -> None:
        if x.ndim not in ndims or x.shape[-1] != self.input_size or 0 in x.shape[:-2]:
            raise ShapeError(f"{type(self).__name__}(input_size={self.input_size}): input has shape {x.shape}", remedy)

    def _start(self, state: Any, around: tuple[int, ...], x: Tensor) -> State:
        """The given state as a tuple, of tensors with the axes `around`, and features; zeros if there is none."""
        shapes = [(*around, features) for features in self._features()]
        if state is None:
            return tuple(zeros(shape, x.dtype) for shape in shapes)
        given = (state,) if isinstance(state, Tensor) else tuple(state)
        if [s.shape for s in given] != shapes:
            got = " and ".join(str(s.shape) for s in given)
            wanted = " and ".join(map(str, shapes))
            what = "(h, c), of shapes" if self.states == 2 else "h, of shape"
            raise ShapeError(f"{type(self).__name__}: the state has shape {got}", f"It is {what} {wanted}.")
        return given

    def _features(self) -> tuple[int, ...]:
        """The lengths of the last axes of the state's tensors."""
        return (self.hidden_size,) * self.states

    def extra_repr(self) -> str:
        return f"{self.input_size}, {self.hidden_size}"


def _without_batch(state: Any, axis: int) -> Any:
    """A state of one sample as of a batch of one; what is given as None stays."""
    if state is None or isinstance(state, Tensor):
        return state if state is None else state.expand_dims(axis)
    return tuple(s.expand_dims(axis) for s in state)


def _bare(state: State) -> Any:
    """A state of one tensor as that tensor, as it is given and returned."""
    return state if len(state) > 1 else state[0]


class _Layer(_Recurrent):
    """Layers of cells one on another, each over all time steps and, if bidirectional, in both directions."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
    ) -> None:
        where = type(self).__name__
        at_least_one(where, input_size=input_size, hidden_size=hidden_size, num_layers=num_layers)
        in_range(where, "dropout", dropout, "[0, 1]")
        flags(where, bias=bias, batch_first=batch_first, bidirectional=bidirectional)
        if dropout and num_layers == 1:
            raise ArgumentError(f"{where}: dropout acts between layers, and there is one layer only. Use nn.Dropout.")
        self.input_size, self.hidden_size, self.num_layers = input_size, hidden_size, num_layers
        self.bias, self.batch_first, self.dropout, self.bidirectional = bias, batch_first, dropout, bidirectional
        self._directions = ("", "_reverse") if bidirectional else ("",)
        for layer in range(num_layers):
            for direction in self._directions:
                features = self._features()[0] * len(self._directions)
                self._make(f"_l{layer}{direction}", features if layer else input_size)

    def forward(self, x: Tensor, state: Any = None, lengths: Any = None) -> tuple[Tensor, Any]:
        """Outputs of the last layer at all times, and the last state of every layer."""
        axes, n = ("n, t", self.input_size) if self.batch_first else ("t, n", self.input_size)
        self._check(x, (2, 3), f"It is ({axes}, {n}), or of one sequence (t, {n}), with one time step or more.")
        if x.ndim == 2:
            return self._of_one(x, state, lengths)
        x = x.swapaxes(0, 1) if self.batch_first else x
        lengths = None if lengths is None else self._lengths(as_tensor(lengths), *x.shape[:2])
        count = self.num_layers * len(self._directions)
        first = self._start(state, (count, x.shape[1]), x)
        last: list[State] = []
        for layer in range(self.num_layers):
            if layer:
                x = dropout(x, self.dropout, self.training)
            outputs = []
            for direction in self._directions:
                out, end = self._scan(x, tuple(s[len(last)] for s in first), layer, direction, lengths)
                outputs.append(out)
                last.append(end)
            x = concatenate(outputs, axis=-1)
        out = x.swapaxes(0, 1) if self.batch_first else x
        return out, _bare(tuple(stack(parts) for parts in zip(*last, strict=True)))

    def _of_one(self, x: Tensor, state: Any, lengths: Any) -> tuple[Tensor, Any]:
        """The same for one sequence: outputs (t, features), and a state without the axis of the batch."""
        if lengths is not None:
            raise ShapeError(f"{type(self).__name__}: lengths are of several sequences, this is one: {x.shape}")
        if state is not None:
            self._start(state, (self.num_layers * len(self._directions),), x)
        axis = 0 if self.batch_first else 1
        out, last = self.forward(x.expand_dims(axis), _without_batch(state, 1))
        return out.squeeze(axis), _bare(tuple(s.squeeze(1) for s in ((last,) if isinstance(last, Tensor) else last)))

    def _lengths(self, lengths: Tensor, t: int, n: int) -> Tensor:
        """How many time steps of each sequence count, checked once, before the loops over time."""
        where = type(self).__name__
        if dtypes.kind(lengths.dtype) != dtypes.INTEGER:
            raise DtypeError(f"{where}: lengths are numbers of time steps, integers, got {lengths.dtype}")
        if lengths.shape != (n,):
            raise ShapeError(f"{where}: lengths have shape {lengths.shape}, for {n} sequences", f"They are ({n},).")
        refuse(where, lengths, Outside(1, t), f"lengths[{{place}}] is {{value}}, of sequences of 1 to {t} time steps.")
        return lengths.astype("int64")

    def _scan(
        self, x: Tensor, state: State, layer: int, direction: str, lengths: Tensor | None
    ) -> tuple[Tensor, State]:
        w_ih, w_hh, b_ih, b_hh = self._weights(f"_l{layer}{direction}")
        if self.adds_biases and b_ih is not None and b_hh is not None:
            b_ih, b_hh = b_ih + b_hh, None
        if lengths is not None:
            x = before_ends(x, lengths)  # what stands there, NaN perhaps, must not reach the weights' gradients
        z = linear(x, w_ih, b_ih)  # of all time steps at once
        w_hr = getattr(self, f"weight_hr_l{layer}{direction}", None)
        if w_hr is not None:
            return scan(lambda z_t, s: self._projected(z_t, s, w_hh, b_hh, w_hr), z, state, bool(direction), lengths)
        done = run(self.step, z, state, w_hh, b_hh, bool(direction), lengths)
        if done is not None:
            return done
        return scan(lambda z_t, s: self.step(z_t, s, w_hh, b_hh), z, state, bool(direction), lengths)

    def _projected(self, z: Tensor, state: State, weight: Tensor, bias: Tensor | None, to: Tensor) -> State:
        """A step whose output, the first of the state, is brought to fewer features."""
        h, *others = self.step(z, state, weight, bias)
        return (linear(h, to), *others)


class RNN(_Layer):
    """Elman's recurrent network: h <- tanh(x W_ih^T + b_ih + h W_hh^T + b_hh) at each time step.

    Args:
        input_size, hidden_size: features that come in, and of the state.
        num_layers: layers one on another.
        nonlinearity: "tanh" or "relu".
        bias: whether there are biases.
        batch_first: axes (n, t, features) rather than (t, n, features).
        dropout: probability of dropout between layers.
        bidirectional: a second network runs from the end; its outputs are put beside the first's.

    Called with x (t, n, input_size) and, if not zeros, h (num_layers directions, n, hidden_size); returns all outputs
    (t, n, directions hidden_size) and the last h. Of one sequence (t, input_size) nothing has the axis n.

    Sequences of unlike lengths are padded to one t, and called with `lengths`, integers (n,) from 1 to t: how many time
    steps of each count. h <- where(time < length, step, h), in every layer and direction, so the last h is that at each
    one's end, the reverse direction begins there, outputs after it are 0, and the padding, be it NaN, has no effect and
    a gradient of 0. It is what PyTorch's packed sequences compute.

    >>> import gradus
    >>> rnn = RNN(3, 5, num_layers=2)
    >>> out, h = rnn(gradus.zeros((7, 4, 3)))
    >>> out.shape, h.shape
    ((7, 4, 5), (2, 4, 5))
    >>> out, h = rnn(gradus.ones((7, 2, 3)), lengths=[7, 4])
    >>> bool((h[1, 1] == out[3, 1]).all()), bool((out[4:, 1] == 0).all())
    (True, True)
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
    ) -> None:
        self.nonlinearity = one_of(type(self).__name__, "nonlinearity", nonlinearity, _ACTIVATIONS)
        super().__init__(input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional)

    def step(self, z: Tensor, state: State, weight: Tensor, bias: Tensor | None) -> State:
        return rnn_step(z, state, weight, bias, _ACTIVATIONS[self.nonlinearity])


class LSTM(_Layer):
    """Long short-term memory over sequences; `functional.lstm_step` has the formula.

    Args:
        input_size, hidden_size: features that come in, and of the state.
        num_layers, bias, batch_first, dropout, bidirectional: see RNN.
        proj_size: the features that h is brought to by a matrix of its own, fewer than hidden_size; 0 for none
            (Sak et al., 2014).

    Called with x (t, n, input_size) and, if not zeros, (h, c), each (num_layers directions, n, hidden_size); returns
    all outputs (t, n, directions hidden_size) and the last (h, c). For `lengths` see RNN.

    >>> import gradus
    >>> out, (h, c) = LSTM(3, 5, bidirectional=True, batch_first=True)(gradus.zeros((4, 7, 3)))
    >>> out.shape, h.shape, c.shape
    ((4, 7, 10), (2, 4, 5), (2, 4, 5))
    """

    gates, states = 4, 2
    step = staticmethod(lstm_step)

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
    ) -> None:
        if proj_size:
            in_range("LSTM", "proj_size", proj_size, f"[0, {hidden_size})")
        self.proj_size = proj_size
        super().__init__(input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional)

    def _features(self) -> tuple[int, ...]:
        return self.proj_size or self.hidden_size, self.hidden_size


class GRU(_Layer):
    """Gated recurrent units over sequences; `functional.gru_step` has the formula.

    Args:
        input_size, hidden_size: features that come in, and of the state.
        num_layers, bias, batch_first, dropout, bidirectional: see RNN.

    Called with x (t, n, input_size) and, if not zeros, h (num_layers directions, n, hidden_size); returns all outputs
    (t, n, directions hidden_size) and the last h. For `lengths` see RNN.

    >>> import gradus
    >>> out, h = GRU(3, 5)(gradus.zeros((7, 4, 3)))
    >>> out.shape, h.shape
    ((7, 4, 5), (1, 4, 5))
    """

    gates = 3
    adds_biases = False
    step = staticmethod(gru_step)


class _Cell(_Recurrent):
    """One step of one layer."""

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True) -> None:
        at_least_one(type(self).__name__, input_size=input_size, hidden_size=hidden_size)
        flags(type(self).__name__, bias=bias)
        self.input_size, self.hidden_size, self.bias = input_size, hidden_size, bias
        self._make("", input_size)

    def forward(self, x: Tensor, state: Any = None) -> Any:
        """The next state; of one sample (input_size,) without the axis of the batch."""
        self._check(x, (1, 2), f"It is (n, {self.input_size}), or of one sample ({self.input_size},).")
        w_ih, w_hh, b_ih, b_hh = self._weights("")
        start = self._start(state, x.shape[:-1], x)
        if x.ndim == 1:
            after = self.forward(x[None], _without_batch(_bare(start), 0))
            return _bare(tuple(s[0] for s in ((after,) if isinstance(after, Tensor) else after)))
        return _bare(self.step(linear(x, w_ih, b_ih), start, w_hh, b_hh))


class RNNCell(_Cell):
    """One step of an RNN: from x (n, input_size) and h (n, hidden_size), zeros if not given, the next h.

    Args:
        input_size, hidden_size: features that come in, and of the state.
        bias: whether there are biases.
        nonlinearity: "tanh" or "relu".

    >>> import gradus
    >>> RNNCell(3, 5)(gradus.zeros((4, 3))).shape
    (4, 5)
    """

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True, nonlinearity: str = "tanh") -> None:
        self.nonlinearity = one_of(type(self).__name__, "nonlinearity", nonlinearity, _ACTIVATIONS)
        super().__init__(input_size, hidden_size, bias)

    step = RNN.step


class LSTMCell(_Cell):
    """One step of an LSTM: from x (n, input_size) and (h, c), each (n, hidden_size), zeros if not given, the next two.

    >>> import gradus
    >>> h, c = LSTMCell(3, 5)(gradus.zeros((4, 3)))
    >>> h.shape, c.shape
    ((4, 5), (4, 5))
    """

    gates, states = 4, 2
    step = staticmethod(lstm_step)


class GRUCell(_Cell):
    """One step of a GRU: from x (n, input_size) and h (n, hidden_size), zeros if not given, the next h.

    >>> import gradus
    >>> GRUCell(3, 5)(gradus.zeros((4, 3))).shape
    (4, 5)
    """

    gates = 3
    step = staticmethod(gru_step)
