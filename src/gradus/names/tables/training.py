"""Data, training, saving, devices, and whole rooms that gradus does not have, as others call them."""

from __future__ import annotations

from .reasons import (
    CALLBACK,
    COMPLEX,
    DEVICE,
    DISTRIBUTION,
    INSIDE,
    METRIC,
    NUMPY,
    ONE_PROCESS,
    PICTURES,
    SPECIAL,
    STORED,
    TEXT,
)

INSTEAD: dict[str, dict[str, str]] = {
    "Distribution": {
        "arg_constraints": "distribution.allowed",
        "enumerate_support has_enumerate_support": "gradus.arange(n), and distribution.log_prob of it",
        "sample_n": "distribution.sample((n,))",
        "set_default_validate_args": "validate_args=False, where a distribution is made",
    },
    "data": {
        "IterDataPipe MapDataPipe DFIterDataPipe": "a class with __len__ and __getitem__, or data.IterableDataset",
        "ChainDataset": "a gradus.data.IterableDataset whose __iter__ goes through one after the other",
        "AUTOTUNE": "gradus.data.DataLoader(data, prefetch=2)",
        "TextLineDataset": "open(path)",
        "Iterator IteratorSpec NumpyIterator": "a Python loop over the DataLoader",
        "experimental Options DatasetSpec": "gradus.data itself",
        "default_collate default_convert": "gradus.data.collate(samples)",
        "train_test_split ShuffleSplit": "gradus.data.random_split(data, [0.8, 0.2])",
        "StratifiedShuffleSplit": "gradus.data.stratified_split(data, [0.8, 0.2])",
        "KFold StratifiedKFold TimeSeriesSplit": "gradus.data.k_fold(data, k=5)",
    },
    "utils": {
        "data": "gradus.data",
        "checkpoint": "gradus.checkpoint(function, *inputs)",
        "tensorboard": "trainer.fit(train, run=folder), which writes TensorBoard's file",
        "to_categorical": "gradus.nn.functional.one_hot(labels, classes); losses take the labels themselves",
        "pad_sequences": "gradus.data.Sequences(texts, labels), whose batches are padded",
        "set_random_seed": "gradus.seed(number)",
        "image_dataset_from_directory": "gradus.data.read_image_folder(path)",
        "text_dataset_from_directory audio_dataset_from_directory": (
            "Python's open, and gradus.data.Sequences(texts, labels)"
        ),
        "timeseries_dataset_from_array": "gradus.data.windows(series, length)",
        "split_dataset": "gradus.data.random_split(data, [0.8, 0.2])",
        "load_img img_to_array": "gradus.data.read_image(path, size)",
        "array_to_img save_img save_image": "PIL.Image.fromarray(numpy.uint8(255 * x))",
        "make_grid draw_bounding_boxes": "matplotlib's imshow of x.numpy()",
        "get_file": "gradus.datasets, which downloads its own",
        "plot_model model_to_dot": "print(model), or gradus.inspect.graph(y) of a result",
        "Sequence PyDataset": "a class with __len__ and __getitem__",
        "OrderedEnqueuer GeneratorEnqueuer": "gradus.data.DataLoader(data, prefetch=2)",
        "Progbar": "trainer.fit(train), which shows one",
        "standardize_dtype": "x.dtype",
        "FeatureSpace": "gradus.data.TableTransform",
        "clear_session": "nothing: there is no session",
        "normalize": "gradus.nn.functional.normalize(x)",
        "Config custom_object_scope CustomObjectScope get_custom_objects get_registered_name "
        "get_registered_object register_keras_serializable serialize_keras_object deserialize_keras_object "
        "get_source_inputs": "the class itself, in Python: files hold weights alone",
        "is_interactive_logging_enabled": "trainer.fit(train, progress=False)",
        "pack_x_y_sample_weight unpack_x_y_sample_weight": "x, y, weights as three arrays of gradus.data.TensorDataset",
    },
    "utils.data": {
        "ChainDataset": "a gradus.data.IterableDataset whose __iter__ goes through one after the other",
        "default_collate default_convert": "gradus.data.collate(samples)",
        "IterDataPipe MapDataPipe DFIterDataPipe": "a class with __len__ and __getitem__, or data.IterableDataset",
        "get_worker_info": "worker_init_fn= of the DataLoader; gradus.data.sample_generator() for random numbers",
    },
    "utils.checkpoint": {
        "checkpoint checkpoint_sequential": "gradus.checkpoint(function, *inputs)",
    },
    "train": {
        "ModelCheckpoint": "gradus.train.SaveBest(path), or trainer.fit(train, run=folder)",
        "BackupAndRestore OrbaxCheckpoint Checkpoint CheckpointManager": (
            "trainer.fit(train, run=folder), and resume=True"
        ),
        "ReduceLROnPlateau": "gradus.train.Plateau(gradus.optim.ReduceOnPlateau(optimizer))",
        "LearningRateScheduler": "lr=a schedule of gradus.optim.schedules",
        "TensorBoard CSVLogger": "trainer.fit(train, run=folder), which writes TensorBoard's file and history.jsonl",
        "TerminateOnNaN": "nothing: a loss that is not finite ends the training with a DivergedError",
        "ProgbarLogger": "trainer.fit(train, progress=True)",
        "BaseLogger": "trainer.fit(train), whose history has the means",
        "CallbackList": "trainer.fit(train, callbacks=[...])",
        "SwapEMAWeights ExponentialMovingAverage": "gradus.optim.AveragedModel(model, decay=0.999)",
        "AdamOptimizer": "gradus.optim.Adam(model.parameters(), lr)",
        "GradientDescentOptimizer": "gradus.optim.SGD(model.parameters(), lr)",
        "MomentumOptimizer": "gradus.optim.SGD(model.parameters(), lr, momentum=0.9)",
        "RMSPropOptimizer": "gradus.optim.RMSprop(model.parameters(), lr)",
        "AdagradOptimizer": "gradus.optim.Adagrad(model.parameters(), lr)",
        "Saver latest_checkpoint load_checkpoint load_variable list_variables": (
            "gradus.save(model, path); and model.load_state_dict(gradus.load(path))"
        ),
        "Example Feature Features BytesList FloatList Int64List": "gradus.data.TensorDataset(x, y)",
    },
    "train.metrics": {
        "Accuracy BinaryAccuracy CategoricalAccuracy SparseCategoricalAccuracy binary_accuracy "
        "categorical_accuracy sparse_categorical_accuracy": 'gradus.train.metrics.accuracy, or metrics=["accuracy"]',
        "acc": 'gradus.train.metrics.accuracy, or metrics=["accuracy"]',
        "TopKCategoricalAccuracy SparseTopKCategoricalAccuracy top_k_categorical_accuracy "
        "sparse_top_k_categorical_accuracy": 'gradus.train.metrics.top_k, or metrics=["top_5"]',
        "Precision": "gradus.train.metrics.precision",
        "Recall": "gradus.train.metrics.recall",
        "F1Score FBetaScore": "gradus.train.metrics.f1",
        "MeanAbsoluteError": "gradus.train.metrics.mae",
        "RootMeanSquaredError MeanSquaredError": "gradus.train.metrics.rmse",
        "R2Score": "gradus.train.metrics.r2",
        "TruePositives TrueNegatives FalsePositives FalseNegatives": "gradus.train.metrics.confusion_matrix",
        "Mean Sum MeanMetricWrapper": "a function of (outputs, targets), whose values are averaged",
        "BinaryCrossentropy CategoricalCrossentropy SparseCategoricalCrossentropy Hinge SquaredHinge "
        "CategoricalHinge KLDivergence Poisson LogCoshError CosineSimilarity": (
            "the loss, which is always measured, or a function of gradus.nn.functional"
        ),
    },
    "Trainer": {
        "compile compile_from_config get_compile_config": "gradus.Trainer(model, loss, optimizer, metrics)",
        "fit_generator": "trainer.fit(train)",
        "evaluate_generator": "trainer.evaluate(test)",
        "predict_generator predict_on_batch predict_step": "trainer.predict(x)",
        "train_on_batch train_step make_train_function": (
            "trainer.step(x, y), or the loop: zero_grad, loss, backward, step"
        ),
        "test_on_batch test_step make_test_function": "trainer.evaluate(test)",
        "make_predict_function": "trainer.predict(x)",
        "summary": "gradus.nn.summary(model)",
        "save export": "gradus.save(model, path), or trainer.fit(train, run=folder)",
        "save_weights": "gradus.save(model, path)",
        "load_weights": "model.load_state_dict(gradus.load(path))",
        "add": "gradus.nn.Sequential(*layers)",
        "pop": "gradus.nn.Sequential(*layers[:-1])",
        "layers": "list(model.children())",
        "get_layer": "model.get_submodule(name)",
        "get_weights weights variables trainable_variables trainable_weights": "list(model.parameters())",
        "non_trainable_variables non_trainable_weights": "list(model.buffers())",
        "set_weights": "model.load_state_dict(state)",
        "count_params": "sum(p.size for p in model.parameters())",
        "trainable": "model.requires_grad_(False), which freezes",
        "call symbolic_call stateless_call": "forward",
        "build build_from_config input_shape output_shape compute_output_shape compute_output_spec": (
            "gradus.nn.summary(model, x), which shows the shapes"
        ),
        "add_loss losses compute_loss": "the loss, a function of (outputs, targets)",
        "add_metric compute_metrics compiled_metrics metrics_names metrics_variables get_metrics_result "
        "reset_metrics": "gradus.Trainer(..., metrics=[...]), and trainer.evaluate(test)",
        "add_weight": "self.name = gradus.nn.Parameter(data)",
        "get_config from_config to_json to_yaml": (
            "the class and its arguments in Python; weights with gradus.save(model, path)"
        ),
        "name path": "type(model).__name__",
        "input inputs output": "model(x)",
        "compute_mask": "lengths= of recurrent layers, key_padding_mask= of attention",
        "jit_compile": "gradus.Trainer(..., compile=True), which is so already",
        "reset_states": "nothing: recurrent layers begin with zeros, or with the state they are given",
        "updates": "list(model.buffers())",
        "quantize": 'model.astype("float16")',
    },
    "random": {
        "random random_sample ranf sample": "gradus.rand(*shape)",
        "standard_normal": "gradus.randn(*shape)",
        "normal": "mean + std * gradus.randn(*shape)",
        "truncated_normal stateless_normal": "mean + std * gradus.randn(*shape)",
        "uniform stateless_uniform": "low + (high - low) * gradus.rand(*shape)",
        "random_integers": "gradus.randint(low, high + 1, shape)",
        "choice": "x[gradus.randint(0, len(x), count)]",
        "shuffle index_shuffle": "x[gradus.randperm(len(x))]",
        "default_rng RandomState get_global_generator set_global_generator create_rng_state": "gradus.Generator(seed)",
        "BitGenerator MT19937 PCG64 PCG64DXSM Philox SFC64 SeedSequence Algorithm": (
            "gradus.Generator(seed), which is Philox"
        ),
        "get_state set_state get_rng_state set_rng_state fork_rng initial_seed": (
            "gradus.seed(number), or a gradus.Generator(seed) of its own, whose state is a tensor"
        ),
        "manual_seed set_seed": "gradus.seed(number)",
        "categorical": "gradus.multinomial(p, count)",
        "exponential standard_exponential": "-gradus.log(gradus.rand(*shape)) * scale",
        "lognormal": "gradus.exp(mean + std * gradus.randn(*shape))",
        "binomial": "gradus.bernoulli(p, (count, *shape)).sum(0)",
        "split fold_in experimental": "gradus.Generator(seed + i)",
    },
    "linalg": {
        "eigvals eig": "gradus.linalg.eigh(x), of symmetric matrices",
        "adjoint": "x.mT",
        "matvec": "A @ x",
        "inv_ex": "gradus.linalg.inv(x)",
        "cholesky_ex": "gradus.linalg.cholesky(x)",
        "solve_ex ldl_solve lu_solve triangular_solve tridiagonal_solve banded_triangular_solve": (
            "gradus.linalg.solve(A, b)"
        ),
        "lu_matrix_inverse": "gradus.linalg.inv(x.reshape(n, n))",
        "global_norm": "gradus.norm(x)",
        "tridiagonal_matmul": "A @ B",
        "diag_part tensor_diag_part": "gradus.diagonal(x)",
        "tensor_diag": "gradus.diag(x)",
        "set_diag": "x[i, i] = value, with i = gradus.arange(n)",
        "band_part": "gradus.tril(gradus.triu(x, -lower), upper)",
        "LinAlgError": "gradus.errors.GradusError",
    },
    "special": {
        "expit": "gradus.sigmoid(x)",
        "gammaln": "gradus.lgamma(x)",
        "log_softmax softmax": "gradus.nn.functional.softmax(x, axis)",
        "xlog1py": "x * gradus.log1p(y)",
        "entr": "-gradus.xlogy(x, x)",
        "ndtr": "0.5 * gradus.erfc(-x / 2 ** 0.5)",
        "log_ndtr": "gradus.log(0.5 * gradus.erfc(-x / 2 ** 0.5))",
        "ndtri": "2 ** 0.5 * gradus.erfinv(2 * x - 1)",
        "gammainc gammaincc zeta": "scipy.special's function of x.numpy()",
        "erfcx": "gradus.exp(x * x) * gradus.erfc(x)",
        "multigammaln": "gradus.lgamma, summed",
    },
    "autograd": {
        "Function": "@gradus.custom_gradient",
        "functional": "gradus.jacobian, gradus.hessian, gradus.jvp, gradus.vjp",
        "Variable": "gradus.tensor(data, requires_grad=True)",
        "set_grad_enabled inference_mode": "gradus.no_grad(), gradus.enable_grad()",
        "gradcheck gradgradcheck": "gradus.inspect.check_gradients(function, ...)",
        "detect_anomaly set_detect_anomaly": "with gradus.guard(): ...",
    },
    "autograd.functional": {
        "hvp vhp": "gradus.jvp(gradus.grad ..., ...), or gradus.hessian(function)(x) @ v",
    },
    "func": {
        "hessian": "gradus.hessian(function)",
        "jvp": "gradus.jvp(function, ...)",
        "vjp": "gradus.vjp(function, ...)",
        "vmap": "gradus.vmap(function)",
        "grad grad_and_value": "gradus.grad(y, x)",
        "jacrev jacfwd": "gradus.jacobian(function)",
        "linearize": "gradus.jvp(function, ...)",
        "functional_call stack_module_state functionalize": "model(x), after model.load_state_dict(state)",
        "replace_all_batch_norm_modules_ debug_unwrap": "gradus.nn.GroupNorm(groups, channels)",
    },
    "amp": {
        "autocast custom_fwd custom_bwd is_autocast_available": 'gradus.Trainer(..., precision="bf16")',
        "GradScaler": "nothing: bfloat16 has the range of float32, and no loss is scaled",
    },
    "cuda": {
        "manual_seed manual_seed_all seed": "gradus.seed(number)",
        "amp": 'gradus.Trainer(..., precision="bf16")',
    },
    "distributions": {
        "Chi2": "gradus.distributions.Gamma(df / 2, 0.5)",
        "OneHotCategoricalStraightThrough RelaxedOneHotCategorical": (
            "gradus.nn.functional.gumbel_softmax(logits, tau, hard=True)"
        ),
    },
    "regularizers": {
        "L2 l2 L1L2 l1_l2 Regularizer": "weight_decay= of the optimizer, which is the gradient of l2",
        "L1 l1": "loss + weight * sum(abs(p).sum() for p in model.parameters())",
        "OrthogonalRegularizer orthogonal_regularizer": "loss + weight * ((W @ W.mT - gradus.eye(n)) ** 2).sum()",
    },
}

ABSENT: dict[str, dict[str, str]] = {
    "data": {
        "FixedLengthRecordDataset TFRecordDataset": (
            "gradus reads no TFRecord files; gradus.data.TensorDataset takes arrays."
        ),
        "DistributedSampler": ONE_PROCESS,
    },
    "utils": {
        "cpp_extension benchmark bottleneck": INSIDE,
        "bounding_boxes is_keras_tensor": PICTURES,
    },
    "utils.data": {
        "DistributedSampler": ONE_PROCESS,
        "argument_validation functional_datapipe guaranteed_datapipes_determinism non_deterministic "
        "runtime_validation runtime_validation_disabled": INSIDE,
    },
    "utils.checkpoint": {
        "*": INSIDE,
    },
    "train": {
        "RemoteMonitor": CALLBACK,
        "Coordinator ClusterSpec": ONE_PROCESS,
    },
    "train.metrics": {
        "AUC BinaryIoU IoU MeanIoU OneHotIoU OneHotMeanIoU ConcordanceCorrelation PearsonCorrelation "
        "MeanAbsolutePercentageError MeanSquaredLogarithmicError PrecisionAtRecall RecallAtPrecision "
        "SensitivityAtSpecificity SpecificityAtSensitivity": METRIC,
    },
    "random": {
        "beta bytes chisquare dirichlet f gamma stateless_gamma geometric gumbel hypergeometric laplace logistic "
        "logseries multivariate_normal negative_binomial noncentral_chisquare noncentral_f pareto poisson power "
        "rayleigh standard_cauchy standard_gamma standard_t triangular vonmises wald weibull zipf": (
            "gradus draws even, normal, integer and Bernoulli numbers; numpy.random.default_rng(seed) has the "
            "others."
        ),
        "all_candidate_sampler": INSIDE,
        "thread_safe_generator": DEVICE,
    },
    "linalg": {
        "common_notes": INSIDE,
        "lu lu_factor lu_factor_ex lu_reconstruct ldl_factor ldl_factor_ex householder_product expm logm "
        "sqrtm LinearOperator": NUMPY,
    },
    "special": {
        "airy_ai bessel_* modified_bessel_* scaled_modified_bessel_* spherical_bessel_* chebyshev_* hermite_* "
        "laguerre_* legendre_* shifted_chebyshev_* i0 i0e i1 i1e": SPECIAL,
    },
    "fft": {
        "*": COMPLEX,
    },
    "autograd": {
        "enforce_grad_layout_policy set_multithreading_enabled variable grad_mode NestedIOFunction": INSIDE,
    },
    "func": {
        "*": INSIDE,
    },
    "amp": {
        "*": DEVICE,
    },
    "cuda": {
        "*": DEVICE,
    },
    "distributions": {
        "*": DISTRIBUTION,
    },
    "preprocessing": {
        "*": TEXT,
    },
    "saving": {
        "*": STORED,
    },
}
