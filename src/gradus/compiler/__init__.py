"""The compiler: a function of Tensors is traced to a graph, the graph cut into kernels, these emitted as native code.

`docs/compiler.md` follows a small graph through it.
"""

from ..names.options import understood_all as _understood_all
from .compiled import Compiled
from .compiling import compile
from .native.runtime import num_threads, set_num_threads
from .native.target import Target, missing
from .rewrite.bfloat16 import PRECISIONS
from .uncompiled import Uncompiled, natively

__all__ = [
    "PRECISIONS",
    "Compiled",
    "Target",
    "Uncompiled",
    "compile",
    "missing",
    "natively",
    "num_threads",
    "set_num_threads",
]

_understood_all(globals(), ("compile", "set_num_threads"))
