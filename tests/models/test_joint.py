"""Joint maximum likelihood beyond the oracles: what is left out, what is refused, and fit statistics by hand."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from models.categories import Steps, probabilities
from models.facets import FacetsModel, RatingError
from models.joint import UnlinkedWarning


def crossed(seed: int = 1, persons: int = 12, raters: int = 3, items: int = 3, categories: int = 4) -> pd.DataFrame:
    """Every rater rates every person; scores in the middle of the scale, so that nobody is extreme by chance."""
    rng = np.random.default_rng(seed)
    keys = itertools.product(range(persons), range(raters), range(items))
    table = pd.DataFrame(keys, columns=["person", "rater", "item"]).map(lambda code: f"{code:02}")
    mean = table["person"].astype(int) / persons * 2 + 0.3 * table["rater"].astype(int)
    return table.assign(score=np.clip(np.rint(mean + rng.normal(0, 1, len(table))), 0, categories - 1).astype(int))


def joint(ratings: pd.DataFrame, **parameters: object) -> FacetsModel:
    return FacetsModel(method="joint", **parameters).fit(ratings)


def test_scores_and_expectations_agree_for_every_element() -> None:
    """The equations of joint maximum likelihood: each observed sum equals its expectation."""
    ratings = crossed()
    chance = joint(ratings).predict_proba(ratings)
    expected = chance.to_numpy() @ chance.columns.to_numpy()
    for facet in ("person", "rater", "item"):
        sums = ratings.assign(expected=expected).groupby(facet)[["score", "expected"]].sum()
        np.testing.assert_allclose(sums["score"], sums["expected"], atol=1e-7)
    np.testing.assert_allclose(chance.sum(), ratings["score"].value_counts().sort_index(), atol=1e-7)


def test_severities_items_and_steps_sum_to_zero() -> None:
    model = joint(crossed(), thresholds="partial_credit")
    assert abs(model.raters_["estimate"].sum()) < 1e-9
    assert abs(model.items_["estimate"].sum()) < 1e-9
    np.testing.assert_allclose(model.thresholds_["estimate"].groupby("item").sum(), 0.0, atol=1e-9)


def test_halo_and_severity_settings_do_not_matter() -> None:
    plain, other = joint(crossed(), halo=False, severity="fixed"), joint(crossed())
    pd.testing.assert_frame_equal(plain.persons_, other.persons_)


def test_infit_and_outfit_are_mean_squares_at_the_estimates() -> None:
    ratings = crossed()
    model = joint(ratings)
    eta = (
        model.persons_["estimate"][ratings["person"]].to_numpy()
        - model.raters_["estimate"][ratings["rater"]].to_numpy()
        - model.items_["estimate"][ratings["item"]].to_numpy()
    )
    cumulative = np.repeat(Steps.of([model.thresholds_["estimate"].to_numpy()]).cumulative, len(eta), axis=1)
    chance = probabilities(eta, cumulative)[0]
    category = np.arange(len(chance))[:, None]
    mean = (category * chance).sum(axis=0)
    variance = ((category - mean) ** 2 * chance).sum(axis=0)
    squared = (ratings["score"] - mean) ** 2
    for facet, table in (("person", model.persons_), ("rater", model.raters_), ("item", model.items_)):
        by = ratings[facet]
        infit = squared.groupby(by).sum() / pd.Series(variance).groupby(by).sum()
        np.testing.assert_allclose(table["infit"], infit[table.index], rtol=1e-9)
        np.testing.assert_allclose(table["outfit"], (squared / variance).groupby(by).mean()[table.index], rtol=1e-9)


def with_extremes() -> pd.DataFrame:
    ratings = crossed()
    ratings.loc[ratings["person"] == "03", "score"] = 3
    ratings.loc[ratings["person"] == "07", "score"] = 0
    return ratings


def test_extreme_persons_are_listed_and_change_nothing_but_outfit_and_n() -> None:
    ratings = with_extremes()
    rest = ratings[~ratings["person"].isin(["03", "07"])]
    model, without = joint(ratings), joint(rest)
    assert model.persons_.index[model.persons_["extreme"]].tolist() == ["03", "07"]
    assert model.persons_.loc["03", ["estimate", "sd", "infit", "outfit"]].isna().all()
    assert model.persons_.loc["03", "n"] == 9
    columns = ["estimate", "se", "infit"]
    pd.testing.assert_frame_equal(model.raters_[columns], without.raters_[columns])
    np.testing.assert_allclose(model.raters_["outfit"], without.raters_["outfit"] * len(rest) / len(ratings))
    assert model.deviance_ == without.deviance_
    assert model.predict_proba(ratings)[ratings["person"] == "03"].isna().all(axis=None)


def test_extreme_persons_get_finite_weighted_likelihood_estimates() -> None:
    found = joint(with_extremes()).weighted_likelihood()
    assert found.loc["07", "estimate"] < found["estimate"].drop("07").min() < found["estimate"].max()
    assert found["estimate"].idxmax() == "03"


def test_a_rater_who_gives_everybody_the_top_score_is_left_out() -> None:
    ratings = crossed()
    generous = ratings[ratings["rater"] == "00"].assign(rater="generous", score=3)
    model, without = joint(pd.concat([ratings, generous])), joint(ratings)
    assert np.isnan(model.raters_.loc["generous", "estimate"])
    pd.testing.assert_series_equal(model.persons_["estimate"], without.persons_["estimate"])


def test_weights_are_repetitions() -> None:
    ratings = crossed()
    twice = ratings["rater"] == "01"
    weighted = joint(ratings.assign(weight=np.where(twice, 2.0, 1.0)))
    repeated = joint(pd.concat([ratings, ratings[twice]]))
    for name in ("estimate", "se", "infit", "outfit"):
        np.testing.assert_allclose(weighted.raters_[name], repeated.raters_[name], rtol=1e-8)


def test_the_order_of_rows_changes_no_byte() -> None:
    ratings = with_extremes()
    one, other = joint(ratings), joint(ratings.sample(frac=1.0, random_state=3))
    assert one.persons_.to_csv() == other.persons_.to_csv()
    assert one.facet_covariance_.tobytes() == other.facet_covariance_.tobytes()


def test_several_skills_have_a_theta_each(simulate: Callable) -> None:
    ratings = simulate(3, persons=30, skills=2, raters=6).ratings
    model = joint(ratings)
    assert model.persons_.index.names == ["person", "skill"]
    assert np.isfinite(model.persons_.loc[~model.persons_["extreme"], "sd"]).all()


def test_separation_and_reliability_take_error_from_the_spread_of_estimates() -> None:
    model = joint(with_extremes())
    persons = model.persons_.dropna()
    error, spread = (persons["sd"] ** 2).mean(), persons["estimate"].var()
    assert model.separation_ == pytest.approx(np.sqrt((spread - error) / error))
    assert model.reliability_ == pytest.approx(model.separation_**2 / (1.0 + model.separation_**2))


def test_points_have_no_posterior() -> None:
    model = joint(crossed())
    with pytest.raises(ValueError, match="has no posteriors; fit with method='marginal'"):
        model.posterior("00")


def test_unknown_persons_and_raters_are_not_predicted() -> None:
    model, row = joint(crossed()), pd.DataFrame({"person": ["new"], "rater": ["00"], "item": ["00"]})
    with pytest.raises(RatingError, match="unknown person 'new'"):
        model.predict_proba(row)


def test_refitting_by_the_other_method_leaves_nothing_behind() -> None:
    model = joint(crossed()).set_params(method="marginal").fit(crossed())
    assert np.isfinite(model.posterior("00").sd).all()
    assert not hasattr(model.set_params(method="joint").fit(crossed()), "fitted_")


def test_blocks_that_share_items_only_are_warned_of_and_agree_with_separate_fits() -> None:
    one, other = crossed(1), crossed(2)
    other = other.assign(person="x" + other["person"], rater="x" + other["rater"])
    with pytest.warns(UnlinkedWarning, match="1 contrast"):
        model = joint(pd.concat([one, other]))
    assert model.raters_["estimate"][:3].sum() == pytest.approx(0.0, abs=1e-9)
    assert model.components_["person"].nunique() == 2


def test_ratings_that_separate_too_cleanly_are_refused() -> None:
    """Whoever passes with one of the last two raters passes with both of the first: the pairs run apart without end."""
    passes = {"a": (1, 0, 0, 0), "b": (0, 1, 0, 0), "c": (1, 1, 1, 0), "d": (1, 1, 0, 1)}
    ratings = pd.DataFrame(passes, index=list("rstu")).rename_axis("rater").reset_index()
    ratings = ratings.melt("rater", var_name="person", value_name="score").assign(item="x")
    with pytest.raises(RatingError, match=r"no finite maximum: .* runs off"):
        joint(ratings)


def test_a_score_nobody_was_given_is_refused() -> None:
    ratings = crossed()
    with pytest.raises(RatingError, match=r"score 2 is never given .* merge it with its neighbour"):
        joint(ratings.assign(score=ratings["score"].replace(2, 3)))


def test_nothing_but_extremes_is_refused() -> None:
    with pytest.raises(RatingError, match="only lowest or only highest scores"):
        joint(crossed().assign(score=1, categories=2, lowest=0))


def test_discounts_are_refused() -> None:
    with pytest.raises(RatingError, match="no discounts; use weights"):
        joint(crossed().assign(discount=0.5))


def test_floors_are_refused() -> None:
    with pytest.raises(RatingError, match="not floors"):
        joint(crossed().assign(at_least=True))
