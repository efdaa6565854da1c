"""What Keras and TensorFlow have at their top, as they call it."""

from __future__ import annotations

from .reasons import TEXT

INSTEAD: dict[str, dict[str, str]] = {
    "": {
        "Function": "a class derived from gradus.nn.Module, with __init__ and forward",
        "cast to_float to_int32 saturate_cast bitcast cast_to_floatx": "x.astype(dtype)",
        "convert_to_numpy eval get_value get_static_value make_ndarray numpy_function py_function": "x.numpy()",
        "clip_by_value": "gradus.clip(x, lowest, highest)",
        "clip_by_norm clip_by_global_norm": "gradus.optim.clip_grad_norm_(model.parameters(), length)",
        "reduce_sum": "gradus.sum(x, axis)",
        "reduce_mean": "gradus.mean(x, axis)",
        "reduce_max": "gradus.max(x, axis)",
        "reduce_min": "gradus.min(x, axis)",
        "reduce_prod": "gradus.prod(x, axis)",
        "reduce_all": "gradus.all(x, axis)",
        "reduce_any": "gradus.any(x, axis)",
        "reduce_std": "gradus.std(x, axis)",
        "reduce_variance": "gradus.var(x, axis)",
        "reduce_logsumexp": "gradus.logsumexp(x, axis)",
        "reduce_euclidean_norm": "gradus.norm(x, axis=axis)",
        "add_n accumulate_n": "gradus.stack(tensors).sum(0)",
        "fill": "gradus.full(shape, value)",
        "reverse": "gradus.flip(x, axis)",
        "shuffle": "x[gradus.randperm(len(x))]",
        "truediv realdiv": "x / y",
        "floordiv": "x // y",
        "floormod truncatemod": "x % y, or gradus.fmod(x, y)",
        "truncatediv": "gradus.trunc(x / y)",
        "divide_no_nan xdivy multiply_no_nan reciprocal_no_nan": (
            "gradus.where(y != 0, x / gradus.where(y != 0, y, 1), 0)"
        ),
        "scalar_mul squared_difference": "a * x, (x - y) ** 2",
        "xlog1py": "x * gradus.log1p(y)",
        "is_finite": "gradus.isfinite(x)",
        "is_inf": "gradus.isinf(x)",
        "is_nan": "gradus.isnan(x)",
        "is_non_decreasing is_strictly_increasing": "(x[1:] >= x[:-1]).all()",
        "zero_fraction": "(x == 0).mean()",
        "in_top_k": "gradus.train.metrics.top_k(outputs, targets)",
        "invert_permutation": "gradus.argsort(x)",
        "segment_mean unsorted_segment_mean": "gradus.segment_sum(x, indices, n) / gradus.bincount(indices, n)",
        "unsorted_segment_sum": "gradus.segment_sum(x, indices, length)",
        "sequence_mask": "gradus.arange(longest) < lengths[:, None]",
        "batch_dot": 'gradus.einsum("bi,bi->b", x, y)',
        "permute_dimensions": "gradus.permute(x, axes)",
        "repeat_elements": "gradus.repeat(x, n, axis)",
        "update": "x.assign_(value)",
        "ensure_shape assert_rank assert_equal assert_less assert_greater": "if and raise",
        "multi_hot": "gradus.nn.functional.one_hot(labels, classes).max(1)",
        "logit_": "gradus.logit(x)",
        "dynamic_partition": "x[labels == i]",
        "dynamic_stitch": "x[indices] = values",
        "map map_fn nest": "gradus.vmap(function), or a Python loop and gradus.stack",
        "name_scope init_scope control_dependencies group tuple": "nothing: what is written is done in its order",
        "placeholder Input KerasTensor Session InteractiveSession Graph get_variable variable_scope "
        "global_variables_initializer reset_default_graph trainable_variables executing_eagerly "
        "enable_eager_execution v1 compat contrib": (
            "a model as a class derived from gradus.nn.Module, called with tensors; there are no graphs to run"
        ),
        "function autograph": "gradus.compile",
        "hard_swish hard_silu": "gradus.nn.functional.hardswish(x)",
        "hard_tanh": "gradus.nn.functional.hardtanh(x)",
        "hard_shrink soft_shrink tanh_shrink": "gradus.nn.functional.hardshrink(x) and its like",
        "squareplus": "(x + (x * x + 4) ** 0.5) / 2",
        "psnr": "10 * gradus.log10(1 / ((x - y) ** 2).mean())",
        "rearrange": "gradus.permute(gradus.reshape(x, shape), axes)",
        "extract_sequences extract_volume_patches": (
            "gradus.data.windows(series, length), gradus.sliding_window(x, ...)"
        ),
        "set_value": "x.assign_(value)",
        "image_data_format set_image_data_format": (
            "x.permute(0, 3, 1, 2): channels stand before the height and the width"
        ),
        "Initializer": "a function that writes a tensor with assign_",
        "mixed_precision dtype_policies": 'gradus.Trainer(..., precision="bf16")',
        "remat": "gradus.checkpoint(function, *inputs)",
        "visualization": "gradus.inspect, gradus.draw",
        "tree": "a Python loop over the dict",
        "version": "gradus.__version__",
        "InputSpec TensorSpec TypeSpec": "nothing: layers are told their sizes, and check them",
        "TensorArray": "a Python list, and gradus.stack(list)",
        "IndexedSlices": "x[indices]",
        "RegisterGradient UnconnectedGradients AggregationMethod": "gradus.custom_gradient",
        "approx_top_k": "gradus.topk(x, k)",
        "identity_n guarantee_const": "x",
        "no_op": "pass",
        "parallel_stack": "gradus.stack(tensors)",
        "reverse_sequence": "x[i, : lengths[i]], flipped",
        "shape_n": "[x.shape for x in tensors]",
        "profiler": "gradus.compile(function).explain(...)",
        "timestamp": "time.time()",
        "get_logger": "logging.getLogger()",
        "types": "gradus.Tensor",
        "bitwise": "gradus.bitwise_and and its like",
        "space_to_batch space_to_batch_nd batch_to_space required_space_to_batch_paddings": (
            "gradus.nn.functional.unfold(x, size)"
        ),
        "sets": "gradus.isin(x, y), gradus.unique(x)",
        "queue": "gradus.data.DataLoader(data, prefetch=2)",
        "gradients": "gradus.grad(y, x)",
        "hessians": "gradus.hessian(function)",
        "GradientTape": "loss.backward(), and then x.grad; or gradus.grad(loss, [x])",
        "recompute_grad": "gradus.checkpoint(function, *inputs)",
        "Layer": "a class derived from gradus.nn.Module, with __init__ and forward",
        "Loss Metric": "a function of (outputs, targets), given to gradus.Trainer",
        "keras layers activations losses": "gradus.nn: nn.Linear, nn.Conv2d, nn.ReLU, nn.CrossEntropyLoss and so on",
        "optimizers": "gradus.optim",
        "initializers constant_initializer ones_initializer zeros_initializer random_normal_initializer "
        "random_uniform_initializer": "gradus.nn.init",
        "callbacks": "gradus.train: EarlyStopping, SaveBest, LambdaCallback",
        "applications": "gradus.models",
        "regularizers Regularizer": "weight_decay= of the optimizer, which is the gradient of l2",
        "preprocessing image": "gradus.data.read_image, gradus.data.read_image_folder",
        "backend": "gradus itself",
        "math": "gradus itself",
        "io": "gradus.data.read_csv, gradus.data.read_image and their like",
        "saving saved_model export": "gradus.save(model, path), model.load_state_dict(gradus.load(path))",
        "summary": "gradus.nn.summary(model)",
        "print": "print",
        "test testing debugging": "numpy.testing.assert_allclose(x.numpy(), y)",
        "Operation": "gradus.custom_gradient, for a function with a gradient of its own",
        "clear_session": "nothing: there is no session",
        "epsilon floatx set_floatx set_epsilon": 'eps= of the function; model.astype("float64")',
        "learning_phase": "model.training",
        "top_k": "gradus.topk(x, k)",
        "l2_normalize": "gradus.nn.functional.normalize(x)",
        "log_sigmoid": "gradus.nn.functional.logsigmoid(x)",
        "dot_product_attention": "gradus.nn.functional.scaled_dot_product_attention(q, k, v)",
        "binary_crossentropy": "gradus.nn.functional.binary_cross_entropy(probabilities, targets)",
        "categorical_crossentropy": (
            "gradus.nn.CrossEntropyLoss(), whose targets may be probabilities, too; softmax is part of it"
        ),
        "sparse_categorical_crossentropy": (
            "gradus.nn.CrossEntropyLoss(), whose targets are class numbers; softmax is part of it"
        ),
        "batch_normalization": "gradus.nn.BatchNorm1d(features) and its like",
        "layer_normalization": "gradus.nn.functional.layer_norm(x, shape)",
        "rms_normalization": "gradus.nn.functional.rms_norm(x, shape)",
        "depthwise_conv separable_conv": "gradus.nn.functional.conv2d(x, weight, groups=channels)",
    },
}

ABSENT: dict[str, dict[str, str]] = {
    "": {
        "string as_string edit_distance fingerprint ctc_decode RaggedTensor ragged": TEXT,
        "CriticalSection DeviceSpec VariableAggregation StatelessScope SymbolicScope Quantizer constraints "
        "distillation distribution wrappers legacy estimator experimental feature_column lite load_library lookup "
        "nondifferentiable_batch_function register_tensor_conversion_function resource sysconfig "
        "type_spec_from_value variable_creator_scope variant audio signal get_current_name_scope sparsemax "
        "segment_max segment_min segment_prod sobol_sample": "gradus has no such thing.",
    },
}
