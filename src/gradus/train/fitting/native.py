"""What a Trainer runs natively, and eagerly where it cannot be compiled; copies compile anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ... import compiler
from ...compiler import Compiled
from ...compiler.verify import both_ways
from ...errors import EagerWarning, GradusError, MissingError, TraceError, warn
from ...nn import Module
from ...optim import Optimizer
from ...tensor import Tensor
from ..metrics import Metric
from ..runs.history import History
from .interrupt import compiling
from .progress import shown

Loss = Callable[[Tensor, Tensor], Tensor]
_MADE = ("compiled", "forward", "_failed", "_unsaid")  # what a copy makes anew


class Native:
    """The base of Trainer, as which the files below it know one: its step and its outputs, native while they can be.

    Attributes:
        model, loss, optimizer, metrics, history: see Trainer.
        stopped: whether the training is to end after the epoch.
        compiled, forward: the programs of `step` and of `outputs`; None where these are computed eagerly.
        augment: what changes batches of training; None for nothing.
        clip_norm: see Trainer.
        verify: how many steps are still to be computed eagerly, too, and compared.
        guard: whether each step is looked through for what is not finite.
        eager: why it computes eagerly though it was to compile; the empty string if it does not.
    """

    model: Module
    loss: Loss
    optimizer: Optimizer
    metrics: list[Metric]
    history: History
    stopped: bool
    compiled: Compiled | None
    forward: Compiled | None
    precision: str
    verify: int
    augment: Module | None
    clip_norm: float | None
    guard: bool
    _compile: bool | str

    def step(self, *batch: Any, **named: Any) -> tuple[Tensor, ...]:
        raise NotImplementedError

    def outputs(self, *inputs: Any, **named: Any) -> Tensor:
        raise NotImplementedError

    def _make(self) -> None:
        """Make what is to be compiled; it is at its first call."""
        self.compiled = self.forward = None
        self.eager = ""
        self._failed: Exception | None = None  # what came of the last attempt to compile
        self._unsaid: dict[str, tuple[Any, str]] = {}  # what was given up and not said yet: the program, and why
        if not self._compile:
            return
        reason = compiler.missing()
        if reason and (self._compile == "require" or self.precision != "float32"):
            raise MissingError(f"compile={self._compile!r}, precision={self.precision!r}: {reason}")
        if reason:
            self._unsaid["compiled"] = None, reason
            return
        self.compiled = compiler.compile(self.step, precision=self.precision)
        self.forward = compiler.compile(self.outputs)
        self.compiled.around = self.forward.around = self._attempt

    def __getstate__(self) -> dict[str, Any]:
        """What copies are made from: all but what is compiled, which a copy makes anew."""
        return {k: v for k, v in vars(self).items() if k not in _MADE}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._make()

    @contextmanager
    def _attempt(self) -> Iterator[None]:
        """Trace and compile in this block: where that fails, the compiler has put back what the attempt changed."""
        try:
            with shown.get().busy("compiling the training step"), compiling():
                yield
        except Exception as problem:
            self._failed = problem
            raise

    def natively(self, name: str, *batch: Any, **named: Any) -> Any:
        """A call of "compiled", a step, or of "forward"; where it cannot be compiled, eagerly from then on."""
        program = getattr(self, name)
        if program is not None:
            try:
                if name == "compiled" and self.verify:
                    result = both_ways(program, program, batch, named)
                    self.verify -= 1
                    return result
                return program(*batch, **named)
            except Exception as problem:
                if not self.give_up(name, problem):
                    raise
        try:
            result = (self.step if name == "compiled" else self.outputs)(*batch, **named)
        except BaseException:  # the same error, or the user's own: it was not the compiler's fault
            for given_up, (before, _) in self._unsaid.items():
                setattr(self, given_up, before)
            self._unsaid = {k: v for k, v in self._unsaid.items() if v[0] is None}
            raise
        if self._unsaid:
            self._say_why()
        return result

    def give_up(self, name: str, problem: Exception) -> bool:
        """Leave "compiled" or "forward" out after this failure, if it is one to compile; whether it is.

        Any other is for the caller to raise again: raised from here, it and this call would hold each other.
        """
        failed, self._failed = self._failed, None  # with it go its traceback, and what the attempt worked on
        fault = isinstance(problem, TraceError) or (problem is failed and not isinstance(problem, GradusError))
        if not fault:
            return False
        if self._compile == "require" or self.precision != "float32":
            raise TraceError(f"{problem} In a Trainer: Trainer(..., compile=False).") from problem
        reason = str(problem) if isinstance(problem, TraceError) else f"{type(problem).__name__}: {problem}"
        self._unsaid[name] = getattr(self, name), reason
        setattr(self, name, None)
        return True

    def _say_why(self) -> None:
        """Say once why it computes eagerly."""
        reason = next(reason for _, reason in self._unsaid.values())
        self._unsaid.clear()
        if not self.eager:
            self.eager = reason
            warn(
                f"Trainer trains eagerly, operation by operation: {reason} Without this warning: "
                "Trainer(..., compile=False).",
                EagerWarning,
            )


def in_a_line(module: Module) -> str:
    """A module with its options, as a line."""
    return " ".join(repr(module).split())
