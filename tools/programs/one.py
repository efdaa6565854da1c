"""Run one program in this process, in full, and keep what it leaves in `shown` for the picture."""

from __future__ import annotations

import runpy
import sys

import numpy as np

from .record import PROGRAMS, RUNS

KEPT = ("shown", "true", "new_y", "adjacency")  # variables of the programs that the picture is drawn from


def main(name: str) -> None:
    """Run it as `python examples/programs/NAME.py` would."""
    sys.argv = [f"{name}.py"]
    made = runpy.run_path(str(PROGRAMS / f"{name}.py"), run_name="__main__")
    if "shown" in made:
        file = RUNS / f"{name}.npz"
        file.parent.mkdir(parents=True, exist_ok=True)
        np.savez(file, **{key: np.asarray(made[key]) for key in KEPT if key in made})


if __name__ == "__main__":
    main(sys.argv[1])
