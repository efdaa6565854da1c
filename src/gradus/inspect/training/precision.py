"""What a type of numbers costs and holds: its digits and range, and the memory and time of a step of training in it."""

from __future__ import annotations

import copy
import time
import tracemalloc
from collections.abc import Callable
from typing import Any, NamedTuple

import ml_dtypes
import numpy as np

from ... import compiler, dtypes, interpret, optim
from ...autograd import no_grad
from ...errors import ArgumentError, DtypeError
from ...functional import cross_entropy
from ...nn import Module
from ...tensor import Tensor, tensor


class NumberType(NamedTuple):
    """What a floating-point type can hold.

    Attributes:
        name: of the type.
        bits: of a number, in memory.
        digits: significant binary digits, the leading one among them.
        eps: the distance from 1 to the next larger number, 2^(1 - digits).
        largest: the largest finite number.
        smallest: the smallest one above 0 with all its digits.

    >>> NumberType("float16", 16, 11, 2**-10, 65504.0, 2**-14).eps
    0.0009765625
    """

    name: str
    bits: int
    digits: int
    eps: float
    largest: float
    smallest: float


def number_type(dtype: Any) -> NumberType:
    """The digits and the range of a floating-point type.

    Args:
        dtype: "float64", "float32", "float16" or "bfloat16".

    Raises:
        DtypeError: no floating-point type.

    >>> number_type("bfloat16").digits, number_type("float16").largest
    (8, 65504.0)
    """
    kind = dtypes.as_dtype(dtype)
    if not dtypes.is_float(kind):
        raise DtypeError(f"number_type: {kind} holds no floating-point numbers; expected float64, float32, float16 ...")
    info: Any = ml_dtypes.finfo(kind)  # type: ignore[no-untyped-call]
    ends = float(info.max), float(info.smallest_normal)
    return NumberType(str(kind), 8 * kind.itemsize, info.nmant + 1, float(info.eps), *ends)


class StepCost(NamedTuple):
    """What a step of training needs.

    Attributes:
        dtype: of the weights and the data.
        weights: bytes of the parameters.
        activations: bytes of what the forward pass makes for a batch, views not counted.
        working: bytes that a step takes at its height besides weights and data: eagerly what NumPy has taken, compiled
            the program's one stretch of memory.
        seconds: of a step, the median.

    >>> StepCost("float32", weights=2600, activations=416, working=4096, seconds=1e-4).weights
    2600
    """

    dtype: str
    weights: int
    activations: int
    working: int
    seconds: float


def step_cost(
    model: Module, x: Any, y: Any, dtype: Any = "float32", compiled: bool = True, precision: str = "float32"
) -> StepCost:
    """The memory and the time of a step of gradient descent on one batch, all numbers in one type.

    Args:
        model: it is copied, and the copy converted.
        x: (n, ...) a batch.
        y: (n,) its classes.
        dtype: of weights, activations and gradients. What is added up of half precision is added in float32.
        compiled: make the step one native program; else compute operation by operation with NumPy.
        precision: the compiler's: "bf16" rounds only what is multiplied, for a dtype of float32.

    Raises:
        ArgumentError: a precision other than float32 that is not compiled, or for weights that are not float32.

    >>> from gradus import nn
    >>> cost = step_cost(nn.Linear(64, 10), np.zeros((5, 64)), np.zeros(5, int), "float16", compiled=False)
    >>> cost.weights  # 64 x 10 + 10 numbers of 2 bytes
    1300
    """
    kind = dtypes.as_dtype(dtype)
    if precision != "float32" and not (compiled and kind == dtypes.float32):
        raise ArgumentError(f"step_cost: precision={precision!r} is for a compiled step of float32, got {kind}")
    model = copy.deepcopy(model).astype(kind).train()
    x, y = tensor(np.asarray(x)).astype(kind), tensor(np.asarray(y))
    optimizer = optim.SGD(model.parameters(), lr=0.01)

    def step(x: Tensor, y: Tensor) -> Tensor:
        optimizer.zero_grad()
        loss = cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        return loss.detach()

    made = _made(lambda: cross_entropy(model(x), y))
    program: Any = compiler.compile(step, precision=precision) if compiled else step
    program(x, y)
    working = program.working_memory() if compiled else _peak(lambda: step(x, y))
    seconds = _median_time(lambda: program(x, y).numpy())
    return StepCost(str(kind), sum(p.data.nbytes for p in model.parameters()), made, working, seconds)


class _Counting(interpret.Eager):
    """Counts the bytes of all that is made, but for views of it."""

    def __init__(self) -> None:
        self.bytes = 0

    def apply(self, primitive: Any, inputs: tuple[Tensor, ...], params: dict[str, Any]) -> Any:
        out = super().apply(primitive, inputs, params)
        self.bytes += out.nbytes if out.base is None else 0
        return out


def _made(call: Callable[[], Any]) -> int:
    counting = _Counting()
    token = interpret.current.set(counting)
    try:
        with no_grad():
            call()
    finally:
        interpret.current.reset(token)
    return counting.bytes


def _peak(call: Callable[[], Any]) -> int:
    """How much more memory was in use at the height of a call than before it."""
    running = tracemalloc.is_tracing()
    if not running:
        tracemalloc.start()
    try:
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        call()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        if not running:
            tracemalloc.stop()


def _median_time(call: Callable[[], Any], most: float = 0.5) -> float:
    """The median of at least five calls, and as many as fit into so many seconds."""
    times: list[float] = []
    while len(times) < 5 or (sum(times) < most and len(times) < 200):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return float(np.median(times))
