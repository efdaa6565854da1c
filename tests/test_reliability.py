"""What is promised, tried some times; `python -m tools.reliability` tries it for hours."""

from __future__ import annotations

import pytest
from tools.reliability.page import PAGE, page
from tools.reliability.promises import PROMISES

TRIALS = {f"{promise.name}-{trial.name}": trial for promise in PROMISES for trial in promise.trials}


@pytest.mark.parametrize("name", TRIALS)
def test_a_promise_is_kept(name) -> None:
    trial = TRIALS[name]
    outcomes = list(trial.run(trial.short))
    assert len(outcomes) == trial.short, "as many tries as were asked for"
    assert not [outcome.failed for outcome in outcomes if outcome.failed]


def test_the_page_is_of_these_promises() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(PROMISES), "run: python -m tools.reliability --page"


def test_each_promise_names_tests_that_exist() -> None:
    for promise in PROMISES:
        assert all((PAGE.parent.parent / "tests" / name).exists() for name in promise.tests)
