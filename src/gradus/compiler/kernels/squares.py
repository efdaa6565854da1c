"""Copying numbers in squares of `lanes` by `lanes`: whole vectors, turned in registers where their order changes."""

from __future__ import annotations

from typing import NamedTuple

from ...aligned import LINE
from ...dtypes import Dtype
from ..emit.code import Code, Ref
from ..emit.kit import Kit

LARGE = 1 << 24  # bytes that are rather not put into the caches


def goes_past(dtype: Dtype, size: int, lanes: int, *steps: int) -> bool:
    """Whether so many numbers of the arena are better written past the caches, which would fetch each line first.

    A vector must then be a whole line: `steps` are those between vectors.
    """
    whole = lanes * dtype.itemsize == LINE and not any(step % lanes for step in steps)
    return whole and size * dtype.itemsize >= LARGE


class Square(NamedTuple):
    """A square to be copied: from where, to where, and how many k and lanes of it there are (more counts as all)."""

    source: Ref
    target: Ref
    left_k: Ref
    left_lanes: Ref


class Squares:
    """Copies squares.

    Args:
        code, dtype, lanes: where the instructions go, and what the numbers are.
        source: the steps in the source, from k to k, and from lane to lane.
        step: in the target, from k to k.
        filled: whether vectors that are not whole are filled up with zeros.
        past: whether whole vectors are written past the caches (see `goes_past`).
    """

    def __init__(
        self,
        code: Code,
        dtype: Dtype,
        lanes: int,
        source: tuple[int, int],
        step: int | Ref,
        filled: bool = True,
        past: bool = False,
    ) -> None:
        self.code, self.dtype, self.lanes = code, dtype, lanes
        self.scalar, self.vector = (Kit(code, n).type(dtype) for n in (0, lanes))
        self.step_k, self.step_lane = source
        self.step, self.filled, self.past = step, filled, past
        self.in_pieces = 1 in source

    def copy(self, square: Square) -> None:
        """One square: in vectors where it is whole and lies in pieces, else number by number."""
        code, lanes = self.code, self.lanes
        whole = "false"
        if self.in_pieces:
            tests = [code.op(f"icmp sge i64 {left}, {lanes}") for left in (square.left_k, square.left_lanes)]
            whole = code.op(f"and i1 {tests[0]}, {tests[1]}")
            with code.when(whole):
                self._in_vectors(square)
        with code.when(code.op(f"xor i1 {whole}, true")):
            self._number_by_number(square)

    def _in_vectors(self, square: Square) -> None:
        code = self.code
        between = self.step_k if self.step_lane == 1 else self.step_lane
        rows = [self._load(code.element(self.scalar, square.source, i * between)) for i in range(self.lanes)]
        if self.step_lane != 1:
            self._transpose(rows)
        for i, row in enumerate(rows):
            self._store(row, code.element(self.scalar, square.target, self._rows_on(i)), self.past)

    def _rows_on(self, i: int) -> int | Ref:
        """So many steps in the target."""
        return i * self.step if isinstance(self.step, int) else self.code.mul(self.step, i)

    def turn(self, source: Ref, target: Ref, loaded: int, kept: int) -> None:
        """A square whose lanes do not lie in one piece: so many vectors of it are there, so many k wanted."""
        rows = [self._load(self.code.element(self.scalar, source, i * self.step_lane)) for i in range(loaded)]
        rows += ["zeroinitializer"] * (self.lanes - loaded)
        self._transpose(rows)
        for i, row in enumerate(rows[:kept]):
            self._store(row, self.code.element(self.scalar, target, i * self.step))

    def _number_by_number(self, square: Square) -> None:
        code, lanes = self.code, str(self.lanes)
        with code.loop(0, code.least(square.left_k, lanes)) as k:
            row = code.element(self.scalar, square.target, code.mul(k, self.step))
            if self.filled:
                self._store("zeroinitializer", row)
            with code.loop(0, code.least(square.left_lanes, lanes)) as j:
                place = code.add(code.mul(k, self.step_k), code.mul(j, self.step_lane))
                value = self._number(code.element(self.scalar, square.source, place))
                code.do(f"store {self.scalar} {value}, ptr {code.element(self.scalar, row, j)}")

    def _load(self, address: Ref) -> Ref:
        return self.code.op(f"load {self.vector}, ptr {address}, align {self.dtype.itemsize}")

    def _number(self, address: Ref) -> Ref:
        return self.code.op(f"load {self.scalar}, ptr {address}")

    def _store(self, value: Ref, address: Ref, past: bool = False) -> None:
        how = f"align {LINE}, !nontemporal !0" if past else f"align {self.dtype.itemsize}"
        self.code.do(f"store {self.vector} {value}, ptr {address}, {how}")

    def _transpose(self, rows: list[Ref]) -> None:
        """log2(lanes) rounds; round d exchanges, between vectors d apart, the parts that stand d apart."""
        lanes = self.lanes
        d = 1
        while d < lanes:
            low = [j if not j & d else lanes + j - d for j in range(lanes)]
            high = [j + d if not j & d else lanes + j for j in range(lanes)]
            for i in range(lanes):
                if not i & d:
                    rows[i], rows[i + d] = (self._shuffle(rows[i], rows[i + d], order) for order in (low, high))
            d *= 2

    def _shuffle(self, a: Ref, b: Ref, order: list[int]) -> Ref:
        places = ", ".join(f"i32 {i}" for i in order)
        return self.code.op(f"shufflevector {self.vector} {a}, {self.vector} {b}, <{self.lanes} x i32> <{places}>")
