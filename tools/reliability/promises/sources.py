"""A non-finite value is found at its source."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import gradus
from gradus import Tensor
from gradus.errors import NonFiniteError

from ..promise import HELD, Outcome, Promise, Trial

_STEPS: tuple[Callable[[Tensor], Tensor], ...] = (  # what is infinite stays so, or becomes a NaN
    lambda x: x * x.abs() * 0.25,
    lambda x: x * 0.5 + 0.1,
    lambda x: gradus.where(x > 0, x, x * 0.1),
    lambda x: x.abs() - 0.3,
    lambda x: x.reshape(2, -1).T.reshape(-1),
    lambda x: x @ gradus.eye(x.shape[0]),
    lambda x: x - x.mean(),
)
_PLANTED: dict[str, Callable[[Tensor], Tensor]] = {  # the operation that is named, and a way to it from numbers
    "log": lambda x: (x - x).log(),
    "sqrt": lambda x: (-1 - x.abs()).sqrt(),
    "divide": lambda x: x / (x - x),
    "exp": lambda x: (x.abs() * 0 + 1e3).exp(),
    "power": lambda x: (x - x) ** -1.0,
    "arccos": lambda x: (x.abs() + 2).arccos(),
}
_PLANTED_BACKWARD: dict[str, Callable[[Tensor], Tensor]] = {  # finite, and of no finite slope
    "sqrt": lambda x: (x - x).sqrt(),
    "power": lambda x: (x - x) ** 0.5,
    "arcsin": lambda x: (x * 0 + 1).arcsin(),
}


def _programs(times: int, planted: dict[str, Callable[[Tensor], Tensor]], compiled: bool) -> Iterator[Outcome]:
    """Random chains of operations with one that goes wrong among them; it must be the one that is named."""
    for number in range(times):
        draw = random.Random(number)
        chain = [draw.choice(_STEPS) for _ in range(draw.randint(2, 12))]
        name = draw.choice(list(planted))
        place = draw.randint(0, len(chain))
        yield _outcome(number, name, [*chain[:place], planted[name], *chain[place:]], compiled)


def _outcome(number: int, name: str, chain: list[Callable[[Tensor], Tensor]], compiled: bool) -> Outcome:
    def loss(x: Tensor) -> Tensor:
        for step in chain:
            x = step(x)
        return x.sum()

    def gradient(x: Tensor) -> Tensor:
        leaf = x.detach()
        leaf.requires_grad = True
        loss(leaf).backward()
        return leaf.grad

    function = gradus.compile(gradient) if compiled else gradient
    try:
        with gradus.guard():
            function(gradus.tensor([0.5, -1.0, 2.0, 0.25]))
    except NonFiniteError as problem:
        said = str(problem)
        here = f"{name}" in said and "sources.py" in said
        return HELD if here else Outcome(f"program {number} plants {name}, and is told: {said}")
    return Outcome(f"program {number} plants {name}, and nothing is said")


SOURCES = Promise(
    "sources",
    "A value that is not finite is found at its source",
    (
        Trial(
            "forward",
            "random programs, one of whose operations gives a NaN or an infinity",
            lambda times: _programs(times, _PLANTED, compiled=False),
            short=60,
            long=20_000,
        ),
        Trial(
            "backward",
            "random programs, one of whose operations has no finite slope",
            lambda times: _programs(times, _PLANTED_BACKWARD, compiled=False),
            short=60,
            long=20_000,
        ),
        Trial(
            "compiled",
            "the first again, in compiled functions",
            lambda times: _programs(times, _PLANTED, compiled=True),
            short=20,
            long=2_000,
        ),
    ),
    tests=("test_guard.py",),
    limits=("Without `guard`, a training finds the source after the epoch's end, by going through the epoch again.",),
)
