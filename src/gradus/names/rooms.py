"""Where public names are: the rooms of gradus and what each offers; and which room stands for which of another library.

Rooms are imported when they are asked for: for a message, a page or the command line, never by `import gradus`.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType
from typing import Any

# The rooms in the order in which a name is looked for: by the path a user writes after "gradus.".
ROOMS: tuple[str, ...] = ("", "nn", "nn.functional", "nn.init", "optim", "optim.schedules", "linalg", "random", "data")
ROOMS += ("distributions", "datasets", "models", "train", "train.metrics", "inspect", "draw", "tune")
SPECIAL = ("inspect", "draw", "tune")  # of gradus alone: a name there is none of another library's
CLASSES = {"Tensor": "", "Generator": "", "Module": "nn", "Optimizer": "optim", "DataLoader": "data"}
CLASSES |= {"Distribution": "distributions", "Trainer": ""}  # and the room of each

# Where whoever knows another library would look: its longest beginning counts, and what comes after it stays.
LIBRARIES = {
    "torch": "",
    "torch.nn.Module": "Module",
    "torch.optim.Optimizer": "Optimizer",
    "torch.utils.data.DataLoader": "DataLoader",
    "torch.distributions.Distribution": "Distribution",
    "torch.optim.lr_scheduler": "optim.schedules",
    "torchvision": "",
    "numpy": "",
    "np": "",
    "numpy.ndarray": "Tensor",
    "np.ndarray": "Tensor",
    "numpy.random.Generator": "Generator",
    "keras": "",
    "keras.Model": "Trainer",
    "keras.Sequential": "Trainer",
    "keras.layers": "nn",
    "keras.losses": "nn",
    "keras.optimizers": "optim",
    "keras.optimizers.schedules": "optim.schedules",
    "keras.callbacks": "train",
    "keras.metrics": "train.metrics",
    "keras.activations": "nn.functional",
    "keras.initializers": "nn.init",
    "keras.applications": "models",
    "keras.ops": "",
    "keras.backend": "",
    "tf": "",
    "tf.math": "",
    "tf.nn": "nn.functional",
    "tf.Variable": "Tensor",
    "tf.losses": "nn.functional",
    "jax": "",
    "jax.numpy": "",
    "jnp": "",
}
SHORT = {"tensorflow": "tf", "tf.keras": "keras", "F": "torch.nn.functional", "T": "torchvision.transforms"}


def room(path: str) -> ModuleType:
    """The room of that path."""
    return import_module(f"gradus.{path}" if path else "gradus")


def offered(path: str) -> list[str]:
    """The public names of a room: those it lists, or else what is written in it.

    >>> "Linear" in offered("nn"), "zeros_" in offered("nn.init"), "np" in offered("nn.init")
    (True, True, False)
    """
    found = room(path)
    if hasattr(found, "__all__"):
        return list(found.__all__)
    own = (n for n, thing in vars(found).items() if getattr(thing, "__module__", "") == found.__name__)
    return [n for n in own if not n.startswith("_")]


def owner(path: str) -> Any:
    """What is at a path that a table names: a room, or one of the classes; None where gradus has neither.

    >>> owner("Tensor").__name__, owner("nn").__name__, owner("fft")
    ('Tensor', 'gradus.nn', None)
    """
    if path in CLASSES:
        return getattr(room(CLASSES[path]), path)
    return room(path) if path in ROOMS else None


def heard_of(path: str) -> bool:
    """Whether gradus or the tables know a room of this path, so that something can be said of what is in it.

    >>> heard_of("utils.data"), heard_of("untils")
    (True, False)
    """
    from .tables import ABSENT, INSTEAD

    return path in INSTEAD or path in ABSENT or owner(path) is not None


def places(name: str) -> Iterator[str]:
    """The paths under which gradus offers a name that another library has, the nearest first.

    >>> list(places("Adam")), list(places("gelu"))
    (['optim.Adam'], ['nn.functional.gelu'])
    """
    for path in ROOMS:
        if path not in SPECIAL and name in offered(path):
            yield f"{path}.{name}".lstrip(".")


def at_home(path: str) -> tuple[str, str]:
    """The owner and the name that stand in gradus for the path of another library, or of gradus itself.

    >>> at_home("torch.nn.Linear"), at_home("keras.layers.Dense"), at_home("tf.keras.Model.fit"), at_home("nn.ReLU")
    (('nn', 'Linear'), ('nn', 'Dense'), ('Trainer', 'fit'), ('nn', 'ReLU'))
    """
    for word, meant in SHORT.items():
        if path == word or path.startswith(f"{word}."):
            path = meant + path[len(word) :]
    home, _, name = path.rpartition(".")
    home = home.removeprefix("gradus").lstrip(".")
    known = max((k for k in LIBRARIES if home == k or home.startswith(f"{k}.")), key=len, default=None)
    if known is not None:
        home = f"{LIBRARIES[known]}{home[len(known) :]}".lstrip(".")
    return home, name


def described(thing: Any) -> str:
    """The first line of what is said of a function or a class."""
    return (inspect.getdoc(thing) or "").split("\n\n")[0].replace("\n", " ")
