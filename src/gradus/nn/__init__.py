"""Layers, and what models are built of."""

from .module import Module, Parameter

__all__ = ["Module", "Parameter"]
