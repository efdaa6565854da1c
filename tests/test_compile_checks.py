"""What eager mode refuses for its values, compiled programs refuse with the same error, before anything is written."""

import numpy as np
import pytest

import gradus
from gradus import functional as F
from gradus import nn, optim
from gradus.control import while_loop
from gradus.data import DataLoader, TensorDataset
from gradus.errors import ArgumentError, DataError, GradusError, ShapeError
from gradus.models import RBM, McCullochPitts
from gradus.train import Trainer

pytestmark = pytest.mark.filterwarnings("ignore::gradus.errors.MistakeWarning")  # of numbers that are no logarithms
W = np.random.default_rng(0).standard_normal((5, 3)).astype("float32")


def rows(values, dtype="int64"):
    """As many rows as the tests have in a batch, the first of them these."""
    return np.resize(np.asarray(values, dtype), (8, *np.shape(values)[1:]))


class Case:
    """One check: a function of (w, x) with a loss, good and wrong values of x, and where in x the wrong one stands."""

    def __init__(self, loss, good, *bad, at=0, error=DataError):
        self.loss, self.good, self.error, self.at = loss, np.asarray(good), error, at
        self.bad = []
        for value in bad:
            wrong = self.good.copy()
            wrong[at] = value
            self.bad.append(wrong)


LABELS = rows([0, 2, 1])
UNIT = rows([0.0, 1.0, 0.5], "float32")
SIGNS = rows([1.0, -1.0], "float32")
BITS = rows([[0, 1, 1]], "float32")


def _standardised():
    v = np.random.default_rng(1).standard_normal((8, 3)).astype("float32")
    return (v - v.mean(0)) / v.std(0)


def _rbm(units):
    rbm = RBM(3, 2, units=units)

    def loss(w, v):
        return rbm.contrastive_divergence(v)["reconstruction"] + w.sum()

    return loss


def _scores(w):
    """Eight rows of three scores."""
    return gradus.concatenate([w, w[:3]])


CASES = {
    "cross_entropy": Case(lambda w, y: F.cross_entropy(_scores(w), y), LABELS, 3, -1, 100, at=5),
    "cross_entropy int32": Case(lambda w, y: F.cross_entropy(_scores(w), y), LABELS.astype("int32"), 3, -1, at=7),
    "cross_entropy uint8": Case(lambda w, y: F.cross_entropy(_scores(w), y), LABELS.astype("uint8"), 3, 255, at=7),
    "cross_entropy smoothed": Case(lambda w, y: F.cross_entropy(_scores(w), y, label_smoothing=0.1), LABELS, 3, at=1),
    "cross_entropy, a column": Case(
        lambda w, y: F.cross_entropy(_scores(w), y[:, 1]), rows([[9, 0], [9, 2]]), [0, 3], [0, -1], at=3
    ),
    "nll_loss": Case(lambda w, y: F.nll_loss(_scores(w), y), LABELS, 3, -2, at=2),
    "hinge of classes": Case(lambda w, y: F.hinge_loss(_scores(w), y), LABELS, 3, -2, at=2),
    "hinge of two": Case(lambda w, y: F.hinge_loss(_scores(w)[:, 0], y), SIGNS, 0, 2, np.nan, at=4),
    "hinge of two, int8": Case(lambda w, y: F.hinge_loss(_scores(w)[:, 0], y), SIGNS.astype("int8"), 0, -2, at=4),
    "binary_cross_entropy": Case(
        lambda w, y: F.binary_cross_entropy(_scores(w)[:, 0].sigmoid(), y), UNIT, 7.0, -0.1, np.inf, at=6
    ),
    "binary_cross_entropy of p": Case(
        lambda w, p: F.binary_cross_entropy(p, np.zeros(8, "float32")) + w.sum(), UNIT, 1.5, -3, at=6
    ),
    "with logits": Case(lambda w, y: F.binary_cross_entropy_with_logits(_scores(w)[:, 0], y), UNIT, 1.01, -0.5, at=6),
    "with logits, float64": Case(
        lambda w, y: F.binary_cross_entropy_with_logits(_scores(w)[:, 0].astype("float64"), y),
        UNIT.astype("float64"),
        1 + 1e-15,
        at=6,
    ),
    "with logits, bfloat16": Case(
        lambda w, y: F.binary_cross_entropy_with_logits(_scores(w)[:, 0].astype("bfloat16"), y),
        UNIT.astype(gradus.bfloat16),
        1.01,
        at=6,
    ),
    "kl_div": Case(lambda w, y: F.kl_div(F.log_softmax(_scores(w), 1)[:, 0], y), UNIT, 1.5, -0.5, at=6),
    "embedding": Case(lambda w, x: F.embedding(x, w).sum(), rows([0, 4, 2]), 5, -1, 2**40, at=3),
    "embedding of twos": Case(lambda w, x: (F.embedding(x, w) ** 2).sum(), rows([[0, 4], [2, 2]]), [0, 5], at=3),
    "embedding, transposed": Case(lambda w, x: F.embedding(x.T, w).sum(), rows([[0, 4], [2, 2]]), [-1, 5], at=3),
    "one_hot": Case(lambda w, x: (F.one_hot(x, 5) @ w.sum(1)).sum(), rows([0, 4, 2]), 5, -1, at=3),
    "take": Case(lambda w, x: w.take(x, 0).sum(), rows([0, 4, -5]), 5, -6, at=3, error=ShapeError),
    "take, int8": Case(lambda w, x: w.take(x, 0).sum(), rows([0, 4, -5], "int8"), 5, -6, at=3, error=ShapeError),
    "take of columns": Case(lambda w, x: w.take(x, 1).sum(), rows([0, 2, -3]), 3, -4, at=3, error=ShapeError),
    "getitem": Case(lambda w, x: w[x].sum(), rows([0, 4, -5]), 5, -6, at=3, error=ShapeError),
    "getitem by a scalar": Case(lambda w, x: w[x[2]].sum(), rows([0, 4, -5]), 5, -6, at=2, error=ShapeError),
    "getitem by two": Case(
        lambda w, x: w[x[:, 0], x[:, 1]].sum(),
        rows([[0, 2], [-5, -3]]),
        [5, 0],
        [0, 3],
        [4, -4],
        at=3,
        error=ShapeError,
    ),
    "pick": Case(lambda w, x: gradus.pick(_scores(w), x).sum(), rows([0, 2, -3]), 3, -4, at=3, error=ShapeError),
    "scatter_add": Case(
        lambda w, x: (gradus.segment_sum(_scores(w), x, 4) ** 2).sum(), rows([0, 3, -4]), 4, -5, at=3, error=ShapeError
    ),
    "power": Case(lambda w, x: (3**x).sum() * w.sum(), rows([0, 3, 4]), -1, at=3, error=ArgumentError),
    "McCullochPitts": Case(
        lambda w, x: McCullochPitts([[1, 1, -1]], [1])(x).sum() + w.sum(), BITS, [0, 0.5, 1], [2, 0, 0], at=3
    ),
    "RBM of bits": Case(_rbm("bernoulli"), BITS, [0, 0.5, 1.5], [0, np.nan, 0], at=3),
    "Gaussian RBM": Case(_rbm("gaussian"), _standardised(), [100, 0, 0], at=3),
    "while_loop": Case(
        lambda w, x: (
            while_loop(lambda s: s[0] < 20, lambda s: (s[0] * 2,), (x.max() + w.detach().sum() * 0,), 3)[0] + w.sum()
        ),
        rows([4.0], "float32"),
        1.0,
        at=slice(None),
        error=ArgumentError,
    ),
    # worked out by the program
    "embedding of a sum": Case(lambda w, x: F.embedding(x.cumsum(0), w).sum(), rows([0, 1, 0]), 9, -7, at=3),
    "labels that were found": Case(lambda w, x: F.cross_entropy(_scores(w), x * x.max()), rows([0, 1, 1]), 3, at=3),
    "probabilities that were found": Case(
        lambda w, x: F.binary_cross_entropy(x / x.sum(), UNIT) + w.sum(), UNIT, -0.5, at=2
    ),
}
NAMES = [(name, i) for name, case in CASES.items() for i in range(len(case.bad))]
FIRST = [(name, i) for name, i in NAMES if i == 0]


def training(case):
    w = gradus.tensor(W, requires_grad=True)
    optimizer = optim.Adam([w], lr=0.1)

    def step(x):
        optimizer.zero_grad()
        loss = case.loss(w, x)
        loss.backward()
        optimizer.step()
        return loss

    return w, optimizer, step


def refused(call, error=GradusError):
    with pytest.raises(error) as found:
        call()
    return found.value


def said(problem):
    """What an error says, without where."""
    said = problem.message if isinstance(problem, ShapeError) else str(problem.args[0]).split(" Called at ")[0]
    return said, problem.mistake


@pytest.mark.parametrize(("name", "i"), NAMES)
def test_a_call_is_refused_as_eagerly(name, i):
    case = CASES[name]
    gradus.seed(0)
    eager = refused(lambda: training(case)[2](gradus.tensor(case.bad[i])), case.error)
    w, optimizer, step = training(case)
    step = gradus.compile(step)
    first = step(gradus.tensor(case.good))
    assert np.isfinite(first.item())
    before = w.numpy().copy(), {k: v.numpy().copy() for k, v in optimizer.state_dict().items()}
    state = gradus.random.default.state.numpy().copy()
    for _ in range(2):
        problem = refused(lambda: step(gradus.tensor(case.bad[i])))
        assert type(problem) is type(eager)
        assert said(problem) == said(eager)
        assert "test_compile_checks.py:" in str(problem)
        assert (w.numpy() == before[0]).all()
        assert all((v.numpy() == before[1][k]).all() for k, v in optimizer.state_dict().items())
        assert (gradus.random.default.state.numpy() == state).all()
    step(gradus.tensor(case.good))
    assert (w.numpy() != before[0]).any()


@pytest.mark.parametrize(("name", "i"), FIRST)
def test_an_epoch_ends_at_the_step_that_is_refused(name, i):
    case = CASES[name]
    data = np.concatenate([case.good, case.good, case.bad[i], case.good])
    batches = np.array([[*range(8, 16)], [*range(8)], [*range(16, 24)], [*range(24, 32)]])
    gradus.seed(0)
    w, _, step = training(case)
    step(gradus.tensor(data[batches[0]]))
    step(gradus.tensor(data[batches[1]]))
    after_two = w.numpy().copy()
    gradus.seed(0)
    w, _, step = training(case)
    step = gradus.compile(step)
    for again in range(2):
        problem = refused(lambda: step.epoch((data,), batches), case.error)
        assert "step 3 of 4" in str(problem)
        if not again:
            np.testing.assert_allclose(w.numpy(), after_two, rtol=1e-4, atol=1e-5)
    good = batches[[0, 1, 3]]
    assert np.isfinite(step.epoch((data,), good)).all()


def test_an_epoch_names_the_row():
    case = CASES["cross_entropy"]
    data = np.concatenate([case.good, case.bad[0]])
    step = gradus.compile(training(case)[2])
    batches = np.random.default_rng(0).permutation(16).reshape(2, 8)
    problem = refused(lambda: step.epoch((data,), batches))
    number, place = next((s, p) for s in range(2) for p in range(8) if batches[s, p] == 13)
    assert f"targets[{place}]" in str(problem)
    assert f"step {number + 1} of 2, row 13 of the data" in str(problem)


class Model(nn.Module):
    """A case as a model: its output is the loss."""

    def __init__(self, case):
        self.w, self.of = nn.Parameter(W), case.loss

    def forward(self, x):
        return self.of(self.w, x)


def _fitted(case, data, compile):
    gradus.seed(0)
    model = Model(case)
    trainer = Trainer(model, lambda out, y: out, optim.Adam(model.parameters(), lr=0.1), compile=compile)
    loader = DataLoader(TensorDataset(data, np.zeros(len(data), "float32")), batch_size=8, shuffle=False)
    return refused(lambda: trainer.fit(loader, epochs=2, progress=False), case.error), model.w.numpy().copy()


@pytest.mark.parametrize(("name", "i"), FIRST)
def test_a_trainer_over_data_in_memory_is_refused_as_eagerly(name, i):
    case = CASES[name]
    data = np.concatenate([case.good, case.good, case.bad[i], case.good])
    eager, weights = _fitted(case, data, compile=False)
    problem, after = _fitted(case, data, compile=True)
    assert type(problem) is type(eager)
    assert said(problem) == said(eager)
    assert "step 3 of 4" in str(problem)
    np.testing.assert_allclose(after, weights, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("compile", [False, True])
def test_native_evaluation_is_refused_as_eagerly(compile):
    """Many samples in memory are gone through natively: by the model, whose indices are checked there."""
    model = nn.Sequential(nn.Embedding(10, 4), nn.Linear(4, 3))
    x, y = np.arange(4100) % 10, np.arange(4100) % 3
    trainer = Trainer(model, "cross_entropy", optim.SGD(model.parameters(), lr=0.1), compile=compile)
    assert np.isfinite(trainer.evaluate(TensorDataset(x, y))["loss"])
    for place, wrong in ((3000, 10), (4099, -1)):  # the second in the last batch, which is a smaller one
        bad = x.copy()
        bad[place] = wrong
        problem = refused(lambda bad=bad: trainer.evaluate(TensorDataset(bad, y)), DataError)
        assert f"embedding: {wrong} at " in str(problem)
        assert ("row 3000 of the data" in str(problem)) is (compile and place == 3000)
    labels = y.copy()
    labels[-1] = 3
    assert "the label 3" in str(refused(lambda: trainer.evaluate(TensorDataset(x, labels)), DataError))
