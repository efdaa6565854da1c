"""The faults that are made of a source file: each is another, and each is a program."""

from __future__ import annotations

import ast

import pytest
from tools.reliability.faults.mutants import SOURCE, mutants, mutated
from tools.reliability.faults.sample import explained, killers


@pytest.mark.parametrize("file", ["dtypes.py", "optim/clip.py", "nn/core/containers.py"])
def test_every_mutant_is_another_program(file) -> None:
    whole = ast.unparse(ast.parse((SOURCE / file).read_text()))
    programs = {mutant.name: mutated(mutant) for mutant in mutants(file)}
    assert len(programs) == len(mutants(file)) > 20, "no two have one name"
    texts = {ast.unparse(program) for program in programs.values()}
    assert len(texts) > 0.95 * len(programs), "nearly all differ: `a and b` without a, and `a and c` without a ..."
    assert whole not in texts
    for program in programs.values():
        compile(program, file, "exec")


def test_mutants_change_what_they_say() -> None:
    found = {mutant.name: mutant for mutant in mutants("optim/clip.py")}
    name = "optim/clip.py clip_grad_norm_: max_norm / (norm + 1e-06) -> max_norm * (norm + 1e-06)"
    assert name in found, sorted(found)
    changed = ast.unparse(mutated(found[name]))
    assert "max_norm * (norm + 1e-06)" in changed
    assert "max_norm / (norm + 1e-06)" not in changed


def test_what_is_explained_is_not_killed() -> None:
    assert not explained().keys() & killers().keys()
