"""Raters made on purpose, through the ordinary observations and fit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from inference.diagnostics import FLAGS, LEAST_MARKS, Diagnostics, diagnose
from inference.drift import decision_cusum, evidence_shift, item_functioning, rater_drift
from inference.fitting import Fit, measurement_model
from inference.levels import Levels
from inference.marks import main_relations, marks
from inference.observations import observe
from inference.roster_groups import RosterGroups, roster_groups
from inference.validity import CrossValidity
from tests.contract.department import AS_OF, department
from tests.contract.frames import frames_of
from tests.contract.standard import small_standard

SEVERE, HALO, ERRATIC, KIND = "h00", "h01", "h02", "h03"
PEOPLE, RATERS = 48, 24


def _marks(seed: int = 4, *, second: bool = False) -> pd.DataFrame:
    """Everybody rated by eight of 24 raters on four skills in one cycle or two; four raters rate in a way of their own."""
    rng = np.random.default_rng(seed)
    theta = rng.normal(2.0, 1.1, (PEOPLE, 1)) + rng.normal(0, 0.5, (PEOPLE, 4))
    rows = []
    for cycle in range(1 + second):
        for person in range(PEOPLE):
            for rater in rng.choice(RATERS, 8, replace=False):
                name, seen = f"h{rater:02d}", theta[person] + rng.normal(0, 0.25) + rng.normal(0, 0.5, 4)
                if name == SEVERE:
                    seen = seen - 1.4
                if name == HALO:
                    seen = np.full(4, theta[person].mean() + rng.normal(0, 0.9))
                if name == ERRATIC:
                    seen = rng.uniform(-0.5, 4.5, 4)
                if name == KIND and person % 3 == rater % 3:
                    seen = seen + 1.6
                if name == "h05" and cycle:
                    seen = seen - 1.5
                at = pd.Timestamp("2025-05-10" if not cycle else "2026-05-10", tz="UTC")
                for skill in range(4):
                    score = int(np.clip(np.rint(seen[skill]), 0, 4))
                    rows.append((f"p{person:02d}", f"s{skill}", name, "peer" if rater else "manager", score, at))
    table = pd.DataFrame(rows, columns=["person", "skill", "rater", "relation", "score", "occurred_at"])
    return table.assign(
        evidence=[f"e{n}" for n in range(len(table))], item="feedback360/" + table["skill"], source="feedback360",
        format="feedback360 1-5 in 5", categories=5, anchored=True, stated_level=table["score"] + 1, saw_estimate=False, is_self=False,
    )  # fmt: skip


def _fit(ratings: pd.DataFrame) -> Fit:
    """A fit of these marks alone."""
    frames = frames_of(department(0))
    empty = observe(small_standard(), replace(frames, evidence=frames.evidence.iloc[:0]), as_of=AS_OF)
    observations = ratings.assign(
        scale=ratings["format"], lowest=0, at_least=False, weight=1.0, rater_class="human"
    ).drop(
        columns=["occurred_at", "format", "is_self", "relation", "evidence", "anchored", "stated_level", "saw_estimate"]
    )
    model = measurement_model().fit(observations)
    observed = replace(empty, observations=observations, ratings=ratings)
    return Fit(observed, model, {}, Levels(None, {}), CrossValidity())


def _groups() -> RosterGroups:
    names = [f"p{n:02d}" for n in range(PEOPLE)] + [f"h{n:02d}" for n in range(RATERS)]
    team = [f"team {int(name[1:]) % 3}" for name in names]
    part = ["part-time" if name[0] == "p" and int(name[1:]) < 6 else None for name in names]
    return RosterGroups(pd.DataFrame({"team": team, "part-time": part}, index=names), ("a note",))


@pytest.fixture(scope="module", name="fit_one")
def _fit_one() -> Fit:
    return _fit(_marks())


@pytest.fixture(scope="module", name="found")
def _found(fit_one: Fit) -> Diagnostics:
    found = diagnose(fit_one, _groups(), rng=np.random.default_rng(0), replicates=100)
    assert found is not None
    return found


def test_raters_with_a_way_of_their_own_are_flagged_for_it(found: Diagnostics) -> None:
    flags = found.raters["flags"]
    assert "severe" in flags[SEVERE]
    assert "halo" in flags[HALO]
    assert "erratic" in flags[ERRATIC]


def test_the_others_are_not(found: Diagnostics) -> None:
    others = found.raters.drop([SEVERE, HALO, ERRATIC, KIND])
    assert (others["flags"].map(len) > 0).sum() <= 2
    assert {flag for held in found.raters["flags"] for flag in held} <= set(FLAGS)


def test_nobody_is_flagged_on_few_marks() -> None:
    table = _marks()
    few = table[(table["rater"] != ERRATIC) | (table.groupby("rater").cumcount() < LEAST_MARKS - 1)]
    found = diagnose(_fit(few), _groups(), rng=np.random.default_rng(0), replicates=30)
    assert found is not None
    assert found.raters.loc[ERRATIC, "marks"] == LEAST_MARKS - 1
    assert found.raters.loc[ERRATIC, "flags"] == ()


def test_severity_is_told_in_marks(found: Diagnostics) -> None:
    row = found.raters.loc[SEVERE]
    assert -1.6 < row["in_marks"] < -0.7
    assert row["fair_average"] < found.raters["fair_average"].drop(SEVERE).min() + 0.1


def test_effects_of_groups_name_what_was_looked_for_and_are_few(found: Diagnostics) -> None:
    kinds = {one.kind for one in found.effects}
    assert kinds == {"own team", "team by team", "part-time by part-time", "relation by part-time"}
    assert sum(one.flagged for one in found.effects) <= 1
    assert found.notes == ("a note",)


def test_marks_for_ones_own_are_found_where_everybody_gives_them() -> None:
    table = _marks(9)
    own = (table["rater"].str[1:].astype(int) % 3 == table["person"].str[1:].astype(int) % 3).to_numpy()
    kind = table.assign(score=np.minimum(table["score"] + own, 4))
    found = diagnose(_fit(kind), _groups(), rng=np.random.default_rng(0), replicates=20)
    assert found is not None
    effect = next(one for one in found.effects if one.kind == "own team")
    assert effect.flagged
    assert effect.estimate is not None
    assert effect.estimate > 0.5


def test_reciprocity_needs_couples_and_raters_who_are_rated(found: Diagnostics) -> None:
    assert found.couples is None


def test_the_linking_is_that_of_the_marks(found: Diagnostics) -> None:
    assert (found.linking.components, found.linking.raters, found.linking.people) == (1, RATERS, PEOPLE)
    assert len(found.linking.boundaries) == 3


def test_the_same_generator_gives_the_same_diagnostics(fit_one: Fit, found: Diagnostics) -> None:
    again = diagnose(fit_one, _groups(), rng=np.random.default_rng(0), replicates=100)
    assert again is not None
    pd.testing.assert_frame_equal(again.raters, found.raters)
    assert again.effects == found.effects


def test_a_rater_who_became_harsher_drifts_and_the_others_do_not() -> None:
    table = rater_drift(_fit(_marks(3, second=True)))
    assert set(zip(table["before"], table["after"], strict=True)) == {("2025Q2", "2026Q2")}
    flagged = set(table.loc[table["flagged"], "rater"])
    assert "h05" in flagged
    assert len(flagged) <= 3
    assert rater_drift(_fit(_marks(3))).empty


def test_an_item_that_is_harder_for_a_team_is_found() -> None:
    """Four questions about one skill: with one a skill, nothing could tell the question from the ability."""
    table = _marks(6)
    slow = (table["skill"] == "s1") & (table["person"].str[1:].astype(int) % 3 == 1)
    plain, biased = (
        _fit(rows.assign(skill="all four"))
        for rows in (table, table.assign(score=np.where(slow, np.maximum(table["score"] - 1, 0), table["score"])))
    )
    assert [one for one in item_functioning(plain, _groups()) if one.flagged] == []
    flagged = [(one.item, one.group, one.estimate < -0.5) for one in item_functioning(biased, _groups()) if one.flagged]
    assert ("feedback360/s1", "team 1", True) in flagged


def test_marks_spread_otherwise_are_noticed_item_by_item() -> None:
    before, after = _marks(1), _marks(2)
    generous = after.assign(score=np.where(after["skill"] == "s2", np.minimum(after["score"] + 2, 4), after["score"]))
    observed = [_fit(rows).observed for rows in (before, generous)]
    moved = {one.item for one in evidence_shift(*observed) if one.stability.moved}
    assert moved == {"feedback360/s2"}


def test_decisions_are_watched_in_the_order_they_were_taken() -> None:
    share = np.tile([0.7, 0.1, 0.1, 0.05, 0.05], (12, 1))
    found = decision_cusum(share, [5] * 6 + [1] * 6, np.arange(12)[::-1])
    assert found["decided_at"].tolist() == list(range(12))
    assert found["sum"].iloc[5] == 0.0
    assert found["signal"].iloc[-1]


def test_a_panel_that_decides_three_skills_of_one_person_is_one_occasion() -> None:
    share = np.tile([0.7, 0.1, 0.1, 0.05, 0.05], (9, 1))
    apart = decision_cusum(share, [5] * 9, np.zeros(9))
    together = decision_cusum(share, [5] * 9, np.zeros(9), ["a"] * 9)
    assert apart["signal"].any()
    assert (len(together), together["decisions"].iloc[0], bool(together["signal"].any())) == (1, 9, False)


def test_marks_and_groups_of_a_real_department() -> None:
    frames = frames_of(department(0))
    observed = observe(small_standard(), frames, as_of=AS_OF)
    given = marks(observed)
    assert not given["rater"].isna().any()
    assert set(given["quarter"]) == {"2026Q1", "2026Q2"}
    assert set(main_relations(given).values()) <= {"peer", "manager", "interviewer"}
    groups = roster_groups(frames, as_of=AS_OF)
    assert groups.names == ("team",)
    assert len(groups.notes) == 2
    part = frames.people.assign(fte=np.where(frames.people.index < 3, 0.5, 1.0), remote=frames.people.index > 5)
    told = roster_groups(replace(frames, people=part), as_of=AS_OF)
    assert told.names == ("team", "part-time", "remote")
    assert told.notes == ()
    assert len(told.of("part-time")) == 3
    assert len(told.of("remote")) == len(part) - 6


@pytest.mark.parametrize(
    ("remote", "fte", "known", "words"),
    [
        ([None, None, None], [1.0, 1.0, 1.0], None, ["does not record who works remotely"]),
        ([False, None, False], [1.0, 1.0, 1.0], None, ["nobody who works remotely"]),
        ([True, False, None], [1.0, 1.0, 1.0], 1, ["does not say it of everybody"]),
        ([True, False, None], [1.0, 1.0, None], 1, []),
    ],
)
def test_who_works_remotely_is_only_what_the_roster_says(
    remote: list[bool | None], fte: list[float | None], known: int | None, words: list[str]
) -> None:
    frames = frames_of(department(0))
    people = frames.people.head(3).assign(remote=pd.array(remote, dtype="boolean"), fte=fte)
    told = roster_groups(replace(frames, people=people), as_of=AS_OF)
    notes = [note for note in told.notes if note.startswith("Remote")]
    assert [word in note for word, note in zip(words, notes, strict=True)] == [True] * len(words)
    assert len(told.of("remote")) == (known or 0)
    assert ("remote" in told.names) == (known is not None)


def test_lower_marks_for_remote_people_by_managers_are_found() -> None:
    table = _marks(11)
    remote = table["person"].str[1:].astype(int) < 20
    others = table["rater"].str[1:].astype(int) % 2 == 0
    table = table.assign(relation=np.where(others, "manager", "peer"))
    lower = table.assign(score=np.maximum(table["score"] - (remote & others), 0))
    names = [f"p{n:02d}" for n in range(PEOPLE)] + [f"h{n:02d}" for n in range(RATERS)]
    column = ["remote" if name[0] == "p" and int(name[1:]) < 20 else None for name in names]
    groups = RosterGroups(pd.DataFrame({"team": None, "remote": column}, index=names, dtype=object), ())
    found = diagnose(_fit(lower), groups, rng=np.random.default_rng(0), replicates=20)
    assert found is not None
    told = {(one.rated_by, one.rated): one for one in found.effects if one.kind == "relation by remote"}
    assert told["manager", "remote"].flagged
    assert told["manager", "remote"].estimate < -0.5


def test_without_marks_there_is_nothing_to_say() -> None:
    frames = frames_of(department(0))
    nobody = observe(small_standard(), replace(frames, evidence=frames.evidence.iloc[:0]), as_of=AS_OF)
    empty = Fit(nobody, None, {}, Levels(None, {}), CrossValidity())
    assert diagnose(empty, _groups(), rng=np.random.default_rng(0)) is None
    assert rater_drift(empty).empty
    assert item_functioning(empty, _groups()) == ()
