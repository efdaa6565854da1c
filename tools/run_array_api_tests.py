"""Run the array API standard's own test suite on `gradus.array_api`, and list what fails.

    python tools/run_array_api_tests.py FOLDER [--examples 50] [pytest's options]

FOLDER is a checkout of github.com/data-apis/array-api-tests, with its submodule `array-api` beside it. The suite needs
pytest, hypothesis and ndindex. What fails by design (no complex numbers, no float as an index ...) is told in
docs/array-api.md.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).parent.parent / "src"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--examples", type=int, default=50)
    known, others = parser.parse_known_args()
    surroundings = os.environ | {
        "ARRAY_API_TESTS_MODULE": "gradus.array_api",
        "ARRAY_API_TESTS_VERSION": "2024.12",
        "PYTHONPATH": os.pathsep.join([str(SOURCE), os.environ.get("PYTHONPATH", "")]),
    }
    command = [sys.executable, "-m", "pytest", "array_api_tests", "-q", "--tb=line", "-p", "no:cacheprovider"]
    command += [f"--max-examples={known.examples}", "--disable-deadline", "--derandomize", "-rf", *others]
    return subprocess.run(command, cwd=known.folder, env=surroundings, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
