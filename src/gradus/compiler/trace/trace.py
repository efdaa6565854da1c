"""Tracing: run ordinary Tensor code once, with graph nodes in place of arrays.

What the function reads besides its arguments (parameters, state, the random counter) becomes an input of the graph;
what it writes with `assign_` becomes a write to the same memory.
"""

from __future__ import annotations

import sys
import types
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from ... import interpret
from ...autograd import no_grad
from ...errors import DtypeError, TraceError, caller, is_ours
from ...interpret import Explain, Outside, Wrong
from ...ops import where
from ...ops.core.lowering import Elementwise, Uncompiled
from ...ops.core.primitive import PRIMITIVES, Primitive, broadcast_to_p
from ...tensor import Tensor
from ..graph.bounds import Bounds, same_numbers
from ..graph.copier import dependent
from ..graph.graph import Check, Graph, Node
from ..graph.loop_nodes import WriteOut
from ..graph.regions import same_graphs
from .aliases import clash, folded, layout, overlaps, require_writable
from .loops import SHORTEST, looped
from .seen import Seen
from .tree import agree, flatten, is_tensor
from .views import View, Views

# Of a function, what tells whether its surroundings have changed since.
Watch = Callable[[Callable[..., Any]], Callable[[], bool]]


class Tracer(Views):
    """The interpreter that builds a graph."""

    in_place = False

    def __init__(self, watch: Watch | None = None) -> None:
        """`watch`: whether loops stay loops, and who then looks whether a step changes anything."""
        super().__init__()
        self.graph = Graph()
        self._watch = watch
        self._closed: set[Node] = set()  # what stands for a value of each step of a loop
        self.captured: list[np.ndarray] = []  # the arrays behind the inputs, in order
        self.read_from: list[Tensor] = []  # a tensor that holds each of them
        self.fresh: set[int] = set()  # by their ids, those of them that the function makes itself, anew at each call
        self.seen = Seen()  # what they held then
        self._current: dict[int, Node] = {}  # what the memory of an array, or node, holds at this point of the program
        self._input: dict[int, Node] = {}
        self._number: dict[int, int] = {}  # which of the inputs that is
        self._same: dict[tuple[Any, ...], np.ndarray] = {}  # by their layouts, the arrays met
        self._met: dict[int, tuple[weakref.ref[Tensor], np.ndarray]] = {}  # the tensors that had them, by their ids
        self.written_at: dict[int, str] = {}  # where arrays are written
        self.walked = False  # whether gradients were walked back
        self.looked_at: list[tuple[Tensor, int]] = []  # whose numbers became part of the program, and their writes
        self._looked_from: dict[int, str] = {}  # by their counts of writes: where
        self._given: set[int] = set()
        self._gradients: dict[int, np.ndarray] = {}  # by their ids: what backward left outside
        self._earlier: dict[Node, str] = {}  # gradients that an earlier call may have left, and where they are used
        self._unused: set[Node] = set()  # gradients that this call leaves
        self._began: list[tuple[Tensor, Tensor]] = []  # leaves, and the gradients they had
        self.forgotten: list[Tensor] = []  # the leaves that have lost those, or got others in their place
        self._nodes: set[Node] = set()  # those of this graph
        self._bounds = Bounds()
        self.followed: list[tuple[Tensor, str]] = []  # tensors with memory that were assigned values with a history
        self._walking = 0  # walks back along gradients that go on: in them tensors are what they were then
        self.refused: TraceError | None = None  # the first refusal: the function may have caught it

    def refusal(self, message: str, mistake: str = "") -> TraceError:
        """The error of a function that cannot be traced, noted in case the function goes on."""
        error = TraceError(message, mistake=mistake)
        self.refused = self.refused or error
        return error

    def apply(self, primitive: Primitive, inputs: tuple[Tensor, ...], params: dict[str, Any]) -> Node:
        hook = sys.getprofile()
        if not isinstance(hook, types.FunctionType):  # nobody's, or a profiler's
            return self._applied(primitive, inputs, params)
        sys.setprofile(None)  # none of a user's code runs in here: whoever notes what runs (`ran.py`) need not look
        try:
            return self._applied(primitive, inputs, params)
        finally:
            sys.setprofile(hook)

    def _applied(self, primitive: Primitive, inputs: tuple[Tensor, ...], params: dict[str, Any]) -> Node:
        if isinstance(primitive.lower, Uncompiled):
            name = params.get("kind", primitive.name)
            raise self.refusal(f"{name} has no kernel in compiled functions, at {caller()}. {primitive.lower.remedy}")
        nodes = tuple(self.node_of(t) for t in inputs)
        out = primitive.rule(*nodes, **params)
        if isinstance(primitive.lower, Elementwise):
            nodes = tuple(self._stretched(n, out.shape) for n in nodes)
        made = Node(primitive, nodes, params, tuple(out.shape), out.dtype)
        self._nodes.add(made)
        if primitive.view:
            base = inputs[0]
            self.views[made] = View(self.memory(base), primitive, params, base.writes, base.writes[0])
        return made

    def _stretched(self, node: Node, shape: tuple[int, ...]) -> Node:
        """An operand in the shape of the result: what NumPy does by itself is a node of the program."""
        if node.shape == shape:
            return node
        made = Node(broadcast_to_p, (node,), {"shape": shape}, shape, node.dtype)
        self._nodes.add(made)
        return made

    def memory(self, t: Tensor) -> Any:
        """What stands for the memory of a tensor: a node, or the first array met of its layout."""
        return t.data if isinstance(t.data, Node) else self._same.setdefault(layout(t.data), t.data)

    def met(self, t: Tensor) -> None:
        """A tensor is used, or its memory given to another: as long as it has this array, the program holds."""
        if not isinstance(t.data, Node):
            self._met.setdefault(id(t), (weakref.ref(t), t.data))

    @contextmanager
    def walk(self, ys: list[Tensor]) -> Iterator[interpret.Follower]:
        """Gradients are walked back."""
        self.walked = True
        self._walking += 1
        try:
            yield None
        finally:
            self._walking -= 1

    def outside(self) -> list[tuple[Tensor, np.ndarray]]:
        """The tensors that had the arrays met and are still there, now that the function has run."""
        alive = [(ref(), array) for ref, array in self._met.values()]
        return [(t, array) for t, array in alive if t is not None]

    def assign(self, target: Tensor, value: Tensor, followed: bool = False) -> None:
        node = self.node_of(value)
        if followed and not isinstance(target.data, Node):
            self.followed.append((target, caller()))
        if id(target.data) in self._given:
            raise self.refusal(
                f"a compiled function writes into an argument, at {caller()}, by x[key] = value, assign_ or a method "
                "that writes. It writes only tensors from around it, as parameters: write into x.copy(), return that."
            )
        if node.dtype != target.dtype:
            if not np.can_cast(node.dtype, target.dtype, "same_kind"):
                raise DtypeError(f"assign_: a tensor of {target.dtype} cannot hold {node.dtype}. Use astype().")
            node = self.apply(PRIMITIVES["cast"], (value,), {"dtype": target.dtype})
        if isinstance(target.data, Node):
            self.check_view(target.data)
        else:
            self.node_of(target)
            require_writable(target.data, caller())
            if folded(target.data):
                raise self.refusal(
                    "a compiled function writes a tensor of which several elements are the same memory, at "
                    f"{caller()}. Use copy() first."
                )
        only = interpret.conditional.get()
        if only is not None:
            with no_grad():
                node = self.node_of(where(only, Tensor(node), Tensor(self.node_of(target))))
        memory = self.memory(target)
        self._current[id(memory)] = node
        self.written_at.setdefault(id(memory), caller())

    def put(self, target: Tensor, key: Any, value: Tensor) -> bool:
        return False

    def check(self, subject: Tensor, wrong: Wrong, explain: Explain, by_forward: bool = False) -> None:
        node, only = self.node_of(subject), interpret.conditional.get()
        looked_at = node
        if isinstance(wrong, Outside):
            looked_at = same_numbers(node)
            if not looked_at.size or self._bounds.within(looked_at, wrong):
                return
            if only is None:
                self._bounds.narrow(looked_at, wrong)
        with no_grad():
            mask = wrong(Tensor(looked_at))
            mask = mask if only is None else mask & only
            failed = mask.any()
        self.graph.checks.append(Check(mask.data, failed.data, node, wrong, explain, caller()))

    def concrete(self, tensor: Tensor, what_for: str = "") -> np.ndarray:
        if not isinstance(tensor.data, Node) and id(self.memory(tensor)) not in self._current:
            self.shown(tensor)
            return np.asarray(tensor.data)  # nothing here depends on it: a constant, until it is written
        way = what_for or "by .numpy(), .item(), float(), print or a Python `if` or `while` on a tensor"
        raise self.refusal(
            f"a compiled function looks at a value, at {caller()}: {way}. While it is traced there are no values yet. "
            "Use gradus.where for a choice, return the value and look at it outside, or leave the function uncompiled.",
            mistake="value-inside",
        )

    def shown(self, tensor: Tensor) -> None:
        """Numbers that are there become part of the program, as text or as what Python makes of them.

        Where there are none, `repr` gives a text for gradus's own messages; a user's code is refused, once it has run.
        """
        if isinstance(tensor.data, Node):
            shower = sys._getframe(2)
            if not is_ours(shower.f_code.co_filename):
                self.refusal(
                    f"a compiled function shows a tensor as text, at {caller()}. While it is traced there are no "
                    "values yet. Return the tensor and show it outside, or leave the function uncompiled."
                )
            return
        self.met(tensor)
        self.looked_at.append((tensor, tensor.writes[0]))
        self._looked_from.setdefault(id(tensor.writes), caller())

    def node_of(self, t: Tensor) -> Node:
        """The node a Tensor stands for; a new input if it is an array that was not met before."""
        if isinstance(t.data, Node):
            if t.data not in self._nodes:
                raise self.refusal(
                    f"a tensor that was made while another function was traced is used, at {caller()}. It never had a "
                    "value: return what is needed later from the compiled function that makes it."
                )
            if t.data in self._closed:  # a step has left it somewhere
                raise WriteOut
            if self._earlier.get(t.data) == "":
                self._earlier[t.data] = caller()
            if not self._walking:
                self.check_fresh(t)
                return self.now(t.data)
            return self._current.get(id(t.data), t.data)
        if not isinstance(t.data, np.ndarray):  # of an example that stands for all, in a gradient of a loop
            raise WriteOut if self._watch is not None else self.refusal(f"a tensor of vmap's is used at {caller()}")
        self.met(t)
        key = id(self.memory(t))
        if key in self._gradients and key not in self._current:
            self._current[key] = self._before(t)
            self._earlier[self._current[key]] = caller()
        if key not in self._current:
            node = Node(None, (), {}, t.data.shape, t.data.dtype)
            self.graph.inputs.append(node)
            self.captured.append(self.memory(t))
            self.read_from.append(t)
            if not t.requires_grad:  # what does is changed by nobody but an optimizer
                self.seen.add(t.data)
            if t.grad is not None and not isinstance(t.grad.data, Node):
                self._gradients[id(self.memory(t.grad))] = t.grad.data
            self._current[key] = self._input[key] = node
            self._number[key] = len(self.read_from) - 1
            self._nodes.add(node)
        elif t.requires_grad and t.is_leaf:  # it may have been met without its gradient, detached
            self.read_from[self._number[key]] = t
        return self._current[key]

    # -- loops ---------------------------------------------------------------------------------------------------------

    def loop(self, step: Callable[..., Any], state: Any, xs: Any, reverse: bool) -> Any:
        length = len(xs[0] if isinstance(xs, tuple) else xs)
        if self._watch is None or length < SHORTEST:
            return None
        return looped(self, step, state, xs, reverse)

    def inside(self, step: Callable[..., Any], state: Any, x: Any) -> tuple[Any, set[Node]]:
        """What a loop's step gives on symbols, if it gives the same again and does nothing else; and all nodes made."""
        changed = self._watch(step) if self._watch is not None else lambda: False
        before, walked, checks, current = set(self._nodes), self.walked, len(self.graph.checks), dict(self._current)
        self.walked = False
        try:
            first, second = (step(state, x) for _ in range(2))
        except Exception:  # what is wrong with symbols need not be with numbers; else the steps will tell
            raise WriteOut from None
        written = any(node is not current.get(k, self._input.get(k)) for k, node in self._current.items())
        if written or self.walked or len(self.graph.checks) > checks or changed() or not self._alike(first, second):
            raise WriteOut
        self.walked = walked
        symbols = [t.data for t in (*state, *(x if isinstance(x, tuple) else (x,)))]
        return first, dependent(self._nodes - before, symbols)

    def _alike(self, first: Any, second: Any) -> bool:
        """Whether two results are the same operations of the same nodes, arranged alike."""
        found: tuple[list[Tensor], list[Tensor]] = [], []
        kinds = [flatten(r, into, is_tensor) for r, into in zip((first, second), found, strict=True)]
        one, other = ([self.node_of(t) for t in tensors] for tensors in found)
        return agree(*kinds) and same_graphs(one, other)

    def close(self, nodes: set[Node]) -> None:
        """These are values of a loop's steps, and nothing outside of it."""
        self._closed |= nodes

    @contextmanager
    def reopened(self) -> Iterator[None]:
        """While a loop's gradient is worked out, the values of its steps are used again."""
        closed, self._closed = self._closed, set()
        yield
        self._closed |= closed

    def symbol(self, shape: tuple[int, ...], dtype: Any) -> Node:
        """What stands for a value that is given."""
        return self.own(Node(None, (), {}, shape, dtype))

    def own(self, node: Node) -> Node:
        """Make a node one of this graph's."""
        self._nodes.add(node)
        return node

    def made(self, kind: str, *inputs: Node, **params: Any) -> Node:
        """A primitive applied to nodes."""
        out = PRIMITIVES[kind].rule(*inputs, **params)
        return self.own(Node(PRIMITIVES[kind], inputs, params, tuple(out.shape), out.dtype))

    def give(self, argument: Tensor) -> None:
        """Make a tensor an argument: an input of its own, even where its array is one that was met before."""
        node = Node(None, (), {}, argument.shape, argument.dtype)
        self.graph.inputs.append(node)
        self.captured.append(argument.data)
        self.read_from.append(argument)
        argument.data = node
        self._nodes.add(node)
        self._given.add(id(node))

    # -- gradients, which last no longer than a call ------------------------------------------------------------------

    def before(self, t: Tensor) -> Tensor:
        """What stands for the gradient that an argument comes with."""
        return Tensor(self._before(t))

    def _before(self, t: Tensor) -> Node:
        """What stands for a gradient of this shape that an earlier call may have left."""
        node = Node(None, (), {}, t.shape, t.dtype)
        self._nodes.add(node)
        self._earlier[node] = ""
        return node

    def begin(self, leaves: Iterable[Tensor]) -> None:
        """Let each leaf have a gradient from before the call: eagerly, the last call would have left one."""
        for t in leaves:
            if t.grad is None:
                t.grad = Tensor(self._before(t))
            else:
                self._gradients[id(self.memory(t.grad))] = t.grad.data
            self._began.append((t, t.grad))

    def end(self, leaves: Iterable[Tensor]) -> None:
        """Take back the gradients that are symbols."""
        self.forgotten = [t for t, gradient in self._began if t.grad is not gradient]
        for t in (*leaves, *self.read_from):
            if t.grad is not None and isinstance(t.grad.data, Node):
                self._unused.add(self._current.get(id(t.grad.data), t.grad.data))
                t.grad = None

    def _check_gradients(self, used: set[Node]) -> None:
        for node, place in self._earlier.items():
            if node in used:
                raise TraceError(
                    f"a compiled function uses a gradient that was there before it, at {place}. It begins without "
                    "gradients: call zero_grad() first in the function, and backward() in it too."
                )
        left = self._unused - set(self._earlier)
        if left and not left & used:
            raise TraceError(
                "a compiled function calls backward(), and nothing uses the gradients, which last only until the call "
                "ends. Call the optimizer's step() in the function too, or return the gradients."
            )

    def finish(self, results: list[Tensor]) -> Graph:
        """The graph, once the function has run."""
        self.graph.results = [self.node_of(t) for t in results]
        for array in dict(zip(map(id, self.captured), self.captured, strict=True)).values():
            given, now = self._input.get(id(array)), self._current.get(id(array))
            if given is not None and now is not None and now is not given:
                self.graph.writes.append((given, now))
        self._check_overlaps()
        self._check_gradients(set(self.graph.nodes()))
        return self.graph

    def _check_overlaps(self) -> None:
        """Refuse to write memory that the function knows by another array, too."""
        targets = {id(target) for target, _ in self.graph.writes}
        written = {i for i, n in enumerate(self.graph.inputs) if id(n) in targets}
        counted = {id(self.read_from[i].writes): i for i in written}
        for t, _ in self.looked_at:
            if id(t.writes) in counted:
                raise self._looked_at_and_written(id(t.writes), self.captured[counted[id(t.writes)]])
        arrays = [*self.captured, *(t.data for t, _ in self.looked_at)]
        found = clash(arrays, written)
        if found is None:
            return
        target, other = found
        if other < len(self._given):
            raise overlaps(f"argument {other}")
        place = self.written_at.get(id(arrays[target]), "")
        raise TraceError(
            f"a compiled function writes, at {place}, a tensor of shape {arrays[target].shape}, and uses "
            f"another, of shape {arrays[other].shape}, over the same memory. It takes each for memory of its own. Make "
            "the other from the first inside the function, as a slice or a reshape of it, or a copy outside."
        )

    def _looked_at_and_written(self, count: int, memory: np.ndarray) -> TraceError:
        return TraceError(
            f"a compiled function looks at a value, at {self._looked_from[count]}, of a tensor of shape "
            f"{memory.shape} that it also writes, at {self.written_at.get(id(memory), '')}. It would be that of the "
            "time when the function was traced. Compute with the tensor itself, with gradus.where for a choice, or "
            "leave the function uncompiled.",
            mistake="value-inside",
        )


def trace(
    function: Callable[[], Any], leaves: Sequence[Tensor] = (), watch: Watch | None = None
) -> tuple[Tracer, Any]:
    """Run a function of no arguments under a tracer; the tracer and what the function returned.

    `leaves` are the tensors around the function in whose `grad` an earlier call may have left something.
    """
    tracer = Tracer(watch)
    tracer.begin(leaves)
    token = interpret.current.set(tracer)
    try:
        result = function()
    except Exception as problem:
        if tracer.refused in (None, problem):
            raise
        raise tracer.refused from problem  # which came of what was refused, as by NumPy, which tells of it so
    else:
        if tracer.refused is not None:
            raise tracer.refused
    finally:
        interpret.current.reset(token)
        tracer.end(leaves)
        tracer.refused = None  # an error's traceback holds the tracer: held by it, all would wait for the collector
    return tracer, result
