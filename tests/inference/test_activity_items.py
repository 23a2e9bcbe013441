"""The classifier in the whole: learned from decisions, spoken inside git, and nothing where there is none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache
from random import Random

import pandas as pd

from inference.activity import ActivityClassifier
from inference.activity_items import SCALE
from inference.activity_learning import decision_features, learn_activity, with_classifier
from inference.decided import cutoff_before, decided_levels
from inference.frames import Frames
from inference.observations import observe
from rubrics import Standard
from tests.calibrant.deciding import committees, frames_over_time, two_skills
from tests.contract.department import AS_OF, commit

SKILL_PATHS = ["docs/guide.md", "docs/adr/0001-x.md"]


@lru_cache(maxsize=1)
def learned() -> tuple[Standard, Callable[[datetime], Frames], pd.DataFrame, ActivityClassifier]:
    standard = two_skills()
    made = committees(70, 60, noise=0.3)
    chance = Random(1)
    history = []
    for member in made.people:
        for week in range(90):
            if chance.random() < 0.2 * member.able:
                reviewer = chance.choice([one for one in made.people if one is not member])
                at = AS_OF - timedelta(days=7 * week + 1)
                history.append(commit(f"{member.key} {week}", member.git, at, SKILL_PATHS, reviewers=[reviewer.git]))
    at = frames_over_time(made.with_source("git/one", history))
    decided = decided_levels(standard, at(AS_OF))
    found = learn_activity(standard, at, decided)
    assert found is not None
    return standard, at, decided, found


def test_off_changes_nothing_and_on_adds_one_item_of_git() -> None:
    standard, at, _, found = learned()
    frames = at(AS_OF)
    plain = observe(standard, frames, as_of=AS_OF).observations
    off = observe(standard, with_classifier(frames, None, standard.hash, AS_OF), as_of=AS_OF).observations
    pd.testing.assert_frame_equal(plain, off)
    on = observe(standard, with_classifier(frames, found, standard.hash, AS_OF), as_of=AS_OF).observations
    items = on[on["scale"] == SCALE]
    assert len(items)
    assert set(items["source"]) == {"git"}
    assert set(items["rater_class"]) == {"machine"}
    assert not items.duplicated(["person", "skill"]).any()
    others = on[on["scale"] != SCALE].reset_index(drop=True)
    pd.testing.assert_frame_equal(others.drop(columns="weight"), plain.drop(columns="weight"))
    git = on[on["source"] == "git"]
    assert git.groupby("person")["rater"].nunique().max() == 1


def test_a_decision_is_told_by_work_before_its_quarter_alone() -> None:
    standard, at, decided, _ = learned()
    whole, labels = decision_features(standard, at, decided)

    cutoffs = cutoff_before(decided["decided_at"])
    late = decided[cutoffs == cutoffs.max()]

    def cut_short(moment: datetime) -> Frames:
        frames = at(moment)
        return replace(frames, evidence=frames.evidence[frames.evidence["occurred_at"] <= cutoffs.min()])

    early = decided[cutoffs == cutoffs.min()]
    first, _ = decision_features(standard, at, early)
    again, _ = decision_features(standard, cut_short, early)
    pd.testing.assert_frame_equal(first, again)
    later, _ = decision_features(standard, cut_short, late)
    assert not later.equals(decision_features(standard, at, late)[0])
    assert (whole["last"] > 0).all()
    assert len(labels) == len(whole)


def test_decisions_seen_with_an_estimate_and_too_few_people_teach_nothing() -> None:
    standard, at, decided, _ = learned()
    assert learn_activity(standard, at, decided.assign(saw_estimate=True)) is None
    few = sorted(decided["person"].unique())[:40]
    assert learn_activity(standard, at, decided[decided["person"].isin(few)]) is None
