"""What a compiled function may write, and arrays over the same memory: as eagerly, or refused with a word."""

from __future__ import annotations

import numpy as np
import pytest

import gradus
from gradus import nn, optim
from gradus.compiler.native import runtime
from gradus.compiler.trace import aliases
from gradus.errors import ArgumentError, GradientError, TraceError

X = np.arange(1.0, 5.0, dtype=np.float32)


def adding(p):
    return gradus.compile(lambda x: p.assign_(p + x).sum())


def read_only(tmp_path):
    file = tmp_path / "numbers"
    file.write_bytes(bytes(16))
    return np.memmap(file, np.float32, "r", shape=(4,))


NOT_TO_BE_WRITTEN = {
    "of a file": read_only,
    "of bytes": lambda _: np.frombuffer(bytes(16), np.float32),
    "of a broadcast": lambda _: np.broadcast_to(np.float32(0), (4,)),
    "flagged": lambda _: np.require(np.zeros(4, np.float32), requirements=["C"]).view(),
    "strided": lambda _: np.frombuffer(bytes(32), np.float32)[::2],
}


@pytest.mark.parametrize("kind", NOT_TO_BE_WRITTEN)
def test_memory_that_may_not_be_written(kind, tmp_path):
    array = NOT_TO_BE_WRITTEN[kind](tmp_path)
    array.flags.writeable = False
    before = array.copy()
    p = gradus.Tensor(array)
    with pytest.raises(ArgumentError, match="read-only view") as eagerly:
        p.assign_(p + 1)
    with pytest.raises(ArgumentError, match=r"read-only view .*at test_compile_aliases.py:\d+") as compiled:
        adding(p)(X)
    assert str(compiled.value).split(",")[0] in str(eagerly.value)
    assert (p.data == before).all()


def test_a_broadcast_made_inside():
    p = gradus.zeros(1)

    def f(x):
        p.broadcast_to(4).assign_(x)
        return p * 1

    for g in (f, gradus.compile(f)):
        with pytest.raises(ArgumentError, match="read-only view"):
            g(gradus.as_tensor(X))


def test_elements_that_are_the_same_memory():
    p = gradus.Tensor(np.lib.stride_tricks.as_strided(np.zeros(5, np.float32), (4, 2), (4, 4)))
    with pytest.raises(TraceError, match="several elements are the same memory"):
        gradus.compile(lambda x: p.assign_(p + x))(1.0)


@pytest.mark.parametrize("natively", [True, False])
def test_memory_that_is_frozen_later(natively, monkeypatch):
    if not natively:
        monkeypatch.setattr(runtime, "flags_address", lambda array: 0)
    p, other = gradus.zeros(4), gradus.zeros(4)

    @gradus.compile
    def f(x):
        other.assign_(other + 1)
        return p.assign_(p + x).sum()

    assert f(X).item() == 10
    p.data.flags.writeable = False
    for call in (lambda: f(X), lambda: f.epoch((X,), [[0, 1, 2, 3]])):
        with pytest.raises(ArgumentError, match=r"read-only view .*test_compile_aliases.py:\d+"):
            call()
    assert (p.numpy() == X).all() and (other.numpy() == 1).all()
    p.data.flags.writeable = True
    assert f(X).item() == 20


def test_a_parameter_that_does_not_lie_in_one_piece():
    whole = np.zeros((4, 2), np.float32)
    p, beside = gradus.Tensor(whole[:, 0]), gradus.Tensor(whole[:, 1])
    f = gradus.compile(lambda x: (p.assign_(p + x) + beside).sum())
    for k in (1, 2):
        assert f(X).item() == 10 * k
    assert (whole[:, 0] == 2 * X).all() and not whole[:, 1].any()
    beside.data.flags.writeable = False
    assert f(X).item() == 30


def test_what_is_only_read_is_not_copied_back():
    whole = np.zeros((2, 4), np.float32)
    part = gradus.Tensor(whole[:, ::2])
    f = gradus.compile(lambda x: part + x)
    f(np.zeros((2, 2), np.float32))
    whole[:] = 3
    assert (f(np.zeros((2, 2), np.float32)).numpy() == 3).all()


# -- captured memory that overlaps ----------------------------------------------------------------------------------

SAME_MEMORY = {
    "a slice": lambda a: a[2:],
    "a row": lambda a: a.reshape(2, 4)[1],
    "a reshape": lambda a: a.reshape(4, 2),
    "transposed": lambda a: a.reshape(2, 4).T,
    "turned round": lambda a: a[::-1],
    "as integers": lambda a: a.view(np.int32),
    "every other": lambda a: a[::2],
}


@pytest.mark.parametrize("kind", SAME_MEMORY)
@pytest.mark.parametrize("writes_view", [False, True])
def test_a_view_made_outside(kind, writes_view):
    p = gradus.Tensor(np.arange(8, dtype=np.float32))
    v = gradus.Tensor(SAME_MEMORY[kind](p.data))
    written, read = (v, p) if writes_view else (p, v)

    def f():
        written.assign_(written + 1)
        return read.sum()

    with pytest.raises(TraceError, match="over the same memory"):
        gradus.compile(f)()
    assert (p.numpy() == np.arange(8)).all()
    assert gradus.compile(lambda: p.sum() + v.astype("float32").sum())().item() > 0  # only read


def test_interleaved_views_do_not_overlap():
    whole = np.zeros(8, np.float32)
    p, q = gradus.Tensor(whole[::2]), gradus.Tensor(whole[1::2])
    f = gradus.compile(lambda x: (p.assign_(p + x) + q).sum())
    assert f(X).item() == 10 and f(X).item() == 20


def test_another_array_of_the_same_elements_is_the_same():
    p = gradus.zeros(4)
    same = gradus.Tensor(p.data[:])

    def f(x):
        p.assign_(p + x)
        return same * 1

    g = gradus.compile(f)
    for k in (1, 2, 3):
        assert (g(X).numpy() == k * X).all()
    same.data = np.zeros(4, np.float32)
    assert not g(X).numpy().any()


def test_a_detached_tensor_whose_data_are_replaced():
    p = gradus.tensor(X)
    q = p.detach()
    f = gradus.compile(lambda: p.sum() + q.sum() + p.detach().sum())
    assert f().item() == 30
    q.data = np.zeros(4, np.float32)
    assert f().item() == 20
    only = gradus.compile(lambda: p.detach().sum())
    assert only().item() == 10
    p.data = p.data * 2
    assert only().item() == 20


# -- views made inside ----------------------------------------------------------------------------------------------


def test_a_detached_tensor_sees_what_is_written():
    p = gradus.tensor(X)

    def f(x):
        a = x * 2
        b, q = a.detach(), p.detach()
        a.assign_(a + 1)
        p.assign_(p + 1)
        return b * 1, q * 1

    expected = [r.numpy() for r in f(gradus.as_tensor(X))]
    p.assign_(X)
    for got, wanted in zip(gradus.compile(f)(X), expected, strict=True):
        np.testing.assert_array_equal(got.numpy(), wanted)


@pytest.mark.parametrize("captured", [True, False])
def test_a_view_of_what_was_written_since(captured):
    p = gradus.tensor(X)

    def f(x):
        t = p if captured else x * 2
        v = t[1:]
        t.assign_(t + 1)
        return v.sum()

    expected = f(gradus.as_tensor(X)).item()
    p.assign_(X)
    assert gradus.compile(f)(X).item() == expected
    p.assign_(X)

    def again(x):
        t = p if captured else x * 2
        before = t[1:].copy()
        t.assign_(t + 1)
        return before.sum(), t[1:].sum()

    expected = [r.item() for r in again(gradus.as_tensor(X))]
    p.assign_(X)
    assert [r.item() for r in gradus.compile(again)(X)] == expected


@pytest.mark.parametrize("of", ["captured", "computed", "argument"])
def test_writing_into_a_view(of):
    p = gradus.tensor(X)

    def f(x):
        t = {"captured": p, "computed": x * 2, "argument": x}[of]
        t[1:].assign_(0)
        return t.sum()

    with pytest.raises(TraceError, match=r"writes into a view, made by slice, .*test_compile_aliases.py:\d+"):
        gradus.compile(f)(gradus.tensor(X))
    assert (p.numpy() == X).all()


# -- arguments ------------------------------------------------------------------------------------------------------

OVERLAPPING = {
    "itself": lambda p: p,
    "detached": lambda p: p.detach(),
    "its array": lambda p: p.data,
    "a slice": lambda p: p.data[:4],
    "turned round": lambda p: p.data[::-1],
    "every other": lambda p: p.data[::2],
}


@pytest.mark.parametrize("kind", OVERLAPPING)
def test_an_argument_over_what_is_written(kind):
    p = gradus.Tensor(np.ones(8, np.float32))
    f = gradus.compile(lambda x: p.assign_(p + 1).sum() + x.sum())
    x = OVERLAPPING[kind](p)
    with pytest.raises(TraceError, match="argument 0"):
        f(x)  # while it is traced
    apart = gradus.tensor(x)
    assert f(apart).item() == 16 + apart.size
    with pytest.raises(TraceError, match="argument 0 of the compiled function"):
        f(x)
    assert (p.numpy() == 2).all()
    assert f(apart).item() == 24 + apart.size


def test_arguments_over_what_is_only_read():
    p = gradus.tensor(X)
    f = gradus.compile(lambda x, y: (p * x).sum() + (x * y).sum())
    for _ in range(2):
        assert f(p, p.detach()[:1]).item() == 40


def test_data_of_an_epoch_over_what_is_written():
    p = gradus.Tensor(np.ones(8, np.float32))
    f = gradus.compile(lambda x: p.assign_(p + 1).sum() + x.sum())
    for data in (p, p.data, p.data[::-1]):
        with pytest.raises(TraceError, match="array 0 of the data"):
            f.epoch((data,), [[0, 1], [2, 3]])
    assert (p.numpy() == 1).all()
    assert f.epoch((np.ones(8, np.float32),), [[0, 1], [2, 3]]).tolist() == [18, 26]


def test_a_gradient_does_not_leave_by_an_argument():
    w = gradus.tensor([2.0], requires_grad=True)

    @gradus.compile
    def f(x):
        w.grad = None
        (w * x).sum().backward()
        w.assign_((w - w.grad).detach())
        return w * 1

    assert f(gradus.tensor([1.0])).item() == 1
    with pytest.raises(GradientError, match=r"gradient would flow out of the compiled function f, .* argument 0"):
        f(w * 3)
    assert f((w * 3).detach()).item() == -2


# -- results --------------------------------------------------------------------------------------------------------


def test_results_share_the_memory_that_they_share_eagerly():
    p = gradus.tensor(X)

    def f(x):
        y = x * 2
        return x, x[1:], p, p.detach(), p[:2], y, y, y.detach(), y.reshape(2, 2), x.broadcast_to(3, 4)

    g = gradus.compile(f)
    for _ in range(2):
        x = gradus.tensor(X)
        told = []
        for results in (f(x), g(x)):
            told.append(
                [[np.shares_memory(a.data, b.data) for b in (x, p, *results)] for a in results]
                + [[a is b for b in (x, p, *results)] for a in results]
                + [[a.data.flags.writeable, a.writes is x.writes, a.writes is p.writes] for a in results]
            )
            for a, b in zip(results, f(x), strict=True):
                np.testing.assert_array_equal(a.numpy(), b.numpy())
        assert told[0] == told[1]


def test_a_result_that_is_written_at_the_next_call():
    p = gradus.zeros(4)
    f = gradus.compile(lambda x: p.assign_(p + x))
    first = f(X)
    assert f(X) is first is p
    assert (first.numpy() == 2 * X).all()


# -- gradients from outside -----------------------------------------------------------------------------------------

OUTSIDE = {
    "a model": lambda: gradus.compile(nn.Linear(4, 2)),
    "a function": lambda: gradus.compile(nn.Linear(4, 2).forward),
    "several results": lambda: several(nn.Linear(4, 2)),
}


def several(layer):
    f = gradus.compile(lambda x: {"a": 1, "b": (x, layer(x))})
    return lambda x: f(x)["b"][1]


@pytest.mark.parametrize("kind", OUTSIDE)
def test_backward_outside(kind):
    f = OUTSIDE[kind]()
    x, w = gradus.ones((3, 4)), gradus.ones(1).requires_grad_()
    for _ in range(2):
        y = f(x)
        assert y.requires_grad and not y.is_leaf
        assert repr(y) == repr(y.detach()) and f"{y.sum().item():.3f}" == f"{float(y.sum()):.3f}"
        with pytest.raises(GradientError, match=r"came out of the compiled function .*[Cc]ompile the whole step"):
            y.sum().backward()
        with pytest.raises(GradientError, match="came out of the compiled function"):
            gradus.grad((y * w).sum(), w)
        with gradus.no_grad():
            assert not f(x).requires_grad
    assert not gradus.compile(lambda x: x * 2)(x).requires_grad


def test_a_whole_step_gives_plain_results():
    layer = nn.Linear(4, 1)
    optimizer = optim.SGD(layer.parameters(), lr=0.1)

    @gradus.compile
    def step(x):
        optimizer.zero_grad()
        loss = (layer(x) ** 2).mean()
        loss.backward()
        optimizer.step()
        return loss

    assert not step(gradus.ones((3, 4))).requires_grad


def test_overlaps_are_found_among_many():
    arrays = [np.zeros(10, np.float32) for _ in range(300)]
    assert aliases.clash(arrays, set(range(300))) is None
    assert aliases.clash([*arrays, arrays[7][3:5]], {7}) == (7, 300)
    assert aliases.clash([*arrays, arrays[7][3:5]], {8}) is None


def test_what_takes_long_to_find_out_is_taken_for_an_overlap():
    bytes_ = np.zeros(1 << 16, np.int8)
    strided = np.lib.stride_tricks.as_strided
    a = strided(bytes_[165:], (8, 4, 7, 6, 6), (291, 1123, 506, 639, 424))
    b = strided(bytes_[178:], (4, 4, 7, 8, 4), (459, 1101, 65, 267, 579))
    with pytest.raises(np.exceptions.TooHardError):
        np.shares_memory(a, b, max_work=aliases.PATIENCE)
    assert aliases.share(a, b)


def test_memory_that_is_written_within_memory_that_is_written():
    w = np.zeros(16, np.float32)
    written = aliases.Written([w, w[2:4]])
    assert written.meets(w[8:]) and written.until == aliases.extent(w)[1]
