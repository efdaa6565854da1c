"""What is no model is refused."""

from __future__ import annotations

from typing import Any

from ...errors import ArgumentError
from .module import Module


def require_model(where: str, model: Any) -> None:
    """Refuse what is no Module."""
    if not isinstance(model, Module):
        what, remedy = f"{model!r:.60}", "Write it as a Module."
        if isinstance(model, type):
            what, remedy = f"the class {model.__name__}", f"Make one: {model.__name__}(...)."
        elif isinstance(getattr(model, "function", None), Module):
            what, remedy = "a compiled one", "Give the Module that was compiled."
        raise ArgumentError(f"{where}: the model is {what}. {remedy}", mistake="no-model")
