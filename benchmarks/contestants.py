"""Who takes part, and the environment in which each is at its best."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module, metadata, util
from types import ModuleType
from typing import Any

from .records import CONVOLUTION, NETWORKS, Workload

CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
SETTINGS = ("OPENBLAS_", "OMP_", "MKL_", "MALLOC_", "XLA_", "KMP_", "GOMP_")  # what a user's shell may have set

DISTRIBUTIONS = {"sklearn": "scikit-learn"}  # where pip's name is another

PEERS = {
    "OMP_NUM_THREADS": str(CORES),
    "OMP_PROC_BIND": "true",
    "MALLOC_MMAP_MAX_": "0",  # memory that was freed is kept, not given back and cleared again
    "MALLOC_TRIM_THRESHOLD_": str(2**40),
    "MALLOC_TOP_PAD_": str(2**26),
}


def _of_pictures(w: Workload) -> bool:
    """Whether it is a network of today on pictures."""
    return w.group == NETWORKS and len(getattr(w, "x", ())) == 4


@dataclass(frozen=True)
class Contestant:
    """One way to do the work.

    Attributes:
        name: for the command line; the first word is the package's.
        title: for the table.
        package: what must be installed.
        module: the module of benchmarks that drives it, with a function for each of its kinds.
        kinds: the kinds of workload in which it takes part.
        only: to which of these it is restricted.
        environment: set before its process starts.
        options: passed to the module's functions.
        cache: environment variables that put its cache of compiled code into a folder, which they name `{}`.
    """

    name: str
    title: str
    package: str
    module: str
    kinds: tuple[str, ...] = ("training", "product", "prediction", "convolution", "divergence")
    only: Callable[[Workload], bool] = lambda w: True
    environment: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    cache: Mapping[str, str] = field(default_factory=dict)

    @property
    def installed(self) -> bool:
        """Whether it can take part."""
        return util.find_spec(self.package) is not None

    def takes_part(self, w: Workload) -> bool:
        """Whether it does this workload, if it is installed."""
        return w.kind in self.kinds and self.only(w)

    @property
    def version(self) -> str:
        """As pip names it."""
        if self.package == "gradus":
            return str(import_module("gradus").__version__)
        return metadata.version(DISTRIBUTIONS.get(self.package, self.package))

    def load(self) -> ModuleType:
        """The module that drives it; this imports the package."""
        return import_module(f"benchmarks.{self.module}")

    def full_environment(self, tuned: bool = True, cache: str | None = None) -> dict[str, str]:
        """The environment of its process: this one's, without settings of libraries, and with its own."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(SETTINGS)}
        folder = {k: v.format(cache) for k, v in self.cache.items()} if cache else {}
        return kept | (dict(self.environment) if tuned else {}) | folder


CONTESTANTS = {
    c.name: c
    for c in (
        Contestant("gradus", "gradus", "gradus", "with_gradus", cache={"GRADUS_CACHE": "{}"}),
        Contestant("torch", "torch eager", "torch", "with_torch", environment=PEERS),
        Contestant(
            "torch.channels_last",
            "torch channels_last",
            "torch",
            "with_torch",
            ("training", "prediction", "convolution"),
            lambda w: w.group == CONVOLUTION or _of_pictures(w),
            PEERS,
            {"channels_last": True},
        ),
        Contestant(
            "torch.loader",
            "torch DataLoader",
            "torch",
            "with_torch",
            ("training",),
            lambda w: w.group == CONVOLUTION and w.steps > 1,
            PEERS,
            {"loader": True},
        ),
        Contestant(
            "torch.compile",
            "torch.compile",
            "torch",
            "with_torch",
            ("training", "prediction", "divergence"),  # of a product or a convolution it would make the same call
            environment=PEERS,
            options={"compiled": True},
            cache={"TORCHINDUCTOR_CACHE_DIR": "{}"},
        ),
        Contestant(
            "torch.compile.channels_last",
            "torch.compile, channels_last",
            "torch",
            "with_torch",
            ("training", "prediction"),
            _of_pictures,
            PEERS,
            {"compiled": True, "channels_last": True},
            {"TORCHINDUCTOR_CACHE_DIR": "{}"},
        ),
        Contestant(
            "jax",
            "jax.jit",
            "jax",
            "with_jax",
            environment=PEERS | {"JAX_PLATFORMS": "cpu"},
            cache={
                "JAX_COMPILATION_CACHE_DIR": "{}",
                "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
                "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
            },
        ),
        Contestant(
            "sklearn",
            "scikit-learn",
            "sklearn",
            "with_sklearn",
            ("divergence",),
            lambda w: not getattr(w, "precision", None),
            PEERS | {"OPENBLAS_CORETYPE": "SkylakeX"},
        ),
        Contestant("numpy", "NumPy", "numpy", "with_numpy", ("product",), environment=PEERS),
        Contestant(
            "numpy.skylakex",
            "NumPy, SkylakeX",
            "numpy",
            "with_numpy",
            ("product",),
            environment=PEERS | {"OPENBLAS_CORETYPE": "SkylakeX"},
        ),
    )
}
EAGER = Contestant("gradus.eager", "eager gradus", "gradus", "with_gradus", ("training",), options={"compiled": False})
BY_NAME = {**CONTESTANTS, EAGER.name: EAGER}
