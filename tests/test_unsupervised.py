"""Learning without labels: RBMs against enumeration, deep belief networks, autoencoders, greedy pre-training."""

from __future__ import annotations

import signal
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

import gradus
from gradus import draw, nn, optim
from gradus import functional as F
from gradus.cli import main
from gradus.data import TensorDataset
from gradus.errors import ArgumentError, CheckpointError, DataError, DivergedError, ShapeError
from gradus.models import (
    DBN,
    RBM,
    Autoencoder,
    ConvAutoencoder,
    DeepAutoencoder,
    gaussian_noise,
    kl_sparsity,
    l1_sparsity,
    masking_noise,
    salt_and_pepper,
)
from gradus.train import Stages, features, fit_unsupervised, load, pretrain_autoencoder, pretrain_dbn, train_rbm
from gradus.train.fitting.interrupt import Interrupt
from gradus.train.pretraining import Pretraining, pretrain


def machine(visible=4, hidden=3, seed=0, **options):
    """A small RBM with weights and biases of some size, in float64."""
    rbm, rng = RBM(visible, hidden, **options), np.random.default_rng(seed)
    rbm.astype("float64")
    for p in rbm.parameters():
        p.assign_(gradus.tensor(rng.normal(0, 0.8, p.shape)))
    return rbm


def numbers(rbm):
    return rbm.weight.numpy(), rbm.visible_bias.numpy(), rbm.hidden_bias.numpy()


def states(n):
    return np.array(list(np.ndindex(*[2] * n)), dtype=np.float64)


def table(rbm):
    """p(v, h) of a small Bernoulli RBM, (2^visible, 2^hidden), and the states; by NumPy from the energy alone."""
    W, b, c = numbers(rbm)
    v, h = states(rbm.visible), states(rbm.hidden)
    energy = -(v @ b)[:, None] - (h @ c)[None] - v @ W.T @ h.T
    weights = np.exp(-energy)
    return weights / weights.sum(), np.log(weights.sum()), v, h


# -- the RBM against enumeration ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(4, 3), (3, 5)])
def test_free_energy_and_partition_are_those_of_enumeration(shape):
    rbm = machine(*shape)
    joint, log_z, v, _ = table(rbm)
    assert rbm.log_partition().item() == pytest.approx(log_z)
    np.testing.assert_allclose(rbm.log_likelihood(gradus.tensor(v)).numpy(), np.log(joint.sum(1)))
    np.testing.assert_allclose(-rbm.free_energy(gradus.tensor(v)).numpy() - log_z, np.log(joint.sum(1)))


def test_conditionals_are_those_of_enumeration():
    rbm = machine()
    joint, _, v, h = table(rbm)
    np.testing.assert_allclose(rbm.hidden_given(gradus.tensor(v)).numpy(), joint @ h / joint.sum(1)[:, None])
    np.testing.assert_allclose(rbm.visible_given(gradus.tensor(h)).numpy(), joint.T @ v / joint.sum(0)[:, None])


@pytest.mark.parametrize(("units", "hidden_units"), [("gaussian", "bernoulli"), ("bernoulli", "gaussian")])
def test_gaussian_units_are_integrated_out(units, hidden_units):
    rbm = machine(1, 2, units=units) if units == "gaussian" else machine(2, 1, hidden_units=hidden_units)
    W, b, c = numbers(rbm)
    u, step = np.linspace(-12, 12, 4001, retstep=True)  # the one Gaussian unit
    s = states(2)
    W, own, other = (W[:, 0], b[0], c) if units == "gaussian" else (W[0], c[0], b)
    weights = np.exp(-(u**2) / 2 + own * u + (s @ other)[:, None] + np.outer(s @ W, u))  # (4, 4001)
    assert rbm.log_partition().item() == pytest.approx(np.log(weights.sum() * step))
    if units == "gaussian":
        v, mean = gradus.tensor(u[::500, None]), weights / weights.sum(1, keepdims=True) @ u
        np.testing.assert_allclose(-rbm.free_energy(v).numpy(), np.log(weights.sum(0))[::500])
        np.testing.assert_allclose(rbm.visible_given(gradus.tensor(s)).numpy()[:, 0], mean, rtol=1e-6)
    else:
        np.testing.assert_allclose(-rbm.free_energy(gradus.tensor(s)).numpy(), np.log(weights.sum(1) * step))


def test_the_likelihoods_gradient_is_that_of_finite_differences():
    rbm = machine()
    v = gradus.tensor(np.array([[1.0, 0, 1, 1], [0, 0, 1, 0]]))
    rbm.log_likelihood(v).mean().backward()
    for p in rbm.parameters():
        direction, kept, eps = np.random.default_rng(1).normal(size=p.shape), p.numpy().copy(), 1e-5
        ends = []
        for sign in (1, -1):
            p.assign_(gradus.tensor(kept + sign * eps * direction))
            ends.append(rbm.log_likelihood(v).mean().item())
        p.assign_(gradus.tensor(kept))
        assert (p.grad.numpy() * direction).sum() == pytest.approx((ends[0] - ends[1]) / (2 * eps), rel=1e-6)


@pytest.mark.parametrize("k", [1, 2])
def test_contrastive_divergence_expects_what_enumeration_says(k):
    """Over many chains the gradient is E_k[E[h|v] v] - E_0[E[h|v] v], E_k over the chain's exact distribution."""
    rbm = machine()
    joint, _, v, h = table(rbm)
    to_v, to_h = joint / joint.sum(0), (joint.T / joint.sum(1)).T  # p(v | h), p(h | v)
    start = np.zeros(len(v))
    start[[3, 9]] = 0.5
    end = start @ np.linalg.matrix_power(to_h @ to_v.T, k)
    mean_h = to_h @ h
    expected = (end[:, None] * mean_h).T @ v - (start[:, None] * mean_h).T @ v
    gradus.seed(1)
    data = gradus.tensor(np.repeat(v[[3, 9]], 40000, axis=0))
    rbm.contrastive_divergence(data, k)["loss"].backward()
    np.testing.assert_allclose(rbm.weight.grad.numpy(), expected, atol=0.01)
    np.testing.assert_allclose(rbm.visible_bias.grad.numpy(), end @ v - start @ v, atol=0.01)
    np.testing.assert_allclose(rbm.hidden_bias.grad.numpy(), end @ mean_h - start @ mean_h, atol=0.01)


def test_contrastive_divergence_is_the_update_of_the_papers():
    """With v_k as it was drawn: E[h|v_k] v_k - E[h|v] v, the mean over the batch, by hand."""
    rbm, v = machine(), (np.random.default_rng(2).random((7, 4)) < 0.5).astype(float)
    gradus.seed(3)
    last = rbm.gibbs(gradus.tensor(v), 2).numpy()
    gradus.seed(3)
    found = rbm.contrastive_divergence(gradus.tensor(v), 2)
    found["loss"].backward()
    W, _, c = numbers(rbm)

    def sigmoid(z):
        return 1 / (1 + np.exp(-z))

    expected = (sigmoid(last @ W.T + c).T @ last - sigmoid(v @ W.T + c).T @ v) / 7
    np.testing.assert_allclose(rbm.weight.grad.numpy(), expected)
    np.testing.assert_allclose(rbm.visible_bias.grad.numpy(), (last - v).mean(0), atol=1e-12)


def test_long_chains_reach_the_machines_own_distribution():
    rbm = machine()
    joint = table(rbm)[0]
    gradus.seed(0)
    drawn = rbm.gibbs(gradus.zeros((40000, 4), "float64"), 40).numpy()
    seen = np.bincount((drawn @ [8, 4, 2, 1]).astype(int), minlength=16) / len(drawn)
    assert abs(seen - joint.sum(1)).max() < 0.01
    gaussian = machine(2, 3, units="gaussian")
    W, b, c = numbers(gaussian)
    h = states(3)
    weights = np.exp(h @ c + ((h @ W + b) ** 2).sum(1) / 2)
    drawn = gaussian.gibbs(gradus.zeros((40000, 2), "float64"), 40).numpy()
    np.testing.assert_allclose(drawn.mean(0), weights / weights.sum() @ (h @ W + b), atol=0.03)


def test_persistent_chains_go_on_where_they_were():
    rbm = machine(chains=20000)
    gradus.seed(0)
    data = gradus.tensor(states(4)[[3, 9]])
    before = rbm.chains.numpy().copy()
    for _ in range(30):
        rbm.zero_grad()
        rbm.persistent_divergence(data)["loss"].backward()
    assert (rbm.chains.numpy() != before).any()
    exact = rbm.weight.grad.numpy().copy()  # with chains at the machine's distribution: the likelihood's own gradient
    rbm.zero_grad()
    (-rbm.log_likelihood(data).mean()).backward()
    np.testing.assert_allclose(exact, rbm.weight.grad.numpy(), atol=0.015)


def test_pseudo_likelihood_is_that_of_enumeration():
    rbm = machine()
    joint, _, v, _ = table(rbm)
    p = dict(zip(map(tuple, v), joint.sum(1), strict=True))

    def flipped(row, i):
        return tuple(1 - x if j == i else x for j, x in enumerate(row))

    expected = [sum(np.log(p[r] / (p[r] + p[flipped(r, i)])) for i in range(4)) for r in map(tuple, v)]
    np.testing.assert_allclose(rbm.pseudo_log_likelihood(gradus.tensor(v), exact=True).numpy(), expected)
    gradus.seed(0)
    many = rbm.pseudo_log_likelihood(gradus.tensor(np.repeat(v[5:6], 20000, axis=0))).numpy()
    assert many.mean() == pytest.approx(expected[5], abs=0.03)
    assert len(np.unique(many.round(9))) == 4  # each unit had its turn


def test_learning_raises_the_likelihood():
    gradus.seed(0)
    x = np.repeat([[1.0, 1, 0, 0], [0, 0, 1, 1]], 200, axis=0)
    for persistent in (False, True):
        rbm = RBM(4, 3, chains=100)
        before = rbm.log_likelihood(gradus.tensor(x)).mean().item()
        lr = 0.02 if persistent else 0.1
        train_rbm(rbm, x, 80, 20, lr, persistent=persistent, momentum=0.5, weight_decay=0.0, progress=False)
        after = rbm.log_likelihood(gradus.tensor(x)).mean().item()
        assert before == pytest.approx(-4 * np.log(2), abs=0.01)
        assert after > -1.0  # the best there is: -log 2 = -0.69


def test_a_chains_pictures_begin_with_the_data():
    v = gradus.bernoulli(0.5, (5, 4))
    pictures = RBM(4, 3).chain(v, pictures=3, every=2)
    assert pictures.shape == (3, 5, 4)
    np.testing.assert_array_equal(pictures[0], v.numpy())


# -- compiled ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("persistent", [False, True])
def test_a_compiled_step_draws_and_learns_what_an_eager_one_does(persistent):
    x = gradus.tensor((np.random.default_rng(0).random((6, 40)) < 0.5).astype(np.float32))

    def run(wrap):
        gradus.seed(5)
        rbm = RBM(40, 24, chains=6)
        optimizer = optim.SGD(rbm.parameters(), lr=0.1)

        def step(v):
            optimizer.zero_grad()
            found = rbm.persistent_divergence(v) if persistent else rbm.contrastive_divergence(v, k=2)
            found["loss"].backward()
            optimizer.step()
            return found["reconstruction"].detach()

        step = wrap(step)
        return [step(x).item() for _ in range(5)], {n: t.numpy() for n, t in rbm.state_dict().items()}

    (eager, one), (compiled, other) = run(lambda f: f), run(gradus.compile)
    np.testing.assert_allclose(compiled, eager, rtol=1e-5)
    for name in one:
        np.testing.assert_allclose(other[name], one[name], atol=1e-6)
    if persistent:
        np.testing.assert_array_equal(other["chains"], one["chains"])  # every coin fell alike


def test_a_step_of_contrastive_divergence_has_five_products():
    rbm = RBM(784, 256)
    optimizer = optim.SGD(rbm.parameters(), lr=0.1)

    @gradus.compile
    def step(v):
        optimizer.zero_grad()
        rbm.contrastive_divergence(v)["loss"].backward()
        optimizer.step()

    step(gradus.zeros((100, 784)))
    after = step.explain().split("The graph after all passes")[1].split("Kernels")[0]
    large = [line for line in after.splitlines() if "= matmul(" in line and "1]" not in line.partition(" = ")[0]]
    assert len(large) == 5


# -- deep belief networks ----------------------------------------------------------------------------------------------


def test_a_dbn_generates_the_same_from_the_same_seed():
    dbn = DBN([20, 12, 8])
    drawn = []
    for seed in (1, 1, 2):
        gradus.seed(seed)
        drawn.append(dbn.generate(5, steps=3).numpy())
    assert drawn[0].shape == (5, 20)
    np.testing.assert_array_equal(drawn[0], drawn[1])
    assert (drawn[0] != drawn[2]).any()
    assert DBN([20, 8]).generate(2, steps=1, start=gradus.ones((2, 20))).shape == (2, 20)


def test_a_dbn_learns_layer_by_layer():
    gradus.seed(0)
    rng = np.random.default_rng(0)
    x = np.repeat(np.eye(4, dtype=np.float32)[rng.integers(0, 4, 400)], 5, axis=1)  # one of four bars
    dbn = DBN([20, 12, 6])
    histories = pretrain_dbn(dbn, x.reshape(400, 4, 5), epochs=[30, 20], lr=0.2, progress=False)
    assert [len(h) for h in histories] == [30, 20]
    assert all(h["reconstruction"][-1] < 0.5 * h["reconstruction"][0] for h in histories)
    made = dbn.generate(200, steps=50, start=gradus.tensor(x[:200])).numpy().reshape(200, 4, 5)
    assert (made.mean(2).max(1) > 0.8).mean() > 0.8  # samples are bars, not noise


def test_a_classifier_begins_with_the_stacks_weights_and_leaves_them_alone():
    gradus.seed(0)
    dbn = DBN([12, 7, 5])
    x = gradus.rand(9, 12)
    classifier = dbn.to_classifier(3)
    np.testing.assert_allclose(classifier[:5](x).numpy(), dbn(x).numpy(), rtol=1e-6)
    kept = dbn.rbms[0].weight.numpy().copy()
    trainer = gradus.Trainer(classifier, "cross_entropy", optim.Adam(classifier.parameters(), lr=0.1))
    history = trainer.fit(TensorDataset(x, [0, 1, 2] * 3), epochs=40, batch_size=9, progress=False)
    assert history["loss"][-1] < 0.1
    np.testing.assert_array_equal(dbn.rbms[0].weight.numpy(), kept)


def test_an_unrolled_stack_goes_up_and_down_as_the_stack_does():
    dbn = DBN([12, 7, 5, 2], code="gaussian")
    for p in dbn.parameters():
        p.assign_(gradus.randn(p.shape))
    model, x = dbn.to_autoencoder(), gradus.rand(9, 12)
    np.testing.assert_allclose(model.encode(x).numpy(), dbn(x).numpy(), rtol=1e-5)
    np.testing.assert_allclose(model(x).numpy(), dbn.decode(dbn(x)).numpy(), rtol=1e-5)
    assert (np.abs(model.encode(x).numpy()) > 1).any()  # the code is linear
    assert DBN([6, 4], units="gaussian").to_autoencoder()(gradus.zeros((2, 6))).shape == (2, 6)


# -- autoencoders ------------------------------------------------------------------------------------------------------


def digits(n=600):
    return gradus.datasets.digits()[0].arrays[0][:n]


def test_a_linear_autoencoder_learns_the_principal_components():
    """The best rank-2 reconstruction is that of PCA; a linear autoencoder comes to it and not below."""
    gradus.seed(0)
    rng = np.random.default_rng(0)
    x = (rng.normal(size=(400, 2)) @ rng.normal(size=(2, 6)) + 0.1 * rng.normal(size=(400, 6))).astype(np.float32)
    x -= x.mean(0)
    s = np.linalg.svd(x, compute_uv=False)
    best = (s[2:] ** 2).sum() / x.size
    model = DeepAutoencoder([6, 2], output=nn.Identity)
    history = fit_unsupervised(model.loss, optim.Adam(model.parameters(), lr=0.01), x, epochs=60, progress=False)
    found = model.eval().loss(gradus.tensor(x))["reconstruction"].item()
    assert best <= found < 1.1 * best
    assert history["loss"][-1] < 0.1 * history["loss"][0]


def test_a_denoising_autoencoder_beats_leaving_the_noise():
    gradus.seed(0)
    x = digits().reshape(-1, 64)
    noise = partial(gaussian_noise, std=0.3)
    model = DeepAutoencoder([64, 48], activation=nn.ReLU, code=nn.ReLU, corrupt=noise)
    fit_unsupervised(model.loss, optim.Adam(model.parameters(), lr=5e-3), x, epochs=40, progress=False)
    clean = gradus.tensor(gradus.datasets.digits()[1].arrays[0].reshape(-1, 64))
    noisy = noise(clean)
    mended = F.mse_loss(model.eval()(noisy), clean).item()
    assert mended < 0.6 * F.mse_loss(noisy, clean).item()


@pytest.mark.parametrize(
    ("code", "penalty"),
    [(nn.ReLU, partial(l1_sparsity, weight=0.02)), (nn.Sigmoid, partial(kl_sparsity, rho=0.05, weight=0.1))],
)
def test_a_penalty_makes_codes_sparse(code, penalty):
    x = digits().reshape(-1, 64)
    active = []
    for chosen in (None, penalty):
        gradus.seed(0)
        model = DeepAutoencoder([64, 32], code=code, penalty=chosen)
        fit_unsupervised(model.loss, optim.Adam(model.parameters(), lr=1e-2), x, epochs=15, progress=False)
        active.append((model.encode(gradus.tensor(x)).numpy() > 0.1).mean())
    assert active[1] < 0.5 * active[0]


def test_penalties_are_their_formulas():
    code = np.array([[0.2, 0.5], [0.4, 0.1]])
    m, rho = code.mean(0), 0.1
    kl = (rho * np.log(rho / m) + (1 - rho) * np.log((1 - rho) / (1 - m))).sum()
    assert kl_sparsity(code, rho=rho, weight=3.0).item() == pytest.approx(3 * kl)
    assert l1_sparsity(-code, weight=2.0).item() == pytest.approx(2 * 1.2 / 2)
    assert np.isfinite(kl_sparsity(np.zeros((2, 2))).item())


def test_noises_do_what_they_say():
    gradus.seed(0)
    x = np.full((100, 100), 0.5, np.float32)
    x[0, :2] = 0, 1
    masked, salted = masking_noise(x, 0.3).numpy(), salt_and_pepper(x, 0.4).numpy()
    assert (masked == 0).mean() == pytest.approx(0.3, abs=0.02)
    assert (salted == 0).mean() == pytest.approx(0.2, abs=0.02) == pytest.approx((salted == 1).mean(), abs=0.02)
    assert (gaussian_noise(x, 0.2).numpy() - x).std() == pytest.approx(0.2, abs=0.01)


def test_a_convolutional_autoencoder_learns_pictures():
    gradus.seed(0)
    x = digits(200)
    model = ConvAutoencoder(1, (8, 8), code=16, width=8)
    history = fit_unsupervised(model.loss, optim.Adam(model.parameters(), lr=1e-2), x, 30, 50, progress=False)
    assert history["reconstruction"][-1] < 0.5 * x.var()


def test_greedy_layers_are_the_models_own():
    gradus.seed(0)
    x = digits()
    model = DeepAutoencoder([64, 32, 16, 8])
    layer = model.layer(2)
    assert layer.encoder[0] is model.encoder[4] and layer.decoder[0] is model.decoder[0]
    before = model.loss(gradus.tensor(x.reshape(-1, 64)))["loss"].item()
    histories = pretrain_autoencoder(model, x, epochs=[8, 6, 4], lr=5e-3, progress=False)
    assert [len(h) for h in histories] == [8, 6, 4]
    assert model.loss(gradus.tensor(x.reshape(-1, 64)))["loss"].item() < 0.7 * before


def test_training_is_determined_by_the_seeds():
    x, found = digits(200), []
    for _ in range(2):
        gradus.seed(4)
        rbm = RBM(64, 20)
        train_rbm(rbm, x, epochs=2, seed=3, progress=False)
        found.append(rbm.weight.numpy())
    np.testing.assert_array_equal(*found)


def test_a_history_says_what_was_watched_and_progress_is_shown(capsys):
    rbm = RBM(64, 20)
    history = train_rbm(rbm, digits(250), epochs=2)
    assert set(history.last) == {"epoch", "loss", "reconstruction", "seconds", "samples_per_second"}
    assert "epoch 2/2  loss" in capsys.readouterr().err
    pretrain_dbn(DBN([64, 8]), digits(250), epochs=1)
    assert "layer 1 of 1: RBM(64, 8)" in capsys.readouterr().err


def test_features_are_the_functions_results():
    x = np.random.default_rng(0).random((25, 6)).astype(np.float32)
    layer = nn.Linear(6, 2)
    np.testing.assert_allclose(features(layer, x, batch_size=10).numpy(), layer(gradus.tensor(x)).numpy(), rtol=1e-5)


# -- what bad input gets -----------------------------------------------------------------------------------------------


def test_values_that_units_cannot_take_are_refused():
    x = np.full((5, 4), 0.5, np.float32)
    x[2, 1] = 1.5
    with pytest.raises(DataError, match=r"train_rbm: Bernoulli units .* hold 1.5 at \[2, 1\]. Scale them"):
        train_rbm(RBM(4, 2), x, progress=False)
    with pytest.raises(DataError, match="Bernoulli units take values"):
        RBM(4, 2).contrastive_divergence(gradus.tensor(-x))
    with pytest.raises(DataError, match="hold nan"):
        pretrain_dbn(DBN([4, 2]), x * np.nan, progress=False)
    with pytest.raises(DataError, match=r"standardised data, but these have mean 100 .*\(x - x.mean\(0\)\)"):
        train_rbm(RBM(4, 2, units="gaussian"), np.full((5, 4), 100.0), progress=False)


def test_widths_that_do_not_fit_are_explained():
    rbm = RBM(784, 20)
    with pytest.raises(ShapeError, match=r"RBM\(784, 20\): data have shape \(5, 28, 28\).*Reshape them to \(5, 784\)"):
        rbm(gradus.zeros((5, 28, 28)))
    with pytest.raises(ShapeError, match=r"make it RBM\(64, \.\.\.\)"):
        train_rbm(rbm, digits(10), progress=False)
    with pytest.raises(ShapeError, match=r"hidden states have shape \(5, 784\)"):
        rbm.visible_given(gradus.zeros((5, 784)))
    with pytest.raises(ShapeError, match=r"decoder gives \(3, 5\) for data of shape \(3, 4\)"):
        Autoencoder(nn.Linear(4, 2), nn.Linear(2, 5)).loss(gradus.zeros((3, 4)))
    with pytest.raises(ShapeError, match=r"\(samples, \.\.\.\)"):
        train_rbm(rbm, np.zeros(784), progress=False)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: RBM(4, 2, units="gaussian", hidden_units="gaussian"), "no lower bound"),
        (lambda: RBM(4, 2, units="gausian"), "unknown units 'gausian'. Did you mean 'gaussian'"),
        (lambda: RBM(0, 2), "visible must be an integer of 1 or more"),
        (lambda: RBM(40, 30).log_partition(), r"2\^30 states"),
        (lambda: RBM(4, 2).persistent_divergence(gradus.zeros((1, 4))), r"Make it RBM\(\.\.\., chains=100\)"),
        (lambda: RBM(4, 2, units="gaussian").pseudo_log_likelihood(gradus.zeros((1, 4))), "these are Gaussian"),
        (lambda: RBM(4, 2).contrastive_divergence(gradus.zeros((1, 4)), k=0), "k must be an integer of 1 or more"),
        (lambda: DBN([4]), "at least two"),
        (lambda: DBN([4, 2], code="gaussian").to_classifier(3), "highest units are Gaussian"),
        (lambda: DeepAutoencoder([4]), "two or more|at least two"),
        (lambda: DeepAutoencoder([4, 2]).layer(1), "1 layers"),
        (lambda: ConvAutoencoder(1, (9, 8)), "multiples of 4"),
        (lambda: masking_noise([1.0], p=2), "p must be in"),
        (lambda: pretrain_dbn(DBN([4, 3, 2]), np.zeros((3, 4)), epochs=[1]), "Give one for each"),
        (lambda: train_rbm(RBM(4, 2), np.zeros((3, 4)), momentum=1.5), "momentum must be in"),
    ],
)
def test_wrong_arguments_are_named(make, message):
    with pytest.raises((ArgumentError, ShapeError), match=message):
        make()


def test_a_loss_that_is_lost_is_told():
    model = DeepAutoencoder([4, 2], output=nn.Identity)
    with pytest.raises(DivergedError, match="epoch 1"):
        fit_unsupervised(model.loss, optim.SGD(model.parameters(), lr=1e30), np.ones((500, 4)), progress=False)
    with pytest.raises(DataError, match="no sample"):
        fit_unsupervised(model.loss, optim.SGD(model.parameters(), lr=0.1), np.ones((0, 4)), progress=False)


# -- the command, and the pictures -------------------------------------------------------------------------------------


def command(*words):
    return CliRunner().invoke(main, ["pretrain", *map(str, words)])


@pytest.mark.parametrize(
    ("kind", "options", "weight"),
    [
        ("rbm", ("--hidden", "12", "--persistent"), "weight"),
        ("dbn", ("--hidden", "12,8"), "rbms.1.weight"),
        ("autoencoder", ("--hidden", "12,8", "--noise", "0.3"), "encoder.2.weight"),
    ],
)
def test_the_command_leaves_weights_and_a_picture(kind, options, weight, tmp_path):
    run = tmp_path / "run"
    result = command(kind, "--limit", 200, "--epochs", 2, *options, "--out", run, "--quiet")
    assert result.exit_code == 0, result.output
    assert "reconstruction" in result.output and "mean squared error" in result.output
    assert gradus.load(run / "model.safetensors")[weight].shape[0] == (12 if kind == "rbm" else 8)
    picture = np.asarray(Image.open(run / "pretrain.png").convert("L"))
    assert min(picture.shape) > 200 and picture.std() > 5
    again = command(kind, "--out", run)
    assert again.exit_code == 2 and "exists" in again.output


def test_the_command_explains_what_it_cannot_do(tmp_path):
    for words, message in {
        ("rbm", "--hidden", "12;8"): "numbers with commas between them",
        ("rbm", "--hidden", "12,8"): "For several take a dbn",
        ("dbn", "--data", "nothing"): "there is no data set",
    }.items():
        result = command(*words, "--out", tmp_path / "run", "--quiet")
        assert result.exit_code == 2 and message in result.output, result.output


def test_tiles_put_each_picture_in_its_place():
    images = np.arange(3)[:, None, None] + np.zeros((3, 2, 2))
    out = draw.tiled(images, columns=2)
    assert out.shape == (5, 5)
    assert out[0, 0] == 0 and out[0, 3] == 1 and out[3, 0] == 2
    assert np.isnan(out[2]).all() and np.isnan(out[3:, 3:]).all()
    with pytest.raises(ArgumentError, match="pictures of shape"):
        draw.tiled(np.zeros((2, 2)), 2)
    with pytest.raises(ArgumentError, match="as many pictures of one size"):
        draw.image_rows(draw.new_figure(2, 2).add_subplot(), {"a": images, "b": images[:2]})


# -- stopping and going on --------------------------------------------------------------------------------------------


class Killed(BaseException):
    """What ends a process as SIGKILL would: nothing is written any more."""


@pytest.mark.parametrize(
    ("kind", "every", "options"),
    [
        ("rbm", 2, {"persistent": True, "hidden": (5,)}),
        ("dbn", None, {"hidden": (6, 5)}),
        ("rbm", 5, {"hidden": (5,)}),
        ("autoencoder", 3, {"hidden": (6, 5), "noise": 0.2}),
    ],
)
def test_pretraining_in_pieces_comes_to_the_same_bits(kind, every, options, tmp_path, monkeypatch):
    settings, run = Pretraining(kind, epochs=2, limit=100, batch_size=20, **options), tmp_path / "run"
    whole = pretrain(settings, progress=False)
    save, saved, lives = Stages.save, [], 0

    def killed(stages):
        save(stages)
        saved.append(stages.run)
        if len(saved) % 3 == 2:
            raise Killed

    monkeypatch.setattr(Stages, "save", killed)
    while True:
        try:
            found = pretrain(settings, run, progress=False, resume=lives > 0, checkpoint_every=every)
            break
        except Killed:
            lives += 1
    assert lives >= 2
    state, expected = (model.state_dict() for model in (found.model, whole.model))
    assert {name: t.tolist() for name, t in state.items()} == {name: t.tolist() for name, t in expected.items()}
    for history, other in zip(found.histories, whole.histories, strict=True):
        assert history["loss"] == other["loss"]
    with pytest.raises(CheckpointError, match="is of epochs 2, here the epochs is 3"):
        pretrain(replace(settings, epochs=3), run, progress=False, resume=True)


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_the_command_stops_and_goes_on(number, status, tmp_path, monkeypatch):
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    words = ["pretrain", "rbm", "--hidden", "8", "--epochs", "2", "--limit", "200", "--quiet"]
    assert CliRunner().invoke(main, [*words, "--out", str(whole)]).exit_code == 0
    pressed, check = [], Interrupt.check

    def press(interrupt):
        if not pressed:
            pressed.append(number)
            signal.raise_signal(number)
        check(interrupt)

    monkeypatch.setattr(Interrupt, "check", press)
    result = CliRunner().invoke(main, [*words, "--out", str(cut)])
    assert (result.exit_code, f"gradus pretrain --resume {cut}" in result.stderr) == (status, True)
    assert CliRunner().invoke(main, ["pretrain", "--resume", str(cut), "--quiet"]).exit_code == 0
    weights = [(run / "model.safetensors").read_bytes() for run in (whole, cut)]
    assert weights[0] == weights[1]


def test_pretraining_that_is_not_finite_any_more_is_not_saved(tmp_path):
    rbm = RBM(4, 2)
    with Stages(tmp_path / "run", rbm) as stages:
        train_rbm(rbm, gradus.bernoulli(0.5, (40, 4)), epochs=1, progress=False, stages=stages)
        rbm.weight.numpy()[0, 0] = np.nan
        with pytest.raises(DivergedError, match="weight of the model became nan: it is not saved"):
            stages.save()
    assert all(np.isfinite(t.numpy()).all() for t in load(tmp_path / "run" / "checkpoint.safetensors").values())
