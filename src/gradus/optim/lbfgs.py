"""L-BFGS: Newton's method, with the curvature seen in the last steps."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ..autograd import enable_grad, no_grad
from ..errors import ArgumentError, one_of
from ..functional.checks import at_least_one
from ..nn.core import looks
from ..ops import concatenate
from ..tensor import Tensor, tensor
from .groups import Params
from .optimizer import Optimizer, Schedule

__all__ = ["LBFGS"]

Closure = Callable[[], Tensor]


class LBFGS(Optimizer):
    """L-BFGS (Nocedal, 1980): p <- p - t H g, with H from the last changes of p and of g, by the two-loop recursion.

    It evaluates the loss several times a step, and looks at its value: `step` takes a function that forgets the
    gradients, works out the loss, calls backward and returns the loss. So it belongs outside of compiled functions; the
    function it is given may call one.

    Args:
        params, lr: see Optimizer.
        max_iter: how many iterations a step makes.
        max_eval: how often the loss is worked out in a step at most; 5 / 4 max_iter unless given.
        tolerance_grad: enough, when no gradient is larger.
        tolerance_change: enough, when neither the parameters nor the loss change more.
        history_size: how many changes are remembered.
        line_search_fn: None for a step of `lr`, or "strong_wolfe" for one that fulfils Wolfe's conditions.

    >>> import gradus
    >>> x = gradus.tensor([3.0, -2.0], "float64", requires_grad=True)
    >>> optimizer = LBFGS([x], line_search_fn="strong_wolfe")
    >>> def loss():
    ...     optimizer.zero_grad()
    ...     value = ((x - 1.0) ** 2).sum()
    ...     value.backward()
    ...     return value
    >>> _ = optimizer.step(loss)
    >>> x.round().tolist()
    [1.0, 1.0]
    """

    def __init__(
        self,
        params: Params,
        lr: float | Schedule = 1.0,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        at_least_one("LBFGS", max_iter=max_iter, history_size=history_size)
        if line_search_fn is not None:
            one_of("LBFGS", "line_search_fn", line_search_fn, ("strong_wolfe",))
        options: dict[str, Any] = {"max_iter": max_iter, "max_eval": max_eval or max_iter * 5 // 4}
        options |= {"tolerance_grad": tolerance_grad, "tolerance_change": tolerance_change}
        super().__init__(params, lr, **options, history_size=history_size, line_search_fn=line_search_fn)
        if self._parts:
            raise ArgumentError("LBFGS: takes all parameters together, in no groups")
        self._changes: list[tuple[Tensor, Tensor]] = []  # of p and of g, the last ones
        self._last: tuple[Tensor, Tensor] | None = None  # the last change of the parameters, and the gradient before it

    @no_grad()
    def step(self, closure: Closure | None = None) -> Tensor:  # type: ignore[override]
        """Make up to `max_iter` iterations; gives the loss at the start."""
        if closure is None:
            raise ArgumentError("LBFGS.step needs a function that works out the loss and its gradients: step(closure)")
        looks.forget(self)  # its walks back are its own
        lr, evaluations = self.lr, 1
        first, value, g = self._evaluate(closure)
        if _largest(g) <= self._number("tolerance_grad"):
            return first
        for iteration in range(int(self._number("max_iter"))):
            fresh = self._last is None
            self._remember(g)
            d = self._direction(g)
            slope = (g * d).sum().item()
            if slope > -self._number("tolerance_change"):
                break
            t = min(1.0, 1.0 / g.absolute().sum().item()) * lr if fresh else lr
            old_value, old_g = value, g
            t, value, g, used = self._moved(closure, d, t, value, g, slope, iteration)
            evaluations += used
            self._last = (d * t, old_g)
            self.steps.assign_(self.steps + 1)
            if evaluations >= self._number("max_eval") or _largest(g) <= self._number("tolerance_grad"):
                break
            change = self._number("tolerance_change")
            if _largest(d * t) <= change or abs(value - old_value) < change:
                break
        return first

    def state_dict(self) -> dict[str, Tensor]:
        """All that is needed to go on, the remembered changes among it: as many as there are by now."""
        pairs = [*self._changes, *([self._last] if self._last is not None else [])]
        kept = {f"{i}.{which}": t for i, pair in enumerate(pairs) for which, t in zip("sy", pair, strict=True)}
        return super().state_dict() | {f"history.{name}": t.detach() for name, t in kept.items()}

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        """Go on from a saved state."""
        history = {n.removeprefix("history."): tensor(t) for n, t in saved.items() if n.startswith("history.")}
        super().load_state_dict({n: t for n, t in saved.items() if not n.startswith("history.")})
        pairs = [(history[f"{i}.s"], history[f"{i}.y"]) for i in range(len(history) // 2)]
        self._changes, self._last = pairs[:-1], pairs[-1] if pairs else None

    def _number(self, name: str) -> float:
        return getattr(self, name)  # type: ignore[no-any-return]

    def _evaluate(self, closure: Closure) -> tuple[Tensor, float, Tensor]:
        with enable_grad():
            loss = closure()
        g = [p.full_like(0) if p.grad is None else p.grad for p in self.params]
        return loss.detach(), loss.item(), concatenate([part.detach().reshape(-1) for part in g])

    def _direction(self, g: Tensor) -> Tensor:
        """-H g, by the two loops over what is remembered, newest first, then oldest first."""
        q, shares = -g, []
        for s, y in reversed(self._changes):
            share = (s * q).sum() / (y * s).sum()
            q = q - share * y
            shares.append(share)
        if self._changes:
            s, y = self._changes[-1]
            q = q * ((y * s).sum() / (y * y).sum())
        for (s, y), share in zip(self._changes, reversed(shares), strict=True):
            q = q + s * (share - (y * q).sum() / (y * s).sum())
        return q

    def _remember(self, g: Tensor) -> None:
        """Take the last change of the parameters and of the gradient into the history, if the loss curves upwards."""
        if self._last is None:
            return
        s, y = self._last[0], g - self._last[1]
        if (y * s).sum().item() > 1e-10:
            self._changes = [*self._changes, (s, y)][-int(self._number("history_size")) :]

    def _moved(
        self, closure: Closure, d: Tensor, t: float, value: float, g: Tensor, slope: float, iteration: int
    ) -> tuple[float, float, Tensor, int]:
        """Go along d: how far, the loss and the gradient there, and how often the loss was worked out."""
        start = [p.detach().copy() for p in self.params]

        def at(length: float) -> tuple[float, Tensor]:
            self._put(start, d, length)
            _, there, gradient = self._evaluate(closure)
            return there, gradient

        if self.line_search_fn is not None:  # type: ignore[attr-defined]
            t, value, g, used = strong_wolfe(at, d, t, value, g, slope, self._number("tolerance_change"))
            self._put(start, d, t)
            return t, value, g, used
        self._put(start, d, t)
        if iteration == self._number("max_iter") - 1:  # nobody asks for the loss there
            return t, value, g, 0
        value, g = at(t)
        return t, value, g, 1

    def _put(self, start: list[Tensor], d: Tensor, length: float) -> None:
        offset = 0
        for p, old in zip(self.params, start, strict=True):
            p.assign_(old + length * d[offset : offset + p.size].reshape(p.shape))
            offset += p.size


def _largest(g: Tensor) -> float:
    return g.absolute().max().item()  # type: ignore[no-any-return]


Point = tuple[float, float, Tensor, float]  # how far, the loss, its gradient, its slope along the way


def strong_wolfe(
    at: Callable[[float], tuple[float, Tensor]],
    d: Tensor,
    t: float,
    value: float,
    g: Tensor,
    slope: float,
    least: float,
    c1: float = 1e-4,
    c2: float = 0.9,
    most: int = 25,
) -> tuple[float, float, Tensor, int]:
    """A length along d after which the loss has fallen by c1 t slope, and |slope| to c2 of it.

    As in Nocedal and Wright, "Numerical Optimization", algorithms 3.5 and 3.6.
    First the length grows until an interval holds one, then the interval shrinks by cubic interpolation.
    """
    start: Point = (0.0, value, g, slope)
    before, used = start, 0

    def point(length: float) -> Point:
        there, gradient = at(length)
        return length, there, gradient, (gradient * d).sum().item()

    low = high = start
    for used in range(1, most + 1):
        now = point(t)
        if now[1] > value + c1 * t * slope or (used > 1 and now[1] >= before[1]):
            low, high = before, now
            break
        if abs(now[3]) <= -c2 * slope:
            return *now[:3], used
        if now[3] >= 0:
            low, high = now, before
            break
        t, before = _cubic(before, now, t + 0.01 * (t - before[0]), 10 * t), now
    else:
        return *before[:3], used
    while used < most and abs(high[0] - low[0]) * _largest(d) >= least:
        lowest, highest = sorted((low[0], high[0]))
        margin = 0.1 * (highest - lowest)
        now = point(_cubic(low, high, lowest + margin, highest - margin))
        used += 1
        if now[1] > value + c1 * now[0] * slope or now[1] >= low[1]:
            high = now
            continue
        if abs(now[3]) <= -c2 * slope:
            return *now[:3], used
        if now[3] * (high[0] - low[0]) >= 0:
            high = low
        low = now
    return *low[:3], used


def _cubic(a: Point, b: Point, least: float, most: float) -> float:
    """Where from `least` to `most` the cubic through two points with their slopes is least; halfway if nowhere.

    Halfway, too, beyond both points: a loss that falls ever faster has no least point near, and asks for a long step.
    """
    (x1, f1, _, g1), (x2, f2, _, g2) = sorted((a, b), key=lambda p: p[0])
    d1 = g1 + g2 - 3 * (f1 - f2) / (x1 - x2)
    square = d1 * d1 - g1 * g2
    root = math.sqrt(max(square, 0.0))
    curved = g2 - g1 + 2 * root
    if square < 0 or not curved:
        return (least + most) / 2
    return min(max(x2 - (x2 - x1) * (g2 + root - d1) / curved, least), most)
