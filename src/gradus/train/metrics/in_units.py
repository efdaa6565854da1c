"""Metrics of what a preprocessing prepared: those usual for it, numbers in the unit that they had before."""

from __future__ import annotations

from ...data import Standardizer
from .gathered import Metric


def usual(scale: Standardizer | None) -> tuple[str, ...]:
    """What is measured beside the loss: of classes accuracy, of numbers, which have a scale, mae, rmse and r2."""
    return ("accuracy",) if scale is None else ("mae", "rmse", "r2")


def in_units(base: Metric, scale: Standardizer | None) -> Metric:
    """The same metric, of numbers that were standardised, in the unit they had before."""
    if scale is None:
        return base
    return Metric(
        base.name,
        lambda outputs, y: base.statistics(scale.inverse(outputs), scale.inverse(y)),
        base.finish,
        base.merge,
        base.better,
    )
