"""Posteriors of single persons against brute force on the same facets."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from models.facets import FacetsModel


def likelihood(model: FacetsModel, row: pd.Series, u: np.ndarray) -> np.ndarray:
    """P(score) where theta less halo is mean + u, straight from the definition."""
    tau = model.thresholds_["estimate"].to_numpy()
    eta = (
        model.theta_mean_ + u - model.items_.loc[row["item"], "estimate"] - model.raters_.loc[row["rater"], "estimate"]
    )
    logits = np.cumsum(np.stack([np.zeros_like(eta), *(eta - t for t in tau)]), axis=0)
    weights = np.exp(logits - logits.max(axis=0))
    return weights[int(row["score"]) - 1] / weights.sum(axis=0)


def test_one_skill_with_halo_is_exact(simulate: Callable) -> None:
    ratings = simulate(21, persons=30, raters=10, per_person=3).ratings
    model = FacetsModel().fit(ratings)
    sds = model.standard_deviations_
    for person in ("p000", "p007", "p019"):
        theta = np.linspace(-8, 8, 801)
        halo = np.linspace(-6, 6, 241) * sds["halo"]
        weight = norm.pdf(theta, scale=sds["theta"])
        for _, own in ratings[ratings["person"] == person].groupby("rater"):
            inside = np.ones((len(theta), len(halo)))
            for _, row in own.iterrows():
                inside *= likelihood(model, row, theta[:, None] - halo)
            weight = weight * (inside @ norm.pdf(halo, scale=sds["halo"]))
        weight /= weight.sum()
        mean = weight @ theta
        found = model.posterior(person)
        assert found.mean[0] == pytest.approx(model.theta_mean_ + mean, abs=2e-3)
        assert found.held_sd[0] == pytest.approx(np.sqrt(weight @ (theta - mean) ** 2), rel=5e-3)


def test_two_skills_with_both_halos_agree_with_weighted_draws(simulate: Callable) -> None:
    ratings = simulate(22, persons=30, skills=2, raters=10, per_person=2, items=2).ratings
    model = FacetsModel().fit(ratings)
    sds, rng, draws = model.standard_deviations_, np.random.default_rng(1), 400_000
    scale = sds["theta"].to_numpy()
    covariance = np.outer(scale, scale) * (sds["skill_correlation"] + (1 - sds["skill_correlation"]) * np.eye(2))
    for person in ("p003", "p011"):
        theta = rng.multivariate_normal(np.zeros(2), covariance, size=draws)
        weight = np.ones(draws)
        for _, own in ratings[ratings["person"] == person].groupby("rater"):
            impression = rng.normal(0, sds["halo"], draws)
            halo = {skill: rng.normal(0, sds["halo_skill"], draws) for skill in ("s0", "s1")}
            for _, row in own.iterrows():
                weight *= likelihood(model, row, theta[:, int(row["skill"][1])] - impression - halo[row["skill"]])
        weight /= weight.sum()
        mean = weight @ theta
        spread = (theta - mean).T @ (weight[:, None] * (theta - mean))
        found = model.posterior(person)
        held = found.covariance * np.outer(found.held_sd / found.sd, found.held_sd / found.sd)
        np.testing.assert_allclose(found.mean, model.theta_mean_ + mean, atol=0.02)
        np.testing.assert_allclose(found.held_sd, np.sqrt(np.diag(spread)), rtol=0.02)
        assert held[0, 1] == pytest.approx(spread[0, 1], abs=0.05)


def test_grid_mean_and_sd_are_those_reported(simulate: Callable) -> None:
    model = FacetsModel().fit(simulate(23, skills=2, machines=1, persons=20).ratings)
    everyone = model.posteriors()
    assert everyone.grid.shape == (20, 2, 61)
    mean = (everyone.grid * everyone.mass).sum(axis=2)
    np.testing.assert_allclose(mean, everyone.mean, atol=1e-10)
    spread = ((everyone.grid - mean[:, :, None]) ** 2 * everyone.mass).sum(axis=2)
    np.testing.assert_allclose(np.sqrt(spread), everyone.sd, rtol=1e-10)
    np.testing.assert_allclose(np.diagonal(everyone.covariance, axis1=1, axis2=2), everyone.sd**2)
    np.testing.assert_allclose(model.persons_["estimate"].unstack(), everyone.mean)


def test_a_skill_without_ratings_has_the_prior_moved_by_the_others(simulate: Callable) -> None:
    ratings = simulate(24, skills=3, persons=30).ratings
    unseen = ratings[~((ratings["person"] == "p000") & (ratings["skill"] == "s2"))]
    found = FacetsModel().fit(unseen).posterior("p000")
    assert list(found.n) == [16, 16, 0]
    assert found.sd[0] < found.sd[2] < found.prior_sd[2]
    assert "s2" in found.skills


def test_what_others_are_computed_with_changes_no_byte(simulate: Callable) -> None:
    model = FacetsModel().fit(simulate(25, skills=2, persons=25, machines=1).ratings)
    everyone = model.posteriors()
    for position, person in enumerate(everyone.keys["person"]):
        alone = model.posterior(person)
        assert alone.mass.tobytes() == everyone[position].mass.tobytes()
        assert alone.covariance.tobytes() == everyone[position].covariance.tobytes()
