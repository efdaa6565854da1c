"""Options as PyTorch, NumPy, Keras and TensorFlow call them: understood where the meaning is the same, else told.

What is public passes this door once, when gradus is imported; inside, functions call each other without it.
"""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Iterable, Mapping
from types import FunctionType
from typing import Any, TypeGuard

from ..errors import OptionError, did_you_mean

# Other names of options: taken for ours where a function has that and not the other.
RENAMED: dict[str, tuple[str, ...]] = {
    "dim": ("axis", "axes"),
    "dims": ("axis", "axes"),
    "axis": ("axes",),
    "keepdim": ("keepdims",),
    "keep_dims": ("keepdims",),
    "correction": ("ddof",),
    "size": ("shape",),
    "input": ("x", "x1", "logits", "predictions", "probabilities", "log_probabilities", "tensors", "data"),
    "self": ("x", "x1"),
    "a": ("x", "x1"),
    "tensor": ("x", "x1"),
    "tensors": ("x",),
    "arrays": ("tensors",),
    "other": ("x2",),
    "mat2": ("x2",),
    "exponent": ("x2",),
    "target": ("targets",),
    "label": ("targets",),
    "index": ("indices", "places"),
    "min": ("lowest",),
    "max": ("highest",),
    "a_min": ("lowest",),
    "a_max": ("highest",),
    "fill_value": ("value",),
    "start_dim": ("start",),
    "steps": ("num",),
    "interpolation": ("method",),
    "dim1": ("axis1",),
    "dim2": ("axis2",),
    "end_dim": ("end",),
    "ord": ("order",),
    "p": ("order",),
    "diagonal": ("k",),
    "offset": ("k",),
    "num_samples": ("count",),
    "shifts": ("shift",),
    "chunks": ("parts",),
    "sections": ("parts",),
    "split_size_or_sections": ("sizes",),
    "sorted_sequence": ("places",),
    "end": ("stop",),
    "learning_rate": ("lr",),
    "units": ("out_features",),
    "rate": ("p",),
    "query": ("q",),
    "key": ("k",),
    "attn_mask": ("mask",),
}
_ANY = object()
# Options that change nothing here, with the values for which that is so.
HARMLESS: dict[str, tuple[Any, ...]] = {
    "device": (None, "cpu"),
    "inplace": (False, True),
    "out": (None,),
    "layout": (_ANY,),
    "memory_format": (_ANY,),
    "non_blocking": (_ANY,),
    "pin_memory": (False, True),
    "size_average": (None,),
    "reduce": (None,),
    "generator": (None,),
    "stable": (_ANY,),
    "as_tuple": (True,),
    "out_int32": (False,),
    "compute_mode": (_ANY,),
    "max_norm": (None,),
    "norm_type": (2, 2.0),
    "scale_grad_by_freq": (False,),
    "sparse": (False,),
    "foreach": (_ANY,),
    "fused": (_ANY,),
    "capturable": (False,),
    "differentiable": (False,),
    "requires_grad": (False,),
    "dtype": (None,),
    "sorted": (True, False),
}
# Options of which another is made.
MADE_FROM: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "unbiased": ("ddof", int),
}
MAKERS = ("gradus.ops.making.", "gradus.random")  # of tensors, which may be wanted with a gradient
# What to write instead of an option; by function and option, or by option alone.
INSTEAD: dict[str, str] = {
    "device": "nothing: there is one device, the CPU",
    "out": "x.assign_(...) with the result, for a leaf",
    "dtype": ".astype(dtype) on the result",
    "requires_grad": ".requires_grad_() on the result",
    "generator": "gradus.seed(...) before, or a gradus.Generator",
    "alpha": "the multiplication: x + alpha * y",
    "where": "gradus.where(condition, x, 0) in place of x",
    "input_shape": "nothing: sizes are given to each layer, as in nn.Linear(784, 10)",
    "activation": "the activation as a layer of its own, after this one",
    "kernel_initializer": "nn.init.xavier_uniform_(layer.weight) and the like, afterwards",
    "kernel_regularizer": "weight_decay= of the optimizer",
}


def understood(function: FunctionType) -> Callable[..., Any]:
    """A function that takes options by other frameworks' names, too; what has no options passes as before.

    >>> def total(x, axis=None, keepdims=False): return x, axis, keepdims
    >>> understood(total)([1], dim=0)
    ([1], 0, False)
    >>> understood(total)([1], axsi=True)
    Traceback (most recent call last):
    gradus.errors.OptionError: total: there is no option 'axsi'. Did you mean 'axis'? Options: x, axis, keepdims.
    """
    code = inspect.unwrap(function).__code__
    taken = frozenset(code.co_varnames[: code.co_argcount + code.co_kwonlyargcount])

    makes = function.__module__.startswith(MAKERS)

    @functools.wraps(function)
    def call(*args: Any, **options: Any) -> Any:
        if options and not options.keys() <= taken:
            if makes and options.get("requires_grad") is True:
                del options["requires_grad"]
                return call(*args, **options).requires_grad_()
            options = _in_our_words(function, args, options)
        return function(*args, **options)

    call.understands = True  # type: ignore[attr-defined]
    return call


def _in_our_words(function: FunctionType, args: tuple[Any, ...], options: Mapping[str, Any]) -> dict[str, Any]:
    where, taken = function.__name__, tuple(inspect.signature(function).parameters)
    if where == "__init__":
        where = type(args[0]).__name__
        if "options" in taken:  # the class knows, as activations do, which are made from a function
            taken = tuple(inspect.signature(type(args[0])).parameters)
    ours: dict[str, Any] = {}
    for name, value in options.items():
        if name in MADE_FROM and MADE_FROM[name][0] in taken:
            name, value = MADE_FROM[name][0], MADE_FROM[name][1](value)
        known = name if name in taken else next((n for n in RENAMED.get(name, ()) if n in taken), None)
        if known is None:
            if not _harmless(name, value):
                raise OptionError(_no_option(where, taken, name, value))
        elif known in ours:
            raise OptionError(f"{where}: {known}= is given twice, the other time as {name}=")
        else:
            ours[known] = value
    return ours


def _harmless(name: str, value: Any) -> bool:
    values = HARMLESS.get(name, ())
    return _ANY in values or any(type(v) is type(value) and v == value for v in values)


def _no_option(where: str, taken: tuple[str, ...], name: str, value: Any) -> str:
    text = f"{where}: there is no option {name!r}"
    written = INSTEAD.get(f"{where}.{name}", INSTEAD.get(name))
    if written is not None:
        return f"{text}. Write instead: {written}."
    if name in HARMLESS:
        shown = repr(value) if isinstance(value, (bool, int, float, str)) else f"a {type(value).__name__}"
        return f"{text} other than {HARMLESS[name][0]!r}, got {shown}."
    shown = ", ".join(n for n in taken if n != "self")
    return f"{text}. {did_you_mean(name, taken)} Options: {shown}.".replace(".  ", ". ")


def understood_all(namespace: dict[str, Any], names: Iterable[str]) -> None:
    """Put functions and classes of a namespace behind this door, in the modules they come from, too."""
    for name in names:
        thing = namespace.get(name)
        if inspect.isclass(thing):
            for kind in thing.__mro__:
                _understand_class(kind)
        elif _plain(thing):
            home = sys.modules[thing.__module__]
            own = thing.__name__  # another than `name`, if that is a second name
            there = getattr(home, own, None)
            namespace[name] = there if hasattr(there, "understands") else understood(thing)
            if there is thing:  # so that it is found where it says it comes from
                setattr(home, own, namespace[name])


def _plain(thing: Any) -> TypeGuard[FunctionType]:
    """A function with named options, not yet behind the door."""
    if not isinstance(thing, FunctionType) or hasattr(thing, "understands"):
        return False
    code = inspect.unwrap(thing).__code__
    made_from_function = thing.__name__ == "__init__" and code.co_argcount == 1  # its class knows the options
    return made_from_function or not code.co_flags & inspect.CO_VARKEYWORDS


def _understand_class(kind: type) -> None:
    made = vars(kind).get("__init__")
    if kind.__module__.startswith("gradus.") and _plain(made):
        kind.__init__ = understood(made)  # type: ignore[misc]


def methods_understood(kind: type) -> None:
    """Put the methods of a class behind this door, but for operators."""
    for name, thing in list(vars(kind).items()):
        if not name.startswith("__") and _plain(thing):
            setattr(kind, name, understood(thing))
