"""What happens when ratings are not made as the model assumes: bounds that docs/method.md states."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.models import misspecified

LEAST_COVERAGE = {
    "as assumed": 0.87,
    "heavy tails": 0.85,
    "severity drift": 0.87,
    "central raters": 0.87,
    "colluding raters": 0.82,
    "missing if low": 0.75,
    "dependent criteria": 0.70,
    "same talk": 0.60,
}
"""Of 90 % intervals. The last four breaks are not survived, only bounded: no single source shows them."""


def check(name: str, found: pd.DataFrame) -> None:
    mean = found.mean()
    assert LEAST_COVERAGE[name] < mean["coverage"] < 0.94
    assert mean["r"] > mean["r_raw"]


@pytest.mark.parametrize("name", ["as assumed", "heavy tails", "severity drift", "same talk"])
def test_a_broken_assumption_costs_no_more_than_the_method_page_says(name: str) -> None:
    check(name, misspecified.measured(name, range(2)))


@pytest.mark.long
@pytest.mark.parametrize("name", sorted(LEAST_COVERAGE))
def test_each_way_of_breaking_the_model_over_ten_seeds(name: str) -> None:
    check(name, misspecified.measured(name, range(10)))


def test_marks_that_are_withheld_when_low_raise_theta() -> None:
    honest, hidden = (misspecified.measured(name, range(2))["bias"].mean() for name in ("as assumed", "missing if low"))
    assert 0.1 < hidden - honest < 0.4
