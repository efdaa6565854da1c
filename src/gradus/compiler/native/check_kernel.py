"""The loop that looks whether any number is wrong: it keeps what it finds in registers, and writes nothing."""

from __future__ import annotations

from ...ops.core.places import Loop, unflatten
from ..emit.code import Ref
from ..emit.kit import Kit
from ..emit.value import Value
from ..kernels.loop_kernels import LoopKernel
from ..plan.kernel import Kernel
from ..plan.schedule import Schedule

EACH = 1 << 12  # numbers that every thread looks at itself: sooner done than waiting for each other's parts


class CheckKernel(LoopKernel):
    """Emits a function that says whether any element of a mask is true. Large masks are shared between the threads."""

    def __init__(self, kernel: Kernel, schedule: Schedule, lanes: int) -> None:
        super().__init__("check", kernel, schedule, lambda n: schedule.graph.inputs.index(n), lanes)
        self.alone = kernel.stored[0].size <= EACH
        self.code.result = "i1"

    def _map(self) -> None:
        code, mask, kit = self.code, self.kernel.stored[0], Kit(self.code, self.lanes)
        loops, truth = self._merged_loops(), kit.constant(False, self.kernel.stored[0].dtype)
        found = code.variable(truth.type)
        code.do(f"store {truth.type} {truth.ref}, ptr {found}")

        def inside(registers: dict[Loop, Ref], tail: Value | None) -> None:
            body = self.body(self.lanes, loops[-1], registers, tail)
            for n in self.kernel.maps:
                body.root(n, unflatten(self.place(loops), n.shape))
            wrong = body.root(mask, unflatten(self.place(loops), mask.shape))
            wrong = wrong if tail is None else wrong & tail
            so_far = code.op(f"load {truth.type}, ptr {found}")
            code.do(f"store {truth.type} {code.op(f'or {truth.type} {so_far}, {wrong.ref}')}, ptr {found}")

        self.places(loops, self.lanes, inside)
        last = code.op(f"load {truth.type}, ptr {found}")
        code.do(f"ret i1 {code.call('i1', f'llvm.vector.reduce.or.v{self.lanes}i1', f'{truth.type} {last}')}")
