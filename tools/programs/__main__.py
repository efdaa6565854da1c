"""`python -m tools.programs`: run the programs of examples/programs/ in full, and write docs/examples.md.

What was found stands in docs/examples.jsonl, from which the page is written; the picture is drawn from what the
programs left in runs/programs/.
"""

from __future__ import annotations

import argparse

from .page import PAGE, page
from .record import NAMES, keep, kept, measured
from .sheet import draw_sheet


def main() -> None:
    """Run what is asked for, write the page, draw the picture."""
    parser = argparse.ArgumentParser("python -m tools.programs", description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", help=f"of {', '.join(NAMES)}; those not run yet if none is named")
    parser.add_argument("--again", action="store_true", help="run all, also those that stand in docs/examples.jsonl")
    parser.add_argument("--page", action="store_true", help="write the page and draw the picture, run nothing")
    options = parser.parse_args()
    wanted = options.names or [name for name in NAMES if options.again or name not in kept()]
    for name in [] if options.page else wanted:
        print(f"== {name}", flush=True)
        keep(measured(name))
    PAGE.write_text(page(), encoding="utf-8")
    draw_sheet()


if __name__ == "__main__":
    main()
