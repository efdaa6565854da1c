"""Schedules: the learning rate as a function of the count of optimizer steps done so far.

A schedule takes the place of a number: `SGD(params, lr=schedules.cosine(0.1, steps=1000))`. It counts steps, not
epochs: an epoch has as many as the loader has batches. Any function of a float64 Tensor, written with Tensor
operations, is a schedule too. Called with a number or a list it gives one back, to print or to plot.

PyTorch's names: step is StepLR, multistep MultiStepLR, exponential ExponentialLR, cosine CosineAnnealingLR, polynomial
PolynomialLR (LinearLR at power 1), one_cycle OneCycleLR, warmup LinearLR before any other in a SequentialLR,
cosine_restarts CosineAnnealingWarmRestarts, cyclic CyclicLR, sequence SequentialLR, product ChainedScheduler; LambdaLR
is any function.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ..autograd import no_grad
from ..errors import ArgumentError
from ..functional.checks import at_least_one, in_range
from ..names.elsewhere import door as _door
from ..ops import where
from ..tensor import Tensor, tensor

Schedule = Callable[[Any], Any]


def _schedule(name: str, formula: Callable[[Tensor], Tensor], lr: float = 0.0) -> Schedule:
    """A formula of a Tensor that takes and gives plain numbers too."""
    in_range(f"schedules.{name}", "lr", lr, "[0, inf)")

    def rate(step: Any) -> Any:
        if isinstance(step, Tensor):
            return formula(step)
        with no_grad():
            return formula(tensor(step, "float64")).tolist()

    rate.__name__ = rate.__qualname__ = name
    return rate


def _share(t: Tensor, steps: int) -> Tensor:
    """How much of the way is done: from 0 at the start to 1 after `steps`, and 1 from then on."""
    return (t / steps).minimum(1)


def constant(lr: float) -> Schedule:
    """The same rate always.

    >>> constant(0.1)(7)
    0.1
    """
    return _schedule("constant", lambda t: t.full_like(lr), lr)


def step(lr: float, every: int, factor: float = 0.1) -> Schedule:
    """lr factor^floor(t / every): multiplied by `factor` every so many steps.

    >>> step(1.0, every=10, factor=0.5)([0, 9, 10, 25])
    [1.0, 1.0, 0.5, 0.25]
    """
    at_least_one("schedules.step", every=every)
    return _schedule("step", lambda t: lr * factor ** (t / every).floor(), lr)


def multistep(lr: float, milestones: Sequence[int], factor: float = 0.1) -> Schedule:
    """Multiplied by `factor` at each of the milestones, counts of steps.

    >>> multistep(1.0, [10, 15], factor=0.5)([0, 9, 10, 15])
    [1.0, 1.0, 0.5, 0.25]
    """
    if list(milestones) != sorted(milestones):
        raise ArgumentError(f"schedules.multistep: milestones must rise, got {milestones}")

    def formula(t: Tensor) -> Tensor:
        rate = t.full_like(lr)
        for milestone in milestones:
            rate = where(t >= milestone, rate * factor, rate)
        return rate

    return _schedule("multistep", formula, lr)


def exponential(lr: float, factor: float, every: int = 1) -> Schedule:
    """lr factor^(t / every): a smooth decay, by `factor` in `every` steps.

    >>> exponential(1.0, factor=0.25, every=10)([0, 5, 10])
    [1.0, 0.5, 0.25]
    """
    at_least_one("schedules.exponential", every=every)
    in_range("schedules.exponential", "factor", factor, "(0, inf)")
    return _schedule("exponential", lambda t: lr * factor ** (t / every), lr)


def polynomial(lr: float, steps: int, power: float = 1.0, final: float = 0.0) -> Schedule:
    """final + (lr - final) (1 - t / steps)^power: a straight line at power 1; `final` from `steps` on.

    >>> polynomial(1.0, steps=10)([0, 5, 10, 20])
    [1.0, 0.5, 0.0, 0.0]
    """
    at_least_one("schedules.polynomial", steps=steps)
    in_range("schedules.polynomial", "power", power, "(0, inf)")
    return _schedule("polynomial", lambda t: final + (lr - final) * (1 - _share(t, steps)) ** power, lr)


def cosine(lr: float, steps: int, final: float = 0.0) -> Schedule:
    """final + (lr - final) (1 + cos(pi t / steps)) / 2; `final` from `steps` on (Loshchilov and Hutter, 2017).

    >>> [round(rate, 3) for rate in cosine(1.0, steps=10)([0, 5, 10, 20])]
    [1.0, 0.5, 0.0, 0.0]
    """
    at_least_one("schedules.cosine", steps=steps)
    return _schedule("cosine", lambda t: _cosine(lr, final, _share(t, steps)), lr)


def _cosine(first: float, last: float, share: Tensor) -> Tensor:
    """From `first` to `last` on half a wave of the cosine."""
    return last + (first - last) * 0.5 * (1 + (math.pi * share).cos())


def one_cycle(lr: float, steps: int, rise: float = 0.3) -> Schedule:
    """Up from lr / 25 to lr in the first `rise` of the steps, then down to lr / 250,000, on cosines (Smith, 2018).

    >>> [round(rate, 6) for rate in one_cycle(1.0, steps=101)([0, 29.3, 100])]
    [0.04, 1.0, 4e-06]
    """
    at_least_one("schedules.one_cycle", steps=steps)
    top = rise * steps - 1
    if not 0 < top < steps - 1:
        raise ArgumentError(f"schedules.one_cycle: {steps} steps leave no room to rise in {rise} of them and to fall")
    start, final = lr / 25, lr / 25e4

    def formula(t: Tensor) -> Tensor:
        up = _cosine(start, lr, (t / top).minimum(1))
        down = _cosine(lr, final, ((t - top).maximum(0) / (steps - 1 - top)).minimum(1))
        return where(t <= top, up, down)

    return _schedule("one_cycle", formula, lr)


def warmup(steps: int, then: float | Schedule) -> Schedule:
    """Rise in a straight line over `steps` steps, (t + 1) / steps of the first rate of `then`; then `then`, from its 0.

    >>> warmup(4, then=cosine(1.0, steps=100))([0, 1, 2, 3, 4])
    [0.25, 0.5, 0.75, 1.0, 1.0]
    """
    at_least_one("schedules.warmup", steps=steps)
    after = then if callable(then) else constant(then)
    return _schedule("warmup", lambda t: after((t - steps).maximum(0)) * ((t + 1) / steps).minimum(1))


def cosine_restarts(lr: float, steps: int, factor: int = 1, final: float = 0.0) -> Schedule:
    """`cosine` again and again, each time `factor` times as long (Loshchilov and Hutter, 2017).

    >>> [round(rate, 3) for rate in cosine_restarts(1.0, steps=10, factor=2)([0, 5, 10, 20, 30])]
    [1.0, 0.5, 1.0, 0.5, 1.0]
    """
    at_least_one("schedules.cosine_restarts", steps=steps, factor=factor)

    def formula(t: Tensor) -> Tensor:
        if factor == 1:
            return _cosine(lr, final, (t % steps) / steps)
        turn = ((t / steps * (factor - 1) + 1).log() / math.log(factor) + 1e-9).floor()
        start, length = steps * (factor**turn - 1) / (factor - 1), steps * factor**turn
        return _cosine(lr, final, (t - start) / length)

    return _schedule("cosine_restarts", formula, lr)


def cyclic(lowest: float, highest: float, up: int = 2000, down: int | None = None, decay: float = 1.0) -> Schedule:
    """Up from `lowest` to `highest` in `up` steps and down again in `down`, in straight lines (Smith, 2017).

    Args:
        lowest, highest: the rates at the ends.
        up, down: how many steps; down as many as up unless given.
        decay: the height of each cycle is this times that of the one before.

    >>> cyclic(0.0, 1.0, up=4, decay=0.5)([0, 2, 4, 6, 8, 12])
    [0.0, 0.5, 1.0, 0.5, 0.0, 0.5]
    """
    down = up if down is None else down
    at_least_one("schedules.cyclic", up=up, down=down)

    def formula(t: Tensor) -> Tensor:
        cycle = (t / (up + down)).floor()
        place = t - cycle * (up + down)
        share = where(place <= up, place / up, (up + down - place) / down)
        return lowest + (highest - lowest) * share * decay**cycle

    return _schedule("cyclic", formula, lowest)


def inverse_sqrt(lr: float, warm: int) -> Schedule:
    """lr min((t + 1) / warm, sqrt(warm / (t + 1))): up in a straight line, then down (Vaswani et al., 2017).

    >>> inverse_sqrt(1.0, warm=4)([0, 3, 15])
    [0.25, 1.0, 0.5]
    """
    at_least_one("schedules.inverse_sqrt", warm=warm)
    return _schedule("inverse_sqrt", lambda t: lr * ((t + 1) / warm).minimum((warm / (t + 1)) ** 0.5), lr)


def sequence(schedules: Sequence[float | Schedule], milestones: Sequence[int]) -> Schedule:
    """One schedule after the other, each from its 0, the next at each milestone.

    >>> sequence([1.0, polynomial(0.5, steps=2)], milestones=[3])([0, 2, 3, 4])
    [1.0, 1.0, 0.5, 0.25]
    """
    parts = [s if callable(s) else constant(s) for s in schedules]
    if len(parts) != len(milestones) + 1 or list(milestones) != sorted(milestones):
        raise ArgumentError(
            f"schedules.sequence: {len(parts)} schedules have {len(parts) - 1} milestones between, which rise, got "
            f"{list(milestones)}"
        )

    def formula(t: Tensor) -> Tensor:
        rate = parts[0](t)
        for part, milestone in zip(parts[1:], milestones, strict=True):
            rate = where(t >= milestone, part((t - milestone).maximum(0)), rate)
        return rate  # type: ignore[no-any-return]

    return _schedule("sequence", formula)


def product(*schedules: float | Schedule) -> Schedule:
    """Schedules multiplied, as chained ones are elsewhere: a rate, and factors on it.

    >>> product(step(1.0, every=2, factor=0.5), polynomial(1.0, steps=10))([0, 2, 5])
    [1.0, 0.4, 0.125]
    """
    parts = [s if callable(s) else constant(s) for s in schedules]

    def formula(t: Tensor) -> Tensor:
        rate = t.full_like(1)
        for part in parts:
            rate = rate * part(t)
        return rate

    return _schedule("product", formula)


if not TYPE_CHECKING:  # type checkers know the names, and find misspelt ones
    __getattr__ = _door("optim.schedules")
