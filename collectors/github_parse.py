"""What GitHub's GraphQL shows, made into the records every forge shares. Parsing looks nothing up and asks for nothing.

A change request is given as its node with everything under it: `reviews`, `comments` and `reviewThreads`, the threads'
`comments` too, each `{"nodes": [...]}` and whole. Left out: reviews not submitted and their comments (only their author sees
them), and drafts of releases. Identities are GitHub's numeric ids; no account, or one without a number, is a deleted one (None).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from collectors.forge_records import (
    Account,
    ChangeRequest,
    ChangeState,
    Comment,
    Issue,
    Release,
    Review,
    ReviewState,
    Thread,
)

__all__ = ["MALFORMED", "Parser", "account", "instant"]

Node = Mapping[str, Any]

MALFORMED: Final = (KeyError, TypeError, ValueError, AttributeError, OverflowError)
"""What parsing raises on an answer that is not shaped as GitHub's schema says."""

_STATES: Final[Mapping[str, ChangeState]] = {"OPEN": "open", "MERGED": "merged", "CLOSED": "closed"}
_REVIEW_STATES: Final[Mapping[str, ReviewState]] = {
    "APPROVED": "approved",
    "CHANGES_REQUESTED": "changes_requested",
    "COMMENTED": "commented",
    "DISMISSED": "dismissed",
}
_YEARS: Final = range(1970, 2201)
"""Years in which things on a forge happen; another is a mistake."""
_GHOST: Final = "ghost"
"""Login of the account that GitHub shows where REST has to name somebody who is gone."""


def instant(text: str) -> datetime:
    """A moment as GitHub writes it. Raises ValueError if it names no time zone, or a year before 1970 or after 2200; OverflowError
    where UTC has no date for it.

    >>> instant("2026-02-03T04:05:06Z").isoformat()
    '2026-02-03T04:05:06+00:00'
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"a moment without a time zone: {text!r}")
    if moment.astimezone(UTC).year not in _YEARS:
        raise ValueError(f"a moment in no year of a forge: {text!r}")
    return moment


def _vouched(commit: Node) -> tuple[str, str] | None:
    """The address of a commit's author and the account that GitHub says it belongs to."""
    author = commit.get("author") or {}
    user = author.get("user") or {}
    return (author["email"], str(user["databaseId"])) if author.get("email") and user.get("databaseId") else None


def account(node: Node | None) -> Account | None:
    """Who that is; None where the account was deleted.

    >>> account({"__typename": "Bot", "login": "dependabot", "databaseId": 49699333})
    Account(id='49699333', login='dependabot', name=None, bot=True)
    """
    if node is None or node["login"] == _GHOST or node.get("databaseId") is None:
        return None
    login = str(node["login"])
    bot = node["__typename"] == "Bot" or login.endswith("[bot]")
    return Account(str(int(node["databaseId"])), login, node.get("name") or None, bot)


@dataclass(frozen=True, slots=True)
class Parser:
    """host: the forge's, which artefact keys begin with."""

    host: str

    def key(self, node_id: str) -> str:
        """The artefact key of a node."""
        return f"{self.host}:{node_id}"

    def change(self, node: Node, *, complete: bool = True) -> ChangeRequest:
        """A change request with its reviews, comments and threads."""
        threads = [thread for thread in node["reviewThreads"]["nodes"] if any(_submitted(thread))]
        comments = [self._comment(one) for one in node["comments"]["nodes"]]
        for thread in threads:
            comments += (self._comment(one, thread) for one in _submitted(thread))
        return ChangeRequest(
            key=self.key(node["id"]),
            number=int(node["number"]),
            url=node["url"],
            title=_text(node["title"]),
            body=_text(node["body"] or ""),
            author=account(node["author"]),
            created_at=instant(node["createdAt"]),
            updated_at=instant(node["updatedAt"]),
            merged_at=_maybe(node["mergedAt"]),
            closed_at=_maybe(node["closedAt"]),
            merger=account(node["mergedBy"]),
            state=_STATES[node["state"]],
            draft=bool(node["isDraft"]),
            additions=_count(node["additions"]),
            deletions=_count(node["deletions"]),
            files=_count(node["changedFiles"]),
            labels=_labels(node),
            base_oid=node["baseRefOid"],
            head_oid=node["headRefOid"],
            merge_oid=(node["mergeCommit"] or {}).get("oid"),
            base_ref=node["baseRefName"],
            vouched=_vouched(node["mergeCommit"] or {}),
            reviews=tuple(self._review(one) for one in node["reviews"]["nodes"] if one["submittedAt"] is not None),
            comments=tuple(comments),
            threads=tuple(self._thread(thread) for thread in threads),
            complete=complete,
        )

    def issue(self, node: Node) -> Issue:
        """An issue."""
        return Issue(
            key=self.key(node["id"]),
            number=int(node["number"]),
            url=node["url"],
            title=_text(node["title"]),
            author=account(node["author"]),
            created_at=instant(node["createdAt"]),
            closed_at=_maybe(node["closedAt"]),
            updated_at=instant(node["updatedAt"]),
            state=node["state"].lower(),
            labels=_labels(node),
            comments=_count(node["comments"]["totalCount"]),
        )

    def release(self, node: Node) -> Release | None:
        """A release; None for a draft."""
        if node["isDraft"] or node["publishedAt"] is None:
            return None
        return Release(
            key=self.key(node["id"]),
            url=node["url"],
            tag=_text(node["tagName"]),
            name=_text(node["name"] or node["tagName"]),
            author=account(node["author"]),
            published_at=instant(node["publishedAt"]),
        )

    def _review(self, node: Node) -> Review:
        return Review(
            key=self.key(node["id"]),
            url=node["url"],
            author=account(node["author"]),
            submitted_at=instant(node["submittedAt"]),
            state=_REVIEW_STATES[node["state"]],
            body=_text(node["body"] or ""),
            commit_oid=(node["commit"] or {}).get("oid"),
        )

    def _comment(self, node: Node, thread: Node | None = None) -> Comment:
        removed = thread is not None and thread["diffSide"] == "LEFT"
        review, replied, commit = (node.get(name) for name in ("pullRequestReview", "replyTo", "originalCommit"))
        return Comment(
            key=self.key(node["id"]),
            url=node["url"],
            author=account(node["author"]),
            created_at=instant(node["createdAt"]),
            updated_at=instant(node["updatedAt"]),
            body=_text(node["body"] or ""),
            review=self.key(review["id"]) if review else None,
            thread=self.key(thread["id"]) if thread else None,
            reply_to=self.key(replied["id"]) if replied else None,
            path=node.get("path"),
            line=None if removed else node.get("line"),
            original_line=None if removed else node.get("originalLine"),
            commit_oid=commit["oid"] if commit else None,
            start_line=None if removed else node.get("startLine"),
            original_start_line=None if removed else node.get("originalStartLine"),
            whole_file=thread is not None and thread["subjectType"] == "FILE",
        )

    def _thread(self, node: Node) -> Thread:
        return Thread(
            key=self.key(node["id"]),
            resolved=bool(node["isResolved"]),
            resolver=account(node["resolvedBy"]),
            outdated=bool(node["isOutdated"]),
            path=node["path"],
            comments=tuple(self.key(one["id"]) for one in _submitted(node)),
        )


def _submitted(thread: Node) -> Iterator[Node]:
    """Comments of a thread that were submitted with their review."""
    return (one for one in thread["comments"]["nodes"] if one["state"] != "PENDING")


def _text(value: object) -> str:
    """Raises TypeError for what is none."""
    if not isinstance(value, str):
        raise TypeError(f"text was expected, and {type(value).__name__} came")
    return value


def _count(value: object) -> int | None:
    """Raises TypeError for what is no number of things."""
    if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
        raise TypeError(f"a number was expected, and {type(value).__name__} came")
    return value


def _maybe(text: str | None) -> datetime | None:
    return None if text is None else instant(text)


def _labels(node: Node) -> tuple[str, ...]:
    return tuple(sorted(_text(one["name"]) for one in (node["labels"] or {"nodes": ()})["nodes"]))
