"""The programs of the catalogue, run: what is said of each."""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import tempfile
import traceback
import warnings
from collections.abc import Iterator
from typing import Any

from gradus.mistakes.catalogue import Mistake, begin


def said(mistake: Mistake, code: str, name: str) -> str:
    """What is said of a program: its warnings, and the error that ends it, each as `Kind: message`.

    `name` is the file's name in messages. The program runs in an empty folder, and what it prints is lost.
    """
    with _somewhere_else(), contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        return "\n".join(_by_command(code) if mistake.language == "sh" else _by_python(code, name))


@contextlib.contextmanager
def _somewhere_else() -> Iterator[None]:
    before = os.getcwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            yield
        finally:
            os.chdir(before)


def _by_python(code: str, name: str) -> list[str]:
    names: dict[str, Any] = {"__name__": name.removesuffix(".py")}
    exec(compile(begin(), "begin.py", "exec"), names)
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        try:
            exec(compile(code, name, "exec"), names)
            error = []
        except Exception as problem:
            error = [_line(type(problem).__name__, problem)]
            traceback.clear_frames(problem.__traceback__)
    return [_line(w.category.__name__, w.message) for w in found] + error


def _by_command(code: str) -> list[str]:
    from click.testing import CliRunner

    from gradus.cli import main

    lines: list[str] = []
    for line in code.splitlines():
        command, _, file = line.partition(" > ")
        words = shlex.split(command)
        if words[0] == "printf":
            with open(file, "w") as f:
                f.write(words[1].encode().decode("unicode_escape"))
            continue
        result = CliRunner().invoke(main, words[1:])
        if result.exit_code:
            lines.append(result.stderr.strip())
            break
        lines += [said for said in result.stderr.splitlines() if said.startswith("gradus: warning")]
    return lines


def _line(kind: str, said: Any) -> str:
    return f"{kind}: {_plain(str(said))}"


def _plain(text: str) -> str:
    """A message without what is another at each run."""
    return re.sub(r"events\.out\.[\w.]+", "events.out...", re.sub(r" at 0x\w+", " at 0x...", text))
