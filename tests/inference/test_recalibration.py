"""Committees' decisions as labels: what predicts them, what is learned, and what no decision may touch."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from db.records import Decision, ModelVersion
from inference.decided import cutoff_before, decided_levels, double_panelled, without_decisions
from inference.engine import infer
from inference.fitting import fit
from inference.learning import learn
from inference.levels import PROBABILITIES
from inference.recalibration import FOLDS, LevelRecalibration, fold_of, learn_recalibration
from models.decisions import ranked_probability_score
from tests.calibrant.deciding import SKILLS, committees, decision, frames_over_time, two_skills
from tests.contract.department import AS_OF, instant, rating
from tests.contract.frames import frames_of


def learned_from(made, **given):
    return learn(two_skills(), frames_over_time(made), as_of=AS_OF, **given)


@pytest.fixture(scope="module")
def made():
    """52 of 55 people decided on by lenient committees."""
    return committees(55, 52, lenient=0.8, raters=3)


@pytest.fixture(scope="module")
def few():
    """10 of 14 people decided on."""
    return committees(14, 10)


@pytest.fixture(scope="module")
def learned_few(few):
    return learned_from(few)


@pytest.fixture(scope="module")
def learned(made):
    return learned_from(made)


def redecided(made, key, level):
    """The same department, with other decisions about one person."""
    changed = []
    for one in made.sources["table/decisions"]:
        about = any(part.identity.key == key for part in one.participations)
        changed.append(replace(one, measures={**one.measures, "level": level}) if about else one)
    return made.with_source("table/decisions", changed)


def version(learned, **more):
    coefficients = {"format": 1, "recalibration": learned.recalibration.as_mapping(), **more}
    return ModelVersion("facets/2", two_skills().hash, AS_OF, AS_OF, coefficients, hash="ab" * 32)


# -- labels --------------------------------------------------------------------------------------------------


def test_the_cutoff_lies_before_the_quarter_of_the_decision():
    moments = pd.Series(pd.to_datetime(["2026-04-01T00:00:00", "2026-06-30T23:59:59"], utc=True))
    for moment, cutoff in zip(moments, cutoff_before(moments), strict=True):
        assert cutoff < moment
        assert cutoff.isoformat() == "2026-03-31T23:59:59.999999+00:00"


def test_a_decision_in_the_ledger_and_in_a_table_counts_once(made):
    frames = frames_of(made)
    once = decided_levels(two_skills(), frames)
    row = once.iloc[0]
    same = Decision(
        row["person"],
        row["decided_at"].to_pydatetime(),
        row["panel"],
        "confirmed",
        skill=row["skill"],
        level=int(row["level"]),
    )
    other = replace(same, decided_by="another panel")
    whole = replace(same, skill=None, level=None)
    assert len(decided_levels(two_skills(), frames, [same, whole])) == len(once)
    assert len(decided_levels(two_skills(), frames, [same, other])) == len(once) + 1


def test_cases_without_a_level_and_contested_decisions_are_no_labels(made):
    member = made.people[0]
    blank = decision("blank", member, SKILLS[0], None, instant(1))
    contested = decision("contested", member, SKILLS[0], 3, instant(1))
    frames = frames_of(made.with_source("table/decisions", [blank, contested]))
    assert len(decided_levels(two_skills(), frames)) == 1
    assert decided_levels(two_skills(), replace(frames, contested=frozenset({"v decision/contested"}))).empty


def test_two_panels_on_one_case_are_a_pair_only_if_neither_saw_an_estimate(made):
    member = made.people[0]
    first = decision("one", member, SKILLS[0], 3, instant(4, 5), panel="panel-a")
    second = decision("two", member, SKILLS[0], 4, instant(3, 5), panel="panel-b")
    again = decision("three", member, SKILLS[0], 5, instant(2, 5), panel="panel-b")
    frames = frames_of(made.with_source("table/decisions", [first, second, again]))
    pairs = double_panelled(decided_levels(two_skills(), frames))
    assert pairs[["first", "second"]].to_numpy().tolist() == [[3, 4]]
    seen = replace(second, measures={**second.measures, "saw_estimate": True})
    frames = frames_of(made.with_source("table/decisions", [first, seen]))
    assert double_panelled(decided_levels(two_skills(), frames)).empty


# -- predictions ---------------------------------------------------------------------------------------------


def test_no_decision_plays_a_part_in_any_prediction(few, learned_few):
    other = learned_from(redecided(few, learned_few.labelled["key"].iloc[-1], 1))
    columns = ["person", "skill", *PROBABILITIES, "theta", "sd"]
    pd.testing.assert_frame_equal(other.today[columns], learned_few.today[columns])
    pd.testing.assert_frame_equal(other.labelled[columns], learned_few.labelled[columns])
    assert not other.current[PROBABILITIES].equals(learned_few.current[PROBABILITIES])


def test_nothing_that_happened_after_the_quarter_began_predicts_its_decisions(few, learned_few):
    late = [
        rating(f"late {one.key}", few.people[(n + 1) % 14].hr, one.hr, SKILLS[0], 5, at=instant(5, 2))
        for n, one in enumerate(few.people)
    ]
    later = learned_from(few.adding("feedback360/2026", late))
    columns = ["person", "skill", "cutoff", *PROBABILITIES]
    held, before = (
        one.labelled.loc[one.labelled["decided_at"] < pd.Timestamp("2026-04-01", tz=UTC), columns].reset_index(
            drop=True
        )
        for one in (later, learned_few)
    )
    assert len(before) == 10
    pd.testing.assert_frame_equal(held, before)
    assert not later.today[PROBABILITIES].equals(learned_few.today[PROBABILITIES])


def test_frames_without_decisions_hold_no_trace_of_them(made):
    frames = without_decisions(frames_of(made))
    assert set(frames.evidence["kind"]) == {"rating"}
    assert set(frames.participations["evidence"]) <= set(frames.evidence["evidence"])
    assert not set(frames.participations["provider"]) & {"panel"}


def test_decisions_taken_with_an_estimate_in_sight_are_kept_apart(few, learned_few):
    held = few.sources["table/decisions"]
    seen = [replace(one, measures={**one.measures, "saw_estimate": True}) for one in held]
    apart = learned_from(few.with_source("table/decisions", [*seen[:6], *held[6:]]))
    assert len(apart.apart) == 6
    assert len(apart.labelled) == len(learned_few.labelled) - 6
    assert not apart.labelled["saw_estimate"].any()


def test_decisions_after_the_moment_teach_nothing(few):
    early = learn(two_skills(), frames_over_time(few), as_of=datetime(2026, 3, 31, tzinfo=UTC))
    assert early.labelled["decided_at"].max() < pd.Timestamp("2026-03-31", tz=UTC)
    told = Decision("p00", AS_OF + timedelta(days=1), "panel", "confirmed", skill=SKILLS[0], level=3)
    nothing = learned_from(few.with_source("table/decisions", []), recorded=[told])
    assert (len(nothing.decided), len(nothing.labelled), nothing.selection.labelled) == (0, 0, 0)


# -- recalibration -------------------------------------------------------------------------------------------


def test_a_persons_own_decisions_cannot_touch_their_recalibration(made, learned):
    key = learned.labelled["key"].iloc[0]
    fold = fold_of(key)
    held = learned.labelled.assign(level=np.where(learned.labelled["key"] == key, 1, learned.labelled["level"]))
    other = learn_recalibration(held)
    assert other.folds[fold] == learned.recalibration.folds[fold]
    assert all(other.folds[n] != learned.recalibration.folds[n] for n in range(FOLDS) if n != fold)


def test_a_persons_own_decisions_change_nothing_in_an_assessment_through_the_model_version(made, learned):
    key = learned.labelled["key"].iloc[0]
    level = learned.labelled["level"].where(learned.labelled["key"] != key, 1)
    other = replace(learned, recalibration=learn_recalibration(learned.labelled.assign(level=level)))
    frames = without_decisions(frames_of(made))
    one, two = (infer(two_skills(), replace(frames, model=version(held)), as_of=AS_OF) for held in (learned, other))
    own = [n for n, found in enumerate(one.assessments) if found.person == key]
    assert [one.assessments[n] for n in own] == [two.assessments[n] for n in own]
    assert one.assessments != two.assessments


def test_recalibration_follows_lenient_committees_for_people_it_has_not_seen(learned):
    level = learned.labelled["level"].to_numpy()
    raw, served = (
        ranked_probability_score(rows[PROBABILITIES].to_numpy(), level).mean()
        for rows in (learned.labelled, learned.served)
    )
    assert learned.recalibration.folds[0].method == "logit"
    assert served < 0.9 * raw
    means = [(rows[PROBABILITIES].to_numpy() @ np.arange(1, 6)).mean() for rows in (learned.labelled, learned.served)]
    assert means[0] < level.mean() - 0.4
    assert abs(means[1] - level.mean()) < 0.6 * abs(means[0] - level.mean())


def test_recalibration_moves_levels_and_never_theta(made, learned):
    frames = frames_of(made)
    plain, moved = (infer(two_skills(), one, as_of=AS_OF) for one in (frames, replace(frames, model=version(learned))))
    assert moved.posteriors == plain.posteriors
    for one, other in zip(plain.assessments, moved.assessments, strict=True):
        assert (one.theta, one.theta_sd, one.variance_reduction) == (
            other.theta,
            other.theta_sd,
            other.variance_reduction,
        )
        assert one.probabilities != other.probabilities
        assert sum(other.probabilities) == pytest.approx(1.0, abs=1e-7)
        assert other.set_mass == pytest.approx(sum(other.probabilities[other.level_set[0] - 1 : other.level_set[1]]))
    assert moved.details["model"]["hash"] == "ab" * 32
    assert "model" not in plain.details


def test_under_fifty_people_nothing_is_recalibrated(learned, learned_few):
    people = sorted(set(learned.labelled["person"]))
    assert learn_recalibration(learned.labelled[learned.labelled["person"].isin(people[:50])]) is not None
    assert learn_recalibration(learned.labelled[learned.labelled["person"].isin(people[:49])]) is None
    assert learned_few.recalibration is None
    assert learned_few.conformal is None
    pd.testing.assert_frame_equal(learned_few.served, learned_few.labelled)


def test_a_version_without_recalibration_leaves_every_assessment_as_it_is(few):
    frames = frames_of(few)
    bare = ModelVersion("facets/2", "", AS_OF, AS_OF, {"format": 1, "recalibration": None}, hash="cd" * 32)
    plain, other = (infer(two_skills(), one, as_of=AS_OF) for one in (frames, replace(frames, model=bare)))
    assert other.assessments == plain.assessments


def test_coefficients_come_back_from_json_as_they_were(learned):
    again = LevelRecalibration.from_mapping(learned.recalibration.as_mapping())
    assert again == learned.recalibration


def test_decisions_enter_once_where_a_recalibration_learned_from_them(made, learned):
    frames = frames_of(made)
    bare = ModelVersion("facets/2", "", AS_OF, AS_OF, {"format": 1, "recalibration": None}, hash="cd" * 32)
    moved, still = (fit(two_skills(), replace(frames, model=one), as_of=AS_OF) for one in (bare, version(learned)))
    for skill in SKILLS:
        assert moved.cuts[skill].anchored_by == ("decisions",)
        assert still.cuts[skill].anchored_by == ()
        assert (still.cuts[skill].cut > moved.cuts[skill].cut).all()


def test_folds_are_about_even_and_the_same_for_everybody_who_asks():
    sizes = np.bincount([fold_of(f"E{number}") for number in range(1000, 2000)], minlength=FOLDS)
    assert sizes.min() > 150
    assert fold_of("\ud800") == fold_of("\ud800")
