"""Every function of the op table, compiled, gives what it gives eagerly: values, gradients, dtypes, special numbers."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import gradus
from gradus import dtypes
from gradus.errors import GradusError, TraceError
from gradus.ops.core.primitive import FUNCTIONS, Case, Function
from gradus.tensor import Tensor

UNSHAPED = {"argwhere", "nonzero", "unique", "unique_consecutive"}  # their shapes depend on numbers
CASES = [
    pytest.param(f, c, id=f"{name}-{i}")
    for name, f in FUNCTIONS.items()
    for i, c in enumerate(f.cases)
    if name not in UNSHAPED and not (name == "bincount" and "length" not in c.params)
]
ELEMENTWISE = [pytest.param(name, id=name) for name, f in FUNCTIONS.items() if f.elementwise]
ROUNDING = {"float64": 1e-13, "float32": 3e-6, "float16": 2e-3, "bfloat16": 1.6e-2}
SIZES = (0, 1, 7, 8, 15, 16, 17, 31, 33, 100)


def arrays(c: Case, dtype: str, seed: int = 0) -> list[Tensor]:
    rng = np.random.default_rng(seed)
    integers = not dtypes.is_float(dtypes.as_dtype(dtype))
    low, high = c.domain
    if integers:
        low, high = max(0, int(np.ceil(low))), max(int(high), 2)
        low, high = (min(low, 1), 2) if dtype == "bool" else (low, max(high, low + 1))
        return [gradus.tensor(rng.integers(low, high, s).astype(dtype)) for s in c.shapes]
    return [gradus.tensor(rng.uniform(low, high, s), dtype) for s in c.shapes]


def same(found: Any, expected: Any, tolerance: float | None = None) -> None:
    """Alike in shape, dtype and numbers: integers exactly, floats but for rounding."""
    assert (found.shape, found.dtype) == (expected.shape, expected.dtype)
    a, b = found.numpy(), expected.numpy()
    if not dtypes.is_float(found.dtype):
        np.testing.assert_array_equal(a, b, err_msg=found.dtype.name)
        return
    rtol = ROUNDING[found.dtype.name] if tolerance is None else tolerance
    np.testing.assert_allclose(a.astype("float64"), b.astype("float64"), rtol=rtol, atol=rtol, err_msg=found.dtype.name)


def check(function: Any, xs: list[Tensor], **options: Any) -> None:
    same(gradus.compile(function, **options)(*xs), function(*xs))


def together(function: Any, given: list[list[Tensor]]) -> list[Any]:
    """What a function gives of each list of arguments, in one program: a small one takes its time for being made."""
    return list(gradus.compile(lambda *lists: [function(*xs) for xs in lists])(*given))


def one(y: Any) -> Tensor:
    """Several tensors as one: those of the first one's dtype."""
    return y if isinstance(y, Tensor) else gradus.concatenate([p.reshape(-1) for p in y if p.dtype == y[0].dtype])


def check_together(function: Any, given: list[list[Tensor]]) -> None:
    for found, xs in zip(together(function, given), given, strict=True):
        same(found, function(*xs))


@pytest.mark.parametrize(("f", "c"), [p for p in CASES if p.values[1].dtype == "float64"])
def test_gradients(f: Function, c: Case) -> None:
    def gradients(*xs: Tensor) -> Any:
        leaves = [x.detach().requires_grad_() for x in xs]
        y = one(c.call(f.function, leaves))
        if not y.requires_grad:
            return (y,)
        return gradus.grad((y * y).sum(), leaves)

    given = {"float64": arrays(c, "float64"), "float32": arrays(c, "float32")}
    for dtype, of_one in zip(given, together(gradients, list(given.values())), strict=True):
        for found, expected in zip(of_one, gradients(*given[dtype]), strict=True):
            same(found, expected, 1e-11 if dtype == "float64" else 1e-4)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_sizes_around_the_vectors_width(name: str) -> None:
    f = FUNCTIONS[name]
    c = f.cases[0]
    dtype = "float32" if c.dtype == "float64" else c.dtype
    sized = (Case(((size,),) * len(c.shapes), domain=c.domain) for size in SIZES)
    check_together(f.function, [arrays(case, dtype) for case in sized])


@pytest.mark.parametrize("n", SIZES)
def test_reductions_of_all_sizes(n: int) -> None:
    rng = np.random.default_rng(n)
    x = gradus.tensor(rng.normal(size=(3, n, 5)), "float32")
    check(lambda x: x.sum(1), [x])
    check(lambda x: x.sum((0, 2)), [x])
    check(lambda x: x.swapaxes(1, 2).sum(-1) + x.sum(1), [x])
    check(lambda x: x.cumsum(1), [x])
    if n:
        check(lambda x: x.max(1), [x])
        check(lambda x: x.argmax(1), [x])
        check(lambda x: x.reshape(-1).max(), [x])


@pytest.mark.parametrize("columns", [100, 128, 512])
def test_long_sums(columns: int) -> None:
    rng = np.random.default_rng(columns)
    x = gradus.tensor(rng.normal(size=(2, 70, columns)), "float32")
    for f in (lambda x: x.sum((0, 1)), lambda x: x.sum(1) * 2 + x.max(1)):  # how they are cut depends on the vectors
        same(gradus.compile(f)(x), f(x.astype("float64")).astype("float32"), 1e-5)


@pytest.mark.parametrize("n", (0, 1, 7, 16, 17, 33))
@pytest.mark.parametrize("m", (0, 1, 15, 31))
def test_products_of_all_sizes(m: int, n: int) -> None:
    rng = np.random.default_rng(m + n)
    pairs = [
        [gradus.tensor(rng.normal(size=(m, k)), "float32"), gradus.tensor(rng.normal(size=(k, n)), "float32")]
        for k in (0, 1, 9, 20)
    ]
    check_together(lambda a, b: a @ b, pairs)
    check_together(lambda a, b: a @ b.T, [[a, gradus.tensor(b.numpy().T.copy())] for a, b in pairs])
    check_together(lambda a, b: (a.T @ b + 1).tanh(), [[gradus.tensor(a.numpy().T.copy()), b] for a, b in pairs])


def test_arrangements_of_memory_do_not_matter() -> None:
    x = np.random.default_rng(0).normal(size=(6, 10)).astype("float32")
    layouts = [x.T, x[:, ::2], x[::-1], np.broadcast_to(x[:1], (4, 10)), x[1:5, 3:7], np.asfortranarray(x)]
    for a in layouts:
        check(lambda x: x.exp() + x.sum(0), [gradus.as_tensor(a)])
        check(lambda x: (x + x[0]).sum(1), [gradus.as_tensor(a)])


DTYPES = ("float64", "float32", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "uint32", "bool")
EXACT_IN_HALF = {"add", "subtract", "multiply", "divide", "sqrt", "floor", "round", "negative", "absolute", "maximum"}


@pytest.mark.parametrize(("f", "c"), CASES)
def test_values_of_all_dtypes(f: Function, c: Case) -> None:
    def function(*xs: Tensor) -> Any:
        return one(c.call(f.function, xs))

    given, expected = [], []
    assert c.dtype in DTYPES
    for xs in (arrays(c, dtype) for dtype in DTYPES):
        try:
            expected.append(function(*xs))
            given.append(xs)
        except GradusError as e:
            with pytest.raises(type(e)):
                gradus.compile(function)(*xs)
    for xs, found, wanted in zip(given, together(function, given), expected, strict=True):
        half = xs[0].dtype.name in ("float16", "bfloat16")
        same(found, wanted, 0 if half and f.function.__name__ in EXACT_IN_HALF else None)


@pytest.mark.parametrize("name", ["unique", "unique_consecutive", "nonzero", "argwhere", "bincount"])
def test_what_has_no_shape_yet_is_refused_by_its_line(name: str) -> None:
    x = gradus.tensor([3, 0, 1])
    with pytest.raises(TraceError, match=rf"at test_compiler_ops.py:\d+: {name}: how many \w+ there are depends on"):
        gradus.compile(lambda x: gradus.stack([getattr(gradus, name)(x)]))(x)


SPECIAL = np.array(
    [np.inf, -np.inf, np.nan, 0.0, -0.0, 1.0, -1.0, 2.5, -2.5, 0.5, 1.5, 1e-40, -1e-40, 1e30, -1e30, 1e-30, 80.0, -80.0,
     110.0, -110.0, 95.0, -100.0, 1e-8, 0.9999999, 3.0, -3.0, 7.25]
)  # fmt: skip
# where libraries differ in the sign of a zero, in half precision
EITHER_ZERO = {"fmax", "fmin", "maximum", "minimum", "nextafter", "relu", "sign"}


@pytest.mark.parametrize("name", [p for p in ELEMENTWISE if FUNCTIONS[p.values[0]].cases[0].dtype == "float64"])
def test_special_values(name: str) -> None:
    f = FUNCTIONS[name]
    pairs = list(itertools.product(SPECIAL, repeat=len(f.cases[0].shapes)))
    with np.errstate(all="ignore"):
        columns = [np.array(column) for column in zip(*pairs, strict=True)]
        given = [[gradus.tensor(a, dtype) for a in columns] for dtype in ROUNDING]
    for dtype, xs, found in zip(ROUNDING, given, together(f.function, given), strict=True):
        a, b = found.numpy(), f.function(*xs).numpy()
        assert a.dtype == b.dtype
        if a.dtype == bool:
            np.testing.assert_array_equal(a, b)
            continue
        a, b = a.astype("float64"), b.astype("float64")
        np.testing.assert_allclose(a, b, rtol=ROUNDING[dtype] / 3, atol=1e-43, err_msg=dtype)
        if not (name in EITHER_ZERO and dtype in ("float16", "bfloat16")):
            np.testing.assert_array_equal(np.signbit(a[b == 0]), np.signbit(b[b == 0]), err_msg=dtype)
