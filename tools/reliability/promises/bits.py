"""The same seed gives the same bits."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from gradus import Tensor, load

from ..programs.drawn import Drawn, drawn
from ..programs.trained import SOURCES, Bits, Way, bits, trained
from ..promise import HELD, Outcome, Promise, Trial

_ROOT = Path(__file__).parents[3]
_AT_ONCE = 10  # trainings of a process
_FIRST = 14  # a training that is soon compiled
_FAR, _TINY = 1e-3, 1e-30
_EAGER, _COMPILED, _GUARDED = Way(), Way(compile=True, threads=1), Way(guard=True)


def _same(number: int, way: Way, before: Bits, after: Bits) -> Outcome:
    wrong = [what for what in before if before[what] != after[what]]
    if not wrong:
        return HELD
    asked = {name: value for name, value in asdict(way).items() if value != getattr(Way(), name)}
    return Outcome(f"training {number} ({drawn(number, large=way.large).what}), {asked}: other {', '.join(wrong)}")


def _ways(times: int, base: Way, shared: bool = False) -> Iterator[Outcome]:
    """Each training is carried out twice, the second time in another way."""
    for number in range(_FIRST, _FIRST + times):
        one = replace(base, precision="bf16") if base.compile and number % 4 == 0 else base
        way = _another(random.Random(number), one, drawn(number), shared)
        yield _same(number, way, bits(number, one), bits(number, way))


def _another(draw: random.Random, base: Way, made: Drawn, shared: bool) -> Way:
    steps = made.epochs * -(-len(made.x) // made.batch_size)
    return replace(
        base,
        threads=draw.randint(1, 4),
        shared=shared,
        source=draw.choice(SOURCES),
        stops=tuple(sorted(draw.sample(range(1, steps + 1), draw.randint(0, 2)))),
        run=draw.random() < 0.3,
        progress=draw.random() < 0.3,
        before=draw.randint(0, 5),
        verify=draw.choice((0, 2)) if base.compile else 0,
    )


def _processes(times: int, base: Way) -> Iterator[Outcome]:
    """Each training in two processes, the second of which finds another world around it; both begin without code."""
    for numbers in _tens(times):
        draw = random.Random(numbers[0])
        way = asdict(replace(base, threads=draw.randint(1, 4)))
        other = way | {"torch": draw.random() < 0.5, "before": draw.randint(1, 5)}
        world = {
            "PYTHONHASHSEED": str(draw.randint(1, 1000)),
            "TZ": draw.choice(("Pacific/Auckland", "America/St_Johns")),
            "LC_ALL": draw.choice(("C", "C.UTF-8", "POSIX")),
        }
        with tempfile.TemporaryDirectory() as ours, tempfile.TemporaryDirectory(prefix="another path, ") as theirs:
            before = _in_a_process(numbers, way, {"PYTHONHASHSEED": "0", "GRADUS_CACHE": ours}, _ROOT)
            world |= {"GRADUS_CACHE": theirs, "HOME": theirs}
            after = _in_a_process(numbers, other, world, Path(theirs))
            codes = [{"code of all": str(sorted(p.name for p in Path(f).rglob("*.o")))} for f in (ours, theirs)]
        for number, one, two in zip(numbers, before, after, strict=True):
            yield _same(number, base, one | codes[0], two | codes[1])


def _in_a_process(numbers: Any, way: dict[str, Any], world: dict[str, str], folder: Path) -> list[Bits]:
    program = [sys.executable, "-m", "tools.reliability.programs.trained", json.dumps(way), *map(str, numbers)]
    path = os.pathsep.join([str(_ROOT / "src"), str(_ROOT)])
    env = os.environ | {"PYTHONPATH": path} | world
    done = subprocess.run(program, env=env, cwd=folder, capture_output=True, text=True, encoding="utf-8")
    if done.returncode:
        raise RuntimeError(f"{program} ended with {done.returncode}: {done.stderr[-2000:]}")
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def _tens(times: int) -> Iterator[range]:
    """The numbers of the trainings, some at a time."""
    end = _FIRST + times
    return (range(first, min(first + _AT_ONCE, end)) for first in range(_FIRST, end, _AT_ONCE))


def _near(times: int, one: Way, other: Way) -> Iterator[Outcome]:
    """How far apart the weights are that two ways come to: what is noted is the largest distance, as a part of all."""
    largest = 0.0
    for number in range(_FIRST, _FIRST + times):
        a, b = (trained(number, replace(way, plain=True)).model.state_dict() for way in (one, other))
        largest = max(largest, _apart(a, b))
        yield _noted(number, _apart(a, b), largest, number == _FIRST + times - 1)


def _threads_of_blas(times: int) -> Iterator[Outcome]:
    """The same of eager trainings with one thread of NumPy's BLAS, and with two."""
    largest = 0.0
    for numbers in _tens(times):
        with tempfile.TemporaryDirectory() as folder:
            for threads in ("1", "2"):
                way = Way(plain=True, large=True, kept=str(Path(folder, threads)))
                Path(way.kept).mkdir()
                _in_a_process(numbers, asdict(way), {"OPENBLAS_NUM_THREADS": threads}, _ROOT)
            for number in numbers:
                a, b = (load(Path(folder, threads, f"{number}.safetensors")) for threads in ("1", "2"))
                largest = max(largest, _apart(a, b))
                yield _noted(number, _apart(a, b), largest, number == _FIRST + times - 1)


def _apart(one: dict[str, Tensor], other: dict[str, Tensor]) -> float:
    """The largest difference of a number, as a part of the largest of its tensor."""
    pairs = ((one[name].numpy().astype(float), other[name].numpy()) for name in one)
    return max(float(np.abs(a - b).max() / max(np.abs(a).max(), _TINY)) for a, b in pairs)


def _noted(number: int, apart: float, largest: float, last: bool) -> Outcome:
    failed = "" if apart < _FAR else f"training {number} ends {apart:.1e} apart"
    if last and not largest:
        failed = "all bits are the same: nothing was done in another way"
    return Outcome(failed, f"at most {largest:.0e} apart")


BITS = Promise(
    "bits",
    "The same seed gives the same bits",
    (
        Trial(
            "eager",
            "random trainings again, with other memory around, from arrays that begin elsewhere, items, threads or a "
            "stream, interrupted up to twice, with and without a folder and progress",
            partial(_ways, base=_EAGER),
            short=4,
            long=300,
        ),
        Trial("guarded", "the same under `guard`", partial(_ways, base=_GUARDED), short=1, long=20),
        Trial(
            "compiled",
            "the same compiled, with `verify`, too, on 1 thread and on 1 to 4 that share the smallest program",
            partial(_ways, base=_COMPILED, shared=True),
            short=1,
            long=40,
        ),
        Trial(
            "processes",
            "in two processes: another PYTHONHASHSEED, locale, time zone, folder, home, with torch loaded or not",
            partial(_processes, base=_EAGER),
            short=1,
            long=20,
        ),
        Trial(
            "processes-compiled",
            "the same compiled, with no code on disk: that is the same, too",
            partial(_processes, base=_COMPILED),
            short=1,
            long=10,
        ),
        Trial(
            "compiled-or-not",
            "not the same bits: weights after a compiled training and an eager one",
            partial(_near, one=_EAGER, other=_COMPILED),
            short=1,
            long=15,
        ),
        Trial(
            "instructions",
            "not the same bits: compiled for this processor, and for SSE2",
            partial(_near, one=_COMPILED, other=replace(_COMPILED, target="sse2")),
            short=1,
            long=10,
        ),
        Trial(
            "blas",
            "not the same bits: eager, with one thread of OpenBLAS, and with two",
            _threads_of_blas,
            short=1,
            long=20,
        ),
    ),
    ("test_trainer.py", "test_evaluation.py", "test_samplers.py", "test_augment_training.py", "test_resume.py"),
    limits=(
        "Eager and compiled training differ in last bits, and so do the instructions that are compiled for (an older "
        "processor's, or another `GRADUS_TARGET`). Eager training differs by the number of NumPy's BLAS threads, as "
        "products of more than some hundred terms are cut otherwise: there are as many as cores unless "
        "`OPENBLAS_NUM_THREADS` says it. The table says how far apart weights ended, as a part of the largest of a "
        f"tensor; more than {_FAR:g} is a failure.",
        "`guard` computes step by step what eager mode has in one piece, and has bits of its own, always the same.",
        "Other versions of NumPy, OpenBLAS, LLVM or gradus may give other last bits.",
        "Data that draw numbers by themselves (`np.random` in `__getitem__`) are asked for `sample_generator` instead.",
    ),
)
