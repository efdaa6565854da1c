"""A plugin for pytest that lets one file of gradus be imported with a mutant in it, which `$FAULT` names."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType, ModuleType

from .mutants import SOURCE, mutants, mutated


class _Loader(SourceFileLoader):
    def get_code(self, fullname: str) -> CodeType:
        file, name = json.loads(os.environ["FAULT"])
        mutant = next(mutant for mutant in mutants(file) if mutant.name == name)
        return compile(mutated(mutant), self.path, "exec", dont_inherit=True)


class _Finder(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        spec = PathFinder.find_spec(fullname, path, target)
        wanted = str(SOURCE / json.loads(os.environ["FAULT"])[0])
        if spec is not None and spec.origin == wanted:
            spec.loader = _Loader(fullname, wanted)
        return spec


sys.meta_path.insert(0, _Finder())
