"""Steps of a loop that go on by what nothing can tell of: such a loop is written out, and each step is its own."""

from __future__ import annotations

import hashlib
import re
import struct
from collections import OrderedDict
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

import numpy as np
import pytest

import gradus

NUMBERS = [1.0] * 5 + [2.0, 3.0, 0.5] * 5
Next = Callable[[], float]  # the number of one step


def a_queue() -> Next:
    queue = SimpleQueue[float]()
    for number in NUMBERS:
        queue.put(number)
    return queue.get


def what_a_pattern_finds() -> Next:
    found = re.finditer(r"\d", "1111122222222222")
    return lambda: float(next(found).group())


def what_is_unpacked() -> Next:
    numbers = struct.iter_unpack("b", bytes([1] * 5 + [2] * 10))
    return lambda: float(next(numbers)[0])


def a_hash() -> Next:
    seen = hashlib.sha256()

    def number() -> float:
        seen.update(b"x")
        return float(seen.digest()[0] > 60)

    return number


def numpys_iterator() -> Next:
    numbers = np.nditer(np.array(NUMBERS))
    return lambda: float(next(numbers))  # type: ignore[arg-type]


def an_array_as_it_lies() -> Next:
    numbers = np.array(NUMBERS).flat
    return lambda: float(next(numbers))


def numbered_numbers() -> Next:
    numbers = np.ndenumerate(np.array(NUMBERS))
    return lambda: float(next(numbers)[1])


def the_order_of_a_dict() -> Next:
    numbers = OrderedDict(enumerate(NUMBERS))

    def number() -> float:
        oldest = next(iter(numbers))
        numbers.move_to_end(oldest)
        return numbers[oldest]

    return number


MAKERS = (
    *(a_queue, what_a_pattern_finds, what_is_unpacked, a_hash, numpys_iterator, an_array_as_it_lies),
    *(numbered_numbers, the_order_of_a_dict),
)


def from_state_to_state(make: Callable[[], Next], x: gradus.Tensor) -> gradus.Tensor:
    number = make()
    (state,), _ = gradus.scan(lambda s, row: ((gradus.tanh(s[0] + row) * number(),), s[0]), (x[0],), x)
    return state


@pytest.mark.parametrize("make", MAKERS)
def test_each_step_has_its_own_number(make: Callable[[], Next]) -> None:
    x = gradus.tensor(np.linspace(-1, 1, 36, dtype=np.float32).reshape(12, 3))
    compiled = gradus.compile(lambda x: from_state_to_state(make, x))
    for k in (1.0, 0.5):
        expected = from_state_to_state(make, x * k)
        np.testing.assert_allclose(compiled(x * k).numpy(), expected.numpy(), rtol=1e-5, atol=1e-6)


def test_values_of_libraries_leave_a_loop_a_loop() -> None:
    pattern, table, thing, kind = re.compile("a"), {"a": 2.0}, object(), np.dtype("float32")

    def step(state: tuple[gradus.Tensor], row: gradus.Tensor) -> tuple[tuple[gradus.Tensor], gradus.Tensor]:
        scale = table["a"] if pattern.match("abc") and thing is not None and kind.itemsize == 4 else 1.0
        return (np.exp and gradus.tanh(state[0] + row) * scale,), state[0]

    compiled = gradus.compile(lambda x: gradus.scan(step, (x[0],), x)[0][0])
    compiled(gradus.ones((12, 3)))
    assert list(compiled._last.program.inner)


@pytest.mark.parametrize("into", ["state", "place"])
def test_a_step_that_writes_into_what_it_is_given_is_written_out(into: str) -> None:
    def f(x: Any) -> Any:
        x, start = x * 1, x[0] * 0

        def step(state: Any, place: Any) -> Any:
            (state if into == "state" else (place,))[0][0] = 5.0
            return (state[0] + place,), state[0] * 1

        return *gradus.scan(step, (start,), x), x * 1, start * 1

    x = gradus.ones((9, 3))
    (last,), *found = gradus.compile(f)(x)
    (wanted,), *others = f(x)
    assert [t.tolist() for t in (last, *found)] == [t.tolist() for t in (wanted, *others)]
