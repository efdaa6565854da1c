"""Containers and tensors of a user's classes, given to compiled functions and returned: what they are besides."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradus


class Output(collections.OrderedDict[str, Any]):
    """As models of some libraries return: entries that are attributes, too."""

    loss: Any = None

    def __setitem__(self, key: str, value: Any) -> None:
        super().__setitem__(key, value)
        setattr(self, key, value)


@dataclasses.dataclass
class Fields(collections.OrderedDict[str, Any]):
    loss: Any = None

    def __post_init__(self) -> None:
        self["loss"] = self.loss


class Batch(dict[str, Any]):
    scale = 1.0

    def __setitem__(self, key: str, value: Any) -> None:
        raise RuntimeError("a batch stays as it is")


class Row(list[Any]):
    scale = 1.0

    def __init__(self, length: int) -> None:
        super().__init__([0] * length)


class Pair(tuple[Any, Any]):
    __slots__ = ()

    def __new__(cls, a: Any, b: Any) -> Pair:
        return super().__new__(cls, (a, b))


class Scaled(gradus.Tensor):
    scale = 1.0


def with_attribute(thing: Any, value: Any) -> Any:
    thing.scale = value
    return thing


def x() -> gradus.Tensor:
    return gradus.tensor([1.0, 2.0, 3.0])


def seen(result: Any) -> Any:
    """A result, as far as it may differ."""
    if isinstance(result, gradus.Tensor):
        return result.tolist()
    if isinstance(result, (list, tuple)):
        return type(result), [seen(part) for part in result], seen(getattr(result, "__dict__", None))
    if isinstance(result, dict):
        own = seen(vars(result)) if hasattr(result, "__dict__") else None
        return type(result), [(k, seen(v)) for k, v in result.items()], own
    return result


def filled(row: Row, *values: Any) -> Row:
    row[:] = values
    return row


def defaulting(value: Any) -> Any:
    found: Any = collections.defaultdict(list)
    found["a"].append(value)
    return found


RETURNED: list[Callable[[Any], Any]] = [
    lambda t: Output(loss=t * 2),
    lambda t: Fields(loss=t * 2),
    lambda t: with_attribute(Batch(a=t * 2), t * 3),
    lambda t: with_attribute(Row(2), [t, 5]),
    lambda t: filled(Row(2), t, t * 2),
    lambda t: Pair(t * 2, 1),
    lambda t: defaulting(t * 2),
    lambda t: (type(t), gradus.Tensor, t * 2),
    lambda t: [type(t)],
]


@pytest.mark.parametrize("f", RETURNED)
def test_what_is_returned_is_what_it_was(f: Callable[[Any], Any]) -> None:
    compiled = gradus.compile(f)
    for t in (x(), x() + 1):
        assert seen(compiled(t)) == seen(f(t))


def test_returned_containers_work_as_theirs_do() -> None:
    result = gradus.compile(lambda t: Output(loss=t * 2, more=t))(x())
    result.move_to_end("loss")
    result["last"] = 1
    assert list(result) == ["more", "loss", "last"] and result.last == 1
    assert gradus.compile(lambda t: defaulting(t))(x())["b"] == []


GIVEN: list[tuple[Callable[..., Any], list[Any]]] = [
    (lambda b: b["a"] * b.scale, [Batch(a=x()), with_attribute(Batch(a=x()), 5.0), with_attribute(Batch(a=x()), x())]),
    (lambda r: r[0] * r.scale, [filled(Row(1), x()), with_attribute(filled(Row(1), x()), 5.0)]),
    (lambda p: p[0] * p[1], [Pair(x(), 2.0), Pair(x(), x())]),
    (lambda kind: x() if kind is gradus.Tensor else -x(), [gradus.Tensor, int, gradus.Tensor]),
    (lambda kinds: x() * len(kinds), [[gradus.Tensor], [gradus.Tensor, int]]),
    (lambda t: t * t.scale, [Scaled(np.ones(3)), with_attribute(Scaled(np.ones(3)), 2.0), Scaled(np.ones(3))]),
]


@pytest.mark.parametrize(("f", "given"), GIVEN)
def test_what_is_given_is_what_it_is(f: Callable[..., Any], given: list[Any]) -> None:
    compiled = gradus.compile(f)
    for argument in (*given, *given):
        assert compiled(argument).tolist() == f(argument).tolist()


def test_an_attribute_of_what_is_given_may_change() -> None:
    batch, t = Batch(a=x()), Scaled(np.ones(3))
    compiled = gradus.compile(lambda b, t: b["a"] * b.scale * t.scale)
    for scale in (1.0, 2.0, 3.0):
        batch.scale, t.scale = scale, scale
        assert compiled(batch, t).tolist() == [scale**2, 2 * scale**2, 3 * scale**2]
