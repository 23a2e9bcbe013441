from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.facets import FacetsModel
from models.posterior import infer
from models.ratings import RatingError


@pytest.fixture(scope="module", name="model")
def _model(simulate: Callable) -> FacetsModel:
    return FacetsModel().fit(simulate(31, persons=40, skills=3, raters=12, items=2, machines=2).ratings)


@pytest.fixture(scope="module", name="ratings")
def _ratings(simulate: Callable) -> pd.DataFrame:
    return simulate(31, persons=40, skills=3, raters=12, items=2, machines=2).ratings


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_removing_evidence_never_lowers_a_posterior_sd(model: FacetsModel, ratings: pd.DataFrame, seed: int) -> None:
    rng = np.random.default_rng(seed)
    mask = rng.random(len(ratings)) < rng.choice([0.02, 0.1, 0.4, 0.9])
    for position in rng.choice(40, 8, replace=False):
        whole = model.posteriors()[position]
        less = model.posterior(whole.person, without=mask)
        assert (less.held_sd >= whole.held_sd - 1e-12).all()
        assert (less.sd >= whole.sd - 1e-12).all()


@pytest.mark.parametrize("by", ["rater", "source"])
def test_no_rater_or_source_left_out_makes_anybody_surer(model: FacetsModel, by: str) -> None:
    whole, variants = model.posteriors(), model.leave_one_out(by)
    position = pd.Index(whole.keys["person"]).get_indexer(pd.Index(variants.keys["person"]))
    assert (variants.held_sd >= whole.held_sd[position] - 1e-12).all()
    grown = variants.held_sd / whole.held_sd[position]
    assert grown.max() > 1.05


def test_the_exact_posterior_behind_the_law_obeys_it_within_a_few_per_cent(simulate: Callable) -> None:
    """The rule that keeps the wider SD seldom has to act, and then by little: it hides nothing."""
    broken, total, rng = 0, 0, np.random.default_rng(0)
    for seed in range(6):
        model = FacetsModel(estimate_variances=False).fit(
            simulate(seed, persons=40, skills=2, raters=10, items=int(rng.integers(1, 5)), machines=1).ratings
        )
        rows, solution = model.fitted_.design.rows, model.fitted_.solution
        whole = model.posteriors().held_sd
        for share in (0.02, 0.1, 0.4, 0.8):
            kept = rng.random(len(rows)) > share
            found = infer(rows.take(kept), rows.person[kept], 40, solution.facets, solution.variances)
            ratio = np.sqrt(np.diagonal(found.covariance, axis1=1, axis2=2)) / whole
            assert ratio.min() > 0.93
            broken, total = broken + int((ratio < 1 - 1e-9).sum()), total + ratio.size
    assert broken / total < 0.05


def test_leaving_one_out_equals_asking_for_each(model: FacetsModel) -> None:
    variants = model.leave_one_out("rater")
    for position in (0, 7, 60):
        key = variants.keys.iloc[position]
        one = model.posterior(key["person"], without={"rater": key["dropped"]})
        np.testing.assert_allclose(variants.mean[position], one.mean, atol=1e-6)
        np.testing.assert_allclose(variants.sd[position], one.sd, rtol=1e-6)


def test_every_person_appears_with_each_of_their_raters_and_sources(model: FacetsModel, ratings: pd.DataFrame) -> None:
    for by in ("rater", "source"):
        expected = ratings[["person", by]].drop_duplicates().sort_values(["person", by]).to_numpy().tolist()
        assert model.leave_one_out(by).keys.to_numpy().tolist() == expected


def test_labels_leave_out_what_they_mark(model: FacetsModel, ratings: pd.DataFrame) -> None:
    quarter = np.where(np.arange(len(ratings)) % 2, "2026Q1", None)
    variants = model.leave_one_out(quarter)
    assert set(variants.keys["dropped"]) == {"2026Q1"}
    one = model.posterior("p000", without=quarter == "2026Q1")
    np.testing.assert_allclose(variants.mean[0], one.mean, atol=1e-6)


def test_a_rating_known_only_to_be_at_least_so_high_counts_as_a_floor(
    model: FacetsModel, ratings: pd.DataFrame
) -> None:
    category = ratings["score"] - ratings["lowest"]
    own = np.flatnonzero((ratings["person"] == "p001") & (category > 1))
    least = np.arange(len(own)) % 2
    found = model.fitted_.lessened(own, ["2026Q1"] * len(own), least)
    gone = np.isin(np.arange(len(ratings)), own)
    floors = ratings.iloc[own[least > 0]].assign(at_least=True)
    floors["score"] = floors["lowest"] + 1
    one = model.posterior("p001", without=gone, replace=floors)
    np.testing.assert_allclose(found.mean[0], one.mean, atol=1e-6)
    assert found.keys.to_numpy().tolist() == [["p001", "2026Q1"]]


def test_without_any_evidence_the_prior_remains(model: FacetsModel, ratings: pd.DataFrame) -> None:
    found = model.posterior("p005", without=np.ones(len(ratings), dtype=bool))
    np.testing.assert_allclose(found.mean, found.prior_mean)
    np.testing.assert_allclose(found.held_sd, model.standard_deviations_["theta"], rtol=1e-6)


def replacement(score: int, **other: object) -> pd.DataFrame:
    row = {
        "item": "measure0.s0",
        "rater": "grader0",
        "skill": "s0",
        "source": "git0",
        "rater_class": "machine",
        "score": score,
    }
    return pd.DataFrame([{**row, **other}])


def test_a_worse_grade_lowers_the_skill_and_counts_once(model: FacetsModel) -> None:
    found = [model.posterior("p001", replace=replacement(score)) for score in range(5)]
    assert (np.diff([one.mean[0] for one in found]) > 0).all()
    assert all((one.n == model.posterior("p001").n).all() for one in found)


def test_a_grade_by_an_unknown_machine_is_added(model: FacetsModel) -> None:
    found = model.posterior("p001", replace=replacement(0, rater="grader9"))
    assert found.n[0] == model.posterior("p001").n[0] + 1


def test_replacing_for_many_equals_replacing_one_by_one(model: FacetsModel) -> None:
    table = pd.concat([replacement(0).assign(person=person) for person in ("p009", "p002")])
    found = model.replaced(table)
    assert found.keys["person"].tolist() == ["p002", "p009"]
    np.testing.assert_allclose(found.mean[0], model.posterior("p002", replace=replacement(0)).mean, atol=1e-9)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"item": "nobody's"}, 'unknown item "?.nobody'),
        ({"score": 9}, "outside the categories"),
        ({"skill": "s9"}, "unknown skill"),
    ],
)
def test_replacements_the_fit_does_not_know_are_refused(
    model: FacetsModel, change: dict[str, object], message: str
) -> None:
    with pytest.raises(RatingError, match=message):
        model.posterior("p001", replace=replacement(0).assign(**change))


def test_unknown_persons_raters_and_labels_are_refused(model: FacetsModel) -> None:
    with pytest.raises(RatingError, match="unknown person 'nobody'"):
        model.posterior("nobody")
    with pytest.raises(RatingError, match="unknown rater 'nobody'"):
        model.posterior("p001", without={"rater": "nobody"})
    with pytest.raises(ValueError, match="without='quarter' is not available"):
        model.posterior("p001", without={"quarter": "2026Q1"})
    with pytest.raises(ValueError, match="by='quarter' is not available"):
        model.leave_one_out("quarter")
    with pytest.raises(ValueError, match="3 labels were given for the"):
        model.leave_one_out(["a", "b", "c"])
