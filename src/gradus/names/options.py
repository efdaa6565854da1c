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
from .elsewhere import instruction
from .tables import keywords


def _each(table: Mapping[str, Any]) -> dict[str, Any]:
    """The rows of a table by one name each; "a b" stands for two."""
    return {name: row for names, row in table.items() for name in names.split()}


RENAMED, HARMLESS, INSTEAD = _each(keywords.RENAMED), _each(keywords.HARMLESS), _each(keywords.INSTEAD)
MAKERS = ("gradus.ops.making.", "gradus.random")  # of tensors, which may be wanted with a gradient


def understood(function: FunctionType) -> Callable[..., Any]:
    """A function that takes options by other frameworks' names, too; what has no options passes as before.

    >>> def total(x, axis=None, keepdims=False): return x, axis, keepdims
    >>> understood(total)([1], dim=0)
    ([1], 0, False)
    >>> understood(total)([1], axsi=True)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    gradus.errors.OptionError: total: there is no option 'axsi'. Did you mean 'axis'? Options: x, axis, keepdims. ...
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
            args, options = _in_our_words(function, args, options)
        try:
            return function(*args, **options)
        except TypeError as error:
            if error.__traceback__ is None or error.__traceback__.tb_next is not None:
                raise
            raise OptionError(_not_callable_so(function, args, error)) from None  # of the call itself

    call.understands = True  # type: ignore[attr-defined]
    return call


def _not_callable_so(function: FunctionType, args: tuple[Any, ...], error: TypeError) -> str:
    """What is said of arguments that are too many or too few: with what the function takes."""
    where, parameters = function.__name__, list(inspect.signature(function).parameters.values())
    if where == "__init__":
        where, parameters = type(args[0]).__name__, parameters[1:]
    takes = inspect.Signature([p.replace(annotation=p.empty) for p in parameters])
    return f"{where}: {str(error).partition('() ')[2] or error}. It takes {takes}."


def _in_our_words(
    function: FunctionType, args: tuple[Any, ...], options: Mapping[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    where, taken = function.__name__, inspect.signature(function).parameters
    if where == "__init__":
        where = type(args[0]).__name__
        if "options" in taken:  # the class knows, as activations do, which are made from a function
            taken = inspect.signature(type(args[0])).parameters
    ours: dict[str, Any] = {}
    for name, value in options.items():
        known = known_option(where, taken, name)
        made = _of(keywords.MADE_FROM, where, name)
        if made is not None and made[0] in taken and name not in taken:
            ours |= made[1](value)
        elif known is None:
            if not _harmless(where, name, value):
                raise OptionError(_no_option(where, tuple(taken), name, value), mistake="option-of-another")
        elif known in ours:
            raise OptionError(f"{where}: {known}= is given twice, the other time as {name}=")
        else:
            ours[known] = value
    several = next((n for n in ours if taken[n].kind is inspect.Parameter.VAR_POSITIONAL), None)
    if several is not None:  # what is given one by one, as in reshape(x, 2, 3), is given as one
        before = [n for n in taken if taken[n].kind is inspect.Parameter.POSITIONAL_OR_KEYWORD]
        args = (*args, *(ours.pop(n) for n in before[len(args) :] if n in ours), ours.pop(several))
    return args, ours


def _of(table: Mapping[str, Any], where: str, name: str) -> Any:
    """What a table says of an option of one function, or else of any."""
    return table.get(f"{where}.{name}", table.get(name))


def known_option(where: str, taken: Iterable[str], name: str) -> str | None:
    """The option of ours that a name means."""
    if name in taken:
        return name
    return next((n for n in _of(RENAMED, where, name) or () if n in taken), None)


def _harmless(where: str, name: str, value: Any) -> bool:
    values = _of(HARMLESS, where, name) or ()
    return keywords.ANY in values or any(type(v) is type(value) and v == value for v in values)


def _no_option(where: str, taken: tuple[str, ...], name: str, value: Any) -> str:
    text = f"{where}: there is no option {name!r}"
    written = _of(INSTEAD, where, name)
    if written is not None:
        return f"{text}. {instruction(written)}"
    usual = _of(HARMLESS, where, name)
    if usual is not None:
        shown = repr(value) if isinstance(value, (bool, int, float, str)) else f"a {type(value).__name__}"
        return f"{text} other than {usual[0]!r}, got {shown}."
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
    from_function = thing.__name__ == "__init__" and code.co_argcount == 1 and "options" in code.co_varnames
    return from_function or not code.co_flags & inspect.CO_VARKEYWORDS  # the class knows its options


@functools.cache  # each class once, of however many it is a base
def _understand_class(kind: type) -> None:
    if kind.__module__.startswith("gradus."):
        made = vars(kind).get("__init__")
        if _plain(made):
            kind.__init__ = understood(made)  # type: ignore[misc]
        methods_understood(kind)


def methods_understood(kind: type) -> None:
    """Put the public methods of a class behind this door."""
    for name, thing in list(vars(kind).items()):
        if not name.startswith("_") and _plain(thing):
            setattr(kind, name, understood(thing))
