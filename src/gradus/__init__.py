"""gradus: a deep-learning framework that can be read from end to end, and watched while it runs.

Tensors and their functions are here; layers in `gradus.nn`, optimizers in `gradus.optim`, data in `gradus.data` and
`gradus.datasets`, ready models in `gradus.models`, and `gradus.Trainer` puts them together.
"""

from . import startup as _startup  # noqa: F401 - before all that takes time

# isort: split
from importlib import import_module
from typing import TYPE_CHECKING, Any

from numpy import e, inf, nan, newaxis, pi

from . import ops
from ._methods import Methods as _Methods
from .autograd import enable_grad, grad, no_grad, vjp
from .control import scan, while_loop
from .dtypes import (
    bfloat16,
    bool_,
    float16,
    float32,
    float64,
    int8,
    int16,
    int32,
    int64,
    uint8,
    uint16,
    uint32,
    uint64,
)
from .interchange import numpy_functions as _numpy_functions  # noqa: F401 - makes methods
from .interchange import standard as _standard  # noqa: F401
from .interchange.dlpack import from_dlpack
from .names.elsewhere import missing as _missing
from .names.elsewhere import tell as _tell
from .names.modules import tell_imports as _tell_imports
from .names.options import methods_understood as _methods_understood
from .names.options import understood_all as _understood_all
from .ops import *
from .random import (
    Generator,
    bernoulli,
    multinomial,
    permutation,
    rand,
    rand_like,
    randint,
    randint_like,
    randn,
    randn_like,
    randperm,
    seed,
)
from .tensor import Tensor, as_tensor, tensor
from .transforms.batching import vmap
from .transforms.custom import checkpoint, custom_gradient
from .transforms.derivatives import hessian, jacobian, jvp

if TYPE_CHECKING:
    from . import array_api, data, datasets, distributions, draw, inspect, linalg, models, nn, optim, train, tune
    from .train import Trainer, load, save
    from .transforms.guarding import guard

__version__ = "0.1.0"

array, asarray, from_numpy, manual_seed = tensor, as_tensor, as_tensor, seed  # as NumPy and PyTorch call them
_TYPES = {"bool": bool_, "short": int16, "int": int32, "long": int64}
_TYPES |= {"half": float16, "float": float32, "double": float64}

_ROOMS = ("array_api", "compiler", "data", "datasets", "distributions", "draw", "functional", "inspect", "linalg")
_LATER = dict.fromkeys((*_ROOMS, "models", "nn", "optim", "train", "tune"), "")
_LATER |= dict.fromkeys(("Trainer", "load", "save"), "train") | {"guard": "transforms.guarding"}
_LATER |= dict.fromkeys(("compile", "num_threads", "set_num_threads"), "compiler")


def __getattr__(name: str) -> Any:
    """What is imported when it is first asked for, so that `import gradus` stays quick."""
    if name in _TYPES:
        return _TYPES[name]  # not by their names, which are Python's
    if name not in _LATER:
        raise _missing("gradus", name)
    home = _LATER[name]
    return getattr(import_module(f"gradus.{home}"), name) if home else import_module(f"gradus.{name}")

__all__ = [
    *ops.__all__,
    "Generator",
    "Tensor",
    "Trainer",
    "array",
    "array_api",
    "as_tensor",
    "asarray",
    "bernoulli",
    "bfloat16",
    "bool_",
    "checkpoint",
    "compile",
    "custom_gradient",
    "data",
    "datasets",
    "distributions",
    "draw",
    "e",
    "enable_grad",
    "float16",
    "float32",
    "float64",
    "from_dlpack",
    "from_numpy",
    "grad",
    "guard",
    "hessian",
    "inf",
    "inspect",
    "int8",
    "int16",
    "int32",
    "int64",
    "jacobian",
    "jvp",
    "linalg",
    "load",
    "manual_seed",
    "models",
    "multinomial",
    "nan",
    "newaxis",
    "nn",
    "no_grad",
    "num_threads",
    "optim",
    "permutation",
    "pi",
    "rand",
    "rand_like",
    "randint",
    "randint_like",
    "randn",
    "randn_like",
    "randperm",
    "save",
    "scan",
    "seed",
    "set_num_threads",
    "tensor",
    "train",
    "tune",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "vjp",
    "vmap",
    "while_loop",
]

_understood_all(globals(), __all__)
_methods_understood(_Methods)
_tell(_Methods, "Tensor")
_tell_imports()
