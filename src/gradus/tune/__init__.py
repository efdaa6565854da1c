"""Searching for hyper-parameters, on Optuna (the extra `tune`): random, narrowing, Bayesian."""

from .gaussian_process import GaussianProcess, expected_improvement, rbf
from .proposals import gaussian_process, narrowed, narrowing, uniform
from .recipes import Tuning
from .search import SAMPLERS, Attempt, Report, search
from .space import Choice, Range, Space
from .trial import Found, Trial, table

__all__ = [
    "SAMPLERS",
    "Attempt",
    "Choice",
    "Found",
    "GaussianProcess",
    "Range",
    "Report",
    "Space",
    "Trial",
    "Tuning",
    "expected_improvement",
    "gaussian_process",
    "narrowed",
    "narrowing",
    "rbf",
    "search",
    "table",
    "uniform",
]
