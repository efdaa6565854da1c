"""Object code on disk: found again, never trusted when it is not whole, never a reason to fail."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

import gradus
from gradus.compiler.native import cache, stages
from gradus.compiler.native.board import native

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
    assert len(list(folder.iterdir())) == 2  # and nothing half written


def test_processes_at_once_and_after(folder):
    both = [process(), process()]
    told = [p.communicate(timeout=120)[0].split() for p in both]
    last = process().communicate(timeout=120)[0].split()
    assert [p.returncode for p in both] == [0, 0]
    assert told[0][0] == told[1][0] == last[0]
    assert last[1] == "True"
    assert [f.suffix for f in folder.iterdir()] == [".o", ".o"]  # the program, and what all programs share


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


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_file_is_replaced(folder, damage):
    step_of()
    (file,) = folder.iterdir()
    file.write_bytes(damage(file.read_bytes()))
    assert not step_of().from_cache
    assert step_of().from_cache


def test_another_programs_code_under_this_name(folder):
    step_of(2.0)
    (first,) = folder.iterdir()
    step_of(3.0)
    (second,) = set(folder.iterdir()) - {first}
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


@pytest.mark.parametrize("place", [(Path, "mkdir"), (tempfile, "mkstemp"), (os, "replace"), (os, "fdopen")])
@pytest.mark.parametrize("code", [errno.EACCES, errno.ENOSPC, errno.EROFS])
def test_a_folder_that_cannot_be_written(folder, monkeypatch, place, code):
    monkeypatch.setattr(*place, fail(code))
    assert not step_of().from_cache
    assert not step_of().from_cache
    assert not folder.exists() or not list(folder.iterdir())


def test_a_disk_that_fills_while_it_is_written(folder, monkeypatch):
    class Full:
        def __init__(self, handle, mode):
            self.handle = handle

        def __enter__(self):
            return self

        def __exit__(self, *exc):
            os.close(self.handle)

        def write(self, content):
            os.write(self.handle, content[:10])
            fail(errno.ENOSPC)()

    monkeypatch.setattr(os, "fdopen", Full)
    assert not step_of().from_cache
    assert not list(folder.iterdir())


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
    assert len(list(folder.iterdir())) == 1
    monkeypatch.setattr(stages, "LINES", 1)
    parts = gradus.compile(layers)
    assert (parts(x, weights).numpy() == expected).all()
    assert not parts._last.from_cache
    files = sorted(folder.iterdir())
    assert len(files) > 4
    assert parts._last.text == whole._last.text
    files[0].write_bytes(b"")
    for found in (False, True):
        again = gradus.compile(layers)
        assert (again(x, weights).numpy() == expected).all()
        assert again._last.from_cache is found
    assert sorted(folder.iterdir()) == files


def test_where_no_thread_can_be_started(folder, monkeypatch):
    def refuse(self):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert not step_of().from_cache
