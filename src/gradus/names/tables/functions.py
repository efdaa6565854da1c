"""Functions of arrays, and what stands beside them in PyTorch and NumPy, as they call it."""

from __future__ import annotations

from .reasons import (
    COMPLEX,
    DEVICE,
    GRAPHS,
    INSIDE,
    NUMPY,
    ONE_PROCESS,
    QUANTISED,
    SPARSE,
    SPECIAL,
)

INSTEAD: dict[str, dict[str, str]] = {
    "": {
        "identity": "gradus.eye(n); of a tensor, x itself",
        "polynomial": "the sum of coefficients times x ** gradus.arange(n)",
        "from_file frombuffer": "gradus.as_tensor(numpy.frombuffer(...))",
        "is_tensor is_symbolic_tensor is_keras_tensor": "isinstance(x, gradus.Tensor)",
        "is_floating_point isreal": "x.dtype in (gradus.float32, gradus.float64)",
        "numel size count_params": "x.size",
        "set_grad_enabled inference_mode stop_gradient no_gradient grad_pass_through": (
            "gradus.no_grad() around it, gradus.enable_grad() within; x.detach() of one tensor"
        ),
        "is_grad_enabled": "gradus.autograd.recording()",
        "var_mean std_mean moments": "x.var(axis), x.mean(axis)",
        "addmm addbmm baddbmm addmv addr": "x + a @ b",
        "chain_matmul": "gradus.linalg.multi_dot(matrices)",
        "mv matvec vecmat": "a @ b",
        "addcmul": "x + value * a * b",
        "addcdiv": "x + value * a / b",
        "rsub": "y - x",
        "t": "x.T",
        "swapdims": "gradus.swapaxes(x, axis1, axis2)",
        "adjoint": "x.mT",
        "view_copy view": "gradus.reshape(x, shape)",
        "unsafe_chunk unsafe_split split_with_sizes": "gradus.split(x, sizes=[...])",
        "index_put_ put scatter_update slice_scatter select_scatter diagonal_scatter slice_update place": (
            "x[key] = value"
        ),
        "tensor_scatter_nd_update tensor_scatter_nd_add tensor_scatter_nd_sub scatter_nd": (
            "x[key] = value, x[key] += value"
        ),
        "tensor_scatter_nd_max": "x[key] = gradus.maximum(x[key], value)",
        "slice strided_slice get_item": "x[start:stop]",
        "gather_nd": "x[indices]",
        "norm_except_dim": "gradus.norm(x, axis=axes)",
        "frobenius_norm nuclear_norm": "gradus.linalg.matrix_norm(x)",
        "inverse": "gradus.linalg.inv(x)",
        "logdet": "gradus.linalg.logdet(x)",
        "ger": "gradus.outer(x, y)",
        "clamp_min": "gradus.maximum(x, lowest)",
        "clamp_max": "gradus.minimum(x, highest)",
        "hardshrink selu_ celu_ rrelu_": "gradus.nn.functional, its function of that name",
        "mvlgamma": "gradus.lgamma, summed",
        "aminmax": "x.min(axis), x.max(axis)",
        "msort": "gradus.sort(x, 0)",
        "argpartition partition": "gradus.argsort(x), gradus.sort(x), or gradus.topk(x, k)",
        "mode": "gradus.unique of x with counts, in eager code",
        "histc": "gradus.histogram(x, bins, range=(lowest, highest))[0]",
        "renorm": "x * (most / gradus.norm(x, axis=axis, keepdims=True)).clip(None, 1)",
        "dist": "gradus.norm(x - y, p)",
        "pdist": "gradus.cdist(x, x)[gradus.triu(...) != 0]",
        "sgn": "gradus.sign(x)",
        "logaddexp2": "gradus.logaddexp(x1 * log(2), x2 * log(2)) / log(2)",
        "exp2_": "x[...] = gradus.exp2(x)",
        "cbrt": "gradus.sign(x) * gradus.power(abs(x), 1 / 3)",
        "float_power": 'x.astype("float64") ** y',
        "hann_window": "gradus.hanning(length + 1)[:-1]",
        "hamming_window": "gradus.hamming(length + 1)[:-1]",
        "blackman_window": "gradus.blackman(length + 1)[:-1]",
        "bartlett_window": "gradus.bartlett(length + 1)[:-1]",
        "kaiser_window": "gradus.kaiser(length + 1, beta)[:-1]",
        "spacing": "numpy.nextafter(x.numpy(), y)",
        "square_": "x[...] = x * x",
        "asarray_chkfinite": "gradus.as_tensor(x), and gradus.isfinite(x).all()",
        "scalar_tensor constant convert_to_tensor asanyarray Variable variable": "gradus.tensor(data)",
        "empty_strided empty_permuted empty_quantized": "gradus.empty(shape)",
        "range": "gradus.arange(start, stop + 1)",
        "random_normal normal truncated_normal": "mean + std * gradus.randn(*shape)",
        "random_uniform": "low + (high - low) * gradus.rand(*shape)",
        "poisson": "numpy.random.default_rng().poisson(x.numpy())",
        "binomial": "gradus.bernoulli(p, (count, *shape)).sum(0)",
        "get_rng_state set_rng_state initial_seed thread_safe_generator default_generator": (
            "gradus.seed(number), or a gradus.Generator(seed) of its own, whose state is a tensor"
        ),
        "set_random_seed": "gradus.seed(number)",
        "get_num_threads get_num_interop_threads": "gradus.num_threads()",
        "set_num_interop_threads": "gradus.set_num_threads(count)",
        "get_default_dtype": "gradus.float32",
        "min_scalar_type common_type": "gradus.result_type(x, y)",
        "broadcast_static_shape broadcast_dynamic_shape": "numpy.broadcast_shapes(*shapes)",
        "broadcast": "gradus.broadcast_tensors(x, y)",
        "conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d convolution conv conv_transpose": (
            "gradus.nn.functional.conv2d(x, weight, bias) and its like"
        ),
        "conv_tbc": "gradus.nn.functional.conv1d(x.permute(1, 2, 0), weight)",
        "convolve correlate": "gradus.nn.functional.conv1d(x, weight), which is a correlation",
        "max_pool average_pool adaptive_average_pool adaptive_max_pool": (
            "gradus.nn.functional.max_pool2d(x, size) and its like"
        ),
        "gru lstm rnn_tanh rnn_relu gru_cell lstm_cell rnn_tanh_cell rnn_relu_cell": "gradus.nn.LSTM(...) and its like",
        "hinge_embedding_loss": "gradus.nn.functional.hinge_embedding_loss(...)",
        "cond": "if in eager code, gradus.where(condition, x, y) in compiled functions",
        "case switch switch_case": "if in eager code, gradus.where(condition, x, y) in compiled functions",
        "foldl foldr fori_loop associative_scan": "gradus.scan(step, state, inputs), or a Python loop",
        "Size TensorShape": "tuple",
        "device": 'nothing, and "cpu" where one is asked for: there is one device',
        "typename": "type(x).__name__",
        "is_same_size": "x.shape == y.shape",
        "array_equiv": "(x == y).all()",
        "rank ndim": "x.ndim",
        "shape int_shape": "x.shape",
        "dtype DType as_dtype": 'gradus.float32 and its like, or their names: "float32"',
        "set_printoptions get_printoptions printoptions array2string array_repr array_str": (
            "numpy.set_printoptions(...), which holds for tensors, too"
        ),
        "set_default_dtype set_default_tensor_type": 'model.astype("float64"), and dtype= where tensors are made',
        "vectorized_map vectorize apply_along_axis": "gradus.vmap(function)",
        "Module Model": "a class derived from gradus.nn.Module, with __init__ and forward",
        "manual_seed_all": "gradus.seed(number)",
        "utils": "gradus.data for DataLoader and its like; gradus.checkpoint; gradus.nn.functional.one_hot",
        "special": "gradus.erf and its like, in gradus itself",
        "func": "gradus.vmap, gradus.jvp, gradus.vjp, gradus.jacobian, gradus.hessian",
        "jit onnx fx": "gradus.compile(function), which traces; weights are saved with gradus.save(model, path)",
        "hub": "gradus.load(path) of a safetensors file, and model.load_state_dict(...)",
        "append": "gradus.concatenate([x, y], axis)",
        "insert": "gradus.concatenate([x[:i], y, x[i:]])",
        "delete compress extract boolean_mask": "x[keep], with keep a mask of booleans",
        "block bmat": "gradus.concatenate of rows that are concatenated",
        "r_ c_ s_ index_exp mgrid ogrid ix_": "gradus.meshgrid, gradus.concatenate, and slices in x[...]",
        "choose": "gradus.take_along_axis(x, indices, axis)",
        "copyto": "x[...] = values",
        "cumulative_logsumexp": "gradus.logcumsumexp(x, axis)",
        "nancumsum": "gradus.cumsum(gradus.nan_to_num(x), axis)",
        "nancumprod": "gradus.cumprod(gradus.where(gradus.isnan(x), 1, x), axis)",
        "nanprod": "gradus.where(gradus.isnan(x), 1, x).prod(axis)",
        "ediff1d": "gradus.diff(gradus.ravel(x))",
        "divmod": "gradus.floor_divide(x, y), gradus.remainder(x, y)",
        "modf": "gradus.frac(x), gradus.trunc(x)",
        "flatnonzero": "gradus.nonzero(gradus.ravel(x))[0]",
        "fromfunction fromiter fromstring": "gradus.tensor(list), or NumPy's function in gradus.as_tensor(...)",
        "geomspace": "gradus.logspace(...) of the exponents",
        "diag_indices diag_indices_from fill_diagonal": "i = gradus.arange(n), and x[i, i]",
        "tril_indices_from triu_indices_from mask_indices": (
            "numpy.tril_indices(n), which x[...] takes"
        ),
        "indices ravel_multi_index": "NumPy's function of that name, whose arrays x[...] takes",
        "interp": "numpy.interp(x.numpy(), ...)",
        "intersect1d setdiff1d setxor1d union1d": "gradus.isin(x, y), gradus.unique(x)",
        "unique_with_counts": (
            "gradus.unique(x), or gradus.array_api, which has it"
        ),
        "lexsort sort_complex": "gradus.argsort(x), from the last key to the first",
        "loadtxt genfromtxt fromregex": "gradus.data.read_csv(path)",
        "savez savez_compressed savetxt": "gradus.save({name: tensor}, path)",
        "fromfile memmap": "gradus.as_tensor(numpy.memmap(...))",
        "histogram_bin_edges histogram_fixed_width": "gradus.histogram(x, bins, range=(lowest, highest))",
        "piecewise": "gradus.where(condition, x, y)",
        "putmask": "x[mask] = values",
        "require ascontiguousarray asfortranarray asmatrix matrix": "gradus.as_tensor(x)",
        "resize": "gradus.tile(x, n)[:length]",
        "rollaxis": "gradus.moveaxis(x, from, to)",
        "trim_zeros": "x[first : last + 1]",
        "polyval": "the sum of coefficients times x ** gradus.arange(n)",
        "polyfit": "gradus.linalg.lstsq(powers, y)",
        "issubdtype": "gradus.isdtype(x.dtype, kind)",
        "isscalar iterable": "numpy.isscalar(x)",
        "single": "gradus.float32",
        "str_ strings": "Python's str; tensors hold numbers",
        "int_ intp longlong intc": "gradus.int64",
        "iscomplexobj isrealobj iscomplex": "False: all numbers of gradus are real",
        "real real_if_close": "x: all numbers of gradus are real",
        "conj conjugate resolve_conj resolve_neg conj_physical": "x: all numbers of gradus are real",
        "around": "gradus.round(x)",
        "fabs": "gradus.absolute(x)",
        "apply_over_axes": "x.sum(axes, keepdims=True)",
        "errstate seterr geterr seterrcall geterrcall": (
            "numpy.errstate(...), for NumPy's own; gradus computes without warnings"
        ),
        "euler_gamma": "-gradus.digamma(1.0)",
        "core lib ma rec typing ctypeslib emath exceptions char f2py": "numpy itself, and x.numpy()",
        "ndarray": "gradus.Tensor",
        "True_ False_": "True, False",
        "number generic inexact floating flexible integer signedinteger unsignedinteger character object_ void "
        "bytes_ ScalarType typecodes sctypeDict": 'the dtype itself: "float32", "int64"',
        "byte": "gradus.int8",
        "ubyte": "gradus.uint8",
        "ushort": "gradus.uint16",
        "uintc": "gradus.uint32",
        "uint ulong ulonglong uintp": "gradus.uint64",
        "longdouble float128": "gradus.float64, which is the widest",
        "frompyfunc ufunc": "a function of tensors, which works on all elements",
        "ndenumerate ndindex nditer nested_iters flatiter": "a Python loop, or better a whole operation: x * 2",
        "may_share_memory shares_memory": "numpy.shares_memory(x.numpy(), y.numpy())",
        "isfortran": "numpy.isfortran(x.numpy())",
        "info show_config show_runtime get_include": "python -m gradus doctor",
        "einsum_path": "gradus.einsum(subscripts, *tensors)",
        "record recarray": "a dict of tensors",
        "FloatTensor DoubleTensor LongTensor IntTensor ShortTensor CharTensor ByteTensor BoolTensor HalfTensor "
        "BFloat16Tensor": 'gradus.tensor(data, dtype), with a dtype as "float32"',
        "ParameterDict ParameterList": "gradus.nn.ParameterDict, gradus.nn.ParameterList",
        "as_strided as_strided_ as_strided_scatter": "gradus.sliding_window(x, ...)",
        "detach detach_": "x.detach()",
        "constant_pad_nd": "gradus.pad(x, pairs, value=value)",
        "take_along_dim": "gradus.take_along_axis(x, indices, axis)",
        "pinverse": "gradus.linalg.pinv(x)",
        "nonzero_static": "gradus.nonzero(x)",
        "is_nonzero": "bool(x)",
        "is_complex is_conj is_neg": "False: all numbers of gradus are real",
        "is_signed": "x.dtype.kind",
        "zero_ fill_": "x.fill_(value)",
        "resize_as_": "x.reshape(shape)",
        "native_layer_norm native_group_norm native_batch_norm native_norm native_dropout native_channel_shuffle": (
            "gradus.nn.functional.layer_norm and its like"
        ),
        "feature_dropout feature_dropout_": "gradus.nn.functional.dropout2d(x, p)",
        "max_pool1d_with_indices": "gradus.nn.functional.max_pool1d(x, size, return_indices=True)",
        "clamp_max_": "x.clip_(None, highest)",
        "clamp_min_": "x.clip_(lowest, None)",
        "ldexp_": "x[...] = x * gradus.exp2(n)",
        "addmv_": "x[...] = x + a @ b",
        "gcd_ lcm_": "x[...] = numpy.gcd(x.numpy(), n)",
        "conj_physical_": "x: all numbers of gradus are real",
        "unsafe_split_with_sizes": "gradus.split(x, sizes=[...])",
        "*_copy": "the function without _copy, and .copy()",
        "sym_*": "Python's int, float, max and min",
    },
}

ABSENT: dict[str, dict[str, str]] = {
    "": {
        "complex complex32 complex64 complex128 complex256 complexfloating cdouble cfloat chalf clongdouble "
        "csingle angle imag polar view_as_real view_as_complex fft fft2 ifft2 rfft irfft stft istft unwrap eig "
        "eigvals": COMPLEX,
        "sparse sparse_* SparseTensor smm sspaddmm hspmm dsmm saddmm spmm to_sparse* coalesce": SPARSE,
        "quant* quint* qint* q_* qscheme dequantize per_channel_* per_tensor_* fake_quantize* fbgemm_* ao": QUANTISED,
        "cuda cudnn_* cudnn* miopen_* xpu mps mtia hpu ipu cpu accelerator backends amp autocast* get_autocast* "
        "set_autocast* is_autocast* clear_autocast* autocast_* get_device_module is_vulkan_available Stream Event "
        "tpu": DEVICE,
        "distributed distribute multiprocessing futures ipc": ONE_PROCESS,
        "gcd lcm frexp bitwise_count packbits unpackbits geqrf lu_factor lu_solve lu_unpack orgqr ormqr "
        "matrix_exp matrix_square_root solve_triangular triangular_solve cholesky_inverse cholesky_solve poly "
        "poly1d polyadd polyder polydiv polyint polymul polysub roots histogram2d histogramdd busday_count "
        "busday_offset busdaycalendar is_busday datetime_as_string datetime_data datetime64 timedelta64 isnat "
        "format_float_positional format_float_scientific base_repr binary_repr mintypecode svd_lowrank "
        "pca_lowrank lobpcg": NUMPY,
        "are_deterministic* use_deterministic* set_deterministic* get_deterministic* is_deterministic* "
        "set_flush_denormal set_float32_matmul_precision get_float32_matmul_precision set_warn_always "
        "is_warn_always_enabled config setbufsize getbufsize little_endian set_default_device get_default_device": (
            "There are no global settings in gradus: dtypes and seeds are given where numbers are made."
        ),
        "DisableTorchFunction* Dispatch* Script* JIT* Graph* Compilation* Complete* fork wait *Serialization* "
        "PyTorchFile* FatalError import_ir_module* parse_* merge_type* unify_type_list graph_util "
        "import_graph_def raw_ops mlir xla autodiff": GRAPHS,
        "TypedStorage UntypedStorage *Storage *TensorType *Type layout memory_format is_storage make_tensor_proto": (
            "The memory of a tensor is NumPy's: look at x.numpy()."
        ),
        "batch_norm_* affine_grid_generator grid_sampler* embedding_renorm_ fused_moving_avg_obs* hash_tensor "
        "hsmm init_num_threads slice_inverse is_anomaly* is_inference* set_anomaly_enabled mkldnn_* has_* cpp AVG "
        "SUM SymBool SymFloat SymInt AcceleratorError OutOfMemoryError sym_fresh* is_distributed get_device "
        "GradScaler int_repr choose_qparams_optimized row_indices_* to_padded* import_*": INSIDE,
        "bit bits* float4* float8* int1 int2 int3 int4 int5 int6 int7 uint1 uint2 uint3 uint4 uint5 uint6 uint7": (
            "The narrowest numbers of gradus are int8, uint8, float16 and bfloat16."
        ),
        "resize_as_sparse_": SPARSE,
        "i0_ igamma igammac bessel_* betainc lbeta ndtri zeta erfcinv special_*": SPECIAL,
    },
}
