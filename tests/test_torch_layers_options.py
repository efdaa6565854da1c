"""Layers with the options that are seldom given, with PyTorch's weights: what comes out, in float64."""

from __future__ import annotations

import numpy as np
import pytest

import gradus
from gradus import functional as F
from gradus import nn

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch
rng = np.random.default_rng(0)


def normal(*shape):
    return rng.normal(size=shape)


def pair(name, *args, **options):
    """The layer of both, with the same numbers."""
    torch.manual_seed(0)
    theirs = getattr(torch.nn, name)(*args, **options).double().eval()
    ours = getattr(nn, name)(*args, **options).double().eval()
    ours.load_state_dict({key: value.numpy() for key, value in theirs.state_dict().items()})
    return ours, theirs


def close(ours, theirs):
    assert ours.shape == tuple(theirs.shape)
    np.testing.assert_allclose(ours.detach().numpy(), theirs.detach().numpy(), rtol=1e-10, atol=1e-12)


def test_classes_in_clusters():
    ours, theirs = pair("AdaptiveLogSoftmaxWithLoss", 8, 12, [3, 6], div_value=2.0, head_bias=True)
    x, labels = normal(7, 8), rng.integers(0, 12, 7)
    mine, other = ours(gradus.tensor(x), labels), theirs(torch.tensor(x), torch.tensor(labels))
    close(mine.output, other.output)
    close(mine.loss, other.loss)
    close(ours.log_prob(x), theirs.log_prob(torch.tensor(x)))
    assert ours.predict(x).tolist() == theirs.predict(torch.tensor(x)).tolist()
    one = ours(gradus.tensor(x[0]), labels[0])
    assert one.output.shape == one.loss.shape == ()
    assert one.output.item() == -one.loss.item() == pytest.approx(mine.output[0].item(), rel=1e-12)


@pytest.mark.parametrize("size", [(9, 7), (10, 8), (11, 7)])
def test_transposed_convolutions_of_a_size(size):
    ours, theirs = pair("ConvTranspose2d", 2, 3, (4, 3), stride=(3, 2), padding=(2, 1), dilation=(2, 1))
    x = normal(1, 2, 3, 4)
    close(ours(gradus.tensor(x), output_size=size), theirs(torch.tensor(x), output_size=size))


@pytest.mark.parametrize("batch_first", [True, False])
@pytest.mark.parametrize("options", [{"add_bias_kv": True}, {"add_zero_attn": True}, {"kdim": 3, "vdim": 5}])
def test_attention_with_more_keys_and_masks(options, batch_first):
    ours, theirs = pair("MultiheadAttention", 4, 2, batch_first=batch_first, **options)
    q, k, v = normal(3, 2, 4), normal(5, 2, options.get("kdim", 4)), normal(5, 2, options.get("vdim", 4))
    q, k, v = (x.swapaxes(0, 1) if batch_first else x for x in (q, k, v))
    padding, looks, added = np.zeros((2, 5), bool), rng.random((4, 3, 5)) > 0.6, normal(3, 5)
    padding[0, 3:], looks[..., 0] = True, False
    for masks in ({"key_padding_mask": padding}, {"attn_mask": looks}, {"attn_mask": added}):
        found, weights = ours(*map(gradus.tensor, (q, k, v)), **{n: gradus.tensor(m) for n, m in masks.items()})
        wanted, theirs_ = theirs(*map(torch.tensor, (q, k, v)), **{n: torch.tensor(m) for n, m in masks.items()})
        close(found, wanted)
        close(weights, theirs_)
    one = [x[0] if batch_first else x[:, 0] for x in (q, k, v)]
    close(ours(*map(gradus.tensor, one))[0], theirs(*map(torch.tensor, one))[0])


def test_slopes_that_are_drawn():
    gradus.seed(0)
    x = gradus.full(20_000, -1.0, requires_grad=True)
    y = F.rrelu(x, 0.25, 0.75, training=True)
    y.sum().backward()
    slopes = -y.detach().numpy()
    assert 0.25 <= slopes.min() < 0.26 < 0.74 < slopes.max() <= 0.75
    assert abs(slopes.mean() - 0.5) < 0.005
    np.testing.assert_array_equal(x.grad.numpy(), slopes)
    assert F.rrelu([2.0], training=True).tolist() == [2]


def test_a_row_of_an_embedding_that_does_not_count():
    layer = nn.Embedding(4, 3, padding_idx=-2)
    assert layer.weight[2].tolist() == [0, 0, 0]
    assert (layer.weight.numpy()[[0, 1, 3]] != 0).all()
    layer(gradus.tensor([2, 1])).sum().backward()
    assert layer.weight.grad.tolist() == [[0, 0, 0], [1, 1, 1], [0, 0, 0], [0, 0, 0]]


def test_defaults_of_a_transformer():
    model = nn.Transformer(4, 2, dim_feedforward=3)
    assert (len(model.encoder.layers), len(model.decoder.layers)) == (6, 6)


def test_no_batch_is_refused_by_recurrent_layers():
    for x in (gradus.zeros((0, 2, 3)), gradus.zeros((2, 2, 4))):
        with pytest.raises(gradus.errors.ShapeError, match="with one time step or more"):
            nn.GRU(3, 2)(x)


def test_what_is_drawn_is_never_impossible():
    rows = gradus.tensor(np.tile([1e-12, 1.0], (5000, 1)))
    assert gradus.multinomial(rows, 1).numpy().all()
    drawn = gradus.multinomial(rows, 2).numpy()
    assert (np.sort(drawn, 1) == [0, 1]).all()
    assert drawn[:, 0].all(), "the likelier first"
