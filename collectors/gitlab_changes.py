"""One merge request whole: its row, its discussions, and who approves it. Two requests each, one more where the row may be stale.

GitLab's lists sometimes show what a merge request was a while ago, and it may change between the list and its discussions. So a
merge request that changed since the walk began, or whose notes are newer than its row, is got again by itself before it is
written. Approvals are asked for only where a note tells that somebody ever approved.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from collectors.forge_failure import Gone
from collectors.forge_records import ChangeRequest
from collectors.gitlab_client import Client
from collectors.gitlab_fields import Json, Malformed
from collectors.gitlab_records import change_request
from collectors.gitlab_reviews import Approval, approvals, reviewed
from collectors.gitlab_talk import TOUCHED_WITHIN, read_talk

__all__ = ["Whole", "change_of", "got_again"]

_GRAIN: Final = timedelta(seconds=1)
"""The server's clock is told in whole seconds."""


@dataclass(frozen=True, slots=True)
class Whole:
    """settled: nothing that happened to it can still hide behind the same `updated_at`."""

    change: ChangeRequest
    settled: bool


def got_again(client: Client, project: str, number: str) -> Json:
    """A merge request asked for by itself. Raises Gone if it was deleted."""
    raw = client.get(f"/projects/{project}/merge_requests/{number}").value
    if not isinstance(raw, dict):
        raise Malformed("expected a merge request", where=f"project {project}, !{number}")
    return raw


def change_of(client: Client, project: str, row: Json, since: datetime | None) -> Whole:
    """All of the merge request of a list's row. since: the server's clock when the walk began.

    Raises Gone if it was deleted meanwhile, OutOfTries if part of it could not be had.
    """
    change = change_request(client.host, row)
    path = f"/projects/{project}/merge_requests/{change.number}"
    asked = client.at
    discussions = list({str(one.get("id")): one for one in client.rows(f"{path}/discussions")}.values())
    talk = read_talk(client.host, change, discussions)
    if talk.is_newer_than(change) or (since is not None and change.updated_at >= since):
        change = change_request(client.host, got_again(client, project, str(change.number)))
        talk = read_talk(client.host, change, discussions)
    standing = _standing(client, path) if talk.approved else ()
    settled = asked is None or change.updated_at + TOUCHED_WITHIN + _GRAIN < asked
    return Whole(reviewed(client.host, change, talk, standing), settled)


def _standing(client: Client, path: str) -> tuple[Approval, ...] | None:
    """Who approves; None where this GitLab does not tell."""
    try:
        raw = client.get(f"{path}/approvals", may_be_off=True).value
    except Gone:
        return None
    if not isinstance(raw, dict):
        raise Malformed("expected approvals", where=path)
    return approvals(raw)
