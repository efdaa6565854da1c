"""Gradients by backpropagation against gradients by differences."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ... import dtypes, random
from ...autograd import grad, no_grad
from ...errors import ArgumentError, DataError
from ...functional.checks import at_least_one
from ...nn import Module
from ...nn.core.checks import require_model
from ...tensor import Tensor, as_tensor, tensor

TOLERANCE = 1e-6  # a right gradient differs by less, relatively
STEPS = (1e-5, 1e-6, 1e-7)  # a shorter one is tried where the one before may have crossed a kink, as that of ReLU


class Checked(NamedTuple):
    """What came out for one tensor.

    Attributes:
        name: the parameter's, or the input's number.
        places: (checked, axes) which elements were looked at.
        analytic: (checked,) gradients by backpropagation.
        numerical: (checked,) gradients by differences.
        difference: (checked,) |analytic - numerical| / max(|analytic|, |numerical|, noise / TOLERANCE).
    """

    name: str
    places: np.ndarray
    analytic: np.ndarray
    numerical: np.ndarray
    difference: np.ndarray

    @property
    def largest(self) -> float:
        """The largest relative difference."""
        return float(self.difference.max(initial=0.0))


class GradientCheck(NamedTuple):
    """What came out for all tensors; printed as a table.

    >>> print(check_gradients(lambda x: x.sum(), [1.0, 2.0]).tensors[0].analytic)
    [1. 1.]
    """

    tensors: tuple[Checked, ...]

    @property
    def largest(self) -> float:
        """The largest relative difference of all."""
        return max((t.largest for t in self.tensors), default=0.0)

    @property
    def agrees(self) -> bool:
        """Whether no gradient differs by more than rounding and the step explain."""
        return self.largest <= TOLERANCE

    def __str__(self) -> str:
        wide = max(len(t.name) for t in self.tensors)
        lines = [f"{'tensor':{wide}}  checked  largest relative difference"]
        lines += [f"{t.name:{wide}}  {len(t.difference):7}  {t.largest:.1e}{self._worst(t)}" for t in self.tensors]
        return "\n".join(lines)

    def _worst(self, t: Checked) -> str:
        if t.largest <= TOLERANCE:
            return ""
        i = int(np.argmax(t.difference))
        place = ", ".join(map(str, t.places[i]))
        return f"  at [{place}]: {t.analytic[i]:.6g} by backpropagation, {t.numerical[i]:.6g} by differences"


def check_gradients(
    function: Callable[..., Tensor], *inputs: Any, sample: int | None = None, seed: int = 0
) -> GradientCheck:
    """Compare the gradients of a function of tensors with central differences, (f(x + h) - f(x - h)) / 2h, in float64.

    Central differences are wrong by h^2 f''' / 6 and by the rounding of f over h, which is why this needs float64. A
    difference below that rounding does not count. Where the two disagree, shorter steps are tried too, since a step may
    cross a kink; right at a kink any number between the slopes on both sides is a (sub)gradient, and counts as right.

    Args:
        function: called with Tensors of float64; it gives a tensor of one number, the same at each call.
        inputs: arrays or Tensors of floating-point numbers, copied.
        sample: how many elements of each are checked, drawn at random; None checks all.
        seed: of that draw.

    Raises:
        GradientError: the function gives more than one number, or one that does not depend on the inputs.
        ArgumentError: there is nothing to check.
        DataError: the function gives NaN or infinity.

    >>> import gradus
    >>> found = check_gradients(lambda a, b: (a * b.exp()).sum(), gradus.randn(3, 4), gradus.randn(4))
    >>> found.agrees
    True
    """
    leaves = [tensor(as_tensor(x), "float64", requires_grad=True) for x in inputs]
    return _check(lambda: function(*leaves), [str(i) for i in range(len(leaves))], leaves, sample, seed)


def check_model_gradients(
    model: Module, loss: Callable[[Tensor, Tensor], Tensor], *batch: Any, sample: int | None = 20, seed: int = 0
) -> GradientCheck:
    """The same for every parameter of a model: the gradient of its loss for a batch, of a copy in float64.

    Dropout drops the same units each time; the copy is in the mode, training or evaluation, that the model is in.

    Args:
        model: any model.
        loss: a function of outputs and targets.
        batch: the model's inputs, and then the targets.
        sample: how many elements of each parameter are checked, drawn at random; None checks all.
        seed: of that draw.

    Source: Saitoh, "Deep Learning from Scratch" (2016), section 5.7.4.

    >>> import gradus
    >>> from gradus import nn
    >>> model = nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 2))
    >>> check_model_gradients(model, nn.functional.cross_entropy, gradus.randn(5, 4), [0, 1, 1, 0, 1]).agrees
    True
    """
    require_model("check_model_gradients", model)
    if len(batch) < 2:
        raise ArgumentError(f"check_model_gradients: give the model's inputs and then the targets, got {len(batch)}")
    own = copy.deepcopy(model).astype("float64")
    *inputs, targets = (_wide(as_tensor(part)) for part in batch)
    leaves = dict(own.named_parameters())
    return _check(lambda: loss(own(*inputs), targets), list(leaves), list(leaves.values()), sample, seed)


def _wide(x: Tensor) -> Tensor:
    return x.astype("float64") if dtypes.is_float(x.dtype) else x


def _check(
    function: Callable[[], Tensor], names: Sequence[str], leaves: Sequence[Tensor], sample: int | None, seed: int
) -> GradientCheck:
    if not leaves:
        raise ArgumentError("gradient check: there is no tensor to check the gradient of")
    if sample is not None:
        at_least_one("gradient check", sample=sample)
    state = random.default.state.copy()

    def same() -> Tensor:
        """The function with the same random numbers, such as dropout's, at every call."""
        random.default.state.assign_(state)
        return function()

    result = same()
    analytic = grad(result, list(leaves))
    if not np.isfinite(result.item()):
        raise DataError(f"gradient check: the function gives {result.item()}, which has no gradient")
    draw = np.random.default_rng(seed)
    tensors = []
    for name, x, g in zip(names, leaves, analytic, strict=True):
        chosen = np.arange(x.size)
        if sample is not None and sample < x.size:
            chosen = np.sort(draw.choice(x.size, sample, replace=False))
        a = g.numpy().ravel()[chosen]
        found = [_differences(same, x, int(i), float(of_i)) for i, of_i in zip(chosen, a, strict=True)]
        numerical, difference = np.array(found).reshape(-1, 2).T
        places = np.stack(np.unravel_index(chosen, x.shape or (1,)), axis=-1)
        tensors.append(Checked(name, places, a, numerical, difference))
    return GradientCheck(tuple(tensors))


def _differences(function: Callable[[], Tensor], x: Tensor, i: int, analytic: float) -> tuple[float, float]:
    """The numerical gradient to element i of x, and how far it is from the analytic one."""
    best = (float("nan"), float("inf"))
    for step in STEPS:
        left, right, noise = _one_sided(function, x, i, step)
        best = min(best, _compared(analytic, (left + right) / 2, noise), key=lambda pair: pair[1])
        if best[1] <= TOLERANCE:
            return best
    at_a_kink = _compared(analytic, float(np.clip(analytic, min(left, right), max(left, right))), noise)
    return min(best, at_a_kink, key=lambda pair: pair[1])


def _compared(analytic: float, numerical: float, noise: float) -> tuple[float, float]:
    size = max(abs(analytic), abs(numerical), noise / TOLERANCE)
    return numerical, abs(analytic - numerical) / size


def _one_sided(function: Callable[[], Tensor], x: Tensor, i: int, step: float) -> tuple[float, float, float]:
    """(f(x) - f(x - h)) / h, (f(x + h) - f(x)) / h, and how much of their mean may be rounding."""
    place = np.unravel_index(i, x.shape)
    here = x.data[place]
    values = []
    try:
        for moved in (here - step, here, here + step):
            x.data[place] = moved
            with no_grad():
                values.append(function().item())
    finally:
        x.data[place] = here
    below, middle, above = values
    noise = 4 * float(np.spacing(max(map(abs, values)))) / step
    return (middle - below) / step, (above - middle) / step, noise
