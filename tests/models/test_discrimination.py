"""Discriminations of sources: that they are found, what they do to persons and cuts, and that gradient and errors are what they claim to be."""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest

from models.cutpoints import THURSTONIAN, rating_cuts, threshold_place
from models.design import Rows, encode, encode_known
from models.discrimination import free_sources, reference_source
from models.elimination import condition, log_evidence
from models.expansion import Site, expand
from models.facets import FacetsModel, RatingError
from models.foreseen import foreseen
from models.problem import Facets, Priors, Problem, facet_problem, start_facets
from models.variances import Variances
from models.whatif import Fitted

TAU = np.array([-2.0, -0.7, 0.7, 2.0])
PLANTED = (("feedback", 1.0), ("interview", 1.6), ("panel", 0.6))
SEEDS = (1, 2)
ALIKE = tuple((source, 1.0) for source, _ in PLANTED)


@dataclass(frozen=True)
class Drawn:
    ratings: pd.DataFrame
    theta: np.ndarray


@functools.cache
def drawn(seed: int, *, persons: int = 200, planted: tuple[tuple[str, float], ...] = PLANTED, items: int = 2) -> Drawn:
    """Every person rated by three raters of the first source and two of each other, all with impressions of SD .5."""
    rng = np.random.default_rng(seed)
    theta, parts = rng.normal(0.0, 1.2, persons), []
    for count, (source, a) in zip((3, 2, 2), planted, strict=True):
        severity, difficulty = rng.normal(0.0, 0.6, 30), rng.normal(0.0, 0.4, items)
        own = np.array([rng.choice(30, count, replace=False) for _ in range(persons)])
        halo = rng.normal(0.0, 0.5, own.shape)
        person, place, item = (codes.ravel() for codes in np.indices((persons, count, items)))
        rater = own[person, place]
        eta = a * (theta[person] - severity[rater] - difficulty[item] - halo[person, place])
        logits = np.cumsum(eta[:, None] - TAU, axis=1)
        weights = np.exp(np.column_stack([np.zeros(len(eta)), logits]))
        edges = np.cumsum(weights / weights.sum(axis=1, keepdims=True), axis=1)[:, :-1]
        table = {
            "person": person,
            "rater": [f"{source} {code:02d}" for code in rater],
            "item": [f"{source}.{code}" for code in item],
            "source": source,
            "score": (edges < rng.random(len(eta))[:, None]).sum(axis=1),
        }
        parts.append(pd.DataFrame(table))
    return Drawn(pd.concat(parts, ignore_index=True).assign(categories=5, lowest=0), theta)


@functools.cache
def fitted(seed: int, discrimination: bool = True, planted: tuple[tuple[str, float], ...] = PLANTED) -> FacetsModel:
    return FacetsModel(discrimination=discrimination).fit(drawn(seed, planted=planted).ratings)


def test_planted_discriminations_are_found_within_their_errors() -> None:
    surprise = []
    for seed in SEEDS:
        found = fitted(seed).discriminations_
        assert found.loc["feedback", ["estimate", "se"]].tolist() == [1.0, 0.0]
        assert found["n"].tolist() == [1200, 800, 800]
        for source, a in PLANTED[1:]:
            one = found.loc[source]
            surprise.append((np.log(one["estimate"]) - np.log(a)) / (one["se"] / one["estimate"]))
    assert np.abs(surprise).max() < 2.6
    assert np.sqrt(np.mean(np.square(surprise))) < 1.5


def test_persons_are_judged_better_by_sources_that_are_taken_for_what_they_are() -> None:
    errors = {True: [], False: []}
    for seed in SEEDS:
        for discrimination, found in errors.items():
            persons = fitted(seed, discrimination).persons_
            away = persons["estimate"] - drawn(seed).theta
            away -= away.mean()
            found.append(np.sqrt((away**2).mean()))
            assert 0.82 < (away.abs() < 1.645 * persons["sd"]).mean() < 0.96
    assert np.mean(errors[True]) < np.mean(errors[False])


def test_where_all_sources_are_alike_the_fit_is_the_one_without_but_for_what_the_prior_leaves_open() -> None:
    on, off = fitted(1, True, ALIKE), fitted(1, False, ALIKE)
    found = on.discriminations_.loc[["interview", "panel"]]
    assert (np.abs(np.log(found["estimate"])) < 2.2 * found["se"] / found["estimate"]).all()
    assert np.corrcoef(on.persons_["estimate"], off.persons_["estimate"])[0, 1] > 0.998
    assert on.persons_["sd"].mean() == pytest.approx(off.persons_["sd"].mean(), rel=0.1)


def test_a_prior_that_leaves_nothing_open_gives_the_fit_without() -> None:
    ratings = drawn(1, persons=120).ratings
    held = FacetsModel(discrimination=True, discrimination_sd=1e-5).fit(ratings)
    off = FacetsModel().fit(ratings)
    pd.testing.assert_frame_equal(held.persons_, off.persons_, atol=2e-3, rtol=2e-3)
    np.testing.assert_allclose(held.discriminations_["estimate"], 1.0, atol=1e-4)


def settled(problem: Problem, variances: Variances, facets: Facets) -> tuple[float, np.ndarray]:
    """Log evidence and its gradient with the facets held and all sites matched."""
    nothing = np.zeros(problem.layout.cells)
    posterior = condition(problem.layout, variances, nothing, nothing)
    sites = Site(posterior.predictor, posterior.predictor_variance, nothing, nothing)
    for _ in range(25):
        found = expand(problem.incidence, facets, sites, nodes=21)
        evidence = found.log_evidence + log_evidence(
            problem.layout, variances, posterior, sites.precision, sites.natural
        )
        posterior = condition(problem.layout, variances, found.precision, found.natural)
        sites = Site(posterior.predictor, posterior.predictor_variance, found.precision, found.natural)
    return evidence, found.gradient


def test_the_gradient_is_that_of_the_marginal_likelihood() -> None:
    ratings = drawn(5, persons=60).ratings
    priors = Priors(slopes=True, scales=True)
    design = encode(ratings, partial_credit=False)
    variances = Variances(np.array([1.2]), 0.5, 0.6, 0.5, 0.0, 0.6, 0.5, 1.0, scale=0.25)
    problem = facet_problem(design, priors)
    rng = np.random.default_rng(0)
    facets = start_facets(design, priors)
    assert len(facets.log_slope) == 2
    facets = facets.moved(facets.vector() + rng.normal(0.0, 0.3, len(facets.vector())))
    gradient = settled(problem, variances, facets)[1]
    others = rng.choice(facets.scale_places.start, 2, replace=False).tolist()
    places = [*range(facets.slope_places.start, facets.slope_places.stop), facets.scale_places.start, *others]
    for place in places:
        aside = np.zeros(len(gradient))
        aside[place] = 1e-3
        above, below = (settled(problem, variances, facets.moved(facets.vector() + sign * aside)) for sign in (1, -1))
        assert (above[0] - below[0]) / 2e-3 == pytest.approx(gradient[place], rel=2e-3, abs=5e-3)


def penalised(model: FacetsModel, ratings: pd.DataFrame, facets: Facets) -> float:
    """Log marginal likelihood by plain quadrature less the penalty of log a; without halo."""
    nodes = np.linspace(-8.0, 8.0, 161)
    rows = encode(ratings, partial_credit=False).rows
    responses = facets.responses(rows)
    eta = responses.eta(model.standard_deviations_["theta"] * nodes[:, None] * np.ones(len(rows)))
    logits = np.arange(5)[:, None, None] * eta - responses.cumulative[:, None, :]
    value = logits[rows.score, :, np.arange(len(rows))] - np.log(np.exp(logits).sum(axis=0)).T
    whole = np.exp(pd.DataFrame(value).groupby(rows.person).sum().to_numpy()) @ np.exp(-0.5 * nodes**2)
    return float(np.log(whole).sum() - (facets.log_slope**2).sum() / (2 * 0.25**2))


def test_with_fixed_severities_estimate_and_curvature_are_those_of_the_penalised_marginal_likelihood() -> None:
    ratings = drawn(4, persons=100).ratings
    ratings["rater"] = ratings["source"] + ratings["rater"].str[-1]
    model = FacetsModel(severity="fixed", halo=False, discrimination=True).fit(ratings)
    facets = model.fitted_.solution.facets
    vector, inverse = facets.vector(), np.linalg.pinv(model.facet_covariance_)
    middle = penalised(model, ratings, facets)
    for place in range(facets.slope_places.start, facets.slope_places.stop):
        aside = np.zeros(len(vector))
        aside[place] = 1e-2
        above, below = (penalised(model, ratings, facets.moved(vector + sign * aside)) for sign in (1, -1))
        assert (above - below) / 2e-2 == pytest.approx(0.0, abs=0.05)
        assert -(above - 2 * middle + below) == pytest.approx(aside @ inverse @ aside, rel=0.05)


def test_what_a_rating_says_twice_is_what_its_double_weight_says() -> None:
    ratings = drawn(1, persons=70).ratings
    twice = pd.concat([ratings, ratings[ratings["source"] == "panel"]], ignore_index=True)
    heavy = ratings.assign(weight=np.where(ratings["source"] == "panel", 2.0, 1.0))
    one, other = (
        FacetsModel(discrimination=True, reference_source="feedback", tolerance=1e-6).fit(table)
        for table in (twice, heavy)
    )
    columns = ["estimate", "se"]
    pd.testing.assert_frame_equal(one.discriminations_[columns], other.discriminations_[columns], atol=1e-4)
    pd.testing.assert_frame_equal(one.persons_[["estimate", "sd"]], other.persons_[["estimate", "sd"]], atol=1e-4)


def test_another_order_of_rows_gives_the_same_fit_to_the_last_byte() -> None:
    ratings = drawn(1, persons=70).ratings
    one, other = (
        FacetsModel(discrimination=True).fit(table) for table in (ratings, ratings.sample(frac=1.0, random_state=1))
    )
    pd.testing.assert_frame_equal(one.discriminations_, other.discriminations_, check_exact=True)
    pd.testing.assert_frame_equal(one.persons_, other.persons_, check_exact=True)


def test_a_source_of_two_hundred_ratings_or_fewer_keeps_one() -> None:
    ratings = drawn(1).ratings
    panel = ratings["source"] == "panel"
    for count, free in ((200, False), (201, True)):
        few = pd.concat([ratings[~panel], ratings[panel].head(count)])
        found = FacetsModel(discrimination=True).fit(few).discriminations_.loc["panel"]
        assert found["n"] == count
        assert (found["se"] > 0) == free
        assert (found["estimate"] != 1.0) == free


def test_floors_do_not_count_towards_the_two_hundred() -> None:
    ratings = drawn(1, persons=70).ratings
    panel = ratings["source"] == "panel"
    floors = ratings.assign(at_least=panel & (np.arange(len(ratings)) >= np.flatnonzero(panel)[150]))
    design = encode(floors, partial_credit=False)
    assert design.vocabulary.sources[free_sources(design)].tolist() == ["interview"]


def test_the_reference_is_the_source_with_most_human_ratings_unless_another_is_named() -> None:
    ratings = drawn(1).ratings
    design = encode(ratings, partial_credit=False)
    assert design.vocabulary.sources[reference_source(design)] == "feedback"
    machine = ratings.assign(rater_class=np.where(ratings["source"] == "feedback", "machine", "human"))
    tied = encode(machine, partial_credit=False)
    assert tied.vocabulary.sources[reference_source(tied)] == "interview"
    assert tied.vocabulary.sources[free_sources(tied)].tolist() == ["feedback", "panel"]
    named = FacetsModel(discrimination=True, reference_source="panel").fit(ratings)
    assert named.discriminations_.loc["panel", "estimate"] == 1.0
    ratio = named.discriminations_.loc["interview", "estimate"] / named.discriminations_.loc["feedback", "estimate"]
    assert ratio == pytest.approx(fitted(1).discriminations_.loc["interview", "estimate"], rel=0.1)


def test_cuts_lie_where_half_of_the_marks_reach_the_level() -> None:
    model = fitted(1)
    words, facets = model.fitted_.design.vocabulary, model.fitted_.solution.facets
    for source, _ in PLANTED:
        item = f"{source}.0"
        cuts = rating_cuts(model, [item], source=source)
        rows = pd.DataFrame({"person": 0, "item": item, "rater": "nobody", "source": source}, index=range(1))
        place = facets.eta(cuts.cut - facets.mean, repeated(model, rows.assign(score=0, categories=5, lowest=0)))
        tau = facets.steps[words.item_format[item][0]]
        for cut, eta in enumerate(place):
            chance = np.exp(np.append(0.0, np.cumsum(eta - tau)))
            assert chance[cut + 1 :].sum() / chance.sum() == pytest.approx(0.5, abs=1e-9)


def repeated(model: FacetsModel, row: pd.DataFrame) -> Rows:
    """The row four times, encoded."""
    rows = encode_known(row, model.fitted_.design.vocabulary)
    return rows.take(np.zeros(4, dtype=np.int64))


def test_the_derivative_of_a_cut_by_the_facets_is_the_difference_it_makes() -> None:
    model = fitted(1)
    solution = model.fitted_.solution
    code = model.fitted_.design.vocabulary.item_format["interview.1"][0]
    place, slope = threshold_place(model, "interview.1", code, 4, THURSTONIAN)
    vector = solution.facets.vector()
    for at in np.flatnonzero(slope):
        aside = np.zeros(len(vector))
        aside[at] = 1e-5
        moved = FacetsModel(discrimination=True)
        moved.facet_covariance_ = model.facet_covariance_
        moved.fitted_ = replace_facets(model, solution.facets.moved(vector + aside))
        assert (threshold_place(moved, "interview.1", code, 4, THURSTONIAN)[0] - place) / 1e-5 == pytest.approx(
            slope[at], abs=1e-4
        )


def replace_facets(model: FacetsModel, facets: Facets) -> Fitted:
    return Fitted(model.design_, replace(model.fitted_.solution, facets=facets), model.fitted_.share)


def test_predictions_replacements_removals_and_expectations_of_others_use_it() -> None:
    model, ratings = fitted(1), drawn(1).ratings
    for source, _ in PLANTED:
        rows = ratings[ratings["source"] == source]
        seen = foreseen(model, rows)
        assert (seen.residual**2 / seen.variance).mean() == pytest.approx(1.0, abs=0.12)
        stranger = rows[rows["person"] == 3].head(1).assign(rater="nobody")
        assert model.predict_proba(stranger).to_numpy()[0] == pytest.approx(chances(model, stranger), abs=1e-4)
    own = ratings[ratings["person"] == 3]
    assert model.posterior(3, replace=own).mean == pytest.approx(model.posterior(3).mean, abs=1e-6)
    without = model.posterior(3, without={"source": "interview"})
    assert without.held_sd[0] > model.posterior(3).held_sd[0]
    table = model.raters_
    of = table.index.str.split().str[0]
    assert table.groupby(of)["infit"].mean().between(0.6, 1.15).all()


def chances(model: FacetsModel, row: pd.DataFrame) -> np.ndarray:
    """Of a rater whom nothing is known of, by plain quadrature."""
    person, facets, spread = model.posterior(3), model.fitted_.solution.facets, model.standard_deviations_
    item, source = row["item"].iloc[0], row["source"].iloc[0]
    variance = person.sd[0] ** 2 + spread["halo"] ** 2 + spread["severity"] ** 2
    nodes = np.linspace(-8.0, 8.0, 401)
    theta = person.mean[0] - model.items_.loc[item, "estimate"] + np.sqrt(variance) * nodes
    steps = facets.steps[model.fitted_.design.vocabulary.item_format[item][0]]
    eta = model.discriminations_.loc[source, "estimate"] * theta[:, None] - steps
    chance = np.exp(np.column_stack([np.zeros(len(nodes)), np.cumsum(eta, axis=1)]))
    chance /= chance.sum(axis=1, keepdims=True)
    return np.average(chance, axis=0, weights=np.exp(-0.5 * nodes**2))


def test_a_warm_start_ends_where_a_cold_one_does() -> None:
    ratings = drawn(1, persons=120).ratings
    model = FacetsModel(discrimination=True, tolerance=1e-6, warm_start=True)
    warm = model.fit(ratings[ratings["person"] < 110]).fit(ratings).discriminations_
    cold = FacetsModel(discrimination=True, tolerance=1e-6).fit(ratings).discriminations_
    pd.testing.assert_frame_equal(warm, cold, atol=1e-4, rtol=1e-4)


def test_what_cannot_be_compared_is_refused() -> None:
    ratings = drawn(1, persons=60).ratings
    with pytest.raises(RatingError, match="no column 'source'"):
        FacetsModel(discrimination=True).fit(ratings.drop(columns="source"))
    with pytest.raises(RatingError, match="unknown source 'rumour'"):
        FacetsModel(discrimination=True, reference_source="rumour").fit(ratings)
    with pytest.raises(ValueError, match="discrimination=True needs the prior"):
        FacetsModel(discrimination=True, method="joint").fit(ratings)
    with pytest.raises(RatingError, match="is rated in several sources"):
        FacetsModel("partial_credit", discrimination=True).fit(ratings.assign(item=ratings["item"].str[-1]))
