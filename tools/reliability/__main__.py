"""`python -m tools.reliability`: try all that gradus promises, and write docs/reliability.md.

What was found stands in docs/reliability.jsonl, from which the page is written.
"""

from __future__ import annotations

import argparse

from .page import PAGE, page
from .promises import PROMISES
from .record import keep, tried


def main() -> None:
    """Try what is asked for, and write the page."""
    names = {promise.name: promise for promise in PROMISES}
    parser = argparse.ArgumentParser("python -m tools.reliability", description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(names)}, or NAME/TRIAL; all if none")
    parser.add_argument("--times", type=int, help="try so often, and keep nothing")
    parser.add_argument("--page", action="store_true", help="write the page, try nothing")
    options = parser.parse_args()
    failed = 0
    for promise in [] if options.page else PROMISES:
        for trial in promise.trials:
            if not options.names or {promise.name, f"{promise.name}/{trial.name}"} & set(options.names):
                result = tried(promise, trial, options.times or trial.long)
                failed += result["failed"]
                if not options.times:
                    keep(result)
    PAGE.write_text(page(PROMISES), encoding="utf-8")
    raise SystemExit(1 if failed else 0)


if __name__ == "__main__":
    main()
