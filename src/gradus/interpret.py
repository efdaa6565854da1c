"""The one door through which every primitive is carried out.

A primitive is bound to Tensors by `ops.primitive.bind`, which asks the *interpreter* in force for the result. The
eager interpreter computes it at once with NumPy. A tracing interpreter would put a graph node in its place; nothing
else in gradus would notice.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from .errors import ArgumentError, DtypeError

if TYPE_CHECKING:
    from .ops.primitive import Primitive
    from .tensor import Tensor


class Interpreter(Protocol):
    """What carries out primitives, writes, and looks at values."""

    def apply(self, primitive: Primitive, inputs: tuple[Tensor, ...], params: dict[str, Any]) -> Any:
        """The data of the primitive's result."""

    def assign(self, target: Tensor, value: Tensor) -> None:
        """Write `value` into the memory of `target`."""

    def concrete(self, tensor: Tensor) -> np.ndarray:
        """The tensor's numbers, as a NumPy array."""

    def met(self, tensor: Tensor) -> None:
        """The tensor's memory is given to another tensor."""

    def walk(self) -> None:
        """Gradients are walked back."""


class Eager:
    """Computes at once, with the functions of an array namespace (NumPy here)."""

    xp = np

    def apply(self, primitive: Primitive, inputs: tuple[Tensor, ...], params: dict[str, Any]) -> Any:
        arrays = [t.data for t in inputs]
        try:
            with np.errstate(all="ignore"):  # infinities and NaN follow IEEE 754, silently, as everywhere in the field
                out = primitive.forward(self.xp, *arrays, **params)
        except Exception:
            for t in inputs:
                _require_array(t)
            primitive.rule(*arrays, **params)  # explains in the user's words what does not fit
            raise
        return out if type(out) is np.ndarray else np.asarray(out)

    def assign(self, target: Tensor, value: Tensor) -> None:
        try:
            with np.errstate(all="ignore"):
                np.copyto(target.data, value.data, casting="same_kind")
        except TypeError:
            raise DtypeError(f"assign_: a tensor of {target.dtype} cannot hold {value.dtype}. Use astype().") from None
        except ValueError:
            raise ArgumentError(
                "assign_: this tensor is a read-only view (of a broadcast). Use copy() first."
            ) from None

    def concrete(self, tensor: Tensor) -> np.ndarray:
        if type(tensor.data) is not np.ndarray:
            _require_array(tensor)
        return tensor.data  # type: ignore[no-any-return]

    def met(self, tensor: Tensor) -> None:
        pass

    def walk(self) -> None:
        pass


def _require_array(t: Tensor) -> None:
    if type(t.data).__name__ == "Node":
        raise DtypeError(
            "this tensor was made while a compiled function was traced, and has no value. Return what is needed later."
        )
    if not isinstance(t.data, np.ndarray):
        raise DtypeError(
            f"the data of a tensor were set to a {type(t.data).__name__}, and are no array any more. "
            "Write into a tensor with t.assign_(...), or under no_grad with t -= ..."
        )


current: ContextVar[Interpreter] = ContextVar("interpreter", default=Eager())  # noqa: B039 - it has no state
