"""A function as it is, and compiled for vectors of each width."""

from __future__ import annotations

import platform
from collections.abc import Callable
from typing import Any

import gradus
from gradus.compiler.native.target import avx2, avx512, host, sse2

X86 = platform.machine() in ("x86_64", "AMD64")
TARGETS = [t() for t in (sse2, avx2, avx512) if X86 and t().vector_bytes <= host().vector_bytes] or [host()]


def ways(function: Callable[..., Any]) -> list[Callable[..., Any]]:
    """A function as it is, and compiled for this machine's vectors of each width."""
    return [function, *(gradus.compile(function, target=t) for t in TARGETS)]
