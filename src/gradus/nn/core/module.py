"""Module: a function with parameters, made of other modules."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Self, TypeVar

import numpy as np

from ... import dtypes
from ...bounded.models import take
from ...errors import ArgumentError, CallError, CheckpointError, DtypeError, GradusError, ShapeError, caller, nearest
from ...functional.checks import require_named
from ...names.elsewhere import missing_from
from ...ops.as_methods import wanted_dtype
from ...ops.core.primitive import Shaped
from ...tensor import Tensor, as_tensor, check_data, tensor
from .hooks import Hooked
from .summary import summary

__all__ = ["Module", "Parameter"]

T = TypeVar("T")


class Unmatched(NamedTuple):
    """The names that only one side has, after weights were loaded."""

    missing_keys: list[str]
    unexpected_keys: list[str]


class Parameter(Tensor):
    """A Tensor that training changes. Its numbers are copied from `data`."""

    __slots__ = ()

    def __init__(self, data: Any, requires_grad: bool = True) -> None:
        take(data.size if isinstance(data, (Tensor, np.ndarray)) else 0)
        super().__init__(tensor(data.detach() if isinstance(data, Tensor) else data).data, requires_grad)

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "data":
            check_data(value)
        elif name == "grad" and not (value is None or isinstance(value, Tensor)):
            raise DtypeError(
                f"a gradient is a Tensor or None, got a {type(value).__name__}. Make it one: gradus.as_tensor(...).",
                mistake="gradient-set-to-an-array",
            )
        super().__setattr__(name, value)


class Parameters:
    """What `parameters()` gives: the tensors one after the other, and of which module they are."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self._left = (p for _, p in module.named_parameters())

    def __iter__(self) -> Iterator[Tensor]:
        return self

    def __next__(self) -> Tensor:
        return next(self._left)


class Module(Hooked):
    """The base of layers and models: give it attributes in `__init__` and a `forward`.

    An attribute that is a Parameter (or any Tensor that requires a gradient) is a parameter; another Tensor is a
    buffer, saved but not trained (running averages, counters); a Module, or a list, tuple or dict of modules, is a
    part. Names that begin with an underscore are scratch, and not looked at; nor are tensors that were computed from
    parameters. Order is the order of assignment, and names are joined by dots as in PyTorch: `layers.0.weight`.

    >>> import gradus
    >>> class Line(Module):
    ...     def __init__(self):
    ...         self.w = Parameter([2.0])
    ...     def forward(self, x):
    ...         return self.w * x
    >>> model = Line()
    >>> model(gradus.tensor([3.0])).tolist(), [name for name, _ in model.named_parameters()]
    ([6.0], ['w'])
    """

    training = True
    _made: dict[str, Callable[[Any], Tensor]]  # what makes the tensors that are made of others, by name
    _called_with: tuple[Shaped, ...] = ()  # the tensors it was last called with, for printing

    @property
    def _by_mode(self) -> bool:
        """Whether the layer, as it is set, computes otherwise in training."""
        return False

    def forward(self, *inputs: Any, **options: Any) -> Any:
        """What the module computes; each class writes its own."""
        raise CallError(
            f"{type(self).__name__} has no forward method. Write `def forward(self, x): ...` in the class.",
            mistake="no-forward",
        )

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(vars(self).get(name), Parameter) and not (
            value is None or (_is_parameter(value) and value.is_leaf)
        ):
            raise ArgumentError(
                f"{type(self).__name__}: {name} is a Parameter, and a {type(value).__name__} in its place would not be "
                f"trained. Write into it: .{name}.assign_(...), or give another: .{name} = nn.Parameter(...).",
                mistake="parameter-replaced",
            )
        object.__setattr__(self, name, value)

    if not TYPE_CHECKING:  # type checkers know the attributes, and find misspelt ones

        def __getattr__(self, name: str) -> Any:
            made = vars(self).get("_made", {}).get(name)
            if made is not None:
                return made(self)
            raise missing_from(self, "Module", name)

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        self._called_with = tuple([Shaped(x.shape, x.dtype) for x in inputs if isinstance(x, Tensor)])
        for before in self._forward_pre_hooks:
            given = before(self, inputs)
            if given is not None:
                inputs = given if isinstance(given, tuple) else (given,)
        if self._backward_hooks:
            inputs = self._apart(inputs)
        try:
            out = self.forward(*inputs, **options)
        except ShapeError as error:
            self._locate(error)
            raise
        except (AttributeError, TypeError) as error:
            self._require_tensors(inputs, error)
            raise
        except RecursionError:
            raise ArgumentError(
                f"{type(self).__name__}: modules call each other more deeply than Python allows "
                f"({sys.getrecursionlimit()} calls). Put the layers side by side, into one Sequential; or mend a "
                "forward that calls itself without end."
            ) from None
        for hook in self._forward_hooks:
            replaced = hook(self, inputs, out)
            out = out if replaced is None else replaced
        return self._watched(inputs[0], out) if self._backward_hooks else out

    def _locate(self, error: ShapeError) -> None:
        """Add this module to the path that the error shows."""
        inner = error.raised_in
        if inner is not None:
            name = next((n for n, m in self.named_modules() if m is inner), "?")
            error.path[0] = (_bracketed(name), type(inner).__name__)
        error.path.insert(0, ("model", type(self).__name__))
        error.raised_in = self

    def _require_tensors(self, inputs: tuple[Any, ...], error: Exception) -> None:
        """Explain a failure by what it was called with, if that was a list, a tuple or an array."""
        for x in inputs:
            if isinstance(x, (list, tuple, np.ndarray, int, float)) and not isinstance(error, GradusError):
                remedy, mistake = "Make it one: gradus.tensor(...).", "list-as-input"
                if isinstance(x, tuple):
                    mistake = "recurrent-result"
                    remedy = "Take what is meant: of a recurrent layer's result [0] is the outputs, [1] the last state."
                raise DtypeError(
                    f"{type(self).__name__} is called with tensors, not with a {type(x).__name__}, called at "
                    f"{caller()}. {remedy}",
                    mistake=mistake,
                ) from error

    # -- the one walk ---------------------------------------------------------------------------------------------

    def named_modules(self, prefix: str = "") -> Iterator[tuple[str, Module]]:
        """This module and all its parts, with their names; one that is used twice comes once."""
        seen: set[int] = set()
        for name, thing in _walk(self, prefix):
            if isinstance(thing, Module) and id(thing) not in seen:
                seen.add(id(thing))
                yield name, thing

    def modules(self) -> Iterator[Module]:
        """This module and all its parts."""
        return (m for _, m in self.named_modules())

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The parts directly below this module."""
        for name, thing in _attributes(self, ""):
            if isinstance(thing, Module):
                yield name, thing

    def children(self) -> Iterator[Module]:
        """The parts directly below this module."""
        return (m for _, m in self.named_children())

    def named_parameters(self) -> Iterator[tuple[str, Tensor]]:
        """The tensors that training changes, with their names; one that is shared comes once."""
        return _unique((n, t) for n, t in _walk(self) if _is_parameter(t))

    def parameters(self) -> Iterator[Tensor]:
        """The tensors that training changes."""
        return Parameters(self)

    def _own_parameters(self) -> Iterator[Tensor]:
        """The parameters that are the module's own, not its parts'."""
        return (t for _, t in _attributes(self, "") if _is_parameter(t))

    def named_buffers(self) -> Iterator[tuple[str, Tensor]]:
        """The tensors that are saved but not trained, with their names."""
        return _unique((n, t) for n, t in _walk(self) if isinstance(t, Tensor) and not _is_parameter(t))

    def state_dict(self) -> dict[str, Tensor]:
        """All parameters and buffers by name, under PyTorch's names."""
        return {n: t.detach() for n, t in _walk(self) if isinstance(t, Tensor)}

    def load_state_dict(self, state: dict[str, Any], strict: bool = True) -> Unmatched:
        """Write saved values into the parameters and buffers; names and shapes must agree, else nothing is written.

        With `strict=False` only what both have by name is written. Gives the names that only one of them has.
        """
        require_named(f"{type(self).__name__}.load_state_dict", state)
        for name, m in self.named_modules():
            m._take_sizes(f"{name}." if name else "", state)
        own = {n: t for n, t in _walk(self) if isinstance(t, Tensor)}
        missing, unknown = [n for n in own if n not in state], [n for n in state if n not in own]
        if (missing or unknown) and strict:
            hint = _without_prefix(unknown, own) or (nearest(unknown[0], own) if unknown else "")
            raise CheckpointError(
                f"these weights are of another model: {type(self).__name__} misses {missing or 'nothing'} and does not "
                f"know {unknown or 'anything else'}. {hint}",
                mistake="weights-of-another-model",
            )
        own = {n: t for n, t in own.items() if n in state}
        values = {n: as_tensor(v if isinstance(v, Tensor) else np.asarray(v)) for n, v in state.items() if n in own}
        for n, t in own.items():
            if values[n].shape != t.shape:
                raise CheckpointError(
                    f"these weights are of another model: {n} has shape {t.shape} in {type(self).__name__}, "
                    f"{values[n].shape} in the saved state",
                    mistake="weights-of-another-size",
                )
        for n, t in own.items():
            t.assign_(values[n].astype(t.dtype))
        return Unmatched(missing, unknown)

    def _take_sizes(self, prefix: str, state: dict[str, Any]) -> None:
        """Find sizes in a saved state: what layers do that have none yet."""

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """`self.name = tensor`: a tensor that is saved but not trained. One that is not to be saved gets a name with an
        underscore in front, which this says."""
        if not persistent and not name.startswith("_"):
            raise ArgumentError(
                f"{type(self).__name__}: a tensor that is not saved has a name that begins with an underscore: "
                f"self._{name} = tensor"
            )
        if tensor is not None and tensor.requires_grad:
            raise ArgumentError(f"{type(self).__name__}: {name} requires a gradient; a buffer does not. Use detach().")
        setattr(self, name, tensor)

    def register_parameter(self, name: str, parameter: Parameter | None) -> None:
        """`self.name = parameter`."""
        setattr(self, name, parameter)

    def add_module(self, name: str, module: Module | None) -> None:
        """`self.name = module`."""
        setattr(self, name, module)

    def buffers(self) -> Iterator[Tensor]:
        """The tensors that are saved but not trained."""
        return (t for _, t in self.named_buffers())

    def get_parameter(self, name: str) -> Tensor:
        """The parameter of this name, as `named_parameters` has it."""
        return self._found(name, dict(self.named_parameters()))

    def get_submodule(self, name: str) -> Module:
        """The part of this name, as `named_modules` has it."""
        return self._found(name, dict(self.named_modules()))

    def _found(self, name: str, known: dict[str, T]) -> T:
        if name not in known:
            raise ArgumentError(f"{type(self).__name__} has no {name!r}. {nearest(name, known)}")
        return known[name]

    def apply(self, function: Callable[[Module], Any]) -> Self:
        """Call a function with every part, the innermost first, and with this module: for first values, say.

        >>> import gradus
        >>> def zeros(m):
        ...     if isinstance(m, gradus.nn.Linear):
        ...         gradus.nn.init.zeros_(m.weight)
        >>> gradus.nn.Sequential(gradus.nn.Linear(2, 1)).apply(zeros)[0].weight.tolist()
        [[0.0, 0.0]]
        """
        for child in self.children():
            child.apply(function)
        function(self)
        return self

    # -- modes ------------------------------------------------------------------------------------------------------

    def train(self, mode: bool = True) -> Self:
        """Training mode: dropout drops, batch normalisation uses and gathers the batch's statistics."""
        for m in self.modules():
            m.training = mode
        return self

    def eval(self) -> Self:
        """Evaluation mode: dropout passes everything on, batch normalisation uses its running statistics."""
        return self.train(False)

    def requires_grad_(self, wanted: bool = True) -> Self:
        """Freeze (`False`) or free all parameters."""
        for p in list(self.parameters()):
            p.requires_grad_(wanted)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget all gradients, or fill them with zeros."""
        for p in self.parameters():
            p.grad = None if set_to_none or p.grad is None else p.grad.full_like(0)

    def astype(self, dtype: Any) -> Self:
        """Convert all floating-point parameters and buffers, in place."""
        for _, t in _walk(self):
            if isinstance(t, Tensor) and dtypes.is_float(t.dtype):
                t.data, t.grad = dtypes.converted(t.data, dtypes.as_dtype(dtype)), None
        return self

    def to(self, *what: Any, dtype: Any = None, device: Any = None, non_blocking: bool = False) -> Self:
        """`astype`, as PyTorch calls it, in place; the device is the CPU, whatever is said of it."""
        wanted = wanted_dtype(f"{type(self).__name__}.to", what, dtype, device)
        return self if wanted is None else self.astype(wanted)

    def cpu(self) -> Self:
        """The module itself: there is one device, the CPU."""
        return self

    def float(self) -> Self:
        """`astype("float32")`, as PyTorch calls it."""
        return self.astype("float32")

    def double(self) -> Self:
        """`astype("float64")`, as PyTorch calls it."""
        return self.astype("float64")

    def half(self) -> Self:
        """`astype("float16")`, as PyTorch calls it."""
        return self.astype("float16")

    # -- printing ---------------------------------------------------------------------------------------------------

    def extra_repr(self) -> str:
        """What the module's line says between the parentheses."""
        return ""

    def __repr__(self) -> str:
        parts = [f"({name}): {m!r}".replace("\n", "\n  ") for name, m in self.named_children()]
        body = "\n  " + "\n  ".join(parts) + "\n" if parts else self.extra_repr()
        return f"{type(self).__name__}({body})"

    def __str__(self) -> str:
        """The table of `nn.summary`; with output shapes and multiply-adds once the module has been called."""
        try:
            return str(summary(self, *self._called_with))
        except Exception:  # printing never fails: a model may look at values, or need more than tensors
            return str(summary(self))


def _without_prefix(unknown: list[str], own: Mapping[str, Any]) -> str:
    """What is said where the saved names are ours but for a beginning, as "module." of PyTorch's DataParallel."""
    prefix = next((u[: -len(n)] for u in unknown[:1] for n in own if u.endswith(f".{n}")), "")
    if not prefix or {u.removeprefix(prefix) for u in unknown} != set(own):
        return ""
    return f"The names begin with {prefix!r}: {{n.removeprefix({prefix!r}): t for n, t in state.items()}}."


def _is_parameter(thing: Any) -> bool:
    return isinstance(thing, Parameter) or (isinstance(thing, Tensor) and thing.requires_grad)


def _attributes(owner: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    """Modules and tensors among an owner's attributes, or a container's elements, with dotted names."""
    items: Any
    if isinstance(owner, Module):
        items = [(n, v) for n, v in vars(owner).items() if not n.startswith("_")]  # a call sets attributes
    else:
        items = owner.items() if isinstance(owner, dict) else enumerate(owner)
    for name, value in items:
        full = f"{prefix}{name}"
        if isinstance(value, Module) or (isinstance(value, Tensor) and value.is_leaf):
            yield full, value
        elif isinstance(value, (list, tuple, dict)):
            yield from _attributes(value, f"{full}.")
        elif isinstance(value, (set, frozenset)) and any(isinstance(part, (Module, Parameter)) for part in value):
            raise ArgumentError(
                f"{type(owner).__name__}: {full} is a set, which has no order, and holds layers. Make it a list.",
                mistake="layers-in-a-set",
            )


def _walk(module: Module, name: str = "") -> Iterator[tuple[str, Any]]:
    """The module, its tensors, and the same of its parts, outermost first: behind every method above.

    Without recursion, so of any depth.
    """
    open_: list[Iterator[tuple[str, Any]]] = [iter([(name, module)])]
    while open_:
        n, thing = next(open_[-1], ("", None))
        if thing is None:
            open_.pop()
            continue
        yield n, thing
        if isinstance(thing, Module):
            open_.append(_attributes(thing, f"{n}." if n else ""))


def _unique(named: Iterator[tuple[str, Tensor]]) -> Iterator[tuple[str, Tensor]]:
    seen: set[int] = set()
    for n, t in named:
        if id(t) not in seen:
            seen.add(id(t))
            yield n, t


def _bracketed(name: str) -> str:
    """`layers.0.weight` as `layers[0].weight`."""
    parts = [f"[{p}]" if p.isdigit() else f".{p}" for p in name.split(".")]
    return "".join(parts).lstrip(".")
