"""Layers and losses against PyTorch's of the same name: the same weights, in and out, eagerly and compiled."""

from __future__ import annotations

import copy
import pickle
import warnings
from typing import Any

import numpy as np
import pytest

import gradus
from gradus import nn
from gradus.errors import ArgumentError

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

rng = np.random.default_rng(0)
X1, X2, X3 = (rng.normal(size=(3, 4, *(7, 6, 5)[:n])).astype(np.float32) for n in (1, 2, 3))
ROWS = rng.normal(size=(5, 8)).astype(np.float32)
SEQUENCE, MEMORY = (rng.normal(size=(n, 3, 8)).astype(np.float32) for n in (5, 4))
NUMBERS = rng.integers(0, 6, size=(3, 4))

CASES: dict[str, tuple[str, tuple[Any, ...], dict[str, Any], tuple[np.ndarray, ...]]] = {
    **{f"Conv{n}d": (f"Conv{n}d", (4, 6, 3), {"padding": 1, "stride": 2}, (x,)) for n, x in enumerate((X1, X2, X3), 1)},
    **{
        f"Conv2d {mode}": ("Conv2d", (4, 6, 3), {"padding": 2, "padding_mode": mode}, (X2,))
        for mode in ("reflect", "replicate", "circular")
    },
    "Conv1d same circular": ("Conv1d", (4, 2, 4), {"padding": "same", "padding_mode": "circular"}, (X1,)),
    "Conv2d of one sample": ("Conv2d", (4, 6, 3), {}, (X2[0],)),
    **{
        f"ConvTranspose{n}d": (f"ConvTranspose{n}d", (4, 6, 3), {"stride": 2, "output_padding": 1, "groups": 2}, (x,))
        for n, x in enumerate((X1, X2, X3), 1)
    },
    **{f"MaxPool{n}d": (f"MaxPool{n}d", (3, 2, 1), {"ceil_mode": True}, (x,)) for n, x in enumerate((X1, X2, X3), 1)},
    **{
        f"AvgPool{n}d": (f"AvgPool{n}d", (3, 2, 1), {"ceil_mode": True, "count_include_pad": False}, (x,))
        for n, x in enumerate((X1, X2, X3), 1)
    },
    **{f"AdaptiveAvgPool{n}d": (f"AdaptiveAvgPool{n}d", (3,), {}, (x,)) for n, x in enumerate((X1, X2, X3), 1)},
    **{f"AdaptiveMaxPool{n}d": (f"AdaptiveMaxPool{n}d", (2,), {}, (x,)) for n, x in enumerate((X1, X2, X3), 1)},
    "LPPool2d": ("LPPool2d", (2, 3), {}, (np.abs(X2),)),
    **{f"BatchNorm{n}d": (f"BatchNorm{n}d", (4,), {}, (x,)) for n, x in enumerate((X1, X2, X3), 1)},
    "BatchNorm2d without averages": ("BatchNorm2d", (4,), {"track_running_stats": False, "affine": False}, (X2,)),
    **{
        f"InstanceNorm{n}d": (f"InstanceNorm{n}d", (4,), {"affine": True, "track_running_stats": True}, (x,))
        for n, x in enumerate((X1, X2, X3), 1)
    },
    "GroupNorm": ("GroupNorm", (2, 4), {}, (X2,)),
    "RMSNorm": ("RMSNorm", (8,), {}, (ROWS,)),
    "LayerNorm without bias": ("LayerNorm", (8,), {"bias": False}, (ROWS,)),
    "LocalResponseNorm": ("LocalResponseNorm", (3,), {"alpha": 0.5}, (X2,)),
    "Embedding": ("Embedding", (6, 3), {"padding_idx": 2}, (NUMBERS,)),
    **{
        f"EmbeddingBag {mode}": ("EmbeddingBag", (6, 3), {"mode": mode, "padding_idx": 1}, (NUMBERS,))
        for mode in ("sum", "mean", "max")
    },
    "Bilinear": ("Bilinear", (8, 8, 3), {}, (ROWS, ROWS[::-1].copy())),
    "Unflatten": ("Unflatten", (1, (2, 4)), {}, (ROWS,)),
    "PixelShuffle": ("PixelShuffle", (2,), {}, (X2,)),
    "Upsample": ("Upsample", (), {"scale_factor": 2.0, "mode": "bilinear", "align_corners": True}, (X2,)),
    "Unfold": ("Unfold", ((3, 2),), {"padding": 1, "stride": 2}, (X2,)),
    "ReflectionPad2d": ("ReflectionPad2d", ((1, 2, 0, 1),), {}, (X2,)),
    "ReplicationPad3d": ("ReplicationPad3d", (1,), {}, (X3,)),
    "CircularPad1d": ("CircularPad1d", ((2, 1),), {}, (X1,)),
    "ConstantPad2d": ("ConstantPad2d", ((1, 2, 0, 1), 7.0), {}, (X2,)),
    "ZeroPad2d": ("ZeroPad2d", (1,), {}, (X2,)),
    **{
        name: (name, args, {}, (ROWS,))
        for name, args in {
            **dict.fromkeys(("CELU", "GLU", "Hardshrink", "Hardswish", "Hardtanh", "LogSigmoid", "Mish", "ReLU6"), ()),
            **dict.fromkeys(("SELU", "Softshrink", "Softsign", "Tanhshrink", "PReLU", "Hardsigmoid"), ()),
            "Threshold": (0.1, 2.0),
            "Softmin": (1,),
        }.items()
    },
    "PReLU by channel": ("PReLU", (4,), {}, (X2,)),
    "Softmax2d": ("Softmax2d", (), {}, (X2,)),
    **{
        f"TransformerEncoderLayer {first}": (
            "TransformerEncoderLayer",
            (8, 2, 16, 0.0),
            {"norm_first": first, "activation": "gelu"},
            (SEQUENCE,),
        )
        for first in (False, True)
    },
    "TransformerDecoderLayer": ("TransformerDecoderLayer", (8, 2, 16, 0.0), {}, (SEQUENCE, MEMORY)),
    "Transformer": ("Transformer", (8, 2, 1, 1, 16, 0.0), {"batch_first": True}, (MEMORY, SEQUENCE[:4])),
    "PairwiseDistance": ("PairwiseDistance", (), {}, (ROWS, ROWS + 1)),
}


def _gradients(out: Any, leaves: list[Any], grad: Any) -> list[np.ndarray]:
    total = (out * out).sum() if out.ndim else out
    return [g.detach().numpy() for g in grad(total, leaves)]


def _leaf(x: np.ndarray) -> gradus.Tensor:
    return gradus.tensor(x, requires_grad=x.dtype.kind == "f")


@pytest.mark.parametrize("name", CASES)
def test_as_in_pytorch(name: str) -> None:
    kind, args, options, inputs = CASES[name]
    theirs, ours = getattr(torch.nn, kind)(*args, **options), getattr(nn, kind)(*args, **options)
    with torch.no_grad():
        for p in theirs.parameters():
            p.copy_(torch.tensor(rng.normal(size=tuple(p.shape)).astype(np.float32)))
    ours.load_state_dict({n: v.numpy() for n, v in theirs.state_dict().items()})
    y = [torch.tensor(x) for x in inputs]
    expected = theirs(*y)
    leaves = [x.requires_grad_() for x in y if x.is_floating_point()] + list(theirs.parameters())
    wanted = _gradients(theirs(*y), leaves, torch.autograd.grad)
    state = {n: v.numpy() for n, v in theirs.state_dict().items()}

    def everything(*xs: gradus.Tensor) -> Any:
        first = ours(*xs)
        out = ours(*xs)
        found = [x for x in xs if x.requires_grad] + list(ours.parameters())
        total = (out * out).sum() if out.ndim else out
        return first.detach(), gradus.grad(total, found)

    kept = {n: v.copy() for n, v in ours.state_dict().items()}
    for compiled in (False, True):
        ours.load_state_dict(kept)
        first, gradients = (gradus.compile(everything) if compiled else everything)(*map(_leaf, inputs))
        np.testing.assert_allclose(first.numpy(), expected.detach().numpy(), rtol=2e-4, atol=2e-5)
        for mine, other in zip(gradients, wanted, strict=True):
            np.testing.assert_allclose(mine.numpy(), other, rtol=2e-3, atol=2e-4 * (1 + np.abs(other).max(initial=0)))
        for n, v in ours.state_dict().items():
            np.testing.assert_allclose(v.numpy(), state[n], rtol=1e-4, atol=1e-5)


def test_masks_of_a_transformer() -> None:
    theirs, ours = torch.nn.TransformerEncoderLayer(8, 2, 16, 0.0), nn.TransformerEncoderLayer(8, 2, 16, 0.0)
    ours.load_state_dict({n: v.numpy() for n, v in theirs.state_dict().items()})
    padding, causal = NUMBERS[:, [0, 1, 2, 3, 3]] == 5, np.triu(np.ones((5, 5), bool), 1)
    padding[:, 0] = False
    expected = theirs(torch.tensor(SEQUENCE), torch.tensor(causal), torch.tensor(padding)).detach().numpy()
    for layer in (ours, gradus.compile(ours)):
        found = layer(gradus.tensor(SEQUENCE), gradus.tensor(causal), gradus.tensor(padding))
        np.testing.assert_allclose(found.detach().numpy(), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", ["weight_norm", "spectral_norm"])
def test_weights_made_of_others(kind: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = getattr(torch.nn.utils, kind)(torch.nn.Conv1d(4, 3, 2))
    ours = getattr(nn, kind)(nn.Conv1d(4, 3, 2))
    ours.load_state_dict({n: v.numpy() for n, v in theirs.state_dict().items()})
    steps = [gradus.compile(ours), ours] if kind == "weight_norm" else [ours]
    for layer in steps:
        np.testing.assert_allclose(
            layer(gradus.tensor(X1)).detach().numpy(),
            theirs(torch.tensor(X1)).detach().numpy(),
            rtol=1e-4,
            atol=1e-5,
        )
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        g = gradus.grad((ours.eval()(gradus.tensor(X1)) ** 2).sum(), p)
        h = torch.autograd.grad((theirs.eval()(torch.tensor(X1)) ** 2).sum(), q)[0]
        np.testing.assert_allclose(g.numpy(), h.numpy(), rtol=1e-3, atol=1e-3)


def test_hooks_are_called_as_in_pytorch() -> None:
    theirs, ours = torch.nn.Linear(8, 3), nn.Linear(8, 3)
    ours.load_state_dict({n: v.numpy() for n, v in theirs.state_dict().items()})
    seen: list[list[np.ndarray]] = []
    for model, make in ((theirs, torch.tensor), (ours, gradus.tensor)):
        found: list[np.ndarray] = []

        def keep(m: Any, gi: Any, go: Any, found: list[np.ndarray] = found) -> Any:
            found.extend(g.detach().numpy() for g in (*gi, *go))
            return (gi[0] * 2,)

        model.register_forward_pre_hook(lambda m, xs: (xs[0] * 3,))
        remove = model.register_full_backward_hook(keep)
        x = make(ROWS).requires_grad_()
        (model(x) ** 2).sum().backward()
        found.append(x.grad.numpy().copy())
        (remove.remove if hasattr(remove, "remove") else remove)()
        (model(x) ** 2).sum().backward()
        seen.append(found)
    assert len(seen[0]) == len(seen[1]) == 3
    for a, b in zip(*seen, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4)


def test_backward_hooks_see_what_the_module_sends_back() -> None:
    """And no more: not what a tensor gets by another way, not what an earlier call left, nothing where none arrives."""
    found: list[list[float]] = []
    for module, make in ((torch.nn, torch.tensor), (nn, gradus.tensor)):
        layer, seen = module.Linear(1, 1, bias=False), []
        with torch.no_grad(), gradus.no_grad():
            (layer.weight.copy_ if module is torch.nn else layer.weight.assign_)(make([[2.0]]))

        def keep(m: Any, gi: Any, go: Any, seen: list[float] = seen) -> Any:
            seen.append(gi[0].sum().item())
            return (gi[0] * 0,)

        layer.register_full_backward_hook(keep)
        x = make([[1.0]])
        x.requires_grad_()
        h = x * 1
        (h + layer(h)).sum().backward()
        for _ in range(2):
            layer(x).sum().backward()
        h = x * 1
        layer(h)
        h.sum().backward()
        found.append([*seen, x.grad.item()])
    assert found[0] == found[1]


def test_a_hook_that_is_there_twice_is_taken_away_once() -> None:
    layer, seen = nn.Identity(), []
    first = layer.register_forward_hook(lambda m, x, y: seen.append(1))
    hook = lambda m, x, y: seen.append(2)  # noqa: E731
    removes = [layer.register_forward_hook(hook) for _ in range(2)]
    removes[0]()
    removes[0]()
    layer(gradus.ones(1))
    assert seen == [1, 2]
    first()


@pytest.mark.parametrize("kind", ["weight_norm", "spectral_norm"])
def test_layers_with_weights_made_of_others_are_copied_saved_and_freed(kind: str) -> None:
    layer = getattr(nn, kind)(nn.Linear(3, 2)).eval()
    x = gradus.ones((1, 3))
    for copied in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        np.testing.assert_array_equal(copied(x).detach().numpy(), layer(x).detach().numpy())
        with gradus.no_grad():
            copied.bias += 1
        assert (copied(x) != layer(x)).all()
    before = layer(x).detach().numpy()
    getattr(nn, f"remove_{kind}")(layer)
    np.testing.assert_allclose(layer(x).detach().numpy(), before, rtol=1e-6)
    assert [n for n, _ in layer.named_parameters()] == ["bias", "weight"] and layer._forward_pre_hooks == ()
    with pytest.raises(ArgumentError, match="norm to be taken away"):
        getattr(nn, f"remove_{kind}")(layer)


def test_spectral_norm_of_a_transposed_convolution() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = torch.nn.utils.spectral_norm(torch.nn.ConvTranspose1d(4, 3, 2))
    ours = nn.spectral_norm(nn.ConvTranspose1d(4, 3, 2))
    ours.load_state_dict({n: v.numpy() for n, v in theirs.state_dict().items()})
    x = (ours(gradus.tensor(X1)), theirs(torch.tensor(X1)))
    np.testing.assert_allclose(*(y.detach().numpy() for y in x), rtol=1e-4, atol=1e-5)


def test_lists_of_weights_are_saved() -> None:
    loss = nn.CrossEntropyLoss(weight=[1.0, 2.0])
    assert list(loss.state_dict()) == ["weight"]
