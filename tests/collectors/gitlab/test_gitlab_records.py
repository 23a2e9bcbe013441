"""GitLab's answers read into records."""

from __future__ import annotations

from typing import Any

import pytest

from collectors.gitlab_fields import Malformed, instant
from collectors.gitlab_records import account, change_request, issue, release, repository
from collectors.gitlab_talk import Talk, read_talk

HOST = "gitlab.example.org"
ADA = {"id": 1, "username": "ada", "name": "Ada", "state": "active"}
GHOST = {"id": 9, "username": "ghost1", "name": "Ghost User", "state": "active"}
HEAD, OLD = "a" * 40, "b" * 40


def merge_request(**said: Any) -> dict[str, Any]:
    moments = {"created_at": "2026-03-01T08:00:00.000Z", "updated_at": "2026-03-09T08:00:00.000Z"}
    return {"id": 77, "iid": 5, "state": "opened", "author": ADA, "sha": HEAD, **moments, **said}


def note(number: int, body: str = "Why?", **said: Any) -> dict[str, Any]:
    at = f"2026-03-02T09:{number:02}:00.000Z"
    return {"id": number, "author": ADA, "body": body, "created_at": at, "updated_at": at, "system": False, **said}


def talk(*notes: dict[str, Any], individual: bool = False) -> Talk:
    change = change_request(HOST, merge_request())
    return read_talk(HOST, change, [{"id": "d1", "individual_note": individual, "notes": list(notes)}])


@pytest.mark.parametrize(
    ("commits", "landed"),
    [
        ({"merge_commit_sha": "m", "squash_commit_sha": "s"}, "m"),
        ({"merge_commit_sha": None, "squash_commit_sha": "s"}, "s"),
        ({"merge_commit_sha": None, "squash_commit_sha": None}, HEAD),
    ],
)
def test_the_merging_commit_is_the_merge_else_the_squash_else_the_head(commits: dict[str, Any], landed: str) -> None:
    merged = merge_request(state="merged", merged_at="2026-03-09T08:00:00.000Z", **commits)
    assert change_request(HOST, merged).merge_oid == landed
    assert change_request(HOST, {**merged, "state": "closed"}).merge_oid is None


def test_a_merge_request_being_merged_is_open_and_an_unknown_state_is_refused() -> None:
    assert change_request(HOST, merge_request(state="locked")).state == "open"
    with pytest.raises(Malformed, match="'exploded'"):
        change_request(HOST, merge_request(state="exploded"))


def test_older_versions_name_the_merger_and_the_draft_differently() -> None:
    old = change_request(HOST, merge_request(state="merged", merged_by=ADA, work_in_progress=True))
    new = change_request(HOST, merge_request(state="merged", merge_user=ADA, merged_by=None, draft=True))
    assert (old.merger, old.draft) == (new.merger, new.draft) == (account(ADA), True)


def test_labels_are_names_with_or_without_details() -> None:
    plain = change_request(HOST, merge_request(labels=["bug", "ui"]))
    assert change_request(HOST, merge_request(labels=[{"name": "bug"}, {"name": "ui"}])).labels == plain.labels


@pytest.mark.parametrize(
    ("raw", "bot"),
    [
        ({"id": 1, "username": "project_42_bot_0f3a", "name": "Release"}, True),
        ({"id": 1, "username": "group_7_bot", "name": "Nightly"}, True),
        ({"id": 1, "username": "service_account_group_7_ab12", "name": "Deployer"}, True),
        ({"id": 1, "username": "renovate-bot", "name": "Renovate"}, True),
        ({"id": 1, "username": "ada", "name": "Ada", "bot": True}, True),
        ({"id": 1, "username": "talbot", "name": "Marie Talbot"}, False),
        ({"id": 1, "username": "botond", "name": "Botond"}, False),
        ({"id": 1, "username": "project_manager", "name": "Pat"}, False),
    ],
)
def test_bots_are_known_by_the_field_or_the_account_s_name(raw: dict[str, Any], bot: bool) -> None:
    found = account(raw)
    assert found is not None
    assert found.bot is bot


def test_a_blocked_account_is_somebody_and_a_deleted_one_nobody() -> None:
    assert account({**ADA, "state": "blocked"}) == account(ADA)
    assert account(GHOST) is None
    assert account({"id": 8, "username": "ghost", "name": "Ghita Host"}) is not None


def test_accounts_are_known_by_number_and_not_by_name() -> None:
    renamed = account({**ADA, "username": "ada.lovelace"})
    assert renamed is not None
    assert renamed.id == "1"


@pytest.mark.parametrize("text", [None, "", "yesterday", "2026-03-01T08:00:00", 5])
def test_a_moment_without_offset_is_no_moment(text: object) -> None:
    with pytest.raises(Malformed, match="a moment with its offset"):
        instant(text)


def test_confidential_issues_and_releases_to_come_are_left_out() -> None:
    moments = {"created_at": "2026-03-01T08:00:00Z", "updated_at": "2026-03-01T08:00:00Z"}
    raw = {"id": 3, "iid": 1, "title": "Leak", "state": "opened", "author": GHOST, **moments}
    found = issue(HOST, raw)
    assert found is not None
    assert found.author is None
    assert issue(HOST, {**raw, "confidential": True}) is None
    tag = {"tag_name": "v1", "name": None, "released_at": "2026-03-01T08:00:00Z", "author": ADA}
    shipped = release(HOST, "42", tag)
    assert shipped is not None
    assert (shipped.key, shipped.name) == (f"{HOST}:release/42/v1", "v1")
    assert release(HOST, "42", {**tag, "upcoming_release": True}) is None


@pytest.mark.parametrize(
    "off", [{"merge_requests_access_level": "disabled"}, {"merge_requests_enabled": False}], ids=["level", "flag"]
)
def test_a_project_without_merge_requests_says_so(off: dict[str, Any]) -> None:
    raw = {"id": 42, "path_with_namespace": "acme/engine", "empty_repo": True, "archived": True, "default_branch": None}
    plain = repository(HOST, raw)
    assert plain.has_changes
    assert (plain.key, plain.empty, plain.archived, plain.private) == (f"{HOST}:project/42", True, True, True)
    assert not repository(HOST, {**raw, **off}).has_changes


def test_a_comment_on_lines_stands_where_its_version_has_them() -> None:
    span = {"start": {"new_line": 3}, "end": {"new_line": 5}}
    here = {"head_sha": HEAD, "new_path": "a.py", "old_path": "a.py", "new_line": 5, "line_range": span}
    now, before = talk(
        note(1, position=here, resolvable=True), note(2, position={**here, "head_sha": OLD}, resolvable=True)
    ).comments
    assert (now.path, now.line, now.start_line, now.commit_oid) == ("a.py", 5, 3, HEAD)
    assert (before.line, before.original_line, before.original_start_line, before.commit_oid) == (None, 5, 3, OLD)
    assert before.reply_to == now.key


def test_a_comment_on_a_line_that_was_removed_keeps_the_old_path_and_no_line() -> None:
    gone = {"head_sha": HEAD, "old_path": "a.py", "new_path": None, "old_line": 8, "new_line": None}
    (comment,) = talk(note(1, position=gone)).comments
    assert (comment.path, comment.line, comment.original_line) == ("a.py", None, None)


def test_a_thread_is_resolved_when_all_its_notes_are() -> None:
    done = {"resolvable": True, "resolved": True, "resolved_by": ADA}
    assert talk(note(1, **done), note(2, **done)).threads[0].resolver == account(ADA)
    half = talk(note(1, **done), note(2, resolvable=True, resolved=False)).threads[0]
    assert (half.resolved, half.resolver) == (False, None)


def test_a_thread_is_outdated_when_gitlab_notes_that_its_line_changed() -> None:
    line = {"position": {"head_sha": OLD, "new_path": "a.py", "new_line": 1}, "resolvable": True}
    changed = note(2, "changed this line in [version 3 of the diff](/x)", system=True)
    found = talk(note(1, **line), changed)
    assert found.threads[0].outdated is True
    assert len(found.comments) == 1
    assert talk(note(1, **line), note(2, changed["body"])).threads[0].outdated is False
    assert talk(note(1, resolvable=True)).threads[0].outdated is None


def test_a_remark_by_itself_is_no_thread() -> None:
    found = talk(note(1, resolvable=True), individual=True)
    assert (found.threads, found.comments[0].thread) == ((), None)


@pytest.mark.parametrize("hostile", [{}, {"notes": 3}, {"notes": ["x"]}, []])
def test_what_is_no_discussion_is_refused(hostile: Any) -> None:
    with pytest.raises(Malformed, match="a discussion with its notes"):
        read_talk(HOST, change_request(HOST, merge_request()), [hostile])


def test_the_newest_note_tells_a_stale_row_but_only_past_the_minute_in_which_notes_do_not_move_it() -> None:
    change = change_request(HOST, merge_request(updated_at="2026-03-02T09:00:00.000Z"))
    for minute, stale in ((1, False), (2, True)):
        assert read_talk(HOST, change, [{"id": "d", "notes": [note(minute)]}]).is_newer_than(change) is stale
