"""Change requests, their commits and their reviews: one unit of work, and only what says something is a review."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from inference.attribution import Attribution
from tests.inference.work_record import Record


def reviewers(result: Attribution, change: str) -> dict[str, bool]:
    """Who reviewed a change, and whether with substance."""
    rows = result.shares[(result.shares["evidence"] == f"e-{change}") & (result.shares["role"] == "reviewer")]
    return dict(zip(rows["person"].tolist(), rows["substance"].tolist(), strict=True))


def reviewed_by(who: str = "bo", **facts: Any) -> Attribution:
    record = Record()
    record.request("1", "ada", others=((who, "reviewer"),))
    record.review("r", who, "1", "ada", **{"kinds": ["approval"], **facts})
    return record.attributed()


def test_a_review_takes_the_paths_and_the_area_of_its_change() -> None:
    changes = reviewed_by().changes
    assert changes["area"].tolist() == ["train", "train"]
    assert changes.loc["e-r", "artefact"] == "a-1"


def test_a_comment_keeps_its_own_path() -> None:
    record = Record()
    record.request("1", "ada", paths=["a/b/1.py", "c/d/2.py"])
    record.review("c", "bo", "1", "ada", kind="review_comment")
    record.rows[-1]["paths"] = '[["c/d/2.py",null,null,null]]'
    assert record.attributed().changes.loc["e-c", "area"] == "c/d"


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        ({"kinds": ["approval"]}, False),
        ({"kinds": []}, False),
        ({"kinds": ["other", "style"]}, False),
        ({"kinds": ["approval", "defect"]}, True),
        ({"kinds": ["question"]}, True),
        ({"kinds": ["other"], "state": "changes_requested", "body_length": 90, "change_followed": True}, True),
        ({"kinds": ["other"], "state": "changes_requested", "body_length": 90, "change_followed": False}, False),
        ({"kinds": ["other"], "state": "changes_requested", "body_length": 9, "change_followed": True}, False),
    ],
)
def test_a_review_has_substance_by_what_it_says(facts: dict[str, Any], says: bool) -> None:
    result = reviewed_by(**facts)
    assert reviewers(result, "r") == reviewers(result, "1") == {"bo": says}


def test_where_nobody_shows_what_was_said_a_review_is_taken_to_say_something() -> None:
    record = Record()
    record.commit("1", "ada", others=(("bo", "reviewer"),))
    assert reviewers(record.attributed(), "1") == {"bo": True}


def test_a_trailer_adds_no_review_where_a_forge_shows_them() -> None:
    record = Record()
    record.request("1", "ada", others=(("bo", "reviewer"), ("cy", "reviewer")))
    record.review("r", "bo", "1", "ada", kinds=["defect"])
    assert reviewers(record.attributed(), "1") == {"bo": True}


def test_naming_a_colleague_in_a_trailer_reviews_nothing_where_a_forge_shows_reviews() -> None:
    record = Record()
    record.request("1", "ada", others=(("bo", "reviewer"),))
    record.request("2", "ada", others=(("cy", "reviewer"),))
    record.review("r", "cy", "2", "ada", kinds=["approval"])
    changes = record.attributed().changes
    assert changes.loc[["e-1", "e-2"], "reviewed"].tolist() == [False, True]


def test_a_commit_beside_the_forge_is_no_way_round_it() -> None:
    record = Record()
    record.commit("direct", "ada", others=(("bo", "reviewer"),))
    for number in "12":
        record.request(number, "ada", others=(("cy", "reviewer"),))
        record.review(f"r{number}", "cy", number, "ada", kinds=["test"])
    result = record.attributed()
    assert reviewers(result, "direct") == {}
    assert not result.changes.loc["e-direct", "reviewed"]


def test_a_few_requests_on_a_mirror_take_nothing_from_trailers() -> None:
    record = Record()
    for number in range(5):
        record.commit(f"mail {number}", "ada", others=(("bo", "reviewer"),))
    record.request("1", "ada", others=(("cy", "reviewer"),))
    record.review("r", "cy", "1", "ada", kinds=["approval"])
    assert reviewers(record.attributed(), "mail 0") == {"bo": True}


def test_reviewing_ones_own_change_is_no_review() -> None:
    result = reviewed_by("ada", kinds=["defect"])
    assert set(result.shares["role"]) == {"author"}
    assert not result.changes.loc["e-1", "reviewed"]


def test_reviews_count_for_the_reviewer_and_not_again_for_the_author() -> None:
    result = reviewed_by(kinds=["defect"])
    authors = result.shares[result.shares["role"] == "author"]
    assert authors["evidence"].tolist() == ["e-1"]
    assert authors["substance"].tolist() == [True]


def test_a_change_request_stands_for_the_commits_that_landed_it() -> None:
    record = Record()
    record.request("1", "ada", paths=[])
    record.commit("x", "ada", paths=["a/b/1.py"], same_as="a-1", imports=["kfp"])
    record.commit("y", "ada", paths=["a/b/2.py"], same_as="a-1", imports=["airflow"])
    changes = record.attributed().changes
    assert changes.index.tolist() == ["e-1"]
    assert (changes.loc["e-1", "area"], list(changes.loc["e-1", "imports"])) == ("a/b", ["airflow", "kfp"])


def test_a_change_request_is_worth_what_its_commits_are() -> None:
    def worth(*commits: dict[str, Any]) -> bool:
        record = Record()
        record.request("1", "ada")
        for number, facts in enumerate(commits):
            record.commit(f"c{number}", "ada", same_as="a-1", **facts)
        return bool(record.attributed().changes.loc["e-1", "substantive"])

    assert worth()
    assert worth({}, {"whitespace_only": True})
    assert worth({"parents": 2})
    assert not worth({"whitespace_only": True}, {"parents": 2})
    assert not worth({"revert_of": "ab" * 20})


def test_what_was_never_merged_is_no_work_but_its_review_is() -> None:
    record = Record()
    record.request("1", "ada", others=(("bo", "reviewer"),), merged=False)
    record.review("r", "bo", "1", "ada", kinds=["design"])
    assert record.attributed().changes["substantive"].to_dict() == {"e-1": False, "e-r": True}


def test_a_review_of_what_nobody_wrote_is_worth_nothing() -> None:
    record = Record()
    record.request("1", "ada", paths=["poetry.lock"])
    record.review("r", "bo", "1", "ada", kinds=["design"])
    assert not record.attributed().changes["substantive"].any()


def test_taking_back_a_landed_commit_takes_back_its_change_request() -> None:
    record = Record()
    record.request("1", "ada")
    record.commit("x", "ada", same_as="a-1")
    record.request("2", "bo")
    record.commit("y", "bo", same_as="a-2", revert_of="x")
    changes = record.attributed().changes
    assert changes["survived"].to_dict() == {"e-1": False, "e-2": True}
    assert not changes.loc["e-2", "substantive"]


def circle(said: list[str], *, followed: bool = False) -> Attribution:
    """Two who only have each other."""
    record = Record()
    for number in range(6):
        for author, reviewer in (("ada", "bo"), ("bo", "ada")):
            key = f"{author}{number}"
            record.request(key, author, others=((reviewer, "reviewer"),))
            record.review(f"r{key}", reviewer, key, author, kinds=said, change_followed=followed)
    return record.attributed()


def test_two_who_only_have_each_other_keep_what_is_shown_to_be_work() -> None:
    assert not circle(["approval"]).changes["reviewed"].any()
    assert not circle(["defect"]).changes["reviewed"].any()
    kept = circle(["defect"], followed=True)
    assert kept.changes.loc[kept.changes["kind"] == "change_request", "reviewed"].all()


def test_comments_do_not_hide_a_pair_among_colleagues() -> None:
    record = Record()
    for number in range(6):
        for author, reviewer in (("ada", "bo"), ("bo", "ada")):
            record.request(f"{author}{number}", author, others=((reviewer, "reviewer"),))
    for number in range(40):
        record.request(f"c{number}", "cy")
        record.review(f"x{number}", "bo", f"c{number}", "cy", kind="review_comment")
        record.rows[-1]["measures"] = '{"kind":"style"}'
    changes = record.attributed().changes
    assert not changes.loc[[f"e-ada{number}" for number in range(6)], "reviewed"].any()


def test_a_review_can_be_held_against_nobody_where_no_source_knows_whether_changes_follow() -> None:
    assert not reviewed_by(kinds=["defect"]).changes["weighed"].any()
    assert reviewed_by(kinds=["defect"], change_followed=False).changes["weighed"].tolist() == [False, True]


def test_the_frame_of_reviews_may_be_empty() -> None:
    record = Record()
    record.commit("1", "ada")
    assert isinstance(record.attributed().changes, pd.DataFrame)


REMARK = "Could `load()` return None on line 12?"
RESPELT = "could `parse` return none, on line 7??"


def remarked(*texts: str | None, bodies: tuple[str | None, ...] = ()) -> Attribution:
    """bo's comment on a change a day (and its review's text), each a question."""
    record = Record()
    for number, text in enumerate(texts):
        record.request(f"{number}", "ada", others=(("bo", "reviewer"),), day=number + 1)
        body = bodies[number] if bodies else None
        kinds = ["approval", "question"]
        record.review(f"r{number}", "bo", f"{number}", "ada", day=number + 1, kinds=kinds, excerpt=body)
        record.review(f"c{number}", "bo", f"{number}", "ada", kind="review_comment", day=number + 1, excerpt=text)
        record.rows[-1]["measures"] = '{"kind":"question"}'
    return record.attributed()


def substance(result: Attribution, of: str, times: int) -> list[bool]:
    return [reviewers(result, f"{of}{number}")["bo"] for number in range(times)]


@pytest.mark.parametrize("of", ["", "r", "c"])
def test_who_repeats_themselves_says_nothing_the_second_time(of: str) -> None:
    assert substance(remarked(REMARK, RESPELT, "Is this lock released?"), of, 3) == [True, False, True]


def test_only_the_repeats_of_a_review_stop_counting() -> None:
    record = Record()
    for number in range(2):
        record.request(f"{number}", "ada", others=(("bo", "reviewer"),), day=number + 1)
        record.review(f"r{number}", "bo", f"{number}", "ada", day=number + 1, kinds=["defect", "test"])
        for kind, text in (("test", "Please add a test."), ("defect", f"The {'abc'[number]} is never closed.")):
            key = f"c{number}{kind}"
            record.review(key, "bo", f"{number}", "ada", kind="review_comment", day=number + 1, excerpt=text)
            record.rows[-1]["measures"] = f'{{"kind":"{kind}"}}'
    result = record.attributed()
    assert reviewers(result, "c1test") == {"bo": False}
    assert reviewers(result, "1") == reviewers(result, "r1") == reviewers(result, "c1defect") == {"bo": True}


def test_a_repeated_text_of_a_review_leaves_it_what_its_new_comments_say() -> None:
    result = remarked(REMARK, "Is this lock released?", REMARK, bodies=("One question", "One question", "One question"))
    assert substance(result, "r", 3) == [True, True, False]


def test_a_new_approval_makes_no_old_comment_new() -> None:
    bodies = ("Nice loader", "Nice parser", "Nice writer")
    assert substance(remarked(REMARK, REMARK, RESPELT, bodies=bodies), "r", 3) == [True, False, False]


def test_a_repeated_reason_holds_nothing_up() -> None:
    record = Record()
    held = {"kinds": ["other"], "state": "changes_requested", "body_length": 90, "change_followed": True}
    for number in "12":
        record.request(number, "ada", others=(("bo", "reviewer"),), day=int(number))
        record.review(f"r{number}", "bo", number, "ada", excerpt="Not like this", day=int(number), **held)
    result = record.attributed()
    assert (reviewers(result, "1"), reviewers(result, "2")) == ({"bo": True}, {"bo": False})


def test_what_others_said_may_be_said_again() -> None:
    record = Record()
    record.request("1", "ada", others=(("bo", "reviewer"), ("cy", "reviewer")))
    for who in ("bo", "cy"):
        record.review(who, who, "1", "ada", kinds=["question"], excerpt=REMARK)
    assert reviewers(record.attributed(), "1") == {"bo": True, "cy": True}


def test_the_earliest_counts_in_whatever_order_rows_come() -> None:
    record = Record()
    for number in "12":
        record.request(number, "ada", others=(("bo", "reviewer"),))
        record.review(f"r{number}", "bo", number, "ada", kinds=["question"], excerpt=REMARK, day=9 - int(number))
    assert [reviewers(record.attributed(), f"r{number}")["bo"] for number in "12"] == [False, True]
