"""The sample inputs of PyTorch's module tests through its layers and through gradus's, with the same weights."""

from __future__ import annotations

import contextlib
import itertools
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch.testing._internal.common_modules import module_db

import gradus
from gradus import nn
from gradus.errors import GradusError

from .compare import (
    DIFFERENT,
    EQUAL,
    FOREIGN,
    REFUSED,
    TOLERANCE,
    Verdict,
    _array,
    _converted,
    _DifferentError,
    _same,
    _tensors,
    _weights,
)

_PROBABILITIES = "the samples' targets are no probabilities, and refused"
EXPLAINED: dict[str, str] = {
    **dict.fromkeys(("nn.BatchNorm1d", "nn.BatchNorm2d", "nn.BatchNorm3d"), "training on no samples is refused"),
    "nn.KLDivLoss": _PROBABILITIES,
    "nn.MarginRankingLoss": "the samples have targets other than -1 and +1, which are refused",
}
SCORES = ("CTCLoss",)  # PyTorch's gradient is that of scores before a log-softmax, which is put in front


def verdicts(dtype: torch.dtype, compiled: bool, most: int, only: set[str] | None = None) -> dict[str, Any]:
    """What came of the samples of each kind of module; None for one that gradus does not have."""
    found: dict[str, list[Verdict] | None] = {}
    for info in module_db:
        name = info.name
        if info.module_cls.__module__.startswith("torch.nn") and (not only or name in only):
            found[name] = _of_kind(info, dtype, compiled, most)
    return found


def samples(info: Any, dtype: torch.dtype) -> Iterator[tuple[Any, bool]]:
    """The samples of a kind, and whether each is for training."""
    for training in (True, False) if info.train_and_eval_differ else (True,):
        torch.manual_seed(0)
        with contextlib.suppress(NotImplementedError):
            for sample in info.module_inputs_func(info, "cpu", dtype, True, training):
                if sample.forward_input is not None:
                    yield sample, training


def _of_kind(info: Any, dtype: torch.dtype, compiled: bool, most: int) -> list[Verdict] | None:
    ours = getattr(nn, info.module_cls.__name__, None)
    if ours is None:
        return None
    taken = itertools.islice(samples(info, dtype), most)
    return [v for s, training in taken if (v := verdict(ours, info.module_cls, s, training, dtype, compiled))]


def verdict(ours: Any, theirs: Any, sample: Any, training: bool, dtype: torch.dtype, compiled: bool) -> Verdict | None:
    """Compare a sample of a module; None if PyTorch cannot do it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.manual_seed(0)
        try:
            module, expected = _theirs(theirs, sample, training, dtype)
        except (RuntimeError, NotImplementedError, TypeError):
            return None
        try:
            _compare(ours, module, sample, training, dtype, expected, compiled)
        except _DifferentError as problem:
            return Verdict(DIFFERENT, str(problem))
        except (GradusError, NotImplementedError) as problem:
            return Verdict(REFUSED, f"{type(problem).__name__}: {str(problem).splitlines()[0][:160]}")
        except Exception as problem:
            return Verdict(FOREIGN, f"{type(problem).__name__}: {str(problem)[:160]}")
    return Verdict(EQUAL)


def _theirs(kind: Any, sample: Any, training: bool, dtype: torch.dtype) -> tuple[dict[str, np.ndarray], Any]:
    """The weights that PyTorch's module begins with, and what comes of it: values, gradients, buffers after it."""
    made = kind(*sample.constructor_input.args, **sample.constructor_input.kwargs).to(dtype)
    args, options = sample.forward_input.args, sample.forward_input.kwargs
    if isinstance(made, torch.nn.modules.lazy.LazyModuleMixin):  # which finds its sizes, and changes no averages
        made.eval()(*args, **options)
    made.train(training)
    state = {name: _array(t).copy() for name, t in made.state_dict().items()}
    found = _tensors(made(*_before(kind, args, torch.nn.functional.log_softmax), **options))
    named = [t for _, t in sorted(made.named_parameters()) if t.requires_grad]
    leaves = [*_wanted(args, options), *named]
    total = _total(found, lambda w, like: torch.as_tensor(w, dtype=like.dtype))
    gradients = []
    if isinstance(total, torch.Tensor) and total.requires_grad and leaves:
        given = torch.autograd.grad(total, leaves, allow_unused=True)
        gradients = [torch.zeros_like(x) if g is None else g for g, x in zip(given, leaves, strict=True)]
    after = [*made.buffers()]
    return state, [[_array(t) for t in part] for part in (found, gradients, after)]


def _before(kind: Any, inputs: Any, log_softmax: Any) -> Any:
    """The inputs, the first of them through a log-softmax where that is what it is to be."""
    return (log_softmax(inputs[0], -1), *inputs[1:]) if kind.__name__ in SCORES else inputs


def _wanted(*trees: Any) -> list[Any]:
    tensors = [t for tree in trees for t in _tensors(list(tree.values()) if isinstance(tree, dict) else tree)]
    return [t for t in tensors if isinstance(t, torch.Tensor) and t.requires_grad]


def _total(found: list[Any], weight: Any) -> Any:
    """What gradients are taken of: all that has one, each number with a weight of its own."""
    shapes = [tuple(t.shape) for t in found]
    pairs = [(t, w) for t, w in zip(found, _weights(shapes), strict=True) if t.requires_grad]
    return sum((t * weight(w, t)).sum() for t, w in pairs)


def _compare(
    kind: Any, state: dict[str, np.ndarray], sample: Any, training: bool, dtype: Any, expected: Any, compiled: bool
) -> None:
    given = sample.constructor_input
    args, options = _translated([list(given.args), dict(given.kwargs)])
    name = str(dtype).removeprefix("torch.")
    made = kind(*args, **options)
    leaves: list[Any] = []
    inputs, more = _taken([list(sample.forward_input.args), dict(sample.forward_input.kwargs)], leaves, {})
    if "input" in more:  # which has no name here
        inputs.insert(0, more.pop("input"))
    made.astype(name).train(training).load_state_dict(state)

    def everything() -> Any:
        found = _tensors(made(*_before(kind, inputs, nn.functional.log_softmax), **more))
        wanted = [*leaves, *(p for _, p in sorted(made.named_parameters()) if p.requires_grad)]
        total = _total(found, lambda w, like: gradus.tensor(w.astype(like.dtype)))
        gradients = list(gradus.grad(total, wanted)) if isinstance(total, gradus.Tensor) and wanted else []
        return [t.detach() for t in found], gradients

    found, gradients = (gradus.compile(everything) if compiled else everything)()
    results = found, gradients, list(made.buffers())
    for what, ours, theirs in zip(("value", "gradient", "buffer"), results, expected, strict=True):
        _same(what, ours, theirs, TOLERANCE[dtype])


def _taken(tree: Any, leaves: list[Any], known: dict[int, Any]) -> Any:
    """Arguments of a call as gradus takes them; a tensor that stands there twice stays one."""
    if isinstance(tree, torch.Tensor):
        if id(tree) not in known:
            known[id(tree)] = _converted(tree, leaves)
        elif tree.requires_grad:
            leaves.append(known[id(tree)])
        return known[id(tree)]
    if isinstance(tree, dict):
        return {name: _taken(t, leaves, known) for name, t in tree.items()}
    if isinstance(tree, (list, tuple)) and not isinstance(tree, torch.Size):
        return type(tree)(_taken(t, leaves, known) for t in tree)
    return _converted(tree, leaves)


def _translated(tree: Any) -> Any:
    """Arguments of a constructor as gradus takes them."""
    if isinstance(tree, torch.nn.Module):
        return _built(tree)
    if isinstance(tree, (list, tuple)) and not isinstance(tree, torch.Size):
        return type(tree)(_translated(t) for t in tree)
    if isinstance(tree, dict):
        return {n: _translated(t) for n, t in tree.items() if n not in ("device", "dtype")}
    if callable(tree) and getattr(tree, "__name__", "") in nn.functional.__all__:
        return getattr(nn.functional, tree.__name__)
    return _converted(tree, [])


def _built(module: Any) -> Any:
    """A module that is given to another."""
    if isinstance(module, (torch.nn.TransformerEncoderLayer, torch.nn.TransformerDecoderLayer)):
        sizes = module.self_attn.embed_dim, module.self_attn.num_heads, module.linear1.out_features, module.dropout.p
        options = {"activation": _translated(module.activation), "layer_norm_eps": module.norm1.eps}
        options |= {"batch_first": module.self_attn.batch_first, "norm_first": module.norm_first}
        return getattr(nn, type(module).__name__)(*sizes, **options, bias=module.linear1.bias is not None)
    if isinstance(module, torch.nn.LayerNorm):
        bias = module.elementwise_affine and module.bias is not None
        return nn.LayerNorm(module.normalized_shape, module.eps, module.elementwise_affine, bias)
    return getattr(nn, type(module).__name__)()
