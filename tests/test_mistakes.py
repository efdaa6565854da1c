"""The catalogue of mistakes: every one is named by a message, every name in a message is one, and the page has all.

That each wrong program is told what it says, and each right one nothing, test_reliability.py holds.
"""

from __future__ import annotations

import ast
import copy
import pickle
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from tools.mistakes.page import PAGE, page

import gradus
from gradus import nn, optim
from gradus.cli import main
from gradus.errors import DataError, ShapeError
from gradus.mistakes.catalogue import catalogue, told

SOURCE = Path(gradus.__file__).parent
SLUG = re.compile(r"[a-z]+(-[a-z]+)+")
NAMED = re.compile(r"\(gradus help ([a-z-]+)\)")


def slugs_in_the_source() -> set[str]:
    """The texts that are given as a mistake: in what is named so, or, where the catalogue has them, wherever."""
    found = set()
    for file in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in catalogue():
                found.add(node.value)
            if (isinstance(node, ast.keyword) and node.arg == "mistake") or (
                isinstance(node, ast.Assign) and "mistake" in ast.unparse(node.targets[0])
            ):
                texts = [n.value for n in ast.walk(node.value) if isinstance(n, ast.Constant)]
                found |= {text for text in texts if isinstance(text, str) and SLUG.fullmatch(text)}
    return found


def test_each_slug_of_the_source_is_in_the_catalogue_and_has_a_program() -> None:
    assert slugs_in_the_source() <= set(catalogue())
    named = {NAMED.findall(m.message)[0] for m in catalogue().values()}
    assert slugs_in_the_source() == named, "a slug that no program of the catalogue gets, or the other way round"


def test_the_page_is_of_this_catalogue() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m tools.mistakes --write"


@pytest.mark.parametrize("slug", list(catalogue()))
def test_an_entry_is_whole(slug: str) -> None:
    mistake = catalogue()[slug]
    assert SLUG.fullmatch(slug)
    assert mistake.title and mistake.text and mistake.message and mistake.wrong != mistake.right
    assert not mistake.title.endswith(".")


def test_there_are_enough() -> None:
    assert len(catalogue()) >= 100


def test_help_prints_the_section() -> None:
    said = CliRunner().invoke(main, ["help", "labels-with-a-point"]).output
    mistake = catalogue()["labels-with-a-point"]
    assert mistake.title in said and mistake.text in said
    assert "    F.cross_entropy(model(x), labels)\n" in said
    assert told("no-such-mistake") == ""
    assert "labels-with-a-point" in CliRunner().invoke(main, ["help", "labels-with-a-pont"]).stderr


def test_a_mistake_stays_with_copies_of_an_error() -> None:
    for error in (DataError("no.", mistake="labels-with-a-point"), ShapeError("no", "mend", "labels-with-a-point")):
        for other in (copy.copy(error), pickle.loads(pickle.dumps(error))):
            assert str(other) == str(error) and str(error).endswith(" (gradus help labels-with-a-point)")


# -- programs that look like mistakes and are none: a warning is an error here ---------------------------------------


def two_layers() -> nn.Sequential:
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Dropout(0.2), nn.Linear(8, 1))


X = gradus.rand(20, 4)


def adversaries() -> None:
    """Two models, whose gradients come into each other, as of a GAN in PyTorch's tutorial."""
    maker, judge = nn.Linear(4, 4), two_layers()
    first, second = optim.Adam(judge.parameters()), optim.Adam(maker.parameters())
    for _ in range(3):
        judge.zero_grad()
        judge(X).mean().backward()
        made = maker(X)
        (-judge(made.detach()).mean()).backward()
        first.step()
        maker.zero_grad()
        judge(made).mean().backward()
        second.step()


def frozen_body() -> None:
    model = two_layers()
    model[0].requires_grad_(False)
    optimizer = optim.SGD(model[3].parameters(), lr=0.1)
    for _ in range(3):
        optimizer.zero_grad()
        model(X).mean().backward()
        optimizer.step()


def small_batches() -> None:
    """Several backward before each step."""
    model = two_layers()
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    for _ in range(3):
        optimizer.zero_grad(set_to_none=False)
        for part in (X[:10], X[10:]):
            (model(part).mean() / 2).backward()
        optimizer.step()


def layers_whose_mode_does_not_matter() -> None:
    """Dropout of nothing drops nothing, and a batch's own averages are those of evaluation, too."""
    for layer in (nn.Dropout(0.0), nn.BatchNorm1d(8, track_running_stats=False)):
        model = nn.Sequential(nn.Linear(4, 8), layer, nn.Linear(8, 1))
        with gradus.no_grad():
            model(X)
        model.eval()
        optimizer = optim.SGD(model.parameters(), lr=0.1)
        model(X).mean().backward()
        optimizer.step()


def two_losses() -> None:
    model = two_layers()
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    z = model(X)
    z.mean().backward()
    (z * z).mean().backward()
    optimizer.step()


def teacher() -> None:
    """A model held behind an underscore, that is asked and not trained."""

    class Student(nn.Module):
        def __init__(self) -> None:
            self.own, self._teacher = nn.Linear(4, 1), nn.Linear(4, 1)

        def forward(self, x: gradus.Tensor) -> gradus.Tensor:
            with gradus.no_grad():
                wanted = self._teacher(x)
            return ((self.own(x) - wanted) ** 2).mean()

    model = Student()
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    model(X).backward()
    optimizer.step()


def picture_optimised() -> None:
    """An input that is trained, through a model that is not frozen."""
    model, x = two_layers().eval(), gradus.rand(1, 4, requires_grad=True)
    optimizer = optim.Adam([x], lr=0.1)
    for _ in range(2):
        optimizer.zero_grad()
        model(x).sum().backward()
        optimizer.step()


def dropout_that_samples() -> None:
    """Monte Carlo: the model in evaluation mode, its dropout in training mode."""
    model = two_layers().eval()
    model[2].train()
    with gradus.no_grad():
        gradus.stack([model(X) for _ in range(3)]).std(0)


def several_heads() -> None:
    """A model of which one head is trained at a time."""

    class Heads(nn.Module):
        def __init__(self) -> None:
            self.body, self.heads, self.task = nn.Linear(4, 8), [nn.Linear(8, 1), nn.Linear(8, 1)], 0

        def forward(self, x: gradus.Tensor) -> gradus.Tensor:
            return self.heads[self.task](self.body(x))

    model = Heads()
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    model(X).mean().backward()
    optimizer.step()


def distances() -> None:
    """All pairs of outputs, wanted as such."""
    model = nn.Linear(4, 1)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    z = model(X)
    ((z - z[:, 0]) ** 2).mean().backward()
    optimizer.step()


def numbers_looked_at() -> None:
    """Numbers taken in forward for a look, not for what is computed."""

    class Watched(nn.Module):
        def __init__(self) -> None:
            self.layer, self.seen = nn.Linear(4, 1), 0.0

        def forward(self, x: gradus.Tensor) -> gradus.Tensor:
            z = self.layer(x)
            self.seen = float(z.mean().numpy())
            return z

    model = Watched()
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    model(X).mean().backward()
    optimizer.step()


RIGHT = [adversaries, frozen_body, small_batches, two_losses, teacher, picture_optimised, dropout_that_samples]
RIGHT += [several_heads, distances, numbers_looked_at, layers_whose_mode_does_not_matter]


@pytest.mark.parametrize("program", RIGHT, ids=lambda f: f.__name__)
def test_what_is_no_mistake_is_not_warned_of(program: Callable[[], None]) -> None:
    program()
