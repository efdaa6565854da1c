"""The one door to the machine: which CPU this is, and turning LLVM's text into code that runs on it."""

from __future__ import annotations

import ctypes
import platform
from dataclasses import dataclass
from functools import cache
from typing import Any


@dataclass(frozen=True)
class Target:
    """A CPU to compile for.

    Attributes:
        triple: LLVM's name of architecture and system; empty for this machine's.
        cpu: LLVM's name of the processor.
        features: what it has, as LLVM writes it: `+avx2,-avx512f`.
        vector_bytes: the width of a vector register.
        registers: how many vector registers there are.

    >>> sse2().lanes, avx2().lanes, avx512().lanes
    (4, 8, 16)
    """

    triple: str
    cpu: str
    features: str
    vector_bytes: int
    registers: int = 16

    @property
    def lanes(self) -> int:
        """How many float32 numbers a vector register holds."""
        return self.vector_bytes // 4

    @property
    def dot_lanes(self) -> int:
        """The lanes of its dot products of bfloat16; 0 if it has none."""
        return self.lanes if "+avx512bf16" in self.features.split(",") and self.vector_bytes == 64 else 0

    def assembly(self, text: str) -> str:
        """LLVM's text as this processor's assembly language."""
        module, tm = _optimized(text, self)
        return str(tm.emit_assembly(module))


def sse2() -> Target:
    """Any x86-64 processor."""
    return Target("", "x86-64", "", 16, 16)


def avx2() -> Target:
    """x86-64 with AVX2 and fused multiply-add: most since 2013."""
    return Target("", "x86-64-v3", "", 32, 16)


def avx512() -> Target:
    """x86-64 with AVX-512."""
    return Target("", "x86-64-v4", "-prefer-256-bit", 64, 32)


def arm64() -> Target:
    """Any 64-bit ARM processor, under Linux: for a look at the code it would run."""
    return Target("aarch64-unknown-linux-gnu", "generic", "+neon", 16, 32)


@cache
def host() -> Target:
    """The machine this runs on."""
    llvm = _llvm()
    features = llvm.get_host_cpu_features()
    width = 64 if features.get("avx512f") else 32 if features.get("avx2") else 16
    registers = 32 if width == 64 or platform.machine() in ("aarch64", "arm64") else 16
    return Target("", llvm.get_host_cpu_name(), features.flatten(), width, registers)


@cache
def _llvm() -> Any:
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm


def machine(target: Target) -> Any:
    """LLVM's target machine."""
    llvm = _llvm()
    if target.triple:
        llvm.initialize_all_targets()
        llvm.initialize_all_asmprinters()
        found = llvm.Target.from_triple(target.triple)
    else:
        found = llvm.Target.from_default_triple()
    return found.create_target_machine(cpu=target.cpu, features=target.features, opt=2, jit=not target.triple)


def versions() -> str:
    """What the object code depends on besides the program and the processor."""
    import llvmlite

    from .. import __version__

    return f"gradus {__version__} llvmlite {llvmlite.__version__} llvm {_llvm().llvm_version_info}"


def compile_object(text: str, target: Target) -> bytes:
    """LLVM's text as object code."""
    module, tm = _optimized(text, target)
    return bytes(tm.emit_object(module))


def _optimized(text: str, target: Target) -> tuple[Any, Any]:
    """The module after LLVM's passes, and the machine to write it for."""
    llvm = _llvm()
    module = llvm.parse_assembly(text)
    module.verify()
    tm = machine(target)
    builder = llvm.create_pass_builder(tm, llvm.create_pipeline_tuning_options(speed_level=1))
    passes = llvm.create_new_module_pass_manager()
    passes.add_sroa_pass()
    passes.add_instruction_combine_pass()
    passes.add_simplify_cfg_pass()
    passes.run(module, builder)
    return module, tm


class Loaded:
    """Object code in memory, ready to be called."""

    def __init__(self, code: bytes, target: Target) -> None:
        llvm = _llvm()
        self._engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine(target))
        self._object = llvm.ObjectFileRef.from_data(code)
        self._engine.add_object_file(self._object)
        self._engine.finalize_object()

    def address(self, name: str) -> int:
        """Where a function lies."""
        return int(self._engine.get_function_address(name))

    def function(self, name: str, *arguments: Any, result: Any = None) -> Any:
        """A native function, with which the code lives on; while it runs, other Python threads run too."""
        found: Any = ctypes.CFUNCTYPE(result, *arguments)(self.address(name))
        found.loaded = self
        return found
