"""What is seen of a training while it runs."""

from __future__ import annotations

import threading

from gradus import cli
from gradus.train.fitting.progress import Lines


def test_compiling_is_said_and_no_part_of_what_is_left(monkeypatch):
    monkeypatch.setattr("gradus.train.fitting.progress._WHILE", 0.0)
    lines, said = Lines(), threading.Event()
    monkeypatch.setattr(lines, "say", lambda text: said.set() if "compiling" in text else None)
    lines.begin(2, 10, 0)
    before = lines.start
    with lines.busy("compiling the training step"):
        assert said.wait(60)
    assert lines.start > before


def test_what_takes_long_is_said_in_a_pipe(monkeypatch):
    monkeypatch.setattr(cli.waiting, "FIRST", 0.0)
    monkeypatch.setattr(cli.waiting, "BETWEEN", 100.0)
    said = threading.Event()
    monkeypatch.setattr("builtins.print", lambda *words, **_: said.set() if words[0].startswith("look x: ") else None)
    assert cli.waiting.while_waiting("look x", said.wait)(60)
