"""Losses as modules: each is made from its function, whose options it takes."""

from __future__ import annotations

from typing import ClassVar

from ... import functional as F
from ..core.applied import Applied

__all__ = [
    "BCELoss",
    "BCEWithLogitsLoss",
    "CTCLoss",
    "CosineEmbeddingLoss",
    "CosineSimilarity",
    "CrossEntropyLoss",
    "FocalLoss",
    "GaussianNLLLoss",
    "HingeEmbeddingLoss",
    "HingeLoss",
    "HuberLoss",
    "KLDivLoss",
    "L1Loss",
    "MSELoss",
    "MarginRankingLoss",
    "MultiLabelMarginLoss",
    "MultiLabelSoftMarginLoss",
    "MultiMarginLoss",
    "NLLLoss",
    "PairwiseDistance",
    "PoissonNLLLoss",
    "SmoothL1Loss",
    "SoftMarginLoss",
    "TripletMarginLoss",
    "TripletMarginWithDistanceLoss",
]


class _Loss(Applied):
    """A loss function with its options kept."""

    tensors = 2
    choices: ClassVar = {"reduction": ("mean", "sum", "none")}


class _LossOfThree(_Loss):
    tensors = 3


class L1Loss(_Loss):
    function = staticmethod(F.l1_loss)


class MSELoss(_Loss):
    function = staticmethod(F.mse_loss)


class SmoothL1Loss(_Loss):
    function = staticmethod(F.smooth_l1_loss)
    intervals: ClassVar = {"beta": "[0, inf)"}


class HuberLoss(_Loss):
    function = staticmethod(F.huber_loss)
    intervals: ClassVar = {"delta": "(0, inf)"}


class CrossEntropyLoss(_Loss):
    function = staticmethod(F.cross_entropy)
    intervals: ClassVar = {"label_smoothing": "[0, 1]"}


class NLLLoss(_Loss):
    function = staticmethod(F.nll_loss)


class BCELoss(_Loss):
    function = staticmethod(F.binary_cross_entropy)


class BCEWithLogitsLoss(_Loss):
    function = staticmethod(F.binary_cross_entropy_with_logits)


class KLDivLoss(_Loss):
    function = staticmethod(F.kl_div)
    choices: ClassVar = {"reduction": ("batchmean", "mean", "sum", "none")}


class HingeLoss(_Loss):
    function = staticmethod(F.hinge_loss)


class MultiMarginLoss(_Loss):
    function = staticmethod(F.multi_margin_loss)


class MultiLabelMarginLoss(_Loss):
    function = staticmethod(F.multilabel_margin_loss)


class MultiLabelSoftMarginLoss(_Loss):
    function = staticmethod(F.multilabel_soft_margin_loss)


class SoftMarginLoss(_Loss):
    function = staticmethod(F.soft_margin_loss)


class HingeEmbeddingLoss(_Loss):
    function = staticmethod(F.hinge_embedding_loss)


class PoissonNLLLoss(_Loss):
    function = staticmethod(F.poisson_nll_loss)


class FocalLoss(_Loss):
    function = staticmethod(F.focal_loss)


class MarginRankingLoss(_LossOfThree):
    function = staticmethod(F.margin_ranking_loss)


class CosineEmbeddingLoss(_LossOfThree):
    function = staticmethod(F.cosine_embedding_loss)


class GaussianNLLLoss(_LossOfThree):
    function = staticmethod(F.gaussian_nll_loss)


class TripletMarginLoss(_LossOfThree):
    function = staticmethod(F.triplet_margin_loss)


class TripletMarginWithDistanceLoss(_LossOfThree):
    function = staticmethod(F.triplet_margin_with_distance_loss)


class CTCLoss(_Loss):
    tensors = 4
    function = staticmethod(F.ctc_loss)


class CosineSimilarity(Applied):
    tensors = 2
    function = staticmethod(F.cosine_similarity)


class PairwiseDistance(Applied):
    tensors = 2
    function = staticmethod(F.pairwise_distance)
