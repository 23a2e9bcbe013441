"""Items of one skill that share a difficulty, and what that buys a source with few ratings."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from models.facets import FacetsModel
from models.item_pool import item_covariance, item_scale_step

SKILL = np.repeat(np.arange(40), 3)


@pytest.mark.parametrize("true", [0.15, 0.6])
def test_the_step_finds_what_items_have_of_their_own(true: float) -> None:
    rng = np.random.default_rng(5)
    item = rng.normal(0.0, 1.5, 40)[SKILL] + rng.normal(0.0, true, len(SKILL))
    own = 0.3
    for _ in range(60):
        own = item_scale_step(own, SKILL, item, np.zeros((120, 120)), shared=1.5, default=0.3, log_sd=10.0)
    within = pd.Series(item).groupby(SKILL).var(ddof=1).mean()
    assert own == pytest.approx(np.sqrt(within), rel=0.03)


def test_items_that_nothing_is_known_of_leave_the_standard_deviation_at_its_default() -> None:
    prior = item_covariance(SKILL, shared=1.5, own=0.3)
    assert item_scale_step(0.3, SKILL, np.zeros(120), prior, shared=1.5, default=0.3, log_sd=0.3) == pytest.approx(0.3)


def test_items_of_machines_stay_apart() -> None:
    skill = np.array([0, 0, 0, -1, -1])
    found = item_covariance(skill, shared=1.5, own=0.3)
    assert np.count_nonzero(found[3:] - np.diag([2.25] * 5)[3:]) == 0
    assert item_scale_step(0.3, np.array([-1, -1]), np.ones(2), np.eye(2), shared=1.5, default=0.3, log_sd=0.3) == 0.3


def _two_sources(simulate: Callable) -> pd.DataFrame:
    """A questionnaire about everybody, and a panel that marked few people once each; skills differ by their level of difficulty."""
    made = simulate(8, persons=50, skills=6, raters=15, per_person=4, items=1).ratings
    panel = made.groupby(["person", "skill"]).head(1)
    panel = panel[panel["person"].isin([f"p{n:03d}" for n in range(0, 50, 5)])]
    panel = panel.assign(source="panel", item="panel." + panel["skill"], rater="panel")
    return pd.concat([made, panel], ignore_index=True).assign(categories=5, lowest=1)


def test_a_source_with_few_ratings_learns_where_its_items_lie(simulate: Callable) -> None:
    frame = _two_sources(simulate)
    alone, pooled = FacetsModel().fit(frame), FacetsModel(item_own_sd=0.3).fit(frame)
    panel = alone.items_.index.str.startswith("panel.")
    assert pooled.items_["se"][panel].mean() < 0.75 * alone.items_["se"][panel].mean()
    assert 0.05 < pooled.standard_deviations_["item"] < 1.0
    assert "item" not in alone.standard_deviations_


def test_pooling_needs_a_positive_standard_deviation(simulate: Callable) -> None:
    with pytest.raises(ValueError, match=r"item_own_sd=0.0 must be positive, or None"):
        FacetsModel(item_own_sd=0.0).fit(simulate(1, persons=5).ratings)
