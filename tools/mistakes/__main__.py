"""`python -m tools.mistakes [SLUG ...]`: run the programs of the catalogue, and say where it says something else.

With `--write` the messages are written into the catalogue, and docs/errors.md from it.
"""

from __future__ import annotations

import argparse
import re

from gradus.mistakes.catalogue import PAGES, SUBJECTS, Mistake, catalogue, subject

from .page import PAGE, page
from .run import said


def main() -> None:
    """Run the mistakes that are asked for."""
    parser = argparse.ArgumentParser("python -m tools.mistakes", description=__doc__.partition("\n")[0])
    parser.add_argument("slugs", nargs="*", metavar="SLUG", help="all if none")
    parser.add_argument("--write", action="store_true", help="write the messages as they are now, and the page")
    options = parser.parse_args()
    failed = 0
    for name in SUBJECTS:
        for mistake in subject(name).mistakes:
            if not options.slugs or mistake.slug in options.slugs:
                failed += _looked_at(name, mistake, options.write)
    if options.write:
        subject.cache_clear()
        PAGE.write_text(page(), encoding="utf-8")
    raise SystemExit(1 if failed else 0)


def _looked_at(name: str, mistake: Mistake, write: bool) -> bool:
    """Run one, and write or say what is another; whether something is wrong with it."""
    wrong, right = said(mistake, mistake.wrong, "wrong.py"), said(mistake, mistake.right, "right.py")
    named = re.findall(r"\(gradus help ([a-z-]+)\)", wrong)
    fault = bool(right) or len(named) != 1 or named[0] not in catalogue()
    if fault or (wrong != mistake.message and not write):
        print(f"== {mistake.slug}: {mistake.title}")
        print(f"   wrong: {wrong or 'nothing is said'}\n   right: {right or 'fine'}")
    if write and wrong != mistake.message:
        _put(name, mistake, wrong)
    return fault or (wrong != mistake.message and not write)


def _put(name: str, mistake: Mistake, message: str) -> None:
    """Write a message into the catalogue: after the right program."""
    file = PAGES / f"{name}.md"
    text = file.read_text(encoding="utf-8")
    right = f"```{mistake.language}\n{mistake.right}```\n"
    before, section = text.split(f"## {mistake.slug}\n", 1)
    head, rest = section.split(right, 1)
    rest = re.sub(r"\A```text\n.*?^```\n", "", rest, flags=re.S | re.M)
    file.write_text(f"{before}## {mistake.slug}\n{head}{right}```text\n{message}\n```\n{rest}", encoding="utf-8")


if __name__ == "__main__":
    main()
