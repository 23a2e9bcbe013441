"""What a result is without one quarter of its evidence."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pandas as pd

import rubrics
from db.records import Assessment, RestsOn, State
from inference.activity_items import SCALE
from inference.engine import infer
from inference.fitting import Fit, fit
from inference.frames import Frames
from inference.quarters import lessened
from inference.recency import quarter_of
from inference.sensitivity import variants_of
from models.facets import FacetsModel
from tests.contract.department import AS_OF, department, instant
from tests.contract.frames import frames_of
from tests.contract.standard import small_standard

FEEDBACK, INTERVIEWS = "2026Q2", "2026Q1"


@lru_cache(maxsize=1)
def frames() -> Frames:
    return frames_of(department(0))


@lru_cache(maxsize=1)
def fitted() -> tuple[Fit, FacetsModel, pd.DataFrame]:
    found = fit(small_standard(), frames(), as_of=AS_OF)
    assert found.model is not None
    return found, found.model, lessened(small_standard(), found.observed, as_of=AS_OF)


@lru_cache(maxsize=1)
def assessed() -> tuple[Assessment, ...]:
    return infer(small_standard(), frames(), as_of=AS_OF).assessments


def by_quarter(one: Assessment) -> dict[str, RestsOn]:
    return {entry.dropped: entry for entry in one.rests_on if entry.dropped_kind == "quarter"}


def test_without_a_quarter_its_ratings_are_gone_and_grades_are_what_the_other_work_earns_at_least() -> None:
    _, model, rows = fitted()
    everyone = variants_of(model, rows)["quarter"]
    keys = list(everyone.keys.itertuples(index=False, name=None))
    for person, quarter in [("p04", FEEDBACK), ("p07", INTERVIEWS), ("p08", "2025Q3")]:
        own = rows[(rows["person"] == person) & (rows["quarter"] == quarter)]
        observations = fitted()[0].observed.observations
        gone = np.isin(np.arange(len(observations)), own["rating"])
        floors = observations.loc[own["rating"]].assign(score=own["at_least"].to_numpy(), at_least=True)
        floors = floors[floors["score"] > 0]
        apart = model.posterior(person, without=gone, replace=floors)
        np.testing.assert_allclose(everyone.mean[keys.index((person, quarter))], apart.mean, atol=1e-6)


def test_a_grade_is_judged_again_on_the_work_of_all_other_quarters() -> None:
    found, _, rows = fitted()
    observed = found.observed
    shown = observed.observations[observed.observations["rater_class"] == "machine"]
    for quarter, first, last in [("2025Q4", 10, 12), ("2026Q1", 1, 3)]:
        work = observed.grading.work
        month, year = work["month"] % 12 + 1, work["month"] // 12
        kept = work[(year != int(quarter[:4])) | ~month.between(first, last)]
        items = rubrics.evaluate(small_standard(), kept, observed.grading.opportunity, as_of=AS_OF).items
        again = items.set_index(["person", "item"])["category"]
        taken = rows[(rows["quarter"] == quarter) & (rows["rater_class"] == "machine")].set_index("rating")["at_least"]
        assert len(taken)
        for place, row in shown.iterrows():
            assert taken.get(place, row["score"]) == again[row["person"], row["item"]]


def test_work_of_one_quarter_left_out_never_counts_as_work_not_done() -> None:
    """The grade becomes a floor: nobody falls because of what is not looked at."""
    _, _, rows = fitted()
    observations = fitted()[0].observed.observations
    machine = rows[rows["rater_class"] == "machine"]
    assert (machine["at_least"].to_numpy() < observations.loc[machine["rating"], "score"].to_numpy()).all()
    assert (rows.loc[rows["rater_class"] == "human", "at_least"] == 0).all()


def test_nobody_is_surer_with_a_quarter_less() -> None:
    _, model, rows = fitted()
    whole, variants = model.posteriors(), variants_of(model, rows)["quarter"]
    at = pd.Index(whole.keys["person"]).get_indexer(pd.Index(variants.keys["person"]))
    assert (variants.sd >= whole.sd[at] - 1e-12).all()


def test_each_result_tells_of_how_many_people_of_a_relation_a_quarter_takes_something() -> None:
    for one in assessed():
        quarters = by_quarter(one)
        spoke = {FEEDBACK: 5, INTERVIEWS: 3}
        for name, entry in quarters.items():
            assert entry.left_out is not None
            assert entry.remaining is not None
            assert sum(entry.left_out.values()) == spoke.get(name, 0)
            if name not in spoke:
                assert entry.remaining == one.raters_by_relation
    assert by_quarter(assessed()[0])[FEEDBACK].left_out == {"interviewer": 1, "peer": 4}
    assert by_quarter(assessed()[0])[FEEDBACK].remaining == {"interviewer": 3}


def test_who_spoke_in_another_quarter_too_stays() -> None:
    both = [one for one in assessed() if one.human_raters < 8]
    assert both
    for one in both:
        entry = by_quarter(one)[FEEDBACK]
        assert sum((entry.remaining or {}).values()) == 3
        assert sum((entry.left_out or {}).values()) == 5


def test_resting_on_one_round_of_ratings_takes_no_confidence_away() -> None:
    """Ratings come in rounds: that a round cannot be spared is not that one rater or source cannot."""
    made = department(0)
    interviews = (replace(one, occurred_at=instant(2, 5)) for one in made.sources["scorecards/hiring"])
    found = infer(small_standard(), frames_of(made.with_source("scorecards/hiring", interviews)), as_of=AS_OF)
    sure = [one for one in found.assessments if one.high_confidence]
    assert sure
    assert {by_quarter(one)[FEEDBACK].state for one in sure} == {State.INSUFFICIENT}


def test_what_the_activity_classifier_says_is_gone_without_any_quarter_of_the_work_it_read() -> None:
    observed = fitted()[0].observed
    machine = observed.observations[observed.observations["rater_class"] == "machine"]
    learned = machine.iloc[[0]].assign(item="x/activity", scale=SCALE)
    rows = lessened(small_standard(), replace(observed, observations=learned.reset_index(drop=True)), as_of=AS_OF)
    work = observed.grading.work
    own = work[(work["person"] == learned["person"].iloc[0]) & (work["skill"] == learned["skill"].iloc[0])]
    assert rows["quarter"].tolist() == sorted(set(quarter_of(own["occurred_at"])))
    assert (rows["at_least"] == 0).all()


def test_where_nothing_was_observed_no_quarter_takes_anything() -> None:
    observed = fitted()[0].observed
    nothing = replace(observed, observations=observed.observations.iloc[:0])
    assert lessened(small_standard(), nothing, as_of=AS_OF).empty
