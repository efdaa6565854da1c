"""Why samples are not equal where that is meant, or lies in the sample."""

from __future__ import annotations

_RANDOM = "draws other random numbers than PyTorch"
_DTYPE = "dtype= is written as .astype(dtype) on the result"
_SIGNS = "PyTorch's samples have targets other than -1 and +1, which are refused"
_EMPTY = "the largest of no numbers is refused"

EXPLAINED: dict[str, str] = {
    **dict.fromkeys(
        (
            *("bernoulli", "randn", "randn_like", "rand_like", "randint", "randint_like", "multinomial", "empty_like"),
            *("nn.functional.rrelu", "nn.functional.dropout", "nn.functional.dropout2d", "nn.functional.dropout3d"),
            *("nn.functional.alpha_dropout", "nn.functional.feature_alpha_dropout.with_train"),
            *("nn.functional.scaled_dot_product_attention", "empty", "new_empty"),
        ),
        _RANDOM,
    ),
    "nn.functional.feature_alpha_dropout.without_train": "p = 1 is refused: nothing would be left to scale",
    **dict.fromkeys(("cumsum", "cumprod", "prod", "softmax.with_dtype", "log_softmax.with_dtype"), _DTYPE),
    "nn.functional.softmin.with_dtype": _DTYPE,
    "masked_select": "a mask without axes is refused",
    **dict.fromkeys(("expand", "expand_copy"), "broadcast_to takes no -1: write the length"),
    **dict.fromkeys(("squeeze", "squeeze_copy", "squeeze.multiple"), "an axis longer than 1 is refused, as in NumPy"),
    **dict.fromkeys(("split", "unsafe_split"), "an integer is the count of parts, as in NumPy, and not their size"),
    "take": "NumPy's take, along an axis; PyTorch's takes from the flattened tensor: x.reshape(-1)[i]",
    **dict.fromkeys(
        ("bool", "byte", "char", "double", "float", "half", "int", "long", "short", "bfloat16"),
        "memory_format= means nothing here",
    ),
    **dict.fromkeys(("median", "nanmedian"), "NumPy's median: the mean of the middle two, and no places beside it"),
    **dict.fromkeys(("ones", "zeros"), "float32 unless told; the tests ran with another default"),
    **dict.fromkeys(("softmax", "log_softmax", "nn.functional.softmin", "logsumexp"), _EMPTY),
    "item": "the value of a Python number has no width to compare",
    **dict.fromkeys(("round.decimals_0", "round.decimals_3", "round.decimals_neg_3"), "round has no decimals"),
    "histogram": "NumPy's: the counts are integers",
    "nonzero": "NumPy's: a place array for each axis, and always so",
    **dict.fromkeys(("unfold", "unfold_copy"), "F.unfold, of images, has this name; Tensor.unfold is sliding_window"),
    "norm.nuc": "of singular values: linalg.norm",
    "norm.fro": "of matrices: linalg.norm",
    "nn.functional.one_hot": "the number of classes is always given",
    "nn.functional.softplus": "without beta and threshold",
    "nn.functional.batch_norm": "a batch without channels is refused",
    "nn.functional.batch_norm.without_cudnn": "a batch without channels is refused",
    "nn.functional.pad.replicate_negative": "a sample replicates an axis that the negative padding has emptied",
    "nn.functional.soft_margin_loss": _SIGNS,
    "nn.functional.margin_ranking_loss": _SIGNS,
    "nn.functional.hinge_embedding_loss": _SIGNS,
    "nn.functional.multilabel_soft_margin_loss": "PyTorch's samples have targets outside of [0, 1], which are refused",
    "nn.functional.multi_margin_loss": "scores without axes are refused",
    "nn.functional.multilabel_margin_loss": "scores without axes are refused",
    "nn.functional.triplet_margin_with_distance_loss": "the samples' distance is a function of PyTorch's tensors",
    "nn.functional.ctc_loss": "PyTorch's gradient is that to what came before a log_softmax, ours to its result",
    "nn.functional.gaussian_nll_loss": "predictions and targets of two shapes are refused, not broadcast",
    **dict.fromkeys(
        (f"nn.functional.max_unpool{k}d" for k in (1, 2, 3)),
        "the samples' places come twice: of several numbers at one place PyTorch keeps some one, gradus the mean",
    ),
}
