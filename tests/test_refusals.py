"""What operations, functions and layers refuse: each with its own words, among them what was got."""

from __future__ import annotations

import numpy as np
import pytest

import gradus as g
from gradus import functional as F
from gradus import nn, ops, optim
from gradus.errors import ArgumentError, DtypeError, GradientError, GradusError, ShapeError
from gradus.ops.core.primitive import broadcast_to_p, require_float
from gradus.ops.products.attention import attention_p

X = g.tensor(np.arange(6.0).reshape(2, 3))
V = g.tensor([1.0, 2.0, 3.0])
N = g.tensor([3, 1, 2])
ONE = g.tensor(1.0)
IMAGES = g.zeros((1, 2, 4, 4))
NAN = float("nan")

REFUSED = {
    # -- shapes --
    "moveaxis": (lambda: g.moveaxis(X, (0, 1), 0), ArgumentError, r"as many places as axes.*\(0, 1\) and"),
    "reshape": (lambda: g.reshape(X, -2, 3), ShapeError, r"\(2, 3\) holds 6 elements, \(-2, 3\) would hold -6"),
    "reshape by two": (lambda: g.reshape(X, -1, -1), ShapeError, r"One length may be -1"),
    "sum over axis 1 of none": (lambda: ONE.sum(1), ShapeError, "there is no axis 1 in a tensor with 0 axes"),
    "sum over axes 1 of none": (lambda: ONE.sum([1]), ShapeError, "there is no axis 1 in a tensor with 0 axes"),
    "nll_loss": (lambda: F.nll_loss(V, N, weight=V), ShapeError, r"weight has shape \(3,\), logits \(3,\)"),
    "nll_loss of a row": (lambda: F.nll_loss(V, N), ShapeError, r"logits have shape \(3,\), targets \(3,\)"),
    "unflatten": (lambda: g.unflatten(X, 1, (2, 2)), ShapeError, "axis 1 of length 3 is no 2 x 2"),
    "flipud": (lambda: g.flipud(ONE), ShapeError, "needs one axis or more"),
    "rot90": (lambda: g.rot90(X, 1, (0,)), ArgumentError, "turns from one axis to another"),
    "matrix_transpose": (lambda: g.matrix_transpose(V), ShapeError, r"needs a matrix, or several, got shape \(3,\)"),
    "tril": (lambda: g.tril(V), ShapeError, r"tril: needs a matrix, or several, got shape \(3,\)"),
    "diag_embed": (lambda: g.diag_embed(ONE), ShapeError, "needs an axis to lay along"),
    "diag": (lambda: g.diag(g.zeros((2, 2, 2))), ShapeError, r"vector or a matrix.*\(2, 2, 2\).*diagonal"),
    "flatten": (lambda: g.flatten(X, 1, 0), ShapeError, "axis 0 does not come after axis 1"),
    "pad mode": (
        lambda: g.pad(X, 1, mode="reflct"),
        ArgumentError,
        "pad: unknown mode 'reflct'. Did you mean 'reflect'",
    ),
    "pad widths": (lambda: g.pad(X, (1, 2)), ShapeError, "pad: "),
    "pad reflected": (
        lambda: g.pad(V, 3, mode="reflect"),
        ShapeError,
        "axis 0 of length 3 has no 3 elements to reflect",
    ),
    "tile": (lambda: g.tile(X, (-1,)), ArgumentError, r"0 or more, got \(-1,\)"),
    "repeat": (lambda: g.repeat(V, -1), ArgumentError, "0 or more, got -1"),
    "repeat by fractions": (lambda: g.repeat(V, [0.5, 1.0, 1.0]), DtypeError, "an integer, got float"),
    "repeat by too few": (lambda: g.repeat(V, [1, 2]), ShapeError, r"axis 0 of length 3 needs 3 counts.*\[1, 2\]"),
    "repeat by less than nothing": (lambda: g.repeat(V, [1, -2, 1]), ShapeError, "needs 3 counts of 0 or more"),
    "roll": (lambda: g.roll(X, (1, 2), 0), ArgumentError, "as many shifts as axes"),
    "meshgrid": (lambda: g.meshgrid(V, V, indexing="ji"), ArgumentError, "unknown indexing 'ji'"),
    "combinations": (lambda: g.combinations(X, 2), ShapeError, r"takes r of a vector, got r = 2 and shape \(2, 3\)"),
    "combinations of -1": (lambda: g.combinations(V, -1), ShapeError, "got r = -1"),
    "split": (lambda: g.split(V, places=[0.5]), ArgumentError, r"places are integers, got \[0.5\]"),
    "split by nothing": (lambda: V.split(), GradusError, "split"),
    "split by sizes": (
        lambda: g.split(V, sizes=[1, 1]),
        ShapeError,
        r"\[1, 1\] do not add up to the length 3 of axis 0",
    ),
    "split by size 0": (lambda: g.split(V, sizes=0), ArgumentError, "a size is 1 or more, got 0"),
    "split unevenly": (lambda: g.split(V, 2), ShapeError, "axis 0 of length 3 does not divide into 2 equal parts"),
    "array_split": (lambda: g.array_split(V, 0), ArgumentError, "number of parts must be 1 or more, got 0"),
    "chunk": (lambda: g.chunk(V, 0), ArgumentError, "number of parts must be 1 or more, got 0"),
    "narrow": (lambda: g.narrow(V, 0, 2, 2), ShapeError, "axis 0 of length 3 has no 2 elements from 2 on"),
    "vsplit": (lambda: g.vsplit(V, 1), ShapeError, "vsplit: needs 2 axes or more, got one"),
    "sliding_windows": (lambda: F.unfold(V, 2), ShapeError, "unfold: expects images"),
    # -- elements --
    "isclose": (lambda: g.isclose(V, V, rtol=-1.0), ArgumentError, "0 or more, got -1.0 and"),
    "polygamma": (lambda: g.polygamma(-1, V), ArgumentError, "integer of 0 or more, got -1"),
    "polygamma of a fraction": (lambda: g.polygamma(0.5, V), ArgumentError, "integer of 0 or more, got 0.5"),
    "in place": (lambda: _in_place(), GradientError, "a leaf that requires a gradient is not changed in place"),
    "whole": (lambda: g.rot90(X, 1.5), DtypeError, "is an integer, got 1.5"),
    "require_float": (lambda: require_float("sine", N), DtypeError, "sine: needs floating-point numbers, got int64"),
    # -- making --
    "arange": (lambda: g.arange(0.0, float("inf")), ArgumentError, "must be finite, got 0.0, inf and"),
    "linspace": (lambda: g.linspace(0, 300, 3, dtype="int8"), ArgumentError, "300 is no number of int8"),
    "linspace of NaN": (lambda: g.linspace(NAN, 1, 3, dtype="int8"), ArgumentError, "nan is no number of int8"),
    "eye": (lambda: g.eye(-1), ShapeError, r"no negative lengths, got \(-1, -1\)"),
    "finfo": (lambda: g.finfo("int8"), DtypeError, "int8 is not floating point. Use iinfo"),
    "iinfo": (lambda: g.iinfo("float32"), DtypeError, "float32 is no dtype of integers. Use finfo"),
    "result_type": (lambda: g.result_type(), ArgumentError, "names no tensor"),
    "isdtype": (
        lambda: g.isdtype("int8", "signed integr"),
        ArgumentError,
        "unknown kind 'signed integr'. Did you mean 'signed integer'",
    ),
    "window": (lambda: g.hanning(-1), ArgumentError, "the length is 0 or more, got -1"),
    "randint": (lambda: g.randint(0, 1.5, (2,)), ArgumentError, "low and high are integers, got 0 and 1.5"),
    "randint of nothing": (lambda: g.randint(3, 3, (2,)), ArgumentError, "randint: "),
    "multinomial": (
        lambda: g.multinomial([0.5, 0.5], 3),
        ArgumentError,
        r"cannot draw 3 of probabilities of shape \(2,\)",
    ),
    # -- order --
    "searchsorted": (
        lambda: g.searchsorted(V, 1.0, side="middle"),
        ArgumentError,
        "unknown side 'middle'. Known: left, right",
    ),
    "searchsorted of rows": (lambda: g.searchsorted(X, g.zeros((3, 2))), ShapeError, r"\(3, 2\) have no places among"),
    "digitize": (lambda: g.digitize(V, X), ShapeError, r"edges have one axis, got shape \(2, 3\)"),
    "bincount": (lambda: g.bincount(g.zeros((2, 2), int)), ShapeError, r"needs one axis, got shape \(2, 2\).*ravel"),
    "bincount below 0": (lambda: g.bincount([1, -1]), ArgumentError, "0 or more, got -1"),
    "bincount by both": (lambda: g.bincount([1], minlength=2, length=3), ArgumentError, "minlength or length"),
    "bincount by length": (lambda: g.bincount([1, 3], length=3), ArgumentError, "length=3 counts 0 to 2, got 3"),
    "bincount by length, below 0": (lambda: g.bincount([1, -3], length=3), ArgumentError, "got -3"),
    "bincount weights": (
        lambda: g.bincount([1, 0], weights=[1.0]),
        ShapeError,
        r"weights of shape \(1,\) are not those",
    ),
    "histogram edges": (lambda: g.histogram(V, [2.0, 1.0]), ArgumentError, "edges rise, got"),
    "histogram of no bin": (lambda: g.histogram(V, 0), ArgumentError, "needs one bin or more, got 0"),
    "histogram of one edge": (lambda: g.histogram(V, [1.0]), ArgumentError, "needs one bin or more"),
    "histogram weights": (
        lambda: g.histogram(V, 3, weights=[1.0]),
        ShapeError,
        r"shape \(1,\) are not those of 3 numbers",
    ),
    "histogram range": (
        lambda: g.histogram(V, 3, range=(2, 1)),
        ArgumentError,
        r"\(lowest, highest\), finite, got \(2, 1\)",
    ),
    "histogram range of NaN": (lambda: g.histogram(V, 3, range=(0, NAN)), ArgumentError, "finite, got"),
    "topk": (lambda: g.topk(V, 4), ArgumentError, "from 0 to the length 3 of axis -?[01], got 4"),
    "topk below 0": (lambda: g.topk(V, -1), ArgumentError, "got -1"),
    "kthvalue": (lambda: g.kthvalue(V, 0), ArgumentError, "from 1 to the length 3 of axis -?[01], got 0"),
    "kthvalue beyond": (lambda: g.kthvalue(V, 4), ArgumentError, "got 4"),
    "quantile method": (
        lambda: g.quantile(V, 0.5, method="linaer"),
        ArgumentError,
        "unknown method 'linaer'. Did you mean 'linear'",
    ),
    "quantile of nothing": (lambda: g.quantile(g.zeros(0), 0.5), ShapeError, "of no elements"),
    "quantile beyond": (lambda: g.quantile(V, 1.5), ArgumentError, r"from 0 to 1, got 1.5|\[1.5\]"),
    "argmax": (lambda: g.argmax(g.zeros((2, 0)), 1), ShapeError, r"axis 1 of shape \(2, 0\) has no elements"),
    "cummax": (lambda: ops.cumulative_sum(X), GradusError, "axis"),
    "index_reduce": (
        lambda: ops.index_reduce(X, 0, [0], g.zeros((2, 3)), "mean"),
        ShapeError,
        r"source has shape \(2, 3\), the slices \(1, 3\)",
    ),
    # -- places --
    "put_along_axis": (lambda: g.put_along_axis(X, [[[0]]], 1.0, 1), ShapeError, "put_along_axis: "),
    "index_fill": (lambda: ops.index_fill(X, 0, [0], V), ShapeError, r"one number, got shape \(3,\).*index_copy"),
    "masked_fill": (lambda: ops.masked_fill(X, X, 0), DtypeError, "a mask holds booleans, got float.*mask != 0"),
    # -- products --
    "einsum letters": (lambda: g.einsum("i1->i", X), ArgumentError, "named by letters"),
    "einsum axes": (lambda: g.einsum("ijk->i", X), ShapeError, "operand 0 has 2 axes, but 'ijk' names 3"),
    "einsum operands": (lambda: g.einsum("ij,jk", X), ArgumentError, "names 2 operands, got 1"),
    "einsum result": (lambda: g.einsum("ij->ik", X), ArgumentError, "the result 'ik' names an axis twice, or one"),
    "einsum result twice": (lambda: g.einsum("ij->ii", X), ArgumentError, "the result 'ii' names an axis twice"),
    "einsum lengths": (lambda: g.einsum("ij,ij->i", X, X.T), ShapeError, "axis 'i' is 2 long in one operand, 3 in"),
    "einsum without names": (lambda: g.einsum(X, X), ArgumentError, "begins with the names of axes"),
    "tensordot": (lambda: g.tensordot(X, X, 3), ShapeError, "have no 3 axes to sum over"),
    "tensordot lengths": (lambda: g.tensordot(X, X, ((0,), (1,))), ShapeError, "differ in length"),
    "cross": (lambda: g.cross(X.T, X.T), ShapeError, r"three numbers, those along axis -?1 of \(3, 2\) have 2"),
    "vander": (lambda: g.vander(ONE), ShapeError, "needs numbers along an axis"),
    "cdist": (lambda: g.cdist(V, V), ShapeError, r"needs points .*, got \(3,\) and \(3,\)"),
    "attention": (
        lambda: attention_p.rule(*(g.zeros(s) for s in ((2, 3), (2, 4), (2, 3))), scale=1.0, is_causal=False),
        ShapeError,
        "attention: q, k, v have shapes",
    ),
    # -- reductions --
    "average": (lambda: g.average(X, weights=[1.0, 2.0], axis=1), ShapeError, r"weights of shape \(2,\) fit neither"),
    "diff": (lambda: g.diff(V, -1), ArgumentError, "n is 0 or more, got -1"),
    "norm": (lambda: g.norm(X, "nuc", 1), ArgumentError, "the order is a number, got 'nuc'.*linalg.norm"),
    "cov": (lambda: g.cov(g.zeros((2, 2, 2))), ShapeError, r"rows of observations, got shape \(2, 2, 2\)"),
    "cov by fractions": (lambda: g.cov(X, fweights=[0.5, 1.0, 1.0]), DtypeError, "fweights are integers, got float"),
    "cov by less than nothing": (lambda: g.cov(X, aweights=[-1.0, 1.0, 1.0]), ArgumentError, "aweights are 0 or more"),
    "gradient": (lambda: g.gradient(X, V, V, V), ArgumentError, "gradient: "),
    "cumsum": (lambda: g.cumulative_sum(X), GradusError, "axis of shape"),
    # -- linalg --
    "solve": (lambda: g.linalg.solve(g.eye(2), g.zeros((3, 1))), ShapeError, r"a has shape \(2, 2\), b \(3, 1\)"),
    "matrix_norm": (lambda: g.linalg.matrix_norm(V), ShapeError, r"expects a matrix, got shape \(3,\)"),
    "matrix_power": (lambda: g.linalg.matrix_power(X, 2), ShapeError, r"\(\.\.\., n, n\), got \(2, 3\)"),
    "multi_dot": (lambda: g.linalg.multi_dot([X]), ArgumentError, "two matrices or more, got 1"),
    # -- functional --
    "prelu": (lambda: F.prelu(IMAGES, V), ShapeError, r"x has shape \(1, 2, 4, 4\), weight \(3,\)"),
    "rrelu": (lambda: F.rrelu(V, 0.5, 0.1), ArgumentError, "lower is 0.5, above upper, 0.1"),
    "hardtanh": (lambda: F.hardtanh(V, 1.0, -1.0), ArgumentError, "min_val is 1.0, above max_val, -1.0"),
    "conv groups": (
        lambda: F.conv2d(IMAGES, g.zeros((4, 1, 1, 1)), groups=3),
        ArgumentError,
        "4 channels do not divide into 3 groups",
    ),
    "dropout2d": (lambda: F.dropout2d(g.zeros((2, 2)), training=True), ShapeError, r"dropout2d: expects.*got \(2, 2\)"),
    "feature_alpha_dropout": (
        lambda: F.feature_alpha_dropout(V, training=True),
        ShapeError,
        r"\(n, c, ...\), got \(3,\)",
    ),
    "embedding": (lambda: F.embedding(N, V), ShapeError, r"table of vectors is \(rows, d\), got \(3,\)"),
    "linear": (lambda: nn.Linear(3, 1)(ONE), ShapeError, r"input has no axes.*\(\.\.\., 3\)"),
    "embedding_bag weights": (
        lambda: F.embedding_bag(N[None], X.T, mode="mean", per_sample_weights=g.ones((1, 3))),
        ArgumentError,
        "per_sample_weights belong to mode=\"sum\", got 'mean'",
    ),
    "embedding_bag": (lambda: F.embedding_bag(N - 1, X.T), ShapeError, r"\(n,\) with offsets, got \(3,\)"),
    "batch_norm": (lambda: F.batch_norm(V, None, None, training=True), ShapeError, r"batch_norm: expects \(n, c\)"),
    "rms_norm": (lambda: F.rms_norm(X, (2,)), ShapeError, r"last axes \(2,\), got shape \(2, 3\)"),
    "group_norm": (lambda: F.group_norm(IMAGES, 3), ShapeError, "3 groups do not divide the channels"),
    "instance_norm": (lambda: F.instance_norm(X), ShapeError, r"with places after the channels, got \(2, 3\)"),
    "instance_norm of one": (
        lambda: F.instance_norm(g.zeros((2, 3, 1))),
        ShapeError,
        "more than one value per channel",
    ),
    "local_response_norm": (lambda: F.local_response_norm(V, 1), ShapeError, r"expects \(n, c, \.\.\.\), got"),
    "functional pad": (lambda: F.pad(X, (1, 1, 1)), ShapeError, "are no pairs of ends"),
    "interpolate": (lambda: F.interpolate(V, 2), ShapeError, r"needs \(n, c\) and .*got \(3,\)"),
    "interpolate corners": (
        lambda: F.interpolate(IMAGES, 2, mode="nearest", align_corners=True),
        ArgumentError,
        "align_corners means nothing in the mode 'nearest'",
    ),
    "interpolate both": (lambda: F.interpolate(IMAGES, 2, 2.0), ArgumentError, "either size or scale_factor"),
    "interpolate scale": (lambda: F.interpolate(IMAGES, scale_factor=0), ArgumentError, "above 0, or 2 of them, got 0"),
    "pixel_shuffle": (lambda: F.pixel_shuffle(IMAGES, 2), ShapeError, "do not divide by 2 squared"),
    "pixel_unshuffle": (lambda: F.pixel_unshuffle(IMAGES, 3), ShapeError, "do not divide by 3"),
    "channel_shuffle": (lambda: F.channel_shuffle(IMAGES, 3), ShapeError, "3 groups do not divide the channels"),
    "unfold": (lambda: F.unfold(X, 1), ShapeError, r"expects images .*, got \(2, 3\)"),
    "fold": (lambda: F.fold(g.zeros((1, 3, 4)), (4, 4), 2), ShapeError, "fold: "),
    "grid_sample": (lambda: F.grid_sample(IMAGES, g.zeros((2, 4, 4, 2))), ShapeError, "A grid for each"),
    "affine_grid": (lambda: F.affine_grid(g.zeros((1, 2, 2)), (1, 1, 2, 2)), ShapeError, "affine_grid: "),
    "max_unpool": (
        lambda: F.max_unpool1d(g.zeros((1, 1, 2)), g.zeros((1, 1, 3), int), 2),
        ShapeError,
        "indices have shape",
    ),
    "avg_pool": (lambda: F.avg_pool2d(IMAGES, 2, divisor_override=0), ArgumentError, "cannot be 0"),
    "adaptive_avg_pool": (lambda: F.adaptive_avg_pool2d(V, 2), ShapeError, r"needs \(\.\.\., h, w\), got \(3,\)"),
    "adaptive_avg_pool of nothing": (
        lambda: F.adaptive_avg_pool1d(g.zeros((1, 1, 0)), 2),
        ShapeError,
        "nothing to average",
    ),
    "adaptive_avg_pool size": (
        lambda: F.adaptive_avg_pool2d(IMAGES, (1, 2, 3)),
        ArgumentError,
        r"2 of them, got \(1, 2, 3\)",
    ),
    "max_pool2d": (lambda: F.max_pool2d(V, 2), ShapeError, r"pooling over 2 axes needs as many, got shape \(3,\)"),
    # -- layers --
    "forward": (lambda: nn.Module()(V), TypeError, "Module has no forward method. Write `def forward"),
    "buffer": (
        lambda: nn.Linear(1, 1).register_buffer("a", g.ones(1, requires_grad=True)),
        ArgumentError,
        "Use detach",
    ),
    "buffer not kept": (lambda: nn.Linear(1, 1).register_buffer("a", V, persistent=False), ArgumentError, "a"),
    "parameter": (lambda: nn.Linear(1, 1).get_parameter("wieght"), ArgumentError, "Linear has no 'wieght'.*weight"),
    "a tuple": (
        lambda: nn.Sequential(nn.GRU(3, 2), nn.Linear(2, 1))(g.zeros((1, 2, 3))),
        DtypeError,
        r"\[0\] is the outputs",
    ),
    "a list": (lambda: nn.Linear(3, 1)([1.0, 2.0, 3.0]), DtypeError, r"Make it one: gradus.tensor"),
    "options": (lambda: nn.GELU(approximation="tanh"), GradusError, "GELU"),
    "GroupNorm": (lambda: nn.GroupNorm(2, 3), ArgumentError, "3 channels do not divide into 2 groups"),
    "Unflatten": (lambda: nn.Unflatten(1, (2, 2))(X), ShapeError, r"axis 1 of \(2, 3\) does not become \(2, 2\)"),
    "transposed": (
        lambda: nn.ConvTranspose2d(2, 1, 3, stride=2)(IMAGES, output_size=(4, 4)),
        ShapeError,
        r"does not become \(4, 4\): that is too small",
    ),
    "weight_norm of a buffer": (
        lambda: nn.weight_norm(nn.BatchNorm1d(2), "running_mean"),
        ArgumentError,
        "no parameter 'running_mean' of its own",
    ),
    "gelu": (lambda: F.gelu(V, approximate="tahn"), ArgumentError, "gelu: unknown approximate 'tahn'"),
    "embedding_bag mode": (lambda: F.embedding_bag(N, X, mode="avg"), ArgumentError, "embedding_bag: unknown mode"),
    "grid_sample of an image": (lambda: F.grid_sample(IMAGES, X), ShapeError, r"x has shape \(1, 2, 4, 4\), the grid"),
    "weight_norm": (
        lambda: nn.weight_norm(nn.Linear(1, 1), "wieght"),
        ArgumentError,
        "no parameter 'wieght' of its own",
    ),
    "transformer": (
        lambda: nn.TransformerEncoderLayer(4, 2, activation="tahn"),
        ArgumentError,
        "unknown activation 'tahn'. Known: relu, gelu",
    ),
    "adaptive classes": (
        lambda: nn.AdaptiveLogSoftmaxWithLoss(4, 10, [5, 3]),
        ArgumentError,
        "AdaptiveLogSoftmaxWithLoss",
    ),
    "adaptive input": (
        lambda: nn.AdaptiveLogSoftmaxWithLoss(4, 10, [5])(X, N),
        ShapeError,
        r"input has shape \(2, 3\)",
    ),
    "backward hook, many inputs": (
        lambda: _hooked(nn.Bilinear(3, 3, 1), X, X),
        ArgumentError,
        "one tensor in and one out",
    ),
    "backward hook, many outputs": (
        lambda: _hooked(nn.GRU(3, 2), g.zeros((1, 2, 3))),
        ArgumentError,
        "gives one tensor",
    ),
    # -- optimizers, control, transforms --
    "a group": (lambda: _group().__delitem__("lr"), ArgumentError, "a group keeps its 'lr'"),
    "Muon": (lambda: optim.Muon([g.ones(3, requires_grad=True)]), ArgumentError, r"updates matrices, got .* \(3,\)"),
    "while_loop": (lambda: g.while_loop(lambda x: x < 1, lambda x: x + 1, ONE, 3), ArgumentError, r"Write \(x,\)"),
    "vmap": (
        lambda: g.vmap(lambda x: x, out_axes=(0, 0))(X),
        ArgumentError,
        "out_axes names 2 results, the function gave",
    ),
    "vmap of too many": (lambda: g.vmap(lambda x: (x, x, x), out_axes=(0, 0))(X), ArgumentError, "names 2.*gave 3"),
    "checkpoint": (lambda: g.checkpoint(lambda x: (x, x), V), ArgumentError, "gives one tensor, got a tuple"),
    "jacobian": (lambda: g.jacobian(lambda x: x, "x"), ArgumentError, "at a tensor or a tuple of tensors"),
    "jacobian of two": (lambda: g.jacobian(lambda x: (x, x), V), ArgumentError, "gives one tensor, got a tuple"),
    "type of a view": (lambda: V.view("float64"), GradusError, "astype"),
    "t": (lambda: IMAGES.t(), ArgumentError, "x has 4 axes"),
}


def _in_place():
    x = g.ones(2, requires_grad=True)
    x += 1


def _hooked(layer, *inputs):
    layer.register_full_backward_hook(lambda *_: None)
    return layer(*(x.requires_grad_() if not x.requires_grad else x for x in inputs))


def _group():
    return optim.SGD([g.ones(1, requires_grad=True)], lr=0.1).param_groups[0]


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.filterwarnings("ignore::gradus.errors.MistakeWarning")  # of what the cases are not about
def test_it_is_refused_in_its_own_words(name) -> None:
    call, kind, message = REFUSED[name]
    with pytest.raises(kind, match=message):
        call()


def test_a_primitive_is_shown_by_its_name() -> None:
    assert repr(broadcast_to_p) == "<primitive broadcast_to>"
