"""The threads of compiled programs: several callers, fork, the end of the process, how many there are."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest

import gradus
from gradus.compiler import num_threads, set_num_threads
from gradus.compiler.native import processors, runtime
from gradus.errors import ArgumentError

BEGINNING = """
import os, sys, threading, time
import numpy as np
import gradus
from gradus.compiler import set_num_threads

set_num_threads(3, force=True)
x = gradus.tensor(np.ones((300, 300), "float32"))
product = gradus.compile(lambda a: (a @ a).sum())
small = gradus.compile(lambda a: (a * 2).sum())

def works():
    return product(x).item() == 27_000_000 and small(x).item() == 180_000
"""


def process(program):
    """The exit status of a program, and what it printed; a process that hangs fails the test."""
    env = os.environ | {"PYTHONPATH": str(Path(gradus.__file__).parents[1])}
    done = subprocess.run(
        [sys.executable, "-c", BEGINNING + program], env=env, capture_output=True, text=True, timeout=120
    )
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def three_threads():
    set_num_threads(3)
    yield
    set_num_threads(0)


def product_of(n):
    rng = np.random.default_rng(n)
    a, b = rng.normal(size=(n, n)).astype(np.float32), rng.normal(size=(n, n)).astype(np.float32)
    return a, b


@pytest.mark.parametrize("n", [8, 200])
def test_several_callers_at_once(n, three_threads):
    f = gradus.compile(lambda a, b: (a @ b, (a - b).sum()))
    inputs = [product_of(n + k) for k in range(4)]
    alone = [[r.numpy().copy() for r in f(a, b)] for a, b in inputs]
    wrong = []

    def call(k):
        for _ in range(30):
            found = [r.numpy() for r in f(*inputs[k])]
            wrong.extend(k for x, y in zip(found, alone[k], strict=True) if x.tobytes() != y.tobytes())

    callers = [threading.Thread(target=call, args=(k,)) for k in range(4)]
    for c in callers:
        c.start()
    for c in callers:
        c.join()
    assert not wrong


def test_several_epochs_at_once(three_threads):
    f = gradus.compile(lambda x: (x @ x.T).sum())
    x = np.random.default_rng(0).integers(0, 3, (50, 64)).astype(np.float32)
    rows = np.random.default_rng(1).integers(0, 50, (200, 32))
    expected, wrong = f.epoch((x,), rows), []

    def run(k):
        mine = np.roll(rows, k, axis=0)
        wrong.extend(k for _ in range(5) if (f.epoch((x,), mine) != np.roll(expected, k)).any())

    callers = [threading.Thread(target=run, args=(k,)) for k in range(3)]
    for c in callers:
        c.start()
    for c in callers:
        c.join()
    assert not wrong


def test_numpys_integers_are_numbers():
    set_num_threads(np.int64(2))
    assert num_threads() == 2
    set_num_threads(0)


def test_more_threads_one_after_the_other():
    a, b = product_of(200)
    f, told = gradus.compile(lambda a, b: a @ b), set()
    try:
        for threads in (1, 2, 4, 3, 1, 5):
            set_num_threads(threads)
            told.add(f(a, b).numpy().tobytes())
    finally:
        set_num_threads(0)
    assert len(told) == 1


@pytest.mark.parametrize("moment", ["spinning", "asleep", "while another computes"])
def test_a_child_process_computes_and_ends(moment):
    before = {
        "spinning": "works()",
        "asleep": "works(); time.sleep(0.3)",
        "while another computes": "threading.Thread(target=lambda: [works() for _ in range(300)]).start(); works()",
    }[moment]
    program = (
        before
        + """
for _ in range(3):
    child = os.fork()
    if child == 0:
        right = works() and works()
        sys.stdout.flush()
        os._exit(0 if right else 3)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
print(works())
"""
    )
    status, out, err = process(program)
    assert (status, out) == (0, "True\n"), err


def test_processes_of_multiprocessing():
    program = """
import multiprocessing
def one(k):
    return works() and product(x * k).item() == k * k * 27_000_000
works()
with multiprocessing.get_context("fork").Pool(2) as pool:
    print(all(pool.map(one, range(4))))
"""
    status, out, err = process(program)
    assert (status, out) == (0, "True\n"), err


ENDS = {
    "spinning": "print(works())",
    "asleep": "print(works()); time.sleep(0.3)",
    "by an error": "print(works()); sys.exit(0)",
    "while another thread computes": "threading.Thread(target=lambda: [works() for _ in range(10**6)], daemon=True)"
    ".start(); time.sleep(0.1); print(works())",
    "and computes once more": "import atexit; atexit.register(lambda: print(works())); works()",
    "before the pool": "import atexit; from gradus.compiler.native import runtime; works(); runtime._end();"
    "print(works())",
}


@pytest.mark.parametrize("how", ENDS)
def test_the_end_of_the_process(how):
    status, out, err = process(ENDS[how])
    assert (status, out, err) == (0, "True\n", "")


@pytest.mark.parametrize("threads", [-1, 1.5, "2", None, True, 10**6])
def test_wrong_numbers_of_threads(threads):
    before = num_threads()
    with pytest.raises(ArgumentError, match="set_num_threads takes a whole number from 0"):
        set_num_threads(threads)
    assert num_threads() == before


def test_where_no_thread_can_be_started(monkeypatch):
    def refuse(self):
        raise RuntimeError("can't start new thread")

    a, b = product_of(200)
    expected = gradus.compile(lambda a, b: a @ b)(a, b).numpy()
    monkeypatch.setattr(runtime, "_pool", None)
    monkeypatch.setattr(threading.Thread, "start", refuse)
    set_num_threads(3)
    try:
        found = gradus.compile(lambda a, b: a @ b)(a, b).numpy()
    finally:
        set_num_threads(0)
    np.testing.assert_array_equal(found, expected)


# -- how many processors -----------------------------------------------------------------------------------------------

GROUPS = {
    "none": ({}, "0::/\n", float("inf")),
    "version 2": ({"cpu.max": "150000 100000"}, "0::/\n", 1.5),
    "version 2, no limit": ({"cpu.max": "max 100000"}, "0::/\n", float("inf")),
    "version 2, of a group around it": ({"a/cpu.max": "200000 100000", "a/b/cpu.max": "max 100000"}, "0::/a/b\n", 2.0),
    "version 2, the least": ({"a/cpu.max": "200000 100000", "a/b/cpu.max": "50000 100000"}, "0::/a/b\n", 0.5),
    "version 1": (
        {"cpu/x/cpu.cfs_quota_us": "300000\n", "cpu/x/cpu.cfs_period_us": "100000\n"},
        "1:cpu,cpuacct:/x\n",
        3.0,
    ),
    "version 1, no limit": (
        {"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"},
        "1:cpu:/\n",
        float("inf"),
    ),
    "something else": ({"cpu.max": "what is this"}, "0::/\nand this", float("inf")),
}


@pytest.mark.parametrize("name", GROUPS)
def test_the_share_of_the_processors(name, tmp_path):
    files, own, share = GROUPS[name]
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    (tmp_path / "own").write_text(own)
    assert processors.share(tmp_path, tmp_path / "own") == share
    assert processors.share(tmp_path, tmp_path / "missing") == float("inf")


def test_no_more_threads_than_the_share(monkeypatch):
    for share, threads in ((0.3, 1), (1.0, 1), (float("inf"), len(os.sched_getaffinity(0)))):
        monkeypatch.setattr(processors, "share", lambda *_, share=share: share)
        assert processors.allowed.__wrapped__() == threads


TOLD = {
    "nothing": ({}, 4, ""),
    "fewer": ({"GRADUS_THREADS": "2"}, 2, ""),
    "too many": ({"GRADUS_THREADS": "64"}, 4, "GRADUS_THREADS=64: 4 threads may run at once here, as many are used.*"),
    "too many, all the same": ({"GRADUS_THREADS": "64!"}, 64, ""),
    "by the other name": ({"GRADUS_NUM_THREADS": "3"}, 3, ""),
    "by both": ({"GRADUS_NUM_THREADS": "3", "GRADUS_THREADS": "2"}, 2, ""),
    "for OpenMP": ({"OMP_NUM_THREADS": "1"}, 1, ""),
    "more for OpenMP": ({"OMP_NUM_THREADS": "64"}, 4, ""),
    "levels for OpenMP": ({"OMP_NUM_THREADS": "3,2"}, 3, ""),
    "nonsense for OpenMP": ({"OMP_NUM_THREADS": "all"}, 4, ""),
    "both kinds": ({"OMP_NUM_THREADS": "1", "GRADUS_THREADS": "3"}, 3, ""),
}


@pytest.mark.parametrize("name", TOLD)
def test_how_many_threads_the_environment_says(name, monkeypatch):
    variables, threads, said = TOLD[name]
    for variable in (*processors.VARIABLES, processors.OPENMP):
        monkeypatch.delenv(variable, raising=False)
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setattr(processors, "allowed", lambda: 4)
    with pytest.warns(UserWarning, match=said) if said else nullcontext():
        assert processors.processors.__wrapped__() == threads


@pytest.mark.parametrize("told", ["0", "many", "-1", "2.5", "!", "2!!", "5000"])
def test_what_is_no_number_of_threads(told, monkeypatch):
    monkeypatch.setenv("GRADUS_NUM_THREADS", told)
    monkeypatch.delenv("GRADUS_THREADS", raising=False)
    with pytest.raises(ArgumentError, match=r"GRADUS_NUM_THREADS=.* is no number of threads\. Give one from 1"):
        processors.processors.__wrapped__()


def test_more_threads_than_may_run_are_used_if_they_are_forced(monkeypatch):
    monkeypatch.setattr(runtime, "bounded", processors.bounded)
    monkeypatch.setattr(processors, "allowed", lambda: 2)
    with pytest.warns(UserWarning, match=r"set_num_threads\(64\): 2 threads may .*\(64, force=True\) takes them all"):
        set_num_threads(64)
    assert num_threads() == 2
    set_num_threads(64, force=True)
    assert num_threads() == 64
    set_num_threads(0)


@pytest.mark.usefixtures("two_threads")
def test_nobody_reads_anything_after_the_last_barrier_of_an_epoch():
    """A thread that is held up there would find memory that the caller has freed, or a next call's."""
    table = gradus.tensor(np.ones((50, 3), np.float32))
    f = gradus.compile(lambda rows: table[rows].sum())
    data = np.arange(40) % 50
    assert f.epoch((data,), np.arange(40).reshape(4, 10)).tolist() == [30.0] * 4
    text = f._last.text
    epoch = text[text.index("@epoch(") :]
    lines = epoch[: epoch.index("\n}")].splitlines()
    assert [line.split("(")[0].strip() for line in lines[-2:]] == ["call void @barrier", "ret void"]
