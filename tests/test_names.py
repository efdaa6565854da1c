"""Every public name of PyTorch, NumPy, Keras and TensorFlow: there, or told, or an honest no. None misleads."""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.named import LIBRARIES, names

import gradus
from gradus import data, nn, optim
from gradus.errors import UnknownNameError, did_you_mean, edits
from gradus.names import rooms
from gradus.names.elsewhere import Elsewhere, answer
from gradus.names.tables import ABSENT, INSTEAD

MODEL = nn.Linear(1, 1)
OPTIMIZER = optim.SGD(MODEL.parameters(), lr=0.1)
THINGS: dict[str, Any] = {
    "Tensor": gradus.ones((2, 2)),
    "Module": MODEL,
    "Optimizer": OPTIMIZER,
    "Generator": gradus.Generator(),
    "DataLoader": data.DataLoader(data.TensorDataset([1.0])),
    "Trainer": gradus.Trainer(MODEL, "mse", OPTIMIZER, compile=False),
    "data.Dataset": data.Dataset,
    "data.Table": data.Table({"a": [1.0]}),
    "data.TableTransform": data.TableTransform(),
    "data.Standardizer": data.Standardizer(0.0, 1.0),
    "data.Vocabulary": data.Vocabulary([]),
    "Distribution": gradus.distributions.Normal(0.0, 1.0),
    "autograd": importlib.import_module("gradus.autograd"),
    "transforms": importlib.import_module("gradus.transforms"),
    "ops": importlib.import_module("gradus.ops"),
}
HERE = {"there", "told", "no"}


def thing(path: str) -> Any:
    """What a user has who asks for names at this path; None where gradus has no such room."""
    return THINGS[path] if path in THINGS else rooms.owner(path)


def said(path: str, name: str) -> str | None:
    """What is said of a name; None where it is there."""
    owner = thing(path)
    if owner is None:
        return answer(path, name)
    try:
        getattr(owner, name)
    except AttributeError as error:
        assert isinstance(error, UnknownNameError), f"{path}.{name}: {error!r}"
        return str(error).split(f"no attribute {name!r}. ", 1)[-1]
    return None


@pytest.mark.parametrize("library", LIBRARIES)
def test_each_name_is_there_or_told_or_honestly_not_there(library: str) -> None:
    wrong = []
    for of, name, _ in names(library):
        path, last = rooms.at_home(f"{of}.{name}")
        text = said(path, last)
        if text is None or text.startswith(("Write instead: ", "Leave it out")):
            continue
        if "Did you mean" in text or "no attribute" in text or not text.endswith("."):
            wrong.append(f"{of}.{name}: {text!r}")
    assert wrong == []


def test_what_is_written_is_there() -> None:
    """Every name of gradus in the tables, every method of x, model, optimizer, trainer and generator."""
    wrong = []
    of = {"x": "Tensor", "model": "Module", "optimizer": "Optimizer", "trainer": "Trainer", "generator": "Generator"}
    texts = [(o, n, t) for table in (INSTEAD, ABSENT) for o, rows in table.items() for n, t in rows.items()]
    for owner, name, text in texts:
        for path in re.findall(r"(?<![\w/])gradus((?:\.\w+)+)", text):
            found: Any = gradus
            for part in path[1:].split("."):
                found = getattr(found, part, None) or importlib.import_module(f"gradus{path}")
        for variable, attribute in re.findall(r"(?<![\w.])(x|model|optimizer|trainer|generator)\.(\w+)", text):
            if not hasattr(THINGS[of[variable]], attribute):
                wrong.append(f"{owner} {name}: {variable}.{attribute}")
    assert wrong == []


def test_the_tables_hold_what_is_asked_and_nothing_else() -> None:
    """Each row is met by a name of the lists that is not there: when gradus comes to have it, its row goes."""
    asked = {rooms.at_home(f"{of}.{name}") for library in LIBRARIES for of, name, _ in names(library)}
    rows = [(owner, row) for table in (INSTEAD, ABSENT) for owner, rows in table.items() for row in rows]
    listed = [(owner, n) for owner, row in rows for n in row.split() if "*" not in n and owner != "optim.lr_scheduler"]
    there = [f"{owner}.{name}" for owner, name in listed if thing(owner) is not None and hasattr(thing(owner), name)]
    assert there == [], "these are there now: take them out of gradus/names/tables"
    assert [f"{owner}.{name}" for owner, name in listed if (owner, name) not in asked] == [], "nobody's names"


def test_a_name_is_in_one_row() -> None:
    for owner in {*INSTEAD, *ABSENT}:
        counts = Counter(n for table in (INSTEAD, ABSENT) for row in table.get(owner, ()) for n in row.split())
        assert [n for n, count in counts.items() if count > 1 and n != "*"] == [], owner


# -- how it is asked ---------------------------------------------------------------------------------------------------


def test_all_that_was_written_is_answered() -> None:
    with pytest.raises(UnknownNameError, match=r"no attribute 'utils.data.DataLoader'.*gradus\.data\.DataLoader\."):
        gradus.utils.data.DataLoader  # noqa: B018
    with pytest.raises(UnknownNameError, match=r"no attribute 'cuda.is_available'. There is one device"):
        gradus.cuda.is_available()
    with pytest.raises(UnknownNameError, match=r"no attribute 'utils.rnn.pad_sequence'.*gradus\.data\.pad_sequence"):
        nn.utils.rnn.pad_sequence([])
    with pytest.raises(UnknownNameError, match=r"no attribute 'lr_scheduler.StepLR'.*schedules\.step"):
        optim.lr_scheduler.StepLR(OPTIMIZER, 1)


def test_an_import_is_answered() -> None:
    with pytest.raises(ImportError, match=r"Write instead: gradus\.nn\.Linear\("):
        from gradus.nn import Dense  # noqa: F401
    with pytest.raises(ImportError, match=r"There are no complex numbers"):
        from gradus import fft  # noqa: F401


def test_a_module_of_others_is_answered() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"DataLoader: Write instead: gradus\.data\.DataLoader\."):
        from gradus.utils.data import DataLoader  # noqa: F401
    with pytest.raises(ModuleNotFoundError, match=r"StepLR: Write instead: gradus\.optim\.schedules\.step"):
        from gradus.optim.lr_scheduler import StepLR  # noqa: F401
    with pytest.raises(ModuleNotFoundError, match=r"no module 'gradus\.fft'\. There are no complex numbers"):
        import gradus.fft
    with pytest.raises(ModuleNotFoundError, match=r"'gradus\.keras\.layers'\. Write instead: gradus\.nn"):
        import gradus.keras.layers
    with pytest.raises(ModuleNotFoundError, match=r"^No module named 'gradus\.nothing'"):
        import gradus.nothing  # noqa: F401
    assert importlib.util.find_spec("gradus.fft") is None


def test_other_imports_pass_the_finder_by() -> None:
    assert [type(f).__name__ for f in sys.meta_path].count("Told") == 1
    spec = importlib.machinery.ModuleSpec("gradus.utils", importlib.machinery.BuiltinImporter)
    behind = SimpleNamespace(find_spec=lambda name, *_: spec if name == "gradus.utils" else None)
    sys.meta_path.append(behind)
    try:  # what was put behind it is asked
        with pytest.raises(ImportError, match="is not a built-in module"):
            import gradus.utils  # noqa: F401
    finally:
        sys.meta_path.remove(behind)
    for ask in (importlib.import_module, importlib.util.find_spec, __import__):
        for name in ("nothing_of_ours", "gradus.fft"):
            try:
                assert ask(name) is None
            except ModuleNotFoundError as error:
                assert str(error) == f"No module named {name!r}"
    importlib.reload(importlib.import_module("gradus.names.modules")).tell_imports()
    assert [type(f).__name__ for f in sys.meta_path].count("Told") == 1


def test_nothing_is_worked_out_for_who_only_asks() -> None:
    error = nn.__getattr__
    assert not hasattr(nn, "Dense") and not hasattr(gradus, "fft") and not hasattr(MODEL, "cuda")
    with pytest.raises(UnknownNameError) as caught:
        error("Dense")
    assert caught.value.name == "Dense" and caught.value.obj is None


def test_python_adds_no_guess_of_its_own() -> None:
    program = "import gradus; gradus.tensor([1.0]).exp_()"
    surroundings = os.environ | {"PYTHONPATH": str(Path(gradus.__file__).parents[1])}
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=surroundings)
    assert run.stderr.endswith("Write instead: x[...] = x.exp(...), or x = x.exp(...).\n")


# -- misspelt names ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "known", "meant"),
    [
        ("consatenate", ["concatenate"], "concatenate"),
        ("RelU", ["ReLU", "SELU"], "ReLU"),
        ("BatchNrom2d", ["BatchNorm1d", "BatchNorm2d"], "BatchNorm2d"),
        ("maxpool2d", ["MaxPool2d"], "MaxPool2d"),
        ("tril", ["train"], ""),
        ("gather", ["greater"], ""),
        ("conv1d", ["conv2d"], ""),
        ("sinc", ["sigmoid"], ""),
        ("resnet50", ["lenet", "alexnet"], ""),
        ("cast", ["cat", "last"], "cat"),
    ],
)
def test_only_slips_are_mended(word: str, known: list[str], meant: str) -> None:
    assert did_you_mean(word, known, most=1 if len(word) < 8 else 2) == (f"Did you mean {meant!r}?" if meant else "")


def test_no_name_of_the_lists_is_near_enough_to_be_taken_for_a_slip_of_another() -> None:
    """Were the tables empty: whatever would be suggested then is one or two letters away, and no number is changed."""
    known = rooms.offered("")
    for _, name, _ in names("numpy"):
        if hint := did_you_mean(name, known, most=1 if len(name) < 8 else 2):
            meant = hint.split("'")[1]
            a, b = (n.casefold().replace("_", "") for n in (name, meant))
            assert edits(a, b) <= 2 or (len(a) > 3 and b.startswith(a)), (name, meant)


def test_tensors_do_not_list_what_they_do_not_have() -> None:
    x = THINGS["Tensor"]
    told = [name for name in vars(type(x).__mro__[1]) if isinstance(vars(type(x).__mro__[1])[name], Elsewhere)]
    assert len(told) > 300
    assert set(told) & set(dir(x)) == set()
