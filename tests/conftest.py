"""What several test files share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture
def gradus_data() -> Path:
    """The folder of real data files; tests that need it are skipped where GRADUS_DATA is not set."""
    if not os.environ.get("GRADUS_DATA"):
        pytest.skip("GRADUS_DATA is not set")
    return Path(os.environ["GRADUS_DATA"])
