"""The compiler: a function of Tensors is traced to a graph, the graph cut into kernels, these emitted as native code.

`docs/compiler.md` follows a small graph through it.
"""

from .bfloat16 import PRECISIONS
from .compiled import Compiled, compile
from .runtime import num_threads, set_num_threads
from .target import Target, missing
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
