"""A made-up forge (forge_population) in GitHub's words: rows for its GraphQL, and for those of its REST lists that others read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from benchmarks.forge_population import Change, Person, Population, Reviewed, Said
from benchmarks.graphql_answer import BadCursor, Paged, cursor, place

Row = dict[str, Any]
WEB = "https://github.example"
"""Where the pages meant for people are; nothing may ever be asked there."""


def iso(at: datetime | None) -> str | None:
    return None if at is None else at.strftime("%Y-%m-%dT%H:%M:%SZ")


def actor(person: Person | None) -> Row | None:
    if person is None:
        return None
    row: Row = {"login": person.login.removesuffix("[bot]"), "databaseId": person.id}
    return row | ({"__typename": "Bot"} if person.bot else {"__typename": "User", "name": person.name})


def _human(person: Person | None) -> Person | None:
    """Of the roles that GitHub's schema has for users only."""
    return None if person is None or person.bot else person


def _landed_by(change: Change) -> Row:
    """The author of the commit that merged: of every second one GitHub knows whose address it is."""
    person = _human(change.author)
    if person is None:
        return {"email": "noreply@github.com", "user": None}
    return {
        "email": f"{person.login}@example.org",
        "user": {"databaseId": person.id} if person.id % 2 else None,
    }


@dataclass
class Rows:
    """The rows of one repository."""

    people: Population
    owner: str = "acme"
    name: str = "engine"
    tag: str = ""
    archived: bool = False
    empty: bool = False
    has_changes: bool = True
    has_issues: bool = True

    @property
    def id(self) -> str:
        """Node id of the repository. tag: what tells node ids of several repositories apart."""
        return f"R{self.tag}_engine"

    def repository(self) -> Row:
        return {
            "__typename": "Repository",
            "id": self.id,
            "nameWithOwner": f"{self.owner}/{self.name}",
            "isArchived": self.archived,
            "isEmpty": self.empty,
            "hasIssuesEnabled": self.has_issues,
            "pullRequests": lambda **_: Paged(lambda: self.people.changes, self._changes),
            "issues": lambda **_: Paged(lambda: self.people.issues, self._issues),
            "releases": lambda **_: [self.release(number) for number in range(self.people.releases, 0, -1)],
        }

    def node(self, key: str) -> Row | None:
        """The row of a node id: PR_<number>, PRRT_<number>_<index>."""
        kind, _, rest = key.partition("_")
        number, _, index = rest.partition("_")
        if kind == f"PR{self.tag}" and 1 <= int(number) <= self.people.changes:
            return self.change(int(number))
        if kind == f"PRRT{self.tag}":
            return dict(self.change(int(number))["reviewThreads"][int(index)])
        return None

    def change(self, number: int) -> Row:
        change = self.people.change(number)
        url = f"{WEB}/{self.owner}/{self.name}/pull/{number}"
        return {
            "__typename": "PullRequest",
            "id": f"PR{self.tag}_{number}",
            "number": number,
            "url": url,
            "title": change.title,
            "body": change.body,
            "createdAt": iso(change.opened_at),
            "updatedAt": iso(change.updated_at),
            "mergedAt": iso(change.ended_at) if change.state == "MERGED" else None,
            "closedAt": iso(change.ended_at),
            "state": change.state,
            "isDraft": change.draft,
            "additions": change.additions,
            "deletions": change.deletions,
            "changedFiles": change.files,
            "baseRefName": "main",
            "baseRefOid": change.base_oid,
            "headRefOid": change.head_oid,
            "mergeCommit": {"oid": change.merge_oid, "author": _landed_by(change)} if change.merge_oid else None,
            "author": actor(change.author),
            "mergedBy": actor(change.merger),
            "labels": [{"name": label} for label in change.labels],
            "reviews": [self._review(change, index, one, url) for index, one in enumerate(change.reviews)],
            "comments": [
                self._said(f"IC{self.tag}_{number}_{index}", one, url) for index, one in enumerate(change.comments)
            ],
            "reviewThreads": list(self._threads(change, url)),
        }

    def issue(self, number: int) -> Row:
        change = self.people.opened(number)
        closed = number % 3 == 0
        return {
            "__typename": "Issue",
            "id": f"I{self.tag}_{number}",
            "number": self.people.changes + number,
            "url": f"{WEB}/{self.owner}/{self.name}/issues/{number}",
            "title": f"Issue {number}",
            "createdAt": iso(change.opened_at),
            "updatedAt": iso(change.updated_at),
            "closedAt": iso(change.updated_at) if closed else None,
            "state": "CLOSED" if closed else "OPEN",
            "author": actor(change.author),
            "labels": [{"name": label} for label in change.labels],
            "comments": [{}] * (number % 5),
        }

    def release(self, number: int) -> Row:
        change = self.people.opened(number)
        return {
            "__typename": "Release",
            "id": f"RE{self.tag}_{number}",
            "url": f"{WEB}/{self.owner}/{self.name}/releases/tag/v{number}",
            "tagName": f"v{number}",
            "name": f"Release {number}",
            "publishedAt": iso(change.updated_at),
            "updatedAt": iso(change.updated_at),
            "isDraft": False,
            "author": actor(_human(change.author)),
        }

    def _changes(self, first: int, after: str | None) -> tuple[list[Row], str | None, bool]:
        below = None
        if after is not None:
            at, _, number = place(after).partition("/")
            try:
                below = (datetime.fromisoformat(at), int(number))
            except ValueError as error:
                raise BadCursor(f"`{after}` does not appear to be a valid cursor.") from error
        numbers = list(islice(self.people.newest_first(below), first + 1))
        shown = numbers[:first]
        end = cursor(f"{self.people.updated_at(shown[-1]).isoformat()}/{shown[-1]}") if shown else None
        return [self.change(number) for number in shown], end, len(numbers) > first

    def _issues(self, first: int, after: str | None) -> tuple[list[Row], str | None, bool]:
        below = int(place(after)) if after else self.people.issues + 1
        shown = list(range(below - 1, max(below - 1 - first, 0), -1))
        return (
            [self.issue(number) for number in shown],
            cursor(str(shown[-1])) if shown else None,
            bool(shown) and shown[-1] > 1,
        )

    def _review(self, change: Change, index: int, one: Reviewed, url: str) -> Row:
        return {
            "__typename": "PullRequestReview",
            "id": f"PRR{self.tag}_{change.number}_{index}",
            "url": f"{url}#pullrequestreview-{index}",
            "state": one.state,
            "submittedAt": iso(one.at),
            "body": one.body,
            "commit": {"oid": change.head_oid},
            "author": actor(one.author),
        }

    def _said(self, key: str, one: Said, url: str) -> Row:
        at = iso(one.at)
        return {
            "__typename": "IssueComment",
            "id": key,
            "url": f"{url}#{key}",
            "createdAt": at,
            "updatedAt": at,
            "body": one.body,
            "author": actor(one.author),
        }

    def _threads(self, change: Change, url: str) -> Iterator[Row]:
        for index, thread in enumerate(change.threads):
            first = thread.comments[0]
            yield {
                "__typename": "PullRequestReviewThread",
                "id": f"PRRT{self.tag}_{change.number}_{index}",
                "isResolved": thread.resolved_by is not None,
                "isOutdated": thread.outdated,
                "path": first.path,
                "diffSide": "RIGHT",
                "subjectType": "LINE",
                "resolvedBy": actor(_human(thread.resolved_by)),
                "comments": [self._line_comment(change, index, i, one, url) for i, one in enumerate(thread.comments)],
            }

    def _line_comment(self, change: Change, thread: int, index: int, one: Said, url: str) -> Row:
        key = f"PRRC{self.tag}_{change.number}_{thread}"
        pending = one.review is not None and change.reviews[one.review].at is None
        return self._said(f"{key}_{index}", one, url) | {
            "__typename": "PullRequestReviewComment",
            "state": "PENDING" if pending else "SUBMITTED",
            "path": one.path,
            "line": one.line,
            "startLine": None,
            "originalLine": one.line,
            "originalStartLine": None,
            "originalCommit": {"oid": change.head_oid},
            "pullRequestReview": None if one.review is None else {"id": f"PRR{self.tag}_{change.number}_{one.review}"},
            "replyTo": {"id": f"{key}_0"} if index else None,
        }


if __name__ == "__main__":
    print(f"{__doc__}\nA part of `python benchmarks/collect_forge.py`: run that.")
