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
from tools.conformance import modules, optimizers, refusals  # noqa: E402
from tools.conformance.compare import EQUAL, verdict  # noqa: E402
from tools.conformance.expressed import expression  # noqa: E402
from tools.conformance.run import NAMES, Mode, entry, samples  # noqa: E402
from torch.testing._internal.common_modules import module_db  # noqa: E402
from torch.testing._internal.common_optimizers import optim_db  # noqa: E402

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


def _otherwise(mode: str) -> set[str]:
    """The operations of which the page says that they are otherwise in a mode."""
    sections = [s for s in PAGE.split("\n## Otherwise: ")[1:] if s.startswith(mode)]
    return {name for s in sections for name in re.findall(r"`([^`]+)`", s.split("\n## ")[0])}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("compiled", "dtype", "every"), [(False, "float32", 3), (True, "float64", 20)])
def test_a_part_is_equal_in_other_ways(compiled: bool, dtype: str, every: int) -> None:
    mode = Mode(compiled, dtype, 1)
    names = sorted(WHOLE - _otherwise(str(mode)))[::every]
    assert len(names) > 300 / every
    found = [entry(NAMES.index(name), [mode]) for name in names]
    assert [(name, v) for name, of_modes in found for v in of_modes[0] or () if v.kind != EQUAL] == []


# -- layers, optimizers, and what is wrong -----------------------------------------------------------------------------


def _counted(pattern: str) -> int:
    """A number that the page says."""
    found = re.search(pattern, " ".join(PAGE.split()))
    assert found is not None, pattern
    return int(found[1])


@pytest.mark.filterwarnings("ignore")
def test_layers_are_pytorchs() -> None:
    """Of each kind that the page says is equal, its last sample, with the most options."""
    line = PAGE.split("\n## Layers\n")[1].split("Every sample equal: ")[1].split("\n")[0]
    named, wrong = set(re.findall(r"`([^`]+)`", line)), []
    for info in module_db:
        if info.name not in named:
            continue
        found = list(modules.samples(info, torch.float64))
        kind = getattr(modules.nn, info.module_cls.__name__)
        said = modules.verdict(kind, info.module_cls, *found[-1], torch.float64, compiled=False)
        if said is not None and said.kind != EQUAL:
            wrong.append((info.name, said))
    assert wrong == []
    assert len(named) == _counted(r"kinds of PyTorch's module tests \d+ are there; of (\d+) every sample is equal") > 90


@pytest.mark.filterwarnings("ignore")
def test_optimizers_are_pytorchs() -> None:
    """All settings; of the two that take long the last. PyTorch's ASGD has its rate in float32: test_torch_optim.py."""
    wrong = []
    for info in (one for one in optim_db if one.name != "ASGD"):
        kind = getattr(optimizers.optim, info.name, None)
        given = info.optim_inputs_func(device="cpu", dtype=torch.float64) if kind else []
        for one in given[-1:] if info.name in ("LBFGS", "Muon") else given:
            said = optimizers.verdict(kind, info, one.kwargs, torch.float64, compiled=False)
            if said.kind != EQUAL:
                wrong.append((info.name, one.kwargs, said))
    assert wrong == []


@pytest.mark.filterwarnings("ignore")
def test_wrong_inputs_are_refused_or_mean_something() -> None:
    answers = refusals.answers()
    assert [a for a in answers if a.kind != refusals.CLEAR and not a.why] == []
    clear = sum(a.kind == refusals.CLEAR for a in answers)
    for count, said in ((len(answers), r"tests say of (\d+) inputs"), (clear, r"(\d+) get one of gradus's errors")):
        assert abs(count - _counted(said)) <= 10  # some inputs hold what stood in the memory before
    used = {a.why for a in answers}
    assert [why for _, _, why in refusals.ACCEPTED if why not in used] == [], "reasons that nothing has"
