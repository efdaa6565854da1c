"""Small changes of a source file, each of which is a fault, or changes nothing that can be seen."""

from __future__ import annotations

import ast
import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

SOURCE = Path(__file__).parents[3] / "src" / "gradus"
_DATA = {"case", "Case", "TypeVar"}  # types, and what the tests of an operation are made from, are no engine
_DATA_KEYWORDS = {"domain", "cases", "refuses", "gives", "effort"}
_COMPARED: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
_COMPUTED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.BitXor: ast.BitOr,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
}
_ASKED = (ast.If, ast.While, ast.IfExp)


@dataclass(frozen=True)
class Mutant:
    """A change of one place of a file.

    Attributes:
        file: below src/gradus.
        scope: the function or class it is in, as Python names it; `<module>` outside of all.
        kind: what was done.
        before, after: the place, as source.
        number: which of those in the scope that are alike.
        lines: the first and last line of the place.
        around: those of the statement around it.
        alive: whether it lies in the body of a function, and is met when that is called, not when the file is imported.
    """

    file: str
    scope: str
    kind: str
    before: str
    after: str
    number: int
    lines: tuple[int, int]
    around: tuple[int, int]
    alive: bool

    @property
    def name(self) -> str:
        """What it is filed under: the same while the lines around it change."""
        number = f" #{self.number + 1}" if self.number else ""
        return f"{self.file} {self.scope}: {self.before} -> {self.after}{number}"

    @property
    def lot(self) -> float:
        """A number from 0 to 1 that follows from the name: those below a share are a sample."""
        return int.from_bytes(hashlib.sha256(self.name.encode()).digest()[:6], "big") / 2**48


class _Place(NamedTuple):
    """A node, where it hangs, and what is around it."""

    node: ast.AST
    put: Callable[[ast.AST | None], None]
    scope: str
    around: ast.AST
    alive: bool


class _Change(NamedTuple):
    kind: str
    before: str
    after: str
    node: ast.AST


@cache
def mutants(file: str) -> tuple[Mutant, ...]:
    """All of a file."""
    return tuple(mutant for mutant, _ in _all(file, _parsed(file)))


def mutated(mutant: Mutant) -> ast.Module:
    """The whole file, changed."""
    tree = _parsed(mutant.file)
    for found, do in _all(mutant.file, tree):
        if found == mutant:
            do()
            return ast.fix_missing_locations(tree)
    raise LookupError(mutant.name)


def _parsed(file: str) -> ast.Module:
    return ast.parse((SOURCE / file).read_text(encoding="utf-8"))


def _all(file: str, tree: ast.Module) -> Iterator[tuple[Mutant, Callable[[], None]]]:
    seen: Counter[tuple[str, str, str]] = Counter()
    for place in _places(tree, "<module>", tree, alive=False):
        for change in _changes(place.node):
            key = (place.scope, change.before, change.after)
            lines, around = _lines(place.node), _lines(place.around)
            yield (
                Mutant(file, place.scope, change.kind, *key[1:], seen[key], lines, around, place.alive),
                lambda place=place, change=change: place.put(change.node),  # type: ignore[misc]
            )
            seen[key] += 1


def _lines(node: ast.AST) -> tuple[int, int]:
    node = node.iter if isinstance(node, ast.comprehension) else node
    first = getattr(node, "lineno", 1)
    return first, getattr(node, "end_lineno", None) or first


def _places(node: ast.AST, scope: str, around: ast.AST, alive: bool) -> Iterator[_Place]:
    """All nodes below one that are code, not types, texts or data of tests."""
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "type_comment", "decorator_list", "type_params"):
            continue
        for number, child in enumerate(value) if isinstance(value, list) else ((None, value),):
            if not isinstance(child, ast.AST) or _left_out(node, child):
                continue
            inside = alive or (name == "body" and isinstance(node, (ast.FunctionDef, ast.Lambda)))
            near = child if isinstance(child, ast.stmt) else around
            yield _Place(child, _putting(node, name, number), scope, near, inside)
            yield from _places(child, _scope(child, scope), near, inside)


def _putting(node: ast.AST, name: str, number: int | None) -> Callable[[ast.AST | None], None]:
    def put(new: ast.AST | None) -> None:
        if number is None:
            setattr(node, name, new)
        else:
            getattr(node, name)[number] = new

    return put


def _scope(node: ast.AST, scope: str) -> str:
    if not isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return scope
    return node.name if scope == "<module>" else f"{scope}.{node.name}"


def _left_out(node: ast.AST, child: ast.AST) -> bool:
    match child:
        case ast.JoinedStr() | ast.Import() | ast.ImportFrom() | ast.If(test=ast.Name("TYPE_CHECKING")):
            return True
        case ast.Call(func=ast.Name(name)) if name in _DATA:
            return True
        case ast.keyword(arg=name) if name in _DATA_KEYWORDS:
            return True
    if isinstance(node, ast.Assign):
        alias = isinstance(child, ast.BinOp) and isinstance(child.op, ast.BitOr)  # of types: A | B
        return alias or any(isinstance(target, ast.Name) and target.id.startswith("__") for target in node.targets)
    return False


def _changes(node: ast.AST) -> Iterator[_Change]:
    for kind, changes in _KINDS:
        for before, new in changes(node):
            yield _Change(kind, _short(before), _short(new), new)


def _short(node: ast.AST) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= 100 else f"{text[:60]} ... {text[-35:]}"


_Changes = Iterator[tuple[ast.AST, ast.AST]]


def _compared(node: ast.AST) -> _Changes:
    if isinstance(node, ast.Compare):
        for number, op in enumerate(node.ops):
            for other in _COMPARED[type(op)]:
                ops = [*node.ops[:number], other(), *node.ops[number + 1 :]]
                yield node, ast.copy_location(ast.Compare(node.left, ops, node.comparators), node)


def _computed(node: ast.AST) -> _Changes:
    if isinstance(node, (ast.BinOp, ast.AugAssign)) and (other := _COMPUTED.get(type(node.op))):
        if isinstance(node, ast.AugAssign):
            yield node, ast.copy_location(ast.AugAssign(node.target, other(), node.value), node)
        elif not any(isinstance(side, ast.JoinedStr) or _text(side) for side in (node.left, node.right)):
            yield node, ast.copy_location(ast.BinOp(node.left, other(), node.right), node)


def _text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, (str, bytes))


def _constants(node: ast.AST) -> _Changes:
    if isinstance(node, ast.Constant):
        match node.value:
            case bool():
                new: object = not node.value
            case int():
                new = node.value + 1
            case float():
                new = node.value * 1.01 if node.value else 0.01
            case _:
                return
        yield node, ast.copy_location(ast.Constant(new), node)


def _joined(node: ast.AST) -> _Changes:
    if isinstance(node, ast.BoolOp):
        other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield node, ast.copy_location(ast.BoolOp(other, node.values), node)
        for number in range(len(node.values)):  # one that counts no more
            rest = [*node.values[:number], *node.values[number + 1 :]]
            yield node, (ast.copy_location(ast.BoolOp(node.op, rest), node) if len(rest) > 1 else rest[0])


def _negated(node: ast.AST) -> _Changes:
    if isinstance(node, _ASKED) and not isinstance(node.test, (ast.Compare, ast.Constant)):
        new = ast.copy_location(ast.UnaryOp(ast.Not(), node.test), node.test)
        fields = {name: value for name, value in ast.iter_fields(node) if name != "test"}
        yield node.test, ast.copy_location(type(node)(test=new, **fields), node)
    if isinstance(node, ast.comprehension):
        for number in range(len(node.ifs)):
            ifs = [*node.ifs[:number], *node.ifs[number + 1 :]]
            yield node.ifs[number], ast.comprehension(node.target, node.iter, ifs, node.is_async)


def _unary(node: ast.AST) -> _Changes:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.Not, ast.USub, ast.Invert)):
        yield node, node.operand


def _swapped(node: ast.AST) -> _Changes:
    if isinstance(node, ast.Call) and len(node.args) > 1:
        first, second, *rest = node.args
        told = isinstance(node.func, ast.Name) and node.func.id in ("isinstance", "getattr", "setattr", "hasattr")
        starred = isinstance(first, ast.Starred) or isinstance(second, ast.Starred)
        if not starred and not told and ast.dump(first) != ast.dump(second):
            yield node, ast.copy_location(ast.Call(node.func, [second, first, *rest], node.keywords), node)


def _left(node: ast.AST) -> _Changes:
    """Statements that are left out."""
    nothing = ast.copy_location(ast.Pass(), node)
    if isinstance(node, ast.Break):
        yield node, ast.copy_location(ast.Continue(), node)
    elif isinstance(node, ast.Continue):
        yield node, ast.copy_location(ast.Break(), node)
    elif isinstance(node, (ast.Raise, ast.AugAssign)) or _called(node):
        yield node, nothing
    elif isinstance(node, ast.Assign) and not all(isinstance(target, ast.Name) for target in node.targets):
        if not any(isinstance(target, (ast.Tuple, ast.List)) for target in node.targets):
            yield node, nothing
    elif isinstance(node, ast.Return) and node.value is not None and not isinstance(node.value, ast.Constant):
        yield node, ast.copy_location(ast.Return(ast.Constant(None)), node)


def _called(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)


_KINDS: tuple[tuple[str, Callable[[ast.AST], _Changes]], ...] = (
    ("comparison", _compared),
    ("arithmetic", _computed),
    ("constant", _constants),
    ("and, or", _joined),
    ("condition", _negated),
    ("sign", _unary),
    ("arguments swapped", _swapped),
    ("left out", _left),
)
