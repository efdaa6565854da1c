"""No file runs code when it is read, and none takes the process down.

What reads files, and how each is bounded:

    data/readers/_files.py     whatever is gzipped: as much as its size lets expect; other files: the machine's memory
    data/readers/idx.py        as many numbers as there are, whatever the header promises
    data/readers/cifar.py      whole records; of an archive the members that are known, as long as they are known to be
    data/readers/_decode.py    texts, and tables/: as many columns as are allowed, found before a line is cut
    data/readers/arrays.py     NumPy's files: as many numbers as there are, no objects; archives as what is gzipped
    data/readers/images.py     as many pixels as Pillow allows; PNG's checksums; what else Pillow says is told
    datasets/locate.py         downloads by their checksums; a member of a zip archive as long as it is known to be
    datasets/texts.py          as texts
    train/runs/run.py          settings: size, depth, types; models.build: as many parameters as the weights have
    train/runs/history.py      size, depth, types of what is computed with
    train/runs/checkpoint.py   size, the header by safetensors, shapes, a checksum of numbers and texts, its parts
    train/runs/foreign.py      the beginning, and some words, of what is no file of weights
    train/runs/lock.py         as many digits as a process' number has
    tune/study.py              size, depth, lines; what Optuna says of them is told
    data/text/, data/tables/   `from_json`: depth, types; byte pairs no longer than a piece of a text
    compiler/native/cache.py   size, owner, checksum; outline.py: depth, types

Pickles, NumPy's objects and files of other frameworks are read by none: they are told by their first bytes.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from ..children import outcomes
from ..fuzzing.mutations import mutated
from ..fuzzing.readers import READERS, Reader
from ..fuzzing.verdict import Tried, in_memory
from ..promise import Outcome, Promise, Trial

_HERE = 200  # files that are tried in this process
_LONG = 200_000
_SHORT = {"study": 30, "config": 60, "tar": 60, "tar-gz": 60}


def _tried(times: int, name: str) -> Iterator[Outcome]:
    """Files made by chance; many of them, and by a fuzzer that follows the code, in a process with little memory."""
    if times > _HERE:
        yield from outcomes("fuzzed", times, name)
        return
    with tempfile.TemporaryDirectory(dir=in_memory()) as folder:
        tried = Tried(READERS[name], Path(folder))
        for number in range(times):
            yield Outcome(tried.failed(mutated(tried.seeds, number)))


def _trial(reader: Reader) -> Trial:
    run = partial(_tried, name=reader.name)
    return Trial(reader.name, f"files that nobody wrote: {reader.what}", run, _SHORT.get(reader.name, 100), _LONG)


FILES = Promise(
    "files",
    "A file runs no code, and takes no process down",
    tuple(_trial(reader) for reader in READERS.values()),
    tests=("test_safe_files.py", "test_bounded_readers.py"),
    limits=(
        "Native code that the compiler kept is run: it must be this user's own, and writable by nobody else.",
        "A plain file may take several times its size in memory, a CSV file up to some sixteen times.",
        "Formats without a checksum (plain idx, CSV, text, JSON, most pictures) may be read as other values.",
        "A training that goes on believes its checkpoint, whoever wrote that with a checksum that is right.",
    ),
)
