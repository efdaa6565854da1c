"""Small worlds made at random: things of many kinds that hold each other, a function that reads them and may change
them, and changes from outside.

Of one seed come equal worlds: in one the function is run eagerly, in the other compiled. `seen` shows all that can be
told of a world; after each call, and after each refusal, both must look the same.
"""

from __future__ import annotations

import collections
import contextvars
import dataclasses
import functools
import random
import re
import threading
import types
import weakref
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

import gradus
from gradus import nn
from gradus.errors import GradusError

NAMES = "abcd"  # of all attributes and keys: few, so that paths lead somewhere
DEEP = 3
FAILURES = (AttributeError, KeyError, IndexError, TypeError, ValueError)  # what the wrong path ends in

# -- kinds of things ---------------------------------------------------------------------------------------------------


def classes() -> dict[str, type]:
    """Classes of a world's own: they are changed, too."""

    class Meta(type):
        c = 1.25

    class Plain:
        d = 0.25

    class Derived(Plain):
        pass

    class Shared(metaclass=Meta):
        a: Any = 1.5
        b: Any = (1.0,)

    class Slotted:
        __slots__ = ("a", "b", "c")

    class Both:
        __slots__ = ("__dict__", "a")

    @dataclasses.dataclass
    class Record:
        a: Any = None
        b: Any = 2.0

    class Net(nn.Module):
        def __init__(self) -> None:
            self.a = 1.0

    class Keys(dict[str, Any]):
        a: Any = 3.0

    class Row(list[Any]):
        a: Any = 3.0

    class Guesses:
        def __getattr__(self, name: str) -> Any:
            if name in ("c", "d"):
                return vars(self).get("b", 0.75)
            raise AttributeError(name)

    class Measured:
        _a: Any = 2.0

        @property
        def a(self) -> Any:
            return self._a

        @a.setter
        def a(self, value: Any) -> None:
            self._a = value

    made = (Meta, Plain, Derived, Shared, Slotted, Both, Record, Net, Keys, Row, Guesses, Measured)
    return {kind.__name__: kind for kind in made}


WITH_ATTRIBUTES = ("Plain", "Derived", "Shared", "Slotted", "Both", "Record", "Net", "Guesses", "Measured", "Keys")
LEAVES: tuple[Callable[[random.Random], Any], ...] = (
    lambda rng: round(rng.uniform(-2, 2), 2),
    lambda rng: rng.choice(("x", "yy", "zzz")),
    lambda rng: None,
    lambda rng: rng.random() < 0.5,
    lambda rng: rng.randrange(4),
    lambda rng: rng.choice((0.0, -0.0)),
    lambda rng: (rng.randrange(3), rng.choice("pq")),
    lambda rng: np.array([rng.random(), 1.0]),
    lambda rng: np.array([rng.random(), 1.0], np.float32),
    lambda rng: gradus.tensor([rng.random(), 2.0]),
    lambda rng: {rng.randrange(20) for _ in range(rng.randrange(4))},
)


class Maker:
    """Makes things of which some hold others, and keeps those that only weak references and views would hold."""

    def __init__(self, rng: random.Random) -> None:
        self.rng, self.classes, self.kept = rng, classes(), list[Any]()
        self._holders: tuple[Callable[[int], Any], ...] = (
            *([self._object] * 6),
            *(self._namespace, self._class, self._module, self._local, self._function),
            *([self._dict] * 3),
            *([self._list] * 3),
            *(self._tuple, self._named, self._frozen, self._partial, self._objects, self._variable),
            *(self._weak, self._view, self._chain),
        )

    def thing(self, depth: int = DEEP) -> Any:
        if not depth or self.rng.random() < 0.2:
            return self.rng.choice(LEAVES)(self.rng)
        return self.rng.choice(self._holders)(depth - 1)

    def names(self, most: int) -> list[str]:
        return self.rng.sample(NAMES, self.rng.randrange(most + 1))

    def _with_attributes(self, thing: Any, depth: int) -> Any:
        for name in self.names(3):
            try:
                setattr(thing, name, self.thing(depth))
            except AttributeError:  # it has no place for it
                continue
        return thing

    def _object(self, depth: int) -> Any:
        return self._with_attributes(self.classes[self.rng.choice(WITH_ATTRIBUTES)](), depth)

    def _namespace(self, depth: int) -> Any:
        return self._with_attributes(types.SimpleNamespace(), depth)

    def _class(self, depth: int) -> Any:
        base = self.classes[self.rng.choice(("Plain", "Shared"))]
        return self._with_attributes(type(base)("Made", (base,), {}), depth)

    def _module(self, depth: int) -> Any:
        return self._with_attributes(types.ModuleType("made"), depth)

    def _local(self, depth: int) -> Any:
        return self._with_attributes(threading.local(), depth)

    def _function(self, depth: int) -> Any:
        default = self.thing(depth)

        def made(value: Any = default) -> Any:
            return value

        return self._with_attributes(made, depth)

    def _dict(self, depth: int) -> Any:
        kinds: tuple[Callable[[], Any], ...] = (dict, self.classes["Keys"], collections.OrderedDict, _defaulting)
        made = self.rng.choice(kinds)()
        made.update({name: self.thing(depth) for name in self.names(3)})
        return made

    def _list(self, depth: int) -> Any:
        kind = self.rng.choice((list, self.classes["Row"], collections.deque))
        return kind(self.thing(depth) for _ in range(self.rng.randrange(4)))

    def _tuple(self, depth: int) -> Any:
        return tuple(self.thing(depth) for _ in range(self.rng.randrange(1, 3)))

    def _named(self, depth: int) -> Any:
        return collections.namedtuple("Pair", "a b")(self.thing(depth), self.thing(depth))

    def _frozen(self, depth: int) -> Any:
        kind = dataclasses.make_dataclass("Fixed", "ab", frozen=True)
        return kind(self.thing(depth), self.thing(depth))

    def _partial(self, depth: int) -> Any:
        return functools.partial(_itself, self.thing(depth))

    def _objects(self, depth: int) -> Any:
        made = np.empty(2, object)
        made[0], made[1] = self.thing(depth), self.thing(depth)
        return made

    def _variable(self, depth: int) -> Any:
        made: contextvars.ContextVar[Any] = contextvars.ContextVar("made")
        if self.rng.random() < 0.5:
            made.set(self.thing(depth))
        return made

    def _weak(self, depth: int) -> Any:
        self.kept.append(self._with_attributes(self.classes["Plain"](), depth))
        return weakref.ref(self.kept[-1])

    def _view(self, depth: int) -> Any:
        self.kept.append({name: self.thing(depth) for name in self.names(3)})
        return types.MappingProxyType(self.kept[-1])

    def _chain(self, depth: int) -> Any:
        return collections.ChainMap(*({name: self.thing(depth) for name in self.names(2)} for _ in range(2)))


def _defaulting() -> Any:
    return collections.defaultdict(lambda: 0.5)


def _itself(value: Any) -> Any:
    return value


# -- functions that read and write -------------------------------------------------------------------------------------

READS = (
    *("{q}", "{q}", "{q}.{n}", "{q}[{n!r}]", "getattr({q}, {n!r}, 0.3)", "(2.5 if hasattr({q}, {n!r}) else 0.5)"),
    *("len({q})", "({n!r} in {q})", "[number(v) for v in {q}]", "sorted(map(str, {q}))", "list({q})[-1]"),
    *("sum(number(v) for v in {q}.values())", "isinstance({q}, (float, list, dict))", "({q} is None)", "bool({q})"),
    *("type({q}).{n}", "{q}.sum()", "({q} > 5)", "({q} > 5)", "float({q}.argmax())", "{q}"),
)
WRITES = (
    *("{q}.{n} = 1.5", "{q}.{n} = float(len(x))", "{q}.{n} = x.shape", "{q}.{n} = None", "{q}.{n} = [1, 2]"),
    *("{q}.{n} = {{'a': 1}}", "{q}.{n} += 1", "{q}.{n} = {q}.{m}", "{q}.{n}, {q}.{m} = {q}.{m}, {q}.{n}"),
    *("del {q}.{n}", "setattr({q}, {n!r}, 2.25)", "vars({q}).update({n}=2)", "{q}.__dict__.pop({m!r}, 0)"),
    *("{q}.{n} = number({q}.{m})", "{q}.{n} = x * 2", "{q}.{n} = lambda v: v"),
    *("{q}[{m!r}] = 'q'", "{q}[0] = 3", "{q}.setdefault({m!r}, 2.0)", "{q}.update({n}=1)", "del {q}[{m!r}]"),
    *("{q}.pop({m!r}, None)", "{q}.move_to_end({m!r})", "{q}.clear()", "{q}.append(1)", "{q}.extend([1])"),
    *("{q}.insert(0, 2.5)", "{q}.reverse()", "{q}.sort(key=str)", "{q}.pop()", "{q}.add(7)", "{q}.discard(3)"),
    *("{q}.{n}[0] = 5", "{q}.{n}.assign_({q}.{n} + 1)", "{q}[...] = 4.0", "{q}.zero_()"),
    *("shared = 2.5", "cell = 4.5", "cell = [x.shape]"),
)
STEPS = (".{n}", ".{n}", "[{n!r}]", ".get({n!r})", "[0]", "[-1]", "()", ".get(0.125)", ".maps[0]")
TEXT = """
def make(root, cell, number):
    def f(x):
        nonlocal cell
        global shared
        y = x
{body}
        return y
    def fill(value):
        nonlocal cell
        cell = value
    return f, fill
"""


class Plan(NamedTuple):
    """A function's text, and the paths along which it goes, each from the root, a global or a variable on."""

    text: str
    paths: list[str]


def plan(seed: int, writes: bool) -> Plan:
    """A function that adds up what it finds along a few paths, each taken several times, and may write along them."""
    rng = random.Random(seed)
    there = _beginnings(Maker(random.Random(seed)))
    paths = [_path(rng, there) for _ in range(rng.randrange(1, 4))]

    def filled(patterns: Sequence[str]) -> str:
        return rng.choice(patterns).format(q=rng.choice(paths), n=rng.choice(NAMES), m=rng.choice(NAMES))

    read = "try: v = number({})\nexcept FAILURES: v = 7.5\ny = y * 1.25 + v"
    write = "try: {}\nexcept FAILURES: y = y + 0.25"
    parts = [read.format(filled(READS)) for _ in range(rng.randrange(2, 6))]
    parts += [write.format(filled(WRITES)) for _ in range(rng.randrange(1, 3) if writes else 0)]
    rng.shuffle(parts)
    lines = "\n".join(parts).splitlines()
    return Plan(TEXT.format(body="\n".join(" " * 8 + line for line in lines)), paths)


def _beginnings(maker: Maker) -> dict[str, Any]:
    """The things at which paths begin."""
    return {name: maker.thing() for name in ("root", "shared", "cell")}


def _path(rng: random.Random, there: dict[str, Any]) -> str:
    """A path that mostly leads somewhere."""
    path = rng.choice([*there])
    for _ in range(rng.randrange(DEEP + 1)):
        steps = [step.format(n=name) for step in STEPS for name in NAMES]
        leading = [step for step in steps if found(path + step, there) is not NOTHING]
        path += rng.choice(leading if leading and rng.random() < 0.8 else steps)
    return path


NOTHING = object()


def found(path: str, there: dict[str, Any]) -> Any:
    """What stands at the end of a path."""
    try:
        return eval(path, dict(there))
    except FAILURES:
        return NOTHING


def number(value: Any) -> Any:
    """A number, or a tensor or array of two, that tells one value from another."""
    match value:
        case None:
            return 0.5
        case bool() | np.bool_():
            return 1.75 if value else 0.25
        case float():
            return value if value else 3.0 if str(value) == "0.0" else 4.0
        case int():
            return value + 0.1
        case str():
            return 0.7 * len(value)
        case gradus.Tensor():
            return value.sum()
        case np.ndarray():
            return 0.9 if value.dtype == object else value
        case set():
            return 0.01 * sum(value)
        case list() | tuple() | collections.deque():
            return 0.11 * len(value)
        case dict():
            return 0.13 * len(value)
    return 0.17


# -- worlds ------------------------------------------------------------------------------------------------------------


class World:
    """What a function can reach: an argument of what makes it, a global, a variable around it; and the function."""

    def __init__(self, seed: int, plan: Plan) -> None:
        self.maker, self.paths = Maker(random.Random(seed)), plan.paths
        there = _beginnings(self.maker)
        self.root = there["root"]
        self.globals = {"FAILURES": FAILURES, "__name__": "made", "shared": there["shared"]}
        exec(compile(plan.text, f"<world {seed}>", "exec"), self.globals)
        self.function, self.fill = self.globals["make"](self.root, there["cell"], number)

    @property
    def cell(self) -> Any:
        named = dict(zip(self.function.__code__.co_freevars, self.function.__closure__, strict=True))
        return named["cell"].cell_contents

    def seen(self) -> str:
        """All that can be told of what is there."""
        kinds = [(kind, name, vars(kind).get(name)) for kind in self.maker.classes.values() for name in NAMES]
        of_classes = [f"{kind.__name__}.{name}={shown(value)}" for kind, name, value in kinds]
        parts = [self.root, self.cell, self.globals.get("shared"), self.maker.kept]
        return "\n".join([*map(shown, parts), *of_classes])

    def change(self, rng: random.Random) -> None:
        """Change something, somewhere."""
        draw = rng.random()
        self.maker.rng = rng
        if draw < 0.06:
            self.fill(self.maker.thing(2))
        elif draw < 0.12:
            self.globals["shared"] = self.maker.thing(2)
        else:
            kinds: list[Any] = list(self.maker.classes.values())
            there = self._on_the_way(rng.choice(self.paths)) if draw > 0.5 else self._reached()
            try:
                change(rng.choice(kinds if draw < 0.25 or not there else there), rng, self.maker)
            except (*FAILURES, GradusError):  # it cannot be changed so
                pass

    def _on_the_way(self, path: str) -> list[Any]:
        """What stands where a path leads, and what it leads through."""
        there = {"root": self.root, "cell": self.cell, "shared": self.globals.get("shared")}
        ends = [m.start() for m in re.finditer(r"[.\[(]", path)] + [len(path)]
        things = [found(path[:end], there) for end in ends[-3:] if path[:end].count("(") == path[:end].count(")")]
        return [thing for thing in things if thing is not NOTHING]

    def _reached(self) -> list[Any]:
        """All that is there."""
        seen: dict[int, Any] = {}
        waiting = [self.root, self.cell, self.globals.get("shared"), *self.maker.kept]
        while waiting:
            thing = waiting.pop(0)
            if id(thing) in seen or isinstance(thing, (float, int, str, type(None), np.generic)):
                continue
            seen[id(thing)] = thing
            waiting += parts(thing)
        return list(seen.values())


def parts(thing: Any) -> list[Any]:
    """What a thing holds."""
    held: list[Any] = []
    if isinstance(thing, dict):
        held += thing.values()
    elif isinstance(thing, (list, tuple, collections.deque)):
        held += list(thing)
    elif isinstance(thing, np.ndarray):
        held += list(thing) if thing.dtype == object else []
    elif isinstance(thing, weakref.ref):
        held.append(thing())
    elif isinstance(thing, collections.ChainMap):
        held += thing.maps
    elif isinstance(thing, contextvars.ContextVar):
        held.append(thing.get(None))
    elif isinstance(thing, functools.partial):
        held += thing.args
    return held + [getattr(thing, name) for name in NAMES if not isinstance(thing, type) and hasattr(thing, name)]


def shown(thing: Any, depth: int = 0) -> str:
    """A thing as text, with all that it holds."""
    if depth > DEEP + 3:
        return ".."
    if isinstance(thing, gradus.Tensor):
        return f"tensor{thing.data.tolist()}" if isinstance(thing.data, np.ndarray) else "a symbol"
    if isinstance(thing, np.ndarray) and thing.dtype != object:
        return f"array{thing.tolist()}"
    if isinstance(thing, set):
        return str(sorted(thing))
    if isinstance(thing, (float, int, str, type(None), np.generic)):
        return repr(thing)
    keys = list(thing) if isinstance(thing, dict) else [n for n in NAMES if hasattr(thing, n)]
    inner = ", ".join(shown(part, depth + 1) for part in parts(thing))
    return f"{type(thing).__name__}{keys}({inner})"


# -- changes -----------------------------------------------------------------------------------------------------------


def change(thing: Any, rng: random.Random, maker: Maker) -> None:
    """Change one thing."""
    name, value, way = rng.choice(NAMES), maker.thing(rng.randrange(DEEP)), rng.randrange(5)
    if isinstance(thing, np.ndarray):
        thing[rng.randrange(len(thing))] = value if thing.dtype == object else rng.choice((-7.0, 0.25, 9.0))
    elif isinstance(thing, gradus.Tensor):
        if way:
            thing.assign_(thing.detach() + 1)
        else:
            thing.data = np.array([rng.random(), 1.0], np.float32)
    elif isinstance(thing, set):
        (thing.add if way else thing.discard)(rng.randrange(20))
    elif isinstance(thing, contextvars.ContextVar):
        thing.set(value)
    elif isinstance(thing, (list, collections.deque)):
        _change_row(thing, way, value)
    elif isinstance(thing, (dict, collections.ChainMap)):
        _change_keys(thing, rng, name, value, way)
    else:
        _change_attributes(thing, rng, name, value, way)


def _change_row(thing: Any, way: int, value: Any) -> None:
    if way == 0:
        thing.append(value)
    elif way == 1:
        thing.pop()
    elif way == 2:
        thing.reverse()
    elif way == 3:
        thing[0] = value
    else:
        thing.insert(0, value)


def _change_keys(thing: Any, rng: random.Random, name: str, value: Any, way: int) -> None:
    if way < 2 and thing:
        del thing[rng.choice(list(thing))]
    if way:
        thing[name] = value


def _change_attributes(thing: Any, rng: random.Random, name: str, value: Any, way: int) -> None:
    held = [n for n in NAMES if n in getattr(thing, "__dict__", {})]
    if way < 2 and held:
        delattr(thing, rng.choice(held))
    if way == 2 and type(thing).__name__ in ("Plain", "Derived"):
        mro = type(thing).__mro__
        thing.__class__ = mro[1] if type(thing).__name__ == "Derived" else mro[0].__subclasses__()[0]
    elif way:
        setattr(thing, name, value)
