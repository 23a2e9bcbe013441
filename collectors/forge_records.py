"""What a forge shows, in words no forge owns: parsers make these, everything behind them is written once.

Instants are timezone-aware UTC datetimes of the server. Keys are artefact keys as the ledger keeps them ("<host>:<id>").
Text is raw, as the forge sent it: it is escaped and cut in `forge_evidence`. None means that the forge does not tell,
which is never the same as zero, and for an author that the account was deleted. Reviews not yet submitted are not records.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

__all__ = [
    "Account",
    "ChangeRequest",
    "ChangeState",
    "Comment",
    "Issue",
    "Progress",
    "Release",
    "Repository",
    "Review",
    "ReviewState",
    "Thread",
]

ChangeState = Literal["open", "merged", "closed"]
ReviewState = Literal["approved", "changes_requested", "commented", "dismissed"]


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody on a forge. id: numeric id as text, which outlives renaming; bot: what the forge says, or the login shows."""

    id: str
    login: str
    name: str | None = None
    bot: bool = False


@dataclass(frozen=True, slots=True)
class Review:
    """One submitted review of a change request. commit_oid: the head it looked at."""

    key: str
    url: str | None
    author: Account | None
    submitted_at: datetime
    state: ReviewState
    body: str = ""
    commit_oid: str | None = None


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment on lines of a change (path set) or in its conversation (path None).

    review, thread, reply_to: keys of what it belongs to. line: last commented line in the head the forge shows it on now,
    original_line in `commit_oid`, the head it was written on; lines count from 1 on the new side, None where the line is gone, and for
    a comment on a removed line. start_line, original_start_line: first line of a comment on several. whole_file: on no line at all.
    """

    key: str
    url: str | None
    author: Account | None
    created_at: datetime
    updated_at: datetime
    body: str
    review: str | None = None
    thread: str | None = None
    reply_to: str | None = None
    path: str | None = None
    line: int | None = None
    original_line: int | None = None
    commit_oid: str | None = None
    start_line: int | None = None
    original_start_line: int | None = None
    whole_file: bool = False


@dataclass(frozen=True, slots=True)
class Thread:
    """A discussion: comments are keys, in order. outdated: the forge says that the commented lines changed since; None: it does not tell."""

    key: str
    resolved: bool
    resolver: Account | None = None
    outdated: bool | None = None
    path: str | None = None
    comments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ChangeRequest:
    """A pull request or merge request with everything under it.

    merge_oid: the commit the forge names as the one that merged it (merge, squash or last rebased commit). vouched: (address, account id)
    of that commit's author, where the forge itself says whose the address is. complete: False if some
    of what lies under it could not be fetched.
    """

    key: str
    number: int
    url: str | None
    title: str
    body: str
    author: Account | None
    created_at: datetime
    updated_at: datetime
    merged_at: datetime | None
    closed_at: datetime | None
    merger: Account | None
    state: ChangeState
    draft: bool | None
    additions: int | None
    deletions: int | None
    files: int | None
    labels: tuple[str, ...]
    base_oid: str | None
    head_oid: str | None
    merge_oid: str | None
    base_ref: str | None = None
    vouched: tuple[str, str] | None = None
    reviews: tuple[Review, ...] = ()
    comments: tuple[Comment, ...] = ()
    threads: tuple[Thread, ...] = ()
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Issue:
    """An issue. comments: how many."""

    key: str
    number: int
    url: str | None
    title: str
    author: Account | None
    created_at: datetime
    closed_at: datetime | None
    updated_at: datetime
    state: str
    labels: tuple[str, ...] = ()
    comments: int | None = None


@dataclass(frozen=True, slots=True)
class Release:
    """A published release."""

    key: str
    url: str | None
    tag: str
    name: str
    author: Account | None
    published_at: datetime


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository as the forge lists it.

    key: stable over renames and transfers ("github.com:R_kgDO…", "gitlab.com:project/42"). name: "owner/name" now.
    has_changes: change requests are not switched off. default_branch: None where it is empty.
    """

    key: str
    name: str
    archived: bool
    empty: bool
    has_changes: bool
    default_branch: str | None
    clone_url: str
    private: bool


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a collection is. total: None while the forge has not said. points: of GraphQL; remaining and resets_at: of the token's quota."""

    done: int
    total: int | None = None
    requests: int = 0
    points: int = 0
    remaining: int | None = None
    resets_at: datetime | None = None
