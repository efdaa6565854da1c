"""What may be called beside a module: before it, after it, and when gradients have passed it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from ...errors import ArgumentError
from ...tensor import Tensor

ForwardHook = Callable[[Any, tuple[Any, ...], Any], Any]
PreHook = Callable[[Any, tuple[Any, ...]], Any]
BackwardHook = Callable[[Any, tuple[Any, ...], tuple[Any, ...]], Any]


class Hooked:
    """The base of modules that keeps their hooks: functions, which a compiled function traces with the rest."""

    _forward_hooks: tuple[ForwardHook, ...] = ()
    _forward_pre_hooks: tuple[PreHook, ...] = ()
    _backward_hooks: tuple[BackwardHook, ...] = ()

    def register_forward_hook(self, hook: ForwardHook) -> Callable[[], None]:
        """Call `hook(module, inputs, output)` after each forward; what it returns, if not None, is the new output.

        Returns a function that takes the hook away again.
        """
        return self._hooked("_forward_hooks", hook)

    def register_forward_pre_hook(self, hook: PreHook) -> Callable[[], None]:
        """Call `hook(module, inputs)` before each forward; what it returns, if not None, are the new inputs.

        Returns a function that takes the hook away again.
        """
        return self._hooked("_forward_pre_hooks", hook)

    def register_full_backward_hook(self, hook: BackwardHook) -> Callable[[], None]:
        """Call `hook(module, grad_input, grad_output)`, tuples of one gradient each, when both are known.

        What it returns, if not None, takes the place of the gradient to the input. For modules with one tensor in and
        one out; the gradient to an input that wants none is None. Returns a function that takes the hook away again.
        """
        return self._hooked("_backward_hooks", hook)

    def _hooked(self, kind: str, hook: Any) -> Callable[[], None]:
        registered = partial(hook)  # which may be there twice
        setattr(self, kind, (*getattr(self, kind), registered))

        def remove() -> None:
            setattr(self, kind, tuple(h for h in getattr(self, kind) if h is not registered))

        return remove

    def _apart(self, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        """The input as a tensor of this call's own: its gradient is what this module sends back, and no more."""
        if len(inputs) != 1 or not isinstance(inputs[0], Tensor):
            raise ArgumentError(
                f"{type(self).__name__}: a backward hook needs a module with one tensor in and one out. Use "
                "register_hook of the tensors themselves."
            )
        return (inputs[0].copy(),) if inputs[0].requires_grad else inputs

    def _watched(self, x: Tensor, out: Any) -> Any:
        """Have the backward hooks called when the gradients of the output and of the input are known."""
        if not isinstance(out, Tensor):
            raise ArgumentError(f"{type(self).__name__}: a backward hook needs a module that gives one tensor.")
        if not out.requires_grad:
            return out
        seen: list[Tensor] = []
        hooks = self._backward_hooks

        def arrived(g: Tensor) -> None:
            seen.append(g)
            for hook in () if x.requires_grad else hooks:
                hook(self, (None,), (g,))

        def known(g: Tensor) -> Tensor | None:
            result = None
            for hook in hooks if seen else ():
                given = hook(self, (g,), (seen[-1],))
                if given is not None:
                    g = result = given[0] if isinstance(given, tuple) else given
            return result

        out.register_hook(arrived)
        if x.requires_grad:
            x.register_hook(known)
        return out
