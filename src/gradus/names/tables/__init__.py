"""Names of elsewhere: what to write for them, and what gradus does not have, by the room or class that is asked.

"a b" stands for two names, "a*" for all that begin so. A room that gradus does not have stands under the path by which
another library knows it. `x` is a tensor, `model` a Module, `optimizer` an Optimizer, `trainer` a Trainer; a test finds
every name that is written here.
"""

from collections import defaultdict

from . import functions, layers, of_data, pictures, tensorflow, tensors, training

INSTEAD: dict[str, dict[str, str]] = defaultdict(dict)
ABSENT: dict[str, dict[str, str]] = defaultdict(dict)
for _table in (functions, tensorflow, tensors, layers, training, pictures, of_data):
    for _owner, _rows in _table.INSTEAD.items():
        INSTEAD[_owner].update(_rows)
    for _owner, _rows in _table.ABSENT.items():
        ABSENT[_owner].update(_rows)
INSTEAD["optim.lr_scheduler"] = INSTEAD["optim.schedules"]
