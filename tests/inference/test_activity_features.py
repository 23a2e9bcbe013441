import numpy as np
import pandas as pd
import pytest

from inference.activity_design import SIGNS, ActivityDesign
from inference.activity_features import ACK_FEATURES, FEATURES, REVIEW_FEATURES, activity_features
from inference.activity_record import ActivityRecord
from tests.inference.activity_material import NOW, Work


def busy(work: Work) -> Work:
    """Four people of whom everybody reviews everybody."""
    names = ("ann", "bo", "cy", "di")
    for week in range(60):
        author = names[week % 4]
        others = tuple(name for name in names if name != author)
        work.commit(author, 7 * week + 2, reviewers=(others[week % 3],))
    return work


def test_every_feature_has_a_sign_and_nothing_is_negative() -> None:
    assert set(SIGNS) == set(FEATURES)
    found = busy(Work()).features("ann", "bo", "nobody")
    assert list(found.columns) == list(FEATURES)
    assert (found.drop(columns=list(ACK_FEATURES)) >= 0).all(axis=None)
    assert found.loc["nobody", "own_12"] == 0
    assert found.loc["nobody", "last"] > 7_000


def test_splitting_a_change_on_its_day_changes_nothing() -> None:
    whole, split = busy(Work()), busy(Work())
    whole.commit("ann", 10, lines=100, reviewers=("bo",))
    for _ in range(10):
        split.commit("ann", 10, lines=10, reviewers=("bo",))
    pd.testing.assert_frame_equal(whole.features("ann"), split.features("ann"), check_exact=False, atol=1e-9)


def test_one_line_changes_are_no_part_in_the_work() -> None:
    work = busy(Work())
    before = work.features("ann")
    for n in range(80):
        work.commit("ann", 4 + 9 * n, lines=1)
    after = work.features("ann")
    for name in ("part_3", "part_12", "part_120", "last", "last_own", "everywhere_12"):
        assert after[name].iloc[0] == before[name].iloc[0], name
    assert after["own_12"].iloc[0] == pytest.approx(before["own_12"].iloc[0], abs=0.1)


def test_a_review_of_ones_own_work_or_a_second_review_counts_for_nothing() -> None:
    work = busy(Work())
    before = work.features("ann", "bo")
    for row in list(work.rows):
        if row["role"] == "author" and row["person"] == "ann":
            work.rows.append({**row, "role": "reviewer", "counterpart": "ann"})
        if row["role"] == "reviewer" and row["person"] == "bo":
            work.rows.append(dict(row))
    pd.testing.assert_frame_equal(before, work.features("ann", "bo"))


def test_two_who_mostly_vouch_for_each_other_do_not_vouch() -> None:
    work = busy(Work())
    for week in range(60):
        work.commit("eve", 7 * week + 1, reviewers=("fay",))
        work.commit("fay", 7 * week + 1, reviewers=("eve",))
    found = work.features("eve", "fay")
    assert (found[["review_12", "subjects_12", "vouched_12", "vouchers_12"]] == 0).all(axis=None)
    assert (found["own_12"] > 1).all()


def test_reviews_that_a_record_does_not_hold_are_missing_not_nought() -> None:
    silent = Work()
    for week in range(60):
        silent.commit(("ann", "bo", "cy")[week % 3], 7 * week + 2)
    found = silent.features("ann")
    assert found[list(REVIEW_FEATURES)].isna().all(axis=None)
    assert found.drop(columns=[*REVIEW_FEATURES, *ACK_FEATURES]).notna().all(axis=None)
    heard = busy(Work()).features("ann")
    assert heard[list(REVIEW_FEATURES)].notna().all(axis=None)
    assert heard[list(ACK_FEATURES)].isna().all(axis=None)


def test_one_friend_cannot_make_a_record_hold_reviews() -> None:
    work = Work()
    for week in range(60):
        work.commit(("ann", "bo", "cy")[week % 3], 7 * week + 2, reviewers=("friend",) if week % 3 == 0 else ())
    assert work.features("ann")["review_12"].isna().all()


def test_nothing_from_the_moment_on_is_looked_at() -> None:
    work = busy(Work())
    before = work.features("ann", "bo")
    for n in range(30):
        work.commit("ann", -n, reviewers=("bo", "cy"))
        work.commit("bo", -n, area="elsewhere")
    pd.testing.assert_frame_equal(before, work.features("ann", "bo"))


def test_credit_is_shared_and_years_fade() -> None:
    work = Work()
    work.commit("ann", 3, lines=20, share=1.0)
    work.commit("bo", 3, lines=40, share=0.5)
    work.commit("cy", 3 + 365.25, lines=20)
    found = work.features("ann", "bo", "cy")["own_12"]
    assert found["ann"] == pytest.approx(found["bo"])
    assert found["cy"] == pytest.approx(found["ann"] / 2, rel=0.02)


def test_order_of_rows_and_other_peoples_areas_change_nothing() -> None:
    work = busy(Work())
    frame = work.frame()
    asked = pd.DataFrame({"person": ["bo", "ann"], "area": "io"})
    plain = activity_features(ActivityRecord.of(frame), asked, as_of=NOW)
    mixed = frame.sample(frac=1.0, random_state=3)
    pd.testing.assert_frame_equal(plain, activity_features(ActivityRecord.of(mixed), asked, as_of=NOW))
    elsewhere = pd.concat([frame, frame.assign(area="net", person=frame["person"] + "2", counterpart=None)])
    again = activity_features(ActivityRecord.of(elsewhere[elsewhere["role"] == "author"]), asked, as_of=NOW)
    alone = activity_features(ActivityRecord.of(frame[frame["role"] == "author"]), asked, as_of=NOW)
    pd.testing.assert_frame_equal(again, alone)


def test_a_bent_line_is_the_straight_one_cut_at_its_knots() -> None:
    features = busy(Work()).features("ann", "bo", "cy", "di")
    bent = ActivityDesign.of(features, bent=True)
    columns = bent.columns(features)
    assert np.isfinite(columns.to_numpy()).all()
    assert set(bent.signs()) == set(columns.columns)
    again = ActivityDesign.from_mapping(bent.as_mapping())
    pd.testing.assert_frame_equal(columns, again.columns(features))
    assert "ack_12" not in bent.names
