"""What a user's forward or loss gave, if that is nothing to train with: told in the user's terms."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np

from ... import dtypes
from ...errors import ArgumentError, GradientError, ShapeError
from ...tensor import Tensor


def require_output(model: Any, outputs: Any) -> Tensor:
    """Refuse what is no Tensor as a model's outputs."""
    if isinstance(outputs, Tensor):
        return outputs
    raise ArgumentError(
        f"{type(model).__name__}.forward gives {_what(outputs)}; a Trainer hands one Tensor on to the loss. "
        f"{_remedy(outputs, 'outputs')}",
        mistake="forward-returns-nothing",
    )


def require_loss(loss: Any, value: Any, training: bool = False) -> Tensor:
    """Refuse what is no number as a loss; in training also one that no gradient comes from."""
    where = f"the loss {name_of(loss)}"
    if not isinstance(value, Tensor):
        raise ArgumentError(
            f"{where} gives {_what(value)}; it must be a Tensor without axes. {_remedy(value, 'loss')}",
            mistake="loss-of-python-numbers",
        )
    if value.shape != ():
        raise ShapeError(
            f"{where} gives a tensor of shape {value.shape}; it must be one number",
            "Reduce it: .mean() of what it gives, or reduction='mean'.",
            mistake="loss-not-reduced",
        )
    if training and not dtypes.is_float(value.dtype):
        raise GradientError(
            f"{where} gives a number of type {value.dtype}, a count, which has no gradient.",
            mistake="accuracy-as-a-loss",
        )
    if training and not value.requires_grad:
        raise GradientError(
            f"{where} gives a number that does not depend on the parameters: on the way a tensor was left behind, by "
            "detach(), numpy(), item(), a comparison, or under no_grad(). Compute from the outputs themselves.",
            mistake="loss-that-forgets-the-outputs",
        )
    return value


def require_pair(loss: Any) -> None:
    """Refuse a loss that cannot be called with outputs and targets."""
    try:
        signature = inspect.signature(loss.forward if hasattr(loss, "forward") else loss)
        signature.bind(None, None)
    except ValueError:
        return  # not known
    except TypeError:
        raise ArgumentError(
            f"the loss {name_of(loss)} takes {signature}; a Trainer calls it with (outputs, targets).",
            mistake="loss-of-three",
        ) from None


def name_of(loss: Any) -> str:
    """What a loss is called."""
    return str(getattr(loss, "__name__", type(loss).__name__))


def _what(value: Any) -> str:
    if value is None:
        return "None"
    if isinstance(value, (tuple, list)):
        return f"a {type(value).__name__} of {len(value)} ({', '.join(type(v).__name__ for v in value)})"
    if isinstance(value, dict):
        return f"a dict ({', '.join(map(repr, value))})"
    of_numpy = isinstance(value, (np.ndarray, np.generic))
    return "an array of NumPy's" if of_numpy else f"{value!r:.40}, of type {type(value).__name__}"


def _remedy(value: Any, what: str) -> str:
    if value is None:
        return "Does it end with `return`?"
    if isinstance(value, (tuple, list, dict)):
        recurrent = "; of a recurrent layer [0] is the outputs, [1] the last state" if what == "outputs" else ""
        return f"Return the one that is meant{recurrent}. What the loss needs besides, it may take from the model."
    if isinstance(value, (np.ndarray, np.generic, int, float)):
        return "Gradients end at .numpy(), .item() and float(). Return the Tensor itself, made by gradus functions."
    return "Return a Tensor."
