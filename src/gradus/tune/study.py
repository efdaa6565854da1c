"""A study on disk: a file of JSON lines that several processes share, and that an interrupted search goes on from."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..bounded.contents import as_errors, read_utf8, read_whole
from ..bounded.saved import parsed
from ..errors import ArgumentError, CheckpointError, short
from .space import from_json
from .trial import DIVERGED, DONE, INTERRUPTED, PRUNED, RUNNING, Trial

if TYPE_CHECKING:
    import optuna

_NAME = "gradus"
_PROBLEM, _SETTINGS = "problem", "settings"
SURPLUS = "surplus"
_LARGEST = 1 << 28  # bytes of a study
_BEGUN = 4  # how the file marks the line with which a trial begins


def optuna_() -> Any:
    """The module optuna, quiet.

    Raises:
        ArgumentError: it is not installed.
    """
    try:
        import optuna
    except ModuleNotFoundError:
        raise ArgumentError(
            'searching for hyper-parameters needs Optuna, which is not installed: pip install "optuna>=4"'
        ) from None
    optuna.logging.set_verbosity(optuna.logging.CRITICAL)
    return optuna


@contextmanager
def opened(path: str | Path | None, problem: dict[str, Any] | None, better: str) -> Iterator[optuna.Study]:
    """The study of a file, made where there is none; in memory where the path is None.

    The first process that opens a file sets it right: a line that was cut off is removed, and trials that a process
    left running when it was killed are interrupted.

    Args:
        path: the study's file.
        problem: what is searched for; a file of another problem is refused. None takes the file's.
        better: "higher" or "lower".

    Raises:
        CheckpointError: the file is of another problem, no study, or lines of its middle are missing.
    """
    module = optuna_()
    from .journal import Journal, cut

    direction = "maximize" if better == "higher" else "minimize"
    if path is None:
        yield _quietly(module.create_study, direction=direction)
        return
    path = Path(path)
    _check_readable(path)
    with _Using(path) as using:
        if using.alone and path.exists():
            Path(f"{path}.lock").unlink(missing_ok=True)  # of a process that was killed
            with path.open("r+b", buffering=0) as file:
                cut(file)
        if path.exists():
            _check_whole(path)
        with as_errors(CheckpointError, f"{path} is no study, or is damaged", "Take another file."):
            storage = _quietly(module.storages.JournalStorage, log_storage=_quietly(Journal, path=path))
            options = {"study_name": _NAME, "direction": direction, "load_if_exists": True}
            study = _quietly(module.create_study, storage=storage, **options)
            trials_of(study)
            _check_problem(path, study, problem)
        if using.alone:
            for t in study.get_trials(deepcopy=False, states=(module.trial.TrialState.RUNNING,)):
                study.tell(t.number, state=module.trial.TrialState.FAIL)
        using.share()
        yield study


def problem_of(path: str | Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a study's file is searching for, and the settings of the search.

    Raises:
        CheckpointError: there is no such file, or it is no study.
    """
    path = Path(path)
    if not path.exists():
        raise CheckpointError(f"there is no study {path}. `gradus tune MODEL --study {path}` makes one.")
    _check_readable(path)
    found: dict[str, Any] = {_SETTINGS: {}}
    for line in filter(None, _lines(path)):
        attributes = line.get("user_attr")
        found |= attributes if isinstance(attributes, dict) else {}
    problem, settings = found.get(_PROBLEM), found[_SETTINGS]
    if not isinstance(problem, dict) or not isinstance(settings, dict):
        raise CheckpointError(f"{path} is no study of gradus. Take another file.")
    return problem, settings


def keep_settings(study: optuna.Study, settings: dict[str, Any]) -> None:
    """Remember how a search goes on."""
    if study.user_attrs.get(_SETTINGS) != settings:
        study.set_user_attr(_SETTINGS, settings)


def trials_of(study: optuna.Study) -> list[Trial]:
    """A study's trials as plain data."""
    return [_plain(t) for t in study.get_trials(deepcopy=False) if SURPLUS not in t.user_attrs]


def _plain(t: Any) -> Trial:
    state = {"COMPLETE": DONE, "PRUNED": PRUNED, "FAIL": INTERRUPTED}.get(t.state.name, RUNNING)
    if DIVERGED in t.user_attrs:
        state = DIVERGED
    curve = tuple(t.intermediate_values[step] for step in sorted(t.intermediate_values))
    score = t.value if state == DONE else curve[-1] if curve else None
    seconds = t.duration.total_seconds() if t.duration else 0.0
    return Trial(t.number, dict(t.params), score, state, curve, tuple(t.user_attrs.get("train", ())), seconds)


def _quietly(call: Any, **arguments: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what Optuna calls experimental
        return call(**arguments)


def _check_problem(path: Path, study: optuna.Study, problem: dict[str, Any] | None) -> None:
    theirs = study.user_attrs.get(_PROBLEM)
    if theirs is None and not study.get_trials(deepcopy=False):
        study.set_user_attr(_PROBLEM, problem or {})
    elif problem is not None and theirs != problem:
        raise CheckpointError(
            f"{path} is a study of another problem. It has {_unlike(theirs or {}, problem)}; "
            f"here it is {_unlike(problem, theirs or {})}. Take another file, or search for the same as before."
        )


def _unlike(one: dict[str, Any], other: dict[str, Any]) -> str:
    """What the one has otherwise than the other, as words."""
    names = [name for name in one | other if one.get(name) != other.get(name) and name in one]
    return ", ".join(_in_words(name, one[name]) for name in names) or "nothing of the kind"


def _in_words(name: str, value: Any) -> str:
    if name == "space":
        return "the space " + ", ".join(f"{n} {part}" for n, part in from_json(value).items())
    return f"{name} {value}"


def _check_readable(path: Path) -> None:
    if path.is_dir():
        raise CheckpointError(f"{path} is a folder; a study is a file, such as {path / 'study.jsonl'}")
    if not path.parent.is_dir():
        raise CheckpointError(f"the folder {path.parent} for the study does not exist")
    if path.exists() and read_whole(path, CheckpointError, "a study", _LARGEST)[:1] not in (b"", b"{"):
        raise CheckpointError(f"{path} is no study: a study is a file of JSON lines. Take another file.")


def _check_whole(path: Path) -> None:
    """Refuse a file that has lost the beginnings of trials: Optuna numbers those that are left, and mixes them up.

    A file that has lost its end is as good as one whose search was interrupted there.
    """
    begun = 0
    for number, line in enumerate(_lines(path), 1):
        if line is None:
            continue
        begun += line.get("op_code") == _BEGUN
        trial = line.get("trial_id", -1)
        if type(trial) is not int or trial >= begun:
            raise CheckpointError(
                f"{path} is damaged: line {number} is about trial {short(repr(trial))}, counted from 0, but only "
                f"{begun} trials begin before it: lines are missing. Take a copy that is whole, or another file."
            )


def _lines(path: Path) -> list[dict[str, Any] | None]:
    """What the lines of a file say; None of one that another process is writing, the last."""
    found: list[dict[str, Any] | None] = []
    texts = read_utf8(path, CheckpointError, "a study", _LARGEST).split("\n")
    for number, text in enumerate(texts, 1):
        try:
            line = parsed(text)
            if not isinstance(line, dict):
                raise ValueError("expected things by name")
            found.append(line)
        except ValueError as problem:
            if number < len(texts):
                raise CheckpointError(
                    f"{path} is no study, or is damaged: line {number} is {short(repr(text))} ({problem}). Take a copy "
                    "that is whole, or another file."
                ) from None
    return found


class _Using:
    """Holds the file together with other processes; `alone` says that nobody else did so at the start.

    The lock is the operating system's and ends with the process. Where there is none, only a new file is nobody's.
    """

    locks: Any

    def __init__(self, path: Path) -> None:
        try:
            import fcntl
        except ImportError:  # Windows
            self.locks, self.alone = None, not path.exists()
            return
        self.locks = fcntl
        self.file = path.open("ab")
        try:
            fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.alone = True
        except OSError:
            fcntl.flock(self.file, fcntl.LOCK_SH)  # waits for one that is setting it right
            self.alone = False

    def share(self) -> None:
        """Let others in."""
        if self.locks:
            self.locks.flock(self.file, self.locks.LOCK_SH)

    def __enter__(self) -> _Using:
        return self

    def __exit__(self, *exc: object) -> None:
        if self.locks:
            self.file.close()
