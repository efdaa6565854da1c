"""The one door to the machine: which CPU this is, and turning LLVM's text into code that runs on it."""

from __future__ import annotations

import ctypes
import os
import platform
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, fields, replace
from functools import cache
from typing import Any

from ...errors import ArgumentError, MissingError
from ...process import aside
from ...process.forks import Gate, Kept

OLDEST_LLVM = 16  # that reads pointers without types
VARIABLE = "GRADUS_TARGET"  # what is compiled for, if not this machine as it is


@dataclass(frozen=True)
class Target:
    """A CPU to compile for.

    Attributes:
        triple: LLVM's name of architecture and system; empty for this machine's.
        cpu: LLVM's name of the processor.
        features: what it has, as LLVM writes it: `+avx2,-avx512f`.
        vector_bytes: the width of a vector register.
        registers: how many vector registers there are.
        first_cache: bytes that a panel of a product may take, to stay in the first cache.
        second_cache: bytes of the second cache that the packed rows of a blocked product may count on.
        third_cache: bytes that its packed panels may take, of the cache that the threads share.

    The caches are not looked up, so that a program is the same on all machines with one instruction set; they count for
    how products are cut.

    >>> sse2().lanes, avx2().lanes, avx512().lanes
    (4, 8, 16)
    """

    triple: str
    cpu: str
    features: str
    vector_bytes: int
    registers: int = 16
    first_cache: int = 1 << 15
    second_cache: int = 1 << 19
    third_cache: int = 1 << 22

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
        tm = machine(self)
        with closing(parsed(text)) as module:
            optimized(module, tm)
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
def default() -> Target:
    """What is compiled for where nothing else is asked for: what $GRADUS_TARGET says, or else this machine."""
    return told(os.environ.get(VARIABLE, ""))


def told(text: str) -> Target:
    """The target that a text names, as in $GRADUS_TARGET: a processor and, after commas, sizes of the caches in bytes.

    The processor is host, sse2, avx2 or avx512, no wider than this machine's; host may be left out.

    Raises:
        ArgumentError: there is no such processor or cache, or this machine lacks the instructions.

    >>> told("sse2").vector_bytes, told("host,first_cache=8192,third_cache=65536").first_cache
    (16, 8192)
    """
    name, *options = (part.strip() for part in text.split(",")) if text.strip() else ("host",)
    known: dict[str, Callable[[], Target]] = {"host": host, "sse2": sse2, "avx2": avx2, "avx512": avx512}
    sizes = {f.name for f in fields(Target) if f.name.endswith("_cache")}
    if "=" in name:
        name, options = "host", [name, *options]
    caches = {size: number for size, _, number in (option.partition("=") for option in options)}
    if name not in known or set(caches) - sizes or not all(size.isdecimal() and int(size) for size in caches.values()):
        raise ArgumentError(
            f"{VARIABLE}={text!r} names no target. Give one of {', '.join(known)} and, after commas, any of "
            f"{', '.join(f'{size}=BYTES' for size in sorted(sizes))}."
        )
    found = known[name]()
    if found.vector_bytes > host().vector_bytes or (name != "host" and _is_arm()):
        raise ArgumentError(f"{VARIABLE}={text!r}: this processor, {host().cpu}, lacks {name}. Leave it out.")
    sized: dict[str, Any] = {cache: int(size) for cache, size in caches.items()}
    return replace(found, **sized)


def _is_arm() -> bool:
    return platform.machine() in ("aarch64", "arm64")


@cache
def host() -> Target:
    """The machine this runs on."""
    llvm = _llvm()
    features = llvm.get_host_cpu_features()
    width = 64 if features.get("avx512f") else 32 if features.get("avx2") else 16
    registers = 32 if width == 64 or _is_arm() else 16
    return Target("", llvm.get_host_cpu_name(), features.flatten(), width, registers)


@cache
def _llvm() -> Any:
    try:
        import llvmlite.binding as llvm
    except (ImportError, OSError) as problem:  # OSError: it is there, but not LLVM's library
        raise MissingError(
            f"native code is made with llvmlite, which cannot be loaded ({problem}). Install it: pip install llvmlite. "
            "Where it does not exist, compute eagerly: call the function uncompiled, Trainer(..., compile=False)."
        ) from None
    if llvm.llvm_version_info[0] < OLDEST_LLVM:
        raise MissingError(
            f"native code is made with llvmlite from 0.45 on, this one brings LLVM {llvm.llvm_version_info[0]}. "
            'Get a newer one: pip install "llvmlite>=0.45". Or compute eagerly: Trainer(..., compile=False).'
        )
    if lock := getattr(llvm.ffi.lib, "_lock", None):
        aside.locks.append(lock)
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm


def missing() -> str:
    """Why no native code can be made here, and what helps; the empty string if it can.

    >>> missing() == "" or "pip install" in missing()
    True
    """
    try:
        _llvm()
    except MissingError as problem:
        return str(problem)
    return ""


def machine(target: Target) -> Any:
    """LLVM's target machine."""
    llvm = _llvm()
    if _llvmlite.torn or _at_work.torn:
        raise MissingError(
            "no native code can be made in this process: it was forked while another thread was making some, which "
            "took too long. Fork before that, or begin processes anew: multiprocessing.get_context('spawn')."
        )
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

    from ... import __version__

    return f"gradus {__version__} llvmlite {llvmlite.__version__} llvm {_llvm().llvm_version_info}"


def compile_object(text: str, target: Target) -> bytes:
    """LLVM's text as object code; several threads may do so at once."""
    tm = machine(target)
    with closing(parsed(text)) as module:  # now, while its context is there
        optimized(module, tm)
        return generated(module, tm)


def parsed(text: str) -> Any:
    """The module that a text is, in a context of its own."""
    llvm = _llvm()
    context = llvm.create_context()
    with llvm.ffi.OutputString() as problem:
        found = _unlocked("ParseAssembly")(context, ctypes.c_char_p(text.encode()), problem)
        module = llvm.ModuleRef(found, context)
        if problem:
            raise RuntimeError(f"LLVM cannot read the text of a program: {problem}")
    module.verify()
    return module


def optimized(module: Any, tm: Any) -> None:
    """Run LLVM's passes."""
    llvm = _llvm()
    builder = llvm.create_pass_builder(tm, llvm.create_pipeline_tuning_options(speed_level=1))
    passes = llvm.create_new_module_pass_manager()
    passes.add_sroa_pass()
    passes.add_instruction_combine_pass()
    passes.add_simplify_cfg_pass()
    _unlocked("RunNewModulePassManager")(passes, module, builder)


def generated(module: Any, tm: Any) -> bytes:
    """A module's object code."""
    llvm = _llvm()
    with llvm.ffi.OutputString() as problem:
        memory = _unlocked("TargetMachineEmitToMemory")(tm, module, 1, problem)
        if not memory:
            raise RuntimeError(f"LLVM makes no code of a program: {problem}")
    try:
        return ctypes.string_at(llvm.ffi.lib.LLVMPY_GetBufferStart(memory), llvm.ffi.lib.LLVMPY_GetBufferSize(memory))
    finally:
        llvm.ffi.lib.LLVMPY_DisposeMemoryBuffer(memory)


def _unlocked(name: str) -> Callable[..., Any]:
    """A function of llvmlite's library, without the lock that lets one thread in at a time.

    LLVM itself has no need of it where threads work in contexts of their own, with target machines of their own.
    """
    locked = getattr(_llvm().ffi.lib, f"LLVMPY_{name}")
    function: Callable[..., Any] = getattr(locked, "_cfn", locked)

    def called(*arguments: Any) -> Any:
        with _at_work:
            return function(*arguments)

    return called


class _Llvmlite(Kept):
    """The lock of llvmlite's library, whoever makes native code with it: numba, too."""

    @staticmethod
    def _its() -> Any:
        library = getattr(sys.modules.get("llvmlite.binding.ffi"), "lib", None)
        return getattr(library, "_lock", None)

    def keep(self, seconds: float) -> bool:
        self._kept = getattr(self._its(), "_lock", None)
        return self._kept is None or self._kept.acquire(timeout=seconds)

    def let_go(self) -> None:
        if self._kept is not None:
            self._kept.release()

    def renew(self, taken: bool) -> None:
        if taken:
            self.let_go()
        else:
            self._its()._lock = threading.RLock()


_llvmlite, _at_work = _Llvmlite(), Gate()


class Loaded:
    """Object code in memory, ready to be called: of one module, or of several that call each other."""

    def __init__(self, codes: Sequence[bytes], target: Target) -> None:
        llvm = _llvm()
        self._engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine(target))
        self._objects = [llvm.ObjectFileRef.from_data(code) for code in codes]
        for one in self._objects:
            self._engine.add_object_file(one)
        self._engine.finalize_object()

    def address(self, name: str) -> int:
        """Where a function lies."""
        return int(self._engine.get_function_address(name))

    def function(self, name: str, *arguments: Any, result: Any = None) -> Any:
        """A native function, with which the code lives on; while it runs, other Python threads run too."""
        found: Any = ctypes.CFUNCTYPE(result, *arguments)(self.address(name))
        found.loaded = self
        return found
