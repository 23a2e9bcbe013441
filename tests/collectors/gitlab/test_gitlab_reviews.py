"""What is a review on GitLab, which has approvals and comments but no reviews."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest

from collectors.forge_records import ChangeRequest
from collectors.gitlab_records import change_request
from collectors.gitlab_reviews import approvals, reviewed
from collectors.gitlab_talk import read_talk

HOST = "gitlab.example.org"
ADA = {"id": 1, "username": "ada", "name": "Ada"}
BOB = {"id": 2, "username": "bob", "name": "Bob"}
EVE = {"id": 3, "username": "eve", "name": "Eve"}
GHOST = {"id": 9, "username": "ghost", "name": "Ghost User"}
APPROVED, TAKEN_BACK, REQUESTED = "approved this merge request", "unapproved this merge request", "requested changes"


def merge_request(**said: Any) -> dict[str, Any]:
    return {
        "id": 77,
        "iid": 5,
        "state": "opened",
        "author": ADA,
        "created_at": "2026-03-01T08:00:00.000Z",
        "updated_at": "2026-03-09T08:00:00.000Z",
        "sha": "a" * 40,
        "web_url": f"https://{HOST}/acme/engine/-/merge_requests/5",
        **said,
    }


class Talk:
    """Discussions as they come about."""

    def __init__(self) -> None:
        self.discussions: list[dict[str, Any]] = []
        self._ids = count(100)

    def note(self, who: dict[str, Any], at: str, body: str, **said: Any) -> dict[str, Any]:
        moment = f"2026-03-{at}:00.000Z"
        return {
            "id": next(self._ids),
            "author": who,
            "body": body,
            "created_at": moment,
            "updated_at": moment,
            "system": False,
            "resolvable": False,
            **said,
        }

    def says(self, who: dict[str, Any], at: str, body: str = "Why?", **said: Any) -> Talk:
        self.discussions.append({"id": "d", "individual_note": True, "notes": [self.note(who, at, body, **said)]})
        return self

    def does(self, who: dict[str, Any], at: str, what: str) -> Talk:
        return self.says(who, at, what, system=True)

    def read(self, *approvers: dict[str, Any], told: bool = True, **said: Any) -> ChangeRequest:
        change = change_request(HOST, merge_request(**said))
        standing = approvals({"approved_by": [{"user": who} for who in approvers]}) if told else None
        return reviewed(HOST, change, read_talk(HOST, change, self.discussions), standing)


def states(change: ChangeRequest) -> list[tuple[str, str]]:
    return [(review.key.removeprefix(f"{HOST}:review/77/"), review.state) for review in change.reviews]


def test_all_a_person_says_on_one_day_is_one_review() -> None:
    change = Talk().says(BOB, "02T09:00").says(BOB, "02T17:30").says(BOB, "03T09:00").says(EVE, "02T10:00").read()
    assert states(change) == [
        ("2/2026-03-02", "commented"),
        ("3/2026-03-02", "commented"),
        ("2/2026-03-03", "commented"),
    ]
    assert {comment.review for comment in change.comments} == {review.key for review in change.reviews}


def test_an_approval_and_the_comments_of_its_day_are_one_review_at_the_moment_of_the_approval() -> None:
    change = Talk().says(BOB, "02T09:00").does(BOB, "02T11:00", APPROVED).read(BOB)
    assert states(change) == [("2/2026-03-02", "approved")]
    assert change.reviews[0].submitted_at == datetime(2026, 3, 2, 11, tzinfo=UTC)
    assert change.comments[0].review == change.reviews[0].key


def test_the_author_answering_is_no_review_but_the_author_approving_is() -> None:
    change = Talk().says(ADA, "02T09:00").does(ADA, "03T09:00", APPROVED).read(ADA)
    assert states(change) == [("1/2026-03-03", "approved")]
    assert change.comments[0].review is None


def test_an_approval_taken_back_is_dismissed_or_the_comments_it_came_with() -> None:
    silent = Talk().does(BOB, "02T09:00", APPROVED).does(BOB, "04T09:00", TAKEN_BACK)
    assert states(silent.read()) == [("2/2026-03-02", "dismissed")]
    assert states(silent.says(BOB, "02T09:30").read()) == [("2/2026-03-02", "commented")]


def test_an_approval_reset_by_a_push_and_given_again_counts_once() -> None:
    talk = Talk().does(BOB, "02T09:00", APPROVED).does(BOB, "05T09:00", APPROVED)
    assert states(talk.read(BOB)) == [("2/2026-03-02", "dismissed"), ("2/2026-03-05", "approved")]
    assert states(talk.read()) == [("2/2026-03-02", "dismissed"), ("2/2026-03-05", "dismissed")]


def test_requested_changes_stand_until_the_same_day_s_approval() -> None:
    talk = Talk().does(BOB, "02T09:00", REQUESTED).does(EVE, "02T09:00", REQUESTED).does(EVE, "02T15:00", APPROVED)
    assert states(talk.read(EVE)) == [("2/2026-03-02", "changes_requested"), ("3/2026-03-02", "approved")]


@pytest.mark.parametrize("body", [APPROVED, "Approved this merge request", "requested changes, see below"])
def test_saying_the_words_of_a_system_note_decides_nothing(body: str) -> None:
    assert states(Talk().says(BOB, "02T09:00", body).read()) == [("2/2026-03-02", "commented")]


def test_where_gitlab_does_not_tell_who_approves_the_notes_do() -> None:
    talk = Talk().does(BOB, "02T09:00", APPROVED).does(EVE, "02T09:00", APPROVED).does(EVE, "03T09:00", TAKEN_BACK)
    assert states(talk.read(told=False)) == [("2/2026-03-02", "approved"), ("3/2026-03-02", "dismissed")]


def test_an_approval_without_a_note_is_dated_by_the_end_of_the_merge_request() -> None:
    talk = Talk().does(BOB, "02T09:00", APPROVED)
    change = talk.read(BOB, EVE, state="merged", merged_at="2026-03-06T09:00:00.000Z")
    assert states(change) == [("2/2026-03-02", "approved"), ("3/undated", "approved")]
    assert change.reviews[1].submitted_at == datetime(2026, 3, 6, 9, tzinfo=UTC)


def test_what_a_deleted_account_did_is_nobody_s() -> None:
    change = Talk().does(GHOST, "02T09:00", APPROVED).says(GHOST, "03T09:00").read(GHOST)
    assert [(review.author, review.state) for review in change.reviews] == [(None, "approved"), (None, "commented")]
    assert change.comments[0].author is None


def test_a_later_comment_of_the_day_keeps_the_key_and_moment_of_the_review() -> None:
    talk = Talk().says(BOB, "02T09:00")
    before = talk.read().reviews
    assert talk.says(BOB, "02T19:00").read().reviews == before
