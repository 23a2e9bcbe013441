"""Criteria that are thresholds on one measure are one observation: graded items keep their coverage, as many yes/no items they lose it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from models.facets import FacetsModel

PERSONS, MEASURES = 500, 3
STEPS = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
"""Five criteria on each measure, each a step further."""


def coverage(seed: int, *, graded: bool) -> float:
    """Of 90 % intervals of theta; each measure stops at a step, and all criteria below it are met."""
    rng = np.random.default_rng(seed)
    theta = 1.2 * rng.normal(size=PERSONS)
    logs = np.cumsum(theta[:, None, None] - np.broadcast_to(STEPS, (PERSONS, MEASURES, len(STEPS))), axis=2)
    logs = np.concatenate([np.zeros((PERSONS, MEASURES, 1)), logs], axis=2)
    reached = (logs + rng.gumbel(size=logs.shape)).argmax(axis=2)
    passed = reached[:, :, None] > np.arange(len(STEPS))
    if graded:
        person, item = (index.ravel() for index in np.indices(reached.shape))
        table = {"person": person, "item": item, "score": passed.sum(axis=2).ravel()}
    else:
        person, measure, bar = (index.ravel() for index in np.indices(passed.shape))
        table = {"person": person, "item": measure * len(STEPS) + bar, "score": passed.ravel().astype(int)}
    ratings = pd.DataFrame(table).assign(rater="grader", rater_class="machine")
    found = FacetsModel(thresholds="partial_credit", halo=False).fit(ratings).posteriors()
    error = found.mean[:, 0] - theta[found.keys["person"].to_numpy()]
    return float((np.abs(error) < 1.645 * found.sd[:, 0]).mean())


def test_graded_items_keep_their_coverage_and_yes_no_items_do_not() -> None:
    assert 0.86 < np.mean([coverage(seed, graded=True) for seed in range(3)]) < 0.94
    assert np.mean([coverage(seed, graded=False) for seed in range(3)]) < 0.82


@pytest.mark.long
def test_graded_items_keep_their_coverage_over_ten_seeds() -> None:
    assert 0.87 <= np.mean([coverage(seed, graded=True) for seed in range(10)]) <= 0.93
