"""What a study's file is written with: whole lines, whoever is killed in the middle of one."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import IO, Any

from optuna.storages.journal import JournalFileBackend

from ..train.runs.lock import alone

_PIECE = 1 << 12


class Journal(JournalFileBackend):
    """Optuna's journal: a file of JSON lines to which processes append by turns.

    Optuna's own leaves a lock behind when it is killed, for which the others wait half a minute, and appends to what a
    killed process left of a line. Here the lock ends with its process, and a line that was cut off goes before the
    next is written.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))
        self._path, self._turn = path, Path(f"{path}.lock")

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        text = "".join(json.dumps(log, separators=(",", ":")) + "\n" for log in logs).encode()
        with alone(self._turn, wait=True), self._path.open("r+b", buffering=0) as file:
            cut(file)
            try:
                while text:
                    text = text[file.write(text) :]
                os.fsync(file.fileno())
            except BaseException:  # a full disk, Ctrl-C; whole lines stay, as others may have read them
                cut(file)
                raise


def cut(file: IO[bytes]) -> None:
    """Cut off what is no whole line at the end of a file, and be there. Nothing is written anew."""
    end = length = file.seek(0, os.SEEK_END)
    while end:
        begin = max(0, end - _PIECE)
        file.seek(begin)
        last = file.read(end - begin).rfind(b"\n") + 1
        end = begin + last
        if last:
            break
    if end < length:
        file.truncate(end)
    file.seek(end)
