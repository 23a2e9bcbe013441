"""Simulation-based calibration (Talts et al. 2018, arXiv:1804.06788): truths drawn from the priors fall evenly into their posteriors.

Every simulation draws all it can from the model's own priors - severities, items, steps, mean, persons, halos and, where they are estimated, the
standard deviations - and then ratings. If posteriors are right, the share of a posterior's mass below the truth is uniform over simulations. One person and
one rater are taken from each simulation, so that the values are independent.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from models.facets import FacetsModel

SDS = {"theta": 1.2, "severity": 0.6, "halo": 0.5}
LOG_SD = 0.5
PERSONS, RATERS, PER_PERSON, ITEMS, CATEGORIES = 30, 8, 4, 4, 5


@dataclass(frozen=True)
class Drawn:
    """One draw from the priors and the ratings that follow from it."""

    ratings: pd.DataFrame
    theta: np.ndarray
    severity: np.ndarray


def draw(rng: np.random.Generator, *, deviations: bool) -> Drawn:
    sds = {name: sd * (np.exp(LOG_SD * rng.normal()) if deviations else 1.0) for name, sd in SDS.items()}
    mean = 3.0 * rng.normal()
    theta = mean + sds["theta"] * rng.normal(size=PERSONS)
    severity = sds["severity"] * rng.normal(size=RATERS)
    item, tau = 1.5 * rng.normal(size=ITEMS), 2.0 * rng.normal(size=CATEGORIES - 1)
    item, tau = item - item.mean(), tau - tau.mean()
    rater = np.array([rng.choice(RATERS, PER_PERSON, replace=False) for _ in range(PERSONS)])
    halo = sds["halo"] * rng.normal(size=rater.shape)
    eta = (theta[:, None] - severity[rater] - halo)[:, :, None] - item
    logs = np.concatenate([np.zeros((*eta.shape, 1)), np.cumsum(eta[..., None] - tau, axis=-1)], axis=-1)
    score = (logs + rng.gumbel(size=logs.shape)).argmax(axis=-1)
    person, place, which = (index.ravel() for index in np.indices(score.shape))
    table = {"person": person, "rater": rater[person, place], "item": which, "score": score.ravel()}
    return Drawn(pd.DataFrame(table).assign(categories=CATEGORIES, lowest=0), theta, severity)


def shares_below(simulations: int, *, deviations: bool, uncertainty: bool = False) -> pd.DataFrame:
    """Per simulation: posterior mass below the truth of the first person and of the first rater."""
    rng, rows = np.random.default_rng(20240601), []
    model = FacetsModel(estimate_variances=deviations, log_sd_prior=LOG_SD, sd_uncertainty=uncertainty)
    for _ in range(simulations):
        drawn = draw(rng, deviations=deviations)
        fitted = model.fit(drawn.ratings)
        known = fitted.posterior(0)
        below = float(np.interp(drawn.theta[0], known.grid[0], np.cumsum(known.mass[0]) - 0.5 * known.mass[0]))
        rater = fitted.raters_.loc[drawn.ratings["rater"].min()]
        standing = stats.norm.cdf((drawn.severity[drawn.ratings["rater"].min()] - rater["estimate"]) / rater["se"])
        rows.append({"theta": below, "severity": float(standing)})
    return pd.DataFrame(rows)


def is_uniform(shares: pd.Series) -> bool:
    """By Kolmogorov-Smirnov and by the spread of the normal scores, each at one in a hundred."""
    scores = stats.norm.ppf(np.clip(shares, 1e-6, 1 - 1e-6))
    low, high = stats.chi2.ppf([0.005, 0.995], len(scores)) / len(scores)
    return bool(stats.kstest(shares, "uniform").pvalue > 0.01 and low < (scores**2).mean() < high)


def test_posteriors_are_even_with_the_deviations_given() -> None:
    shares = shares_below(40, deviations=False)
    assert is_uniform(shares["theta"])
    assert is_uniform(shares["severity"])


def test_the_check_notices_posteriors_that_are_a_third_too_narrow() -> None:
    wide = stats.norm.cdf(1.5 * stats.norm.ppf((np.arange(200) + 0.5) / 200))
    assert not is_uniform(pd.Series(wide))


@pytest.mark.long
def test_posteriors_are_even_over_many_simulations() -> None:
    shares = shares_below(400, deviations=False)
    assert is_uniform(shares["theta"])
    assert is_uniform(shares["severity"])


@pytest.mark.long
def test_what_estimated_deviations_cost_in_the_smallest_departments() -> None:
    """Thirty persons and eight raters cannot tell their SDs well, and posteriors given the estimates do not say so (docs/method.md)."""
    shares = shares_below(400, deviations=True)
    held = ((shares > 0.05) & (shares < 0.95)).mean()
    assert 0.80 < held["theta"] < 0.93
    assert 0.82 < held["severity"] < 0.93


@pytest.mark.long
def test_counting_their_error_gives_most_of_it_back() -> None:
    shares = shares_below(400, deviations=True, uncertainty=True)
    assert 0.84 < ((shares["theta"] > 0.05) & (shares["theta"] < 0.95)).mean() < 0.93
