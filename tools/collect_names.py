"""Write down what PyTorch and NumPy call their functions, and the keywords of each: `tests/names/*.txt`.

    python -m tools.collect_names

Names only, a line each: the name, then its keywords; a line in brackets says of what. `tests/test_names.py` asks gradus
for every one of them. Those of Keras, TensorFlow and torchvision are written by hand.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

FOLDER = Path(__file__).parent.parent / "tests" / "names"
OWNERS = {
    "torch": """torch torch.Tensor torch.nn torch.nn.functional torch.nn.init torch.nn.utils torch.nn.utils.rnn
        torch.nn.utils.parametrizations torch.nn.Module torch.optim torch.optim.Optimizer torch.optim.lr_scheduler
        torch.optim.swa_utils torch.utils.data torch.utils.data.DataLoader torch.utils.checkpoint torch.linalg
        torch.special torch.fft torch.distributions torch.distributions.Distribution torch.autograd
        torch.autograd.functional torch.func torch.cuda torch.amp torch.random""",
    "numpy": "numpy numpy.ndarray numpy.random numpy.random.Generator numpy.linalg numpy.fft",
}
STUBS = {"torch": ("_C/_VariableFunctions.pyi", "_C/__init__.pyi")}  # of functions that Python cannot ask


def collected(library: str) -> str:
    """The page of one library."""
    stubs = _stubs(library)
    lines = []
    for path in OWNERS[library].split():
        owner = _found(path)
        lines.append(f"[{path}]")
        for name in sorted(_public(owner, library)):
            keywords = _keywords(getattr(owner, name, None), name, stubs)
            lines.append(" ".join([name, *keywords]))
        lines.append("")
    return "\n".join(lines)


def _found(path: str) -> Any:
    thing: Any = importlib.import_module(path.split(".")[0])
    for part in path.split(".")[1:]:
        if isinstance(thing, ModuleType) and not hasattr(thing, part):
            importlib.import_module(f"{thing.__name__}.{part}")
        thing = getattr(thing, part)
    return thing


def _public(owner: Any, library: str) -> Iterator[str]:
    """The names that an owner offers: those it lists, or all of its own."""
    if inspect.isclass(owner):
        yield from (n for n in dir(owner) if not n.startswith("_"))
        return
    listed = set(getattr(owner, "__all__", ()))
    for name in listed or dir(owner):
        thing = getattr(owner, name, None)
        home = getattr(thing, "__module__", None) or library
        own = home.startswith((library, "builtins"))
        inside = name.startswith(("_", "TYPE_CHECKING")) or "pybind" in type(thing).__name__
        if not inside and (name in listed or (own and not isinstance(thing, ModuleType))):
            yield name


def _stubs(library: str) -> dict[str, list[str]]:
    """The keywords of every function in the library's stubs, of all its forms together."""
    found: dict[str, dict[str, None]] = defaultdict(dict)
    home = Path(str(importlib.import_module(library).__file__)).parent
    for file in STUBS.get(library, ()):
        body = ast.parse((home / file).read_text(encoding="utf-8")).body
        tensors = [node for kind in body if getattr(kind, "name", "") == "TensorBase" for node in kind.body]
        for node in (*body, *tensors):
            if isinstance(node, ast.FunctionDef):
                taken = [a.arg for a in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
                found[node.name].update(dict.fromkeys(taken))
    return {name: [n for n in names if n not in ("self", "cls")] for name, names in found.items()}


def _keywords(thing: Any, name: str, stubs: dict[str, list[str]]) -> list[str]:
    if not callable(thing):
        return []
    try:
        taken = inspect.signature(thing).parameters.values()
        return [p.name for p in taken if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD) and p.name != "self"]
    except (TypeError, ValueError):
        pass
    found = dict.fromkeys(stubs.get(name, ()))
    said = re.match(rf"\s*(?:\w+\.)*{re.escape(name)}\((.*?)\)(?: ->|\s*$)", inspect.getdoc(thing) or "", re.M)
    if said:
        words = [re.split(r"[=:]", part)[0].strip(" *[]/") for part in said[1].split(",")]
        found.update(dict.fromkeys(w for w in words if w.isidentifier() and w != "self"))
    return list(found)


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for library in OWNERS:
        (FOLDER / f"{library}.txt").write_text(collected(library), encoding="utf-8")


if __name__ == "__main__":
    main()
