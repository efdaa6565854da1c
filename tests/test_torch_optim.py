"""Optimizers, schedules and clipping against PyTorch, over ten steps."""

from __future__ import annotations

import numpy as np
import pytest

import gradus
from gradus import optim
from gradus.optim import schedules

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

LR = torch.optim.lr_scheduler

TOLERANCE = {"float32": 1e-5, "float64": 1e-10}
STEPS = 10

# gradus' class, PyTorch's name if another, options
OPTIMIZERS = {
    "SGD": ("SGD", {}),
    "momentum": ("SGD", {"momentum": 0.9}),
    "Nesterov": ("SGD", {"momentum": 0.9, "nesterov": True}),
    "Adagrad": ("Adagrad", {}),
    "RMSprop": ("RMSprop", {}),
    "RMSprop momentum": ("RMSprop", {"momentum": 0.9, "alpha": 0.9}),
    "RMSprop centered": ("RMSprop", {"centered": True, "momentum": 0.5}),
    "Adam": ("Adam", {}),
    "Adam betas": ("Adam", {"betas": (0.8, 0.9), "eps": 1e-3}),
    "AdamW": ("AdamW", {}),
    "dampening": ("SGD", {"momentum": 0.9, "dampening": 0.5}),
    "climbing": ("SGD", {"maximize": True}),
    "climbing AdamW": ("AdamW", {"maximize": True}),
    "amsgrad": ("Adam", {"amsgrad": True}),
    "amsgrad AdamW": ("AdamW", {"amsgrad": True, "betas": (0.5, 0.6)}),
    "Adagrad's options": ("Adagrad", {"lr_decay": 0.1, "initial_accumulator_value": 0.5}),
    "Adadelta": ("Adadelta", {}),
    "Adamax": ("Adamax", {"betas": (0.8, 0.9)}),
    "RAdam": ("RAdam", {}),
    "RAdam at once": ("RAdam", {"betas": (0.5, 0.99)}),
    "Rprop": ("Rprop", {}),
    "Rprop options": ("Rprop", {"etas": (0.3, 1.5), "step_sizes": (1e-3, 0.1), "maximize": True}),
    "ASGD": ("ASGD", {}),
    "ASGD averaging": ("ASGD", {"lambd": 0.1, "alpha": 0.5, "t0": 2, "maximize": True}),
    "Adafactor": ("Adafactor", {}),
    "Adafactor options": ("Adafactor", {"beta2_decay": -0.5, "eps": (1e-3, 0.1), "d": 1.5, "maximize": True}),
    "RAdam decoupled": ("RAdam", {"weight_decay": 0.1, "decoupled_weight_decay": True}),
}


def problem(dtype):
    """Data, first values of a matrix and an offset, of a small regression."""
    rng = np.random.default_rng(0)
    return [rng.normal(size=s).astype(dtype) for s in ((20, 3), (20, 2), (3, 2), (2,))]


def ours(kind, options, lr, dtype):
    x, y, w, b = problem(dtype)
    w, b = (gradus.tensor(p, requires_grad=True) for p in (w, b))
    optimizer = getattr(optim, kind)([w, b], lr=lr, **options)
    for _ in range(STEPS):
        optimizer.zero_grad()
        ((gradus.tensor(x) @ w + b).tanh() - y).square().mean().backward()
        optimizer.step()
    return [w.numpy(), b.numpy()]


def theirs(kind, options, lr, dtype, scheduler=None):
    x, y, w, b = problem(dtype)
    w, b = (torch.tensor(p, requires_grad=True) for p in (w, b))
    optimizer = getattr(torch.optim, kind)([w, b], lr=lr, **options)
    schedule = scheduler and scheduler(optimizer)
    for _ in range(STEPS):
        optimizer.zero_grad()
        ((torch.tensor(x) @ w + b).tanh() - torch.tensor(y)).square().mean().backward()
        optimizer.step()
        if schedule:
            schedule.step()
    return [w.detach().numpy(), b.detach().numpy()]


def present(step):
    """The second parameter has its first gradient in the third step, the third has none in the fourth."""
    return [True, step >= 2, step != 3]


def drawn(library, kind, options, dtype, compiled=False):
    """Three parameters drawn to other numbers in each step, but for those that have no gradient in it."""
    rng = np.random.default_rng(0)
    first = [rng.normal(size=s).astype(dtype) for s in ((3, 2), (4,), (70, 80))]
    aims = [[rng.normal(size=p.shape).astype(dtype) for p in first] for _ in range(6)]
    parameters = [library.tensor(p).requires_grad_() for p in first]
    optimizer = getattr(library.optim, kind)(parameters, lr=0.05, **options)

    def step(there, *targets):
        optimizer.zero_grad()
        pairs = [pair for pair, is_there in zip(zip(parameters, targets, strict=True), there, strict=True) if is_there]
        sum(((p - t) ** 2).sum() for p, t in pairs).backward()
        optimizer.step()

    program = gradus.compile(step) if compiled else step
    for number, aim in enumerate(aims):
        program(present(number), *map(library.tensor, aim))
    return [p.detach().numpy() for p in parameters]


ADAPTIVE = ["amsgrad AdamW", "Adamax", "RAdam decoupled"]


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("name", ["dampening", "Adagrad's options", *ADAPTIVE, "Rprop", "ASGD averaging", "Adafactor"])
def test_parameters_that_have_no_gradient_in_some_steps(name, compiled):
    kind, options = OPTIMIZERS[name]
    expected = drawn(torch, kind, options, "float64")
    assert_agree(drawn(gradus, kind, options, "float64", compiled), expected, "float64", tolerance_of(kind))


def assert_agree(found, expected, dtype, tolerance=None):
    tolerance = tolerance or TOLERANCE[dtype]
    for a, b in zip(found, expected, strict=True):
        assert a.dtype == dtype
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


def tolerance_of(kind):
    """PyTorch's ASGD keeps its rate in float32, whatever it trains."""
    return 1e-6 if kind == "ASGD" else None


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize(
    ("name", "decay"), [(n, d) for n in OPTIMIZERS for d in (None, 0.0, 0.1) if d is None or not n.startswith("Rprop")]
)
def test_ten_steps(name, decay, dtype):
    kind, options = OPTIMIZERS[name]
    options = options if decay is None else {**options, "weight_decay": decay}
    assert_agree(ours(kind, options, 0.05, dtype), theirs(kind, options, 0.05, dtype), dtype, tolerance_of(kind))


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("name", [n for n in OPTIMIZERS if not n.startswith("ASGD")])  # PyTorch's is a step behind it
def test_ten_steps_on_a_schedule(name, dtype):
    kind, options = OPTIMIZERS[name]
    expected = theirs(kind, options, 0.05, dtype, lambda o: LR.CosineAnnealingLR(o, 12, eta_min=0.01))
    assert_agree(ours(kind, options, schedules.cosine(0.05, 12, final=0.01), dtype), expected, dtype)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_defaults(name):
    kind, _ = OPTIMIZERS[name]
    if kind != "SGD":  # whose rate must be given
        assert getattr(optim, kind)([gradus.tensor([1.0], requires_grad=True)]).lr == (
            getattr(torch.optim, kind)([torch.ones(1, requires_grad=True)]).param_groups[0]["lr"]
        )


def rates(scheduler, steps, lr=0.5):
    """The rates of a PyTorch scheduler, one for each step."""
    p = torch.ones(1, requires_grad=True)
    optimizer = torch.optim.SGD([p], lr=lr)
    schedule = scheduler(optimizer)
    found = []
    for _ in range(steps):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return found


SCHEDULES = {
    "step": (schedules.step(0.5, every=7, factor=0.3), lambda o: LR.StepLR(o, 7, 0.3)),
    "multistep": (schedules.multistep(0.5, [5, 6, 20], factor=0.3), lambda o: LR.MultiStepLR(o, [5, 6, 20], 0.3)),
    "exponential": (schedules.exponential(0.5, 0.9), lambda o: LR.ExponentialLR(o, 0.9)),
    "cosine": (schedules.cosine(0.5, 30, final=0.1), lambda o: LR.CosineAnnealingLR(o, 30, eta_min=0.1)),
    "polynomial": (schedules.polynomial(0.5, 20, power=2), lambda o: LR.PolynomialLR(o, 20, power=2)),
    "one cycle": (schedules.one_cycle(0.5, 30), lambda o: LR.OneCycleLR(o, 0.5, 30, cycle_momentum=False)),
    "warmup": (
        schedules.warmup(4, schedules.exponential(0.5, 0.9)),
        lambda o: LR.LambdaLR(o, lambda t: (t + 1) / 4 if t < 4 else 0.9 ** (t - 4)),
    ),
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_schedule(name):
    ours_, theirs_ = SCHEDULES[name]
    np.testing.assert_allclose(ours_(range(30)), rates(theirs_, 30), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("mode", ["min", "max"])
@pytest.mark.parametrize("options", [{}, {"cooldown": 3}, {"threshold": 0.2}, {"min_lr": 0.2}])
def test_reduce_on_plateau(mode, options):
    metrics = np.random.default_rng(1).uniform(0.5, 1, 40)
    mine = optim.SGD([gradus.tensor([1.0], requires_grad=True)], lr=0.5)
    other = torch.optim.SGD([torch.ones(1, requires_grad=True)], lr=0.5)
    a = optim.ReduceOnPlateau(mine, mode, factor=0.5, patience=2, **options)
    b = LR.ReduceLROnPlateau(other, mode, factor=0.5, patience=2, **options)
    for m in metrics:
        a.step(m)
        b.step(m)
        assert mine.lr == pytest.approx(other.param_groups[0]["lr"], rel=1e-7)
    assert mine.lr < 0.5


@pytest.mark.parametrize("max_norm", [0.1, 100.0])
def test_clip_grad_norm(max_norm):
    gradients = [np.random.default_rng(i).normal(size=s) for i, s in enumerate([(3, 4), (5,)])]
    a, b = [gradus.tensor(g, requires_grad=True) for g in gradients], [torch.tensor(g) for g in gradients]
    for p, q, g in zip(a, b, gradients, strict=True):
        p.grad, q.grad = gradus.tensor(g), torch.tensor(g)
    norm = optim.clip_grad_norm_(a, max_norm)
    expected = torch.nn.utils.clip_grad_norm_(b, max_norm)
    assert norm.item() == pytest.approx(expected.item(), rel=1e-12)
    for p, q in zip(a, b, strict=True):
        np.testing.assert_allclose(p.grad.numpy(), q.grad.numpy(), rtol=1e-12)


def grouped(optimizer, leaf, options):
    """Ten steps with two groups, whose rates fall by hand, and the parameters then."""
    w, b = map(leaf, problem("float64")[2:])
    made = optimizer([{"params": [w], "lr": 0.1}, {"params": b, **options}], lr=0.05)
    for i in range(STEPS):
        made.zero_grad()
        (((w * 2).sum() * b).sum() ** 2 + (w * w).sum() + b.sum()).backward()
        made.step()
        for group in made.param_groups:
            group["lr"] *= 0.9 if i % 2 else 1.0
    return [p.detach().numpy() for p in (w, b)]


@pytest.mark.parametrize(
    ("kind", "options"),
    [("SGD", {"momentum": 0.5}), ("Adam", {"betas": (0.5, 0.9), "weight_decay": 0.1}), ("Adamax", {"lr": 0.01})],
)
def test_groups(kind, options):
    mine = grouped(getattr(optim, kind), lambda p: gradus.tensor(p, requires_grad=True), options)
    other = grouped(getattr(torch.optim, kind), lambda p: torch.tensor(p, requires_grad=True), options)
    assert_agree(mine, other, "float64")


@pytest.mark.parametrize("search", [None, "strong_wolfe"])
def test_lbfgs(search):
    def run(module, made):
        x = made([-1.5, 2.0, 0.5])
        optimizer = module.LBFGS([x], lr=0.5, max_iter=5, line_search_fn=search)

        def closure():
            optimizer.zero_grad()
            loss = ((1 - x[:-1]) ** 2).sum() + 10 * ((x[1:] - x[:-1] ** 2) ** 2).sum()
            loss.backward()
            return loss

        return [optimizer.step(closure).detach().item() for _ in range(30)], x.tolist()

    mine, at = run(optim, lambda v: gradus.tensor(v, "float64", requires_grad=True))
    other, there = run(torch.optim, lambda v: torch.tensor(v, dtype=torch.float64, requires_grad=True))
    np.testing.assert_allclose(mine[:3], other[:3], rtol=1e-5)
    np.testing.assert_allclose(at, there, rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(at, 1, atol=1e-3)


def test_muon():
    _, _, w, _ = problem("float32")
    made = [gradus.tensor(w, requires_grad=True), torch.tensor(w, requires_grad=True)]
    for p, module in zip(made, (optim, torch.optim), strict=True):
        optimizer = module.Muon([p], lr=0.1)
        for _ in range(STEPS):
            optimizer.zero_grad()
            ((p - 1) ** 2).sum().backward()
            optimizer.step()
    np.testing.assert_allclose(made[0].detach().numpy(), made[1].detach().numpy(), atol=0.02)  # theirs in bfloat16


DECOUPLED = {"weight_decay": 0.1, "decoupled_weight_decay": True}


@pytest.mark.parametrize("options", [{}, {"momentum_decay": 0.1, "weight_decay": 0.1}, DECOUPLED])
def test_nadam(options):
    found, expected = (f("NAdam", options, 0.05, "float64") for f in (ours, theirs))
    assert_agree(found, expected, "float64", 1e-6)  # their product of momenta is in float32
    found, expected = (drawn(library, "NAdam", options, "float64") for library in (gradus, torch))
    assert_agree(found, expected, "float64", 1e-6)
