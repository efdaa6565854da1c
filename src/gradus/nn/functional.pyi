# `gradus.nn.functional` is `gradus.functional` itself: `nn/__init__.py` enters it under this name, too.
from ..functional import *  # noqa: F403
