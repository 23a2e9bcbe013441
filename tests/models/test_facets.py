from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError

from models.facets import FacetsModel, RatingError


def frame(**columns: object) -> pd.DataFrame:
    return pd.DataFrame(columns)


def ten_ratings() -> pd.DataFrame:
    return frame(
        person=list("aabbccddee"),
        item=list("xyxyxyxyxy"),
        rater=list("rrrrrrssss"),
        score=[1, 2, 2, 3, 4, 4, 1, 1, 3, 5],
    )


def test_parameters_survive_clone_and_set_params() -> None:
    model = clone(FacetsModel(halo=False, theta_sd=0.9)).set_params(severity_sd=0.4)
    assert (model.halo, model.theta_sd, model.severity_sd) == (False, 0.9, 0.4)


def test_asking_before_fitting_is_refused() -> None:
    with pytest.raises(NotFittedError):
        FacetsModel().posterior("a")


@pytest.mark.parametrize(
    ("name", "value"), [("severity", "none"), ("centrality", "some"), ("method", "x"), ("thresholds", "x")]
)
def test_unavailable_choices_are_named_with_what_is_available(name: str, value: object) -> None:
    with pytest.raises(ValueError, match=f"{name}=.* is not available; choose from"):
        FacetsModel(**{name: value}).fit(ten_ratings())


def test_one_rating_gives_a_proper_posterior() -> None:
    model = FacetsModel().fit(frame(person=["a"], item=["x"], rater=["r"], score=[3], categories=[5], lowest=[1]))
    assert 1.0 < model.persons_.loc["a", "sd"] < 2.5 * np.hypot(model.theta_sd, model.mean_sd)


def test_one_rater_scoring_everybody_leaves_their_severity_in_the_posterior() -> None:
    table = frame(
        person=np.repeat(list("abcdef"), 5), item=list("vwxyz") * 6, rater="r", score=np.tile([1, 2, 3, 3, 4], 6)
    )
    model = FacetsModel().fit(table)
    assert model.raters_.loc["r", "se"] == pytest.approx(model.standard_deviations_["severity"], rel=0.15)
    assert (model.persons_["sd"] > 0.5).all()


def test_extreme_persons_are_finite_marked_and_ordered() -> None:
    table = frame(
        person=np.repeat(list("abc"), 6), item=list("uvwxyz") * 3, rater="r", score=[5] * 6 + [3] * 6 + [1] * 6
    )
    persons = FacetsModel().fit(table).persons_
    assert persons["extreme"].to_dict() == {"a": True, "b": False, "c": True}
    assert persons.loc["c", "estimate"] < persons.loc["b", "estimate"] < persons.loc["a", "estimate"]
    assert np.isfinite(persons[["estimate", "sd"]]).all(axis=None)


def test_disconnected_blocks_have_own_components_and_proper_posteriors() -> None:
    table = frame(
        person=list("aabb") + list("ccdd"),
        item=list("xyxy") * 2,
        rater=list("rrrrssss"),
        score=[1, 2, 2, 3, 1, 1, 3, 3],
    )
    model = FacetsModel().fit(table)
    assert model.components_["person"].to_dict() == {"a": 1, "b": 1, "c": 2, "d": 2}
    assert model.nullity_ == 3
    assert np.isfinite(model.persons_["sd"]).all()


def test_machines_do_not_connect_persons(simulate: Callable) -> None:
    ratings = simulate(1, persons=6, machines=1).ratings
    model = FacetsModel().fit(ratings[ratings["rater_class"] == "machine"])
    assert model.components_["person"].nunique() == 6
    assert model.components_["rater"].to_dict() == {"grader0": 0}


def test_halos_of_machines_never_fall_below_their_floor(simulate: Callable) -> None:
    model = FacetsModel().fit(simulate(2, persons=40, skills=2, machines=1).ratings)
    assert model.standard_deviations_["machine_halo_skill"] >= 1.0
    assert model.standard_deviations_["machine_halo"] >= 0.5


def test_two_repositories_of_one_machine_source_are_not_two_opinions(simulate: Callable) -> None:
    ratings = simulate(3, persons=30, machines=2).ratings
    machine = ratings["rater_class"] == "machine"
    one_source = ratings.assign(source=ratings["source"].where(~machine, "git"))
    apart, together = (
        FacetsModel(estimate_variances=False).fit(ratings),
        FacetsModel(estimate_variances=False).fit(one_source),
    )
    assert (together.posteriors().held_sd > apart.posteriors().held_sd).mean() > 0.9


def test_unused_categories_count_where_the_format_says_so() -> None:
    table = ten_ratings().assign(score=[2, 2, 2, 3, 4, 4, 2, 2, 3, 4], categories=5, lowest=1)
    model = FacetsModel().fit(table)
    assert list(model.thresholds_.index) == [1, 2, 3, 4]
    assert list(model.predict_proba(table).columns) == [1, 2, 3, 4, 5]


def test_any_origin_of_scores_gives_the_same_estimates() -> None:
    low, high = (
        FacetsModel().fit(ten_ratings()),
        FacetsModel().fit(ten_ratings().assign(score=ten_ratings()["score"] + 40)),
    )
    pd.testing.assert_frame_equal(low.persons_, high.persons_)


def test_a_harsher_rater_has_positive_severity() -> None:
    table = frame(
        person=np.repeat(np.arange(30), 2), rater=["kind", "harsh"] * 30, item="x", score=[4, 2, 3, 2, 5, 3] * 10
    )
    severity = FacetsModel().fit(table).raters_["estimate"]
    assert severity["harsh"] > 0.3 > -0.3 > severity["kind"]


def test_periods_of_a_rater_share_most_of_their_severity(simulate: Callable) -> None:
    ratings = simulate(4, persons=40, raters=6).ratings
    model = FacetsModel().fit(ratings.assign(period=np.where(np.arange(len(ratings)) % 2, "2026Q1", "2026Q2")))
    severity = model.raters_["estimate"].unstack()
    assert (severity["2026Q1"] - severity["2026Q2"]).abs().max() < 0.5 < severity.stack().std() * 2


def test_weights_below_one_widen_posteriors(simulate: Callable) -> None:
    ratings = simulate(5, persons=20).ratings
    whole, half = (FacetsModel(estimate_variances=False).fit(ratings.assign(weight=w)) for w in (1.0, 0.5))
    assert (half.posteriors().held_sd > whole.posteriors().held_sd).all()


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 1000))
def test_row_order_changes_no_byte(seed: int, simulate: Callable) -> None:
    ratings = simulate(seed, persons=12, skills=2, raters=6, machines=1).ratings
    shuffled = ratings.sample(frac=1.0, random_state=seed)
    one, other = FacetsModel(max_iterations=8).fit(ratings), FacetsModel(max_iterations=8).fit(shuffled)
    assert one.posteriors().mass.tobytes() == other.posteriors().mass.tobytes()
    assert one.persons_.to_csv() == other.persons_.to_csv()
    assert one.facet_covariance_.tobytes() == other.facet_covariance_.tobytes()
    pd.testing.assert_frame_equal(one.leave_one_out().frame(), other.leave_one_out().frame(), check_exact=True)


def test_a_warm_start_ends_where_a_cold_one_does(simulate: Callable) -> None:
    ratings = simulate(6, persons=40).ratings
    cold = FacetsModel(tolerance=1e-6).fit(ratings)
    warm = FacetsModel(tolerance=1e-6, warm_start=True).fit(ratings[ratings["person"] < "p030"]).fit(ratings)
    np.testing.assert_allclose(warm.persons_["estimate"], cold.persons_["estimate"], atol=1e-4)


def test_few_ratings_leave_the_standard_deviations_at_their_defaults() -> None:
    found = FacetsModel().fit(ten_ratings()).standard_deviations_
    assert found["halo"] == pytest.approx(0.5, rel=0.1)
    assert found["severity"] == pytest.approx(0.6, rel=0.1)


def test_predictions_are_probabilities_and_agree_with_what_was_seen(simulate: Callable) -> None:
    simulated = simulate(7, persons=80)
    model = FacetsModel().fit(simulated.ratings)
    chance = model.predict_proba(simulated.ratings)
    np.testing.assert_allclose(chance.sum(axis=1), 1.0)
    observed = simulated.ratings["score"].value_counts(normalize=True).sort_index()
    np.testing.assert_allclose(chance.mean(), observed, atol=0.02)


def test_an_unknown_person_is_predicted_from_the_population(simulate: Callable) -> None:
    model = FacetsModel().fit(simulate(8, persons=80).ratings)
    row = frame(
        person=["new"],
        item=["s0.0"],
        rater=["unheard of"],
        skill=["s0"],
        source=["feedback360"],
        categories=[5],
        lowest=[1],
    )
    chance = model.predict_proba(row).iloc[0]
    assert chance.sum() == pytest.approx(1.0)
    assert chance.max() < 0.45


def test_reliability_follows_from_estimates_and_their_errors(simulate: Callable) -> None:
    model = FacetsModel().fit(simulate(9).ratings)
    error, spread = (model.persons_["sd"] ** 2).mean(), model.persons_["estimate"].var(ddof=0)
    assert model.reliability_ == pytest.approx(spread / (spread + error))
    assert model.separation_ == pytest.approx(np.sqrt(model.reliability_ / (1 - model.reliability_)))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_any_frame_however_odd_gives_proper_posteriors(seed: int) -> None:
    """Polarised, constant, tiny, heavy and period-split ratings by people and machines on formats of any width."""
    rng = np.random.default_rng(seed)
    count, categories = int(rng.choice([1, 2, 5, 20, 80])), int(rng.choice([2, 3, 5, 10]))
    skill, rater = rng.integers(0, rng.integers(1, 5), count), rng.integers(0, rng.integers(1, 8), count)
    machine = (rng.random(8) < 0.3)[rater]
    score = [
        rng.integers(0, categories, count),
        np.full(count, categories - 1),
        rng.choice([0, categories - 1], count),
    ][rng.integers(0, 3)]
    table = frame(
        person=rng.integers(0, rng.integers(1, 15), count),
        skill=skill,
        item=[f"{s}.{i}" for s, i in zip(skill, rng.integers(0, 3, count), strict=True)],
        rater=[f"{'machine' if m else 'human'}{r}" for m, r in zip(machine, rater, strict=True)],
        rater_class=np.where(machine, "machine", "human"),
        source=np.where(machine, "git", "feedback360"),
        score=score,
        categories=categories,
        lowest=0,
        weight=rng.choice([0.01, 0.5, 1.0, 10.0], count),
        period=rng.integers(0, 3, count),
    )
    thresholds, centrality = str(rng.choice(["rating_scale", "partial_credit"])), bool(rng.integers(2))
    model = FacetsModel(thresholds=thresholds, centrality=centrality).fit(table)
    everyone = model.posteriors()
    assert np.isfinite(everyone.mass).all()
    assert np.linalg.eigvalsh(everyone.covariance).min() > 0
    assert (model.leave_one_out("rater").sd >= everyone.sd.min() - 1e-12).all()
    assert np.isfinite(model.deviance_)


def test_a_halo_is_left_out_where_nobody_rates_a_person_twice(simulate: Callable) -> None:
    once = simulate(12, persons=30, items=1, halo_sd=0.5).ratings
    assert FacetsModel().fit(once).standard_deviations_["halo"] == 0.0
    assert FacetsModel(estimate_variances=False).fit(once).standard_deviations_["halo"] == 0.5
    twice = pd.concat([once, once.iloc[:1].assign(item="another")])
    assert FacetsModel().fit(twice).standard_deviations_["halo"] > 0.2


@pytest.mark.parametrize("size", [1, 8])
def test_ratings_that_all_agree_are_refused_in_words_with_flat_priors(size: int) -> None:
    ratings = pd.DataFrame({"person": range(size), "item": 0, "rater": 0, "score": 5, "categories": 6, "lowest": 0})
    with pytest.raises(RatingError, match="severity='random'"):
        FacetsModel(severity="fixed", halo=False).fit(ratings)
    assert FacetsModel().fit(ratings).converged_


def test_a_fit_that_has_not_settled_warns(simulate: Callable) -> None:
    ratings = simulate(3, persons=20).ratings
    with pytest.warns(ConvergenceWarning, match="did not settle within 2 iterations"):
        model = FacetsModel(max_iterations=2).fit(ratings)
    assert not model.converged_
