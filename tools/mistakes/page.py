"""docs/errors.md, written from the catalogue of mistakes."""

from __future__ import annotations

from pathlib import Path

from gradus.mistakes.catalogue import SUBJECTS, Mistake, Subject, begin, subject

PAGE = Path(__file__).parents[2] / "docs" / "errors.md"
_HEAD = """# Mistakes, and what is said of them

{count} mistakes that people make, each with the program that makes it, what it is told, and the program that does not.
A message ends with the name of its mistake, and `gradus help NAME` prints what stands here. What is surely wrong is an
error; what probably is, a `MistakeWarning`, once at each place. `warnings.simplefilter("error",
gradus.errors.MistakeWarning)` has these end the program, too, and `"ignore"` is rid of them. Checks are of shapes and
of how a tensor came to be, or are made at the first batch or step, so that they take no time.

All programs are run by the tests, which hold each message to the letter. The Python ones begin with:

```python
{begin}```

"""


def page() -> str:
    """The whole page."""
    subjects = [subject(name) for name in SUBJECTS]
    count = sum(len(s.mistakes) for s in subjects)
    return _HEAD.format(count=count, begin=begin()) + _index(subjects) + "".join(map(_section, subjects))


def _index(subjects: list[Subject]) -> str:
    rows = "".join(f"| {m.title} | [{m.slug}](#{m.slug}) |\n" for s in subjects for m in s.mistakes)
    return f"| mistake | name |\n|---|---|\n{rows}"


def _section(of: Subject) -> str:
    return f"\n## {of.title}\n" + "".join(map(_entry, of.mistakes))


def _entry(m: Mistake) -> str:
    programs = "\n\n</td><td>\n\n".join(f"```{m.language}\n{code}```" for code in (m.wrong, m.right))
    return (
        f"\n### {m.slug}\n\n{m.title}.\n\n<table>\n<tr><th>wrong</th><th>right</th></tr>\n<tr><td>\n\n{programs}\n\n"
        f"</td></tr>\n</table>\n\n```text\n{m.message}\n```\n\n{m.text}\n"
    )
