"""Recurrent layers and attention against PyTorch: results, states and gradients, from the same weights by name."""

from __future__ import annotations

import numpy as np
import pytest

import gradus
from gradus import functional as F
from gradus import nn

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

TOLERANCE = {"float32": 1e-5, "float64": 1e-10}
T, N, INPUTS, HIDDEN = 5, 3, 4, 6


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def pair(kind, *args, dtype="float64", **options):
    """The module of both worlds, with PyTorch's weights."""
    theirs = getattr(torch.nn, kind)(*args, **options).to(getattr(torch, dtype))
    ours = getattr(nn, kind)(*args, **options).astype(dtype)
    ours.load_state_dict({name: w.numpy() for name, w in theirs.state_dict().items()})
    return ours, theirs


def leaves(arrays, dtype):
    """The arrays as leaves of both worlds."""
    arrays = [a.astype(dtype) for a in arrays]
    return [gradus.tensor(a, requires_grad=True) for a in arrays], [torch.tensor(a, requires_grad=True) for a in arrays]


def flat(results):
    """(out, (h, c)) as [out, h, c]."""
    return [r for part in results for r in flat(part)] if isinstance(results, tuple) else [results]


def assert_agree(ours, theirs, out, expected, inputs, dtype):
    """Results, and the gradients of a weighted sum of all of them, to the inputs and all weights."""
    out, expected = flat(out), flat(expected)
    assert [tuple(y.shape) for y in expected] == [y.shape for y in out]
    weights = [normal(*y.shape, seed=9).astype(dtype) for y in out]
    sum((y * w).sum() for y, w in zip(out, weights, strict=True)).backward()
    sum((y * torch.tensor(w)).sum() for y, w in zip(expected, weights, strict=True)).backward()
    gradients = dict(theirs.named_parameters())
    compared = [(y.numpy(), yt.detach().numpy()) for y, yt in zip(out, expected, strict=True)]
    compared += [(x.grad.numpy(), xt.grad.numpy()) for x, xt in zip(*inputs, strict=True)]
    compared += [(p.grad.numpy(), gradients[name].grad.numpy()) for name, p in ours.named_parameters()]
    for found, wanted in compared:
        assert found.dtype == dtype
        scale = max(1, abs(wanted).max())
        np.testing.assert_allclose(found, wanted, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype] * scale)


OPTIONS = [
    {},
    {"num_layers": 2, "bias": False, "batch_first": True},
    {"num_layers": 2, "bidirectional": True},
]


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
def test_layer(kind, options, dtype):
    ours, theirs = pair(kind, INPUTS, HIDDEN, dtype=dtype, **options)
    x = normal(N, T, INPUTS) if options.get("batch_first") else normal(T, N, INPUTS)
    inputs = leaves([x], dtype)
    assert_agree(ours, theirs, ours(*inputs[0]), theirs(*inputs[1]), inputs, dtype)


@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
def test_layer_from_a_state(kind):
    ours, theirs = pair(kind, INPUTS, HIDDEN, num_layers=2, bidirectional=True)
    states = [normal(4, N, HIDDEN, seed=i) for i in range(1 + (kind == "LSTM"))]
    inputs = leaves([normal(T, N, INPUTS), *states], "float64")
    out, expected = (
        module(x, tuple(state) if len(state) > 1 else state[0])
        for module, (x, *state) in zip((ours, theirs), inputs, strict=True)
    )
    assert_agree(ours, theirs, out, expected, inputs, "float64")


def test_rnn_with_relu():
    ours, theirs = pair("RNN", INPUTS, HIDDEN, nonlinearity="relu")
    inputs = leaves([normal(T, N, INPUTS)], "float64")
    assert_agree(ours, theirs, ours(*inputs[0]), theirs(*inputs[1]), inputs, "float64")


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("kind", ["RNNCell", "LSTMCell", "GRUCell"])
def test_cell(kind, bias):
    ours, theirs = pair(kind, INPUTS, HIDDEN, bias=bias)
    inputs = leaves([normal(N, INPUTS)], "float64")
    out, expected = (
        module(x, module(x)) for module, (x,) in zip((ours, theirs), inputs, strict=True)
    )
    assert_agree(ours, theirs, out, expected, inputs, "float64")


MASKS = {
    "none": None,
    "booleans": np.tri(T, 7, 2, dtype=bool),
    "numbers": normal(N, T, 7, seed=5),
}


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("mask", MASKS)
def test_scaled_dot_product_attention(mask, dtype):
    q, k, v = normal(N, T, 4), normal(N, 7, 4, seed=1), normal(N, 7, 6, seed=2)
    inputs = leaves([q, k, v], dtype)
    m = MASKS[mask] if mask != "numbers" else MASKS[mask].astype(dtype)
    out = F.scaled_dot_product_attention(*inputs[0], mask=m)
    expected = torch.nn.functional.scaled_dot_product_attention(
        *inputs[1], attn_mask=None if m is None else torch.tensor(m)
    )
    assert_agree(nn.Module(), torch.nn.Module(), out, expected, inputs, dtype)


def test_causal_attention():
    inputs = leaves([normal(N, T, 4), normal(N, 7, 4, seed=1), normal(N, 7, 6, seed=2)], "float64")
    out = F.scaled_dot_product_attention(*inputs[0], is_causal=True)
    expected = torch.nn.functional.scaled_dot_product_attention(*inputs[1], is_causal=True)
    assert_agree(nn.Module(), torch.nn.Module(), out, expected, inputs, "float64")


@pytest.mark.parametrize("average", [True, False])
@pytest.mark.parametrize("batch_first", [True, False])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("dtype", TOLERANCE)
def test_multihead_attention(dtype, masked, batch_first, average):
    ours, theirs = pair("MultiheadAttention", 8, 2, dtype=dtype, batch_first=batch_first)
    arrays = [normal(N, n, 8, seed=n) for n in (T, 7)]
    if not batch_first:
        arrays = [a.swapaxes(0, 1) for a in arrays]
    inputs = leaves([*arrays, arrays[1] + 1], dtype)
    masks = {}
    if masked:
        padding = np.zeros((N, 7), bool)
        padding[1, 4:] = True
        masks = {"key_padding_mask": padding, "attn_mask": ~np.tri(T, 7, 3, dtype=bool)}
    out = ours(*inputs[0], average_attn_weights=average, **masks)
    torch_masks = {name: torch.tensor(m) for name, m in masks.items()}
    expected = theirs(*inputs[1], average_attn_weights=average, **torch_masks)
    assert_agree(ours, theirs, out, expected, inputs, dtype)


def test_multihead_attention_with_a_mask_of_numbers_for_each_head():
    ours, theirs = pair("MultiheadAttention", 8, 2)
    inputs = leaves([normal(T, N, 8), normal(7, N, 8, seed=1), normal(7, N, 8, seed=2)], "float64")
    mask = normal(2 * N, T, 7, seed=3)
    out, expected = ours(*inputs[0], attn_mask=mask), theirs(*inputs[1], attn_mask=torch.tensor(mask))
    assert_agree(ours, theirs, out, expected, inputs, "float64")


LENGTHS = [3, 5, 1]


def packed(theirs, x, lengths, state=None):
    """PyTorch's layer over packed sequences, its outputs padded again."""
    first, rnn = theirs.batch_first, torch.nn.utils.rnn
    out, last = theirs(rnn.pack_padded_sequence(x, torch.tensor(lengths), first, enforce_sorted=False), state)
    return rnn.pad_packed_sequence(out, first, total_length=x.shape[1 if first else 0])[0], last


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
def test_sequences_of_many_lengths(kind, options):
    ours, theirs = pair(kind, INPUTS, HIDDEN, **options)
    x = normal(N, T, INPUTS) if options.get("batch_first") else normal(T, N, INPUTS)
    count = (1 + bool(options.get("num_layers"))) * (1 + bool(options.get("bidirectional")))
    states = [normal(count, N, HIDDEN, seed=i) for i in range(1 + (kind == "LSTM"))]
    inputs = leaves([x, *states], "float64")
    (x, *state), (xt, *state_t) = inputs
    out = ours(x, tuple(state) if len(state) > 1 else state[0], lengths=LENGTHS)
    expected = packed(theirs, xt, LENGTHS, tuple(state_t) if len(state_t) > 1 else state_t[0])
    assert_agree(ours, theirs, out, expected, inputs, "float64")


@pytest.mark.parametrize("how", ["eager", "compiled"])
@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
def test_padding_may_be_anything(kind, how):
    """Values, last states and gradients, of padding that is NaN, in a loop that is long enough to stay one."""
    long, lengths = 12, (12, 3, 7, 1)
    ours, theirs = pair(kind, INPUTS, HIDDEN, num_layers=2, bidirectional=True)
    x = normal(long, len(lengths), INPUTS)
    padding = np.arange(long)[:, None] >= np.array(lengths)
    xt = torch.tensor(x, requires_grad=True)
    expected = flat(packed(theirs, xt, lengths))
    names = [name for name, _ in ours.named_parameters()]
    weights = dict(theirs.named_parameters())
    pulled = torch.autograd.grad(sum((y * y).sum() for y in expected), [xt, *(weights[name] for name in names)])

    def everything(x, lengths):
        results = flat(ours(x, lengths=lengths))
        total = sum((y * y).sum() for y in results)
        return [*(y.detach() for y in results), *gradus.grad(total, [x, *ours.parameters()])]

    leaf = gradus.tensor(np.where(padding[..., None], np.nan, x), requires_grad=True)
    found = (gradus.compile(everything) if how == "compiled" else everything)(leaf, gradus.tensor(lengths))
    for y, wanted in zip(found, [*expected, *pulled], strict=True):
        wanted = wanted.detach().numpy()
        np.testing.assert_allclose(y.numpy(), wanted, rtol=1e-10, atol=1e-10 * max(1, abs(wanted).max()))
    assert not found[len(expected)].numpy()[padding].any()
