"""Recurrent layers and attention, without PyTorch: formulas in NumPy, invariants, gradients, what they refuse."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit as sigmoid
from scipy.special import softmax

import gradus
from gradus import functional as F
from gradus import nn
from gradus.errors import ArgumentError, DataError, DtypeError, ShapeError

T, N, INPUTS, HIDDEN = 5, 3, 4, 6
KINDS = {"RNN": nn.RNN, "LSTM": nn.LSTM, "GRU": nn.GRU}
CELLS = {"RNN": nn.RNNCell, "LSTM": nn.LSTMCell, "GRU": nn.GRUCell}


def normal(*shape, seed=0):
    return gradus.tensor(np.random.default_rng(seed).normal(size=shape))


def outputs(result):
    """(out, h) or (out, (h, c)) as [out, h, ...]."""
    out, state = result
    return [out, *(state if isinstance(state, tuple) else [state])]


def reference(kind, x, w, steps):
    """The outputs of one layer, in NumPy, from its four weights."""
    w_ih, w_hh, b_ih, b_hh = (p.numpy() for p in w)
    h = c = np.zeros((N, HIDDEN))
    found = []
    for t in steps:
        z, a = x[t] @ w_ih.T + b_ih, h @ w_hh.T + b_hh
        if kind == "RNN":
            h = np.tanh(z + a)
        elif kind == "LSTM":
            i, f, g, o = np.split(z + a, 4, axis=1)
            c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
            h = sigmoid(o) * np.tanh(c)
        else:
            (zr, zu, zn), (ar, au, an) = np.split(z, 3, axis=1), np.split(a, 3, axis=1)
            u = sigmoid(zu + au)
            h = (1 - u) * np.tanh(zn + sigmoid(zr + ar) * an) + u * h
        found.append(h)
    return np.stack(found)


@pytest.mark.parametrize("kind", KINDS)
def test_formula_in_both_directions(kind):
    layer = KINDS[kind](INPUTS, HIDDEN, bidirectional=True).astype("float64")
    x = normal(T, N, INPUTS)
    out, *states = outputs(layer(x))
    w = list(layer.parameters())
    forwards = reference(kind, x.numpy(), w[:4], range(T))
    backwards = reference(kind, x.numpy(), w[4:], range(T)[::-1])
    np.testing.assert_allclose(out.numpy(), np.concatenate([forwards, backwards[::-1]], axis=2), rtol=1e-10)
    np.testing.assert_allclose(states[0].numpy(), [forwards[-1], backwards[-1]], rtol=1e-10)


@pytest.mark.parametrize("kind", KINDS)
def test_names_and_shapes_of_the_weights(kind):
    layer = KINDS[kind](INPUTS, HIDDEN, num_layers=2, bidirectional=True)
    kinds, suffixes = ("weight_ih", "weight_hh", "bias_ih", "bias_hh"), ("_l0", "_l0_reverse", "_l1", "_l1_reverse")
    names = [w + suffix for suffix in suffixes for w in kinds]
    assert list(layer.state_dict()) == names
    rows = layer.gates * HIDDEN
    assert layer.weight_ih_l0.shape == (rows, INPUTS)
    assert layer.weight_ih_l1_reverse.shape == (rows, 2 * HIDDEN)
    assert abs(layer.weight_hh_l0.numpy()).max() <= HIDDEN**-0.5
    assert len(list(KINDS[kind](INPUTS, HIDDEN, bias=False).parameters())) == 2


@pytest.mark.parametrize("kind", KINDS)
def test_a_cell_step_by_step_is_the_layer(kind):
    layer, cell = KINDS[kind](INPUTS, HIDDEN), CELLS[kind](INPUTS, HIDDEN)
    cell.load_state_dict({name.removesuffix("_l0"): w for name, w in layer.state_dict().items()})
    x, state = normal(T, N, INPUTS).astype("float32"), None
    for x_t in x:
        state = cell(x_t, state)
    for found, expected in zip(outputs((x, state))[1:], outputs(layer(x))[1:], strict=True):
        np.testing.assert_allclose(found.numpy(), expected[0].numpy(), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("kind", KINDS)
def test_a_sequence_in_two_parts_is_the_whole(kind):
    layer = KINDS[kind](INPUTS, HIDDEN, num_layers=2).astype("float64")
    x = normal(T, N, INPUTS)
    first, state = layer(x[:2])
    second, end = layer(x[2:], state)
    out, *states = outputs(layer(x))
    np.testing.assert_allclose(gradus.concatenate([first, second]).numpy(), out.numpy(), rtol=1e-12)
    for a, b in zip(outputs((out, end))[1:], states, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_batch_first_exchanges_axes(kind):
    a, b = KINDS[kind](INPUTS, HIDDEN), KINDS[kind](INPUTS, HIDDEN, batch_first=True)
    b.load_state_dict(a.state_dict())
    x = normal(T, N, INPUTS).astype("float32")
    np.testing.assert_array_equal(a(x)[0].numpy(), b(x.swapaxes(0, 1))[0].swapaxes(0, 1).numpy())


@pytest.mark.parametrize("length", [1, 2, 7])
@pytest.mark.parametrize("kind", KINDS)
def test_gradient_through_time(kind, length):
    layer = KINDS[kind](2, 3).astype("float64")
    x, v = normal(length, 2, 2), normal(length, 2, 2, seed=1)

    def loss(x):
        return layer(x)[0].square().sum()

    leaf = x.detach().requires_grad_()
    dx = gradus.grad(loss(leaf), leaf)
    wanted = (loss(x + 1e-6 * v) - loss(x - 1e-6 * v)).item() / 2e-6
    assert (dx * v).sum().item() == pytest.approx(wanted, rel=1e-7)


def test_dropout_between_layers_acts_in_training_only():
    layer = nn.LSTM(INPUTS, HIDDEN, num_layers=2, dropout=0.5)
    x = normal(T, N, INPUTS).astype("float32")
    assert (layer(x)[0].numpy() != layer(x)[0].numpy()).any()
    layer.eval()
    np.testing.assert_array_equal(layer(x)[0].numpy(), layer(x)[0].numpy())


def test_the_backward_pass_is_not_quadratic_in_time():
    """Cut in halves, t steps make t log t numbers of gradient; cut one by one they would make t^2."""
    z = gradus.zeros((256, 1), "float64").requires_grad_()
    out, _ = F.scan(lambda z_t, state: (z_t + state[0],), z, (gradus.zeros(1, "float64"),))
    sizes, seen, stack = 0, set(), [out]
    while stack:
        t = stack.pop()
        if id(t) not in seen and t.origin:
            seen.add(id(t))
            sizes += sum(x.size for x in t.origin.inputs if t.origin.primitive.name == "slice")
            stack.extend(t.origin.inputs)
    assert sizes <= 2 * 256 * 9


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: nn.LSTM(4, 6)(gradus.zeros((5, 3, 7))), r"LSTM\(input_size=4\): input has shape \(5, 3, 7\)"),
        (lambda: nn.GRU(4, 6, batch_first=True)(gradus.zeros((5, 1, 1, 4))), r"GRU.*\(n, t, 4\)"),
        (lambda: nn.GRU(4, 6)(gradus.zeros((5, 4)), gradus.zeros((1, 1, 6))), r"state has shape.*\(1, 6\)"),
        (lambda: nn.GRU(4, 6)(gradus.zeros((5, 4)), lengths=[5]), "lengths are of several sequences"),
        (lambda: nn.RNN(4, 6)(gradus.zeros((0, 3, 4))), "one time step or more"),
        (lambda: nn.RNN(4, 6)(gradus.zeros((5, 3, 4)), gradus.zeros((3, 6))), r"state has shape \(3, 6\).*\(1, 3, 6\)"),
        (lambda: nn.LSTM(4, 6)(gradus.zeros((5, 3, 4)), gradus.zeros((1, 3, 6))), r"LSTM: the state.*\(h, c\)"),
        (lambda: nn.GRUCell(4, 6)(gradus.zeros((3, 5))), r"GRUCell\(input_size=4\): input has shape \(3, 5\)"),
        (lambda: nn.MultiheadAttention(8, 2)(*[gradus.zeros((5, 3, 6))] * 3), r"embed_dim=8.*\(5, 3, 6\)"),
        (lambda: F.scaled_dot_product_attention(*[gradus.zeros(3)] * 3), r"\(\.\.\., l, d\)"),
        (lambda: F.attention_weights(*[gradus.zeros((5, 2))] * 2, mask=np.ones((4, 5), bool)), "attention .*mask"),
    ],
)
def test_shapes_that_do_not_fit(call, message):
    with pytest.raises(ShapeError, match=message):
        call()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: nn.LSTM(4, 0), "LSTM: hidden_size must be an integer of 1 or more, got 0"),
        (lambda: nn.GRU(4, 6, num_layers=2, dropout=1.5), r"GRU: dropout must be in \[0, 1\], got 1.5"),
        (lambda: nn.RNN(4, 6, dropout=0.5), "one layer only"),
        (lambda: nn.RNN(4, 6, nonlinearity="relo"), "RNN: unknown nonlinearity 'relo'. Did you mean 'relu'"),
        (lambda: nn.LSTM(4, 6, proj_size=6), r"LSTM: proj_size must be in \[0, 6\), got 6"),
        (lambda: nn.MultiheadAttention(8, 2, kdim=0), "kdim must be an integer of 1 or more"),
        (lambda: nn.MultiheadAttention(8, 3), "num_heads=3 does not divide embed_dim=8"),
    ],
)
def test_arguments_out_of_range(call, message):
    with pytest.raises(ArgumentError, match=message):
        call()


@pytest.mark.parametrize("kind", KINDS)
def test_each_of_many_lengths_is_as_by_itself(kind):
    layer = KINDS[kind](INPUTS, HIDDEN, num_layers=2, bidirectional=True, batch_first=True).astype("float64")
    x, lengths = normal(N, T, INPUTS), [4, 1, T]
    out, *states = outputs(layer(x, lengths=lengths))
    for i, length in enumerate(lengths):
        alone, *ends = outputs(layer(x[i : i + 1, :length]))
        np.testing.assert_allclose(out[i, :length].numpy(), alone[0].numpy(), rtol=1e-12)
        assert not out[i, length:].numpy().any()
        for state, end in zip(states, ends, strict=True):
            np.testing.assert_allclose(state[:, i].numpy(), end[:, 0].numpy(), rtol=1e-12)


@pytest.mark.parametrize("dtype", ["uint8", "int32", "int64", "uint64"])
def test_lengths_of_any_integers(dtype):
    layer, x = nn.GRU(INPUTS, HIDDEN), normal(T, N, INPUTS).astype("float32")
    out = layer(x, lengths=np.array([4, 1, T], dtype))[0]
    np.testing.assert_array_equal(out.numpy(), layer(x, lengths=[4, 1, T])[0].numpy())


@pytest.mark.parametrize(
    ("lengths", "error", "message"),
    [
        ([5, 0, 2], DataError, r"GRU: lengths\[1\] is 0, of sequences of 1 to 5 time steps"),
        ([6, 3, 2], DataError, r"GRU: lengths\[0\] is 6"),
        ([5, 3], ShapeError, r"GRU: lengths have shape \(2,\), for 3 sequences.*\(3,\)"),
        (3, ShapeError, r"lengths have shape \(\)"),
        ([1.0, 2.0, 3.0], DtypeError, "GRU: lengths are numbers of time steps, integers, got float32"),
        ([True, True, True], DtypeError, "got bool"),
    ],
)
def test_lengths_that_cannot_be(lengths, error, message):
    with pytest.raises(error, match=message):
        nn.GRU(INPUTS, HIDDEN)(gradus.zeros((T, N, INPUTS)), lengths=lengths)


# -- attention -------------------------------------------------------------------------------------------------------


def qkv():
    return normal(2, T, 4), normal(2, 7, 4, seed=1), normal(2, 7, 3, seed=2)


def test_attention_is_its_formula():
    q, k, v = qkv()
    weights = softmax(np.einsum("nld,nsd->nls", q.numpy(), k.numpy()) / 2, axis=-1)
    np.testing.assert_allclose(F.attention_weights(q, k).numpy(), weights, rtol=1e-12)
    np.testing.assert_allclose(F.scaled_dot_product_attention(q, k, v).numpy(), weights @ v.numpy(), rtol=1e-12)


def test_a_masked_key_does_not_matter():
    q, k, v = qkv()
    mask = np.ones((T, 7), bool)
    mask[:, 5:] = False
    found = F.scaled_dot_product_attention(q, k, v, mask)
    np.testing.assert_allclose(found.numpy(), F.scaled_dot_product_attention(q, k[:, :5], v[:, :5]).numpy(), rtol=1e-12)
    numbers = np.where(mask, 0.0, -np.inf)
    np.testing.assert_allclose(F.scaled_dot_product_attention(q, k, v, numbers).numpy(), found.numpy(), rtol=1e-12)


def test_attention_of_integers_is_floating_point():
    q, v = gradus.tensor([[1, 0], [0, 1]]), gradus.tensor([[1], [2]])
    expected = F.scaled_dot_product_attention(q.astype("float32"), q.astype("float32"), v.astype("float32"))
    assert F.scaled_dot_product_attention(q, q, v).tolist() == expected.tolist()


def test_causal_attention_does_not_look_ahead():
    q, k, v = qkv()
    before = F.scaled_dot_product_attention(q, k, v, is_causal=True)
    late = gradus.concatenate([k[:, :3], k[:, 3:] + 1], axis=1)
    after = F.scaled_dot_product_attention(q, late, v, is_causal=True)
    np.testing.assert_array_equal(before[:, :3].numpy(), after[:, :3].numpy())
    assert (before[:, 3:].numpy() != after[:, 3:].numpy()).all()


@pytest.mark.parametrize("numbers", [False, True])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_a_query_that_may_look_nowhere_gets_zeros_and_no_nan(dtype, numbers):
    q, k, v = (x.astype(dtype).requires_grad_() for x in qkv())
    mask = np.ones((T, 7), bool)
    mask[2] = False
    if numbers:
        mask = np.where(mask, 0.0, -np.inf)
    out = F.scaled_dot_product_attention(q, k, v, mask)
    out.sum().backward()
    assert out.dtype == dtype
    assert not out[:, 2].numpy().any()
    assert all(np.isfinite(x.grad.numpy()).all() for x in (q, k, v))


def test_a_mask_of_integers_is_refused():
    q, k, v = qkv()
    with pytest.raises(DtypeError, match="mask != 0"):
        F.scaled_dot_product_attention(q, k, v, np.ones((T, 7), int))
    x = gradus.zeros((T, 2, 8))
    with pytest.raises(DtypeError, match="key_padding_mask"):
        nn.MultiheadAttention(8, 2)(x, x, x, key_padding_mask=np.zeros((2, T), int))


def test_multihead_attention_drops_in_training_only():
    layer = nn.MultiheadAttention(8, 2, dropout=0.5)
    x = normal(T, 2, 8).astype("float32")
    assert (layer(x, x, x)[0].numpy() != layer(x, x, x)[0].numpy()).any()
    layer.eval()
    np.testing.assert_array_equal(layer(x, x, x)[0].numpy(), layer(x, x, x)[0].numpy())
    np.testing.assert_allclose(layer(x, x, x)[1].sum(-1).numpy(), 1, rtol=1e-6)


def test_multihead_attention_pads_and_adds_numbers_at_once():
    layer = nn.MultiheadAttention(8, 2, batch_first=True).eval()
    x = normal(2, T, 8).astype("float32")
    padding = np.zeros((2, T), bool)
    padding[:, 3:] = True
    _, weights = layer(x, x, x, key_padding_mask=padding, attn_mask=np.zeros((2 * 2, T, T), "float32"))
    _, expected = layer(x, x, x, key_padding_mask=padding)
    assert weights.shape == (2, T, T)
    np.testing.assert_allclose(weights.numpy(), expected.numpy(), rtol=1e-5, atol=1e-7)


# -- one sequence, without the axis of the batch -----------------------------------------------------------------------


@pytest.mark.parametrize("kind", [*KINDS, "projected"])
@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("compiled", [False, True])
def test_one_sequence_is_a_batch_of_one(kind, batch_first, compiled):
    made = KINDS.get(kind, nn.LSTM)
    options = {"proj_size": 3} if kind == "projected" else {}
    layer = made(INPUTS, HIDDEN, num_layers=2, bidirectional=True, batch_first=batch_first, **options)
    x = gradus.tensor(normal(T, INPUTS))
    call = gradus.compile(layer) if compiled else layer
    out, state = call(x)
    batch, whole = layer(x[None] if batch_first else x[:, None])
    assert (out.numpy() == (batch[0] if batch_first else batch[:, 0]).numpy()).all() or compiled
    np.testing.assert_allclose(out.numpy(), (batch[0] if batch_first else batch[:, 0]).numpy(), rtol=1e-6)
    for one, several in zip(*((s,) if isinstance(s, gradus.Tensor) else s for s in (state, whole)), strict=True):
        np.testing.assert_allclose(one.numpy(), several[:, 0].numpy(), rtol=1e-6)
    again, _ = layer(x, state)
    assert again.shape == out.shape


@pytest.mark.parametrize("kind", CELLS)
def test_one_sample_is_a_batch_of_one(kind):
    cell, x = CELLS[kind](INPUTS, HIDDEN), gradus.tensor(normal(INPUTS))
    one, several = cell(x), cell(x[None])
    for a, b in zip(*((s,) if isinstance(s, gradus.Tensor) else s for s in (one, several)), strict=True):
        assert (a.numpy() == b[0].numpy()).all()
    after = cell(x, one)
    assert np.shape(after if isinstance(after, gradus.Tensor) else after[0]) == (HIDDEN,)


def test_keys_of_other_sizes_and_those_that_are_there_besides():
    layer = nn.MultiheadAttention(8, 2, kdim=5, vdim=6, add_bias_kv=True, add_zero_attn=True, batch_first=True)
    q, k, v = (gradus.tensor(normal(*s)) for s in ((2, 4, 8), (2, 3, 5), (2, 3, 6)))
    out, weights = layer(q, k, v, is_causal=True)
    assert out.shape == (2, 4, 8)
    assert weights.shape == (2, 4, 5)
    assert (weights[:, 0, 1:3].numpy() == 0).all()
    assert (weights[:, 0, 3:].numpy() > 0).all()
    one, of_one = layer(q[0], k[0], v[0], is_causal=True)
    np.testing.assert_allclose(one.numpy(), out[0].numpy(), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(of_one.numpy(), weights[0].numpy(), rtol=1e-5, atol=1e-6)
