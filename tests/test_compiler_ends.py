"""Every pass ends on every graph: joined values that depend on each other, and rewrites that would make a cycle."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from limits import at_most

import gradus
from gradus import nn
from gradus.compiler.graph.graph import Graph, Node
from gradus.compiler.native.program import Program
from gradus.compiler.native.target import sse2
from gradus.compiler.plan.expressions import DEEPEST
from gradus.compiler.plan.schedule import FULL
from gradus.compiler.rewrite import joins
from gradus.compiler.rewrite.rewriting import call, redirected
from gradus.compiler.trace.trace import trace
from gradus.tensor import Tensor


def same(function: Callable[..., Any], *shapes: tuple[int, ...], seconds: int = 60) -> None:
    """Compiled, a function gives what it gives eagerly, and so do its gradients; all in so many seconds."""
    rng = np.random.default_rng(0)
    xs = [gradus.tensor(rng.normal(size=s), requires_grad=True) for s in shapes]

    def both(*xs: Tensor) -> list[Tensor]:
        leaves = [x.detach().requires_grad_() for x in xs]
        values = list(_tensors(function(*leaves)))
        loss = sum((v.tanh().sum() for v in values), gradus.tensor(0.0, "float64"))
        return [*(v.detach() for v in values), *gradus.grad(loss, leaves)]

    with at_most(seconds, "the compiled function"):
        found, wanted = gradus.compile(both)(*xs), both(*xs)
    for a, b in zip(found, wanted, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-4, atol=1e-5)


def _tensors(thing: Any) -> Any:
    if isinstance(thing, Tensor):
        yield thing
    else:
        for part in thing:
            yield from _tensors(part)


# -- joined values whose pieces depend on joined values ----------------------------------------------------------------

LAYERS = (nn.RNN, nn.LSTM, nn.GRU)
USES: dict[str, Callable[[Any], Any]] = {
    "state": lambda out: out[1],
    "output and state": lambda out: out,
    "last state": lambda out: (out[1][0] if isinstance(out[1], tuple) else out[1])[-1],
    "output beside itself": lambda out: gradus.concatenate([out[0], out[0] * 2]),
}


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("layers", [1, 2])
def test_states_of_recurrent_layers(layer: Any, layers: int, use: str) -> None:
    model = layer(3, 4, num_layers=layers)
    same(lambda x: USES[use](model(x)), (4, 2, 3))


def stacked(x: Tensor, y: Tensor) -> Tensor:
    c = gradus.concatenate([x, y])
    return gradus.stack([c, c * 2])


def interleaved(x: Tensor, y: Tensor) -> list[Tensor]:
    """Two long values, each of which would hold a piece that depends on the other."""
    z = x * 3
    p, q = gradus.concatenate([x, y]), gradus.concatenate([z, x])
    return [p, q, gradus.concatenate([y, q.tanh()]), gradus.concatenate([x, p * 2])]


def deeper_and_deeper(x: Tensor, y: Tensor) -> Tensor:
    for _ in range(6):
        x = gradus.concatenate([x, y * 2, gradus.concatenate([x, y])[:2].sin()])[1:6]
    return x


CYCLES: dict[str, Callable[[Tensor, Tensor], Any]] = {
    "stack of a join": stacked,
    "a join, then its piece": lambda x, y: gradus.concatenate([gradus.concatenate([x, y]) * 2, x]),
    "its piece, then a join": lambda x, y: gradus.concatenate([x, gradus.concatenate([x, y]) * 2]),
    "both, kept": lambda x, y: (gradus.concatenate([x, y]), gradus.concatenate([y, gradus.concatenate([x, y]) * 2])),
    "interleaved": interleaved,
    "deeper and deeper": deeper_and_deeper,
    "columns": lambda x, y: gradus.concatenate([gradus.concatenate([x, y], 1) * 2, x], 1).T @ y,
}


@pytest.mark.parametrize("name", CYCLES)
def test_pieces_that_depend_on_the_joined(name: str) -> None:
    same(CYCLES[name], (3, 3), (3, 3))


def test_joined_values_of_one_stage_still_share_their_pieces() -> None:
    x = Node(None, (), {}, (8, 2), np.dtype("float32"))
    h = [call("slice", [x], ranges=((2 * i, 2 * i + 2, 1), (0, 2, 1))) for i in range(4)]
    h = [call("sin", [piece]) for piece in h]
    first, second = (call("concatenate", some, axis=0) for some in (h[:3], h[1:]))
    becomes = joins.shared(Graph([x], [first, second]))
    (whole,) = {new.inputs[0] for new in becomes.values()}
    assert whole.inputs == tuple(h)
    assert [new.params["ranges"][0] for new in becomes.values()] == [(0, 6, 1), (2, 8, 1)]


# -- replacements that would make a cycle ------------------------------------------------------------------------------


def test_a_replacement_that_depends_on_what_it_replaces_is_not_made() -> None:
    x = Node(None, (), {}, (3,), np.dtype("float32"))
    a = call("sin", [x])
    b = call("cos", [a])
    c = call("exp", [b])
    with at_most(10, "redirecting"):
        assert redirected(Graph([x], [c]), {a: call("negative", [b])}).nodes() == [x, a, b, c]


def test_replacements_that_make_a_cycle_only_together_are_not_made_and_others_are() -> None:
    x = Node(None, (), {}, (3,), np.dtype("float32"))
    a, b = call("sin", [x]), call("cos", [x])
    over_a, over_b, apart = call("exp", [a]), call("exp", [b]), call("tanh", [x])
    graph = Graph([x], [over_a, over_b, apart])
    with at_most(10, "redirecting"):
        becomes = {old: call("negative", [new]) for old, new in ((a, over_b), (b, over_a), (apart, x))}
        after = redirected(graph, becomes)
    assert after.results[2].kind == "negative"
    assert after.nodes()[0] is x


# -- long and deep programs --------------------------------------------------------------------------------------------


def chain(n: int) -> Callable[[Tensor], Any]:
    def function(x: Tensor) -> Tensor:
        for _ in range(n):
            x = x * 1.001 + 0.1
        return x

    return function


def losses(n: int) -> Callable[[Tensor], Any]:
    return lambda x: sum(((x - float(i)) ** 2).mean() * 1e-3 for i in range(n))


def columns(n: int) -> Callable[[Tensor], Any]:
    return lambda x: gradus.concatenate([x.reshape(2, 4) * (i * 1e-3) for i in range(n)], 1)


def rows(n: int) -> Callable[[Tensor], Any]:
    return lambda x: gradus.concatenate([x * (i * 1e-3) for i in range(n)])


def turned_round(n: int) -> Callable[[Tensor], Any]:
    """What a view shows doubles with each that joins two parts of it."""

    def function(x: Tensor) -> Tensor:
        x = x.reshape(2, 4)
        for _ in range(n):
            x = gradus.concatenate([x[:, 1:], x[:, :1]], 1)
        return x

    return function


def torn(n: int) -> Callable[[Tensor], Any]:
    """Formulas of indices double with each reshape that cuts across axes."""

    def function(x: Tensor) -> Tensor:
        for _ in range(n):
            x = x.reshape(2, 4).flip(1).reshape(4, 2).flip(0).reshape(8)
        return x

    return function


def shifted(n: int) -> Callable[[Tensor], Any]:
    def function(x: Tensor) -> Tensor:
        x = x.reshape(2, 4)
        for _ in range(n):
            x = (gradus.pad(x, [(0, 0), (1, 0)]) + gradus.pad(x, [(0, 0), (0, 1)]))[:, 1:] * 0.5
        return x

    return function


def squared(n: int) -> Callable[[Tensor], Any]:
    def function(x: Tensor) -> Tensor:
        for _ in range(n):
            x = x * x * 0.5 + x[::-1] * 0.5
        return x

    return function


LONG: dict[Callable[[int], Callable[[Tensor], Any]], tuple[int, int]] = {  # in the default run, and in the long one
    chain: (500, 10_000),
    losses: (300, 5000),
    columns: (100, 2000),
    rows: (100, 2000),
    turned_round: (25, 1000),
    torn: (25, 1000),
    shifted: (25, 1000),
    squared: (25, 1000),
}


@pytest.mark.parametrize("make", LONG, ids=lambda make: make.__name__)
def test_long_and_deep_programs(make: Any) -> None:
    same(make(LONG[make][0]), (8,), seconds=120)


@pytest.mark.long
@pytest.mark.parametrize("make", LONG, ids=lambda make: make.__name__)
def test_very_long_and_deep_programs(make: Any) -> None:
    same(make(LONG[make][1]), (8,), seconds=1800)


def program(function: Callable[[Tensor], Any]) -> Program:
    x = gradus.ones(8)
    tracer, result = trace(lambda: function(x))
    return Program(tracer.finish([result]), sse2())


@pytest.mark.parametrize("make", LONG, ids=lambda make: make.__name__)
def test_code_grows_with_the_program_and_functions_do_not(make: Any) -> None:
    n = max(LONG[make][0] // 2, 40)
    with at_most(120, make.__name__):
        once, twice = program(make(n)), program(make(2 * n))
    for count in (lambda p: len(p.stages), lambda p: len(p.text()), lambda p: len(p.schedule.order)):
        assert count(twice) <= 2.2 * count(once) + 5
    assert max(k.work for k in twice.schedule.order) <= 2 * FULL
    assert max(size.depth for size in twice.schedule.expressions.size.values()) <= DEEPEST + 1
