"""What docs/conformance.md says is equal to PyTorch is: some sample inputs of its own operator tests, through both."""

from __future__ import annotations

import re
import sys
from itertools import islice
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("expecttest")  # which PyTorch's tests need
pytestmark = pytest.mark.torch

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

import torch  # noqa: E402
from tools.conformance.compare import EQUAL, verdict  # noqa: E402
from tools.conformance.expressed import expression  # noqa: E402
from tools.conformance.run import samples  # noqa: E402

PAGE = (ROOT / "docs" / "conformance.md").read_text(encoding="utf-8")
WHOLE = set(re.findall(r"`([^`]+)`", PAGE.split("## Every sample equal\n")[1].split("\n## ")[0]))
FEW = 3


@pytest.mark.filterwarnings("ignore")
def test_what_is_said_to_be_equal_is() -> None:
    from torch.testing._internal.common_methods_invocations import op_db

    wrong, count = [], 0
    for op in op_db:
        name = op.name + (f".{op.variant_test_name}" if op.variant_test_name else "")
        if name not in WHOLE:
            continue
        dtype = torch.float64 if op.supports_dtype(torch.float64, "cpu") else torch.int64
        ours = expression(name)
        assert ours is not None
        for sample in islice(samples(op, dtype), FEW):
            found = verdict(ours, op.op, sample, dtype, compiled=False)
            count += found is not None
            if found is not None and found.kind != EQUAL:
                wrong.append((name, found))
    assert wrong == []
    assert count > 2 * len(WHOLE)
