"""Functions with the options that are seldom given, against PyTorch: values and gradients in float64."""

from __future__ import annotations

import numpy as np
import pytest

import gradus
from gradus import functional as F
from gradus import linalg

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch
TF = torch.nn.functional
rng = np.random.default_rng(0)


def normal(*shape):
    return rng.normal(size=shape)


BAGS = rng.integers(0, 6, 9)
PLACES = rng.permutation(16).reshape(1, 1, 4, 4)[..., :2, :2]

# name of both functions: a float array, further arrays, options
CASES = [
    ("prelu", normal(2, 3, 4), [normal(3)], {}),
    ("prelu", normal(2, 3), [normal(3)], {}),
    ("prelu", normal(4), [normal(1)], {}),
    ("rrelu", normal(9), [], {"lower": 0.1, "upper": 0.7}),
    ("hardtanh", normal(9), [], {"min_val": -0.3, "max_val": 0.2}),
    ("conv_transpose1d", normal(2, 5), [normal(2, 3, 3), normal(3)], {"stride": 2, "padding": 1, "output_padding": 1}),
    ("conv_transpose2d", normal(2, 4, 5), [normal(2, 2, 3, 2)], {"groups": 2, "dilation": 2}),
    ("conv2d", normal(4, 5, 6), [normal(6, 2, 3, 3), normal(6)], {"groups": 2, "padding": "same"}),
    ("max_pool1d", normal(2, 3, 9), [], {"kernel_size": 3, "stride": 2, "padding": 1, "ceil_mode": True}),
    ("max_pool2d", normal(1, 2, 7, 6), [], {"kernel_size": (3, 2), "stride": (2, 3), "dilation": 2}),
    ("avg_pool1d", normal(2, 3, 9), [], {"kernel_size": 4, "stride": 3, "padding": 2, "ceil_mode": True}),
    (
        "avg_pool1d",
        normal(2, 3, 9),
        [],
        {"kernel_size": 4, "stride": 3, "padding": 2, "ceil_mode": True, "count_include_pad": False},
    ),
    ("avg_pool2d", normal(1, 2, 5, 6), [], {"kernel_size": 3, "padding": 1, "count_include_pad": False}),
    ("avg_pool2d", normal(1, 2, 5, 6), [], {"kernel_size": (2, 3), "stride": 2, "divisor_override": 5}),
    ("avg_pool2d", normal(1, 2, 5, 6), [], {"kernel_size": 2, "ceil_mode": True}),
    ("avg_pool3d", normal(1, 2, 5, 4, 6), [], {"kernel_size": 3, "stride": 2, "padding": 1, "ceil_mode": True}),
    ("lp_pool2d", abs(normal(1, 2, 5, 6)) + 0.1, [], {"norm_type": 3.0, "kernel_size": 2}),
    ("max_unpool2d", normal(1, 1, 2, 2), [PLACES], {"kernel_size": 2}),
    ("max_unpool2d", normal(1, 1, 2, 2), [PLACES], {"kernel_size": 2, "output_size": (5, 4)}),
    ("adaptive_avg_pool2d", normal(1, 2, 5, 7), [], {"output_size": (3, None)}),
    ("adaptive_max_pool3d", normal(1, 2, 5, 7, 4), [], {"output_size": (3, 2, 3)}),
    ("interpolate", normal(1, 2, 5, 7), [], {"size": (3, 9), "mode": "area"}),
    ("interpolate", normal(1, 2, 6), [], {"size": 4, "mode": "area"}),
    ("interpolate", normal(1, 2, 4, 3, 5), [], {"scale_factor": 0.5, "mode": "area"}),
    ("interpolate", normal(1, 2, 4, 3), [], {"scale_factor": (1.5, 2.0), "mode": "bilinear", "align_corners": True}),
    ("interpolate", normal(1, 2, 4, 3), [], {"scale_factor": 1.7, "mode": "bicubic"}),
    ("interpolate", normal(1, 2, 5), [], {"size": 8, "mode": "nearest-exact"}),
    ("unfold", normal(2, 5, 6), [], {"kernel_size": (2, 3), "stride": 2, "padding": 1, "dilation": (2, 1)}),
    ("fold", normal(8, 6), [], {"output_size": (4, 3), "kernel_size": 2}),
    ("fold", normal(2, 8, 6), [], {"output_size": (3, 4), "kernel_size": 2}),
    ("pixel_shuffle", normal(8, 2, 3), [], {"upscale_factor": 2}),
    ("pixel_unshuffle", normal(2, 2, 4, 6), [], {"downscale_factor": 2}),
    ("channel_shuffle", normal(2, 6, 2), [], {"groups": 3}),
    ("group_norm", normal(2, 6, 3, 2), [], {"num_groups": 3, "eps": 0.1}),
    ("local_response_norm", normal(2, 6, 3), [], {"size": 4, "alpha": 0.5, "beta": 0.6, "k": 0.8}),
    ("pad", normal(2, 3, 4), [], {"pad": (1, 2, 0, 1), "mode": "constant", "value": 0.7}),
    ("pad", normal(2, 3, 4), [], {"pad": (2, 3), "mode": "circular"}),
    ("pad", normal(2, 3, 4), [], {"pad": (2, 3), "mode": "reflect"}),
    ("pad", normal(2, 3, 4), [], {"pad": (-1, 2)}),
    ("grid_sample", normal(1, 2, 4, 5), [rng.uniform(-1.3, 1.3, (1, 3, 3, 2))], {"padding_mode": "reflection"}),
    ("grid_sample", normal(1, 2, 4, 5), [rng.uniform(-1.3, 1.3, (1, 3, 3, 2))], {"padding_mode": "border"}),
    (
        "grid_sample",
        normal(1, 2, 4, 5),
        [rng.uniform(-1.3, 1.3, (1, 3, 3, 2))],
        {"mode": "nearest", "align_corners": True},
    ),
]
IDS = [f"{number}-{name}" for number, (name, *_) in enumerate(CASES)]


@pytest.mark.filterwarnings("ignore::UserWarning")  # torch's own, of defaults
@pytest.mark.parametrize(("name", "x", "others", "options"), CASES, ids=IDS)
def test_value_and_gradients(name, x, others, options):
    results = []
    for functions, tensor in ((F, gradus.tensor), (TF, torch.tensor)):
        given = [tensor(a, requires_grad=a.dtype.kind == "f") for a in (x, *others)]
        y = getattr(functions, name)(*given, **options)
        weights = np.cos(np.arange(np.prod(y.shape))).reshape(tuple(y.shape))
        (y * tensor(weights)).sum().backward()
        slopes = [np.zeros(a.shape) if a.grad is None else a.grad.numpy() for a in given]
        results.append([y.detach().numpy(), *slopes])
    for ours, theirs in zip(*results, strict=True):
        assert ours.shape == theirs.shape
        np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("padding_idx", [None, 2])
@pytest.mark.parametrize("mode", ["sum", "mean", "max", "weighted"])
def test_bags(mode, padding_idx):
    """In rows, and in one row with places where each begins; of these some are empty."""
    table, weights = normal(6, 3), normal(9)
    for numbers, offsets, last in (
        (BAGS.reshape(3, 3), None, False),
        (BAGS, [0, 2, 2, 5], False),
        (BAGS, [0, 4, 9], True),
    ):
        results = []
        for functions, tensor in ((F, gradus.tensor), (TF, torch.tensor)):
            t, options = tensor(table, requires_grad=True), {"padding_idx": padding_idx, "include_last_offset": last}
            if offsets is not None:
                options["offsets"] = tensor(np.array(offsets))
            options["mode"] = "sum" if mode == "weighted" else mode
            if mode == "weighted":
                options["per_sample_weights"] = tensor(weights.reshape(numbers.shape))
            y = functions.embedding_bag(tensor(numbers), t, **options)
            (y * tensor(np.cos(np.arange(len(y) * 3)).reshape(-1, 3))).sum().backward()
            results.append((y.detach().numpy(), t.grad.numpy()))
        for ours, theirs in zip(*results, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(
    ("name", "x", "options"),
    [
        ("max_pool1d", normal(2, 3, 9), {"kernel_size": 3, "stride": 2, "padding": 1}),
        ("max_pool2d", normal(2, 6, 7), {"kernel_size": (2, 3), "stride": 2, "dilation": (1, 2)}),
        ("max_pool3d", normal(1, 2, 4, 5, 4), {"kernel_size": 2, "ceil_mode": True}),
        ("adaptive_max_pool1d", normal(2, 3, 7), {"output_size": 3}),
        ("adaptive_max_pool2d", normal(2, 3, 7, 5), {"output_size": (3, 4)}),
        ("adaptive_max_pool3d", normal(1, 2, 4, 5, 3), {"output_size": 2}),
    ],
)
def test_where_the_largest_are(name, x, options):
    found, places = getattr(F, name)(gradus.tensor(x), **options, return_indices=True)
    theirs, there = getattr(TF, name)(torch.tensor(x), **options, return_indices=True)
    np.testing.assert_array_equal(found.numpy(), theirs.numpy())
    np.testing.assert_array_equal(places.numpy(), there.numpy())


@pytest.mark.parametrize("use", [True, False])
def test_running_averages_of_instances(use):
    x, mean, var = normal(3, 2, 4), normal(2), abs(normal(2)) + 0.5
    results = []
    for functions, tensor in ((F, gradus.tensor), (TF, torch.tensor)):
        m, v = tensor(mean), tensor(var)
        y = functions.instance_norm(tensor(x), m, v, tensor(mean), tensor(var), use, 0.3, 1e-3)
        results.append([a.numpy() for a in (y, m, v)])
    for ours, theirs in zip(*results, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-10)
    only = gradus.tensor(mean)
    F.instance_norm(x, only, None, momentum=0.3)
    np.testing.assert_allclose(only.numpy(), 0.7 * mean + 0.3 * x.mean((0, 2)))


MATRIX = normal(2, 3, 3)


@pytest.mark.parametrize(
    ("name", "arguments", "options"),
    [
        ("matrix_norm", (MATRIX, "nuc"), {"keepdims": True}),
        ("matrix_norm", (MATRIX, 1), {"keepdims": True}),
        ("matrix_norm", (MATRIX, -np.inf), {}),
        ("matrix_norm", (MATRIX, -2), {}),
        ("matrix_power", (MATRIX, 0), {}),
        ("matrix_power", (MATRIX, -3), {}),
        ("matrix_power", (MATRIX, 5), {}),
        ("matrix_exp", (6 * MATRIX,), {}),
        ("cond", (MATRIX, "fro"), {}),
        ("pinv", (MATRIX,), {"hermitian": True}),
        ("pinv", (MATRIX,), {"atol": 0.9}),
        ("inv", (normal(1, 2, 3, 3),), {}),
        ("cond", (MATRIX, -2), {}),
        ("tensorsolve", (normal(2, 3, 6), normal(2, 3)), {}),
        ("tensorinv", (normal(2, 3, 6),), {"ind": 2}),
    ],
)
def test_linear_algebra(name, arguments, options):
    ours = getattr(linalg, name)(*(gradus.tensor(a) if isinstance(a, np.ndarray) else a for a in arguments), **options)
    theirs = {{"keepdims": "keepdim"}.get(key, key): value for key, value in options.items()}
    wanted = getattr(torch.linalg, name)(
        *(torch.tensor(a) if isinstance(a, np.ndarray) else a for a in arguments), **theirs
    )
    assert ours.shape == tuple(wanted.shape)
    np.testing.assert_allclose(ours.numpy(), wanted.numpy(), rtol=1e-9)
