"""How large a model may become that a file asks for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from ..errors import ArgumentError, GradusError

_left: ContextVar[list[int] | None] = ContextVar("left", default=None)  # parameters that may be made, and at first


@contextmanager
def room_for(numbers: int) -> Iterator[None]:
    """Within this block no model of more parameters than `numbers` is built, whatever a file asks for.

    Raises:
        ArgumentError: a model would have more; it is refused before it takes the memory.

    >>> from gradus.nn import Linear
    >>> with room_for(10):
    ...     layer = Linear(10**9, 10**9, bias=False)
    Traceback (most recent call last):
    gradus.errors.ArgumentError: the model would have more than 10 parameters
    """
    token = _left.set([numbers, numbers])
    try:
        yield
    except GradusError:
        raise
    except (MemoryError, OverflowError, ValueError):  # as NumPy says of a shape
        raise ArgumentError(f"the model would have more than {numbers:,} parameters") from None
    finally:
        _left.reset(token)


def take(numbers: int) -> None:
    """Say that so many parameters are about to be made."""
    if (left := _left.get()) is not None:
        left[0] -= numbers
        if left[0] < 0:
            raise ArgumentError(f"the model would have more than {left[1]:,} parameters")
