"""Neurons with fixed weights (McCulloch and Pitts, 1943): units, logic gates, adders."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

from ..errors import ArgumentError, DataError, ShapeError
from ..functional.checks import at_least_one, refuse, require_function
from ..interpret import OtherThan
from ..nn import Module, Sequential
from ..ops import concatenate, stack
from ..tensor import Tensor, as_tensor, tensor


class McCullochPitts(Module):
    """A layer of neurons that fire or do not; inhibition is absolute, as in the paper.

    y_j = 1 if no inhibitory input of unit j is 1, and its excitatory inputs that are 1 count up to threshold_j; else 0.

    Args:
        synapses: (units, inputs) whole numbers: 2 is an input that excites through two synapses, -1 one that inhibits,
            0 one that does not reach the unit.
        threshold: (units,) whole numbers: how many excited synapses make the unit fire. A unit of threshold 0 fires
            by itself, until it is inhibited.

    An input of shape (..., inputs), zeros and ones, gives (..., units) zeros and ones.

    Raises:
        ArgumentError: synapses that are no matrix of whole numbers, or another number of thresholds than of units.
        DataError: an input that is neither 0 nor 1.

    Source: McCulloch and Pitts, "A logical calculus of the ideas immanent in nervous activity" (1943).

    >>> unit = McCullochPitts([[1, 1, -1]], [2])
    >>> unit(tensor([[1, 1, 0], [1, 0, 0], [1, 1, 1]])).flatten().tolist()
    [1, 0, 0]
    """

    def __init__(self, synapses: Any, threshold: Any) -> None:
        try:
            weights, thresholds = np.asarray(synapses), np.asarray(threshold)
        except ValueError:
            raise ArgumentError(
                f"McCullochPitts: the rows of synapses are of unlike lengths: {synapses!r:.80}"
            ) from None
        if weights.ndim != 2 or weights.dtype.kind != "i" or thresholds.dtype.kind != "i":
            raise ArgumentError(
                f"McCullochPitts: synapses are a matrix of whole numbers (units, inputs) and thresholds are whole "
                f"numbers, got shape {weights.shape} of {weights.dtype} and {thresholds.dtype}"
            )
        if thresholds.shape != weights.shape[:1]:
            raise ArgumentError(
                f"McCullochPitts: {len(weights)} units need thresholds of shape ({len(weights)},), "
                f"got {thresholds.shape}"
            )
        self.excitatory, self.inhibitory = tensor(np.maximum(weights, 0)), tensor(np.maximum(-weights, 0))
        self.threshold = tensor(thresholds)

    def forward(self, x: Tensor) -> Any:
        if x.shape[-1:] != self.excitatory.shape[1:]:
            raise ShapeError(
                f"McCullochPitts: {self.excitatory.shape[1]} inputs reach the units, got shape {x.shape}",
                "The last axis holds the inputs.",
            )
        refuse("McCullochPitts", x, OtherThan((0, 1)), "inputs are 0 or 1, got {value} at [{place}]")
        excited = x @ self.excitatory.T >= self.threshold
        inhibited = x @ self.inhibitory.T > 0
        return (excited & ~inhibited).astype(x.dtype)

    def extra_repr(self) -> str:
        synapses = (self.excitatory - self.inhibitory).tolist()
        return f"synapses={synapses}, threshold={self.threshold.tolist()}"


class Gate(Module):
    """A logic gate made of units, in one layer or several: called with one Tensor of zeros and ones for each input.

    >>> AND(tensor([0, 0, 1, 1]), tensor([0, 1, 0, 1])).tolist()
    [0, 0, 0, 1]
    """

    def __init__(self, *layers: McCullochPitts) -> None:
        self.layers = Sequential(*layers)

    def forward(self, *x: Any) -> Any:
        return self.layers(stack([as_tensor(value) for value in x], axis=-1))[..., 0]


AND = Gate(McCullochPitts([[1, 1]], [2]))
OR = Gate(McCullochPitts([[1, 1]], [1]))
NOT = Gate(McCullochPitts([[-1]], [0]))
NOR = Gate(McCullochPitts([[-1, -1]], [0]))
NAND = Gate(*AND.layers, *NOT.layers)  # no single unit does it: one active input must not keep it from firing
XOR = Gate(McCullochPitts([[1, -1], [-1, 1]], [1, 1]), *OR.layers)  # "only the first" or "only the second"
XNOR = Gate(McCullochPitts([[1, 1], [-1, -1]], [2, 0]), *OR.layers)  # "both" or "neither"
GATES = {"AND": AND, "OR": OR, "NOT": NOT, "NAND": NAND, "NOR": NOR, "XOR": XOR, "XNOR": XNOR}


def truth_table(gate: Module, inputs: int = 2) -> np.ndarray:
    """All inputs of a gate with what it answers: (2^inputs, inputs + 1) zeros and ones, counted upwards.

    >>> truth_table(XOR).tolist()
    [[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]]
    """
    require_function("truth_table", gate=gate)
    at_least_one("truth_table", inputs=inputs)
    rows = np.array(list(product((0, 1), repeat=inputs)))
    answers = gate(*(tensor(column) for column in rows.T)).numpy()
    return np.column_stack([rows, answers])


def half_adder(a: Any, b: Any) -> tuple[Tensor, Tensor]:
    """The sum of two bits: its bit, and the carry. sum = a XOR b, carry = a AND b.

    >>> [int(bit) for bit in half_adder(tensor(1), tensor(1))]
    [0, 1]
    """
    return XOR(a, b), AND(a, b)


def full_adder(a: Any, b: Any, carry: Any) -> tuple[Tensor, Tensor]:
    """The sum of three bits: its bit, and the carry; two half adders and an OR.

    >>> [int(bit) for bit in full_adder(tensor(1), tensor(1), tensor(1))]
    [1, 1]
    """
    partial, first = half_adder(a, b)
    total, second = half_adder(partial, carry)
    return total, OR(first, second)


def ripple_adder(a: Any, b: Any) -> Tensor:
    """The sum of two binary numbers, a full adder for each place; the carry runs from the lowest to the highest.

    Args:
        a, b: (..., n) bits, the lowest first.

    The result has shape (..., n + 1), the lowest bit first.

    Raises:
        ShapeError: the numbers have unlike shapes, or no bits.

    >>> bits_to_numbers(ripple_adder(numbers_to_bits(13, 4), numbers_to_bits(11, 4))).tolist()
    24
    """
    a, b = as_tensor(a), as_tensor(b)
    if a.shape != b.shape or not a.shape or not a.shape[-1]:
        raise ShapeError(f"ripple_adder: the numbers have shapes {a.shape} and {b.shape}", "Both are (..., n) bits.")
    carry = a[..., 0] * 0
    bits = []
    for i in range(a.shape[-1]):
        bit, carry = full_adder(a[..., i], b[..., i], carry)
        bits.append(bit)
    return concatenate([stack(bits, axis=-1), stack([carry], axis=-1)], axis=-1)


def numbers_to_bits(numbers: Any, n: int) -> Tensor:
    """Whole numbers below 2^n as bits (..., n), the lowest first.

    Raises:
        ArgumentError: numbers that are not whole, or need more bits.

    >>> numbers_to_bits(6, 4).tolist()
    [0, 1, 1, 0]
    """
    at_least_one("numbers_to_bits", n=n)
    values = np.asarray(numbers)
    if values.dtype.kind not in "iu":
        raise ArgumentError(f"numbers_to_bits: expects whole numbers, got {values.dtype}. Write numbers.astype(int).")
    if (values < 0).any() or (values >= 2**n).any():
        raise ArgumentError(f"numbers_to_bits: {n} bits hold 0 to {2**n - 1}, got {values.min()} to {values.max()}")
    return tensor((values[..., None] >> np.arange(n)) & 1)


def bits_to_numbers(bits: Any) -> np.ndarray:
    """Bits (..., n), the lowest first, as whole numbers: sum_i bit_i 2^i.

    Raises:
        DataError: a bit that is neither 0 nor 1.
        ShapeError: a single bit without an axis.

    >>> bits_to_numbers([0, 1, 1, 0]).tolist()
    6
    """
    values = as_tensor(bits).numpy()
    if not values.ndim:
        raise ShapeError(f"bits_to_numbers: bits have shape {values.shape}", "They are (..., n).")
    if not ((values == 0) | (values == 1)).all():
        raise DataError(f"bits_to_numbers: bits are 0 or 1, got numbers from {values.min()} to {values.max()}")
    values = values.astype(np.int64)
    return np.asarray((values << np.arange(values.shape[-1])).sum(-1))
