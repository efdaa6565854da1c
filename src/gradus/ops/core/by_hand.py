"""Functions that eager mode carries out in one piece: composed of primitives, and written out for NumPy besides.

For what takes eager code several times as long step by step. Compiled functions, half precision, and gradients that are
to be differentiated themselves are composed as ever, so there is one meaning, and the tests hold the other to it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ... import dtypes, interpret
from ...autograd import enable_grad, reached, recording
from ...tensor import Tensor
from .primitive import Primitive, Shaped, bind

Saved = list[np.ndarray]  # what the forward function leaves for the backward one


def by_hand(
    name: str,
    composed: Callable[..., Tensor],
    rule: Callable[..., Shaped],
    forward: Callable[..., np.ndarray],
    backward: Callable[..., list[np.ndarray]],
) -> Callable[..., Tensor | None]:
    """What `composed(*inputs, **how)` means, for numbers of one type; None where it is to be composed.

    Args:
        rule: of the result, as that of a primitive.
        forward: `(*arrays, saved, **how) -> array`.
        backward: `(g, y, *arrays, saved, **how)` -> the gradients to all inputs.

    The function takes a list `saved`, if the caller wants to see what the forward one leaves there.
    """

    def pull(g: Tensor, y: Tensor, *inputs: Tensor, saved: Saved, **how: Any) -> list[Tensor | None]:
        if not recording() and interpret.current.get().in_place:
            return [Tensor(d) for d in backward(g.data, y.data, *(x.data for x in inputs), saved=saved, **how)]
        with enable_grad():
            leaves = [x.copy() for x in inputs]
            again = composed(*leaves, **how)
        found = reached([again], [g], leaves, create_graph=recording())
        return [found.get(id(x)) for x in leaves]

    primitive = Primitive(
        name,
        lambda *inputs, saved, **how: rule(*inputs, **how),
        lambda xp, *arrays, **how: forward(*arrays, **how),
        vjp=(),
        pull=pull,
        listed=False,
    )

    def function(*inputs: Tensor, saved: Saved | None = None, **how: Any) -> Tensor | None:
        dtype = inputs[0].dtype
        if not interpret.current.get().in_place or dtype != dtypes.accumulator(dtype):
            return None
        if any(x.dtype != dtype for x in inputs):
            return None
        return bind(primitive, *inputs, saved=[] if saved is None else saved, **how)

    return function
