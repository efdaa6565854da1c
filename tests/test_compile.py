"""gradus.compile: what it captures, what it is given and gives, when it traces anew, what it refuses."""

from __future__ import annotations

import gc
import weakref
from typing import NamedTuple

import numpy as np
import pytest

import gradus
from gradus import interpret, nn, optim
from gradus.errors import ArgumentError, DtypeError, RetraceWarning, ShapeError, TraceError
from gradus.models import MLP
from gradus.nn import functional as F

OPTIMIZERS = {
    "sgd": lambda p, lr: optim.SGD(p, lr),
    "nesterov": lambda p, lr: optim.SGD(p, lr, momentum=0.9, nesterov=True, weight_decay=0.01),
    "adam": lambda p, lr: optim.Adam(p, lr, weight_decay=0.01),
    "adamw": lambda p, lr: optim.AdamW(p, lr),
    "adagrad": lambda p, lr: optim.Adagrad(p, lr),
    "rmsprop": lambda p, lr: optim.RMSprop(p, lr, momentum=0.5),
}
rng = np.random.default_rng(0)
DATA = [(gradus.tensor(rng.normal(size=(8, 5))), gradus.tensor(rng.integers(0, 3, 8))) for _ in range(5)]
X = gradus.tensor([[1.0, -2.0, 3.0], [4.0, 5.0, -6.0]])


class Training:
    """A small net in float64 with all that is captured: parameters, statistics, random numbers, an optimizer."""

    def __init__(self, wrap=gradus.compile, optimizer="sgd", lr=0.05):
        gradus.seed(1)
        self.model = MLP([5, 7, 3], batch_norm=True, dropout=0.3).astype("float64")
        self.optimizer = OPTIMIZERS[optimizer](self.model.parameters(), lr)
        model, opt = self.model, self.optimizer

        def step(x, y):
            opt.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            opt.step()
            return loss

        self.step = wrap(step)

    def go(self, batches=DATA):
        return [self.step(*b).item() for b in batches]

    def state(self):
        named = self.model.state_dict() | {f"o.{k}": v for k, v in self.optimizer.state_dict().items()}
        return {k: v.numpy().copy() for k, v in named.items()} | {"random": gradus.random.default.state.numpy().copy()}


def eager(function):
    return function


def same_after(change, optimizer="nesterov", lr=0.05):
    """Train, change something, train on: compiled as eagerly; the compiled one."""
    results = []
    for wrap in (eager, gradus.compile):
        t = Training(wrap, optimizer, lr)
        first = t.go()
        change(t)
        results.append((first + t.go(), t.state()))
    (losses, state), (other, compiled) = results
    np.testing.assert_allclose(other, losses, rtol=1e-9)
    for name in state:
        np.testing.assert_allclose(compiled[name], state[name], rtol=1e-8, atol=1e-10, err_msg=name)
    return t


# -- what is captured -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_five_steps_with_each_optimizer(optimizer):
    results = []
    for wrap in (eager, gradus.compile):
        t = Training(wrap, optimizer)
        results.append((t.go(), t.state()))
    np.testing.assert_allclose(results[1][0], results[0][0], rtol=1e-12)
    noise = 1e-7 if optimizer == "rmsprop" else 1e-12  # it blows up the rounding of a gradient that should be 0
    for name, value in results[0][1].items():
        np.testing.assert_allclose(results[1][1][name], value, rtol=1e-5, atol=noise, err_msg=name)


@pytest.mark.parametrize(
    "lr", [optim.schedules.cosine(0.1, 8), optim.schedules.warmup(3, 0.1), optim.schedules.multistep(0.1, [2, 4])]
)
def test_schedules(lr):
    assert len(same_after(lambda t: None, "sgd", lr).step._steps) == 1


def lower(t):
    plateau = optim.ReduceOnPlateau(t.optimizer, patience=0, factor=0.1)
    for _ in range(3):
        plateau.step(1.0)


def set_lr(t):
    t.optimizer.lr = 0.001


def load(t):
    t.model.load_state_dict({k: v * 0.5 for k, v in t.model.state_dict().items()})


def eager_step(t):
    t.optimizer.zero_grad()
    F.cross_entropy(t.model(DATA[0][0]), DATA[0][1]).backward()
    t.optimizer.step()


@pytest.mark.parametrize("change", [lower, set_lr, load, eager_step, lambda t: gradus.seed(7)])
def test_values_that_change_need_no_new_trace(change):
    assert len(same_after(change).step._steps) == 1


def set_momentum(t):
    t.optimizer.momentum = 0.2


def set_betas(t):
    t.optimizer.betas = (0.5, 0.7)


def freeze(t):
    t.model.layers[0].requires_grad_(False)


def new_layer(t):
    gradus.seed(9)
    t.model.layers[0] = nn.Linear(5, 7).astype("float64")


def new_weight(t):
    t.model.layers[0].weight = nn.Parameter(np.ones((7, 5)))


@pytest.mark.parametrize("change", [set_momentum, freeze, new_weight])
def test_what_is_part_of_the_program_is_traced_anew(change):
    same_after(change)


def test_betas_are_part_of_the_program():
    same_after(set_betas, "adam")


def test_astype_between_calls():
    t = Training()
    t.go()
    t.model.astype("float32")
    w = t.model.layers[0].weight
    before = w.numpy().copy()
    t.optimizer.lr = 0.1
    t.step(DATA[0][0].astype("float32"), DATA[0][1])
    assert w.dtype == np.float32
    assert (w.numpy() != before).any()


def test_modes_switch_versions_and_back():
    model = MLP([3, 4, 2], batch_norm=True, dropout=0.5)
    f = gradus.compile(lambda x: model(x))
    for _ in range(3):
        model.train()
        f(X)
        model.eval()
        np.testing.assert_allclose(f(X).numpy(), model(X).numpy(), rtol=1e-5, atol=1e-6)
    assert len(f._steps) == 2


def test_dropout_draws_the_same():
    gradus.seed(3)
    wanted = [F.dropout(X, 0.5, training=True).numpy() for _ in range(3)]
    state = gradus.random.default.state.numpy().copy()
    gradus.seed(3)
    f = gradus.compile(lambda x: F.dropout(x, 0.5, training=True))
    np.testing.assert_array_equal([f(X).numpy() for _ in range(3)], wanted)
    np.testing.assert_array_equal(gradus.random.default.state.numpy(), state)


SCALE = 2.0


def helper(x):
    return x * SCALE


def test_plain_values_around_it(monkeypatch):
    factor, config = 2.0, {"shift": 1.0}
    f = gradus.compile(lambda x: helper(x) * factor + config["shift"])
    assert f(X).numpy()[0, 0] == 5
    factor = 3.0
    assert f(X).numpy()[0, 0] == 7
    config["shift"] = 2.0
    assert f(X).numpy()[0, 0] == 8
    monkeypatch.setitem(globals(), "SCALE", 10.0)
    assert f(X).numpy()[0, 0] == 32
    factor = 2.0
    assert f(X).numpy()[0, 0] == 22


def test_a_tensor_around_it_that_is_replaced():
    w = gradus.tensor(2.0)
    f = gradus.compile(lambda x: x * w)
    assert f(X).numpy()[0, 0] == 2
    w = gradus.tensor(3.0)
    assert f(X).numpy()[0, 0] == 3


def test_a_tensor_whose_value_was_looked_at():
    w = gradus.tensor(2.0)
    f = gradus.compile(lambda x: x * float(w))
    assert f(X).numpy()[0, 0] == 2
    w.assign_(5.0)
    assert f(X).numpy()[0, 0] == 5


def test_what_changes_often_is_named():
    factor = 0.0
    f = gradus.compile(lambda x: x * factor)
    with pytest.warns(RetraceWarning, match=r"<lambda> is traced for the 17th time.*because factor is not") as said:
        for i in range(20):
            factor = float(i)
            f(X)
    assert len(said) == 1 and said[0].filename == __file__


@pytest.mark.filterwarnings("ignore::gradus.errors.RetraceWarning")
def test_versions_do_not_hold_memory_for_ever():
    factor = 0.0
    f = gradus.compile(lambda x: x * factor)
    refs = []
    for i in range(70):
        x = gradus.tensor([1.0])
        refs.append(weakref.ref(x))
        factor = float(i)
        assert f(x).item() == i
        del x
    assert len(f._steps) <= 64
    gc.collect()
    assert sum(r() is not None for r in refs) <= 1


# -- what it is given and gives ---------------------------------------------------------------------------------------


class Pair(NamedTuple):
    a: object
    b: object


ARGUMENTS = {
    "number": (lambda x, k: x * k, (X, 3), {}),
    "keyword": (lambda x, *, k, flag=True: x * k if flag else x, (X,), {"k": X, "flag": True}),
    "text": (lambda x, how: x.sum() if how == "sum" else x.mean(), (X, "mean"), {}),
    "list": (lambda xs: xs[0] + xs[1], ([X, X],), {}),
    "dict": (lambda d: {"s": d["x"] + d["k"], "n": None}, ({"x": X, "k": 2},), {}),
    "arrays inside": (lambda d: d["x"] * 2, ({"x": X.numpy()},), {}),
    "named tuple": (lambda p: Pair(p.b, [p.a, (p.a + p.b,)]), (Pair(X, X * 2),), {}),
    "None": (lambda x: None, (X,), {}),
    "twice": (lambda x: [x * 2] * 2, (X,), {}),
    "unchanged": (lambda x: (x, x, x + 1), (X,), {}),
    "view": (lambda x: (x.T, x[0], x.reshape(3, 2)), (X,), {}),
    "constants": (lambda x: (gradus.ones((2,)), 3, 1.5, "a", True), (X,), {}),
}


def equal(a, b):
    assert type(a) is type(b)
    if isinstance(a, gradus.Tensor):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a.numpy(), b.numpy())
    elif isinstance(a, dict):
        assert list(a) == list(b)
        equal(list(a.values()), list(b.values()))
    elif isinstance(a, (list, tuple)):
        assert len(a) == len(b)
        for p, q in zip(a, b, strict=True):
            equal(p, q)
    else:
        assert a == b


@pytest.mark.parametrize("name", ARGUMENTS)
def test_arguments_and_results(name):
    function, arguments, options = ARGUMENTS[name]
    f = gradus.compile(function)
    wanted = function(*arguments, **options) if name != "arrays inside" else X * 2
    for _ in range(3):
        equal(f(*arguments, **options), wanted)
    assert len(f._steps) == 1


def test_keyword_tensors_are_not_constants():
    f = gradus.compile(lambda x, k: x * k)
    for i in range(3):
        equal(f(X, k=gradus.tensor(float(i))), X * float(i))
    assert len(f._steps) == 1


def test_numbers_of_another_type_are_others():
    f, i = gradus.compile(lambda x, k: x * k), gradus.tensor([1, 2])
    for _ in range(2):
        for k in (1, 1.0, True):
            equal(f(i, k), i * k)


def test_new_shapes_and_dtypes():
    f = gradus.compile(lambda x: x * 2)
    for _ in range(2):
        for x in (X, X[:1].detach(), X.astype("float64"), X.astype("int64")):
            equal(f(x.detach()), x.detach() * 2)
    assert len(f._steps) == 4


@pytest.mark.parametrize("a", [X.numpy(), X.numpy().T, X.numpy()[:, ::-1], np.broadcast_to(np.float32(2), (2, 3))])
def test_numpy_arrays(a):
    f = gradus.compile(lambda x: x * 2 + x.sum())
    for _ in range(2):
        equal(f(a), gradus.tensor(a) * 2 + a.sum())
        equal(f(gradus.as_tensor(a)), gradus.tensor(a) * 2 + a.sum())


@pytest.mark.parametrize("n", [3, 10_000])
def test_results_are_the_callers_own(n):
    f = gradus.compile(lambda x: (x * 2, x + 0))
    x = np.ones(n, np.float32)
    doubled, same = f(x)
    latest, _ = f(x * 5)
    f.epoch((np.zeros((4, n), np.float32),), np.arange(4).reshape(2, 2)) if n == 3 else None
    list(f.slices((np.zeros((2 * n,), np.float32),), np.arange(2 * n).reshape(2, n)))
    x[:] = 9
    assert (doubled.numpy() == 2).all()
    assert (latest.numpy() == 10).all()
    assert (same.numpy() == 1).all()


def test_methods():
    class Line:
        def __init__(self, k):
            self.k = gradus.tensor(k)

        @gradus.compile
        def __call__(self, x):
            return x * self.k

        @gradus.compile
        def times(self, x, n=1):
            return x * self.k * n

    a, b = Line(2.0), Line(3.0)
    for _ in range(2):
        assert [a.times(X).numpy()[0, 0], b.times(X).numpy()[0, 0], a.times(X, n=5).numpy()[0, 0]] == [2, 3, 10]
    assert a.times is a.times


@pytest.mark.parametrize("first", [False, True])
def test_inside_another(first):
    w = gradus.tensor(3.0, requires_grad=True)
    inner = gradus.compile(lambda x: x * w)
    if first:
        inner(X)
    outer = gradus.compile(lambda x: gradus.grad(inner(x).sum(), w))
    assert outer(X).item() == X.sum().item()
    equal(inner(X), (X * w).detach())


@pytest.mark.filterwarnings("ignore::gradus.errors.MistakeWarning")  # of what the cases are not about
def test_under_no_grad():
    t = Training()
    t.go()
    u = Training(eager)
    u.go()
    gradus.seed(5)
    with gradus.no_grad():
        f = gradus.compile(lambda x: t.model(x))
        losses = f(DATA[0][0])
    gradus.seed(5)
    np.testing.assert_allclose(losses.numpy(), u.model(DATA[0][0]).numpy(), rtol=1e-9)


# -- gradients --------------------------------------------------------------------------------------------------------


def test_no_gradients_are_left():
    t = Training()
    t.go()
    assert all(p.grad is None for p in t.model.parameters())


@pytest.mark.parametrize("through", ["backward", "step"])
def test_gradients_from_before_are_refused(through):
    w = gradus.tensor([1.0, 2.0], requires_grad=True)
    opt = optim.SGD([w], 0.1)
    (w * w).sum().backward()

    @gradus.compile
    def step(x):
        if through == "backward":
            (w * x).sum().backward()
        opt.step()

    with pytest.raises(TraceError, match=r"gradient.*test_compile.py.*zero_grad"):
        step(gradus.tensor([1.0, 1.0]))
    assert w.grad is None or w.grad.numpy() is not None
    opt.zero_grad()
    np.testing.assert_array_equal(w.numpy(), [1, 2])


def test_gradients_from_before_that_are_forgotten_do_no_harm():
    t, u = Training(), Training(eager)
    for p in t.model.parameters():
        p.grad = p.full_like(100.0)
    gradus.seed(2)
    got = t.go()
    gradus.seed(2)
    np.testing.assert_allclose(got, u.go(), rtol=1e-9)


@pytest.mark.parametrize("way", ["call", "epoch"])
def test_gradients_of_before_are_gone_after_a_step(way):
    """Else those that eager code gathered between two steps would wait for its next backward()."""
    t = Training()
    t.go()
    x, y = DATA[0]
    steps = t.step if way == "call" else lambda x, y: t.step.epoch((x, y), [range(len(x))])
    for _ in range(2):
        t.model(x).sum().backward()
        steps(x, y)
        assert all(p.grad is None for p in t.model.parameters())


def test_gradients_that_a_function_does_not_touch_stay():
    w = gradus.tensor([1.0, 2.0], requires_grad=True)
    look = gradus.compile(lambda x: w * x)
    for _ in range(2):
        (w * w).sum().backward()
        look(gradus.tensor([1.0, 1.0]))
    assert w.grad.tolist() == [4, 8]


def test_a_step_that_forgets_zero_grad_is_refused():
    """Eagerly the second call would add its gradient to the first one's."""
    w = gradus.tensor([1.0, 2.0], requires_grad=True)
    opt = optim.SGD([w], 0.1)

    @gradus.compile
    def step(x):
        (w * x).sum().backward()
        opt.step()

    line = step.function.__code__.co_firstlineno + 2
    for _ in range(2):
        with pytest.raises(TraceError, match=rf"test_compile\.py:{line}.*zero_grad"):
            step(gradus.tensor([1.0, 1.0]))
        assert w.grad is None and w.tolist() == [1, 2]


def test_gradients_that_nothing_uses_are_refused():
    """Eagerly they would wait in `grad` for the optimizer's step outside."""
    w = gradus.tensor([1.0, 2.0], requires_grad=True)
    for forget in (True, False):

        @gradus.compile
        def gather(x, forget=forget):
            w.grad = None if forget else w.grad
            (w * x).sum().backward()
            return x

        with pytest.raises(TraceError, match=r"nothing uses the gradients.*step\(\)"):
            gather(gradus.tensor([1.0, 1.0]))


@pytest.mark.parametrize("set_to_none", [True, False])
def test_gradients_of_parameters_that_others_train_do_no_harm(set_to_none):
    """As in a game of two networks: each step leaves gradients in the other one too."""
    w, other = (gradus.tensor([1.0, 2.0], requires_grad=True) for _ in range(2))
    opt = optim.SGD([w], 0.5)

    @gradus.compile
    def step(x):
        opt.zero_grad(set_to_none)
        (w * other * x).sum().backward()
        opt.step()

    for _ in range(2):
        step(gradus.tensor([1.0, 1.0]))
    assert w.tolist() == [0, 0] and other.tolist() == [1, 2] and other.grad is None


# -- what it refuses --------------------------------------------------------------------------------------------------


def spin(x):
    while (x * 2).sum() > 0:
        x = x - 1
    return x


LOOKS = {
    "if": lambda x: x if x.sum() > 1 else -x,
    "float": lambda x: float(x.sum()),
    "int": lambda x: int(x.sum()),
    "bool": lambda x: bool((x > 0).all()),
    "item": lambda x: x.sum().item(),
    "numpy": lambda x: x.numpy(),
    "asarray": lambda x: np.asarray(x),
    "tolist": lambda x: (x + 1).tolist(),
    "print": lambda x: print(x + 1),
    "str": lambda x: str(x),
    "f-string": lambda x: f"{x * 2}",
    "format": lambda x: f"{x.sum():.2f}",
    "mask": lambda x: x[x > 0],
    "in": lambda x: 3.0 in x,
    "range": lambda x: range(x.astype("int64").sum()),
    "while": spin,
}


@pytest.mark.parametrize("name", LOOKS)
def test_looking_at_a_value(name):
    w, before = gradus.tensor(2.0, requires_grad=True), interpret.current.get()
    broken = True

    @gradus.compile
    def f(x):
        w.grad = None
        (x * w).sum().backward()
        return LOOKS[name](x) if broken else x + w.grad

    line = LOOKS[name].__code__.co_firstlineno + (name == "while")
    with pytest.raises(TraceError, match=rf"test_compile\.py:{line}.*gradus\.where"):
        f(X)
    assert interpret.current.get() is before
    assert w.grad is None
    assert isinstance(w.data, np.ndarray)
    broken = False
    equal(f(X), X + X.sum())


def test_a_tensor_kept_in_an_attribute():
    class Keeps(nn.Module):
        def __init__(self):
            self.linear, self.last = nn.Linear(3, 1), None

        def forward(self, x):
            self.last = self.linear(x)
            return self.last.sum()

    model = Keeps()
    with pytest.raises(TraceError, match=r"model\.last.*assign_"):
        gradus.compile(lambda x: model(x))(X)
    assert model.last is None
    assert model(X).item() == model.last.sum().item()


def test_a_tensor_kept_elsewhere():
    kept = []
    with pytest.raises(TraceError, match=r"kept\[0\], at test_compile\.py.*assign_"):
        gradus.compile(lambda x: kept.append(x * 2))(X)
    assert kept == []


def test_a_tensor_that_got_away_with_an_error():
    def fails(x):
        raise LookupError(x * 2)

    with pytest.raises(LookupError) as caught:
        gradus.compile(fails)(X)
    (away,) = caught.value.args
    assert "traced" in repr(away)
    for use in (lambda t: t + 1, lambda t: t.numpy(), float, lambda t: t.item(), print):
        with pytest.raises(DtypeError, match="while a compiled function was traced"):
            use(away)
    with pytest.raises(TraceError, match=r"another function.*test_compile\.py"):
        gradus.compile(lambda x: x + away)(X)


def test_writing_into_an_argument():
    with pytest.raises(TraceError, match="argument"):
        gradus.compile(lambda x: x.assign_(x * 2))(X)


def test_arguments_that_cannot_be_compared():
    with pytest.raises(ArgumentError, match="neither be traced nor compared"):
        gradus.compile(lambda x, s: x)(X, {1, 2})
    with pytest.raises(ArgumentError, match="call the compiled function once"):
        gradus.compile(lambda x: x).explain()


# -- epochs -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("batch", [2, 3, 7])
def test_an_epoch_is_its_steps(batch):
    x, y = rng.normal(size=(50, 5)), rng.integers(0, 3, 50)
    rows = rng.integers(0, 50, (9, batch))
    one, all_ = Training(optimizer="adam"), Training(optimizer="adam")
    gradus.seed(4)
    losses = [one.step(x[b], y[b]).item() for b in rows]
    state = one.state()
    gradus.seed(4)
    np.testing.assert_array_equal(all_.step.epoch((x, y), rows), losses)
    for name, value in all_.state().items():
        assert value.tobytes() == state[name].tobytes(), name
    again = []
    for t in (one, all_):
        gradus.seed(5)
        again.append(t.step(x[rows[0]], y[rows[0]]).item())
    assert again[0] == again[1]


def test_slices_give_all_results():
    x = np.arange(12.0, dtype=np.float32)[::-1].reshape(6, 2)
    f = gradus.compile(lambda x: (x.sum(), x * 2))
    parts = list(f.slices((x,), [[0, 1], [5, 4], [2, 2]]))
    np.testing.assert_array_equal(np.concatenate([p[0] for p in parts]), [38, 6, 26])
    np.testing.assert_array_equal(np.concatenate([p[1] for p in parts])[1], x[[5, 4]] * 2)


@pytest.mark.parametrize("batches", [[0, 1], [[0, 6]], [[-1, 2]], [[[0]]]])
def test_wrong_batches(batches):
    with pytest.raises(ShapeError, match="batches"):
        gradus.compile(lambda x: x.sum()).epoch((np.zeros((6, 2), np.float32),), batches)


def test_epochs_that_cannot_be():
    f, x = gradus.compile(lambda x: x.sum()), np.zeros((6, 2), np.float32)
    with pytest.raises(DtypeError, match="integers"):
        f.epoch((x,), [[0.5, 1.0]])
    with pytest.raises(ShapeError, match="array 1"):
        f.epoch((x, x[:1]), [[0, 1]])
    with pytest.raises(ArgumentError, match="no tensor"):
        gradus.compile(lambda x: None).epoch((x,), [[0, 1]])
    assert f.epoch((x,), np.zeros((0, 2), int)).shape == (0,)


def test_a_wider_value_is_narrowed_where_it_is_written() -> None:
    mean = gradus.tensor(np.zeros(8, "float32"))
    step = gradus.compile(lambda x: mean.assign_(mean * 0.5 + x.mean(axis=0)))
    x = gradus.tensor(np.random.default_rng(0).normal(size=(50, 8)))
    assert x.dtype == np.float64
    step(x)
    np.testing.assert_allclose(mean.numpy(), x.numpy().mean(axis=0).astype("float32"), rtol=1e-6)
    with pytest.raises(DtypeError, match="cannot hold"):
        gradus.compile(lambda x: gradus.tensor([1]).assign_(x))(gradus.tensor([1.5]))


USES = [lambda a: a.sum(), lambda a: np.mean(a), lambda a: np.asarray(a), lambda a: a.copy()]
USES += [lambda a: 0.1 * a, lambda a: a @ a, lambda a: -a, lambda a: a[0], lambda a: a > 0, float]
USES += [lambda a: X.numpy() * a]


@pytest.mark.parametrize("use", USES)
def test_the_array_behind_a_tensor(use):
    with pytest.raises(TraceError, match=r"t\.data\), at test_compile\.py"):
        gradus.compile(lambda x: x * float(use(x.data)))(X)


def test_a_large_array_that_numpy_adds_to_in_place_is_put_back() -> None:
    seen = np.zeros(50_000, "float32")

    def count(x):
        nonlocal seen
        seen += 1
        return x * 2

    with pytest.raises(TraceError, match="changes the numbers of seen"):
        gradus.compile(count)(X)
    assert not seen.any()
