"""Compiled programs touch nothing outside their arrays: the sanitizer's sample, and all of it in the long mode."""

from __future__ import annotations

import os
import sys

import pytest
from conftest import Checked
from operations import OPERATIONS, accepted
from sanitizer import Group, every_group, sample, survey
from test_compiler_targets import X86

from gradus.ops.core.lowering import Uncompiled
from gradus.ops.core.primitive import PRIMITIVES

pytestmark = pytest.mark.skipif(not X86 or sys.platform != "linux", reason="needs mmap and x86-64 processors")


def test_every_primitive_is_among_the_operations(checked: Checked) -> None:
    for name in OPERATIONS:
        for dtype in ("float32", "int64"):
            if accepted(name, dtype):
                break
        else:
            raise AssertionError(f"{name} takes neither float32 nor int64")
    assert {name for name, p in PRIMITIVES.items() if not isinstance(p.lower, Uncompiled)} <= checked.reached


def test_a_sample() -> None:
    report = survey(sample())
    assert not report.failures, "\n".join(report.failures)
    assert report.cases >= 200


@pytest.mark.long
def test_every_operation_dtype_length_and_processor() -> None:
    report = survey(every_group(), os.cpu_count() or 1, progress=True)
    print(f"{report.cases} cases")
    assert not report.failures, "\n".join(report.failures)


def test_what_lies_beyond_is_found_and_named() -> None:
    """A program that writes whole vectors at the ends of rows is ended, and the case is named."""
    report = survey([Group(("add", "beyond_the_end"), "float32", 5, "sse2", 1)])
    assert report.failures == ["beyond_the_end of float32, length 5, sse2, 1 thread(s): ended by SIGSEGV"]
