"""What PyTorch and NumPy call otherwise: one table, for what is said when such a name is met, and for the docs.

`docs/from-pytorch.md` prints the table; a test keeps them equal.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..errors import did_you_mean

NO_DEVICES = "nothing: there is one device, the CPU"

# For each owner, names that it does not have, and what to write.
ELSEWHERE: dict[str, dict[str, str]] = {
    "Tensor": {
        "view": "reshape",
        "dim": "ndim",
        "numel": "size",
        "nelement": "size",
        "t": "T",
        "float": 'astype("float32")',
        "double": 'astype("float64")',
        "half": 'astype("float16")',
        "long": "astype(int)",
        "int": "astype(int)",
        "bool": "astype(bool)",
        "type": "astype",
        "to": "astype",
        "cpu": NO_DEVICES,
        "cuda": NO_DEVICES,
        "contiguous": "copy",
        "repeat": "tile(n), as PyTorch means it; gradus.repeat(x, n, axis) as NumPy does",
        "expand": "broadcast_to",
    },
    "gradus": {
        "array": "tensor",
        "asarray": "as_tensor",
        "from_numpy": "as_tensor",
        "manual_seed": "seed",
        "normal": "randn",
        "uniform": "rand",
        "softmax": "nn.functional.softmax",
        "log_softmax": "nn.functional.log_softmax",
        "float": "float32",
        "double": "float64",
        "half": "float16",
        "long": "int64",
        "int": "int64",
        "bool": "bool_",
        "utils": "data",
    },
    "nn": {
        "NLLLoss2d": "NLLLoss",
        "Swish": "SiLU",
        "Dense": "Linear",
        "Heaviside": "Step",
        "utils": "gradus.optim.clip_grad_norm_, nn.weight_norm, nn.spectral_norm",
    },
    "optim": {
        "lr_scheduler": "schedules",
        "StepLR": "schedules.step",
        "MultiStepLR": "schedules.multistep",
        "ExponentialLR": "schedules.exponential",
        "CosineAnnealingLR": "schedules.cosine",
        "CosineAnnealingWarmRestarts": "schedules.cosine_restarts",
        "CyclicLR": "schedules.cyclic",
        "LambdaLR": "lr=a function of the count of steps",
        "LinearLR": "schedules.polynomial",
        "PolynomialLR": "schedules.polynomial",
        "SequentialLR": "schedules.sequence",
        "ChainedScheduler": "schedules.product",
        "swa_utils": "AveragedModel",
        "OneCycleLR": "schedules.one_cycle",
        "ReduceLROnPlateau": "ReduceOnPlateau",
    },
    "Optimizer": {
        "add_param_group": "a list of groups, given when the optimizer is made",
    },
    "Module": {
        "to": "astype",
        "float": 'astype("float32")',
        "double": 'astype("float64")',
        "half": 'astype("float16")',
        "cpu": NO_DEVICES,
        "cuda": NO_DEVICES,
    },
}

# Arguments and the like, which are not looked up as attributes: for the docs alone.
ARGUMENTS = {
    "dim=": "axis=; both are understood",
    "keepdim=": "keepdims=; both are understood",
    "inplace=True": "nothing; it is understood, and the result is what counts",
    'device="cpu"': "nothing; it is understood",
    "x.size()": "x.shape",
    "x.size(0)": "x.shape[0]",
    "zeros(2, 3)": "zeros((2, 3))",
    "randn(2, requires_grad=True)": "randn(2).requires_grad_(); both are understood",
    'model.to("cuda")': NO_DEVICES,
    "model.load_state_dict(torch.load(path))": "model.load_state_dict(gradus.load(path))",
    "scheduler.step()": "nothing: the optimizer's steps move the schedule, given as lr=",
    "lstm(pack_padded_sequence(x, lengths))": "lstm(x, lengths=lengths)",
    "DataLoader(texts, collate_fn=pad)": "DataLoader(data.Sequences(texts, labels))",
}


def missing(owner: str, name: str, known: Iterable[str], called: str = "") -> AttributeError:
    """The error for a name that an owner does not have, with what gradus calls it, or the nearest one.

    `called` is how the message names the owner, where that is not by its own name.

    >>> missing("Tensor", "view", [])
    AttributeError("Tensor has no attribute 'view'. Write instead: reshape.")
    """
    text = f"{called or owner} has no attribute {name!r}"
    if name.startswith("_"):  # what Python and notebooks ask everything for
        return AttributeError(text)
    written = ELSEWHERE.get(owner, {}).get(name)
    hint = did_you_mean(name, known) if written is None else f"Write instead: {written}."
    return AttributeError(f"{text}. {hint}".strip())


def missing_from(thing: Any, owner: str, name: str) -> AttributeError:
    """The same, for `__getattr__` of a class: Python calls it too where a property raised an AttributeError."""
    if hasattr(type(thing), name):
        object.__getattribute__(thing, name)  # raises what was raised
    return missing(owner, name, {*getattr(thing, "__dict__", ()), *dir(type(thing))}, type(thing).__name__)


class Elsewhere:
    """A name that an owner does not have, as an attribute that says so: `hasattr` is False."""

    def __init__(self, owner: str, name: str) -> None:
        self.owner, self.name = owner, name

    def __get__(self, thing: Any, kind: type | None = None) -> Any:
        raise missing(self.owner, self.name, ())
