"""Object code on disk: found again, never trusted when it is not whole, never a reason to fail."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest

import gradus
from gradus.compiler.native import cache, outline, stages
from gradus.compiler.native.board import native
from gradus.compiler.native.target import sse2
from gradus.compiler.plan import kernel
from gradus.errors import GradusError
from gradus.functional import one_hot
from gradus.process import atomic

PROGRAM = """
import gradus
f = gradus.compile(lambda x: (x * 2 + 1).exp().sum())
print(f(gradus.arange(3.0)).item(), f._last.from_cache)
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    native()  # what all programs share is kept there too
    monkeypatch.setenv("GRADUS_CACHE", str(tmp_path))
    return tmp_path / "compiled"


def suffixes(folder):
    return sorted(file.suffix for file in folder.iterdir())


def step_of(factor=2.0):
    f = gradus.compile(lambda x: (x * factor).sum())
    assert f(gradus.tensor([1.0, 2.0])).item() == 3 * factor
    return f._last


def process():
    env = os.environ | {"PYTHONPATH": str(Path(gradus.__file__).parents[1]), "OPENBLAS_NUM_THREADS": "1"}
    return subprocess.Popen([sys.executable, "-c", PROGRAM], env=env, stdout=subprocess.PIPE, text=True)


def test_the_second_time_it_is_there(folder):
    assert not step_of().from_cache
    assert step_of().from_cache
    assert not step_of(3.0).from_cache
    assert suffixes(folder) == [".o", ".o", ".plan", ".plan"]  # and nothing half written


def test_processes_at_once_and_after(folder):
    both = [process(), process()]
    told = [p.communicate(timeout=120)[0].split() for p in both]
    last = process().communicate(timeout=120)[0].split()
    assert [p.returncode for p in both] == [0, 0]
    assert told[0][0] == told[1][0] == last[0]
    assert last[1] == "True"
    assert suffixes(folder) == [".o", ".o", ".plan"]  # the program, and what all programs share


def flipped(content, at):
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


DAMAGES = {
    "cut": lambda c: c[: len(c) // 2],
    "empty": lambda c: b"",
    "head": lambda c: flipped(c, 0),
    "name": lambda c: flipped(c, 20),
    "digest": lambda c: flipped(c, 90),
    "last": lambda c: flipped(c, -2),
    "longer": lambda c: c + b"\0",
}


@pytest.mark.parametrize("kind", ["o", "plan"])
@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_file_is_replaced(folder, damage, kind):
    step_of()
    (file,) = folder.glob(f"*.{kind}")
    whole = file.read_bytes()
    file.write_bytes(damage(whole))
    assert step_of().from_cache is (kind == "plan")  # where the plan is made again, the code is found
    assert file.read_bytes() == whole
    assert step_of().from_cache


def test_another_programs_code_under_this_name(folder):
    step_of(2.0)
    (first,) = folder.glob("*.o")
    step_of(3.0)
    (second,) = set(folder.glob("*.o")) - {first}
    first.write_bytes(second.read_bytes())
    assert not step_of(2.0).from_cache


def test_another_users_file(folder, monkeypatch):
    step_of()
    mine = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: mine + 1)
    assert not step_of().from_cache


def fail(code):
    def failing(*arguments, **options):
        raise OSError(code, os.strerror(code))

    return failing


@pytest.mark.parametrize("place", [(Path, "mkdir"), (tempfile, "mkstemp"), (os, "replace"), (os, "write")])
@pytest.mark.parametrize("code", [errno.EACCES, errno.ENOSPC, errno.EROFS])
def test_a_folder_that_cannot_be_written(folder, monkeypatch, place, code):
    monkeypatch.setattr(*place, fail(code))
    assert not step_of().from_cache
    assert not step_of().from_cache
    assert not folder.exists() or not list(folder.iterdir())


def test_a_disk_that_fills_while_it_is_written(folder, monkeypatch):
    write, counts = os.write, []

    def filling(handle, content):
        counts.append(len(content))
        return write(handle, content[:10]) if len(counts) % 2 else fail(errno.ENOSPC)()

    monkeypatch.setattr(os, "write", filling)
    assert not step_of().from_cache
    assert counts and not list(folder.iterdir())


def test_a_file_in_the_folders_place(tmp_path, monkeypatch):
    (tmp_path / "compiled").write_text("not a folder")
    monkeypatch.setenv("GRADUS_CACHE", str(tmp_path))
    assert not step_of().from_cache


def test_no_home(monkeypatch):
    for name in ("GRADUS_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", lambda: (_ for _ in ()).throw(RuntimeError("no home")))
    cache.save("0" * 64, b"code")
    assert cache.load("0" * 64) is None


def layers(x, weights):
    for weight in weights:
        x = gradus.functional.softmax(gradus.tanh(x @ weight), axis=1)
    return x.sum(axis=0)


@pytest.mark.usefixtures("two_threads")
def test_a_program_in_modules(folder, monkeypatch):
    """Each is kept by itself; functions call those of other modules, and all threads wait at one barrier."""
    x, weights = gradus.randn((24, 40)), [gradus.randn((40, n)) for n in (40, 40)]
    monkeypatch.setattr(stages, "LINES", 1 << 30)
    whole = gradus.compile(layers)
    expected = whole(x, weights).numpy()
    assert suffixes(folder) == [".o", ".plan"]
    monkeypatch.setattr(stages, "LINES", 1)
    parts = gradus.compile(layers)
    assert (parts(x, weights).numpy() == expected).all()
    assert not parts._last.from_cache
    files = sorted(folder.glob("*.o"))
    assert len(files) > 4
    assert parts._last.text == whole._last.text
    files[0].write_bytes(b"")
    for found in (False, True):
        again = gradus.compile(layers)
        assert (again(x, weights).numpy() == expected).all()
        assert again._last.from_cache is found
    assert sorted(folder.glob("*.o")) == files


def test_where_no_thread_can_be_started(folder, monkeypatch):
    def refuse(self):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert not step_of().from_cache


# -- plans -------------------------------------------------------------------------------------------------------------


def is_made(step):
    """Whether the program was made, and not only found."""
    return "program" in vars(step.native)


def test_a_program_that_is_found_is_not_made(folder):
    first, second = step_of(), step_of()
    assert is_made(first) and not is_made(second)
    assert second.text == first.text and is_made(second)  # for who looks at it


def test_a_plan_of_code_that_is_gone(folder):
    step_of()
    (code,) = folder.glob("*.o")
    code.unlink()
    again = step_of()
    assert is_made(again) and not again.from_cache
    assert code.exists()


def test_what_decides_what_becomes_of_a_graph(folder, monkeypatch):
    def made(**how):
        f = gradus.compile(lambda x: (x @ x).sum(axis=0), **how)
        f(gradus.ones((8, 8)))
        return is_made(f._last)

    gradus.set_num_threads(0)
    assert [made(), made()] == [True, False]
    for how in ({"precision": "bf16"}, {"winograd": False}, {"target": sse2()}):
        assert [made(**how), made(**how)] == [True, False]
    gradus.set_num_threads(3)
    assert [made(), made()] == [True, False]
    gradus.set_num_threads(0)
    assert not made()
    monkeypatch.setattr(stages, "WORTH_SHARING", 0)
    assert [made(), made()] == [True, False]
    monkeypatch.setattr(kernel, "HOSTS", kernel.HOSTS[1:])  # a setting that is a tuple
    assert [made(), made()] == [True, False]
    monkeypatch.setattr(outline, "_source", lambda: "another")
    assert [made(), made()] == [True, False]
    monkeypatch.setattr(outline, "_source", lambda: None)
    assert [made(), made()] == [True, True]


def test_another_thread_may_import_while_a_program_is_named(monkeypatch):
    class Name(str):
        def startswith(self, *beginnings):
            monkeypatch.setitem(sys.modules, f"imported beside {len(sys.modules)}", sys)
            return super().startswith(*beginnings)

    monkeypatch.setitem(sys.modules, Name("a module"), sys)
    monkeypatch.setitem(sys.modules, "the last", sys)
    expected = outline._constants.__wrapped__(0)
    assert [name for name, _, _ in expected if name.endswith(".HOSTS")]


def test_source_that_is_newer_than_the_process(monkeypatch):
    source = outline._source.__wrapped__
    whole = source()
    assert whole == source() is not None
    monkeypatch.setattr(outline, "_began", 0)
    assert source() is None


GRAPHS = {
    "a number": (lambda x: x * 2, lambda x: x * 3),
    "a number's sign": (lambda x: x * 0.0, lambda x: x * -0.0),
    "an order": (lambda x: (x * 2, x + 1), lambda x: (x + 1, x * 2)),
    "an axis": (lambda x: x.sum(axis=0), lambda x: x.sum(axis=1)),
    "a type": (lambda x: x.astype("float16"), lambda x: x.astype("bfloat16")),
    "an input": (lambda x: x - x.T, lambda x: x.T - x),
    "steps": (lambda x: summed(x, 2), lambda x: summed(x, 3)),
    "a check": (lambda x: one_hot(x[0].astype("int64"), 4), lambda x: one_hot(x[0].astype("int64"), 5)),
}


def summed(x, factor):
    return gradus.scan(lambda state, row: ((state[0] * factor + row,), row), (x[0],), gradus.concatenate([x] * 4))[0]


@pytest.mark.parametrize("name", GRAPHS)
def test_another_graph_is_another_plan(folder, name):
    x = gradus.arange(9.0).reshape(3, 3)
    for _ in range(2):
        for function in GRAPHS[name]:
            compiled = gradus.compile(function)
            found, expected = compiled(x), function(x)
            for a, b in zip(flat(found), flat(expected), strict=True):
                assert a.dtype == b.dtype and a.tolist() == b.tolist()
    assert len(list(folder.glob("*.plan"))) == 2


def flat(results):
    return list(results) if isinstance(results, (tuple, list)) else [results]


def test_a_call_that_is_refused_by_what_was_found(folder):
    table, said = gradus.ones((5, 3)), []
    for _ in range(2):
        pick = gradus.compile(lambda rows: (table[rows] * 2).sum())
        assert pick(gradus.tensor([1, 4])).item() == 12
        for call in (lambda f: f(gradus.tensor([1, 5])), lambda f: f.epoch(([0, 5, 1, 2],), [[2, 0], [1, 3]])):
            with pytest.raises(GradusError) as problem:
                call(pick)
            said.append(str(problem.value))
        assert pick.epoch(([0, 4, 1, 2],), [[2, 0], [1, 3]]).tolist() == [12, 12]
    assert said[:2] == said[2:]


def test_what_was_used_longest_ago_goes_where_there_is_too_much(folder, monkeypatch):
    folder.mkdir()
    now = time.time()
    for age in range(10):
        for name in (f"{age}.o", f"{age}.plan"):
            (folder / name).write_bytes(bytes(50))
            os.utime(folder / name, (now - age, now - age))
    halves = [f".{name}.o.x{atomic.SUFFIX}" for name in ("old", "new")]
    for name, age in zip(halves, (2 * atomic.OLD, 60), strict=True):
        (folder / name).write_bytes(b"")
        os.utime(folder / name, (now - age, now - age))
    (folder / "notes.txt").write_bytes(bytes(5000))
    monkeypatch.setattr(cache, "MOST_BYTES", 1000)
    cache.tidy()
    assert len(list(folder.iterdir())) == 22  # what someone left half written
    monkeypatch.setattr(cache, "MOST_BYTES", 800)
    cache.tidy()
    assert {file.name for file in folder.iterdir()} - {halves[1], "notes.txt"} == {
        f"{age}.{kind}" for age in range(6) for kind in ("o", "plan")
    }


def test_what_is_used_is_young_again(folder):
    step_of()
    for file in folder.iterdir():
        os.utime(file, (0, 0))
    assert step_of().from_cache
    assert min(file.stat().st_mtime for file in folder.iterdir()) > time.time() - 600


def test_it_does_not_grow_beyond_its_bound(folder, monkeypatch):
    step_of()
    size = sum(file.stat().st_size for file in folder.iterdir())
    monkeypatch.setattr(cache, "MOST_BYTES", 4 * size)
    for factor in range(3, 13):
        assert not step_of(float(factor)).from_cache
        assert sum(file.stat().st_size for file in folder.iterdir()) <= 5 * size
    assert step_of(12.0).from_cache
