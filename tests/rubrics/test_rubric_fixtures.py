"""Fixtures are judged by the real evaluator, and a wrong one is told."""

from collections.abc import Callable
from pathlib import Path

import rubrics

Broken = Callable[[str, str, str], Path]


def test_every_fixture_of_the_small_standard_holds(small: rubrics.Standard) -> None:
    results = rubrics.check_fixtures(small)
    machine = [criterion for criterion in small.criteria.values() if criterion.measure]
    assert len(results) == 2 * len(machine)
    assert all(result.passed for result in results), [str(result) for result in results]


def test_a_fixture_that_does_not_do_what_it_says_is_told(broken: Broken) -> None:
    broken(
        "skills/pipelines.yaml",
        "pass: {months: 2, changes: 3, facts: [reviewed, survived]}",
        "pass: {months: 2, changes: 3}",
    )
    folder = broken("skills/pipelines.yaml", "fail: {months: 3, changes: 90,", "fail: {months: 5, changes: 90,")
    wrong = [str(result) for result in rubrics.check_fixtures(rubrics.load(folder)) if not result.passed]
    assert wrong == [
        "pipelines.1.a pass: 0 of 1 months, expected met, found not met",
        "pipelines.2.a fail: 5 of 4 months, expected not met, found met",
    ]


def test_a_waiver_does_not_hide_a_fixture(broken: Broken) -> None:
    waiver = "waivers: [{criterion: pipelines.1.a, reason: Moving forges., from: 2026-01-01, until: 2027-01-01}]\n"
    standard = rubrics.load(broken("standard.yaml", "half_life_months: 12\n", f"half_life_months: 12\n{waiver}"))
    assert all(result.passed for result in rubrics.check_fixtures(standard))
