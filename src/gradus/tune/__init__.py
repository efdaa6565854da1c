"""Searching for hyper-parameters."""

__all__: list[str] = []
