"""Where the files of a data set are: in $GRADUS_DATA, else in the user's cache, else downloaded into the cache."""

from __future__ import annotations

import hashlib
import os
import zipfile
from collections.abc import Sequence
from pathlib import Path

from ..bounded.contents import Unpacked, as_errors
from ..errors import DataError
from ..process import atomic
from .catalogue import CATALOGUE, TEXTS, RemoteFile
from .progress import DownloadProgress

_TIMEOUT = 20.0  # seconds without an answer


def own_folder(name: str) -> Path | None:
    """$GRADUS_DATA/name, or None where GRADUS_DATA is not set."""
    root = os.environ.get("GRADUS_DATA")
    return Path(root) / name if root else None


def wrong_root() -> str:
    """What is wrong with GRADUS_DATA: that it is no folder; or the empty string."""
    root = os.environ.get("GRADUS_DATA")
    if not root or Path(root).is_dir():
        return ""
    return f"GRADUS_DATA is {root}, which is no folder. Set it to the one that holds the data sets, or unset it."


def cache_folder(name: str) -> Path:
    """The folder of downloaded files in the user's cache, as the platform places it."""
    import pooch  # type: ignore[import-untyped]

    return Path(pooch.os_cache("gradus")) / name


def find(name: str, file: str) -> Path | None:
    """The path of a file that is here already, or None; it is not looked into."""
    own = own_folder(name)
    if own is not None and (own / file).is_file():
        return own / file
    cached = cache_folder(name) / file
    return cached if cached.is_file() else None


def locate(name: str, files: Sequence[str] = ()) -> list[Path]:
    """The paths of a data set's files (all, or those named), downloaded where they are not here.

    Files in $GRADUS_DATA are the user's own, whatever they hold; those in the cache must have their checksum.
    """
    if problem := wrong_root():
        raise DataError(problem)
    wanted = [f for f in (CATALOGUE | TEXTS)[name].files if not files or f.name in files]
    lacking = [f for f in wanted if find(name, f.name) is None]
    for file in lacking:
        problem = _download(file, cache_folder(name))
        if problem:
            raise DataError(_put_them_there(name, file, problem, [f for f in lacking if find(name, f.name) is None]))
    return [_checked(name, file) for file in wanted]


def _checked(name: str, file: RemoteFile) -> Path:
    path = find(name, file.name)
    if path is None:
        raise DataError(f"{name}: {file.name} went away while it was looked for")
    if path.parent != own_folder(name) and _sha256(path) != file.sha256:
        raise DataError(
            f"{path} is damaged: its sha256 is {_sha256(path)}, expected {file.sha256}. "
            "Delete it, and it is downloaded anew."
        )
    return path


def _download(file: RemoteFile, folder: Path) -> str:
    """Bring the file into the folder, whole and checked or not at all; what went wrong, or the empty string."""
    problems = []
    part = folder / f".{file.name}.{os.getpid()}{atomic.SUFFIX}"
    atomic.sweep(folder)
    for address in file.addresses:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _fetch(address, part, file.size)
            if address.endswith(".zip"):
                _unzip(part, file.name, file.size)
            found = _sha256(part)
            if found == file.sha256:
                os.replace(part, folder / file.name)
                return ""
            problems.append(f"{address} sent another file (sha256 {found})")
        except (OSError, DataError) as problem:  # what requests raises is an OSError
            problems.append(f"{address}: {problem}")
        finally:
            part.unlink(missing_ok=True)
    return "; ".join(problems)


def _fetch(address: str, to: Path, size: int) -> None:
    import pooch

    progress = DownloadProgress(address, size)
    try:
        pooch.HTTPDownloader(progressbar=progress, timeout=_TIMEOUT)(address, str(to), None)
    finally:
        progress.close()


def _unzip(path: Path, name: str, size: int) -> None:
    """Put the archive's file in place of the archive: the one of this name, else the first with its suffix.

    Whatever the archive says of it, no more than `size` bytes are unpacked.
    """
    with as_errors(DataError, f"what came is no whole archive that holds {name}"), zipfile.ZipFile(path) as archive:
        members = [m for m in archive.namelist() if m.endswith(Path(name).suffix) and not m.startswith("__MACOSX")]
        member = next((m for m in members if Path(m).name == name), members[0])
        with archive.open(member) as stream:
            content = Unpacked(stream, size, lambda: DataError(f"{member} is longer than {size:,} bytes")).read()
    path.write_bytes(content)


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _put_them_there(name: str, file: RemoteFile, problem: str, lacking: list[RemoteFile]) -> str:
    own = own_folder(name)
    places = f"{own} (from GRADUS_DATA)" if own else f"$GRADUS_DATA/{name} (GRADUS_DATA is not set now)"
    lines = [f"  {f.name}  from  {' or '.join(f.addresses)}" for f in lacking]
    return (
        f"{name}: {file.name} is not here and could not be downloaded ({problem}).\n"
        f"Put these files into {places} or {cache_folder(name)}:\n" + "\n".join(lines)
    )
