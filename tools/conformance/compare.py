"""One sample of an operation through PyTorch and through gradus: values, gradients, gradients of gradients."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch

import gradus
from gradus.errors import GradusError

EQUAL, DIFFERENT, REFUSED, FOREIGN = "equal", "different", "refused", "foreign error"
ROUNDS = ("value", "gradient", "second gradient")
TOLERANCE = {torch.float64: 1e-7, torch.float32: 2e-4}


class Verdict(NamedTuple):
    """What came of a sample, and why.

    `there` is how many of value, gradient and second gradient PyTorch has, `equal` how many of these are equal, in this
    order.
    """

    kind: str
    why: str = ""
    there: int = 0
    equal: int = 0


Found = dict[str, list[Verdict] | None]  # what came of each operation's samples; None where it is not expressed


class _DifferentError(Exception):
    """Two results that should be the same; those of how many rounds before are."""

    def __init__(self, text: str, equal: int = 0) -> None:
        super().__init__(text)
        self.equal = equal


def verdict(
    ours: Callable[..., Any], theirs: Callable[..., Any], sample: Any, dtype: torch.dtype, compiled: bool
) -> Verdict | None:
    """Compare one sample input of PyTorch's tests; None if PyTorch cannot do it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            expected = _theirs(theirs, sample)
        except (RuntimeError, NotImplementedError, TypeError):
            return None
        try:
            _compare(ours, sample, expected, TOLERANCE.get(dtype, 0), compiled)
        except _DifferentError as problem:
            return Verdict(DIFFERENT, str(problem), len(expected), problem.equal)
        except (GradusError, NotImplementedError) as problem:
            return Verdict(REFUSED, f"{type(problem).__name__}: {str(problem).splitlines()[0][:160]}", len(expected))
        except Exception as problem:
            return Verdict(FOREIGN, f"{type(problem).__name__}: {str(problem)[:160]}", len(expected))
    return Verdict(EQUAL, "", len(expected), len(expected))


def _tensors(tree: Any) -> list[Any]:
    """The tensors of nested results, in order; numbers too."""
    if isinstance(tree, (list, tuple)):
        return [t for part in tree for t in _tensors(part)]
    return [] if tree is None else [tree]


def _arguments(sample: Any) -> tuple[list[Any], dict[str, Any]]:
    return [sample.input, *sample.args], dict(sample.kwargs)


def _weights(shapes: Sequence[tuple[int, ...]]) -> list[np.ndarray]:
    """What results are multiplied with before they are added up for a gradient."""
    rng = np.random.default_rng(0)
    return [rng.uniform(0.5, 1.5, size=shape) for shape in shapes]


def _theirs(function: Callable[..., Any], sample: Any) -> list[list[np.ndarray]]:
    """Values, gradients, and gradients of those, as PyTorch has them."""
    args, options = _arguments(sample)
    found = [t if isinstance(t, torch.Tensor) else torch.tensor(t) for t in _tensors(function(*args, **options))]
    leaves = [t for t in _tensors([args, list(options.values())]) if isinstance(t, torch.Tensor) and t.requires_grad]
    rounds = [[_array(t) for t in found]]
    for order in range(2):
        wanted = [t for t in found if t.requires_grad]
        if not wanted or not leaves:
            break
        weights = _weights([tuple(t.shape) for t in found])
        given = [(t, w) for t, w in zip(found, weights, strict=True) if t.requires_grad]
        total = sum((t * torch.as_tensor(w, dtype=t.dtype)).sum() for t, w in given)
        try:
            found = list(torch.autograd.grad(total, leaves, create_graph=not order, allow_unused=True))
        except RuntimeError:  # no second derivative there
            break
        found = [torch.zeros_like(x) if t is None else t for t, x in zip(found, leaves, strict=True)]
        rounds.append([_array(t) for t in found])
    return rounds


def _array(t: torch.Tensor) -> np.ndarray:
    t = t.detach()
    return t.float().numpy() if t.dtype == torch.bfloat16 else t.numpy(force=True)


def _converted(tree: Any, leaves: list[Any]) -> Any:
    """Arguments as gradus takes them; leaves that want a gradient are gathered."""
    if isinstance(tree, torch.Tensor):
        made = gradus.tensor(_array(tree).copy())
        if tree.requires_grad:
            leaves.append(made.requires_grad_())
        return made
    if isinstance(tree, (list, tuple)) and not isinstance(tree, torch.Size):
        return type(tree)(_converted(t, leaves) for t in tree)
    if isinstance(tree, dict):
        return {name: _converted(t, leaves) for name, t in tree.items()}
    if isinstance(tree, torch.Size):
        return tuple(tree)
    return str(tree).removeprefix("torch.") if isinstance(tree, torch.dtype) else tree


def _compare(
    function: Callable[..., Any], sample: Any, expected: list[list[np.ndarray]], tolerance: float, compiled: bool
) -> None:
    leaves: list[Any] = []
    args, options = _converted(_arguments(sample), leaves)
    order = len(expected) - 1

    def everything(*inner: Any) -> list[list[Any]]:
        return _ours(function, args, options, leaves, order)

    rounds = gradus.compile(everything)() if compiled else everything()
    for equal, (ours, theirs) in enumerate(zip(rounds, expected, strict=False)):
        try:
            _same(ROUNDS[equal], ours, theirs, tolerance)
        except _DifferentError as problem:
            raise _DifferentError(str(problem), equal) from None


def _ours(function: Callable[..., Any], args: list[Any], options: dict[str, Any], leaves: list[Any], order: int) -> Any:
    found = _tensors(function(*args, **options))
    rounds = [found]
    for again in range(order):
        wanted = [t for t in found if isinstance(t, gradus.Tensor) and t.requires_grad]
        if not wanted:
            rounds.append([gradus.zeros_like(x) for x in leaves])
            break
        weights = zip(found, _weights([np.shape(t) for t in found]), strict=True)
        given = [(t, w) for t, w in weights if any(t is one for one in wanted)]
        total = sum(((t * gradus.tensor(w.astype(t.dtype))).sum() for t, w in given), start=0.0)
        found = list(gradus.grad(total, leaves, create_graph=again + 1 < order))  # type: ignore[arg-type]
        rounds.append(found)
    return rounds


def _same(what: str, ours: list[Any], theirs: list[np.ndarray], tolerance: float) -> None:
    if len(ours) != len(theirs):
        raise _DifferentError(f"{what}: {len(ours)} results, PyTorch has {len(theirs)}")
    for mine, other in zip(ours, theirs, strict=True):
        array = mine.numpy() if isinstance(mine, gradus.Tensor) else np.asarray(mine)
        array = array.astype(np.float32) if array.dtype == gradus.bfloat16 else array
        if array.shape != other.shape:
            raise _DifferentError(f"{what}: shape {array.shape}, PyTorch has {other.shape}")
        if array.dtype != other.dtype and what == "value":
            raise _DifferentError(f"{what}: {array.dtype}, PyTorch has {other.dtype}")
        scale = max(1.0, float(np.abs(other[np.isfinite(other)]).max(initial=0))) if other.dtype.kind == "f" else 1.0
        if not np.allclose(array, other, rtol=tolerance, atol=tolerance * scale, equal_nan=True):
            raise _DifferentError(f"{what}: other numbers")
