"""Pages of change requests and issues, newest update first, whatever GitHub does: smaller ones where they fail, holes filled.

A page that fails even at the smallest size is asked for as a skeleton (ids only), and its rows one by one; a row that
still does not come is named as missed, and the walk goes on behind it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from collectors.forge_failure import OutOfTries, PageFailed, QueryFailure
from collectors.forge_pages import PageSize
from collectors.github_client import Answer, Client
from collectors.github_query import CHANGES, ISSUES, RELEASES, SKELETON, again

__all__ = ["Found", "Page", "Pager", "by_id"]

_BY_ID: Final = 10
_ROUNDS: Final = 4
_ISSUES: Final = 100


@dataclass
class Page:
    """rows: nodes as they came. end: where the next page begins; more: whether there is one. missed: node ids of rows that did not come.

    repository: what was told about it; empty where nothing was asked. at: when it was given, by GitHub's clock.
    """

    rows: list[dict[str, Any]]
    end: str | None
    more: bool
    total: int | None
    missed: set[str] = field(default_factory=set)
    repository: dict[str, Any] = field(default_factory=dict)
    at: datetime | None = None


@dataclass
class Pager:
    """Asks for pages of one repository ("owner/name"). size: of pages of change requests, as it has become."""

    client: Client
    repository: str
    size: PageSize = field(default_factory=PageSize)
    issue_size: int = _ISSUES

    def changes(self, after: str | None, *, start: bool = False) -> Page:
        """A page of change requests. start: with what tells whether there is news of issues and releases.

        Raises Gone where there is no such repository, Refusal where the token may not read it, Incomplete where even its skeleton
        does not come, or the forge asks for too long a wait.
        """
        while True:
            asked = self._asked(after, self.size.size)
            try:
                answer = self.client.query(CHANGES, {**asked, "start": start}, divisible=not self.size.at_floor)
            except PageFailed:
                self.size = self.size.smaller()
            except (OutOfTries, QueryFailure):
                return self._skeleton(after)
            else:
                break
        self.size = self.size.after_success()
        return self._whole(after, asked["size"], answer)

    def issues(self, after: str | None) -> Page:
        """A page of issues. Raises as `changes`."""
        while True:
            try:
                answer = self.client.query(ISSUES, self._asked(after, self.issue_size), divisible=self.issue_size > 1)
            except PageFailed:
                self.issue_size //= 2
            else:
                return self._unspoilt(answer, "issues")

    def releases(self, after: str | None) -> Page:
        """A page of releases. Raises as `changes`."""
        return self._unspoilt(self.client.query(RELEASES, self._asked(after)), "releases")

    def _unspoilt(self, answer: Answer, name: str) -> Page:
        page = _page(answer, name)
        if answer.failed or None in page.rows:
            raise OutOfTries(f"GitHub left out some {name}", where=self.repository, remedy="run it again later")
        return page

    def _asked(self, after: str | None, size: int | None = None) -> dict[str, Any]:
        owner, _, name = self.repository.partition("/")
        return {"owner": owner, "name": name, "after": after, **({} if size is None else {"size": size})}

    def _whole(self, after: str | None, size: int, answer: Answer) -> Page:
        """The page of an answer, with the rows that errors took out of it asked for again."""
        repository = answer.data["repository"]
        if repository["pullRequests"] is None:  # change requests are switched off
            return Page([], None, more=False, total=0, repository=repository, at=answer.at)
        page = _page(answer, "pullRequests")
        spoilt = answer.failed_under("repository", "pullRequests", "nodes")
        if spoilt or None in page.rows or repository["pullRequests"]["nodes"] is None:
            good = {row["id"]: row for i, row in enumerate(page.rows) if row and i not in spoilt}
            ids = [row["id"] for row in self._ids(after, size).rows]
            page.rows, page.missed = self._filled(ids, good)
        return page

    def _skeleton(self, after: str | None) -> Page:
        page = self._ids(after, self.size.size)
        page.rows, page.missed = self._filled([row["id"] for row in page.rows], {})
        return page

    def _ids(self, after: str | None, size: int) -> Page:
        answer = self.client.query(SKELETON, self._asked(after, size))
        return _page(answer, "pullRequests")

    def _filled(self, ids: Sequence[str], good: dict[str, dict[str, Any]]) -> tuple[list[dict[str, Any]], set[str]]:
        found = by_id(self.client, [one for one in ids if one not in good])
        rows = good | {row["id"]: row for row in found.rows}
        return list(rows.values()), found.missed


def _page(answer: Answer, name: str) -> Page:
    repository = answer.data["repository"]
    found = repository[name]
    turn = found["pageInfo"]
    return Page(
        found["nodes"] or [],
        turn["endCursor"],
        bool(turn["hasNextPage"]),
        found["totalCount"],
        repository=repository,
        at=answer.at,
    )


@dataclass
class Found:
    """Change requests asked for by node id. rows: as a page would show them, also those that came with holes; gone: ids of what there
    is not; missed: of what did not come, or not whole.
    """

    rows: list[dict[str, Any]] = field(default_factory=list)
    gone: set[str] = field(default_factory=set)
    missed: set[str] = field(default_factory=set)
    spoilt: dict[str, dict[str, Any]] = field(default_factory=dict)


def by_id(client: Client, ids: Sequence[str]) -> Found:
    """Change requests by node id.

    Raises Incomplete where the forge asks for too long a wait.
    """
    found = Found()
    left = list(ids)
    for tries in range(_ROUNDS):
        if left and tries:
            client.bucket.wait(2.0 ** (tries - 1), "the forge failed; trying again")
        waiting, left = left, []
        for begin in range(0, len(waiting), _BY_ID):
            left += _some(client, waiting[begin : begin + _BY_ID], found)
    found.missed.update(left)
    found.rows += (found.spoilt[one] for one in left if one in found.spoilt)
    return found


def _some(client: Client, ids: list[str], found: Found) -> list[str]:
    """Adds to `found` what comes; the ids that are worth asking for again."""
    document, variables = again(ids)
    try:
        answer = client.query(document, variables, divisible=len(ids) > 1)
    except PageFailed:
        half = len(ids) // 2
        return _some(client, ids[:half], found) + _some(client, ids[half:], found)
    except (OutOfTries, QueryFailure):
        found.missed.update(ids)
        return []
    spoilt = answer.failed_under()
    for i, one in enumerate(ids):
        node = answer.data.get(f"n{i}")
        if f"n{i}" in spoilt:
            if node:
                found.spoilt[one] = node
        elif node and node["__typename"] == "PullRequest":
            found.rows.append(node)
        else:
            found.gone.add(one)
    return [one for i, one in enumerate(ids) if f"n{i}" in spoilt]
