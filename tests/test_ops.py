"""Every function of arrays, from one table: what `ops` registers, and the few that take lists or make tensors."""

from __future__ import annotations

import inspect
import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import gradus
from gradus import dtypes
from gradus.errors import DtypeError
from gradus.ops.core.lowering import Uncompiled
from gradus.ops.core.primitive import FUNCTIONS, PRIMITIVES, Case, Function, case
from gradus.ops.shapes.slicing import dilate

pytestmark = pytest.mark.usefixtures("checked")


def _entry(function: Any, reference: Any, *cases: Case) -> Function:
    return Function(function, reference, cases, (), False)


def _assigned(x: Any, key: Any, v: Any) -> Any:
    x[key] = v
    return x


MORE = {  # functions that take a list of arrays, or a key
    "getitem": _entry(
        lambda x, key: x[key],
        lambda x, key: x[key],
        case((4, 5), args=((slice(None, None, -2), None, [0, -1]),)),
        case((4, 5), args=((..., 2),)),
    ),
    "setitem": _entry(
        lambda x, v, key: _assigned(x.copy(), key, v),
        lambda x, v, key: _assigned(x.copy(), key, v),
        case((4, 5), (2, 5), args=((slice(None, None, -2),),)),
        case((4, 5), (), args=((..., 2),)),
        case((4, 5), (2, 3), args=((slice(1, 3), [0, 4, 0]),)),
    ),
    "dilate": _entry(
        lambda x: dilate(x, (1, 2)),
        lambda x: np.kron(x, np.pad([[1.0]], ((0, 1), (0, 2))))[:-1, :-2],
        case((2, 3)),
    ),
    "full_like": _entry(lambda x: gradus.full_like(x, 3), lambda x: np.full_like(x, 3), case((2, 3))),
}
TABLE = FUNCTIONS | MORE
CASES = [pytest.param(f, c, id=f"{name}-{i}") for name, f in TABLE.items() for i, c in enumerate(f.cases)]
ELEMENTWISE = [pytest.param(f, id=name) for name, f in FUNCTIONS.items() if f.elementwise]


def arrays(c: Case, seed: int = 0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    if c.dtype.startswith("int"):
        return [rng.integers(int(c.domain[0]), int(c.domain[1]), shape).astype(c.dtype) for shape in c.shapes]
    return [np.asarray(rng.uniform(*c.domain, shape), c.dtype) for shape in c.shapes]


def call(f: Function, c: Case, xs: list[Any]) -> Any:
    """What a function gives; of several tensors all those of the first one's dtype, as one."""
    return joined(y := c.call(f.function, xs), y, gradus.concatenate)


def joined(y: Any, found: Any, concatenate: Any = np.concatenate) -> Any:
    """Of several arrays all those that the function gives in the first one's dtype, as one."""
    if not isinstance(found, (tuple, list)):
        return y
    return concatenate([p.reshape(-1) for p, own in zip(y, found, strict=True) if own.dtype == found[0].dtype])


def tensors(xs: list[np.ndarray]) -> list[gradus.Tensor]:
    return [gradus.tensor(x, requires_grad=dtypes.is_float(x.dtype)) for x in xs]


@pytest.mark.parametrize(("f", "c"), CASES)
def test_values_are_those_of_the_reference(f: Function, c: Case) -> None:
    xs = arrays(c)
    expected, found = c.call(f.reference, xs), c.call(f.function, tensors(xs))
    several = isinstance(found, (tuple, list))
    for a, b in zip(found if several else [found], expected if several else [expected], strict=True):
        assert a.shape == np.shape(b)
        np.testing.assert_allclose(a.numpy(), b, rtol=1e-13, atol=1e-13)


# -- gradients ---------------------------------------------------------------------------------------------------------


def _slope(f: Function, c: Case, xs: list[np.ndarray], vs: list[np.ndarray], w: np.ndarray) -> np.ndarray:
    """The first and the second derivative of sum(w f(x)) along the direction v, the second by differentiating twice."""
    leaves = tensors(xs)
    gs = gradus.grad((call(f, c, leaves) * gradus.tensor(w)).sum(), leaves, create_graph=True)
    slope = sum((g * gradus.tensor(v)).sum() for g, v in zip(gs, vs, strict=True))
    if not slope.requires_grad:
        return np.array([slope.item(), 0.0])
    again = gradus.grad(slope, leaves)
    return np.array([slope.item(), sum((g.numpy() * v).sum() for g, v in zip(again, vs, strict=True))])


@pytest.mark.parametrize(("f", "c"), [p for p in CASES if p.values[1].dtype == "float64"])
def test_gradients_along_a_random_direction_to_second_order(f: Function, c: Case) -> None:
    xs, vs = arrays(c), [2 * x - sum(c.domain) for x in arrays(c, seed=1)]
    y = call(f, c, tensors(xs))
    w = np.random.default_rng(2).normal(size=y.shape)
    if not y.requires_grad:
        return
    h = 1e-5
    first, second = _slope(f, c, xs, vs, w)
    ahead = [x + h * v for x, v in zip(xs, vs, strict=True)]
    behind = [x - h * v for x, v in zip(xs, vs, strict=True)]
    rise = ((call(f, c, tensors(ahead)) - call(f, c, tensors(behind))).numpy() * w).sum() / (2 * h)
    bend = (_slope(f, c, ahead, vs, w) - _slope(f, c, behind, vs, w))[0] / (2 * h)
    np.testing.assert_allclose([first, second], [rise, bend], rtol=1e-6, atol=1e-6)


def _layouts(x: np.ndarray) -> dict[str, np.ndarray]:
    """The same numbers in other arrangements of memory."""
    wide = np.zeros((*x.shape[:-1], 2 * x.shape[-1]) if x.ndim else (), x.dtype)
    wide[..., ::2] = x
    return {"transposed": x.T.copy().T, "strided": wide[..., ::2], "backwards": x[..., ::-1].copy()[..., ::-1]}


@pytest.mark.parametrize(("f", "c"), [p for p in CASES if all(p.values[1].shapes)])
def test_arrangements_of_memory_do_not_matter(f: Function, c: Case) -> None:
    xs = arrays(c)
    expected = call(f, c, tensors(xs))
    for layout in ("transposed", "strided", "backwards"):
        leaves = [gradus.as_tensor(_layouts(x)[layout]) for x in xs]
        assert all(np.array_equal(t.numpy(), x) for t, x in zip(leaves, xs, strict=True))
        found = call(f, c, [t.requires_grad_(dtypes.is_float(t.dtype)) for t in leaves])
        np.testing.assert_allclose(found.numpy(), expected.numpy(), rtol=1e-14)
        if found.requires_grad:
            plain = tensors(xs)
            gs = gradus.grad(found.sum(), leaves), gradus.grad(call(f, c, plain).sum(), plain)
            for a, b in zip(*gs, strict=True):
                np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-13)


# -- elementwise functions: shapes drawn at random, and special values -------------------------------------------------


@pytest.mark.parametrize("f", ELEMENTWISE)
@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_elementwise_functions_broadcast(f: Function, data: st.DataObject) -> None:
    c = f.cases[0]
    drawn = data.draw(hnp.mutually_broadcastable_shapes(num_shapes=len(c.shapes), min_side=0, max_side=3, max_dims=3))
    xs = arrays(Case(drawn.input_shapes, domain=c.domain, dtype=c.dtype))
    leaves = tensors(xs)
    found = f.function(*leaves)
    expected = np.asarray(f.reference(*xs))
    assert found.shape == drawn.result_shape
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-13, atol=1e-13)
    if found.requires_grad:
        stretched = tensors([np.array(np.broadcast_to(x, found.shape)) for x in xs])
        whole = gradus.grad(f.function(*stretched).sum(), stretched)
        for x, g, full in zip(leaves, gradus.grad(found.sum(), leaves), whole, strict=True):
            assert g.shape == x.shape
            np.testing.assert_allclose(g.numpy(), _summed_to(full.numpy(), x.shape), rtol=1e-12, atol=1e-12)


def _summed_to(g: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    g = g.sum(axis=tuple(range(g.ndim - len(shape))))
    return g.sum(axis=tuple(i for i, n in enumerate(shape) if n == 1), keepdims=True)


SPECIAL = np.array([np.inf, -np.inf, np.nan, 0.0, -0.0, 1.0, -1.0, 1e300, -1e300, 1e-300, 2.5, -2.5, 0.5, 800.0])


@pytest.mark.parametrize("f", [p for p in ELEMENTWISE if p.values[0].cases[0].dtype == "float64"])
def test_special_values_are_numpys(f: Function) -> None:
    pairs = itertools.product(SPECIAL, repeat=len(f.cases[0].shapes))
    operands = [np.array(column) for column in zip(*pairs, strict=True)]
    with np.errstate(all="ignore"):
        expected = np.asarray(f.reference(*operands))
    found = f.function(*map(gradus.tensor, operands)).numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-13, atol=0)
    if f.reference not in (FUNCTIONS["erf"].reference, FUNCTIONS["erfc"].reference, FUNCTIONS["sigmoid"].reference):
        zero = expected == 0
        np.testing.assert_array_equal(np.signbit(found[zero]), np.signbit(expected[zero]))


@pytest.mark.parametrize("name", ["max", "min", "sum", "mean", "var", "cumsum", "argmax", "argmin"])
def test_reductions_of_special_values_are_numpys(name: str) -> None:
    for row in ([1.0, np.nan, 3.0], [np.inf, -np.inf, 1.0], [-np.inf, 2.0, 3.0], [np.inf, 5.0, 1.0]):
        with np.errstate(all="ignore"):
            expected = getattr(np, name)(np.array(row), axis=0)
        np.testing.assert_array_equal(getattr(gradus, name)(gradus.tensor(row, "float64"), 0).numpy(), expected)


# -- dtypes ------------------------------------------------------------------------------------------------------------

FLOATS = ("float64", "float32", "float16", "bfloat16")
DTYPES = (*FLOATS, "int64", "int32", "uint8", "bool")
WHERE_INTEGERS = {"float": "float32", "sum": "int64"}  # what they become


def documented_dtype(f: Function, dtype: str) -> str | None:
    """The dtype of a function's result, or None where it refuses."""
    if ("bool", "integer", "float")[dtypes.kind(dtypes.as_dtype(dtype))] in f.refuses:
        return None
    if f.gives in ("same", *WHERE_INTEGERS):
        return dtype if dtype in FLOATS else WHERE_INTEGERS.get(f.gives, dtype)
    return f.gives


def _of_dtype(c: Case, dtype: str) -> list[np.ndarray]:
    if dtype in FLOATS:
        return [x.astype(dtypes.as_dtype(dtype)) for x in arrays(c)]
    low, high = max(0, int(np.ceil(c.domain[0]))), min(4, int(np.floor(c.domain[1])))
    if dtype == "bool":
        low, high = min(low, 1), min(high, 1)
    rng = np.random.default_rng(0)
    return [rng.integers(low, max(low, high) + 1, s).astype(dtype) for s in c.shapes]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", TABLE)
def test_dtypes_are_as_documented(name: str, dtype: str) -> None:
    f = TABLE[name]
    wanted = documented_dtype(f, dtype)
    for c in f.cases:
        xs = _of_dtype(c, dtype)
        if wanted is None:
            with pytest.raises(DtypeError, match=r"needs .*, got"):
                call(f, c, list(map(gradus.tensor, xs)))
            continue
        parts = c.call(f.function, list(map(gradus.tensor, xs)))
        found = joined(parts, parts, gradus.concatenate)
        assert found.dtype == dtypes.as_dtype(wanted)
        exact_dtype = dtype if wanted == dtype == "bool" else "float64" if {wanted, dtype} & {*FLOATS} else "int64"
        exact = [x.astype(exact_dtype) for x in xs]
        expected = np.asarray(joined(c.call(f.reference, exact), parts))
        if wanted in FLOATS:
            eps = float(np.finfo(wanted).eps) if wanted in ("float16", "float32", "float64") else 2.0**-7
            np.testing.assert_allclose(found.numpy().astype("float64"), expected, rtol=4 * eps, atol=8 * eps)
        else:
            np.testing.assert_array_equal(found.numpy(), expected.astype(wanted))


# -- tensors made from nothing -----------------------------------------------------------------------------------------

MADE = {
    "zeros": (gradus.zeros((2, 0)), np.zeros((2, 0), "f4")),
    "ones": (gradus.ones(3, dtype=bool), np.ones(3, bool)),
    "full int": (gradus.full((2, 2), 7), np.full((2, 2), 7)),
    "full NumPy int": (gradus.full(2, np.int64(7)), np.full(2, 7)),
    "full float": (gradus.full((), 0.5, dtype="float16"), np.full((), 0.5, "f2")),
    "zeros_like": (gradus.zeros_like(np.ones(3, "f8")), np.zeros(3)),
    "ones_like": (gradus.ones_like([1, 2]), np.ones(2, "i8")),
    "arange": (gradus.arange(5), np.arange(5)),
    "arange back": (gradus.arange(5, 0, -2), np.arange(5, 0, -2)),
    "arange floats": (gradus.arange(0, 1, 0.1, dtype="float64"), np.arange(0, 1, 0.1)),
    "arange NumPy floats": (gradus.arange(np.float32(0), np.float32(1), np.float32(0.25)), np.arange(0, 1, 0.25, "f4")),
    "arange of nothing": (gradus.arange(3, 1), np.arange(3, 1)),
    "linspace": (gradus.linspace(-1, 2, 7, dtype="float64"), np.linspace(-1, 2, 7)),
    "linspace of one": (gradus.linspace(3, 9, 1), np.linspace(3, 9, 1, dtype="f4")),
    "eye": (gradus.eye(2, 3), np.eye(2, 3, dtype="f4")),
}


@pytest.mark.parametrize("name", MADE)
def test_tensors_made_from_nothing(name: str) -> None:
    found, expected = MADE[name]
    assert found.dtype == expected.dtype
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-12)


# -- the table is whole ------------------------------------------------------------------------------------------------


def test_every_primitive_is_reached_by_the_table(checked: Any) -> None:
    for f in TABLE.values():
        for c in f.cases:
            leaves = tensors(arrays(c))
            y = call(f, c, leaves)
            if y.requires_grad:
                gradus.grad(y.sum(), [x for x in leaves if x.requires_grad])
    gradus.arange(3)
    gradus.rand(3)
    of_linalg = {name for name, p in PRIMITIVES.items() if isinstance(p.lower, Uncompiled)}  # in tests/test_linalg.py
    assert checked.reached & set(PRIMITIVES) == set(PRIMITIVES) - of_linalg  # what is done by hand is reached, too


def test_every_registered_function_is_a_method_and_has_a_case() -> None:
    for name, f in FUNCTIONS.items():
        assert f.cases, name
        assert all(hasattr(gradus.Tensor, m) for m in f.methods), name
        assert inspect.unwrap(getattr(gradus, name, f.function)) is inspect.unwrap(f.function), name
