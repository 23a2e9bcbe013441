"""Absence is not evidence: contract test 2.

With facets held, removing ratings never lowers a posterior SD; having had no opportunity never lowers a level.
"""

from dataclasses import replace
from datetime import date, timedelta
from functools import lru_cache
from random import Random

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from db.records import Absence, Kind
from inference.engine import infer
from inference.fitting import measurement_model
from inference.observations import observe
from tests.contract.department import AS_OF, Department, department
from tests.contract.forge import on_a_forge
from tests.contract.frames import frames_of
from tests.contract.standard import small_standard

RELATIVE = 1e-9
some = settings(max_examples=5, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
many = settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))


@lru_cache(maxsize=8)
def fitted(seed, raters=4):
    """(department, observations, model) of one department."""
    made = department(seed, raters=raters, interviewers=seed % 3)
    observations = observe(small_standard(), frames_of(made), as_of=AS_OF).observations
    return made, observations, measurement_model().fit(observations)


def removals(seed, person, share, by):
    """Rows of one person to leave out: single ratings, or all of some raters, sources, items or skills."""
    _, observations, _ = fitted(seed)
    chance = Random(f"{seed} {person} {share} {by}")
    mine = (observations["person"] == person).to_numpy()
    if by == "rating":
        drawn = np.array([chance.random() < share for _ in range(len(observations))])
    else:
        names = sorted(observations.loc[mine, by].unique())
        drawn = observations[by].isin([name for name in names if chance.random() < share]).to_numpy()
    return mine & drawn


def check_removal(seed, person, share, by):
    _, _, model = fitted(seed)
    gone = removals(seed, person, share, by)
    whole, less = model.posterior(person), model.posterior(person, without=gone)
    assert (np.asarray(less.sd) >= np.asarray(whole.sd) * (1 - RELATIVE)).all()


removed = given(
    seed=st.integers(0, 2),
    person=st.integers(0, 8).map(lambda number: f"p{number:02d}"),
    share=st.sampled_from([0.02, 0.1, 0.3, 0.6, 0.9, 1.0]),
    by=st.sampled_from(["rating", "rater", "source", "item", "skill"]),
)


@settings(some, max_examples=40)
@removed
def test_removing_ratings_never_lowers_a_posterior_sd(seed, person, share, by):
    check_removal(seed, person, share, by)


@pytest.mark.long
@settings(many, max_examples=1500)
@removed
def test_removing_ratings_never_lowers_a_posterior_sd_in_many_cases(seed, person, share, by):
    check_removal(seed, person, share, by)


@pytest.mark.parametrize("by", ["rater", "source"])
def test_leaving_one_out_never_lowers_a_posterior_sd(by):
    _, _, model = fitted(0)
    whole, less = model.posteriors(), model.leave_one_out(by)
    place = {person: row for row, person in enumerate(whole.keys["person"])}
    rows = [place[person] for person in less.keys["person"]]
    assert (less.sd >= whole.sd[rows] * (1 - RELATIVE)).all()


def test_without_any_rating_the_population_is_left():
    _, observations, model = fitted(1)
    nothing = model.posterior("p03", without=(observations["person"] == "p03").to_numpy())
    assert np.allclose(nothing.mean, model.theta_mean_, atol=1e-6)


# -- opportunity ---------------------------------------------------------------------------------------------


def idle(made: Department, person: str, since: int) -> Department:
    """Without the person's work and reviews in the last `since` months."""
    identity = made.member(person).git
    first = AS_OF - timedelta(days=30.4375 * since)
    return replace(
        made,
        sources={
            name: tuple(
                one
                for one in held
                if not (name.startswith("git/") and one.occurred_at > first)
                or identity not in {part.identity for part in one.participations}
            )
            for name, held in made.sources.items()
        },
    )


def away(made: Department, person: str, since: int) -> Department:
    """The same, with the person on leave for those months."""
    first = (AS_OF - timedelta(days=30.4375 * since)).date()
    return replace(made, absences=(*made.absences, Absence(person, first, date(2026, 7, 31))))


def hired_late(made: Department, person: str, since: int) -> Department:
    """The same, with the person not yet employed before those months."""
    day = (AS_OF - timedelta(days=30.4375 * (24 - since))).date()
    return made.with_member(replace(made.member(person), hired_on=day))


def outsider(made: Department, person: str, since: int) -> Department:
    """The same, with the person in a team of their own, which reaches no repository but their own."""
    return made.with_member(replace(made.member(person), team="elsewhere"))


LACKS = {one.__name__: one for one in (away, hired_late, outsider)}
lacking = given(
    lack=st.sampled_from(sorted(LACKS)),
    seed=st.integers(0, 3),
    person=st.integers(0, 8).map(lambda number: f"p{number:02d}"),
    since=st.integers(4, 23),
)


def with_and_without(lack, seed, person, since):
    """(department with opportunity, the same work without it)."""
    made = idle(department(seed, raters=2, interviewers=0), person, 24 if lack == "outsider" else since)
    return made, LACKS[lack](made, person, since)


def check_opportunity(lack, seed, person, since):
    """Facets held at those of the department with opportunity."""
    had, lacked = with_and_without(lack, seed, person, since)
    before = observe(small_standard(), frames_of(had), as_of=AS_OF).observations
    after = observe(small_standard(), frames_of(lacked), as_of=AS_OF).observations
    model = measurement_model().fit(before)
    mine = (before["person"] == person).to_numpy()
    with_it = model.posterior(person)
    own = after[after["person"] == person]
    without = model.posterior(person, without=mine, replace=own) if len(own) else model.posterior(person, without=mine)
    for skill in with_it.skills:
        assert marginal(without, skill) >= marginal(with_it, skill) - 1e-6


def marginal(posterior, skill):
    return float(posterior.mean[list(posterior.skills).index(skill)])


@some
@lacking
def test_missing_opportunity_never_lowers_theta_with_facets_held(lack, seed, person, since):
    check_opportunity(lack, seed, person, since)


@pytest.mark.long
@many
@lacking
def test_missing_opportunity_never_lowers_theta_in_many_cases(lack, seed, person, since):
    check_opportunity(lack, seed, person, since)


@pytest.mark.parametrize(("lack", "seed", "person", "since"), [("away", 0, "p05", 14), ("outsider", 1, "p07", 20)])
def test_missing_opportunity_never_lowers_a_level_in_the_whole_pipeline(standard, lack, seed, person, since):
    had, lacked = with_and_without(lack, seed, person, since)
    levels = []
    for made in (had, lacked):
        found = infer(standard, frames_of(made), as_of=AS_OF).assessments
        levels.append(
            {one.skill: float(np.dot(one.probabilities, range(1, 6))) for one in found if one.person == person}
        )
    assert all(levels[1][skill] >= levels[0][skill] for skill in levels[0])


def test_what_there_was_no_opportunity_for_is_marked_not_observed(standard):
    had, lacked = with_and_without("away", 0, "p05", 20)
    unseen = []
    for made in (had, lacked):
        criteria = observe(standard, frames_of(made), as_of=AS_OF).grading.evaluation.criteria
        mine = criteria[(criteria["person"] == "p05") & (criteria["outcome"] == "not observed")]
        unseen.append(set(mine["criterion"]))
    assert unseen[0] < unseen[1]


# -- files that nobody knows ---------------------------------------------------------------------------------


def without_mirror(made: Department) -> Department:
    """The department reviewed on a forge, as it is collected without a mirror clone: change requests alone, their files unknown."""
    held = {
        name: tuple(
            replace(one, paths=(), measures={**one.measures, "files": 2, "commits": None})
            if one.kind is Kind.CHANGE_REQUEST
            else one
            for one in shown
            if one.kind is not Kind.COMMIT
        )
        for name, shown in made.sources.items()
    }
    return replace(made, sources=held)


@lru_cache(maxsize=1)
def unseen():
    return without_mirror(on_a_forge(department(0, raters=2, interviewers=0)))


BY_PATH = ("ml-pipelines", "model-training", "technical-docs")
"""Skills told by files."""


def test_work_of_which_nobody_knows_the_files_is_not_observed_and_never_not_met():
    criteria = observe(small_standard(), frames_of(unseen()), as_of=AS_OF).grading.evaluation.criteria
    judged = criteria[criteria["measure"].notna() & criteria["skill"].isin(BY_PATH)]
    assert set(judged["outcome"]) == {"not observed"}
    assert judged["reason"].str.contains("which files their changes touched is not known").all()


def test_change_requests_of_unknown_files_never_lower_a_skill_told_by_files():
    """Against the same department with no work collected at all, facets held."""
    absent = replace(
        unseen(), sources={name: held for name, held in unseen().sources.items() if not name.startswith("git/")}
    )
    before, after = (
        observe(small_standard(), frames_of(made), as_of=AS_OF).observations for made in (absent, unseen())
    )
    model = measurement_model().fit(before)
    for person in (one.key for one in unseen().people):
        mine = (before["person"] == person).to_numpy()
        own = after[(after["person"] == person) & after["skill"].isin(BY_PATH)]
        others = before[(before["person"] == person) & ~before["skill"].isin(BY_PATH)]
        posterior = model.posterior(person, without=mine, replace=pd.concat([own, others], ignore_index=True))
        for skill in BY_PATH:
            assert marginal(posterior, skill) >= marginal(model.posterior(person), skill) - 1e-6
