"""gradus.compile: a Python function of Tensors becomes one native program."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from ..errors import ArgumentError
from .compiled import Compiled
from .native.target import Target
from .rewrite.bfloat16 import check_precision
from .verify import Verified


def compile(
    function: Callable[..., Any] | None = None,
    *,
    target: Target | None = None,
    precision: str = "float32",
    winograd: bool = True,
    verify: bool = False,
) -> Any:
    """Make a function of Tensors one native program: forward, backward and update together.

    The first call traces the function: it runs once on symbols in place of numbers. What it reads besides its
    arguments (parameters, buffers, optimizer state, the random generator) is read anew at each call, what it writes
    with `assign_` is written. Another shape or dtype of an argument, or another plain value around the function (train
    or eval mode, an optimizer's momentum), makes another version; a new learning rate does not.

    The function must not look at values: no `if` on a tensor, no `.numpy()`, `float()` or `print` of one. It begins and
    ends without gradients: those that `backward` leaves in `grad` last until the call ends. Where it would go on from
    those of an earlier call, for want of a zero_grad(), and where nothing uses those that it makes, it is refused.

    Args:
        function: what to compile, or a Module, a partial, anything that can be called; it may return Tensors, in
            lists, tuples or dicts. A Module so compiled is for its outputs: to train it, compile the whole step.
        target: the processor to compile for; by default what $GRADUS_TARGET says, else the one it runs on.
        precision: "bf16" rounds the operands of float32 matrix products and convolutions to bfloat16, which has 8
            significant bits, as they are worked out; their sums, the parameters and all else stay in float32. Faster
            where the processor has products of bfloat16. Inside another compiled function that one's precision holds.
        winograd: whether float32 convolutions by 3 x 3 and 5 x 5 kernels may use Winograd's algorithm where it is
            faster. It rounds otherwise, by some 1e-6 of the largest number; an infinite or NaN pixel spreads to the
            results near it.
        verify: compute each call eagerly, too, from the same state, and compare the results and all that is written;
            a VerifyError names the first value that differs. For finding faults: it is as slow as eager code and more.

    >>> import gradus
    >>> w = gradus.tensor([2.0], requires_grad=True)
    >>> @gradus.compile
    ... def step(x, y):
    ...     w.grad = None
    ...     loss = ((w * x - y) ** 2).mean()
    ...     loss.backward()
    ...     w.assign_((w - 0.1 * w.grad).detach())
    ...     return loss
    >>> [round(float(step(gradus.tensor([1.0]), gradus.tensor([5.0]))), 3) for _ in range(3)]
    [9.0, 5.76, 3.686]
    """
    if function is None:
        return functools.partial(compile, target=target, precision=precision, winograd=winograd, verify=verify)
    if not callable(function):
        raise ArgumentError(f"compile: expects a function or a Module, got {function!r:.80}")
    check_precision(precision)
    if verify:
        return Verified(function, target, precision, winograd)
    return Compiled(function, target, precision, winograd)
