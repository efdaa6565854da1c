"""Run the array API standard's own test suite on `gradus.array_api`, and list what fails.

    python tools/run_array_api_tests.py FOLDER [--examples 50] [pytest's options]

FOLDER is a checkout of github.com/data-apis/array-api-tests, with its submodule `array-api` beside it. The suite needs
pytest, hypothesis and ndindex. It takes complex numbers for given, which gradus does not have: it runs in a copy, with
these left out, their special cases (about 130), and the extension `fft`, which gives such; the summary counts them as
skipped.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

SOURCE = Path(__file__).parent.parent / "src"
WIDEST = "for dt in complex_dtypes], key=lambda x: x[1]\n)[0]"  # of the suite, which fails where there are none
COMPLEX_CASE = "        if case.is_complex:\n            dtype = dh.widest_complex_dtype\n"
LEFT_OUT = "        if case.is_complex:\n            pytest.skip('there are no complex numbers')\n"
NONE_THERE = WIDEST.replace("\n)", ", default=(None,)\n)")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--examples", type=int, default=50)
    known, others = parser.parse_known_args()
    surroundings = os.environ | {
        "ARRAY_API_TESTS_MODULE": "gradus.array_api",
        "ARRAY_API_TESTS_VERSION": "2024.12",
        "ARRAY_API_TESTS_SKIP_DTYPES": "complex64,complex128",
        "PYTHONPATH": os.pathsep.join([str(SOURCE), os.environ.get("PYTHONPATH", "")]),
    }
    command = [sys.executable, "-m", "pytest", "array_api_tests", "-q", "--tb=line", "-p", "no:cacheprovider"]
    command += [f"--max-examples={known.examples}", "--disable-deadline", "--derandomize", "-rf"]
    command += ["--disable-extension", "fft", *others]
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "suite"
        shutil.copytree(known.folder, copy)
        for file, there, instead in (
            ("dtype_helpers.py", WIDEST, NONE_THERE),
            ("test_special_cases.py", COMPLEX_CASE, LEFT_OUT),
        ):
            path = copy / "array_api_tests" / file
            path.write_text(path.read_text().replace(there, instead))
        return subprocess.run(command, cwd=copy, env=surroundings, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
