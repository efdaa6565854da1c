"""Ways to change what stands around a compiled function, and things that a function does besides computing.

Each way makes a small world anew: a function of a tensor, a change to its surroundings, and what can be seen of them.
"""

from . import (
    absent,
    arrays,
    classes,
    containers,
    effects,
    iterators,
    librarys,
    modules,
    names,
    objects,
    outside,
    tensors,
    variables,
)
from .world import REFUSED, WAYS, Net, World

__all__ = ["REFUSED", "WAYS", "Net", "World", "absent", "arrays", "classes", "containers", "effects", "iterators"]
__all__ += ["librarys", "modules", "names", "objects", "outside", "tensors", "variables"]
