"""Ratings discounted by age: persons are judged by them with less weight, facets and standard deviations learn from them in full."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from models.facets import FacetsModel
from models.ratings import RatingError


@pytest.fixture(scope="module", name="ratings")
def _ratings(simulate: Callable) -> pd.DataFrame:
    return simulate(17, persons=40, skills=2, raters=12, items=2).ratings


def test_facets_and_standard_deviations_do_not_see_the_discount(ratings: pd.DataFrame) -> None:
    fresh = FacetsModel().fit(ratings)
    old = FacetsModel().fit(ratings.assign(discount=0.3))
    assert old.raters_["estimate"].to_numpy() == pytest.approx(fresh.raters_["estimate"].to_numpy(), abs=1e-9)
    assert old.standard_deviations_["halo"] == pytest.approx(fresh.standard_deviations_["halo"], abs=1e-9)
    assert old.deviance_ == pytest.approx(fresh.deviance_, abs=1e-6)


def test_discounted_evidence_leaves_more_open_and_less_far_from_the_mean(ratings: pd.DataFrame) -> None:
    fresh = FacetsModel().fit(ratings)
    old = FacetsModel().fit(ratings.assign(discount=0.3))
    assert (old.persons_["sd"] > fresh.persons_["sd"]).all()
    assert old.persons_["estimate"].std() < fresh.persons_["estimate"].std()


def test_with_facets_held_a_discount_is_a_weight(ratings: pd.DataFrame) -> None:
    """What a person's posterior is with old ratings: that of an exact grid with their log-likelihood multiplied."""
    one = ratings[ratings["skill"] == "s0"].drop(columns="skill")
    share = np.where(np.arange(len(one)) % 3 == 0, 0.25, 1.0)
    settings = {"halo": False, "estimate_variances": False}
    model = FacetsModel(**settings).fit(one.assign(discount=share))
    steps = np.concatenate([[0.0], np.cumsum(model.thresholds_["estimate"])])
    grid = np.linspace(-7, 8, 3001)
    for person in ("p000", "p013"):
        log = -0.5 * ((grid - model.theta_mean_) / 1.2) ** 2
        for weight, row in zip(share, one.itertuples(), strict=True):
            if row.person == person:
                eta = grid - model.raters_["estimate"][row.rater] - model.items_["estimate"][row.item]
                logits = np.arange(5)[:, None] * eta - steps[:, None]
                log += weight * (logits[row.score - 1] - np.logaddexp.reduce(logits, axis=0))
        mass = np.exp(log - log.max())
        mean = (mass * grid).sum() / mass.sum()
        held = np.sqrt((mass * (grid - mean) ** 2).sum() / mass.sum())
        assert model.posterior(person).mean[0] == pytest.approx(mean, abs=2e-3)
        assert model.posterior(person).held_sd[0] == pytest.approx(held, rel=5e-3)


def test_a_discount_of_nothing_is_refused(ratings: pd.DataFrame) -> None:
    with pytest.raises(RatingError, match=r"discount 0.0 in row 0 is not positive"):
        FacetsModel().fit(ratings.assign(discount=0.0))
