"""What is looked at in the first steps of an optimizer: whether they train what they were meant to.

`model.parameters()` says of which model it is (`Parameters`); of other lists nobody knows, and they are not looked
through.
"""

from __future__ import annotations

import gc
import sys
import weakref
from collections.abc import Iterable, Iterator, Mapping
from types import CodeType, FunctionType
from typing import Any

from ... import interpret
from ...autograd import inputs_first
from ...errors import MistakeWarning, is_ours, warn
from ...mistakes import noticed
from ...tensor import Tensor
from .containers import ModuleDict, ModuleList
from .module import Module, Parameter, Parameters

_optimizers: weakref.WeakSet[Any] = weakref.WeakSet()
pending: weakref.WeakKeyDictionary[Any, Look] = weakref.WeakKeyDictionary()  # optimizers that are still looked at
_INDIRECT = {"children", "modules", "named_children", "named_modules", "getattr", "vars", "__dict__", "__getattr__"}


class Look:
    """What is known of an optimizer before its first steps.

    Attributes:
        models: of which its parameters were asked for, or a Trainer's; and whether they were asked for.
        leaves: what the first walk back reached that reached one of its parameters.
        place: where numbers were first taken out of the graph in a forward.
        steps: how many were looked at.
    """

    def __init__(self, optimizer: Any, models: list[Module]) -> None:
        self.own = weakref.ref(optimizer)
        self.models = [(weakref.ref(model), True) for model in models]
        self.leaves: list[Tensor] | None = None
        self.place, self.steps = "", 0

    def walked(self, y: Tensor, leaves: list[Tensor]) -> None:
        optimizer = self.own()
        own = set() if optimizer is None else {id(p) for p in optimizer.params}
        if self.leaves is None and not own.isdisjoint(map(id, leaves)):
            self.leaves = leaves
            _look_for_columns(y)

    def taken(self, place: str) -> None:
        self.place = self.place or place

    def known(self) -> list[tuple[Module, bool]]:
        return [(model, asked) for of, asked in self.models if (model := of()) is not None]


# -- beginning and ending ----------------------------------------------------------------------------------------------


def models_of(params: Any) -> list[Module]:
    """The models whose `parameters()` are given to an optimizer, by themselves or in groups."""
    parts = params if isinstance(params, (list, tuple)) else [params]
    parts = [part.get("params") if isinstance(part, Mapping) else part for part in parts]
    return [part.module for part in parts if isinstance(part, Parameters)]


def begin(optimizer: Any, models: list[Module]) -> None:
    """Look at an optimizer until its second step."""
    pending[optimizer] = look = Look(optimizer, models)
    _optimizers.add(optimizer)
    noticed.looks.add(look)


def forget(optimizer: Any) -> None:
    """Look at an optimizer no more."""
    look = pending.pop(optimizer, None)
    if look is not None:
        noticed.looks.discard(look)


def belongs(optimizer: Any, model: Module) -> None:
    """Know that an optimizer is to train a model."""
    look = pending.get(optimizer)
    if look is not None and all(known is not model for known, _ in look.known()):
        look.models.append((weakref.ref(model), False))


def step(optimizer: Any) -> None:
    """Look at a step that is to be made, if it is one of the first."""
    look = pending.get(optimizer)
    if look is None:
        return
    look.steps += 1
    traced = not interpret.current.get().in_place
    if look.steps == 1:
        _first(optimizer, look)
        noticed.looks.discard(look)
        look.leaves = None
    elif any(p.grad is not None and noticed.is_stale(p.grad) for p in optimizer.params):
        warn(
            "this step goes along gradients to which the last step's still belong. Forget them before each backward: "
            "optimizer.zero_grad().",
            MistakeWarning,
            mistake="forgotten-zero-grad",
        )
    if traced or look.steps > 1:
        forget(optimizer)
        return
    for p in optimizer.params:
        if p.grad is not None:
            noticed.use(p.grad)


def _first(optimizer: Any, look: Look) -> None:
    if not any(p.grad is not None for p in optimizer.params):
        warn(
            f"{type(optimizer).__name__}.step: none of its {len(optimizer.params)} parameters has a gradient, and none "
            "is changed. Call backward() of the loss before, and zero_grad() before that.",
            MistakeWarning,
            mistake="step-without-a-gradient",
        )
        return
    models = look.known()
    trained = {id(p) for other in _optimizers for p in other.params}
    for model, asked in models:
        _look_at_mode(model)
        told = _look_for_left_out(model, trained, asked)
        _look_for_gradients(model, look)
        if told:
            return
    left_out = [p for p in look.leaves or () if isinstance(p, Parameter) and id(p) not in trained]
    if models and left_out:
        _tell_of(left_out, [model for model, _ in models])


# -- what is looked at -------------------------------------------------------------------------------------------------


def _look_at_mode(model: Module) -> None:
    if not any(m.training for m in model.modules()) and (other := [m for m in model.modules() if m._by_mode]):
        warn(
            f"{type(model).__name__} is trained in evaluation mode, in which its {type(other[0]).__name__} does "
            "nothing of what it does in training. Call model.train() before, and after each evaluation.",
            MistakeWarning,
            mistake="training-in-evaluation-mode",
        )


def _look_for_left_out(model: Module, trained: set[int], asked: bool) -> bool:
    """Parameters of a model that are in no optimizer; whether there are some."""
    left_out = [name for name, p in model.named_parameters() if p.requires_grad and id(p) not in trained]
    if not left_out:
        return False
    if asked:
        hint = "Were layers replaced after it was made? Make the optimizer of the complete model"
        mistake = "layer-replaced-after-the-optimizer"
    else:
        hint, mistake = "They stay as they are. Give the optimizer model.parameters()", "half-of-the-parameters"
    warn(
        f"{type(model).__name__} has parameters that no optimizer holds: {_listed(left_out)}. {hint}, or freeze what "
        "is not to be trained: part.requires_grad_(False).",
        MistakeWarning,
        mistake=mistake,
    )
    return True


def _look_for_gradients(model: Module, look: Look) -> None:
    """Parts to which no gradient comes."""
    for name, m in model.named_modules():
        if not look.place or "_called_with" not in vars(m):
            continue
        if any(p.requires_grad and p.grad is None for p in m._own_parameters()):
            warn(
                f"no gradient comes to {name or 'the model'} ({type(m).__name__}): its numbers are taken out of the "
                f"graph, at {look.place}, by .numpy(), .item() or the like. Compute with gradus's functions there.",
                MistakeWarning,
                mistake="gradient-cut",
            )
            return
    for name, m in _unused(model):
        warn(
            f"{name} ({type(m).__name__}) is no part of what {type(model).__name__} computes: no method but __init__ "
            "names it, and no gradient comes to it. Call it in forward, or leave it out.",
            MistakeWarning,
            mistake="layer-not-used",
        )


def _unused(model: Module) -> Iterator[tuple[str, Module]]:
    """The parts that were never called, and that no method of their owner's class names, with their names."""
    for prefix, owner in model.named_modules():
        kind = type(owner)
        home = getattr(sys.modules.get(kind.__module__), "__file__", "")
        if isinstance(owner, (ModuleList, ModuleDict)) or is_ours(home or ""):
            continue
        named = _names_in(kind)
        for name, part in vars(owner).items():
            if not isinstance(part, Module) or name.startswith("_") or name in named or named & _INDIRECT:
                continue
            called = any("_called_with" in vars(m) for m in part.modules())
            params = list(part.parameters())
            if params and not called and all(p.requires_grad and p.grad is None for p in params):
                yield f"{prefix}.{name}".lstrip("."), part


def _names_in(kind: type) -> set[str]:
    """The names and texts in the methods of a class, but for `__init__`."""
    codes: list[CodeType] = []
    for cls in kind.__mro__:
        if cls is Module:
            break
        for name, thing in vars(cls).items():
            function = getattr(thing, "fget", None) or getattr(thing, "__func__", thing)
            if isinstance(function, FunctionType) and name != "__init__":
                codes.append(function.__code__)
    found: set[str] = set()
    while codes:
        code = codes.pop()
        found.update(code.co_names)
        found.update(c for c in code.co_consts if isinstance(c, str))
        codes += [c for c in code.co_consts if isinstance(c, CodeType)]
    return found


def _tell_of(left_out: list[Parameter], models: list[Module]) -> None:
    """Say of parameters that got a gradient and are in no optimizer where they are."""
    where = _hidden(models, {id(p) for p in left_out})
    if where is not None:
        name, why, mistake = where
        warn(f"{name} is not trained: {why}", MistakeWarning, mistake=mistake)
        return
    shapes = _listed([str(p.shape) for p in left_out])
    if not any(map(_has_owner, left_out)):
        warn(
            f"parameters of shapes {shapes} get gradients, and are neither in an optimizer nor in a model any more: a "
            "layer is made anew at each call of forward. Make it in __init__.",
            MistakeWarning,
            mistake="layer-made-in-forward",
        )
        return
    warn(
        f"parameters of shapes {shapes} get gradients and are in no optimizer, so they stay as they are. Give the "
        "optimizer model.parameters(), or freeze what is not to be trained: part.requires_grad_(False).",
        MistakeWarning,
        mistake="half-of-the-parameters",
    )


def _hidden(models: list[Module], wanted: set[int]) -> tuple[str, str, str] | None:
    """Where in the models a parameter is that is not found, why that is so, and the mistake."""
    for model in models:
        for prefix, owner in model.named_modules():
            for name, value in vars(owner).items():
                full = f"{prefix}.{name}".lstrip(".")
                inside = name.startswith("_") or not isinstance(value, (Module, Tensor, list, tuple, dict))
                if not inside or not any(id(p) in wanted for p in _parameters_in(value)):
                    continue
                if name.startswith("_"):
                    why = "names with an underscore in front are scratch, and not looked at. Call it "
                    return full, f"{why}{name.lstrip('_')}.", "layer-behind-an-underscore"
                why = f"a {type(value).__name__} is no Module, and not looked into. Derive its class from nn.Module."
                return full, why, "layer-in-an-object"
    return None


def _parameters_in(thing: Any) -> Iterable[Tensor]:
    """The parameters of a thing, or of what its attributes or elements are."""
    if isinstance(thing, Module):
        return thing.parameters()
    if isinstance(thing, Tensor):
        return [thing]
    items = thing if isinstance(thing, (list, tuple)) else thing.values() if isinstance(thing, dict) else None
    items = list(getattr(thing, "__dict__", {}).values()) if items is None else items
    return [p for item in items if isinstance(item, (Module, Tensor)) for p in _parameters_in(item)]


def _has_owner(p: Parameter) -> bool:
    """Whether a module that is still there holds a parameter."""
    for holder in gc.get_referrers(p):
        if isinstance(holder, Module):
            return True
        if isinstance(holder, dict) and any(isinstance(o, Module) for o in gc.get_referrers(holder)):
            return True
    return False


def _look_for_columns(y: Tensor) -> None:
    """A difference of (n, 1) and (n,), of which only one is computed: predictions against targets, each against all."""
    for t in inputs_first([y], lambda t: t.origin.inputs if t.origin else ()):
        if t.origin is None or t.origin.primitive.name != "subtract" or t.ndim != 2 or not t.shape[0] == t.shape[1] > 1:
            continue
        outputs, targets = sorted(t.origin.inputs, key=lambda x: not x.requires_grad)
        if not targets.requires_grad and {outputs.shape, targets.shape} == {(len(t), 1), (len(t),)}:
            _tell_of_columns(outputs.shape, targets.shape)
            return


def _tell_of_columns(outputs: tuple[int, ...], targets: tuple[int, ...]) -> None:
    """Warn of predictions and targets that are broadcast against each other."""
    warn(
        f"the loss compares predictions of shape {outputs} with targets of shape {targets}, each with all: the "
        f"difference has shape {(outputs[0], outputs[0])}. Bring them to one shape: targets.reshape{outputs}.",
        MistakeWarning,
        mistake="one-column-against-none",
    )


def look_at_dropout(part: Module) -> None:
    """Warn where dropout drops and nothing is recorded: an evaluation, in training mode."""
    root, frame = part, sys._getframe(1)
    while frame is not None:
        if frame.f_code is Module.__call__.__code__:
            root = frame.f_locals["self"]
        frame = frame.f_back  # type: ignore[assignment]
    if all(m.training for m in root.modules()):
        warn(
            f"{type(root).__name__} is evaluated in training mode, in which its {type(part).__name__} drops numbers at "
            "random. Call model.eval() before, and model.train() after.",
            MistakeWarning,
            mistake="evaluation-in-training-mode",
        )


def _listed(names: list[str]) -> str:
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
