"""Layers, functions without parameters, initial values, optimizers and schedules as others call them."""

from __future__ import annotations

from .reasons import COMPLEX, INSIDE, LAYER, LOSS, OPTIMIZER, PICTURES

INSTEAD: dict[str, dict[str, str]] = {
    "nn": {
        "Dense": "gradus.nn.Linear(in_features, out_features)",
        "EinsumDense": "gradus.einsum(subscripts, x, weight), in forward",
        "Conv1D Convolution1D": "gradus.nn.Conv1d(in_channels, out_channels, kernel_size)",
        "Conv2D Convolution2D": "gradus.nn.Conv2d(in_channels, out_channels, kernel_size)",
        "Conv3D Convolution3D": "gradus.nn.Conv3d(in_channels, out_channels, kernel_size)",
        "Conv1DTranspose": "gradus.nn.ConvTranspose1d(in_channels, out_channels, kernel_size)",
        "Conv2DTranspose Convolution2DTranspose": (
            "gradus.nn.ConvTranspose2d(in_channels, out_channels, kernel_size)"
        ),
        "Conv3DTranspose": "gradus.nn.ConvTranspose3d(in_channels, out_channels, kernel_size)",
        "DepthwiseConv1D": "gradus.nn.Conv1d(channels, channels, kernel_size, groups=channels)",
        "DepthwiseConv2D": "gradus.nn.Conv2d(channels, channels, kernel_size, groups=channels)",
        "SeparableConv1D": "gradus.nn.Conv1d(c, c, kernel_size, groups=c), then gradus.nn.Conv1d(c, out, 1)",
        "SeparableConv2D SeparableConvolution2D": (
            "gradus.nn.Conv2d(c, c, kernel_size, groups=c), then gradus.nn.Conv2d(c, out, 1)"
        ),
        "MaxPooling1D MaxPool1D": "gradus.nn.MaxPool1d(kernel_size)",
        "MaxPooling2D MaxPool2D": "gradus.nn.MaxPool2d(kernel_size)",
        "MaxPooling3D MaxPool3D": "gradus.nn.MaxPool3d(kernel_size)",
        "AveragePooling1D AvgPool1D": "gradus.nn.AvgPool1d(kernel_size)",
        "AveragePooling2D AvgPool2D": "gradus.nn.AvgPool2d(kernel_size)",
        "AveragePooling3D AvgPool3D": "gradus.nn.AvgPool3d(kernel_size)",
        "GlobalAveragePooling1D": "gradus.nn.AdaptiveAvgPool1d(1), or x.mean(-1)",
        "GlobalAveragePooling2D GlobalAvgPool2D": "gradus.nn.AdaptiveAvgPool2d(1), or x.mean((-2, -1))",
        "GlobalAveragePooling3D": "gradus.nn.AdaptiveAvgPool3d(1)",
        "GlobalMaxPooling1D GlobalMaxPool1D": "gradus.nn.AdaptiveMaxPool1d(1), or x.max(-1)",
        "GlobalMaxPooling2D GlobalMaxPool2D": "gradus.nn.AdaptiveMaxPool2d(1), or x.max((-2, -1))",
        "GlobalMaxPooling3D": "gradus.nn.AdaptiveMaxPool3d(1)",
        "BatchNormalization": "gradus.nn.BatchNorm1d(features), or gradus.nn.BatchNorm2d(channels)",
        "SyncBatchNorm": "gradus.nn.BatchNorm2d(channels): there is one process",
        "LayerNormalization": "gradus.nn.LayerNorm(shape)",
        "GroupNormalization": "gradus.nn.GroupNorm(groups, channels)",
        "RMSNormalization": "gradus.nn.RMSNorm(shape)",
        "UnitNormalization": "gradus.nn.functional.normalize(x)",
        "SpectralNormalization": "gradus.nn.spectral_norm(layer)",
        "CrossMapLRN2d": "gradus.nn.LocalResponseNorm(size)",
        "Normalization Rescaling": "gradus.data.Standardizer, or x / 255 in forward",
        "SpatialDropout1D": "gradus.nn.Dropout1d(p)",
        "SpatialDropout2D": "gradus.nn.Dropout2d(p)",
        "SpatialDropout3D": "gradus.nn.Dropout3d(p)",
        "GaussianDropout": "x * (1 + std * gradus.randn_like(x)) while self.training, in forward",
        "GaussianNoise": "x + std * gradus.randn_like(x) while self.training, in forward",
        "MultiHeadAttention": "gradus.nn.MultiheadAttention(embed_dim, num_heads)",
        "Attention AdditiveAttention GroupQueryAttention": "gradus.nn.functional.scaled_dot_product_attention(q, k, v)",
        "SimpleRNN": "gradus.nn.RNN(input_size, hidden_size, batch_first=True)",
        "SimpleRNNCell": "gradus.nn.RNNCell(input_size, hidden_size)",
        "CuDNNLSTM": "gradus.nn.LSTM(input_size, hidden_size, batch_first=True)",
        "CuDNNGRU": "gradus.nn.GRU(input_size, hidden_size, batch_first=True)",
        "StackedRNNCells": "gradus.nn.LSTM(..., num_layers=2)",
        "Bidirectional": "gradus.nn.LSTM(..., bidirectional=True)",
        "RNNBase RNNCellBase": "gradus.nn.RNN, or gradus.scan over steps of one's own",
        "TimeDistributed": "the layer itself: gradus.nn.Linear takes (n, steps, features)",
        "Masking": "lengths= of recurrent layers, key_padding_mask= of attention",
        "ZeroPadding1D": "gradus.nn.ZeroPad1d(padding)",
        "ZeroPadding2D": "gradus.nn.ZeroPad2d(padding)",
        "ZeroPadding3D": "gradus.nn.ZeroPad3d(padding)",
        "Cropping1D Cropping2D Cropping3D": "x[..., top:bottom, left:right], in forward",
        "UpSampling1D UpSampling2D UpSampling3D": "gradus.nn.Upsample(scale_factor=2)",
        "Resizing": "gradus.nn.functional.interpolate(x, size)",
        "CenterCrop": "gradus.data.RandomCrop(size).eval()",
        "RandomFlip": "gradus.data.RandomHorizontalFlip(), gradus.data.RandomVerticalFlip()",
        "RandomShear RandomTranslation RandomZoom": "gradus.data.RandomAffine(degrees, translate, scale, shear)",
        "RandomBrightness RandomColorJitter RandomContrast RandomHue RandomSaturation": (
            "gradus.data.ColorJitter(brightness, contrast, saturation, hue)"
        ),
        "RandomColorDegeneration": "gradus.data.ColorJitter(saturation=(0, 1))",
        "RandomElasticTransform": "gradus.data.ElasticTransform(std)",
        "RandomGaussianBlur": "gradus.data.GaussianBlur(kernel_size, sigma)",
        "Activation": "the layer of that activation: gradus.nn.ReLU(), gradus.nn.Softmax(-1)",
        "ThresholdedReLU": "gradus.nn.Threshold(theta, 0)",
        "Swish": "gradus.nn.SiLU()",
        "Add Average Concatenate Dot Maximum Minimum Multiply Subtract": (
            "the operation itself, in forward: x + y, gradus.concatenate([x, y], 1), gradus.maximum(x, y)"
        ),
        "Permute": "x.permute(0, 2, 1), in forward",
        "Reshape": "gradus.nn.Unflatten(1, shape), or x.reshape(len(x), ...) in forward",
        "RepeatVector": "x[:, None].broadcast_to((len(x), n, features)), in forward",
        "Lambda Layer Wrapper Model Pipeline": "a class derived from gradus.nn.Module, with __init__ and forward",
        "Input InputLayer InputSpec": "nothing: the first layer is told its sizes, as gradus.nn.Linear(784, 10)",
        "Container": "gradus.nn.Sequential, gradus.nn.ModuleList",
        "Buffer UninitializedBuffer": "a plain tensor as an attribute",
        "DataParallel": "the model itself: there is one process, whose threads share the work",
        "CategoryEncoding": "gradus.nn.functional.one_hot(labels, classes)",
        "StringLookup": "gradus.data.Vocabulary(texts)",
        "TextVectorization": "gradus.data.Vocabulary(map(gradus.data.words, texts))",
        "IntegerLookup Discretization HashedCrossing Hashing": "gradus.data.TableTransform, which reads tables",
        "ActivityRegularization": "loss + weight * (x ** 2).sum(), in a loss of one's own",
        "MixUp CutMix": "weight * x + (1 - weight) * x[gradus.randperm(len(x))], and the targets likewise",
        "NLLLoss2d": "gradus.nn.NLLLoss()",
        "SparseCategoricalCrossentropy sparse_categorical_crossentropy": (
            "gradus.nn.CrossEntropyLoss(), whose targets are the numbers of the classes; softmax is part of it"
        ),
        "CategoricalCrossentropy categorical_crossentropy": (
            "gradus.nn.CrossEntropyLoss(), whose targets may be probabilities, too; softmax is part of it"
        ),
        "BinaryCrossentropy binary_crossentropy bce": "gradus.nn.BCELoss(), or of scores gradus.nn.BCEWithLogitsLoss()",
        "BinaryFocalCrossentropy CategoricalFocalCrossentropy binary_focal_crossentropy "
        "categorical_focal_crossentropy": "gradus.nn.FocalLoss()",
        "MeanSquaredError mean_squared_error mse": "gradus.nn.MSELoss()",
        "MeanAbsoluteError mean_absolute_error mae": "gradus.nn.L1Loss()",
        "MeanAbsolutePercentageError mean_absolute_percentage_error mape": "100 * (abs(y - z) / abs(y)).mean()",
        "MeanSquaredLogarithmicError mean_squared_logarithmic_error msle": (
            "gradus.nn.functional.mse_loss(gradus.log1p(z), gradus.log1p(y))"
        ),
        "LogCosh logcosh": "gradus.log(gradus.cosh(z - y)).mean()",
        "Huber huber": "gradus.nn.HuberLoss()",
        "Hinge hinge": "gradus.nn.HingeLoss()",
        "SquaredHinge squared_hinge": "(gradus.maximum(1 - y * z, 0) ** 2).mean()",
        "CategoricalHinge categorical_hinge": "gradus.nn.MultiMarginLoss()",
        "KLDivergence kl_divergence kld": "gradus.nn.KLDivLoss(), of the logarithms of probabilities",
        "Poisson poisson": "gradus.nn.PoissonNLLLoss(log_input=False)",
        "CTC ctc": "gradus.nn.CTCLoss()",
        "Dice Tversky dice tversky": "1 - 2 * (p * y).sum() / (p.sum() + y.sum())",
        "Loss": "a function of (outputs, targets), given to gradus.Trainer",
        "utils": (
            "gradus.optim.clip_grad_norm_, gradus.nn.weight_norm, gradus.nn.spectral_norm; of sequences "
            "gradus.data.Sequences"
        ),
        "attention": "gradus.nn.functional.scaled_dot_product_attention(q, k, v)",
        "parameter": "gradus.nn.Parameter(data)",
        "factory_kwargs": "nothing: dtypes are set by model.astype(dtype)",
        "quantized": "gradus.nn itself; weights are floats",
    },
    "nn.utils": {
        "clip_grad_norm_ clip_grad_norm": "gradus.optim.clip_grad_norm_(parameters, max_norm)",
        "clip_grad_value_": "gradus.optim.clip_grad_value_(parameters, clip_value)",
        "clip_grads_with_norm_": "gradus.optim.clip_grad_norm_(parameters, max_norm)",
        "get_total_norm": "gradus.norm(gradus.concatenate([p.grad.ravel() for p in parameters]))",
        "parameters_to_vector": "gradus.concatenate([p.ravel() for p in parameters])",
        "vector_to_parameters": "p.assign_(vector[i : i + p.size].reshape(p.shape)) for each p",
        "parametrizations parametrize": "gradus.nn.weight_norm(layer), gradus.nn.spectral_norm(layer)",
        "skip_init": "the layer itself, and gradus.nn.init afterwards",
        "rnn": "lengths= of recurrent layers, and gradus.data.Sequences(texts, labels), which pads batches",
        "fuse_conv_bn_eval fuse_linear_bn_eval fuse_conv_bn_weights fuse_linear_bn_weights": (
            "model.eval() and gradus.compile(model)"
        ),
    },
    "nn.utils.rnn": {
        "pack_padded_sequence pack_sequence PackedSequence": "lstm(x, lengths=lengths)",
        "pad_packed_sequence unpad_sequence unpack_sequence": (
            "nothing: outputs of recurrent layers are padded; x[i, : lengths[i]]"
        ),
        "pad_sequence": "gradus.data.pad_sequence(sequences, batch_first=True)",
        "invert_permutation": "gradus.argsort(x)",
    },
    "nn.utils.parametrizations": {
        "orthogonal": "gradus.nn.init.orthogonal_(weight), at the beginning",
    },
    "nn.functional": {
        "top_k": "gradus.topk(x, k)",
        "swish": "gradus.nn.functional.silu(x)",
        "hard_swish hard_silu": "gradus.nn.functional.hardswish(x)",
        "hard_tanh": "gradus.nn.functional.hardtanh(x)",
        "hard_shrink": "gradus.nn.functional.hardshrink(x)",
        "soft_shrink": "gradus.nn.functional.softshrink(x)",
        "tanh_shrink": "gradus.nn.functional.tanhshrink(x)",
        "log_sigmoid": "gradus.nn.functional.logsigmoid(x)",
        "squareplus": "(x + (x * x + 4) ** 0.5) / 2",
        "crelu": "gradus.concatenate([gradus.relu(x), gradus.relu(-x)], 1)",
        "exponential": "gradus.exp(x)",
        "bias_add": "x + bias",
        "max_pool": "gradus.nn.functional.max_pool2d(x, kernel_size)",
        "avg_pool": "gradus.nn.functional.avg_pool2d(x, kernel_size)",
        "max_pool_with_argmax": "gradus.nn.functional.max_pool2d(x, kernel_size, return_indices=True)",
        "convolution atrous_conv2d": "gradus.nn.functional.conv2d(x, weight, bias, dilation=2)",
        "conv1d_transpose": "gradus.nn.functional.conv_transpose1d(x, weight)",
        "conv2d_transpose conv_transpose": "gradus.nn.functional.conv_transpose2d(x, weight)",
        "conv3d_transpose": "gradus.nn.functional.conv_transpose3d(x, weight)",
        "conv_tbc": "gradus.nn.functional.conv1d(x.permute(1, 2, 0), weight)",
        "depthwise_conv2d separable_conv2d": "gradus.nn.functional.conv2d(x, weight, groups=channels)",
        "batch_normalization batch_norm_with_global_normalization": (
            "gradus.nn.functional.batch_norm(...), or gradus.nn.BatchNorm2d(channels)"
        ),
        "lrn local_response_normalization": "gradus.nn.functional.local_response_norm(x, size)",
        "moments weighted_moments sufficient_statistics normalize_moments": "x.mean(axis), x.var(axis)",
        "l2_normalize": "gradus.nn.functional.normalize(x)",
        "l2_loss": "(x ** 2).sum() / 2",
        "embedding_lookup embedding_lookup_sparse safe_embedding_lookup_sparse": "weight[indices]",
        "space_to_depth": "gradus.nn.functional.pixel_unshuffle(x, factor)",
        "depth_to_space": "gradus.nn.functional.pixel_shuffle(x, factor)",
        "sigmoid_cross_entropy_with_logits weighted_cross_entropy_with_logits sigmoid_cross_entropy": (
            "gradus.nn.functional.binary_cross_entropy_with_logits(scores, targets)"
        ),
        "softmax_cross_entropy_with_logits softmax_cross_entropy_with_logits_v2 softmax_cross_entropy "
        "sparse_softmax_cross_entropy_with_logits sparse_softmax_cross_entropy": (
            "gradus.nn.functional.cross_entropy(scores, targets)"
        ),
        "log_poisson_loss": "gradus.nn.functional.poisson_nll_loss(z, y)",
        "mean_squared_error": "gradus.nn.functional.mse_loss(z, y)",
        "absolute_difference": "gradus.nn.functional.l1_loss(z, y)",
        "compute_average_loss scale_regularization_loss get_total_loss": (
            "the mean or the sum of the losses: loss.mean()"
        ),
        "rnn_cell dynamic_rnn static_rnn": "gradus.nn.LSTM(...), gradus.nn.LSTMCell(...)",
        "in_top_k": "gradus.train.metrics.top_k(outputs, targets)",
        "zero_fraction": "(x == 0).mean()",
        "multi_head_attention_forward": "gradus.nn.MultiheadAttention(embed_dim, num_heads)",
        "max_pool1d_with_indices": "gradus.nn.functional.max_pool1d(x, kernel_size, return_indices=True)",
        "max_pool2d_with_indices": "gradus.nn.functional.max_pool2d(x, kernel_size, return_indices=True)",
        "max_pool3d_with_indices": "gradus.nn.functional.max_pool3d(x, kernel_size, return_indices=True)",
        "adaptive_max_pool1d_with_indices": "gradus.nn.functional.adaptive_max_pool1d(x, size, return_indices=True)",
        "adaptive_max_pool2d_with_indices": "gradus.nn.functional.adaptive_max_pool2d(x, size, return_indices=True)",
        "adaptive_max_pool3d_with_indices": "gradus.nn.functional.adaptive_max_pool3d(x, size, return_indices=True)",
        "native_channel_shuffle": "gradus.nn.functional.channel_shuffle(x, groups)",
        "pdist": "gradus.cdist(x, x)",
        "assert_int_or_pair": "if and raise",
    },
    "nn.init": {
        "Zeros zeros": "gradus.nn.init.zeros_(weight)",
        "Ones ones": "gradus.nn.init.ones_(weight)",
        "Constant constant": "gradus.nn.init.constant_(weight, value)",
        "RandomNormal random_normal normal": "gradus.nn.init.normal_(weight, mean, std)",
        "RandomUniform random_uniform uniform": "gradus.nn.init.uniform_(weight, low, high)",
        "GlorotNormal glorot_normal xavier_normal": "gradus.nn.init.xavier_normal_(weight)",
        "GlorotUniform glorot_uniform xavier_uniform": "gradus.nn.init.xavier_uniform_(weight)",
        "HeNormal he_normal kaiming_normal": "gradus.nn.init.kaiming_normal_(weight)",
        "HeUniform he_uniform kaiming_uniform": "gradus.nn.init.kaiming_uniform_(weight)",
        "LecunNormal lecun_normal": 'gradus.nn.init.kaiming_normal_(weight, nonlinearity="linear")',
        "LecunUniform lecun_uniform": 'gradus.nn.init.kaiming_uniform_(weight, nonlinearity="linear")',
        "VarianceScaling variance_scaling": "gradus.nn.init.kaiming_normal_(weight, mode=...)",
        "Orthogonal OrthogonalInitializer orthogonal": "gradus.nn.init.orthogonal_(weight)",
        "TruncatedNormal truncated_normal trunc_normal_": (
            "gradus.nn.init.normal_(weight, 0, std), and weight.clip_(-2 * std, 2 * std)"
        ),
        "Identity identity eye_ eye": "weight.assign_(gradus.eye(n))",
        "dirac_ dirac": "weight[i, i, middle] = 1 in a weight of zeros",
        "sparse_ sparse": "gradus.nn.init.normal_(weight), and weight[gradus.rand_like(weight) < share] = 0",
        "Initializer": "a function that writes a tensor with assign_",
    },
    "optim": {
        "lr_scheduler": "gradus.optim.schedules",
        "StepLR": "lr=gradus.optim.schedules.step(lr, every)",
        "MultiStepLR": "lr=gradus.optim.schedules.multistep(lr, milestones)",
        "ExponentialLR": "lr=gradus.optim.schedules.exponential(lr, factor, every)",
        "CosineAnnealingLR": "lr=gradus.optim.schedules.cosine(lr, steps)",
        "OneCycleLR": "lr=gradus.optim.schedules.one_cycle(lr, steps)",
        "LambdaLR": "lr=a function of the count of steps",
        "swa_utils": "gradus.optim.AveragedModel(model)",
        "Nadam": "gradus.optim.NAdam(parameters)",
        "LossScaleOptimizer": 'gradus.Trainer(..., precision="bf16"), which needs no scaling',
        "legacy": "gradus.optim itself",
    },
    "optim.schedules": {
        "StepLR": "gradus.optim.schedules.step(lr, every, factor), given to the optimizer as lr=; it counts steps",
        "MultiStepLR PiecewiseConstantDecay": "gradus.optim.schedules.multistep(lr, milestones, factor), given as lr=",
        "ExponentialLR ExponentialDecay": "gradus.optim.schedules.exponential(lr, factor, every), given as lr=",
        "CosineAnnealingLR CosineDecay": "gradus.optim.schedules.cosine(lr, steps), given as lr=",
        "CosineAnnealingWarmRestarts CosineDecayRestarts": (
            "gradus.optim.schedules.cosine_restarts(lr, steps), given as lr="
        ),
        "OneCycleLR": "gradus.optim.schedules.one_cycle(lr, steps), given as lr=",
        "CyclicLR": "gradus.optim.schedules.cyclic(lowest, highest), given as lr=",
        "PolynomialLR PolynomialDecay": "gradus.optim.schedules.polynomial(lr, steps, power), given as lr=",
        "LinearLR": (
            "gradus.optim.schedules.polynomial(lr, steps), given as lr=; of a rise gradus.optim.schedules.warmup"
        ),
        "ConstantLR": "gradus.optim.schedules.sequence([...], milestones), given as lr=",
        "SequentialLR": "gradus.optim.schedules.sequence(schedules, milestones), given as lr=",
        "ChainedScheduler": "gradus.optim.schedules.product(schedule, schedule), given as lr=",
        "LambdaLR MultiplicativeLR LRScheduler LearningRateSchedule InverseTimeDecay": (
            "lr=a function of the count of steps, a tensor"
        ),
        "ReduceLROnPlateau": "gradus.optim.ReduceOnPlateau(optimizer)",
        "SWALR": "gradus.optim.schedules.sequence([schedule, lr], [steps]), given as lr=",
    },
    "optim.swa_utils": {
        "SWALR": "gradus.optim.schedules.sequence([schedule, lr], [steps]), given as lr=",
        "update_bn": "a pass over the data in training mode, before model.eval()",
        "get_ema_avg_fn get_ema_multi_avg_fn get_swa_avg_fn get_swa_multi_avg_fn": (
            "gradus.optim.AveragedModel(model), whose options say which average"
        ),
    },
}

ABSENT: dict[str, dict[str, str]] = {
    "nn": {
        "FractionalMaxPool2d FractionalMaxPool3d LinearCrossEntropyLoss LinearCrossEntropyOptions "
        "ConvLSTM* FlaxLayer JaxLayer TorchModuleWrapper TFSMLayer": LAYER,
        "AugMix AutoContrast Equalization MaxNumBoundingBoxes RandAugment Random* Solarization": PICTURES,
        "MelSpectrogram STFTSpectrogram": COMPLEX,
        "CategoricalGeneralizedCrossEntropy Circle circle": LOSS,
    },
    "nn.functional": {
        "BroadcastingList* DType GRID_SAMPLE* boolean_dispatch handle_torch_function has_torch_function* *_notes "
        "grouped_mm scaled_grouped_mm scaled_mm linear_cross_entropy all_candidate_sampler "
        "compute_accidental_hits collapse_repeated ctc_unique_labels with_space_to_batch": INSIDE,
        "fractional_* sparse_plus sparse_sigmoid sparsemax "
        "ctc_beam_search_decoder ctc_greedy_decoder dilation2d erosion2d isotonic_regression nce_loss "
        "sampled_softmax_loss": (
            "gradus has no such function; it is written with those it has, and gradus.custom_gradient where "
            "needed."
        ),
    },
    "nn.init": {
        "STFT": COMPLEX,
    },
    "optim": {
        "Lamb ScheduleFreeAdamW Ftrl SparseAdam": OPTIMIZER,
        "swap_in_optimizer_params_and_state": INSIDE,
    },
}
