"""The inputs that PyTorch's tests say are wrong: what gradus says to them.

An error of gradus's is what is wanted. What is taken without a word, or fails with an error that is not gradus's, is a
fault, unless it stands in `ACCEPTED` with the reason.
"""

from __future__ import annotations

import contextlib
import re
import warnings
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import torch
from torch.testing._internal.common_methods_invocations import op_db
from torch.testing._internal.common_modules import ModuleErrorEnum, module_db
from torch.testing._internal.common_optimizers import optim_db

import gradus
from gradus import nn, optim
from gradus.errors import GradusError

from .compare import _converted
from .expressed import expression
from .modules import _translated

CLEAR, SILENT, FOREIGN = "a clear error", "taken", "another error"
_AXES = "any axes may stand before those that are worked on"
_NUMPY = "as in NumPy"
# Where what PyTorch says is wrong means something here: parts of the operation's name and of PyTorch's message.
ACCEPTED: tuple[tuple[str, str, str], ...] = (
    ("", "^$", "Python's numbers are taken in place of tensors"),
    ("nn.functional.*pool|nn.MaxPool|nn.CircularPad", "dimension|tensor expected|xpected 2D or 3D|Input dim", _AXES),
    ("nn.functional.conv", "should be the same", "tensors of two types are brought to the wider one"),
    ("nn.(RNN|GRU|LSTM)$|nn.NLLLoss", "dtype .* does not match|expected scalar type", "two types: the wider one"),
    ("scatter", "dtype to be equal", "values are brought to the type of what they are written into"),
    ("nn.CrossEntropyLoss", "floating point type for target with class prob", "rows of a 1 and zeros may be integers"),
    ("nn.BatchNorm", "eps must be positive", "eps may be 0, but not less"),
    ("mean", "infer output dtype", "the mean of integers is a float32"),
    ("multinomial", "1 or 2 dim|n_sample <= 0|floating-point", "any axes, no draws at all, and integers in proportion"),
    ("arange", "step sign", f"{_NUMPY}: there is nothing between"),
    ("trace", "expected a matrix", f"{_NUMPY}: of the first two axes"),
    ("masked_fill", "0-dimensional", "the value is broadcast"),
    ("linalg.cross", "same number of dimensions", f"{_NUMPY}: the vectors are broadcast"),
    ("narrow", "0-dim integral", "a tensor of one integer is an integer"),
    ("roll", "Dimension specified as 0", "a tensor without axes takes axis 0 and -1"),
    ("reshape|view", "ambiguous", "of no elements the length left open is that of the axis it stands for, or 0"),
    ("optim.", "iterable of Tensors", "one tensor may stand alone"),
    ("optim.Adam", "as a Tensor|floats or both Tensors", "a tensor of one number is a number"),
)


class Answer(NamedTuple):
    """What was said to a wrong input: of what, which (what PyTorch says to it), how it went, and the message.

    `why` is the reason why what was taken may be.
    """

    name: str
    theirs: str
    kind: str
    message: str
    why: str = ""


def answers(only: set[str] | None = None) -> list[Answer]:
    """What gradus says to all wrong inputs of what it has."""
    found = []
    for name, theirs, call in _calls():
        if not only or name in only:
            kind, message = _answer(call)
            theirs = " ".join(theirs.split())
            why = (why for of, says, why in ACCEPTED if re.search(f"^({of})", name) and re.search(says, theirs))
            found.append(Answer(name, theirs[:150], kind, message, next(why, "") if kind == SILENT else ""))
    return found


def _answer(call: Callable[[], Any]) -> tuple[str, str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            call()
        except GradusError as error:
            return CLEAR, str(error).splitlines()[0]
        except Exception as error:
            return FOREIGN, f"{type(error).__name__}: {error}"[:200]
    return SILENT, ""


def _calls() -> Iterator[tuple[str, str, Callable[[], Any]]]:
    """Each wrong input as a call that should fail."""
    for op in op_db:
        name = op.name + (f".{op.variant_test_name}" if op.variant_test_name else "")
        ours = expression(name)
        own = name.startswith("nn.functional.") or getattr(ours, "__module__", "").startswith("gradus")
        if ours is not None and own and op.error_inputs_func is not None:
            for one in _listed(lambda op=op: op.error_inputs("cpu")):
                with contextlib.suppress(Exception):  # which cannot be made here, as on another device
                    given = _converted([[one.sample_input.input, *one.sample_input.args], one.sample_input.kwargs], [])
                    yield name, str(one.error_regex), lambda f=ours, g=given: f(*g[0], **g[1])
    for info in module_db:
        kind = getattr(nn, info.module_cls.__name__, None)
        if kind is not None and info.module_error_inputs_func is not None:
            for training in (True, False) if info.train_and_eval_differ else (True,):
                make = lambda i=info, t=training: i.module_error_inputs_func(i, "cpu", torch.float32, False, t)  # noqa: E731
                for one in _listed(make):
                    yield info.name, str(one.error_regex), lambda k=kind, o=one, t=training: _module(k, o, t)
    for info in optim_db:
        kind = getattr(optim, info.name, None)
        if kind is not None and info.optim_error_inputs_func is not None:
            for one in _listed(lambda i=info: i.optim_error_inputs_func("cpu", torch.float32)):
                yield f"optim.{info.name}", str(one.error_regex), lambda k=kind, o=one: _optimizer(k, o)


def _listed(make: Callable[[], Any]) -> list[Any]:
    """The wrong inputs that can be made here: some need other devices."""
    found: list[Any] = []
    torch.manual_seed(0)
    with contextlib.suppress(Exception):
        for one in make():
            found.append(one)  # noqa: PERF402 - what came before one that cannot be made counts
    return found


def _module(kind: Any, one: Any, training: bool) -> Any:
    sample = one.module_error_input
    args, options = _translated([list(sample.constructor_input.args), dict(sample.constructor_input.kwargs)])
    made = kind(*args, **options).train(training)
    if one.error_on == ModuleErrorEnum.FORWARD_ERROR:
        inputs, more = _converted([list(sample.forward_input.args), dict(sample.forward_input.kwargs)], [])
        made(*inputs, **more)


def _optimizer(kind: Any, one: Any) -> Any:
    sample = one.optimizer_error_input
    parameters = sample.params
    if parameters is None:
        parameters = [torch.ones(2, 2, requires_grad=True)]
    optimizer = kind(_parameters(parameters), **_translated(dict(sample.kwargs)))
    for p in optimizer.params:
        p.grad = gradus.ones_like(p)
    optimizer.step()


_SAME: dict[int, Any] = {}


def _parameters(tree: Any) -> Any:
    """Parameters, each tensor as one of gradus's, the same one where it stands twice."""
    if isinstance(tree, torch.Tensor):
        found = _converted(tree.detach(), [])
        known = _SAME.setdefault(id(tree), (tree, found))
        return known[1].requires_grad_() if isinstance(known[1], gradus.Tensor) else known[1]
    if isinstance(tree, dict):
        return {n: _parameters(t) for n, t in tree.items()}
    return type(tree)(_parameters(t) for t in tree) if isinstance(tree, (list, tuple)) else tree
