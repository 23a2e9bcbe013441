"""Raters' own scales of the steps: that they are found, what they do to persons, and that the estimate is the optimum it claims to be."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from models.facets import FacetsModel

TAU = np.array([-2.0, -0.7, 0.7, 2.0])


@dataclass(frozen=True)
class Drawn:
    ratings: pd.DataFrame
    theta: pd.Series
    log_scale: pd.Series


@functools.cache
def drawn(
    seed: int, *, persons: int = 300, raters: int = 60, items: int = 6, spread: bool = True, halo_sd: float = 0.5
) -> Drawn:
    """Ratings by raters with scales .6 to 1.8 (or all 1), each person rated by five."""
    rng = np.random.default_rng(seed)
    theta, severity = rng.normal(0.0, 1.2, persons), rng.normal(0.0, 0.6, raters)
    log_scale = np.log(rng.permutation(np.linspace(0.6, 1.8, raters))) * spread
    log_scale -= log_scale.mean()
    own = np.concatenate([rng.choice(raters, 5, replace=False) for _ in range(persons)])
    halo = rng.normal(0.0, halo_sd, len(own))
    impression, item = np.repeat(np.arange(len(own)), items), np.tile(np.arange(items), len(own))
    person, rater = impression // 5, own[impression]
    eta = theta[person] - severity[rater] - (item - (items - 1) / 2) * 0.3 - halo[impression]
    logits = np.cumsum(eta[:, None] - np.exp(log_scale[rater])[:, None] * TAU, axis=1)
    weights = np.exp(np.column_stack([np.zeros(len(eta)), logits]))
    edges = np.cumsum(weights / weights.sum(axis=1, keepdims=True), axis=1)[:, :-1]
    score = (edges < rng.random(len(eta))[:, None]).sum(axis=1)
    ratings = pd.DataFrame({"person": person, "rater": rater, "item": item, "score": score})
    bounds = {"categories": 5, "lowest": 0}
    return Drawn(ratings.assign(**bounds), pd.Series(theta), pd.Series(log_scale))


@functools.cache
def fitted(seed: int, centrality: bool, spread: bool = True) -> FacetsModel:
    return FacetsModel(centrality=centrality).fit(drawn(seed, spread=spread).ratings)


def root_mean_square(values: pd.Series) -> float:
    return float(np.sqrt(((values - values.mean()) ** 2).mean()))


SEEDS = (1, 2, 3)


def test_scales_between_three_fifths_and_nine_fifths_are_found() -> None:
    for seed in SEEDS:
        found = np.log(fitted(seed, True).raters_["centrality"])
        truth = drawn(seed).log_scale
        assert np.corrcoef(found, truth)[0, 1] > 0.88
        assert root_mean_square(found - truth) < 0.15
        assert fitted(seed, True).standard_deviations_["centrality"] == pytest.approx(truth.std(), rel=0.25)


def test_persons_rated_by_such_raters_keep_their_coverage_and_gain_precision() -> None:
    covered, plain, scaled = [], [], []
    for seed in SEEDS:
        truth, persons = drawn(seed).theta, fitted(seed, True).persons_
        covered.append(((persons["estimate"] - truth).abs() < 1.645 * persons["sd"]).mean())
        scaled.append(root_mean_square(persons["estimate"] - truth))
        plain.append(root_mean_square(fitted(seed, False).persons_["estimate"] - truth))
    assert 0.87 < np.mean(covered) < 0.93
    assert np.mean(scaled) < 0.98 * np.mean(plain)


def test_where_all_raters_have_one_scale_the_term_costs_nothing() -> None:
    errors = {True: [], False: []}
    for seed in SEEDS:
        for centrality, found in errors.items():
            model = fitted(seed, centrality, spread=False)
            found.append(root_mean_square(model.persons_["estimate"] - drawn(seed, spread=False).theta))
    assert np.mean(errors[True]) <= 1.03 * np.mean(errors[False])
    assert np.log(fitted(1, True, spread=False).raters_["centrality"]).std() < 0.06


def penalised(model: FacetsModel, ratings: pd.DataFrame, vector: np.ndarray) -> float:
    """Log marginal likelihood by plain quadrature less the prior's penalty, at other facets."""
    facets, spread = model.fitted_.solution.facets.moved(vector), model.standard_deviations_["centrality"]
    nodes = np.linspace(-8.0, 8.0, 161)
    mass = np.exp(-0.5 * nodes**2)
    eta = facets.offset(ratings["rater"].to_numpy(), ratings["item"].to_numpy())[:, None]
    eta = eta + model.standard_deviations_["theta"] * nodes
    steps = np.append(0.0, np.cumsum(facets.steps[0]))[:, None, None] * np.exp(facets.log_scale)[ratings["rater"], None]
    logits = np.arange(5)[:, None, None] * eta - steps
    value = logits[ratings["score"], np.arange(len(ratings))] - np.log(np.exp(logits).sum(axis=0))
    whole = np.exp(pd.DataFrame(value).groupby(ratings["person"].to_numpy()).sum().to_numpy()) @ (mass / mass.sum())
    return float(np.log(whole).sum() - (facets.log_scale**2).sum() / (2 * spread**2))


def test_with_fixed_severities_the_estimate_is_the_optimum_of_the_penalised_marginal_likelihood() -> None:
    ratings = drawn(4, persons=60, raters=6, items=3, halo_sd=0.0).ratings
    model = FacetsModel(severity="fixed", halo=False, centrality=True).fit(ratings)
    vector = model.fitted_.solution.facets.vector()
    steps, scales = slice(9, 13), slice(13, 19)
    slope = np.zeros(len(vector))
    for place in range(9, 19):
        aside = np.zeros(len(vector))
        aside[place] = 1e-4
        slope[place] = (penalised(model, ratings, vector + aside) - penalised(model, ratings, vector - aside)) / 2e-4
    for part in (steps, scales):
        np.testing.assert_allclose(slope[part] - slope[part].mean(), 0.0, atol=2e-3)
    bend = np.zeros(len(vector))
    bend[13], bend[14] = 1e-2, -1e-2
    inverse = np.linalg.pinv(model.facet_covariance_)
    curvature = -(
        penalised(model, ratings, vector + bend)
        - 2 * penalised(model, ratings, vector)
        + penalised(model, ratings, vector - bend)
    )
    assert curvature == pytest.approx(bend @ inverse @ bend, rel=0.1)


def test_the_geometric_mean_of_human_scales_is_one_and_machines_have_one() -> None:
    ratings = drawn(1).ratings
    machine = ratings[ratings["rater"] == 0].assign(rater=99, rater_class="machine", source="git")
    both = pd.concat([ratings.assign(rater_class="human", source="feedback"), machine])
    raters = FacetsModel(centrality=True).fit(both).raters_
    human = raters["rater_class"] == "human"
    assert np.log(raters.loc[human, "centrality"]).sum() == pytest.approx(0.0, abs=1e-9)
    assert raters.loc[99, "centrality"] == pytest.approx(1.0, abs=1e-12)
    assert raters.loc[99, "centrality_se"] == pytest.approx(0.0, abs=1e-6)


def test_two_categories_say_nothing_of_scales() -> None:
    ratings = drawn(1, persons=60, raters=10).ratings
    ratings = ratings.assign(score=(ratings["score"] > 1).astype(int), categories=2)
    plain, scaled = FacetsModel().fit(ratings), FacetsModel(centrality=True).fit(ratings)
    np.testing.assert_allclose(scaled.raters_["centrality"], 1.0, atol=1e-12)
    np.testing.assert_allclose(scaled.raters_["centrality_se"], 0.25, rtol=1e-6)
    np.testing.assert_allclose(scaled.persons_["estimate"], plain.persons_["estimate"], atol=1e-6)


def test_a_rater_has_one_scale_in_all_periods() -> None:
    ratings = drawn(1, persons=60, raters=10).ratings
    model = FacetsModel(centrality=True).fit(ratings.assign(period=ratings["person"] % 2))
    assert (model.raters_["centrality"].unstack().nunique(axis=1) == 1).all()


def test_predictions_replacements_and_posteriors_use_the_raters_scale() -> None:
    model, ratings = fitted(1, True), drawn(1).ratings
    chance = model.predict_proba(ratings)
    seen = ratings.groupby("rater")["score"].agg(lambda score: score.isin([0, 4]).mean())
    ends = chance[[0, 4]].sum(axis=1).groupby(ratings["rater"]).mean()
    plain = fitted(1, False).predict_proba(ratings)[[0, 4]].sum(axis=1).groupby(ratings["rater"]).mean()
    assert root_mean_square(ends - seen) < 0.6 * root_mean_square(plain - seen)
    person = int(ratings["person"].iloc[0])
    own = ratings[ratings["person"] == person]
    again = model.posterior(person, replace=own)
    assert again.mean == pytest.approx(model.posterior(person).mean, abs=1e-9)


def test_a_warm_start_and_another_order_of_rows_end_at_the_same_place() -> None:
    ratings = drawn(1, persons=80, raters=12).ratings
    model = FacetsModel(centrality=True, tolerance=1e-6, warm_start=True)
    cold = model.fit(ratings[ratings["person"] < 60]).fit(ratings[ratings["person"] < 70]).fit(ratings).raters_
    other = FacetsModel(centrality=True, tolerance=1e-6).fit(ratings.sample(frac=1.0, random_state=1)).raters_
    pd.testing.assert_frame_equal(cold, other, atol=1e-4, rtol=1e-4)


def test_joint_maximum_likelihood_has_no_scales() -> None:
    with pytest.raises(ValueError, match="centrality=True needs the prior"):
        FacetsModel(centrality=True, method="joint").fit(drawn(1).ratings)


@pytest.mark.parametrize("seed", [5, 7, 11])
def test_standard_deviations_settle_where_there_is_no_halo(seed: int) -> None:
    """On these, scoring went to and fro about a small halo without end."""
    model = FacetsModel(max_iterations=60).fit(drawn(seed, spread=False, halo_sd=0.0).ratings)
    assert model.converged_
    assert model.standard_deviations_["halo"] < 0.25
