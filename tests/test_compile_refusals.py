"""How compiled programs refuse: which checks are made, on any processor, on any number of threads, in loops."""

from __future__ import annotations

import numpy as np
import pytest
from everyway import TARGETS

import gradus
from gradus import functional as F
from gradus import nn, optim
from gradus.compiler import set_num_threads
from gradus.compiler.native import stages
from gradus.compiler.trace.trace import Tracer
from gradus.control import scan, while_loop
from gradus.errors import ArgumentError, DataError, ShapeError

TABLE = np.arange(20.0, dtype="float32").reshape(5, 4)


@pytest.fixture(params=[1, 2, 3])
def threads(request, monkeypatch):
    """Even small programs are shared between so many threads."""
    monkeypatch.setattr(stages, "WORTH_SHARING", 0)
    set_num_threads(request.param)
    yield request.param
    set_num_threads(0)


def checks_of(function, *arguments):
    """How many checks the program of a function makes before it begins, and how many within."""
    compiled = gradus.compile(function)
    compiled(*arguments)
    parted = compiled._last.program.checks
    return len(parted.before), len(parted.within)


# -- which checks are made ---------------------------------------------------------------------------------------------

X = gradus.tensor(np.arange(8) % 5)
SMALL = gradus.tensor(np.arange(8).astype("uint8"))
NEED_NONE = {
    "numbers counted up": lambda w, x: w[gradus.arange(5)],
    "a remainder": lambda w, x: w[x * 100 % 5],
    "a negative remainder": lambda w, x: w[-(x % 5) - 0],
    "an argmax": lambda w, x: w[w.argmax(1) % 5] + w[w[:, :4].argmax(0).max()],
    "an argmin": lambda w, x: gradus.tensor(TABLE.T)[w.argmin(1)],
    "a comparison": lambda w, x: w[(x > 2).astype(int)],
    "a comparison as a target": lambda w, x: F.binary_cross_entropy_with_logits(w[:, 0], (w[:, 1] > 2).astype(w.dtype)),
    "one minus that": lambda w, x: F.binary_cross_entropy_with_logits(w[:, 0], 1 - (w[:, 1] > 2).astype(w.dtype)),
    "a sigmoid": lambda w, x: F.binary_cross_entropy(w.sigmoid(), w.sigmoid()),
    "between bounds": lambda w, x: w[x.clip(0, 4)],
    "a choice": lambda w, x: w[gradus.where(x > 2, 4, 0)],
    "bytes in a long table": lambda w, x: F.embedding(SMALL, gradus.concatenate([w] * 52)),
    "a power": lambda w, x: x**2,
    "a mask": lambda w, x: w[np.array([True, False, True, False, True])],
    "pairs": lambda w, x: gradus.pick(w, gradus.arange(5) % 4),
    "nothing": lambda w, x: w[gradus.zeros(0, dtype="int64")],
}


@pytest.mark.parametrize("name", NEED_NONE)
def test_what_cannot_be_wrong_is_not_checked(name):
    """But for masks, whose places are read from around the function."""
    found = checks_of(NEED_NONE[name], gradus.tensor(TABLE), X)
    assert found == ((1, 0) if name == "a mask" else (0, 0))


def test_a_program_without_checks_is_the_same_text(monkeypatch):
    def texts():
        gradus.seed(0)
        model = nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 1))
        optimizer = optim.Adam(model.parameters())

        def step(x):
            optimizer.zero_grad()
            loss = F.mse_loss(model(x), x[:, :1])
            loss.backward()
            optimizer.step()
            return loss

        step = gradus.compile(step)
        step(gradus.ones((8, 6)))
        return step._last.text, step._last.program.plan.count

    with_checks = texts()
    monkeypatch.setattr(Tracer, "check", lambda *arguments, **options: None)
    assert texts() == with_checks
    assert "refus" not in with_checks[0] and "@check" not in with_checks[0]


def test_the_same_is_checked_once():
    w = gradus.tensor(TABLE, requires_grad=True)

    def train(x):
        w.grad = None
        loss = (F.embedding(x, w) ** 2).sum() + w[x].sum() + w.take(x.reshape(2, 4), 0).sum() + F.one_hot(x, 5).sum()
        loss.backward()
        w.assign_((w - 0.1 * w.grad).detach())
        return loss

    assert checks_of(train, X) == (1, 0)
    assert checks_of(train, gradus.tensor(X.numpy().astype("int32"))) == (1, 0)


def test_a_narrower_check_comes_second():
    """w[x] takes -5 to 4, the embedding after it 0 to 4: each refuses what is its own, in that order."""
    w = gradus.tensor(TABLE)
    both = gradus.compile(lambda x: w[x].sum() + F.embedding(x, w).sum())
    both(X)
    for wrong, error in ((-1, DataError), (-6, ShapeError), (5, ShapeError)):
        with pytest.raises(error):
            both(gradus.tensor(np.where(np.arange(8) == 3, wrong, X.numpy())))


def test_what_is_given_is_looked_at_first():
    """A label that is wrong, too, is said before what the program would work out after it."""
    z = gradus.tensor(np.zeros((8, 3), "float32"))

    def loss(p, y):
        return F.binary_cross_entropy(p / p.sum(), p * 0) + F.cross_entropy(z, y)

    good, run = gradus.ones(8), gradus.compile(loss)
    run(good, X % 3)
    for p, y, message in (
        (-2 * X + 3, X % 3, r"probabilities\[0\] is -1.5"),
        (good, X, r"the label 3 at targets\[3\]"),
        (-2 * X + 3, X, r"the label 3 at targets\[3\]"),
        (-2 * X + 3, X % 3, r"probabilities\[0\] is -1.5"),
    ):
        with pytest.raises(DataError, match=message):
            run(p.astype("float32"), y)


def test_views_are_looked_through():
    w = gradus.tensor(TABLE)
    for view in (
        lambda x: x.reshape(2, 4).T,
        lambda x: x[::-1],
        lambda x: x[2:7:2],
        lambda x: x[gradus.arange(4)],
        lambda x: x.expand_dims(1).broadcast_to((8, 3)),
        lambda x: gradus.concatenate([x, x]),
        lambda x: gradus.concatenate([x, x * 1, *[x[:1]] * 40]),
        lambda x: x + 0,
        lambda x: gradus.stack([x, 4 - x]),
        lambda x: x.astype("float32").astype(int),
    ):
        read = gradus.compile(lambda x, view=view: F.embedding(view(x), w))
        good = gradus.tensor(np.arange(8) % 5)
        assert (read(good).numpy() == F.embedding(view(good), w).numpy()).all()
        bad = good.numpy().copy()
        bad[2] = 9
        with pytest.raises(DataError) as eager:
            F.embedding(view(gradus.tensor(bad)), w)
        with pytest.raises(DataError) as compiled:
            read(gradus.tensor(bad))
        assert str(compiled.value).startswith(eager.value.args[0])


def test_what_is_read_from_around_the_function_is_checked_at_each_call():
    w, labels = gradus.tensor(TABLE), gradus.tensor(np.array([0, 4]))
    read = gradus.compile(lambda scale: (w[labels] * scale).sum())
    assert read(gradus.tensor(1.0)).item() == w[labels].sum().item()
    labels.assign_(gradus.tensor(np.array([0, 5])))
    with pytest.raises(ShapeError, match="index 5 is outside axis 0, whose length is 5"):
        read(gradus.tensor(1.0))
    with pytest.raises(ShapeError, match="index 7 is outside axis 0"):
        gradus.compile(lambda x: x[[0, 7]])(w)


def test_the_error_says_where():
    w = gradus.tensor(TABLE)

    def lookup(x):
        return w[x]  # the user's line

    line = lookup.__code__.co_firstlineno + 1
    with pytest.raises(ShapeError, match=rf"index -6 .* called at test_compile_refusals.py:{line}, in a compiled"):
        gradus.compile(lookup)(gradus.tensor(np.array(-6)))


# -- how they are made -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", TARGETS, ids=lambda t: f"{t.vector_bytes * 8} bits")
@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "uint16", "int32", "int64", "uint64", "float32", "bool"])
def test_every_place_of_every_dtype(target, dtype):
    """Lengths around the vector's; each place in turn is wrong."""
    for n in (1, 16, 17, 67):
        wrong = dtype != "bool" and 3

        def check(x):
            if dtype == "float32":
                return F.binary_cross_entropy_with_logits(gradus.zeros_like(x), x)
            return F.nll_loss(gradus.zeros((x.size, 3)), x)

        run, good = gradus.compile(check, target=target), np.ones(n, dtype)
        run(gradus.tensor(good))
        for place in range(n if wrong else 0):
            bad = good.copy()
            bad[place] = wrong
            with pytest.raises(DataError, match=rf"targets\[{place}\]"):
                run(gradus.tensor(bad))


def _large():
    w = gradus.tensor(np.full(40, 0.5, "float32"), requires_grad=True)

    def step(y):
        w.grad = None
        loss = F.binary_cross_entropy_with_logits(w.broadcast_to((300, 40)), y)
        loss.backward()
        w.assign_((w - w.grad).detach())
        return loss

    return w, step, np.full((300, 40), 0.25, "float32")


def _counted():
    """The index is read from what the program itself writes."""
    i, w = gradus.tensor(np.array([2])), gradus.tensor(np.zeros(4, "float32"))

    def step(y):
        w.assign_(w + F.embedding(i, gradus.tensor(TABLE))[0] + y.sum())
        i.assign_(i + 1)
        return w.sum()

    return w, step, np.zeros(3, "float32")


def _found():
    """Probabilities that the program works out after it could have written."""
    w = gradus.tensor(np.arange(24.0, dtype="float32").reshape(6, 4) / 24, requires_grad=True)

    def step(y):
        w.grad = None
        p = gradus.matmul(w, y)
        loss = F.binary_cross_entropy(p / p.max(), gradus.zeros((6, 50)))
        loss.backward()
        w.assign_((w - 0.001 * w.grad).detach())
        return loss

    return w, step, np.linspace(0.1, 1, 200, dtype="float32").reshape(4, 50)


def test_large_masks_are_shared(threads):
    w, step, good = _large()
    step = gradus.compile(step)
    first = step(gradus.tensor(good)).numpy().tobytes(), w.numpy().tobytes()
    assert threads == 1 or not any(kernel.alone for _, kernel in step._last.program.checks.before)
    for place in (0, 150, 299):
        for _ in range(20):
            bad = good.copy()
            bad[place, place % 40] = 1.5
            with pytest.raises(DataError, match=rf"targets\[{place}, {place % 40}\] is 1.5"):
                step(gradus.tensor(bad))
            assert w.numpy().tobytes() == first[1]
    w, step, good = _large()
    set_num_threads(1)
    assert gradus.compile(step)(gradus.tensor(good)).numpy().tobytes() == first[0]
    assert w.numpy().tobytes() == first[1]


def test_indices_that_the_program_counts_up(threads):
    w, step, y = _counted()
    step = gradus.compile(step)
    for _ in range(3):
        step(gradus.tensor(y))
    before = w.numpy().copy()
    assert before.tolist() == TABLE[2:].sum(0).tolist()
    for _ in range(20):
        with pytest.raises(DataError, match=r"embedding: 5 at \[0\] has no row"):
            step(gradus.tensor(y))
        assert (w.numpy() == before).all()


def test_what_is_worked_out_is_looked_at_before_anything_is_written(threads):
    w, step, good = _found()
    step = gradus.compile(step)
    step(gradus.tensor(good))
    before = w.numpy().copy()
    for _ in range(20):
        with pytest.raises(DataError, match=r"probabilities\[.*\] is -"):
            step(gradus.tensor(np.where(np.arange(50) == 7, -good, good)))
        assert (w.numpy() == before).all()
    step(gradus.tensor(good))
    assert (w.numpy() != before).any()


def test_epochs_that_end_early_leave_no_thread_behind(threads):
    _, step, good = _large()
    step = gradus.compile(step)
    data = np.stack([good] * 4).reshape(1200, 40)
    rows = np.arange(1200).reshape(4, 300)
    data[700, 3] = np.inf
    for again in range(30):
        with pytest.raises(DataError, match="step 3 of 4, row 700 of the data"):
            step.epoch((data,), rows)
        if again % 3 == 0:
            assert len(step.epoch((data,), rows[[0, 1, 3]])) == 3


# -- in loops ----------------------------------------------------------------------------------------------------------


def test_steps_that_a_while_loop_does_not_take_are_not_checked():
    x = gradus.tensor(np.array([3, 1, 4, 0, 9]))

    def follow(start, most):
        table = gradus.tensor(TABLE[:, 0])
        step = lambda s: (x[s[0]], s[1] + table[s[0]])  # noqa: E731
        return while_loop(lambda s: s[0] < 9, step, (start, gradus.tensor(0.0)), most)

    for start in range(5):
        for run in (follow, gradus.compile(follow)):
            if start == 1:  # it stays there
                with pytest.raises(ArgumentError, match="still true after 6"):
                    run(gradus.tensor(start), 6)
                continue
            if start in (0, 3):  # 0, 3, 0, 3 ...
                continue
            place, _ = run(gradus.tensor(start), 6)
            assert place.item() == 9


def test_steps_that_a_while_loop_takes_are_checked():
    x = gradus.tensor(np.array([3, 1, 4, 7, 2]))
    follow = lambda start: while_loop(lambda s: s[0] != 1, lambda s: (x[s[0]],), (start,), 5)[0]  # noqa: E731
    for run in (follow, gradus.compile(follow)):
        assert run(gradus.tensor(1)).item() == 1
        with pytest.raises(ShapeError, match="index 7 is outside axis 0"):
            run(gradus.tensor(0))


def test_what_a_step_that_is_not_taken_would_look_at_is_looked_at_after_the_loop():
    def total(x, steps):
        count = lambda s: (s[0] + 1, s[1] + F.one_hot(x, 5).sum())  # noqa: E731
        _, found = while_loop(lambda s: s[0] < steps, count, (gradus.tensor(0), gradus.tensor(0)), 2)
        return found + F.one_hot(x, 5).sum()

    for run in (total, gradus.compile(total)):
        assert run(X, gradus.tensor(1)).item() == 16
        for steps in (0, 1):
            with pytest.raises(DataError, match="one_hot: the label 5 at"):
                run(X + 1, gradus.tensor(steps))


def test_each_step_of_a_scan_is_checked():
    table = gradus.tensor(TABLE)
    total = lambda xs: scan(lambda s, x: ((s[0] + F.embedding(x, table),), x), (gradus.zeros(4),), xs)[0][0]  # noqa: E731
    run = gradus.compile(total)
    assert (run(X).numpy() == total(X).numpy()).all()
    for place in range(8):
        bad = X.numpy().copy()
        bad[place] = 5
        with pytest.raises(DataError, match="embedding: 5 at"):
            run(gradus.tensor(bad))
