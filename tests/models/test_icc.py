from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from models.icc import intraclass_correlations

ORACLES = Path(__file__).parent / "oracles"
TABLE = pd.read_csv(ORACLES / "agreement.csv").set_index("subject")
PSYCH = json.loads((ORACLES / "agreement.expected.json").read_text())["oracles"]["psych"]

SHROUT_FLEISS = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
"""Table 2 of Shrout & Fleiss 1979: six targets, four judges."""


def test_coefficients_are_those_of_psych_on_complete_rows() -> None:
    found = intraclass_correlations(TABLE)
    for name, theirs in PSYCH["all"].items():
        assert found.loc[name, "estimate"] == pytest.approx(theirs, abs=1e-6)
    assert (found["n"] == 22).all()
    assert list(found.loc["ICC2", ["low", "high"]]) == pytest.approx(PSYCH["icc_2_1_ci95"], abs=1e-6)
    assert list(found.loc["ICC2k", ["low", "high"]]) == pytest.approx(PSYCH["icc_2_k_ci95"], abs=1e-6)


def test_coefficients_are_those_printed_by_shrout_and_fleiss() -> None:
    found = intraclass_correlations(SHROUT_FLEISS)["estimate"]
    printed = {"ICC1": 0.17, "ICC2": 0.29, "ICC3": 0.71, "ICC1k": 0.44, "ICC2k": 0.62, "ICC3k": 0.91}
    for name, value in printed.items():
        assert found[name] == pytest.approx(value, abs=5e-3)


def test_exact_intervals_hold_the_truth_as_often_as_they_say() -> None:
    """One-way and consistency intervals are exact for normal data; agreement's is Satterthwaite's approximation."""
    rng, held, rounds = np.random.default_rng(7), dict.fromkeys(("ICC1", "ICC3", "ICC3k"), 0), 600
    for _ in range(rounds):
        ratings = rng.normal(0, 1, (12, 1)) + rng.normal(0, 1, (12, 4))
        found = intraclass_correlations(ratings, confidence=0.9)
        for name, truth in (("ICC1", 0.5), ("ICC3", 0.5), ("ICC3k", 0.8)):
            held[name] += bool(found.loc[name, "low"] <= truth <= found.loc[name, "high"])
    for name, count in held.items():
        assert abs(count / rounds - 0.9) < 0.04, name


def test_a_harsh_rater_costs_agreement_not_consistency() -> None:
    plain = np.array(SHROUT_FLEISS, dtype=float)
    harsh = plain - [0, 0, 3, 0]
    before, after = intraclass_correlations(plain), intraclass_correlations(harsh)
    assert after.loc["ICC3", "estimate"] == pytest.approx(before.loc["ICC3", "estimate"])
    assert after.loc["ICC2", "estimate"] < before.loc["ICC2", "estimate"]


def test_perfect_and_constant_ratings() -> None:
    perfect = intraclass_correlations([[1, 1], [2, 2], [4, 4]])
    assert perfect["estimate"].to_numpy() == pytest.approx(1.0)
    assert intraclass_correlations([[2, 2], [2, 2]])["estimate"].isna().all()


def test_too_little_is_refused() -> None:
    with pytest.raises(ValueError, match="at least two are needed"):
        intraclass_correlations([[1, 2], [1, np.nan]])
    with pytest.raises(ValueError, match="confidence"):
        intraclass_correlations(SHROUT_FLEISS, confidence=95)
