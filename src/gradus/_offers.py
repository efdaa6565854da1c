"""What a package offers: what its files say they offer."""

from __future__ import annotations

import sys


def offers(package: str) -> list[str]:
    """All names that the loaded files of a package list in their `__all__`, so that each is written down once.

    >>> "matmul" in offers("gradus.ops")
    True
    """
    files = [m for name, m in list(sys.modules.items()) if name.startswith(package + ".")]
    return sorted({name for m in files if not hasattr(m, "__path__") for name in getattr(m, "__all__", ())})
