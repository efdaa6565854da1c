"""Losses as modules: each is the function of the same name in `gradus.functional`, with its options kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from ...functional import losses
from ...functional.checks import in_range, one_of
from ...tensor import Tensor
from ..core.module import Module

__all__ = [
    "BCELoss",
    "BCEWithLogitsLoss",
    "CrossEntropyLoss",
    "HingeLoss",
    "HuberLoss",
    "KLDivLoss",
    "L1Loss",
    "MSELoss",
    "NLLLoss",
]


class _Loss(Module):
    """A loss function with its options kept."""

    function: ClassVar[Callable[..., Tensor]]
    reductions: ClassVar[tuple[str, ...]] = ("mean", "sum", "none")

    def __init__(self, reduction: str = "mean") -> None:
        self._options: dict[str, Any] = {
            "reduction": one_of(type(self).__name__, "reduction", reduction, self.reductions)
        }

    def forward(self, predictions: Tensor, targets: Any) -> Tensor:
        return type(self).function(predictions, targets, **self._options)

    def extra_repr(self) -> str:
        return ", ".join(f"{name}={value!r}" for name, value in self._options.items())


class L1Loss(_Loss):
    """The absolute error: see `functional.l1_loss`.

    >>> import gradus
    >>> L1Loss()(gradus.tensor([1.0, 2.0]), gradus.tensor([0.0, 4.0]))
    tensor(1.5)
    """

    function = staticmethod(losses.l1_loss)


class MSELoss(_Loss):
    """The squared error: see `functional.mse_loss`.

    >>> import gradus
    >>> MSELoss()(gradus.tensor([1.0, 2.0]), gradus.tensor([0.0, 4.0]))
    tensor(2.5)
    """

    function = staticmethod(losses.mse_loss)


class HuberLoss(_Loss):
    """Squared near 0 and absolute beyond delta: see `functional.huber_loss`.

    >>> import gradus
    >>> HuberLoss(delta=2.0)(gradus.tensor([1.0, 5.0]), gradus.tensor([0.0, 0.0]))
    tensor(4.25)
    """

    function = staticmethod(losses.huber_loss)

    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        super().__init__(reduction)
        in_range("HuberLoss", "delta", delta, "(0, inf)")
        self._options["delta"] = delta


class CrossEntropyLoss(_Loss):
    """The cross-entropy of softmax(logits) to labels or probabilities: see `functional.cross_entropy`.

    >>> import gradus
    >>> CrossEntropyLoss()(gradus.tensor([[0.0, 0.0]]), gradus.tensor([1]))
    tensor(0.6931472)
    """

    function = staticmethod(losses.cross_entropy)

    def __init__(self, reduction: str = "mean", label_smoothing: float = 0.0) -> None:
        super().__init__(reduction)
        in_range("CrossEntropyLoss", "label_smoothing", label_smoothing, "[0, 1]")
        self._options["label_smoothing"] = label_smoothing


class NLLLoss(_Loss):
    """The negative log-likelihood of labels: see `functional.nll_loss`.

    >>> import gradus
    >>> NLLLoss()(gradus.tensor([[-0.5, -1.0]]), gradus.tensor([1]))
    tensor(1.)
    """

    function = staticmethod(losses.nll_loss)


class BCELoss(_Loss):
    """The cross-entropy of yes and no, from probabilities: see `functional.binary_cross_entropy`.

    >>> import gradus
    >>> BCELoss()(gradus.tensor([0.5]), gradus.tensor([1.0]))
    tensor(0.6931472)
    """

    function = staticmethod(losses.binary_cross_entropy)


class BCEWithLogitsLoss(_Loss):
    """The cross-entropy of yes and no, from scores: see `functional.binary_cross_entropy_with_logits`.

    >>> import gradus
    >>> BCEWithLogitsLoss()(gradus.tensor([0.0]), gradus.tensor([1.0]))
    tensor(0.6931472)
    """

    function = staticmethod(losses.binary_cross_entropy_with_logits)


class HingeLoss(_Loss):
    """The hinge loss of support vector machines: see `functional.hinge_loss`.

    >>> import gradus
    >>> HingeLoss()(gradus.tensor([0.3, -2.0]), gradus.tensor([1, -1]))
    tensor(0.35)
    """

    function = staticmethod(losses.hinge_loss)

    def __init__(self, reduction: str = "mean", margin: float = 1.0) -> None:
        super().__init__(reduction)
        self._options["margin"] = margin


class KLDivLoss(_Loss):
    """The Kullback-Leibler divergence; unlike in PyTorch "batchmean" is the default: see `functional.kl_div`.

    >>> import gradus
    >>> KLDivLoss()(gradus.tensor([[-0.6931472, -0.6931472]]), gradus.tensor([[1.0, 0.0]]))
    tensor(0.6931472)
    """

    function = staticmethod(losses.kl_div)
    reductions = ("batchmean", "mean", "sum", "none")

    def __init__(self, reduction: str = "batchmean") -> None:
        super().__init__(reduction)
