"""What all tests share: a seed, the check of shape rules, the count of oracle tests that a missing torch leaves out."""

# ruff: noqa: E402 - what NumPy reads of the environment is set before it is loaded

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest

# Beside each other, tests that all take every processor wait for one another: each process then takes one thread.
# Asked for some threads (tools/machines.py does), they take as many, and even small programs share their work.
SHARED = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")) > 1
THREADS = int(os.environ.get("GRADUS_THREADS", "0").rstrip("!"))
if SHARED:
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import gradus
from gradus import interpret
from gradus.compiler.native import runtime
from gradus.ops.core.primitive import Primitive, Shaped
from gradus.tensor import Tensor
from gradus.train import Trainer

runtime.bounded = lambda threads, said, forced: threads  # any number of threads is tried, on any machine
HAVE_TORCH = importlib.util.find_spec("torch") is not None
UNDRAWN = ("gradus.train.page._drawn", lambda make: "<figure></figure>")
TORCH_MODULES = ("torch", "torch.nn", "torch.nn.functional", "torch.optim")


class Checked:
    """What Eager computes: every primitive's rule must say the shape and dtype of it. Remembers the names."""

    def __init__(self) -> None:
        self.reached: set[str] = set()

    def check(self, primitive: Primitive, inputs: tuple[Tensor, ...], params: dict[str, Any], out: Any) -> None:
        said = primitive.rule(*(Shaped(x.shape, x.dtype) for x in inputs), **params)
        assert (said.shape, said.dtype) == (out.shape, out.dtype), f"the rule of {primitive.name} {params}"
        self.reached.add(primitive.name)


@pytest.fixture(autouse=True)
def seeded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test starts from seed 0, and with its share of the processors."""
    gradus.seed(0)
    gradus.set_num_threads(THREADS or (1 if SHARED else 0))
    if THREADS > 1:
        monkeypatch.setattr("gradus.compiler.native.stages.WORTH_SHARING", 0)


@pytest.fixture
def shared(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Even the smallest program is shared between all threads, of which the test may ask for others."""
    monkeypatch.setattr("gradus.compiler.native.stages.WORTH_SHARING", 0)
    yield
    gradus.set_num_threads(0)


@pytest.fixture
def two_threads(shared: None) -> None:
    """Even a small program is made for two threads."""
    gradus.set_num_threads(2)


@pytest.fixture
def eagerly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trainers train eagerly where they are not told: on little data that is done before native code were made."""
    made = Trainer.__init__

    def make(self: Trainer, *args: Any, **options: Any) -> None:
        options.setdefault("compile", options.get("precision", "float32") != "float32")
        made(self, *args, **options)

    monkeypatch.setattr(Trainer, "__init__", make)


@pytest.fixture(scope="module")
def undrawn() -> Iterator[None]:
    """Reports of runs are written without pictures, which take longer than a small run; test_report.py has them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(*UNDRAWN)
        yield


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> Checked:
    """Check the rules of all primitives that the test reaches.

    Eager itself is changed, as under an interpreter that sees each operation no compiled function is native code.
    """
    found, apply = Checked(), interpret.Eager.apply

    def checking(self: Any, primitive: Primitive, inputs: tuple[Tensor, ...], params: dict[str, Any]) -> Any:
        out = apply(self, primitive, inputs, params)
        if type(self) is interpret.Eager:
            found.check(primitive, inputs, params, out)
        return out

    monkeypatch.setattr(interpret.Eager, "apply", checking)
    return found


class WithoutTorch(pytest.Module):
    """A module of oracle tests where torch is not installed: collected with a stand-in, so that its tests count."""

    def _getobj(self) -> Any:
        sys.modules.update({name: MagicMock() for name in TORCH_MODULES})
        try:
            return super()._getobj()
        finally:
            for name in TORCH_MODULES:
                del sys.modules[name]


def pytest_pycollect_makemodule(module_path: Any, parent: Any) -> pytest.Module | None:
    if HAVE_TORCH or not module_path.name.startswith("test_torch_"):
        return None
    return WithoutTorch.from_parent(parent, path=module_path)  # type: ignore[no-any-return]


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Bytes are named by their length: a test's name is then the same whenever it is collected, and can be typed."""
    return f"{argname}-{len(val)}-bytes" if isinstance(val, bytes) else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("torch") and not HAVE_TORCH:
            item.add_marker(pytest.mark.skip(reason="torch is not installed"))
    if not config.option.markexpr:
        long = [item for item in items if item.get_closest_marker("long")]
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if item not in long]


def pytest_terminal_summary(terminalreporter: Any) -> None:
    left_out = [r for r in terminalreporter.stats.get("skipped", []) if "torch" in getattr(r, "keywords", ())]
    if left_out:
        terminalreporter.write_line(f"{len(left_out)} oracle tests left out: torch is not installed")


@pytest.fixture
def gradus_data():
    """The folder of real data files; tests that need it are skipped where GRADUS_DATA is not set."""
    if not os.environ.get("GRADUS_DATA"):
        pytest.skip("GRADUS_DATA is not set")
    return Path(os.environ["GRADUS_DATA"])
