"""What is seen of a training while it runs: a bar in a terminal, plain lines in a pipe, or nothing. All on stderr."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

Values = Callable[[], Mapping[str, Any]]

_BETWEEN_LOOKS = 0.1  # seconds between two renewals of the numbers on the bar
_BETWEEN_LINES = 5.0  # seconds between two lines in a pipe, but for the one at each epoch's end
_WHILE = 2.0  # seconds after which it is said what else than training is done


class Silent:
    """Shows nothing; the base of the others."""

    def begin(self, epochs: int, batches: int | None, done: int) -> None:
        """Training begins: so many epochs of so many batches, of which so many were done before; None if unknown."""

    def advance(self, epoch: int, number: int, count: int, samples: int, values: Values) -> None:
        """So many batches of so many samples are done, the last is `number` of an epoch (both from 1).

        `values` gives the loss and metrics so far.
        """

    def epoch(self, record: Mapping[str, Any]) -> None:
        """An epoch is done, with this record."""

    def close(self) -> None:
        """Training has ended, or was left by an error."""

    @contextmanager
    def busy(self, doing: str) -> Iterator[None]:
        """In this block something else is done than training."""
        yield


# What shows the training that runs. The trainer does not know it: it changes by itself while a step is traced.
shown: ContextVar[Silent] = ContextVar("shown", default=Silent())  # noqa: B039 - it has no state


class _Timed(Silent):
    """Counts what was done and how long it took."""

    def begin(self, epochs: int, batches: int | None, done: int) -> None:
        self.epochs, self.batches, self.done, self.first = epochs, batches, done, done
        self.samples, self.start, self.shown = 0, time.perf_counter(), time.perf_counter()

    @contextmanager
    def busy(self, doing: str) -> Iterator[None]:
        """Say so, if it takes a while; the time that is left is estimated without it."""
        started = time.perf_counter()
        said = threading.Timer(_WHILE, self.say, (doing,))
        said.daemon = True
        said.start()
        try:
            yield
        finally:
            said.cancel()
            self.start += time.perf_counter() - started

    def say(self, text: str) -> None:
        """Show what is being done."""

    def count(self, batches: int, samples: int) -> float:
        """Take batches in; the seconds since something was last shown."""
        self.done += batches
        self.samples += batches * samples
        return time.perf_counter() - self.shown

    def numbers(self, values: Mapping[str, Any]) -> str:
        seconds = time.perf_counter() - self.start
        pace = f"{_text(values)}  {self.samples / seconds:,.0f} samples/s"
        if self.batches is None:
            return pace
        left = seconds / max(self.done - self.first, 1) * (self.epochs * self.batches - self.done)
        return f"{pace}  {_clock(left)} left"

    def summary(self, record: Mapping[str, Any]) -> str:
        shown = {k: v for k, v in record.items() if k not in ("epoch", "seconds", "samples_per_second", "lr")}
        rate = f"{record['samples_per_second']:,.0f} samples/s  {record['seconds']:.1f} s"
        return f"epoch {record['epoch']}/{self.epochs}  {_text(shown)}  {rate}"


class Lines(_Timed):
    """A line at each epoch's end, and in long epochs one every few seconds."""

    def advance(self, epoch: int, number: int, count: int, samples: int, values: Values) -> None:
        if self.count(count, samples) > _BETWEEN_LINES and number != self.batches:
            of = "" if self.batches is None else f"/{self.batches}"
            self._print(f"epoch {epoch}/{self.epochs}  batch {number}{of}  {self.numbers(values())}")

    def epoch(self, record: Mapping[str, Any]) -> None:
        self._print(self.summary(record))

    def say(self, text: str) -> None:
        self._print(f"{text} ...")

    def _print(self, line: str) -> None:
        self.shown = time.perf_counter()
        print(line, file=sys.stderr, flush=True)


class Bar(_Timed):
    """A bar over the whole training, and above it a line for each epoch that is done."""

    bar: RichProgress

    def begin(self, epochs: int, batches: int | None, done: int) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn

        super().begin(epochs, batches, done)
        columns = TextColumn("epoch {task.description}"), BarColumn(24), TextColumn("{task.fields[numbers]}")
        self.bar = Progress(*columns, console=Console(stderr=True, highlight=False), transient=True)
        first = min(done // batches + 1, epochs) if batches else 1
        total = None if batches is None else epochs * batches
        self.task = self.bar.add_task(f"{first}/{epochs}", total=total, completed=done, numbers="")
        self.bar.start()

    def advance(self, epoch: int, number: int, count: int, samples: int, values: Values) -> None:
        if self.count(count, samples) > _BETWEEN_LOOKS:
            self.shown = time.perf_counter()
            text = f"{epoch}/{self.epochs}"
            self.bar.update(self.task, description=text, completed=self.done, numbers=self.numbers(values()))

    def say(self, text: str) -> None:
        self.bar.update(self.task, numbers=text)

    def epoch(self, record: Mapping[str, Any]) -> None:
        self.bar.console.print(self.summary(record), soft_wrap=True)

    def close(self) -> None:
        self.bar.stop()


def choose(wanted: bool | None) -> Silent:
    """Nothing for False, or without stderr; else a bar if that is a terminal, lines if it is not."""
    if wanted is False or sys.stderr is None:
        return Silent()
    return Bar() if sys.stderr.isatty() else Lines()


def _text(values: Mapping[str, Any]) -> str:
    return "  ".join(f"{k} {v:.4g}" if isinstance(v, float) else f"{k} {v}" for k, v in values.items())


def _clock(seconds: float) -> str:
    """Seconds as 1:23 or 2:03:04.

    >>> _clock(83.4), _clock(7384)
    ('1:23', '2:03:04')
    """
    minutes, s = divmod(round(seconds), 60)
    hours, m = divmod(minutes, 60)
    return f"{hours}:{m:02}:{s:02}" if hours else f"{m}:{s:02}"
