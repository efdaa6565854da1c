"""Optimizers and clipping: their formulas in NumPy, saving and going on, what they refuse."""

from __future__ import annotations

import numpy as np
import pytest

import gradus
from gradus import functional as F
from gradus import interpret, nn, optim
from gradus.errors import ArgumentError, CheckpointError
from gradus.ops.core.primitive import Shaped
from gradus.tensor import Tensor

START = np.array([[1.0, -2.0, 0.5], [0.1, 3.0, -0.7]])
TARGET = np.array([[0.5, 1.0, 0.0], [2.0, -1.0, 0.3]])
STEPS, LR = 10, 0.005


def reference_sgd(p, gradient, lr=LR, momentum=0.0, nesterov=False):
    v = np.zeros_like(p)
    for _ in range(STEPS):
        g = gradient(p)
        v = momentum * v + g
        p = p - lr * (g + momentum * v if nesterov else v)
    return p


def reference_adagrad(p, gradient, lr=LR, eps=1e-10):
    s = np.zeros_like(p)
    for _ in range(STEPS):
        g = gradient(p)
        s = s + g**2
        p = p - lr * g / (np.sqrt(s) + eps)
    return p


def reference_rmsprop(p, gradient, lr=LR, alpha=0.99, eps=1e-8):
    s = np.zeros_like(p)
    for _ in range(STEPS):
        g = gradient(p)
        s = alpha * s + (1 - alpha) * g**2
        p = p - lr * g / (np.sqrt(s) + eps)
    return p


def reference_adam(p, gradient, lr=LR, beta1=0.9, beta2=0.999, eps=1e-8, decay=0.0):
    m = v = np.zeros_like(p)
    for t in range(1, STEPS + 1):
        p = p - lr * decay * p
        g = gradient(p / (1 - lr * decay))
        m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2
        p = p - lr * (m / (1 - beta1**t)) / (np.sqrt(v / (1 - beta2**t)) + eps)
    return p


def reference_lion(p, gradient, lr=LR, beta1=0.9, beta2=0.99, decay=0.0):
    m = np.zeros_like(p)
    for _ in range(STEPS):
        g = gradient(p)
        p = p - lr * decay * p - lr * np.sign(beta1 * m + (1 - beta1) * g)
        m = beta2 * m + (1 - beta2) * g
    return p


CASES = {
    "SGD": (optim.SGD, {}, reference_sgd),
    "momentum": (optim.SGD, {"momentum": 0.9}, lambda *a: reference_sgd(*a, momentum=0.9)),
    "Nesterov": (
        optim.SGD,
        {"momentum": 0.9, "nesterov": True},
        lambda *a: reference_sgd(*a, momentum=0.9, nesterov=True),
    ),
    "Adagrad": (optim.Adagrad, {}, reference_adagrad),
    "RMSprop": (optim.RMSprop, {}, reference_rmsprop),
    "Adam": (optim.Adam, {}, reference_adam),
    "AdamW": (optim.AdamW, {"weight_decay": 0.2}, lambda *a: reference_adam(*a, decay=0.2)),
    "Lion": (
        optim.Lion,
        {"betas": (0.2, 0.6), "weight_decay": 0.3},
        lambda *a: reference_lion(*a, beta1=0.2, beta2=0.6, decay=0.3),
    ),
}
OTHERS = {optim.LBFGS, optim.Muon}  # which look at the loss, and take matrices only
KINDS = [
    kind
    for name in optim.__all__
    if (kind := vars(optim)[name]) not in {*OTHERS, optim.Optimizer}
    and isinstance(kind, type)
    and issubclass(kind, optim.Optimizer)
]


def leaf(values=START, dtype="float64"):
    return gradus.tensor(values, dtype, requires_grad=True)


def descend(optimizer, p, steps=STEPS):
    for _ in range(steps):
        optimizer.zero_grad()
        ((p - TARGET.astype(p.dtype)) ** 4).sum().backward()
        optimizer.step()
    return p.numpy().copy()


@pytest.mark.parametrize("name", CASES)
def test_ten_steps(name):
    kind, options, reference = CASES[name]
    p = leaf()
    found = descend(kind([p], lr=LR, **options), p)
    np.testing.assert_allclose(found, reference(START, lambda p: 4 * (p - TARGET) ** 3), rtol=1e-10)


def test_weight_decay_is_the_gradient_of_a_penalty():
    p, q = leaf(), leaf()
    p.grad, q.grad = gradus.tensor(START), gradus.tensor(START) + 0.3 * q.detach()
    optim.Adam([p], lr=LR, weight_decay=0.3).step()
    optim.Adam([q], lr=LR).step()
    np.testing.assert_array_equal(p.numpy(), q.numpy())


def test_defaults_are_those_of_the_papers():
    p = leaf()
    adam, adamw = optim.Adam([p]), optim.AdamW([p])
    assert (adam.lr, adam.betas, adam.eps, adam.weight_decay) == (1e-3, (0.9, 0.999), 1e-8, 0)
    assert (adamw.lr, adamw.weight_decay) == (1e-3, 1e-2)
    lion = optim.Lion([p])
    assert (lion.lr, lion.betas, lion.weight_decay, lion.maximize) == (1e-4, (0.9, 0.99), 0, False)
    assert (optim.Adagrad([p]).lr, optim.Adagrad([p]).eps) == (1e-2, 1e-10)
    assert (optim.RMSprop([p]).lr, optim.RMSprop([p]).alpha) == (1e-2, 0.99)


@pytest.mark.parametrize("kind", KINDS)
def test_half_precision_updates_in_float32(kind):
    """A float16 parameter takes the steps of float32, rounded once each: gradients of 1e-5 square to 0 in float16."""
    p = leaf(np.ones(3), "float16")
    optimizer = kind([p], lr=0.01)
    p.grad = gradus.full(3, 1e-5, "float16")
    optimizer.step()
    assert p.dtype == "float16"
    assert all(s.dtype == "float32" for state in optimizer.state for s in state.values())
    expected = leaf(np.ones(3), "float32")
    expected.grad = gradus.full(3, 1e-5, "float16").astype("float32")
    kind([expected], lr=0.01).step()
    np.testing.assert_array_equal(p.numpy(), expected.numpy().astype("float16"))


@pytest.mark.parametrize("kind", KINDS)
def test_only_what_has_a_gradient_is_changed(kind):
    used, unused, frozen = leaf(), leaf(), leaf()
    used.grad = frozen.grad = gradus.tensor(START)
    frozen.requires_grad_(False)
    kind([used, unused, frozen], lr=LR).step()
    assert (used.numpy() != START).all()
    for p in (unused, frozen):
        np.testing.assert_array_equal(p.numpy(), START)


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_are_left_as_they_are(kind):
    p = leaf()
    p.grad = gradus.tensor(START)
    kind([p], lr=LR, weight_decay=0.1).step()
    np.testing.assert_array_equal(p.grad.numpy(), START)
    assert p.is_leaf
    assert p.requires_grad


@pytest.mark.parametrize("name", CASES)
def test_a_saved_state_goes_on_bit_for_bit(name):
    kind, options, _ = CASES[name]
    schedule = optim.schedules.cosine(LR, 20)
    p = leaf()
    optimizer = kind([p], lr=schedule, **options)
    descend(optimizer, p, 5)
    optimizer.scale.assign_(gradus.tensor(0.5, "float64"))
    saved = {n: t.numpy().copy() for n, t in optimizer.state_dict().items()}
    q = leaf(p.numpy())
    other = kind([q], lr=schedule, **options)
    other.load_state_dict(saved)
    np.testing.assert_array_equal(descend(optimizer, p), descend(other, q))
    assert other.steps.item() == 15


def test_a_foreign_state_is_refused_and_nothing_written():
    optimizer = optim.Adam([leaf()])
    before = {n: t.numpy().copy() for n, t in optimizer.state_dict().items()}
    with pytest.raises(CheckpointError, match=r"Adam over 1 parameters.*'0.m' is \(2, 3\) here, absent in the saved"):
        optimizer.load_state_dict(optim.SGD([leaf()], 0.1).state_dict())
    with pytest.raises(CheckpointError, match=r"\(2, 3\) here, \(4,\)"):
        optimizer.load_state_dict(optim.Adam([leaf(np.ones(4))], lr=7).state_dict())
    for n, t in optimizer.state_dict().items():
        np.testing.assert_array_equal(t.numpy(), before[n])


@pytest.mark.filterwarnings("ignore:SGD.step")
def test_the_rate_can_be_changed():
    optimizer = optim.SGD([leaf()], lr=0.1)
    optimizer.lr = 0.5
    assert optimizer.lr == 0.5
    optimizer.lr = optim.schedules.step(1.0, every=1, factor=0.5)
    optimizer.step()
    assert optimizer.lr == 0.5
    optimizer.scale.assign_(gradus.tensor(0.1, "float64"))
    assert optimizer.lr == 0.05


NEW = {
    "Adadelta": {},
    "Adamax": {},
    "NAdam": {},
    "RAdam": {},
    "Lion": {},
    "Muon": {},
    "ASGD": {"t0": 1.0},
    "Adafactor": {},
    "SGD": {"momentum": 0.9, "dampening": 0.1, "lr": 0.1},
    "Adam": {"amsgrad": True, "maximize": True},
}


def test_rprop_steps_by_signs_and_leaves_out_where_they_turn():
    p = gradus.tensor([0.0], requires_grad=True)
    optimizer, places = optim.Rprop([p], lr=0.1, step_sizes=(1e-6, 0.15)), []
    for slope in (-3.0, -0.1, -7.0, 2.0, 2.0, 2.0):
        p.grad = gradus.tensor([slope])
        optimizer.step()
        places.append(round(p.item(), 6))
    assert places == [0.1, 0.22, 0.364, 0.364, 0.292, 0.2056]


def test_what_new_optimizers_refuse():
    p = gradus.tensor([0.0], requires_grad=True)
    for make, words in (
        (lambda: optim.Rprop([p], etas=(1.0, 1.2)), r"etas\[0\] must be in \(0, 1\), got 1.0"),
        (lambda: optim.Rprop([p], step_sizes=(1.0, 0.1)), "the smallest and the largest"),
        (lambda: optim.ASGD([p], lambd=-1.0), r"lambd must be in \[0, inf\)"),
        (lambda: optim.Adafactor([p], d=0.5), r"d must be in \[1, inf\)"),
        (lambda: optim.Adafactor([p], eps=(None, -1.0)), "eps must be in"),
    ):
        with pytest.raises(ArgumentError, match=words):
            make()
    matrix = gradus.zeros((4, 3)).requires_grad_()
    assert {n: t.shape for n, t in optim.Adafactor([matrix]).state[0].items()} == {"rows": (4, 1), "columns": (1, 3)}


@pytest.mark.parametrize("kind", NEW)
def test_groups_compiled_saved_and_gone_on_with(kind):
    def made():
        rng = np.random.default_rng(0)
        body, head = (gradus.tensor(rng.normal(size=(3, 3)), requires_grad=True) for _ in range(2))
        groups = [{"params": [body], "lr": optim.schedules.cosine(0.1, 10)}, {"params": head, "weight_decay": 0.1}]
        optimizer = getattr(optim, kind)(groups, **NEW[kind])

        def step(x):
            optimizer.zero_grad()
            loss = ((x @ body).tanh() @ head).square().sum()
            loss.backward()
            optimizer.step()
            return loss

        return [body, head], optimizer, step

    x = gradus.tensor(np.random.default_rng(1).normal(size=(4, 3)))
    params, optimizer, step = made()
    for _ in range(3):
        step(x)
    kept = {n: t.copy() for n, t in optimizer.state_dict().items()}, [p.detach().copy() for p in params]
    for _ in range(3):
        step(x)
    again, other, step = made()
    other.load_state_dict(kept[0])
    for p, old in zip(again, kept[1], strict=True):
        p.assign_(old)
    compiled = gradus.compile(step)
    for _ in range(3):
        compiled(x)
    for a, b in zip(params, again, strict=True):
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-9, atol=1e-12)
    assert optimizer.param_groups[1]["weight_decay"] == 0.1
    optimizer.param_groups[1]["lr"] = 0.25
    assert [g["lr"] for g in optimizer.param_groups][1] == 0.25 and len(optimizer.params) == 2
    with pytest.raises(ArgumentError, match="Did you mean 'weight_decay'"):
        optimizer.param_groups[0]["weight_decya"] = 1.0


def test_averages_of_weights_in_a_compiled_step():
    gradus.seed(0)
    model = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    averages = [optim.AveragedModel(model), optim.AveragedModel(model, decay=0.5)]
    x, seen = gradus.randn(8, 2), []

    @gradus.compile
    def step(x):
        with gradus.no_grad():
            for p in model.parameters():
                p -= 0.1 * p
            model(x)
            for average in averages:
                average.update_parameters(model)

    for _ in range(3):
        step(x)
        seen.append(model[0].weight.detach().numpy().copy())
    np.testing.assert_allclose(averages[0].module[0].weight.numpy(), np.mean(seen, 0), rtol=1e-5)
    moving = 0.5 * (0.5 * seen[0] + 0.5 * seen[1]) + 0.5 * seen[2]
    np.testing.assert_allclose(averages[1].module[0].weight.numpy(), moving, rtol=1e-5)
    np.testing.assert_array_equal(averages[0].module[1].running_mean.numpy(), model[1].running_mean.numpy())


def test_two_optimizers_do_as_well_as_groups():
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    fast, slow = optim.SGD(model[0].parameters(), lr=1.0), optim.SGD(model[1].parameters(), lr=0.0)
    before = [p.numpy().copy() for p in model.parameters()]
    model(gradus.ones((1, 2))).sum().backward()
    fast.step()
    slow.step()
    changed = [(p.numpy() != b).any() for p, b in zip(model.parameters(), before, strict=True)]
    assert changed == [True, True, False, False]


def used_up():
    params = (p for p in [leaf()])
    list(params)
    return params


TWICE = leaf()
REFUSED = {
    "empty": (list, "SGD: there is nothing to train.*used up"),
    "used up": (used_up, "SGD: there is nothing to train.*used up"),
    "twice": (lambda: [TWICE, TWICE], "in the list twice"),
    "computed": (lambda: [leaf() * 2], "floating-point leaves, got the result of multiply.*parameters"),
    "integers": (lambda: [gradus.tensor([1, 2])], "floating-point leaves, got one of int64"),
    "names": (lambda: nn.Linear(1, 1).named_parameters(), r"got \('weight'.*model.parameters\(\)"),
    "a model": (lambda: nn.Linear(1, 1), "got Linear. Pass model.parameters"),
    "a group and none": (lambda: [{"params": [leaf()]}, leaf()], 'each group is a dict with "params", got a Tensor'),
    "no group": (lambda: [{"param": [leaf()]}], 'with "params", got the keys'),
    "an array": (lambda: [START], "expects tensors"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_parameters_that_are_refused(name):
    make, message = REFUSED[name]
    with pytest.raises(ArgumentError, match=message):
        optim.SGD(make(), lr=0.1)


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        (optim.SGD, {"lr": -1}, r"SGD: lr must be in \[0, inf\), got -1"),
        (optim.SGD, {"lr": float("nan")}, "SGD: lr .* got nan"),
        (optim.SGD, {"lr": "fast"}, "SGD: lr .* got 'fast'"),
        (optim.SGD, {"lr": 1, "momentum": 1.0}, r"SGD: momentum must be in \[0, 1\), got 1.0"),
        (optim.SGD, {"lr": 1, "nesterov": True}, "needs a momentum"),
        (optim.SGD, {"lr": 1, "weight_decay": -0.1}, "SGD: weight_decay"),
        (optim.RMSprop, {"alpha": 1.5}, "RMSprop: alpha"),
        (optim.Adagrad, {"eps": -1}, "Adagrad: eps"),
        (optim.Adam, {"betas": (0.9, 1.0)}, r"Adam: betas must be in \[0, 1\), got 1.0"),
        (optim.Adam, {"betas": (0.9,)}, "Adam: betas are two numbers"),
        (optim.AdamW, {"betas": 0.9}, "AdamW: betas are two numbers"),
    ],
)
def test_arguments_out_of_range(kind, options, message):
    with pytest.raises(ArgumentError, match=message):
        kind([leaf()], **options)


def test_clip_grad_norm():
    p, q = leaf(np.zeros(2)), leaf(np.zeros(1), "float32")
    p.grad, q.grad = gradus.tensor([3.0, 0.0], "float64"), gradus.tensor([4.0])
    shared = p.grad
    assert optim.clip_grad_norm_((t for t in (p, q, leaf())), 1.0).item() == 5
    np.testing.assert_allclose([*p.grad.tolist(), *q.grad.tolist()], [0.6, 0, 0.8], rtol=1e-6)
    assert (p.grad.dtype, q.grad.dtype) == ("float64", "float32")
    assert shared.tolist() == [3, 0]  # another may hold it
    before = p.grad.tolist()
    optim.clip_grad_norm_([p, q], 100.0)
    assert p.grad.tolist() == before
    assert optim.clip_grad_norm_([leaf()], 1.0).item() == 0


def test_clip_grad_norm_of_half_precision_does_not_overflow():
    p = leaf(np.zeros(2), "float16")
    p.grad = gradus.tensor([3000.0, 4000.0], "float16")
    assert optim.clip_grad_norm_(p, 1.0).item() == 5000
    np.testing.assert_allclose(p.grad.numpy(), [0.6, 0.8], rtol=1e-3)


def test_clip_grad_value():
    p = leaf(np.zeros(3))
    p.grad = shared = gradus.tensor([-3.0, 0.5, 2.0], "float64")
    optim.clip_grad_value_([p, leaf()], 1.0)
    assert p.grad.tolist() == [-1, 0.5, 1]
    assert shared.tolist() == [-3, 0.5, 2]


def test_clipping_refuses_bounds_below_0():
    for clip in (optim.clip_grad_norm_, optim.clip_grad_value_):
        with pytest.raises(ArgumentError, match=clip.__name__):
            clip([leaf()], -1.0)


class Abstract(interpret.Eager):
    """Knows shapes and dtypes only, like a tracing compiler: whoever looks at a number fails."""

    in_place = False

    def apply(self, primitive, inputs, params):
        return primitive.rule(*(Shaped(x.shape, x.dtype) for x in inputs), **params)

    def assign(self, target, value):
        assert (target.shape, target.dtype) == (value.shape, value.dtype)

    def concrete(self, tensor):
        raise AssertionError("a number was looked at")


class Mixture(nn.Module):
    """Recurrence, attention and dropout before scores."""

    def __init__(self):
        self.rnn = nn.LSTM(4, 8, num_layers=2, dropout=0.5, bidirectional=True)
        self.attention = nn.MultiheadAttention(16, 2, dropout=0.1)
        self.out = nn.Linear(16, 10)

    def forward(self, x):
        h, _ = self.rnn(x)
        h, _ = self.attention(h, h, h, is_causal=True)
        return self.out(h).swapaxes(1, 2)


@pytest.mark.parametrize("name", CASES)
def test_a_whole_step_looks_at_no_numbers(name):
    kind, options, _ = CASES[name]
    model = Mixture()
    schedule = optim.schedules.warmup(10, optim.schedules.one_cycle(0.1, 100))
    optimizer = kind(model.parameters(), lr=schedule, **{"weight_decay": 0.1, **options})
    x, y = Tensor(Shaped((5, 3, 4), gradus.float32)), Tensor(Shaped((5, 3), gradus.int64))
    token = interpret.current.set(Abstract())
    try:
        loss = F.cross_entropy(model(x), y, label_smoothing=0.1)
        loss.backward()
        optim.clip_grad_norm_(model.parameters(), 1.0)
        optim.clip_grad_value_(model.parameters(), 1.0)
        optimizer.step()
    finally:
        interpret.current.reset(token)
    assert (loss.shape, loss.dtype) == ((), "float32")


@pytest.mark.parametrize("wrap", [lambda f: f, gradus.compile])
@pytest.mark.parametrize("kind", [optim.Adam, lambda p: optim.SGD(p, lr=0.1, momentum=0.9)])
def test_the_state_follows_a_model_that_is_converted(kind, wrap):
    model = nn.Linear(3, 2)
    optimizer = kind(model.parameters())

    @wrap
    def step(x):
        optimizer.zero_grad()
        (model(x) ** 2).sum().backward()
        optimizer.step()

    step(gradus.ones((1, 3)))
    kept = [t.numpy().copy() for state in optimizer.state for t in state.values()]
    model.astype("float64")
    step(gradus.zeros((1, 3), "float64"))  # whose gradients are those of the bias alone
    state = [t for state in optimizer.state for t in state.values()]
    assert kept and all(t.dtype == gradus.float64 for t in state)
    assert not np.array_equal(state[0].numpy(), kept[0])
    model.astype("float16")
    step(gradus.ones((1, 3), "float16"))
    assert all(t.dtype == gradus.float32 for state in optimizer.state for t in state.values())
    assert all(p.dtype == gradus.float16 for p in model.parameters())


@pytest.mark.parametrize(
    "name", ["SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "Adadelta", "Adamax", "NAdam", "RAdam", "Lion", "ASGD"]
)
def test_small_parameters_are_changed_together_bit_by_bit_as_alone(name):
    kind = getattr(optim, name)
    found = []
    for one in (kind, type("Alone", (kind,), {})):  # a class of one's own says nothing of its update
        assert vars(one).get("elementwise", False) == (one is kind)
        gradus.seed(1)
        params = [gradus.randn(s).requires_grad_() for s in ((3,), (), (2, 5), (70, 70), (4,))]
        optimizer = one(params, lr=0.01, weight_decay=0.1)
        for _ in range(3):
            for i, p in enumerate(params):
                p.grad = gradus.randn(p.shape) if i != 4 else None
            optimizer.step()
        found.append([t.numpy() for t in (*params, *optimizer.state_dict().values())])
    for a, b in zip(*found, strict=True):
        np.testing.assert_array_equal(a, b)


def test_options_of_groups_hold() -> None:
    def made(**options):
        p = gradus.tensor([1.0, 2.0], "float64", requires_grad=True)
        return p, {"params": [p], **options}

    def trained(p, optimizer, steps=5):
        for _ in range(steps):
            optimizer.zero_grad()
            (p * p).sum().backward()
            optimizer.step()
        return p.tolist()

    p, group = made()
    alone, single = made()[0], None
    single = optim.NAdam([alone], lr=0.1, momentum_decay=0.5)
    assert trained(p, optim.NAdam([group], lr=0.1, momentum_decay=0.5)) == trained(alone, single)
    (_, first), (_, second) = made(initial_accumulator_value=4.0), made()
    adagrad = optim.Adagrad([first, second], initial_accumulator_value=1.0)
    assert [s["squares"].tolist() for s in adagrad.state] == [[4, 4], [1, 1]]
    p, group = made()
    sgd = optim.SGD([group], lr=0.1)
    sgd.maximize, sgd.weight_decay = True, 1.0
    assert sgd.param_groups[0]["maximize"] and sgd.param_groups[0]["weight_decay"] == 1
    with pytest.raises(ArgumentError, match="decides which state is kept"):
        sgd.param_groups[0]["momentum"] = 0.9
    with pytest.raises(ArgumentError, match="weight_decay"):
        sgd.weight_decay = -1.0


def test_rates_of_groups_and_the_scale() -> None:
    optimizer = optim.SGD([{"params": leaf(), "lr": 1.0}, {"params": leaf(), "lr": 0.1}], lr=1.0)
    plateau = optim.ReduceOnPlateau(optimizer, patience=0, min_lr=0.05)
    plateau.step(1.0)
    plateau.step(1.0)
    assert optimizer.scale.item() == pytest.approx(0.5)  # the smaller rate is at the least one
    for group in optimizer.param_groups:
        group["lr"] *= 0.5
    assert [group["lr"] for group in optimizer.param_groups] == [0.5, 0.05]
    assert optimizer.lr == pytest.approx(0.25)


def test_shared_weights_are_averaged_once() -> None:
    model = nn.Sequential(nn.Linear(1, 1, bias=False), nn.Linear(1, 1, bias=False))
    model[1].weight = model[0].weight
    average = optim.AveragedModel(model)
    for value in (1.0, 2.0, 6.0):
        model[0].weight.assign_(value)
        average.update_parameters(model)
    assert [layer.weight.item() for layer in average.module.children()] == [3, 3]


def test_lbfgs_goes_on_where_it_was() -> None:
    def made():
        x = gradus.tensor([-1.5, 2.0], "float64", requires_grad=True)
        optimizer = optim.LBFGS([x], lr=0.5, max_iter=3)

        def closure():
            optimizer.zero_grad()
            loss = (1 - x[0]) ** 2 + 10 * (x[1] - x[0] ** 2) ** 2
            loss.backward()
            return loss

        return x, optimizer, closure

    x, optimizer, closure = made()
    optimizer.step(closure)
    state, at = {n: t.copy() for n, t in optimizer.state_dict().items()}, x.detach().copy()
    optimizer.step(closure)
    again, other, closure = made()
    again.assign_(at)
    other.load_state_dict(state)
    other.step(closure)
    assert again.tolist() == x.tolist()


def test_gradients_are_forgotten_or_filled_with_zeros():
    p, q = leaf(), leaf()
    optimizer = optim.SGD([p, q], lr=LR)
    p.grad = gradus.tensor(START)
    optimizer.zero_grad(set_to_none=False)
    assert p.grad.tolist() == np.zeros_like(START).tolist()
    assert q.grad is None
    optimizer.zero_grad()
    assert p.grad is None


def test_an_optimizer_says_what_is_unusual():
    optimizer = optim.Adam([leaf(), leaf()], lr=0.25, betas=(0.5, 0.9))
    assert repr(optimizer) == "Adam(2 parameters, lr=0.25, betas=(0.5, 0.9), steps=0)"
    named = optim.SGD([leaf()], lr=optim.schedules.constant(0.5), weight_decay=0.1)
    named.params[0].grad = gradus.tensor(START)
    named.step()
    assert repr(named) == "SGD(1 parameters, lr=constant, weight_decay=0.1, steps=1)"
