from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from models.decisions import (
    decision_quality,
    grid_decision_quality,
    normal_decision_quality,
    ranked_probability_score,
    ranked_probability_skill,
    sem_at_cuts,
)
from models.levels import level_probabilities, normal_level_probabilities

ORACLES = Path(__file__).parent / "oracles"
TABLE = pd.read_csv(ORACLES / "decision.csv")
EXPECTED: dict[str, Any] = json.loads((ORACLES / "decision.expected.json").read_text())
CUTS = EXPECTED["cuts"]
PROBABILITIES = normal_level_probabilities(TABLE["post_mean"], TABLE["post_sd"], CUTS)
ASSIGNED = np.searchsorted(CUTS, TABLE["post_mean"], side="right") + 1


def test_level_probabilities_and_scores_of_normal_posteriors() -> None:
    theirs = EXPECTED["oracles"]["normal"]
    np.testing.assert_allclose(PROBABILITIES, theirs["level_probabilities"], atol=1e-6)
    scores = ranked_probability_score(PROBABILITIES, TABLE["true_level"] + 1)
    np.testing.assert_allclose(scores, theirs["rps_per_person"], atol=1e-6)
    assert scores.mean() == pytest.approx(EXPECTED["oracles"]["R_verification_rps"]["rps_mean"], abs=1e-6)


def test_level_probabilities_of_grids() -> None:
    grid = pd.read_csv(ORACLES / "decision_grid.csv").set_index("person")
    found = level_probabilities(np.tile(grid.columns.astype(float), (len(grid), 1)), grid.to_numpy(), CUTS)
    np.testing.assert_allclose(found, EXPECTED["oracles"]["grid"]["level_probabilities"], atol=1e-3)


def test_accuracy_and_consistency_are_those_of_cacIRT() -> None:  # noqa: N802
    theirs, found = EXPECTED["oracles"]["cacIRT"], decision_quality(PROBABILITIES, ASSIGNED)
    assert found.accuracy == pytest.approx(theirs["accuracy"]["Simultaneous"], abs=1e-6)
    assert found.consistency == pytest.approx(theirs["consistency"]["Simultaneous"], abs=1e-6)
    per_cut = [(theirs["accuracy"][f"cut at {c}"], theirs["consistency"][f"cut at {c}"]) for c in CUTS]
    np.testing.assert_allclose(found.accuracy_at, [accuracy for accuracy, _ in per_cut], atol=1e-6)
    np.testing.assert_allclose(found.consistency_at, [consistency for _, consistency in per_cut], atol=1e-6)
    each = theirs["per_person"]
    np.testing.assert_allclose(found.accuracy_each, list(each["accuracy_simultaneous"].values()), atol=1e-6)
    np.testing.assert_allclose(found.consistency_each, list(each["consistency_simultaneous"].values()), atol=1e-6)


def test_normal_posteriors_assign_the_level_of_their_mean() -> None:
    found = normal_decision_quality(TABLE["post_mean"], TABLE["post_sd"], CUTS)
    assert found.accuracy == pytest.approx(EXPECTED["oracles"]["cacIRT"]["accuracy"]["Simultaneous"], abs=1e-6)
    np.testing.assert_allclose(found.accuracy_each_at.mean(axis=0), found.accuracy_at)
    np.testing.assert_allclose(found.consistency_each_at.mean(axis=0), found.consistency_at)


def test_grids_give_the_same_decisions_as_direct_sums() -> None:
    grid = pd.read_csv(ORACLES / "decision_grid.csv").set_index("person")
    theirs, nodes = EXPECTED["oracles"]["grid"], np.tile(grid.columns.astype(float), (len(grid), 1))
    found = grid_decision_quality(nodes, grid.to_numpy(), CUTS)
    assert found.accuracy == pytest.approx(theirs["accuracy"], abs=6e-4)
    assert found.consistency == pytest.approx(theirs["consistency"], abs=6e-4)
    scores = ranked_probability_score(level_probabilities(nodes, grid.to_numpy(), CUTS), TABLE["true_level"] + 1)
    assert scores.mean() == pytest.approx(theirs["rps_mean"], abs=2e-5)


def test_skill_is_measured_from_the_reference() -> None:
    levels = TABLE["true_level"] + 1
    base = np.bincount(TABLE["true_level"], minlength=5) / len(TABLE)
    found = ranked_probability_skill(PROBABILITIES, levels)
    assert found == pytest.approx(ranked_probability_skill(PROBABILITIES, levels, base))
    assert 0.5 < found < 1.0
    assert ranked_probability_skill(np.tile(base, (len(TABLE), 1)), levels) == pytest.approx(0.0)
    assert np.isnan(ranked_probability_skill([[1.0, 0.0]], [1]))


def test_levels_outside_the_scale_are_refused() -> None:
    with pytest.raises(ValueError, match="one level from 1 to 5"):
        ranked_probability_score(PROBABILITIES, TABLE["true_level"])


def test_error_at_a_cut_is_that_of_the_people_near_it() -> None:
    found = sem_at_cuts([-2.0, -2.1, 1.9, 2.0], [0.3, 0.3, 0.6, 0.6], [-2.0, 2.0, 30.0])
    np.testing.assert_allclose(found, [0.3, 0.6, np.nan], atol=1e-6)
