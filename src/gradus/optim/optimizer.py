"""What all optimizers share: the parameters, the learning rate, the count of steps, the state."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ..autograd import no_grad
from ..errors import ArgumentError, CheckpointError
from ..ops import zeros_like
from ..tensor import Tensor, tensor

Schedule = Callable[[Tensor], Tensor]


class Optimizer:
    """The base of all optimizers. A kind of optimizer says which state a parameter needs and how one is updated.

    Everything that changes from step to step is a Tensor, written in place: the state, the count of steps, and the
    learning rate. Nothing else is needed to go on where training stopped.

    Args:
        params: the tensors to train, as from `model.parameters()`.
        lr: the learning rate, a number or a schedule: a function from the count of steps done so far (a float64
            Tensor) to the learning rate, written with Tensor operations; see `optim.schedules`.
        weight_decay: what is added to each gradient, times the parameter (the L2 penalty); AdamW decays differently.

    Attributes:
        steps: how many steps were made, a float64 Tensor without axes.
        scale: a factor on the learning rate, for callbacks that lower it, a float64 Tensor without axes.
        state: for each parameter its state, tensors by name.
    """

    slots: tuple[str, ...] = ()  # the names of the tensors, in a parameter's shape, that start as zeros

    def __init__(self, params: Iterable[Tensor], lr: float | Schedule, weight_decay: float = 0.0) -> None:
        self.params = [params] if isinstance(params, Tensor) else list(params)
        if not self.params:
            raise ArgumentError("there is nothing to train: the list of parameters is empty (was it used up before?)")
        for p in self.params:
            if not isinstance(p, Tensor) or not p.is_leaf:
                raise ArgumentError(f"an optimizer trains leaf tensors, got {p!r}. Pass model.parameters().")
        if len({id(p) for p in self.params}) != len(self.params):
            raise ArgumentError("a parameter is in the list twice: it would be updated twice a step")
        if weight_decay < 0:
            raise ArgumentError(f"weight_decay must be 0 or more, got {weight_decay}")
        self.weight_decay = weight_decay
        self.steps, self.scale = tensor(0.0, "float64"), tensor(1.0, "float64")
        self._lr, self._schedule = tensor(0.0, "float64"), None
        self.lr = lr  # type: ignore[assignment]
        self.state: list[dict[str, Tensor]] = [{name: zeros_like(p) for name in self.slots} for p in self.params]

    @property
    def lr(self) -> float:
        """The learning rate of the next step. Assign a number or a schedule to change it."""
        with no_grad():
            return float(self._rate(self.steps))

    @lr.setter
    def lr(self, value: float | Schedule) -> None:
        if callable(value):
            self._schedule = value
            return
        if not value >= 0:
            raise ArgumentError(f"the learning rate must be 0 or more, got {value}")
        self._schedule = None
        self._lr.assign_(tensor(float(value), "float64"))

    def _rate(self, steps: Tensor) -> Tensor:
        return (self._lr if self._schedule is None else self._schedule(steps)) * self.scale

    def zero_grad(self) -> None:
        """Forget all gradients."""
        for p in self.params:
            p.grad = None

    @no_grad()
    def step(self) -> None:
        """Change every parameter that has a gradient, once."""
        lr = self._rate(self.steps)
        self.steps.assign_(self.steps + 1)
        for p, state in zip(self.params, self.state, strict=True):
            if p.grad is not None and p.requires_grad:
                g = p.grad + self.weight_decay * p if self.weight_decay else p.grad
                self.update(p, g.detach(), state, lr.astype(p.dtype))

    def update(self, p: Tensor, g: Tensor, state: dict[str, Tensor], lr: Tensor) -> None:
        """Write the new value of one parameter, from its gradient, and its new state."""
        raise NotImplementedError

    # -- saving -----------------------------------------------------------------------------------------------------

    def _tensors(self) -> dict[str, Tensor]:
        own = {"lr": self._lr, "steps": self.steps, "scale": self.scale}
        return own | {f"{i}.{name}": t for i, state in enumerate(self.state) for name, t in state.items()}

    def state_dict(self) -> dict[str, Tensor]:
        """All that changes from step to step, by name."""
        return {name: t.detach() for name, t in self._tensors().items()}

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        """Go on from a saved state; names and shapes must agree, else nothing is written."""
        own = self._tensors()
        if set(own) != set(saved) or any(own[n].shape != np.shape(saved[n]) for n in own):
            raise CheckpointError(
                f"this state is not of a {type(self).__name__} over {len(self.params)} parameters of these shapes"
            )
        for name, t in own.items():
            t.assign_(tensor(saved[name]).astype(t.dtype))
