"""What GitLab's REST API (v4) answers, read into the neutral records of `forge_records`.

Pure functions of parsed JSON, and `Malformed` where it has not the documented shape; nothing is asked for here. Fields that only some
versions or licences send may be missing; the ones a merge request cannot be without may not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from collectors.forge_records import Account, ChangeRequest, ChangeState, Issue, Release, Repository
from collectors.gitlab_fields import Json, Malformed, instant, number, part, parts, said_at, text, whole

__all__ = ["account", "change_request", "is_ghost", "issue", "release", "repository"]

_STATES: Final[Mapping[str, ChangeState]] = {
    "opened": "open",
    "locked": "open",
    "merged": "merged",
    "closed": "closed",
}
"""A merge request is locked for the moment in which it is merged."""

_GHOST: Final = re.compile(r"ghost\d*")
_MACHINE: Final = re.compile(
    r"(?:project|group)_\d+_bot(?:_[0-9a-f]+)?|service_account(?:_.*)?|.*\[bot\]|(?:.*[._-])?(?:ro)?bot\d?"
    r"|gitlab-?duo|renovate|dependabot",
    re.IGNORECASE,
)
"""Access tokens of projects and groups act as accounts of such names, and service accounts too; only newer versions of GitLab
send `bot`, and not with every account."""


def is_ghost(raw: Json) -> bool:
    """Whether that is the account under which GitLab keeps what deleted accounts wrote."""
    return raw.get("name") == "Ghost User" and bool(_GHOST.fullmatch(str(raw.get("username", ""))))


def account(raw: Json | None) -> Account | None:
    """Somebody; None if the account was deleted. A blocked one is still somebody.

    >>> account({"id": 7, "username": "project_42_bot_0f3a", "name": "Release token"}).bot
    True
    >>> account({"id": 1, "username": "ghost", "name": "Ghost User"}) is None
    True
    """
    if not raw or is_ghost(raw):
        return None
    login, name = str(raw.get("username") or ""), raw.get("name")
    return Account(number(raw, "id"), login, str(name) if name else None, bool(raw.get("bot")) or _is_machine(login))


def change_request(host: str, raw: Json) -> ChangeRequest:
    """A merge request as a list or a single answer shows it, without what lies under it.

    Sizes are not told here, they come from git. merge_oid: the merge commit, else the squashed one, else (fast-forward) the head.
    """
    state = _STATES.get(str(raw.get("state")))
    if state is None:
        raise Malformed(f"expected the state of a merge request, found {str(raw.get('state'))[:40]!r}")
    merged = state == "merged"
    landed = text(raw, "merge_commit_sha") or text(raw, "squash_commit_sha") or text(raw, "sha")
    return ChangeRequest(
        key=f"{host}:mr/{number(raw, 'id')}",
        number=int(number(raw, "iid")),
        url=text(raw, "web_url"),
        title=str(raw.get("title") or ""),
        body=str(raw.get("description") or ""),
        author=account(part(raw, "author")),
        created_at=instant(raw.get("created_at")),
        updated_at=instant(raw.get("updated_at")),
        merged_at=said_at(raw.get("merged_at")) if merged else None,
        closed_at=said_at(raw.get("closed_at")),
        merger=account(part(raw, "merge_user") or part(raw, "merged_by")) if merged else None,
        state=state,
        draft=_first(raw, "draft", "work_in_progress"),
        additions=None,
        deletions=None,
        files=None,
        labels=_labels(raw),
        base_oid=text(part(raw, "diff_refs"), "base_sha"),
        head_oid=text(raw, "sha"),
        merge_oid=landed if merged else None,
        base_ref=text(raw, "target_branch"),
    )


def issue(host: str, raw: Json) -> Issue | None:
    """An issue; None if it is confidential."""
    if raw.get("confidential"):
        return None
    return Issue(
        key=f"{host}:issue/{number(raw, 'id')}",
        number=int(number(raw, "iid")),
        url=text(raw, "web_url"),
        title=str(raw.get("title") or ""),
        author=account(part(raw, "author")),
        created_at=instant(raw.get("created_at")),
        closed_at=said_at(raw.get("closed_at")),
        updated_at=instant(raw.get("updated_at")),
        state="closed" if raw.get("state") == "closed" else "open",
        labels=_labels(raw),
        comments=whole(raw, "user_notes_count"),
    )


def release(host: str, project: str, raw: Json) -> Release | None:
    """A release of the project of that id; None while its day is still to come."""
    if raw.get("upcoming_release"):
        return None
    tag = text(raw, "tag_name")
    if not tag:
        raise Malformed("expected the tag of a release")
    return Release(
        key=f"{host}:release/{project}/{tag}",
        url=text(part(raw, "_links"), "self"),
        tag=tag,
        name=str(raw.get("name") or tag),
        author=account(part(raw, "author")),
        published_at=instant(raw.get("released_at") or raw.get("created_at")),
    )


def repository(host: str, raw: Json) -> Repository:
    """A project. Access levels are newer than the yes and no before them; either may be missing for a token that sees little."""
    level, enabled = raw.get("merge_requests_access_level"), raw.get("merge_requests_enabled")
    return Repository(
        key=f"{host}:project/{number(raw, 'id')}",
        name=str(raw.get("path_with_namespace") or ""),
        archived=bool(raw.get("archived")),
        empty=bool(raw.get("empty_repo")),
        has_changes=level != "disabled" and enabled is not False,
        default_branch=text(raw, "default_branch"),
        clone_url=str(raw.get("http_url_to_repo") or ""),
        private=raw.get("visibility") != "public",
    )


def _labels(raw: Json) -> tuple[str, ...]:
    """Names of labels, whether or not details were sent with them."""
    labels = parts(raw, "labels")
    return tuple(str(label.get("name") if isinstance(label, Mapping) else label) for label in labels)


def _first(raw: Json, *names: str) -> bool | None:
    """The first of these that is told."""
    return next((bool(raw[name]) for name in names if raw.get(name) is not None), None)


def _is_machine(login: str) -> bool:
    return bool(_MACHINE.fullmatch(login))
