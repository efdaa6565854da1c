"""Writes the text of one LLVM function: instructions, loops, local variables."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

IMPURE = ("load", "phi")  # what may give another value each time
Ref = str  # a name like `%t7`, or a constant's text

THREAD = "ptr %sync, i64 %thread, i64 %threads"  # what every kernel is told: where to wait, who it is, of how many
WAIT = "call void @barrier(ptr %sync, i64 %threads)"


class Code:
    """A function in the making. Values are referred to by their text; every instruction gets a fresh name."""

    def __init__(self, name: str, arguments: str = "", result: str = "void", linkage: str = "internal ") -> None:
        self.name, self.arguments, self.result, self.linkage = name, arguments, result, linkage
        self.entry: list[str] = []
        self.lines: list[str] = []
        self.declared: dict[str, str] = {}
        self.block = "start"
        self._count = 0
        self.hidden: set[Ref] = set()  # masks of which LLVM knows nothing (`some_lanes.py`)
        self._known: dict[str, Ref] = {}  # the pure instructions of the block

    def fresh(self, stem: str = "t") -> str:
        self._count += 1
        return f"{stem}{self._count}"

    def op(self, text: str) -> Ref:
        """An instruction that gives a value; the same one again, in the same block, gives the value it gave."""
        if text.startswith(IMPURE):
            return self._new(text)
        if text not in self._known:
            self._known[text] = self._new(text)
        return self._known[text]

    def _new(self, text: str) -> Ref:
        name = f"%{self.fresh()}"
        self.lines.append(f"  {name} = {text}")
        return name

    def do(self, text: str) -> None:
        """An instruction that gives none."""
        self.lines.append(f"  {text}")

    def call(self, result: str, function: str, *arguments: str) -> Ref:
        """Call a function, declaring it; each argument is `type value`."""
        types = ", ".join(split_type(a)[0] for a in arguments)
        self.declared[function] = f"declare {result} @{function}({types})"
        text = f"call {result} @{function}({', '.join(arguments)})"
        if result == "void":
            self.do(text)
            return ""
        pure = function.startswith("llvm.") and not any(word in function for word in ("masked", "read"))
        return self.op(text) if pure else self._new(text)

    def variable(self, type_: str) -> Ref:
        """A local variable: memory in the frame, which LLVM turns into a register."""
        name = f"%{self.fresh('v')}"
        self.entry.append(f"  {name} = alloca {type_}, align 64")
        return name

    def unset(self, type_: str) -> Ref:
        """A mask with no lane set, of which LLVM cannot know that: it comes out of an empty piece of assembly."""
        name = f"%unset{type_[1 : type_.index(' ')]}"
        if not any(line.startswith(f"  {name} =") for line in self.entry):
            self.entry += [
                f'  {name}.word = call i64 asm "", "=r,0"(i64 0)',
                f"  {name}.bit = trunc i64 {name}.word to i1",
                f"  {name}.first = insertelement {type_} poison, i1 {name}.bit, i64 0",
                f"  {name} = shufflevector {type_} {name}.first, {type_} poison, "
                f"{type_.replace('i1', 'i32')} zeroinitializer",
            ]
        return name

    def label(self, name: str) -> None:
        self.lines.append(f"{name}:")
        self.block = name
        self._known.clear()

    def branch(self, condition: Ref, yes: str, no: str) -> None:
        self.do(f"br i1 {condition}, label %{yes}, label %{no}")

    @contextmanager
    def loop(self, start: Ref | int, stop: Ref | int, step: Ref | int = 1) -> Iterator[Ref]:
        """`for i in range(start, stop, step)`; what runs just once needs no loop."""
        known = all(str(n).isdecimal() for n in (start, stop, step))
        if known and int(start) < int(stop) <= int(start) + int(step):
            yield str(start)
            return
        head, body, last, done = (self.fresh(s) for s in ("head", "body", "last", "done"))
        before, i = self.block, f"%{self.fresh('i')}"
        self.do(f"br label %{head}")
        self.label(head)
        following = f"%{self.fresh('n')}"
        self.do(f"{i} = phi i64 [ {start}, %{before} ], [ {following}, %{last} ]")
        self.branch(self.op(f"icmp slt i64 {i}, {stop}"), body, done)
        self.label(body)
        yield i
        self.do(f"br label %{last}")
        self.label(last)
        self.do(f"{following} = add nsw i64 {i}, {step}")
        self.do(f"br label %{head}")
        self.label(done)

    @contextmanager
    def again(self) -> Iterator[Callable[[Ref], None]]:
        """`while True:`; what it gives is called with a condition on which to leave."""
        head, done = self.fresh("head"), self.fresh("done")
        self.do(f"br label %{head}")
        self.label(head)

        def leave(condition: Ref) -> None:
            following = self.fresh("go")
            self.branch(condition, done, following)
            self.label(following)

        yield leave
        self.do(f"br label %{head}")
        self.label(done)

    @contextmanager
    def when(self, condition: Ref) -> Iterator[None]:
        """`if condition:`."""
        yes, after = self.fresh("yes"), self.fresh("after")
        self.branch(condition, yes, after)
        self.label(yes)
        yield
        self.do(f"br label %{after}")
        self.label(after)

    def add(self, a: Ref | int, b: Ref | int) -> Ref:
        if str(b) == "0":
            return str(a)
        if str(a) == "0":
            return str(b)
        return self.op(f"add nsw i64 {a}, {b}")

    def mul(self, a: Ref, b: Ref | int) -> Ref:
        return a if str(b) == "1" else self.op(f"mul nsw i64 {a}, {b}")

    def least(self, a: Ref, b: Ref) -> Ref:
        """The smaller of two integers."""
        return self.op(f"select i1 {self.op(f'icmp slt i64 {a}, {b}')}, i64 {a}, i64 {b}")

    def most(self, a: Ref, b: Ref) -> Ref:
        """The larger of two integers."""
        return self.op(f"select i1 {self.op(f'icmp sgt i64 {a}, {b}')}, i64 {a}, i64 {b}")

    def element(self, type_: str, pointer: Ref, place: Ref | int) -> Ref:
        """The address of element number `place`."""
        return pointer if str(place) == "0" else self.op(f"getelementptr inbounds {type_}, ptr {pointer}, i64 {place}")

    @property
    def head(self) -> str:
        """What it gives, its name and its arguments."""
        return f"{self.result} @{self.name}({self.arguments})"

    def text(self) -> str:
        head = f"define {self.linkage}{self.head} #0 {{"
        end = [] if self.result != "void" else ["  ret void"]
        return "\n".join([head, "start:", *self.entry, *self.lines, *end, "}"])


def split_type(argument: str) -> tuple[str, str]:
    """`<16 x float> %x` into its type and its value."""
    if argument.startswith("<"):
        end = argument.index(">") + 1
        return argument[:end], argument[end + 1 :]
    type_, _, value = argument.partition(" ")
    return type_, value
