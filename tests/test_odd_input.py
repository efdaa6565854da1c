"""Odd input to models, training and looks: a clear error, or the right result; never a changed model."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import gradus
from gradus import draw, inspect, models, nn, optim, tune
from gradus.cli import main
from gradus.data import TensorDataset
from gradus.errors import GradientError, GradusError
from gradus.models import DBN, MLP, RBM, Perceptron
from gradus.train import Trainer, fit_unsupervised, pretrain_dbn, transferred
from gradus.train.pretraining import Pretraining

TOOLS = Path(__file__).parent.parent / "tools"
NAN = float("nan")
X = np.linspace(0, 1, 24, dtype=np.float32).reshape(4, 6)
PICTURES = X.reshape(4, 1, 2, 3)
LINEAR = nn.Linear(6, 3)
CONV = nn.Sequential(nn.Conv2d(1, 2, 1), nn.Flatten(), nn.Linear(12, 3))


def fit(loss, optimizer):
    return fit_unsupervised(loss, optimizer, X, 1, progress=False)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: models.McCullochPitts([[1], [1, 2]], [1, 1]), "unlike lengths"),
        (lambda: models.truth_table(models.AND, -1), "inputs must be an integer"),
        (lambda: models.numbers_to_bits(1.5, 3), "whole numbers, got float64"),
        (lambda: models.numbers_to_bits(1, 3.0), "n must be an integer"),
        (lambda: models.bits_to_numbers(1), r"\(\.\.\., n\)"),
        (lambda: models.bits_to_numbers([2, 3]), "bits are 0 or 1"),
        (lambda: models.bits_to_numbers([0.5, 1.0]), "bits are 0 or 1"),
        (lambda: Perceptron(1).learn([[0.0], [1.0]], [np.nan, 1.0]), "label 0 is NaN"),
        (lambda: models.descend_line([[0.0], [1.0]], [1.0, 3.0], lr=-0.1, steps=2), "lr must be in"),
        (lambda: models.descend_line([[0.0], [1.0]], [1.0, 3.0], lr=float("nan"), steps=2), "lr must be in"),
        (lambda: RBM(6, 2).gibbs(gradus.tensor(X), steps=-1), "steps must be an integer of 0"),
        (lambda: pretrain_dbn(DBN([6, 2]), X, epochs=1.5, progress=False), "epochs must be an integer"),
        (lambda: fit(lambda v: {"a": v.sum()}, optim.SGD(LINEAR.parameters(), lr=0.1)), "holds one as 'loss'"),
        (lambda: fit(lambda v: 3.0, optim.SGD(LINEAR.parameters(), lr=0.1)), "must be a Tensor"),
        (lambda: fit(lambda v: v.sum(), None), "expects an optimizer"),
        (lambda: fit(lambda v: v.sum(), ["adam"]), "expects an optimizer"),
        (lambda: inspect.saliency(CONV, PICTURES, [0, 1]), "4 pictures, but targets of shape"),
        (lambda: inspect.deconvolution(CONV, PICTURES, "0", 1.5), "feature must be an integer"),
        (lambda: inspect.invert(CONV, PICTURES[0], "0", steps=1, seed=-1), "seed must be an integer of 0"),
        (lambda: inspect.one_pixel(CONV, PICTURES, [0] * 4, population=4, seed=-1), "seed must be an integer of 0"),
        (lambda: inspect.random_directions(LINEAR, -1), "seed must be an integer of 0"),
        (lambda: inspect.element(LINEAR, "weight[0,]"), "is no single number"),
        (lambda: inspect.element(LINEAR, "weight[--1,0]"), "is no single number"),
        (lambda: inspect.element(nn.Linear(2, 1), "bias[,]"), "is no single number"),
        (lambda: inspect.histogram(X, ends=(1, 0)), "a number and a larger one"),
        (lambda: inspect.histogram(X, ends=(np.nan, 0)), "a number and a larger one"),
        (lambda: inspect.rotation_scaling_rotation([[np.nan, 1], [1, 1]]), "NaN"),
        (lambda: inspect.principal_plane(LINEAR, {"a": [np.full(21, np.nan)] * 3}), "NaN"),
        (lambda: inspect.maximise(CONV, (1, -2, 3), 0), r"input_shape\[1\] must be an integer of 1"),
        (lambda: inspect.gradients_by_depth(X[:0], [], [2]), r"\(n, \.\.\.\) and \(n,\)"),
        (lambda: inspect.gradients_by_depth(X, [0, 1, 0, 1], [2.5]), "depth must be an integer of 2"),
        (lambda: inspect.grid_lines(steps=-1), "steps must be an integer of 1"),
        (lambda: inspect.curve_fit(MLP([1, 2, 2]), np.sin), "needs one output"),
        (lambda: tune.Range("a", 1), "from a number to a larger one"),
        (lambda: tune.Choice(([1], [2])), "among names and numbers"),
        (lambda: inspect.expression("x + 1", {"x": "a"}), "value of x is a number"),
        (lambda: Pretraining("autoencoder", persistent=True), "takes no --persistent.* takes --noise, and .*--lr"),
        (lambda: Pretraining("dbn", noise=0.3), "dbn takes no --noise.* takes --persistent, and"),
        (lambda: inspect.invert(CONV, PICTURES[0], "0", size=NAN), r"size must be in \[0, inf\), got nan"),
        (lambda: inspect.invert(CONV, PICTURES[0], "0", variation=float("inf")), "variation must be in"),
        (lambda: inspect.invert(CONV, PICTURES[0], "0", lr=NAN), "lr must be in"),
        (lambda: inspect.invert(CONV, PICTURES[0] * NAN, "0"), "invert: the pictures hold nan at"),
        (lambda: inspect.maximise(CONV, (1, 2, 3), 0, variation=NAN), "variation must be in"),
        (lambda: inspect.maximise(CONV, (1, 2, 3), 0, size=NAN), "size must be in"),
        (lambda: inspect.maximise(CONV, (1, 2, 3), 1.5), "unit must be an integer"),
        (lambda: inspect.occlusion(CONV, PICTURES[0], 0, size=1, value=NAN), "value must be in"),
        (lambda: inspect.grid_lines(low=NAN), "low must be in"),
        (lambda: inspect.decision_plane(MLP([2, 2]), x=(0, NAN)), "each end of x must be in"),
        (lambda: inspect.curve_fit(MLP([1, 1]), np.sin, high=float("inf")), "both finite"),
        (lambda: inspect.saliency(CONV, PICTURES * NAN), r"saliency: the pictures hold nan at \[0, 0, 0, 0\]"),
        (lambda: inspect.grad_cam(CONV, PICTURES * NAN), "grad_cam: the pictures hold nan"),
        (lambda: inspect.deconvolution(CONV, PICTURES + np.inf, "0", 0), "deconvolution: the pictures hold inf"),
        (lambda: inspect.occlusion(CONV, PICTURES[0] * NAN, 0, size=1), "occlusion: the pictures hold nan"),
        (lambda: DBN(6), "DBN: sizes must be a list of at least two integers, got 6"),
        (lambda: MLP("784"), "MLP: sizes must be a list"),
        (lambda: MLP([4, 2.5]), r"MLP: sizes\[1\] must be an integer"),
        (lambda: models.DeepAutoencoder([6]), r"DeepAutoencoder: sizes must be a list .* got \[6\]"),
        (lambda: models.Autoencoder(None, LINEAR), "encoder must be a function, got None"),
        (lambda: models.build(6, (1, 8, 8), 10), "there is no model 6"),
        (lambda: models.truth_table(6), "gate must be a function, got 6"),
        (lambda: models.relu_curve("word", "word"), "x must hold numbers"),
        (lambda: models.nearest_point("word"), "points must hold numbers"),
        (lambda: inspect.saliency(6, PICTURES), "saliency: the model is 6. Write it as a Module"),
        (lambda: inspect.saliency(MLP, PICTURES), r"saliency: the model is the class MLP. Make one: MLP\(...\)"),
        (lambda: inspect.filters("lenet"), "filters: the model is 'lenet'"),
        (lambda: inspect.run_through(None, PICTURES), "run_through: the model is None"),
        (lambda: inspect.layer_output(6, "0"), "layer_output: the model is 6"),
        (lambda: inspect.activations(6, X), "activations: the model is 6"),
        (lambda: inspect.loss_surface(6, None, X, X, "a", "b"), "loss_surface: the model is 6"),
        (lambda: inspect.line_pieces(6, X[0], X[1]), "line_pieces: the model is 6"),
        (lambda: inspect.decision_plane(6), "decision_plane: the model is 6"),
        (lambda: inspect.flat_parameters(6), "flat_parameters: the model is 6"),
        (lambda: inspect.fgsm(6, X, [0] * 4), "fgsm: the model is 6"),
        (lambda: inspect.layer_stages(nn.ReLU(), None, X), "layer must be a Linear"),
        (lambda: inspect.graph(6), "graph: y must be a Tensor, got 6"),
        (lambda: inspect.expression(6, {}), "text must be a string"),
        (lambda: inspect.expression("x", 6), "values must be a dict"),
        (lambda: inspect.descend(6, optim.SGD), "f must be a function"),
        (lambda: inspect.zigzag("word"), "path must hold numbers"),
        (lambda: inspect.unit_count(CONV, 6), "input_shape must be a list of at least three"),
        (lambda: inspect.learn_in_turn(None, 6), "two tasks or more, by name, got 6"),
        (lambda: inspect.extent(6), r"one picture \(c, h, w\)"),
        (lambda: inspect.grid_lines(steps=True), "steps must be an integer of 1 or more, got True"),
        (lambda: RBM(True, 2), "visible must be an integer of 1 or more, got True"),
        (lambda: RBM(6, 2).contrastive_divergence(gradus.zeros((0, 6))), "contrastive_divergence: there is no sample"),
        (lambda: RBM(6, 2, chains=2).persistent_divergence(gradus.zeros((0, 6))), "there is no sample"),
        (lambda: models.kl_sparsity(np.zeros((0, 3))), r"kl_sparsity: the code has shape \(0, 3\)"),
        (lambda: models.l1_sparsity(np.zeros((0, 3))), r"l1_sparsity: the code has shape \(0, 3\)"),
        (lambda: models.l1_sparsity(6.0), r"l1_sparsity: the code has shape \(\)"),
    ],
)
def test_odd_input_is_explained(call, said):
    with pytest.raises(GradusError, match=said):
        call()


@pytest.mark.parametrize("compiled", [True, False])
def test_a_frozen_model_is_not_trained(compiled):
    model = MLP([6, 3, 2])
    trainer = Trainer(model, "cross_entropy", optim.SGD(model.parameters(), lr=0.1), compile=compiled)
    model.requires_grad_(False)
    data = TensorDataset(X, np.array([0, 1, 0, 1]))
    with pytest.raises(GradientError, match=r"MLP is frozen .* model.requires_grad_\(\)"):
        trainer.fit(data, progress=False)
    model.layers[2].requires_grad_()
    assert len(trainer.fit(data, progress=False)) == 1


def test_arrays_and_numpy_counts_are_taken():
    assert RBM(6, 2).chain(X, pictures=2).shape == (2, 4, 6)
    assert len(pretrain_dbn(DBN([6, 3, 2]), X, epochs=np.int64(1), progress=False)) == 2
    assert inspect.histogram(3.0, bins=1).counts.tolist() == [1]


def test_a_transferred_model_keeps_its_type():
    new = transferred(MLP([6, 3, 2]).astype("float64"), 5)
    assert {str(p.dtype) for p in new.parameters()} == {"float64"}


def test_watching_activations_leaves_running_averages():
    model = nn.Sequential(nn.Linear(6, 3), nn.BatchNorm1d(3))
    before = {name: v.numpy().copy() for name, v in model.state_dict().items()}
    assert model.training
    inspect.activations(model, X)
    for name, v in model.state_dict().items():
        assert np.array_equal(v.numpy(), before[name]), name


def test_planes_and_curves_are_looked_at_in_evaluation_mode():
    model = nn.Sequential(nn.Linear(2, 8), nn.BatchNorm1d(8), nn.Dropout(0.5), nn.Linear(8, 2))
    first = inspect.decision_plane(model, steps=5).scores
    assert np.array_equal(first, inspect.decision_plane(model, steps=5).scores)
    curve = nn.Sequential(nn.Linear(1, 8), nn.Dropout(0.5), nn.Linear(8, 1))
    assert inspect.curve_fit(curve, np.sin).rms == inspect.curve_fit(curve, np.sin).rms
    assert all(m.training for m in [*model.modules(), *curve.modules()])


def test_pictures_are_png_files_of_the_name_given(tmp_path):
    pytest.importorskip("matplotlib")
    draw.save_png(draw.new_figure(1, 1), tmp_path / "picture.foo")
    assert (tmp_path / "picture.foo").read_bytes()[1:4] == b"PNG"
    with pytest.raises(IsADirectoryError):
        draw.save_png(draw.new_figure(1, 1), tmp_path)


def test_a_study_of_unknown_lines_is_refused(tmp_path):
    pytest.importorskip("optuna")
    file = tmp_path / "study.jsonl"
    file.write_text('{"op_code": 99, "worker_id": "x"}\n')
    with pytest.raises(GradusError, match="is no study, or is damaged"):
        tune.search(lambda attempt: 0.0, {"lr": tune.Range(0.1, 1)}, 1, study=file)


def test_a_study_with_a_gap_is_refused_and_one_without_its_end_goes_on(tmp_path):
    pytest.importorskip("optuna")

    def search(file):
        return tune.search(lambda attempt: attempt["lr"], {"lr": tune.Range(0.1, 1)}, 6, study=file)

    whole, gap, cut = (tmp_path / f"{name}.jsonl" for name in ("whole", "gap", "cut"))
    scores = [t.score for t in search(whole).trials]
    lines = whole.read_text().splitlines(keepends=True)
    begun = [i for i, line in enumerate(lines) if '"op_code":4' in line]
    gap.write_text("".join(lines[: begun[2]] + lines[begun[4] :]))
    with pytest.raises(GradusError, match=r"gap\.jsonl is damaged: .* about trial 4, .* only 3 trials"):
        search(gap)
    cut.write_text("".join(lines[: begun[3]]) + lines[begun[3]][:30])
    assert [t.score for t in search(cut).trials][:3] == scores[:3]


@pytest.mark.parametrize(
    ("objective", "seed", "said"),
    [(lambda attempt: None, 0, "gives the score, a number"), (lambda attempt: 1.0, -1, "seed must be an integer of 0")],
)
def test_a_search_explains_what_is_no_score_and_no_seed(objective, seed, said):
    pytest.importorskip("optuna")
    with pytest.raises(GradusError, match=said):
        tune.search(objective, {"lr": tune.Range(0.1, 1)}, 1, seed=seed)


@pytest.mark.parametrize(
    "words",
    [
        "pretrain dbn --limit 0",
        "pretrain rbm --limit -4",
        "tune softmax --processes 0",
        "tune",
        "tune --trials 5",
        "tune softmax --trials 0",
        "tune softmax --sampler tpp",
        "tune softmax --seed -1",
        "pretrain autoencoder --persistent",
        "pretrain rbm --noise 0.3",
        "pretrain dbn --noise nan",
    ],
)
def test_options_that_make_no_sense_are_refused(words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, words.split())
    assert result.exit_code == 2, result.output
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["write_docs", "write_stubs"])
def test_tools_that_are_asked_for_help_write_nothing(name, monkeypatch, capsys):
    tool = runpy.run_path(str(TOOLS / f"{name}.py"))
    monkeypatch.setattr(Path, "write_text", lambda *_, **__: pytest.fail("it wrote"))
    for words, status in ((["--help"], 0), (["nonsense"], 2)):
        with pytest.raises(SystemExit) as end:
            tool["main"](words)
        assert end.value.code == status
    assert capsys.readouterr().out.startswith("usage: ")


def test_tune_alone_says_what_it_needs():
    result = CliRunner().invoke(main, ["tune"])
    assert "Missing argument 'MODEL'" in result.output and "gradus tune --study FILE" in result.output
