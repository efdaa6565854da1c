"""Why samples are not equal where that is meant, or lies in the sample."""

from __future__ import annotations

_RANDOM = "draws other random numbers than PyTorch"
_SIGNS = "PyTorch's samples have targets other than -1 and +1, which are refused"

EXPLAINED: dict[str, str] = {
    **dict.fromkeys(
        (
            *("bernoulli", "randn", "randn_like", "rand_like", "randint", "randint_like", "multinomial", "empty_like"),
            *("uniform", "normal", "normal.in_place", "log_normal", "exponential", "cauchy", "geometric"),
            *("empty_permuted", "empty_strided", "new_empty_strided"),
            *("nn.functional.rrelu", "nn.functional.dropout", "nn.functional.dropout2d", "nn.functional.dropout3d"),
            *("nn.functional.alpha_dropout", "nn.functional.feature_alpha_dropout.with_train"),
            *("nn.functional.scaled_dot_product_attention", "empty", "new_empty"),
        ),
        _RANDOM,
    ),
    "nn.functional.feature_alpha_dropout.without_train": "p = 1 is refused: nothing would be left to scale",
    **dict.fromkeys(("squeeze", "squeeze_copy", "squeeze.multiple"), "an axis longer than 1 is refused, as in NumPy"),
    **dict.fromkeys(("split", "unsafe_split"), "an integer is the count of parts, as in NumPy, and not their size"),
    **dict.fromkeys(("median", "nanmedian"), "NumPy's median: the mean of the middle two, and no places beside it"),
    "cat": "a tensor of shape (0,) beside others, which PyTorch leaves out for old programs, is refused",
    "tensordot": "axes of length 1 and n are no pair, as in NumPy",
    "cov": "PyTorch adds up weights of float32 in float32, gradus in the type of what is weighted",
    **dict.fromkeys(
        ("cholesky_inverse", "cholesky_solve"), "PyTorch gives a gradient to the triangle that is not read, too"
    ),
    "as_strided_scatter": "PyTorch's gradient goes to what was overwritten",
    "masked.logaddexp": "PyTorch's second gradient is NaN where a number is masked",
    "linalg.eigh": "eigenvectors may have either sign",
    "linalg.norm.subgradients_at_zero": "at 0 PyTorch's second gradient is NaN",
    "linalg.vander": "numbers without an axis are refused",
    "linalg.solve_ex": "what may be a matrix, as an empty one, is one, as in NumPy",
    "linalg.solve": "what may be a matrix, as an empty one, is one, as in NumPy",
    "linalg.lstsq.grad_oriented": "residuals are always given; PyTorch's drivers leave some empty",
    "linalg.lstsq": "residuals, rank and singular values are always given; PyTorch's drivers leave some empty",
    "item": "the value of a Python number has no width to compare",
    "histogram": "NumPy's: the counts are integers",
    "nonzero": "NumPy's: a place array for each axis, and always so",
    **dict.fromkeys(("unfold", "unfold_copy"), "F.unfold, of images, has this name; Tensor.unfold is sliding_window"),
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

# In float32 alone, beside PyTorch's own numbers in float64.
FLOAT32: dict[str, str] = {
    "logcumsumexp": "of large numbers PyTorch's gradient has three digits, gradus' seven",
    "nn.functional.normalize": "of the order 1/2, where both have four digits",
    **dict.fromkeys(("native_layer_norm", "nn.functional.layer_norm"), "of one number PyTorch's gradient is not 0"),
}

# What a refusal of a compiled function says, and why.
COMPILED: dict[str, str] = {
    "has no kernel in compiled functions": "matrices are taken apart outside of compiled functions",
    "depends on": "the result's shape is a value",
    "by .numpy(), .item()": "what is written looks at a value",
}
