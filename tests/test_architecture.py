"""The house rules that a test can hold: who imports whom, what is loaded, what is documented, how long things are."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import inspect
import os
import pkgutil
import re
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any, cast

import pytest

import gradus

SOURCE = Path(gradus.__file__).parent
ROOT = SOURCE.parent.parent
FILES = sorted(SOURCE.rglob("*.py"))
# Each may import what stands before it, and what is in its own package. docs/architecture.md explains the order.
ORDER = ["startup", "_offers", "errors", "bounded", "mistakes", "names", "page_style", "draw", "aligned", "frozen"]
ORDER += ["process", "dtypes", "interpret", "_methods"]
ORDER += ["tensor", "autograd", "ops", "linalg", "control", "compiler", "random", "transforms", "interchange"]
ORDER += ["array_api", "functional", "distributions", "nn", "optim", "data", "datasets", "models", "train", "inspect"]
ORDER += ["tune", "cli"]
HEAVY = {
    "matplotlib",
    "sklearn",
    "rich",
    "click",
    "PIL",
    "pooch",
    "safetensors.torch",
    "torch",
    "scipy",
    "llvmlite",
}
MODULES = [m.name for m in pkgutil.walk_packages([str(SOURCE)], "gradus.") if not m.name.endswith("__main__")]
PACKAGES = ["gradus", *(m for m in MODULES if importlib.util.find_spec(m).submodule_search_locations)]  # type: ignore[union-attr]


@cache
def _nodes(file: Path) -> tuple[ast.AST, ...]:
    """All of a file, the module itself first."""
    return tuple(ast.walk(ast.parse(file.read_text())))


def _room(file: Path) -> str:
    """The package or top module that a file belongs to."""
    return file.relative_to(SOURCE).parts[0].removesuffix(".py")


def _imports(file: Path) -> Iterator[tuple[str, int]]:
    """The rooms of gradus that a file imports from while the program runs, with the line."""
    yield from ((path[0], line) for path, line in _paths(file))


@cache
def _paths(file: Path, typing: bool = False) -> list[tuple[list[str], int]]:
    """What a file imports of gradus while the program runs, or for types too, as paths below it, with the line."""
    return list(_found_paths(file, typing))


def _found_paths(file: Path, typing: bool) -> Iterator[tuple[list[str], int]]:
    typing_only = {
        inner
        for block in _nodes(file)
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING" and not typing
        for inner in ast.walk(block)
    }
    package = ["gradus", *file.relative_to(SOURCE).parts[:-1]]
    for node in _nodes(file):
        if isinstance(node, ast.ImportFrom) and node not in typing_only:
            base = package[: len(package) + 1 - node.level] if node.level else []
            parts = base + (node.module.split(".") if node.module else [])
            if parts[0] == "gradus":
                yield from (([*parts[1:], a.name], node.lineno) for a in node.names)
        elif isinstance(node, ast.Import) and node not in typing_only:
            for alias in node.names:
                if alias.name.split(".")[0] == "gradus":
                    yield [*alias.name.split(".")[1:], ""], node.lineno


def test_imports_run_one_way() -> None:
    wrong = []
    for file in (f for f in FILES if _room(f) in ORDER):
        own = ORDER.index(_room(file))
        for room, line in _imports(file):
            if room != "__version__" and (room not in ORDER or ORDER.index(room) > own):
                wrong.append(f"{file}:{line}: {ORDER[own]} must not know {room}")
    assert wrong == []


def test_every_room_is_in_the_order() -> None:
    rooms = {_room(f) for f in FILES} - {"__init__", "__main__"}
    assert rooms == set(ORDER)


# The folders within a package, in their order; what stands beside them comes after all. Ops are made of their core; a
# program passes the compiler's in this order; of the trainer's one is built on another; what one looks at in a network
# stands in the order in which a course comes to it.
FOLDERS = {
    "ops": ["core", "elementwise", "making", "shapes", "reductions", "products", "places", "order"],
    "compiler": [
        *("graph", "trace", "surroundings", "rewrite", "plan"),
        *("emit", "kernels", "convolutions", "native", "explain"),
    ],
    "nn": ["core", "layers"],
    "train": ["runs", "metrics", "looks", "fitting"],
    "inspect": ["expressivity", "backpropagation", "error_surface", "training", "features", "attacks"],
}
HEADINGS = {
    "ops": "The families of primitives",
    "compiler": "The compiler's rooms",
    "nn": "Layers",
    "data": "The rooms of data",
    "train": "The trainer's rooms",
    "inspect": "The looks inside, by subject",
}


def _place(folders: list[str], path: Sequence[str]) -> int:
    """The place of a file, or of what is imported, in the order of a package's folders."""
    return folders.index(path[0]) if path and path[0] in folders else len(folders)


@pytest.mark.parametrize("room", FOLDERS)
def test_folders_within_a_package_are_entered_one_way(room: str) -> None:
    folders, wrong = FOLDERS[room], []
    for file in (f for f in FILES if _room(f) == room):
        own = _place(folders, file.relative_to(SOURCE / room).parts[:-1])
        for path, line in _paths(file, typing=True):
            if path[:1] == [room] and _place(folders, path[1:]) > own:
                wrong.append(f"{file}:{line}: {folders[own]} must not know {path}")
    assert wrong == []


@pytest.mark.parametrize("room", FOLDERS)
def test_every_folder_within_a_package_is_in_the_order(room: str) -> None:
    assert {f.parent.name for f in FILES if _room(f) == room} - {room} == set(FOLDERS[room])


def _mapped(room: str) -> dict[str, set[str]]:
    """The files that docs/architecture.md names in each folder of a package; a row without a folder goes on."""
    page = (ROOT / "docs" / "architecture.md").read_text()
    section = page.split(f"## {HEADINGS[room]}\n")[1].split("\n## ")[0]
    named, folder = defaultdict[str, set[str]](set), ""
    for first, files in re.findall(r"^\| *(.*?) *\| (`\w+\.py`.*?) \|", section, re.M):
        folder = first.strip("`/") or folder
        named[folder] |= set(re.findall(r"`(\w+\.py)`", files))
    return named


@pytest.mark.parametrize("room", HEADINGS)
def test_the_map_names_every_file_within_a_package(room: str) -> None:
    named = _mapped(room)
    for folder in {f.parent.name for f in FILES if _room(f) == room} - {room}:
        assert named.pop(folder) == {f.name for f in (SOURCE / room / folder).glob("*.py")} - {"__init__.py"}, folder
    assert set().union(*named.values()) == {f.name for f in (SOURCE / room).glob("*.py")} - {"__init__.py"}


def test_what_is_read_knows_nothing_of_batches() -> None:
    batches = {"loader", "reading", "workers", "collate", "samplers", "batch_samplers"}
    files = [f for f in FILES if f.match("data/*/*.py")]
    assert files
    assert [f"{f}:{line}" for f in files for path, line in _paths(f, typing=True) if set(path[1:2]) & batches] == []


AT_A_GLANCE = 15  # files of a folder


def test_a_folder_is_seen_at_a_glance() -> None:
    counts = Counter(str(f.parent.relative_to(SOURCE)) for f in FILES if f.name != "__init__.py")
    assert {folder for folder, count in counts.items() if count > AT_A_GLANCE} == set()


def _found(path: list[str]) -> Path | None:
    """The file that a path of an import leads to: a module's, or a package's."""
    for end in range(len(path), 0, -1):
        there = SOURCE.joinpath(*path[:end])
        for file in (there.with_suffix(".py"), there / "__init__.py"):
            if path[end - 1] and file.is_file():
                return file
    return None


@pytest.mark.parametrize("package", [room for room in ORDER if (SOURCE / room).is_dir()])
def test_files_know_each_other_one_way(package: str) -> None:
    """No circle of imports among the files of a package: not for types alone, and not inside of functions."""
    files = [f for f in FILES if _room(f) == package]
    known = {f: {_found(path) for path, _ in _paths(f, typing=True) if path[0] == package} - {f, None} for f in files}
    TopologicalSorter(known).prepare()  # raises CycleError, which names the circle


def test_importing_gradus_loads_nothing_heavy() -> None:
    program = "import sys, gradus; print(*sys.modules)"
    surroundings = os.environ | {"PYTHONPATH": str(SOURCE.parent)}
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=surroundings)
    loaded = run.stdout.split()
    assert set(loaded) & HEAVY == set()
    assert {"gradus.nn", "gradus.optim", "gradus.functional", "gradus.linalg", "gradus.compiler"}.isdisjoint(loaded)


@pytest.mark.parametrize("name", PACKAGES)
def test_all_names_what_a_package_offers(name: str) -> None:
    package = importlib.import_module(name)
    module = cast(ast.Module, _nodes(Path(str(package.__file__)))[0])
    gathered = [n for n in module.body if isinstance(n, ast.ImportFrom) and n.level == 1]
    names = {a.asname or a.name for n in gathered for a in n.names} - {"*"}
    offered = {n for n in names if not n.startswith("_") and not inspect.ismodule(getattr(package, n))}
    listed = getattr(package, "__all__", [])
    assert len(set(listed)) == len(listed)
    assert [n for n in listed if not hasattr(package, n)] == []
    if name not in ("gradus.cli", "gradus.cli.look", "gradus.datasets"):  # programs; a list made from a catalogue
        assert offered - set(listed) == set()


@pytest.mark.parametrize("package", ["ops", "functional", "distributions", "linalg", "nn", "optim", "data"])
def test_a_name_is_offered_by_one_file(package: str) -> None:
    lists = [getattr(importlib.import_module(m), "__all__", []) for m in MODULES if m.startswith(f"gradus.{package}.")]
    counts = Counter(name for names in lists for name in names)
    assert [name for name, count in counts.items() if count > 1] == []


# -- docstrings --------------------------------------------------------------------------------------------------------


def _public(name: str) -> Iterator[tuple[str, Any]]:
    """The public functions and classes that a package offers, defined in gradus."""
    package = importlib.import_module(name)
    for n in getattr(package, "__all__", ()):
        thing = getattr(package, n)
        if (inspect.isfunction(thing) or inspect.isclass(thing)) and thing.__module__.startswith("gradus"):
            yield n, thing


PUBLIC = {id(thing): (f"{package}.{n}", thing) for package in PACKAGES for n, thing in _public(package)}
# Bases, records, and what would need files
WITHOUT_EXAMPLE = {"Dataset", "Description", "Parameter", "Preprocessing", "Summary", "Optimizer", "Recipe"}
WITHOUT_EXAMPLE |= {"Experiment"}
WITHOUT_EXAMPLE |= {"Defaults", "Run", "SaveBest", "load"}


def _needs_example(thing: Any) -> bool:
    loads_files = thing.__module__.startswith("gradus.datasets.")
    made_from_function = (thing.__doc__ or "").startswith("As a layer:")  # the function has one
    is_error = inspect.isclass(thing) and issubclass(thing, Exception)
    return not (loads_files or made_from_function or is_error or thing.__name__ in WITHOUT_EXAMPLE)


def test_public_things_are_documented_with_an_example() -> None:
    docs = [(name, (thing.__doc__ or "").strip(), _needs_example(thing)) for name, thing in PUBLIC.values()]
    assert [name for name, doc, needs in docs if not doc or (needs and ">>> " not in doc)] == []


def _described(thing: Any) -> set[str]:
    """The names under `Args:`."""
    section = re.search(r"^ *Args:\n((?: {4,}.*\n|\n)+)", (inspect.getdoc(thing) or "") + "\n", re.M)
    if section is None or not _needs_example(thing):
        return set()
    named = re.findall(r"^ {4}([\w, *]+):", section[1], re.M)
    return {n.strip(" *") for names in named for n in names.split(",")} or {"none can be read"}


def _taken(thing: Any) -> set[str]:
    """The parameters of a function, or of a class and those it derives from."""
    owners = thing.__mro__[:-1] if inspect.isclass(thing) else [thing]
    return {p for o in owners for p in inspect.signature(o.__init__ if inspect.isclass(o) else o).parameters}


def test_documented_arguments_exist() -> None:
    described = [(name, thing, names) for name, thing in PUBLIC.values() if (names := _described(thing))]
    assert len(described) > 100
    assert [(name, names - _taken(thing)) for name, thing, names in described if names - _taken(thing)] == []


# -- sizes -------------------------------------------------------------------------------------------------------------


def _functions(file: Path) -> Iterator[tuple[str, int]]:
    """The functions of a file, with how many lines each has."""
    for node in _nodes(file):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield f"{file}:{node.lineno}: {node.name}", (node.end_lineno or 0) - node.lineno + 1


def test_files_and_functions_are_short() -> None:
    assert [str(f) for f in FILES if f.read_text().count("\n") > 700] == []
    assert [(name, length) for f in FILES for name, length in _functions(f) if length > 60] == []


def test_nearly_all_functions_are_under_forty_lines() -> None:
    lengths = [length for f in FILES for _, length in _functions(f)]
    assert sum(length <= 40 for length in lengths) >= 0.95 * len(lengths)


def test_no_user_meets_an_assert() -> None:
    assert [f"{file}:{n.lineno}" for file in FILES for n in _nodes(file) if isinstance(n, ast.Assert)] == []


def test_the_stub_of_tensors_methods_is_up_to_date() -> None:
    spec = importlib.util.spec_from_file_location("write_stubs", ROOT / "tools" / "write_stubs.py")
    assert spec is not None
    assert spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    assert tool.STUB.read_text() == tool.stub(), "run: python tools/write_stubs.py"
